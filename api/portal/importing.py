"""Pages of files of people for staff: a file is sent, tried, begun and watched; what came of each row is read and taken away.

Packs of mobile teams come in the same way; the devices that sign them are kept here.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.responses import Response

from access.rights import Scope
from api.portal import drafts
from api.portal.files import attachment, uploaded
from api.portal.forms import needed
from api.portal.framework import N_, Action, Audience, Data, Link, Outcome, Page, PageRequest, Viewer
from api.portal.needing import actor_of, needing
from api.portal.page import Variables
from api.portal.words import names
from identity.file_reading import MAX_BYTES

HOME: Final = "/admin/imports"
DEVICES: Final = f"{HOME}/devices"
_FILE: Final = f"{HOME}/{{file}}"
MAX_FILE_BYTES: Final = MAX_BYTES + 64 * 1024  # and the form around it
FIRST_ROWS: Final = 20

STATES: Final[Mapping[str, str]] = {
    "CHECKED": N_("Waits for your word"),
    "WAITING": N_("Waiting"),
    "RUNNING": N_("Running"),
    "DONE": N_("Worked through"),
    "CANCELLED": N_("Stopped"),
    "ERASED": N_("Erased"),
}
TAGS: Final[Mapping[str, str]] = {
    "CHECKED": "info",
    "WAITING": "info",
    "RUNNING": "warn",
    "DONE": "good",
    "CANCELLED": "bad",
    "ERASED": "plain",
}
KINDS: Final[Mapping[str, str]] = {"PERSONS": N_("A file of people"), "PACK": N_("The pack of a mobile team")}
OUTCOMES: Final[Mapping[str, str]] = {
    "ENROLLED": N_("Newly enrolled"),
    "THERE_ALREADY": N_("There already"),
    "IN_REVIEW": N_("Perhaps on record already: somebody decides"),
    "SUBMITTED": N_("Handed in"),
    "REFUSED": N_("Refused"),
}
ENCODINGS: Final = (("utf-8", "UTF-8"), ("cp1256", "Windows-1256"), ("cp1252", "Windows-1252"))
FAULTS: Final[Mapping[str, str]] = {
    "ENCODING": N_("The file cannot be read in this encoding. Choose another one."),
    "NUL": N_("The file holds signs that no text has."),
    "TORN": N_("The file is torn: a quotation mark never ends."),
    "CELL_TOO_LONG": N_("A cell of the file is too long."),
    "NO_HEADER": N_("The first row does not say what the columns are called. Take the template."),
    "UNKNOWN_COLUMN": N_("The file has a column that is not taken. Take the template."),
    "MISSING_COLUMN": N_("A column that is needed is missing. Take the template."),
    "DOUBLE_COLUMN": N_("A column is there twice."),
    "EMPTY": N_("The file has no rows."),
    "TOO_LARGE": N_("The file is too large. Send it in parts."),
    "TOO_MANY_ROWS": N_("The file has too many rows. Send it in parts."),
    "NOT_A_SPREADSHEET": N_("The file is damaged, or no spreadsheet."),
    "NOT_A_PACK": N_("This is no pack of a mobile team."),
    "UNKNOWN_DEVICE": N_("The device that signed it is not registered here."),
    "WRONG_SIGNATURE": N_("The signature does not fit: the pack was changed, or another device signed it."),
    "REVOKED_DEVICE": N_("The device that signed it was revoked."),
    "NOT_IN_TIME": N_("The device's key did not hold when the pack was signed."),
}
DEVICE_FAULTS: Final[Mapping[str, str]] = {
    "INVALID": N_("This cannot be taken as it stands. Look at it again."),
    "CONFLICT": N_("This key is registered already, or the device was revoked."),
}
OVERTAKEN: Final = N_("The file is worked on, or it is done. Look at it as it stands now.")
CHOOSE_FILE: Final = N_("Choose a file.")


def navigation(viewer: Viewer) -> list[Link]:
    """What somebody of the registry's staff may open of files of people."""
    return [Link(HOME, N_("Files"))] if Scope.IMPORT_RUN in actor_of(viewer).scopes else []


# --- files


def _list(_: PageRequest, data: Data) -> Mapping[str, Any]:
    return {"found": data["personFiles"], "encodings": ENCODINGS, **_SAID}


_SAID: Final[Mapping[str, Any]] = {"states": STATES, "tags": TAGS, "kinds": KINDS, "outcomes": OUTCOMES}


def _sent(field: str, **given: Any) -> Variables:
    def variables(asked: PageRequest) -> Mapping[str, Any]:
        its = {"content": uploaded(asked, field, CHOOSE_FILE, most=MAX_FILE_BYTES)["content"], "lang": asked.lang}
        more = {name: asked.form[name] for name in given if asked.form[name]}
        return {"input": its | more | {"requestKey": asked.form["requestKey"]}}

    return variables


def _taken(mutation: str) -> Any:
    def then(_: PageRequest, data: Data) -> Outcome:
        return f"{HOME}/{data[mutation]['file']['id']}?done=sent"

    return then


def _one(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    its = data["personFile"]
    return {
        "its": its,
        "first_rows": FIRST_ROWS,
        "going": its["state"] in ("WAITING", "RUNNING") and not its["held"],
        "part": None if not its["total"] else min(1.0, its["done"] / its["total"]),
        "names": names(asked.tongue),
        **_SAID,
    }


def _file(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"file": asked.params["file"], "requestKey": asked.form["requestKey"]}}


def _trial(asked: PageRequest) -> Mapping[str, Any]:
    first = None if asked.form["rows"] == "all" else FIRST_ROWS
    return {"input": {**_file(asked)["input"], "first": first}}


def _result(asked: PageRequest, data: Data) -> Outcome:
    content = b64decode(data["takePersonFileResult"]["content"])
    return attachment(content, "text/csv; charset=utf-8", f"result-{asked.params['file'][-8:]}.csv")


def _template(asked: PageRequest, data: Data) -> Response:
    sheet = asked.params["form"] == "xlsx"
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" if sheet else "text/csv; charset=utf-8"
    return attachment(b64decode(data["importTemplate"]), media, "persons.xlsx" if sheet else "persons.csv")


def _which(asked: PageRequest) -> Mapping[str, Any]:
    return {"form": "XLSX" if asked.params["form"] == "xlsx" else "CSV", "lang": asked.lang}


# --- devices


def _devices(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    return {"found": data["teamDevices"], "names": names(asked.tongue), "now_is": asked.now.isoformat()}


def _device(asked: PageRequest) -> Mapping[str, Any]:
    given = {
        "name": needed(asked.form, "name", N_("Enter the name of the device.")),
        "alg": asked.form["alg"] if asked.form["alg"] in ("ES256", "EdDSA") else "EdDSA",
        "jwk": needed(asked.form, "jwk", N_("Paste the public key of the device.")),
        "division": asked.form["division"] or None,
        "validUntil": drafts.ends(asked.form).isoformat(),
    }
    return {"input": given | {"requestKey": asked.form["requestKey"]}}


def _revocation(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"kid": asked.form["kid"], "requestKey": asked.form["requestKey"]}}


_OF_A_FILE: Final = ("", "content", "columns", "rows")


class InFile(Mapping[str, str]):
    """Whatever is wrong with a file, or with a column or a row of it, is said beside it."""

    def __getitem__(self, path: str) -> str:
        if path.partition(".")[0] in self:
            return "persons"
        raise KeyError(path)

    def __contains__(self, path: object) -> bool:
        return path in _OF_A_FILE

    def __iter__(self) -> Iterator[str]:
        return iter(_OF_A_FILE)

    def __len__(self) -> int:
        return len(_OF_A_FILE)


_OVER: Final[Mapping[str, Any]] = {"fields": {"file": "", "first": ""}, "messages": {"CONFLICT": OVERTAKEN}}

PAGES: Final = (
    Page(
        path=HOME,
        name="admin/imports",
        audience=Audience.STAFF,
        variables=needing(Scope.IMPORT_RUN),
        more=_list,
        upload_bytes=MAX_FILE_BYTES,
        actions={
            "import": Action(
                _taken("importPersons"),
                "ImportPersons",
                _sent("persons", encoding=True),
                fields=InFile(),
                messages=FAULTS,
            ),
            "pack": Action(
                _taken("takePack"), "TakePack", _sent("pack"), fields={"content": "pack", "": "pack"}, messages=FAULTS
            ),
        },
    ),
    Page(
        path=f"{HOME}/template/{{form}}",
        name="admin/import-template",
        audience=Audience.STAFF,
        variables=needing(Scope.IMPORT_RUN, _which),
        needs="importTemplate",
        answer=_template,
    ),
    Page(
        path=DEVICES,
        name="admin/import-devices",
        audience=Audience.STAFF,
        variables=needing(Scope.IMPORT_RUN),
        more=_devices,
        actions={
            "add": Action(
                f"{DEVICES}?done=added", "AddTeamDevice", _device, fields={"validUntil": "valid_to"}, messages=DEVICE_FAULTS
            ),
            "revoke": Action(
                f"{DEVICES}?done=revoked", "RevokeTeamDevice", _revocation, fields={"kid": ""}, messages=DEVICE_FAULTS
            ),
        },
    ),
    Page(
        path=_FILE,
        name="admin/import",
        audience=Audience.STAFF,
        variables=needing(Scope.IMPORT_RUN, lambda asked: {"id": asked.params["file"], "lang": asked.lang}),
        needs="personFile",
        more=_one,
        actions={
            "check": Action(_FILE, "CheckPersonFile", _trial, **_OVER),
            "start": Action(_FILE, "StartPersonFile", _file, **_OVER),
            "cancel": Action(f"{_FILE}?done=stopped", "CancelPersonFile", _file, **_OVER),
            "result": Action(_result, "TakePersonFileResult", _file, **_OVER),
        },
    ),
)
