"""Who belongs to which household, and where it lives: the one place that writes both, each way they are kept.

Memberships have one time: they count from when they are recorded, so that a score of any earlier day can be made again. The
day on which something happened is the life event's. To be called within a transaction, on the driver's connection.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from access.call import Call
from access.catalogue import Use
from access.decision import decide_upkeep
from access.disclosure import Disclosure
from access.ledger import LEDGER, entry
from core.database import Row
from core.errors import Conflict, Invalid, NotFound, SijilError
from core.ids import uuid7
from core.keys import KeyRing
from identity.numbers import HouseholdCode, Idcs
from identity.store import record_of
from registry.facts import Kinship, Milieu

CODE_KIND: Final = "HOUSEHOLD_CODE"
CODE: Final = "household.code"
ORDERS: Final = 10
FIELD: Final = "householdCode"
_IDCS: Final = "person.idcs"
Kinships = Mapping[UUID, Kinship]
Joining = tuple[UUID, UUID, Kinship]  # household, person, kinship to the head
_MEMBERSHIP = ("household_id", "membership_id", "person_id", "kinship", "valid_from")
_BY_PERSON = ("person_id", "membership_id", "household_id", "valid_from")
_HOLD_HOMES = """
select household_id from household where household_id = any($1::uuid[]) and withdrawn_at is null
 order by household_id for update"""
# Of two transactions that move one person the second waits here, and then sees where the first has put them.
_HOLD_PEOPLE = """
select person_id from person where person_id = any($1::uuid[]) and data_key is not null
 order by person_id for no key update"""
_STANDING = """
select household_id, membership_id, person_id, kinship from membership
 where household_id = any($1::uuid[]) and valid_to is null order by membership_id"""
# A moment later than all that these households and people were part of before.
_SINCE = """
select greatest($3, (select max(greatest(valid_from, valid_to)) + interval '1 microsecond' from (
    select valid_from, valid_to from membership where household_id = any($1::uuid[])
    union all
    select valid_from, valid_to from person_household where person_id = any($2::uuid[])) its))"""
_END = (
    "update membership set valid_to = $2 where household_id = any($3::uuid[]) and membership_id = any($1::uuid[])",
    "update person_household set valid_to = $2 where person_id = any($3::uuid[]) and membership_id = any($1::uuid[])",
)
_TAKEN = "select hash from identifier where hash = any($1::bytea[]) and kind = $2 and key_version = $3"
_HEAD = "select person_id, data_key, idcs from person where person_id = $1 and data_key is not null"
# Whoever speaks for a household is of it: the head, where who did has left.
_DECLARES = "update household set declarant_id = $2 where household_id = $1 and declarant_id <> all($3::uuid[])"
_HOME_KEY = "select data_key from household where household_id = $1"


async def compose(connection: "asyncpg.Connection[Row]", keys: KeyRing, call: Call, homes: Mapping[UUID, Kinships]) -> datetime:
    """From now on exactly these people belong to each of these households; since when that counts, a moment after `call.now`
    where something newer is recorded of them.

    Whoever stays as they were is left alone. Whoever is named for one household and belonged to another of these leaves that
    one in the same moment. A household in which nobody remains is withdrawn. One that gets another head gets that head's code,
    while its old codes lead to it as before. Where who speaks for it has left, the head does. Raises NotFound for a
    household that is not there, Invalid for a person who is not, Conflict where somebody belongs to yet another household, or
    it has two heads.
    """
    held = await connection.fetch(_HOLD_HOMES, list(homes))
    if len(held) < len(homes):
        raise NotFound("no such household", path=("household",))
    standing = await connection.fetch(_STANDING, list(homes))
    kept = {(row["household_id"], row["person_id"], Kinship(row["kinship"])) for row in standing}
    wanted = {(home, person, kinship) for home, members in homes.items() for person, kinship in members.items()}
    people = {row["person_id"] for row in standing}
    new = sorted({person for _, person, _ in wanted} - people)
    if len(await connection.fetch(_HOLD_PEOPLE, new)) < len(new):
        raise Invalid("a member is not registered", path=("members",))
    since: datetime = await connection.fetchval(_SINCE, list(homes), [*people, *new], call.now)
    left = [row for row in standing if (row["household_id"], row["person_id"], Kinship(row["kinship"])) not in wanted]
    if left:
        ended = [row["membership_id"] for row in left]
        await connection.execute(_END[0], ended, since, list({row["household_id"] for row in left}))
        await connection.execute(_END[1], ended, since, list({row["person_id"] for row in left}))
    joining = [
        each for home, its in homes.items() for person, kinship in its.items() if (each := (home, person, kinship)) not in kept
    ]
    try:
        await join(connection, joining, since)
    except SijilError as refusal:
        raise refusal.under("members") from None
    empty = [home for home, members in homes.items() if not members]
    if empty:
        await connection.execute("update household set withdrawn_at = $2 where household_id = any($1::uuid[])", empty, since)
    for home, person, kinship in joining:
        if kinship is Kinship.HEAD:
            await renew_code(connection, keys, call, home, person)
    for home, person, kinship in wanted:
        if kinship is Kinship.HEAD:
            await connection.execute(_DECLARES, home, person, list(homes[home]))
    return since


async def join(connection: "asyncpg.Connection[Row]", joining: Sequence[Joining], since: datetime) -> None:
    """Writes memberships both ways, by household and by person.

    Raises Conflict where somebody belongs to a household already or one has two heads, Invalid where somebody is not there.
    """
    # In order: the register gives members back as they were declared, so that the inputs of a score can be made again.
    ids = sorted(uuid7(since) for _ in joining)
    joined = [
        (household, membership, person, kinship, since)
        for membership, (household, person, kinship) in zip(ids, joining, strict=True)
    ]
    by_person = [(person, membership, household, since) for household, membership, person, _, _ in joined]
    try:
        await connection.copy_records_to_table("membership", records=joined, columns=_MEMBERSHIP)
        await connection.copy_records_to_table("person_household", records=by_person, columns=_BY_PERSON)
    except asyncpg.ExclusionViolationError as fault:
        if fault.constraint_name == "ex_membership_one_head":
            raise Conflict("a household has one head at a time") from None
        raise Conflict("a member belongs to a household already") from None
    except asyncpg.ForeignKeyViolationError:
        raise Invalid("a household or a member is not registered") from None


async def members(connection: "asyncpg.Connection[Row]", household: UUID) -> dict[UUID, Kinship]:
    """The members as they are now, and nobody changes them until the transaction ends: the head first."""
    await connection.fetch(_HOLD_HOMES, [household])
    rows = await connection.fetch(_STANDING, [household])
    rows = sorted(rows, key=lambda row: (row["kinship"] != Kinship.HEAD, row["membership_id"]))
    return {row["person_id"]: Kinship(row["kinship"]) for row in rows}


async def renew_code(
    connection: "asyncpg.Connection[Row]", keys: KeyRing, call: Call, household: UUID, head: UUID
) -> HouseholdCode:
    """Gives a household the next free code of that head, whose number is read for it, which is recorded.

    Raises Conflict where all ten are taken.
    """
    row = await connection.fetchrow(_HEAD, head)
    if row is None:
        raise Invalid("a member is not registered", path=("members",))
    looked = Disclosure(
        decide_upkeep(_IDCS), record_of(row, keys, (_IDCS,)), subject=head, entry_id=uuid7(call.now), field=FIELD
    )
    _, number = looked.compare(_IDCS, Use.MATCH, lambda its: its.open(_IDCS))
    await LEDGER.apply(connection, [(0, entry(looked, call))])
    code = await free_code(connection, keys, Idcs.parse(number or ""))
    owner_key = keys.masters.unwrap(household, await connection.fetchval(_HOME_KEY, household))
    try:
        await connection.execute(
            "insert into identifier (hash, kind, key_version, owner_id) values ($1, $2, $3, $4)",
            *(keys.index(CODE_KIND, code.text), CODE_KIND, keys.index_version, household),
        )
    except asyncpg.UniqueViolationError:
        raise Conflict("this head was given another household at the same time", path=("members",)) from None
    sealed = owner_key.seal(CODE, household, code.text)
    await connection.execute("update household set code = $2 where household_id = $1", household, sealed)
    return code


async def free_code(connection: "asyncpg.Connection[Row]", keys: KeyRing, head: Idcs) -> HouseholdCode:
    """The first code of that head that no household has or had. Raises Conflict where all are taken."""
    codes = [HouseholdCode.of(head, order) for order in range(ORDERS)]
    hashes = [keys.index(CODE_KIND, code.text) for code in codes]
    taken = {bytes(row["hash"]) for row in await connection.fetch(_TAKEN, hashes, CODE_KIND, keys.index_version)}
    free = [code for code, hash_ in zip(codes, hashes, strict=True) if hash_ not in taken]
    if not free:
        raise Conflict(f"this head has had {ORDERS} households", path=("members",))
    return free[0]


async def live(connection: "asyncpg.Connection[Row]", places: Iterable[tuple[UUID, Milieu, int, str]], since: datetime) -> None:
    """Writes where households live from then on: (household, milieu, region, division)."""
    rows = [(household, uuid7(since), *place, since) for household, *place in places]
    await connection.copy_records_to_table(
        "household_residence",
        records=rows,
        columns=("household_id", "residence_id", "milieu", "region", "division", "valid_from"),
    )
