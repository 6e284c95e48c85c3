"""Bulk loading of households with their members and what they declare, and publishing the programmes the project carries.

Everything happens in the caller's transaction, and what a batch needs in memory is bounded by its size.
"""

import importlib.resources
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from access.call import Call, allow
from access.rights import Scope
from core.canonical import canonical, content_hash
from core.database import Reader, Row
from core.dates import PartialDate
from core.documents import Node, read_json
from core.errors import Conflict, Invalid, SijilError, TooCostly
from core.events import Events
from core.ids import uuid7
from core.keys import KeyRing
from identity.numbers import HouseholdCode, Idcs
from registry.facts import FACT_KINDS, MAX_MEMBERS, Kinship, Milieu, Source
from registry.memberships import CODE, CODE_KIND, Joining, join, live
from registry.programmes import parse_programmes

MAX_BATCH = 5_000
_HOUSEHOLD_COLUMNS = (
    "household_id",
    "data_key",
    "code",
    "declarant_id",
    "milieu",
    "region",
    "division",
    "registered_at",
)
_IDENTIFIER_COLUMNS = ("hash", "kind", "key_version", "owner_id")
_FACT_COLUMNS = (
    "household_id",
    "fact_id",
    "person_id",
    "attribute",
    "value",
    "source",
    "dispute",
    "valid_from",
    "recorded_from",
)
Fact = tuple[UUID, UUID, UUID | None, str, int, Source, str, datetime, datetime]  # as _FACT_COLUMNS


@dataclass(frozen=True, slots=True)
class NewMember:
    """A registered person's place in a household, and the `member.*` facts known. The birth date is only told on."""

    person_id: UUID
    kinship: Kinship
    birth_date: PartialDate
    facts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """A household to be loaded. `facts` are the `household.*` ones that are known; `order` tells a head's households apart."""

    head_idcs: Idcs
    declarant: UUID
    milieu: Milieu
    region: int
    division: str
    members: tuple[NewMember, ...]
    facts: Mapping[str, int]
    order: int = 0


@dataclass(frozen=True, slots=True)
class LoadedHousehold:
    household_id: UUID
    code: HouseholdCode


@dataclass(frozen=True, slots=True)
class HouseholdsRegistered:
    """Told when households were registered: what hangs on it (their first score) belongs to the rooms above."""

    households: tuple[tuple[LoadedHousehold, NewHousehold], ...]


@allow(Scope.REGISTER_LOAD)
async def load_households(
    connection: "asyncpg.Connection[Row]", call: Call, keys: KeyRing, events: Events, households: Sequence[NewHousehold]
) -> list[LoadedHousehold]:
    """Writes a batch of households, declared now, and tells `HouseholdsRegistered`; answers in their order.

    Within a transaction of the caller's.

    Raises Invalid with the path (position, field, ...) of what is wrong, TooCostly for too large a batch, and Conflict where
    a code is taken or a member belongs to a household already.
    """
    if len(households) > MAX_BATCH:
        raise TooCostly(f"at most {MAX_BATCH} households at a time")
    loaded, rows, residences, identifiers = [], [], [], []
    memberships: list[Joining] = []
    for place, household in enumerate(households):
        try:
            _check(household)
            code = HouseholdCode.of(household.head_idcs, household.order)
        except SijilError as refusal:
            raise refusal.under(place) from None
        owner = uuid7(call.now)
        key, wrapped = keys.masters.new_data_key(owner)
        rows.append(
            (
                owner,
                wrapped,
                key.seal(CODE, owner, code.text),
                household.declarant,
                household.milieu,
                household.region,
                household.division,
                call.now,
            )
        )
        residences.append((owner, household.milieu, household.region, household.division))
        identifiers.append((keys.index(CODE_KIND, code.text), CODE_KIND, keys.index_version, owner))
        memberships += [(owner, member.person_id, member.kinship) for member in household.members]
        loaded.append(LoadedHousehold(owner, code))
    try:
        await connection.copy_records_to_table("household", records=rows, columns=_HOUSEHOLD_COLUMNS)
        await live(connection, residences, call.now)
        await connection.copy_records_to_table("identifier", records=identifiers, columns=_IDENTIFIER_COLUMNS)
        await join(connection, memberships, call.now)
    except (asyncpg.UniqueViolationError, asyncpg.ExclusionViolationError):
        raise Conflict("a code is taken, or a member belongs to a household already") from None
    except asyncpg.ForeignKeyViolationError:
        raise Invalid("a division or a member is not registered") from None
    await connection.copy_records_to_table("fact", records=_facts(loaded, households, call.now), columns=_FACT_COLUMNS)
    await events.tell(connection, call, HouseholdsRegistered(tuple(zip(loaded, households, strict=True))))
    return loaded


async def agreement_of_memberships(reader: Reader) -> int:
    """How many memberships are not the same by household and by person. Anything but 0 is a fault."""
    (row,) = await reader.ask(
        """select count(*) as differences
             from membership m full join person_household p on p.membership_id = m.membership_id
            where (m.person_id, m.household_id, m.valid_from, m.valid_to)
                  is distinct from (p.person_id, p.household_id, p.valid_from, p.valid_to)"""
    )
    return int(row["differences"])


@allow(Scope.REGISTER_LOAD)
async def publish_programmes(connection: "asyncpg.Connection[Row]", _call: Call) -> None:
    """The programmes that the project carries, each a version of its own; those published before are left as they are."""
    packaged = importlib.resources.files("registry") / "documents" / "programmes.json"
    for node in Node(read_json(packaged.read_bytes())).record(("programmes",))["programmes"].items():
        (programme,) = parse_programmes({"programmes": [node.value]})
        if programme.unset:
            node.refuse("a programme is published once its threshold and first day are set")
        await connection.execute(
            """insert into programme (code, version, hash, document, formula, threshold, since, until)
               select $1::varchar, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7 from programme where code = $1
               on conflict (hash) do nothing""",
            programme.code,
            content_hash(node.value),
            canonical(node.value).decode(),
            programme.formula,
            programme.threshold,
            programme.since,
            programme.until,
        )


def _check(household: NewHousehold) -> None:
    if sum(member.kinship is Kinship.HEAD for member in household.members) != 1:
        raise Invalid("a household has exactly one head", path=("members",))
    if len(household.members) > MAX_MEMBERS:
        raise Invalid(f"a household has at most {MAX_MEMBERS} members", path=("members",))
    _check_facts(household.facts, of_member=False)
    for number, member in enumerate(household.members):
        try:
            _check_facts(member.facts, of_member=True)
        except SijilError as refusal:
            raise refusal.under("members", number) from None


def _check_facts(facts: Mapping[str, int], *, of_member: bool) -> None:
    allowed = _MEMBER_FACTS if of_member else _HOUSEHOLD_FACTS
    for attribute, value in facts.items():
        if attribute not in allowed:
            raise Invalid("no such fact here", path=("facts", attribute))
        if isinstance(value, bool) or value not in allowed[attribute]:
            raise Invalid("out of the range of this fact", path=("facts", attribute))


# Made once: a population has dozens of facts for each person.
_HOUSEHOLD_FACTS, _MEMBER_FACTS = (
    {
        attribute: frozenset(map(int, kind.codes)) if kind.codes else range(kind.low, kind.high + 1)
        for attribute, kind in FACT_KINDS.items()
        if kind.of_member is of_member
    }
    for of_member in (False, True)
)


def _facts(loaded: Sequence[LoadedHousehold], households: Sequence[NewHousehold], now: datetime) -> Iterator[Fact]:
    """Made one by one while they are sent: they are the bulk of a load, and the database works meanwhile."""
    for home, household in zip(loaded, households, strict=True):
        owner = home.household_id
        for attribute, value in household.facts.items():
            yield owner, uuid7(now), None, attribute, value, Source.DECLARED, "NONE", now, now
        for member in household.members:
            for attribute, value in member.facts.items():
                yield owner, uuid7(now), member.person_id, attribute, value, Source.DECLARED, "NONE", now, now
