"""A citizen signs in with an IDCS and a code, sees to their own affairs and a ward's, and nobody learns who is on record."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from access.call import Actor, ActorKind, Call
from access.catalogue import Lang
from access.notices import Channel
from access.rights import CITIZEN_SCOPES
from access.sign_in import sign_out
from core.errors import Forbidden, Invalid, RateLimited
from core.ids import uuid7
from identity import citizens
from identity.citizens import CODES, CODES_ADDRESS, CODES_DEVICE, CODES_PAIR
from identity.self_view import Wish, oneself
from identity.store import DECOY
from tests.access.enrolled import NOW
from tests.identity.registered import HERE, MINUTE, STRANGER, Register, at_the_door

HOUR = timedelta(hours=1)


def elsewhere(number: int) -> Call:
    """At the door, at another address each time."""
    return at_the_door(address=f"198.51.{number // 250}.{number % 250 + 1}")


async def test_a_code_to_the_telephone_opens_a_session_of_the_citizen(register: Register) -> None:
    amina = await register.person()
    challenge = await register.begin(amina.idcs.text)
    ((channel, recipient, text),) = await register.told(amina.person_id)
    assert (channel, recipient) == (Channel.SMS, register.telephone(amina))
    code = await register.code(amina.person_id)
    assert text == f"Sijil : votre code est {code}. Il vaut 3 minutes. Ne le donnez à personne."
    assert await register.count("session") == 0
    made = await register.finish(challenge, code)
    found = await register.session(made.token)
    assert found is not None
    actor = found.actor
    assert (actor.kind, actor.holder, actor.person, actor.assistant) == (
        ActorKind.CITIZEN,
        amina.person_id,
        amina.person_id,
        None,
    )
    assert actor.scopes == CITIZEN_SCOPES
    assert await register.session(made.token, NOW + 61 * MINUTE) is None


async def test_groups_and_arabic_digits_are_taken(register: Register) -> None:
    amina = await register.person()
    typed = "\u200f" + "-".join(amina.idcs.text[:5]) + " " + ".".join(amina.idcs.text[5:])
    typed = typed.translate({48 + digit: 0x0660 + digit for digit in range(10)})
    challenge = await register.begin(typed)
    code = (await register.code(amina.person_id)).translate({48 + digit: 0x06F0 + digit for digit in range(10)})
    assert (await register.finish(challenge, f"{code[:3]} {code[3:]}")).token


async def test_who_has_no_telephone_gets_the_code_by_email(register: Register) -> None:
    amina = await register.person(telephone=None)
    await register.begin(amina.idcs.text)
    ((channel, recipient, _),) = await register.told(amina.person_id)
    assert (channel, recipient) == (Channel.EMAIL, register.people[amina.person_id].email)


@pytest.mark.parametrize("email", ["amina@example.org", None])
async def test_email_may_be_wished_for_where_one_is_known(register: Register, email: str | None) -> None:
    amina = await register.person(email=email)
    await register.begin(amina.idcs.text, channel=Channel.EMAIL)
    ((channel, _, _),) = await register.told(amina.person_id)
    assert channel == (Channel.SMS if email is None else Channel.EMAIL)


async def test_the_language_of_the_page_is_that_of_the_message_and_is_remembered_with_the_sign_in(register: Register) -> None:
    amina = await register.person()
    challenge = await register.begin(amina.idcs.text, lang=Lang.AR)
    assert "رمزك في سجل" in (await register.told(amina.person_id))[0][2]
    assert await register.count("person", "lang is not null") == 0
    await register.finish(challenge, await register.code(amina.person_id), lang=Lang.EN)
    assert await register.count("person", "lang = 'EN' and person_id = $1", amina.person_id) == 1
    assert "a new sign-in" in (await register.told(amina.person_id, "NEW_SIGN_IN"))[0][2].lower()


async def test_a_new_device_is_told_of_and_a_known_one_is_not(register: Register) -> None:
    amina = await register.person()
    first = await register.sign_in(amina)
    assert {told[0] for told in await register.told(amina.person_id, "NEW_SIGN_IN")} == {Channel.SMS, Channel.EMAIL}
    await register.sign_in(amina, device=first.device)
    assert len(await register.told(amina.person_id, "NEW_SIGN_IN")) == 2
    await register.sign_in(amina, device="forged")
    assert len(await register.told(amina.person_id, "NEW_SIGN_IN")) == 4


async def test_one_browser_is_known_to_several_people(register: Register) -> None:
    amina, salma = await register.person(), await register.person()
    device = (await register.sign_in(amina)).device
    both = (await register.sign_in(salma, device=device)).device
    await register.sign_in(amina, device=both)
    assert len(await register.told(amina.person_id, "NEW_SIGN_IN")) == 2


# --- what is no sign-in


@pytest.mark.parametrize("case", ["stranger", "unreachable", "DECEASED", "CANCELLED"])
async def test_nobody_and_who_cannot_be_reached_or_has_died_are_answered_alike_and_told_nothing(
    register: Register, case: str
) -> None:
    known = await register.person()
    idcs = STRANGER
    if case == "unreachable":
        idcs = (await register.person(telephone=None, email=None)).idcs.text
    elif case != "stranger":
        person = await register.person()
        idcs = person.idcs.text
        await register.database.ask("update person set status = $2 where person_id = $1", person.person_id, case)
    grown = []
    for place, number in enumerate((known.idcs.text, idcs)):
        before = await register.rows()
        challenge = await register.begin(number, call=elsewhere(place))
        assert isinstance(challenge, UUID)
        after = await register.rows()
        grown.append({table: after[table] - before[table] for table in after})
    assert grown[0] == grown[1] == grown[0] | {"one_time_code": 1, "message": 1, "job": 1, "session": 0}
    assert await register.count("message", "owner_id not in ($1, $2)", known.person_id, DECOY) == 0
    # Even the code that nobody was sent opens nothing.
    with pytest.raises(Invalid) as refusal:
        await register.finish(challenge, await register.code(DECOY))
    assert (refusal.value.path, await register.count("session")) == (("code",), 0)


async def test_every_wrong_try_is_one_and_the_same_refusal(register: Register) -> None:
    amina = await register.person()
    used = await register.begin(amina.idcs.text)
    code = await register.code(amina.person_id)
    await register.finish(used, code)
    late = await register.begin(amina.idcs.text)
    late_code = await register.code(amina.person_id)
    fresh = await register.begin(amina.idcs.text)
    fresh_code = await register.code(amina.person_id)
    wrong = f"{(int(fresh_code) + 1) % 1_000_000:06d}"
    refusals = set()
    for challenge, tried, call in (
        (used, code, at_the_door()),
        (late, late_code, at_the_door(NOW + 3 * MINUTE)),
        (fresh, wrong, at_the_door()),
        (uuid4(), code, at_the_door()),
    ):
        with pytest.raises(Invalid) as refusal:
            await register.finish(challenge, tried, call=call)
        refusals.add((refusal.value.message, refusal.value.path))
    assert len(refusals) == 1
    assert await register.count("session") == 1


async def test_a_code_of_one_challenge_does_not_open_another(register: Register) -> None:
    amina, salma = await register.person(), await register.person()
    await register.begin(amina.idcs.text)
    other = await register.begin(salma.idcs.text)
    with pytest.raises(Invalid):
        await register.finish(other, await register.code(amina.person_id))
    assert await register.count("session") == 0


async def test_a_newer_code_does_not_void_an_older_one(register: Register) -> None:
    amina = await register.person()
    older = await register.begin(amina.idcs.text)
    code = await register.code(amina.person_id)
    await register.begin(amina.idcs.text)
    assert (await register.finish(older, code)).token


async def test_what_cannot_be_a_code_is_no_try(register: Register) -> None:
    amina = await register.person()
    challenge = await register.begin(amina.idcs.text)
    for typed in ("", "12345", "1234567", "abcdef", "１２３４５６", "9" * 1000):
        with pytest.raises(Invalid) as refusal:
            await register.finish(challenge, typed)
        assert refusal.value.path == ("code",)
    assert await register.count("one_time_code", "tries_left = 5") == 1


async def test_the_sixth_try_is_never_judged(register: Register) -> None:
    amina = await register.person()
    challenge = await register.begin(amina.idcs.text)
    code = await register.code(amina.person_id)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        with pytest.raises(Invalid):
            await register.finish(challenge, wrong)
    with pytest.raises(Invalid):
        await register.finish(challenge, code)
    assert await register.count("session") == 0
    # The account is as it was: a new code opens it.
    assert (await register.sign_in(amina)).token


async def test_the_fifth_try_may_still_be_right(register: Register) -> None:
    amina = await register.person()
    challenge = await register.begin(amina.idcs.text)
    code = await register.code(amina.person_id)
    for _ in range(4):
        with pytest.raises(Invalid):
            await register.finish(challenge, f"{(int(code) + 1) % 1_000_000:06d}")
    assert (await register.finish(challenge, code)).token


async def test_of_many_tries_at_once_five_are_judged_and_one_opens_one_session(register: Register) -> None:
    amina = await register.person()
    challenge = await register.begin(amina.idcs.text)
    code = await register.code(amina.person_id)
    tries = await asyncio.gather(*(register.finish(challenge, code) for _ in range(12)), return_exceptions=True)
    assert [type(tried) for tried in tries].count(citizens.SignedIn) == 1
    assert await register.count("session") == 1
    assert await register.count("one_time_code", "used_at is not null") == 1


async def test_wrong_tries_at_once_take_no_more_than_the_five_there_are(register: Register) -> None:
    amina = await register.person()
    challenge = await register.begin(amina.idcs.text)
    wrong = f"{(int(await register.code(amina.person_id)) + 1) % 1_000_000:06d}"
    counted = await asyncio.gather(
        *(
            register.transact(lambda c: citizens.count_try(c, at_the_door(), register.keys, challenge=challenge, code=wrong))
            for _ in range(12)
        ),
        return_exceptions=True,
    )
    assert [outcome is None for outcome in counted].count(True) == 5
    assert await register.count("one_time_code", "tries_left = 0") == 1


async def test_who_died_meanwhile_does_not_get_in(register: Register) -> None:
    amina = await register.person()
    challenge = await register.begin(amina.idcs.text)
    code = await register.code(amina.person_id)
    await register.database.ask("update person set status = 'DECEASED' where person_id = $1", amina.person_id)
    with pytest.raises(Invalid):
        await register.finish(challenge, code)
    assert await register.count("session") == 0


async def test_the_door_is_for_nobody_on_a_page(register: Register) -> None:
    amina = await register.person()
    signed_in = await register.signed_in(amina)
    for call in (at_the_door(address=None), signed_in, Call(Actor(ActorKind.AGENCY), NOW, uuid7(NOW), address=HERE)):
        with pytest.raises(Forbidden):
            await register.begin(amina.idcs.text, call=call)
        with pytest.raises(Forbidden):
            await register.finish(uuid4(), "123456", call=call)


# --- how often


async def test_strangers_are_limited_for_one_person_and_the_persons_own_device_is_not(register: Register) -> None:
    amina = await register.person()
    device = (await register.sign_in(amina)).device
    for number in range(CODES.limit - 1):
        await register.begin(amina.idcs.text, call=elsewhere(number))
    with pytest.raises(RateLimited) as refusal:
        await register.begin(amina.idcs.text, call=elsewhere(99))
    assert refusal.value.retry_after == CODES.window_seconds
    sent = len(await register.told(amina.person_id, "ONE_TIME_CODE"))
    challenge = await register.begin(amina.idcs.text, device=device, call=elsewhere(100))
    assert (await register.finish(challenge, await register.code(amina.person_id))).token
    assert len(await register.told(amina.person_id, "ONE_TIME_CODE")) == sent + 1
    assert (await register.begin(amina.idcs.text, call=at_the_door(NOW + HOUR))) is not None


async def test_a_stranger_to_the_register_is_limited_just_the_same(register: Register) -> None:
    for number in range(CODES.limit):
        await register.begin(STRANGER, call=elsewhere(number))
    with pytest.raises(RateLimited):
        await register.begin(STRANGER, call=elsewhere(99))


async def test_a_known_device_has_its_limit_too(register: Register) -> None:
    amina = await register.person()
    device = (await register.sign_in(amina)).device
    for _ in range(CODES_DEVICE.limit):
        await register.begin(amina.idcs.text, device=device)
    with pytest.raises(RateLimited):
        await register.begin(amina.idcs.text, device=device)


async def test_one_address_is_limited_whoever_it_asks_for_and_gets_nothing_back(register: Register) -> None:
    amina = await register.person()
    await register.sign_in(amina)
    assert await register.count("throttle", "kind = $1 and used = 1", CODES_ADDRESS.kind) == 1
    many = CODES_ADDRESS.limit // CODES_PAIR.limit + 1
    numbers = [loaded.idcs.text for loaded in [await register.person() for _ in range(many)]]
    for tried in range(CODES_ADDRESS.limit - 1):
        await register.begin(numbers[tried % many])
    with pytest.raises(RateLimited):
        await register.begin(STRANGER)
    assert await register.begin(STRANGER, call=elsewhere(1))


async def test_one_stranger_at_one_address_keeps_nobody_out(register: Register) -> None:
    amina = await register.person()
    for _ in range(CODES_PAIR.limit):
        await register.begin(amina.idcs.text)
    with pytest.raises(RateLimited):
        await register.begin(amina.idcs.text)
    assert await register.begin(amina.idcs.text, call=elsewhere(1))


async def test_another_citizens_device_is_no_known_one(register: Register) -> None:
    amina, salma = await register.person(), await register.person()
    device = (await register.sign_in(salma)).device
    for number in range(CODES.limit):
        await register.begin(amina.idcs.text, device=device, call=elsewhere(number))
    with pytest.raises(RateLimited):
        await register.begin(amina.idcs.text, device=device, call=elsewhere(99))


# --- wards


async def test_a_guardian_sees_to_a_wards_affairs_and_to_their_own_again(register: Register) -> None:
    guardian, ward = await register.guardian_and_ward()
    token = (await register.sign_in(guardian)).token
    call = await register.call_of(token)
    await register.transact(lambda c: citizens.act_for(c, call, ward=ward.person_id))
    as_guardian = await register.call_of(token)
    assert (as_guardian.actor.holder, as_guardian.actor.person) == (guardian.person_id, ward.person_id)
    await register.transact(lambda c: citizens.act_for(c, as_guardian, ward=None))
    assert (await register.call_of(token)).actor.person == guardian.person_id


async def test_it_ends_by_itself_when_the_bond_ends(register: Register) -> None:
    guardian, ward = await register.guardian_and_ward()
    token = (await register.sign_in(guardian)).token
    call = await register.call_of(token)
    await register.transact(lambda c: citizens.act_for(c, call, ward=ward.person_id))
    await register.database.ask("update relative set valid_to = $1", NOW + MINUTE)
    assert (await register.call_of(token, NOW)).actor.person == ward.person_id
    assert (await register.call_of(token, NOW + MINUTE)).actor.person == guardian.person_id


@pytest.mark.parametrize("status", ["SUSPENDED", "DECEASED", "CANCELLED"])
async def test_whose_own_record_counts_no_more_acts_for_nobody_from_the_next_request_on(
    register: Register, status: str
) -> None:
    guardian, ward = await register.guardian_and_ward()
    token = (await register.sign_in(guardian)).token
    call = await register.call_of(token)
    await register.transact(lambda c: citizens.act_for(c, call, ward=ward.person_id))
    acting = await register.call_of(token)
    assert acting.actor.person == ward.person_id
    await register.database.ask("update person set status = $1 where person_id = $2", status, guardian.person_id)
    found = await register.session(token)
    if status != "SUSPENDED":
        assert found is None
        return
    assert found is not None
    assert (found.actor.holder, found.actor.person) == (guardian.person_id, guardian.person_id)
    with pytest.raises(Invalid) as refusal:
        await register.transact(lambda c: citizens.act_for(c, call, ward=ward.person_id))
    assert (refusal.value.message, refusal.value.path) == ("this is nobody whose guardian you are now", ("ward",))
    wish, own = Wish(frozenset({"person.given_name"}), frozenset({"person.given_name"})), Call(found.actor, NOW, uuid7(NOW))
    assert (await register.read(lambda r: oneself(r, own, wish), own)).wards == []
    # A suspension is over by its date.
    await register.database.ask("update person set status_until = $1 where person_id = $2", NOW, guardian.person_id)
    assert (await register.call_of(token)).actor.person == ward.person_id
    assert len((await register.read(lambda r: oneself(r, own, wish), own)).wards) == 1


@pytest.mark.parametrize("case", ["another's ward", "oneself", "a parent's child", "ended", "dead", "nobody"])
async def test_nobody_else_is_a_ward_and_all_are_refused_alike(register: Register, case: str) -> None:
    guardian, ward = await register.guardian_and_ward()
    amina = await register.person()
    who, whom = guardian, ward.person_id
    if case == "another's ward":
        who = amina
    elif case == "oneself":
        whom = guardian.person_id
    elif case == "a parent's child":
        await register.database.ask("update relative set kind = 'MOTHER'")
    elif case == "ended":
        await register.database.ask("update relative set valid_from = $1, valid_to = $2", NOW - HOUR, NOW)
    elif case == "dead":
        await register.database.ask("update person set status = 'DECEASED' where person_id = $1", ward.person_id)
    else:
        whom = uuid4()
    token = (await register.sign_in(who)).token
    call = await register.call_of(token)
    with pytest.raises(Invalid) as refusal:
        await register.transact(lambda c: citizens.act_for(c, call, ward=whom))
    assert (refusal.value.message, refusal.value.path) == ("this is nobody whose guardian you are now", ("ward",))
    assert (await register.call_of(token)).actor.person == who.person_id


async def test_a_session_that_is_signed_out_is_of_no_use(register: Register) -> None:
    token = (await register.sign_in(await register.person())).token
    call = await register.call_of(token)
    await register.transact(lambda c: sign_out(c, call))
    assert await register.session(token) is None
