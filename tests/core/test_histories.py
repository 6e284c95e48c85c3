"""Consents of a database in use get their histories by the migration: each chain holds, and says what the row says."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from alembic import command
from sqlalchemy import make_url

from access.call import Call, system
from access.consent_revisions import replay, revision_of
from access.consent_states import State
from access.rights import Scope
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.ids import uuid7
from identity.consent_checks import check_consents
from migrations import run
from migrations.run import differences, migrate
from tests.access.enrolled import NOW

DAY = timedelta(days=1)
PERSON, AGENCY = uuid7(NOW), uuid7(NOW)
AUDITOR = Call(system("test", Scope.LEDGER_READ), NOW, uuid7(NOW))


@pytest.fixture
async def before(postgres: EmbeddedPostgres, database: Database) -> AsyncIterator[Database]:
    """A database of the release before, with a person and an agency."""
    await database.ask("create database before")
    url = make_url(postgres.url).set(database="before").render_as_string(hide_password=False)
    made = Database(url, connections=2)
    async with made.engine.begin() as connection:
        await connection.run_sync(lambda at: command.upgrade(run._config(at), "0002"))
    await made.ask(
        """insert into person (person_id, data_key, status, status_since, enrolled_at, idcs, birth_date, sex, nationality)
           values ($1, '', 'ACTIVE', $2, $2, '', '', '', '')""",
        PERSON,
        NOW,
    )
    await made.ask(
        "insert into agency (agency_id, code, name_ar, name_fr, name_en, enrolled_at) values ($1, 'FUND', 'a', 'a', 'a', $2)",
        AGENCY,
        NOW,
    )
    yield made
    await made.close()
    await database.ask("drop database before")


async def put(
    database: Database, *, attributes: Any = ("person.sex",), valid_to: datetime = NOW + DAY, withdrawn: datetime | None = None
) -> UUID:
    consent = uuid7(NOW)
    await database.ask(
        """insert into consent (person_id, consent_id, agency_id, purpose, attributes, valid_from, valid_to, withdrawn_at)
           values ($1, $2, $3, 'SERVICE_DELIVERY', $4, $5, $6, $7)""",
        *(PERSON, consent, AGENCY, list(attributes), NOW, valid_to, withdrawn),
    )
    return consent


async def history(database: Database, consent: UUID) -> tuple[Any, list[Any]]:
    (row,) = await database.ask("select * from consent where consent_id = $1", consent)
    links = await database.ask("select document from consent_revision where consent_id = $1 order by number", consent)
    return row, [revision_of(orjson.loads(link["document"])) for link in links]


async def test_consents_in_use_get_a_history_that_holds(before: Database) -> None:
    granted = await put(before, attributes=("person.sex", "household.size", "person.sex"), valid_to=NOW + 365 * DAY)
    withdrawn = await put(before, withdrawn=NOW + DAY / 2)
    at_once = await put(before, withdrawn=NOW - DAY)
    too_late = await put(before, withdrawn=NOW + 2 * DAY)
    too_long = await put(before, valid_to=NOW + 1000 * DAY)
    await migrate(before.engine)

    async def states(consent: UUID) -> tuple[str, int, list[str], State]:
        row, revisions = await history(before, consent)
        record = replay(revisions, row["chain_hash"])
        events = [revision.document["event"]["type"] for revision in revisions]
        assert (row["changed_at"], row["method"]) == (revisions[-1].at, "IMPORTED")
        return row["state"], row["revision"], events, record.stored

    assert await states(granted) == ("GRANTED", 1, ["IMPORTED"], State.GRANTED)
    for consent in (withdrawn, at_once):
        assert await states(consent) == ("WITHDRAWN", 2, ["IMPORTED", "WITHDRAWN"], State.WITHDRAWN)
    assert await states(too_late) == ("GRANTED", 1, ["IMPORTED"], State.GRANTED), "it had expired"
    row, _ = await history(before, granted)
    assert (row["requested"], row["attributes"]) == (["household.size", "person.sex"],) * 2
    assert (row["valid_from"], row["valid_to"]) == (NOW, NOW + 365 * DAY)
    row, _ = await history(before, too_long)
    assert row["valid_to"] == NOW + 731 * DAY, "none is longer than two years from now on"
    found = await check_consents(before, AUDITOR)
    assert (found.consents, found.altered, found.named) == (5, 0, [])
    assert await differences(before.engine) == []


async def test_histories_are_made_a_batch_at_a_time(before: Database) -> None:
    await before.ask(
        """insert into consent (person_id, consent_id, agency_id, purpose, attributes, valid_from, valid_to, withdrawn_at)
           select $1, gen_random_uuid(), $2, 'PAYMENT', array['person.sex'], $3::timestamptz, $3 + interval '1 day',
                  case when n % 3 = 0 then $3 + interval '1 hour' end from generate_series(1, 12001) n""",
        *(PERSON, AGENCY, NOW),
    )
    await migrate(before.engine)
    (row,) = await before.ask("select count(*) as all, count(*) filter (where number = 2) as second from consent_revision")
    assert tuple(row) == (12_001 + 4_000, 4_000)
    assert (await check_consents(before, AUDITOR)).altered == 0


async def test_without_consents_there_is_nothing_to_make(before: Database) -> None:
    await migrate(before.engine)
    assert await before.ask("select from consent_revision") == []
