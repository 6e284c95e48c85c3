"""Scores made anew by themselves: when an age that counts has come, and when a birth date turns out to be another one."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from access.call import Call, system
from access.decision import Status
from access.instance import create_instance
from access.rights import Scope
from api.app import of_records
from api.demo.load import load
from core.database import Database, Row, Snapshot
from core.dates import PartialDate, civil_date
from core.ids import uuid7
from core.jobs import Work
from core.keys import KeyRing
from identity.changes import PersonChanged
from identity.lifecycle import PersonStatusChanged
from scoring import rescoring
from scoring.replay import replayed
from scoring.rescoring import AGES, put_down_ages, rescoring_ages, rescoring_changed
from tests.access.enrolled import NOW

YEAR = timedelta(days=366)
CALL = Call(
    system("demo", Scope.REGISTER_LOAD, Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH, Scope.ENROLMENT_OPEN), NOW, uuid7(NOW)
)


class Scores:
    """A loaded register, and its scores."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self.database, self.keys = database, keys

    async def rows(self, where: str = "true", *values: object) -> list[Row]:
        return list(await self.database.ask(f"select * from score where {where} order by household_id, calculated_at", *values))

    async def work(self, at: datetime, ticket: int = 1) -> Work:
        """The job of that day, running."""
        job = await put_down_ages(self.database, at)
        if job is not None:
            await self.database.ask("update job set state = 'RUNNING', ticket = $2 where job_id = $1", job, ticket)
        (row,) = await self.database.ask("select job_id, parameters::text, progress::text, done from job")
        return Work(self.database, row["job_id"], ticket, row, clock=lambda: at, stopping=lambda: False)

    async def different(self) -> list[UUID]:
        async with self.database.connection() as raw:
            wanted = [(row["household_id"], row["score_id"]) for row in await self.rows()]
            found = await replayed(Snapshot(raw), CALL, self.keys, wanted)
        return [its.score_id for its in found if its.differences]


@pytest.fixture
async def scores(database: Database, keys: KeyRing, clean: None) -> Scores:
    async with database.begin() as connection:
        await create_instance(connection, CALL, keys, mark=keys.mark, issuer="http://localhost:8000")
    await load(database, keys, CALL, persons=60, seed=3, communes=(), progress=lambda done, of: None)
    return Scores(database, keys)


async def test_whoever_comes_of_an_age_that_counts_has_the_household_scored_anew(scores: Scores) -> None:
    before, later = await scores.rows(), NOW + YEAR
    due = {row["household_id"] for row in before if row["ages_change_on"] and row["ages_change_on"] <= civil_date(later)}
    assert 3 < len(due) < len(before)
    await rescoring_ages(scores.keys)(await scores.work(later))
    new = await scores.rows("cause = 'AGE'")
    assert {row["household_id"] for row in new} == due
    assert len(new) == len(due)
    assert {(row["calculated_at"], row["effective_from"]) for row in new} == {(later, later)}
    assert all(row["ages_change_on"] is None or row["ages_change_on"] > civil_date(later) for row in new)
    assert await scores.rows("cause <> 'AGE'") == before
    assert await scores.different() == []
    values = {row["household_id"]: row["value"] for row in before}
    assert any(row["value"] != values[row["household_id"]] for row in new)


async def test_a_day_has_one_job_and_what_was_done_is_not_done_again(scores: Scores, monkeypatch: pytest.MonkeyPatch) -> None:
    later = NOW + YEAR
    monkeypatch.setattr(rescoring, "BATCH", 2)
    its = await scores.work(later)
    done: list[int] = []

    class Dies(Exception):
        pass

    async def die(*_: object, **more: object) -> None:
        done.append(1)
        if len(done) == 2:
            raise Dies
        await Work.checkpoint(its, *_, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(its, "checkpoint", die, raising=False)
    with pytest.raises(Dies):
        await rescoring_ages(scores.keys)(its)
    assert len(await scores.rows("cause = 'AGE'")) == 2, "the second batch went with its transaction"
    assert await put_down_ages(scores.database, later + timedelta(hours=1)) is None
    await rescoring_ages(scores.keys)(await scores.work(later))
    new = await scores.rows("cause = 'AGE'")
    assert len(new) == len({row["household_id"] for row in new}) > 4
    await rescoring_ages(scores.keys)(await scores.work(later))
    assert await scores.rows("cause = 'AGE'") == new
    assert AGES.name == "rescore-ages"


async def test_processes_that_start_at_once_put_down_one_job(scores: Scores) -> None:
    made = await asyncio.gather(*(put_down_ages(scores.database, NOW) for _ in range(6)))
    assert len([job for job in made if job is not None]) == 1
    assert len(await scores.database.ask("select from job where kind = $1", AGES.name)) == 1


async def test_a_corrected_birth_date_scores_the_household_in_the_same_transaction(scores: Scores) -> None:
    (head,) = await scores.database.ask(
        """select m.household_id, p.person_id, p.data_key, s.value from membership m join person p on p.person_id = m.person_id
             join score s on s.household_id = m.household_id
            where m.kinship = 'HEAD' and s.milieu = 'URBAN' order by m.household_id limit 1"""
    )
    at, owner = NOW + timedelta(days=1), head["person_id"]
    key = scores.keys.masters.unwrap(owner, head["data_key"])
    call = replace(CALL, now=at)
    told = PersonChanged(owner, frozenset({"person.birth_date"}), None)
    async with scores.database.begin() as connection:
        sealed = key.seal("person.birth_date", owner, str(PartialDate(1941, 5)))
        await connection.exec_driver_sql("update person set birth_date = $1 where person_id = $2", (sealed, owner))
        await rescoring_changed(scores.keys)(connection, call, told)
    (new,) = await scores.rows("cause = 'UPDATE'")
    assert (new["household_id"], new["calculated_at"]) == (head["household_id"], at)
    assert isinstance(new["value"], Decimal)
    assert new["value"] != head["value"], "the head's age counts in town"
    async with scores.database.begin() as connection:
        await rescoring_changed(scores.keys)(connection, call, replace(told, attributes=frozenset({"person.telephone"})))
    assert len(await scores.rows("cause = 'UPDATE'")) == 1


async def test_somebody_of_no_household_changes_no_score(scores: Scores) -> None:
    before = await scores.rows()
    async with scores.database.begin() as connection:
        stranger = PersonChanged(uuid7(NOW), frozenset({"person.birth_date"}), None)
        await rescoring_changed(scores.keys)(connection, CALL, stranger)
    assert await scores.rows() == before


async def test_a_death_scores_the_household_without_who_died_in_the_same_transaction(scores: Scores) -> None:
    (home,) = await scores.database.ask(
        """select h.household_id, h.person_id as head, s.person_id as spouse, c.value, c.inputs_hash from membership h
             join membership s on s.household_id = h.household_id and s.kinship = 'SPOUSE'
             join score c on c.household_id = h.household_id
            where h.kinship = 'HEAD' order by h.household_id limit 1"""
    )
    at = NOW + timedelta(days=1)
    call, died = replace(CALL, now=at), PersonStatusChanged(home["head"], Status.ACTIVE, Status.DECEASED, civil_date(at))
    async with scores.database.begin() as connection:
        await of_records(scores.keys).tell(connection, call, died)
    (new,) = await scores.rows("cause = 'EVENT'")
    (event,) = await scores.database.ask("select event_id from life_event")
    assert (new["household_id"], new["calculated_at"], new["origin"]) == (home["household_id"], at, event["event_id"])
    assert new["inputs_hash"] != home["inputs_hash"]
    (member,) = await scores.database.ask(
        "select person_id from membership where household_id = $1 and kinship = 'HEAD' and valid_to is null",
        home["household_id"],
    )
    assert member["person_id"] == home["spouse"]
    assert await scores.different() == [], "earlier scores are made again as they were"
