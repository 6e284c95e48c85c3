"""A number is well-formed or is no number; new ones never repeat; a token means something to one agency alone."""

import re
from bisect import bisect_left
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from string import ascii_letters, digits
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import verhoeff as stdnum_verhoeff

from core.errors import Internal, Invalid, Unavailable
from identity.numbers import (
    BODIES,
    FIRST_BODY,
    ISSUE_LIMIT,
    HouseholdCode,
    Idcs,
    Permutation,
    TokenKind,
    idcs_of,
    issue,
    pairwise_token,
    resolve_token,
    verhoeff_digit,
    verhoeff_valid,
)

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
AGENCY = UUID("0190f1c0-0000-7000-8000-00000000000a")
OTHER_AGENCY = UUID("0190f1c0-0000-7000-8000-00000000000b")
SUBJECT = UUID("0190f1c0-0000-7000-8000-000000000001")

WELL_FORMED = [
    *("2516116556", "2516116560", "2516116573", "2516116587", "2516116594", "2516116600", "2516116616"),
    *("2013023805", "3029384756"),
]
NOT_TEN_DIGITS = [
    *("", "201302380", "20130238051", " 2013023805", "2013023805 ", "2013023805\n", "2013 023805", "201302380x", "+201302380"),
    *("-201302380", "2_13023805", "٢٠١٣٠٢٣٨٠٥", "201302380٥", "201302380²", "２０１３０２３８０５"),
]
REFUSED = {
    "an IDCS is ten digits": NOT_TEN_DIGITS,
    "an IDCS starts with a digit from 2 to 9": ["1013023805", "0013023805"],
    "the check digit of the IDCS is wrong": ["2013023800", "2516116557"],
    # The check digits of those below are right.
    "the first five digits of the IDCS equal its last five": ["2001320013", "9999199991", "8888888888"],
    "the first five digits of the IDCS equal its last five reversed": ["2001661002", "9999449999"],
    "the IDCS is one block of two digits five times": ["2727272727", "5858585858", "9191919191"],
}

bodies = st.integers(FIRST_BODY, FIRST_BODY + BODIES - 1).map(str)
five_digits = st.integers(20_000, 99_999).map(str)
patterned_bodies = five_digits.map(lambda half: half + half[:4]) | five_digits.map(lambda half: half + half[:0:-1])
digit_texts = st.text(digits, min_size=1, max_size=40)
keys_of_32 = st.binary(min_size=32, max_size=32)
uuids = st.uuids()
kinds = st.sampled_from(TokenKind)


# --- IDCS and household codes


@pytest.mark.parametrize("text", WELL_FORMED)
def test_a_published_number_is_well_formed(text: str) -> None:
    assert Idcs.parse(text).text == str(Idcs.parse(text)) == text


@pytest.mark.parametrize(("message", "text"), [(message, text) for message, texts in REFUSED.items() for text in texts])
def test_another_text_is_refused_with_the_rule_it_breaks_and_without_the_number(message: str, text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Idcs.parse(text)
    assert refusal.value.message == message
    with pytest.raises(Invalid, match=f"^{message}$"):
        Idcs(text)


@given(bodies | patterned_bodies)
def test_a_number_is_refused_exactly_when_it_has_a_refused_pattern(body: str) -> None:
    text = body + stdnum_verhoeff.calc_check_digit(body)
    patterned = text[5:] in (text[:5], text[4::-1]) or len({text[place : place + 2] for place in range(0, 10, 2)}) == 1
    if patterned:
        with pytest.raises(Invalid):
            Idcs.parse(text)
    else:
        assert Idcs.parse(text).text == text


def test_a_repr_shows_no_digit() -> None:
    idcs = Idcs.parse("2013023805")
    code = HouseholdCode.of(idcs, 4)
    for shown in (repr(idcs), repr(code), f"{[idcs]}", f"{idcs!r}", f"{(code,)}"):
        assert not re.search(r"\d", shown)


def test_equal_numbers_are_one_key() -> None:
    assert len({Idcs.parse("2013023805"), Idcs.parse("2013023805"), Idcs.parse("3029384756")}) == 2


@pytest.mark.parametrize("order", range(10))
def test_a_household_code_is_its_heads_number_and_one_digit(order: int) -> None:
    head = Idcs.parse("2013023805")
    code = HouseholdCode.of(head, order)
    assert code.text == str(code) == f"2013023805{order}"
    assert HouseholdCode.parse(code.text) == code
    assert (HouseholdCode.parse(code.text).head, HouseholdCode.parse(code.text).order) == (head, order)


@pytest.mark.parametrize("order", [-1, 10, 11])
def test_the_order_of_a_household_is_one_digit(order: int) -> None:
    with pytest.raises(Invalid, match="order"):
        HouseholdCode.of(Idcs.parse("2013023805"), order)


@pytest.mark.parametrize(
    "text", ["", "2013023805", "201302380512", "2013023805x", "2013023805 ", "2013023805٣", " 20130238051"]
)
def test_a_household_code_has_eleven_digits(text: str) -> None:
    with pytest.raises(Invalid, match=r"^a household code is eleven digits$"):
        HouseholdCode.parse(text)


@pytest.mark.parametrize("message", list(REFUSED)[1:])
def test_a_household_code_needs_a_well_formed_head(message: str) -> None:
    with pytest.raises(Invalid, match=f"^{message}$"):
        HouseholdCode.parse(REFUSED[message][0] + "0")


# --- check digits


@given(digit_texts)
def test_the_check_digit_is_that_of_another_library(text: str) -> None:
    assert verhoeff_digit(text) == stdnum_verhoeff.calc_check_digit(text)
    assert [end for end in digits if verhoeff_valid(text + end)] == [verhoeff_digit(text)]


@given(digit_texts, st.data())
def test_one_wrong_digit_is_always_caught(text: str, data: st.DataObject) -> None:
    number = text + verhoeff_digit(text)
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from(digits).filter(lambda digit: digit != number[place]))
    assert verhoeff_valid(number)
    assert not verhoeff_valid(number[:place] + wrong + number[place + 1 :])


@given(digit_texts)
def test_two_neighbours_swapped_are_always_caught(text: str) -> None:
    number = text + verhoeff_digit(text)
    for place in range(len(number) - 1):
        a, b = number[place], number[place + 1]
        assert verhoeff_valid(number[:place] + b + a + number[place + 2 :]) == (a == b)


@pytest.mark.parametrize("text", ["", "12x", "1 2", "١٢", "²", "-1"])
def test_only_digits_have_a_check_digit(text: str) -> None:
    assert not verhoeff_valid(text)
    with pytest.raises(Invalid):
        verhoeff_digit(text)


def test_a_lone_digit_checks_nothing() -> None:
    assert not verhoeff_valid("0")


# --- new numbers


@pytest.fixture(scope="module")
def million() -> tuple[list[Idcs], int]:
    return issue(KEY, 0, ISSUE_LIMIT)


def test_a_million_numbers_hold_no_repeat_and_are_well_formed(million: tuple[list[Idcs], int]) -> None:
    numbers, _ = million
    texts = [number.text for number in numbers]
    assert len(texts) == len(set(texts)) == 1_000_000
    ten_digits = re.compile("[2-9][0-9]{9}")
    assert all(map(ten_digits.fullmatch, texts))
    assert all(map(stdnum_verhoeff.is_valid, texts[::25]))
    assert all(text[5:] not in (text[:5], text[4::-1]) and text[2:] != text[:8] for text in texts)


def test_the_digits_of_a_million_numbers_are_evenly_spread(million: tuple[list[Idcs], int]) -> None:
    numbers, _ = million
    for place, values in [(0, "23456789"), *((place, digits) for place in range(1, 10))]:
        counts = Counter(number.text[place] for number in numbers)
        assert set(counts) == set(values)
        mean = len(numbers) / len(values)
        # Drawing without replacement varies less than drawing with; five times that deviation is never reached by chance.
        assert all(abs(count - mean) < 5 * mean**0.5 for count in counts.values())


def test_only_burnt_counters_are_skipped(million: tuple[list[Idcs], int]) -> None:
    numbers, following = million
    burnt = bisect_left(range(len(numbers)), True, key=lambda counter: idcs_of(counter, KEY) != numbers[counter])
    assert 0 < burnt < len(numbers)
    assert 0 < following - len(numbers) < 50  # about 16 are expected
    assert idcs_of(burnt, KEY) is None
    body = str(FIRST_BODY + Permutation(KEY, BODIES)[burnt])
    with pytest.raises(Invalid, match="first five"):
        Idcs.parse(body + verhoeff_digit(body))
    assert issue(KEY, burnt, 1) == ([numbers[burnt]], burnt + 2)
    assert idcs_of(following - 1, KEY) == numbers[-1]


@given(st.integers(0, BODIES - 1000), st.integers(0, 60), st.sampled_from([KEY, OTHER_KEY]))
@settings(deadline=None)
def test_one_at_a_time_gives_the_same_numbers_as_many(counter: int, count: int, key: bytes) -> None:
    numbers, following = issue(key, counter, count)
    assert len(numbers) == count
    assert numbers == [number for each in range(counter, following) if (number := idcs_of(each, key))]


@given(st.integers(0, BODIES - 1000), st.integers(0, 40), st.integers(0, 40))
def test_issuing_goes_on_where_it_stopped(counter: int, first: int, second: int) -> None:
    one, middle = issue(KEY, counter, first)
    two, end = issue(KEY, middle, second)
    assert (one + two, end) == issue(KEY, counter, first + second)


def test_the_sequence_of_a_key_never_changes() -> None:
    # Another sequence under the same key would give numbers away twice.
    texts = ["8575501884", "5365743690", "8672518915", "2723369494"]
    assert [str(idcs_of(counter, KEY)) for counter in (0, 1, 2, BODIES - 1)] == texts


def test_another_key_gives_another_sequence() -> None:
    mine, _ = issue(KEY, 0, 1000)
    theirs, _ = issue(OTHER_KEY, 0, 1000)
    assert all(a != b for a, b in zip(mine, theirs, strict=True))


def test_neighbouring_counters_give_unrelated_numbers(million: tuple[list[Idcs], int]) -> None:
    bodies_given = [int(number.text[:9]) for number in million[0][:10_000]]
    rises = sum(a < b for a, b in pairwise(bodies_given))
    assert 4800 < rises < 5200
    gaps = [abs(a - b) for a, b in pairwise(bodies_given)]
    assert min(gaps) > 1
    # Two numbers drawn at random from a range are a third of it apart.
    assert sum(gaps) / len(gaps) == pytest.approx(BODIES / 3, rel=0.03)


def test_after_the_last_body_nothing_is_issued() -> None:
    numbers, following = issue(KEY, BODIES - 3, 3)
    assert (len(numbers), following) == (3, BODIES)
    for counter, count in ((BODIES, 1), (BODIES - 3, 4)):
        with pytest.raises(Unavailable, match="every IDCS has been issued"):
            issue(KEY, counter, count)
    with pytest.raises(Unavailable):
        idcs_of(BODIES, KEY)
    with pytest.raises(Invalid, match="counter"):
        idcs_of(-1, KEY)


@pytest.mark.parametrize(("counter", "count"), [(-1, 1), (-1, 0), (0, -1), (0, ISSUE_LIMIT + 1)])
def test_counters_and_counts_have_limits(counter: int, count: int) -> None:
    with pytest.raises(Invalid):
        issue(KEY, counter, count)


@given(keys_of_32, st.integers(1, 700))
@settings(max_examples=60, deadline=None)
def test_the_permutation_takes_every_place_once(key: bytes, size: int) -> None:
    permutation = Permutation(key, size)
    assert sorted(permutation[index] for index in range(size)) == list(range(size))


@given(keys_of_32, keys_of_32)
@settings(max_examples=30, deadline=None)
def test_two_keys_permute_differently(one: bytes, other: bytes) -> None:
    images = [[permutation[index] for index in range(400)] for permutation in (Permutation(one, 400), Permutation(other, 400))]
    assert (images[0] == images[1]) == (one == other)


def test_all_orders_of_three_come_up_about_equally() -> None:
    orders = Counter(
        tuple(permutation[index] for index in range(3))
        for permutation in (Permutation(number.to_bytes(32), 3) for number in range(1200))
    )
    assert len(orders) == 6
    assert all(130 < count < 270 for count in orders.values())


@pytest.mark.parametrize("index", [-1, 10])
def test_a_permutation_knows_no_place_outside_itself(index: int) -> None:
    with pytest.raises(IndexError):
        Permutation(KEY, 10)[index]


@pytest.mark.parametrize("size", [-1, 0, 2**32 + 1])
def test_a_permutation_has_a_size_it_can_hold(size: int) -> None:
    with pytest.raises(Internal):
        Permutation(KEY, size)


# --- pairwise tokens


@given(kinds, uuids, uuids, st.dictionaries(st.integers(1, 999_999), keys_of_32, min_size=1, max_size=4))
def test_a_token_is_well_formed_and_its_agency_reads_it_back(
    kind: TokenKind, subject: UUID, agency: UUID, keys: dict[int, bytes]
) -> None:
    token = pairwise_token(kind, subject, agency, keys)
    assert re.fullmatch(f"{kind.value}{max(keys)}[.][A-Za-z0-9_-]{{22}}", token)
    assert resolve_token(token, agency, keys) == (kind, subject)


@given(kinds, uuids, uuids, uuids)
def test_another_agency_has_another_token_and_reads_another_subject(
    kind: TokenKind, subject: UUID, mine: UUID, theirs: UUID
) -> None:
    token = pairwise_token(kind, subject, mine, {1: KEY})
    assert (pairwise_token(kind, subject, theirs, {1: KEY}) == token) == (mine == theirs)
    found, other = resolve_token(token, theirs, {1: KEY})
    assert found is kind
    assert (other == subject) == (mine == theirs)


@given(uuids, uuids)
def test_a_token_of_one_kind_says_nothing_of_the_other(subject: UUID, agency: UUID) -> None:
    person = pairwise_token(TokenKind.PERSON, subject, agency, {1: KEY})
    household = pairwise_token(TokenKind.HOUSEHOLD, subject, agency, {1: KEY})
    assert (person[0], household[0]) == ("p", "h")
    assert person[1:] != household[1:]
    kind, other = resolve_token("h" + person[1:], agency, {1: KEY})
    assert kind is TokenKind.HOUSEHOLD
    assert other != subject


@given(st.sets(uuids, min_size=2, max_size=20))
def test_two_subjects_have_two_tokens(subjects: set[UUID]) -> None:
    assert len({pairwise_token(TokenKind.PERSON, subject, AGENCY, {1: KEY}) for subject in subjects}) == len(subjects)


def test_a_token_never_changes_under_its_key() -> None:
    # Agencies keep them: another derivation would cut them off from everybody they know.
    assert pairwise_token(TokenKind.PERSON, SUBJECT, AGENCY, {7: KEY}) == "p7.ftqCnrdHzW1O2P_DyRbdZA"
    assert pairwise_token(TokenKind.HOUSEHOLD, SUBJECT, AGENCY, {7: KEY}) == "h7.PpwYgkEjk6NqWFhDVAtWDg"


def test_the_newest_key_makes_and_older_ones_read() -> None:
    old = pairwise_token(TokenKind.PERSON, SUBJECT, AGENCY, {1: KEY})
    new = pairwise_token(TokenKind.PERSON, SUBJECT, AGENCY, {2: OTHER_KEY, 1: KEY})
    assert (old[:3], new[:3]) == ("p1.", "p2.")
    assert old[3:] != new[3:]
    for token in (old, new):
        assert resolve_token(token, AGENCY, {1: KEY, 2: OTHER_KEY}) == (TokenKind.PERSON, SUBJECT)
    with pytest.raises(Invalid, match=r"^the token's key version is unknown$"):
        resolve_token(old, AGENCY, {2: OTHER_KEY})


def test_a_forged_token_stands_for_a_stranger() -> None:
    token = pairwise_token(TokenKind.PERSON, SUBJECT, AGENCY, {1: KEY})
    forged = token[:3] + ("A" if token[3] != "A" else "B") + token[4:]
    kind, stranger = resolve_token(forged, AGENCY, {1: KEY})
    assert kind is TokenKind.PERSON
    assert stranger.int ^ SUBJECT.int > 2**64  # nothing of the subject shows through


BODY = "ftqCnrdHzW1O2P_DyRbdZA"


@pytest.mark.parametrize(
    "text",
    [
        *("", "p1", "p1.", BODY, f".{BODY}", f"1.{BODY}", f"p.{BODY}", f"P1.{BODY}", f"x1.{BODY}", f"pp1.{BODY}"),
        *(f"p0.{BODY}", f"p01.{BODY}", f"p-1.{BODY}", f"p+1.{BODY}", f"p 1.{BODY}", f"p١.{BODY}", f"p1_0.{BODY}"),
        *(f"p1:{BODY}", f"p1{BODY}", f"p1..{BODY}", f"p1.{BODY}.", f"p1000000.{BODY}"),
        *(f" p1.{BODY}", f"p1.{BODY} ", f"p1.{BODY}\n", f"p1. {BODY}", f"p1.{BODY}=", f"p1.{BODY}=="),
        *(f"p1.{BODY[:-1]}", f"p1.{BODY[1:]}", f"p1.{BODY}A", f"p1.{BODY}AA", f"p1.{BODY[:-2]}=="),
        *(f"p1.+{BODY[1:]}", f"p1./{BODY[1:]}", f"p1.é{BODY[1:]}", f"p1.\0{BODY[1:]}", f"p1.{BODY[:10]}\n{BODY[11:]}"),
        *(f"p1.{SUBJECT}", f"p1.{SUBJECT.hex}", "2013023805"),
    ],
)
def test_an_ill_formed_token_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(Invalid, match=r"^the token is ill-formed$"):
        resolve_token(text, AGENCY, {1: KEY})


def test_a_token_has_one_spelling() -> None:
    subjects, refused = set(), 0
    for last in ascii_letters + digits + "-_":
        try:
            subjects.add(resolve_token(f"p1.{BODY[:-1]}{last}", AGENCY, {1: KEY}))
        except Invalid:
            refused += 1
    assert (len(subjects), refused) == (4, 60)


@given(st.text(max_size=40) | st.from_regex(r"[ph][0-9]{1,7}\.[A-Za-z0-9_-]{21,23}={0,2}", fullmatch=True))
def test_a_text_is_a_token_that_reads_back_to_itself_or_is_refused(text: str) -> None:
    keys = {1: KEY}
    try:
        kind, subject = resolve_token(text, AGENCY, keys)
    except Invalid:
        return
    assert pairwise_token(kind, subject, AGENCY, keys) == text


def test_without_a_key_no_token_is_made() -> None:
    with pytest.raises(Unavailable):
        pairwise_token(TokenKind.PERSON, SUBJECT, AGENCY, {})


@pytest.mark.parametrize("key", [b"", KEY[:31], KEY[:16], KEY + b"\0"])
def test_a_key_of_another_length_is_never_used(key: bytes) -> None:
    with pytest.raises(Internal):
        pairwise_token(TokenKind.PERSON, SUBJECT, AGENCY, {1: key})
    with pytest.raises(Internal):
        idcs_of(0, key)


def test_many_threads_may_make_and_read_tokens() -> None:
    def round_trips(start: int) -> bool:
        subjects = [UUID(int=start + number) for number in range(1000)]
        tokens = [pairwise_token(TokenKind.PERSON, subject, OTHER_AGENCY, {1: KEY}) for subject in subjects]
        return [resolve_token(token, OTHER_AGENCY, {1: KEY})[1] for token in tokens] == subjects

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(round_trips, range(0, 8000, 1000)))
