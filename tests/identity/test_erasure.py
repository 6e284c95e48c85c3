"""Somebody is erased: nothing sealed of them opens any more, tombstones stay, the ledger verifies; in old backups, too."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from access import merkle
from access.approval import Acts, approve, propose
from access.authority import Documents
from access.call import Call, Purpose
from access.catalogue import Lang
from access.confirming import check_second_factor
from access.notices import Channel, ConsentEnded
from access.outbox import Owner, OwnerKind, tell
from access.reading import Reading
from access.rights import Role, Scope
from core import rewrapping
from core.database import Database
from core.errors import Conflict, Forbidden, Internal, Invalid, NotFound, SijilError, Withheld
from core.jobs import State
from core.keys import Family, KeyRing, add_version, create, load, retire
from core.rewrapping import refuse_use
from identity import access_reports, erasure, people, virtual_ids
from identity.erasure import PERSON_ERASED, ErasureReason
from identity.imports import LoadedPerson
from identity.numbers import TokenKind, pairwise_token
from identity.store import SEALED_PARTS, column
from identity.virtual_ids import VirtualKind
from tests.access.enrolled import NOW, Enrol, Member
from tests.api.people import Signed
from tests.core.test_jobs import put, until
from tests.core.test_rewrapping import TABLES, working
from tests.identity.asking import citizen
from tests.identity.registered import CASABLANCA, MINUTE, RABAT, Register, machine, staff_call

ROLE = "ADJUDICATOR"
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def ring(path: Path) -> KeyRing:
    """Keys of this test alone: they are rotated."""
    return create(path, mark="test", at=NOW)


@pytest.fixture
async def agency(enrol: Enrol) -> Member:
    return await enrol()


@pytest.fixture
async def register(database: Database, ring: KeyRing, agency: Member) -> Register:
    return await Register(database, ring).set_up()


class Court:
    """Two adjudicators. `forgotten`: whom the storage of files was told to forget."""

    def __init__(self, register: Register, first: Signed, second: Signed) -> None:
        self.register, self.first, self.second = register, first, second
        self.forgotten: list[UUID] = []
        self.acts = Acts(erasure.acts(register.keys, self._forget))

    async def _forget(self, _: AsyncConnection, __: Call, person: UUID) -> None:
        self.forgotten.append(person)

    async def change(self, person: UUID, *, call: Call | None = None, **more: Any) -> Mapping[str, Any]:
        call = call or staff_call(self.first, ROLE)
        parts = {"reason": ErasureReason.JUDGEMENT, "reference": "1234/2026"} | more
        return await self.register.change(lambda c, r: erasure.erasure(c, call, r, person=person, **parts), call)

    async def erase(self, person: UUID, now: Any = LATER) -> None:
        first, second = staff_call(self.first, ROLE, now=now), staff_call(self.second, ROLE, now=now)
        change = await self.change(person, call=first)
        proposal = await self.register.transact(lambda c: propose(c, first, self.acts, kind=PERSON_ERASED, change=change))
        (row,) = await self.register.database.ask("select hash from proposal where proposal_id = $1", proposal)
        check, code = check_second_factor(self.register.keys), self.second.code(now)
        await self.register.transact(
            lambda c: approve(c, second, self.acts, check, proposal=proposal, hash_=row["hash"].hex(), code=code)
        )


@pytest.fixture
async def court(register: Register) -> Court:
    return Court(register, await register.staff(Role.ADJUDICATOR), await register.staff(Role.ADJUDICATOR))


async def asked(register: Register, agency: Member, now: Any = NOW, **named: Any) -> bool:
    call = agency.call(Purpose.ELIGIBILITY, now)
    reading = Reading(register.database, register.keys, Documents())
    try:
        await people.person(reading, call, purpose=Purpose.ELIGIBILITY, wanted=["person.given_name"], **named)
    except Withheld:
        return False
    finally:
        await register.record(reading, call)
    return True


async def full(register: Register, agency: Member) -> tuple[LoadedPerson, str]:
    """Somebody with all that hangs on a person, and a virtual number of theirs."""
    amina = await register.person(cnie="AB123456", address="1, Rue X", mother_name="Khadija")
    me = citizen(amina.person_id)
    key, wrapped = await key_of(register, amina.person_id)
    for kind in (VirtualKind.PERMANENT, VirtualKind.SINGLE_USE):
        issued = partial(virtual_ids.issue_virtual_id, kind=kind, minutes=None)
        await register.transact(lambda c, issued=issued: issued(c, me, register.keys))  # type: ignore[misc]
    (number, *_) = await register.read(lambda r: virtual_ids.virtual_ids(r, me), me)
    owner = Owner(OwnerKind.PERSON, amina.person_id, wrapped)
    channels = {Channel.SMS: register.telephone(amina)}
    await register.transact(
        lambda c: tell(c, me, register.keys, owner=owner, notice=ConsentEnded(), lang=Lang.FR, channels=channels)
    )
    assert await asked(register, agency, idcs=amina.idcs.text)
    (entry,) = await register.database.ask(
        "select entry_id from ledger_entry where subject_id = $1 and actor = 'AGENCY'", amina.person_id
    )
    await register.database.ask(
        """insert into enrolment (person_id, number, state, channel, data_key, form, form_hash, lang, begun_at, expires_at,
               submitted_at, decided_at) values ($1, '1', 'ACCEPTED', 'CENTRE', $2, $3, $4, 'FR', $5, $5, $5, $5)""",
        amina.person_id,
        wrapped,
        key.seal("enrolment.form", amina.person_id, "{}"),
        b"h" * 32,
        NOW,
    )
    await register.database.ask(
        """insert into access_report (person_id, report_id, subject_id, entry_id, number, text, reported_at)
           values ($1, $2, $1, $3, 'R-1', $4, $5)""",
        amina.person_id,
        UUID(int=3),
        entry["entry_id"],
        key.seal("access_report.text", UUID(int=3), "why?"),
        NOW,
    )
    return amina, str(number.number)


async def key_of(register: Register, person: UUID) -> tuple[Any, bytes]:
    (row,) = await register.database.ask("select data_key from person where person_id = $1", person)
    return register.keys.masters.unwrap(person, row["data_key"]), row["data_key"]


async def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """A dump: all rows of all tables."""
    tables = await database.ask("select tablename from pg_tables where schemaname = 'public'")
    return {
        row["tablename"]: [dict(each) for each in await database.ask(f'select * from "{row["tablename"]}"')] for row in tables
    }


def opening(keys: KeyRing, rows: Mapping[str, Sequence[Mapping[str, Any]]], person: UUID) -> list[Any]:
    """All the data keys of somebody that these keys still open in these rows."""
    found = []
    for its in TABLES:
        for row in rows[its.table]:
            if row[its.owner] == person and row["data_key"]:
                try:
                    found.append(keys.masters.unwrap(person, row["data_key"]))
                except Internal:
                    continue
    return found


async def test_nothing_of_the_erased_opens_and_tombstones_stay(register: Register, agency: Member, court: Court) -> None:
    amina, number = await full(register, agency)
    token = (await register.sign_in(amina)).token
    before = await everything(register.database)
    await court.erase(amina.person_id)
    after = await everything(register.database)
    (row,) = (row for row in after["person"] if row["person_id"] == amina.person_id)
    assert (row["data_key"], row["status"], row["status_reason"], row["status_since"]) == (None, "CANCELLED", "ERASED", LATER)
    assert all(not row[column(part)] for part in SEALED_PARTS)
    assert opening(register.keys, after, amina.person_id) == []
    assert {row["kind"] for row in after["identifier"] if row["owner_id"] == amina.person_id} == {"IDCS", "VIRTUAL_ID"}
    assert [row for row in after["blocking_key"] if row["person_id"] == amina.person_id] == []
    assert {(row["number"], row["revoked_at"]) for row in after["virtual_id"]} == {(b"", LATER)}
    assert [row["hash"] for row in after["virtual_id"]] == [row["hash"] for row in before["virtual_id"]]
    (enrolment,) = after["enrolment"]
    assert (enrolment["data_key"], enrolment["form"], enrolment["form_hash"]) == (None, None, None)
    assert await register.session(token, LATER + MINUTE) is None
    assert court.forgotten == [amina.person_id]
    assert len(number) == 16


async def test_who_was_erased_is_a_stranger_however_asked(register: Register, agency: Member, court: Court) -> None:
    amina, number = await full(register, agency)
    token = pairwise_token(TokenKind.PERSON, amina.person_id, agency.agency_id, register.keys.tokens)
    named = ({"idcs": amina.idcs.text}, {"virtual_id": number}, {"token": token})
    assert [await asked(register, agency, **how) for how in named] == [True] * 3
    await court.erase(amina.person_id)
    entries = await register.count("ledger_entry", "subject_id = $1", amina.person_id)
    assert [await asked(register, agency, LATER + MINUTE, **how) for how in named] == [False] * 3
    assert await register.count("ledger_entry", "subject_id = $1", amina.person_id) == entries
    await register.begin(amina.idcs.text)
    assert await register.count("one_time_code", "owner_id = $1", amina.person_id) == 0
    again = await register.person()
    assert again.idcs.text != amina.idcs.text


async def test_the_ledger_still_verifies_and_names_who_erased(register: Register, agency: Member, court: Court) -> None:
    amina, _ = await full(register, agency)
    sql = "select entry_id, leaf, sealed from ledger_entry where entry_id = any($1) order by entry_id"
    ids = [row["entry_id"] for row in await register.database.ask("select entry_id from ledger_entry order by entry_id")]
    before = [(row["leaf"], row["sealed"]) for row in await register.database.ask(sql, ids)]
    leaves = [leaf for leaf, _ in before]
    levels = merkle.tree(leaves)
    root, paths = merkle.root(levels), [merkle.path(levels, n) for n in range(len(leaves))]
    await court.erase(amina.person_id)
    after = [(row["leaf"], row["sealed"]) for row in await register.database.ask(sql, ids)]
    assert after == before
    assert merkle.root(merkle.tree([leaf for leaf, _ in after])) == root
    for n, (leaf, _) in enumerate(after):
        assert merkle.included(leaf, n, len(after), paths[n], root)
    rows = await register.database.ask(
        "select convert_from(leaf, 'UTF8') as leaf, actor from ledger_entry where subject_id = $1", amina.person_id
    )
    erasing = [json.loads(row["leaf"]) for row in rows if json.loads(row["leaf"])["field"] == "erasePerson"]
    assert {leaf["officer"] for leaf in erasing} == {str(court.first.account), str(court.second.account)}


async def test_in_an_older_backup_it_opens_until_the_master_key_of_then_is_gone(
    register: Register, agency: Member, court: Court, path: Path
) -> None:
    amina, _ = await full(register, agency)
    other = await register.person()
    backup = await everything(register.database)
    person = next(row for row in backup["person"] if row["person_id"] == amina.person_id)
    await court.erase(amina.person_id)
    # Who has the backup and the key file of today reads it still.
    assert len(opening(register.keys, backup, amina.person_id)) == 2
    add_version(path, Family.MASTER, at=NOW)
    rotated = load(path)
    async with working(register.database, rotated):
        job = await put(register.database, rewrapping.REWRAPPING, {"version": 2})
        await until(register.database, job, State.DONE)
    await refuse_use(register.database, TABLES, 1)
    assert len(opening(rotated, backup, amina.person_id)) == 2
    retire(path, Family.MASTER, 1)
    left = load(path)
    assert opening(left, backup, amina.person_id) == []
    assert opening(left, await everything(register.database), amina.person_id) == []
    assert len(opening(left, await everything(register.database), other.person_id)) == 1
    for wrapped in (person["data_key"], *(row["data_key"] for row in backup["enrolment"])):
        with pytest.raises(Internal):
            left.masters.unwrap(amina.person_id, wrapped)


async def test_others_keep_what_they_share_with_the_erased(register: Register, agency: Member, court: Court) -> None:
    """A telephone of both: the other is still found by it."""
    amina = await register.person(telephone="+212612000001")
    karim = await register.person(telephone="+212612000001", given_name_latin="Karim")
    await court.erase(amina.person_id)
    owners = await register.database.ask(
        "select owner_id from identifier where hash = $1", register.keys.index("TELEPHONE", "+212612000001")
    )
    assert [row["owner_id"] for row in owners] == [karim.person_id]
    assert await asked(register, agency, LATER + MINUTE, idcs=karim.idcs.text)


async def test_records_that_were_merged_into_it_are_erased_with_it(register: Register, court: Court) -> None:
    amina, double, undone = [await register.person() for _ in range(3)]
    for alias, (person, until_) in enumerate(((double, None), (undone, NOW))):
        await register.database.ask(
            """insert into person_alias (person_id, alias_id, survivor_id, status_before, moved, merged_at, merged_by,
                   undo_until, undone_at) values ($1, $2, $3, 'ACTIVE', '{}', $4, $3, $5, $6)""",
            person.person_id,
            UUID(int=alias),
            amina.person_id,
            NOW,
            LATER,
            until_,
        )
    await court.erase(amina.person_id)
    rows = await register.database.ask("select person_id from person where data_key is null")
    assert {row["person_id"] for row in rows} == {amina.person_id, double.person_id}


async def test_what_led_from_a_merged_record_to_the_other_is_gone_too(register: Register, court: Court) -> None:
    amina, double = await register.person(), await register.person(cnie="XY987654")
    await register.database.ask(
        """insert into person_alias (person_id, alias_id, survivor_id, status_before, moved, merged_at, merged_by, undo_until)
           values ($1, $1, $2, 'ACTIVE', '{}', $3, $2, $4)""",
        double.person_id,
        amina.person_id,
        NOW,
        LATER,
    )
    moved = "update identifier set owner_id = $2 where owner_id = $1 and kind = 'CNIE'"
    await register.database.ask(moved, double.person_id, amina.person_id)
    await court.erase(amina.person_id)
    assert await register.count("identifier", "kind = 'CNIE'") == 0


async def test_a_change_of_the_telephone_is_stopped_and_what_witnesses_were_shown_is_gone(
    register: Register, court: Court
) -> None:
    amina, witness = await register.person(), await register.person()
    key, _ = await key_of(register, amina.person_id)
    theirs, _ = await key_of(register, witness.person_id)
    change = UUID(int=8)
    await register.database.ask(
        """insert into telephone_change (person_id, change_id, telephone, method, begun_at, expires_at, firm)
           values ($1, $2, $3, 'WITNESSES', $4, $5, false)""",
        amina.person_id,
        change,
        key.seal("telephone_change.telephone", change, "+212612345678"),
        NOW,
        NOW + timedelta(days=3),
    )
    await register.database.ask(
        """insert into telephone_witness (person_id, change_id, applicant_id, claim, asked_at, expires_at)
           values ($1, $2, $3, $4, $5, $6)""",
        witness.person_id,
        change,
        amina.person_id,
        theirs.seal("telephone_witness.claim", change, "Amina Bennani"),
        NOW,
        NOW + timedelta(days=3),
    )
    await court.erase(amina.person_id)
    (row,) = await register.database.ask("select stopped_at from telephone_change")
    assert row["stopped_at"] == LATER
    assert await register.count("telephone_witness") == 0


async def test_a_report_of_the_erased_is_no_fault_for_who_answers_reports(
    register: Register, agency: Member, court: Court
) -> None:
    await full(register, agency)
    amina = (await register.database.ask("select person_id from access_report"))[0]["person_id"]
    await court.erase(amina)
    auditor = staff_call(await register.staff(Role.AUDITOR), "AUDITOR", now=LATER + MINUTE)
    page = await register.read(lambda r: access_reports.reports(r, auditor, words=True), auditor)
    assert page.edges == []


async def test_where_it_does_not_reach_and_nobody_are_the_same(register: Register, court: Court) -> None:
    amina = await register.person(residence=RABAT)
    regional = staff_call(court.first, f"{ROLE} {CASABLANCA}")
    for person in (amina.person_id, UUID(int=9)):
        with pytest.raises(NotFound) as refusal:
            await court.change(person, call=regional)
        assert refusal.value.path == ("person",)
    assert (await court.change(amina.person_id))["division"] == RABAT
    with pytest.raises(NotFound):
        await court.change(UUID("00000000-0000-7000-8000-0000000dec07"))


async def test_it_takes_two_and_who_was_erased_is_not_erased_again(register: Register, court: Court) -> None:
    amina = await register.person()
    change = await court.change(amina.person_id)
    call = machine(Scope.PERSON_ERASE)
    with pytest.raises(Forbidden):
        await register.transact(lambda c: erasure.erase_person(c, call, register.keys, None, change=change))  # type: ignore[arg-type]
    agent = staff_call(await register.staff(Role.SUPERVISOR), "SUPERVISOR")
    with pytest.raises(Forbidden):
        await court.change(amina.person_id, call=agent)
    assert await register.count("person", "data_key is null") == 0
    await court.erase(amina.person_id)
    with pytest.raises(Conflict):
        await court.erase(amina.person_id, LATER + MINUTE)


@pytest.mark.parametrize("reference", ["", "x" * 101, "a\nb"])
async def test_a_reference_that_cannot_be_is_refused_with_its_path(register: Register, court: Court, reference: str) -> None:
    amina = await register.person()
    with pytest.raises(SijilError) as refusal:
        await court.change(amina.person_id, reference=reference)
    assert (type(refusal.value), refusal.value.path) == (Invalid, ("reference",))


async def test_an_erased_record_cannot_count_again(register: Register, court: Court) -> None:
    """The database itself holds that a record without a key is CANCELLED."""
    amina = await register.person()
    await court.erase(amina.person_id)
    with pytest.raises(Exception, match="ck_person_erased"):
        await register.database.ask("update person set status = 'ACTIVE' where person_id = $1", amina.person_id)
