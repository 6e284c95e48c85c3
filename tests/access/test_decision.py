"""What may be seen: compared with a second, naive reading of the same rules, and held to what may never happen."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.agreements import Agreement, Mandate, parse_agreement, parse_mandate
from access.call import Purpose
from access.catalogue import CATALOGUE, Use
from access.decision import (
    OPEN_UNDER_MANDATE,
    ConsentGrant,
    Decision,
    Ground,
    Standing,
    Status,
    SubjectState,
    decide,
    decide_self,
    decide_upkeep,
    standing,
)
from core.errors import Forbidden
from tests.access.enrolled import NOW, agreement_document, mandate_document

AGENCY = UUID(int=1)
CONSENT = UUID(int=2)
NAMES = tuple(CATALOGUE)
PLACES = ("MA-01", "MA-05", "MA-05.081", "MA-06")
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SUBJECTS = 5  # asked about under the same authority


# A second evaluator, written from the rules one by one without a look at how the first does it.


def naive(case: Mapping[str, Any], subject: Mapping[str, Any]) -> dict[str, set[str]] | str:
    """Per attribute the uses allowed, or the word FORBIDDEN."""
    at, purpose, agreement = case["now"], case["purpose"], case["agreement"]
    if agreement is None or at < agreement["from"] or at >= agreement["to"] or purpose not in agreement["purposes"]:
        return "FORBIDDEN"
    in_force = [m for m in case["mandates"] if m["purpose"] == purpose and m["from"] <= at and not at >= m["to"]]
    in_force.sort(key=lambda m: (m["from"], m["hash"]))
    allowed: dict[str, set[str]] = {}
    for attribute, granted in agreement["attributes"].items():
        for use in ("RELEASE", "MASK", "MATCH", "PREDICATE", "LINK"):
            if use not in granted or use not in CATALOGUE[attribute].uses:
                continue
            if subject["status"] != "ACTIVE":
                continue
            if in_force:
                if attribute not in in_force[-1]["attributes"]:
                    continue
                stopped = any(
                    purpose in lock["purposes"] and (lock["mandated_too"] or purpose not in ("PAYMENT", "ELIGIBILITY"))
                    for lock in subject["locks"]
                )
            else:
                consent = subject["consent"]
                if consent is None or attribute not in consent["attributes"]:
                    continue
                if at < consent["from"] or at >= consent["to"]:
                    continue
                if consent["uses"] is not None and consent["used"] >= consent["uses"]:
                    continue
                stopped = any(purpose in lock["purposes"] for lock in subject["locks"])
            if stopped:
                continue
            if agreement["territory"] is not None:
                lives = subject["divisions"] or []
                if not any(place in agreement["territory"] for place in lives):
                    continue
            allowed.setdefault(attribute, set()).add(use)
    return allowed


def random_case(rng: random.Random) -> dict[str, Any]:
    """Mostly sound parts, so that all rules get their turn; few attributes, so that sets meet."""
    names = rng.sample(NAMES, 6)

    def likely(chance: float = 0.85) -> bool:
        return rng.random() < chance

    def dates() -> dict[str, datetime]:
        around = [NOW - timedelta(days=9), NOW - SECOND, NOW, NOW + SECOND, NOW + timedelta(days=9)]
        begin, end = sorted(rng.sample(around, 2)) if not likely() else (around[0], around[-1])
        return {"from": begin, "to": end}

    def some(least: int = 1) -> list[str]:
        return rng.sample(names, rng.randint(least, len(names)))

    def uses(name: str) -> list[Use]:
        known = sorted(CATALOGUE[name].uses)
        return rng.sample(known, rng.randint(1, len(known)))

    purposes = rng.sample(list(Purpose), 3)
    agreement = {
        "purposes": purposes if likely() else rng.sample(list(Purpose), 2),
        "attributes": {name: uses(name) for name in some(3)},
        "territory": None if likely(0.6) else rng.sample(PLACES, rng.randint(1, 2)),
        **dates(),
    }
    mandates = [
        {"purpose": rng.choice(purposes), "attributes": some(2), **dates()} for _ in range(rng.choice([0, 0, 1, 1, 2, 3]))
    ]

    def subject() -> dict[str, Any]:
        uses = None if likely() else rng.randint(1, 3)
        return {
            "status": "ACTIVE" if likely() else rng.choice(list(Status)),
            "locks": [
                {"purposes": rng.sample(purposes, rng.randint(1, 3)), "mandated_too": likely(0.3)}
                for _ in range(rng.choice([0, 0, 0, 1, 2]))
            ],
            "consent": {"attributes": some(2), "uses": uses, "used": rng.randint(0, 3), **dates()} if likely() else None,
            "divisions": None if likely(0.2) else rng.sample(PLACES, rng.randint(0, 3)),
        }

    return {
        "now": NOW,
        "purpose": rng.choice(purposes),
        "agreement": agreement if likely(0.95) else None,
        "mandates": mandates,
        "subjects": [subject() for _ in range(SUBJECTS)],
    }


def parsed_agreement(part: Mapping[str, Any], **changes: Any) -> Agreement:
    return parse_agreement(
        agreement_document(
            "FUND",
            purposes=[*part["purposes"]],
            attributes={name: {"uses": uses} for name, uses in part["attributes"].items()},
            territory=part["territory"],
            valid_from=part["from"].isoformat(),
            valid_to=part["to"].isoformat(),
        )
    )


def parsed_mandate(part: Mapping[str, Any]) -> Mandate:
    changes = {"valid_from": part["from"].isoformat(), "valid_to": part["to"].isoformat(), "attributes": part["attributes"]}
    return parse_mandate(mandate_document("FUND", purpose=part["purpose"], **changes))


def state(part: Mapping[str, Any]) -> SubjectState:
    consent = part["consent"]
    given = consent and ConsentGrant(
        CONSENT, frozenset(consent["attributes"]), consent["from"], consent["to"], consent["uses"], consent["used"]
    )
    return SubjectState(
        Status(part["status"]),
        frozenset(purpose for lock in part["locks"] for purpose in lock["purposes"]),
        frozenset(purpose for lock in part["locks"] for purpose in lock["purposes"] if lock["mandated_too"]),
        given,
        None if part["divisions"] is None else frozenset(part["divisions"]),
    )


def stands(purpose: Purpose, agreement: Agreement | None, mandates: list[Mandate]) -> Standing | None:
    try:
        return standing(AGENCY, purpose, agreement, mandates, NOW)
    except Forbidden:
        return None


# Of people who look themselves; and what is only said in the place of another.
WITHOUT_AN_AGENCY = {Ground.SELF, Ground.WARD, Ground.UPKEEP, Ground.WITHHELD}


def test_twenty_thousand_random_cases_are_decided_as_the_second_evaluator_decides_them() -> None:
    rng = random.Random(20260314)
    seen: Counter[str] = Counter()
    for _ in range(20_000 // SUBJECTS):
        case = random_case(rng)
        mandates = [parsed_mandate(mandate) for mandate in case["mandates"]]
        for mandate, parsed in zip(case["mandates"], mandates, strict=True):
            mandate["hash"] = parsed.hash
        agreement = case["agreement"] and parsed_agreement(case["agreement"])
        granted = stands(case["purpose"], agreement, mandates)
        for subject in case["subjects"]:
            expected = naive(case, subject)
            if granted is None:
                assert expected == "FORBIDDEN"
                seen["FORBIDDEN"] += 1
                continue
            decision = decide(granted, state(subject), NOW)
            assert {name: set(uses) for name, uses in decision.uses.items()} == expected
            assert decision.agreement == agreement.hash
            seen[decision.ground if expected else f"nothing: {decision.ground}"] += 1
    # Each outcome had its turn, more than now and then.
    assert seen.keys() >= {"FORBIDDEN", Ground.MANDATE, Ground.CONSENT} | {
        f"nothing: {ground}" for ground in Ground if ground not in {Ground.MANDATE, *WITHOUT_AN_AGENCY}
    }
    assert seen[Ground.MANDATE] > 2000
    assert seen[Ground.CONSENT] > 1000


# What may never happen

CASES = st.integers(0, 2**32).map(lambda seed: random_case(random.Random(seed)))


@given(CASES)
def test_no_use_goes_beyond_what_agreement_catalogue_and_basis_have_in_common(case: dict[str, Any]) -> None:
    agreement = case["agreement"] and parsed_agreement(case["agreement"])
    granted = stands(case["purpose"], agreement, [parsed_mandate(mandate) for mandate in case["mandates"]])
    if granted is None:
        return
    subject = case["subjects"][0]
    decision = decide(granted, state(subject), NOW)
    for name, uses in decision.uses.items():
        assert uses
        assert uses <= set(case["agreement"]["attributes"][name]) & CATALOGUE[name].uses
        if decision.ground is Ground.MANDATE:
            assert granted.mandate is not None
            assert name in granted.mandate.attributes
            assert decision.basis == granted.mandate.hash.hex()
        else:
            assert decision.ground is Ground.CONSENT
            assert name in subject["consent"]["attributes"]
            assert decision.basis == str(CONSENT)
        for use in Use:
            assert decision.allows(name, use) is (use in uses)
            assert not decision.allows(name, use) or granted.may(name, use)
    if decision.ground not in (Ground.MANDATE, Ground.CONSENT):
        assert decision.uses == {}
        assert decision.basis is None
    assert not any(decision.allows("person.shoe_size", use) or granted.may("person.shoe_size", use) for use in Use)


SOUND = {
    "now": NOW,
    "purpose": Purpose.PAYMENT,
    "agreement": {
        "purposes": list(Purpose),
        "attributes": {"person.cnie": [Use.MATCH], "person.sex": [Use.RELEASE, Use.MATCH]},
        "territory": None,
        "from": START,
        "to": END,
    },
    "mandates": [],
    "subject": {
        "status": "ACTIVE",
        "locks": [],
        "consent": {"attributes": ["person.sex", "person.email"], "from": START, "to": END, "uses": None, "used": 0},
        "divisions": None,
    },
}
AGREEMENT = parsed_agreement(SOUND["agreement"])  # type: ignore[arg-type]
SUBJECT = state(SOUND["subject"])  # type: ignore[arg-type]


def mandate(purpose: Purpose, *attributes: str, since: datetime = START, until: datetime = END) -> Mandate:
    return parsed_mandate({"purpose": purpose, "attributes": list(attributes), "from": since, "to": until})


def answer(
    purpose: Purpose, *mandates: Mandate, subject: SubjectState = SUBJECT, at: datetime = NOW, **agreement: Any
) -> Decision:
    return decide(standing(AGENCY, purpose, replace(AGREEMENT, **agreement), mandates, at), subject, at)


def test_consent_opens_its_attributes_and_no_others() -> None:
    decision = answer(Purpose.PAYMENT)
    assert decision == Decision(
        {"person.sex": frozenset({Use.RELEASE, Use.MATCH})}, Ground.CONSENT, str(CONSENT), AGREEMENT.hash, SUBJECT.consent
    )


def test_a_mandate_goes_before_consent_and_narrows_what_is_seen() -> None:
    law = mandate(Purpose.PAYMENT, "person.cnie", "person.email")
    assert answer(Purpose.PAYMENT, law) == Decision(
        {"person.cnie": frozenset({Use.MATCH})}, Ground.MANDATE, law.hash.hex(), AGREEMENT.hash
    )
    # The mandate of another purpose opens nothing.
    assert answer(Purpose.ELIGIBILITY, law).ground is Ground.CONSENT


def test_of_several_mandates_the_newest_in_force_counts() -> None:
    old = mandate(Purpose.PAYMENT, "person.sex")
    new = mandate(Purpose.PAYMENT, "person.cnie", since=NOW - SECOND)
    later = mandate(Purpose.PAYMENT, "person.sex", "person.cnie", since=NOW + SECOND)
    for laws in ((old, new, later), (later, new, old)):
        assert answer(Purpose.PAYMENT, *laws).uses.keys() == {"person.cnie"}


@pytest.mark.parametrize(("at", "holds"), [(START - SECOND, False), (START, True), (END - SECOND, True), (END, False)])
def test_a_period_begins_with_its_first_instant_and_ends_before_its_last(at: datetime, holds: bool) -> None:
    always: dict[str, Any] = {"valid_from": START - timedelta(days=1), "valid_to": END + timedelta(days=1)}
    law = mandate(Purpose.PAYMENT, "person.cnie")
    alone = replace(SUBJECT, consent=None)
    assert bool(answer(Purpose.PAYMENT, law, subject=alone, at=at, **always).uses) is holds
    assert bool(answer(Purpose.PAYMENT, at=at, **always).uses) is holds
    if holds:
        assert answer(Purpose.PAYMENT, at=at).uses
    else:
        with pytest.raises(Forbidden, match="no agreement in force"):
            answer(Purpose.PAYMENT, at=at)


@pytest.mark.parametrize(("uses", "used", "holds"), [(None, 9, True), (3, 0, True), (3, 2, True), (3, 3, False), (3, 4, False)])
def test_a_consent_with_no_use_left_in_its_window_opens_nothing(uses: int | None, used: int, holds: bool) -> None:
    assert SUBJECT.consent is not None
    limited = replace(SUBJECT, consent=replace(SUBJECT.consent, uses=uses, used=used))
    assert answer(Purpose.PAYMENT, subject=limited).ground is (Ground.CONSENT if holds else Ground.NO_CONSENT)


def test_an_agency_without_agreement_or_for_another_purpose_is_forbidden() -> None:
    with pytest.raises(Forbidden):
        standing(AGENCY, Purpose.PAYMENT, None, [mandate(Purpose.PAYMENT, "person.cnie")], NOW)
    with pytest.raises(Forbidden) as refusal:
        answer(Purpose.AUDIT, mandate(Purpose.AUDIT, "person.cnie"), purposes=frozenset({Purpose.PAYMENT}))
    assert refusal.value.path == ("purpose",)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ACTIVE])
@pytest.mark.parametrize("laws", [(), (mandate(Purpose.PAYMENT, "person.cnie"),)])
def test_nothing_is_told_of_who_is_not_active(status: Status, laws: tuple[Mandate, ...]) -> None:
    assert answer(Purpose.PAYMENT, *laws).uses
    decision = answer(Purpose.PAYMENT, *laws, subject=replace(SUBJECT, status=status))
    assert decision.uses == {}
    assert decision.ground is (Ground.UNKNOWN if status is Status.DECOY else Ground.NOT_ACTIVE)


@pytest.mark.parametrize(("purpose", "under_mandate", "chosen"), list(product(Purpose, (False, True), (False, True))))
def test_a_lock_stops_its_purposes_and_mandated_payments_and_eligibility_only_where_the_holder_chose_so(
    purpose: Purpose, under_mandate: bool, chosen: bool
) -> None:
    laws = [mandate(purpose, "person.sex")] if under_mandate else []
    locked = replace(SUBJECT, locked=frozenset({purpose}), locked_mandated=frozenset({purpose}) if chosen else frozenset())
    passes = under_mandate and not chosen and purpose in (Purpose.PAYMENT, Purpose.ELIGIBILITY)
    assert answer(purpose, *laws, subject=locked).ground is (Ground.MANDATE if passes else Ground.LOCKED)
    others = frozenset(Purpose) - {purpose}
    elsewhere = replace(SUBJECT, locked=others, locked_mandated=others)
    assert answer(purpose, *laws, subject=elsewhere).ground is (Ground.MANDATE if under_mandate else Ground.CONSENT)
    assert frozenset({Purpose.PAYMENT, Purpose.ELIGIBILITY}) == OPEN_UNDER_MANDATE


@pytest.mark.parametrize(
    ("territory", "lives", "seen"),
    [
        (None, None, True),
        (None, {"MA-01"}, True),
        ({"MA-05"}, {"MA-05", "MA-05.081"}, True),
        ({"MA-05.081"}, {"MA-05", "MA-05.081"}, True),
        ({"MA-05", "MA-06"}, {"MA-06"}, True),
        ({"MA-05"}, {"MA-06"}, False),
        ({"MA-05"}, set(), False),
        ({"MA-05"}, None, False),
    ],
)
def test_who_lives_outside_the_territory_is_not_seen(territory: set[str] | None, lives: set[str] | None, seen: bool) -> None:
    subject = replace(SUBJECT, divisions=None if lives is None else frozenset(lives))
    bounds = None if territory is None else frozenset(territory)
    for laws in ((), (mandate(Purpose.PAYMENT, "person.sex"),)):
        decision = answer(Purpose.PAYMENT, *laws, subject=subject, territory=bounds)
        assert bool(decision.uses) is seen
        assert (decision.ground is Ground.OUT_OF_TERRITORY) is not seen


# Without an agency


@pytest.mark.parametrize("ground", [Ground.SELF, Ground.WARD])
def test_of_ones_own_record_all_of_the_person_is_released_and_nothing_else(ground: Ground) -> None:
    decision = decide_self(ground)
    assert decision.uses.keys() == {name for name in CATALOGUE if name.startswith("person.")} - {"person.token"}
    assert set(decision.uses.values()) == {frozenset({Use.RELEASE})}
    assert (decision.ground, decision.basis, decision.hidden_for) == (ground, None, timedelta(0))


def test_while_somebody_sits_beside_the_names_alone_are_released() -> None:
    assert decide_self(Ground.SELF, assisted=True).uses == {
        name: {Use.RELEASE} for name in ("person.given_name", "person.family_name")
    }


def test_the_registrys_own_work_compares_and_is_told_nothing() -> None:
    decision = decide_upkeep("person.residence")
    assert decision.uses == {"person.residence": {Use.MATCH}}
    assert decision.ground is Ground.UPKEEP
    assert decide_upkeep().uses == {}


# What is kept from the subject


@pytest.mark.parametrize(
    ("changes", "hidden_for"),
    [
        ({}, timedelta(0)),
        ({"disclosure": "DELAYED", "disclosure_days": 30}, timedelta(days=30)),
        ({"disclosure": "SEALED"}, None),
    ],
)
def test_a_mandate_hides_what_rests_on_it_and_what_it_stopped_at(changes: dict[str, Any], hidden_for: timedelta | None) -> None:
    mandate = parse_mandate(mandate_document("FUND", **changes))
    granted = standing(AGENCY, Purpose.ELIGIBILITY, parse_agreement(agreement_document("FUND")), [mandate], NOW)
    for status in Status:
        locked = frozenset({Purpose.ELIGIBILITY})
        for subject in (SubjectState(status), SubjectState(status, locked, locked)):
            assert decide(granted, subject, NOW).hidden_for == hidden_for
    assert granted.nothing(Ground.UNKNOWN).hidden_for == hidden_for
