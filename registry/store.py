"""Finding households, their members and what is known of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.database import Reader, Row


async def by_code(reader: Reader, code_hash: bytes, index_version: int, now: datetime) -> Row | None:
    """The household with that code, and its head's person id."""
    rows = await reader.ask(
        """select h.household_id, m.person_id as head_id
              from identifier i join household h on h.household_id = i.owner_id
              join membership m on m.household_id = h.household_id and m.kinship = 'HEAD'
               and m.valid_from <= $2 and (m.valid_to is null or $2 < m.valid_to)
             where i.hash = $1 and i.kind = 'HOUSEHOLD_CODE' and i.key_version = $3 and h.withdrawn_at is null""",
        code_hash,
        now,
        index_version,
    )
    return rows[0] if rows else None


async def by_id(reader: Reader, household_id: UUID, now: datetime) -> Row | None:
    """The household with that id, and its head's person id."""
    rows = await reader.ask(
        """select h.household_id, m.person_id as head_id
             from household h join membership m on m.household_id = h.household_id and m.kinship = 'HEAD'
              and m.valid_from <= $2 and (m.valid_to is null or $2 < m.valid_to)
            where h.household_id = $1 and h.withdrawn_at is null""",
        household_id,
        now,
    )
    return rows[0] if rows else None


async def of_persons(reader: Reader, persons: Collection[UUID | None], now: datetime) -> dict[UUID, UUID]:
    """Person id -> household id, for those who belong to a household now. One statement."""
    rows = await reader.ask(
        """select p.person_id, p.household_id
             from person_household p join household h on h.household_id = p.household_id and h.withdrawn_at is null
            where p.person_id = any($1::uuid[]) and p.valid_from <= $2 and (p.valid_to is null or $2 < p.valid_to)""",
        [person for person in persons if person is not None],
        now,
    )
    return {row["person_id"]: row["household_id"] for row in rows}


async def homes(reader: Reader, person: UUID, now: datetime, limit: int) -> Sequence[Row]:
    """The households that a person belongs or belonged to, with their keys and when it was: the newest membership first."""
    return await reader.ask(
        """select h.household_id, h.data_key, p.valid_from, p.valid_to
             from person_household p join household h on h.household_id = p.household_id
            where p.person_id = $1 and p.valid_from <= $2 order by p.valid_from desc limit $3""",
        person,
        now,
        limit,
    )


async def household(reader: Reader, household_id: UUID) -> Row | None:
    rows = await reader.ask(
        """select household_id, data_key, code, declarant_id, milieu, region, division, registered_at
             from household where household_id = $1""",
        household_id,
    )
    return rows[0] if rows else None


async def members(reader: Reader, household_id: UUID, now: datetime) -> Sequence[Row]:
    """The members now, the head first."""
    return await reader.ask(
        """select person_id, kinship, valid_from, valid_to from membership
            where household_id = $1 and valid_from <= $2 and (valid_to is null or $2 < valid_to)
            order by kinship <> 'HEAD', valid_from, membership_id""",
        household_id,
        now,
    )


async def facts(reader: Reader, household_id: UUID, attributes: Collection[str], now: datetime) -> Sequence[Row]:
    """The current value of each of the attributes, of the household and of each of its members."""
    return await reader.ask(
        """select distinct on (attribute, person_id) attribute, person_id, value, source, evidence, dispute,
                  valid_from, recorded_from
             from fact
            where household_id = $1 and attribute = any($3::varchar[])
              and valid_from <= $2 and (valid_to is null or $2 < valid_to)
              and recorded_from <= $2 and (recorded_to is null or $2 < recorded_to)
            order by attribute, person_id, valid_from desc, recorded_from desc, fact_id desc""",
        household_id,
        now,
        sorted(attributes),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A household as it was at `valid_at`, and as that was known at `known_at`."""

    household_id: UUID
    valid_at: datetime
    known_at: datetime


async def residences_of(reader: Reader, asked: Sequence[Asked]) -> Sequence[Row]:
    """Where each lived: rows of (n, milieu, region), n from 1 on in the order of those asked for. One statement."""
    return await reader.ask(
        f"""select a.n, r.milieu, r.region from {_ASKED} join household_residence r on r.household_id = a.household_id
               and r.valid_from <= a.valid_at and (r.valid_to is null or a.valid_at < r.valid_to)""",
        *_columns(asked),
    )


async def members_of(reader: Reader, asked: Sequence[Asked]) -> Sequence[Row]:
    """The members of each, the head first, as `members` has them: rows of (n, person_id, kinship). One statement."""
    return await reader.ask(
        f"""select a.n, m.person_id, m.kinship from {_ASKED} join membership m on m.household_id = a.household_id
               and m.valid_from <= a.valid_at and (m.valid_to is null or a.valid_at < m.valid_to)
             order by a.n, m.kinship <> 'HEAD', m.valid_from, m.membership_id""",
        *_columns(asked),
    )


async def facts_of(reader: Reader, asked: Sequence[Asked], attributes: Collection[str]) -> Sequence[Row]:
    """The value of each of the attributes, of each household and of its members: rows of (n, attribute, person_id, value,
    fact_id, source, valid_from, recorded_from). One statement."""
    return await reader.ask(
        f"""select a.n, f.* from {_ASKED} cross join lateral (
                   select distinct on (attribute, person_id)
                          attribute, person_id, value, fact_id, source, valid_from, recorded_from
                     from fact
                    where household_id = a.household_id and attribute = any($4::varchar[])
                      and valid_from <= a.valid_at and (valid_to is null or a.valid_at < valid_to)
                      and recorded_from <= a.known_at and (recorded_to is null or a.known_at < recorded_to)
                    order by attribute, person_id, valid_from desc, recorded_from desc, fact_id desc) f""",
        *_columns(asked),
        sorted(attributes),
    )


_ASKED = "unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) with ordinality a (household_id, valid_at, known_at, n)"


def _columns(asked: Sequence[Asked]) -> tuple[list[UUID], list[datetime], list[datetime]]:
    return [each.household_id for each in asked], [each.valid_at for each in asked], [each.known_at for each in asked]
