"""What somebody tries who wants into another's account: planted tokens, codes used twice at once, guessing, who is there."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLObjectType, get_named_type, is_leaf_type
from sqlalchemy import event

import tests.api.door
from access.account_rows import INVITED_FOR, renew_codes
from access.passwords import Passwords, Verdict
from access.rights import Role
from access.sessions import SessionKind, find
from access.throttles import ACCOUNT, ADDRESS, PAIR
from api import schema
from api.edge import SESSION
from api.portal import site
from api.portal.page import Audience
from tests.access.signing import HERE, PASSWORD, code_of
from tests.api.door import CONFIRM, SIGN_IN, TAKE_UP, TAKEN_UP, Door
from tests.api.people import Browser, People, Person
from tests.api.serving import Instance

SCHEMA = schema.build()
TRIES = 8


@pytest.fixture(scope="module")
def door(attacked: Instance) -> Door:
    return Door(attacked)


@pytest.fixture
def victim(attacked: Instance, door: Door) -> Person:
    """Somebody with rights, a password and a second factor; nobody has tried anything yet."""
    attacked.sql("delete from throttle")
    person = People(attacked).staff(Role.ADMINISTRATOR)
    door.password(person)
    return person


def errors_of(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


def codes_of(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"]) for error in payload["userErrors"]]


def whole_sessions(door: Door, person: Person) -> int:
    return door.instance.count("session", "account_id = $1 and kind = 'ACCOUNT' and ended_at is null", person.account)


# --- planted tokens


def test_a_planted_token_is_worth_nothing_after_its_bearer_signed_in(door: Door, victim: Person) -> None:
    attacker = People(door.instance).staff(Role.OVERSEER)
    door.password(attacker)
    planted = [door.half(attacker.signed.email)["token"], attacker.caller().token, "A" * 43]
    half = door.half(victim.signed.email)["token"]
    made = door.payload(CONFIRM, {"token": half, "code": victim.fresh_code()})["token"]
    assert len({*planted, half, made}) == 5
    find_ = [
        door.instance.backstage.run(find(door.instance.database, token, door.instance.now())) for token in (*planted, half)
    ]
    assert victim.account not in {row["account_id"] for row in find_ if row is not None}
    # Nor does the attacker's half session become the victim's by the victim's code.
    answer = door.payload(CONFIRM, {"token": planted[0], "code": victim.fresh_code()})
    assert codes_of(answer) == [("INVALID", ["code"])]
    assert whole_sessions(door, victim) == 1


# --- at once


async def many(door: Door, document: str, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The payloads of requests that are all on their way at once; a refusal of the whole is an empty one."""
    answers = await asyncio.gather(*(door.asked(document, each) for each in given))
    return [next(iter((answer.get("data") or {"": {}}).values())) for answer in answers]


def test_one_code_sent_many_times_at_once_opens_one_session(door: Door, victim: Person) -> None:
    halves = [door.half(victim.signed.email)["token"] for _ in range(4)]
    code = victim.fresh_code()
    told = door.instance.backstage.run(many(door, CONFIRM, [{"token": half, "code": code} for half in halves]))
    assert len([payload for payload in told if payload.get("token")]) == 1
    assert whole_sessions(door, victim) == 1


def test_one_half_session_confirmed_many_times_at_once_is_one_session(door: Door, victim: Person) -> None:
    half = door.half(victim.signed.email)["token"]
    door.instance.sql("update account set totp_step = 0 where account_id = $1", victim.account)
    given = [{"token": half, "code": victim.code(step)} for step in (-1, 0, 1)]
    told = door.instance.backstage.run(many(door, CONFIRM, given))
    assert len([payload for payload in told if payload.get("token")]) == 1
    assert whole_sessions(door, victim) == 1


def test_one_recovery_code_sent_many_times_at_once_opens_one_session(door: Door, victim: Person) -> None:
    keys = door.instance.keys
    codes = door.instance.transact(lambda connection: renew_codes(connection, keys, victim.account))
    halves = [door.half(victim.signed.email)["token"] for _ in range(4)]
    given = [{"token": half, "recoveryCode": codes[0]} for half in halves]
    told = door.instance.backstage.run(many(door, CONFIRM, given))
    assert len([payload for payload in told if payload.get("token")]) == 1
    assert door.instance.count("recovery_code", "account_id = $1 and used_at is not null", victim.account) == 1
    again = door.payload(CONFIRM, {"token": door.half(victim.signed.email)["token"], "recoveryCode": codes[0]})
    assert codes_of(again) == [("INVALID", ["recoveryCode"])]


def test_one_invitation_taken_up_many_times_at_once_is_taken_up_once(door: Door, victim: Person) -> None:
    account, token = invited(door)
    tickets = [door.payload(TAKE_UP, {"token": token, "password": PASSWORD}) for _ in range(3)]
    now = door.instance.now()
    given = [{"token": token, "ticket": each["ticket"], "code": code_of(each["secret"], now)} for each in tickets]
    told = door.instance.backstage.run(many(door, TAKEN_UP, given))
    assert len([payload for payload in told if payload.get("recoveryCodes")]) == 1
    assert door.instance.count("recovery_code", "account_id = $1", account) == 10
    again = door.payload(TAKE_UP, {"token": token, "password": PASSWORD})
    assert codes_of(again) == [("INVALID", ["token"])]


def test_an_invitation_that_has_expired_is_of_no_use_however_far_one_has_come(door: Door, victim: Person) -> None:
    account, token = invited(door)
    chosen = door.payload(TAKE_UP, {"token": token, "password": PASSWORD})
    door.instance.sql(
        "update invitation set expires_at = expires_at - $2::interval where account_id = $1", account, INVITED_FOR
    )
    code = code_of(chosen["secret"], door.instance.now())
    told = door.payload(TAKEN_UP, {"token": token, "ticket": chosen["ticket"], "code": code})
    assert codes_of(told) == [("INVALID", ["token"])]
    assert codes_of(door.payload(TAKE_UP, {"token": token, "password": PASSWORD})) == [("INVALID", ["token"])]
    assert door.instance.count("account", "account_id = $1 and password is null", account) == 1


def invited(door: Door) -> tuple[Any, str]:
    """An account that waits to be taken up, and the token of its invitation."""
    chief = People(door.instance).staff(Role.ADMINISTRATOR).caller()
    email = f"invited.{door.instance.count('account')}@example.org"
    document = "mutation($input: InviteStaffInput!) { inviteStaff(input: $input) { account { id } userErrors { code } } }"
    account = chief.change(document, email=email, name="Invited", lang="FR")["account"]["id"]
    return account, door.link_token(email)


# --- learning who is there


@contextmanager
def watched(door: Door) -> Iterator[list[str]]:
    """The statements that are asked within the block, without their values."""
    statements: list[str] = []
    engine = door.instance.database.engine.sync_engine

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_whoever_is_not_there_is_answered_as_who_is_by_the_same_statements_and_the_same_work(
    door: Door, victim: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, instance = People(door.instance), door.instance
    gone, pending = people.staff(Role.AUDITOR), people.staff(Role.AUDITOR)
    door.password(gone)
    gone.disable()
    instance.sql("update account set password = null, totp = null, second_factor = null where account_id = $1", pending.account)
    work: list[str | None] = []
    check = Passwords.check

    async def noted(self: Passwords, stored: str | None, given: str, *, known: bool) -> Verdict:
        work.append(given)
        return await check(self, stored, given, known=known)

    monkeypatch.setattr(Passwords, "check", noted)
    seen = []
    for email in (victim.signed.email, "nobody.here@example.org", gone.signed.email, pending.signed.email, "not an address"):
        instance.sql("delete from throttle")
        for tries in range(PAIR.free + 1):
            with watched(door) as statements:
                answer = door.ask(SIGN_IN, {"email": email, "password": "wrong password here"})
            del answer["extensions"]
            seen.append((tries, answer, statements))
    for tries in range(PAIR.free + 1):
        of_one = [(answer, statements) for number, answer, statements in seen if number == tries]
        assert all(each == of_one[0] for each in of_one)
        assert len(of_one[0][1]) > 1
    first, last = seen[0][1], seen[PAIR.free][1]
    assert codes_of(first["data"]["signIn"]) == [("INVALID", [])]
    assert errors_of(last) == ["RATE_LIMITED"]
    assert len(work) == 5 * PAIR.free


def test_a_code_that_is_wrong_does_not_say_whether_it_was_one_of_before(door: Door, victim: Person) -> None:
    half = door.half(victim.signed.email)["token"]
    used = victim.fresh_code()
    door.payload(CONFIRM, {"token": half, "code": used})
    half = door.half(victim.signed.email)["token"]
    again = door.payload(CONFIRM, {"token": half, "code": used})
    wrong = door.payload(CONFIRM, {"token": half, "code": f"{(int(used) + 1) % 1_000_000:06d}"})
    assert again == wrong


# --- guessing


def test_many_addresses_do_not_make_many_tries_at_one_account(door: Door, victim: Person) -> None:
    outcomes = []
    for number in range(ACCOUNT.limit + TRIES):
        address = f"198.51.{number // 250}.{number % 250}"
        answer = door.ask(SIGN_IN, {"email": victim.signed.email, "password": "wrong password here"}, address=address)
        outcomes.append(errors_of(answer))
    assert outcomes == [[]] * ACCOUNT.limit + [["RATE_LIMITED"]] * TRIES
    # Nor does the right password open anything to a stranger now.
    assert errors_of(door.ask(SIGN_IN, {"email": victim.signed.email, "password": PASSWORD})) == ["RATE_LIMITED"]


def test_many_addresses_of_one_network_are_one(door: Door, victim: Person) -> None:
    outcomes = []
    for number in range(PAIR.free + 2):
        address = f"2001:db8:1:2::{number:x}"
        answer = door.ask(SIGN_IN, {"email": victim.signed.email, "password": "wrong password here"}, address=address)
        outcomes.append(errors_of(answer))
    assert outcomes == [[]] * PAIR.free + [["RATE_LIMITED"]] * 2


def test_one_address_does_not_try_one_password_at_everybody(door: Door, victim: Person) -> None:
    outcomes = []
    for number in range(ADDRESS.limit + 2):
        answer = door.ask(SIGN_IN, {"email": f"somebody.{number}@example.org", "password": PASSWORD}, address="192.0.2.7")
        outcomes.append(errors_of(answer))
    assert outcomes == [[]] * ADDRESS.limit + [["RATE_LIMITED"]] * 2


def test_many_guesses_at_once_are_as_few_as_one_after_another(door: Door, victim: Person) -> None:
    given = [{"email": victim.signed.email, "password": f"wrong password {number}"} for number in range(4 * PAIR.free)]
    answers = door.instance.backstage.run(all_at_once(door, SIGN_IN, given))
    assert len([answer for answer in answers if not errors_of(answer)]) == PAIR.free
    half = door.half(victim.signed.email, address="198.51.100.9")["token"]
    wrong = [{"token": half, "code": f"{number:06d}"} for number in range(20)]
    answers = door.instance.backstage.run(all_at_once(door, CONFIRM, wrong))
    assert len([answer for answer in answers if not errors_of(answer)]) == 5
    assert whole_sessions(door, victim) == 0


async def all_at_once(door: Door, document: str, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(door.asked(document, each) for each in given)))


# --- keeping somebody out


def test_no_stranger_keeps_somebody_out_whose_device_is_known(door: Door, victim: Person) -> None:
    half = door.half(victim.signed.email)["token"]
    device = door.payload(CONFIRM, {"token": half, "code": victim.fresh_code()})["device"]
    for number in range(ACCOUNT.limit + 1):
        door.ask(SIGN_IN, {"email": victim.signed.email, "password": "wrong"}, address=f"198.51.{number // 250}.{number % 250}")
    # From the very address of a stranger, too, such as that of a whole network.
    for address in (HERE, "198.51.0.7"):
        half = door.half(victim.signed.email, address=address, device=device)["token"]
        made = door.payload(CONFIRM, {"token": half, "code": victim.fresh_code(), "device": device}, address=address)
        assert made["token"]
        device = made["device"]


def test_no_flood_of_strangers_takes_the_places_of_known_devices(
    door: Door, victim: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = door.half(victim.signed.email)["token"]
    device = door.payload(CONFIRM, {"token": half, "code": victim.fresh_code()})["device"]
    few = Passwords(CHEAPEST, at_once=1, waiting=3, kept=1)
    monkeypatch.setattr(tests.api.door, "PASSWORDS", few)
    flooded, free, verify = Door(door.instance), threading.Event(), PasswordHasher.verify

    def held(self: PasswordHasher, stored: str, password: bytes) -> bool:
        assert free.wait(30)
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", held)
    strangers = [{"email": f"somebody.{number}@example.org", "password": PASSWORD} for number in range(20)]
    right = {"email": victim.signed.email, "password": PASSWORD}

    async def knocking() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        asks = (flooded.asked(SIGN_IN, given, address=f"192.0.2.{n}") for n, given in enumerate(strangers))
        flood = [asyncio.create_task(ask) for ask in asks]
        for told in islice(asyncio.as_completed(flood), 16):  # the others stand in their places
            await told
        as_stranger = await flooded.asked(SIGN_IN, right)
        on_device = asyncio.create_task(flooded.asked(SIGN_IN, {**right, "device": device}))
        await asyncio.wait([on_device], timeout=0.5)
        assert not on_device.done()  # it has a place, too
        free.set()
        return await asyncio.gather(*flood), [as_stranger, await on_device]

    answers, (as_stranger, on_device) = door.instance.backstage.run(knocking())
    few.close()
    assert sorted(errors_of(answer) for answer in answers) == [[]] * 4 + [["UNAVAILABLE"]] * 16
    assert errors_of(as_stranger) == ["UNAVAILABLE"]
    assert on_device["data"]["signIn"]["token"]


def test_a_device_that_is_known_to_one_is_a_stranger_to_another(door: Door, victim: Person) -> None:
    attacker = People(door.instance).staff(Role.OVERSEER)
    door.password(attacker)
    half = door.half(attacker.signed.email)["token"]
    device = door.payload(CONFIRM, {"token": half, "code": attacker.fresh_code()})["device"]
    for made_up in (device, device[:-4] + "AAAA", ".".join([device] * 4), "x" * 10_000):
        door.instance.sql("delete from throttle")
        given = {"email": victim.signed.email, "password": "wrong password here", "device": made_up}
        outcomes = [errors_of(door.ask(SIGN_IN, given)) for _ in range(PAIR.free + 1)]
        assert outcomes == [[]] * PAIR.free + [["RATE_LIMITED"]]
        assert door.instance.count("throttle", "kind = 'DEVICE'") == 0


# --- a half session


@pytest.fixture(scope="module")
def half(attacked: Instance, door: Door) -> Browser:
    """A browser whose session has no second factor yet, of somebody who may do much."""
    attacked.sql("delete from throttle")
    person = People(attacked).staff(*(role for role in Role if role not in (Role.OFFICER, Role.AGENCY_ADMINISTRATOR)))
    door.password(person)
    return Browser(attacked, door.half(person.signed.email)["token"])


def documents() -> Iterator[tuple[str, str]]:
    """Each root field, asked with something of the right shape."""
    for kind, type_ in (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type)):
        assert type_ is not None
        for name, field in type_.fields.items():
            arguments = ", ".join(
                f"{argument}: {literal(its.type)}"
                for argument, its in field.args.items()
                if isinstance(its.type, GraphQLNonNull)
            )
            selection = "" if is_leaf_type(get_named_type(field.type)) else "{ __typename }"
            yield name, f"{kind} {{ {name}{f'({arguments})' if arguments else ''} {selection} }}"


def literal(type_: Any) -> str:
    """Any value of that type."""
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    named = get_named_type(type_)
    if isinstance(named, GraphQLInputObjectType):
        needed = {name: its for name, its in named.fields.items() if isinstance(its.type, GraphQLNonNull)}
        chosen = needed or dict(list(named.fields.items())[:1] if named.is_one_of else ())
        value = "{" + ", ".join(f"{name}: {literal(its.type)}" for name, its in chosen.items()) + "}"
    elif hasattr(named, "values"):
        value = next(iter(named.values))
    else:
        value = {"Int": "1", "Boolean": "true", "DateTime": '"2027-01-01T00:00:00Z"', "Date": '"2027-01-01"'}.get(
            named.name, '"1"'
        )
    return f"[{value}]" if str(type_).startswith("[") else value


@pytest.mark.parametrize(("name", "document"), list(documents()), ids=[name for name, _ in documents()])
def test_a_half_session_is_answered_nothing(half: Browser, name: str, document: str) -> None:
    before = half.instance.count("done"), half.instance.count("ledger_entry"), half.instance.count("session")
    answer = half.ask(document)
    assert answer.status_code == 401, answer.text
    assert errors_of(answer.json()) == ["UNAUTHENTICATED"]
    assert answer.json().get("data") is None
    assert before == (half.instance.count("done"), half.instance.count("ledger_entry"), half.instance.count("session"))


@pytest.mark.parametrize("path", [page.path for page in site.PAGES if page.audience is not Audience.ANYONE])
def test_a_half_session_is_shown_no_page(half: Browser, path: str) -> None:
    address = re.sub(r"\{[^}]*\}", "019a0000-0000-7000-8000-000000000000", path)
    told = []
    for cookies in ({SESSION: half.token}, {}):
        with httpx.Client(base_url=half.instance.issuer, cookies=cookies) as http:
            answer = http.get(address)
            told.append((answer.status_code, answer.headers.get("location", "")))
    assert told[0] == told[1]
    assert told[0][0] == 303
    assert "sign-in" in told[0][1]


def test_a_half_session_does_not_outlive_five_minutes_or_its_account(door: Door, victim: Person) -> None:
    half = door.half(victim.signed.email)["token"]
    later = door.instance.now() + timedelta(minutes=5)
    assert door.instance.backstage.run(find(door.instance.database, half, later)) is None
    victim.disable()
    answer = door.payload(CONFIRM, {"token": half, "code": victim.fresh_code()})
    assert codes_of(answer) == [("INVALID", ["token"])]
    kinds = door.instance.sql("select kind from session where account_id = $1", victim.account)
    assert [row["kind"] for row in kinds] == [SessionKind.HALF]


def test_every_type_of_the_schema_could_be_asked_here() -> None:
    assert isinstance(SCHEMA.mutation_type, GraphQLObjectType)
    names = {name for name, _ in documents()}
    assert {"signIn", "approve", "disableAccount", "accounts", "me"} <= names
