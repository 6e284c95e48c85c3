"""Who has the old telephone stops one agent's change; that of two, one after the other, only a centre stops; all are told."""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.call import Call
from access.notices import Channel
from access.rights import Role
from core.errors import Conflict, Invalid
from identity import contacts, witnesses
from identity.contacts import WAITING_TIME
from identity.imports import LoadedPerson
from identity.telephone_rules import AFTER_STOP, Before, ChangeState, StoppedBy, is_firm
from tests.access.enrolled import NOW
from tests.identity.registered import CASABLANCA, ISSUER, MINUTE, Register, at_the_door, staff_call
from tests.identity.test_contacts import NEW, Desk

ME, ANOTHER, THIRD = (UUID(int=number) for number in (1, 2, 3))
DAY = timedelta(days=1)
OTHER = "+212612345679"


@pytest.fixture
async def desk(register: Register) -> Desk:
    return Desk(register, await agent(register))


async def agent(register: Register, now: datetime = NOW) -> Call:
    signed = await register.staff(Role.CENTRE_AGENT, division=CASABLANCA)
    return staff_call(signed, f"CENTRE_AGENT {CASABLANCA}", now=now)


def at(call: Call, now: datetime) -> Call:
    return Call(call.actor, now, uuid4())


# --- the rule


def stopped(by: UUID | None, days: float, who: StoppedBy | None = StoppedBy.HOLDER, to: str = NEW) -> Before:
    return Before(to, by, who, NOW - days * DAY, None)


def applied(by: UUID | None, days: float) -> Before:
    return Before(NEW, by, None, None, NOW - days * DAY)


@pytest.mark.parametrize(
    ("before", "firm"),
    [
        ([], False),
        ([stopped(ANOTHER, 1)], True),
        ([stopped(ME, 1)], False),
        ([stopped(ANOTHER, 1, to=OTHER)], False),
        ([stopped(ANOTHER, 2), stopped(THIRD, 1, to=OTHER)], True),
        ([stopped(ME, 2), stopped(ANOTHER, 1)], True),
        ([stopped(ANOTHER, 2), stopped(ME, 1)], True),
        ([stopped(None, 1)], False),
        ([stopped(ANOTHER, 29.9)], True),
        ([stopped(ANOTHER, 30)], False),
        ([stopped(ANOTHER, 1, None)], False),
        ([stopped(ANOTHER, 1, StoppedBy.CENTRE)], False),
        ([stopped(ANOTHER, 2), stopped(THIRD, 1, StoppedBy.CENTRE)], False),
        ([stopped(ANOTHER, 1), stopped(THIRD, 2, StoppedBy.CENTRE)], True),
        ([stopped(ANOTHER, 1), stopped(THIRD, 1, StoppedBy.CENTRE)], False),
        ([stopped(ANOTHER, 2), applied(THIRD, 1)], False),
        ([stopped(ANOTHER, 1), applied(THIRD, 2)], True),
        ([stopped(ANOTHER, 3), applied(THIRD, 2), stopped(THIRD, 1)], True),
    ],
)
def test_another_agents_word_counts_until_the_person_has_come_or_the_number_has_changed(
    before: list[Before], firm: bool
) -> None:
    for order in permutations(before):
        assert is_firm(order, NEW, ME, NOW) is firm


AGENTS = st.sampled_from([ME, ANOTHER, THIRD, None])
BEFORE = st.builds(
    stopped, AGENTS, st.floats(0, 40), st.sampled_from([*StoppedBy, None]), st.sampled_from([NEW, OTHER])
) | st.builds(applied, AGENTS, st.floats(0, 40))


@given(st.lists(BEFORE, max_size=6))
def test_one_agent_alone_is_never_firm(before: list[Before]) -> None:
    alone = [its for its in before if its.agent in (ME, None)]
    assert not is_firm(alone, NEW, ME, NOW)
    if is_firm(before, NEW, ME, NOW):
        assert any(
            its.agent not in (ME, None) and its.stopped_by is StoppedBy.HOLDER and its.telephone == NEW for its in before
        )
        assert not is_firm([*before, stopped(THIRD, 0, StoppedBy.CENTRE)], NEW, ME, NOW)
        assert not is_firm(before, NEW, ME, NOW + AFTER_STOP)


# --- the doors


async def test_a_stop_in_a_session_is_told_to_the_old_number_the_new_one_and_the_email(register: Register, desk: Desk) -> None:
    amina = await register.person()
    change = await desk.change(amina)
    await desk.stop(await register.signed_in(amina), change)
    assert sorted((channel, to) for channel, to, _ in await register.told(amina.person_id, "TELEPHONE_CHANGE_STOPPED")) == [
        (Channel.EMAIL, register.people[amina.person_id].email),
        *sorted([(Channel.SMS, NEW), (Channel.SMS, register.telephone(amina))]),
    ]


async def test_a_stop_at_a_centre_is_told_just_so(register: Register, desk: Desk) -> None:
    amina = await register.person()
    await desk.change(amina)
    await desk.stop_here(amina)
    assert sorted(to for _, to, _ in await register.told(amina.person_id, "TELEPHONE_CHANGE_STOPPED")) == sorted(
        [NEW, register.telephone(amina), str(register.people[amina.person_id].email)]
    )


async def test_a_number_that_witnesses_have_not_confirmed_is_told_nothing(register: Register, desk: Desk) -> None:
    """Whoever typed it is not signed in, and is not to learn that all they typed holds."""
    amina, one, other = [await register.person() for _ in range(3)]
    typed = witnesses.Typed(amina.idcs.text, "Amina Bennani", NEW, [one.idcs.text, other.idcs.text])
    door = at_the_door()
    await register.change(lambda c, r: witnesses.ask_for_change(c, door, r, typed=typed), door)
    call = await register.signed_in(amina)
    (view,) = await register.read(lambda r: contacts.telephone_changes(r, call), call)
    assert (view.state, view.firm) == (ChangeState.ASKED, False)
    await desk.stop(call, view.change_id)
    told = {to for _, to, _ in await register.told(amina.person_id, "TELEPHONE_CHANGE_STOPPED")}
    assert told == {register.telephone(amina), register.people[amina.person_id].email}


async def test_one_agent_again_and_again_is_stopped_again_and_again(register: Register, desk: Desk) -> None:
    amina = await register.person()
    call = await register.signed_in(amina)
    for _ in range(3):
        change = await desk.change(amina)
        await desk.stop(call, change)
        assert await desk.state(change) is ChangeState.STOPPED
    assert await register.told(amina.person_id, "TELEPHONE_CHANGE_FIRM") == []


async def test_what_a_second_agent_registers_no_session_stops_and_it_takes_effect(register: Register, desk: Desk) -> None:
    amina = await register.person()
    thief = await register.signed_in(amina)
    await desk.stop(thief, await desk.change(amina))
    change = await desk.change(amina, call=await agent(register))
    with pytest.raises(Conflict) as refusal:
        await desk.stop(thief, change)
    assert refusal.value.path == ("change",)
    assert await desk.state(change) is ChangeState.WAITING
    assert len(await register.told(amina.person_id, "TELEPHONE_CHANGE_STOPPED")) == 3
    told = await register.told(amina.person_id, "TELEPHONE_CHANGE_FIRM")
    assert sorted(to for _, to, _ in told) == sorted(
        [NEW, register.telephone(amina), str(register.people[amina.person_id].email)]
    )
    assert not any("/me/telephone" in text for _, _, text in told)
    assert len(await register.told(amina.person_id, "TELEPHONE_CHANGE_BEGUN")) == 2
    views = await register.read(lambda r: contacts.telephone_changes(r, thief), thief)
    assert {view.state: view.firm for view in views} == {ChangeState.WAITING: True, ChangeState.STOPPED: False}
    await desk.apply(amina, change, NOW + WAITING_TIME - MINUTE)
    assert await desk.registered(amina) == register.telephone(amina), "the waiting time holds"
    await desk.apply(amina, change)
    assert await desk.registered(amina) == NEW


async def test_a_centre_stops_it_and_then_one_word_is_no_longer_two(register: Register, desk: Desk) -> None:
    amina = await register.person()
    call = await register.signed_in(amina)
    await desk.stop(call, await desk.change(amina))
    second = await agent(register)
    firm = await desk.change(amina, call=second)
    await desk.stop_here(amina, at(desk.agent, NOW + MINUTE))
    assert await desk.state(firm) is ChangeState.STOPPED
    again = await desk.change(amina, call=at(second, NOW + 2 * MINUTE))
    await desk.stop(await register.signed_in(amina, now=NOW + 2 * MINUTE), again)
    assert await desk.state(again) is ChangeState.STOPPED


async def test_another_number_is_another_change(register: Register, desk: Desk) -> None:
    """Who uses another's trouble for a number of their own is one agent, not two."""
    amina = await register.person()
    call = await register.signed_in(amina)
    await desk.stop(call, await desk.change(amina))
    change = await desk.change(amina, OTHER, call=await agent(register))
    await desk.stop(call, change)
    assert await desk.state(change) is ChangeState.STOPPED


async def test_after_thirty_days_it_begins_anew(register: Register, desk: Desk) -> None:
    amina = await register.person()
    await desk.stop(await register.signed_in(amina), await desk.change(amina))
    later = await desk.change(amina, call=await agent(register, NOW + AFTER_STOP))
    await desk.stop(await register.signed_in(amina, now=NOW + AFTER_STOP), later)
    assert await desk.state(later) is ChangeState.STOPPED


async def test_another_persons_stop_is_none_of_this_ones(register: Register, desk: Desk) -> None:
    amina, salma = await register.person(), await register.person()
    await desk.stop(await register.signed_in(amina), await desk.change(amina))
    change = await desk.change(salma, call=await agent(register))
    with pytest.raises(Invalid):
        await desk.stop(await register.signed_in(amina), change)
    await desk.stop(await register.signed_in(salma), change)
    assert await desk.state(change) is ChangeState.STOPPED


async def test_a_firm_change_is_overtaken_by_no_witness(register: Register, desk: Desk) -> None:
    amina, one, other = [await register.person() for _ in range(3)]
    await desk.stop(await register.signed_in(amina), await desk.change(amina))
    firm = await desk.change(amina, call=await agent(register))
    typed = witnesses.Typed(amina.idcs.text, "Amina Bennani", "+212700000009", [one.idcs.text, other.idcs.text])
    door = at_the_door()
    await register.change(lambda c, r: witnesses.ask_for_change(c, door, r, typed=typed), door)
    for witness in (one, other):
        await _confirm(register, witness)
    assert await desk.state(firm) is ChangeState.WAITING
    assert await register.count("telephone_change", "method = 'WITNESSES' and stopped_at is not null") == 1


async def _confirm(register: Register, witness: LoadedPerson) -> None:
    call = await register.signed_in(witness)
    (request,) = await register.read(lambda r: witnesses.witness_requests(r, call), call)
    await register.transact(
        lambda c: witnesses.answer_as_witness(c, call, register.keys, change=request.change_id, confirmed=True, issuer=ISSUER)
    )
