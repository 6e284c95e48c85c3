"""Staff find somebody by a number or by name and birth; nobody browses, and whoever is shown has an entry."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.call import Call, Purpose
from access.rights import Role
from core.dates import PartialDate
from core.errors import Forbidden, Invalid, NotFound
from core.paging import Page
from identity import record_history, search
from identity.search import MAX_FOUND, FoundPerson, PersonSearch, may_be
from identity.store import PARTS
from tests.api.people import Signed
from tests.identity.asking import citizen
from tests.identity.registered import RABAT, STRANGER, Register, new_person, staff_call

WANTED = frozenset({"person.given_name", "person.family_name", "person.birth_date", "person.status"})
BORN = PartialDate(1984, 3, 9)


@pytest.fixture
async def agent(register: Register) -> Signed:
    return await register.staff(Role.CENTRE_AGENT)


def calling(agent: Signed, role: str = "CENTRE_AGENT", purpose: Purpose | None = Purpose.CASE_REVIEW) -> Call:
    call = staff_call(agent, role)
    return Call(call.actor, call.now, call.request_id, purpose)


async def page_of(register: Register, call: Call, by: PersonSearch, wanted: Any = WANTED, **more: Any) -> Page[FoundPerson]:
    return await register.read(lambda r: search.search_persons(r, call, by=by, wanted=wanted, **more), call)


async def recorded(register: Register, call: Call, person: UUID, wanted: Any = WANTED) -> record_history.RecordView:
    return await register.read(lambda r: record_history.person_record(r, call, person=person, wanted=wanted), call)


async def found(register: Register, call: Call, wanted: Any = WANTED, **by: Any) -> list[UUID]:
    more = {name: by.pop(name) for name in ("first", "after") if name in by}
    page = await page_of(register, call, PersonSearch(**by), wanted, **more)
    return [edge.node.person_id for edge in page.edges]


async def test_by_each_number_that_is_theirs(register: Register, agent: Signed) -> None:
    one = await register.person(cnie="AB123456")
    other = await register.person(residence_permit="K123456L", nationality="FRA", telephone=register.telephone(one))
    call = calling(agent)
    assert await found(register, call, idcs=f"{one.idcs.text[:5]} {one.idcs.text[5:]}") == [one.person_id]
    assert await found(register, call, cnie="ab 123456") == [one.person_id]
    assert await found(register, call, residence_permit="k123456l") == [other.person_id]
    assert set(await found(register, call, telephone=register.telephone(one))) == {one.person_id, other.person_id}
    assert await found(register, call, idcs=STRANGER) == []
    looks = await register.entries(one.person_id, "searchPersons")
    assert len(looks) == 3
    leaf, details = looks[0]
    assert leaf["purpose"] == "CASE_REVIEW"
    assert details["uses"] == {
        "person.residence": "MATCH",
        **dict.fromkeys(("person.given_name", "person.family_name", "person.birth_date", "person.status"), "RELEASE"),
    }


@pytest.mark.parametrize(
    ("name", "birth", "fits"),
    [
        ("Amina Bennani", "1984", True),
        ("BENNANI amina", "1984-03-09", True),
        ("أمينة بناني", "1984-03", True),
        ("Aminah Benani", "1984-03-09", True),
        ("Amina Bennani", "1984-03-10", False),
        ("Amina Bennani", "1985", False),
        ("Amina Alaoui", "1984", False),
        ("Sami Bennani", "1984-03-09", False),
    ],
)
async def test_by_name_in_either_script_and_order_and_birth(
    register: Register, agent: Signed, name: str, birth: str, fits: bool
) -> None:
    her = await register.person(birth_date=BORN)
    await register.person(given_name_latin="Khadija", given_name_ar="خديجة", birth_date=BORN)
    assert await found(register, calling(agent), name=name, birth_date=birth) == ([her.person_id] if fits else [])


async def test_who_is_not_shown_was_not_looked_at(register: Register, agent: Signed) -> None:
    other = await register.person(given_name_latin="Khadija", given_name_ar="خديجة", birth_date=BORN)
    assert await found(register, calling(agent), name="Amina Bennani", birth_date="1984-03-09") == []
    assert await register.entries(other.person_id) == []


async def test_who_resides_elsewhere_is_as_nobody(register: Register, agent: Signed) -> None:
    her = await register.person(birth_date=BORN, residence=RABAT, cnie="AB123456")
    here = calling(agent, "CENTRE_AGENT 06.141")
    for by in ({"idcs": her.idcs.text}, {"cnie": "AB123456"}, {"name": "Amina Bennani", "birth_date": "1984"}):
        assert await found(register, here, **by) == []
        assert await found(register, calling(agent, f"CENTRE_AGENT {RABAT}"), **by) == [her.person_id]
    with pytest.raises(NotFound):
        await register.read(lambda r: record_history.person_record(r, here, person=her.person_id, wanted=WANTED), here)


async def test_at_most_twenty_and_page_by_page(register: Register, agent: Signed) -> None:
    many = await register.load(*[new_person(key, birth_date=BORN) for key in range(MAX_FOUND + 5)])
    call = calling(agent)
    by = PersonSearch(name="Amina Bennani", birth_date="1984")
    seen: list[UUID] = []
    after = None
    for _ in range(3):
        page = await page_of(register, call, by, first=8, after=after)
        seen += [edge.node.person_id for edge in page.edges]
        after = page.page_info.end_cursor
    assert not page.page_info.has_next_page
    assert len(set(seen)) == len(seen) == MAX_FOUND
    assert set(seen) <= {each.person_id for each in many}
    assert await register.count("ledger_entry") == MAX_FOUND
    with pytest.raises(Invalid):
        await found(register, call, name="Amina Bennani", birth_date="1985", after=after)


@pytest.mark.parametrize(
    ("by", "path"),
    [
        ({}, ("by",)),
        ({"name": "Amina Bennani"}, ("by",)),
        ({"birth_date": "1984"}, ("by",)),
        ({"cnie": "AB123456", "idcs": STRANGER}, ("by",)),
        ({"cnie": "AB123456", "birth_date": "1984"}, ("by",)),
        ({"cnie": "?"}, ("by", "cnie")),
        ({"residence_permit": "?"}, ("by", "residencePermit")),
        ({"idcs": "12"}, ("by", "idcs")),
        ({"receipt": "123456789012"}, ("by", "receipt")),
        ({"name": "12", "birth_date": "1984"}, ("by", "name")),
        ({"name": "A" * 10_000, "birth_date": "1984"}, ("by", "name")),
        ({"name": "Amina", "birth_date": "84"}, ("by", "birthDate")),
    ],
)
async def test_what_is_no_question_is_refused(register: Register, agent: Signed, by: dict[str, str], path: Any) -> None:
    await register.person()
    with pytest.raises(Invalid) as refused:
        await found(register, calling(agent), **by)
    assert refused.value.path == path


async def test_not_without_a_purpose_nor_the_right(register: Register, agent: Signed) -> None:
    her = await register.person()
    with pytest.raises(Invalid) as refused:
        await found(register, calling(agent, purpose=None), idcs=her.idcs.text)
    assert refused.value.path == ("by", "purpose")
    for call in (calling(agent, "AUDITOR"), citizen(her.person_id)):
        with pytest.raises(Forbidden):
            await found(register, call, idcs=her.idcs.text)
        with pytest.raises(Forbidden):
            await recorded(register, call, her.person_id)
    assert await register.entries(her.person_id) == []


async def test_a_record_is_shown_with_its_state_and_history_and_each_look_is_entered(register: Register, agent: Signed) -> None:
    her = await register.person(cnie="AB123456")
    call = calling(agent)
    wanted = frozenset(PARTS) | {"person.status", "person.token"}
    view = await register.read(lambda r: record_history.person_record(r, call, person=her.person_id, wanted=wanted), call)
    assert view.person is not None
    assert (view.status, view.steps, view.person.cnie, view.person.token) == ("ACTIVE", [], "AB123456", None)
    judge = calling(agent, "ADJUDICATOR")
    view = await register.read(lambda r: record_history.person_record(r, judge, person=her.person_id, wanted=()), judge)
    assert (view.status, view.since, view.reason) == (None, None, None)
    assert view.steps == ["SUSPEND", "DECLARE_DECEASED", "CANCEL"]
    page = await register.read(lambda r: record_history.record_history(r, call, person=her.person_id, wanted=wanted), call)
    assert [edge.node.cause for edge in page.edges] == ["ENROLMENT"]
    assert len(await register.entries(her.person_id)) == 3


dates = st.builds(lambda day, known: (day, known), st.dates(date(1950, 1, 1), date(1951, 12, 31)), st.integers(1, 3))


def partial(known: tuple[date, int]) -> PartialDate:
    day, parts = known
    return PartialDate(day.year, day.month if parts > 1 else None, day.day if parts > 2 else None)


@given(dates, dates)
def test_two_dates_may_be_one_where_some_day_is_both(one: tuple[date, int], other: tuple[date, int]) -> None:
    first, second = partial(one), partial(other)

    def days(known: PartialDate) -> set[date]:
        begin = date(known.year, 1, 1)
        return {
            day
            for day in (begin + timedelta(days=number) for number in range(366))
            if day.year == known.year and known.month in (None, day.month) and known.day in (None, day.day)
        }

    assert may_be(first, second) == bool(days(first) & days(second))
    assert may_be(first, first)
    assert may_be(first, second) == may_be(second, first)
