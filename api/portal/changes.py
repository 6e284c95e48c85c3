"""Dangerous changes in words, for who is to approve one: what is to be done, to whom, and each part that becomes other.

A part that is not known here is shown by its own name: nothing is left out. Pure.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import orjson

from access.catalogue import CATALOGUE
from access.differences import DifferenceKind, differences, shown
from api.portal.languages import N_
from api.portal.register_words import STATUS_REASONS, STEPS
from api.portal.words import PERSON_STATUSES, Names

TITLES: Final[Mapping[str, str]] = {
    "AGENCY_ENROLLED": N_("Enrol an agency"),
    "AGENCY_KEY_ADDED": N_("Add a key of an agency"),
    "AGENCY_RESUMED": N_("Let a suspended agency ask again"),
    "AGREEMENT_PUBLISHED": N_("Publish an agreement"),
    "MANDATE_PUBLISHED": N_("Publish a legal mandate"),
    "NOTICE_PUBLISHED": N_("Publish a notice of consent"),
    "AGREEMENT_RESUMED": N_("Let a suspended agreement count again"),
    "ROLE_GRANTED": N_("Give somebody a role"),
    "ACCOUNT_RESET": N_("Reset an account"),
    "PERSON_STATUS": N_("Change the status of a record"),
    "PERSONS_MERGED": N_("Merge two records of one person"),
    "MERGE_UNDONE": N_("Take a merge of two records back"),
    "PERSON_ERASED": N_("Erase a person for good"),
    "LINK_FILE": N_("Link an agency's old file"),
    "KEYS_REWRAPPED": N_("Wrap all data keys by the newest master key"),
}
STATES: Final[Mapping[str, str]] = {
    "OPEN": N_("Waits for a second person"),
    "APPROVED": N_("Approved"),
    "REJECTED": N_("Refused"),
    "TAKEN_BACK": N_("Taken back"),
    "EXPIRED": N_("Expired"),
}
TAGS: Final[Mapping[str, str]] = {
    "OPEN": "info",
    "APPROVED": "good",
    "REJECTED": "bad",
    "TAKEN_BACK": "plain",
    "EXPIRED": "plain",
}
LABELS: Final[Mapping[str, str]] = {
    "agency": N_("Agency"),
    "code": N_("Code"),
    "names.ar": N_("Name in Arabic"),
    "names.fr": N_("Name in French"),
    "names.en": N_("Name in English"),
    "kid": N_("Name of the key"),
    "alg": N_("Algorithm"),
    "valid_from": N_("Valid from"),
    "valid_to": N_("Valid until"),
    "suspended_at": N_("Suspended since"),
    "taken_up_at": N_("Password and telephone in use since"),
    "version": N_("Version"),
    "purposes": N_("Purposes"),
    "purpose": N_("Purpose"),
    "points_per_minute": N_("Points a minute"),
    "failures_per_hour.subject": N_("Failed questions an hour, about one person"),
    "failures_per_hour.agency": N_("Failed questions an hour, in all"),
    "tells_status": N_("Is told the status of a record"),
    "territory": N_("Territory"),
    "article": N_("Article of law"),
    "attributes": N_("Attributes"),
    "disclosure": N_("When the person is shown an access"),
    "disclosure_days": N_("Days until the person is shown an access"),
    "data_life_days": N_("Days that the agency keeps what it was told"),
    "longest_days": N_("Longest time of a consent, in days"),
    "role": N_("Role"),
    "division": N_("Where"),
    "reason": N_("Reason"),
    "reference": N_("Reference"),
    "status": N_("Record"),
    "step": N_("Record"),  # what it was and what it becomes are one row
    "effective_on": N_("Counts from"),
    "until": N_("Last day"),
    "rows": N_("Rows of the file"),
    "digest": N_("Fingerprint of the file"),
}
# What a record is after a step.
AFTER: Final[Mapping[str, str]] = {
    "SUSPEND": "SUSPENDED",
    "RESTORE": "ACTIVE",
    "DECLARE_DECEASED": "DECEASED",
    "CANCEL": "CANCELLED",
    "UNDO_DEATH": "ACTIVE",
}
KEY: Final = N_("Public key")
TEXTS: Final[Mapping[str, str]] = {"title": N_("Title"), "body": N_("Text"), "why": N_("What the data are needed for")}
IN_LANGUAGE: Final = N_("%(part)s (%(language)s)")
UNTIL_ENDED: Final = N_("until somebody ends it")
ENDLESS: Final = N_("Until it is taken back")
NOT_COMPARED_TELLING: Final = N_("the agency is not told how this one compared")
COMPARED_TELLING: Final = N_("the agency is told how this one compared")
YES, NO = N_("Yes"), N_("No")
FIGURES: Final = frozenset(
    (
        *("version", "points_per_minute", "failures_per_hour.subject", "failures_per_hour.agency"),
        *("disclosure_days", "data_life_days", "longest_days", "rows"),
    )
)
# What stays as it is, or is told beside the rows: all the roles that there were, whom it is about, what shows it.
STAYING: Final = {
    "ROLE_GRANTED": frozenset({"roles", "account"}),
    "ACCOUNT_RESET": frozenset({"account"}),
    "PERSON_STATUS": frozenset({"person", "division", "since", "evidence"}),
    "PERSON_ERASED": frozenset({"person", "division", "status"}),
    "PERSONS_MERGED": frozenset({"survivor", "retired", "case", "divisions"}),
    "MERGE_UNDONE": frozenset({"survivor", "retired", "alias", "divisions"}),
    "LINK_FILE": frozenset({"file", "agreement", "mandate"}),
}
NO_ITEMS: Final = "[]"
_ORDER: Final[Mapping[str, int]] = {
    name: place
    for place, name in enumerate(
        (
            *(
                "agency",
                "version",
                "purpose",
                "purposes",
                "article",
                "role",
                "division",
                "code",
                "names.ar",
                "names.fr",
                "names.en",
            ),
            *("status", "step", "reason", "reference", "effective_on", "until", "rows", "digest"),
            *("kid", "alg", "jwk", "valid_from", "valid_to", "territory", "tells_status"),
            *(f"{lang}.{part}" for lang in ("ar", "fr", "en") for part in ("title", "body", "why")),
            *("attributes", *CATALOGUE),
        )
    )
}
_TERM = re.compile(r"attributes\.((?:person|household|member|score|eligibility)\.\w+)\.(uses|level|verdict)")
_TEXT = re.compile(r"texts\.(ar|fr|en)\.(title|body|why)")

Row = tuple[str, str, str]


def title(kind: str, names: Names) -> str:
    return names.tongue.say(TITLES[kind]) if kind in TITLES else kind


def subject(kind: str, change: Mapping[str, Any], names: Names) -> str:
    """Whom or what it is about, in a few words; a person is not named here."""
    if kind == "AGENCY_ENROLLED":
        return f"{change['names'][names.tongue.code]} ({change['code']})"
    if kind == "ROLE_GRANTED":
        return f"{names.roles[change['role']]}, {names.division(change['division'])}"
    if kind == "PERSON_STATUS":
        return " · ".join([names.tongue.say(STEPS[change["step"]]), *_where([change["division"]], names)])
    if kind == "PERSON_ERASED":
        return names.tongue.listed(_where([change["division"]], names))
    if "divisions" in change:
        return names.tongue.listed(_where(change["divisions"], names))
    return str(change.get("document", change).get("agency", ""))


def _where(divisions: Sequence[str | None], names: Names) -> list[str]:
    """Where people reside, as far as it is known."""
    return [names.division(code) for code in divisions if code is not None]


def roles_before(found: Sequence[Mapping[str, Any]], names: Names) -> list[str]:
    """The roles that somebody has who is to be given one more."""
    return [_held(each["was"], names) for each in found if each["path"] == ["roles"] and each["was"] not in (None, NO_ITEMS)]


def between(before: Mapping[str, Any] | None, document: Mapping[str, Any], names: Names) -> list[Row]:
    """The rows of what a document has otherwise than the one before it."""
    found = [
        {
            "path": list(each.path),
            "was": None if each.kind is DifferenceKind.ADDED else shown(each.was),
            "becomes": None if each.kind is DifferenceKind.REMOVED else shown(each.becomes),
        }
        for each in differences(before, document)
    ]
    return rows("", found, names)


def rows(kind: str, found: Sequence[Mapping[str, Any]], names: Names) -> list[Row]:
    """Label, what was, what becomes: a row for each part, in the order that they are read in; "" for nothing."""
    sides: dict[str, tuple[list[str], list[str]]] = {}
    placed = [(".".join(each["path"][1:] if each["path"][0] == "document" else each["path"]), each) for each in found]
    for path, each in sorted(placed, key=lambda pair: _place(pair[0])):
        if path in STAYING.get(kind, ()):
            continue
        label = _label(path, names)
        for side, value in zip(sides.setdefault(label, ([], [])), (each["was"], each["becomes"]), strict=True):
            if value is not None:
                side.append(_said(path, value, names))
    return [(label, names.tongue.listed(was), names.tongue.listed(becomes)) for label, (was, becomes) in sides.items()]


def _place(path: str) -> int:
    """Where a part stands among others; what is not known comes last, as it comes."""
    term, text = _TERM.fullmatch(path), _TEXT.fullmatch(path)
    if term:
        return _ORDER.get(term[1], len(_ORDER))
    if text:
        return _ORDER[f"{text[1]}.{text[2]}"]
    return _ORDER.get("jwk" if path.startswith("jwk.") else path, len(_ORDER))


def _label(path: str, names: Names) -> str:
    say = names.tongue.say
    term, text = _TERM.fullmatch(path), _TEXT.fullmatch(path)
    if term:
        return names.attributes.get(term[1], term[1])
    if text:
        return say(IN_LANGUAGE) % {"part": say(TEXTS[text[2]]), "language": names.languages[text[1].upper()]}
    if path == "jwk" or path.startswith("jwk."):
        return say(KEY)
    return say(LABELS[path]) if path in LABELS else path


def _said(path: str, value: str, names: Names) -> str:
    """A value as it is read; as it stands where nothing better is known."""
    say = names.tongue.say
    term = _TERM.fullmatch(path)
    if term and term[2] == "uses":
        return names.uses.get(value, value)
    if term and term[2] == "level":
        return names.levels.get(value, value)
    if term:
        return say(COMPARED_TELLING if value == "true" else NOT_COMPARED_TELLING)
    if path.startswith("jwk."):
        return f"{path.removeprefix('jwk.')}: {value}"
    if path in FIGURES:
        return names.tongue.number(value) if value.isdigit() else value
    named = _VALUES.get(path)
    return value if named is None else named(value, names)


def _instant(value: str, names: Names) -> str:
    return names.first_day(value)


def _end(value: str, names: Names) -> str:
    return names.tongue.say(ENDLESS) if value == "null" else names.last_day(value)


def _division(value: str, names: Names) -> str:
    return names.division(None if value == "null" else value)


def _flag(value: str, names: Names) -> str:
    return names.tongue.say(YES if value == "true" else NO)


def _held(value: str, names: Names) -> str:
    """A role that somebody has, as the register writes it: "ROLE", "ROLE division" and perhaps "until" an instant."""
    parts = value.split(" ")
    until = parts.index("until") if "until" in parts else len(parts)
    said = [names.roles.get(parts[0], parts[0]), names.division(parts[1] if until > 1 else None)]
    return ", ".join([*said, names.last_day(parts[-1])] if until < len(parts) else said)


def _status(value: str, names: Names) -> str:
    return names.tongue.say(PERSON_STATUSES[value]) if value in PERSON_STATUSES else value


def _reason(value: str, names: Names) -> str:
    return names.tongue.say(STATUS_REASONS[value]) if value in STATUS_REASONS else value


def _last(value: str, names: Names) -> str:
    """Of the first day that a suspension counts no more: the last one that it does."""
    if value == "null":
        return names.tongue.say(UNTIL_ENDED)
    return names.tongue.day(date.fromisoformat(value) - timedelta(days=1))


_VALUES: Final[Mapping[str, Callable[[str, Names], str]]] = {
    "purposes": lambda value, names: names.purposes.get(value, value),
    "purpose": lambda value, names: names.purposes.get(value, value),
    "attributes": lambda value, names: names.attributes.get(value, value),
    "disclosure": lambda value, names: names.disclosures.get(value, value),
    "role": lambda value, names: names.roles.get(value, value),
    "territory": _division,
    "division": _division,
    "tells_status": _flag,
    "valid_from": _instant,
    "suspended_at": _instant,
    "taken_up_at": _instant,
    "valid_to": _end,
    "status": _status,
    "step": lambda value, names: _status(AFTER.get(value, value), names),
    "reason": _reason,
    "effective_on": lambda value, names: names.tongue.day(value),
    "until": _last,
}


def read(text: str) -> Mapping[str, Any]:
    """The change of a proposal, or the document of an agency, from its JSON."""
    found: Mapping[str, Any] = orjson.loads(text)
    return found
