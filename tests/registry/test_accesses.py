"""Members of a household are shown who looked at it while they belonged to it, in one list with the looks at themselves."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from access.authority import Documents
from access.call import Purpose
from access.catalogue import Use
from access.decision import Ground
from access.reading import Reading
from access.rights import Role, Scope
from core.database import Database
from core.errors import Forbidden, Invalid, NotFound, Withheld
from core.events import Events
from core.ids import uuid7
from core.keys import KeyRing
from identity import access_reports, people
from identity.accesses import AccessOutcome, AccessView, AttributeUse, Basis
from identity.imports import LoadedPerson
from registry import accesses, households
from registry.facts import Kinship, Milieu
from registry.households import Wish
from registry.imports import NewHousehold, NewMember, load_households
from tests.access.enrolled import NOW, Enrol, Member
from tests.identity.asking import citizen
from tests.identity.registered import CASABLANCA, MINUTE, Register, machine, staff_call

DAY = timedelta(days=1)
SIZE = "household.size"
GRANTED = {SIZE: {"uses": ["RELEASE"]}, "person.given_name": {"uses": ["RELEASE"]}}


@dataclass
class Home:
    """A household of a head, a spouse and a child, and an agency that asks about it."""

    register: Register
    household: UUID
    head: LoadedPerson
    spouse: LoadedPerson
    child: LoadedPerson
    fund: Member

    async def look(self, at: datetime, *, of: LoadedPerson | None = None, fund: Member | None = None) -> UUID:
        """The request id of a question for the size of the household that this member belongs to."""
        call = (fund or self.fund).call(Purpose.ELIGIBILITY, at)
        idcs = (of or self.head).idcs.text

        async def ask(reading: Reading) -> None:
            with suppress(Withheld):  # a refusal leaves its entry, too
                await households.household(reading, call, purpose=Purpose.ELIGIBILITY, idcs=idcs, wish=Wish(frozenset({SIZE})))

        await self.register.read(ask, call)
        return call.request_id

    async def look_at(self, person: LoadedPerson, at: datetime) -> UUID:
        call = self.fund.call(Purpose.ELIGIBILITY, at)
        wanted = frozenset({"person.given_name"})
        await self.register.read(
            lambda r: people.person(r, call, purpose=Purpose.ELIGIBILITY, idcs=person.idcs.text, wanted=wanted), call
        )
        return call.request_id

    async def leaves(self, person: LoadedPerson, at: datetime) -> None:
        for table in ("membership", "person_household"):
            await self.register.database.ask(f"update {table} set valid_to = $2 where person_id = $1", person.person_id, at)

    async def views(self, person: LoadedPerson, *, now: datetime = NOW + DAY, **how: Any) -> list[AccessView]:
        call = citizen(person.person_id, now=now)
        page = await self.register.read(lambda r: accesses.accesses(r, call, **how), call)
        return [edge.node for edge in page.edges]

    async def shown(self, person: LoadedPerson, *, now: datetime = NOW + DAY) -> list[UUID]:
        return [view.request_id for view in await self.views(person, now=now)]


@pytest.fixture
async def home(database: Database, keys: KeyRing, clean: None) -> Home:
    register = await Register(database, keys).set_up()
    head, spouse, child = [await register.person() for _ in range(3)]
    kinships = ((head, Kinship.HEAD), (spouse, Kinship.SPOUSE), (child, Kinship.CHILD))
    members = tuple(
        NewMember(person.person_id, kinship, register.people[person.person_id].birth_date, {}) for person, kinship in kinships
    )
    new = NewHousehold(head.idcs, head.person_id, Milieu.URBAN, 6, CASABLANCA, members, {})
    async with register.driver() as connection:
        (loaded,) = await load_households(connection, machine(Scope.REGISTER_LOAD), keys, Events(), [new])
    fund = await Enrol(database)("FUND", mandates=False, attributes=GRANTED)
    await Enrol(database).mandate(fund, attributes=[SIZE, "person.given_name"])
    return Home(register, loaded.household_id, head, spouse, child, fund)


async def test_each_member_is_shown_a_look_at_the_household(home: Home) -> None:
    request = await home.look(NOW)
    for member in (home.head, home.spouse, home.child):
        (view,) = await home.views(member)
        assert (view.request_id, view.household, view.subject_id, view.own) == (request, True, home.household, False)
        assert (view.field, view.at, view.purpose) == ("household", NOW, Purpose.ELIGIBILITY)
        assert view.basis == Basis(Ground.MANDATE, article="Invented law 1, article 1", agreement_version=1)
        assert view.attributes == (AttributeUse(SIZE, (Use.RELEASE,), (), False),)
        assert view.outcome is AccessOutcome.ANSWERED


async def test_nobody_else_is_shown_it(home: Home) -> None:
    await home.look(NOW)
    stranger = await home.register.person()
    assert await home.shown(stranger) == []
    (view,) = await home.views(home.head)
    call = citizen(stranger.person_id, now=NOW + DAY)
    with pytest.raises(NotFound):
        await home.register.read(lambda r: accesses.access(r, call, entry=view.entry_id), call)
    auditor = staff_call(await home.register.staff(Role.AUDITOR), "AUDITOR")
    for other in (home.fund.call(), auditor):
        with pytest.raises(Forbidden):
            await home.register.read(lambda r, c=other: accesses.accesses(r, c), other)  # type: ignore[misc]


async def test_who_has_left_sees_what_was_before_and_neither_sees_the_others_later_looks(home: Home) -> None:
    before = await home.look(NOW)
    left = NOW + 10 * MINUTE
    await home.leaves(home.spouse, left)
    after = [await home.look(left), await home.look(left + MINUTE)]
    own = await home.look_at(home.spouse, left + 2 * MINUTE)
    assert await home.shown(home.spouse) == [own, before]
    assert await home.shown(home.head) == [*reversed(after), before]


async def test_who_joins_sees_nothing_of_before(home: Home) -> None:
    newcomer, joined = await home.register.person(), NOW + 10 * MINUTE
    before = await home.look(NOW)
    membership = uuid7(joined)
    await home.register.database.ask(
        """insert into membership (household_id, membership_id, person_id, kinship, valid_from)
           values ($1, $2, $3, 'CHILD', $4)""",
        *(home.household, membership, newcomer.person_id, joined),
    )
    await home.register.database.ask(
        "insert into person_household (person_id, membership_id, household_id, valid_from) values ($1, $2, $3, $4)",
        *(newcomer.person_id, membership, home.household, joined),
    )
    since = await home.look(joined)
    assert await home.shown(newcomer) == [since]
    assert await home.shown(home.head) == [since, before]


async def test_looks_at_the_person_and_the_household_are_one_list_by_pages(home: Home) -> None:
    expected = []
    for number in range(4):
        at = NOW + number * MINUTE
        expected += [await home.look_at(home.spouse, at), await home.look(at + timedelta(seconds=1))]
    call = citizen(home.spouse.person_id, now=NOW + DAY)
    found: list[UUID] = []
    after = None
    for size in (3, 3, 2):
        page = await home.register.read(lambda r, a=after: accesses.accesses(r, call, first=3, after=a), call)  # type: ignore[misc]
        assert len(page.edges) == size
        assert page.page_info.has_next_page is (size == 3)
        found += [edge.node.request_id for edge in page.edges]
        after = page.page_info.end_cursor
    assert found == expected[::-1]


async def test_a_page_is_three_statements_and_one_entry(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        await home.look(NOW + number * MINUTE)
    asked: list[str] = []
    real = Reading.ask

    async def counted(self: Reading, sql: str, *values: Any) -> Sequence[Any]:
        asked.append(sql)
        return await real(self, sql, *values)

    monkeypatch.setattr(Reading, "ask", counted)
    reading = Reading(home.register.database, home.register.keys, Documents())
    page = await accesses.accesses(reading, citizen(home.head.person_id, now=NOW + DAY))
    assert (len(page.edges), len(asked), len(reading.disclosures)) == (5, 3, 1)


async def test_a_hidden_look_stays_hidden(home: Home) -> None:
    sealed = await Enrol(home.register.database)("SEALED", mandates=False, attributes=GRANTED)
    await Enrol(home.register.database).mandate(sealed, attributes=[SIZE], disclosure="SEALED")
    await home.look(NOW, fund=sealed)
    assert await home.register.count("ledger_entry", "subject_id = $1", home.household) == 1
    assert await home.shown(home.head, now=NOW + 1000 * DAY) == []


async def test_why_a_look_at_the_household_was_refused_is_the_affair_of_one_member(home: Home) -> None:
    """A lock of the spouse's must not be told to the head by the list."""
    await home.register.database.ask(
        """insert into identity_lock (person_id, lock_id, purposes, mandated_too, valid_from)
           values ($1, $2, array['ELIGIBILITY'], true, $3)""",
        *(home.spouse.person_id, uuid4(), NOW - DAY),
    )
    await home.look(NOW, of=home.spouse)
    for member in (home.head, home.spouse):
        (view,) = await home.views(member)
        assert (view.outcome, view.attributes) == (AccessOutcome.REFUSED, ())
        assert view.basis == Basis(Ground.WITHHELD, agreement_version=1)


async def test_that_somebody_consented_is_told_and_not_which_consent(home: Home) -> None:
    bank = await Enrol(home.register.database)("BANK", mandates=False, attributes=GRANTED)
    consent = uuid7(NOW)
    await home.register.database.ask(
        """insert into consent (person_id, consent_id, agency_id, purpose, requested, attributes, state, answer_by, valid_from,
              valid_to, data_life_days, method, revision, chain_hash, changed_at)
           values ($1, $2, $3, 'ELIGIBILITY', $4, $4, 'GRANTED', null, $5, $6, 30, 'IMPORTED', 1, $7, $5)""",
        *(home.spouse.person_id, consent, bank.agency_id, [SIZE], NOW - DAY, NOW + 30 * DAY, bytes(32)),
    )
    await home.register.database.ask(
        """insert into consent_revision (person_id, consent_id, number, hash, document, at)
           values ($1, $2, 1, $3, '{}', $4)""",
        *(home.spouse.person_id, consent, bytes(32), NOW - DAY),
    )
    await home.look(NOW, of=home.spouse, fund=bank)
    (theirs,), (own,) = await home.views(home.head), await home.views(home.spouse)
    assert theirs.basis == Basis(Ground.CONSENT, agreement_version=1)
    assert own.basis == Basis(Ground.CONSENT, None, consent, 1, 1)


async def test_a_guardian_is_shown_the_looks_at_the_wards_household(home: Home) -> None:
    guardian = await home.register.person()
    request = await home.look(NOW)
    acting = citizen(home.child.person_id, holder=guardian.person_id, now=NOW + DAY)
    page = await home.register.read(lambda r: accesses.accesses(r, acting), acting)
    assert [edge.node.request_id for edge in page.edges] == [request]
    assert await home.shown(guardian) == []


# --- reports


async def test_a_member_reports_a_look_at_the_household_and_it_is_found_by_who_answers(home: Home) -> None:
    request = await home.look(NOW)
    (view,) = await home.views(home.spouse)
    me, register = citizen(home.spouse.person_id, now=NOW + DAY), home.register
    await register.change(lambda c, r: accesses.report_access(c, me, r, entry=view.entry_id, text="Why?"), me)
    (again,), (heads,) = await home.views(home.spouse), await home.views(home.head)
    assert again.report is not None
    assert heads.report is None, "it is the spouse's report"
    answering = staff_call(
        await register.staff(Role.SUPERVISOR, division=CASABLANCA), f"SUPERVISOR {CASABLANCA}", now=NOW + DAY
    )
    page = await register.read(lambda r: access_reports.reports(r, answering, words=True), answering)
    (found,) = [edge.node for edge in page.edges]
    assert (found.text, found.looked_at, found.request_id) == ("Why?", NOW, request)


async def test_a_look_from_after_leaving_cannot_be_reported_or_asked_for(home: Home) -> None:
    await home.leaves(home.spouse, NOW + MINUTE)
    await home.look(NOW + MINUTE)
    (view,) = await home.views(home.head)
    me = citizen(home.spouse.person_id, now=NOW + DAY)
    with pytest.raises(NotFound):
        await home.register.read(lambda r: accesses.access(r, me, entry=view.entry_id), me)
    with pytest.raises(Invalid) as refusal:
        await home.register.change(lambda c, r: accesses.report_access(c, me, r, entry=view.entry_id, text="Why?"), me)
    assert refusal.value.path == ("entry",)
    assert await home.register.count("access_report") == 0
