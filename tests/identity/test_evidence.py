"""Evidence: who may add it and look at it, what becomes of the file, and that another's is nobody's."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from access.call import Call
from access.rights import Role, Scope
from core.database import Database
from core.errors import Conflict, Forbidden, Internal, Invalid, NotFound
from core.ids import uuid7
from core.keys import KeyRing
from core.storage import PARTS, FolderStorage
from identity.evidence import (
    MAX_FILES,
    Cabinet,
    EvidenceKind,
    EvidenceView,
    add_evidence,
    attach_evidence,
    erase_evidence,
    evidence_file,
    evidence_kinds,
    evidence_list,
    sweep,
)
from identity.imports import LoadedPerson
from identity.media import MediaType
from tests.access.enrolled import NOW
from tests.identity.files import jpeg, pdf, png
from tests.identity.registered import CASABLANCA, RABAT, Register, machine, staff_call

PDF = pdf()


@dataclass
class Desk:
    """People, and the folder that their files lie in."""

    register: Register
    cabinet: Cabinet
    amina: LoadedPerson
    karim: LoadedPerson

    async def staff(self, *grants: str) -> Call:
        return staff_call(await self.register.staff(Role.OVERSEER), *grants)

    async def add(self, call: Call, content: bytes = PDF, kind: EvidenceKind = EvidenceKind.CNIE, **more: Any) -> UUID:
        more = {"person": None, "request": None} | more
        _, evidence = await self.register.change(
            lambda c, r: add_evidence(c, call, r, self.cabinet, kind=kind, content=content, **more), call
        )
        return evidence

    async def list(self, call: Call, person: UUID | None = None) -> list[EvidenceView]:
        return await self.register.read(lambda r: evidence_list(r, call, person=person), call)

    async def file(self, call: Call, evidence: UUID, person: UUID | None = None, content: bool = True) -> EvidenceView:
        return await self.register.read(
            lambda r: evidence_file(r, call, self.cabinet.storage, person=person, evidence=evidence, content=content), call
        )

    async def files(self) -> set[UUID]:
        return {name for part in range(PARTS) for name in await self.cabinet.storage.names(part)}

    async def swept(self, **later: float) -> int:
        at = NOW + timedelta(**later)
        return sum([await sweep(self.cabinet.storage, self.register.database, at, part) for part in range(PARTS)])

    async def enrolment(self, state: str = "SUBMITTED", division: str | None = CASABLANCA, **more: Any) -> UUID:
        person = uuid7(NOW)
        key, wrapped = self.register.keys.masters.new_data_key(person)
        row = {
            "person_id": person,
            "number": "100000000000",
            "state": state,
            "channel": "CENTRE",
            "data_key": wrapped,
            "form": key.seal("enrolment.form", person, "{}"),
            "division": division,
            "lang": "AR",
            "begun_at": NOW,
            "expires_at": NOW + timedelta(days=30),
            "submitted_at": None if state == "DRAFT" else NOW,
            "decided_at": NOW if state in ("ACCEPTED", "REJECTED") else None,
            "reason": "OTHER" if state == "REJECTED" else None,
        } | more
        await self.put("enrolment", row)
        return person

    async def request(self, person: LoadedPerson, state: str = "SUBMITTED") -> UUID:
        request = uuid7(NOW)
        row = {
            "person_id": person.person_id,
            "request_id": request,
            "number": "100000000001",
            "kind": "CORRECTION",
            "origin": "HOLDER",
            "state": state,
            "diff": b"",
            "diff_hash": b"h" * 32,
            "division": CASABLANCA,
            "asked_by": person.person_id,
            "submitted_at": NOW,
            "due_at": NOW,
            "decided_at": NOW if state == "ACCEPTED" else None,
        }
        await self.put("change_request", row)
        return request

    async def put(self, table: str, row: dict[str, Any]) -> None:
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await self.register.database.ask(f"insert into {table} ({', '.join(row)}) values ({places})", *row.values())


@pytest.fixture
async def desk(database: Database, clean: None, keys: KeyRing, tmp_path: Path) -> Desk:
    register = await Register(database, keys).set_up()
    amina, karim = await register.person(), await register.person(residence=RABAT)
    return Desk(register, Cabinet(FolderStorage(tmp_path / "evidence"), 50_000), amina, karim)


async def refused(act: Awaitable[object], fault: type[Exception]) -> Any:
    with pytest.raises(fault) as refusal:
        await act
    return refusal.value


async def nothing_is_kept(desk: Desk) -> bool:
    return await desk.files() == set() and await desk.register.count("evidence") == 0


async def test_what_somebody_adds_is_sealed_told_to_them_and_recorded(desk: Desk) -> None:
    call = await desk.register.signed_in(desk.amina)
    evidence = await desk.add(call, kind=EvidenceKind.BIRTH_RECORD)
    (row,) = await desk.register.database.ask("select * from evidence")
    assert (row["person_id"], row["media_type"], row["size"]) == (desk.amina.person_id, "application/pdf", len(PDF))
    assert row["added_by"] == desk.amina.person_id
    stored = await desk.cabinet.storage.get(evidence)
    assert b"%PDF" not in stored
    assert sha256(PDF).digest() not in bytes(row["digest"])
    (view,) = await desk.list(call)
    assert (view.kind, view.media_type, view.by_holder, view.content) == (EvidenceKind.BIRTH_RECORD, MediaType.PDF, True, None)
    assert (await desk.file(call, evidence)).content == PDF
    assert (await desk.file(call, evidence, content=False)).content is None
    entries = await desk.register.entries(desk.amina.person_id)
    assert [leaf["field"] for leaf, _ in entries].count("evidence") == 3
    assert {details["ground"] for leaf, details in entries if leaf["field"] in ("evidence", "addEvidence")} == {"SELF"}


async def test_the_same_file_for_the_same_request_is_added_once(desk: Desk) -> None:
    call, other = await desk.register.signed_in(desk.amina), await desk.register.signed_in(desk.karim)
    first = await desk.add(call)
    assert await desk.add(call) == first
    request = await desk.request(desk.amina)
    others = [await desk.add(call, kind=EvidenceKind.OTHER), await desk.add(call, request=request), await desk.add(other)]
    assert len({first, *others}) == 4
    assert await desk.files() == {first, *others}
    digests = await desk.register.database.ask("select distinct digest from evidence")
    assert len(digests) == 2  # each person's own: it does not show that two gave the same


async def test_anothers_evidence_is_not_there(desk: Desk) -> None:
    amina, karim = await desk.register.signed_in(desk.amina), await desk.register.signed_in(desk.karim)
    evidence, request = await desk.add(amina), await desk.request(desk.amina)
    applicants = await desk.enrolment(applicant_id=desk.amina.person_id)
    strangers = await desk.enrolment()
    for person in (desk.amina.person_id, applicants, strangers, uuid7(NOW)):
        await refused(desk.list(karim, person), NotFound)
        await refused(desk.file(karim, evidence, person), NotFound)
        await refused(desk.add(karim, person=person), NotFound)
    await refused(desk.file(karim, evidence), NotFound)
    await refused(desk.add(karim, request=request), NotFound)
    assert await desk.list(karim) == []
    assert await desk.register.count("ledger_entry", "subject_id = any($1)", [applicants, strangers]) == 0
    assert await desk.files() == {evidence}


async def test_a_guardian_adds_for_a_ward_and_for_whom_they_ask_to_be_enrolled(desk: Desk) -> None:
    amina = await desk.register.signed_in(desk.amina)
    applicant = await desk.enrolment(applicant_id=desk.amina.person_id)
    evidence = await desk.add(amina, person=applicant, kind=EvidenceKind.GUARDIANSHIP)
    (view,) = await desk.list(amina, applicant)
    assert (view.evidence_id, view.by_holder) == (evidence, True)
    assert (await desk.file(amina, evidence, applicant)).content == PDF
    decided = await desk.enrolment("REJECTED", applicant_id=desk.amina.person_id)
    await refused(desk.add(amina, person=decided), Conflict)


CENTRE, SUPERVISOR, ADJUDICATOR = "CENTRE_AGENT", "SUPERVISOR", "ADJUDICATOR"


@pytest.mark.parametrize("place", [CASABLANCA, "06", None])
async def test_staff_add_and_look_where_a_person_resides_and_it_is_recorded(desk: Desk, place: str | None) -> None:
    agent, judge = [await desk.staff(f"{role} {place}" if place else role) for role in (CENTRE, ADJUDICATOR)]
    enrolment, request = await desk.enrolment(), await desk.request(desk.amina)
    person = desk.amina.person_id
    of_enrolment = await desk.add(agent, person=enrolment)
    of_change = await desk.add(agent, png(), EvidenceKind.PHOTO, person=person, request=request)
    of_status = await desk.add(judge, jpeg(), EvidenceKind.DEATH_RECORD, person=person)
    assert [view.evidence_id for view in await desk.list(judge, enrolment)] == [of_enrolment]
    assert {view.evidence_id for view in await desk.list(agent, person)} == {of_change, of_status}
    told = await desk.file(judge, of_change, person)
    assert (told.content, told.request_id, told.by_holder) == (png(), request, False)
    fields = [(leaf["field"], details["ground"], details["uses"]) for leaf, details in await desk.register.entries(person)]
    look = "UPKEEP", {"person.residence": "MATCH"}
    assert sorted(fields, key=str) == [("addEvidence", *look), ("addEvidence", *look), ("evidence", *look), ("evidence", *look)]
    assert await desk.register.count("ledger_entry", "subject_id = $1", enrolment) == 2


async def test_elsewhere_a_person_is_as_if_not_there(desk: Desk) -> None:
    amina = await desk.register.signed_in(desk.amina)
    evidence, enrolment, request = await desk.add(amina), await desk.enrolment(), await desk.request(desk.amina)
    for grants in (f"{CENTRE} {RABAT}", f"{SUPERVISOR} 04", f"{ADJUDICATOR} {RABAT}"):
        call = await desk.staff(grants)
        for person in (desk.amina.person_id, enrolment, uuid7(NOW)):
            told = {str(await refused(act, NotFound)) for act in (desk.list(call, person), desk.file(call, evidence, person))}
            assert told == {"nothing that you deal with"}
            await refused(desk.add(call, person=person), Exception)
        await refused(desk.add(call, person=desk.amina.person_id, request=request), Exception)
    assert await desk.files() == {evidence}


async def test_a_draft_that_says_no_place_yet_is_of_who_began_it(desk: Desk) -> None:
    beginner = await desk.staff(f"{CENTRE} {CASABLANCA}")
    draft = await desk.enrolment("DRAFT", None, begun_by=beginner.actor.account)
    evidence = await desk.add(beginner, person=draft)
    assert [view.evidence_id for view in await desk.list(beginner, draft)] == [evidence]
    await refused(desk.list(await desk.staff(f"{CENTRE} {CASABLANCA}"), draft), NotFound)
    assert len(await desk.list(await desk.staff(CENTRE), draft)) == 1


@pytest.mark.parametrize("grant", ["AUDITOR", "OVERSEER", "PUBLISHER", "ADMINISTRATOR"])
async def test_who_deals_with_no_requests_is_refused_before_anything_is_looked_up(desk: Desk, grant: str) -> None:
    call = await desk.staff(grant)
    for act in (desk.list(call, desk.amina.person_id), desk.add(call, person=desk.amina.person_id)):
        await refused(act, Forbidden)
    machine_call = machine(*Scope)
    await refused(desk.list(machine_call), Forbidden)
    assert await desk.register.count("ledger_entry") == 0
    assert await nothing_is_kept(desk)


async def test_who_may_only_decide_on_a_status_sees_no_files_of_changes(desk: Desk) -> None:
    agent = await desk.staff(CENTRE)
    request = await desk.request(desk.amina)
    of_change = await desk.add(agent, person=desk.amina.person_id, request=request)
    other = await desk.add(agent, png(), person=desk.amina.person_id)
    call = await desk.staff(CENTRE)
    only = Call(_with(call, Scope.STATUS_CHANGE), NOW, uuid7(NOW))
    assert [view.evidence_id for view in await desk.list(only, desk.amina.person_id)] == [other]
    await refused(desk.file(only, of_change, desk.amina.person_id), NotFound)
    await refused(desk.add(only, person=desk.amina.person_id, request=request), NotFound)


def _with(call: Call, *scopes: Scope) -> Any:
    actor = call.actor
    return type(actor)(actor.kind, frozenset({Scope.SELF_READ, *scopes}), account=actor.account, session=actor.session)


async def test_what_was_decided_takes_no_more_files(desk: Desk) -> None:
    call = await desk.staff(SUPERVISOR)
    for state in ("ACCEPTED", "WITHDRAWN"):
        request = await desk.request(desk.amina, "ACCEPTED" if state == "ACCEPTED" else "SUBMITTED")
        if state == "ACCEPTED":
            fault = await refused(desk.add(call, person=desk.amina.person_id, request=request), Conflict)
            assert fault.path == ("request",)
    rejected = await desk.enrolment("REJECTED")
    assert (await refused(desk.add(call, person=rejected), Conflict)).path == ("person",)
    assert await nothing_is_kept(desk)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", None),
        (b"<html></html>", "application/pdf"),
        (PDF, "image/png"),
        (PDF + b"PK\x05\x06", None),
        (PDF + b" " * 60_000, None),
    ],
    ids=["empty", "a page", "a lie", "two things", "too large"],
)
async def test_a_file_that_cannot_be_taken_leaves_nothing(desk: Desk, content: bytes, said: str | None) -> None:
    call = await desk.register.signed_in(desk.amina)
    assert (await refused(desk.add(call, content, said=said), Invalid)).path == ("content",)
    assert await nothing_is_kept(desk)


async def test_one_request_has_so_many_files_and_another_request_its_own(desk: Desk) -> None:
    call = await desk.register.signed_in(desk.amina)
    for number in range(1, MAX_FILES + 1):
        await desk.add(call, png(number, 1))
    await refused(desk.add(call, png(99, 1)), Conflict)
    await desk.add(call, png(1, 1))  # which is there already
    await desk.add(call, png(99, 1), request=await desk.request(desk.amina))
    assert len(await desk.files()) == MAX_FILES + 1


async def test_files_given_beforehand_become_a_requests_once(desk: Desk) -> None:
    call = await desk.register.signed_in(desk.amina)
    evidence, other = await desk.add(call), await desk.add(await desk.register.signed_in(desk.karim))
    request = await desk.request(desk.amina)
    person, transact = desk.amina.person_id, desk.register.transact
    for wrong in ([other], [evidence, other], [uuid7(NOW)]):
        given = partial(attach_evidence, person=person, request=request, evidence=wrong)
        await refused(transact(given), Invalid)
    assert await transact(lambda c: evidence_kinds(c, person=person, request=request)) == []
    await transact(lambda c: attach_evidence(c, person=person, request=request, evidence=[evidence]))
    assert await transact(lambda c: evidence_kinds(c, person=person, request=request)) == [EvidenceKind.CNIE]
    assert await transact(lambda c: evidence_kinds(c, person=person, request=None)) == []
    again = await desk.request(desk.amina)
    await refused(transact(lambda c: attach_evidence(c, person=person, request=again, evidence=[evidence])), Invalid)


async def test_a_file_that_no_row_names_is_swept_away_a_day_later_and_no_other(desk: Desk) -> None:
    call = await desk.register.signed_in(desk.amina)
    kept = await desk.add(call)

    async def breaks(connection: Any, reading: Any) -> None:
        await add_evidence(
            connection, call, reading, desk.cabinet, person=None, request=None, kind=EvidenceKind.OTHER, content=PDF
        )
        raise RuntimeError

    await refused(desk.register.change(breaks, call), RuntimeError)
    assert len(await desk.files()) == 2
    assert await desk.register.count("evidence") == 1
    file = uuid7(NOW)
    await desk.cabinet.storage.put(file, b"of an import")
    await desk.register.database.ask(
        """insert into person_file (file_id, kind, state, data_key, digest, settings, begun_at, erase_after)
           values ($1, 'PERSONS', 'CHECKED', '\\x00', $2, '{}', $3, $3)""",
        file,
        b"d" * 32,
        NOW,
    )
    assert await desk.swept(hours=23) == 0
    assert len(await desk.files()) == 3
    assert await desk.swept(hours=25) == 1
    assert await desk.files() == {kept, file}
    assert (await desk.file(call, kept)).content == PDF


async def test_erased_evidence_is_told_no_more_and_its_files_go(desk: Desk) -> None:
    call = await desk.register.signed_in(desk.amina)
    evidence, other = await desk.add(call), await desk.add(await desk.register.signed_in(desk.karim))
    assert await desk.register.transact(lambda c: erase_evidence(c, desk.amina.person_id)) == 1
    assert await desk.list(call) == []
    await refused(desk.file(call, evidence), NotFound)
    await desk.swept(days=2)
    assert await desk.files() == {other}


async def test_a_file_that_was_swapped_or_is_gone_is_not_shown(desk: Desk) -> None:
    call = await desk.register.signed_in(desk.amina)
    first, second = await desk.add(call), await desk.add(call, png())
    await desk.cabinet.storage.put(first, await desk.cabinet.storage.get(second))
    await refused(desk.file(call, first), Internal)
    await desk.cabinet.storage.delete(second)
    await refused(desk.file(call, second), NotFound)
