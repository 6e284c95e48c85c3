"""Accounts and agencies' people over real HTTP: four callers for each mutation, two server processes, what pages are told."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from access.call import NOBODY
from access.rights import Role
from tests.access.signing import PASSWORD
from tests.api.door import CONFIRM, SIGN_IN, TAKE_UP, TAKEN_UP, Door
from tests.api.people import Browser, People, Person, user_errors
from tests.api.serving import Agency, Caller, Instance, codes, listening

TABLES = ("account", "role_grant", "invitation", "recovery_code", "office", "operator", "proposal", "message", "done", "job")
LONG = timedelta(days=365)
ACCOUNT = "{ account { id email name roles { id role division } disabledAt takenUp } userErrors { code path } }"
OFFICER = "{ account { id email name office { code } purposes disabledAt } userErrors { code path } }"
OFFICE = "{ office { id code kind name { fr } division closedAt operator { id } } userErrors { code path } }"
OPERATOR = "{ operator { id mandate validTo revokedAt } userErrors { code path } }"
PROPOSAL = "{ proposal { id kind change territory } userErrors { code path } }"
CODES = "{ recoveryCodes userErrors { code path } }"
DONE = "{ done userErrors { code path } }"


@dataclass
class Stage:
    """Who is there: `chief` administers accounts, `head` the agency that `officer` is of, `rival` another agency."""

    instance: Instance
    door: Door
    people: People
    agency: Agency
    other: Agency
    chief: Person
    colleague: Person
    narrow: Person
    agent: Person
    head: Person
    rival: Person
    browsers: dict[str, Browser] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def browser(self, name: str) -> Browser:
        if name not in self.browsers:
            person: Person = getattr(self, name)
            self.browsers[name] = person.caller()
        return self.browsers[name]

    def email(self) -> str:
        return f"new.{next(self.numbers)}@example.org"

    def rows(self) -> dict[str, int]:
        return {table: self.instance.count(table) for table in TABLES}

    # --- what mutations are about

    def officer(self, agency: Agency | None = None) -> Person:
        return self.people.officer(agency or self.agency)

    def office(self) -> str:
        given = {"kind": "BRANCH", "code": f"N{next(self.numbers)}", "nameAr": "و", "nameFr": "A", "nameEn": "A"}
        made = self.browser("head").change(mutation("openOffice", OFFICE), **given)
        return str(made["office"]["id"])

    def operator(self) -> str:
        made = self.browser("head").change(mutation("appointOperator", OPERATOR), **self.mandate())
        return str(made["operator"]["id"])

    def mandate(self) -> dict[str, Any]:
        until = (self.instance.now() + LONG).isoformat()
        return {"nameAr": "و", "nameFr": "A", "nameEn": "A", "mandate": "Contract 1", "validTo": until}

    def pending(self) -> str:
        """An account that was not taken up."""
        person = self.people.staff()
        self.instance.sql(
            "update account set password = null, totp = null, second_factor = null where account_id = $1", person.account
        )
        return str(person.account)

    def grant(self) -> str:
        person = self.people.staff(Role.AUDITOR)
        (row,) = self.instance.sql("select grant_id from role_grant where account_id = $1", person.account)
        return str(row["grant_id"])


@pytest.fixture(scope="module")
def stage(served: Instance) -> Stage:
    people = People(served)
    agency, other = served.enrol(), served.enrol()
    return Stage(
        instance=served,
        door=Door(served),
        people=people,
        agency=agency,
        other=other,
        chief=people.staff(Role.ADMINISTRATOR),
        colleague=people.staff(Role.ADMINISTRATOR),
        narrow=people.staff(Role.ADMINISTRATOR, division="05"),
        agent=people.staff(Role.CENTRE_AGENT, Role.PUBLISHER),
        head=people.officer(agency, role=Role.AGENCY_ADMINISTRATOR),
        rival=people.officer(other, role=Role.AGENCY_ADMINISTRATOR),
    )


def mutation(name: str, selection: str) -> str:
    return f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {selection} }}"


# --- four callers for each mutation


@dataclass(frozen=True)
class Case:
    """`given`: the input; `wrong`: who has the right, but not here (None: nobody is like that), and how it is refused."""

    selection: str
    given: Callable[[Stage], Mapping[str, Any]]
    right: str
    without: str
    wrong: str | None
    refused: tuple[str, tuple[str, ...]] | str = "FORBIDDEN"


def who(stage: Stage, **more: Any) -> dict[str, Any]:
    return {"email": stage.email(), "name": "Somebody New", "lang": "FR"} | more


REGISTRY = {
    "inviteStaff": (ACCOUNT, who),
    "inviteAgencyAdministrator": (ACCOUNT, lambda stage: who(stage, agency=str(stage.agency.agency_id))),
    "inviteAgain": (ACCOUNT, lambda stage: {"account": stage.pending()}),
    "grantRole": (PROPOSAL, lambda stage: {"account": str(stage.people.staff().account), "role": "AUDITOR"}),
    "revokeRole": (ACCOUNT, lambda stage: {"grant": stage.grant()}),
    "disableAccount": (ACCOUNT, lambda stage: {"account": str(stage.people.staff().account)}),
    "resetAccount": (PROPOSAL, lambda stage: {"account": str(stage.people.staff().account)}),
}
AGENCY: dict[str, tuple[str, Callable[[Stage], Mapping[str, Any]], str | None, Any]] = {
    "inviteOfficer": (OFFICER, lambda stage: who(stage, office=stage.office()), "rival", ("NOT_FOUND", ("office",))),
    "changeOfficer": (
        OFFICER,
        lambda stage: {"account": str(stage.officer().account), "purposes": ["ELIGIBILITY"]},
        "rival",
        ("NOT_FOUND", ("account",)),
    ),
    "removeOfficer": (OFFICER, lambda stage: {"account": str(stage.officer().account)}, "rival", ("NOT_FOUND", ("account",))),
    "openOffice": (
        OFFICE,
        lambda stage: {
            "kind": "PAY_POINT",
            "code": f"P{next(stage.numbers)}",
            "nameAr": "و",
            "nameFr": "A",
            "nameEn": "A",
            "operator": stage.operator(),
        },
        "rival",
        ("NOT_FOUND", ("operator",)),
    ),
    "closeOffice": (OFFICE, lambda stage: {"office": stage.office()}, "rival", ("NOT_FOUND", ("office",))),
    "appointOperator": (OPERATOR, lambda stage: stage.mandate(), None, "FORBIDDEN"),
    "revokeOperator": (OPERATOR, lambda stage: {"operator": stage.operator()}, "rival", ("NOT_FOUND", ("operator",))),
}
CASES = {
    **{name: Case(told, given, "chief", "agent", "narrow") for name, (told, given) in REGISTRY.items()},
    **{name: Case(told, given, "head", "chief", wrong, refused) for name, (told, given, wrong, refused) in AGENCY.items()},
}


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert [found for found, _ in codes(answer)] == [code]
    assert answer.json().get("data") is None


@pytest.mark.parametrize("name", CASES)
def test_nobody_changes_nothing(stage: Stage, name: str) -> None:
    case = CASES[name]
    given, before = case.given(stage), stage.rows()
    browser = stage.browser("chief")
    document = mutation(name, case.selection)
    refused(browser.ask(document, {"input": given}, cookie=None), 401, "UNAUTHENTICATED")
    refused(browser.ask(document, {"input": given}, x_csrf_token=None), 403, "FORBIDDEN")
    answer = stage.door.ask(document, given)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    assert stage.rows() == before


@pytest.mark.parametrize("name", CASES)
def test_whoever_lacks_the_right_changes_nothing(stage: Stage, name: str) -> None:
    case = CASES[name]
    given, before = case.given(stage), stage.rows()
    refused(stage.browser(case.without).ask(mutation(name, case.selection), {"input": given}), 200, "FORBIDDEN")
    assert stage.rows() == before


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].wrong])
def test_whoever_has_the_right_elsewhere_changes_nothing(stage: Stage, name: str) -> None:
    case = CASES[name]
    given, before = case.given(stage), stage.rows()
    assert case.wrong is not None
    answer = stage.browser(case.wrong).ask(mutation(name, case.selection), {"input": given})
    if isinstance(case.refused, str):
        refused(answer, 200, case.refused)
    else:
        (payload,) = answer.json()["data"].values()
        assert user_errors(payload) == [case.refused]
    assert stage.rows() == before


@pytest.mark.parametrize("name", CASES)
def test_the_right_caller_changes_it(stage: Stage, name: str) -> None:
    case = CASES[name]
    payload = stage.browser(case.right).change(mutation(name, case.selection), **case.given(stage))
    changed = next(value for key, value in payload.items() if key != "userErrors")
    assert payload["userErrors"] == []
    assert changed["id"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("id_", ["", "nobody", "019a0000-0000-7000-8000-000000000000", "1 or 1=1", "\u202e"])
def test_made_up_ids_are_told_apart_from_nothing(stage: Stage, name: str, id_: str) -> None:
    case = CASES[name]
    given = case.given(stage)
    parts = [part for part in ("account", "grant", "office", "operator", "agency") if part in given]
    for part in parts:
        before = stage.rows()
        payload = stage.browser(case.right).change(mutation(name, case.selection), **{**given, part: id_})
        ((code, path),) = user_errors(payload)
        assert code in ("INVALID", "NOT_FOUND")
        assert path == (part,)
        assert stage.rows() == before


# --- the mutations before the door, and of one's own


BEFORE = {
    SIGN_IN: {"email": "a@example.org", "password": PASSWORD},
    CONFIRM: {"token": "t", "code": "000000"},
    TAKE_UP: {"token": "t", "password": PASSWORD},
    TAKEN_UP: {"token": "t", "ticket": "t", "code": "000000"},
}
OWN = {
    "signOut": (DONE, {}),
    "endOtherSessions": (DONE, {}),
    "changePassword": (DONE, {"currentPassword": PASSWORD, "newPassword": "orange lantern 88 violet", "code": "000000"}),
    "renewRecoveryCodes": (CODES, {"code": "000000"}),
}


@pytest.mark.parametrize("document", BEFORE)
def test_the_way_in_is_for_pages_and_for_who_has_not_signed_in(stage: Stage, document: str) -> None:
    before, sessions = stage.rows(), stage.instance.count("session")
    given = BEFORE[document]
    throttles = stage.instance.count("throttle")
    browser = stage.browser("agent")
    refused(browser.ask(document, {"input": given}, cookie=None), 401, "UNAUTHENTICATED")
    refused(browser.ask(document, {"input": given}), 200, "FORBIDDEN")
    for actor, address in ((stage.door.actor_of(browser), "203.0.113.9"), (NOBODY, None)):
        answer = stage.door.ask(document, given, actor=actor, address=address)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    agency = stage.agency.caller()
    assert [code for code, _ in codes(agency.ask(document, {"input": given}))] == ["FORBIDDEN"]
    assert (stage.rows(), stage.instance.count("session")) == (before, sessions)
    assert stage.instance.count("throttle") == throttles


@pytest.mark.parametrize("name", OWN)
def test_what_is_ones_own_is_nobodys_else(stage: Stage, name: str) -> None:
    selection, given = OWN[name]
    document, person = mutation(name, selection), stage.people.staff(Role.AUDITOR)
    stage.door.password(person)
    browser, other = person.caller(), stage.people.staff(Role.AUDITOR).caller()
    before = stage.instance.sql("select session_hash, ended_at from session order by session_hash")
    refused(browser.ask(document, {"input": given}, cookie=None), 401, "UNAUTHENTICATED")
    if name != "signOut":
        agency = stage.agency.caller()
        assert [code for code, _ in codes(agency.ask(document, {"input": given}))] == ["FORBIDDEN"]
    if "code" in given:
        payload = browser.change(document, **given)
        assert user_errors(payload)[0][0] == "INVALID"
    assert stage.instance.sql("select session_hash, ended_at from session order by session_hash") == before
    if "code" not in given:
        assert browser.change(document, **given) == {"done": True, "userErrors": []}
        assert other.ask("{ me { id } }").status_code == 200
    assert browser.ask("{ me { id } }").status_code == (401 if name == "signOut" else 200)


# --- signing in, all the way


def test_somebody_is_invited_takes_the_account_up_signs_in_and_works(stage: Stage) -> None:
    email = stage.email()
    invited = stage.browser("chief").change(mutation("inviteStaff", ACCOUNT), **who(stage, email=email, name="Amina A."))
    account = invited["account"]
    assert (account["email"], account["takenUp"], account["roles"]) == (email, False, [])
    token = stage.door.link_token(email)
    document = "query($token: String!) { invitation(token: $token) { email name } }"
    assert stage.door.ask(document, token=token)["data"]["invitation"] == {"email": email, "name": "Amina A."}
    assert stage.door.ask(document, token="x" * 43)["data"]["invitation"] is None
    _, recovery = stage.door.taken_up(email)
    assert stage.door.ask(document, token=token)["data"]["invitation"] is None
    half = stage.door.half(email)["token"]
    made = stage.door.payload(CONFIRM, {"token": half, "recoveryCode": recovery[0]})
    browser = Browser(stage.instance, made["token"])
    me = browser.data("{ me { kind id displayName code name { fr } rights purposes roles { role } agency { code } } }")["me"]
    assert me == {
        "kind": "STAFF",
        "id": account["id"],
        "displayName": "Amina A.",
        "code": None,
        "name": None,
        "rights": ["self:read"],
        "purposes": [],
        "roles": [],
        "agency": None,
    }
    # A role is proposed by one administrator and approved by another; it counts from the next request on.
    chief, colleague = stage.browser("chief"), stage.browser("colleague")
    proposal = chief.change(
        mutation("grantRole", "{ proposal { id hash } userErrors { code } }"), account=account["id"], role="AUDITOR"
    )
    approve = mutation("approve", "{ proposal { state } userErrors { code path } }")
    given = {"proposal": proposal["proposal"]["id"], "hash": proposal["proposal"]["hash"]}
    own = chief.ask(approve, {"input": given | {"code": stage.chief.fresh_code()}})
    assert [code for code, _ in codes(own)] == ["FORBIDDEN"]
    assert user_errors(colleague.change(approve, **given, code="000000")) == [("INVALID", ("code",))]
    done = colleague.change(approve, **given, code=stage.colleague.fresh_code())
    assert done == {"proposal": {"state": "APPROVED"}, "userErrors": []}
    assert browser.data("{ me { roles { role } } }")["me"]["roles"] == [{"role": "AUDITOR"}]


def test_a_reset_by_two_lets_a_lost_second_factor_be_made_anew(stage: Stage) -> None:
    person = stage.people.staff(Role.AUDITOR)
    stage.door.password(person)
    browser = stage.door.signed_in(person)
    chief, colleague = stage.browser("chief"), stage.browser("colleague")
    given = {"account": str(person.account)}
    proposal = chief.change(mutation("resetAccount", "{ proposal { id hash } userErrors { code } }"), **given)["proposal"]
    approved = colleague.change(
        mutation("approve", "{ proposal { state } userErrors { code path } }"),
        proposal=proposal["id"],
        hash=proposal["hash"],
        code=stage.colleague.fresh_code(),
    )
    assert approved == {"proposal": {"state": "APPROVED"}, "userErrors": []}
    assert browser.ask("{ me { id } }").status_code == 401
    assert stage.door.half(person.signed.email)["token"] is None
    _, recovery = stage.door.taken_up(person.signed.email)
    half = stage.door.half(person.signed.email)["token"]
    assert stage.door.payload(CONFIRM, {"token": half, "recoveryCode": recovery[0]})["token"]


def test_an_officer_sees_who_they_are_and_nothing_of_the_registry(stage: Stage) -> None:
    office = stage.office()
    officer = stage.officer()
    stage.browser("head").change(
        mutation("changeOfficer", OFFICER), account=str(officer.account), office=office, purposes=["ELIGIBILITY"]
    )
    browser = officer.caller()
    document = (
        "{ me { kind displayName code name { fr } purposes agency { id code } office { id kind } agreement { version } } }"
    )
    me = browser.data(document)["me"]
    assert me == {
        "kind": "OFFICER",
        "displayName": officer.name,
        "code": None,
        "name": None,
        "purposes": ["ELIGIBILITY"],
        "agency": {"id": str(stage.agency.agency_id), "code": stage.agency.code},
        "office": {"id": office, "kind": "BRANCH"},
        "agreement": {"version": 1},
    }
    assert browser.data("{ catalogue { name granted } }")["catalogue"]
    assert stage.browser("agent").data("{ catalogue { name granted } }")["catalogue"][0]["granted"] == []
    machine = stage.agency.caller().data("{ me { kind code name { fr } displayName roles { role } agency { id } } }")["me"]
    assert machine == {
        "kind": "AGENCY",
        "code": stage.agency.code,
        "name": {"fr": stage.agency.code},
        "displayName": None,
        "roles": [],
        "agency": None,
    }


# --- who is shown what


QUERIES = {
    "accounts": ("{ accounts { edges { node { id email name } } } }", "chief", ("agent", "head", "rival")),
    "account": ("query($id: ID!) { account(id: $id) { id email name } }", "chief", ("agent", "head")),
    "officers": ("{ officers { edges { node { id email name } } } }", "head", ("agent", "chief")),
    "officer": ("query($id: ID!) { officer(id: $id) { id email name } }", "head", ("agent", "chief")),
    "offices": ("{ offices { edges { node { id code } } } }", "head", ("agent", "chief")),
    "operators": ("{ operators { edges { node { id mandate } } } }", "head", ("agent", "chief")),
}


@pytest.mark.parametrize("name", QUERIES)
def test_lists_are_for_who_administers_them(stage: Stage, name: str) -> None:
    document, right, without = QUERIES[name]
    stage.office()
    stage.operator()
    officer = stage.officer()
    variables = {"id": str(officer.account)} if "$id" in document else {}
    browser = stage.browser(right)
    refused(browser.ask(document, variables, cookie=None), 401, "UNAUTHENTICATED")
    for person in without:
        answer = stage.browser(person).ask(document, variables)
        assert [code for code, _ in codes(answer)] == ["FORBIDDEN"]
        assert officer.signed.email not in answer.text
    answer = stage.agency.caller().ask(document, variables)
    assert [code for code, _ in codes(answer)] == ["FORBIDDEN"]
    found = browser.data(document, variables)[name]
    assert found["id"] == str(officer.account) if variables else found["edges"]


def test_an_agencys_administrator_sees_its_own_people_and_no_others(stage: Stage) -> None:
    mine, theirs, staff = stage.officer(), stage.officer(stage.other), stage.people.staff()
    document = "query($a: String) { officers(first: 100, after: $a) { edges { node { id } } pageInfo { endCursor } } }"
    found = stage.browser("head").data(document)["officers"]
    ids = {edge["node"]["id"] for edge in found["edges"]}
    assert str(mine.account) in ids
    assert not {str(theirs.account), str(staff.account)} & ids
    for target in (theirs, staff):
        answer = stage.browser("head").data("query($id: ID!) { officer(id: $id) { email } }", {"id": str(target.account)})
        assert answer == {"officer": None}
    # A cursor is of one list and one viewer.
    cursor = found["pageInfo"]["endCursor"]
    (code,) = codes(stage.browser("rival").ask(document, {"a": cursor}))
    assert code == ("INVALID", ("officers",))


def test_the_registrys_list_is_of_its_own_staff_or_of_one_agency(stage: Stage) -> None:
    mine, staff = stage.officer(), stage.people.staff()
    document = "query($g: ID) { accounts(agency: $g, first: 100) { edges { node { id agency { code } } } } }"
    own = stage.browser("chief").data(document)["accounts"]["edges"]
    theirs = stage.browser("chief").data(document, {"g": str(stage.agency.agency_id)})["accounts"]["edges"]
    assert str(staff.account) in {edge["node"]["id"] for edge in own}
    assert {edge["node"]["agency"] for edge in own if edge["node"]["agency"]} == set()
    assert str(mine.account) in {edge["node"]["id"] for edge in theirs}
    assert {edge["node"]["agency"]["code"] for edge in theirs} == {stage.agency.code}


# --- once, however often it is sent


def test_an_invitation_with_a_key_is_sent_once(stage: Stage) -> None:
    given = who(stage, requestKey=f"invite-{next(stage.numbers)}")
    head, document = stage.browser("head"), mutation("inviteOfficer", OFFICER)
    first = head.change(document, **given)
    rows = stage.rows()
    assert head.change(document, **given) == first
    assert stage.rows() == rows
    other = head.change(document, **{**given, "name": "Somebody Else"})
    assert user_errors(other) == [("CONFLICT", ("requestKey",))]


def test_recovery_codes_are_told_once_even_to_the_same_request(stage: Stage) -> None:
    person = stage.people.staff(Role.AUDITOR)
    browser, document = person.caller(), mutation("renewRecoveryCodes", CODES)
    given = {"code": person.fresh_code(), "requestKey": f"codes-{next(stage.numbers)}"}
    told = browser.change(document, **given)["recoveryCodes"]
    assert len(set(told)) == 10
    assert browser.change(document, **given) == {"recoveryCodes": None, "userErrors": []}
    kept = "".join(str(row["outcome"]) for row in stage.instance.sql("select outcome from done"))
    assert not [code for code in told if code in kept or code.replace("-", "") in kept]


def test_a_password_is_changed_over_http_and_counts_at_the_door(stage: Stage) -> None:
    person = stage.people.staff(Role.AUDITOR)
    stage.door.password(person)
    browser, other = stage.door.signed_in(person), person.caller()
    document, new = mutation("changePassword", DONE), "orange lantern 88 violet"
    wrong = browser.change(document, currentPassword="no", newPassword=new, code=person.fresh_code())
    assert user_errors(wrong) == [("INVALID", ("currentPassword",))]
    done = browser.change(document, currentPassword=PASSWORD, newPassword=new, code=person.fresh_code())
    assert done == {"done": True, "userErrors": []}
    assert (browser.ask("{ me { id } }").status_code, other.ask("{ me { id } }").status_code) == (200, 401)
    assert stage.door.half(person.signed.email)["token"] is None
    assert stage.door.half(person.signed.email, new)["token"]


# --- two server processes


@pytest.fixture(scope="module")
def second(stage: Stage) -> Iterator[str]:
    """The address of another process on the same database."""
    with stage.instance.serve(listening()) as base:
        assert httpx.get(f"{base}/health/ready", timeout=60).json() == {"ready": True}
        yield base


ME = "{ me { id rights } }"
LIST = "{ accounts { edges { node { id } } } }"


def both(person: Person, token: str, second: str) -> tuple[Browser, Browser]:
    """The same session at both processes."""
    instance = person.people.instance
    return Browser(instance, token), Browser(instance, token, second)


def test_a_disabled_account_is_let_in_at_neither_process(stage: Stage, second: str) -> None:
    person = stage.people.staff(Role.ADMINISTRATOR)
    here, there = both(person, person.caller().token, second)
    assert (here.ask(ME).status_code, there.ask(ME).status_code) == (200, 200)
    stage.browser("chief").change(mutation("disableAccount", ACCOUNT), account=str(person.account))
    assert (here.ask(ME).status_code, there.ask(ME).status_code) == (401, 401)


def test_a_role_that_was_revoked_opens_nothing_at_either_process(stage: Stage, second: str) -> None:
    person = stage.people.staff(Role.ADMINISTRATOR)
    (grant,) = stage.instance.sql("select grant_id from role_grant where account_id = $1", person.account)
    here, there = both(person, person.caller().token, second)
    assert codes(here.ask(LIST)) == codes(there.ask(LIST)) == []
    stage.browser("chief").change(mutation("revokeRole", ACCOUNT), grant=str(grant["grant_id"]))
    for browser in (here, there):
        assert [code for code, _ in codes(browser.ask(LIST))] == ["FORBIDDEN"]
        assert browser.data(ME)["me"]["rights"] == ["self:read"]


def test_a_session_that_ended_is_over_at_both_processes(stage: Stage, second: str) -> None:
    person = stage.people.staff(Role.AUDITOR)
    here, there = both(person, person.caller().token, second)
    third = person.caller(second)
    assert there.ask(ME).status_code == 200
    assert here.change(mutation("signOut", DONE)) == {"done": True, "userErrors": []}
    assert (here.ask(ME).status_code, there.ask(ME).status_code, third.ask(ME).status_code) == (401, 401, 200)
    fourth = person.caller()
    assert fourth.change(mutation("endOtherSessions", DONE))["done"]
    assert (third.ask(ME).status_code, fourth.ask(ME).status_code) == (401, 200)


@pytest.mark.parametrize("what", ["removeOfficer", "closeOffice", "revokeOperator"])
def test_an_officer_whose_place_ended_is_let_in_at_neither_process(stage: Stage, second: str, what: str) -> None:
    operator, head = stage.operator(), stage.browser("head")
    given = {"kind": "BRANCH", "code": f"S{next(stage.numbers)}", "nameAr": "و", "nameFr": "A", "nameEn": "A"}
    office = head.change(mutation("openOffice", OFFICE), **given, operator=operator)["office"]["id"]
    officer = stage.officer()
    head.change(mutation("changeOfficer", OFFICER), account=str(officer.account), office=office)
    here, there = both(officer, officer.caller().token, second)
    assert (here.ask(ME).status_code, there.ask(ME).status_code) == (200, 200)
    ended = {
        "removeOfficer": (OFFICER, {"account": str(officer.account)}),
        "closeOffice": (OFFICE, {"office": office}),
        "revokeOperator": (OPERATOR, {"operator": operator}),
    }
    selection, which = ended[what]
    assert head.change(mutation(what, selection), **which)["userErrors"] == []
    assert (here.ask(ME).status_code, there.ask(ME).status_code) == (401, 401)


# --- what is written down


def test_nothing_that_was_typed_or_told_stands_in_the_log(stage: Stage) -> None:
    person = stage.people.staff(Role.AUDITOR)
    stage.door.password(person)
    browser = stage.door.signed_in(person)
    code = person.fresh_code()
    codes_ = browser.change(mutation("renewRecoveryCodes", CODES), code=code)["recoveryCodes"]
    browser.change(
        mutation("changePassword", DONE), currentPassword=PASSWORD, newPassword="orange lantern 88 violet", code="000000"
    )
    log = stage.instance.log.read_text()
    for secret in (browser.token, browser.csrf, PASSWORD, "orange lantern", person.signed.email, person.name, *codes_):
        assert secret not in log


def test_an_agency_machine_is_still_answered_as_before(stage: Stage) -> None:
    caller: Caller = stage.agency.caller()
    assert caller.data("{ me { code rights agreement { version } purposes } }")["me"]["agreement"] == {"version": 1}
