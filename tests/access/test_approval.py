"""Every way around the second person, for every kind of act: each is refused, and nothing is written."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import pytest

from access import agencies, publishing
from access.approval import LIFETIME, MAX_OPEN, Approved, announce, at_the_machine, propose, reject, set_up
from access.authority import Documents
from access.call import NOBODY, Actor, ActorKind, Call
from access.proposals import ProposalState, proposal, proposals
from access.reading import Reading
from access.rights import AGENCY_SCOPES, Scope
from access.second_factor import STEP_SECONDS
from core.canonical import content_hash
from core.database import Database
from core.errors import Conflict, Forbidden, Internal, Invalid, NotFound, SijilError, Unauthenticated
from core.ids import uuid7
from core.keys import KeyRing
from tests.access.approving import ACTS, CASES, ELSEWHERE, LATER, NAMES, REGION, Case, World, stored, world
from tests.access.enrolled import NOW, agreement_document

Attempt = Callable[[], Awaitable[Any]]
# Makes the world ready for an attempt at approving, and gives that attempt.
Way = Callable[[World, UUID, Case, dict[str, Any]], Awaitable[Attempt]]


@pytest.fixture
async def here(database: Database, keys: KeyRing, clean: None) -> World:
    return await world(database, keys)


# --- the ways around


def by(who: str, *, code_of: str | None = None) -> Way:
    """Somebody else approves, in a session of their own."""

    async def way(here: World, proposal_id: UUID, _: Case, __: dict[str, Any]) -> Attempt:
        async def attempt() -> Any:
            return await here.approve(proposal_id, await here.call(who), code=here.code(code_of or who))

        return attempt

    return way


def after(statement: str, who: str, *, call_first: bool = False) -> Way:
    """Something happens to an account; a call of the second person is made before or after it."""

    async def way(here: World, proposal_id: UUID, _: Case, __: dict[str, Any]) -> Attempt:
        call = await here.call("second") if call_first else None
        await here.database.ask(statement, here.people[who].account, LATER)
        return lambda: here.approve(proposal_id, call)

    return way


def with_code(make: Callable[[World], Awaitable[str]]) -> Way:
    async def way(here: World, proposal_id: UUID, _: Case, __: dict[str, Any]) -> Attempt:
        typed = await make(here)
        return lambda: here.approve(proposal_id, code=typed)

    return way


def with_hash(make: Callable[[str], str]) -> Way:
    async def way(here: World, proposal_id: UUID, _: Case, __: dict[str, Any]) -> Attempt:
        shown = make(await here.hash(proposal_id))
        return lambda: here.approve(proposal_id, hash_=shown)

    return way


def after_update(assignment: str, value: Callable[[Case, dict[str, Any]], Any], *, shown_before: bool = False) -> Way:
    """Somebody writes into the proposal's row."""

    async def way(here: World, proposal_id: UUID, case: Case, change: dict[str, Any]) -> Attempt:
        shown = await here.hash(proposal_id) if shown_before else None
        await here.database.ask(f"update proposal set {assignment} where proposal_id = $1", proposal_id, value(case, change))
        return lambda: here.approve(proposal_id, hash_=shown)

    return way


async def rewritten(here: World, proposal_id: UUID, case: Case, change: dict[str, Any]) -> Attempt:
    """The change and its hash are both replaced, after it was shown."""
    shown = await here.hash(proposal_id)
    (row,) = await here.database.ask("select before from proposal where proposal_id = $1", proposal_id)
    altered = case.altered(change)
    before = None if row["before"] is None else orjson.loads(row["before"])
    hash_ = content_hash({"kind": case.kind, "change": altered, "before": before})
    statement = "update proposal set change = $2, hash = $3 where proposal_id = $1"
    await here.database.ask(statement, proposal_id, stored(altered), hash_)
    return lambda: here.approve(proposal_id, hash_=shown)


async def expired(here: World, proposal_id: UUID, _: Case, __: dict[str, Any]) -> Attempt:
    call = await here.call("second", NOW + LIFETIME)
    return lambda: here.approve(proposal_id, call)


async def overtaken(here: World, proposal_id: UUID, case: Case, change: dict[str, Any]) -> Attempt:
    await case.overtake(here, change)
    return lambda: here.approve(proposal_id)


def called_by(make: Callable[[World], Actor]) -> Way:
    async def way(here: World, proposal_id: UUID, _: Case, __: dict[str, Any]) -> Attempt:
        call = Call(make(here), LATER, uuid7(LATER))
        return lambda: here.approve(proposal_id, call)

    return way


async def used(here: World) -> str:
    """A code that approved something else a moment ago."""
    other = await here.propose("AGENCY_ENROLLED", agencies.enrolment("USED", NAMES))
    await here.approve(other)
    return here.code()


async def of_past(here: World) -> str:
    return here.code(at=LATER - timedelta(seconds=2 * STEP_SECONDS))


async def of_future(here: World) -> str:
    return here.code(at=LATER + timedelta(seconds=2 * STEP_SECONDS))


async def wrong(here: World) -> str:
    right = {here.code(at=LATER + timedelta(seconds=steps * STEP_SECONDS)) for steps in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


async def fixed(_: World, text: str = "") -> str:
    return text


DISABLED = "update account set disabled_at = $2 where account_id = $1"
ENDED = "update role_grant set revoked_at = $2 where account_id = $1"
OVER = "update role_grant set valid_to = $2 where account_id = $1"
MOVED = f"update role_grant set division = '{ELSEWHERE}' where account_id = $1 and $2::timestamptz is not null"

WAYS: Mapping[str, tuple[Way, type[SijilError] | tuple[type[SijilError], ...]]] = {
    "the proposer": (by("first"), Forbidden),
    "the proposer, with the code of the second": (by("first", code_of="second"), Forbidden),
    "a colleague of another region": (by("elsewhere"), Forbidden),
    "somebody with another right": (by("administrator"), NotFound),
    "somebody who decides nothing": (by("auditor"), Forbidden),
    "an officer of the agency": (by("officer"), (Forbidden, Unauthenticated)),
    "the proposer was disabled": (after(DISABLED, "first"), Conflict),
    "the proposer's role was taken": (after(ENDED, "first"), Conflict),
    "the proposer's role is over": (after(OVER, "first"), Conflict),
    "the proposer was moved elsewhere": (after(MOVED, "first"), Conflict),
    "the second is being disabled": (after(DISABLED, "second", call_first=True), Forbidden),
    "the second's role was taken": (after(ENDED, "second"), Forbidden),
    "the second's role is being taken": (after(ENDED, "second", call_first=True), Forbidden),
    "the second is being moved elsewhere": (after(MOVED, "second", call_first=True), Forbidden),
    "the second has lost the second factor": (
        after(
            "update account set totp = null, password = null, second_factor = null "
            "where account_id = $1 and $2::timestamptz is not null",
            "second",
        ),
        Forbidden,
    ),
    "a wrong code": (with_code(wrong), Invalid),
    "no code": (with_code(fixed), Invalid),
    "a code that was used": (with_code(used), Invalid),
    "a code of a minute ago": (with_code(of_past), Invalid),
    "a code of the next minute": (with_code(of_future), Invalid),
    "a recovery code": (with_code(lambda here: here.recovery_code("second")), Invalid),
    "the code of the proposer": (by("second", code_of="first"), Invalid),
    "another hash": (with_hash(lambda shown: shown[:-1] + ("0" if shown[-1] != "0" else "1")), Conflict),
    "the hash in capitals": (with_hash(lambda shown: f" {shown.upper()}"), Conflict),
    "no hash": (with_hash(lambda _: ""), Conflict),
    "another change in the row": (after_update("change = $2", lambda case, change: stored(case.altered(change))), Conflict),
    "another change in the row, with its own hash": (rewritten, Conflict),
    "something else to replace in the row": (after_update("before = $2", lambda *_: stored({"document": {}})), Conflict),
    "another kind in the row": (
        after_update("kind = $2", lambda case, _: next(kind for kind in CASES if kind != case.kind)),
        Conflict,
    ),
    "a kind that there is not": (after_update("kind = $2", lambda *_: "NOTHING"), NotFound),
    "another territory in the row": (after_update("territory = $2", lambda *_: [REGION, ELSEWHERE]), Conflict),
    "the time is over": (expired, Conflict),
    "what it replaces has changed": (overtaken, Conflict),
    "the machine": (called_by(lambda here: replace(here.machine().actor, scopes=frozenset(Scope))), Forbidden),
    "an agency": (called_by(lambda here: here.agency.actor), Forbidden),
    "an agency with all rights": (
        called_by(lambda here: Actor(ActorKind.AGENCY, frozenset(Scope), agency=here.agency.agency_id, kid="k")),
        Forbidden,
    ),
    "nobody": (called_by(lambda _: NOBODY), Unauthenticated),
}


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("kind", CASES)
async def test_no_way_leads_around_the_second_person(here: World, kind: str, name: str) -> None:
    way, refusal = WAYS[name]
    case = CASES[kind]
    change = await case.change(here)
    proposed = await here.propose(kind, change)
    attempt = await way(here, proposed, case, change)
    before = await here.written()
    with pytest.raises(refusal) as raised:
        await attempt()
    assert raised.value.path in ((), ("code",), ("hash",), ("proposal",))
    assert (raised.value.path == ("code",)) == (refusal is Invalid)
    assert await here.written() == before
    assert await here.decision(proposed) is None


@pytest.mark.parametrize("decided", ["APPROVED", "REJECTED", "TAKEN_BACK"])
@pytest.mark.parametrize("kind", CASES)
async def test_what_was_decided_is_not_decided_again(here: World, kind: str, decided: str) -> None:
    proposed = await here.propose(kind, await CASES[kind].change(here))
    if decided == "APPROVED":
        await here.approve(proposed)
    else:
        await here.reject(proposed, "second" if decided == "REJECTED" else "first")
    before = await here.written()
    later = await here.call("second", LATER + timedelta(minutes=2))
    with pytest.raises(Conflict):
        await here.approve(proposed, later)
    for who in ("first", "second"):
        with pytest.raises(Conflict):
            await here.reject(proposed, who)
    assert await here.written() == before
    assert await here.decision(proposed) == decided


@pytest.mark.parametrize("kind", CASES)
async def test_two_approvals_at_once_make_the_change_once(here: World, kind: str) -> None:
    proposed = await here.propose(kind, await CASES[kind].change(here))
    calls = [await here.call("second"), await here.call("second"), await here.call("third")]
    codes = [here.code(), here.code(at=LATER + timedelta(seconds=STEP_SECONDS)), here.code("third")]
    approvals = [here.approve(proposed, call, code=code) for call, code in zip(calls, codes, strict=True)]
    outcomes = await asyncio.gather(*approvals, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Conflict", "dict"]
    assert await here.decision(proposed) == "APPROVED"


async def test_one_code_approves_one_thing_even_at_once(here: World) -> None:
    one = await here.propose("AGENCY_ENROLLED", agencies.enrolment("ONE", NAMES))
    two = await here.propose("AGENCY_ENROLLED", agencies.enrolment("TWO", NAMES))
    call = await here.call("second")
    outcomes = await asyncio.gather(here.approve(one, call), here.approve(two, call), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Invalid", "dict"]
    assert sorted([await here.decision(one) or "OPEN", await here.decision(two) or "OPEN"]) == ["APPROVED", "OPEN"]


# --- the right way


@pytest.mark.parametrize("kind", CASES)
async def test_a_second_person_approves_exactly_what_was_proposed(here: World, kind: str) -> None:
    change = await CASES[kind].change(here)
    before = await here.written()
    proposed = await here.propose(kind, change)
    assert await here.written() == before
    outcome = await here.approve(proposed)
    assert await here.written() != before
    (row,) = await here.database.ask("select * from proposal")
    told = (row["decision"], row["decided_by"], row["decided_at"], row["proposed_by"], orjson.loads(row["outcome"]))
    assert told == ("APPROVED", here.people["second"].account, LATER, here.people["first"].account, outcome)


async def test_each_kind_does_what_its_name_says(here: World) -> None:
    for kind, case in CASES.items():
        change = await case.change(here)
        await here.approve(await here.propose(kind, change), await here.call("second", at := LATER), code=await fresh(here, at))
    ask = here.database.ask
    assert [row["code"] for row in await ask("select code from agency where suspended_at is null order by code")] == [
        "FUND",
        "NEWCOMER",
    ]
    keys = await ask("select agency_id, jwk from agency_key where kid <> $1", here.agency.key.kid)
    assert [row["agency_id"] for row in keys] == [here.agency.agency_id]
    versions = await ask("select version, suspended_at from agreement order by version")
    assert [tuple(row) for row in versions] == [(1, None), (2, None)]
    assert len(await ask("select from mandate")) == 2
    assert [row["version"] for row in await ask("select version from consent_notice order by version")] == [1, 2]


async def fresh(here: World, at: Any) -> str:
    await here.database.ask("update account set totp_step = 0")
    return here.code(at=at)


@pytest.mark.parametrize("kind", ["AGREEMENT_PUBLISHED", "AGREEMENT_RESUMED"])
async def test_whoever_has_the_right_in_a_region_decides_what_touches_that_region_alone(here: World, kind: str) -> None:
    proposed = await here.propose(kind, await CASES[kind].change(here), who="regional")
    await here.approve(proposed)
    assert await here.decision(proposed) == "APPROVED"


@pytest.mark.parametrize("kind", CASES)
async def test_nobody_proposes_beyond_their_region_or_right(here: World, kind: str) -> None:
    change = await CASES[kind].change(here)
    for who in ("elsewhere", "administrator", "auditor", "officer"):
        with pytest.raises((Forbidden, Unauthenticated)):  # the latter: an officer of an agency that is suspended
            await here.propose(kind, change, who=who)
    assert await here.database.ask("select from proposal") == []


async def test_only_people_propose_and_decide_whatever_rights_a_machine_has(here: World) -> None:
    change = agencies.enrolment("ONE", NAMES)
    proposed = await here.propose("AGENCY_ENROLLED", change)

    async def refused(actor: Actor) -> None:
        call = Call(replace(actor, scopes=frozenset(Scope)), LATER, uuid7(LATER))
        with pytest.raises(Forbidden):
            await here.done(lambda c: propose(c, call, ACTS, kind="AGENCY_ENROLLED", change=change))
        with pytest.raises(Forbidden):
            await here.done(lambda c: reject(c, call, ACTS, proposal=proposed, reason="No"))

    for actor in (here.machine().actor, here.agency.actor):
        await refused(actor)
    assert await here.decision(proposed) is None
    assert len(await here.database.ask("select from proposal")) == 1


async def test_who_lacks_the_right_does_not_learn_what_is_there(here: World) -> None:
    for code in (here.agency.code, "NOT_THERE"):
        for kind, change in (("AGENCY_ENROLLED", agencies.enrolment(code, NAMES)), ("AGENCY_RESUMED", {"agency": code})):
            with pytest.raises(Forbidden):
                await here.propose(kind, change, who="administrator")


async def test_a_region_does_not_narrow_what_holds_in_the_whole_country(here: World) -> None:
    whole = publishing.publication(agreement_document("FUND", version=2))
    narrow = publishing.publication(agreement_document("FUND", version=3, territory=[REGION]))
    await here.at_the_machine(publishing.AGREEMENT_PUBLISHED, whole)
    with pytest.raises(Forbidden):
        await here.propose("AGREEMENT_PUBLISHED", narrow, who="regional")
    proposed = await here.propose("AGREEMENT_PUBLISHED", narrow)
    with pytest.raises(Forbidden):
        await here.approve(proposed, await here.call("regional"), code=here.code("regional"))
    assert await here.decision(proposed) is None


@pytest.mark.parametrize("kind", CASES)
async def test_what_cannot_be_done_is_not_proposed(here: World, kind: str) -> None:
    change = await CASES[kind].change(here)
    for faulty in ({}, {**change, "more": 1}, dict.fromkeys(change)):
        with pytest.raises((Invalid, NotFound)):
            await here.propose(kind, faulty)
    with pytest.raises(Invalid) as refusal:
        await here.propose("NOTHING", change)
    assert refusal.value.path == ("kind",)
    assert await here.database.ask("select from proposal") == []


async def test_nobody_fills_the_list_without_end(here: World) -> None:
    await here.propose("AGENCY_ENROLLED", agencies.enrolment("ONE", NAMES))
    await here.database.ask(
        """insert into proposal (proposal_id, kind, hash, change, proposed_by, proposed_at, expires_at)
           select gen_random_uuid(), kind, hash, change, proposed_by, proposed_at, expires_at
             from proposal, generate_series(2, $1)""",
        MAX_OPEN,
    )
    with pytest.raises(Conflict):
        await here.propose("AGENCY_ENROLLED", agencies.enrolment("ONE_MORE", NAMES))
    await here.propose("AGENCY_ENROLLED", agencies.enrolment("ANOTHER", NAMES), who="second")
    await here.propose("AGENCY_ENROLLED", agencies.enrolment("ONE_MORE", NAMES), at=NOW + LIFETIME)


# --- saying no


async def test_the_proposer_takes_back_and_anybody_else_who_could_approve_refuses(here: World) -> None:
    for who, decision in (("first", "TAKEN_BACK"), ("second", "REJECTED")):
        proposed = await here.propose("AGENCY_ENROLLED", agencies.enrolment("ONE", NAMES))
        await here.reject(proposed, who)
        (row,) = await here.database.ask("select * from proposal where proposal_id = $1", proposed)
        assert (row["decision"], row["decided_by"], row["reason"], row["outcome"]) == (
            decision,
            here.people[who].account,
            "Not like this",
            None,
        )
    assert len(await here.database.ask("select from agency")) == 1


@pytest.mark.parametrize(
    ("who", "refusal"), [("elsewhere", Forbidden), ("administrator", NotFound), ("auditor", Forbidden), ("officer", Forbidden)]
)
async def test_who_could_not_approve_cannot_refuse(here: World, who: str, refusal: type[SijilError]) -> None:
    proposed = await here.propose("AGENCY_ENROLLED", agencies.enrolment("ONE", NAMES))
    with pytest.raises(refusal):
        await here.reject(proposed, who)
    assert await here.decision(proposed) is None


async def test_a_no_has_a_reason_and_comes_in_time(here: World) -> None:
    proposed = await here.propose("AGENCY_ENROLLED", agencies.enrolment("ONE", NAMES))
    for reason in ("", "  ", "a\x00b", "x" * 1001):
        with pytest.raises(Invalid) as refusal:
            await here.reject(proposed, "second", reason)
        assert refusal.value.path == ("reason",)
    with pytest.raises(Conflict):
        await here.reject(proposed, "second", at=NOW + LIFETIME)
    assert await here.decision(proposed) is None


# --- what an approval is good for


def doors(change: Mapping[str, Any]) -> dict[str, Callable[..., Awaitable[Any]]]:
    """The door behind each kind of act, for that change."""
    document = change.get("document", {})
    return {
        "AGENCY_ENROLLED": lambda c, call, approval: agencies.enrol_agency(c, call, approval, change=change),
        "AGENCY_KEY_ADDED": lambda c, call, approval: agencies.add_key(c, call, approval, change=change),
        "AGENCY_RESUMED": lambda c, call, approval: agencies.resume_agency(c, call, approval, change=change),
        "AGREEMENT_PUBLISHED": lambda c, call, approval: publishing.publish_agreement(c, call, approval, document=document),
        "AGREEMENT_RESUMED": lambda c, call, approval: publishing.resume_agreement(c, call, approval, change=change),
        "MANDATE_PUBLISHED": lambda c, call, approval: publishing.publish_mandate(c, call, approval, document=document),
        "NOTICE_PUBLISHED": lambda c, call, approval: publishing.publish_notice(c, call, approval, document=document),
    }


def test_every_act_has_its_cases_and_its_door() -> None:
    kinds = {act.kind for act in ACTS.within(frozenset(Scope))}
    assert kinds == set(CASES) == set(doors({}))


@pytest.mark.parametrize("who", ["second", "machine"])
@pytest.mark.parametrize("kind", CASES)
async def test_no_door_opens_without_an_approval_of_this_very_change(here: World, kind: str, who: str) -> None:
    case = CASES[kind]
    change = await case.change(here)
    machine = here.machine()
    call = machine if who == "machine" else await here.call(who)
    before = await here.written()
    other = next(each for each in CASES if each != kind)
    for approval in (
        None,
        True,
        change,
        at_the_machine(machine, other, change),
        at_the_machine(machine, kind, case.altered(change)),
    ):
        with pytest.raises(Forbidden):
            await here.done(partial(doors(change)[kind], call=call, approval=approval))
    assert await here.written() == before
    await here.done(lambda c: doors(change)[kind](c, call, at_the_machine(machine, kind, change)))
    assert await here.written() != before


def test_an_approval_is_not_made_by_hand() -> None:
    call = Call(Actor(ActorKind.SYSTEM), NOW, uuid7(NOW))
    real = at_the_machine(call, "AGENCY_RESUMED", {"agency": "FUND"})
    with pytest.raises(Internal):
        Approved(real.kind, real.hash)
    with pytest.raises((Internal, ValueError)):
        replace(real, kind="AGENCY_ENROLLED")
    for kind in set(ActorKind) - {ActorKind.SYSTEM}:
        actor = Actor(kind, frozenset(Scope), agency=uuid7(NOW), kid="k", account=uuid7(NOW))
        with pytest.raises(Forbidden):
            at_the_machine(Call(actor, NOW, uuid7(NOW)), "AGENCY_RESUMED", {"agency": "FUND"})


# --- setting up


async def test_the_machine_sets_up_until_two_people_can_do_it(here: World) -> None:
    async def enrolled(code: str) -> None:
        change = agencies.enrolment(code, NAMES)
        await here.done(lambda c: set_up(c, here.machine(), agencies.AGENCY_ENROLLED, change=change))

    await here.database.ask(DISABLED, here.people["third"].account, NOW)
    before = await here.written()
    with pytest.raises(Conflict) as refusal:
        await enrolled("ONE")
    assert refusal.value.message == "two people do this now: propose it on the pages"
    assert await here.written() == before
    one = here.people["second"].account
    # Neither who was disabled, nor who has not taken the account up, nor who may do it in one region only, is one of two.
    for statement in (DISABLED, ENDED, OVER, MOVED):
        await here.database.ask(statement, one, LATER)
        await enrolled(f"AFTER_{len(await here.database.ask('select from agency'))}")
        await here.database.ask("update account set disabled_at = null where account_id = $1", one)
        await here.database.ask("update role_grant set revoked_at = null, valid_to = null")
        await here.database.ask("update role_grant set division = null where account_id = $1", one)
        with pytest.raises(Conflict):
            await enrolled("ONE")
    await here.database.ask("update account set password = null, totp = null, second_factor = null where account_id = $1", one)
    await enrolled("ONE")
    assert len(await here.database.ask("select from agency")) == 1 + 5


async def test_two_of_one_region_are_two_for_what_touches_that_region(here: World) -> None:
    async def published(territory: list[str] | None) -> None:
        change = publishing.publication(agreement_document("FUND", version=2, territory=territory))
        await here.done(lambda c: set_up(c, here.machine(), publishing.AGREEMENT_PUBLISHED, change=change))

    for who in ("second", "third"):
        await here.database.ask(DISABLED, here.people[who].account, NOW)
    with pytest.raises(Conflict):
        await published([REGION])
    await published(None)


async def test_nobody_but_the_machine_sets_up(here: World) -> None:
    await here.database.ask("update account set disabled_at = $1 where account_id <> $2", LATER, here.people["first"].account)
    call = await here.call("first")
    change = agencies.enrolment("ONE", NAMES)
    with pytest.raises(Forbidden):
        await here.done(lambda c: set_up(c, call, agencies.AGENCY_ENROLLED, change=change))
    with pytest.raises(Forbidden):
        await here.done(lambda c: agencies.AGENCY_ENROLLED.at_the_machine(c, call, change))
    weak = Call(Actor(ActorKind.SYSTEM, AGENCY_SCOPES), LATER, uuid7(LATER))
    with pytest.raises(Forbidden):
        await here.done(lambda c: set_up(c, weak, agencies.AGENCY_ENROLLED, change=change))
    assert len(await here.database.ask("select from agency")) == 1


# --- seeing what waits


def reading(here: World) -> Reading:
    return Reading(here.database, here.keys, Documents())


async def seen(here: World, who: str, **options: Any) -> list[UUID]:
    page = await proposals(reading(here), await here.call(who), ACTS, **options)
    return [edge.node.proposal_id for edge in page.edges]


async def test_each_sees_what_they_take_part_in_and_nothing_else(here: World) -> None:
    whole = await here.propose("AGENCY_ENROLLED", agencies.enrolment("ONE", NAMES))
    regional = await here.propose("AGREEMENT_PUBLISHED", await CASES["AGREEMENT_PUBLISHED"].change(here))
    local = await here.propose(
        "AGREEMENT_PUBLISHED",
        publishing.publication(agreement_document("FUND", version=2, territory=["04.421", "04.421.01.03"])),
    )
    assert await seen(here, "first") == await seen(here, "second") == sorted([local, regional, whole], reverse=True)
    assert await seen(here, "regional") == sorted([local, regional], reverse=True)
    assert await seen(here, "elsewhere") == await seen(here, "administrator") == []
    for who in ("auditor", "officer"):
        with pytest.raises(Forbidden):
            await seen(here, who)
    for who, hidden in (("regional", whole), ("elsewhere", regional), ("administrator", whole)):
        with pytest.raises(NotFound):
            await proposal(reading(here), await here.call(who), ACTS, proposal_id=hidden)


async def test_a_proposal_tells_what_is_changed_and_by_whom(here: World) -> None:
    change = await CASES["AGREEMENT_PUBLISHED"].change(here)
    proposed = await here.propose("AGREEMENT_PUBLISHED", change)
    view = await proposal(reading(here), await here.call("second"), ACTS, proposal_id=proposed)
    assert (view.proposed_by, view.state, view.mine, view.may_decide) == (
        here.people["first"].name,
        ProposalState.OPEN,
        False,
        True,
    )
    assert orjson.loads(view.change) == change
    assert view.territory == [REGION]
    assert view.hash.hex() == await here.hash(proposed)
    assert [(each.path, each.was, each.becomes) for each in view.differences] == [
        (("document", "points_per_minute"), 6000, 9),
        (("document", "version"), 1, 2),
    ]
    own = await proposal(reading(here), await here.call("first"), ACTS, proposal_id=proposed)
    assert (own.mine, own.may_decide) == (True, False)
    await here.approve(proposed)
    view = await proposal(reading(here), await here.call("first"), ACTS, proposal_id=proposed)
    assert (view.state, view.decided_by, view.decided_at, view.may_decide) == (
        ProposalState.APPROVED,
        here.people["second"].name,
        LATER,
        False,
    )


async def test_states_follow_from_what_was_done_and_from_the_date(here: World) -> None:
    made = {
        state: await here.propose("AGENCY_ENROLLED", agencies.enrolment(f"CODE_{number}", NAMES))
        for number, state in enumerate(("APPROVED", "REJECTED", "TAKEN_BACK", "OPEN"))
    }
    await here.approve(made["APPROVED"])
    await here.reject(made["REJECTED"], "second")
    await here.reject(made["TAKEN_BACK"], "first")
    for state, proposed in made.items():
        assert await seen(here, "second", state=ProposalState(state)) == [proposed]
    assert await seen(here, "second", state=ProposalState.EXPIRED) == []
    late = await here.call("second", NOW + LIFETIME)
    page = await proposals(reading(here), late, ACTS, state=ProposalState.EXPIRED)
    assert [(edge.node.proposal_id, edge.node.may_decide) for edge in page.edges] == [(made["OPEN"], False)]


async def test_the_list_goes_on_where_the_page_ended_and_a_cursor_is_of_its_list_and_viewer(here: World) -> None:
    made = [await here.propose("AGENCY_ENROLLED", agencies.enrolment(f"CODE_{number}", NAMES)) for number in range(5)]
    call, found, after_ = await here.call("second"), [], None
    while True:
        page = await proposals(reading(here), call, ACTS, first=2, after=after_)
        found += [edge.node.proposal_id for edge in page.edges]
        after_ = page.page_info.end_cursor
        if not page.page_info.has_next_page:
            break
    assert found == sorted(made, reverse=True)
    for other, state in ((await here.call("first"), None), (call, ProposalState.OPEN)):
        with pytest.raises(Invalid) as refusal:
            await proposals(reading(here), other, ACTS, state=state, after=after_)
        assert refusal.value.path == ("after",)
    for first in (0, 101):
        with pytest.raises(Invalid):
            await proposals(reading(here), call, ACTS, first=first)


async def test_those_who_may_approve_are_told_once_and_nobody_else(here: World) -> None:
    call = await here.call("first", NOW)
    proposed = await here.propose("AGENCY_ENROLLED", agencies.enrolment("ONE", NAMES))
    await here.done(lambda c: announce(c, call, here.keys, ACTS, proposal=proposed))
    told = await here.database.ask("select owner_id, notice, channel from message order by owner_id")
    others = sorted(here.people[who].account for who in ("second", "third"))
    assert [tuple(row) for row in told] == [(account, "PROPOSAL_WAITING", "EMAIL") for account in others]
