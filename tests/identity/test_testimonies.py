"""Testimony: two registered persons vouch, beside the applicant and by their codes, for somebody without documents."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dates import PartialDate
from core.errors import Conflict, Faulty, Invalid, NotFound
from core.keys import KeyRing
from identity import testimonies
from identity.imports import LoadedPerson
from identity.store import DECOY
from identity.testimonies import A_YEARS_TESTIMONIES, Witness, may_witness
from tests.access.enrolled import NOW
from tests.identity.applicants import MINOR, another
from tests.identity.enrolling import Centre, changed
from tests.identity.registered import RABAT, STRANGER, Register, new_person

WITHOUT = {"cnie": None, "basis": "TESTIMONY"}


@pytest.fixture
async def centre(register: Register) -> Centre:
    return await Centre(register).set_up()


async def neighbour(centre: Centre, given: str = "Amina", family: str = "Bennani", **changes: Any) -> LoadedPerson:
    return await centre.register.person(
        given_name_latin=given, given_name_ar=None, family_name_latin=family, family_name_ar=None, **changes
    )


async def test_two_witnesses_stand_for_documents_and_are_told(centre: Centre) -> None:
    register = centre.register
    one, two = await neighbour(centre), await neighbour(centre, "Rachid", "Ouazzani", sex="M", residence=RABAT)
    request = await centre.begin(another(**WITHOUT))
    await centre.testify(request, one)
    await centre.submit(request)
    await centre.review(request)
    with pytest.raises(Faulty) as refused:
        await centre.accept(request)
    assert [fault.code for fault in refused.value.faults] == ["TESTIMONY_MISSING"]
    await centre.testify(request, two)
    assert await centre.accept(request)
    rows = await register.database.ask("select * from testimony where person_id = $1 order by given_at, witness_id", request)
    assert {(row["witness_id"], row["taken_by"]) for row in rows} == {
        (one.person_id, centre.agent.account),
        (two.person_id, centre.agent.account),
    }
    for witness in (one, two):
        assert len(await register.told(witness.person_id, "TESTIMONY_GIVEN")) == 2
        assert [leaf["field"] for leaf, _ in await register.entries(witness.person_id, "giveTestimony")] == ["giveTestimony"]


SOUND = Witness(active=True, age=40, is_ward=False, same=False, shared=False, twice=False, given=0)
UNFIT: list[dict[str, Any]] = [
    {"active": False},
    {"age": 17},
    {"is_ward": True},
    {"same": True},
    {"shared": True},
    {"twice": True},
    {"given": A_YEARS_TESTIMONIES},
]


@pytest.mark.parametrize("changes", UNFIT)
def test_each_thing_that_a_witness_may_not_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Conflict) as refused:
        may_witness(Witness(**{**_parts(SOUND), **changes}))
    assert refused.value.path == ("witness",)


@given(st.integers(18, 110), st.integers(0, A_YEARS_TESTIMONIES - 1))
def test_whoever_is_none_of_that_may_vouch(age: int, given_: int) -> None:
    may_witness(Witness(**{**_parts(SOUND), "age": age, "given": given_}))


@pytest.mark.parametrize(
    ("changes", "status"),
    [({}, "SUSPENDED"), ({"birth_date": PartialDate(2012)}, None), ({"cnie": "XY123"}, None)],
    ids=["suspended", "a minor", "the applicant's card"],
)
async def test_who_cannot_be_a_witness_is_refused_once_the_code_was_right(
    centre: Centre, changes: dict[str, Any], status: str | None
) -> None:
    witness = await neighbour(centre, **changes)
    request = await centre.begin(another(**{**WITHOUT, "cnie": "XY123"}))
    challenge = await centre.ask(request, witness.idcs.text)
    if status is not None:
        await centre.register.database.ask("update person set status = $1 where person_id = $2", status, witness.person_id)
    code = await centre.register.code(witness.person_id, "TESTIMONY_CODE")
    with pytest.raises(Conflict) as refused:
        await centre.vouch(challenge, code)
    assert refused.value.path == ("witness",)
    assert await centre.register.count("testimony") == 0
    assert await centre.register.told(witness.person_id, "TESTIMONY_GIVEN") == []


async def test_the_applicant_is_no_witness_of_their_own_whatever_the_spelling(centre: Centre) -> None:
    form = another(**WITHOUT)
    own = await centre.register.person(
        given_name_latin="Yacine",
        given_name_ar=None,
        family_name_latin="Alaoui",
        family_name_ar=None,
        sex="M",
        birth_date=PartialDate(1991, 4, 2),
        father_name=form.father_name,
        mother_name=form.mother_name,
    )
    request = await centre.begin(form)
    with pytest.raises(Conflict):
        await centre.testify(request, own)
    assert await centre.register.count("testimony") == 0


@pytest.mark.parametrize("way", ["telephone", "email"])
async def test_two_witnesses_have_no_telephone_or_email_in_common_nor_one_the_applicants(centre: Centre, way: str) -> None:
    one = await neighbour(centre)
    theirs = getattr(centre.register.people[one.person_id], way)
    two = await neighbour(centre, "Rachid", "Ouazzani", sex="M", **{way: theirs})
    request = await centre.begin(another(**WITHOUT))
    await centre.testify(request, one)
    with pytest.raises(Conflict) as refused:
        await centre.testify(request, two)
    assert refused.value.path == ("witness",)
    with pytest.raises(Conflict) as refused:
        await centre.testify(await centre.begin(another(**WITHOUT, **{way: theirs})), one)
    assert refused.value.path == ("witness",)
    assert await centre.register.count("testimony") == 1


async def test_a_witness_at_whose_telephone_the_applicant_is_reached_since_counts_no_more(centre: Centre) -> None:
    one, two = await neighbour(centre), await neighbour(centre, "Rachid", "Ouazzani", sex="M")
    form = another(**WITHOUT)
    request = await centre.begin(form)
    await centre.testify(request, one)
    await centre.testify(request, two)
    await centre.amend(request, changed(form, telephone=centre.register.telephone(two)))
    await centre.submit(request)
    await centre.review(request)
    with pytest.raises(Faulty) as refused:
        await centre.accept(request)
    assert [(fault.code, fault.path) for fault in refused.value.faults] == [("TESTIMONY_MISSING", ("enrolment",))]


async def test_a_child_that_witnesses_vouch_for_is_shown_to_be_its_guardians(centre: Centre) -> None:
    mother = await centre.register.person(given_name_latin="Hind", given_name_ar=None)
    one, two = await neighbour(centre), await neighbour(centre, "Rachid", "Ouazzani", sex="M")
    request = await centre.in_review(replace(MINOR, basis="TESTIMONY", guardian=mother.idcs.text), evidence=())
    await centre.testify(request, one)
    await centre.testify(request, two)
    with pytest.raises(Faulty) as refused:
        await centre.accept(request)
    assert [(fault.code, fault.path) for fault in refused.value.faults] == [("EVIDENCE_MISSING", ("enrolment",))]
    await centre.evidence(request, "GUARDIANSHIP")
    assert await centre.accept(request)


async def test_nobody_vouches_twice_and_a_ward_not_at_all(centre: Centre) -> None:
    witness = await neighbour(centre)
    request = await centre.begin(another(**WITHOUT))
    await centre.testify(request, witness)
    with pytest.raises(Conflict):
        await centre.testify(request, witness)
    guardian, ward = await centre.register.load(
        new_person(0), new_person(1, guardian=0, given_name_latin="Sami", birth_date=PartialDate(1960))
    )
    with pytest.raises(Conflict):
        await centre.testify(request, ward)
    assert guardian.person_id != ward.person_id
    assert await centre.register.count("testimony") == 1


async def test_a_witness_vouches_for_few_people_within_a_year(centre: Centre) -> None:
    witness = await neighbour(centre)
    for place in range(A_YEARS_TESTIMONIES):
        at = NOW + timedelta(days=30 * place)
        request = await centre.begin(another(**WITHOUT), call=centre.making(at))
        await centre.testify(request, witness, call=centre.making(at))
    late = centre.making(NOW + timedelta(days=364))
    request = await centre.begin(another(**WITHOUT), call=late)
    with pytest.raises(Conflict):
        await centre.testify(request, witness, call=late)
    after = centre.making(NOW + timedelta(days=366))
    request = await centre.begin(another(**WITHOUT), call=after)
    await centre.testify(request, witness, call=after)


async def test_for_a_number_that_nobody_has_the_same_is_answered_and_written(centre: Centre) -> None:
    register = centre.register
    witness = await neighbour(centre)
    request = await centre.begin(another(**WITHOUT))
    tables = ("one_time_code", "message", "job", "throttle", "testimony", "ledger_entry")
    before = {table: await register.count(table) for table in tables}
    known = await centre.ask(request, witness.idcs.text)
    between = {table: await register.count(table) for table in tables}
    nobody = await centre.ask(request, STRANGER)
    after = {table: await register.count(table) for table in tables}
    messages = {"message": 1, "job": 1}  # to one telephone each
    grown = {table: between[table] - before[table] for table in tables}
    assert grown == {table: after[table] - between[table] for table in tables} | {"throttle": grown["throttle"]}
    assert {table: grown[table] for table in messages} == messages
    assert await register.told(DECOY, "TESTIMONY_CODE") != []
    refusals = []
    for challenge, code in ((known, "000000"), (nobody, "000000")):
        with pytest.raises(Invalid) as refused:
            await centre.vouch(challenge, code)
        refusals.append((refused.value.message, refused.value.path))
    assert len(set(refusals)) == 1
    # Even the right code of nobody's leads nowhere.
    with pytest.raises(Invalid):
        await centre.vouch(nobody, await register.code(DECOY, "TESTIMONY_CODE"))
    assert await register.count("testimony") == 0


async def test_a_code_is_for_its_request_and_its_agent(centre: Centre, keys: KeyRing) -> None:
    register = centre.register
    witness = await neighbour(centre)
    request = await centre.begin(another(**WITHOUT))
    challenge = await centre.ask(request, witness.idcs.text)
    code = await register.code(witness.person_id, "TESTIMONY_CODE")
    elsewhere = centre.deciding(grant="CENTRE_AGENT")
    with pytest.raises(Invalid):
        await centre.vouch(challenge, code, call=elsewhere)
    assert await centre.vouch(challenge, code) == request
    with pytest.raises(Invalid):  # once
        await centre.vouch(challenge, code)
    with pytest.raises(NotFound):
        await centre.ask(
            await centre.begin(another(residence="04.421", **WITHOUT)),
            witness.idcs.text,
            call=centre.making(grant="CENTRE_AGENT 06.141"),
        )
    assert keys is register.keys


async def test_testimonies_are_for_who_was_written_down_then(centre: Centre) -> None:
    witness = await neighbour(centre)
    form = another(**WITHOUT)
    request = await centre.begin(form)
    await centre.testify(request, witness)
    await centre.amend(request, changed(form, telephone=None, address="34, Rue des Amandiers"))
    assert await centre.register.count("testimony") == 1
    await centre.amend(request, changed(form, given_name_latin="Younes", given_name_ar="يونس"))
    assert await centre.register.count("testimony") == 0


async def test_once_it_is_decided_nobody_vouches(centre: Centre) -> None:
    witness = await neighbour(centre)
    request = await centre.in_review(another(**WITHOUT), evidence=())
    await centre.reject(request)
    with pytest.raises(Conflict):
        await centre.ask(request, witness.idcs.text)


async def test_a_witness_who_is_suspended_meanwhile_counts_no_more(centre: Centre) -> None:
    one, two = await neighbour(centre), await neighbour(centre, "Rachid", "Ouazzani", sex="M")
    request = await centre.in_review(another(**WITHOUT), evidence=())
    await centre.testify(request, one)
    await centre.testify(request, two)
    await centre.register.database.ask("update person set status = 'SUSPENDED' where person_id = $1", two.person_id)
    with pytest.raises(Faulty):
        await centre.accept(request)
    await centre.register.database.ask(
        "update person set status_until = $2 where person_id = $1", two.person_id, NOW - timedelta(days=1)
    )
    assert await centre.accept(request)


def _parts(witness: Witness) -> dict[str, Any]:
    return {name: getattr(witness, name) for name in ("active", "age", "is_ward", "same", "shared", "twice", "given")}


def test_the_doors_of_testimony_are_of_agents() -> None:
    assert {getattr(door, "lock", None) for door in (testimonies.ask_witness, testimonies.give_testimony)} == {"enrolment:make"}
