"""Signing in: what a password opens, what a second factor opens, what is counted, and what is one's own to change."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from argon2 import Parameters
from argon2.profiles import CHEAPEST

from access import confirming, sign_in
from access.call import ActorKind, Call
from access.passwords import NewPassword, Passwords, Verdict
from access.rights import Role, Scope
from access.sessions import SessionKind, begin_session, find, token_hash
from access.throttles import ACCOUNT, ADDRESS, PAIR, SECOND_FACTOR
from core.database import Database
from core.errors import Forbidden, Invalid, RateLimited, SijilError, Unauthenticated
from core.ids import uuid7
from core.keys import KeyRing
from identity.sessions import who
from tests.access.enrolled import NOW, Enrol
from tests.access.signing import HERE, PASSWORD, PASSWORDS, House, at_the_door, call_of, machine, overlapping

SECOND = timedelta(seconds=1)
STEP = timedelta(seconds=30)


@pytest.fixture
def house(database: Database, keys: KeyRing, clean: None) -> House:
    return House(database, keys)


async def refusal(work: Awaitable[Any]) -> tuple[type[SijilError], tuple[Any, ...]]:
    """How it was refused: the kind, and the path."""
    with pytest.raises(SijilError) as caught:
        await work
    return type(caught.value), caught.value.path


# --- the two steps


async def test_a_password_and_a_code_open_a_session_with_the_rights_of_the_roles(house: House) -> None:
    its = await house.account(Role.ADMINISTRATOR)
    half = await house.first_step(its.email)
    whole = await house.second_step(half, code=its.code(NOW))
    found = await who(house.database, house.keys, whole.token, NOW)
    assert found is not None
    assert not found.half
    assert (found.actor.kind, found.actor.account, found.actor.name) == (ActorKind.STAFF, its.account, its.name)
    assert Scope.ACCOUNT_MANAGE in found.actor.scopes
    assert [row["kind"] for row in await house.database.ask("select kind from session where ended_at is null")] == ["ACCOUNT"]


async def test_a_half_session_is_nobody_and_lasts_five_minutes(house: House) -> None:
    its = await house.account(Role.ADMINISTRATOR)
    half = await house.first_step(its.email)
    found = await who(house.database, house.keys, half, NOW)
    assert found is not None
    assert found.half
    assert (found.actor.kind, found.actor.scopes, found.actor.account) == (ActorKind.NOBODY, frozenset(), None)
    late = at_the_door(NOW + timedelta(minutes=5))
    assert await refusal(house.second_step(half, call=late, code=its.code(late.now))) == (Invalid, ("token",))
    assert await house.count("session", "kind = 'ACCOUNT'") == 0


async def test_each_step_makes_a_token_of_its_own_and_the_half_one_ends(house: House) -> None:
    its = await house.account()
    half = await house.first_step(its.email)
    whole = await house.second_step(half, code=its.code(NOW))
    assert half != whole.token
    assert await find(house.database, half, NOW) is None
    assert await refusal(house.second_step(half, code=its.code(NOW, 1))) == (Invalid, ("token",))
    assert await house.count("session", "ended_at is null") == 1


@pytest.mark.parametrize("email", ["{}", " {} ", "upper"])
async def test_an_email_is_taken_however_it_is_cased(house: House, email: str) -> None:
    its = await house.account()
    assert await house.first_step(its.email.upper() if email == "upper" else email.format(its.email))


async def test_an_account_is_found_by_an_older_index_key(house: House) -> None:
    its = await house.account()
    newer = replace(house.keys, indexes={**house.keys.indexes, 2: bytes(range(32))})
    assert await House(house.database, newer).first_step(its.email)


@pytest.mark.parametrize("reason", ["unknown", "no e-mail", "long", "surrogate", "wrong", "empty", "disabled", "not taken up"])
async def test_whatever_is_wrong_with_the_first_step_is_one_answer(house: House, reason: str) -> None:
    its = await house.account()
    email, password = its.email, PASSWORD
    match reason:
        case "unknown":
            email = "nobody.here@example.org"
        case "no e-mail":
            email = "nobody"
        case "long":
            email = "a" * 100_000
        case "surrogate":
            email, password = "a\ud800@example.org", "\ud800"
        case "wrong":
            password = PASSWORD + "!"
        case "empty":
            password = ""
        case "disabled":
            await house.database.ask("update account set disabled_at = $1", NOW)
        case _:
            await house.database.ask("update account set password = null, totp = null, second_factor = null")
    with pytest.raises(Invalid) as caught:
        await house.first_step(email, password)
    assert (caught.value.path, caught.value.message) == ((), "the e-mail address or the password is wrong")
    assert await house.count("session") == 0
    kinds = await house.database.ask("select kind, used from throttle order by kind")
    assert [(row["kind"], row["used"]) for row in kinds] == [(ACCOUNT.kind, 1), (ADDRESS.kind, 1), (PAIR.kind, 1)]


@pytest.mark.parametrize("what", ["agency", "office", "operator", "before its mandate"])
async def test_whoever_has_no_place_to_work_any_more_does_not_sign_in(house: House, enrol: Enrol, what: str) -> None:
    agency = (await enrol()).agency_id
    operator, office = uuid7(NOW), uuid7(NOW)
    await house.database.ask(
        """insert into operator (operator_id, agency_id, name_ar, name_fr, name_en, mandate, valid_from, valid_to)
           values ($1, $2, 'A', 'A', 'A', 'Contract 1', $3, $4)""",
        operator,
        agency,
        NOW - STEP,
        NOW + STEP,
    )
    await house.database.ask(
        """insert into office (office_id, agency_id, operator_id, kind, code, name_ar, name_fr, name_en, opened_at)
           values ($1, $2, $3, 'BRANCH', 'B1', 'A', 'A', 'A', $4)""",
        office,
        agency,
        operator,
        NOW,
    )
    its = await house.account(Role.OFFICER, agency=agency, office=office)
    assert await house.first_step(its.email)
    match what:
        case "agency":
            await house.database.ask("update agency set suspended_at = $1", NOW)
        case "office":
            await house.database.ask("update office set closed_at = $1", NOW)
        case "operator":
            await house.database.ask("update operator set revoked_at = $1", NOW)
        case _:
            await house.database.ask("update operator set valid_from = $1", NOW + SECOND)
    assert await refusal(house.first_step(its.email)) == (Invalid, ())


async def test_a_password_that_was_changed_while_it_was_checked_opens_nothing(house: House) -> None:
    its = await house.account()
    other = await house.account(password="another marble 77 lantern")
    call = at_the_door()
    tried = await house.transact(lambda c: sign_in.count_try(c, call, house.keys, email=its.email, device=None))
    verdict = await PASSWORDS.check(tried.stored, PASSWORD)
    sealed = (await house.row(other.account))["password"]
    await house.database.ask("update account set password = $2 where account_id = $1", its.account, sealed)
    work = house.transact(lambda c: sign_in.begin_sign_in(c, call, house.keys, tried=tried, verdict=verdict))
    assert await refusal(work) == (Invalid, ())
    assert await house.count("session") == 0


async def test_a_password_hashed_with_other_parameters_is_hashed_anew(house: House) -> None:
    its = await house.account()
    dearer = Passwords(Parameters(**{**_members(CHEAPEST), "time_cost": CHEAPEST.time_cost + 1}))
    call = at_the_door()

    async def rehashed() -> bool:
        tried = await house.transact(lambda c: sign_in.count_try(c, call, house.keys, email=its.email, device=None))
        verdict = await dearer.check(tried.stored, PASSWORD)
        assert await house.transact(lambda c: sign_in.begin_sign_in(c, call, house.keys, tried=tried, verdict=verdict))
        return verdict.rehash is not None

    assert [await rehashed(), await rehashed()] == [True, False]
    dearer.close()


def _members(parameters: Parameters) -> dict[str, Any]:
    return {name: getattr(parameters, name) for name in parameters.__slots__}


@pytest.mark.parametrize("given", [{}, {"code": "123456", "recovery_code": "A" * 16}])
async def test_the_second_step_takes_one_of_both_codes(house: House, given: dict[str, Any]) -> None:
    half = await house.first_step((await house.account()).email)
    assert await refusal(house.second_step(half, **given)) == (Invalid, ("code",))
    assert await house.count("session", "kind = 'ACCOUNT'") == 0


async def test_a_wrong_code_leaves_the_half_session_for_another_try(house: House) -> None:
    its = await house.account()
    half = await house.first_step(its.email)
    wrong = f"{(int(its.code(NOW)) + 1) % 1_000_000:06d}"
    assert await refusal(house.second_step(half, code=wrong)) == (Invalid, ("code",))
    assert await refusal(house.second_step(half, recovery_code="AAAA-AAAA-AAAA-AAAA")) == (Invalid, ("recoveryCode",))
    assert await house.second_step(half, code=its.code(NOW))


async def test_a_code_serves_once_in_whichever_session(house: House) -> None:
    its = await house.account()
    await house.second_step(await house.first_step(its.email), code=its.code(NOW))
    assert await refusal(house.second_step(await house.first_step(its.email), code=its.code(NOW))) == (Invalid, ("code",))
    before = at_the_door(NOW + STEP)
    half = await house.first_step(its.email, call=before)
    assert await house.second_step(half, call=before, code=its.code(NOW + STEP))


async def test_a_recovery_code_stands_in_once_and_only_for_its_account(house: House) -> None:
    its, other = await house.account(), await house.account()
    first, second, *_ = await house.recovery_codes(its.account)
    (others, *_) = await house.recovery_codes(other.account)
    half = await house.first_step(its.email)
    assert await refusal(house.second_step(half, recovery_code=others)) == (Invalid, ("recoveryCode",))
    assert await house.second_step(half, recovery_code=first.lower().replace("-", " "))
    half = await house.first_step(its.email)
    assert await refusal(house.second_step(half, recovery_code=first)) == (Invalid, ("recoveryCode",))
    assert await house.second_step(half, recovery_code=second)
    assert await house.count("recovery_code", "used_at is not null") == 2


async def test_who_signs_in_on_an_unknown_device_is_told_and_on_a_known_one_not(house: House) -> None:
    its, other = await house.account(), await house.account()
    whole = await house.second_step(await house.first_step(its.email), code=its.code(NOW))
    assert [notice for notice, _ in await house.told(its.account)] == ["NEW_SIGN_IN"]
    later = at_the_door(NOW + STEP)
    half = await house.first_step(its.email, call=later, device=whole.device)
    again = await house.second_step(half, call=later, code=its.code(later.now), device=whole.device)
    assert len(await house.told(its.account)) == 1
    # On the same browser another account signs in: it is told, and the browser knows both from now on.
    half = await house.first_step(other.email, call=later, device=again.device)
    both = await house.second_step(half, call=later, code=other.code(later.now), device=again.device)
    assert len(await house.told(other.account)) == 1
    last = at_the_door(NOW + 2 * STEP)
    half = await house.first_step(its.email, call=last, device=both.device)
    await house.second_step(half, call=last, code=its.code(last.now), device=both.device)
    assert (len(await house.told(its.account)), len(await house.told(other.account))) == (1, 1)


async def test_a_try_says_whether_the_device_is_known_to_that_account(house: House) -> None:
    its, other = await house.account(), await house.account()
    whole = await house.second_step(await house.first_step(its.email), code=its.code(NOW))

    async def known(email: str, device: str | None) -> bool:
        call = at_the_door()
        tried = await house.transact(lambda c: sign_in.count_try(c, call, house.keys, email=email, device=device))
        return tried.known

    assert await known(its.email, whole.device)
    assert not await known(its.email, None)
    assert not await known(other.email, whole.device)
    assert not await known("nobody.here@example.org", whole.device)


# --- at once


async def test_of_two_sign_ins_at_once_with_one_code_one_is_refused(house: House) -> None:
    its = await house.account()
    halves = [await house.first_step(its.email) for _ in range(2)]
    refused = await second_of(house, *({"token": half, "code": its.code(NOW)} for half in halves))
    assert refused == (Invalid, ("code",))
    assert await house.count("session", "kind = 'ACCOUNT'") == 1


async def test_of_two_sign_ins_at_once_with_one_recovery_code_one_is_refused(house: House) -> None:
    its = await house.account()
    (code, *_) = await house.recovery_codes(its.account)
    halves = [await house.first_step(its.email) for _ in range(2)]
    refused = await second_of(house, *({"token": half, "recovery_code": code} for half in halves))
    assert refused == (Invalid, ("recoveryCode",))
    assert await house.count("session", "kind = 'ACCOUNT'") == 1


async def test_one_half_session_is_confirmed_once_though_both_codes_are_good(house: House) -> None:
    its = await house.account()
    half = await house.first_step(its.email)
    refused = await second_of(house, *({"token": half, "code": its.code(NOW, step)} for step in (0, 1)))
    assert refused == (Invalid, ("token",))
    assert await house.count("session", "kind = 'ACCOUNT'") == 1


async def second_of(house: House, *given: dict[str, Any]) -> tuple[type[SijilError], tuple[Any, ...]]:
    """How the second of two was refused that confirm a sign-in at once."""
    call = at_the_door()

    def confirmed(which: dict[str, Any]) -> Any:
        return lambda c: sign_in.confirm_sign_in(c, call, house.keys, **which)

    first, second = given
    return await refusal(overlapping(house.database, confirmed(first), confirmed(second)))


async def test_of_two_acts_confirmed_at_once_with_one_code_one_is_refused(house: House) -> None:
    its = await house.account()
    call, check = call_of(its.account, "ADMINISTRATOR"), confirming.check_second_factor(house.keys)
    work = overlapping(house.database, lambda c: check(c, call, its.code(NOW)), lambda c: check(c, call, its.code(NOW)))
    assert await refusal(work) == (Invalid, ("code",))
    assert (await house.row(its.account))["totp_step"] == int(NOW.timestamp()) // 30


# --- what is counted


async def test_tries_are_counted_whatever_comes_of_them_and_the_right_one_begins_anew(house: House) -> None:
    its = await house.account()
    for _ in range(PAIR.free - 1):
        assert await refusal(house.first_step(its.email, "wrong")) == (Invalid, ())
    await house.first_step(its.email)
    assert await house.count("throttle", "kind = 'PAIR'") == 0
    for _ in range(PAIR.free):
        assert await refusal(house.first_step(its.email, "wrong")) == (Invalid, ())
    with pytest.raises(RateLimited) as caught:
        await house.first_step(its.email)
    assert caught.value.retry_after == PAIR.first_seconds
    assert await house.first_step(its.email, call=at_the_door(NOW + timedelta(seconds=PAIR.first_seconds)))


async def test_an_unknown_email_is_slowed_down_just_as_a_known_one(house: House) -> None:
    its = await house.account()
    for email in (its.email, "nobody.here@example.org"):
        for _ in range(PAIR.free):
            assert await refusal(house.first_step(email, "wrong")) == (Invalid, ())
        with pytest.raises(RateLimited) as caught:
            await house.first_step(email, "wrong")
        assert caught.value.retry_after == PAIR.first_seconds


async def test_codes_are_counted_per_account_in_whichever_half_session(house: House) -> None:
    its = await house.account()
    halves = [await house.first_step(its.email) for _ in range(2)]
    for number in range(SECOND_FACTOR.free):
        assert await refusal(house.second_step(halves[number % 2], code="000000")) == (Invalid, ("code",))
    with pytest.raises(RateLimited) as caught:
        await house.second_step(halves[0], code=its.code(NOW))
    assert caught.value.retry_after == SECOND_FACTOR.first_seconds
    later = at_the_door(NOW + timedelta(seconds=SECOND_FACTOR.first_seconds))
    assert await house.second_step(halves[1], call=later, code=its.code(later.now))
    assert await house.count("throttle", "kind = 'SECOND_FACTOR'") == 0


# --- who may be at the door


async def test_whoever_is_signed_in_or_not_on_a_page_is_not_at_the_door(house: House) -> None:
    its = await house.account(Role.ADMINISTRATOR)
    half = await house.first_step(its.email)
    inside = await house.signed_in(its)
    outside = Call(at_the_door().actor, NOW, uuid7(NOW))
    before = await house.count("session")
    for call in (inside, outside, machine(Scope.ACCOUNT_MANAGE)):
        assert (await refusal(house.first_step(its.email, call=call)))[0] is Forbidden
        assert (await refusal(house.second_step(half, call=call, code=its.code(NOW, 1))))[0] is Forbidden
        confirmed = house.transact(
            lambda c, call=call: sign_in.confirm_sign_in(c, call, house.keys, token=half, code=its.code(NOW, 1))  # type: ignore[misc]
        )
        assert (await refusal(confirmed))[0] is Forbidden
    assert await house.count("session") == before


async def test_a_whole_session_or_one_that_never_was_is_no_half_one(house: House) -> None:
    its = await house.account()
    whole = await house.transact(lambda c: begin_session(c, NOW, SessionKind.ACCOUNT, account=its.account))
    for token in (whole, "", "x" * 43, "A" * 43):
        assert await refusal(house.second_step(token, code=its.code(NOW))) == (Invalid, ("token",))
    assert await house.count("session") == 1


# --- one's own


async def test_whoever_signs_out_ends_that_session_and_no_other(house: House) -> None:
    its = await house.account()
    one, two = await house.signed_in(its), await house.signed_in(its, now=NOW + STEP)
    await house.transact(lambda c: sign_out_of(c, one))
    left = await house.database.ask("select session_hash from session where ended_at is null")
    assert [row["session_hash"] for row in left] == [two.actor.session]
    await house.transact(lambda c: sign_out_of(c, at_the_door()))
    assert await house.count("session", "ended_at is null") == 1


def sign_out_of(connection: Any, call: Call) -> Awaitable[None]:
    return sign_in.sign_out(connection, call)


async def test_all_other_sessions_of_ones_own_are_ended_and_nobody_elses(house: House) -> None:
    its, other = await house.account(), await house.account()
    one = await house.signed_in(its)
    await house.signed_in(its, now=NOW + STEP)
    await house.signed_in(other)
    await house.transact(lambda c: sign_in.end_other_sessions(c, one))
    left = await house.database.ask("select account_id, session_hash from session where ended_at is null")
    assert {row["account_id"] for row in left} == {its.account, other.account}
    assert one.actor.session in {row["session_hash"] for row in left}
    assert len(left) == 2
    with pytest.raises(Unauthenticated):
        await house.transact(lambda c: sign_in.end_other_sessions(c, at_the_door()))
    with pytest.raises(Forbidden):
        await house.transact(lambda c: sign_in.end_other_sessions(c, machine(Scope.SELF_READ)))


NEW = "orange lantern 88 violet"


async def changed(house: House, call: Call, code: str, current: str = PASSWORD, new: str = NEW) -> None:
    chosen = await house.transact(lambda c: sign_in.choose_own_password(c, call, house.keys, new=new))
    verdict = await PASSWORDS.check(chosen.stored, current)
    stored = await PASSWORDS.hash(chosen.new)
    await house.transact(
        lambda c: sign_in.change_password(c, call, house.keys, chosen=chosen, verdict=verdict, stored=stored, code=code)
    )


async def test_a_password_is_changed_by_the_current_one_and_a_code_and_other_sessions_end(house: House) -> None:
    its = await house.account()
    await house.signed_in(its)
    later = NOW + STEP
    mine = await house.signed_in(its, now=later)
    call = replace(mine, now=later + STEP)
    await changed(house, call, its.code(call.now))
    left = await house.database.ask("select session_hash from session where ended_at is null")
    assert [row["session_hash"] for row in left] == [mine.actor.session]
    assert [notice for notice, _ in await house.told(its.account)] == ["NEW_SIGN_IN", "NEW_SIGN_IN", "PASSWORD_CHANGED"]
    door = at_the_door(later + 2 * STEP)
    assert await refusal(house.first_step(its.email, call=door)) == (Invalid, ())
    assert await house.first_step(its.email, NEW, call=door)


@pytest.mark.parametrize(
    ("wrong", "path"), [("current", "currentPassword"), ("code", "code"), ("new", "newPassword"), ("name", "newPassword")]
)
async def test_a_password_is_not_changed_where_anything_is_wrong(house: House, wrong: str, path: str) -> None:
    its = await house.account()
    mine = await house.signed_in(its)
    call = replace(mine, now=NOW + STEP)
    before = await house.row(its.account)
    current = "wrong" if wrong == "current" else PASSWORD
    code = its.code(NOW) if wrong == "code" else its.code(call.now)  # the code of the sign-in: it was used
    new = {"new": "short", "name": f"{its.email} 1"}.get(wrong, NEW)
    assert await refusal(changed(house, call, code, current, new)) == (Invalid, (path,))
    assert await house.row(its.account) == before
    assert [notice for notice, _ in await house.told(its.account)] == ["NEW_SIGN_IN"]


async def test_tries_at_ones_own_password_and_code_are_counted_together(house: House) -> None:
    its = await house.account()
    mine = await house.signed_in(its)
    call = replace(mine, now=NOW + STEP)
    for _ in range(SECOND_FACTOR.free):
        assert (await refusal(changed(house, call, its.code(call.now), "wrong")))[0] is Invalid
    assert (await refusal(changed(house, call, its.code(call.now))))[0] is RateLimited
    with pytest.raises(RateLimited):
        await house.transact(lambda c: confirming.count_try(c, house.keys, call))


async def test_new_recovery_codes_need_a_code_and_void_the_older_ones(house: House) -> None:
    its = await house.account()
    older = await house.recovery_codes(its.account)
    mine = await house.signed_in(its)
    call = replace(mine, now=NOW + STEP)

    async def renewed(code: str) -> tuple[str, ...]:
        await house.transact(lambda c: confirming.count_try(c, house.keys, call))
        return await house.transact(lambda c: sign_in.renew_recovery_codes(c, call, house.keys, code=code))

    assert await refusal(renewed("000000")) == (Invalid, ("code",))
    assert await refusal(renewed(older[0])) == (Invalid, ("code",))
    assert [notice for notice, _ in await house.told(its.account)] == ["NEW_SIGN_IN"]
    newer = await renewed(its.code(call.now))
    (_, (notice, text)) = await house.told(its.account)
    assert notice == "RECOVERY_CODES_RENEWED"
    assert not any(code in text for code in newer)
    assert len(set(newer)) == 10
    assert not set(newer) & set(older)
    half = await house.first_step(its.email, call=call_at_door(call))
    assert await refusal(house.second_step(half, call=call_at_door(call), recovery_code=older[0])) == (
        Invalid,
        ("recoveryCode",),
    )
    assert await house.second_step(half, call=call_at_door(call), recovery_code=newer[9])


def call_at_door(call: Call) -> Call:
    return at_the_door(call.now)


async def test_only_who_has_an_account_has_a_password_to_change(house: House) -> None:
    citizen = Call(replace(call_of(uuid7(NOW)).actor, kind=ActorKind.CITIZEN, account=None, holder=uuid7(NOW)), NOW, uuid7(NOW))
    for call in (machine(Scope.SELF_READ), citizen):
        with pytest.raises(Forbidden):
            await house.transact(lambda c, call=call: sign_in.choose_own_password(c, call, house.keys, new=NEW))  # type: ignore[misc]
        with pytest.raises(Forbidden):
            await house.transact(lambda c, call=call: confirming.count_try(c, house.keys, call))  # type: ignore[misc]


async def test_a_verdict_does_not_serve_for_a_try_without_an_account(house: House) -> None:
    call = at_the_door()
    tried = await house.transact(lambda c: sign_in.count_try(c, call, house.keys, email="x@example.org", device=None))
    assert (tried.stored, tried.account) == (None, None)
    work = house.transact(lambda c: sign_in.begin_sign_in(c, call, house.keys, tried=tried, verdict=Verdict(True)))
    assert await refusal(work) == (Invalid, ())


def test_nothing_secret_is_shown_in_what_is_handed_on() -> None:
    token = "t" * 43
    for shown in (sign_in.SignedIn(token, "d" * 54), sign_in.Try((), False, None, "$argon2id$stored", b"sealed")):
        assert token not in repr(shown)
        assert "argon2" not in repr(shown)
    assert "secret" not in repr(sign_in.OwnPassword("secret", b"", NewPassword("secret and more")))
    assert token_hash(token[:-1]) is None
    assert HERE not in repr(at_the_door())
