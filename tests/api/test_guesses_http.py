"""Who guesses at codes, and who stops a changed telephone, as pages and browsers ask: nobody learns anything by it."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest

from access.one_time_codes import DIGITS, LONG_DIGITS, TRIES
from identity.challenges import GUESSES
from identity.imports import LoadedPerson
from tests.api.citizens import CHANGE, STOP, Town
from tests.api.people import user_errors
from tests.api.serving import Instance

STRANGER = "3516116555"  # well-formed, and nobody's
NEW = "+212612345679"


@pytest.fixture(scope="module")
def town(served: Instance) -> Iterator[Town]:
    made = Town.of(served)
    yield made
    made.close()


def address() -> str:
    """Another one each time."""
    number = uuid4().int
    return f"198.{number % 100 + 101}.{number // 100 % 250}.{number // 25_000 % 250}"


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


def guess(town: Town, idcs: str, owner: UUID | None) -> list[Mapping[str, Any]]:
    """All that strangers are answered who use up what there is to guess at a person's codes, or at nobody's, and ask again."""
    told = []
    for _ in range(GUESSES.limit // TRIES):
        here = address()
        begun = town.begin(idcs, address=here)
        told.append(begun)
        code = "000000" if owner is None else town.code(owner)
        told += [town.finish(begun["challenge"], wrong(code), address=here) for _ in range(TRIES)]
    told.append(town.begin(idcs, address=address()))
    return told


def test_strangers_who_guess_are_sent_ten_digits_and_a_known_device_six(town: Town) -> None:
    amina = town.person()
    challenge = town.begin(amina.idcs.text, address=address())["challenge"]
    device = town.finish(challenge, town.code(amina.person_id))["device"]
    guess(town, amina.idcs.text, amina.person_id)
    assert len(town.code(amina.person_id)) == LONG_DIGITS
    assert len(town.told(amina.person_id, "SIGN_IN_TRIED")) == 2
    challenge = town.begin(amina.idcs.text, address=address(), device=device)["challenge"]
    code = town.code(amina.person_id)
    assert len(code) == DIGITS
    assert town.finish(challenge, code, device=device)["userErrors"] == []
    challenge = town.begin(amina.idcs.text, address=address())["challenge"]
    code = town.code(amina.person_id)
    assert user_errors(town.finish(challenge, wrong(code))) == [("INVALID", ("code",))]
    made = town.finish(challenge, code)
    assert (made["userErrors"], made["token"] is None) == ([], False)


def test_of_a_number_that_nobody_has_they_are_answered_just_so(town: Town) -> None:
    amina = town.person()
    answers = [guess(town, idcs, owner) for idcs, owner in ((amina.idcs.text, amina.person_id), (STRANGER, None))]
    assert len(town.code(amina.person_id)) == LONG_DIGITS
    known, unknown = ([_but_ids(answer) for answer in each] for each in answers)
    assert known == unknown


def _but_ids(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: bool(value) if name in ("challenge", "expiresAt") else value for name, value in answer.items()}


def registered(town: Town, person: LoadedPerson) -> Mapping[str, Any]:
    """What an agent who has not done it before is told of a change."""
    told: Mapping[str, Any] = town.agent().caller().change(CHANGE, idcs=person.idcs.text, telephone=NEW)
    assert told["userErrors"] == []
    return dict(told["telephoneChange"])


def test_a_second_agents_change_is_stopped_at_a_centre_only_and_its_owner_is_shown_so(town: Town) -> None:
    amina = town.person()
    browser = town.citizen(amina)
    first = registered(town, amina)
    assert browser.change(STOP, change=first["id"])["userErrors"] == []
    assert sorted(to for to, _ in town.told(amina.person_id, "TELEPHONE_CHANGE_STOPPED")) == sorted(
        {to for to, _ in town.told(amina.person_id, "TELEPHONE_CHANGE_BEGUN")} | {NEW}
    )
    second = registered(town, amina)
    told = browser.change(STOP, change=second["id"])
    assert (told["telephoneChange"], user_errors(told)) == (None, [("CONFLICT", ("change",))])
    shown = browser.data("{ me { telephoneChanges { id state firm } } }")["me"]["telephoneChanges"]
    assert {its["id"]: (its["state"], its["firm"]) for its in shown} == {
        first["id"]: ("STOPPED", False),
        second["id"]: ("WAITING", True),
    }
    there = town.agent().caller().change(STOP, idcs=amina.idcs.text)
    assert (there["telephoneChange"]["state"], there["userErrors"]) == ("STOPPED", [])
