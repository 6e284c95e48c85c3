"""Enrolling people: from a draft to somebody with a number, and everything that keeps one from becoming the other."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from core.canonical import content_hash
from core.dates import PartialDate
from core.errors import Conflict, Faulty, Forbidden, Invalid, NotFound, RateLimited
from core.paging import Page
from identity import enrolment_views, pre_registration
from identity.applications import Form
from identity.enrolment_states import DRAFT_LIFETIME, ERASED_AFTER, Reason, State
from identity.enrolment_store import FORM, forget_lapsed
from identity.receipts import drawn
from tests.access.enrolled import NOW
from tests.identity.applicants import FOREIGNER, MINOR, TODAY, another
from tests.identity.enrolling import Centre, changed
from tests.identity.registered import CASABLANCA, MINUTE, RABAT, Register, at_the_door

GUARDIANS = "person.guardians"
NAMES = ("person.given_name", "person.family_name")


@pytest.fixture
async def centre(register: Register) -> Centre:
    return await Centre(register).set_up()


def faults(refused: pytest.ExceptionInfo[Faulty]) -> list[tuple[str, str]]:
    return [(str(fault.path[0]), str(fault.code)) for fault in refused.value.faults]


# --- the whole way


async def test_who_is_accepted_is_a_person_with_a_number_whose_every_part_is_sealed(centre: Centre) -> None:
    register, form = centre.register, another()
    request = await centre.enrolled(form)
    (person,) = await register.database.ask("select * from person where person_id = $1", request)
    row = await centre.row(request)
    assert (row["state"], row["decided_by"], row["data_key"]) == ("ACCEPTED", centre.decider.account, person["data_key"])
    key = register.keys.masters.unwrap(request, person["data_key"])
    opened = {
        name: key.open(f"person.{name.replace('_ar', ':ar').replace('_latin', ':latin')}", request, person[name])
        for name in ("given_name_ar", "family_name_latin", "father_name", "birth_date", "cnie", "telephone", "residence")
    }
    assert opened == {name: getattr(form, name) for name in opened}
    assert person["status"] == "ACTIVE"
    assert person["enrolled_at"] == NOW
    idcs = key.open("person.idcs", request, person["idcs"])
    kinds = await register.database.ask("select kind from identifier where owner_id = $1 order by kind", request)
    assert [its["kind"] for its in kinds] == ["CNIE", "EMAIL", "IDCS", "RECEIPT", "TELEPHONE"]
    assert await register.count("identifier", "hash = $1 and owner_id = $2", register.keys.index("IDCS", idcs), request) == 1
    (revision,) = await register.database.ask("select * from person_revision where person_id = $1", request)
    assert (revision["cause"], revision["source"], revision["recorded_by"]) == ("ENROLMENT", "CENTRE", centre.decider.account)
    assert await register.count("blocking_key", "person_id = $1", request) > 3
    told = await register.told(request, "ENROLMENT_ACCEPTED")
    assert [(channel, to) for channel, to, _ in told] == [("SMS", form.telephone), ("EMAIL", form.email)]
    assert all(idcs in text for _, _, text in told)
    # What is stored says it to nobody.
    dump = str(
        [
            dict(each)
            for table in ("enrolment", "message", "person", "identifier")
            for each in await register.database.ask(f"select * from {table}")
        ]
    )
    for known in (idcs, form.cnie, form.telephone, "Yassine", "ياسين"):
        assert known is not None
        assert known not in dump


async def test_what_is_submitted_is_frozen_under_a_hash_with_a_salt_and_told(centre: Centre) -> None:
    form = another()
    request = await centre.begin(form)
    number = await centre.number(request)
    await centre.submit(request)
    row = await centre.row(request)
    key = centre.register.keys.masters.unwrap(request, row["data_key"])
    document = json.loads(key.open(FORM, request, row["form"]))
    assert row["form_hash"] == content_hash(document)
    assert document["form"]["cnie"] == form.cnie
    assert row["due_at"] == NOW + timedelta(days=1)
    with pytest.raises(Conflict):
        await centre.amend(request, changed(form, cnie="ZZ1"))
    assert (await centre.row(request))["form"] == row["form"]
    owners = await centre.register.database.ask("select notice, channel from message where owner_id = $1", request)
    assert {(its["notice"], its["channel"]) for its in owners} == {
        ("ENROLMENT_RECEIVED", "SMS"),
        ("ENROLMENT_RECEIVED", "EMAIL"),
    }
    assert len(number) == 12


async def test_steps_that_do_not_follow_are_refused_and_change_nothing(centre: Centre) -> None:
    request = await centre.begin()
    for step in (centre.review, centre.accept, centre.reject):
        with pytest.raises(Conflict):
            await step(request)
    await centre.submit(request)
    for step in (centre.submit, centre.accept):
        with pytest.raises(Conflict):
            await step(request)
    await centre.review(request)
    with pytest.raises(Conflict):
        await centre.review(request)
    await centre.evidence(request, "CNIE")
    assert await centre.accept(request)
    for step in (centre.review, centre.accept, centre.reject):
        with pytest.raises(Conflict):
            await step(request)
    assert await centre.state(request) == "ACCEPTED"


async def test_an_incomplete_draft_is_kept_and_not_handed_in_with_all_that_is_missing(centre: Centre) -> None:
    request = await centre.begin(Form(given_name_latin="Yassine"))
    with pytest.raises(Faulty) as refused:
        await centre.submit(request)
    assert faults(refused) == [
        (name, "MISSING") for name in ("family_name_ar", "birth_date", "sex", "nationality", "residence", "basis")
    ]
    await centre.amend(request, another())
    await centre.submit(request)
    assert await centre.state(request) == "SUBMITTED"


async def test_what_cannot_be_is_not_even_a_draft(centre: Centre) -> None:
    with pytest.raises(Faulty) as refused:
        await centre.begin(another(birth_date="2026-02-30", given_name_latin="ياسين", residence="06.999"))
    assert faults(refused) == [("given_name_latin", "WRONG_SCRIPT"), ("birth_date", "NOT_A_DATE")]
    with pytest.raises(Faulty) as refused:
        await centre.begin(another(residence="06.999"))
    assert faults(refused) == [("residence", "NOT_A_CODE")]
    assert await centre.register.count("enrolment") == 0
    assert await centre.register.count("identifier", "kind = 'RECEIPT'") == 0


# --- who


async def test_whoever_took_a_request_down_does_not_decide_on_it(centre: Centre) -> None:
    request = await centre.in_review()
    own = centre.making(grant="SUPERVISOR")
    with pytest.raises(Forbidden):
        await centre.accept(request, call=own)
    with pytest.raises(Forbidden):
        await centre.reject(request, call=own)
    assert await centre.state(request) == "IN_REVIEW"
    assert await centre.register.count("person", "person_id = $1", request) == 0


async def test_what_lies_elsewhere_is_not_there(centre: Centre) -> None:
    here, elsewhere = centre.making(grant=f"CENTRE_AGENT {CASABLANCA}"), centre.making(grant=f"CENTRE_AGENT {RABAT}")
    request = await centre.begin(another(residence=CASABLANCA), call=here)
    with pytest.raises(NotFound):
        await centre.submit(request, call=elsewhere)
    with pytest.raises(NotFound):
        await centre.amend(request, another(), call=elsewhere)
    with pytest.raises(Invalid):
        await centre.begin(another(residence=RABAT), call=here)
    with pytest.raises(Invalid):
        await centre.amend(request, another(residence=RABAT), call=here)
    await centre.submit(request, call=here)
    with pytest.raises(NotFound):
        await centre.review(request, call=centre.deciding(grant=f"SUPERVISOR {RABAT}"))
    decider = centre.deciding(grant=f"SUPERVISOR {RABAT}")
    with pytest.raises(NotFound):
        await centre.register.read(lambda r: enrolment_views.request_made(r, elsewhere, enrolment=request), elsewhere)
    with pytest.raises(NotFound):
        await centre.register.read(lambda r: enrolment_views.request_decided(r, decider, enrolment=request), decider)
    assert await centre.register.count("ledger_entry") == 0


async def test_nobody_is_enrolled_where_nothing_is_open(register: Register) -> None:
    centre = await Centre(register).set_up(opened=False)
    request = await centre.begin(another(residence=CASABLANCA))
    with pytest.raises(Faulty) as refused:
        await centre.submit(request)
    assert faults(refused) == [("residence", "NOT_OPEN")]
    for division, on in ((RABAT, TODAY), (CASABLANCA, TODAY + timedelta(days=1))):
        await centre.open(division, on)
        with pytest.raises(Faulty):
            await centre.submit(request)
    await centre.open("06")
    await centre.submit(request)
    await centre.review(request)
    await centre.evidence(request, "CNIE")
    await centre.close("06")
    with pytest.raises(Faulty) as refused:
        await centre.accept(request)
    assert faults(refused) == [("enrolment", "NOT_OPEN")]
    assert await register.count("person", "person_id = $1", request) == 0


# --- documents and relatives


async def test_without_its_evidence_nobody_is_accepted(centre: Centre) -> None:
    request = await centre.in_review(evidence=())
    with pytest.raises(Faulty) as refused:
        await centre.accept(request)
    assert faults(refused) == [("enrolment", "EVIDENCE_MISSING")]
    await centre.evidence(request, "PHOTO")
    with pytest.raises(Faulty):
        await centre.accept(request)
    await centre.evidence(request, "CNIE")
    assert await centre.accept(request)


async def test_a_minor_is_enrolled_with_a_guardian_who_is_told(centre: Centre) -> None:
    register = centre.register
    guardian = await register.person(given_name_latin="Nadia", given_name_ar="نادية", family_name_latin="Rami")
    form = changed(MINOR, guardian=guardian.idcs.text, mother=guardian.idcs.text)
    request = await centre.enrolled(form, evidence=("BIRTH_RECORD",))
    bonds = await register.database.ask("select kind, relative_id from relative where person_id = $1 order by kind", request)
    assert [tuple(its) for its in bonds] == [("GUARDIAN", guardian.person_id), ("MOTHER", guardian.person_id)]
    assert (await centre.row(request))["applicant_id"] == guardian.person_id
    assert {channel for channel, _, _ in await register.told(guardian.person_id, "ENROLMENT_ACCEPTED")} == {"SMS", "EMAIL"}
    assert sorted(leaf["field"] for leaf, _ in await register.entries(guardian.person_id)) == [
        *("acceptEnrolment", "reviewEnrolment", "submitEnrolment")
    ]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"birth_date": PartialDate(2012)}, None, "TOO_YOUNG"),
        ({}, "SUSPENDED", "NOT_REGISTERED"),
        ({}, "DECEASED", "NOT_REGISTERED"),
        ({}, "CANCELLED", "NOT_REGISTERED"),
    ],
)
async def test_a_guardian_is_active_of_age_and_older(
    centre: Centre, changes: dict[str, Any], status: str | None, code: str
) -> None:
    guardian = await centre.register.person(**changes)
    if status is not None:
        await centre.register.database.ask("update person set status = $1 where person_id = $2", status, guardian.person_id)
    request = await centre.begin(changed(MINOR, guardian=guardian.idcs.text))
    with pytest.raises(Faulty) as refused:
        await centre.submit(request)
    assert faults(refused) == [("guardian", code)]


async def test_relatives_whom_nobody_knows_are_all_told_at_once(centre: Centre) -> None:
    request = await centre.begin(changed(MINOR, guardian="2516116556", mother="2516116560", father="2516116573"))
    with pytest.raises(Faulty) as refused:
        await centre.submit(request)
    assert faults(refused) == [(name, "NOT_REGISTERED") for name in ("guardian", "mother", "father")]


async def test_residents_of_other_nationalities_and_births_by_year_alone_are_enrolled(centre: Centre) -> None:
    foreigner = await centre.enrolled(FOREIGNER, evidence=("RESIDENCE_PERMIT",))
    old = await centre.enrolled(another(birth_date="1941", given_name_latin="Hlima", given_name_ar="حليمة", sex="F"))
    register = centre.register
    for person, part, value in ((foreigner, "nationality", "SEN"), (old, "birth_date", "1941")):
        (row,) = await register.database.ask("select * from person where person_id = $1", person)
        key = register.keys.masters.unwrap(person, row["data_key"])
        assert key.open(f"person.{part}", person, row[part]) == value


# --- doubles


async def test_the_same_person_again_stays_in_review_with_a_case_and_nobody_outside_is_told(centre: Centre) -> None:
    register, form = centre.register, another()
    first = await centre.enrolled(form)
    again = changed(form, telephone=None, email="again@example.org", family_name_latin="Alaoui")
    request = await centre.in_review(again)
    (case,) = await register.database.ask("select * from duplicate_case")
    assert (case["person_id"], case["other_id"], case["state"], case["origin"]) == (request, first, "OPEN", "COMPARISON")
    assert not any(value in str(case["fields"]) for value in (str(form.cnie), "Yassine"))
    with pytest.raises(Faulty) as refused:
        await centre.accept(request)
    assert faults(refused) == [("enrolment", "CASE_OPEN")]
    for state, code in (("SAME", "FOUND_TWICE"),):
        await _decide(register, state)
        with pytest.raises(Faulty) as refused:
            await centre.accept(request)
        assert faults(refused) == [("enrolment", code)]
    await centre.reject(request, Reason.DUPLICATE)
    assert await register.count("person", "status <> 'DECOY'") == 1
    (told,) = await register.database.ask(
        "select count(*) as n from message where owner_id = $1 and notice = 'ENROLMENT_REJECTED'", request
    )
    assert told["n"] == 1


async def test_a_card_of_another_person_is_a_case_whatever_the_names(centre: Centre) -> None:
    register, form = centre.register, another()
    await centre.enrolled(form)
    other = another(
        cnie=form.cnie,
        given_name_latin="Salma",
        given_name_ar="سلمى",
        family_name_latin="Berrada",
        sex="F",
        family_name_ar="برادة",
        birth_date="1975-01-09",
        father_name="Omar Berrada",
        mother_name="Zineb Fassi",
    )
    request = await centre.in_review(other)
    assert await register.count("duplicate_case", "person_id = $1 and state = 'OPEN'", request) == 1
    # Decided to be somebody else, the card is still another's: nobody has it twice.
    await _decide(register, "DIFFERENT")
    with pytest.raises(Conflict):
        await centre.accept(request)
    assert await register.count("person", "person_id = $1", request) == 0
    assert await centre.state(request) == "IN_REVIEW"


async def test_two_requests_of_one_person_accepted_at_one_instant_make_one_person(centre: Centre) -> None:
    register = centre.register
    form = another()
    forms = [form, changed(form, cnie=None, telephone=None, email=None)]
    requests = [await centre.in_review(forms[0]), await centre.in_review(forms[1], evidence=("BIRTH_RECORD",))]
    assert await register.count("duplicate_case") == 0
    accepted = await asyncio.gather(*(centre.accept(request) for request in requests))
    assert sorted(accepted) == [False, True]
    assert await register.count("person", "status <> 'DECOY'") == 1
    assert await register.count("duplicate_case", "state = 'OPEN'") == 1
    assert sorted([await centre.state(request) for request in requests]) == ["ACCEPTED", "IN_REVIEW"]
    assert await register.count("message", "notice = 'ENROLMENT_ACCEPTED'") == 2 * (
        await centre.state(requests[0]) == "ACCEPTED"
    )


async def test_an_acceptance_that_fails_in_its_last_step_leaves_nothing(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await centre.in_review()
    tables = ("person", "identifier", "blocking_key", "person_revision", "relative", "message", "duplicate_case", "job")
    before = {table: await centre.register.count(table) for table in tables}
    issued = await centre.register.database.ask("select numbers_issued from instance")

    async def dies(*_: Any, **__: Any) -> None:
        raise RuntimeError("the process ends here")

    monkeypatch.setattr("identity.acceptance.tell_applicant", dies)
    with pytest.raises(RuntimeError):
        await centre.accept(request)
    assert {table: await centre.register.count(table) for table in tables} == before
    assert await centre.register.database.ask("select numbers_issued from instance") == issued
    assert await centre.state(request) == "IN_REVIEW"
    monkeypatch.undo()
    assert await centre.accept(request)


# --- refusing, lapsing


async def test_a_refusal_has_a_reason_of_the_list_and_is_told(centre: Centre) -> None:
    request = await centre.in_review()
    with pytest.raises(Invalid):
        await centre.reject(request, Reason.LAPSED)
    await centre.reject(request, Reason.NOT_RESIDENT)
    row = await centre.row(request)
    assert (row["state"], row["reason"], row["decided_by"]) == ("REJECTED", "NOT_RESIDENT", centre.decider.account)
    assert await centre.register.count("message", "owner_id = $1 and notice = 'ENROLMENT_REJECTED'", request) == 2
    assert await centre.register.count("person", "person_id = $1", request) == 0


async def test_a_draft_lapses_by_its_date_and_is_erased_by_the_sweep(centre: Centre) -> None:
    request = await centre.begin()
    late = NOW + DRAFT_LIFETIME
    with pytest.raises(Conflict):
        await centre.amend(request, another(), call=centre.making(late))
    with pytest.raises(Conflict):
        await centre.submit(request, call=centre.making(late))
    by = centre.making(late)
    shown = await centre.register.read(lambda r: enrolment_views.request_made(r, by, enrolment=request, wanted=NAMES), by)
    assert (shown.state, shown.reason, shown.form) == (State.REJECTED, Reason.LAPSED, None)
    assert await centre.state(request) == "DRAFT"
    await forget_lapsed(centre.register.database, late - MINUTE)
    assert await centre.state(request) == "DRAFT"
    await forget_lapsed(centre.register.database, late)
    row = await centre.row(request)
    assert (row["state"], row["reason"], row["data_key"], row["form"]) == ("REJECTED", "LAPSED", None, None)
    assert row["decided_at"] == late


async def test_files_of_a_draft_that_lapsed_are_forgotten_with_it(centre: Centre) -> None:
    lapsed, kept = await centre.begin(), await centre.in_review(_someone_else())
    await centre.evidence(lapsed, "PHOTO")
    await forget_lapsed(centre.register.database, NOW + DRAFT_LIFETIME)
    assert await centre.register.count("evidence", "person_id = $1", lapsed) == 0
    assert await centre.register.count("evidence", "person_id = $1", kept) == 1


async def test_what_was_refused_is_erased_after_a_while_and_what_was_accepted_is_kept(centre: Centre) -> None:
    refused, accepted = await centre.in_review(), await centre.enrolled(_someone_else())
    await centre.reject(refused)
    database = centre.register.database
    await forget_lapsed(database, NOW + ERASED_AFTER - MINUTE)
    assert (await centre.row(refused))["form"] is not None
    await forget_lapsed(database, NOW + ERASED_AFTER)
    assert (await centre.row(refused))["form"] is None
    assert (await centre.row(accepted))["form"] is not None


# --- pre-registration


async def test_somebody_without_an_account_comes_back_to_their_draft_by_number_and_code(centre: Centre) -> None:
    register = centre.register
    form = another(given_name_latin="Salma", given_name_ar="سلمى")
    draft = await centre.pre_register(form)
    number, call = await centre.number(draft.enrolment), at_the_door()
    typed = draft.secret.lower().replace("-", " ")

    async def look(code: str) -> enrolment_views.EnrolmentView:
        await centre.count(number, call=call)
        assert await centre.right(number, code, call=call) == draft.enrolment
        return await register.read(
            lambda r: enrolment_views.own_request(r, call, receipt=number, code=code, wanted=NAMES), call
        )

    view = await look(typed)
    assert view.form is not None
    name: Any = view.form.person.name
    assert (name.given.latin, view.state, view.expires_at) == ("Salma", State.DRAFT, NOW + DRAFT_LIFETIME)
    row = await centre.row(draft.enrolment)
    assert draft.secret not in str(dict(row))
    assert len(row["secret_hash"]) == 16
    await centre.amend_own(number, draft.secret, changed(form, given_name_latin="Selma"), call=call)
    # At the centre it is taken up by its number alone, and handed in.
    by = centre.making()
    found = (await register.read(lambda r: enrolment_views.request_made(r, by, receipt=number), by)).id
    assert found == draft.enrolment
    await centre.submit(found)
    with pytest.raises(Conflict):
        await centre.amend_own(number, draft.secret, another(), call=call)
    await centre.review(found)
    await centre.evidence(found, "CNIE")
    with pytest.raises(Forbidden):  # nobody began it by name, but this agent handed it in
        await centre.accept(found, call=centre.making(grant="SUPERVISOR"))
    assert await centre.accept(found)
    assert (await look(draft.secret)).state is State.ACCEPTED


async def test_a_wrong_code_and_a_number_that_nobody_has_are_answered_alike_and_counted(centre: Centre) -> None:
    call = at_the_door()
    draft = await centre.pre_register()
    number = await centre.number(draft.enrolment)
    other = await centre.pre_register()
    answers = []
    for receipt, code in ((number, other.secret), (number, ""), (number, "x" * 10_000), (drawn(), draft.secret)):
        await centre.count(receipt, call=call)
        for door in (centre.right(receipt, code, call=call), centre.amend_own(receipt, code, another(), call=call)):
            with pytest.raises(Invalid) as refused:
                await door
            answers.append((refused.value.message, refused.value.path))
    assert len(set(answers)) == 1
    for _ in range(pre_registration.LOOKS_PAIR.limit - 3):
        await centre.count(number, call=call)
    with pytest.raises(RateLimited):
        await centre.count(number, call=call)
    # From elsewhere the applicant still gets in, and what was right is given back.
    home = at_the_door(address="198.51.100.9")
    for _ in range(pre_registration.LOOKS_PAIR.limit + 5):
        await centre.count(number, call=home)
        assert await centre.right(number, draft.secret, call=home) == draft.enrolment


async def test_drafts_are_for_pages_alone_and_few_of_them_from_one_address(centre: Centre) -> None:
    register = centre.register
    for call in (at_the_door(address=None), centre.making()):
        with pytest.raises(Forbidden):
            await centre.pre_register(call=call)
    assert await register.count("enrolment") == 0
    for _ in range(pre_registration.DRAFTS.limit):
        await centre.pre_register(Form())
    with pytest.raises(RateLimited):
        await centre.pre_register(Form())
    assert await register.count("enrolment") == pre_registration.DRAFTS.limit


# --- what is shown


async def test_what_was_declared_is_told_through_an_entry_and_lists_tell_nothing_of_people(centre: Centre) -> None:
    register = centre.register
    request = await centre.in_review(evidence=())
    by = centre.deciding()
    shown = await register.read(
        lambda r: enrolment_views.request_decided(r, by, enrolment=request, wanted=(*NAMES, "person.cnie", GUARDIANS)), by
    )
    assert shown.form is not None
    assert (shown.form.guarded, shown.form.person.telephone) == (False, None)
    assert shown.evidence_needed == [["CNIE"]]
    assert [obstacle.value for obstacle in shown.obstacles] == ["EVIDENCE_MISSING"]
    assert not shown.own
    (row,) = await register.database.ask(
        """select sealed, entry_id from ledger_entry where subject_id = $1
              and convert_from(leaf, 'UTF8')::jsonb ->> 'field' = 'enrolment'""",
        request,
    )
    key = register.keys.masters.unwrap(request, (await centre.row(request))["data_key"])
    details = json.loads(key.open("ledger.details", row["entry_id"], row["sealed"]))
    assert set(details["uses"]) == {*NAMES, "person.cnie", GUARDIANS}
    before = await register.count("ledger_entry")
    page = await register.read(lambda r: enrolment_views.requests_decided(r, by, state=State.IN_REVIEW), by)
    assert [edge.node.id for edge in page.edges] == [request]
    assert page.edges[0].node.form is None
    assert await register.count("ledger_entry") == before


async def test_the_queue_is_in_the_order_of_deadlines_page_by_page(centre: Centre) -> None:
    requests = []
    for minutes in (3, 1, 2):
        request = await centre.begin(_someone_else())
        await centre.submit(request, call=centre.making(NOW + minutes * MINUTE))
        requests.append(request)
    by = centre.deciding(NOW + 9 * MINUTE)

    async def shown(after: str | None) -> Page[enrolment_views.EnrolmentView]:
        return await centre.register.read(
            lambda r: enrolment_views.requests_decided(r, by, state=State.SUBMITTED, first=2, after=after), by
        )

    first = await shown(None)
    second = await shown(first.page_info.end_cursor)
    assert [edge.node.id for edge in (*first.edges, *second.edges)] == [requests[1], requests[2], requests[0]]
    assert not second.page_info.has_next_page


async def test_unknown_requests_are_not_found(centre: Centre) -> None:
    by, number = centre.making(), drawn()
    with pytest.raises(NotFound):
        await centre.register.read(lambda r: enrolment_views.request_made(r, by, enrolment=uuid4()), by)
    with pytest.raises(NotFound):
        await centre.register.read(lambda r: enrolment_views.request_made(r, by, receipt=number), by)
    with pytest.raises(NotFound):
        await centre.submit(uuid4())


_names = iter(
    [("Salma", "سلمى"), ("Hamza", "حمزة"), ("Ilyas", "إلياس"), ("Rania", "رانيا"), ("Zineb", "زينب"), ("Mounir", "منير")] * 5
)


def _someone_else() -> Form:
    latin, arabic = next(_names)
    return another(given_name_latin=latin, given_name_ar=arabic, birth_date="1970-08-20", father_name=None, mother_name=None)


async def _decide(register: Register, state: str) -> None:
    await register.database.ask("update duplicate_case set state = $1, decided_at = $2", state, NOW)
