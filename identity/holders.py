"""Whom an IDCS stands for, at the doors where people come to their own record: somebody registered, or the decoy for nobody.

What the register has of a person (or of the decoy, in the place of nobody) is fetched by the same statement, so that the same
work follows. `owner` is the id that everything is kept under: the person, or the id that stands for that stranger.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call
from access.catalogue import Lang, Use
from access.decision import NOTHING, Decision, Ground, decide_upkeep
from access.disclosure import Disclosure, SealedRecord
from access.notices import Channel, Notice
from access.outbox import Owner, OwnerKind, tell
from access.reading import Reading
from access.rights import Scope
from access.territory import lineage
from core.database import raw
from core.errors import Invalid
from core.keys import KeyRing
from core.texts import typed_digits
from identity.numbers import Idcs
from identity.store import DECOY, RESIDENCE, SEALED_PARTS, column, record_of

MAX_TYPED = 40  # characters
_ATTRIBUTES = ("person.given_name", "person.family_name", "person.residence", "person.telephone", "person.email")
_PARTS = tuple(part for part in SEALED_PARTS if part.split(":")[0] in _ATTRIBUTES)
_WAYS = {Channel.SMS: "person.telephone", Channel.EMAIL: "person.email"}
_FIND = f"""
select p.person_id, p.data_key, p.lang, known.person_id as known_id{"".join(f", p.{column(part)}" for part in _PARTS)},
       exists (select from relative r where r.person_id = p.person_id and r.kind = 'GUARDIAN'
                  and r.valid_from <= $6 and (r.valid_to is null or $6 < r.valid_to)) as is_ward,
       coalesce(known.status = 'ACTIVE' or known.status_until <= $6, false) as active
  from unnest($1::bytea[], $2::uuid[], $5::boolean[]) with ordinality as asked (hash, person_id, reachable, n)
  left join identifier i on i.hash = asked.hash and i.kind = 'IDCS' and i.key_version = $3
  left join person known on known.person_id = coalesce(i.owner_id, asked.person_id) and known.status in ('ACTIVE', 'SUSPENDED')
   and (not asked.reachable or known.telephone is not null or known.email is not null)
  join person p on p.person_id = coalesce(known.person_id, $4)
 order by asked.n"""


@dataclass(frozen=True, slots=True)
class Holder:
    """`person_id` is None for nobody, whose `record` is the decoy's. `is_ward`: somebody is their guardian.

    `active`: the record counts now; else it is suspended, or nobody's.
    """

    person_id: UUID | None
    owner: UUID
    record: SealedRecord
    lang: Lang
    is_ward: bool
    active: bool
    data_key: bytes = field(repr=False)  # wrapped

    @property
    def row(self) -> UUID:
        """The row of `person` that rows about them hang on: the decoy's, for nobody."""
        return self.record.owner

    def ways(self) -> dict[Channel, str]:
        """Where they are reached: opened for sending, and for nobody's eyes."""
        found = {channel: self.record.open(part) for channel, part in _WAYS.items()}
        return {channel: address for channel, address in found.items() if address is not None}

    def way(self, wished: Channel | None = None) -> dict[Channel, str]:
        """The one way to reach them at once: the one that is wished for, else a text message, else e-mail."""
        ways = self.ways()
        first = next((channel for channel in (wished, Channel.SMS, Channel.EMAIL) if channel in ways), None)
        return {} if first is None else {first: ways[first]}


def typed_number(typed: str, *path: str) -> Idcs:
    """The IDCS that somebody typed, in whatever digits and groups. Raises Invalid, with that path."""
    number = typed_digits(typed) if len(typed) <= MAX_TYPED else ""
    try:
        return Idcs.parse(number)
    except Invalid as fault:
        raise Invalid(fault.message, path=path or ("idcs",)) from None


async def holders(
    connection: AsyncConnection, keys: KeyRing, numbers: Sequence[Idcs], now: datetime, *, reachable: Sequence[bool]
) -> tuple[list[Holder], Holder]:
    """Those who have these numbers, in their order, and nobody at all: one statement.

    Nobody has the number of who died or was cancelled, nor (where `reachable`) of who has neither telephone nor e-mail.
    """
    hashes = [*(keys.index("IDCS", number.text) for number in numbers), None]
    strangers = [*(keys.stranger("IDCS", number.text) for number in numbers), DECOY]
    ids = [None] * len(hashes)
    rows = await (await raw(connection)).fetch(_FIND, hashes, ids, keys.index_version, DECOY, [*reachable, False], now)
    *found, nobody = [_holder(row, stranger, keys) for row, stranger in zip(rows, strangers, strict=True)]
    return found, nobody


async def holders_of(connection: AsyncConnection, keys: KeyRing, persons: Collection[UUID], now: datetime) -> list[Holder]:
    """Those people, in their order; the decoy for who died or was cancelled meanwhile."""
    ids = list(persons)
    nothing = [None] * len(ids)
    rows = await (await raw(connection)).fetch(_FIND, nothing, ids, keys.index_version, DECOY, [False] * len(ids), now)
    return [_holder(row, person, keys) for row, person in zip(rows, ids, strict=True)]


async def tell_holder(
    connection: AsyncConnection,
    keys: KeyRing,
    call: Call,
    holder: Holder,
    notice: Notice,
    *,
    lang: Lang | None = None,
    ways: dict[Channel, str] | None = None,
) -> None:
    """Tells somebody in their language, by all ways that are known or those given; whoever has none is told nothing."""
    channels = holder.ways() if ways is None else ways
    if channels:
        owner = Owner(OwnerKind.PERSON, holder.row, holder.data_key)
        await tell(connection, call, keys, owner=owner, notice=notice, lang=lang or holder.lang, channels=channels)


def language(chosen: str | None) -> Lang:
    """The language that somebody chose last, as it is stored."""
    return Lang.AR if chosen is None else Lang(chosen)


def look(holder: Holder, reading: Reading, call: Call, root_field: str, *attributes: str) -> Disclosure:
    """The registry's own look at these attributes of somebody, or of nobody, to compare them. It is recorded."""
    decision = Decision(NOTHING, Ground.UNKNOWN, None, b"") if holder.person_id is None else decide_upkeep(*attributes)
    return reading.disclose(decision, holder.record, call, subject=holder.owner, root_field=root_field)


def lies_within(disclosure: Disclosure, call: Call, scope: Scope, part: str | None = None) -> bool:
    """Whether they reside where the scope holds (and in that division, if one is given). Nobody resides anywhere."""

    def judge(record: SealedRecord) -> bool:
        code = record.open(RESIDENCE)
        here = part is None or (code is not None and part in lineage(code))
        return here and call.actor.reaches(scope, None if code is None else [code])

    return all(disclosure.compare(RESIDENCE, Use.MATCH, judge))


def _holder(row: Any, stranger: UUID, keys: KeyRing) -> Holder:
    return Holder(
        row["known_id"],
        row["known_id"] or stranger,
        record_of(row, keys, _PARTS),
        language(row["lang"]),
        row["is_ward"],
        row["active"],
        row["data_key"],
    )
