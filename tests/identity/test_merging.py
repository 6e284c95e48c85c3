"""Two records of one person become one and two again: what leads where, who may, and that an undoing is exact."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from access.approval import Acts, approve, propose
from access.authority import Documents
from access.call import Call, Purpose
from access.confirming import check_second_factor
from access.reading import Reading
from access.rights import Role
from core.database import Database
from core.errors import Conflict, Forbidden, NotFound, Withheld
from core.events import Events
from core.keys import KeyRing
from identity import accesses, merging, people, virtual_ids
from identity.imports import LoadedPerson, NewLock
from identity.merging import MERGE_UNDONE, PERSONS_MERGED
from identity.numbers import TokenKind, pairwise_token
from identity.register_models import DuplicateCase
from identity.virtual_ids import VirtualKind
from registry.merging import come_back, follow
from registry.models import Household, Membership, PersonHousehold
from tests.access.enrolled import NOW, Enrol, Member
from tests.api.people import Signed
from tests.identity.asking import citizen
from tests.identity.registered import CASABLANCA, MINUTE, RABAT, Register, new_person, staff_call

ROLE = "ADJUDICATOR"
HOUR = timedelta(hours=1)
# All that a merge may touch but for what it leaves behind on purpose: alias, revisions, messages, ledger.
TOUCHED = (
    *("person", "identifier", "relative", "identity_lock", "membership", "person_household", "fact", "household"),
    *("virtual_id", "blocking_key", "consent"),
)


@pytest.fixture
async def agency(enrol: Enrol) -> Member:
    return await enrol()


@pytest.fixture
async def register(database: Database, keys: KeyRing, agency: Member) -> Register:
    return await Register(database, keys).set_up()


class Court:
    """Two adjudicators, who propose and approve."""

    def __init__(self, register: Register, first: Signed, second: Signed) -> None:
        self.register, self.first, self.second = register, first, second
        events = Events()
        events.on(merging.PersonsMerged, follow)
        events.on(merging.MergeTakenBack, come_back)
        self.acts = Acts(merging.acts(register.keys, events))
        self.now = NOW

    def call(self, who: Signed, *grants: str) -> Call:
        return staff_call(who, *(grants or (ROLE,)), now=self.now)

    async def merge(self, survivor: LoadedPerson, retired: LoadedPerson, case: UUID | None = None) -> UUID:
        call = self.call(self.first)
        change = await self.register.change(
            lambda c, r: merging.merging(c, call, r, survivor=survivor.person_id, retired=retired.person_id, case=case),
            call,
        )
        return UUID((await self.decided(PERSONS_MERGED, change))["alias"])

    async def undo(self, retired: LoadedPerson) -> None:
        call = self.call(self.first)
        change = await self.register.change(lambda c, r: merging.undoing(c, call, r, retired=retired.person_id), call)
        await self.decided(MERGE_UNDONE, change)

    async def decided(self, kind: str, change: Mapping[str, Any], by: Signed | None = None) -> Mapping[str, Any]:
        """Proposed by the first, approved by the second, a minute later: no code serves twice."""
        first = self.call(self.first)
        proposal = await self.register.transact(lambda c: propose(c, first, self.acts, kind=kind, change=change))
        (row,) = await self.register.database.ask("select hash from proposal where proposal_id = $1", proposal)
        self.now += MINUTE
        who = by or self.second
        call, check, code = self.call(who), check_second_factor(self.register.keys), who.code(self.now)
        return await self.register.transact(
            lambda c: approve(c, call, self.acts, check, proposal=proposal, hash_=row["hash"].hex(), code=code)
        )


@pytest.fixture
async def court(register: Register) -> Court:
    return Court(register, await register.staff(Role.ADJUDICATOR), await register.staff(Role.ADJUDICATOR))


async def known(register: Register, agency: Member, now: Any = NOW, **named: Any) -> str | None:
    """The agency's token of whom it asks about; None where nothing is told."""
    call = agency.call(Purpose.ELIGIBILITY, now)
    reading = Reading(register.database, register.keys, Documents())
    try:
        await people.person(reading, call, purpose=Purpose.ELIGIBILITY, wanted=["person.given_name"], **named)
        return str(reading.disclosures[-1].subject)
    except Withheld:
        return None
    finally:
        await register.record(reading, call)


async def rows(register: Register) -> dict[str, list[str]]:
    return {
        table: sorted(str(tuple(row)) for row in await register.database.ask(f"select * from {table}")) for table in TOUCHED
    }


def double(key: int = 0, **changes: Any) -> Any:
    return new_person(key, given_name_latin="Amine", family_name_latin="Benani", **changes)


async def pair(register: Register, **changes: Any) -> tuple[LoadedPerson, LoadedPerson]:
    survivor, retired = await register.load(new_person(0, cnie="AB123456"), double(1, **changes))
    return survivor, retired


async def test_what_leads_to_the_retired_record_leads_to_the_one_that_stays(
    register: Register, agency: Member, court: Court
) -> None:
    survivor, retired = await pair(register, cnie="CD654321")
    me = citizen(retired.person_id)
    await register.transact(
        lambda c: virtual_ids.issue_virtual_id(c, me, register.keys, kind=VirtualKind.PERMANENT, minutes=None)
    )
    (number,) = await register.read(lambda r: virtual_ids.virtual_ids(r, me), me)
    token = pairwise_token(TokenKind.PERSON, retired.person_id, agency.agency_id, register.keys.tokens)
    await court.merge(survivor, retired)
    now, its = NOW + HOUR, str(survivor.person_id)
    assert await known(register, agency, now, idcs=survivor.idcs.text) == its
    assert await known(register, agency, now, idcs=retired.idcs.text) == its
    assert await known(register, agency, now, token=token) == its
    assert await known(register, agency, now, virtual_id=number.number) == its
    owners = await register.database.ask("select kind, owner_id from identifier where kind <> 'VIRTUAL_ID'")
    assert {row["owner_id"] for row in owners} == {survivor.person_id}
    assert sorted(row["kind"] for row in owners) == ["CNIE", "CNIE", "EMAIL", "EMAIL", "IDCS", "IDCS", "TELEPHONE", "TELEPHONE"]
    (status,) = await register.database.ask("select status, status_reason from person where person_id = $1", retired.person_id)
    assert tuple(status) == ("CANCELLED", "MERGED")
    revisions = await register.database.ask("select person_id, source from person_revision where cause = 'MERGE'")
    assert {row["person_id"] for row in revisions} == {survivor.person_id, retired.person_id}


async def test_the_person_is_told_and_the_old_sessions_end(register: Register, court: Court) -> None:
    survivor, retired = await pair(register)
    await register.signed_in(retired)
    await register.signed_in(survivor)
    before = {row["message_id"] for row in await register.database.ask("select message_id from message")}
    await court.merge(survivor, retired)
    told = await register.database.ask("select message_id, owner_id, notice from message")
    new = [(row["owner_id"], row["notice"]) for row in told if row["message_id"] not in before]
    assert {owner for owner, notice in new if notice == "RECORDS_MERGED"} == {survivor.person_id, retired.person_id}
    ended = await register.database.ask("select holder_id, ended_at from session where holder_id is not null")
    assert {row["holder_id"]: row["ended_at"] is None for row in ended} == {survivor.person_id: True, retired.person_id: False}


async def test_of_a_wards_records_the_guardians_of_both_are_told_once(register: Register, court: Court) -> None:
    mother, father = await register.load(new_person(0), new_person(1, given_name_latin="Omar", sex="M"))
    survivor, retired = await pair(register, telephone=None, email=None)
    for ward, guardian in ((survivor, mother), (retired, mother), (retired, father)):
        await register.database.ask(
            "insert into relative (person_id, kind, relative_id, valid_from) values ($1, 'GUARDIAN', $2, $3)",
            ward.person_id,
            guardian.person_id,
            NOW,
        )
    await court.merge(survivor, retired)
    await court.undo(retired)
    for guardian in (mother, father):
        told = [channel for channel, _, _ in await register.told(guardian.person_id, "RECORDS_MERGED")]
        assert sorted(told) == ["EMAIL", "SMS"]
        assert len(await register.told(guardian.person_id, "MERGE_UNDONE")) == 2


async def test_an_undoing_leads_everything_back(register: Register, agency: Member, court: Court) -> None:
    survivor, retired = await pair(register, telephone="+212730000777", cnie="CD654321")
    before = await rows(register)
    await court.merge(survivor, retired)
    assert await rows(register) != before
    await court.undo(retired)
    assert await rows(register) == before
    assert await known(register, agency, NOW + HOUR, idcs=retired.idcs.text) == str(retired.person_id)


async def test_who_looked_at_the_retired_record_is_shown_to_the_person(
    register: Register, agency: Member, court: Court
) -> None:
    survivor, retired = await pair(register)
    assert await known(register, agency, idcs=retired.idcs.text)
    await court.merge(survivor, retired)
    me = citizen(survivor.person_id, now=NOW + HOUR)
    page = await register.read(lambda r: accesses.accesses(r, me), me)
    looks = [edge.node for edge in page.edges if edge.node.agency]
    assert [(look.subject_id, look.household) for look in looks] == [(retired.person_id, False)]
    (entry,) = [look.entry_id for look in looks]
    assert (await register.read(lambda r: accesses.access(r, me, entry=entry), me)).subject_id == retired.person_id
    await court.undo(retired)
    page = await register.read(lambda r: accesses.accesses(r, me), me)
    assert not [edge for edge in page.edges if edge.node.agency]


async def test_wards_locks_and_older_tombstones_go_along_and_come_back_in_the_reverse_order(
    register: Register, court: Court
) -> None:
    lock = NewLock(frozenset({Purpose.PAYMENT}), mandated_too=True)
    survivor, second, first = await register.load(new_person(0), double(1, locked=lock), double(2))
    (child,) = await register.load(new_person(3))
    await register.database.ask(
        "insert into relative (person_id, kind, relative_id, valid_from) values ($1, 'GUARDIAN', $2, $3)",
        child.person_id,
        first.person_id,
        NOW,
    )
    at = [await rows(register)]
    await court.merge(second, first)
    at.append(await rows(register))
    await court.merge(survivor, second)
    (bond,) = await register.database.ask("select relative_id from relative")
    assert bond["relative_id"] == survivor.person_id
    locks = await register.database.ask("select person_id from identity_lock")
    assert {row["person_id"] for row in locks} == {survivor.person_id, second.person_id}
    aliases = await register.database.ask("select survivor_id from person_alias")
    assert {row["survivor_id"] for row in aliases} == {survivor.person_id}
    with pytest.raises(Conflict):
        await court.undo(first)
    await court.undo(second)
    assert await rows(register) == at.pop()
    await court.undo(first)
    assert await rows(register) == at.pop()


async def home(register: Register, member: LoadedPerson) -> None:
    """A household of one."""
    person = member.person_id
    household = {
        "household_id": person,
        "data_key": b"",
        "code": b"",
        "declarant_id": person,
        "milieu": "URBAN",
        "region": 6,
        "division": CASABLANCA,
        "registered_at": NOW,
    }
    place = {"household_id": person, "membership_id": person, "person_id": person, "valid_from": NOW}

    async def put(connection: Any) -> None:
        await connection.execute(insert(Household).values(household))
        await connection.execute(insert(Membership).values(place | {"kinship": "HEAD"}))
        await connection.execute(insert(PersonHousehold).values(place))

    await register.transact(put)
    await register.database.ask(
        """insert into fact (household_id, fact_id, person_id, attribute, value, source, dispute, valid_from, recorded_from)
           values ($1, $1, $1, 'member.literate', 1, 'DECLARED', 'NONE', $2, $2)""",
        person,
        NOW,
    )


async def test_a_place_in_a_household_goes_along(register: Register, court: Court) -> None:
    survivor, retired = await pair(register)
    await home(register, retired)
    before = await rows(register)
    await court.merge(survivor, retired)
    for table in ("membership", "person_household", "fact"):
        found = await register.database.ask(f"select person_id from {table}")
        assert [row["person_id"] for row in found] == [survivor.person_id], table
    await court.undo(retired)
    assert await rows(register) == before


async def test_members_of_two_households_are_not_merged(register: Register, court: Court) -> None:
    survivor, retired = await pair(register)
    await home(register, survivor)
    await home(register, retired)
    before = await rows(register)
    with pytest.raises(Conflict):
        await court.merge(survivor, retired)
    assert await rows(register) == before
    assert await register.count("person_alias") == 0


async def test_it_takes_two_people_and_the_very_change(register: Register, court: Court) -> None:
    survivor, retired = await pair(register)
    change = {
        "survivor": str(survivor.person_id),
        "retired": str(retired.person_id),
        "case": None,
        "divisions": [CASABLANCA],
    }
    with pytest.raises(Forbidden):
        await court.decided(PERSONS_MERGED, change, by=court.first)
    call = court.call(court.first)
    with pytest.raises(Forbidden):
        await register.transact(
            lambda c: merging.merge_persons(c, call, register.keys, Events(), None, change=change)  # type: ignore[arg-type]
        )
    with pytest.raises(Conflict):
        await court.decided(PERSONS_MERGED, change | {"divisions": [RABAT]})
    assert await register.count("person_alias") == 0


async def test_who_resides_elsewhere_is_as_if_not_there(register: Register, court: Court) -> None:
    survivor, retired = await pair(register, residence=RABAT)
    call = court.call(court.first, f"{ROLE} 06")
    with pytest.raises(NotFound):
        await register.change(
            lambda c, r: merging.merging(c, call, r, survivor=survivor.person_id, retired=retired.person_id, case=None),
            call,
        )


async def test_a_merge_is_undone_once_and_within_its_time(register: Register, court: Court) -> None:
    survivor, retired = await pair(register)
    await court.merge(survivor, retired)
    with pytest.raises(Conflict):
        await court.merge(survivor, retired)
    court.now = NOW + timedelta(days=91)
    with pytest.raises(Conflict):
        await court.undo(retired)
    court.now = NOW + timedelta(days=1)
    await court.undo(retired)
    with pytest.raises(NotFound):
        await court.undo(retired)


async def test_a_case_is_decided_by_its_merge(register: Register, court: Court) -> None:
    survivor, retired = await pair(register)
    case = UUID(int=9)
    row = {
        "person_id": retired.person_id,
        "case_id": case,
        "other_id": survivor.person_id,
        "origin": "STAFF",
        "outcome": "REVIEW",
        "found_at": NOW,
        "state": "OPEN",
    }
    await register.transact(lambda c: c.execute(insert(DuplicateCase).values(row)))
    await court.merge(survivor, retired, case)
    (decided,) = await register.database.ask("select state, reason, decided_by from duplicate_case")
    assert tuple(decided) == ("SAME", "MERGED", court.second.account)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shared=st.sets(st.sampled_from(("telephone", "email"))),
    status=st.sampled_from(("ACTIVE", "SUSPENDED", "DECEASED")),
    locked=st.booleans(),
    merges=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=4),
)
async def test_whatever_is_merged_comes_back_as_it_was(
    register: Register, court: Court, shared: set[str], status: str, locked: bool, merges: list[tuple[int, int]]
) -> None:
    """Any merges in any order, undone in the reverse order, leave every table as it was."""
    base = new_person(0)
    lock = NewLock(frozenset({Purpose.PAYMENT}), mandated_too=False) if locked else None
    same = {name: getattr(base, name) for name in shared}
    people_ = await register.load(base, *(double(key, locked=lock, **same) for key in (1, 2, 3)))
    its = [person.person_id for person in people_[slice(None) if status == "DECEASED" else slice(1, 2)]]  # a death is of all
    await register.database.ask(
        "update person set status = $2, status_reason = 'MISTAKE' where person_id = any($1)", its, status
    )
    states, done = [await rows(register)], list[tuple[int, int]]()
    for survivor, retired in merges:
        gone = {place for _, place in done}
        if survivor == retired or {survivor, retired} & gone:
            continue
        await court.merge(people_[survivor], people_[retired])
        done.append((survivor, retired))
        states.append(await rows(register))
    for _, retired in reversed(done):
        assert await rows(register) == states.pop()
        await court.undo(people_[retired])
    assert await rows(register) == states.pop()
