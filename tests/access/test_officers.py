"""An agency's own people: officers, offices and operators, in the hands of its own administrator and nobody else's."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from access import account_views, accounts, officers
from access.account_rows import INVITED_FOR
from access.authority import Documents
from access.call import ActorKind, Call, Purpose
from access.catalogue import Lang
from access.officers import LONGEST_MANDATE, OfficeKind
from access.reading import Reading
from access.rights import Role, Scope
from access.sessions import SessionKind, begin_session
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound, SijilError, Unauthenticated
from core.keys import KeyRing
from identity.sessions import who
from tests.access.enrolled import NOW, Enrol
from tests.access.signing import ISSUER, House, at_the_door, call_of, code_of, machine
from tests.api.people import Signed

LATER = NOW + timedelta(days=1)
NAMES = {Lang.AR: "وكالة", Lang.FR: "Agence", Lang.EN: "Branch"}


@pytest.fixture
def house(database: Database, keys: KeyRing, clean: None) -> House:
    return House(database, keys)


async def refusal(work: Awaitable[Any]) -> tuple[type[SijilError], tuple[Any, ...]]:
    """How it was refused: the kind, and the path."""
    with pytest.raises(SijilError) as caught:
        await work
    return type(caught.value), caught.value.path


async def administrator(house: House, agency: UUID) -> Call:
    its = await house.account(Role.AGENCY_ADMINISTRATOR, agency=agency)
    return call_of(its.account, "AGENCY_ADMINISTRATOR", agency=agency)


@pytest.fixture
async def head(house: House, enrol: Enrol) -> Call:
    """The administrator of the agency FUND, whose purposes are IDENTITY_PROOFING and ELIGIBILITY."""
    return await administrator(house, (await enrol()).agency_id)


@pytest.fixture
async def rival(house: House, enrol: Enrol) -> Call:
    return await administrator(house, (await enrol("RIVAL")).agency_id)


async def invited(house: House, call: Call, **changes: Any) -> UUID:
    given = {"email": "karim@example.org", "name": "Karim", "lang": Lang.AR, "office": None, "purposes": None} | changes
    return await house.transact(lambda c: officers.invite_officer(c, call, house.keys, **given, issuer=ISSUER))


async def changed(house: House, call: Call, account: UUID, office: UUID | None = None, purposes: Any = None) -> None:
    await house.transact(lambda c: officers.change_officer(c, call, account=account, office=office, purposes=purposes))


async def removed(house: House, call: Call, account: UUID) -> None:
    await house.transact(lambda c: officers.remove_officer(c, call, house.keys, account=account))


async def opened(house: House, call: Call, code: str = "B1", **changes: Any) -> UUID:
    given = {"kind": OfficeKind.BRANCH, "names": NAMES, "division": "04.281", "operator": None} | changes
    return await house.transact(lambda c: officers.open_office(c, call, code=code, **given))


async def appointed(house: House, call: Call, begins: datetime | None = None, ends: datetime = NOW + LONGEST_MANDATE) -> UUID:
    return await house.transact(
        lambda c: officers.appoint_operator(
            c, call, names=NAMES, mandate="Contract 7 of 2026", valid_from=begins, valid_to=ends
        )
    )


async def session_of(house: House, its: Signed) -> str:
    return await house.transact(lambda c: begin_session(c, NOW, SessionKind.ACCOUNT, account=its.account))


async def scopes_of(house: House, token: str, now: datetime = NOW) -> frozenset[Scope] | None:
    found = await who(house.database, house.keys, token, now)
    return None if found is None else found.actor.scopes


# --- officers


async def test_an_officer_is_invited_takes_the_account_up_and_asks_in_the_agencys_name(house: House, head: Call) -> None:
    office = await opened(house, head)
    account = await invited(house, head, office=office, purposes=[Purpose.ELIGIBILITY])
    row = await house.row(account)
    assert (row["agency_id"], row["office_id"], row["purposes"]) == (head.actor.agency, office, ["ELIGIBILITY"])
    token = await house.link_token(account)
    new = await house.choose(token)
    (code, *_) = await house.take_up(token, new.ticket, code_of(new.secret))
    whole = await house.second_step(await house.first_step("karim@example.org"), recovery_code=code)
    found = await who(house.database, house.keys, whole.token, NOW)
    assert found is not None
    actor = found.actor
    assert (actor.kind, actor.agency, actor.office) == (ActorKind.OFFICER, head.actor.agency, office)
    assert actor.purposes == frozenset({Purpose.ELIGIBILITY})
    assert Scope.PERSON_READ in actor.scopes
    assert Scope.OFFICER_MANAGE not in actor.scopes


@pytest.mark.parametrize(
    ("given", "kind", "path"),
    [
        ({"purposes": [Purpose.AUDIT]}, Invalid, ("purposes",)),
        ({"purposes": []}, Invalid, ("purposes",)),
        ({"purposes": [Purpose.ELIGIBILITY, Purpose.PAYMENT]}, Invalid, ("purposes",)),
        ({"office": UUID(int=1)}, NotFound, ("office",)),
        ({"email": "karim"}, Invalid, ("email",)),
        ({"name": ""}, Invalid, ("name",)),
    ],
)
async def test_an_officer_is_not_given_what_the_agency_has_not(
    house: House, head: Call, given: dict[str, Any], kind: type[SijilError], path: tuple[str, ...]
) -> None:
    before = await house.count("account")
    assert await refusal(invited(house, head, **given)) == (kind, path)
    assert (await house.count("account"), await house.count("message")) == (before, 0)
    if "email" not in given and "name" not in given:
        account = await invited(house, head)
        assert await refusal(changed(house, head, account, **given)) == (kind, path)
        assert (await house.row(account))["purposes"] is None


async def test_purposes_are_those_of_the_agreement_in_force_and_of_no_older_one(house: House, head: Call) -> None:
    await house.database.ask("update agreement set suspended_at = $1", NOW)
    assert await refusal(invited(house, head, purposes=[Purpose.ELIGIBILITY])) == (Invalid, ("purposes",))
    assert await invited(house, head)


async def test_offices_of_others_and_closed_ones_are_no_place_to_work(house: House, head: Call, rival: Call) -> None:
    theirs, closed, operator = await opened(house, rival), await opened(house, head, "B2"), await appointed(house, head)
    behind = await opened(house, head, "B3", operator=operator)
    assert await invited(house, head, office=behind)
    await house.transact(lambda c: officers.close_office(c, head, office=closed))
    await house.transact(lambda c: officers.revoke_operator(c, head, operator=operator))
    for office in (theirs, closed, behind):
        assert await refusal(invited(house, head, email="x@example.org", office=office)) == (NotFound, ("office",))
    assert await house.count("account", "agency_id = $1", head.actor.agency) == 2


async def test_what_an_officer_may_do_changes_with_the_next_request(house: House, head: Call) -> None:
    its = await house.account(Role.OFFICER, agency=head.actor.agency)
    token, office = await session_of(house, its), await opened(house, head)
    await changed(house, head, its.account, office, [Purpose.ELIGIBILITY])
    found = await who(house.database, house.keys, token, NOW)
    assert found is not None
    assert (found.actor.office, found.actor.purposes) == (office, frozenset({Purpose.ELIGIBILITY}))
    await changed(house, head, its.account)
    found = await who(house.database, house.keys, token, NOW)
    assert found is not None
    assert (found.actor.office, found.actor.purposes) == (None, None)


async def test_a_removed_officer_is_let_in_no_more_and_may_be_invited_anew(house: House, head: Call) -> None:
    its = await house.account(Role.OFFICER, agency=head.actor.agency, purposes=[Purpose.ELIGIBILITY])
    token = await session_of(house, its)
    await removed(house, head, its.account)
    assert await scopes_of(house, token) is None
    assert await refusal(house.first_step(its.email)) == (Invalid, ())
    assert [notice for notice, _ in await house.told(its.account)] == ["ACCOUNT_DISABLED"]
    assert await refusal(changed(house, head, its.account)) == (Conflict, ("account",))
    later = replace(head, now=LATER)
    assert await invited(house, later, email=its.email) == its.account
    row = await house.row(its.account)
    assert (row["disabled_at"], row["password"], row["purposes"]) == (None, None, None)
    assert await house.count("role_grant", "account_id = $1 and revoked_at is null", its.account) == 1
    assert await refusal(house.first_step(its.email, call=at_the_door(LATER))) == (Invalid, ())


async def test_the_people_of_another_agency_or_the_registry_are_nobody_here(house: House, head: Call, rival: Call) -> None:
    theirs = await house.account(Role.OFFICER, agency=rival.actor.agency)
    staff = await house.account(Role.AUDITOR)
    token = await session_of(house, theirs)
    reading = Reading(house.database, house.keys, Documents())
    for target in (theirs, staff):
        assert await refusal(changed(house, head, target.account)) == (NotFound, ("account",))
        assert await refusal(removed(house, head, target.account)) == (NotFound, ("account",))
        assert await refusal(invited(house, head, email=target.email)) == (Conflict, ("email",))
        assert await account_views.officer(reading, head, account=target.account) is None
    assert await scopes_of(house, token) is not None
    assert await house.count("account", "disabled_at is not null") == 0
    page = await account_views.officers(reading, head, first=None, after=None)
    assert [edge.node.id for edge in page.edges] == [head.actor.account]


async def test_an_administrator_of_an_agency_is_the_registrys_to_change(house: House, head: Call) -> None:
    colleague = await house.account(Role.AGENCY_ADMINISTRATOR, agency=head.actor.agency)
    assert (await refusal(removed(house, head, colleague.account)))[0] is Forbidden
    assert (await refusal(changed(house, head, colleague.account)))[0] is Forbidden
    assert (await refusal(invited(house, head, email=colleague.email)))[0] is Conflict
    assert head.actor.account is not None
    assert (await refusal(removed(house, head, head.actor.account)))[0] is Forbidden
    # Nor is one who was invited and has not taken the account up made an officer.
    await house.database.ask(
        "update account set password = null, totp = null, second_factor = null where account_id = $1", colleague.account
    )
    assert await refusal(invited(house, head, email=colleague.email)) == (Conflict, ("email",))
    assert await house.count("role_grant", "role = 'OFFICER'") == 0


async def test_only_an_administrator_of_an_agency_does_any_of_it(house: House, head: Call) -> None:
    its = await house.account(Role.OFFICER, agency=head.actor.agency)
    reading = Reading(house.database, house.keys, Documents())
    staff = call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR", "PUBLISHER")
    officer = call_of(its.account, "OFFICER", agency=head.actor.agency)
    of_none = machine(Scope.OFFICER_MANAGE)
    for call, kind in ((at_the_door(), Unauthenticated), (staff, Forbidden), (officer, Forbidden), (of_none, Forbidden)):
        for work in (invited, opened, appointed):
            with pytest.raises(kind):
                await work(house, call)
        with pytest.raises(kind):
            await removed(house, call, its.account)
        with pytest.raises(kind):
            await account_views.officers(reading, call, first=None, after=None)
        with pytest.raises(kind):
            await account_views.offices(reading, call, first=None, after=None)
        with pytest.raises(kind):
            await account_views.operators(reading, call, first=None, after=None)
    assert [await house.count(table) for table in ("office", "operator", "message")] == [0, 0, 0]
    assert await house.count("account") == 3


async def test_the_same_invitation_again_sends_a_new_link_with_what_is_said_now(house: House, head: Call) -> None:
    account = await invited(house, head)
    older = await house.link_token(account)
    office = await opened(house, head)
    assert await invited(house, replace(head, now=LATER), name="Karim B.", office=office) == account
    assert await refusal(house.choose(older, now=LATER)) == (Invalid, ("token",))
    assert await house.choose(await house.link_token(account), now=LATER)
    assert await house.count("role_grant", "account_id = $1", account) == 1
    reading = Reading(house.database, house.keys, Documents())
    found = await account_views.officer(reading, replace(head, now=LATER), account=account)
    assert found is not None
    assert (found.name, found.office and found.office.id, found.invited_until) == ("Karim B.", office, LATER + INVITED_FOR)


# --- offices


@pytest.mark.parametrize("end", ["close", "revoke", "expire"])
async def test_an_office_that_ends_ends_its_officers_sessions_and_no_others(house: House, head: Call, end: str) -> None:
    operator = await appointed(house, head, ends=LATER)
    here, there = await opened(house, head, operator=operator), await opened(house, head, "B2")
    inside = await house.account(Role.OFFICER, agency=head.actor.agency, office=here)
    outside = await house.account(Role.OFFICER, agency=head.actor.agency, office=there)
    tokens = [await session_of(house, inside), await session_of(house, outside)]
    assert None not in [await scopes_of(house, token) for token in tokens]
    now = NOW
    match end:
        case "close":
            await house.transact(lambda c: officers.close_office(c, head, office=here))
        case "revoke":
            await house.transact(lambda c: officers.revoke_operator(c, head, operator=operator))
        case _:
            now = LATER
            await house.database.ask("update session set expires_at = $1, seen_at = $2", LATER + timedelta(hours=1), LATER)
    assert [await scopes_of(house, token, now) is None for token in tokens] == [True, False]


@pytest.mark.parametrize(
    ("given", "kind", "path"),
    [
        ({"code": "b1"}, Invalid, ("code",)),
        ({"code": ""}, Invalid, ("code",)),
        ({"code": "B" * 33}, Invalid, ("code",)),
        ({"code": "B-"}, Invalid, ("code",)),
        ({"names": {Lang.AR: "و", Lang.FR: "A"}}, Invalid, ("nameEn",)),
        ({"names": NAMES | {Lang.AR: " "}}, Invalid, ("nameAr",)),
        ({"names": NAMES | {Lang.FR: "A" * 201}}, Invalid, ("nameFr",)),
        ({"division": "99"}, Invalid, ("division",)),
        ({"operator": UUID(int=1)}, NotFound, ("operator",)),
    ],
)
async def test_an_office_that_cannot_be_is_not_opened(
    house: House, head: Call, given: dict[str, Any], kind: type[SijilError], path: tuple[str, ...]
) -> None:
    assert await refusal(opened(house, head, **given)) == (kind, path)
    assert await house.count("office") == 0


async def test_a_code_is_one_offices_of_an_agency(house: House, head: Call, rival: Call) -> None:
    await opened(house, head)
    assert await refusal(opened(house, head)) == (Conflict, ("code",))
    assert await opened(house, rival)
    assert await house.count("office") == 2


async def test_offices_and_operators_of_others_are_not_touched(house: House, head: Call, rival: Call) -> None:
    office, operator = await opened(house, rival), await appointed(house, rival)
    closing = house.transact(lambda c: officers.close_office(c, head, office=office))
    assert await refusal(closing) == (NotFound, ("office",))
    revoking = house.transact(lambda c: officers.revoke_operator(c, head, operator=operator))
    assert await refusal(revoking) == (NotFound, ("operator",))
    assert await refusal(opened(house, head, operator=operator)) == (NotFound, ("operator",))
    reading = Reading(house.database, house.keys, Documents())
    assert await account_views.office(reading, head, office=office) is None
    assert await account_views.operator(reading, head, operator=operator) is None
    assert not (await account_views.offices(reading, head, first=None, after=None)).edges
    assert not (await account_views.operators(reading, head, first=None, after=None)).edges
    assert await house.count("office", "closed_at is null") == await house.count("operator", "revoked_at is null") == 1


async def test_offices_and_operators_are_shown_page_by_page(house: House, head: Call) -> None:
    operator = await appointed(house, head)
    made = [await opened(house, head, f"B{number}", operator=operator) for number in range(3)]
    reading = Reading(house.database, house.keys, Documents())
    first = await account_views.offices(reading, head, first=2, after=None)
    rest = await account_views.offices(reading, head, first=2, after=first.page_info.end_cursor)
    assert [edge.node.id for edge in (*first.edges, *rest.edges)] == sorted(made, reverse=True)
    its = first.edges[0].node
    assert (its.kind, its.name, its.division, its.closed_at) == (OfficeKind.BRANCH, NAMES, "04.281", None)
    assert its.operator is not None
    assert (its.operator.id, its.operator.mandate, its.operator.name) == (operator, "Contract 7 of 2026", NAMES)
    (edge,) = (await account_views.operators(reading, head, first=None, after=None)).edges
    assert edge.node == its.operator


# --- operators


@pytest.mark.parametrize(
    ("begins", "ends", "path"),
    [
        (None, NOW, "validTo"),
        (None, NOW + LONGEST_MANDATE + timedelta(seconds=1), "validTo"),
        (NOW - timedelta(seconds=1), LATER, "validFrom"),
        (LATER, LATER, "validTo"),
    ],
)
async def test_a_mandate_is_dated_and_never_open_ended(
    house: House, head: Call, begins: datetime | None, ends: datetime, path: str
) -> None:
    assert await refusal(appointed(house, head, begins, ends)) == (Invalid, (path,))
    assert await house.count("operator") == 0


async def test_an_operator_whose_mandate_is_still_to_begin_lets_nobody_in_yet(house: House, head: Call) -> None:
    office = await opened(house, head, operator=await appointed(house, head, LATER))
    its = await house.account(Role.OFFICER, agency=head.actor.agency, office=office)
    assert await scopes_of(house, await session_of(house, its)) is None
    assert await refusal(house.first_step(its.email)) == (Invalid, ())


async def test_what_ended_before_stays_so_since_then(house: House, head: Call) -> None:
    office, operator = await opened(house, head), await appointed(house, head)
    for now in (NOW, LATER):
        call = replace(head, now=now)
        await house.transact(lambda c, call=call: officers.close_office(c, call, office=office))  # type: ignore[misc]
        await house.transact(lambda c, call=call: officers.revoke_operator(c, call, operator=operator))  # type: ignore[misc]
    (row,) = await house.database.ask("select closed_at, revoked_at from office, operator")
    assert (row["closed_at"], row["revoked_at"]) == (NOW, NOW)


async def test_the_registry_disables_an_officer_of_any_agency(house: House, head: Call) -> None:
    chief = call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")
    its = await house.account(Role.OFFICER, agency=head.actor.agency)
    token = await session_of(house, its)
    await house.transact(lambda c: accounts.disable_account(c, chief, house.keys, account=its.account))
    assert await scopes_of(house, token) is None


@pytest.mark.parametrize("role", [Role.OFFICER, Role.AGENCY_ADMINISTRATOR])
async def test_whom_the_registry_disabled_the_agency_does_not_let_in_again(house: House, head: Call, role: Role) -> None:
    chief = call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")
    fallen = await house.account(role, agency=head.actor.agency)
    await house.transact(lambda c: accounts.disable_account(c, chief, house.keys, account=fallen.account))
    assert await refusal(invited(house, head, email=fallen.email)) == (Conflict, ("email",))
    assert await house.database.ask("select 1 from invitation") == []
