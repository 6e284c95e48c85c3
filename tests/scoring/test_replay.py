"""Stored scores made again out of the database: bit by bit, from what was known when they were made, whatever came later."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from core.database import Database, Snapshot
from core.errors import Invalid
from core.ids import uuid7
from core.keys import KeyRing
from identity.numbers import HouseholdCode
from identity.revisions import CHANGE
from scoring.replay import GONE, in_force, sampled
from tests.access.enrolled import NOW
from tests.scoring.loaded import CALL, Loaded, different

LATER = NOW + timedelta(days=40)


@pytest.fixture
async def loaded(database: Database, keys: KeyRing, clean: None) -> Loaded:
    return await Loaded.of(database, keys)


async def test_every_stored_score_is_made_again_bit_by_bit(loaded: Loaded) -> None:
    found = await loaded.replay()
    assert len(found) == len(await loaded.scores()) > 15
    assert different(found) == {}


@pytest.mark.parametrize(
    ("column", "altered"),
    [
        ("value", "value + 0.000000000001"),
        ("amounts", "array[amounts[1] + 1] || amounts[2:]"),
        ("inputs_hash", "sha256(inputs_hash)"),
        ("ages_change_on", "coalesce(ages_change_on, '2030-01-01') + 1"),
    ],
)
async def test_whatever_is_altered_of_a_score_comes_to_light(loaded: Loaded, column: str, altered: str) -> None:
    its = (await loaded.scores())[3]
    await loaded.database.ask(f"update score set {column} = {altered} where score_id = $1", its["score_id"])
    assert different(await loaded.replay()) == {its["score_id"]: (column,)}


async def test_what_is_known_since_changes_no_earlier_score(loaded: Loaded) -> None:
    """A fact that is replaced, a member who leaves, a household that moves and a birth date that is corrected, all later."""
    home = next(
        row["household_id"]
        for row in await loaded.database.ask(
            "select household_id from membership group by household_id having count(*) > 2 order by household_id"
        )
    )
    ask = loaded.database.ask
    await ask("update fact set recorded_to = $2 where household_id = $1 and attribute = 'household.rooms'", home, LATER)
    await ask(
        """insert into fact (household_id, fact_id, attribute, value, source, dispute, valid_from, recorded_from)
           values ($1, $2, 'household.rooms', 49, 'DECLARED', 'NONE', $3, $3)""",
        *(home, uuid7(LATER), LATER),
    )
    (member,) = await ask(
        "select person_id from membership where household_id = $1 and kinship <> 'HEAD' order by membership_id limit 1", home
    )
    await ask(
        "update membership set valid_to = $3 where household_id = $1 and person_id = $2", home, member["person_id"], LATER
    )
    await ask("update household_residence set valid_to = $2 where household_id = $1", home, LATER)
    await ask(
        """insert into household_residence (household_id, residence_id, milieu, region, division, valid_from)
           select household_id, gen_random_uuid(), case milieu when 'URBAN' then 'RURAL' else 'URBAN' end, region, division, $2
             from household_residence where household_id = $1""",
        *(home, LATER),
    )
    (head,) = await ask(
        """select p.person_id, p.data_key, p.birth_date from membership m join person p on p.person_id = m.person_id
            where m.household_id = $1 and m.kinship = 'HEAD'""",
        home,
    )
    owner, revision = head["person_id"], uuid7(LATER)
    key = loaded.keys.masters.unwrap(owner, head["data_key"])
    was = key.open("person.birth_date", owner, head["birth_date"])
    change = json.dumps({"person.birth_date": [was, "1931-01-01"]})
    await ask(
        """insert into person_revision (person_id, revision_id, cause, source, recorded_at, change)
           values ($1, $2, 'CORRECTION', 'CENTRE', $3, $4)""",
        *(owner, revision, LATER, key.seal(CHANGE, revision, change)),
    )
    await ask(
        "update person set birth_date = $2 where person_id = $1", owner, key.seal("person.birth_date", owner, "1931-01-01")
    )
    assert different(await loaded.replay()) == {}
    await ask(
        "update score set calculated_at = $2, effective_from = $2 where household_id = $1", home, LATER + timedelta(days=1)
    )
    ((_, columns),) = different(await loaded.replay()).items()
    assert {"inputs_hash", "milieu", "value"} <= set(columns), "known by then, it counts"


async def test_of_an_erased_member_it_is_said_that_nothing_can_be_made_again(loaded: Loaded) -> None:
    its = (await loaded.scores())[0]
    await loaded.database.ask(
        """update person set data_key = null, status = 'CANCELLED'
            where person_id = (select person_id from membership where household_id = $1 limit 1)""",
        its["household_id"],
    )
    assert different(await loaded.replay()) == {its["score_id"]: (GONE,)}


async def test_a_household_is_asked_for_by_its_code_as_of_an_instant_or_scores_by_chance(loaded: Loaded) -> None:
    code = HouseholdCode.parse(loaded.subjects[0]["household_code"])
    async with loaded.database.connection() as raw:
        reader = Snapshot(raw)
        ((home, score),) = await in_force(reader, CALL, loaded.keys, code=code, as_of=NOW)
        assert (await loaded.replay((home, score)))[0].differences == ()
        with pytest.raises(Invalid):
            await in_force(reader, CALL, loaded.keys, code=code, as_of=NOW - timedelta(days=1))
        chosen = await sampled(reader, CALL, number=7)
        assert len(set(chosen)) == 7
        with pytest.raises(Invalid):
            await sampled(reader, CALL, number=0)


async def test_a_score_that_counts_from_an_earlier_day_is_made_from_what_held_then(loaded: Loaded) -> None:
    """Prices and ages are those of the day from which it counts."""
    its = (await loaded.scores())[2]
    days = timedelta(days=3)
    await loaded.database.ask(
        "update score set calculated_at = calculated_at + $2::interval where score_id = $1", its["score_id"], days
    )
    (found,) = await loaded.replay((its["household_id"], its["score_id"]))
    assert (found.differences, found.calculated_at) == ((), its["calculated_at"] + days)
    assert isinstance(its["value"], Decimal)
