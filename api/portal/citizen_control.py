"""Pages on which a citizen decides what is answered about them: the lock, virtual numbers, and attestations."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from api.portal import words
from api.portal.citizen_parts import framed, keyed
from api.portal.drafts import day
from api.portal.framework import N_, Action, Again, Audience, Data, Outcome, Page, PageRequest
from core.dates import CIVIL_ZONE, civil_date
from core.errors import Invalid
from core.texts import LATIN_DIGITS
from identity.locks import MAX_MINUTES
from identity.receipts import shown_number

BY_LAW: Final = ("PAYMENT", "ELIGIBILITY")  # what stays open under a legal mandate, unless it is locked too
MAX_DIGITS: Final = 6
OPEN_MINUTES: Final = 30  # offered from the first
PAPERS: Final = ("AR", "FR")
DAYS: Final = (7, 30, 90, 365)  # that an attestation may be good for
MINUTES: Final[Mapping[str, int]] = {
    "hour": 60,
    "day": 24 * 60,
    "week": 7 * 24 * 60,
    "month": 30 * 24 * 60,
    "year": MAX_MINUTES,
}
NOT_MINUTES: Final = N_("Enter a number of minutes: at least 1, at most a year.")
NO_DAY: Final = N_("Enter a day to come, within a year, such as 2027-01-31.")
NO_PAPER: Final = N_("This is not possible now: your record does not count, or you have twenty attestations already.")
NOTHING_THERE: Final = N_("The register does not know one of these things about you. Untick it, or have it added at a centre.")
TOO_MANY_TIMES: Final = N_("You have set too many times one after the other. Unlock for good first.")
_GROUP: Final = 4


# --- the lock


def _stands(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    """`standing`: each purpose with the lock that holds now, and the next to begin. `by_law`: some may ask still."""
    spans = data["me"]["locks"]
    standing = [(purpose, *_at(asked.now, [its for its in spans if its["purpose"] == purpose])) for purpose in words.PURPOSES]
    return {
        "standing": standing,
        "locked": [purpose for purpose, now, _ in standing if now],
        "by_law": any(now and not now["mandatedToo"] for purpose, now, _ in standing if purpose in BY_LAW),
        "minutes": OPEN_MINUTES,
    }


Lock = Mapping[str, Any]


def _at(now: datetime, spans: Iterable[Lock]) -> tuple[Lock | None, Lock | None]:
    """The lock that holds now, and the next one that is to begin."""
    holds, later = None, None
    for its in spans:
        if datetime.fromisoformat(its["since"]) <= now:
            holds = its
        else:
            later = later or its
    return holds, later


def _figure(asked: PageRequest, field: str, message: str) -> int:
    typed = asked.form[field].strip().translate(LATIN_DIGITS)
    if not (typed.isascii() and typed.isdigit() and len(typed) <= MAX_DIGITS):
        raise Invalid(message, path=(field,))
    return int(typed)


def _wished(asked: PageRequest) -> Mapping[str, Any]:
    purposes = asked.form.all("purposes")
    if not purposes:
        raise Invalid(N_("Tick at least one thing to lock."), path=("purposes",))
    return keyed(asked, purposes=purposes, mandatedToo="mandatedToo" in asked.form, minutes=_lasting(asked))


def _lasting(asked: PageRequest) -> int | None:
    """For how many minutes; None: until it is opened."""
    lasting = asked.form["lasting"]
    if lasting == "open":
        return None
    if lasting == "minutes":
        return _figure(asked, "minutes", NOT_MINUTES)
    if lasting != "day":
        raise Invalid(N_("Say for how long."), path=("lasting",))
    end = day(asked.form, "until", NO_DAY) + timedelta(days=1)
    begins = datetime.combine(end, datetime.min.time(), CIVIL_ZONE)
    minutes = -(-(begins - asked.now) // timedelta(minutes=1))
    if not civil_date(asked.now) < end or minutes > MAX_MINUTES:
        raise Invalid(NO_DAY, path=("until",))
    return minutes


def _last_day(asked: PageRequest, _: Data) -> Mapping[str, Any]:
    """`last_day`: until the end of which it is to be locked, where that was said."""
    try:
        return {"last_day": day(asked.form, "until", NO_DAY).isoformat()}
    except Invalid:
        return {"last_day": ""}


def _everything(asked: PageRequest) -> Mapping[str, Any]:
    """What is not locked more firmly already, until it is opened."""
    return keyed(asked, purposes=asked.form.all("purposes"), mandatedToo=False, minutes=None)


def _opening(asked: PageRequest) -> Mapping[str, Any]:
    """Opens what is ticked, for the minutes that are said, or for good."""
    purposes = asked.form.all("purposes")
    if not purposes:
        raise Invalid(N_("Tick at least one thing to unlock."), path=("purposes",))
    minutes = None if asked.form["lasting"] == "good" else _figure(asked, "minutes", NOT_MINUTES)
    return keyed(asked, purposes=purposes, minutes=minutes)


def _opened(asked: PageRequest, _: Data) -> Outcome:
    return f"/me/lock?done={'unlocked' if asked.form['lasting'] == 'good' else 'opened'}"


_LOCKING: Final[Mapping[str, Any]] = {
    "messages": {"INVALID": NOT_MINUTES, "CONFLICT": TOO_MANY_TIMES},
    "fields": {"purposes": "purposes", "minutes": "minutes"},
}


# --- virtual numbers


def grouped(number: str | None) -> str:
    """Sixteen digits as people read them: in groups of four."""
    return " ".join((number or "")[at : at + _GROUP] for at in range(0, len(number or ""), _GROUP))


def _numbers(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    numbers: Sequence[Mapping[str, Any]] = data["me"]["virtualIds"]
    still = [its for its in numbers if its["state"] == "OPEN"]
    permanent = next((its for its in still if its["kind"] == "PERMANENT"), None)
    chosen = next((its for its in still if its["id"] == asked.form["id"]), None)
    return {
        "permanent": permanent,
        "others": [its for its in still if its is not permanent],
        "over": [its for its in numbers if its not in still],
        "chosen": chosen,
        "grouped": grouped,
    }


def _new_number(asked: PageRequest) -> Mapping[str, Any]:
    kind, lasting = asked.form["kind"], asked.form["lasting"]
    if kind not in ("TIMED", "SINGLE_USE"):
        raise Invalid(N_("Choose one of the two."), path=("kind",))
    if kind == "TIMED" and lasting not in MINUTES:
        raise Invalid(N_("Say for how long."), path=("lasting",))
    return keyed(asked, kind=kind, minutes=MINUTES[lasting] if kind == "TIMED" else None)


_PERMANENT: Final = Action(
    "/me/numbers?done=replaced",
    "IssueVirtualId",
    lambda asked: keyed(asked, kind="PERMANENT"),
    fields={"kind": ""},
    messages={"CONFLICT": N_("You have ten numbers already. Revoke one first.")},
)


# --- attestations


def _chosen(asked: PageRequest) -> Mapping[str, Any]:
    """The attestation as it is asked for. Raises Invalid for what is not said."""
    attributes = asked.form.all("attributes")
    if asked.form["idcs"] in ("IDCS", "IDCS_MASKED"):
        attributes.append(asked.form["idcs"])
    if not attributes:
        raise Invalid(N_("Tick at least one thing to be attested."), path=("attributes",))
    if asked.form["paper"] not in PAPERS:
        raise Invalid(N_("Choose the language of the paper."), path=("paper",))
    days = asked.form["days"]
    if days not in map(str, DAYS):
        raise Invalid(N_("Say for how long."), path=("days",))
    return keyed(asked, attributes=attributes, lang=asked.form["paper"], days=int(days))


def _issued(_: PageRequest, data: Data) -> Outcome:
    return f"/me/attestations/{data['issueAttestation']['attestation']['id']}?done=issued"


def _numbered(_: PageRequest, __: Data) -> Mapping[str, Any]:
    return {"shown_number": shown_number}


def _offered(_: PageRequest, __: Data) -> Mapping[str, Any]:
    return {"days": DAYS, "papers": PAPERS}


PAGES: Final = (
    Page(
        path="/me/lock",
        name="citizen/lock",
        audience=Audience.CITIZEN,
        variables=framed(),
        more=_stands,
        actions={
            "lock": Action("/me/lock?done=locked", "LockIdentity", _everything, **_LOCKING),
            "unlock": Action(_opened, "UnlockIdentity", _opening, **_LOCKING),
        },
    ),
    Page(
        path="/me/lock/new",
        name="citizen/lock-new",
        audience=Audience.CITIZEN,
        variables=framed(),
        more=_last_day,
        actions={
            "check": Action(lambda *_: Again("check"), variables=_wished),
            "change": Action(lambda *_: Again("")),
            "lock": Action("/me/lock?done=locked", "LockIdentity", _wished, **_LOCKING),
        },
    ),
    Page(
        path="/me/numbers",
        name="citizen/numbers",
        audience=Audience.CITIZEN,
        variables=framed(),
        more=_numbers,
        actions={
            "ask": Action(lambda *_: Again("revoke")),
            "ask-replace": Action(lambda *_: Again("replace")),
            "permanent": _PERMANENT,
            "revoke": Action(
                "/me/numbers?done=revoked",
                "RevokeVirtualId",
                lambda asked: keyed(asked, id=asked.form["id"]),
                fields={"id": ""},
                messages={"INVALID": N_("This number does not count any more already.")},
            ),
        },
    ),
    Page(
        path="/me/numbers/new",
        name="citizen/number-new",
        audience=Audience.CITIZEN,
        variables=framed(),
        actions={
            "make": Action(
                "/me/numbers?done=made",
                "IssueVirtualId",
                _new_number,
                fields={"minutes": "lasting"},
                messages={"CONFLICT": N_("You have ten numbers already. Revoke one first.")},
            )
        },
    ),
    Page(
        path="/me/attestations",
        name="citizen/attestations",
        audience=Audience.CITIZEN,
        variables=framed(),
        more=_numbered,
    ),
    Page(
        path="/me/attestations/new",
        name="citizen/attestation-new",
        audience=Audience.CITIZEN,
        variables=framed(),
        more=_offered,
        actions={
            "check": Action(lambda *_: Again("check"), variables=_chosen),
            "change": Action(lambda *_: Again("")),
            "issue": Action(
                _issued,
                "IssueAttestation",
                _chosen,
                fields={"lang": "paper"},
                messages={"CONFLICT": NO_PAPER, "INVALID": NOTHING_THERE},
            ),
        },
    ),
    Page(
        path="/me/attestations/{attestation}",
        name="citizen/attestation",
        audience=Audience.CITIZEN,
        variables=framed(lambda asked: {"id": asked.params["attestation"]}),
        needs="me.attestation",
        more=_numbered,
        actions={
            "ask": Action(lambda *_: Again("revoke")),
            "revoke": Action(
                "/me/attestations/{attestation}?done=revoked",
                "RevokeAttestation",
                lambda asked: keyed(asked, attestation=asked.params["attestation"]),
                fields={"attestation": ""},
                messages={"CONFLICT": N_("It does not count any more already.")},
            ),
        },
    ),
)
