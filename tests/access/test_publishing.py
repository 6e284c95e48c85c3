"""What is published stays as it is, what is stopped counts from that instant, and everybody sees just what they may."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from access import agency_views, authority
from access.agencies import (
    AGENCY_ENROLLED,
    AGENCY_KEY_ADDED,
    LONGEST_KEY,
    MAX_KEYS,
    code_of_agency,
    enrolment,
    new_key,
    revoke_key,
    suspend_agency,
)
from access.agency_views import AgencyDetails
from access.approval import Act
from access.authority import Documents
from access.call import Actor, ActorKind, Call, Purpose
from access.publishing import (
    AGREEMENT_PUBLISHED,
    MANDATE_PUBLISHED,
    NOTICE_PUBLISHED,
    publication,
    resumption,
    revoke_mandate,
    suspend_agreement,
)
from access.reading import Reading
from access.rights import Scope
from core.canonical import content_hash
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound, SijilError, Unauthenticated
from core.ids import uuid7
from core.keys import KeyRing
from tests.access.approving import CASES, LATER, NAMES, REGION, World, world
from tests.access.consenting import notice_document
from tests.access.enrolled import NOW, Enrol, Key, agreement_document, mandate_document

DAY = timedelta(days=1)


@pytest.fixture
async def here(database: Database, keys: KeyRing, clean: None) -> World:
    return await world(database, keys)


async def published(here: World, act: Act, document: dict[str, Any], at: datetime = NOW) -> str:
    hash_: str = (await here.at_the_machine(act, publication(document), at))["hash"]
    return hash_


async def asks(here: World, at: datetime = LATER) -> tuple[bool, bool]:
    """Whether the agency has an agreement in force at that instant, and a mandate for eligibility."""
    call = here.agency.call(at=at)
    rows = await here.database.ask(authority.alone(ActorKind.AGENCY), *authority.parameters(call, Purpose.ELIGIBILITY))
    return bool(rows) and rows[0]["agreement_hash"] is not None, bool(rows) and rows[0]["mandate_hash"] is not None


async def shown(here: World, who: str = "first", at: datetime = LATER) -> AgencyDetails:
    reading = Reading(here.database, here.keys, Documents())
    return await agency_views.agency(reading, await here.call(who, at), agency_id=here.agency.agency_id)


# --- notices


async def test_a_notice_reads_back_as_what_its_hash_names(here: World) -> None:
    document = notice_document(version=1)
    hash_ = await published(here, NOTICE_PUBLISHED, document, LATER)
    (row,) = await here.database.ask("select * from consent_notice")
    assert row["hash"].hex() == hash_ == content_hash(document).hex()
    assert orjson.loads(row["document"]) == document
    assert (row["agency_id"], row["purpose"], row["version"]) == (here.agency.agency_id, "SERVICE_DELIVERY", 1)
    assert (row["valid_from"], row["published_at"]) == (datetime.fromisoformat(document["valid_from"]), LATER)


async def test_the_versions_of_a_notice_follow_each_other_for_each_purpose(here: World) -> None:
    for purpose in ("SERVICE_DELIVERY", "ENROLMENT"):
        for version in (1, 2):
            for wrong in (version - 1, version + 1):
                with pytest.raises((Conflict, Invalid)) as refusal:
                    await published(here, NOTICE_PUBLISHED, notice_document(purpose=purpose, version=wrong))
                assert refusal.value.path == ("document", "version")
            await published(here, NOTICE_PUBLISHED, notice_document(purpose=purpose, version=version))
    rows = await here.database.ask("select purpose, version from consent_notice order by 1, 2")
    assert [tuple(row) for row in rows] == [(p, v) for p in ("ENROLMENT", "SERVICE_DELIVERY") for v in (1, 2)]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"agency": "fund"}, ("agency",)),
        ({"agency": "UNKNOWN"}, ("agency",)),
        ({"attributes": ["person.secret"]}, ("attributes", 0)),
        ({"texts": {"ar": {"title": "t", "body": "b", "why": "w"}}}, ("texts", "fr")),
        ({"more": 1}, ("more",)),
    ],
)
async def test_a_faulty_notice_is_refused_with_the_path_of_the_fault(here: World, changes: Any, path: Any) -> None:
    with pytest.raises((Invalid, NotFound)) as refusal:
        await published(here, NOTICE_PUBLISHED, notice_document(version=1) | changes)
    assert refusal.value.path == ("document", *path)
    assert await here.database.ask("select from consent_notice") == []


@pytest.mark.parametrize("document", [None, [], "text", 1, {}])
@pytest.mark.parametrize("act", [AGREEMENT_PUBLISHED, MANDATE_PUBLISHED, NOTICE_PUBLISHED], ids=lambda act: act.kind)
async def test_what_is_no_document_is_refused(here: World, act: Act, document: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        await here.at_the_machine(act, {"document": document})
    assert refusal.value.path == ("document",)


# --- agreements, mandates and keys


@pytest.mark.parametrize(
    ("act", "document", "path"),
    [
        (AGREEMENT_PUBLISHED, agreement_document("FUND", version=2, territory=["04", "MA-05"]), ("territory", 1)),
        (AGREEMENT_PUBLISHED, agreement_document("FUND", version=2, valid_to="2026-03-14T11:30:00+01:00"), ("valid_to",)),
        (MANDATE_PUBLISHED, mandate_document("FUND", valid_to="2026-03-14T10:30:00Z"), ("valid_to",)),
        (MANDATE_PUBLISHED, mandate_document("FUND", article="x\x00"), ("article",)),
        (AGREEMENT_PUBLISHED, agreement_document("NOBODY"), ("agency",)),
    ],
)
async def test_what_would_say_nothing_is_refused(here: World, act: Act, document: dict[str, Any], path: Any) -> None:
    before = await here.written()
    with pytest.raises((Invalid, NotFound)) as refusal:
        await published(here, act, document)
    assert refusal.value.path == ("document", *path)
    assert await here.written() == before


async def test_the_code_of_a_division_is_taken_at_every_level(here: World) -> None:
    territory = ["04", "05.081", "04.421.01.03", "04.421.01.03.1"]
    await published(here, AGREEMENT_PUBLISHED, agreement_document("FUND", version=2, territory=territory))
    assert (await shown(here)).agreements[0].territory == territory


async def test_an_older_agreement_does_not_come_back_when_the_newest_is_suspended_or_over(here: World) -> None:
    until = (LATER + DAY).isoformat()
    await published(here, AGREEMENT_PUBLISHED, agreement_document("FUND", version=2, valid_to=until))
    assert [each.in_force for each in (await shown(here)).agreements] == [True, False]
    await here.done(lambda c: suspend_agreement(c, here.machine(), agency=here.agency.agency_id, version=2))
    assert await asks(here) == (False, True)
    assert [each.in_force for each in (await shown(here)).agreements] == [False, False]
    await here.approve(await here.propose("AGREEMENT_RESUMED", {"agency": "FUND", "version": 2, "territory": None}, at=LATER))
    assert await asks(here) == (True, True)
    assert await asks(here, LATER + DAY) == (False, True)
    assert [each.in_force for each in (await shown(here, at=LATER + DAY)).agreements] == [False, False]


async def test_an_agreement_that_begins_later_waits_and_the_one_before_holds_until_then(here: World) -> None:
    begins = LATER + DAY
    await published(here, AGREEMENT_PUBLISHED, agreement_document("FUND", version=2, valid_from=begins.isoformat()))
    for at, version in ((begins - timedelta(seconds=1), 1), (begins, 2)):
        details = await shown(here, at=at)
        assert details.agreement is not None
        assert details.agreement.version == version
        assert await asks(here, at) == (True, True)


async def test_of_several_mandates_the_one_that_began_last_counts_and_a_revoked_one_does_not(here: World) -> None:
    later = mandate_document("FUND", valid_from="2026-02-01T00:00:00+00:00", article="Invented law 9")
    hash_ = await published(here, MANDATE_PUBLISHED, later)
    mandates = (await shown(here)).mandates
    assert [(each.hash == hash_, each.in_force) for each in mandates] == [(True, True), (False, False)]
    agency = await here.done(lambda c: revoke_mandate(c, here.machine(), mandate=UUID(mandates[0].id)))
    assert agency == here.agency.agency_id
    assert [each.in_force for each in (await shown(here)).mandates] == [False, True]
    await here.done(lambda c: revoke_mandate(c, here.machine(), mandate=UUID(mandates[1].id)))
    assert await asks(here) == (True, False)


async def test_what_was_stopped_stays_so_since_then(here: World) -> None:
    (mandate,) = await here.database.ask("select mandate_id from mandate")

    async def stopped(at: datetime) -> None:
        call = here.machine(at)
        await here.done(lambda c: suspend_agreement(c, call, agency=here.agency.agency_id, version=1))
        await here.done(lambda c: revoke_mandate(c, call, mandate=mandate["mandate_id"]))

    for at in (LATER, LATER + DAY):
        await stopped(at)
    assert [row["suspended_at"] for row in await here.database.ask("select suspended_at from agreement")] == [LATER]
    assert [row["revoked_at"] for row in await here.database.ask("select revoked_at from mandate")] == [LATER]


async def test_who_stopped_something_first_is_kept_and_told_to_staff_and_not_to_the_agency(here: World) -> None:
    (mandate,) = await here.database.ask("select mandate_id from mandate")
    its = here.agency.agency_id
    agent = here.agency.call(at=LATER)

    def stopped(details: agency_views.AgencyDetails) -> list[str | None]:
        ((key,), (agreement,), (told,)) = details.keys, details.agreements, details.mandates
        return [details.suspended_by, key.revoked_by, agreement.suspended_by, told.revoked_by]

    async def by_first_then_second(door: Callable[[AsyncConnection, Call], Awaitable[Any]]) -> None:
        for who, at in (("first", LATER), ("second", LATER + DAY)):
            call = await here.call(who, at)
            await here.done(lambda connection: door(connection, call))  # noqa: B023 awaited at once

    assert stopped(await shown(here)) == [None] * 4
    await by_first_then_second(lambda c, call: suspend_agreement(c, call, agency=its, version=1))
    await by_first_then_second(lambda c, call: revoke_mandate(c, call, mandate=mandate["mandate_id"]))
    reading = Reading(here.database, here.keys, Documents())
    assert stopped(await agency_views.my_agency(reading, agent)) == [None] * 4
    await by_first_then_second(lambda c, call: revoke_key(c, call, agency=its, kid=here.agency.key.kid))
    await by_first_then_second(lambda c, call: suspend_agency(c, call, agency=its))
    assert stopped(await shown(here, "second")) == [here.people["first"].name] * 4
    (edge,) = (await agency_views.agencies(reading, await here.call("regional"))).edges
    assert stopped(edge.node) == [here.people["first"].name] * 4
    stored = ["select suspended_by from agency", "select revoked_by from agency_key"]
    stored += ["select suspended_by from agreement", "select revoked_by from mandate"]
    assert [tuple((await here.database.ask(each))[0]) for each in stored] == [(here.people["first"].account,)] * 4


async def test_what_counts_again_was_suspended_by_nobody_and_what_the_machine_stopped_neither(here: World) -> None:
    its, first = here.agency.agency_id, await here.call("first")
    await here.done(lambda c: suspend_agreement(c, first, agency=its, version=1))
    await here.done(lambda c: suspend_agency(c, first, agency=its))
    await here.approve(await here.propose("AGENCY_RESUMED", {"agency": "FUND"}, at=LATER))
    code = here.code("third")
    proposal = await here.propose("AGREEMENT_RESUMED", {"agency": "FUND", "version": 1, "territory": [REGION]}, at=LATER)
    await here.approve(proposal, await here.call("third"), code=code)
    rows = await here.database.ask("select a.suspended_by, g.suspended_by from agency a join agreement g using (agency_id)")
    assert [tuple(row) for row in rows] == [(None, None)]
    await here.done(lambda c: suspend_agency(c, here.machine(), agency=its))
    details = await shown(here)
    assert (details.suspended_at, details.suspended_by) == (LATER, None)


async def test_what_is_not_there_is_not_stopped(here: World) -> None:
    nobody = uuid7(NOW)
    for work in (
        lambda c: suspend_agreement(c, here.machine(), agency=here.agency.agency_id, version=2),
        lambda c: suspend_agreement(c, here.machine(), agency=nobody, version=1),
        lambda c: revoke_mandate(c, here.machine(), mandate=nobody),
        lambda c: resumption(c, here.machine(), agency=here.agency.agency_id, version=7),
        lambda c: code_of_agency(c, here.machine(), agency=nobody),
    ):
        with pytest.raises(NotFound):
            await here.done(work)


@pytest.mark.parametrize(("who", "refusal"), [("regional", Forbidden), ("elsewhere", Forbidden)])
async def test_who_manages_one_region_stops_nothing_that_holds_beyond_it(
    here: World, who: str, refusal: type[SijilError]
) -> None:
    call, its = await here.call(who), here.agency.agency_id
    (mandate,) = await here.database.ask("select mandate_id from mandate")
    before = await here.written()
    works: list[Callable[[Any], Any]] = [
        lambda c: suspend_agency(c, call, agency=its),
        lambda c: revoke_key(c, call, agency=its, kid=here.agency.key.kid),
        lambda c: revoke_mandate(c, call, mandate=mandate["mandate_id"]),
    ]
    if who == "elsewhere":
        works.append(lambda c: suspend_agreement(c, call, agency=its, version=1))
    for work in works:
        with pytest.raises(refusal):
            await here.done(work)
    assert await here.written() == before


async def test_who_manages_one_region_stops_an_agreement_of_that_region(here: World) -> None:
    call = await here.call("regional")
    await here.done(lambda c: suspend_agreement(c, call, agency=here.agency.agency_id, version=1))
    assert await asks(here) == (False, True)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"valid_from": NOW - 2 * DAY, "valid_to": NOW}, ("valid_to",)),
        ({"valid_to": NOW + LONGEST_KEY + timedelta(seconds=1)}, ("valid_to",)),
        ({"kid": "a\x00b"}, ("kid",)),
        ({"jwk": {**Key.new().jwk, "y": "AA"}}, ("jwk", "y")),
        ({"jwk": {**Key.new().jwk, "key_ops": ["verify", "\x00"]}}, ("jwk", "key_ops", 1)),
        ({"jwk": []}, ("jwk",)),
    ],
)
async def test_a_key_that_is_not_one_to_keep_is_refused(here: World, changes: dict[str, Any], path: Any) -> None:
    key = Key.new()
    sound: dict[str, Any] = {"kid": "one", "alg": key.alg, "jwk": key.jwk, "valid_from": NOW, "valid_to": NOW + DAY}
    jwk = changes.get("jwk", sound["jwk"])
    change = dict(new_key("FUND", **(sound | changes | {"jwk": {}}))) | {"jwk": jwk if isinstance(jwk, list) else dict(jwk)}
    with pytest.raises(Invalid) as refusal:
        await here.at_the_machine(AGENCY_KEY_ADDED, change)
    assert refusal.value.path == path


async def test_an_instant_of_a_change_has_one_form(here: World) -> None:
    change = await CASES["AGENCY_KEY_ADDED"].change(here)
    for other in ("2026-03-14T11:30:00+01:00", "2026-03-14T10:30:00Z", "2026-03-14 10:30:00+00:00"):
        with pytest.raises(Invalid) as refusal:
            await here.at_the_machine(AGENCY_KEY_ADDED, change | {"valid_from": other})
        assert refusal.value.path == ("valid_from",)


async def test_keys_overlap_and_an_agency_has_so_many_at_a_time(here: World) -> None:
    for number in range(MAX_KEYS - 1):
        key = Key.new()
        change = new_key("FUND", kid=key.kid, alg=key.alg, jwk=key.jwk, valid_from=NOW, valid_to=NOW + (number + 1) * DAY)
        await here.at_the_machine(AGENCY_KEY_ADDED, change)
    change = await CASES["AGENCY_KEY_ADDED"].change(here)
    with pytest.raises(Conflict) as refusal:
        await here.at_the_machine(AGENCY_KEY_ADDED, change)
    assert refusal.value.path == ("agency",)
    await here.at_the_machine(AGENCY_KEY_ADDED, change, NOW + DAY)  # by then one of them is over


# --- what is shown


async def test_a_key_that_ends_within_thirty_days_is_warned_about(here: World) -> None:
    for days, soon in ((29, True), (30, True), (31, False)):
        key = Key.new()
        until = LATER + days * DAY
        change = new_key("FUND", kid=f"{days}", alg=key.alg, jwk=key.jwk, valid_from=NOW, valid_to=until)
        await here.at_the_machine(AGENCY_KEY_ADDED, change)
        (found,) = [its for its in (await shown(here)).keys if its.kid == f"{days}"]
        assert (found.in_force, found.expires_soon) == (True, soon)
    await here.done(lambda c: revoke_key(c, here.machine(), agency=here.agency.agency_id, kid="29"))
    told = {its.kid: (its.in_force, its.expires_soon) for its in (await shown(here, at=LATER + 30 * DAY)).keys}
    assert (told["29"], told["30"], told["31"]) == ((False, False), (False, False), (True, True))


async def test_an_agency_is_shown_with_all_it_has_and_its_documents_as_they_were_hashed(here: World) -> None:
    await published(here, NOTICE_PUBLISHED, notice_document(version=1))
    details = await shown(here)
    assert (details.code, details.suspended_at) == ("FUND", None)
    assert details.agreement is not None
    documents: list[Any] = [details.agreement, *details.agreements, *details.mandates, *details.notices]
    for told in documents:
        assert told.hash == content_hash(orjson.loads(told.document)).hex()
    assert orjson.loads(details.agreement.document) == here.agency.agreement
    assert [its.kid for its in details.keys] == [here.agency.key.kid]
    assert [(its.purpose, its.version, its.in_force) for its in details.notices] == [(Purpose.SERVICE_DELIVERY, 1, True)]


async def test_the_list_of_agencies_goes_on_where_the_page_ended(here: World) -> None:
    for code in ("ALPHA", "OMEGA"):
        await here.at_the_machine(AGENCY_ENROLLED, enrolment(code, NAMES))
    reading, call = Reading(here.database, here.keys, Documents()), await here.call("first")
    first = await agency_views.agencies(reading, call, first=2)
    assert [edge.node.code for edge in first.edges] == ["ALPHA", "FUND"]
    assert first.page_info.has_next_page
    second = await agency_views.agencies(reading, call, first=2, after=first.page_info.end_cursor)
    assert ([edge.node.code for edge in second.edges], second.page_info.has_next_page) == (["OMEGA"], False)
    other = await here.call("second")
    with pytest.raises(Invalid):
        await agency_views.agencies(reading, other, after=first.page_info.end_cursor)


async def test_each_agency_sees_itself_by_its_key_or_its_officer_and_no_other(here: World, database: Database) -> None:
    other = await Enrol(database)("OTHER")
    for call in (here.agency.call(at=LATER), await here.call("officer")):
        reading = Reading(here.database, here.keys, Documents())
        assert (await agency_views.my_agency(reading, call)).code == "FUND"
        with pytest.raises(Forbidden):
            await agency_views.agency(reading, call, agency_id=other.agency_id)
        with pytest.raises(Forbidden):
            await agency_views.agencies(reading, call)
    reading = Reading(here.database, here.keys, Documents())
    assert (await agency_views.my_agency(reading, other.call(at=LATER))).code == "OTHER"
    for who in ("first", "administrator"):
        with pytest.raises(Forbidden):
            await agency_views.my_agency(reading, await here.call(who))
    citizen = Actor(ActorKind.CITIZEN, frozenset({Scope.SELF_READ}), holder=uuid7(NOW), person=uuid7(NOW))
    with pytest.raises(Forbidden):
        await agency_views.my_agency(reading, Call(citizen, LATER, uuid7(LATER)))


async def test_who_manages_no_agencies_is_shown_none(here: World) -> None:
    for who in ("administrator", "auditor", "officer"):
        with pytest.raises(Forbidden):
            await shown(here, who)
    for who in ("regional", "elsewhere"):
        assert (await shown(here, who)).code == "FUND"
    reading = Reading(here.database, here.keys, Documents())
    with pytest.raises(NotFound):
        await agency_views.agency(reading, await here.call("first"), agency_id=uuid7(NOW))


async def test_a_suspended_agency_and_its_officers_are_strangers_from_that_instant_on(here: World) -> None:
    officer = await here.call("officer")
    await here.done(lambda c: suspend_agency(c, here.machine(), agency=here.agency.agency_id))
    assert await asks(here) == (False, False)
    with pytest.raises(Unauthenticated):
        await here.call("officer")
    for call in (officer, here.agency.call(at=LATER)):
        with pytest.raises(Unauthenticated):
            await agency_views.my_agency(Reading(here.database, here.keys, Documents()), call)
    await here.approve(await here.propose("AGENCY_RESUMED", {"agency": "FUND"}, at=LATER))
    assert await asks(here) == (True, True)
    assert (await here.call("officer")).actor.agency == here.agency.agency_id
