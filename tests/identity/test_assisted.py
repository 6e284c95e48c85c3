"""Somebody of a centre sits beside a citizen: with the citizen's code, for one form, where the citizen resides, and named."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from access.call import Actor, ActorKind, Call
from access.decision import Ground
from access.disclosure import Withheld
from access.notices import Channel
from access.rights import Role, Scope
from access.sessions import SessionKind, begin_session, end_session, end_sessions_of, token_hash
from core.errors import Forbidden, Invalid, RateLimited, Unauthenticated
from core.ids import uuid7
from identity import assisted, citizens, self_view
from identity.assisted import ASSISTANT_CODES, ASSISTED_CODES
from identity.imports import LoadedPerson
from identity.sessions import FORM_SCOPES, Form
from identity.store import DECOY
from tests.access.enrolled import NOW
from tests.api.people import Signed
from tests.identity.registered import CASABLANCA, MINUTE, RABAT, STRANGER, Register, at_the_door, staff_call


class Centre:
    """An agent in Casablanca, signed in."""

    def __init__(self, register: Register, agent: Signed, token: str) -> None:
        self.register, self.agent, self.token = register, agent, token

    @classmethod
    async def of(cls, register: Register, division: str | None = CASABLANCA) -> "Centre":
        agent = await register.staff(Role.CENTRE_AGENT, division=division)
        token = await register.transact(lambda c: begin_session(c, NOW, SessionKind.ACCOUNT, account=agent.account))
        return cls(register, agent, token)

    async def call(self) -> Call:
        return await self.register.call_of(self.token)

    async def begin(self, idcs: str, form: Form = Form.CONSENTS, call: Call | None = None) -> UUID:
        call = call or await self.call()
        await self.register.transact(lambda c: assisted.count_code(c, call, self.register.keys, idcs=idcs))
        return await self.register.change(lambda c, r: assisted.begin_assisted(c, call, r, idcs=idcs, form=form), call)

    async def open(self, challenge: UUID, code: str, call: Call | None = None) -> str:
        call, keys = call or await self.call(), self.register.keys
        await self.register.transact(lambda c: assisted.count_try(c, call, keys, challenge=challenge, code=code))
        return await self.register.transact(lambda c: assisted.open_assisted(c, call, keys, challenge=challenge, code=code))

    async def beside(self, person: LoadedPerson, form: Form = Form.CONSENTS) -> str:
        challenge = await self.begin(person.idcs.text, form)
        return await self.open(challenge, await self.register.code(person.person_id, "ASSIST_CODE"))


@pytest.fixture
async def centre(register: Register) -> Centre:
    return await Centre.of(register)


async def test_the_citizens_code_opens_one_form_for_a_quarter_of_an_hour(register: Register, centre: Centre) -> None:
    amina = await register.person()
    token = await centre.beside(amina, Form.ACCESSES)
    found = await register.session(token)
    assert found is not None
    actor = found.actor
    assert (actor.kind, actor.holder, actor.person, actor.assistant, actor.account) == (
        ActorKind.CITIZEN,
        amina.person_id,
        amina.person_id,
        centre.agent.account,
        None,
    )
    assert actor.scopes == FORM_SCOPES[Form.ACCESSES]
    assert Scope.CONSENT_ANSWER not in actor.scopes
    assert Scope.WITNESS not in actor.scopes
    assert await register.session(token, NOW + 15 * MINUTE) is None


async def test_the_code_is_told_to_the_citizen_with_the_centres_name(register: Register, centre: Centre) -> None:
    amina = await register.person()
    await centre.begin(amina.idcs.text)
    ((channel, recipient, text),) = await register.told(amina.person_id)
    assert (channel, recipient) == (Channel.SMS, register.telephone(amina))
    names = (await register.database.ask("select name_ar from division where code = $1", CASABLANCA))[0]["name_ar"]
    assert names.split()[0] in text


async def test_it_does_not_sign_in_and_a_code_to_sign_in_does_not_open_it(register: Register, centre: Centre) -> None:
    amina = await register.person()
    challenge = await centre.begin(amina.idcs.text)
    with pytest.raises(Invalid):
        await register.finish(challenge, await register.code(amina.person_id, "ASSIST_CODE"))
    own = await register.begin(amina.idcs.text)
    with pytest.raises(Invalid):
        await centre.open(own, await register.code(amina.person_id))
    assert await register.count("session", "kind <> 'ACCOUNT'") == 0


async def test_another_assistant_does_not_open_what_this_one_began(register: Register, centre: Centre) -> None:
    amina, other = await register.person(), await Centre.of(register)
    challenge = await centre.begin(amina.idcs.text)
    with pytest.raises(Invalid):
        await other.open(challenge, await register.code(amina.person_id, "ASSIST_CODE"))
    with pytest.raises(Invalid):
        await centre.open(uuid4(), "123456")
    assert await register.count("session", "kind = 'ASSISTED'") == 0
    assert await register.count("one_time_code", "tries_left = 5") == 1


async def test_who_resides_elsewhere_and_nobody_are_answered_alike_and_told_nothing(register: Register, centre: Centre) -> None:
    here, elsewhere = await register.person(), await register.person(residence=RABAT)
    grown = []
    for idcs in (here.idcs.text, elsewhere.idcs.text, STRANGER):
        before = await register.rows()
        challenge = await centre.begin(idcs)
        after = await register.rows()
        grown.append({table: after[table] - before[table] for table in after})
    # The first code also begins the agent's own count.
    assert grown[0] | {"throttle": 1} == grown[1] == grown[2]
    assert await register.count("message", "owner_id not in ($1, $2)", here.person_id, DECOY) == 0
    with pytest.raises(Invalid):
        await centre.open(challenge, await register.code(DECOY, "ASSIST_CODE"))


async def test_an_agent_without_a_territory_serves_the_whole_country(register: Register) -> None:
    centre = await Centre.of(register, None)
    amina = await register.person(residence=RABAT)
    assert await centre.beside(amina)
    assert "سجل" in (await register.told(amina.person_id))[0][2]


async def test_that_the_residence_was_looked_at_is_recorded_and_names_the_agent(register: Register, centre: Centre) -> None:
    here, elsewhere = await register.person(), await register.person(residence=RABAT)
    for person in (here, elsewhere):
        await centre.begin(person.idcs.text)
        ((leaf, details),) = await register.entries(person.person_id)
        assert (leaf["actor"], leaf["officer"], leaf["field"]) == ("STAFF", str(centre.agent.account), "beginAssistedSession")
        assert (details["ground"], details["uses"]) == (Ground.UPKEEP, {"person.residence": "MATCH"})


async def test_what_is_seen_in_it_names_both_and_is_the_name_alone(register: Register, centre: Centre) -> None:
    amina = await register.person()
    call = await register.call_of(await centre.beside(amina))
    wish = self_view.Wish(frozenset({"person.given_name", "person.telephone"}))
    view = await register.read(lambda r: self_view.oneself(r, call, wish), call)
    assert view.person.name is not None
    assert view.person.name.given.latin == "Amina"  # type: ignore[union-attr]
    assert view.person.telephone == Withheld("person.telephone")
    ((leaf, details),) = await register.entries(amina.person_id, "me")
    assert (leaf["actor"], leaf["officer"], leaf["on_behalf"]) == ("CITIZEN", str(centre.agent.account), "SELF")
    assert details["uses"] == {"person.given_name": "RELEASE"}


async def test_it_ends_with_the_agents_session_account_or_right(register: Register, centre: Centre) -> None:
    amina, account = await register.person(), centre.agent.account
    hash_ = token_hash(centre.token)
    assert hash_ is not None
    for end in ("session", "account", "role", "all sessions"):
        token = await centre.beside(amina)
        assert await register.session(token) is not None
        if end == "session":
            await register.transact(lambda c: end_session(c, NOW, hash_))
        elif end == "account":
            await register.database.ask("update account set disabled_at = $1", NOW)
        elif end == "role":
            await register.database.ask("update role_grant set revoked_at = $1", NOW)
        else:
            await register.transact(lambda c: end_sessions_of(c, NOW, account))
        assert await register.session(token) is None, end
        await register.database.ask("update session set ended_at = null where kind = 'ACCOUNT'")
        await register.database.ask("update account set disabled_at = null")
        await register.database.ask("update role_grant set revoked_at = null")


async def test_the_next_citizens_session_ends_the_one_before(register: Register, centre: Centre) -> None:
    amina, salma = await register.person(), await register.person()
    first = await centre.beside(amina)
    second = await centre.beside(salma)
    assert await register.session(first) is None
    assert await register.session(second) is not None


async def test_a_citizen_who_signs_in_alone_is_not_touched_by_it(register: Register, centre: Centre) -> None:
    amina = await register.person()
    own = (await register.sign_in(amina)).token
    await centre.beside(amina)
    await centre.beside(amina)
    assert await register.session(own) is not None


async def test_only_who_may_assist_does(register: Register) -> None:
    amina, auditor = await register.person(), await register.staff(Role.AUDITOR)
    call = staff_call(auditor, "AUDITOR")
    with pytest.raises(Forbidden):
        await register.change(lambda c, r: assisted.begin_assisted(c, call, r, idcs=amina.idcs.text, form=Form.CONSENTS), call)
    door: Any = assisted.begin_assisted
    with pytest.raises(Unauthenticated):
        door(None, at_the_door(), None, idcs=STRANGER, form=Form.CONSENTS)
    own = await register.signed_in(amina)
    with pytest.raises(Forbidden):
        door(None, own, None, idcs=STRANGER, form=Form.CONSENTS)
    machine = Call(Actor(ActorKind.SYSTEM, frozenset({Scope.ASSIST}), name="tests"), NOW, uuid7(NOW))
    with pytest.raises(Forbidden):
        await register.change(
            lambda c, r: assisted.begin_assisted(c, machine, r, idcs=amina.idcs.text, form=Form.CONSENTS), machine
        )
    assert await register.count("one_time_code") == 1  # the citizen's own


async def test_an_officer_of_an_association_assists_where_the_office_is(register: Register) -> None:
    """The right is given by a role; here it is held as one would hold it."""
    here, elsewhere = await register.person(), await register.person(residence=RABAT)
    agency, office = uuid7(NOW), uuid7(NOW)
    await register.database.ask(
        """insert into agency (agency_id, code, name_ar, name_fr, name_en, enrolled_at, duties)
           values ($1, 'AID', 'و', 'A', 'A', $2, '{}')""",
        agency,
        NOW,
    )
    await register.database.ask(
        """insert into office (office_id, agency_id, kind, code, name_ar, name_fr, name_en, division, opened_at)
           values ($1, $2, 'BRANCH', 'O', 'مكتب العون', 'Bureau', 'Desk', $3, $4)""",
        office,
        agency,
        CASABLANCA,
        NOW,
    )
    officer = await register.staff(Role.OFFICER, agency=agency, office=office)
    actor = Actor(
        ActorKind.OFFICER,
        frozenset({Scope.ASSIST}),
        agency=agency,
        account=officer.account,
        session=b"o" * 32,
        office=office,
    )
    call = Call(actor, NOW, uuid7(NOW))
    for person in (here, elsewhere):
        await register.change(
            lambda c, r, p=person: assisted.begin_assisted(c, call, r, idcs=p.idcs.text, form=Form.CONSENTS),  # type: ignore[misc]
            call,
        )
    ((_, _, text),) = await register.told(here.person_id)
    assert "مكتب العون" in text
    assert await register.told(elsewhere.person_id) == []


async def test_codes_are_limited_for_an_assistant_and_for_one_citizen(register: Register, centre: Centre) -> None:
    amina = await register.person()
    for _ in range(ASSISTED_CODES.limit):
        await centre.begin(amina.idcs.text)
    with pytest.raises(RateLimited):
        await centre.begin(amina.idcs.text)
    await register.begin(amina.idcs.text)  # the citizen's own count is another
    others = [await register.person() for _ in range(6)]
    for number in range(ASSISTANT_CODES.limit - ASSISTED_CODES.limit):
        await centre.begin(others[number % 6].idcs.text)
    with pytest.raises(RateLimited):
        await centre.begin((await register.person()).idcs.text)


async def test_five_tries_there_too(register: Register, centre: Centre) -> None:
    amina = await register.person()
    challenge = await centre.begin(amina.idcs.text)
    code = await register.code(amina.person_id, "ASSIST_CODE")
    for _ in range(5):
        with pytest.raises(Invalid):
            await centre.open(challenge, f"{(int(code) + 1) % 1_000_000:06d}")
    with pytest.raises(Invalid):
        await centre.open(challenge, code)
    assert await register.count("session", "kind = 'ASSISTED'") == 0


async def test_a_guardian_beside_somebody_still_sees_to_a_ward(register: Register, centre: Centre) -> None:
    guardian, ward = await register.guardian_and_ward()
    token = await centre.beside(guardian)
    call = await register.call_of(token)
    await register.transact(lambda c: citizens.act_for(c, call, ward=ward.person_id))
    assert (await register.call_of(token)).actor.person == ward.person_id


def test_every_form_has_its_rights_and_none_has_more_than_a_citizen() -> None:
    assert set(FORM_SCOPES) == set(Form)
    for scopes in FORM_SCOPES.values():
        assert Scope.SELF_READ in scopes
        assert Scope.WITNESS not in scopes
