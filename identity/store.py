"""Finding people: a whole batch in one statement, with the agency's authority, out of one snapshot.

A subject nobody knows is answered with the decoy's sealed record, so that the same work is done for it; it is kept under an
id derived from what was asked, a known person under the person's id however asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from access import authority
from access.call import ActorKind, Call, Purpose
from access.consent_states import Window, window_ends
from access.decision import ConsentGrant, Standing, Status, SubjectState
from access.disclosure import SealedRecord
from access.reading import Reading
from access.territory import lineage
from core.database import Reader, Row
from core.errors import Invalid
from core.keys import KeyRing
from identity.numbers import Idcs, TokenKind, resolve_token
from identity.virtual_numbers import VirtualNumber
from identity.virtual_uses import Use, use, used_already

DECOY = UUID("00000000-0000-7000-8000-0000000dec07")

# Catalogue attribute -> the sealed parts it has (a name has one for each script), each part a column of `person`.
PARTS: dict[str, tuple[str, ...]] = {
    "person.idcs": ("person.idcs",),
    "person.given_name": ("person.given_name:ar", "person.given_name:latin"),
    "person.family_name": ("person.family_name:ar", "person.family_name:latin"),
    "person.birth_date": ("person.birth_date",),
    "person.birth_place": ("person.birth_place",),
    "person.father_name": ("person.father_name",),
    "person.mother_name": ("person.mother_name",),
    "person.sex": ("person.sex",),
    "person.marital_status": ("person.marital_status",),
    "person.nationality": ("person.nationality",),
    "person.cnie": ("person.cnie",),
    "person.residence_permit": ("person.residence_permit",),
    "person.residence": ("person.residence",),
    "person.address": ("person.address",),
    "person.telephone": ("person.telephone",),
    "person.email": ("person.email",),
}
RESIDENCE = "person.residence"
_WINDOWS = "array[" + ", ".join(f"'{window}'" for window in Window) + "]::varchar[]"
SEALED_PARTS = tuple(part for parts in PARTS.values() for part in parts)
# The status that counts at `now` of a row `p` of person: a suspension is over by itself.
STATUS_NOW = "case when p.status = 'SUSPENDED' and p.status_until <= {now} then 'ACTIVE' else p.status end"
# The ids of the guardians at `now` of such a row.
GUARDIANS_NOW = """array(select r.relative_id from relative r where r.person_id = p.person_id and r.kind = 'GUARDIAN'
                and r.valid_from <= {now} and (r.valid_to is null or {now} < r.valid_to))"""


def column(part: str) -> str:
    return part.removeprefix("person.").replace(":", "_")


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """How a subject was named: by a keyed hash (of a number that is `virtual`, or of the IDCS), or by the id inside an
    agency's own token."""

    hash: bytes | None
    person_id: UUID | None
    stranger: UUID
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject of a batch. `entry_owner` is the id that entries and budgets are kept under; `person_id` None: unknown."""

    person_id: UUID | None
    entry_owner: UUID
    record: SealedRecord
    failures: int
    status: Status
    _locked: frozenset[Purpose]
    _locked_mandated: frozenset[Purpose]
    _consent: ConsentGrant | None

    @classmethod
    def of(cls, record: SealedRecord, status: Status) -> "Subject":
        """Somebody whom no agency asks about: there are no locks, consents or failures to be looked at."""
        nothing = frozenset[Purpose]()
        return cls(record.owner, record.owner, record, 0, status, nothing, nothing, None)

    def state(self, standing: Standing) -> SubjectState:
        """What the decision needs; the residence is opened only where the agreement has a territory."""
        divisions = None
        if standing.agreement.territory is not None:
            code = self.record.open(RESIDENCE)
            divisions = frozenset() if code is None else lineage(code)
        return SubjectState(self.status, self._locked, self._locked_mandated, self._consent, divisions)


def key_of(keys: KeyRing, agency: UUID, *, idcs: str | None, token: str | None, virtual_id: str | None = None) -> SubjectKey:
    """Raises Invalid, with the path of the field, where the subject is not well-formed."""
    if (idcs is None) + (token is None) + (virtual_id is None) != 2:
        raise Invalid("a subject is named in exactly one way")
    if idcs is not None:
        try:
            number = Idcs.parse(idcs).text
        except Invalid as fault:
            raise fault.under("idcs") from None
        return SubjectKey(keys.index("IDCS", number), None, keys.stranger("IDCS", number))
    if virtual_id is not None:
        try:
            number = VirtualNumber.parse(virtual_id).text
        except Invalid as fault:
            raise fault.under("virtualId") from None
        return SubjectKey(keys.index("VIRTUAL_ID", number), None, keys.stranger("VIRTUAL_ID", number), virtual=True)
    assert token is not None
    try:
        kind, person = resolve_token(token, agency, keys.tokens)
        if kind is not TokenKind.PERSON:
            raise Invalid("this is not the token of a person")
    except Invalid as fault:
        raise fault.under("token") from None
    return SubjectKey(None, person, keys.stranger("PERSON", str(person)))


@lru_cache(maxsize=256)
def _statement(parts: tuple[str, ...], kind: ActorKind, virtual: bool) -> str:
    """`virtual`: somebody is named by a virtual number, whoever has it. A tombstone leads to the record it stands for."""
    columns = "".join(f", p.{column(part)}" for part in parts)
    first = authority.FIRST_FREE
    hashes, persons, strangers, consents, version, decoy, windows = (f"${n}" for n in range(first, first + 7))
    now, purpose, agency = authority.NOW, authority.PURPOSE, authority.AGENCY
    virtuals, firsts = (f"${n}::boolean[]" for n in (first + 7, first + 8))
    found_by = f"""left join identifier i on i.hash = asked.hash and i.kind = 'IDCS' and i.key_version = {version}
      left join person_alias a on a.person_id = coalesce(i.owner_id, asked.person_id) and a.undone_at is null
      left join person known on known.person_id = coalesce(a.survivor_id, i.owner_id, asked.person_id)"""
    if virtual:  # a number that does not count any more leads to nobody, by the same work
        found_by = f"""left join lateral (select ({virtuals})[asked.n] as virtual, ({firsts})[asked.n] as first) named on true
      left join identifier i on i.hash = asked.hash and i.key_version = {version}
       and i.kind = case when named.virtual then 'VIRTUAL_ID' else 'IDCS' end
      left join lateral (
           select v.virtual_id from virtual_id v
            where named.virtual and v.person_id = coalesce(i.owner_id, {decoy}) and v.hash = asked.hash
              and v.valid_from <= {now} and (v.valid_to is null or {now} < v.valid_to)
              and (v.revoked_at is null or {now} < v.revoked_at)
              and (v.kind <> 'SINGLE_USE' or v.uses = 0 and named.first) limit 1) v on true
      left join person_alias a on a.person_id = coalesce(i.owner_id, asked.person_id) and a.undone_at is null
      left join person known on known.person_id = case when named.virtual and v.virtual_id is null then null
                                                       else coalesce(a.survivor_id, i.owner_id, asked.person_id) end"""
    used = "v.virtual_id, i.owner_id as virtual_owner" if virtual else "null::uuid as virtual_id"
    locked = f"""(select array_agg(purpose) from identity_lock l, unnest(l.purposes) purpose where l.person_id = p.person_id
        and l.valid_from <= {now} and (l.valid_to is null or {now} < l.valid_to)"""
    return f"""
    with asked as (
        select * from unnest({hashes}::bytea[], {persons}::uuid[], {strangers}::uuid[], {consents}::uuid[])
        with ordinality as asked (hash, person_id, stranger, consent_id, n))
    select {authority.COLUMNS}, known.person_id as known_id, coalesce(known.person_id, asked.stranger) as entry_owner,
           p.person_id, p.data_key, {STATUS_NOW.format(now=now)} as status{columns},
           c.consent_id, c.attributes as consent_attributes, c.valid_from as consent_from, c.valid_to as consent_to,
           c.uses as consent_uses, c.used as consent_used, c.window_end as consent_window, coalesce(f.used, 0) as failures,
           {locked}) as locked, {locked} and l.mandated_too) as locked_mandated, {used}
      from asked
      left join ({authority.source(kind)}) authority on asked.n = 1
      {found_by} and known.status <> 'DECOY' and known.data_key is not null
      join person p on p.person_id = coalesce(known.person_id, {decoy})
      left join lateral (
           select c.consent_id, c.attributes, c.valid_from, c.valid_to, c.uses, coalesce(u.used, 0) as used, w.window_end
             from consent c
             cross join lateral (select ({windows}::timestamptz[])[array_position({_WINDOWS}, c.per)] as window_end) w
             left join counter u on c.uses is not null and u.owner_id = c.consent_id and u.agency_id = c.agency_id
              and u.kind = 'CONSENT' and u.window_end = w.window_end
            where c.person_id = p.person_id and c.agency_id = {agency} and c.purpose = {purpose}::varchar
              and c.state = 'GRANTED' and c.valid_from <= {now} and {now} < c.valid_to
              and (c.uses is null or coalesce(u.used, 0) < c.uses)
              and (asked.consent_id is null or c.consent_id = asked.consent_id)
            order by c.valid_from desc, c.consent_id desc limit 1) c on true
      left join counter f on f.owner_id = coalesce(known.person_id, asked.stranger) and f.agency_id = {agency}
       and f.kind = 'FAILURES' and f.window_end = {authority.FAILURES_END}
     order by asked.n"""


async def subjects(
    reading: Reading,
    call: Call,
    purpose: Purpose,
    asked: Sequence[tuple[SubjectKey, UUID | None]],
    attributes: Iterable[str],
) -> tuple[Row, list[Subject]]:
    """The row with the agency's authority, and the subjects asked for, in their order: one statement for any number.

    Of the sealed values only those of `attributes` (and the residence, for territories) are fetched. `asked` holds the key of
    each subject and the consent that the question names, if it names one. That a virtual number was used is settled with the
    answer.
    """
    wanted = {part for attribute in attributes for part in PARTS.get(attribute, ())} | {RESIDENCE}
    parts = tuple(part for part in SEALED_PARTS if part in wanted)
    virtual = any(key.virtual for key, _ in asked)
    rows = await reading.ask(
        _statement(parts, call.actor.kind, virtual),
        *authority.parameters(call, purpose),
        [key.hash for key, _ in asked],
        [key.person_id for key, _ in asked],
        [key.stranger for key, _ in asked],
        [consent for _, consent in asked],
        reading.keys.index_version,
        DECOY,
        window_ends(call.now),
        *([[key.virtual for key, _ in asked], _first_named(reading, asked)] if virtual else ()),
    )
    for (key, _), row in zip(asked, rows, strict=True):
        if key.virtual and key.hash is not None:
            # Of a number that leads to nobody a use of nobody's: what an answer leaves behind takes as many statements.
            known = row["virtual_id"] is not None and row["known_id"] is not None
            owner, number = (row["virtual_owner"], row["virtual_id"]) if known else (key.stranger, key.stranger)
            use(reading.settlement, Use(owner, number, key.hash, call.now))
    return rows[0], [_subject(row, parts, reading.keys) for row in rows]


def _first_named(reading: Reading, asked: Sequence[tuple[SubjectKey, UUID | None]]) -> list[bool]:
    """Whether each is named for the first time by the request: a number for one use serves once in it, too."""
    named = set(used_already(reading.settlement))
    first = []
    for key, _ in asked:
        first.append(key.hash not in named)
        named |= {key.hash} if key.hash is not None else set()
    return first


def record_of(row: Row, keys: KeyRing, parts: Iterable[str] = ()) -> SealedRecord:
    """From a row with `person_id`, `data_key` (not null) and the columns of these sealed parts."""
    owner: UUID = row["person_id"]
    return SealedRecord(owner, keys.masters.unwrap(owner, row["data_key"]), {part: row[column(part)] for part in parts})


def _subject(row: Row, parts: tuple[str, ...], keys: KeyRing) -> Subject:
    record = record_of(row, keys, parts)
    consent = None
    if row["consent_id"] is not None:
        attributes = frozenset(row["consent_attributes"])
        consent = ConsentGrant(
            row["consent_id"],
            attributes,
            row["consent_from"],
            row["consent_to"],
            row["consent_uses"],
            row["consent_used"],
            row["consent_window"],
        )
    return Subject(
        person_id=row["known_id"],
        entry_owner=row["entry_owner"],
        record=record,
        failures=row["failures"],
        status=Status(row["status"]),
        _locked=frozenset(map(Purpose, row["locked"] or ())),
        _locked_mandated=frozenset(map(Purpose, row["locked_mandated"] or ())),
        _consent=consent,
    )


async def divisions(reader: Reader, codes: Iterable[str]) -> dict[str, Row]:
    """The divisions of these codes, in one statement (none where there are no codes)."""
    wanted = sorted(set(codes))
    if not wanted:
        return {}
    sql = "select code, level, parent, name_fr, name_ar, milieu from division where code = any($1::varchar[])"
    return {row["code"]: row for row in await reader.ask(sql, wanted)}
