"""Pages of agencies' old files: staff send one and a second agrees; the agency's administrators take the result."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final

from access.catalogue import Lang
from access.rights import Scope
from api.linking import NOT_GRANTED
from api.portal.admin_agencies import proposed
from api.portal.files import attachment, uploaded
from api.portal.forms import needed
from api.portal.framework import N_, Action, Audience, Data, Link, Outcome, Page, PageRequest, Viewer
from api.portal.importing import CHOOSE_FILE, ENCODINGS, FAULTS, MAX_FILE_BYTES, OVERTAKEN, STATES, TAGS, InFile
from api.portal.needing import actor_of, needing
from api.portal.words import names
from core.errors import Invalid, NotFound
from identity.file_columns import LINK

HOME: Final = "/admin/linking"
OWN: Final = "/agency/linked"
_FILE: Final = f"{HOME}/{{file}}"
_OWN_FILE: Final = f"{OWN}/{{file}}"

OUTCOMES: Final[Mapping[str, str]] = {"LINKED": N_("Linked"), "NOT_LINKED": N_("Not linked"), "REFUSED": N_("Refused")}
_SAID: Final[Mapping[str, Any]] = {
    "states": {**STATES, "CHECKED": N_("Not begun")},
    "tags": TAGS,
    "outcomes": OUTCOMES,
}
_TAKE_COLUMNS: Final = N_("The first row does not have exactly the columns that are listed here.")
_FAULTS: Final[Mapping[str, str]] = {
    **FAULTS,
    **dict.fromkeys(("NO_HEADER", "UNKNOWN_COLUMN", "MISSING_COLUMN"), _TAKE_COLUMNS),
    NOT_GRANTED: N_("No agreement and legal mandate in force let this agency's files be linked for this purpose."),
    "NOT_FOUND": N_("There is no such agency."),
    "CONFLICT": N_("This file is proposed already. See the approvals."),
}


def navigation(viewer: Viewer) -> list[Link]:
    """What somebody of the registry's staff may open of linking."""
    return [Link(HOME, N_("Linking"))] if Scope.LINK_RUN in actor_of(viewer).scopes else []


# --- by the registry's staff


def _list(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    lang = Lang(asked.lang)
    return {
        "found": data["linkFiles"],
        "agencies": [(edge["node"]["code"], edge["node"]["name"][lang.lower()]) for edge in data["agencies"]["edges"]],
        "more_agencies": data["agencies"]["pageInfo"]["hasNextPage"],
        "columns": [(column.name, column.labels[lang], column.explained[lang]) for column in LINK],
        "encodings": ENCODINGS,
        "names": names(asked.tongue),
        **_SAID,
    }


def _sent(asked: PageRequest) -> Mapping[str, Any]:
    given = {
        "agency": needed(asked.form, "agency", N_("Choose the agency.")),
        "purpose": asked.form["purpose"],
        "content": uploaded(asked, "persons", CHOOSE_FILE, most=MAX_FILE_BYTES)["content"],
        "lang": asked.lang,
    }
    if given["purpose"] not in names(asked.tongue).purposes:
        raise Invalid(N_("Choose what you need it for."), path=("purpose",))
    encoding = {"encoding": asked.form["encoding"]} if asked.form["encoding"] else {}
    return {"input": given | encoding | {"requestKey": asked.form["requestKey"]}}


def _one(field: str) -> Callable[[PageRequest, Data], Mapping[str, Any]]:
    """The file of the page among those listed. Raises NotFound."""

    def more(asked: PageRequest, data: Data) -> Mapping[str, Any]:
        its = next((each for each in data[field] if each["id"] == asked.params["file"]), None)
        if its is None:
            raise NotFound("there is no such file")
        return {"its": its, "going": its["state"] in ("WAITING", "RUNNING") and not its["held"], **_SAID}

    return more


def _file(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"file": asked.params["file"], "requestKey": asked.form["requestKey"]}}


# --- by the agency's administrators


def _own(_: PageRequest, data: Data) -> Mapping[str, Any]:
    return {"found": data["ownLinkFiles"], **_SAID}


def _result(asked: PageRequest, data: Data) -> Outcome:
    content = b64decode(data["takeLinkResult"]["content"])
    return attachment(content, "text/csv; charset=utf-8", f"linked-{asked.params['file'][-8:]}.csv")


PAGES: Final = (
    Page(
        path=HOME,
        name="admin/linking",
        audience=Audience.STAFF,
        variables=needing(Scope.LINK_RUN),
        more=_list,
        upload_bytes=MAX_FILE_BYTES,
        actions={"propose": Action(proposed("linkFile"), "LinkFile", _sent, fields=InFile(), messages=_FAULTS)},
    ),
    Page(
        path=_FILE,
        name="admin/linking-file",
        audience=Audience.STAFF,
        variables=needing(Scope.LINK_RUN),
        more=_one("linkFiles"),
        actions={
            "cancel": Action(
                f"{_FILE}?done=stopped", "CancelLinkFile", _file, fields={"file": ""}, messages={"CONFLICT": OVERTAKEN}
            )
        },
    ),
    Page(path=OWN, name="agency/linked", audience=Audience.OFFICER, variables=needing(Scope.OFFICER_MANAGE), more=_own),
    Page(
        path=_OWN_FILE,
        name="agency/linked-file",
        audience=Audience.OFFICER,
        variables=needing(Scope.OFFICER_MANAGE),
        more=_one("ownLinkFiles"),
        actions={
            "result": Action(_result, "TakeLinkResult", _file, fields={"file": ""}, messages={"CONFLICT": OVERTAKEN}),
        },
    ),
)
