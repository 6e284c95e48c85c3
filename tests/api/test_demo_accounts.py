"""Who signs in to the demonstration: each as `demo.json` says, with the rights that it says, from the first minute on."""

import pytest

from access.call import ActorKind
from access.rights import Role, Scope
from api.demo import accounts
from core.database import Database
from core.keys import KeyRing
from identity.sessions import who
from tests.access.enrolled import NOW, Enrol
from tests.access.signing import ISSUER, House, at_the_door, code_of, machine

CALL = machine(Scope.ACCOUNT_MANAGE, Scope.OFFICER_MANAGE)


@pytest.fixture
def house(database: Database, keys: KeyRing, clean: None) -> House:
    return House(database, keys)


async def test_everybody_it_tells_of_signs_in_at_once_with_the_rights_it_tells(house: House, enrol: Enrol) -> None:
    agencies = {code: (await enrol(code)).agency_id for code in ("CNSS_DEMO", "GRANTS_DEMO")}
    document = accounts.document(await accounts.make(house.database, house.keys, CALL, agencies, issuer=ISSUER))
    assert [len(document[name]) for name in ("administrators", "staff", "officers")] == [2, 4, 4]
    people = document["staff"] + document["officers"]
    assert len({each["password"] for each in people}) == len({each["totp_secret"] for each in people}) == len(people)
    for told in people:
        door = at_the_door(NOW, address=f"192.0.2.{people.index(told)}")
        half = await house.first_step(told["email"], told["password"], call=door)
        whole = await house.second_step(half, call=door, code=code_of(told["totp_secret"], NOW))
        found = await who(house.database, house.keys, whole.token, NOW)
        assert found is not None
        actor = found.actor
        assert actor.name == told["name"]
        assert actor.agency == (agencies[told["agency"]] if "agency" in told else None)
        assert (actor.office is not None) == bool(told.get("office"))
        assert actor.kind is (ActorKind.OFFICER if "agency" in told else ActorKind.STAFF)
    grants = await house.database.ask("select role, division from role_grant order by role, division")
    told_roles = sorted((role, each.get("division")) for each in people for role in each["roles"])
    assert [(row["role"], row["division"]) for row in grants] == told_roles


async def test_two_of_them_can_approve_each_others_acts_and_nobody_was_sent_a_link(house: House, enrol: Enrol) -> None:
    agencies = {"CNSS_DEMO": (await enrol("CNSS_DEMO")).agency_id}
    people = await accounts.make(house.database, house.keys, CALL, agencies, issuer=ISSUER)
    able = [one for one in people if {Role.ADMINISTRATOR, Role.PUBLISHER} <= set(one.profile.roles)]
    assert len(able) == 2
    assert {one.profile.agency for one in people} == {None, "CNSS_DEMO"}
    assert await house.count("message", "notice = 'SECOND_FACTOR_SET'") == await house.count("message") == len(people)
    assert await house.count("throttle", "kind = 'PAIR'") == 0
    assert await house.count("invitation", "used_at is null and expires_at > $1", NOW) == 0
    for one in people:
        assert one.password not in repr(one)
        assert one.totp_secret not in repr(one)
