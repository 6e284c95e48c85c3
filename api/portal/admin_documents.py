"""Pages of what agencies may ask for: agreements, legal mandates and notices, as they are read, and as the next is written.

A form is checked before it is proposed: the document that it makes is shown as it will be read, and what it changes.
"""

from collections import UserDict
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from access.call import Purpose
from access.rights import Scope
from api.portal import changes, drafts
from api.portal.admin_agencies import HOME, managing, proposed, standing, step
from api.portal.forms import needed
from api.portal.framework import N_, Action, Again, Audience, Data, Form, Page, PageRequest
from api.portal.needing import actor_of, needing
from api.portal.page import Variables
from api.portal.words import names
from core.canonical import canonical
from core.errors import Invalid, NotFound

PURPOSES: Final = [purpose.value for purpose in Purpose]
Making = Callable[[Form, list[str]], drafts.Document]
Found = Callable[[PageRequest, Mapping[str, Any]], Mapping[str, Any] | None]

OVERTAKEN: Final = N_("This cannot be proposed as it stands: it was published or changed meanwhile. Begin the form anew.")


# --- as they are read


def _read(found: Found) -> Callable[[PageRequest, Data], Mapping[str, Any]]:
    """The names for the page of one document, which `found` finds among those of the agency; NotFound where it does not."""

    def more(asked: PageRequest, data: Data) -> Mapping[str, Any]:
        its = found(asked, data["agency"])
        if its is None:
            raise NotFound("no such document")
        ended = "suspendedAt" if "suspendedAt" in its else "revokedAt"
        return {
            "names": names(asked.tongue),
            "agency": data["agency"],
            "its": its,
            "document": changes.read(its["document"]),
            "state": standing({**its, ended: its.get(ended)}, asked.now, ended),
            "may_publish": Scope.AGREEMENT_PUBLISH in actor_of(asked.viewer).scopes,
        }

    return more


def _version(asked: PageRequest, agency: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((each for each in agency["agreements"] if str(each["version"]) == asked.params["version"]), None)


def _mandate(asked: PageRequest, agency: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((each for each in agency["mandates"] if each["id"] == asked.params["mandate"]), None)


def _notice(asked: PageRequest, agency: Mapping[str, Any]) -> Mapping[str, Any] | None:
    wanted = asked.params["purpose"], asked.params["version"]
    return next((each for each in agency["notices"] if (each["purpose"], str(each["version"])) == wanted), None)


def _of_version(asked: PageRequest) -> Mapping[str, Any]:
    version = asked.params["version"]
    if not version.isascii() or not version.isdigit() or len(version) > len("2147483647") - 1:
        raise NotFound("no such version")
    given = {"agency": asked.params["agency"], "version": int(version)}
    return {"input": given | {"requestKey": asked.form["requestKey"]}}


def _of_mandate(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"mandate": asked.params["mandate"], "requestKey": asked.form["requestKey"]}}


# --- as they are written


def _base(agency: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The agreement that the next one takes the place of: the one in force, else the newest."""
    found = agency["agreement"] or next(iter(agency["agreements"]), None)
    return None if found is None else changes.read(found["document"])


def _next(agency: Mapping[str, Any]) -> int:
    newest: int = max((each["version"] for each in agency["agreements"]), default=0)
    return newest + 1


def _newest_notices(agency: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The newest notice for each purpose that there is one for."""
    newest: dict[str, Mapping[str, Any]] = {}
    for each in agency["notices"]:
        if each["purpose"] not in newest or newest[each["purpose"]]["version"] < each["version"]:
            newest[each["purpose"]] = each
    return newest


def _checked(asked: PageRequest, make: Making, before: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The document that was typed, if it is one, and what it changes."""
    known = names(asked.tongue)
    document = None
    if asked.form["action"] == "check":
        try:
            document = make(asked.form, PURPOSES)
        except Invalid:
            document = None  # the form is shown again, and says what is to be mended
    changed = changes.between(before, document, known) if document and before else []
    return {"names": known, "document": document, "changed": changed, "typed": _typed(asked)}


def _typed(asked: PageRequest) -> list[str]:
    """The names of all fields that were typed into, to be carried on."""
    return [name for name in asked.form if name not in ("csrf", "requestKey", "action", "next", "kept")]


def _writing_agreement(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    agency = data["agency"]
    before = _base(agency)
    draft = drafts.of_agreement(before, asked.now)
    known = {"agency": agency, "version": _next(agency), "draft": draft, "catalogue": _catalogue(data)}
    return {**known, **_checked(asked, drafts.agreement, before), "before": before}


def _catalogue(data: Data) -> Mapping[str, list[str]]:
    """What each attribute can ever be put to."""
    return {attribute["name"]: attribute["uses"] for attribute in data["catalogue"]}


def _writing_mandate(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known = {"agency": data["agency"], "draft": drafts.of_mandate(asked.now)}
    return {**known, **_checked(asked, drafts.mandate, None)}


def _writing_notice(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    agency = data["agency"]
    newest = _newest_notices(agency)
    before = newest.get(asked.form["purpose"] or asked.query.get("purpose", ""))
    document = None if before is None else changes.read(before["document"])
    following = {purpose: its["version"] + 1 for purpose, its in newest.items()}
    known = {"agency": agency, "draft": drafts.of_notice(document, asked.now), "following": following, "before": document}
    return {**known, **_checked(asked, drafts.notice, document)}


def _written(_: PageRequest, data: Data) -> Mapping[str, Any]:
    """The next agreement as JSON, to begin with."""
    agency = data["agency"]
    before = _base(agency)
    start = {} if before is None else {**before, "version": _next(agency)}
    text = orjson.dumps(start, option=orjson.OPT_INDENT_2).decode() if start else ""
    return {"agency": agency, "text": text}


def _document(make: Making) -> Variables:
    def variables(asked: PageRequest) -> Mapping[str, Any]:
        document = canonical(make(asked.form, PURPOSES)).decode()
        return {"input": {"document": document, "requestKey": asked.form["requestKey"]}}

    return variables


def _json(asked: PageRequest) -> Mapping[str, Any]:
    document = needed(asked.form, "document", N_("Write the document."))
    return {"input": {"document": document, "requestKey": asked.form["requestKey"]}}


class _InTheText(UserDict[str, str]):
    """Whatever is to be mended stands in the one text."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, _: str) -> str:
        return "document"


def _check(make: Making) -> Action:
    return Action(lambda *_: Again("check"), None, _document(make))


def _page(path: str, name: str, more: Any, actions: Mapping[str, Action], scope: Scope = Scope.AGENCY_MANAGE) -> Page:
    return Page(
        path=f"{HOME}/{{agency}}/{path}",
        name=f"admin/{name}",
        audience=Audience.STAFF,
        variables=needing(scope, managing),
        needs="agency",
        more=more,
        actions=actions,
    )


def _publishing(operation: str, make: Making, conflict: Mapping[str, str]) -> Mapping[str, Action]:
    field = operation[0].lower() + operation[1:]
    return {
        "check": _check(make),
        "edit": step("edit"),
        "propose": Action(proposed(field), operation, _document(make), fields=drafts.FIELDS, messages=conflict),
    }


PAGES: Final = (
    _page(
        "agreements/new",
        "agreement_new",
        _writing_agreement,
        _publishing("PublishAgreement", drafts.agreement, {"CONFLICT": OVERTAKEN}),
        Scope.AGREEMENT_PUBLISH,
    ),
    _page(
        "agreements/json",
        "agreement_json",
        _written,
        {
            "propose": Action(
                proposed("publishAgreement"),
                "PublishAgreement",
                _json,
                fields=_InTheText(),
                messages={"CONFLICT": OVERTAKEN},
            )
        },
        Scope.AGREEMENT_PUBLISH,
    ),
    _page(
        "agreements/{version}",
        "agreement",
        _read(_version),
        {
            "ask-suspend": step("suspend"),
            "ask-resume": step("resume"),
            "suspend": Action(f"{HOME}/{{agency}}/agreements/{{version}}?done=suspended", "SuspendAgreement", _of_version),
            "resume": Action(proposed("resumeAgreement"), "ResumeAgreement", _of_version, fields={"version": ""}),
        },
    ),
    _page(
        "mandates/new",
        "mandate_new",
        _writing_mandate,
        _publishing("PublishMandate", drafts.mandate, {}),
        Scope.AGREEMENT_PUBLISH,
    ),
    _page(
        "mandates/{mandate}",
        "mandate",
        _read(_mandate),
        {
            "ask-revoke": step("revoke"),
            "revoke": Action(f"{HOME}/{{agency}}/mandates/{{mandate}}?done=revoked", "RevokeMandate", _of_mandate),
        },
    ),
    _page(
        "notices/new",
        "notice_new",
        _writing_notice,
        _publishing("PublishConsentNotice", drafts.notice, {"CONFLICT": OVERTAKEN}),
        Scope.AGREEMENT_PUBLISH,
    ),
    _page("notices/{purpose}/{version}", "notice", _read(_notice), {}),
)
