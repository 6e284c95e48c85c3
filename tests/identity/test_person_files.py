"""Who sees a file and its numbers, how long it is kept, and what is left of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from access.rights import Role
from core.errors import Conflict, Forbidden, Invalid, NotFound
from identity import person_files
from identity.file_jobs import erase_files
from tests.access.enrolled import NOW
from tests.identity.filing import Desk, csv_file, person_row
from tests.identity.registered import Register, machine, staff_call


@pytest.fixture
async def desk(register: Register, tmp_path: Path) -> Desk:
    return await Desk.open(register, tmp_path / "files")


async def test_a_file_is_seen_by_who_sent_it_and_who_imports_everywhere_and_its_numbers_by_the_first(
    desk: Desk, register: Register
) -> None:
    sender = staff_call(await register.staff(Role.SUPERVISOR), "SUPERVISOR 06")
    neighbour = staff_call(await register.staff(Role.SUPERVISOR), "SUPERVISOR 06")
    everywhere = staff_call(await register.staff(Role.ADMINISTRATOR), "ADMINISTRATOR")
    clerk = staff_call(await register.staff(Role.CENTRE_AGENT), "CENTRE_AGENT")
    file = await desk.send(csv_file([person_row(1)]), call=sender)
    await desk.start(file, call=sender)
    await desk.work(file)
    database, keys, storage = register.database, desk.keys, desk.storage
    (told,) = await desk.told(file)
    assert told.number is not None
    mine = (await person_files.file_result(database, sender, keys, storage, file=file)).decode()
    theirs = (await person_files.file_result(database, everywhere, keys, storage, file=file)).decode()
    assert told.number in mine
    assert told.number not in theirs
    assert "Enrolled." in theirs
    for call, error in ((neighbour, NotFound), (clerk, Forbidden), (machine(), Forbidden)):
        with pytest.raises(error):
            await person_files.person_file(database, call, file=file)
        with pytest.raises(error):
            await person_files.file_result(database, call, keys, storage, file=file)
        for change in (person_files.start_file, person_files.cancel_file, person_files.take_result):
            with pytest.raises(error):
                await register.transact(lambda c, change=change, call=call: change(c, call, file=file))
    assert [len(await person_files.person_files(database, call)) for call in (sender, neighbour, everywhere)] == [1, 0, 1]


async def test_what_was_taken_is_erased_a_day_later_and_the_rest_after_thirty(desk: Desk, register: Register) -> None:
    taken, left = await desk.send(csv_file([person_row(1)])), await desk.send(csv_file([person_row(2)]))
    for file in (taken, left):
        await desk.start(file)
        await desk.work(file)
    await register.transact(lambda c: person_files.take_result(c, desk.call, file=taken))
    assert await erase_files(register.database, desk.storage, NOW + timedelta(hours=23)) == 0
    assert await erase_files(register.database, desk.storage, NOW + timedelta(days=1)) == 1
    view = await desk.view(taken)
    assert (view.state, view.has_result, view.counts) == ("ERASED", False, {"ENROLLED": 1})
    with pytest.raises(NotFound):
        await person_files.file_result(register.database, desk.call, desk.keys, desk.storage, file=taken)
    with pytest.raises(Conflict):
        await desk.start(taken)
    assert await erase_files(register.database, desk.storage, NOW + timedelta(days=30)) == 1
    assert [name for part in range(256) for name in await desk.storage.names(part)] == []
    assert await register.count("person_file", "data_key is null and state = 'ERASED'") == 2
    # The same file may be sent again: it enrols nobody twice.
    assert [line.outcome for line in await desk.imported(csv_file([person_row(1)]))] == ["THERE_ALREADY"]


async def test_nothing_in_database_or_storage_shows_a_value_of_a_row(desk: Desk, register: Register, tmp_path: Path) -> None:
    row = person_row(1)
    await desk.imported(csv_file([row, person_row(2, birth_date="x")]))
    tables = ("person", "person_file", "identifier", "job", "ledger_entry", "enrolment", "person_revision", "blocking_key")
    texts = [str([tuple(each) for each in await register.database.ask(f"select * from {table}")]) for table in tables]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "files").rglob("*") if path.is_file())
    for value in (row["family_name_latin"], row["cnie"], row["telephone"], row["mother_name"], row["birth_date"]):
        assert not any(value in text for text in texts), value
        assert value.encode() not in stored, value


async def test_a_trial_has_one_row_at_least_and_a_file_at_rest_nothing_to_stop(desk: Desk, register: Register) -> None:
    file = await desk.send(csv_file([person_row(1)]))
    with pytest.raises(Invalid):
        await register.transact(lambda c: person_files.check_file(c, desk.call, file=file, first=0))
    with pytest.raises(Conflict):
        await register.transact(lambda c: person_files.cancel_file(c, desk.call, file=file))
    with pytest.raises(Conflict):
        await register.transact(lambda c: person_files.take_result(c, desk.call, file=file))
