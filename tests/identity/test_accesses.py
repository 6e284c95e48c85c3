"""A person is shown who looked, when, on what ground and at what; reports a look that was not right, and is answered."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from access.authority import Documents
from access.call import Actor, ActorKind, Call, Purpose
from access.catalogue import Use
from access.decision import Ground
from access.ledger import commitment
from access.reading import Reading
from access.rights import Role, Scope
from access.sessions import SessionKind, begin_session
from core.canonical import bytes64
from core.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, Withheld
from core.ids import uuid7
from core.paging import Page
from identity import access_reports, accesses, citizens, people, self_view
from identity.access_reports import MAX_OPEN, MAX_TEXT, ReportView, checked_words, new_number
from identity.accesses import AccessOutcome, AccessView, AttributeUse, OnBehalf, officer_number
from identity.imports import LoadedPerson
from tests.access.enrolled import NOW, Enrol, Member
from tests.identity.asking import citizen
from tests.identity.registered import CASABLANCA, MINUTE, RABAT, Register, staff_call
from verification import questions, service

DAY = timedelta(days=1)
GIVEN = frozenset({"person.given_name"})


class Looks:
    """Agencies that look at people, and people who are shown it."""

    def __init__(self, register: Register) -> None:
        self.register, self.enrol = register, Enrol(register.database)

    async def agency(self, code: str = "FUND", **mandate: Any) -> Member:
        member = await self.enrol(code, mandates=False)
        if mandate.get("purpose", "ELIGIBILITY"):
            await self.enrol.mandate(member, **mandate)
        return member

    async def look(
        self, member: Member, person: LoadedPerson, at: datetime = NOW, purpose: Purpose = Purpose.ELIGIBILITY
    ) -> UUID:
        """The request id of a look at the given name."""
        call = member.call(purpose, at)
        await self.looked(call, person)
        return call.request_id

    async def looked(self, call: Call, person: LoadedPerson) -> None:
        async def ask(reading: Reading) -> None:
            with suppress(Withheld):
                await people.person(reading, call, purpose=Purpose.ELIGIBILITY, idcs=person.idcs.text, wanted=GIVEN)

        await self.register.read(ask, call)

    async def verify(self, member: Member, person: LoadedPerson, **claims: str) -> None:
        call = member.call(Purpose.ELIGIBILITY)
        asked = questions.Asked(None, person.idcs.text, None, [(f"person.{n}", v) for n, v in claims.items()], [], None)
        await self.register.read(
            lambda r: service.verify(r, call, purpose=Purpose.ELIGIBILITY, batch=[asked], issuer="https://sijil.example"), call
        )

    async def shown(self, person: LoadedPerson | Call, *, now: datetime = NOW + MINUTE, **how: Any) -> list[AccessView]:
        return [edge.node for edge in (await self.page(person, now=now, **how)).edges]

    async def page(self, person: LoadedPerson | Call, *, now: datetime = NOW + MINUTE, **how: Any) -> Page[AccessView]:
        call = person if isinstance(person, Call) else await self.register.signed_in(person, now=now)
        return await self.register.read(lambda r: accesses.accesses(r, call, **how), call)


@pytest.fixture
def looks(register: Register) -> Looks:
    return Looks(register)


async def test_a_look_under_a_mandate_is_shown_with_its_article_and_what_was_told(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency()
    request = await looks.look(member, amina)
    (view,) = await looks.shown(amina)
    assert (view.at, view.actor, view.purpose, view.field, view.request_id) == (
        NOW,
        ActorKind.AGENCY,
        Purpose.ELIGIBILITY,
        "person",
        request,
    )
    assert view.agency == {"AR": "و", "FR": "A", "EN": "A"}
    assert (view.office, view.operator, view.officer, view.on_behalf, view.report) == (None, None, None, None, None)
    assert view.basis == accesses.Basis(Ground.MANDATE, article="Invented law 1, article 1", agreement_version=1)
    assert view.attributes == (AttributeUse("person.given_name", (Use.RELEASE,), (), False),)
    assert view.outcome is AccessOutcome.ANSWERED


async def test_the_version_that_decided_is_shown_and_not_the_newest(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency()
    await looks.look(member, amina)
    await looks.enrol.agreement(member.agency_id, dict(member.agreement) | {"version": 2})
    await looks.look(member, amina, NOW + MINUTE)
    newest, older = await looks.shown(amina, now=NOW + 2 * MINUTE)
    assert (newest.basis.agreement_version, older.basis.agreement_version) == (2, 1)


async def test_a_look_by_consent_names_the_consent_and_its_revision(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency(purpose="")
    consent = await put_consent(register, amina, member, revisions=3)
    await looks.look(member, amina, NOW + MINUTE)
    (view,) = await looks.shown(amina, now=NOW + 2 * MINUTE)
    # The third revision was made two minutes later.
    assert view.basis == accesses.Basis(Ground.CONSENT, None, consent, 2, 1)


async def put_consent(register: Register, person: LoadedPerson, member: Member, *, revisions: int) -> UUID:
    consent = uuid7(NOW)
    await register.database.ask(
        """insert into consent (person_id, consent_id, agency_id, purpose, requested, attributes, state, answer_by, valid_from,
              valid_to, data_life_days, method, revision, chain_hash, changed_at)
           values ($1, $2, $3, 'ELIGIBILITY', $4, $4, 'GRANTED', null, $5, $6, 30, 'IMPORTED', 3, $7, $5)""",
        person.person_id,
        consent,
        member.agency_id,
        ["person.given_name"],
        NOW - DAY,
        NOW + 30 * DAY,
        bytes(32),
    )
    for number in range(1, revisions + 1):
        await register.database.ask(
            """insert into consent_revision (person_id, consent_id, number, previous_hash, hash, document, at)
               values ($1, $2, $3, $4, $5, '{}', $6)""",
            person.person_id,
            consent,
            number,
            None if number == 1 else bytes(32),
            bytes(32),
            NOW + (number - 1) * 2 * MINUTE - MINUTE,
        )
    return consent


async def test_a_refused_look_is_shown_with_why(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency(purpose="")
    await looks.look(member, amina)
    (view,) = await looks.shown(amina)
    assert (view.outcome, view.basis.ground, view.attributes) == (AccessOutcome.REFUSED, Ground.NO_CONSENT, ())


async def test_of_a_failed_verification_the_person_is_shown_which_attribute_failed(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency()
    await looks.verify(member, amina, given_name="Amina", birth_date="1985-03-09")
    await looks.verify(member, amina, given_name="Amina", birth_date="1984-03-09")
    views = sorted(await looks.shown(amina), key=lambda view: view.outcome)
    assert [view.outcome for view in views] == [AccessOutcome.ANSWERED, AccessOutcome.FAILED]
    assert {used.attribute: (used.uses, used.failed) for used in views[1].attributes} == {
        "person.given_name": (("MATCH",), False),
        "person.birth_date": (("MATCH",), True),
    }
    assert not any(used.failed for used in views[0].attributes)


async def test_a_claim_that_was_not_allowed_is_shown_as_refused(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency(purpose="")
    await looks.verify(member, amina, given_name="Amina", birth_date="1984-03-09")
    (view,) = await looks.shown(amina)
    assert view.outcome is AccessOutcome.REFUSED
    assert all((used.uses, used.refused) == ((), ("MATCH",)) for used in view.attributes)


# --- what is kept from the person, and for how long


async def test_a_delayed_look_is_shown_when_its_days_are_over(register: Register, looks: Looks) -> None:
    amina = await register.person()
    member = await looks.agency(disclosure="DELAYED", disclosure_days=30)
    await looks.look(member, amina)
    assert await looks.shown(amina, now=NOW + 30 * DAY - MINUTE) == []
    (view,) = await looks.shown(amina, now=NOW + 30 * DAY)
    assert view.at == NOW


async def test_a_sealed_look_is_never_shown_nor_that_it_was_refused(register: Register, looks: Looks) -> None:
    amina = await register.person()
    member = await looks.agency(disclosure="SEALED")
    await looks.look(member, amina)
    await register.database.ask(
        """insert into identity_lock (person_id, lock_id, purposes, mandated_too, valid_from)
           values ($1, $2, array['ELIGIBILITY'], true, $3)""",
        amina.person_id,
        uuid7(NOW),
        NOW - DAY,
    )
    await looks.look(member, amina)
    await looks.verify(member, amina, given_name="Amina", birth_date="1984-03-09")
    assert await register.count("ledger_entry", "agency_id = $1 and shown_at is null", member.agency_id) == 3
    assert await looks.shown(amina, now=NOW + 1000 * DAY, include_own=False) == []
    assert all(view.agency is None for view in await looks.shown(amina, include_own=True))


async def test_a_mandate_that_is_published_later_hides_nothing_of_before(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency()
    await looks.look(member, amina)
    await looks.enrol.mandate(member, disclosure="SEALED", valid_from="2026-02-01T00:00:00+00:00")
    assert len(await looks.shown(amina)) == 1
    await register.database.ask("update mandate set revoked_at = $1", NOW)
    assert len(await looks.shown(amina)) == 1


async def test_a_hidden_look_cannot_be_asked_for_or_reported_by_its_id(register: Register, looks: Looks) -> None:
    amina = await register.person()
    await looks.look(await looks.agency(disclosure="SEALED"), amina)
    (row,) = await register.database.ask("select entry_id from ledger_entry where subject_id = $1", amina.person_id)
    call = await register.signed_in(amina)
    with pytest.raises(NotFound):
        await register.read(lambda r: accesses.access(r, call, entry=row["entry_id"]), call)
    with pytest.raises(Invalid):
        await report(register, call, row["entry_id"])
    assert await register.count("access_report") == 0


# --- whose looks


async def test_ones_own_looks_are_left_out_unless_asked_for(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency()
    await looks.look(member, amina)
    call = await register.signed_in(amina)
    await register.read(lambda r: self_view.oneself(r, call, self_view.Wish(GIVEN)), call)
    assert [view.actor for view in await looks.shown(call)] == [ActorKind.AGENCY]
    own = [view for view in await looks.shown(call, include_own=True) if view.actor is ActorKind.CITIZEN]
    assert {(view.on_behalf, view.basis.ground) for view in own} == {(OnBehalf.SELF, Ground.SELF)}
    assert {view.field for view in own} == {"me", "accesses"}
    assert all(view.outcome is AccessOutcome.ANSWERED for view in own)


async def test_a_look_with_somebody_beside_is_shown_and_has_the_assistants_number(register: Register, looks: Looks) -> None:
    amina, agent = await register.person(), await register.staff(Role.CENTRE_AGENT)
    token = await register.transact(
        lambda c: begin_session(c, NOW, SessionKind.ASSISTED, holder=amina.person_id, assistant=agent.account, form="ACCESSES")
    )
    beside = await register.call_of(token)
    await looks.shown(beside)
    (view,) = await looks.shown(amina)
    assert (view.actor, view.on_behalf, view.field) == (ActorKind.CITIZEN, OnBehalf.SELF, "accesses")
    assert view.officer == officer_number(register.keys, agent.account)
    assert view.officer.isdigit()
    assert len(view.officer) == 8


async def test_a_guardian_is_shown_the_wards_looks_and_the_ward_the_guardians(register: Register, looks: Looks) -> None:
    guardian, ward = await register.guardian_and_ward()
    member = await looks.agency()
    await looks.look(member, ward)
    token = (await register.sign_in(guardian)).token
    call = await register.call_of(token)
    await register.transact(lambda c: citizens.act_for(c, call, ward=ward.person_id))
    acting = await register.call_of(token)
    assert [view.actor for view in await looks.shown(acting)] == [ActorKind.AGENCY]
    assert await looks.shown(guardian) == []
    grown = Call(
        Actor(ActorKind.CITIZEN, acting.actor.scopes, holder=ward.person_id, person=ward.person_id, session=b"s" * 32),
        NOW + MINUTE,
        uuid4(),
    )
    views = await looks.shown(grown)
    assert {(view.actor, view.on_behalf) for view in views} == {
        (ActorKind.AGENCY, None),
        (ActorKind.CITIZEN, OnBehalf.WARD),
    }
    assert {view.basis.ground for view in views} == {Ground.MANDATE, Ground.WARD}


async def test_own_looks_are_those_of_the_very_person_who_reads(register: Register) -> None:
    """Another guardian's is not, nor the ward's; and a ward who has grown up is shown what both guardians did."""
    mother, ward = await register.guardian_and_ward()
    father = await register.person()
    await register.database.ask(
        "insert into relative (person_id, kind, relative_id, valid_from) values ($1, 'GUARDIAN', $2, $3)",
        ward.person_id,
        father.person_id,
        NOW - DAY,
    )
    calls = {
        name: citizen(ward.person_id, holder=holder.person_id)
        for name, holder in (("mother", mother), ("father", father), ("ward", ward))
    }
    for call in calls.values():
        await register.read(lambda r, c=call: self_view.oneself(r, c, self_view.Wish(GIVEN)), call)  # type: ignore[misc]
    names = {call.request_id: name for name, call in calls.items()}

    async def seen(reader: str, *, own: bool) -> dict[str, bool]:
        call = citizen(ward.person_id, holder=calls[reader].actor.holder, now=NOW + MINUTE)
        page = await register.read(lambda r: accesses.accesses(r, call, include_own=own), call)
        return {names[edge.node.request_id]: edge.node.own for edge in page.edges if edge.node.field == "me"}

    for reader in names.values():
        assert await seen(reader, own=False) == {name: False for name in names.values() if name != reader}
        assert await seen(reader, own=True) == {name: name == reader for name in names.values()}


async def test_a_ward_among_a_guardians_wards_was_looked_at_as_a_ward(register: Register) -> None:
    guardian, ward = await register.guardian_and_ward()
    me = citizen(guardian.person_id)
    await register.read(lambda r: self_view.oneself(r, me, self_view.Wish(GIVEN, GIVEN)), me)
    for person, behalf in ((guardian, "SELF"), (ward, "WARD")):
        ((leaf, details),) = await register.entries(person.person_id, "me")
        assert (leaf["on_behalf"], details["ground"]) == (behalf, behalf)


async def test_what_a_guardian_looks_at_of_their_own_is_not_in_the_wards_list(register: Register) -> None:
    guardian, ward = await register.guardian_and_ward()
    me = citizen(guardian.person_id)
    await register.read(lambda r: self_view.oneself(r, me, self_view.Wish(GIVEN)), me)
    acting = citizen(ward.person_id, holder=guardian.person_id)
    page = await register.read(lambda r: accesses.accesses(r, acting, include_own=True), acting)
    assert page.edges == []


async def test_which_citizen_looked_is_in_the_leaf_as_a_commitment_alone(register: Register) -> None:
    guardian, ward = await register.guardian_and_ward()
    acting = citizen(ward.person_id, holder=guardian.person_id)
    await register.read(lambda r: self_view.oneself(r, acting, self_view.Wish(GIVEN)), acting)
    ((leaf, details),) = await register.entries(ward.person_id, "me")
    assert leaf["holder"] == commitment(bytes64(details["salt"]), "holder", guardian.person_id.bytes)
    assert str(guardian.person_id) not in str(leaf)


async def test_officer_office_and_operator_are_named_as_far_as_they_are(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency()
    operator, office = uuid7(NOW), uuid7(NOW)
    await register.database.ask(
        """insert into operator (operator_id, agency_id, name_ar, name_fr, name_en, mandate, valid_from, valid_to)
           values ($1, $2, 'شركة', 'Société', 'Company', 'Contract 1', $3, $4)""",
        operator,
        member.agency_id,
        NOW - DAY,
        NOW + DAY,
    )
    await register.database.ask(
        """insert into office (office_id, agency_id, operator_id, kind, code, name_ar, name_fr, name_en, opened_at)
           values ($1, $2, $3, 'BRANCH', 'O', 'مكتب', 'Bureau', 'Desk', $4)""",
        office,
        member.agency_id,
        operator,
        NOW,
    )
    officer = await register.staff(Role.OFFICER, agency=member.agency_id, office=office)
    token = await register.transact(lambda c: begin_session(c, NOW, SessionKind.ACCOUNT, account=officer.account))
    signed_in = await register.call_of(token)
    await looks.looked(Call(signed_in.actor, NOW, signed_in.request_id, Purpose.ELIGIBILITY), amina)
    (view,) = await looks.shown(amina)
    assert view.actor is ActorKind.OFFICER
    assert view.office == {"AR": "مكتب", "FR": "Bureau", "EN": "Desk"}
    assert view.operator == {"AR": "شركة", "FR": "Société", "EN": "Company"}
    assert view.officer == officer_number(register.keys, officer.account)
    told = json.dumps(view.__class__.__slots__) + str(view)
    assert officer.name not in told
    assert str(officer.account) not in told


async def test_nobody_else_is_shown_them(register: Register, looks: Looks) -> None:
    amina, salma = await register.person(), await register.person()
    member = await looks.agency()
    await looks.look(member, amina)
    (view,) = await looks.shown(amina)
    call = await register.signed_in(salma)
    assert await looks.shown(call) == []
    with pytest.raises(NotFound):
        await register.read(lambda r: accesses.access(r, call, entry=view.entry_id), call)
    for actor in (member.actor, staff_call(await register.staff(Role.AUDITOR), "AUDITOR").actor):
        with pytest.raises(Forbidden):
            await register.read(lambda r, a=actor: accesses.accesses(r, Call(a, NOW, uuid4())), call)  # type: ignore[misc]


# --- pages


async def test_pages_go_on_where_the_last_one_ended_and_hold_nothing_twice(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency()
    asked = [await looks.look(member, amina, NOW + number * timedelta(seconds=1)) for number in range(7)]
    call = await register.signed_in(amina, now=NOW + MINUTE)
    found, after = [], None
    for size in (3, 3, 1):
        page = await looks.page(call, first=3, after=after)
        assert len(page.edges) == size
        found += [edge.node.request_id for edge in page.edges]
        after = page.page_info.end_cursor
        assert page.page_info.has_next_page is (size == 3)
    assert found == asked[::-1]


async def test_cursors_of_other_lists_and_forged_ones_are_refused(register: Register, looks: Looks) -> None:
    amina, salma = await register.person(), await register.person()
    member = await looks.agency()
    for number in range(3):
        for person in (amina, salma):
            await looks.look(member, person, NOW + number * timedelta(seconds=1))
    call = await register.signed_in(amina, now=NOW + MINUTE)
    cursor = (await looks.page(call, first=1)).page_info.end_cursor
    assert cursor is not None
    other = (await looks.page(salma, first=1)).page_info.end_cursor
    own = (await looks.page(call, first=1, include_own=True)).page_info.end_cursor
    for forged in (other, own, cursor[:-1], cursor + "A", "", "A" * 600, "é"):
        with pytest.raises(Invalid) as refusal:
            await looks.page(call, after=forged)
        assert refusal.value.path == ("after",)
    for first in (0, -1, 101):
        with pytest.raises(Invalid):
            await looks.page(call, first=first)


async def test_a_page_is_two_statements(register: Register, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    amina = await register.person()
    for code in ("FUND", "BANK", "POST"):
        member = await looks.agency(code)
        for number in range(4):
            await looks.look(member, amina, NOW + number * timedelta(seconds=1))
    call = await register.signed_in(amina, now=NOW + MINUTE)
    asked: list[str] = []
    real = Reading.ask

    async def counted(self: Reading, sql: str, *values: Any) -> Sequence[Any]:
        asked.append(sql)
        return await real(self, sql, *values)

    monkeypatch.setattr(Reading, "ask", counted)
    reading = Reading(register.database, register.keys, Documents())
    page = await accesses.accesses(reading, call)
    assert (len(page.edges), len(asked), len(reading.disclosures)) == (12, 2, 1)


# --- reports


async def report(register: Register, call: Call, entry: UUID, text: str = "This was not me.") -> UUID:
    return await register.change(lambda c, r: access_reports.report_access(c, call, r, entry=entry, text=text), call)


async def reports_of(register: Register, call: Call, **how: Any) -> list[ReportView]:
    page = await register.read(lambda r: access_reports.reports(r, call, **how), call)
    return [edge.node for edge in page.edges]


async def answer(register: Register, call: Call, report_: UUID, text: str = "It was a mistake.") -> None:
    await register.change(lambda c, r: access_reports.answer_report(c, call, r, report=report_, text=text), call)


async def reported(register: Register, looks: Looks, **person: Any) -> tuple[LoadedPerson, UUID]:
    amina = await register.person(**person)
    agencies = await register.database.ask("select 1 from agency")
    await looks.look(await looks.agency(f"FUND{len(agencies)}"), amina)
    (view,) = await looks.shown(amina)
    return amina, await report(register, await register.signed_in(amina, now=NOW + MINUTE), view.entry_id)


async def test_a_report_has_a_number_that_is_told_and_stands_beside_the_look(register: Register, looks: Looks) -> None:
    amina, _ = await reported(register, looks)
    (view,) = await looks.shown(amina)
    assert view.report is not None
    told = await register.told(amina.person_id, "ACCESS_REPORT_RECEIVED")
    assert len(told) == 2
    assert all(view.report in text for _, _, text in told)
    call = await register.signed_in(amina)
    (own,) = await register.read(lambda r: access_reports.own_reports(r, call), call)
    assert (own.number, own.text, own.answer, own.entry_id) == (view.report, "This was not me.", None, view.entry_id)
    (row,) = await register.database.ask("select text, division from access_report")
    assert b"This was not me" not in row["text"]
    assert row["division"] == CASABLANCA


async def test_a_look_is_reported_once_and_only_ones_own(register: Register, looks: Looks) -> None:
    amina, _ = await reported(register, looks)
    (view,) = await looks.shown(amina)
    with pytest.raises(Conflict):
        await report(register, await register.signed_in(amina), view.entry_id)
    salma = await register.signed_in(await register.person())
    for entry in (view.entry_id, uuid4()):
        with pytest.raises(Invalid) as refusal:
            await report(register, salma, entry)
        assert (refusal.value.message, refusal.value.path) == ("no such entry", ("entry",))
    assert await register.count("access_report") == 1


async def test_a_report_beside_somebody_is_told_with_the_centre(register: Register, looks: Looks) -> None:
    amina, agent = await register.person(), await register.staff(Role.CENTRE_AGENT, division=CASABLANCA)
    await looks.look(await looks.agency(), amina)
    token = await register.transact(
        lambda c: begin_session(c, NOW, SessionKind.ASSISTED, holder=amina.person_id, assistant=agent.account, form="ACCESSES")
    )
    call = await register.call_of(token)
    await report(register, call, (await looks.shown(call))[0].entry_id)
    told = await register.told(amina.person_id, "ASSISTED")
    (row,) = await register.database.ask("select number from access_report")
    assert told
    assert all(row["number"] in text for _, _, text in told)


async def test_only_so_many_wait_for_an_answer(register: Register, looks: Looks) -> None:
    amina, member = await register.person(), await looks.agency()
    for number in range(MAX_OPEN + 1):
        await looks.look(member, amina, NOW + number * timedelta(seconds=1))
    call = await register.signed_in(amina, now=NOW + MINUTE)
    views = await looks.shown(call, first=100)
    for view in views[:-1]:
        await report(register, call, view.entry_id)
    with pytest.raises(RateLimited):
        await report(register, call, views[-1].entry_id)


async def test_reports_are_read_and_answered_where_the_person_resides(register: Register, looks: Looks) -> None:
    amina, here = await reported(register, looks)
    _, elsewhere = await reported(register, looks, residence=RABAT)
    _, nowhere = await reported(register, looks, residence=None)
    supervisor = await register.staff(Role.SUPERVISOR, division=CASABLANCA)
    local = staff_call(supervisor, f"SUPERVISOR {CASABLANCA}")
    region = staff_call(supervisor, "SUPERVISOR 06")
    everywhere = staff_call(supervisor, "ADJUDICATOR")
    auditor = staff_call(supervisor, "AUDITOR", f"SUPERVISOR {RABAT}")
    assert [view.report_id for view in await reports_of(register, local)] == [here]
    assert [view.report_id for view in await reports_of(register, region)] == [here]
    assert {view.report_id for view in await reports_of(register, everywhere)} == {here, elsewhere, nowhere}
    for report_ in (elsewhere, nowhere, uuid4()):
        with pytest.raises(NotFound):
            await answer(register, local, report_)
        with pytest.raises(NotFound):
            await register.read(lambda r, its=report_: access_reports.report_of(r, local, report=its), local)  # type: ignore[misc]
    # An auditor reads all of them, and answers where they are a supervisor too.
    assert len(await reports_of(register, auditor)) == 3
    with pytest.raises(NotFound):
        await answer(register, auditor, here)
    with pytest.raises(Forbidden):
        await answer(register, staff_call(supervisor, "AUDITOR"), here)
    await answer(register, local, here)
    assert await reports_of(register, local, waiting=True) == []
    with pytest.raises(Conflict):
        await answer(register, everywhere, here)
    call = await register.signed_in(amina)
    (own,) = await register.read(lambda r: access_reports.own_reports(r, call), call)
    assert own.answer == "It was a mistake."
    told = await register.told(amina.person_id, "ACCESS_REPORT_ANSWERED")
    assert len(told) == 2
    assert all(own.number in text and "mistake" not in text for _, _, text in told)


async def test_who_answers_sees_the_report_and_nothing_more_of_the_person(register: Register, looks: Looks) -> None:
    amina, report_ = await reported(register, looks)
    call = staff_call(await register.staff(Role.SUPERVISOR), "SUPERVISOR")
    (listed,) = await reports_of(register, call)
    assert (listed.text, listed.answer) == (None, None)
    assert await register.entries(amina.person_id, "accessReports") == []
    view = await register.read(lambda r: access_reports.report_of(r, call, report=report_), call)
    assert (view.text, view.purpose, view.looked_at, view.agency) == (
        "This was not me.",
        Purpose.ELIGIBILITY,
        NOW,
        {"AR": "و", "FR": "A", "EN": "A"},
    )
    told = str(view)
    person = register.people[amina.person_id]
    for value in (
        str(amina.person_id),
        amina.idcs.text,
        "Amina",
        "Bennani",
        str(person.telephone),
        str(person.email),
        "06.141",
    ):
        assert value not in told
    ((leaf, details),) = await register.entries(amina.person_id, "accessReports")
    assert (leaf["actor"], leaf["officer"], details["ground"], details["uses"]) == (
        "STAFF",
        str(call.actor.account),
        Ground.UPKEEP,
        {},
    )


async def test_reports_are_for_who_may_read_them(register: Register, looks: Looks) -> None:
    _, report_ = await reported(register, looks)
    agent = staff_call(await register.staff(Role.CENTRE_AGENT), "CENTRE_AGENT")
    for call in (agent, await register.signed_in(await register.person())):
        with pytest.raises(Forbidden):
            await reports_of(register, call)
        with pytest.raises(Forbidden):
            await answer(register, call, report_)
    machine = Call(Actor(ActorKind.SYSTEM, frozenset({Scope.REPORT_READ, Scope.REPORT_ANSWER}), name="tests"), NOW, uuid4())
    with pytest.raises(Forbidden):
        await answer(register, machine, report_)
    assert await register.count("access_report", "answered_at is not null") == 0


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (MAX_TEXT + 1), "a\x00b", "a\u202eb"])
async def test_what_cannot_be_said_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        checked_words(text)
    assert refusal.value.path == ("text",)


def test_lines_of_a_report_stay_lines() -> None:
    assert checked_words("one \r\ntwo\r\n\r\n") == "one\ntwo"


def test_a_report_number_is_short_and_legible() -> None:
    numbers = {new_number() for _ in range(200)}
    assert len(numbers) == 200
    assert all(len(number) == 9 and not set(number) & set("01IO") for number in numbers)
