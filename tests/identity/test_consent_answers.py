"""People answer what they are asked, in whole or in part, pause it and take it back; each step is a link of its history."""

import asyncio
import json
from uuid import UUID

import pytest

from access.call import Call, system
from access.catalogue import Lang
from access.consent_receipts import verify_receipt
from access.consent_records import By, Reason
from access.consent_revisions import record_of, replay
from access.consent_states import Event, Frequency, State, Window
from access.rights import Role, Scope
from access.sessions import SessionKind, begin_session
from core import paging
from core.errors import Conflict, Forbidden, Internal, Invalid, NotFound
from core.ids import uuid7
from identity import citizens, consent_answers
from identity.consent_checks import check_consents
from identity.consent_views import ConsentView
from identity.imports import LoadedPerson
from tests.access.enrolled import NOW
from tests.identity.asking import (
    DAY,
    THREE,
    Fund,
    answer,
    by_link,
    citizen,
    pause,
    resume,
    shown,
    withdraw,
)
from tests.identity.registered import ISSUER, MINUTE, STRANGER, Register, staff_call

AUDITOR = Call(system("tests", Scope.LEDGER_READ), NOW, uuid7(NOW))


@pytest.fixture
async def fund(register: Register) -> Fund:
    return await Fund.of(register)


@pytest.fixture
async def amina(register: Register) -> LoadedPerson:
    return await register.person()


async def events(fund: Fund, consent: UUID) -> list[str]:
    """What happened, after it was found that the history holds and the row says what it ends in."""
    links, row = await fund.links(consent), await fund.row(consent)
    record = replay(links, row["chain_hash"])
    assert (row["state"], row["attributes"], row["revision"]) == (record.stored, sorted(record.granted), len(links))
    return [link.document["event"]["type"] for link in links]


# Answering


async def test_some_of_it_is_granted_and_the_person_is_told_with_a_receipt(
    register: Register, fund: Fund, amina: LoadedPerson
) -> None:
    made, me = await fund.ask(amina.idcs.text, reference="case-7"), citizen(amina.person_id, now=NOW + MINUTE)
    before = await shown(register, me, made)
    assert before is not None
    assert (before.receipt_number, before.receipt(issuer=ISSUER, key=register.keys.signer)) == (None, None)
    await answer(register, me, made, "person.given_name", "household.size", lang=Lang.AR)
    row = await fund.row(made)
    assert (row["state"], row["attributes"]) == ("GRANTED", ["household.size", "person.given_name"])
    assert (row["valid_from"], row["valid_to"]) == (me.now, NOW + 90 * DAY), "it counts from the answer on"
    assert await events(fund, made) == ["REQUESTED", "GRANTED"]
    record = record_of((await fund.links(made))[-1])
    assert (record.evidence.by, record.evidence.session, record.evidence.holder) == (By.CITIZEN, b"s" * 32, None)
    assert record.notice is not None
    assert record.notice.language is Lang.AR
    view = await shown(register, me, made)
    assert view is not None
    receipt = view.receipt(issuer=ISSUER, key=register.keys.signer)
    assert receipt is not None
    proven = verify_receipt(receipt, register.keys.jwks())
    assert proven["record"]["pii_granted"] == ["household.size", "person.given_name"]
    assert proven["record"]["controller_reference"] == "case-7"
    told = await register.told(amina.person_id, "CONSENT_GIVEN")
    assert sorted(channel for channel, _, _ in told) == ["EMAIL", "SMS"]
    assert view.receipt_number is not None
    assert all(view.receipt_number in words for _, _, words in told)
    assert proven["hash"].upper().startswith(view.receipt_number.removeprefix("C-").replace("-", ""))


async def test_none_of_it_is_granted_declines_and_tells_nobody(register: Register, fund: Fund, amina: LoadedPerson) -> None:
    made, me = await fund.ask(amina.idcs.text), citizen(amina.person_id)
    messages = await register.count("message")
    await answer(register, me, made)
    assert (await fund.row(made))["state"] == "DECLINED"
    assert await events(fund, made) == ["REQUESTED", "DECLINED"]
    assert await register.count("message") == messages
    assert (await fund.seen(made)).terms.state is State.DECLINED


async def test_what_was_not_asked_for_is_not_granted(register: Register, fund: Fund, amina: LoadedPerson) -> None:
    made, me = await fund.ask(amina.idcs.text), citizen(amina.person_id)
    for attributes in (("person.sex",), ("household.size", "person.sex"), ("nothing",), ("",)):
        with pytest.raises(Invalid) as refusal:
            await answer(register, me, made, *attributes)
        assert refusal.value.path == ("attributes", len(attributes) - 1)
    assert await events(fund, made) == ["REQUESTED"]


async def test_a_request_is_answered_once_and_in_time(register: Register, fund: Fund, amina: LoadedPerson) -> None:
    made, late = await fund.ask(amina.idcs.text), await fund.ask(amina.idcs.text)
    me = citizen(amina.person_id)
    await answer(register, me, made, *THREE)
    for attributes in (THREE, ()):
        with pytest.raises(Conflict):
            await answer(register, me, made, *attributes)
        with pytest.raises(Conflict):
            await answer(register, citizen(amina.person_id, now=NOW + 14 * DAY), late, *attributes)
    assert await events(fund, made) == ["REQUESTED", "GRANTED"]
    assert await events(fund, late) == ["REQUESTED"]


async def test_of_two_answers_at_once_one_counts(register: Register, fund: Fund, amina: LoadedPerson) -> None:
    made, me = await fund.ask(amina.idcs.text), citizen(amina.person_id)
    answers = [answer(register, me, made, *attributes) for attributes in (THREE, (), ("household.size",), THREE)]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 3 + ["NoneType"]
    assert len(await events(fund, made)) == 2


async def test_a_link_leads_its_person_there_until_it_is_answered_or_over(
    register: Register, fund: Fund, amina: LoadedPerson
) -> None:
    other = await register.person()
    made, token = await fund.link(amina.idcs.text)
    me = citizen(amina.person_id)
    found = await by_link(register, me, token)
    assert found is not None
    assert found.terms.consent_id == made
    assert await by_link(register, citizen(other.person_id), token) is None
    for wrong in ("", token[:-1], token + "A", token.swapcase(), "\ud800", "ü" * 1000):
        assert await by_link(register, me, wrong) is None
    assert await by_link(register, citizen(amina.person_id, now=NOW + 10 * MINUTE), token) is None
    await answer(register, me, made, "household.size")
    assert await by_link(register, me, token) is None
    assert (await fund.row(made))["link_hash"] is None


async def test_nothing_is_granted_to_a_suspended_agency_but_all_can_be_declined_and_taken_back(
    register: Register, fund: Fund, amina: LoadedPerson
) -> None:
    given, open_, other = await fund.granted(amina), await fund.ask(amina.idcs.text), await fund.ask(amina.idcs.text)
    await fund.suspend()
    me = citizen(amina.person_id)
    with pytest.raises(Conflict):
        await answer(register, me, open_, *THREE)
    await answer(register, me, other)
    await withdraw(register, me, given)
    assert [await events(fund, each) for each in (open_, other, given)] == [
        ["REQUESTED"],
        ["REQUESTED", "DECLINED"],
        ["REQUESTED", "GRANTED", "WITHDRAWN"],
    ]


# Taking back


async def test_a_consent_is_paused_resumed_and_taken_back_and_the_person_is_told_of_the_last(
    register: Register, fund: Fund, amina: LoadedPerson
) -> None:
    made, me = await fund.granted(amina), citizen(amina.person_id)
    await pause(register, me, made)
    assert (await fund.seen(made)).terms.state is State.PAUSED
    await resume(register, me, made)
    assert await register.told(amina.person_id, "CONSENT_WITHDRAWN") == []
    await withdraw(register, me, made)
    assert await events(fund, made) == ["REQUESTED", "GRANTED", "PAUSED", "RESUMED", "WITHDRAWN"]
    assert len(await register.told(amina.person_id, "CONSENT_WITHDRAWN")) == 2
    view = await shown(register, me, made)
    assert view is not None
    assert [(step.number, step.event, step.by, step.assisted) for step in view.steps] == [
        (number, Event(event), By.AGENCY if number == 1 else By.CITIZEN, False)
        for number, event in enumerate(await events(fund, made), 1)
    ]
    assert [list(step.granted) for step in view.steps] == [[], *[list(THREE)] * 4]
    assert view.steps[-1].receipt_number == view.receipt_number


async def test_what_cannot_be_done_in_a_state_leaves_nothing(register: Register, fund: Fund, amina: LoadedPerson) -> None:
    me = citizen(amina.person_id)
    open_, given = await fund.ask(amina.idcs.text), await fund.granted(amina)
    over = await fund.granted(amina, valid_days=1)
    withdrawn = await fund.granted(amina)
    await withdraw(register, me, withdrawn)
    rows, messages = await register.count("consent_revision"), await register.count("message")
    for act, consent, now in (
        (withdraw, open_, NOW),
        (pause, open_, NOW),
        (resume, open_, NOW),
        (resume, given, NOW),
        (withdraw, withdrawn, NOW),
        (resume, withdrawn, NOW),
        (withdraw, over, NOW + DAY),
        (pause, over, NOW + DAY),
    ):
        with pytest.raises(Conflict):
            await act(register, citizen(amina.person_id, now=now), consent)
    assert (await register.count("consent_revision"), await register.count("message")) == (rows, messages)


async def test_what_is_not_ones_own_is_not_there(register: Register, fund: Fund, amina: LoadedPerson) -> None:
    other = citizen((await register.person()).person_id)
    made, given, of_nobody = await fund.ask(amina.idcs.text), await fund.granted(amina), await fund.ask(STRANGER)
    rows = await register.count("consent_revision")
    for consent in (made, given, of_nobody, uuid7(NOW)):
        assert await shown(register, other, consent) is None
        for act in (answer, withdraw, pause, resume):
            with pytest.raises(NotFound) as refusal:
                await act(register, other, consent)
            assert (refusal.value.message, refusal.value.path) == ("no such consent", ("consent",))
    assert await listed(register, other) == []
    assert await register.count("consent_revision") == rows


async def test_who_is_no_citizen_has_no_consents(register: Register, fund: Fund, amina: LoadedPerson) -> None:
    made = await fund.granted(amina)
    staff = staff_call(await register.staff(Role.PUBLISHER), "PUBLISHER")
    for call in (fund.call(), staff, Call(system("tests", Scope.CONSENT_ANSWER, Scope.SELF_MANAGE), NOW, uuid7(NOW))):
        for act in (answer, withdraw, pause, resume):
            with pytest.raises(Forbidden):
                await act(register, call, made)
        with pytest.raises(Forbidden):
            await shown(register, call, made)


# In another's place


async def test_a_guardian_answers_for_a_ward_while_the_bond_holds(register: Register, fund: Fund) -> None:
    guardian, ward = await register.guardian_and_ward()
    made = await fund.ask(ward.idcs.text)
    token = (await register.sign_in(guardian)).token
    own = await register.call_of(token)
    with pytest.raises(NotFound):
        await answer(register, own, made, *THREE)
    await register.transact(lambda c: citizens.act_for(c, own, ward=ward.person_id))
    acting = await register.call_of(token)
    await answer(register, acting, made, *THREE)
    evidence = record_of((await fund.links(made))[-1]).evidence
    assert (evidence.by, evidence.holder, evidence.session) == (By.GUARDIAN, guardian.person_id, acting.actor.session)
    assert len(await register.told(guardian.person_id, "CONSENT_GIVEN")) == 2
    view = await shown(register, acting, made)
    assert view is not None
    assert view.steps[-1].by is By.GUARDIAN
    await register.database.ask("update relative set valid_to = $2 where person_id = $1", ward.person_id, NOW + MINUTE)
    later = await register.call_of(token, NOW + MINUTE)
    with pytest.raises(NotFound):
        await withdraw(register, later, made)
    assert await events(fund, made) == ["REQUESTED", "GRANTED"]


async def test_who_is_assisted_is_named_with_the_assistant_and_told_so(
    register: Register, fund: Fund, amina: LoadedPerson
) -> None:
    made, token = await fund.link(amina.idcs.text)
    agent = await register.staff(Role.CENTRE_AGENT)

    async def begun(form: str) -> Call:
        session = await register.transact(
            lambda c: begin_session(c, NOW, SessionKind.ASSISTED, holder=amina.person_id, assistant=agent.account, form=form)
        )
        return await register.call_of(session)

    with pytest.raises(Forbidden):
        await answer(register, await begun("ACCESSES"), made, *THREE)
    beside = await begun("CONSENTS")
    await answer(register, beside, made, "household.size", lang=Lang.FR)
    row, record = await fund.row(made), record_of((await fund.links(made))[-1])
    assert (row["method"], row["link_hash"]) == ("ASSISTED", None)
    assert (record.evidence.by, record.evidence.assistant) == (By.CITIZEN, agent.account)
    view = await shown(register, beside, made)
    assert view is not None
    assert (view.steps[-1].assisted, view.steps[0].assisted) == (True, False)
    assert view.receipt_number is not None
    for notice in ("CONSENT_GIVEN", "ASSISTED"):
        words = [words for _, _, words in await register.told(amina.person_id, notice)]
        assert len(words) == 2
        assert all(view.receipt_number in each for each in words)
    await pause(register, beside, made)
    assert len(await register.told(amina.person_id, "ASSISTED")) == 4
    assert token not in json.dumps(record_of((await fund.links(made))[0]).reference)


# The registry


async def test_the_registry_finds_a_consent_void_and_the_person_is_told(
    register: Register, fund: Fund, amina: LoadedPerson
) -> None:
    made, agency = await fund.granted(amina), fund.member.agency_id
    publisher = await register.staff(Role.PUBLISHER)
    everywhere, somewhere = staff_call(publisher, "PUBLISHER"), staff_call(publisher, "PUBLISHER 06")

    async def invalidate(call: Call, consent: UUID, of: UUID = agency) -> None:
        await register.transact(
            lambda c: consent_answers.invalidate(
                c, call, register.keys, agency=of, consent=consent, reason=Reason.UNDER_PRESSURE
            )
        )

    other = await Fund.of(register, "OTHER")
    for call in (somewhere, fund.call(), citizen(amina.person_id)):
        with pytest.raises(Forbidden):
            await invalidate(call, made)
    with pytest.raises(NotFound):
        await invalidate(everywhere, made, other.member.agency_id)
    await invalidate(everywhere, made)
    assert await events(fund, made) == ["REQUESTED", "GRANTED", "INVALIDATED"]
    record = record_of((await fund.links(made))[-1])
    assert (record.reason, record.evidence.by, record.evidence.account) == (
        Reason.UNDER_PRESSURE,
        By.REGISTRY,
        publisher.account,
    )
    assert len(await register.told(amina.person_id, "CONSENT_ENDED")) == 2
    assert await register.told(amina.person_id, "CONSENT_WITHDRAWN") == []
    with pytest.raises(Conflict):
        await invalidate(everywhere, made)
    view = await register.read(lambda r: consent_answers.invalidated(r, everywhere, agency=agency, consent=made), everywhere)
    assert view.terms.state is State.INVALIDATED
    assert str(amina.person_id) not in repr(view)


# Lists and histories


async def page_of(register: Register, call: Call, after: str | None = None) -> paging.Page[ConsentView]:
    return await register.read(lambda r: consent_answers.consents(r, call, first=2, after=after, steps=True), call)


async def listed(register: Register, call: Call) -> list[ConsentView]:
    found: list[ConsentView] = []
    after: str | None = None
    while True:
        page = await page_of(register, call, after)
        found += [edge.node for edge in page.edges]
        if not page.page_info.has_next_page:
            return found
        after = page.page_info.end_cursor


async def test_ones_consents_come_newest_first_by_pages_with_their_histories(
    register: Register, fund: Fund, amina: LoadedPerson
) -> None:
    made = [await fund.ask(amina.idcs.text, call=fund.call(NOW + number * MINUTE)) for number in range(5)]
    me = citizen(amina.person_id, now=NOW + 10 * MINUTE)
    await answer(register, me, made[2], "household.size")
    found = await listed(register, me)
    assert [view.terms.consent_id for view in found] == made[::-1]
    assert [len(view.steps) for view in found] == [1, 1, 2, 1, 1]
    assert {view.agency_code for view in found} == {"FUND"}
    cursor = (await page_of(register, me)).page_info.end_cursor
    other = citizen((await register.person()).person_id)
    for after in (cursor, "", "x"):
        with pytest.raises(Invalid):
            await page_of(register, other, after)


async def test_of_a_long_history_the_newest_steps_are_shown(register: Register, fund: Fund, amina: LoadedPerson) -> None:
    made, me = await fund.granted(amina), citizen(amina.person_id)
    for _ in range(50):
        await pause(register, me, made)
        await resume(register, me, made)
    view = await shown(register, me, made)
    assert view is not None
    assert [step.number for step in view.steps] == list(range(3, 103))
    assert (await check_consents(register.database, AUDITOR)).altered == 0


async def test_a_newer_consent_does_not_end_an_older_one(register: Register, fund: Fund, amina: LoadedPerson) -> None:
    older = await fund.granted(amina)
    newer = await fund.granted(amina, "household.size")
    assert [(await fund.seen(each)).terms.state for each in (older, newer)] == [State.GRANTED] * 2


# Tampering

ALTERED: dict[str, str] = {
    "more is granted": "update consent set attributes = requested",
    "more is asked for": """update consent set requested = requested || array['person.sex'],
                                attributes = attributes || array['person.sex']""",
    "it holds for longer": "update consent set valid_to = valid_to + interval '1 day'",
    "it is another purpose's": "update consent set purpose = 'PAYMENT'",
    "it was never taken back": "update consent set state = 'GRANTED' where state = 'WITHDRAWN'",
    "there is no limit": "update consent set uses = null, per = null",
    "another hash": "update consent set chain_hash = sha256('x')",
    "a link is cut off": "delete from consent_revision where number = 3",
    "the first is gone": "delete from consent_revision where number = 1",
    "another document": """update consent_revision
                              set document = jsonb_set(document, '{pii_granted}', document -> 'pii_requested')
                            where number = 2""",
    "another instant": "update consent_revision set at = at + interval '1 second' where number = 2",
    "a stored hash": "update consent_revision set hash = sha256('x') where number = 2",
}


@pytest.mark.parametrize("how", ALTERED)
async def test_whatever_is_altered_in_the_database_is_found(
    register: Register, fund: Fund, amina: LoadedPerson, how: str
) -> None:
    sound = await fund.granted(amina)
    made = await fund.granted(amina, "household.size", frequency=Frequency(3, Window.DAY))
    await withdraw(register, citizen(amina.person_id), made)
    assert (await check_consents(register.database, AUDITOR)).altered == 0
    await register.database.ask(f"with mine as (select $1::uuid as id) {_only(ALTERED[how])}", made)
    found = await check_consents(register.database, AUDITOR)
    assert (found.consents, found.altered, found.named) == (2, 1, [made])
    assert (await shown(register, citizen(amina.person_id), sound)) is not None


def _only(statement: str) -> str:
    joined = "and" if " where " in statement else "where"
    return f"{statement} {joined} consent_id = (select id from mine)"


@pytest.mark.parametrize(
    "how", ["more is granted", "it holds for longer", "it is another purpose's", "there is no limit", "another hash"]
)
async def test_nothing_is_built_on_a_row_that_was_altered(
    register: Register, fund: Fund, amina: LoadedPerson, how: str
) -> None:
    made = await fund.granted(amina, "household.size", frequency=Frequency(3, Window.DAY))
    await register.database.ask(f"with mine as (select $1::uuid as id) {_only(ALTERED[how])}", made)
    with pytest.raises(Internal):
        await pause(register, citizen(amina.person_id), made)
    assert len(await fund.links(made)) == 2


async def test_a_history_that_was_written_anew_with_sound_hashes_is_found_too(
    register: Register, fund: Fund, amina: LoadedPerson
) -> None:
    """The link of a grant replaced by one that grants all, its hash made anew and put into the row: no act leads there."""
    made = await fund.granted(amina, "household.size")
    other = await fund.granted(await register.person())
    await register.database.ask(
        """update consent_revision r set document = s.document, hash = s.hash, previous_hash = s.previous_hash, at = s.at
             from consent_revision s where r.consent_id = $1 and s.consent_id = $2 and r.number = 2 and s.number = 2""",
        *(made, other),
    )
    await register.database.ask(
        "update consent c set chain_hash = s.chain_hash, attributes = s.attributes from consent s "
        "where c.consent_id = $1 and s.consent_id = $2",
        *(made, other),
    )
    assert (await check_consents(register.database, AUDITOR)).named == [made]
