"""Whoever is shown a person's consents, witness requests or changes of the telephone stands in the person's ledger."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest

from access.authority import Documents
from access.call import Call
from access.decision import Ground
from access.ledger import commitment
from access.reading import Reading
from access.rights import Role
from core.canonical import bytes64, plain_json
from identity import accesses, consent_answers, contacts, witnesses
from identity.accesses import AccessOutcome, AccessView, OnBehalf, officer_number
from identity.sessions import Form
from tests.access.enrolled import NOW
from tests.identity.asking import Fund, by_link, citizen, shown
from tests.identity.registered import CASABLANCA, ISSUER, MINUTE, Register, staff_call
from tests.identity.test_assisted import Centre


@pytest.fixture
async def fund(register: Register) -> Fund:
    return await Fund.of(register)


async def listed(register: Register, call: Call, **how: Any) -> int:
    return len((await register.read(lambda r: consent_answers.consents(r, call, **how), call)).edges)


async def looks(register: Register, person: Any, field: str) -> list[AccessView]:
    """Those that the person is shown, of that field."""
    call = citizen(person.person_id, now=NOW + MINUTE)
    page = await register.read(lambda r: accesses.accesses(r, call, first=100, include_own=True), call)
    return [edge.node for edge in page.edges if edge.node.field == field]


async def test_reading_ones_own_consents_is_a_look(register: Register, fund: Fund) -> None:
    amina = await register.person()
    made, me = await fund.granted(amina), citizen(amina.person_id)
    assert await register.entries(amina.person_id, "consents") == []
    assert await listed(register, me) == 1
    assert await shown(register, me, made) is not None
    for field in ("consents", "consent"):
        (view,) = await looks(register, amina, field)
        assert (view.request_id, view.outcome, view.own) == (me.request_id, AccessOutcome.ANSWERED, True)
        assert (view.on_behalf, view.basis.ground, view.attributes, view.officer) == (OnBehalf.SELF, Ground.SELF, (), None)


async def test_whoever_sits_beside_is_named_and_shown_without_being_asked_for(register: Register, fund: Fund) -> None:
    amina = await register.person()
    await fund.granted(amina)
    centre = await Centre.of(register)
    beside = await register.call_of(await centre.beside(amina, Form.CONSENTS))
    assert await listed(register, beside) == 1
    call = citizen(amina.person_id, now=NOW + MINUTE)
    page = await register.read(lambda r: accesses.accesses(r, call), call)
    (view,) = [edge.node for edge in page.edges if edge.node.field == "consents"]
    assert view.officer == officer_number(register.keys, centre.agent.account)
    assert (view.outcome, view.own) == (AccessOutcome.ANSWERED, True)


async def test_a_guardian_who_reads_a_wards_consents_is_in_the_wards_ledger(register: Register, fund: Fund) -> None:
    guardian, ward = await register.guardian_and_ward()
    made = await fund.ask(ward.idcs.text)
    acting = citizen(ward.person_id, holder=guardian.person_id)
    assert await listed(register, acting) == 1
    assert await shown(register, acting, made) is not None
    for field in ("consents", "consent"):
        (view,) = await looks(register, ward, field)
        assert (view.on_behalf, view.basis.ground, view.own) == (OnBehalf.WARD, Ground.WARD, False)
        assert await register.entries(guardian.person_id, field) == []


async def test_a_request_that_a_link_leads_to_is_a_look(register: Register, fund: Fund) -> None:
    amina, salma = await register.person(), await register.person()
    _, token = await fund.link(amina.idcs.text)
    assert await by_link(register, citizen(salma.person_id), token) is None
    assert await by_link(register, citizen(amina.person_id), token) is not None
    assert len(await looks(register, amina, "consentByLink")) == 1
    assert await register.entries(salma.person_id) == []


async def test_that_there_are_no_consents_is_a_look_and_an_id_of_anothers_is_none(register: Register, fund: Fund) -> None:
    amina, salma = await register.person(), await register.person()
    made = await fund.granted(salma)
    me = citizen(amina.person_id)
    assert await shown(register, me, made) is None
    assert await shown(register, me, uuid4()) is None
    assert await register.entries(amina.person_id, "consent") == []
    assert await listed(register, me) == 0
    assert len(await register.entries(amina.person_id, "consents")) == 1
    assert await register.entries(salma.person_id, "consents") == []


async def test_the_entry_commits_to_which_consents_were_shown_and_names_none(register: Register, fund: Fund) -> None:
    amina = await register.person()
    older = await fund.granted(amina)
    newer = await fund.ask(amina.idcs.text, call=fund.call(NOW + MINUTE))
    await listed(register, citizen(amina.person_id, now=NOW + 2 * MINUTE), first=1)
    ((leaf, details),) = await register.entries(amina.person_id, "consents")
    told = [[str(newer), "REQUESTED", (await fund.row(newer))["chain_hash"].hex()]]
    assert leaf["answer"] == commitment(bytes64(details["salt"]), "answer", sha256(plain_json(told)).digest())
    assert details["uses"] == {}
    assert not any(str(consent) in str((leaf, details)) for consent in (older, newer))


async def test_a_page_of_consents_is_one_statement(register: Register, fund: Fund, monkeypatch: pytest.MonkeyPatch) -> None:
    amina = await register.person()
    for _ in range(3):
        await fund.granted(amina)
    asked: list[str] = []
    real = Reading.ask

    async def counted(self: Reading, sql: str, *values: Any) -> Sequence[Any]:
        asked.append(sql)
        return await real(self, sql, *values)

    monkeypatch.setattr(Reading, "ask", counted)
    reading = Reading(register.database, register.keys, Documents())
    page = await consent_answers.consents(reading, citizen(amina.person_id))
    assert (len(page.edges), len(asked), len(reading.disclosures)) == (3, 1, 1)


async def test_reading_what_one_was_asked_to_vouch_for_is_a_look(register: Register) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    assert await register.read(lambda r: witnesses.witness_requests(r, me), me) == []
    (view,) = await looks(register, amina, "witnessRequests")
    assert (view.outcome, view.basis.ground, view.own) == (AccessOutcome.ANSWERED, Ground.SELF, True)


async def test_reading_changes_of_the_telephone_is_a_look_though_there_be_none(register: Register) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    assert await register.read(lambda r: contacts.telephone_changes(r, me), me) == []
    agent = staff_call(await register.staff(Role.CENTRE_AGENT, division=CASABLANCA), f"CENTRE_AGENT {CASABLANCA}")
    number = "0612345678"

    async def change(connection: Any, reading: Reading) -> Any:
        return await contacts.change_telephone(
            connection, agent, reading, idcs=amina.idcs.text, telephone=number, issuer=ISSUER
        )

    await register.change(change, agent)
    assert len(await register.read(lambda r: contacts.telephone_changes(r, me), me)) == 1
    notes = [details["uses"] for _, details in await register.entries(amina.person_id, "telephoneChanges")]
    assert sorted(notes, key=len) == [{}, {"person.telephone": "RELEASE"}]
