"""What one text message holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gsm import MAX_SEPTETS, MAX_UNITS, fits_one, in_alphabet, septets, units

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def test_the_alphabet_is_that_of_the_standard() -> None:
    """TS 23.038, 6.2.1: 128 places, of which one is the escape to the extension."""
    assert len(set(BASIC)) == len(BASIC) == 127
    assert [septets(character) for character in BASIC] == [1] * 127
    assert [septets(character) for character in "\f^{}\\[~]|€"] == [2] * 10
    found = {chr(n) for n in range(0x3000) if septets(chr(n)) is not None}
    assert found == set(BASIC) | set("\f^{}\\[~]|€")


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("Code: 123456", 12), ("{5 €}", 8), ("è", 1), ("ê", None), ("ç", None), ("Ç", 1), ("سجل", None)],
)
def test_septets_are_counted(text: str, count: int | None) -> None:
    assert septets(text) == count


@pytest.mark.parametrize(("text", "count"), [("سجل", 3), ("a", 1), ("🙂", 2), ("", 0)])
def test_units_of_ucs_2_are_counted(text: str, count: int) -> None:
    assert units(text) == count


def test_one_message_holds_160_septets_or_70_units() -> None:
    assert fits_one("x" * MAX_SEPTETS)
    assert not fits_one("x" * (MAX_SEPTETS + 1))
    assert fits_one("x" * (MAX_SEPTETS - 2) + "€")
    assert not fits_one("x" * (MAX_SEPTETS - 1) + "€")
    assert fits_one("س" * MAX_UNITS)
    assert not fits_one("س" * (MAX_UNITS + 1))
    assert not fits_one("x" * 70 + "س")
    assert not fits_one("🙂" * 36)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Caisse d’Épargne – Fès", "Caisse d'Épargne - Fès"),
        ("être, reçu, cœur, Noël", "etre, recu, coeur, Noel"),
        ("e\u0302", "e"),
        ("Ġ… «x»", 'G... "x"'),
        ("سجل", "???"),
    ],
)
def test_a_text_is_brought_into_the_alphabet(text: str, folded: str) -> None:
    assert in_alphabet(text) == folded


@given(st.text(max_size=60))
def test_whatever_is_brought_into_the_alphabet_is_in_it_and_stays_as_it_is(text: str) -> None:
    folded = in_alphabet(text)
    assert septets(folded) is not None
    assert in_alphabet(folded) == folded
