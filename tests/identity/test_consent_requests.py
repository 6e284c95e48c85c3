"""Agencies ask for consent: for what agreement and notice cover, and without learning who is on record."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, Purpose
from access.consent_records import By, Method
from access.consent_revisions import record_of
from access.consent_states import Frequency, State, Window, window_ends
from access.decision import Status
from access.reading import Reading
from core import paging
from core.database import raw
from core.errors import Forbidden, Invalid, NotFound, RateLimited, Unauthenticated
from core.ids import uuid7
from identity import consent_requests
from identity.consent_requests import MAX_OPEN
from identity.consent_views import AgencyConsentView
from identity.imports import LoadedPerson, NewLock
from identity.numbers import TokenKind, pairwise_token
from identity.store import DECOY
from tests.access.enrolled import NOW, Enrol
from tests.identity.asking import DAY, THREE, Fund, answer, by_link, citizen, pause, shown, wish, withdraw
from tests.identity.registered import ISSUER, MINUTE, RABAT, STRANGER, Register

LOCK = NewLock(frozenset(Purpose), mandated_too=True)


@pytest.fixture
async def fund(register: Register) -> Fund:
    return await Fund.of(register)


async def refused(fund: Fund, amina: LoadedPerson, **changes: Any) -> tuple[Any, ...]:
    """The path of what is wrong with a request, which leaves nothing behind, and is wrong of a preview too."""
    before = await fund.register.rows(), await fund.register.count("consent")
    with pytest.raises(Invalid) as refusal:
        await fund.ask(amina.idcs.text, **changes)
    wished = changes.pop("wished", None) or wish(**changes)
    with pytest.raises(Invalid) as preview:
        await previewed(fund, wished)
    assert (preview.value.message, preview.value.path) == (refusal.value.message, refusal.value.path)
    assert (await fund.register.rows(), await fund.register.count("consent")) == before
    return refusal.value.path


async def previewed(fund: Fund, wished: consent_requests.Wish, idcs: str = STRANGER) -> consent_requests.Preview:
    call = fund.call()
    return await fund.register.read(lambda r: consent_requests.preview_consent(r, call, wish=wished, idcs=idcs), call)


# What is asked


async def test_a_request_by_message_waits_for_two_weeks_and_is_told(register: Register, fund: Fund) -> None:
    amina = await register.person()
    made = await fund.ask(amina.idcs.text, reference="case-7", frequency=Frequency(3, Window.IN_ALL))
    row, (first,) = await fund.row(made), await fund.links(made)
    assert (row["person_id"], row["agency_id"], row["state"]) == (amina.person_id, fund.member.agency_id, "REQUESTED")
    assert (row["requested"], row["attributes"]) == (list(THREE), [])
    assert (row["answer_by"], row["valid_from"], row["valid_to"]) == (NOW + 14 * DAY, NOW, NOW + 90 * DAY)
    assert (row["uses"], row["per"], row["data_life_days"], row["reference"]) == (3, "IN_ALL", 180, "case-7")
    assert (row["method"], row["link_hash"], row["revision"], row["chain_hash"]) == ("NOTICE", None, 1, first.hash)
    evidence = record_of(first).evidence
    assert (evidence.by, evidence.account, evidence.session) == (By.AGENCY, None, None)
    ((channel, recipient, words),) = await register.told(amina.person_id, "CONSENT_ASKED")
    assert (channel, recipient) == ("SMS", register.telephone(amina))
    assert "طلب موافقة" in words


async def test_a_request_by_link_waits_for_ten_minutes_and_only_the_link_is_told(register: Register, fund: Fund) -> None:
    amina = await register.person()
    made, token = await fund.link(amina.idcs.text)
    row = await fund.row(made)
    assert (row["method"], row["answer_by"], row["link_hash"]) == ("LINK", NOW + 10 * MINUTE, sha256(token.encode()).digest())
    assert await register.count("message") == 0
    view = await fund.seen(made)
    assert consent_requests.link_of(view, register.keys, ISSUER) == f"{ISSUER}/consent/{token}"
    assert len(token) == 22
    found = await by_link(register, citizen(amina.person_id), token)
    assert found is not None
    assert found.terms.consent_id == made
    assert token not in str(dict(row)), "the token itself is kept nowhere"


async def test_the_officer_who_asks_is_named_with_the_office(register: Register, fund: Fund) -> None:
    amina, officer = await register.person(), await fund.officer()
    made = await fund.ask(amina.idcs.text, call=officer)
    evidence = record_of((await fund.links(made))[0]).evidence
    assert (evidence.by, evidence.account, evidence.office) == (By.AGENCY, officer.actor.account, officer.actor.office)


async def test_a_ward_is_asked_through_the_guardian_and_who_cannot_be_reached_is_not_told(
    register: Register, fund: Fund
) -> None:
    guardian, ward = await register.guardian_and_ward()
    await fund.ask(ward.idcs.text)
    assert len(await register.told(guardian.person_id, "CONSENT_ASKED")) == 1
    silent = await register.person(telephone=None, email=None)
    made = await fund.ask(silent.idcs.text)
    assert (await fund.row(made))["person_id"] == silent.person_id
    assert len(await register.told(DECOY, "CONSENT_ASKED")) == 1, "the message is for nobody, and is never sent"
    by_mail = await register.person(telephone=None)
    made = await fund.ask(by_mail.idcs.text)
    ((channel, _, words),) = await register.told(by_mail.person_id)
    assert channel == "EMAIL"
    assert f"{ISSUER}/consents/{made}" in words


async def test_what_agreement_and_notice_do_not_cover_is_not_asked(register: Register, fund: Fund) -> None:
    amina = await register.person()
    for path, changes in (
        (("attributes", 1), {"wished": wish("person.given_name", "person.shoe_size")}),
        (("attributes", 0), {"wished": wish("person.cnie")}),  # nothing of the agreement's
        (("attributes", 1), {"wished": wish("household.size", "person.sex")}),  # nothing of the notice's
        (("attributes", 2), {"wished": wish("household.size", "person.given_name", "household.size")}),
        (("attributes",), {"wished": replace(wish(), attributes=())}),
        (("validDays",), {"valid_days": 366}),
        (("validDays",), {"valid_days": 0}),
        (("validDays",), {"valid_days": 10**12}),
        (("validDays",), {"valid_days": None}),
        (("validDays",), {"wished": replace(wish(), valid_to=NOW + DAY)}),
        (("validTo",), {"valid_to": NOW}),
        (("validTo",), {"valid_to": NOW + 365 * DAY + timedelta(microseconds=1)}),
        (("validDays",), {"valid_days": 300}),  # the agreement ends before
        (("method",), {"method": Method.IMPORTED}),
        (("method",), {"method": Method.ASSISTED}),
        (("reference",), {"reference": "a reference"}),
        (("purpose",), {"purpose": Purpose.PAYMENT}),  # of the agreement, but without a notice
    ):
        assert await refused(fund, amina, **changes) == path, changes
    with pytest.raises(Invalid) as refusal:
        consent_requests.frequency(0, Window.DAY)
    assert refusal.value.path == ("frequency", "uses")
    assert await fund.ask(amina.idcs.text, valid_to=NOW + 292 * DAY), "to the day that the agreement ends"


async def test_a_purpose_of_no_agreement_is_forbidden_and_under_a_mandate_nobody_is_asked(
    register: Register, fund: Fund
) -> None:
    amina = await register.person()
    with pytest.raises(Forbidden):
        await fund.ask(amina.idcs.text, purpose=Purpose.ENROLMENT)
    limited = await fund.officer(purposes=[Purpose.PAYMENT])
    with pytest.raises(Forbidden):
        await fund.ask(amina.idcs.text, call=limited)
    dates = {"valid_from": "2026-01-01T00:00:00+00:00", "valid_to": "2027-01-01T00:00:00+00:00"}
    from_law = {"purpose": "SERVICE_DELIVERY", "attributes": list(THREE), **dates}
    await Enrol(register.database).mandate(fund.member, **from_law)
    assert await refused(fund, amina) == ("purpose",)


async def test_the_newest_notice_that_has_begun_counts(register: Register, fund: Fund) -> None:
    amina = await register.person()
    await fund.publish(version=4, longest_days=10)
    await fund.publish(version=5, longest_days=1, valid_from=(NOW + DAY).isoformat())
    assert await refused(fund, amina, valid_days=11) == ("validDays",)
    made = await fund.ask(amina.idcs.text, valid_days=10)
    assert (await fund.seen(made)).terms.notice_version == 4


async def test_a_suspended_agency_asks_for_nothing(register: Register, fund: Fund) -> None:
    amina = await register.person()
    await fund.suspend()
    with pytest.raises(Unauthenticated):
        await fund.ask(amina.idcs.text)
    with pytest.raises(Unauthenticated):
        await previewed(fund, wish())
    assert await register.count("consent") == 0


async def test_what_is_no_subject_is_refused(fund: Fund) -> None:
    for path, subject in (
        (("idcs",), {"idcs": "123", "token": None}),
        (("token",), {"idcs": None, "token": "abc"}),
        ((), {"idcs": None, "token": None}),
        ((), {"idcs": STRANGER, "token": "abc"}),
    ):
        with pytest.raises(Invalid) as refusal:
            await fund.ask(**subject)
        assert refusal.value.path == path


# No oracle


async def unaskable(register: Register) -> dict[str, str]:
    """IDCS of people who are answered for as if nobody had the number."""
    return {
        "deceased": (await register.person(status=Status.DECEASED)).idcs.text,
        "cancelled": (await register.person(status=Status.CANCELLED)).idcs.text,
        "suspended": (await register.person(status=Status.SUSPENDED)).idcs.text,
        "locked": (await register.person(locked=LOCK)).idcs.text,
        "elsewhere": (await register.person(residence=RABAT)).idcs.text,
        "nowhere": (await register.person(residence=None)).idcs.text,
        "unknown": STRANGER,
    }


@pytest.mark.parametrize("method", [Method.LINK, Method.NOTICE])
async def test_of_nobody_the_same_statements_write_the_same_rows(register: Register, method: Method) -> None:
    fund = await Fund.of(register, territory=["06"])
    amina, nobodies = await register.person(), await unaskable(register)
    await counted(await Fund.of(register, "FIRST"), STRANGER, method, [])  # the driver asks for types once
    written_before = await register.count("message", "owner_id = $1", DECOY)
    found: dict[str, Any] = {}
    for name, idcs in {"known": amina.idcs.text, **nobodies}.items():
        asked: list[str] = []
        before = await rows(register)
        made = await counted(fund, idcs, method, asked)
        after = await rows(register)
        row = dict(await fund.row(made))
        assert row["person_id"] == (amina.person_id if name == "known" else DECOY)
        written = {table: after[table] - before[table] for table in after}
        view = await fund.seen(made)
        told = replace(view.terms, consent_id=DECOY), view.link_hash is None
        same = {name for name in row if row[name] is not None}
        lengths = {name: len(row[name]) for name in ("requested", "attributes", "chain_hash")}
        found[name] = asked, written, told, same, lengths
    for name, each in found.items():
        assert each == found["known"], name
    kinds = [" ".join(sql.split())[:26] for sql in found["known"][0]]
    assert kinds.count("INSERT INTO consent_revisi") == kinds.count("insert into throttle as t ") == 1
    assert found["known"][1] == {
        "consent": 1,
        "consent_revision": 1,
        "throttle": 1,
        "message": int(method is Method.NOTICE),
        "job": int(method is Method.NOTICE),
    } | {table: 0 for table in found["known"][1] if table not in ("consent", "consent_revision", "throttle", "message", "job")}
    owners = await register.database.ask("select owner_id, count(*) as n from message group by owner_id")
    expected = {} if method is Method.LINK else {amina.person_id: 1, DECOY: len(nobodies) + written_before}
    assert {row["owner_id"]: row["n"] for row in owners} == expected


async def rows(register: Register) -> dict[str, int]:
    return dict(await register.rows()) | {t: await register.count(t) for t in ("consent", "consent_revision", "counter")}


async def counted(fund: Fund, idcs: str, method: Method, asked: list[str]) -> UUID:
    """A request whose statements are noted."""
    call = fund.call()

    async def work(connection: AsyncConnection, reading: Reading) -> UUID:
        driver, wished = await raw(connection), wish(method=method)
        event.listen(connection.sync_connection, "before_cursor_execute", lambda *of: asked.append(of[2]))
        with driver.query_logger(lambda record: asked.append(record.query)):
            return await consent_requests.request_consent(connection, call, reading, wish=wished, issuer=ISSUER, idcs=idcs)

    return await fund.register.change(work, call)


async def test_a_link_to_nobody_leads_to_nobody(register: Register, fund: Fund) -> None:
    amina = await register.person()
    _, token = await fund.link(STRANGER)
    assert await by_link(register, citizen(amina.person_id), token) is None


@pytest.mark.parametrize("known", [True, False])
async def test_only_a_few_requests_to_one_subject_are_open_whoever_it_is(register: Register, fund: Fund, known: bool) -> None:
    amina = await register.person()
    idcs = amina.idcs.text if known else STRANGER
    for _ in range(MAX_OPEN):
        await fund.ask(idcs)
    before = await register.rows(), await register.count("consent")
    for method in (Method.NOTICE, Method.LINK):
        with pytest.raises(RateLimited) as refusal:
            await fund.ask(idcs, method=method)
        assert refusal.value.retry_after == 14 * 24 * 3600 + 1
    assert (await register.rows(), await register.count("consent")) == before
    other = await Fund.of(register, "OTHER")
    await other.ask(idcs)
    await fund.ask((await register.person()).idcs.text)
    later = fund.call(NOW + 14 * DAY)
    await fund.ask(idcs, call=later)


async def test_a_link_takes_its_place_for_ten_minutes(register: Register, fund: Fund) -> None:
    for _ in range(MAX_OPEN):
        await fund.link(STRANGER)
    with pytest.raises(RateLimited) as refusal:
        await fund.link(STRANGER, call=fund.call(NOW + 9 * MINUTE))
    assert refusal.value.retry_after == 61
    await fund.link(STRANGER, call=fund.call(NOW + 10 * MINUTE))


async def test_what_is_answered_still_takes_its_place_and_names_of_a_subject_are_counted_together(
    register: Register, fund: Fund
) -> None:
    """Nobody is asked again and again until they give in, nor by number and token in turn."""
    amina = await register.person()
    token = pairwise_token(TokenKind.PERSON, amina.person_id, fund.member.agency_id, register.keys.tokens)
    for number in range(MAX_OPEN):
        made = await (fund.ask(amina.idcs.text) if number % 2 else fund.ask(None, token=token))
        await answer(register, citizen(amina.person_id), made)
    with pytest.raises(RateLimited):
        await fund.ask(amina.idcs.text)


async def test_of_many_requests_at_once_only_so_many_are_taken(register: Register, fund: Fund) -> None:
    outcomes = await asyncio.gather(*(fund.ask(STRANGER) for _ in range(3 * MAX_OPEN)), return_exceptions=True)
    assert sum(isinstance(outcome, RateLimited) for outcome in outcomes) == 2 * MAX_OPEN
    assert await register.count("consent") == MAX_OPEN


async def test_a_request_costs_a_point_and_a_spent_minute_is_refused(register: Register) -> None:
    fund, costs = await Fund.of(register, points_per_minute=1), []
    call = fund.call()

    async def work(connection: AsyncConnection, reading: Reading) -> None:
        await consent_requests.request_consent(connection, call, reading, wish=wish(), issuer=ISSUER, idcs=STRANGER)
        costs.append(reading.points)

    await register.change(work, call)
    assert costs == [1]
    await register.database.ask(
        "insert into counter (owner_id, agency_id, kind, window_end, used) values ($1, $1, 'POINTS', $2, 1)",
        *(fund.member.agency_id, NOW + MINUTE),
    )
    for again in (fund.ask(STRANGER), previewed(fund, wish())):
        with pytest.raises(RateLimited):
            await again
    assert await register.count("consent") == 1


# What the agency sees of it


async def test_an_agency_sees_its_own_and_never_whose(register: Register, fund: Fund) -> None:
    amina, other = await register.person(), await Fund.of(register, "OTHER")
    made = await fund.ask(amina.idcs.text, reference="case-7")
    view = await fund.seen(made)
    terms = view.terms
    assert (terms.state, terms.purpose, terms.reference) == (State.REQUESTED, Purpose.SERVICE_DELIVERY, "case-7")
    assert (list(terms.requested), list(terms.granted), terms.asked_at) == (list(THREE), [], NOW)
    assert str(amina.person_id) not in repr(view)
    for stranger in (other.call(), await other.officer()):
        with pytest.raises(NotFound):
            await fund.seen(made, call=stranger)
    with pytest.raises(NotFound):
        await fund.seen(uuid7(NOW))
    await answer(register, citizen(amina.person_id), made, "household.size")
    terms = (await fund.seen(made)).terms
    assert (terms.state, list(terms.granted)) == (State.GRANTED, ["household.size"])


async def test_an_officer_sees_the_purposes_that_are_theirs_alone(register: Register, fund: Fund) -> None:
    await fund.publish(purpose="PAYMENT")
    service = await fund.ask(STRANGER)
    payment = await fund.ask(STRANGER, call=fund.call(NOW + MINUTE), purpose=Purpose.PAYMENT)
    limited, whole = await fund.officer(purposes=[Purpose.PAYMENT]), await fund.officer()
    assert await listed(register, limited) == [payment]
    assert await listed(register, whole) == await listed(register, fund.call()) == [payment, service]
    with pytest.raises(NotFound):
        await fund.seen(service, call=limited)


async def page_of(register: Register, call: Call, after: str | None = None) -> paging.Page[AgencyConsentView]:
    return await register.read(lambda r: consent_requests.consents_asked(r, call, first=1, after=after), call)


async def listed(register: Register, call: Call) -> list[UUID]:
    """All, by pages of one, newest first."""
    found: list[UUID] = []
    after: str | None = None
    while True:
        page = await page_of(register, call, after)
        found += [edge.node.terms.consent_id for edge in page.edges]
        if not page.page_info.has_next_page:
            return found
        after = page.page_info.end_cursor


async def test_a_cursor_of_another_agency_is_refused(register: Register, fund: Fund) -> None:
    other = await Fund.of(register, "OTHER")
    for _ in range(2):
        await fund.ask(STRANGER)
    page = await page_of(register, fund.call())
    for after in (page.page_info.end_cursor, "", "abc"):
        with pytest.raises(Invalid):
            await page_of(register, other.call(), after)


async def test_states_come_by_themselves_and_uses_are_counted_down(register: Register, fund: Fund) -> None:
    amina = await register.person()
    over = await fund.ask(amina.idcs.text)
    daily = await fund.granted(amina, frequency=Frequency(3, Window.DAY), valid_days=30)
    in_all = await fund.granted(amina, frequency=Frequency(1, Window.IN_ALL))

    async def state(consent: UUID, now: Any = NOW) -> tuple[State, int | None]:
        terms = (await fund.seen(consent, call=fund.call(now))).terms
        return terms.state, terms.uses_left

    assert await state(over, NOW + 14 * DAY - MINUTE) == (State.REQUESTED, None)
    assert await state(over, NOW + 14 * DAY) == (State.LAPSED, None)
    assert await state(daily) == (State.GRANTED, 3)
    assert await state(daily, NOW + 30 * DAY) == (State.EXPIRED, None)
    for consent, window, used in ((daily, Window.DAY, 2), (in_all, Window.IN_ALL, 1)):
        await register.database.ask(
            "insert into counter (owner_id, agency_id, kind, window_end, used) values ($1, $2, 'CONSENT', $3, $4)",
            *(consent, fund.member.agency_id, window_ends(NOW)[list(Window).index(window)], used),
        )
    assert await state(daily) == (State.GRANTED, 1)
    assert await state(daily, NOW + DAY) == (State.GRANTED, 3), "the next day"
    assert await state(in_all) == (State.EXHAUSTED, None)
    await pause(register, citizen(amina.person_id), daily)
    assert await state(daily) == (State.PAUSED, 1)
    await withdraw(register, citizen(amina.person_id), daily)
    assert await state(daily) == (State.WITHDRAWN, None)


# The preview


async def test_a_preview_shows_what_the_person_will_be_shown_and_leaves_nothing(register: Register, fund: Fund) -> None:
    amina = await register.person()
    before = await register.rows(), await register.count("consent"), await register.count("counter")
    wished = wish(frequency=Frequency(2, Window.MONTH))
    preview = await previewed(fund, wished, amina.idcs.text)
    assert (await register.rows(), await register.count("consent"), await register.count("counter")) == before
    assert preview == replace(await previewed(fund, wished, STRANGER), record=preview.record), "nobody is looked up"
    made = await fund.ask(amina.idcs.text, wished=wished)
    view = await shown(register, citizen(amina.person_id), made)
    assert view is not None
    assert (view.notice, view.agency, view.agency_name) == (preview.notice, fund.member.agency_id, preview.agency_name)
    record, terms = preview.record, view.terms
    assert (sorted(record.requested), record.purpose, record.method) == (list(terms.requested), terms.purpose, terms.method)
    assert (record.answer_by, record.valid_from, record.valid_to) == (terms.answer_by, terms.valid_from, terms.valid_to)
    assert (record.frequency, record.data_life_days) == (terms.frequency, terms.data_life_days)
