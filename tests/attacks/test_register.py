"""Attacks on enrolment, evidence, keys and erasure: what came through once, and does not any more."""

import asyncio
import os
import zlib
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from access.authority import Documents
from access.call import Call, Purpose
from access.catalogue import Lang
from access.reading import Reading
from access.rights import Role, Scope
from api.app import acts as all_acts
from api.app import of_records
from core import keys as key_file
from core.database import Database
from core.errors import Conflict, Faulty, Forbidden, Invalid, RateLimited, Withheld
from core.ids import uuid7
from core.keys import Family, KeyRing
from core.storage import FolderStorage
from identity import acceptance, attestations, biometrics, enrolment, enrolment_views, evidence, people, virtual_ids
from identity.applications import Form, examined
from identity.attested import Attested
from identity.enrolment_states import State
from identity.enrolment_store import FORM, numbered
from identity.evidence import Cabinet, EvidenceKind
from identity.media import sniffed
from identity.numbers import TokenKind, pairwise_token
from identity.receipts import drawn
from identity.relations import REFUSED_NUMBER
from identity.virtual_ids import VirtualKind
from identity.virtual_numbers import VirtualNumber
from registry.erasing import forget_codes
from tests.access.enrolled import NOW, Enrol
from tests.attacks.erasing import erase
from tests.identity.applicants import MINOR, TODAY, another, form
from tests.identity.asking import citizen
from tests.identity.enrolling import Centre
from tests.identity.files import chunk, pdf, png
from tests.identity.registered import ISSUER, STRANGER, Register, at_the_door, new_person, staff_call

ACTION = b"9 0 obj<</Type/Action/S/JavaScript/JS(app.alert(1))>>endobj\n"


@pytest.fixture
async def register(database: Database, keys: KeyRing, clean: None) -> Register:
    return await Register(database, keys).set_up()


@pytest.fixture
async def centre(register: Register) -> Centre:
    return await Centre(register).set_up()


# --- files that lie


@pytest.mark.parametrize(
    "hidden",
    [
        b"% stream\n" + ACTION + b"% endstream\n",
        b"% stream\n" + ACTION,
        ACTION.replace(b"JavaScript", b"J#61vaScript").replace(b"/JS", b"/J#53"),
        b"<</S/#4caunch/F(x.exe)>>\n",
    ],
    ids=["between what looks like a stream", "after what looks like one", "spelled by numbers", "also launched"],
)
def test_a_pdf_hides_no_script_from_us(hidden: bytes) -> None:
    """Where its streams begin and end is for each reader to say: a comment hid all that came after it."""
    whole = pdf()
    place = whole.index(b"startxref")
    with pytest.raises(Invalid):
        sniffed(whole[:place] + hidden + whole[place:])


def packed(content: bytes, more: bytes = b"") -> bytes:
    whole, stream = pdf(), zlib.compress(b"9 0 " + content)
    head = b"8 0 obj<</Type/ObjStm/N 1/First 4/Filter/FlateDecode%s/Length %d>>stream\n" % (more, len(stream))
    place = whole.index(b"startxref")
    return whole[:place] + head + stream + b"\nendstream endobj\n" + whole[place:]


def test_objects_that_are_packed_are_looked_at_too() -> None:
    plain = b"<</Type/Catalog/Pages 1 0 R>>"
    assert sniffed(packed(plain)) == "application/pdf"
    assert sniffed(packed(plain * 40_000)) == "application/pdf"
    for hidden in (ACTION, plain * 3_000 + ACTION, ACTION.replace(b"JavaScript", b"Java#53cript")):
        with pytest.raises(Invalid):
            sniffed(packed(hidden))
    with pytest.raises(Invalid):
        sniffed(packed(plain).replace(b"/ObjStm", b"/Obj#53tm"))
    with pytest.raises(Invalid):
        sniffed(packed(plain, b"/DecodeParms<</Predictor 12>>"))
    with pytest.raises(Invalid):
        sniffed(packed(plain).replace(b"stream\nx", b"stream\ny"))


def test_unpacking_is_bounded() -> None:
    bomb = packed(b"\0" * (64 * 1024 * 1024))
    begun = perf_counter()
    for content in (bomb, pdf().replace(b"startxref", b"/ObjStm " * 500_000 + b"startxref", 1)):
        with pytest.raises(Invalid):
            sniffed(content)
    assert perf_counter() - begun < 5


def test_a_picture_is_no_pdf_as_well() -> None:
    """Readers of PDF look for its beginning within the first kilobyte."""
    with pytest.raises(Invalid):
        sniffed(png(1, 1, chunk(b"tEXt", b"Comment\0" + pdf())))


# --- names that look like others


@pytest.mark.parametrize(
    "name",
    ["Yas\u200dsine", "Yassine" + "\u0335" * 40, "A\u0363min", "\u02bc", "a" + "\u0301" * 4],
    ids=["a joiner", "signs heaped on a letter", "a letter drawn above another", "no letter", "four accents"],
)
def test_a_name_has_nothing_that_only_makes_it_look_like_another(name: str) -> None:
    _, faults = examined(form(given_name_latin=name), TODAY, complete=True)
    assert [fault.path for fault in faults] == [("given_name_latin",)]


@pytest.mark.parametrize("name", ["Nguyễn", "Zoë", "Ḥāšim", "D'Angelo", "Jean-Marie"])
def test_names_with_accents_are_names(name: str) -> None:
    assert examined(form(given_name_latin=name), TODAY, complete=True)[1] == []


@pytest.mark.parametrize("name", ["مُحَمَّدٌ", "هٰذَا", "می\u200cنا", "ٱلرَّحْمٰن"])
def test_names_with_vowel_signs_are_names(name: str) -> None:
    assert examined(form(given_name_ar=name), TODAY, complete=True)[1] == []


# --- relatives


def test_nobody_is_both_parents() -> None:
    _, faults = examined(form(mother=STRANGER, father=STRANGER), TODAY, complete=True)
    assert [fault.path for fault in faults] == [("father",)]


async def test_who_has_a_representative_represents_nobody(centre: Centre) -> None:
    """An adult under guardianship answers for nobody, themselves included."""
    guardian, guarded = await centre.register.load(new_person(0), new_person(1, guardian=0))
    request = await centre.begin(replace(MINOR, guardian=guarded.idcs.text))
    with pytest.raises(Faulty) as refused:
        await centre.submit(request)
    assert [(fault.path[0], str(fault.code)) for fault in refused.value.faults] == [("guardian", "NOT_REGISTERED")]
    await centre.amend(request, replace(MINOR, guardian=guardian.idcs.text))
    await centre.submit(request)


async def count(centre: Centre, request: UUID) -> None:
    by = centre.making()
    await centre.register.change(lambda c, r: enrolment.count_relatives(c, by, r, enrolment=request), by)


async def test_a_birth_date_is_not_found_out_by_naming_its_holder_as_a_relative(centre: Centre) -> None:
    """TOO_YOUNG or not, fifteen times, was the day on which anybody was born; and NOT_REGISTERED that nobody is."""
    amina = await centre.register.person()
    request = await centre.begin(replace(MINOR, guardian=amina.idcs.text))
    for year in range(REFUSED_NUMBER.limit):
        await centre.amend(request, replace(another(), birth_date=f"{1950 + year}", mother=amina.idcs.text))
        await count(centre, request)
        with pytest.raises(Faulty):
            await centre.submit(request)
    with pytest.raises(RateLimited):
        await count(centre, request)
    # Of others nothing was asked, and who is right is not counted.
    karim = await centre.register.person()
    for _ in range(REFUSED_NUMBER.limit + 1):
        other = await centre.begin(replace(another(), birth_date="2003", mother=karim.idcs.text))
        await count(centre, other)
        await centre.submit(other)


async def test_what_is_refused_for_something_else_is_not_counted(centre: Centre) -> None:
    amina = await centre.register.person()
    request = await centre.begin(replace(another(), birth_date="2003", mother=amina.idcs.text, sex=None))
    for _ in range(REFUSED_NUMBER.limit + 1):
        await count(centre, request)
        with pytest.raises(Faulty):
            await centre.submit(request)
    await count(centre, UUID(int=7))


# --- four eyes


async def test_who_gave_the_evidence_does_not_accept_by_it(centre: Centre, tmp_path: Path) -> None:
    """A supervisor took somebody else's draft, put a card of their own making to it, and accepted."""
    register, cabinet = centre.register, Cabinet(FolderStorage(tmp_path / "files"), 1 << 20)
    request = await centre.in_review(evidence=())
    by = centre.deciding()
    await register.change(
        lambda c, r: evidence.add_evidence(
            c, by, r, cabinet, person=request, request=None, kind=EvidenceKind.CNIE, content=png()
        ),
        by,
    )
    with pytest.raises(Forbidden):
        await centre.accept(request)
    seen = await register.read(lambda r: enrolment_views.request_decided(r, by, enrolment=request), by)
    assert seen.own
    another_decider = staff_call(await register.staff(Role.SUPERVISOR), "SUPERVISOR")
    assert await register.change(
        lambda c, r: acceptance.accept_enrolment(c, another_decider, r, enrolment=request), another_decider
    )


async def test_who_took_a_testimony_down_does_not_accept_by_it(centre: Centre) -> None:
    one = await centre.register.person(given_name_ar=None, family_name_ar=None)
    two = await centre.register.person(given_name_latin="Rachid", family_name_latin="Tazi", given_name_ar=None, sex="M")
    request = await centre.in_review(another(cnie=None, basis="TESTIMONY"), evidence=())
    await centre.testify(request, one)
    await centre.testify(request, two, call=centre.deciding())
    with pytest.raises(Forbidden):
        await centre.accept(request)


async def test_whoever_represents_a_child_was_vouched_for_with_it(centre: Centre) -> None:
    """Witnesses vouched for a child; then somebody else was written down as who represents it, on nobody's word."""
    one = await centre.register.person(given_name_ar=None, family_name_ar=None)
    mother, other = await centre.register.load(new_person(0), new_person(1, given_name_latin="Hind"))
    child = replace(MINOR, basis="TESTIMONY", guardian=mother.idcs.text)
    request = await centre.begin(child)
    await centre.testify(request, one)
    await centre.amend(request, replace(child, address="3, rue X"))
    assert await centre.register.count("testimony") == 1
    await centre.amend(request, replace(child, guardian=other.idcs.text))
    assert await centre.register.count("testimony") == 0


# --- receipts


async def test_a_receipt_opens_no_record_of_somebody_enrolled(centre: Centre) -> None:
    """Its code is no sign-in: whoever found the paper read the IDCS and all that was declared, for ever."""
    register, call = centre.register, at_the_door()
    draft = await centre.pre_register()
    number = await centre.number(draft.enrolment)

    async def look() -> enrolment_views.EnrolmentView:
        wanted = ("person.idcs", "person.given_name")
        return await register.read(
            lambda r: enrolment_views.own_request(r, call, receipt=number, code=draft.secret, wanted=wanted), call
        )

    assert (await look()).form is not None
    await centre.submit(draft.enrolment)
    await centre.review(draft.enrolment)
    await centre.evidence(draft.enrolment, "CNIE")
    assert await centre.accept(draft.enrolment)
    seen = await look()
    assert (seen.state, seen.form) == ("ACCEPTED", None)


# --- work without end


async def _revoked(call: Call, its: UUID, connection: AsyncConnection) -> None:
    await attestations.revoke_attestation(connection, call, attestation=its)


async def test_attestations_are_not_issued_without_end(register: Register) -> None:
    """Issued and revoked again, each left a number behind for ever."""
    call = citizen((await register.person()).person_id)
    issue = partial(attestations.issue_attestation, issuer=ISSUER, chosen=[Attested.NAME], lang=Lang.FR)
    for _ in range(attestations.ISSUED.limit):
        its = await register.change(lambda c, r: issue(c, call, r), call)
        await register.transact(partial(_revoked, call, its))
    with pytest.raises(RateLimited):
        await register.change(lambda c, r: issue(c, call, r), call)
    assert await register.count("attestation") == attestations.ISSUED.limit


async def test_what_was_refused_long_ago_is_found_without_reading_all_requests(register: Register) -> None:
    """It is looked for every minute."""
    plan = await register.database.ask(
        "select indexdef from pg_indexes where tablename = 'enrolment' and indexdef like '%(decided_at)%'"
    )
    assert len(plan) == 1


# --- keys


def test_a_killed_writer_leaves_no_copy_of_a_key_that_is_retired_later(tmp_path: Path) -> None:
    """A draft that was left behind held the master key that old backups open with."""
    path = tmp_path / "keys.json"
    key_file.create(path, mark="", at=NOW)
    old = path.read_text()
    left = path.with_name(f".{path.name}.{'0' * 16}")
    left.write_text(old)  # as kill -9 leaves it, between the draft and its new name
    kept = path.with_name(f".{path.name}.mine")
    kept.write_text("not ours")
    key_file.add_version(path, Family.MASTER, at=NOW)
    key_file.retire(path, Family.MASTER, 1)
    assert not left.exists()
    assert kept.exists()


def test_a_key_that_is_retired_is_gone_from_behind_a_link_too(tmp_path: Path) -> None:
    real, link = tmp_path / "real" / "keys.json", tmp_path / "keys.json"
    key_file.create(real, mark="", at=NOW)
    link.symlink_to(real)
    key_file.add_version(link, Family.MASTER, at=NOW)
    key_file.retire(link, Family.MASTER, 1)
    assert link.is_symlink()
    assert key_file.load(real).masters.versions == [2]


# --- erasure


async def household_of(register: Register, head: Any, code: str) -> UUID:
    household = uuid7(NOW)
    key, wrapped = register.keys.masters.new_data_key(household)
    await register.database.ask(
        """insert into household
                  (household_id, data_key, code, declarant_id, milieu, region, division, registered_at)
           values ($1, $2, $3, $4, 'URBAN', 6, '06.141', $5)""",
        household,
        wrapped,
        key.seal("household.code", household, code),
        head,
        NOW,
    )
    for table, more in (("membership", ", kinship"), ("person_household", "")):
        kinship = ", 'HEAD'" if more else ""
        await register.database.ask(
            f"insert into {table} (household_id, membership_id, person_id, valid_from{more}) values ($1, $1, $2, $3{kinship})",
            household,
            head,
            NOW,
        )
    return household


async def test_the_code_of_a_household_does_not_keep_the_number_of_an_erased_head(register: Register) -> None:
    """It is made of the head's IDCS, and sealed under a key that outlives the head's."""
    amina, karim = await register.person(), await register.person()
    hers, his = [await household_of(register, each.person_id, each.idcs.text + "0") for each in (amina, karim)]
    await erase(register, amina.person_id, forget_codes)
    rows = await register.database.ask("select household_id, code from household")
    codes = {row["household_id"]: row["code"] for row in rows}
    assert codes[hers] == b""
    assert codes[his] != b""


def test_the_instance_forgets_households_codes_as_well(keys: KeyRing) -> None:
    act = all_acts(keys, ISSUER).named("PERSON_ERASED")
    held = [cell.cell_contents for cell in act.apply.__closure__ or ()]
    assert any(isinstance(each, tuple) and forget_codes in each for each in held)
    assert of_records(keys)


async def test_what_was_declared_in_a_second_request_of_the_erased_is_erased_too(centre: Centre) -> None:
    """It was refused since it was them once more, and stayed readable for ninety days."""
    register, its = centre.register, another()
    first = await centre.enrolled(its)
    second = await centre.in_review(its)
    await register.database.ask("update duplicate_case set state = 'SAME', decided_at = $2 where person_id = $1", second, NOW)
    await centre.reject(second)
    stranger = await centre.in_review()
    await erase(register, first)
    assert (await centre.row(second))["data_key"] is None
    assert (await centre.row(stranger))["data_key"] is not None
    assert await register.count("evidence", "person_id = $1", stranger) == 1


async def test_what_witnesses_were_shown_about_the_erased_is_gone_where_nothing_came_of_it(register: Register) -> None:
    """A name that did not fit made a change of nobody's, and left what was typed with the witness."""
    amina, witness = await register.person(), await register.person()
    await register.database.ask(
        """insert into telephone_witness (person_id, change_id, applicant_id, claim, asked_at, expires_at)
           values ($1, $2, $3, 'x', $4, $4)""",
        witness.person_id,
        UUID(int=8),
        amina.person_id,
        NOW,
    )
    await erase(register, amina.person_id)
    assert await register.count("telephone_witness") == 0


async def test_a_form_that_is_erased_does_not_open(centre: Centre) -> None:
    its = another()
    person = await centre.enrolled(its)
    row = await centre.row(person)
    key = centre.register.keys.masters.unwrap(person, row["data_key"])
    assert its.cnie is not None
    assert its.cnie in key.open(FORM, person, row["form"])
    await erase(centre.register, person)
    assert (await centre.row(person))["form"] is None
    assert isinstance(its, Form)


async def test_hashes_that_a_merge_led_over_go_with_the_erased(register: Register) -> None:
    """They were kept to be led back: keyed hashes of the card and the telephone."""
    amina, double = await register.person(), await register.person()
    await register.database.ask(
        """insert into person_alias (person_id, alias_id, survivor_id, status_before, moved, merged_at, merged_by, undo_until)
           values ($1, $1, $2, 'ACTIVE', '{"led": {"identifiers": [["ab", "CNIE", 1, false]]}}', $3, $2, $4)""",
        double.person_id,
        amina.person_id,
        NOW,
        NOW.replace(year=2027),
    )
    await erase(register, amina.person_id)
    (row,) = await register.database.ask("select moved::text as moved from person_alias")
    assert row["moved"] == "{}"


# --- who is there


async def test_a_receipts_number_takes_as_many_statements_whether_or_not_there_is_one(centre: Centre) -> None:
    draft = await centre.pre_register()
    number = await centre.number(draft.enrolment)
    found = []
    for asked in (number, drawn()):
        counting = Counting(centre.register.database)
        assert (await numbered(counting, centre.register.keys, asked, NOW) is None) == (asked != number)
        found.append(counting.statements)
    assert found[0] == found[1]


class Counting:
    def __init__(self, database: Database) -> None:
        self.database, self.statements = database, 0

    async def ask(self, sql: str, *values: Any) -> Any:
        self.statements += 1
        return await self.database.ask(sql, *values)


async def test_a_virtual_number_leaves_as_much_behind_whether_or_not_it_leads_to_anybody(
    register: Register, enrol: Enrol
) -> None:
    """Only of one that does a use was written with the answer: two statements more, which take their time."""
    agency = await enrol()
    me = citizen((await register.person()).person_id)
    issue = partial(virtual_ids.issue_virtual_id, kind=VirtualKind.PERMANENT, minutes=None)
    await register.transact(lambda c: issue(c, me, register.keys))
    (mine,) = await register.read(lambda r: virtual_ids.virtual_ids(r, me), me)
    left = []
    for number in (str(mine.number), VirtualNumber.drawn(os.urandom).text):
        call = agency.call(Purpose.ELIGIBILITY, NOW)
        reading = Reading(register.database, register.keys, Documents())
        with suppress(Withheld):
            await people.person(reading, call, purpose=Purpose.ELIGIBILITY, wanted=["person.given_name"], virtual_id=number)
        left.append({type(kind): len(its) for kind, its in reading.settlement.effects.items()})
        await _settled(register, reading)
    assert left[0] == left[1]
    assert await register.count("virtual_id", "uses = 1") == 1


async def _settled(register: Register, reading: Reading) -> None:
    async with register.driver() as connection:
        for kind, its in reading.settlement.effects.items():
            assert not await kind.apply(connection, [(0, each) for each in its])


async def test_a_matcher_does_not_ask_who_is_on_record_by_one_request(centre: Centre, enrol: Enrol) -> None:
    """One receipt was enough to ask about everybody: a hit is taken where there is somebody, and refused where there is not."""
    agency = await enrol()
    await centre.register.database.ask("update agency set duties = '{BIOMETRIC_MATCHING}'")
    call = agency.call(None, NOW)
    call = replace(call, actor=replace(call.actor, scopes=call.actor.scopes | {Scope.BIOMETRIC_REPORT}))
    request = await centre.in_review()
    report = partial(biometrics.report_hit, receipt=await centre.number(request), token=None, score="0.9")
    known = await centre.register.load(*(new_person(n) for n in range(biometrics.MAX_HITS + 1)))
    for each in known[:-1]:
        await centre.register.change(partial(_hit, report, call, each.idcs.text), call)
    with pytest.raises(Conflict):
        await centre.register.change(partial(_hit, report, call, known[-1].idcs.text), call)
    await centre.register.change(partial(_hit, report, call, known[0].idcs.text), call)  # the same again is the same case


@pytest.mark.parametrize("reported", [False, True])
async def test_a_hit_by_a_token_from_before_a_merge_is_of_whom_the_record_was_merged_into(
    centre: Centre, enrol: Enrol, reported: bool
) -> None:
    """It was of the tombstone: whoever decided saw a record that is none, and merged into it, or out of it."""
    register, agency = centre.register, await enrol()
    await register.database.ask("update agency set duties = '{BIOMETRIC_MATCHING}'")
    call = agency.call(None, NOW)
    call = replace(call, actor=replace(call.actor, scopes=call.actor.scopes | {Scope.BIOMETRIC_REPORT}))
    request = await centre.in_review()
    survivor, retired = await register.load(new_person(0), new_person(1))
    token = pairwise_token(TokenKind.PERSON, retired.person_id, agency.agency_id, register.keys.tokens)
    number = await centre.number(request)

    async def hit() -> UUID:
        return await register.change(
            lambda c, r: biometrics.report_hit(c, call, r, receipt=number, idcs=None, token=token, score="0.9"), call
        )

    before = await hit() if reported else None
    await register.database.ask(
        """insert into person_alias (person_id, alias_id, survivor_id, status_before, moved, merged_at, merged_by, undo_until)
           values ($1, $1, $2, 'ACTIVE', '{}', $3, $2, $4)""",
        *(retired.person_id, survivor.person_id, NOW, NOW.replace(year=2027)),
    )
    case = await hit()
    rows = await register.database.ask("select case_id, other_id from duplicate_case where origin = 'BIOMETRIC'")
    its = retired if reported else survivor  # the same hit is the same case still
    assert [(row["case_id"], row["other_id"]) for row in rows] == [(before or case, its.person_id)]
    assert before in (None, case)


async def _hit(report: Any, call: Call, idcs: str, connection: AsyncConnection, reading: Reading) -> None:
    await report(connection, call, reading, idcs=idcs)


@pytest.mark.parametrize(
    ("state", "index"),
    [("SUBMITTED", "ix_enrolment_open"), ("IN_REVIEW", "ix_enrolment_open"), ("DRAFT", "ix_enrolment_expires")],
)
async def test_what_waits_is_listed_without_reading_all_requests(centre: Centre, state: State, index: str) -> None:
    """Of those that were accepted there are as many as there are people."""
    register, call = centre.register, centre.deciding()
    reading = Reading(register.database, register.keys, Documents())
    told = Telling(register.database)
    with reading.within(told):
        await enrolment_views.requests_decided(reading, call, state=State(state))
    sql, values = next(asked for asked in told.asked if "from enrolment" in asked[0])
    async with register.driver() as connection:
        await connection.execute("set local enable_seqscan = off")
        plan = "\n".join(row[0] for row in await connection.fetch(f"explain {sql}", *values))
    assert index in plan


class Telling:
    """Notes what is asked."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    async def ask(self, sql: str, *values: Any) -> Any:
        self.asked.append((sql, values))
        return await self.database.ask(sql, *values)


async def test_what_is_merged_into_somebody_while_they_are_erased_is_erased_too(register: Register) -> None:
    """Whom it led to was asked before the record was held: a merge that was under way left the other one readable."""
    amina, double = await register.person(), await register.person()
    async with register.driver() as connection:
        await connection.fetch("select 1 from person where person_id = any($1) for update", [amina.person_id, double.person_id])
        erasing = asyncio.create_task(erase(register, amina.person_id))
        await asyncio.sleep(0.5)
        await connection.execute(
            """insert into person_alias (person_id, alias_id, survivor_id, status_before, moved, merged_at, merged_by,
                   undo_until) values ($1, $1, $2, 'ACTIVE', '{}', $3, $2, $4)""",
            double.person_id,
            amina.person_id,
            NOW,
            NOW.replace(year=2027),
        )
    await erasing
    assert await register.count("person", "data_key is null") == 2


@pytest.mark.parametrize("division", ["\0", "\ud800", "x" * 10_000, "99' or true --"])
async def test_a_division_that_cannot_be_is_refused_with_its_path(centre: Centre, division: str) -> None:
    """The database refused it in its own words, and the answer was a fault of ours."""
    call = centre.deciding()
    with pytest.raises(Invalid) as refused:
        await centre.register.read(lambda r: enrolment_views.requests_decided(r, call, division=division), call)
    assert refused.value.path == ("division",)
