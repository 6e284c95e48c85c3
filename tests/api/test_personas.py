from datetime import date

import pytest

from api.demo.people import InventedHousehold, invent
from api.demo.personas import FIRST_KEY, personas
from core.dates import Precision
from registry.facts import HOUSEHOLD_FACTS, MEMBER_FACTS, Milieu, checked

TODAY = date(2026, 11, 23)


def ages(household: InventedHousehold, today: date) -> list[int]:
    return [member.person.birth_date.age_on(today) for member in household.members]


@pytest.mark.parametrize("today", [TODAY, date(2024, 2, 29), date(2030, 1, 1)])
def test_personas_are_the_same_whatever_the_day(today):
    cast = personas(today)
    assert [persona.index for persona in cast] == list(range(14))
    assert len({persona.name for persona in cast}) == 14
    for persona, of_today in zip(cast, personas(TODAY), strict=True):
        assert persona.person.given_ar == of_today.person.given_ar
        if persona.household:
            assert of_today.household
            assert persona.household.facts == of_today.household.facts
            assert ages(persona.household, today) == ages(of_today.household, TODAY)


def test_personas_households_are_whole_and_hold_their_person():
    for persona in personas(TODAY):
        if not persona.household:
            continue
        household = persona.household
        assert persona.person in [member.person for member in household.members]
        assert household.facts.keys() == set(HOUSEHOLD_FACTS)
        for facts in (household.facts, *(member.facts for member in household.members)):
            assert all(type(value) is int and checked(name, value) == value for name, value in facts.items())
        assert all(member.facts.keys() == set(MEMBER_FACTS) for member in household.members)


def test_no_number_of_a_persona_is_given_to_an_invented_person():
    people = [member.person for household in invent(5_000, seed=1, today=TODAY) for member in household.members]
    cast = [
        person
        for persona in personas(TODAY)
        for person in ([m.person for m in persona.household.members] if persona.household else [persona.person])
    ]
    assert [person.key for person in cast] == list(range(FIRST_KEY, FIRST_KEY + len(cast)))
    cards = [person.cnie for person in cast if person.cnie]
    assert len(set(cards)) == len(cards)
    assert all(card.startswith("ZZ") for card in cards)
    assert all(person.telephone is None or person.telephone.startswith("+2127300") for person in cast)
    assert not {person.telephone for person in cast if person.telephone} & {person.telephone for person in people}


def test_personas_show_what_they_are_for():
    by_name = {persona.name: persona for persona in personas(TODAY)}
    assert by_name["year-only"].person.birth_date.precision is Precision.YEAR
    assert by_name["minor"].person.birth_date.age_on(TODAY) == 12
    assert by_name["minor"].person.guardian_key == by_name["minor"].person.mother_key is not None
    assert [name for name, persona in by_name.items() if persona.locked] == ["locked"]
    assert [name for name, persona in by_name.items() if not persona.consent] == ["no-consent"]
    assert {name: persona.status for name, persona in by_name.items() if persona.status != "ACTIVE"} == {
        "deceased": "DECEASED",
        "suspended": "SUSPENDED",
    }
    guardian, *wards = [member.person for member in by_name["guardian"].household.members]  # type: ignore[union-attr]
    assert [ward.guardian_key for ward in wards] == [guardian.key] * 2
    assert guardian.telephone
    motorist = by_name["incomplete-score"].household
    assert motorist
    assert (motorist.milieu, motorist.facts["household.cars"]) == (Milieu.RURAL, 1)
    for name in ("amo-tadamon", "asd"):
        above, below = by_name[f"just-above-{name}"].household, by_name[f"just-below-{name}"].household
        assert above
        assert below
        assert [m.facts for m in above.members] == [m.facts for m in below.members]
        assert {key for key in above.facts if above.facts[key] != below.facts[key]} == {"household.telephone"}
        assert above.facts["household.telephone"] > below.facts["household.telephone"]
