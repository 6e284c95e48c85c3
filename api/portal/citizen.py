"""Pages of citizens: signing in, what waits for them, their consents, who looked, their wards, and a changed telephone.

Every page but those before sign-in shows whose affairs are seen to, and who sits beside (`citizen/frame.html`); while somebody
does, only what was come for is asked and linked to.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from starlette.responses import Response

from access.devices import LIFETIME
from access.rights import Scope
from api.edge import DEVICE, SESSION
from api.portal.citizen_parts import for_ward, framed, keyed
from api.portal.framework import (
    N_,
    Action,
    Again,
    Audience,
    Data,
    Done,
    Link,
    Outcome,
    Page,
    PageRequest,
    Places,
    Show,
    Viewer,
)
from api.portal.needing import actor_of
from api.portal.security import VISIT
from core.errors import Invalid, NotFound
from identity.witnesses import WITNESSES, Claimed, Typed

HOME: Final = Places().home[Audience.CITIZEN]
SIGN_IN: Final = Places().sign_in[Audience.CITIZEN]
GIVEN: Final = ("GRANTED", "PAUSED")
UNDER_WAY: Final = ("ASKED", "WAITING")  # of changes of a telephone
OF_WITNESSES: Final = tuple(f"witness{number}" for number in range(1, WITNESSES + 1))


def navigation(viewer: Viewer) -> Sequence[Link]:
    """What a citizen's session is good for: while somebody sits beside, only the form that was opened."""
    scopes = actor_of(viewer).scopes
    managing = Scope.SELF_MANAGE in scopes and not viewer.assisted
    every = (
        (not viewer.assisted, Link(HOME, N_("Your pages"))),
        (managing, Link("/me/data", N_("Your data"))),
        (Scope.CONSENT_ANSWER in scopes, Link("/consents", N_("Your consents"))),
        (Scope.ACCESS_REPORT in scopes, Link("/accesses", N_("Who looked at your data"))),
        (managing, Link("/me/lock", N_("Your lock"))),
        (managing, Link("/me/numbers", N_("Virtual numbers"))),
        (managing, Link("/me/attestations", N_("Attestations"))),
    )
    return [link for there, link in every if there]


# --- signing in


def _begin(asked: PageRequest) -> Mapping[str, Any]:
    given = {"idcs": asked.form["idcs"], "lang": asked.lang, "channel": asked.form["channel"] or None}
    return {"input": given | {"device": asked.request.cookies.get(DEVICE)}}


def _finish(asked: PageRequest) -> Mapping[str, Any]:
    given = {"challenge": asked.form["challenge"], "code": asked.form["code"], "lang": asked.lang}
    return {"input": given | {"device": asked.request.cookies.get(DEVICE)}}


def _entered(_: PageRequest, data: Data) -> Outcome:
    made = data["finishSignIn"]
    cookies = {SESSION: made["token"], DEVICE: made["device"], VISIT: None}
    return Done(HOME, cookies, {DEVICE: int(LIFETIME.total_seconds())})


# --- what waits


def _home(asked: PageRequest) -> Mapping[str, Any]:
    """Whoever sits beside sees no more than the name. Nobody vouches, or acts for others, in the place of a ward."""
    whole = not asked.viewer.assisted
    return {"whole": whole, "self": whole and not for_ward(asked)}


def _waiting(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    me = data["me"]
    consents = [edge["node"] for edge in (me.get("consents") or {"edges": ()})["edges"]]
    return {
        "waiting": [consent for consent in consents if consent["state"] == "REQUESTED"],
        "vouching": [request for request in me.get("witnessRequests") or () if _is_open(request, asked.now)],
        **_changes(asked, data),
    }


def _is_open(request: Mapping[str, Any], now: datetime) -> bool:
    return request["answeredAt"] is None and now < datetime.fromisoformat(request["expiresAt"])


# --- consents


def _sorted(_: PageRequest, data: Data) -> Mapping[str, Any]:
    consents = [edge["node"] for edge in data["me"]["consents"]["edges"]]
    waiting = [consent for consent in consents if consent["state"] == "REQUESTED"]
    given = [consent for consent in consents if consent["state"] in GIVEN]
    return {"waiting": waiting, "given": given, "over": [its for its in consents if its not in waiting and its not in given]}


def _answer(asked: PageRequest) -> Mapping[str, Any]:
    """What is ticked, or nothing where everything is refused."""
    agreed = asked.form["answer"] == "agree"
    ticked = asked.form.all("attributes") if agreed else []
    if agreed and not ticked:
        raise Invalid(N_("Tick at least one thing, or refuse everything."), path=("attributes",))
    consent = asked.params.get("consent") or asked.form["consent"]
    return keyed(asked, consent=consent, attributes=ticked, lang=asked.lang)


def _answered(_: PageRequest, data: Data) -> Outcome:
    return f"/consents/{data['answerConsent']['consent']['id']}?done=answered"


def _its(asked: PageRequest) -> Mapping[str, Any]:
    return keyed(asked, consent=asked.params["consent"])


CLOSED: Final = N_(
    "This cannot be done any more: it was answered or changed already, or its time is over. See how it stands now."
)
NONE_SUCH: Final = N_("This is not one of your consents.")
ANSWERING: Final = Action(
    _answered,
    "AnswerConsent",
    _answer,
    messages={"CONFLICT": CLOSED, "NOT_FOUND": NONE_SUCH},
    fields={"consent": "", "requestKey": "", "id": ""},
)


def _changing(operation: str, done: str) -> Action:
    return Action(
        f"/consents/{{consent}}?done={done}",
        operation,
        _its,
        messages={"CONFLICT": CLOSED, "NOT_FOUND": NONE_SUCH},
        fields={"consent": "", "requestKey": "", "id": ""},
    )


def _receipt(_: PageRequest, data: Data) -> Response:
    """The signed receipt as a file: the signature's text, and what it says for whoever opens the file."""
    its = data["me"]["consent"]
    payload = its["receipt"].split(".")[1]
    content = orjson.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    document = {"number": its["receiptNumber"], "content": content, "signed": its["receipt"]}
    name = f'attachment; filename="{its["receiptNumber"]}.json"'
    return Response(orjson.dumps(document, option=orjson.OPT_INDENT_2), 200, {"content-disposition": name}, "application/json")


# --- who looked


def _looks(asked: PageRequest) -> Mapping[str, Any]:
    return {"after": asked.query.get("after"), "own": asked.query.get("own") == "yes"}


def _report(asked: PageRequest) -> Mapping[str, Any]:
    return keyed(asked, entry=asked.params["entry"], text=asked.form["text"])


# --- a changed telephone

WRONG_IDCS: Final = N_("Enter the ten digits of the identifier, without a mistake.")
WRONG: Final[Mapping[str, str]] = {
    "idcs": WRONG_IDCS,
    "name": N_("Enter your first name and your family name."),
    "telephone": N_("Enter a Moroccan mobile number, as 0612345678."),
    "witnesses": N_("Enter the ten digits of another person's identifier, without a mistake."),
}


def _claimed(asked: PageRequest) -> Mapping[str, Any]:
    """What was typed, as the mutation takes it. Raises Invalid in plain words for what cannot be."""
    given = {name: asked.form[name] for name in ("idcs", "name", "telephone")}
    witnesses = [asked.form[name] for name in OF_WITNESSES]
    try:
        Claimed.of(Typed(**given, witnesses=witnesses))
    except Invalid as fault:
        part, *place = fault.path
        field = OF_WITNESSES[int(place[0])] if place else str(part)
        raise Invalid(WRONG[str(part)], path=(field,)) from None
    return {"input": given | {"witnesses": witnesses, "device": asked.request.cookies.get(DEVICE)}}


def _stop(asked: PageRequest) -> Mapping[str, Any]:
    return keyed(asked, change=asked.form["change"])


def _changes(_: PageRequest, data: Data) -> Mapping[str, Any]:
    changes = data["me"].get("telephoneChanges") or ()
    running = [change for change in changes if change["state"] in UNDER_WAY]
    return {"running": running, "over": [change for change in changes if change not in running]}


def _request(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    """The one request to vouch that the page is about. Raises NotFound."""
    found = next((its for its in data["me"]["witnessRequests"] if its["id"] == asked.params["request"]), None)
    if found is None:
        raise NotFound("no such request")
    return {"request": found, "open": _is_open(found, asked.now)}


def _vouch(asked: PageRequest) -> Mapping[str, Any]:
    if asked.form["confirmed"] not in ("yes", "no"):
        raise Invalid(N_("Say yes or no."), path=("confirmed",))
    return keyed(asked, request=asked.params["request"], confirmed=asked.form["confirmed"] == "yes")


# --- wards


def _act(asked: PageRequest) -> Mapping[str, Any]:
    return keyed(asked, ward=asked.form["ward"] or None)


PAGES: Final = (
    Page(
        path=SIGN_IN,
        name="citizen/sign-in",
        audience=Audience.ANYONE,
        actions={
            "send": Action(lambda *_: Show("citizen/sign-in"), "BeginSignIn", _begin, messages={"INVALID": WRONG_IDCS}),
            "other": Action(lambda *_: Again("begin")),
            "enter": Action(
                _entered,
                "FinishSignIn",
                _finish,
                fields={"challenge": "code"},
                messages={"INVALID": N_("This code is wrong or too old. Look at it again, or have a new one sent to you.")},
                enters=True,
            ),
        },
    ),
    Page(HOME, "citizen/home", Audience.CITIZEN, framed(_home), more=_waiting),
    Page(
        path="/me/telephone",
        name="citizen/telephone",
        audience=Audience.CITIZEN,
        variables=framed(),
        more=_changes,
        actions={
            "stop": Action(
                "/me/telephone?done=stopped",
                "StopTelephoneChange",
                _stop,
                fields={"change": ""},
                messages={
                    "INVALID": N_("No such change is under way any more."),
                    "CONFLICT": N_("Only a centre can stop this change."),
                },
            )
        },
    ),
    Page(
        path="/consents",
        name="citizen/consents",
        audience=Audience.CITIZEN,
        variables=framed(lambda asked: {"after": asked.query.get("after")}),
        more=_sorted,
    ),
    Page(
        path="/consents/{consent}",
        name="citizen/consent",
        audience=Audience.CITIZEN,
        variables=framed(lambda asked: {"consent": asked.params["consent"]}),
        needs="me.consent",
        actions={
            "answer": ANSWERING,
            "withdraw": _changing("WithdrawConsent", "withdrawn"),
            "pause": _changing("PauseConsent", "paused"),
            "resume": _changing("ResumeConsent", "resumed"),
        },
    ),
    Page(
        path="/consents/{consent}/receipt",
        name="citizen/receipt",
        audience=Audience.CITIZEN,
        variables=lambda asked: {"consent": asked.params["consent"]},
        needs="me.consent.receipt",
        answer=_receipt,
    ),
    Page(
        path="/consent/{token}",
        name="citizen/consent-link",
        audience=Audience.CITIZEN,
        variables=framed(lambda asked: {"token": asked.params["token"]}),
        actions={"answer": ANSWERING},
    ),
    Page("/accesses", "citizen/accesses", Audience.CITIZEN, framed(_looks)),
    Page("/accesses/reports", "citizen/reports", Audience.CITIZEN, framed()),
    Page(
        path="/accesses/{entry}/report",
        name="citizen/report",
        audience=Audience.CITIZEN,
        variables=framed(lambda asked: {"entry": asked.params["entry"]}),
        needs="me.access",
        actions={
            "report": Action(
                "/accesses/{entry}/report",
                "ReportAccess",
                _report,
                fields={"entry": ""},
                messages={
                    "INVALID": N_("Write what is not right, in 2,000 characters at most."),
                    "CONFLICT": N_("You have reported this look already."),
                },
            )
        },
    ),
    Page(
        path="/telephone-changed",
        name="citizen/telephone-changed",
        audience=Audience.ANYONE,
        actions={
            "check": Action(lambda *_: Again("check"), variables=_claimed),
            "change": Action(lambda *_: Again("")),
            "send": Action("/telephone-changed?done=yes", "AskForTelephoneChange", _claimed),
        },
    ),
    Page(
        path="/witness/{request}",
        name="citizen/witness",
        audience=Audience.CITIZEN,
        variables=framed(),
        more=_request,
        actions={
            "answer": Action(
                "/witness/{request}",
                "AnswerAsWitness",
                _vouch,
                fields={"request": "", "confirmed": ""},
                messages={"INVALID": N_("You have answered this already, or the time to answer is over.")},
            )
        },
    ),
    Page(
        path="/wards",
        name="citizen/wards",
        audience=Audience.CITIZEN,
        variables=framed(),
        actions={
            "act": Action(
                HOME,
                "ActFor",
                _act,
                fields={"ward": ""},
                messages={"INVALID": N_("You are no longer the guardian of this person.")},
            )
        },
    ),
)
