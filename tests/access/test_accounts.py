"""Accounts: invited, taken up in two steps, given roles by two people, disabled by one; and who is shown them."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from access import account_views, accounts, invitations, sign_in
from access.account_rows import INVITED_FOR
from access.approval import Acts, Approved, approve, at_the_machine, propose
from access.authority import Documents
from access.call import Call
from access.catalogue import Lang
from access.passwords import Verdict
from access.reading import Reading
from access.rights import Role, Scope
from access.sessions import SessionKind, begin_session
from core.database import Database
from core.errors import Conflict, Forbidden, Internal, Invalid, NotFound, RateLimited, SijilError, Unauthenticated
from core.ids import uuid7
from core.keys import KeyRing
from identity.sessions import who
from tests.access.enrolled import NOW, Enrol
from tests.access.signing import ISSUER, PASSWORD, House, at_the_door, call_of, code_of, machine, overlapping
from tests.api.people import Signed

LATER = NOW + timedelta(minutes=1)
EMAIL = "amina.alami@example.org"


@pytest.fixture
def house(database: Database, keys: KeyRing, clean: None) -> House:
    return House(database, keys)


async def refusal(work: Awaitable[Any]) -> tuple[type[SijilError], tuple[Any, ...]]:
    """How it was refused: the kind, and the path."""
    with pytest.raises(SijilError) as caught:
        await work
    return type(caught.value), caught.value.path


@pytest.fixture
async def chief(house: House) -> Call:
    """An administrator of the whole country."""
    return call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")


async def invited(house: House, call: Call, email: str = EMAIL, name: str = "Amina Alami", lang: Lang = Lang.FR) -> UUID:
    return await house.transact(
        lambda c: accounts.invite_staff(c, call, house.keys, email=email, name=name, lang=lang, issuer=ISSUER)
    )


async def disabled(house: House, call: Call, account: UUID) -> None:
    await house.transact(lambda c: accounts.disable_account(c, call, house.keys, account=account))


# --- inviting


async def test_whoever_is_invited_has_an_account_without_a_role_and_a_link_by_email(house: House, chief: Call) -> None:
    account = await invited(house, chief, " Amina.ALAMI@example.org ", " Amina   Alami ")
    row = await house.row(account)
    assert (row["password"], row["totp"], row["agency_id"], row["made_by"]) == (None, None, None, chief.actor.account)
    key = house.keys.masters.unwrap(account, row["data_key"])
    assert key.open("account.email", account, row["email"]) == EMAIL
    assert key.open("account.name", account, row["name"]) == "Amina Alami"
    assert row["login"] == house.keys.index("EMAIL_LOGIN", EMAIL)
    assert await house.count("role_grant", "account_id = $1", account) == 0
    ((notice, text),) = await house.told(account)
    assert notice == "INVITATION"
    assert f"{ISSUER}/invitation/" in text
    (message,) = await house.database.ask("select channel, lang, recipient, message_id from message")
    assert (message["channel"], message["lang"]) == ("EMAIL", "FR")
    assert key.open("message.recipient", message["message_id"], message["recipient"]) == EMAIL
    token = await house.link_token(account)
    (invitation,) = await house.database.ask("select * from invitation")
    assert token.encode() not in invitation["token_hash"]
    assert invitation["expires_at"] == NOW + INVITED_FOR


@pytest.mark.parametrize(
    ("email", "name", "path"),
    [
        ("nobody", "A", "email"),
        ("a@b", "A", "email"),
        ("é@b.org", "A", "email"),
        ("a@b.org", " ", "name"),
        ("a@b.org", "a\n", "name"),
    ],
)
async def test_what_cannot_be_invited_leaves_nothing(house: House, chief: Call, email: str, name: str, path: str) -> None:
    assert await refusal(invited(house, chief, email, name)) == (Invalid, (path,))
    assert await house.count("account") == 1
    assert await house.count("message") == 0


async def test_an_email_has_one_account(house: House, chief: Call, enrol: Enrol) -> None:
    its = await house.account()
    agency = (await enrol()).agency_id
    assert await refusal(invited(house, chief, its.email.upper())) == (Conflict, ("email",))
    pending = await invited(house, chief)
    administrator = house.transact(
        lambda c: accounts.invite_agency_administrator(
            c, chief, house.keys, agency=agency, email=EMAIL, name="A", lang=Lang.FR, issuer=ISSUER
        )
    )
    assert await refusal(administrator) == (Conflict, ("email",))
    assert (await house.row(pending))["agency_id"] is None
    assert await house.count("account") == 3


async def test_an_account_of_an_older_index_key_is_found_too(house: House, chief: Call) -> None:
    its = await house.account()
    newer = House(house.database, replace(house.keys, indexes={**house.keys.indexes, 2: bytes(range(32))}))
    assert await refusal(invited(newer, chief, its.email)) == (Conflict, ("email",))


async def test_an_agency_that_is_not_there_has_no_administrator(house: House, chief: Call) -> None:
    work = house.transact(
        lambda c: accounts.invite_agency_administrator(
            c, chief, house.keys, agency=uuid7(NOW), email=EMAIL, name="A", lang=Lang.FR, issuer=ISSUER
        )
    )
    assert await refusal(work) == (NotFound, ("agency",))


async def test_a_new_invitation_voids_the_older_and_is_refused_once_taken_up(house: House, chief: Call) -> None:
    account = await invited(house, chief)
    older = await house.link_token(account)
    await house.transact(lambda c: accounts.invite_again(c, chief, house.keys, account=account, issuer=ISSUER))
    newer = await house.link_token(account)
    assert await refusal(house.choose(older)) == (Invalid, ("token",))
    proposed = await house.choose(newer)
    assert await invited(house, chief) == account  # the same by another way
    assert await refusal(house.take_up(newer, proposed.ticket, code_of(proposed.secret))) == (Invalid, ("token",))
    newest = await house.link_token(account)
    # What was chosen under one invitation is of no use under another.
    assert await refusal(house.take_up(newest, proposed.ticket, code_of(proposed.secret))) == (Invalid, ("ticket",))
    proposed = await house.choose(newest)
    await house.take_up(newest, proposed.ticket, code_of(proposed.secret))
    again = house.transact(lambda c: accounts.invite_again(c, chief, house.keys, account=account, issuer=ISSUER))
    assert await refusal(again) == (Conflict, ("account",))
    assert await refusal(invited(house, chief)) == (Conflict, ("email",))


async def test_a_link_is_shown_at_the_machine_alone_and_then_sent_to_nobody(house: House, chief: Call) -> None:
    call = machine(Scope.ACCOUNT_MANAGE)
    account = await house.transact(
        lambda c: accounts.create_account(c, call, house.keys, email=EMAIL, name="A", lang=Lang.FR, agency=None)
    )
    shown = house.transact(lambda c: accounts.link_at_the_machine(c, chief, account=account, issuer=ISSUER))
    assert (await refusal(shown))[0] is Forbidden
    link = await house.transact(lambda c: accounts.link_at_the_machine(c, call, account=account, issuer=ISSUER))
    assert await house.choose(link.removeprefix(f"{ISSUER}/invitation/"))
    assert await house.count("message") == 0


# --- taking up


async def test_an_account_is_taken_up_in_two_steps_and_between_them_nothing_is_stored(house: House, chief: Call) -> None:
    account = await invited(house, chief)
    token = await house.link_token(account)
    before = await house.row(account)
    proposed = await house.choose(token)
    assert await house.row(account) == before
    assert (proposed.email, proposed.secret in proposed.uri) == (EMAIL, True)
    assert PASSWORD not in proposed.ticket
    assert await refusal(house.first_step(EMAIL)) == (Invalid, ())
    codes = await house.take_up(token, proposed.ticket, code_of(proposed.secret))
    assert len(set(codes)) == 10
    assert [notice for notice, _ in await house.told(account)] == ["INVITATION", "SECOND_FACTOR_SET"]
    row = await house.row(account)
    assert None not in (row["password"], row["totp"], row["second_factor"])
    assert proposed.secret.encode() not in row["totp"]
    # The code that proved it was used: the first sign-in takes another.
    half = await house.first_step(EMAIL)
    assert await refusal(house.second_step(half, code=code_of(proposed.secret))) == (Invalid, ("code",))
    assert await house.second_step(half, recovery_code=codes[3])


async def test_an_invitation_serves_once(house: House, chief: Call) -> None:
    account = await invited(house, chief)
    token = await house.link_token(account)
    first, second = await house.choose(token), await house.choose(token)
    await house.take_up(token, first.ticket, code_of(first.secret))
    taken = await house.row(account)
    assert await refusal(house.take_up(token, second.ticket, code_of(second.secret))) == (Invalid, ("token",))
    assert await refusal(house.take_up(token, first.ticket, code_of(first.secret, LATER), now=LATER)) == (Invalid, ("token",))
    assert await refusal(house.choose(token)) == (Invalid, ("token",))
    assert await house.row(account) == taken


async def test_of_two_who_take_one_invitation_up_at_once_one_is_refused(house: House, chief: Call) -> None:
    account = await invited(house, chief)
    token, door = await house.link_token(account), at_the_door()
    one, two = await house.choose(token), await house.choose(token)

    def taken_up(its: invitations.Proposed) -> Any:
        code = code_of(its.secret)
        return lambda c: invitations.take_up(c, door, house.keys, token=token, ticket=its.ticket, code=code)

    assert await refusal(overlapping(house.database, taken_up(one), taken_up(two))) == (Invalid, ("token",))
    assert (await house.row(account))["second_factor"] == house.keys.index("SECOND_FACTOR", one.secret)
    assert await house.count("recovery_code") == 10


async def test_nobody_takes_an_account_up_of_an_agency_that_was_stopped(house: House, chief: Call, enrol: Enrol) -> None:
    agency = (await enrol()).agency_id
    account = await house.transact(
        lambda c: accounts.invite_agency_administrator(
            c, chief, house.keys, agency=agency, email=EMAIL, name="A", lang=Lang.FR, issuer=ISSUER
        )
    )
    token = await house.link_token(account)
    await house.database.ask("update agency set suspended_at = $1", NOW)
    assert await refusal(house.choose(token)) == (Invalid, ("token",))


@pytest.mark.parametrize("end", ["expired", "disabled", "no token", "another"])
async def test_an_invitation_that_is_of_no_use_takes_nothing_up(house: House, chief: Call, end: str) -> None:
    account = await invited(house, chief)
    token, now = await house.link_token(account), NOW
    proposed = await house.choose(token)
    match end:
        case "expired":
            now = NOW + INVITED_FOR
        case "disabled":
            await disabled(house, chief, account)
        case "no token":
            token = "no token"
        case _:
            token = token[:-4] + "AAAA"
    assert await refusal(house.choose(token, now=now)) == (Invalid, ("token",))
    assert await refusal(house.take_up(token, proposed.ticket, code_of(proposed.secret, now), now=now)) == (Invalid, ("token",))
    reading = Reading(house.database, house.keys, Documents())
    assert await invitations.invited(reading, at_the_door(now), token=token) is None
    assert (await house.row(account))["password"] is None


@pytest.mark.parametrize("password", ["short", "a" * 201, "password 2026 password", "amina.alami is my name", "azerty123456"])
async def test_a_password_that_may_not_be_chosen_is_refused_before_it_is_counted(
    house: House, chief: Call, password: str
) -> None:
    token = await house.link_token(await invited(house, chief))
    assert await refusal(house.choose(token, password)) == (Invalid, ("password",))
    assert await house.count("throttle") == 0


async def test_the_work_of_hashing_is_done_a_few_times_for_one_invitation(house: House, chief: Call) -> None:
    token = await house.link_token(await invited(house, chief))
    for _ in range(5):
        await house.choose(token)
    with pytest.raises(RateLimited):
        await house.choose(token)


async def test_a_wrong_code_or_ticket_takes_nothing_up(house: House, chief: Call) -> None:
    account = await invited(house, chief)
    other = await invited(house, chief, "other@example.org")
    token, others = await house.link_token(account), await house.link_token(other)
    proposed, foreign = await house.choose(token), await house.choose(others)
    good = code_of(proposed.secret)
    wrong = f"{(int(good) + 1) % 1_000_000:06d}"
    assert await refusal(house.take_up(token, proposed.ticket, wrong)) == (Invalid, ("code",))
    for ticket in ("", "x", "A" * 3_000, foreign.ticket, proposed.ticket[:-1], proposed.ticket[:-3] + "AAA"):
        assert await refusal(house.take_up(token, ticket, good)) == (Invalid, ("ticket",))
    assert (await house.row(account))["password"] is None
    assert await house.take_up(token, proposed.ticket, good)


async def test_whom_an_invitation_is_for_is_told_at_the_door_alone(house: House, chief: Call) -> None:
    token = await house.link_token(await invited(house, chief))
    reading = Reading(house.database, house.keys, Documents())
    found = await invitations.invited(reading, at_the_door(), token=token)
    assert found == invitations.Invited(EMAIL, "Amina Alami")
    assert EMAIL not in repr(found)
    for call in (chief, replace(at_the_door(), address=None)):
        with pytest.raises(Forbidden):
            await invitations.invited(reading, call, token=token)


# --- roles


def acts(house: House) -> Acts:
    return Acts(accounts.acts(house.keys, ISSUER))


def change(account: UUID, role: str = "AUDITOR", **more: Any) -> dict[str, Any]:
    return {"account": str(account), "role": role, "division": None, "valid_to": None} | more


async def proposed(house: House, call: Call, kind: str, given: dict[str, Any]) -> UUID:
    return await house.transact(lambda c: propose(c, call, acts(house), kind=kind, change=given))


async def approved(house: House, call: Call, proposal: UUID) -> Any:
    """What came of it; any code is right here."""

    async def right(*_: Any) -> None: ...

    (row,) = await house.database.ask("select hash from proposal where proposal_id = $1", proposal)
    return await house.transact(
        lambda c: approve(c, call, acts(house), right, proposal=proposal, hash_=row["hash"].hex(), code="000000")
    )


async def test_a_role_is_given_by_two_and_counts_from_the_next_request_on(house: House, chief: Call) -> None:
    second = call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")
    its = await house.account()
    token = await house.transact(lambda c: begin_session(c, NOW, SessionKind.ACCOUNT, account=its.account))
    proposal = await proposed(house, chief, "ROLE_GRANTED", change(its.account, "CENTRE_AGENT", division="04.281"))
    (row,) = await house.database.ask("select before, territory from proposal")
    assert (row["before"], row["territory"]) == ('{"roles": []}', ["04.281"])
    assert await house.count("role_grant", "account_id = $1", its.account) == 0
    assert await house.told(its.account) == []
    outcome = await approved(house, second, proposal)
    assert [notice for notice, _ in await house.told(its.account)] == ["ROLE_GRANTED"]
    found = await who(house.database, house.keys, token, NOW)
    assert found is not None
    assert Scope.ASSIST in found.actor.scopes
    assert found.actor.reaches(Scope.ASSIST, ["04.281.01.03"])
    assert not found.actor.reaches(Scope.ASSIST, ["04.291"])
    await house.transact(lambda c: accounts.revoke_role(c, chief, house.keys, grant=UUID(outcome["grant"])))
    assert [notice for notice, _ in await house.told(its.account)] == ["ROLE_GRANTED", "ROLE_TAKEN"]
    found = await who(house.database, house.keys, token, NOW)
    assert found is not None
    assert found.actor.scopes == {Scope.SELF_READ}


async def test_of_a_role_who_has_not_taken_the_account_up_is_not_told(house: House, chief: Call) -> None:
    second = call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")
    account = await invited(house, chief)
    outcome = await approved(house, second, await proposed(house, chief, "ROLE_GRANTED", change(account, "AUDITOR")))
    await house.transact(lambda c: accounts.revoke_role(c, chief, house.keys, grant=UUID(outcome["grant"])))
    assert [notice for notice, _ in await house.told(account)] == ["INVITATION"]


async def test_a_role_ends_at_its_date(house: House, chief: Call) -> None:
    second = call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")
    its = await house.account()
    token = await house.transact(lambda c: begin_session(c, NOW, SessionKind.ACCOUNT, account=its.account))
    given = change(its.account, valid_to=LATER.isoformat())
    await approved(house, second, await proposed(house, chief, "ROLE_GRANTED", given))
    for now, scopes in ((NOW, {Scope.SELF_READ, Scope.LEDGER_READ, Scope.REPORT_READ}), (LATER, {Scope.SELF_READ})):
        found = await who(house.database, house.keys, token, now)
        assert found is not None
        assert found.actor.scopes == scopes


@pytest.mark.parametrize(
    ("more", "kind", "path"),
    [
        ({"role": "OFFICER"}, Invalid, ("role",)),
        ({"role": "AGENCY_ADMINISTRATOR"}, Invalid, ("role",)),
        ({"role": "KING"}, Invalid, ("role",)),
        ({"account": "nobody"}, Invalid, ("account",)),
        ({"account": "019A0000-0000-7000-8000-00000000000A"}, Invalid, ("account",)),
        ({"account": "019a0000-0000-7000-8000-00000000000a"}, NotFound, ("account",)),
        ({"division": "13"}, Invalid, ("division",)),
        ({"division": "04.281.01"}, Invalid, ("division",)),
        ({"valid_to": NOW.isoformat()}, Invalid, ("valid_to",)),
        ({"valid_to": "2027-01-01"}, Invalid, ("valid_to",)),
        ({"more": 1}, Invalid, ("more",)),
    ],
)
async def test_a_role_that_cannot_be_is_not_even_proposed(
    house: House, chief: Call, more: dict[str, Any], kind: type[SijilError], path: tuple[str, ...]
) -> None:
    its = await house.account()
    given = change(its.account) | more
    assert await refusal(proposed(house, chief, "ROLE_GRANTED", given)) == (kind, path)
    assert await house.count("proposal") == 0


async def test_an_agency_gets_its_administrators_from_the_registry_and_nothing_else(
    house: House, chief: Call, enrol: Enrol
) -> None:
    second = call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")
    agency = (await enrol()).agency_id
    account = await house.transact(
        lambda c: accounts.invite_agency_administrator(
            c, chief, house.keys, agency=agency, email=EMAIL, name="A", lang=Lang.AR, issuer=ISSUER
        )
    )
    assert (await house.row(account))["agency_id"] == agency
    for role in ("ADMINISTRATOR", "OFFICER", "AUDITOR"):
        assert await refusal(proposed(house, chief, "ROLE_GRANTED", change(account, role))) == (Invalid, ("role",))
    narrow = change(account, "AGENCY_ADMINISTRATOR", division="04")
    assert await refusal(proposed(house, chief, "ROLE_GRANTED", narrow)) == (Invalid, ("division",))
    given = change(account, "AGENCY_ADMINISTRATOR")
    await approved(house, second, await proposed(house, chief, "ROLE_GRANTED", given))
    assert await house.count("role_grant", "role = 'AGENCY_ADMINISTRATOR' and account_id = $1", account) == 1
    assert await refusal(proposed(house, chief, "ROLE_GRANTED", given)) == (Conflict, ("role",))


async def test_nobody_changes_their_own_roles_or_account(house: House, chief: Call) -> None:
    second = await house.account(Role.ADMINISTRATOR)
    call = call_of(second.account, "ADMINISTRATOR")
    for kind, given in (
        ("ROLE_GRANTED", change(second.account)),
        ("ACCOUNT_RESET", {"account": str(second.account)}),
    ):
        assert (await refusal(proposed(house, call, kind, given)))[0] is Forbidden
        proposal = await proposed(house, chief, kind, given)
        assert (await refusal(approved(house, call, proposal)))[0] is Forbidden
    (grant,) = await house.database.ask("select grant_id from role_grant where account_id = $1", second.account)
    own = house.transact(lambda c: accounts.revoke_role(c, call, house.keys, grant=grant["grant_id"]))
    assert (await refusal(own))[0] is Forbidden
    assert (await refusal(disabled(house, call, second.account)))[0] is Forbidden
    assert await house.count("role_grant", "revoked_at is null and account_id = $1", second.account) == 1
    assert (await house.row(second.account))["disabled_at"] is None


async def test_what_was_approved_is_what_is_done(house: House, chief: Call) -> None:
    its, other = await house.account(), await house.account()
    call = machine(Scope.ACCOUNT_MANAGE)
    for_one = at_the_machine(call, "ROLE_GRANTED", change(its.account))
    for given in (change(other.account), change(its.account, "ADMINISTRATOR")):
        work = house.transact(lambda c, given=given: accounts.grant_role(c, call, house.keys, for_one, change=given))  # type: ignore[misc]
        assert (await refusal(work))[0] is Forbidden
    reset = house.transact(
        lambda c: accounts.reset_account(c, call, house.keys, for_one, change={"account": str(its.account)}, issuer=ISSUER)
    )
    assert (await refusal(reset))[0] is Forbidden
    with pytest.raises(Internal):
        Approved("ROLE_GRANTED", for_one.hash)
    assert await house.count("role_grant", "account_id = any($1)", [its.account, other.account]) == 0


async def test_who_administers_a_part_of_the_country_reaches_no_further(house: House) -> None:
    its = await house.account(Role.ADMINISTRATOR, division="04")
    call = call_of(its.account, "ADMINISTRATOR 04")
    inside = await house.account(Role.CENTRE_AGENT, division="04.281")
    outside = await house.account(Role.CENTRE_AGENT, division="05")
    everywhere, none = await house.account(Role.AUDITOR), await house.account()
    for target in (outside, everywhere, none):
        assert (await refusal(disabled(house, call, target.account)))[0] is Forbidden
        grants = await house.database.ask("select grant_id from role_grant where account_id = $1", target.account)
        for grant in grants:
            work = house.transact(lambda c, grant=grant: accounts.revoke_role(c, call, house.keys, grant=grant["grant_id"]))  # type: ignore[misc]
            assert (await refusal(work))[0] is Forbidden
    assert (await refusal(invited(house, call)))[0] is Forbidden
    wide = change(inside.account, "SUPERVISOR")
    assert (await refusal(proposed(house, call, "ROLE_GRANTED", wide)))[0] is Forbidden
    assert await proposed(house, call, "ROLE_GRANTED", wide | {"division": "04.291"})
    reading = Reading(house.database, house.keys, Documents())
    page = await account_views.accounts(reading, call, agency=None, first=None, after=None)
    assert {edge.node.id for edge in page.edges} == {its.account, inside.account}
    shown = [await account_views.account(reading, call, account=each.account) for each in (inside, outside, everywhere, none)]
    assert [found is not None for found in shown] == [True, False, False, False]
    await disabled(house, call, inside.account)
    assert (await house.row(inside.account))["disabled_at"] == NOW


# --- ending


async def test_a_disabled_account_has_no_session_no_role_no_link_and_is_told(house: House, chief: Call) -> None:
    its = await house.account(Role.AUDITOR)
    half = await house.first_step(its.email)
    tokens = [half]
    for kind in (SessionKind.ACCOUNT, SessionKind.HALF):
        tokens.append(await house.transact(lambda c, kind=kind: begin_session(c, NOW, kind, account=its.account)))  # type: ignore[misc]
    await disabled(house, chief, its.account)
    for token in tokens:
        assert await who(house.database, house.keys, token, NOW) is None
    assert await house.count("session", "ended_at is null") == 0
    assert await house.count("role_grant", "account_id = $1 and revoked_at is null", its.account) == 0
    assert await refusal(house.second_step(half, code=its.code(NOW))) == (Invalid, ("token",))
    assert [notice for notice, _ in await house.told(its.account)] == ["ACCOUNT_DISABLED"]
    await house.transact(lambda c: accounts.disable_account(c, replace(chief, now=LATER), house.keys, account=its.account))
    assert (await house.row(its.account))["disabled_at"] == NOW
    assert len(await house.told(its.account)) == 1
    given = change(its.account)
    assert await refusal(proposed(house, chief, "ROLE_GRANTED", given)) == (Conflict, ("account",))


async def test_whoever_was_disabled_and_is_invited_again_begins_anew(house: House, chief: Call) -> None:
    its = await house.account(Role.ADMINISTRATOR)
    codes = await house.recovery_codes(its.account)
    await disabled(house, chief, its.account)
    assert await invited(house, replace(chief, now=LATER), its.email) == its.account
    row = await house.row(its.account)
    assert (row["disabled_at"], row["password"], row["totp"], row["second_factor"]) == (None, None, None, None)
    assert await refusal(house.first_step(its.email, call=at_the_door(LATER))) == (Invalid, ())
    token = await house.link_token(its.account)
    new = await house.choose(token, now=LATER)
    newer = await house.take_up(token, new.ticket, code_of(new.secret, LATER), now=LATER)
    half = await house.first_step(its.email, call=at_the_door(LATER))
    again = house.second_step(half, call=at_the_door(LATER), recovery_code=codes[0])
    assert await refusal(again) == (Invalid, ("recoveryCode",))
    whole = await house.second_step(half, call=at_the_door(LATER), recovery_code=newer[0])
    found = await who(house.database, house.keys, whole.token, LATER)
    assert found is not None
    assert found.actor.scopes == {Scope.SELF_READ}


async def test_a_role_that_is_not_there_is_not_taken_and_one_taken_stays_so_since_then(house: House, chief: Call) -> None:
    its = await house.account(Role.AUDITOR)
    assert await refusal(house.transact(lambda c: accounts.revoke_role(c, chief, house.keys, grant=uuid7(NOW)))) == (
        NotFound,
        ("grant",),
    )
    (row,) = await house.database.ask("select grant_id from role_grant where account_id = $1", its.account)
    for now in (NOW, LATER):
        call = replace(chief, now=now)
        await house.transact(lambda c, call=call: accounts.revoke_role(c, call, house.keys, grant=row["grant_id"]))  # type: ignore[misc]
    (row,) = await house.database.ask("select revoked_at from role_grant where account_id = $1", its.account)
    assert row["revoked_at"] == NOW
    assert [notice for notice, _ in await house.told(its.account)] == ["ROLE_TAKEN"]


# --- a lost second factor


async def test_a_reset_by_two_voids_everything_and_sends_an_invitation(house: House, chief: Call) -> None:
    second = call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")
    its = await house.account(Role.AUDITOR)
    (code, *_) = await house.recovery_codes(its.account)
    half = await house.first_step(its.email)
    token = await house.transact(lambda c: begin_session(c, NOW, SessionKind.ACCOUNT, account=its.account))
    proposal = await proposed(house, chief, "ACCOUNT_RESET", {"account": str(its.account)})
    assert await who(house.database, house.keys, token, NOW) is not None
    assert await approved(house, second, proposal) == {"account": str(its.account)}
    assert await who(house.database, house.keys, token, NOW) is None
    assert await refusal(house.first_step(its.email)) == (Invalid, ())
    assert await refusal(house.second_step(half, recovery_code=code)) == (Invalid, ("token",))
    assert await house.count("recovery_code") == 0
    new = await house.choose(await house.link_token(its.account))
    await house.take_up(await house.link_token(its.account), new.ticket, code_of(new.secret))
    assert [notice for notice, _ in await house.told(its.account)] == ["INVITATION", "SECOND_FACTOR_SET"]
    assert await house.count("role_grant", "account_id = $1 and revoked_at is null", its.account) == 1


async def test_an_invitation_that_was_used_does_not_take_the_account_up_after_a_reset(house: House, chief: Call) -> None:
    account = await invited(house, chief)
    used = await house.link_token(account)
    new = await house.choose(used)
    await house.take_up(used, new.ticket, code_of(new.secret))
    second = call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")
    await approved(house, second, await proposed(house, chief, "ACCOUNT_RESET", {"account": str(account)}))
    assert await refusal(house.choose(used)) == (Invalid, ("token",))
    assert await refusal(house.take_up(used, new.ticket, code_of(new.secret))) == (Invalid, ("token",))


async def test_a_reset_is_refused_where_there_is_nothing_to_reset_or_it_was_done_since(house: House, chief: Call) -> None:
    second = call_of((await house.account(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")
    pending = await invited(house, chief)
    gone = await house.account()
    await disabled(house, chief, gone.account)
    for account in (pending, gone.account):
        given = {"account": str(account)}
        assert await refusal(proposed(house, chief, "ACCOUNT_RESET", given)) == (Conflict, ("account",))
    its = await house.account()
    one, two = [await proposed(house, chief, "ACCOUNT_RESET", {"account": str(its.account)}) for _ in range(2)]
    await approved(house, second, one)
    new = await house.choose(await house.link_token(its.account), now=LATER)
    await house.take_up(await house.link_token(its.account), new.ticket, code_of(new.secret, LATER), now=LATER)
    # It was reset and taken up since: what was proposed is another change now.
    assert await refusal(approved(house, second, two)) == (Conflict, ("proposal",))
    assert (await house.row(its.account))["password"] is not None


# --- who is shown accounts


async def test_accounts_are_shown_page_by_page_with_their_roles(house: House, chief: Call, enrol: Enrol) -> None:
    agency = (await enrol()).agency_id
    theirs = await house.account(Role.OFFICER, agency=agency)
    staff: list[Signed] = [await house.account(Role.CENTRE_AGENT, division="04.281") for _ in range(3)]
    reading = Reading(house.database, house.keys, Documents())
    seen, after = [], None
    while True:
        page = await account_views.accounts(reading, chief, agency=None, first=2, after=after)
        seen += [edge.node for edge in page.edges]
        after = page.page_info.end_cursor
        if not page.page_info.has_next_page:
            break
    assert [view.id for view in seen] == sorted((view.id for view in seen), reverse=True)
    assert {view.id for view in seen} == {chief.actor.account, *(each.account for each in staff)}
    its = next(view for view in seen if view.id == staff[0].account)
    assert (its.email, its.name, its.taken_up, its.agency) == (staff[0].email, staff[0].name, True, None)
    assert [(grant.role, grant.division) for grant in its.roles] == [(Role.CENTRE_AGENT, "04.281")]
    assert its.email not in repr(its)
    page = await account_views.accounts(reading, chief, agency=agency, first=None, after=None)
    assert [(edge.node.id, edge.node.agency and edge.node.agency.code) for edge in page.edges] == [(theirs.account, "FUND")]
    cursor = page.edges[0].cursor
    for wrong in (cursor, "", "x", cursor[:-2]):
        with pytest.raises(Invalid):
            await account_views.accounts(reading, chief, agency=None, first=None, after=wrong)
    with pytest.raises(Invalid):
        await account_views.accounts(reading, chief, agency=None, first=101, after=None)


async def test_an_account_says_until_when_it_may_be_taken_up(house: House, chief: Call) -> None:
    account = await invited(house, chief)
    reading = Reading(house.database, house.keys, Documents())
    found = await account_views.account(reading, chief, account=account)
    assert found is not None
    assert (found.taken_up, found.invited_until, found.disabled_at) == (False, NOW + INVITED_FOR, None)
    late = replace(chief, now=NOW + INVITED_FOR)
    found = await account_views.account(reading, late, account=account)
    assert found is not None
    assert found.invited_until is None
    assert await account_views.account(reading, chief, account=uuid7(NOW)) is None


async def test_whoever_may_not_administer_is_shown_and_changes_nothing(house: House) -> None:
    its = await house.account()
    reading = Reading(house.database, house.keys, Documents())
    agent = call_of(its.account, "CENTRE_AGENT", "PUBLISHER", "AUDITOR")
    for call, kind in ((at_the_door(), Unauthenticated), (agent, Forbidden)):
        with pytest.raises(kind):
            await account_views.accounts(reading, call, agency=None, first=None, after=None)
        with pytest.raises(kind):
            await account_views.account(reading, call, account=its.account)
        with pytest.raises(kind):
            await invited(house, call)
        with pytest.raises(kind):
            await disabled(house, call, its.account)
    assert await house.count("account") == 1
    own = await account_views.own_account(reading, agent)
    assert (own.email, own.roles) == (its.email, ())


async def test_a_role_is_given_at_the_machine_while_there_are_not_two_to_do_it(house: House) -> None:
    call = machine(Scope.ACCOUNT_MANAGE)
    its = await house.account()
    (act, _) = accounts.acts(house.keys, ISSUER)
    await house.transact(lambda c: act.at_the_machine(c, call, change(its.account, "ADMINISTRATOR")))
    assert await house.count("role_grant", "role = 'ADMINISTRATOR'") == 1


async def test_a_half_session_cannot_be_had_with_a_verdict_on_another_account(house: House) -> None:
    its = await house.account()
    call = at_the_door()
    tried = await house.transact(lambda c: sign_in.count_try(c, call, house.keys, email=its.email, device=None))
    await house.database.ask("update account set disabled_at = $1", NOW)
    work = house.transact(lambda c: sign_in.begin_sign_in(c, call, house.keys, tried=tried, verdict=Verdict(True)))
    assert await refusal(work) == (Invalid, ())
    assert await house.count("session") == 0
