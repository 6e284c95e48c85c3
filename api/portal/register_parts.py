"""What the pages of the register have in common: what for a record is opened, who may do what with it, files on the way."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from access.call import Purpose
from access.rights import Scope
from api.portal.files import uploaded
from api.portal.framework import N_, Action, Again, Data, Outcome, PageRequest
from api.portal.needing import actor_of
from api.portal.register_words import EVIDENCE_KINDS, RegisterWords
from core.dates import CIVIL_ZONE
from core.errors import Invalid
from core.texts import LATIN_DIGITS

HOME: Final = "/admin/people"
PURPOSES: Final = (Purpose.CASE_REVIEW.value, Purpose.IDENTITY_PROOFING.value, Purpose.ENROLMENT.value)
CHOOSE_FILE: Final = N_("Choose a file.")
FILE_WAITS: Final = N_("This file is not added yet: press the button to add it, or leave it out.")
_RIGHTS: Final = (Scope.CHANGE_REQUEST, Scope.CHANGE_DECIDE, Scope.STATUS_CHANGE, Scope.PERSON_MERGE, Scope.PERSON_ERASE)


def purpose_of(asked: PageRequest) -> str | None:
    """What the address says that the record is needed for; None where it says nothing that staff look for."""
    purpose = asked.query.get("purpose", "")
    return purpose if purpose in PURPOSES else None


def may(asked: PageRequest) -> Mapping[str, bool]:
    """Which of the register's rights the reader has, by their names."""
    scopes = actor_of(asked.viewer).scopes
    return {scope.name: scope in scopes for scope in _RIGHTS}


def of_person(asked: PageRequest) -> Mapping[str, Any]:
    """The variables of a page on which something is done with one record."""
    return {"id": asked.params["person"], "purpose": purpose_of(asked) or Purpose.CASE_REVIEW.value}


def back_to(asked: PageRequest) -> str:
    return f"{HOME}/{asked.params['person']}?purpose={purpose_of(asked) or Purpose.CASE_REVIEW.value}"


def moment_of(now: datetime) -> datetime:
    """As clocks in Morocco show it."""
    return now.astimezone(CIVIL_ZONE)


# --- dates


_OTHERWISE = re.compile(r"(?:(\d{1,2})[/. -])?(\d{1,2})[/. -](\d{4})")
NO_DAY: Final = N_("There is no such day.")


def birth_date(typed: str) -> str:
    """A date as people write it (day, month, year, or fewer of them), as the schema takes it; all else as it stands."""
    text = typed.strip().translate(LATIN_DIGITS)
    found = _OTHERWISE.fullmatch(text)
    if found is None:
        return text
    return "-".join([found[3], f"{found[2]:0>2}", *([f"{found[1]:0>2}"] if found[1] else [])])


def day_of(text: str, field: str) -> date:
    """The day that was typed there. Raises Invalid for none."""
    try:
        day = date.fromisoformat(text.strip().translate(LATIN_DIGITS))
    except ValueError:
        raise Invalid(NO_DAY, path=(field,)) from None
    if day == date.max:
        raise Invalid(NO_DAY, path=(field,))
    return day


def again(step: str) -> Callable[[PageRequest, Data], Outcome]:
    """Shows the page once more, at that step."""
    return lambda *_: Again(step)


# --- files


def adding(stage: str) -> Action:
    """Adds one file about the person, then shows the page again at that step."""

    def given(asked: PageRequest) -> Mapping[str, Any]:
        kind = asked.form["fileKind"]
        if kind not in EVIDENCE_KINDS:
            raise Invalid(N_("Choose what the file shows."), path=("fileKind",))
        its = {"person": asked.params["person"], "kind": kind, **uploaded(asked, "file", CHOOSE_FILE)}
        return {"input": its | {"requestKey": asked.form["requestKey"]}}

    return Action(again(stage), "AddEvidence", given, fields={"content": "file", "mediaType": "file", "kind": "fileKind"})


def refuse_waiting_file(asked: PageRequest) -> None:
    """Raises Invalid where a file was chosen and not added: it would be lost."""
    upload = asked.form.uploads.get("file")
    if upload is not None and upload.filename:
        raise Invalid(FILE_WAITS, path=("file",))


def files_to_choose(asked: PageRequest, data: Data, known: RegisterWords) -> Mapping[str, Any]:
    """The files that were given for nothing else, for a choice; ticked are those that were, and what was just added."""
    loose = [each for each in data["evidenceOf"] if each["request"] is None]
    ticked = {*asked.form.all("evidence")}
    if asked.form["action"] == "add":
        ticked |= {each["id"] for each in loose} - {*asked.form.all("listed")}
    options = [
        (each["id"], known.evidence[each["kind"]], f"{known.tongue.moment(each['addedAt'])} · {size(known, each['size'])}")
        for each in loose
    ]
    return {
        "files": options,
        "ticked": [each["id"] for each in loose if each["id"] in ticked],
        "file_kinds": list(known.evidence.items()),
    }


def chosen_files(asked: PageRequest) -> list[str]:
    return asked.form.all("evidence")


def size(known: RegisterWords, size_bytes: int) -> str:
    """Of a file, in kilobytes."""
    return known.tongue.say(N_("%(number)s kB")) % {"number": known.tongue.number(max(1, round(size_bytes / 1024)))}
