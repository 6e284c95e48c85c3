"""Cases that hang on a request to be enrolled, and the keys of people who were there before."""

from uuid import UUID

import pytest
from sqlalchemy import insert, select

from access.rights import Role, Scope
from core.database import Snapshot
from core.errors import Conflict, Forbidden, NotFound
from core.ids import uuid7
from identity import duplicate_cases, indexing
from identity.duplicate_cases import CaseReason, CaseState
from identity.register_models import DuplicateCase, Enrolment
from tests.access.enrolled import NOW
from tests.identity.registered import CASABLANCA, RABAT, Register, machine, new_person, staff_call

ROLE = "ADJUDICATOR"


@pytest.fixture
async def register(database, keys, clean):
    return await Register(database, keys).set_up()


async def put_case(register, person, other, division=CASABLANCA, **more):
    case = uuid7(NOW)
    row = {
        "person_id": person,
        "case_id": case,
        "other_id": other,
        "origin": "COMPARISON",
        "outcome": "REVIEW",
        "division": division,
        "found_at": NOW,
        "state": "OPEN",
    }
    await register.transact(lambda c: c.execute(insert(DuplicateCase).values(row | more)))
    return case


async def put_request(register, begun_by=None):
    """A request whose form is no matter here."""
    person = uuid7(NOW)
    row = {
        "person_id": person,
        "number": "000000000000",
        "state": "DRAFT",
        "channel": "CENTRE",
        "data_key": b"",
        "form": b"",
        "lang": "FR",
        "begun_at": NOW,
        "begun_by": begun_by,
        "expires_at": NOW.replace(year=NOW.year + 1),
    }
    await register.transact(lambda c: c.execute(insert(Enrolment).values(row)))
    return person


def decide(register, call, case, *, same, reason):
    return register.transact(lambda c: duplicate_cases.decide_duplicate(c, call, case=case, same=same, reason=reason))


async def state(register, case):
    return await register.transact(lambda c: c.scalar(select(DuplicateCase.state).where(DuplicateCase.case_id == case)))


async def test_a_request_of_somebody_on_record_is_said_to_be_so(register):
    known = await register.person()
    case = await put_case(register, await put_request(register), known.person_id)
    call = staff_call(await register.staff(Role.ADJUDICATOR), ROLE)
    await decide(register, call, case, same=True, reason=CaseReason.PAPERS)
    assert await state(register, case) == CaseState.SAME
    with pytest.raises(Conflict):
        await decide(register, call, case, same=False, reason=CaseReason.TWINS)
    assert await state(register, case) == CaseState.SAME


async def test_whoever_took_the_request_down_does_not_decide(register):
    known, who = await register.person(), await register.staff(Role.ADJUDICATOR)
    case = await put_case(register, await put_request(register, begun_by=who.account), known.person_id)
    with pytest.raises(Forbidden):
        await decide(register, staff_call(who, ROLE), case, same=False, reason=CaseReason.NAMESAKES)
    assert await state(register, case) == CaseState.OPEN


async def test_a_case_elsewhere_is_no_case(register):
    case = await put_case(register, *[person.person_id for person in await register.load(new_person(0), new_person(1))], RABAT)
    call = staff_call(await register.staff(Role.ADJUDICATOR), f"{ROLE} {CASABLANCA}")
    with pytest.raises(NotFound):
        await decide(register, call, case, same=False, reason=CaseReason.TWINS)
    page = await register.read(lambda r: duplicate_cases.duplicates(r, call), call)
    assert page.edges == []


async def test_the_queue_goes_on_by_its_cursor_the_oldest_first(register):
    one, other = [person.person_id for person in await register.load(new_person(0), new_person(1))]
    made = [await put_case(register, one, other, origin=origin) for origin in ("COMPARISON", "STAFF", "BIOMETRIC")]
    call = staff_call(await register.staff(Role.ADJUDICATOR), ROLE)
    first = await register.read(lambda r: duplicate_cases.duplicates(r, call, first=2), call)
    after = first.page_info.end_cursor
    second = await register.read(lambda r: duplicate_cases.duplicates(r, call, first=2, after=after), call)
    assert sorted(edge.node.case_id for edge in (*first.edges, *second.edges)) == sorted(made)
    assert await register.count("ledger_entry") == 0


# --- who was there before


async def test_people_without_keys_get_them_and_nobody_twice(register, monkeypatch):
    monkeypatch.setattr(indexing, "BATCH", 2)
    await register.load(*(new_person(key, cnie=f"AB00000{key}") for key in range(5)))
    before = sorted(map(tuple, await register.database.ask("select * from blocking_key")))
    await register.database.ask("delete from blocking_key")
    call, after, counts = machine(Scope.REGISTER_LOAD), None, []

    async def left(anew=False):
        async with register.driver() as connection:
            return await indexing.left_to_index(Snapshot(connection), call, register.keys, anew=anew)

    assert await left() == 5
    for _ in range(2):  # stopped after the first batch, and begun anew
        async with register.driver() as connection:
            after, count = await indexing.index_persons(connection, call, register.keys, after=None)
        counts.append(count)
    assert (counts, await left()) == ([2, 2], 1)
    async with register.driver() as connection:
        after, count = await indexing.index_persons(connection, call, register.keys, after=after)
    assert (count, await left()) == (1, 0)
    async with register.driver() as connection:
        assert await indexing.index_persons(connection, call, register.keys, after=after) == (None, 0)
    assert sorted(map(tuple, await register.database.ask("select * from blocking_key"))) == before
    assert await left(anew=True) == 5
    assert UUID(int=0) not in {row["person_id"] for row in await register.database.ask("select person_id from blocking_key")}
