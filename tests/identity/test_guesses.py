"""Wrong codes are remembered: no patience is enough, nobody is locked out, and nobody learns who is on record."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from access.call import Call
from access.notices import Channel
from access.one_time_codes import DIGITS, LONG_DIGITS, TRIES
from access.rights import Role
from core.errors import Invalid
from identity import assisted
from identity.challenges import GUESSES
from identity.sessions import Form
from identity.store import DECOY
from tests.access.enrolled import NOW
from tests.identity.registered import CASABLANCA, MINUTE, STRANGER, Register, at_the_door, staff_call

ROUNDS = GUESSES.limit // TRIES
OVER = NOW + timedelta(seconds=GUESSES.window_seconds)


def elsewhere(number: int, now: object = NOW) -> Call:
    return at_the_door(now, address=f"198.51.100.{number + 1}")  # type: ignore[arg-type]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


async def guess(register: Register, idcs: str, owner: UUID, *, tries: int = GUESSES.limit, place: int = 0) -> None:
    """So many wrong tries at six digits, at codes that are asked for again and again."""
    for done in range(tries):
        call = elsewhere(place + done // TRIES)
        if done % TRIES == 0:
            challenge = await register.begin(idcs, call=call)
            code = await register.code(owner)
            assert len(code) == DIGITS
        with pytest.raises(Invalid):
            await register.finish(challenge, wrong(code), call=call)


async def length_for(register: Register, idcs: str, owner: UUID, *, call: Call | None = None, device: str | None = None) -> int:
    """How long a code is that is asked for now."""
    await register.begin(idcs, call=call or elsewhere(99), device=device)
    return len(await register.code(owner))


async def test_after_many_wrong_tries_strangers_are_sent_ten_digits_and_these_open(register: Register) -> None:
    amina = await register.person()
    await guess(register, amina.idcs.text, amina.person_id, tries=GUESSES.limit - 1)
    assert await length_for(register, amina.idcs.text, amina.person_id) == DIGITS
    challenge = await register.begin(amina.idcs.text, call=elsewhere(90))
    with pytest.raises(Invalid):
        await register.finish(challenge, wrong(await register.code(amina.person_id)))
    challenge = await register.begin(amina.idcs.text, call=elsewhere(91))
    code = await register.code(amina.person_id)
    assert len(code) == LONG_DIGITS
    for typed in (wrong(code), code[:DIGITS], code[-DIGITS:]):
        with pytest.raises(Invalid):
            await register.finish(challenge, typed)
    assert (await register.finish(challenge, f"{code[:5]} {code[5:]}")).token


async def test_a_known_device_is_sent_six_digits_as_ever(register: Register) -> None:
    amina, salma = await register.person(), await register.person()
    device = (await register.sign_in(amina)).device
    another = (await register.sign_in(salma)).device
    await guess(register, amina.idcs.text, amina.person_id)
    assert await length_for(register, amina.idcs.text, amina.person_id, device=another) == LONG_DIGITS
    challenge = await register.begin(amina.idcs.text, device=device)
    code = await register.code(amina.person_id)
    assert len(code) == DIGITS
    assert (await register.finish(challenge, code, device=device)).token
    assert await length_for(register, salma.idcs.text, salma.person_id) == DIGITS, "nobody else is troubled"


async def test_a_known_device_that_guesses_is_sent_ten_digits_too_and_nobody_else_is(register: Register) -> None:
    """Somebody else may have it by now."""
    amina = await register.person()
    device, other = (await register.sign_in(amina)).device, (await register.sign_in(amina)).device
    for done in range(ROUNDS):
        challenge = await register.begin(amina.idcs.text, device=device)
        code = await register.code(amina.person_id)
        for _ in range(TRIES):
            with pytest.raises(Invalid):
                await register.finish(challenge, wrong(code), device=device)
        assert len(code) == DIGITS, done
    assert await length_for(register, amina.idcs.text, amina.person_id, device=device) == LONG_DIGITS
    assert await length_for(register, amina.idcs.text, amina.person_id, device=other) == DIGITS
    assert await length_for(register, amina.idcs.text, amina.person_id) == DIGITS
    assert await register.told(amina.person_id, "SIGN_IN_TRIED") == []


async def test_whoever_asks_as_a_known_device_and_tries_as_a_stranger_is_counted_too(register: Register) -> None:
    amina = await register.person()
    device = (await register.sign_in(amina)).device
    for _ in range(ROUNDS):
        challenge = await register.begin(amina.idcs.text, device=device)
        code = await register.code(amina.person_id)
        for _ in range(TRIES):
            with pytest.raises(Invalid):
                await register.finish(challenge, wrong(code))
    challenge = await register.begin(amina.idcs.text, device=device)
    code = await register.code(amina.person_id)
    assert len(code) == DIGITS
    with pytest.raises(Invalid):
        await register.finish(challenge, code)
    assert (await register.finish(challenge, code, device=device)).token


async def test_six_digits_that_were_sent_before_are_judged_no_more_for_strangers(register: Register) -> None:
    amina = await register.person()
    mine = await register.begin(amina.idcs.text, call=elsewhere(80))
    code = await register.code(amina.person_id)
    await guess(register, amina.idcs.text, amina.person_id)
    with pytest.raises(Invalid) as refusal:
        await register.finish(mine, code)
    assert "ask for a new one" in refusal.value.message
    assert await register.count("session") == 0
    again = await register.begin(amina.idcs.text, call=elsewhere(81))
    assert (await register.finish(again, await register.code(amina.person_id))).token


async def test_of_many_wrong_tries_at_once_no_more_are_judged_than_there_are(register: Register) -> None:
    amina = await register.person()
    sent = []
    for number in range(ROUNDS * 2):
        challenge = await register.begin(amina.idcs.text, call=elsewhere(number))
        sent.append((challenge, await register.code(amina.person_id)))
    tries = [register.finish(challenge, wrong(code)) for challenge, code in sent for _ in range(TRIES)]
    assert {type(outcome) for outcome in await asyncio.gather(*tries, return_exceptions=True)} == {Invalid}
    assert await register.count("throttle", "kind = $1 and used = $2", GUESSES.kind, GUESSES.limit) == 1
    assert await register.count("one_time_code", "tries_left = 0") < len(sent)


async def test_right_codes_are_no_guesses(register: Register) -> None:
    amina = await register.person()
    for number in range(GUESSES.limit + 2):
        await register.sign_in(amina, now=NOW + timedelta(hours=number))
    assert await register.count("throttle", "kind = $1 and used > 0", GUESSES.kind) == 0
    assert await length_for(register, amina.idcs.text, amina.person_id) == DIGITS


async def test_after_thirty_days_it_is_forgotten(register: Register) -> None:
    amina = await register.person()
    await guess(register, amina.idcs.text, amina.person_id)
    assert await length_for(register, amina.idcs.text, amina.person_id, call=elsewhere(1, OVER - MINUTE)) == LONG_DIGITS
    assert await length_for(register, amina.idcs.text, amina.person_id, call=elsewhere(1, OVER)) == DIGITS


async def test_the_person_is_told_once_on_all_channels(register: Register) -> None:
    amina = await register.person()
    await guess(register, amina.idcs.text, amina.person_id)
    assert await register.told(amina.person_id, "SIGN_IN_TRIED") == []
    for number in range(3):
        await register.begin(amina.idcs.text, call=elsewhere(50 + number))
    told = await register.told(amina.person_id, "SIGN_IN_TRIED")
    assert {(channel, to) for channel, to, _ in told} == {
        (Channel.SMS, register.telephone(amina)),
        (Channel.EMAIL, register.people[amina.person_id].email),
    }
    assert len(told) == 2


async def test_a_number_that_nobody_has_behaves_just_so(register: Register) -> None:
    amina = await register.person()
    grown: list[Sequence[tuple[str, int]]] = []
    lengths = []
    for place, idcs, owner in ((100, amina.idcs.text, amina.person_id), (200, STRANGER, DECOY)):
        before = await register.rows()
        await guess(register, idcs, owner, place=place)
        challenge = await register.begin(idcs, call=elsewhere(place + 50))
        told = await register.told(owner)
        lengths.append([len(word) for _, _, text in told for word in text.replace(".", " ").split() if word.isdigit()])
        with pytest.raises(Invalid):
            await register.finish(challenge, "1" * LONG_DIGITS, call=elsewhere(place + 50))
        after = await register.rows()
        grown.append([(table, after[table] - before[table]) for table in after])
    assert grown[0] == grown[1]
    assert lengths[0] == lengths[1]
    assert LONG_DIGITS in lengths[0]
    assert len(await register.told(DECOY, "SIGN_IN_TRIED")) == 2


async def test_an_assistant_does_not_guess_either(register: Register) -> None:
    amina = await register.person()
    one, other = [
        staff_call(await register.staff(Role.CENTRE_AGENT, division=CASABLANCA), f"CENTRE_AGENT {CASABLANCA}") for _ in range(2)
    ]

    async def send(agent: Call) -> tuple[UUID, str]:
        work = register.change(
            lambda c, r: assisted.begin_assisted(c, agent, r, idcs=amina.idcs.text, form=Form.CONSENTS), agent
        )
        return await work, await register.code(amina.person_id, "ASSIST_CODE")

    async def enter(agent: Call, challenge: UUID, code: str) -> str:
        await register.transact(lambda c: assisted.count_try(c, agent, register.keys, challenge=challenge, code=code))
        return await register.transact(
            lambda c: assisted.open_assisted(c, agent, register.keys, challenge=challenge, code=code)
        )

    for _ in range(ROUNDS):
        challenge, code = await send(one)
        for _ in range(TRIES):
            with pytest.raises(Invalid):
                await enter(one, challenge, wrong(code))
    challenge, code = await send(one)
    assert len(code) == LONG_DIGITS
    assert await enter(one, challenge, code)
    assert len((await send(other))[1]) == DIGITS
    assert await length_for(register, amina.idcs.text, amina.person_id) == DIGITS
