"""Requests to have a record changed: frozen, decided on by somebody else over what was shown, applied exactly or not at all."""

from collections.abc import Awaitable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.call import Call
from access.confirming import check_second_factor
from access.rights import Role, Scope
from core.dates import PartialDate, civil_date
from core.errors import Conflict, Faulty, Forbidden, Internal, Invalid, NotFound, RateLimited, SijilError
from core.events import Events
from core.ids import uuid7
from identity import change_views, changes, contacts, record_history, taken_numbers
from identity.change_forms import ChangeKind, ChangeRefusal, ChangeState, ChangeStep, after, asked, change_of, document, hash_of
from identity.change_views import ChangeView, ChangeWish
from identity.changes import PersonChanged, Wanted
from identity.imports import LoadedPerson
from identity.people import Name, ScriptedText
from identity.record_history import RevisionView
from identity.relations import REFUSED, REFUSED_NUMBER
from identity.store import PARTS, SEALED_PARTS
from tests.access.enrolled import NOW
from tests.api.people import Signed
from tests.identity.asking import citizen
from tests.identity.registered import CASABLANCA, MINUTE, RABAT, Register, machine, staff_call

SUPERVISOR, AGENT = "SUPERVISOR", "CENTRE_AGENT"
TODAY = civil_date(NOW)
DAY = timedelta(days=1)
ALL = frozenset(PARTS) | {"person.status"}
EVERYTHING = ChangeWish(ALL)


# --- what may be asked, and what comes of it


CURRENT: Mapping[str, str | None] = dict.fromkeys(SEALED_PARTS) | {
    "person.given_name:latin": "Amina",
    "person.family_name:latin": "Bennani",
    "person.birth_date": "1984-03-09",
    "person.sex": "F",
    "person.nationality": "MAR",
    "person.cnie": "AB123456",
    "person.residence": "06.141",
}


@pytest.mark.parametrize(
    ("wished", "change"),
    [
        ({"given_name_ar": " أمينة "}, {"person.given_name:ar": (None, "أمينة")}),
        ({"cnie": "ab 654321"}, {"person.cnie": ("AB123456", "AB654321")}),
        ({"cnie": ""}, {"person.cnie": ("AB123456", None)}),
        ({"birth_date": "1984", "sex": "F"}, {"person.birth_date": ("1984-03-09", "1984")}),
        ({"marital_status": "MARRIED", "address": "1, Rue X"}, None),
    ],
)
def test_only_what_becomes_otherwise_is_a_change_in_its_normal_form(wished: dict[str, str], change: Any) -> None:
    found = asked(ChangeKind.CORRECTION, CURRENT, wished, TODAY)
    if change is None:
        change = {"person.marital_status": (None, "MARRIED"), "person.address": (None, "1, Rue X")}
    assert found == change


@pytest.mark.parametrize(
    ("kind", "wished", "faults"),
    [
        ("CORRECTION", {"given_name_latin": "أمينة"}, [("WRONG_SCRIPT", "given_name_latin")]),
        ("CORRECTION", {"family_name_latin": "Веnnani"}, [("FOREIGN_LETTERS", "family_name_latin")]),
        ("CORRECTION", {"family_name_latin": "B" * 10_000}, [("TOO_LONG", "family_name_latin")]),
        ("CORRECTION", {"birth_date": "1984-02-30", "sex": "X"}, [("NOT_A_DATE", "birth_date"), ("NOT_A_CODE", "sex")]),
        ("CORRECTION", {"birth_date": "2099-01-01"}, [("IN_FUTURE", "birth_date")]),
        ("CORRECTION", {"birth_date": None}, [("MISSING", "birth_date")]),
        ("CORRECTION", {"family_name_latin": ""}, [("MISSING", "family_name_latin")]),
        ("CORRECTION", {"nationality": "FRA"}, [("NOT_FOR_FOREIGNERS", "cnie")]),
        ("UPDATE", {"birth_date": "1984-03-10"}, [("CORRECTION_ONLY", "birth_date")]),
        ("UPDATE", {"father_name": "Ali Bennani"}, [("CORRECTION_ONLY", "father_name")]),
    ],
)
def test_what_cannot_be_is_said_with_its_code_and_member(kind: str, wished: dict[str, Any], faults: list[Any]) -> None:
    with pytest.raises(Faulty) as refused:
        asked(ChangeKind(kind), CURRENT, wished, TODAY)
    assert [(str(fault.code), fault.path[0]) for fault in refused.value.faults] == faults


def test_what_was_amiss_before_and_is_not_touched_stays_so() -> None:
    old = {**CURRENT, "person.cnie": "odd", "person.family_name:latin": "B3nnani"}
    assert asked(ChangeKind.CORRECTION, old, {"address": "1, Rue X"}, TODAY) == {"person.address": (None, "1, Rue X")}


@pytest.mark.parametrize("wished", [{}, {"idcs": "1"}, {"telephone": "+212612345678"}, {"sex": "F"}])
def test_what_is_no_change_is_refused(wished: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        asked(ChangeKind.CORRECTION, CURRENT, wished, TODAY)


@pytest.mark.parametrize("state", ChangeState)
@pytest.mark.parametrize("step", ChangeStep)
def test_a_request_that_was_decided_stays_so(state: ChangeState, step: ChangeStep) -> None:
    if state in ("SUBMITTED", "IN_REVIEW") and (state, step) != ("IN_REVIEW", "TAKE_UP"):
        assert after(state, step) == {"TAKE_UP": "IN_REVIEW", "ACCEPT": "ACCEPTED", "REJECT": "REJECTED"}.get(step, "WITHDRAWN")
        return
    with pytest.raises(Conflict):
        after(state, step)


@given(st.dictionaries(st.sampled_from(SEALED_PARTS), st.tuples(st.none() | st.text(), st.none() | st.text()), min_size=1))
def test_what_is_frozen_is_read_as_it_was_and_nothing_else_is(change: dict[str, tuple[str | None, str | None]]) -> None:
    person, request = UUID(int=1), UUID(int=2)
    try:
        one = document(person, request, ChangeKind.UPDATE, TODAY, change)
        hash_ = hash_of(one)
    except Invalid:  # halves of a surrogate pair
        return
    beside = (person, request, "UPDATE", TODAY)
    assert change_of(orjson.dumps(one).decode(), hash_, *beside) == change
    other = document(person, request, ChangeKind.UPDATE, TODAY, change)
    assert hash_of(other) != hash_  # by its salt
    with pytest.raises(Internal):
        change_of(orjson.dumps(other).decode(), hash_, *beside)


# --- in the register


class Office:
    """Two supervisors and an agent, and what was told upward."""

    def __init__(self, register: Register, first: Signed, second: Signed, agent: Signed) -> None:
        self.register, self.first, self.second, self.agent = register, first, second, agent
        self.told: list[PersonChanged] = []
        self.events = Events()
        self.events.on(PersonChanged, self._hear)

    async def _hear(self, _: Any, __: Any, event: PersonChanged) -> None:
        self.told.append(event)

    async def ask(self, person: UUID, *, call: Call | None = None, kind: str = "CORRECTION", **members: Any) -> UUID:
        call = call or citizen(person)
        more = {name: members.pop(name) for name in ("words", "effective_on", "evidence") if name in members}
        wanted = Wanted(ChangeKind(kind), members, **more)
        return await self.register.change(lambda c, r: changes.ask_for_change(c, call, r, wanted=wanted), call)

    async def request(self, person: UUID, *, call: Call | None = None, **members: Any) -> UUID:
        call = call or staff_call(self.agent, AGENT)
        wanted = Wanted(ChangeKind.CORRECTION, members)
        await self.register.transact(lambda c: taken_numbers.count_numbers(c, call, self.register.keys, members=members))
        return await self.register.change(lambda c, r: changes.request_change(c, call, r, person=person, wanted=wanted), call)

    async def evidence(self, person: UUID, request: UUID | None) -> UUID:
        evidence = uuid7(NOW)
        await self.register.database.ask(
            """insert into evidence (person_id, evidence_id, request_id, kind, media_type, size, digest, added_at)
               values ($1, $2, $3, 'CNIE', 'application/pdf', 1, 'd', $4)""",
            *(person, evidence, request, NOW),
        )
        return evidence

    async def decide(
        self,
        request: UUID,
        *,
        now: datetime = NOW,
        by: Signed | None = None,
        call: Call | None = None,
        refusal: ChangeRefusal | None = None,
        **more: Any,
    ) -> None:
        by = by or self.first
        call = call or staff_call(by, SUPERVISOR, now=now)
        (row,) = await self.register.database.ask("select diff_hash from change_request where request_id = $1", request)
        parts: dict[str, Any] = {"hash_": row["diff_hash"].hex(), "code": by.code(now), "words": None} | more
        check = check_second_factor(self.register.keys)
        await self.register.change(
            lambda c, r: changes.decide_change(
                c, call, r, check, request=request, accept=refusal is None, refusal=refusal, events=self.events, **parts
            ),
            call,
        )

    async def own(self, person: UUID) -> list[ChangeView]:
        call = citizen(person)
        return await self.register.read(lambda r: change_views.own_change_requests(r, call, EVERYTHING), call)

    async def history(self, person: UUID) -> list[RevisionView]:
        call = citizen(person)
        page = await self.register.read(lambda r: record_history.own_history(r, call, wanted=ALL), call)
        return [edge.node for edge in page.edges]

    async def values(self, person: UUID) -> dict[str, str | None]:
        (row,) = await self.register.database.ask("select * from person where person_id = $1", person)
        key = self.register.keys.masters.unwrap(person, row["data_key"])
        columns = {part: row[part.removeprefix("person.").replace(":", "_")] for part in SEALED_PARTS}
        return {part: None if sealed is None else key.open(part, person, sealed) for part, sealed in columns.items()}


@pytest.fixture
async def office(register: Register) -> Office:
    roles = (Role.SUPERVISOR, Role.SUPERVISOR, Role.CENTRE_AGENT)
    return Office(register, *[await register.staff(role) for role in roles])


async def refused(work: Awaitable[Any]) -> SijilError:
    with pytest.raises(SijilError) as fault:
        await work
    return fault.value


async def amina(register: Register, **changes: Any) -> LoadedPerson:
    return await register.person(cnie="AB123456", **changes)


async def test_what_was_asked_is_applied_exactly_with_its_history_and_its_hashes(register: Register, office: Office) -> None:
    her = await amina(register)
    person, before = her.person_id, await office.values(her.person_id)
    request = await office.ask(person, given_name_latin="Amīna", cnie="CD 777", words="Wrong on my card.\nSee it.")
    await office.evidence(person, request)
    later = NOW + MINUTE
    (view,) = await office.own(person)
    assert (view.state, view.origin, view.kind, view.mine, view.may_withdraw) == (
        "SUBMITTED",
        "HOLDER",
        "CORRECTION",
        True,
        True,
    )
    assert view.due_at == NOW + 10 * DAY
    assert view.attributes == ["person.cnie", "person.given_name"]
    assert view.words == "Wrong on my card.\nSee it."
    assert view.was is not None
    assert view.becomes is not None
    assert (view.was.cnie, view.becomes.cnie) == ("AB123456", "CD777")
    assert view.becomes.name == Name(given=ScriptedText(None, "Amīna"))
    assert await office.values(person) == before

    await office.decide(request, now=later, words="Done.")
    values = await office.values(person)
    assert values == before | {"person.given_name:latin": "Amīna", "person.cnie": "CD777"}
    for text, owner in (("CD777", person), ("AB123456", None)):
        rows = await register.database.ask("select owner_id from identifier where hash = $1", register.keys.index("CNIE", text))
        assert [row["owner_id"] for row in rows] == ([] if owner is None else [owner])
    entry, enrolled = await office.history(person)
    assert (entry.cause, entry.source, entry.request_id, entry.recorded_at) == ("CORRECTION", "HOLDER", request, later)
    assert entry.was is not None
    assert entry.becomes is not None
    assert (entry.was.cnie, entry.becomes.cnie, entry.was.telephone) == ("AB123456", "CD777", None)
    assert (enrolled.cause, enrolled.attributes, enrolled.was) == ("ENROLMENT", [], None)
    (view,) = await office.own(person)
    assert (view.state, view.answer, view.decided_at, view.may_withdraw) == ("ACCEPTED", "Done.", later, False)
    (event,) = office.told
    assert event == PersonChanged(person, frozenset({"person.cnie", "person.given_name"}), None)
    assert not event.moves_eligibility
    assert [len(await register.told(person, f"CHANGE_REQUEST_{step}")) for step in ("RECEIVED", "ACCEPTED")] == [2, 2]
    keyed = await register.database.ask("select hash from blocking_key where person_id = $1", person)
    assert keyed


async def test_as_of_an_instant_the_record_is_as_it_was_recorded(register: Register, office: Office) -> None:
    her = await amina(register)
    request = await office.ask(her.person_id, kind="UPDATE", residence=RABAT, effective_on=date(2026, 3, 1))
    await office.evidence(her.person_id, request)
    await office.decide(request, now=NOW + MINUTE)
    call = citizen(her.person_id, now=NOW + 2 * MINUTE)

    async def at(instant: datetime) -> Any:
        return await register.read(lambda r: record_history.own_record_at(r, call, wanted=ALL, at=instant), call)

    assert await at(NOW - MINUTE) is None
    assert (await at(NOW)).residence.code == CASABLANCA
    assert (await at(NOW + MINUTE)).residence.code == RABAT
    assert (await at(NOW)).cnie == "AB123456"
    assert office.told[0].moves_eligibility
    found = await register.read(lambda r: record_history.own_provenance(r, call), call)
    by = {its.attribute: its for its in found}
    assert (by["person.residence"].cause, by["person.residence"].effective_on) == ("UPDATE", date(2026, 3, 1))
    assert by["person.sex"].cause == "ENROLMENT"


async def test_what_the_record_no_longer_is_has_to_be_asked_anew(register: Register, office: Office) -> None:
    her = await amina(register)
    one = await office.ask(her.person_id, address="1, Rue X")
    other = await office.ask(her.person_id, address="2, Rue X")
    await office.decide(one)
    fault = await refused(office.decide(other, now=NOW + MINUTE))
    assert (type(fault), fault.path) == (Conflict, ("request",))
    assert (await office.values(her.person_id))["person.address"] == "1, Rue X"
    assert await register.count("person_revision", "person_id = $1", her.person_id) == 2
    assert await register.count("change_request", "state = 'SUBMITTED'") == 1


async def test_the_number_of_another_is_refused_without_saying_whose(register: Register, office: Office) -> None:
    her, other = await amina(register), await register.person(cnie="EF999")
    fault = await refused(office.request(her.person_id, cnie="EF999"))
    assert (type(fault), fault.path) == (Conflict, ("cnie",))
    assert str(other.person_id) not in fault.message
    request = await office.ask(her.person_id, cnie="GH111")
    await office.evidence(her.person_id, request)
    await register.person(cnie="GH111")  # meanwhile
    fault = await refused(office.decide(request))
    assert isinstance(fault, Conflict)
    assert (await office.values(her.person_id))["person.cnie"] == "AB123456"
    assert await register.count("change_request", "state = 'SUBMITTED'") == 1


async def test_who_has_a_card_is_not_found_out_by_correcting_others(register: Register, office: Office) -> None:
    """ "On record already", or not, as often as anybody liked, was who is registered."""
    her = await amina(register)
    await register.person(cnie="EF999")
    for free in range(REFUSED_NUMBER.limit + 1):  # what is free, or no number, is not counted
        request = await office.request(her.person_id, cnie=f"KL{free:03d}")
        await register.database.ask(
            "update change_request set state = 'WITHDRAWN', decided_at = $2 where request_id = $1", request, NOW
        )
        await refused(office.request(her.person_id, cnie="EF999", birth_date="2099-01-01"))
    for _ in range(REFUSED_NUMBER.limit):
        fault = await refused(office.request(her.person_id, cnie="ef 999"))
        assert (type(fault), fault.path) == (Conflict, ("cnie",))
    fault = await refused(office.request(her.person_id, cnie="EF999"))
    assert isinstance(fault, RateLimited)
    for number in range(REFUSED.limit - REFUSED_NUMBER.limit):
        await register.person(cnie=f"MN{number:03d}")
        await refused(office.request(her.person_id, cnie=f"MN{number:03d}"))
    assert isinstance(await refused(office.request(her.person_id, cnie="KL999")), RateLimited)
    await office.request(her.person_id, address="1, Rue X")


async def test_whoever_may_be_somebody_else_once_corrected_becomes_a_case_of_both_and_one_only(
    register: Register, office: Office
) -> None:
    her = await register.person(
        given_name_ar=None, given_name_latin="Zineb", birth_date=PartialDate(1990, 1, 2), residence=RABAT
    )
    twin = await register.person(given_name_ar=None, given_name_latin="Salma", birth_date=PartialDate(1977, 11, 23))
    request = await office.ask(her.person_id, marital_status="MARRIED")
    await office.evidence(her.person_id, request)
    await office.decide(request)
    assert await register.count("duplicate_case") == 0
    request = await office.ask(her.person_id, given_name_latin="Selma", birth_date="1977-11-23")
    await office.evidence(her.person_id, request)
    await office.decide(request, now=NOW + MINUTE)
    assert (await office.values(her.person_id))["person.birth_date"] == "1977-11-23"  # it stands
    (case,) = await register.database.ask("select * from duplicate_case")
    assert (case["person_id"], case["other_id"], case["state"]) == (her.person_id, twin.person_id, "OPEN")
    assert (case["origin"], case["division"]) == ("COMPARISON", RABAT)
    looks = [leaf["field"] for leaf, _ in await register.entries(twin.person_id)]
    assert looks == ["decideChangeRequest"]
    for place, (who, name) in enumerate(((twin, "Selma"), (her, "Salma"))):
        request = await office.ask(who.person_id, given_name_latin=name)
        await office.evidence(who.person_id, request)
        await office.decide(request, now=NOW + (place + 2) * MINUTE)
    assert await register.count("duplicate_case") == 1


async def test_who_asked_does_not_decide_and_only_over_what_was_shown(register: Register, office: Office) -> None:
    her = await amina(register)
    asking = staff_call(office.second, SUPERVISOR)
    request = await office.request(her.person_id, call=asking, address="1, Rue X")
    for wrong, kind in (
        (office.decide(request, by=office.second), Forbidden),
        (office.decide(request, hash_="00" * 32), Conflict),
        (office.decide(request, code="000000"), Invalid),
        (office.decide(request, call=staff_call(office.first, f"{SUPERVISOR} {RABAT}")), NotFound),
        (office.decide(request, call=staff_call(office.agent, AGENT)), Forbidden),
        (office.decide(request, call=citizen(her.person_id)), Forbidden),
    ):
        assert isinstance(await refused(wrong), kind)
    assert (await office.values(her.person_id))["person.address"] is None
    await office.decide(request, refusal=ChangeRefusal.NOT_FOUNDED, words="Not so.")
    (view,) = await office.own(her.person_id)
    assert (view.state, view.refusal, view.answer, view.origin, view.mine) == (
        "REJECTED",
        "NOT_FOUNDED",
        "Not so.",
        "CENTRE",
        False,
    )
    assert (await office.values(her.person_id))["person.address"] is None
    assert office.told == []
    assert isinstance(await refused(office.decide(request, now=NOW + MINUTE)), Conflict)
    assert len(await register.told(her.person_id, "CHANGE_REQUEST_REJECTED")) == 2


async def test_who_somebody_is_changes_only_by_evidence(register: Register, office: Office) -> None:
    her = await amina(register)
    request = await office.ask(her.person_id, sex="M")
    fault = await refused(office.decide(request))
    assert isinstance(fault, Faulty)
    assert [str(each.code) for each in fault.faults] == ["EVIDENCE_MISSING"]
    assert (await office.values(her.person_id))["person.sex"] == "F"
    given_ = await office.evidence(her.person_id, None)
    other = await office.ask(her.person_id, sex="M", evidence=[given_])
    await office.decide(other)
    assert (await office.values(her.person_id))["person.sex"] == "M"


async def test_a_guardian_asks_for_the_ward_and_a_stranger_for_nobody(register: Register, office: Office) -> None:
    guardian, ward = await register.guardian_and_ward()
    call = citizen(ward.person_id, holder=guardian.person_id)
    request = await office.ask(ward.person_id, call=call, address="1, Rue X")
    (row,) = await register.database.ask("select person_id, origin, asked_by from change_request")
    assert tuple(row) == (ward.person_id, "GUARDIAN", guardian.person_id)
    assert len(await register.told(guardian.person_id, "CHANGE_REQUEST_RECEIVED")) == 2
    stranger = await register.person()
    fault = await refused(
        register.transact(lambda c: changes.withdraw_own_change(c, citizen(stranger.person_id), register.keys, request=request))
    )
    assert isinstance(fault, NotFound)
    await register.transact(lambda c: changes.withdraw_own_change(c, call, register.keys, request=request))
    assert isinstance(await refused(office.decide(request)), Conflict)


async def test_a_person_can_stop_what_a_centre_asked_and_an_agent_only_their_own(register: Register, office: Office) -> None:
    her = await amina(register)
    fault = await refused(office.request(her.person_id, call=staff_call(office.agent, f"{AGENT} {RABAT}"), address="1"))
    assert (type(fault), fault.path) == (NotFound, ("person",))
    request = await office.request(her.person_id, address="1, Rue X")
    agent, other = staff_call(office.agent, AGENT), staff_call(office.second, SUPERVISOR)
    fault = await refused(register.transact(lambda c: changes.withdraw_change(c, other, register.keys, request=request)))
    assert isinstance(fault, NotFound)
    await register.transact(lambda c: changes.withdraw_change(c, agent, register.keys, request=request))
    second = await office.request(her.person_id, address="1, Rue X")
    me = citizen(her.person_id)
    await register.transact(lambda c: changes.withdraw_own_change(c, me, register.keys, request=second))
    assert await register.count("change_request", "state = 'WITHDRAWN'") == 2


async def test_only_so_many_are_open_and_nothing_of_them_is_plain(register: Register, office: Office) -> None:
    her = await amina(register)
    for number in range(5):
        await office.ask(her.person_id, address=f"{number}, Rue Introuvable", words="Introuvable")
    assert isinstance(await refused(office.ask(her.person_id, address="6, Rue X")), Conflict)
    rows = await register.database.ask("select c::text as text from change_request c")
    assert len(rows) == 5
    assert not any("Introuvable" in row["text"] for row in rows)
    assert len({row["text"] for row in rows}) == 5


async def test_who_decides_sees_the_queue_by_deadline_where_they_decide(register: Register, office: Office) -> None:
    here, there = await amina(register), await register.person(residence=RABAT)
    first = await office.ask(here.person_id, address="1, Rue X")
    second = await office.ask(there.person_id, address="2, Rue X", call=citizen(there.person_id, now=NOW + MINUTE))
    whole, part = staff_call(office.first, SUPERVISOR), staff_call(office.second, f"{SUPERVISOR} {RABAT}")
    closed = ChangeWish(frozenset(), opened=False)

    async def queue(call: Call, wish: ChangeWish = closed, **more: Any) -> Any:
        return await register.read(lambda r: change_views.change_requests(r, call, wish, **more), call)

    page = await queue(whole, first=1)
    assert [edge.node.request_id for edge in page.edges] == [first]
    again = await queue(whole, first=1, after=page.page_info.end_cursor)
    assert [edge.node.request_id for edge in again.edges] == [second]
    assert again.edges[0].node.was is None
    assert await register.entries(there.person_id, "changeRequests") == []
    (edge,) = (await queue(part, EVERYTHING)).edges
    assert edge.node.becomes.address == "2, Rue X"
    assert edge.node.may_decide
    assert [details["uses"] for _, details in await register.entries(there.person_id, "changeRequests")] == [
        {"person.address": "RELEASE"}
    ]
    await register.transact(lambda c: changes.take_up_change(c, part, request=second))
    assert (await queue(part)).edges[0].node.state == "IN_REVIEW"
    late = staff_call(office.first, SUPERVISOR, now=NOW + 11 * DAY)
    assert [edge.node.overdue for edge in (await queue(late)).edges] == [True, True]
    fault = await refused(register.read(lambda r: change_views.change_request(r, part, closed, request=first), part))
    assert isinstance(fault, NotFound)


async def test_a_changed_telephone_has_its_place_in_the_history(register: Register, office: Office) -> None:
    her = await amina(register)
    old, agent = register.telephone(her), staff_call(office.agent, AGENT)
    _, change = await register.change(
        lambda c, r: contacts.change_telephone(
            c, agent, r, idcs=her.idcs.text, telephone="0612345678", issuer="https://sijil.example"
        ),
        agent,
    )
    keyed = await register.database.ask("select hash from blocking_key where person_id = $1", her.person_id)
    call = machine(Scope.CONTACT_CHANGE, now=NOW + 3 * DAY)
    async with register.database.begin() as connection:
        await contacts.apply_change(connection, call, register.keys, person=her.person_id, change=change)
    entry, _ = await office.history(her.person_id)
    assert (entry.cause, entry.source, entry.request_id) == ("TELEPHONE", "CENTRE", change)
    assert entry.was is not None
    assert entry.becomes is not None
    assert (entry.was.telephone, entry.becomes.telephone) == (old, "+212612345678")
    again = await register.database.ask("select hash from blocking_key where person_id = $1", her.person_id)
    assert {row["hash"] for row in again} != {row["hash"] for row in keyed}  # found by the new one, for whoever is enrolled
