"""Finding somebody for staff: by a number that is theirs, or by name and birth; never by browsing.

Only who resides where the caller may look is found, at most twenty, each with an entry in the ledger. By name, those who share
a blocking key are compared by the machine (a bounded number, the likeliest first): at who is not shown nobody has looked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow
from access.decision import Status
from access.disclosure import SealedRecord
from access.reading import Reading
from access.rights import Scope
from access.throttles import Budget, Charge, spend
from core.database import Row
from core.dates import PartialDate
from core.errors import Invalid, RateLimited
from core.keys import KeyRing
from core.paging import Cursors, Edge, Page, PageInfo, size
from core.texts import checked_text
from identity.blocking import Comparable, blocking_hashes
from identity.codes import normal_form
from identity.holders import typed_number
from identity.names import Name, Script, script_of
from identity.people import PersonView, name_places, open_person
from identity.receipts import normal_number
from identity.record_history import refuse_unless_within, staff_decision
from identity.sounds import alike
from identity.store import PARTS, RESIDENCE, SEALED_PARTS, STATUS_NOW, Subject, column, record_of

MAX_FOUND: Final = 20
MAX_COMPARED: Final = 60
MAX_KEYED: Final = 2_000  # rows of blocking keys that are counted
MAX_NAME: Final = 100
SEARCHES: Final = Budget(
    "SEARCHES", limit=200, window_seconds=3600
)  # of one account, far more than the queue at a counter needs
FIELD: Final = "searchPersons"
_NAMES: Final = ("person.given_name:ar", "person.given_name:latin", "person.family_name:ar", "person.family_name:latin")
_BIRTH: Final = "person.birth_date"
_SPELLED: Final = {"residence_permit": "residencePermit"}
_NUMBERS: Final[Mapping[str, tuple[str, str]]] = {  # member -> kind of identifier, attribute of its normal form
    "cnie": ("CNIE", "person.cnie"),
    "residence_permit": ("RESIDENCE_PERMIT", "person.residence_permit"),
    "telephone": ("TELEPHONE", "person.telephone"),
}


@dataclass(frozen=True, slots=True)
class PersonSearch:
    """One number; or a name, in either script and any order, with a date of birth (its year at least)."""

    idcs: str | None = field(default=None, repr=False)
    cnie: str | None = field(default=None, repr=False)
    residence_permit: str | None = field(default=None, repr=False)
    telephone: str | None = field(default=None, repr=False)
    receipt: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    birth_date: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FoundPerson:
    person_id: UUID
    person: PersonView = field(repr=False)


@allow(Scope.PERSON_SEARCH)
async def count_search(connection: AsyncConnection, call: Call, keys: KeyRing) -> None:
    """Counts a search: to be committed before it is answered. Nobody tries out one number after the other.

    Raises RateLimited, whatever is found.
    """
    wait = await spend(connection, [Charge.of(keys, SEARCHES, str(call.actor.id))], now=call.now)
    if wait:
        raise RateLimited("too many searches within an hour", retry_after=wait)


@allow(Scope.PERSON_SEARCH)
async def search_persons(
    reading: Reading,
    call: Call,
    *,
    by: PersonSearch,
    wanted: Collection[str],
    first: int | None = None,
    after: str | None = None,
) -> Page[FoundPerson]:
    """Whom it may be, the likeliest first; nobody for who resides elsewhere, as for who is not there.

    Raises Invalid, with its path, without a purpose, for what is no number or date, and where it is not exactly one way.
    """
    if call.purpose is None:
        raise Invalid("say what for", path=("by", "purpose"))
    count = min(size(first), MAX_FOUND)
    kind, text, birth = _question(by)
    cursors = Cursors(reading.keys.commitment, f"persons {call.actor.id} {kind} {text} {birth}")
    start = 0 if after is None else int(cursors.read(after)[0])
    found = await _found(reading, call, kind, text, birth, wanted)
    within = [(row, record) for row, record in found if _lies_within(record, call)][:MAX_FOUND]
    shown = within[start : start + count]
    views = [FoundPerson(record.owner, _shown(row, record, reading, call, wanted)) for row, record in shown]
    await name_places(reading, [view.person for view in views])
    edges = [Edge(view, cursors.write(str(start + number))) for number, view in enumerate(views, 1)]
    return Page(edges, PageInfo(len(within) > start + count, edges[-1].cursor if edges else None))


def _question(by: PersonSearch) -> tuple[str, str, PartialDate | None]:
    """The kind of what is asked, its normal form, and the birth where it is a name."""
    given = [name for name in ("idcs", *_NUMBERS, "receipt", "name") if getattr(by, name) is not None]
    if len(given) != 1 or (by.birth_date is not None) != (given == ["name"]):
        raise Invalid("search by one number, or by name and birth", path=("by",))
    (member,) = given
    typed: str = getattr(by, member)
    if member == "idcs":
        return "IDCS", typed_number(typed, "by", "idcs").text, None
    if member == "receipt":
        return "RECEIPT", normal_number(typed, "by", "receipt"), None
    if member in _NUMBERS:
        kind, attribute = _NUMBERS[member]
        try:
            return kind, normal_form(attribute, typed), None
        except Invalid as fault:
            raise Invalid(fault.message, path=("by", _SPELLED.get(member, member))) from None
    try:
        name = checked_text(typed, MAX_NAME)
    except Invalid as fault:
        raise fault.under("by", "name") from None
    if script_of(name) is Script.NONE or not Name.of(name).sounds:
        raise Invalid("a name is made of letters", path=("by", "name"))
    try:
        return "NAME", name, PartialDate.parse(by.birth_date or "")
    except Invalid as fault:
        raise Invalid(fault.message, path=("by", "birthDate")) from None


_OF_NUMBER = """
select {columns} from identifier i join person p on p.person_id = i.owner_id and p.status <> 'DECOY' and p.data_key is not null
 where i.hash = $2 and i.kind = $3 and i.key_version = $4 order by p.person_id limit $5"""
_OF_NAME = """
select {columns} from (
    select person_id, count(*) as shared from (
        select person_id from blocking_key where hash = any($2::bytea[]) and key_version = $3 limit $4) keyed
     group by person_id order by shared desc, person_id limit $5) likely
  join person p on p.person_id = likely.person_id and p.status <> 'DECOY' and p.data_key is not null
 order by likely.shared desc, p.person_id"""


async def _found(
    reading: Reading, call: Call, kind: str, text: str, birth: PartialDate | None, wanted: Collection[str]
) -> list[tuple[Row, SealedRecord]]:
    keys = reading.keys
    parts = {part for attribute in wanted for part in PARTS.get(attribute, ())} | {RESIDENCE}
    if birth is not None:
        parts |= {*_NAMES, _BIRTH}
    names = [part for part in SEALED_PARTS if part in parts]
    status = f"{STATUS_NOW.format(now='$1')} as status"
    columns = ", ".join(("p.person_id", "p.data_key", status, *(f"p.{column(part)}" for part in names)))
    if birth is None:
        asked: Sequence[Any] = (keys.index(kind, text), kind, keys.index_version, MAX_COMPARED)
        rows = await reading.ask(_OF_NUMBER.format(columns=columns), call.now, *asked)
        return [(row, record_of(row, keys, names)) for row in rows]
    # Which of the words is a given name is not said: each is tried as either.
    hashes = blocking_hashes(keys, Comparable(birth, given_latin=text, family_latin=text))
    rows = await reading.ask(
        _OF_NAME.format(columns=columns), call.now, sorted(hashes), keys.index_version, MAX_KEYED, MAX_COMPARED
    )
    found = [(row, record_of(row, keys, names)) for row in rows]
    return [(row, record) for row, record in found if _fits(record, text, birth)]


def _fits(record: SealedRecord, name: str, birth: PartialDate) -> bool:
    """Whether every word of the name sounds like one of the record's, and the dates of birth may be the same."""
    known = [sound for part in _NAMES if (text := record.open(part)) is not None for sound in Name.of(text).sounds]
    if not all(any(alike(sound, other) for other in known) for sound in Name.of(name).sounds):
        return False
    return may_be(birth, PartialDate.parse(record.open(_BIRTH) or ""))


def may_be(asked: PartialDate, known: PartialDate) -> bool:
    """Whether both may stand for one day, as far as either is known."""
    pairs = ((asked.year, known.year), (asked.month, known.month), (asked.day, known.day))
    return all(one is None or other is None or one == other for one, other in pairs)


def _lies_within(record: SealedRecord, call: Call) -> bool:
    division = record.open(RESIDENCE)
    return call.actor.reaches(Scope.PERSON_SEARCH, None if division is None else [division])


def _shown(row: Row, record: SealedRecord, reading: Reading, call: Call, wanted: Collection[str]) -> PersonView:
    disclosure = reading.disclose(staff_decision(wanted), record, call, subject=record.owner, root_field=FIELD)
    refuse_unless_within(disclosure, call, Scope.PERSON_SEARCH)
    subject = Subject.of(record, Status(row["status"]))
    return open_person(disclosure, subject, wanted, reading.keys, record.owner)  # of tokens none is granted
