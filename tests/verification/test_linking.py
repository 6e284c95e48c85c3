"""An agency's old file is linked by what agrees exactly, where it is granted, by two people, and everybody in it is told."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from access.approval import set_up
from access.call import Actor, ActorKind, Call, Purpose
from access.catalogue import Lang
from access.decision import Status
from access.rights import Role, Scope
from core import jobs
from core.database import Database
from core.errors import Conflict, Forbidden, NotFound
from core.ids import uuid7
from core.keys import KeyRing
from identity.file_jobs import LINKING, erase_files
from identity.file_rows import Outcome
from identity.imports import LoadedPerson, NewLock
from identity.numbers import TokenKind, pairwise_token
from tests.access.enrolled import NOW, Enrol, Member
from tests.identity.filing import Desk
from tests.identity.registered import RABAT, Register, machine, staff_call
from verification import linking

NAMES = ("person.given_name", "person.family_name", "person.birth_date", "person.cnie")
GRANTED: dict[str, Any] = {name: {"uses": ["LINK"]} for name in NAMES}
HEADER = "reference,cnie,given_name,family_name,birth_date\n"
CALL = machine(Scope.LINK_RUN)


@pytest.fixture
async def register(database: Database, keys: KeyRing, clean: None) -> Register:
    return await Register(database, keys).set_up()


@pytest.fixture
async def desk(register: Register, tmp_path: Path) -> Desk:
    desk = await Desk.open(register, tmp_path / "files")
    desk.more = {LINKING: linking.linking(desk.storage, desk.keys, batch=3)}
    return desk


async def agency(register: Register, *, mandated: bool = True, code: str = "CNSS", **changes: Any) -> Member:
    enrol = Enrol(register.database)
    member = await enrol.agency(code, **({"attributes": GRANTED} | changes))
    if mandated:
        await enrol.mandate(member, attributes=list(NAMES))
    return member


def row(reference: str, cnie: str, given: str = "Amina", family: str = "Bennani", born: str = "09/03/1984") -> str:
    return f"{reference},{cnie},{given},{family},{born}\n"


async def proposed(desk: Desk, content: str, member: Member, **changes: Any) -> Any:
    given = {"content": content.encode(), "encoding": "utf-8", "lang": Lang.EN, "purpose": Purpose.ELIGIBILITY}
    return await desk.register.transact(
        lambda c: linking.take_file(c, CALL, desk.keys, desk.storage, agency=member.code, **(given | changes))
    )


async def linked(desk: Desk, content: str, member: Member) -> tuple[UUID, list[tuple[str, Outcome, str | None]]]:
    change = await proposed(desk, HEADER + content, member)
    (act,) = linking.acts(desk.keys)
    await desk.register.transact(lambda c: set_up(c, CALL, act, change=change))
    file = UUID(change["file"])
    view = await desk.work(file)
    assert view.state == "DONE"
    return file, [(line.reference, line.outcome, line.number) for line in await desk.told(file)]


def token(desk: Desk, person: LoadedPerson, member: Member) -> str:
    return pairwise_token(TokenKind.PERSON, person.person_id, member.agency_id, desk.keys.tokens)


async def test_who_agrees_exactly_is_linked_and_everybody_else_is_one_answer(desk: Desk, register: Register) -> None:
    member = await agency(register)
    amina = await register.person(cnie="BE1001")
    locked = await register.person(cnie="BE1002", locked=NewLock(frozenset(Purpose), True))
    gone = await register.person(cnie="BE1003", status=Status.DECEASED)
    file, told = await linked(
        desk,
        row("a", "be 1001")
        + row("b", "BE1001", given="أمينة", family="بناني", born="1984-03-09")
        + row("c", "BE1001", family="Bennati")  # close is not exact
        + row("d", "BE1001", born="1984-03-10")
        + row("e", "BE9999")
        + row("f", "BE1002")
        + row("g", "BE1003")
        + row("h", "BE1001", born="")
        + row("", "BE1001")
        + row("j", "?"),
        member,
    )
    miss = (Outcome.NOT_LINKED, None)
    assert told == [
        ("a", Outcome.LINKED, token(desk, amina, member)),
        ("b", Outcome.LINKED, token(desk, amina, member)),
        ("c", *miss),
        ("d", *miss),
        ("e", *miss),
        ("f", *miss),
        ("g", *miss),
        ("h", Outcome.REFUSED, None),
        ("", Outcome.REFUSED, None),
        ("j", Outcome.REFUSED, None),
    ]
    # Each row that asked about somebody is an entry with them, under the agency and the purpose.
    assert len(await register.entries(amina.person_id, "linkFile")) == 4
    for person in (locked, gone):
        ((leaf, details),) = await register.entries(person.person_id, "linkFile")
        assert (leaf["agency"], leaf["purpose"]) == (str(member.agency_id), "ELIGIBILITY")
        assert set(details["uses"].values()) == {"LINK REFUSED"}
    assert await register.count("ledger_entry", "agency_id = $1", member.agency_id) == 7
    shown = await register.database.ask("select shown_at from ledger_entry where subject_id = $1", amina.person_id)
    assert all(entry["shown_at"] is not None for entry in shown)
    # The misses are the same to the letter in the file that is handed out.
    own = officer(member)
    _, content = await register.read(lambda r: linking.own_result(r, own, desk.keys, desk.storage, file=file), own)
    lines = content.decode("utf-8-sig").splitlines()
    assert {line.split(",", 2)[2] for line in lines if line.split(",")[1] in tuple("cdefg")} == {
        "Not linked.,,,NOT_LINKED,Not linked."
    }


def officer(member: Member, *scopes: Scope) -> Call:
    actor = Actor(ActorKind.OFFICER, frozenset(scopes or {Scope.OFFICER_MANAGE}), agency=member.agency_id, account=uuid7(NOW))
    return Call(actor, NOW, uuid7(NOW))


async def test_who_lives_elsewhere_is_not_linked(desk: Desk, register: Register) -> None:
    member = await agency(register, territory=["06"])
    await register.person(cnie="BE1001")
    await register.person(cnie="BE1002", residence=RABAT)
    _, told = await linked(desk, row("a", "BE1001") + row("b", "BE1002"), member)
    assert [outcome for _, outcome, _ in told] == [Outcome.LINKED, Outcome.NOT_LINKED]


async def test_two_agencies_have_tokens_that_cannot_be_joined(desk: Desk, register: Register) -> None:
    one, other = await agency(register), await agency(register, code="FUND")
    await register.person(cnie="BE1001")
    (_, [(_, _, first)]), (_, [(_, _, second)]) = [await linked(desk, row("a", "BE1001"), each) for each in (one, other)]
    assert first != second
    assert None not in (first, second)


async def test_nothing_is_linked_without_link_on_each_attribute_or_without_a_mandate(desk: Desk, register: Register) -> None:
    matching = GRANTED | {"person.cnie": {"uses": ["MATCH", "RELEASE"]}}
    for number, member in enumerate(
        [
            await agency(register, code="MATCHING", attributes=matching),
            await agency(register, code="UNMANDATED", mandated=False),
            await agency(register, code="ELSEWHERE", purposes=["IDENTITY_PROOFING"], mandated=False),
        ]
    ):
        with pytest.raises(Forbidden):
            await proposed(desk, HEADER + row("a", f"BE{number}"), member)
    assert await register.count("person_file") == 0


async def test_what_was_granted_has_to_hold_when_it_is_approved_and_while_it_is_done(desk: Desk, register: Register) -> None:
    member = await agency(register)
    person = await register.person(cnie="BE1001")
    change = await proposed(desk, HEADER + row("a", "BE1001"), member)
    (act,) = linking.acts(desk.keys)
    await register.database.ask("update mandate set revoked_at = $1", NOW - timedelta(seconds=1))
    with pytest.raises(Forbidden):
        await register.transact(lambda c: set_up(c, CALL, act, change=change))
    await register.database.ask("update mandate set revoked_at = null")
    await register.transact(lambda c: set_up(c, CALL, act, change=change))
    await register.database.ask("update agency set suspended_at = $1", NOW)
    view = await desk.work(UUID(change["file"]))
    assert (view.held, view.counts) == (True, {})
    assert await register.entries(person.person_id, "linkFile") == []
    # Once it holds again, a person lets it go on.
    await register.database.ask("update agency set suspended_at = null")
    assert view.job_id is not None
    job = view.job_id
    await register.transact(lambda c: jobs.release(c, job, at=NOW))
    assert (await desk.work(UUID(change["file"]))).counts == {"LINKED": 1}


async def test_another_file_than_was_proposed_is_not_begun_with_and_none_twice(desk: Desk, register: Register) -> None:
    member, other = await agency(register), await agency(register, code="FUND")
    change = await proposed(desk, HEADER + row("a", "BE1001"), member)
    (act,) = linking.acts(desk.keys)
    for changed, error in (
        (change | {"digest": "A" * 43}, Conflict),
        (change | {"rows": 2}, Conflict),
        (change | {"agency": other.code}, NotFound),
    ):
        with pytest.raises(error):
            await register.transact(lambda c, changed=changed: set_up(c, CALL, act, change=changed))
    with pytest.raises(Forbidden):
        await register.transact(lambda c: linking.link_file(c, CALL, desk.keys, None, change=change))  # type: ignore[arg-type]
    await register.transact(lambda c: set_up(c, CALL, act, change=change))
    with pytest.raises(Conflict):
        await register.transact(lambda c: set_up(c, CALL, act, change=change))


async def test_the_result_is_for_the_agencys_administrators_alone_and_is_erased(desk: Desk, register: Register) -> None:
    member, other = await agency(register), await agency(register, code="FUND")
    await register.person(cnie="BE1001")
    file, _ = await linked(desk, row("a", "BE1001"), member)
    staff = staff_call(await register.staff(Role.PUBLISHER), "PUBLISHER")
    for call, error in ((officer(other), NotFound), (staff, Forbidden), (officer(member, Scope.VERIFICATION_RUN), Forbidden)):
        with pytest.raises(error):
            await register.read(lambda r, call=call: linking.own_result(r, call, desk.keys, desk.storage, file=file), call)
        with pytest.raises(error):
            await register.transact(lambda c, call=call: linking.take_own_result(c, call, file=file))
    assert len(await register.read(lambda r: linking.own_link_files(r, officer(member)), officer(member))) == 1
    assert await register.read(lambda r: linking.own_link_files(r, officer(other)), officer(other)) == []
    await register.transact(lambda c: linking.take_own_result(c, officer(member), file=file))
    assert await erase_files(register.database, desk.storage, NOW) == 0
    assert await erase_files(register.database, desk.storage, NOW + timedelta(days=1)) == 1
    with pytest.raises(NotFound):
        await register.read(
            lambda r: linking.own_result(r, officer(member), desk.keys, desk.storage, file=file), officer(member)
        )
    assert [name for part in range(256) for name in await desk.storage.names(part)] == []
