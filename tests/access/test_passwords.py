"""A password is long and not the first that anybody would try; checking one costs the same whether there is one or not."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from unicodedata import normalize

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import HashingError
from argon2.profiles import CHEAPEST
from hypothesis import given
from hypothesis import strategies as st

from access import passwords as module
from access.passwords import (
    MAX_LENGTH,
    MIN_LENGTH,
    PARAMETERS,
    REFUSED,
    RETRY_SECONDS,
    NewPassword,
    Passwords,
    holds_email,
    is_common,
)
from core.errors import Internal, Invalid, SijilError, Unavailable

EMAIL = "amina.elfassi@registre.example"
PHRASE = "quatre figues au bord du puits"
QUICK = replace(CHEAPEST, hash_len=16)


def chosen(given: str) -> NewPassword:
    return NewPassword.of(given, email=EMAIL)


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    made = Passwords(QUICK)
    yield made
    made.close()


# Which may be chosen


@pytest.mark.parametrize(
    "given",
    [
        PHRASE,
        "kvzxqhwmtpld",
        "839201746512",
        "أربع تينات على حافة البئر",
        "password of the old lighthouse",
        "}{|~^*<=>?#[",
        "é" * 4 + "ñandú-zorro",
        "q7" + "x" * 3 + "hfu2mz" * 2 + "r",
        "🐪 🌴 🌙 🧿 🫖 🥁 🪘 🧭 🪔 🐬 🦩 🦔",
    ],
)
def test_any_long_password_may_be_chosen_whatever_it_is_made_of(given: str) -> None:
    assert chosen(given).normal == given


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "empty"),
        (" " * 20, "empty"),
        (PHRASE[:11], "has 12 to 200"),
        ("fi" * 3 + "gues", "has 12 to 200"),
        (PHRASE.ljust(201, "x"), "longer than 200"),
        ("\ufdfa" * 12, "has 12 to 200"),  # one character that stands for eighteen
        (PHRASE + "\u200b", "control"),
        (PHRASE + "\u202e", "control"),
        (PHRASE + "\n", "control"),
        (PHRASE + "\0", "control"),
        (PHRASE + "\ud800", "control"),
    ],
)
def test_a_password_of_no_good_length_or_with_what_cannot_be_seen_is_refused(given: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        chosen(given)


@pytest.mark.parametrize(
    "given",
    [
        "Password2024!",
        "P@ssw0rd-P@ssw0rd",
        "p a s s w o r d 1 2 3",
        "MotDePasse2026",
        "motdepasse!!",
        "azerty123456",
        "azertyuiop^$",
        "AZERTYUIOPQSDF",
        "123456789012",
        "987654321098",
        "١٢٣٤٥٦٧٨٩٠١٢",
        "abcdefghijkl",
        "zyxwvutsrqpo",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabc",
        "a1!a1!a1!a1!",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "Casablanca2030",
        "bismillah1234",
        "I-love-you-2020",
        "كلمة المرور 1234",
        "بسم الله ١٢٣٤٥٦",
        "شسيبلاتنمكط1",
        "sijil-sijil-sijil",
        "registre.example",
        "20262027 2028",
    ],
)
def test_a_common_password_is_refused_however_it_is_dressed(given: str) -> None:
    with pytest.raises(Invalid, match="tried first"):
        chosen(given)


@pytest.mark.parametrize(
    "given", ["amina.elfassi!!", "AminaElfassi of the hill", "xx-AMINA_ELFASSI-99", "amina elfassi quatre figues"]
)
def test_a_password_does_not_hold_the_name_of_the_email(given: str) -> None:
    assert holds_email(given, EMAIL)
    with pytest.raises(Invalid, match="e-mail"):
        chosen(given)


def test_the_words_of_the_email_count_for_nothing() -> None:
    assert not holds_email("elfassi-12345-amina", EMAIL)
    assert is_common("elfassi-12345-amina", EMAIL)
    assert is_common("registre--kvz", EMAIL)
    assert not is_common("elfassi-kvzxqh", EMAIL)


def test_a_short_name_of_an_email_may_occur_by_chance() -> None:
    for email in ("ali@registre.example", "a@b.example", "@", "", "..."):
        assert NewPassword.of("qualities of the quiet", email=email)
    with pytest.raises(Invalid, match="e-mail"):
        NewPassword.of("the alix quiet garden", email="alix@registre.example")


def test_no_refusal_and_no_repr_holds_the_password() -> None:
    for text in ("Password2024!", "amina.elfassi!!", "short", PHRASE + "\0"):
        with pytest.raises(Invalid) as refusal:
            chosen(text)
        assert text not in refusal.value.message
        assert refusal.value.path == ()
    assert PHRASE not in repr(chosen(PHRASE))


@given(st.text(max_size=220), st.text(max_size=40))
def test_whatever_is_given_is_taken_in_normal_form_or_refused(given: str, email: str) -> None:
    try:
        normal = NewPassword.of(given, email=email).normal
    except Invalid:
        return
    assert normal == normalize("NFKC", given)
    assert MIN_LENGTH <= len(normal) <= MAX_LENGTH


@given(st.integers(0, 25**16 - 1))
def test_a_random_password_is_hardly_ever_common(number: int) -> None:
    letters = "bcdfghjkmnpqrstvwxz246789"
    text = "".join(letters[number // 25**place % 25] for place in range(16))
    assert not is_common(text, EMAIL) or re.search(r"(.{1,6})\1\1|2468|8642|6789|9876", text)


# How it is kept and checked


async def test_it_is_kept_as_argon2id_with_the_parameters_of_the_standard() -> None:
    real = Passwords()
    try:
        stored = await real.hash(chosen(PHRASE))
        assert re.fullmatch(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", stored)
        assert await real.check(stored, PHRASE) == module.Verdict(True)
        assert await real.check(stored, PHRASE + "x") == REFUSED
        times = []
        for account in (stored, None):
            began = perf_counter()
            assert await real.check(account, "another password") == REFUSED
            times.append(perf_counter() - began)
        assert min(times) > max(times) / 5  # the work is the same; the machine is not
    finally:
        real.close()


async def test_only_the_password_is_right_and_no_two_are_stored_alike(passwords: Passwords) -> None:
    stored = await passwords.hash(chosen(PHRASE))
    assert stored != await passwords.hash(chosen(PHRASE))
    assert await passwords.check(stored, PHRASE) == module.Verdict(True, None)
    for other in ("", PHRASE + " ", PHRASE.upper(), PHRASE[:-1], PHRASE + "\0", "\ud800", PHRASE * 10):
        assert await passwords.check(stored, other) == REFUSED


async def test_a_password_is_the_same_however_its_letters_are_composed(passwords: Passwords) -> None:
    stored = await passwords.hash(chosen("déjà vu à Fès, ﬁn mai"))
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert (await passwords.check(stored, normalize(form, "déjà vu à Fès, ﬁn mai"))).ok


async def test_a_very_long_password_counts_to_its_end(passwords: Passwords) -> None:
    longest = "".join(chr(0x4E00 + n) for n in range(MAX_LENGTH))
    stored = await passwords.hash(chosen(longest))
    assert (await passwords.check(stored, longest)).ok
    assert await passwords.check(stored, longest[:-1] + "x") == REFUSED
    assert await passwords.check(stored, longest + "x") == REFUSED


async def test_nobodys_password_is_refused_after_a_whole_check(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def noted(self: PasswordHasher, stored: str, password: bytes) -> bool:
        checked.append(stored)
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    stored = await passwords.hash(chosen(PHRASE))
    for account, text in (
        (None, PHRASE),
        (None, ""),
        (stored, "x" * 201),
        (stored, "\ud800"),
        (None, "\ud800"),
        (stored, "x"),
    ):
        assert await passwords.check(account, text) == REFUSED
    assert len(checked) == 6
    assert {form.rpartition("$")[0].rpartition("$")[0] for form in checked} == {"$argon2id$v=19$m=8,t=1,p=1"}
    assert {len(form) for form in checked} == {len(stored)}


async def test_nobodys_stored_form_fits_no_password_and_has_the_real_parameters() -> None:
    nobodys = module._stored_of_nobody(PARAMETERS)
    assert re.fullmatch(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", nobodys)
    assert nobodys != module._stored_of_nobody(PARAMETERS)
    assert not PasswordHasher.from_parameters(PARAMETERS).check_needs_rehash(nobodys)


async def test_a_right_password_with_older_parameters_is_hashed_anew_and_a_wrong_one_is_not(passwords: Passwords) -> None:
    older = Passwords(replace(QUICK, time_cost=2))
    stored = await older.hash(chosen(PHRASE))
    older.close()
    assert await passwords.check(stored, PHRASE + "x") == REFUSED
    verdict = await passwords.check(stored, PHRASE)
    assert verdict.ok
    assert verdict.rehash is not None
    assert verdict.rehash not in repr(verdict)
    assert await passwords.check(verdict.rehash, PHRASE) == module.Verdict(True, None)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA", "$2b$12$abc", "é"])
async def test_a_damaged_stored_form_is_our_fault_and_is_not_quoted(passwords: Passwords, stored: str) -> None:
    with pytest.raises(Internal) as refusal:
        await passwords.check(stored, PHRASE)
    assert refusal.value.message == "a stored password cannot be checked"
    assert refusal.value.__cause__ is None


async def test_where_memory_is_lacking_nothing_is_said_to_be_wrong_or_right(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(self: PasswordHasher, password: bytes, *, salt: bytes) -> str:
        raise HashingError("Memory allocation error")

    monkeypatch.setattr(PasswordHasher, "hash", lacking)
    with pytest.raises(Internal):
        await passwords.hash(chosen(PHRASE))


# How many at once


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, list[int]]]:
    """Every check stands still until the event is set; how many were at it at once is noted at each."""
    free, at_it, most = threading.Event(), threading.Semaphore(0), list[int]()
    lock, inside = threading.Lock(), [0]

    def verify(self: PasswordHasher, stored: str, password: bytes) -> bool:
        with lock:
            inside[0] += 1
            most.append(inside[0])
        at_it.release()
        free.wait(10)
        with lock:
            inside[0] -= 1
        return True

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    try:
        yield free, most
    finally:
        free.set()


async def test_so_many_are_checked_at_once_so_many_wait_and_the_rest_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = Passwords(QUICK, at_once=2, waiting=3, kept=0)
    with held(monkeypatch) as (free, most):
        tasks = [asyncio.create_task(few.check(None, PHRASE)) for _ in range(5)]
        await asyncio.sleep(0.05)
        for _ in range(3):
            with pytest.raises(Unavailable) as refusal:
                await few.check(None, PHRASE)
            assert refusal.value.retry_after == RETRY_SECONDS
        assert not any(task.done() for task in tasks)
        free.set()
        assert await asyncio.gather(*tasks) == [REFUSED] * 5
        assert max(most) == 2
        assert len(most) == 5
        assert await few.check(None, PHRASE) == REFUSED
    few.close()


async def test_a_flood_of_strangers_leaves_the_kept_places_to_known_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Passwords(QUICK, at_once=1, waiting=2, kept=2)
    chosen_ = chosen(PHRASE)
    with held(monkeypatch) as (free, most):
        flood = [asyncio.create_task(few.check(None, PHRASE)) for _ in range(50)]
        await asyncio.sleep(0.05)
        refused = [task for task in flood if task.done()]
        assert len(refused) == 47
        assert all(isinstance(task.exception(), Unavailable) for task in refused)
        checked = asyncio.create_task(few.check(None, PHRASE, known=True))
        hashed = asyncio.create_task(few.hash(chosen_, known=True))
        await asyncio.sleep(0.05)
        # All places are taken: nobody is given another, and a refused one takes none from anybody.
        for is_known in (True, False, True):
            with pytest.raises(Unavailable):
                await few.check(None, PHRASE, known=is_known)
            with pytest.raises(Unavailable):
                await few.hash(chosen_, known=is_known)
        assert not checked.done()
        assert not hashed.done()
        free.set()
        assert await asyncio.gather(*(task for task in flood if task not in refused)) == [REFUSED] * 3
        assert await checked == REFUSED
        assert (await hashed).startswith("$argon2id$")
        assert len(most) == 4
    few.close()


async def test_known_devices_may_take_every_place_and_strangers_find_theirs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Passwords(QUICK, at_once=1, waiting=1, kept=1)
    for _ in range(3):
        with held(monkeypatch) as (free, _):
            known = [asyncio.create_task(few.check(None, PHRASE, known=True)) for _ in range(3)]
            await asyncio.sleep(0.02)
            for _ in range(5):
                with pytest.raises(Unavailable):
                    await few.check(None, PHRASE)
            free.set()
            assert await asyncio.gather(*known) == [REFUSED] * 3
        with held(monkeypatch) as (free, _):
            strangers = [asyncio.create_task(few.check(None, PHRASE)) for _ in range(2)]
            await asyncio.sleep(0.02)
            assert not any(task.done() for task in strangers)
            free.set()
            assert await asyncio.gather(*strangers) == [REFUSED] * 2
    few.close()


async def test_the_event_loop_goes_on_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Passwords(QUICK, at_once=1, waiting=0)
    with held(monkeypatch) as (free, _):
        task = asyncio.create_task(one.check(None, PHRASE))
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert not task.done()
        free.set()
        assert await task == REFUSED
    one.close()


async def test_who_goes_away_leaves_the_place_free_when_the_work_is_done_and_not_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Passwords(QUICK, at_once=1, waiting=1)
    with held(monkeypatch) as (free, most):
        working, waiting = (asyncio.create_task(one.check(None, PHRASE)) for _ in range(2))
        await asyncio.sleep(0.05)
        for task in (working, waiting):
            task.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)
        # Who waited has left at once; who was being seen to has not.
        again = asyncio.create_task(one.check(None, PHRASE))
        await asyncio.sleep(0.01)
        with pytest.raises(Unavailable):
            await one.check(None, PHRASE)
        free.set()
        assert await again == REFUSED
        assert len(most) == 2
    one.close()


async def test_after_the_end_nothing_is_taken_and_who_waits_is_seen_to(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held(monkeypatch) as (free, _):
        tasks = [asyncio.create_task(passwords.check(None, PHRASE)) for _ in range(6)]
        await asyncio.sleep(0.02)
        passwords.close()
        free.set()
        assert await asyncio.gather(*tasks) == [REFUSED] * 6
    for _ in range(20):
        with pytest.raises(SijilError) as refusal:
            await passwords.check(None, PHRASE)
        assert isinstance(refusal.value, Unavailable)
        assert refusal.value.message == "passwords are no longer checked here"
