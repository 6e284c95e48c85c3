"""Scores made anew by themselves: when an age that counts has come, and when a birth date turns out to be another one."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from access.decision import Status
from api.app import of_records
from core.database import Database
from core.dates import PartialDate, civil_date
from core.ids import uuid7
from core.jobs import Work
from core.keys import KeyRing
from identity.changes import PersonChanged
from identity.lifecycle import PersonStatusChanged
from scoring import rescoring
from scoring.rescoring import AGES, put_down_ages, rescoring_ages, rescoring_changed
from tests.access.enrolled import NOW
from tests.scoring.loaded import CALL, Loaded, different

YEAR = timedelta(days=366)


async def work(its: Loaded, at: datetime, ticket: int = 1) -> Work:
    """The job of that day, running."""
    job = await put_down_ages(its.database, at)
    if job is not None:
        await its.database.ask("update job set state = 'RUNNING', ticket = $2 where job_id = $1", job, ticket)
    (row,) = await its.database.ask("select job_id, parameters::text, progress::text, done from job")
    return Work(its.database, row["job_id"], ticket, row, clock=lambda: at, stopping=lambda: False)


@pytest.fixture
async def its(database: Database, keys: KeyRing, clean: None) -> Loaded:
    return await Loaded.of(database, keys)


async def test_whoever_comes_of_an_age_that_counts_has_the_household_scored_anew(its: Loaded) -> None:
    before, later = await its.scores(), NOW + YEAR
    due = {row["household_id"] for row in before if row["ages_change_on"] and row["ages_change_on"] <= civil_date(later)}
    assert 3 < len(due) < len(before)
    await rescoring_ages(its.keys)(await work(its, later))
    new = await its.scores("cause = 'AGE'")
    assert {row["household_id"] for row in new} == due
    assert len(new) == len(due)
    assert {(row["calculated_at"], row["effective_from"]) for row in new} == {(later, later)}
    assert all(row["ages_change_on"] is None or row["ages_change_on"] > civil_date(later) for row in new)
    assert await its.scores("cause <> 'AGE'") == before
    assert different(await its.replay()) == {}
    values = {row["household_id"]: row["value"] for row in before}
    assert any(row["value"] != values[row["household_id"]] for row in new)


async def test_a_day_has_one_job_and_what_was_done_is_not_done_again(its: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    later = NOW + YEAR
    monkeypatch.setattr(rescoring, "BATCH", 2)
    running = await work(its, later)
    done: list[int] = []

    class Dies(Exception):
        pass

    async def die(*_: object, **more: object) -> None:
        done.append(1)
        if len(done) == 2:
            raise Dies
        await Work.checkpoint(running, *_, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "checkpoint", die, raising=False)
    with pytest.raises(Dies):
        await rescoring_ages(its.keys)(running)
    assert len(await its.scores("cause = 'AGE'")) == 2, "the second batch went with its transaction"
    assert await put_down_ages(its.database, later + timedelta(hours=1)) is None
    await rescoring_ages(its.keys)(await work(its, later))
    new = await its.scores("cause = 'AGE'")
    assert len(new) == len({row["household_id"] for row in new}) > 4
    await rescoring_ages(its.keys)(await work(its, later))
    assert await its.scores("cause = 'AGE'") == new
    assert AGES.name == "rescore-ages"


async def test_processes_that_start_at_once_put_down_one_job(its: Loaded) -> None:
    made = await asyncio.gather(*(put_down_ages(its.database, NOW) for _ in range(6)))
    assert len([job for job in made if job is not None]) == 1
    assert len(await its.database.ask("select from job where kind = $1", AGES.name)) == 1


async def test_a_corrected_birth_date_scores_the_household_in_the_same_transaction(its: Loaded) -> None:
    (head,) = await its.database.ask(
        """select m.household_id, p.person_id, p.data_key, s.value from membership m join person p on p.person_id = m.person_id
             join score s on s.household_id = m.household_id
            where m.kinship = 'HEAD' and s.milieu = 'URBAN' order by m.household_id limit 1"""
    )
    at, owner = NOW + timedelta(days=1), head["person_id"]
    key = its.keys.masters.unwrap(owner, head["data_key"])
    call = replace(CALL, now=at)
    told = PersonChanged(owner, frozenset({"person.birth_date"}), None)
    async with its.database.begin() as connection:
        sealed = key.seal("person.birth_date", owner, str(PartialDate(1941, 5)))
        await connection.exec_driver_sql("update person set birth_date = $1 where person_id = $2", (sealed, owner))
        await rescoring_changed(its.keys)(connection, call, told)
    (new,) = await its.scores("cause = 'UPDATE'")
    assert (new["household_id"], new["calculated_at"]) == (head["household_id"], at)
    assert isinstance(new["value"], Decimal)
    assert new["value"] != head["value"], "the head's age counts in town"
    async with its.database.begin() as connection:
        await rescoring_changed(its.keys)(connection, call, replace(told, attributes=frozenset({"person.telephone"})))
    assert len(await its.scores("cause = 'UPDATE'")) == 1


async def test_somebody_of_no_household_changes_no_score(its: Loaded) -> None:
    before = await its.scores()
    async with its.database.begin() as connection:
        stranger = PersonChanged(uuid7(NOW), frozenset({"person.birth_date"}), None)
        await rescoring_changed(its.keys)(connection, CALL, stranger)
    assert await its.scores() == before


async def test_a_death_scores_the_household_without_who_died_in_the_same_transaction(its: Loaded) -> None:
    (home,) = await its.database.ask(
        """select h.household_id, h.person_id as head, s.person_id as spouse, c.value, c.inputs_hash from membership h
             join membership s on s.household_id = h.household_id and s.kinship = 'SPOUSE'
             join score c on c.household_id = h.household_id
            where h.kinship = 'HEAD' order by h.household_id limit 1"""
    )
    at = NOW + timedelta(days=1)
    call, died = replace(CALL, now=at), PersonStatusChanged(home["head"], Status.ACTIVE, Status.DECEASED, civil_date(at))
    async with its.database.begin() as connection:
        await of_records(its.keys).tell(connection, call, died)
    (new,) = await its.scores("cause = 'EVENT'")
    (event,) = await its.database.ask("select event_id from life_event")
    assert (new["household_id"], new["calculated_at"], new["origin"]) == (home["household_id"], at, event["event_id"])
    assert new["inputs_hash"] != home["inputs_hash"]
    (member,) = await its.database.ask(
        "select person_id from membership where household_id = $1 and kinship = 'HEAD' and valid_to is null",
        home["household_id"],
    )
    assert member["person_id"] == home["spouse"]
    assert different(await its.replay()) == {}, "earlier scores are made again as they were"
