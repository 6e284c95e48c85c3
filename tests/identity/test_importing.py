"""Enrolling the people of a file: once each, whatever dies on the way, and nobody who may be there already."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from access.rights import Role
from core.database import Database
from core.keys import create
from identity import person_files
from identity.file_rows import Outcome, RowFault
from tests.access.enrolled import NOW
from tests.identity import importing_child
from tests.identity.filing import HEADER, Desk, csv_file, person_row
from tests.identity.registered import Register, staff_call

CHILD = Path(importing_child.__file__)


@pytest.fixture
async def desk(register: Register, tmp_path: Path) -> Desk:
    return await Desk.open(register, tmp_path / "files")


async def people(register: Register) -> int:
    return await register.count("person", "status <> 'DECOY'")


async def test_whoever_is_clear_is_enrolled_with_number_indexes_and_history(desk: Desk, register: Register) -> None:
    told = await desk.imported(csv_file(person_row(number) for number in range(30)))
    assert [line.row for line in told] == list(range(2, 32))
    assert {line.outcome for line in told} == {Outcome.ENROLLED}
    assert len({line.number for line in told}) == 30
    assert await people(register) == 30
    assert await register.count("identifier", "kind = 'CNIE'") == 30
    assert await register.count("identifier", "kind = 'IDCS'") == 30
    assert await register.count("person_revision", "cause = 'ENROLMENT' and source = 'FILE' and request_id is not null") == 30
    assert (
        await register.count("person p", "not exists (select from blocking_key b where b.person_id = p.person_id)") == 1
    )  # decoy
    (row,) = await register.database.ask("select numbers_issued from instance")
    assert row["numbers_issued"] == 30


async def test_the_same_row_enrols_nobody_twice_in_this_file_or_another(desk: Desk, register: Register) -> None:
    rows = [person_row(number) for number in range(12)]
    first = await desk.imported(csv_file([*rows, rows[3]]))
    assert [line.outcome for line in first[-1:]] == [Outcome.THERE_ALREADY]
    again = await desk.imported(csv_file([person_row(40), *rows]))
    assert [line.outcome for line in again] == [Outcome.ENROLLED, *[Outcome.THERE_ALREADY] * 12]
    assert [line.number for line in again[1:]] == [None] * 12
    assert await people(register) == 13


async def test_the_same_file_is_the_same_file_and_is_not_done_twice(desk: Desk, register: Register) -> None:
    content = csv_file(person_row(number) for number in range(3))
    file = await desk.send(content)
    assert await desk.send(content) == file
    await desk.start(file)
    await desk.work(file)
    assert await desk.send(content) == file
    with pytest.raises(Exception, match="or it is done"):
        await desk.start(file)
    assert await people(register) == 3


async def test_a_card_of_somebody_else_is_decided_by_somebody(desk: Desk, register: Register) -> None:
    (known,) = await desk.imported(csv_file([person_row(1)]))
    other = person_row(70, cnie=person_row(1)["cnie"])
    (told,) = await desk.imported(csv_file([other]))
    assert told.outcome == Outcome.IN_REVIEW
    assert known.number
    assert await people(register) == 1
    (request,) = await register.database.ask("select * from enrolment")
    assert (request["state"], request["channel"], request["division"]) == ("IN_REVIEW", "FILE", "06.141")
    assert told.number is not None
    assert told.number.replace("-", "") == request["number"]
    assert await register.count("identifier", "kind = 'RECEIPT' and owner_id = $1", request["person_id"]) == 1
    (case,) = await register.database.ask("select * from duplicate_case")
    assert (case["person_id"], case["state"], case["origin"]) == (request["person_id"], "OPEN", "COMPARISON")
    # Whoever became part of a case has an entry; it names the file's field and no value.
    entries = await register.entries(case["other_id"], "importPersons")
    assert len(entries) == 1


async def test_two_of_one_person_in_one_batch_are_one_person_and_a_request(desk: Desk, register: Register) -> None:
    one = person_row(5)
    twice = person_row(5, given_name_latin="Dris", telephone="0739999999")
    told = await desk.imported(csv_file([one, twice]))
    assert [line.outcome for line in told] == [Outcome.ENROLLED, Outcome.IN_REVIEW]
    (case,) = await register.database.ask("select other_id from duplicate_case")
    (person,) = await register.database.ask("select person_id from person where status <> 'DECOY'")
    assert case["other_id"] == person["person_id"]


async def test_each_row_at_fault_is_told_with_its_column_and_the_others_are_enrolled(desk: Desk, register: Register) -> None:
    rows = [
        person_row(0),
        person_row(1, birth_date="31/02/1980", sex="X"),
        person_row(2, birth_date="2031-01-01"),
        person_row(3, given_name_latin="=HYPERLINK(1)"),
        person_row(4, given_name_latin="أمينة"),
        person_row(5, given_name_latin="Аmina"),  # a Cyrillic capital
        person_row(6, given_name_latin="A" * 9_999),
        person_row(7, residence="99.999"),
        person_row(8, residence="06.999"),
        person_row(9, birth_date="2020-01-01"),
        person_row(10, birth_date="2020-01-01", guardian="2516116556"),
        person_row(11, nationality="Sénégal", residence_permit="M123456A"),
    ]
    torn = csv_file(rows, (*HEADER, "residence_permit")) + b"only,three,cells\n"
    told = await desk.imported(torn)
    faults: dict[int, RowFault | None] = {}
    for line in told:
        if line.outcome is Outcome.REFUSED:
            faults.setdefault(line.row, line.fault)
    assert [(line.row, line.fault) for line in told if line.row == 3] == [
        (3, RowFault("birth_date", "NOT_A_DATE")),
        (3, RowFault("sex", "NOT_A_CODE")),
    ]
    assert {row: fault for row, fault in faults.items() if row > 3} == {
        4: RowFault("birth_date", "IN_FUTURE"),
        5: RowFault("given_name_latin", "NOT_A_NAME"),
        6: RowFault("given_name_latin", "WRONG_SCRIPT"),
        7: RowFault("given_name_latin", "FOREIGN_LETTERS"),
        8: RowFault("given_name_latin", "TOO_LONG"),
        9: RowFault("residence", "NOT_A_CODE"),
        10: RowFault("residence", "NOT_A_CODE"),
        11: RowFault("guardian", "GUARDIAN_NEEDED"),
        12: RowFault("guardian", "NOT_REGISTERED"),
        13: RowFault("cnie", "NOT_FOR_FOREIGNERS"),
        14: RowFault(None, "CELLS"),
    }
    assert await people(register) == 1


async def test_nobodys_ward_is_a_guardian_in_a_file_either(desk: Desk, register: Register) -> None:
    _, ward = await register.guardian_and_ward()
    child = person_row(9, birth_date="2020-01-01", guardian=ward.idcs.text, cnie="", telephone="")
    (told,) = await desk.imported(csv_file([child]))
    assert (told.outcome, told.fault) == (Outcome.REFUSED, RowFault("guardian", "NOT_REGISTERED"))
    assert await register.count("relative") == 1, "the ward's own guardian"


async def test_a_minor_is_enrolled_with_a_registered_guardian_who_sees_it(desk: Desk, register: Register) -> None:
    guardian = await register.person()
    child = person_row(9, birth_date="2020-01-01", guardian=guardian.idcs.text, cnie="", telephone="")
    (told,) = await desk.imported(csv_file([child]))
    assert told.outcome is Outcome.ENROLLED
    (bond,) = await register.database.ask("select kind, relative_id from relative")
    assert (bond["kind"], bond["relative_id"]) == ("GUARDIAN", guardian.person_id)
    assert len(await register.entries(guardian.person_id, "importPersons")) == 1


async def test_a_trial_says_what_would_become_of_each_row_and_writes_nothing(desk: Desk, register: Register) -> None:
    await desk.imported(csv_file([person_row(1)]))
    before = {
        table: await register.count(table) for table in ("person", "identifier", "enrolment", "blocking_key", "ledger_entry")
    }
    file = await desk.send(csv_file([person_row(2), person_row(1), person_row(70, cnie=person_row(1)["cnie"]), person_row(3)]))
    await register.transact(lambda c: person_files.check_file(c, desk.call, file=file, first=3))
    view = await desk.work(file)
    assert (view.state, view.dry, view.counts) == ("CHECKED", True, {"ENROLLED": 1, "THERE_ALREADY": 1, "IN_REVIEW": 1})
    assert [(line.outcome, line.number) for line in await desk.told(file)] == [
        (Outcome.ENROLLED, None),
        (Outcome.THERE_ALREADY, None),
        (Outcome.IN_REVIEW, None),
    ]
    after = {table: await register.count(table) for table in before}
    assert after == before
    await desk.start(file)
    view = await desk.work(file)
    assert (view.state, view.dry, view.counts) == ("DONE", False, {"ENROLLED": 2, "THERE_ALREADY": 1, "IN_REVIEW": 1})


async def test_nobody_is_enrolled_outside_of_the_senders_territory_or_where_it_is_not_open(
    desk: Desk, register: Register
) -> None:
    supervisor = await register.staff(Role.SUPERVISOR)
    call = staff_call(supervisor, "SUPERVISOR 04")
    content = csv_file([person_row(1), person_row(2, residence="04.421")])
    file = await desk.send(content, call=call)
    await desk.start(file, call=call)
    await desk.work(file)
    assert [(line.outcome, line.fault) for line in await desk.told(file)] == [
        (Outcome.REFUSED, RowFault("residence", "OUT_OF_TERRITORY")),
        (Outcome.ENROLLED, None),
    ]
    await register.database.ask("update opening set opens_on = '2030-01-01' where division = '06'")
    (told,) = await desk.imported(csv_file([person_row(3)]))
    assert told.fault == RowFault("residence", "NOT_OPEN")


@pytest.mark.parametrize(
    ("point", "count"),
    [
        ("opened", 1),
        ("copy", 2),  # identifiers of the first batch
        ("copy", 6),  # within the second batch
        ("requests", 2),
        ("noted", 1),
        ("checkpoint", 2),  # before its transaction commits
        ("next batch", 3),
        ("result stored", 1),
        ("finished", 1),
    ],
)
async def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    database: Database, clean: None, tmp_path: Path, point: str, count: int
) -> None:
    ring = create(tmp_path / "keys.json", mark="test", at=NOW)
    register = await Register(database, ring).set_up()
    desk = await Desk.open(register, tmp_path / "files")
    twice = person_row(5, given_name_latin="Dris", telephone="0739999999")
    rows = [person_row(number) for number in range(25)]
    rows.insert(9, twice)
    rows.insert(14, person_row(90, birth_date="1980-13-01"))
    file = await desk.send(csv_file(rows))
    await desk.start(file)
    url = str(database._url.render_as_string(hide_password=False))
    command = [sys.executable, str(CHILD), url, str(tmp_path / "keys.json"), str(tmp_path / "files"), point, str(count), "10"]
    root = str(CHILD.parents[2])
    child = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, env={"PYTHONPATH": root}, cwd=root)
    assert await asyncio.wait_for(child.wait(), 60) == -9
    view = await desk.work(file, batch=10)
    assert (view.state, view.counts) == ("DONE", {"ENROLLED": 25, "IN_REVIEW": 1, "REFUSED": 1})
    told = await desk.told(file)
    assert [line.row for line in told] == list(range(2, 29))
    numbers = [line.number for line in told if line.outcome is Outcome.ENROLLED]
    assert len(set(numbers)) == 25
    assert None not in numbers
    assert await people(register) == 25
    for table, rows_there in (("person_revision", 25), ("enrolment", 1), ("duplicate_case", 1), ("person_file_part", 0)):
        assert await register.count(table) == rows_there, table
    assert await register.count("identifier", "kind = 'IDCS'") == 25
    assert json.loads((await database.ask("select settings::text as s from person_file"))[0]["s"])["rows"] == 27


async def test_a_file_that_is_stopped_goes_on_where_it_was(desk: Desk, register: Register) -> None:
    file = await desk.send(csv_file(person_row(number) for number in range(5)))
    await desk.start(file)
    await register.transact(lambda c: person_files.cancel_file(c, desk.call, file=file))
    assert (await desk.view(file)).state == "CANCELLED"
    assert await people(register) == 0
    await desk.start(file)
    view = await desk.work(file)
    assert (view.state, view.counts) == ("DONE", {"ENROLLED": 5})
