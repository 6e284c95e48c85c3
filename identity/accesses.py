"""Who has looked at one's data: the entries of the ledger about a person, opened with the person's own key.

When an entry is shown was decided with the look itself (`ledger_entry.shown_at`): at once, after a time where the legal mandate
says so, or never. One's own looks are left out unless they are asked for: those that the very person who reads made, for
whomever. Another guardian's, and a ward's, are somebody else's.

A household's entries are in the list of its members: `registry/accesses.py` says which households (`Kept`). Why a look was
refused may lie in one member's own affairs, and whose consent opened something is that person's: members are not told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from access.call import ActorKind, Call, Purpose, allow
from access.catalogue import Labels, Lang, Use
from access.decision import Ground
from access.disclosure import SealedRecord
from access.ledger import SEALED_ATTRIBUTE
from access.reading import Reading
from access.rights import Scope
from core.database import Row
from core.errors import Invalid, NotFound, Unauthenticated
from core.keys import KeyRing
from core.paging import Cursors, Page, page, size
from identity.merged import merged_into
from identity.self_view import disclose_own, person_of
from identity.store import record_of

ALLOWED = frozenset({Ground.MANDATE, Ground.CONSENT, Ground.SELF, Ground.WARD, Ground.UPKEEP})
REFUSED = "REFUSED"  # as it stands after a use in the notes of a disclosure


class AccessOutcome(StrEnum):
    """What came of a look."""

    ANSWERED = "ANSWERED"
    FAILED = "FAILED"  # something was claimed that does not hold
    REFUSED = "REFUSED"  # it was not allowed: nothing was told


class OnBehalf(StrEnum):
    """Whose data a citizen looked at: their own, or a ward's."""

    SELF = "SELF"
    WARD = "WARD"


@dataclass(frozen=True, slots=True)
class AttributeUse:
    """What was done with one attribute. `refused`: uses that were tried and not allowed; `failed`: a claim did not hold."""

    attribute: str
    uses: tuple[Use, ...]
    refused: tuple[Use, ...]
    failed: bool


@dataclass(frozen=True, slots=True)
class Basis:
    """On what a look rested, or why it was refused. `article`: of the legal mandate; `consent`: its id and revision."""

    ground: Ground
    article: str | None = None
    consent: UUID | None = None
    consent_revision: int | None = None
    agreement_version: int | None = None


@dataclass(frozen=True, slots=True)
class AccessView:
    """One look. Names are those of today; `officer` is a number that stands for a person, for asking about.

    `subject_id`: whom the entry is kept under; `household`: that is a household. `own`: whoever reads it has made it.
    """

    entry_id: UUID
    subject_id: UUID
    household: bool
    own: bool
    at: datetime
    actor: ActorKind
    agency: Labels | None
    office: Labels | None
    operator: Labels | None
    officer: str | None
    on_behalf: OnBehalf | None
    purpose: Purpose | None
    field: str
    basis: Basis
    attributes: tuple[AttributeUse, ...]
    outcome: AccessOutcome
    request_id: UUID
    report: str | None  # the number of the caller's report of it


@dataclass(frozen=True, slots=True)
class Kept:
    """Entries that a person is shown although they are kept under another owner: those from `since` on, and before `until`.

    `merged`: the owner is a record of the same person that was merged into theirs; else it is a household.
    """

    record: SealedRecord
    since: datetime | None
    until: datetime | None
    merged: bool = False


_NAMES = ", ".join(
    f"{table}.name_{lang.lower()} as {name}_{lang.lower()}"
    for table, name in (("a", "agency"), ("o", "office"), ("b", "operator"))
    for lang in Lang
)
_ENTRIES = f"""
select p.person_id, p.data_key, e.subject_id, e.entry_id, e.recorded_at, e.own, e.leaf::text as leaf, e.sealed, {_NAMES},
       g.version as agreement_version,
       (select jsonb_object_agg(encode(m.hash, 'hex'), m.document ->> 'article') from mandate m
         where m.agency_id = e.agency_id and m.purpose = e.leaf ->> 'purpose'
           and m.valid_from <= e.recorded_at and e.recorded_at < m.valid_to)::text as articles,
       (select jsonb_object_agg(r.consent_id, r.number) from (
               select c.consent_id, max(v.number) as number
                 from consent c join consent_revision v on v.person_id = c.person_id and v.consent_id = c.consent_id
                where c.person_id = p.person_id and c.agency_id = e.agency_id and c.purpose = e.leaf ->> 'purpose'
                  and v.at <= e.recorded_at group by c.consent_id) r)::text as consents,
       (select t.number from access_report t where t.person_id = p.person_id and t.entry_id = e.entry_id
         order by t.report_id limit 1) as report
  from person p
  left join lateral (
       select found.* from unnest($8::uuid[], $9::timestamptz[], $10::timestamptz[]) as kept (subject_id, since, until)
        cross join lateral (
              select l.subject_id, l.entry_id, l.recorded_at, l.agency_id, l.sealed, l.holder_id is not distinct from $6 as own,
                     convert_from(l.leaf, 'UTF8')::jsonb as leaf
                from ledger_entry l
               where l.subject_id = kept.subject_id and l.shown_at <= $2 and ($3::uuid is null or l.entry_id < $3)
                 and (kept.since is null or kept.since <= l.recorded_at) and (kept.until is null or l.recorded_at < kept.until)
                 and ($4::uuid is null or l.entry_id = $4)
                 and ($5 or l.holder_id is distinct from $6 or convert_from(l.leaf, 'UTF8')::jsonb ->> 'officer' is not null)
               order by l.entry_id desc limit $7) found
        order by found.entry_id desc limit $7) e on true
  left join agency a on a.agency_id = e.agency_id
  left join office o on o.office_id = (e.leaf ->> 'office')::uuid
  left join operator b on b.operator_id = (e.leaf ->> 'operator')::uuid
  left join agreement g on g.hash = decode(e.leaf ->> 'agreement', 'hex')
 where p.person_id = $1
 order by e.entry_id desc"""


@allow(Scope.ACCESS_REPORT)
async def accesses(
    reading: Reading,
    call: Call,
    *,
    first: int | None = None,
    after: str | None = None,
    include_own: bool = False,
    kept: Sequence[Kept] = (),
) -> Page[AccessView]:
    """The looks at the caller (or the ward), the newest first: two statements. That they were listed is recorded, too.

    `include_own`: also those that the caller made without anybody beside. `kept`: what is in the list beside the person's own.
    Raises Invalid for a cursor of another list.
    """
    person = person_of(call)
    cursors = Cursors(reading.keys.commitment, f"accesses {call.actor.holder} {person} {include_own}")
    count = size(first)
    before = None if after is None else UUID(cursors.read(after)[0])
    kept = [*kept, *await _tombstones(reading, person)]
    rows = await _entries(reading, call, kept, before=before, include_own=include_own, limit=count + 1)
    record = record_of(rows[0], reading.keys)
    disclose_own(record, reading, call, "accesses")
    records = _records(record, kept)
    households = _households(kept)
    found = [_view(row, records, households, reading.keys) for row in rows if row["entry_id"] is not None]
    return page(found, count, cursors, lambda view: (str(view.entry_id),))


@allow(Scope.ACCESS_REPORT)
async def access(reading: Reading, call: Call, *, entry: UUID, kept: Sequence[Kept] = ()) -> AccessView:
    """One of the looks that the caller is shown. That it was is recorded. Raises NotFound for anything else."""
    try:
        view, record = await entry_of(entry, reading, call, "id", kept=kept)
    except Invalid as fault:
        raise NotFound(fault.message, path=fault.path) from None
    disclose_own(record, reading, call, "access")
    return view


async def entry_of(
    entry: UUID, reading: Reading, call: Call, *path: str, kept: Sequence[Kept] = ()
) -> tuple[AccessView, SealedRecord]:
    """One of the looks that the caller is shown, and the person's record. Raises Invalid, with that path, for anything else."""
    kept = [*kept, *await _tombstones(reading, person_of(call))]
    rows = await _entries(reading, call, kept, entry=entry, include_own=True, limit=1)
    if rows[0]["entry_id"] is None:
        raise Invalid("no such entry", path=path)
    record = record_of(rows[0], reading.keys)
    return _view(rows[0], _records(record, kept), _households(kept), reading.keys), record


async def _tombstones(reading: Reading, person: UUID) -> list[Kept]:
    """The records that were merged into somebody's: who looked at them looked at the same person."""
    masters = reading.keys.masters
    rows = await merged_into(reading, person)
    records = [SealedRecord(row["person_id"], masters.unwrap(row["person_id"], row["data_key"]), {}) for row in rows]
    return [Kept(record, None, None, merged=True) for record in records]


def _households(kept: Sequence[Kept]) -> frozenset[UUID]:
    return frozenset(each.record.owner for each in kept if not each.merged)


def _records(own: SealedRecord, kept: Sequence[Kept]) -> Mapping[UUID, SealedRecord]:
    return {its.owner: its for its in (own, *(each.record for each in kept))}


async def _entries(
    reading: Reading,
    call: Call,
    kept: Sequence[Kept],
    *,
    before: UUID | None = None,
    entry: UUID | None = None,
    include_own: bool,
    limit: int,
) -> Sequence[Row]:
    """Rows of entries, and at least one with the person's key (and no entry)."""
    person, holder = person_of(call), call.actor.holder
    owners = [person, *(each.record.owner for each in kept)]
    since, until = [None, *(each.since for each in kept)], [None, *(each.until for each in kept)]
    rows = await reading.ask(_ENTRIES, person, call.now, before, entry, include_own, holder, limit, owners, since, until)
    if not rows:
        raise Unauthenticated("the session is over")
    return rows


def officer_number(keys: KeyRing, account: UUID) -> str:
    """The number that stands for an account: the same each time, and of no use to anybody without the keys."""
    digest = int.from_bytes(keys.index("OFFICER_NUMBER", str(account), min(keys.indexes)))
    return f"{digest % 10**8:08d}"


def _view(row: Row, records: Mapping[UUID, SealedRecord], households: frozenset[UUID], keys: KeyRing) -> AccessView:
    leaf, household = orjson.loads(row["leaf"]), row["subject_id"] in households
    details = orjson.loads(records[row["subject_id"]].key.open(SEALED_ATTRIBUTE, row["entry_id"], row["sealed"]))
    ground = Ground(details["ground"])
    failed = frozenset(details.get("failed", ()))
    return AccessView(
        entry_id=row["entry_id"],
        subject_id=row["subject_id"],
        household=household,
        own=row["own"],
        at=row["recorded_at"],
        actor=ActorKind(leaf["actor"]),
        agency=_labels(row, "agency"),
        office=_labels(row, "office"),
        operator=_labels(row, "operator"),
        officer=None if leaf["officer"] is None else officer_number(keys, UUID(leaf["officer"])),
        on_behalf=None if leaf["on_behalf"] is None else OnBehalf(leaf["on_behalf"]),
        purpose=None if leaf["purpose"] is None else Purpose(leaf["purpose"]),
        field=leaf["field"],
        basis=_basis_of_household(ground, details["basis"], row) if household else _basis(ground, details["basis"], row),
        attributes=tuple(_used(name, notes, failed) for name, notes in details["uses"].items()),
        outcome=_outcome(ground, failed),
        request_id=UUID(leaf["request"]),
        report=row["report"],
    )


def _basis(ground: Ground, basis: str | None, row: Row) -> Basis:
    version = row["agreement_version"]
    if basis is None:
        return Basis(ground, agreement_version=version)
    if ground is Ground.MANDATE:
        return Basis(ground, article=_told(row["articles"]).get(basis), agreement_version=version)
    consent = UUID(basis)
    return Basis(ground, None, consent, _told(row["consents"]).get(str(consent)), version)


def _basis_of_household(ground: Ground, basis: str | None, row: Row) -> Basis:
    """As far as it concerns every member: the law, and that somebody consented (who reads is told which, if it is theirs)."""
    if ground not in ALLOWED:
        return Basis(Ground.WITHHELD, agreement_version=row["agreement_version"])
    theirs = ground is Ground.CONSENT and basis not in _told(row["consents"])
    return _basis(ground, None if theirs else basis, row)


def _told(document: str | None) -> Mapping[str, Any]:
    return {} if document is None else orjson.loads(document)


def _used(attribute: str, notes: str, failed: frozenset[str]) -> AttributeUse:
    """From the notes of a disclosure, "MATCH, PREDICATE REFUSED"."""
    noted = [part.partition(" ") for part in notes.split(", ")]
    return AttributeUse(
        attribute,
        tuple(Use(use) for use, _, rest in noted if rest != REFUSED),
        tuple(Use(use) for use, _, rest in noted if rest == REFUSED),
        attribute in failed,
    )


def _outcome(ground: Ground, failed: frozenset[str]) -> AccessOutcome:
    if ground not in ALLOWED:
        return AccessOutcome.REFUSED
    return AccessOutcome.FAILED if failed else AccessOutcome.ANSWERED


def _labels(row: Row, name: str) -> Labels | None:
    if row[f"{name}_fr"] is None:
        return None
    return {lang: row[f"{name}_{lang.lower()}"] for lang in Lang}
