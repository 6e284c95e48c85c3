"""Those whom a file enrols are told their number, once each, as at a centre."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from uuid import UUID

import pytest

from core.workers import Workers
from identity import person_files
from identity.file_jobs import IMPORTING
from identity.file_rows import Outcome
from identity.file_telling import TELLING, followed, telling
from identity.importing import importing
from tests.identity.filing import Desk, csv_file, person_row
from tests.identity.registered import Register, new_person


@pytest.fixture
async def desk(register: Register, tmp_path: Path) -> Desk:
    its = await Desk.open(register, tmp_path / "files")
    its.more = {
        IMPORTING: followed(importing(its.storage, its.keys, batch=2)),
        TELLING: telling(its.storage, its.keys, batch=2),
    }
    return its


async def told(desk: Desk) -> None:
    """Works until whoever is to be told is."""
    workers = Workers(desk.register.database, desk.more, clock=lambda: datetime.now(UTC), poll_seconds=0.05)
    workers.start()
    end = monotonic() + 30
    try:
        while await desk.register.count("job", "kind = 'tell-enrolled' and state <> 'DONE'"):
            assert monotonic() < end
            await asyncio.sleep(0.02)
    finally:
        await workers.stop()


async def owner(register: Register, idcs: str | None) -> UUID:
    assert idcs is not None
    hash_ = register.keys.index("IDCS", idcs)
    return UUID(str((await register.database.ask("select owner_id from identifier where hash = $1", hash_))[0]["owner_id"]))


async def test_whoever_is_enrolled_by_a_file_is_told_their_number_once_and_nobody_else_is(
    desk: Desk, register: Register
) -> None:
    _, guardian = await register.load(new_person(0, cnie="QX100001"), new_person(1, given_name_latin="Hind"))
    rows = [
        *(person_row(number) for number in (0, 2, 3)),
        person_row(4, telephone=""),  # nowhere to be told
        person_row(5, birth_date="2018-01-01", cnie="", telephone="", guardian=guardian.idcs.text),
        person_row(1),  # whose card somebody has: a request
        person_row(6, birth_date="?"),
    ]
    file = await desk.send(csv_file(rows))
    await desk.start(file)
    await desk.work(file)
    lines = await desk.told(file)
    assert [line.outcome for line in lines] == [*[Outcome.ENROLLED] * 5, Outcome.IN_REVIEW, Outcome.REFUSED]
    await told(desk)
    assert await register.count("job", "kind = 'tell-enrolled'") == 1
    for line in lines[:3]:
        ((channel, _, words),) = await register.told(await owner(register, line.number), "REGISTERED")
        assert channel == "SMS"
        assert str(line.number) in words
    heard = await register.told(guardian.person_id, "REGISTERED")  # in the child's place
    assert sorted(channel for channel, _, _ in heard) == ["EMAIL", "SMS"]
    assert all(str(lines[4].number) in words for _, _, words in heard)
    assert await register.count("message", "notice = 'REGISTERED'") == 5


async def test_of_a_trial_nobody_is_told(desk: Desk, register: Register) -> None:
    file = await desk.send(csv_file([person_row(0)]))
    await register.transact(lambda c: person_files.check_file(c, desk.call, file=file, first=10))
    await desk.work(file)
    assert await register.count("job", "kind = 'tell-enrolled'") == 0
