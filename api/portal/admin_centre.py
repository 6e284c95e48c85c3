"""Pages of work with citizens: beginning to assist one, registering a new telephone, answering what they report.

Nobody's number stands in an address: who is looked for is typed, and goes no further than the form.
"""

from collections.abc import Mapping
from typing import Any, Final

from access.rights import Scope
from api.edge import ASSISTED
from api.portal.admin_agencies import only
from api.portal.forms import needed
from api.portal.framework import N_, Action, Again, Audience, Data, Done, Outcome, Page, PageRequest, Show
from api.portal.needing import actor_of, needing
from api.portal.sign_in import ASSISTING
from api.portal.words import names
from identity.sessions import Form

REPORTS: Final = "/admin/reports"
TELEPHONES: Final = "/admin/telephones"
FORMS: Final[Mapping[str, str]] = {
    Form.CONSENTS: N_("Their consents: see, give, refuse, withdraw"),
    Form.ACCESSES: N_("Who looked at their data: see, report"),
}
PLACES: Final[Mapping[str, str]] = {Form.CONSENTS: "/consents", Form.ACCESSES: "/accesses"}

ENTER_IDCS: Final = N_("Enter the IDCS.")


# --- assisting


def _asked(asked: PageRequest) -> Mapping[str, Any]:
    idcs = needed(asked.form, "idcs", ENTER_IDCS)
    form = needed(asked.form, "form", N_("Choose what you are to help with."))
    return {"input": {"idcs": idcs, "form": form if form in PLACES else Form.CONSENTS.value}}


def _sent(asked: PageRequest, data: Data) -> Outcome:
    return Show("admin/assisted", {**_assisting(asked, data), "challenge": data["beginAssistedSession"]["challenge"]})


def _opening(asked: PageRequest) -> Mapping[str, Any]:
    code = needed(asked.form, "code", N_("Enter the code."))
    return {"input": {"challenge": asked.form["challenge"], "code": code}}


def _opened(asked: PageRequest, data: Data) -> Outcome:
    token = data["openAssistedSession"]["token"]
    return Done(PLACES.get(asked.form["form"], "/consents"), {ASSISTED: token})


def _assisting(asked: PageRequest, _: Data) -> Mapping[str, Any]:
    return {"forms": FORMS, "challenge": asked.form["challenge"], "open": ASSISTED in asked.request.cookies}


# --- telephones


def _new_telephone(asked: PageRequest) -> Mapping[str, Any]:
    idcs, telephone = needed(asked.form, "idcs", ENTER_IDCS), needed(asked.form, "telephone", N_("Enter the new telephone."))
    return {"input": {"idcs": idcs, "telephone": telephone, "requestKey": asked.form["requestKey"]}}


def _changed(_: PageRequest, data: Data) -> Outcome:
    return Done(f"{TELEPHONES}?done={'firm' if data['changeTelephone']['telephoneChange']['firm'] else 'changed'}")


def _stopping(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"idcs": needed(asked.form, "idcs", ENTER_IDCS), "requestKey": asked.form["requestKey"]}}


# --- reports


def _listed(asked: PageRequest) -> Mapping[str, Any]:
    waiting = {"waiting": True, "answered": False}.get(asked.query.get("state", "waiting"))
    return {"waiting": waiting, "after": asked.query.get("after")}


def _list(asked: PageRequest, _: Data) -> Mapping[str, Any]:
    return {
        "names": names(asked.tongue),
        "chosen": asked.query.get("state", "waiting"),
        "may_answer": Scope.REPORT_ANSWER in actor_of(asked.viewer).scopes,
    }


def _answer(asked: PageRequest) -> Mapping[str, Any]:
    text = needed(asked.form, "text", N_("Write an answer."))
    return {"input": {"report": asked.params["report"], "text": text, "requestKey": asked.form["requestKey"]}}


PAGES: Final = (
    Page(
        path=ASSISTING,
        name="admin/assisted",
        audience=Audience.STAFF,
        more=only(Scope.ASSIST, _assisting),
        actions={
            "begin": Action(_sent, "BeginAssistedSession", _asked),
            "open": Action(_opened, "OpenAssistedSession", _opening, fields={"challenge": "code"}),
        },
    ),
    Page(
        path=TELEPHONES,
        name="admin/telephones",
        audience=Audience.STAFF,
        more=only(Scope.CONTACT_CHANGE),
        actions={
            "check": Action(lambda *_: Again("check"), None, _new_telephone),
            "edit": Action(lambda *_: Again("edit")),
            "change": Action(_changed, "ChangeTelephone", _new_telephone),
        },
    ),
    Page(
        path=f"{TELEPHONES}/stop",
        name="admin/telephone_stop",
        audience=Audience.STAFF,
        more=only(Scope.CONTACT_CHANGE),
        actions={"stop": Action(f"{TELEPHONES}?done=stopped", "StopTelephoneChange", _stopping)},
    ),
    Page(
        path=REPORTS,
        name="admin/reports",
        audience=Audience.STAFF,
        variables=needing(Scope.REPORT_READ, _listed),
        more=_list,
    ),
    Page(
        path=f"{REPORTS}/{{report}}",
        name="admin/report",
        audience=Audience.STAFF,
        variables=needing(Scope.REPORT_READ, lambda asked: {"id": asked.params["report"]}),
        needs="accessReport",
        more=_list,
        actions={"answer": Action(f"{REPORTS}/{{report}}?done=answered", "AnswerAccessReport", _answer)},
    ),
)
