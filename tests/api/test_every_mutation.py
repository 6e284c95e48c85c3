"""Every mutation there is, asked by those who may not: nobody, and each kind of caller that lacks the right.

What each is asked with is made from the schema, so that a new mutation is in these tests by being there. What the right caller
gets, and what becomes of another's data, stands in the tests of each subject: each mutation has to be named there.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type

from access.call import ActorKind
from access.rights import AGENCY_SCOPES, CITIZEN_SCOPES, ROLE_SCOPES, Role, Scope
from api import schema
from tests.api.people import Browser, People
from tests.api.serving import Agency, Caller, Instance, codes
from tests.test_locks import LIST

SCHEMA = schema.build()
assert SCHEMA.mutation_type is not None
MUTATIONS = SCHEMA.mutation_type.fields
# What is counted even where it is refused, what only says that somebody asked, and what is forgotten when it is past.
COUNTED = {"throttle", "replay", "counter", "session", "one_time_code"}
SIGNING_IN = {"signIn", "confirmSignIn", "takeUpInvitation", "confirmInvitation"}
PRE_REGISTERING = {"preRegister", "resumePreRegistration", "amendPreRegistration"}
OPEN_TO_ALL = SIGNING_IN | PRE_REGISTERING | {"beginSignIn", "finishSignIn", "askForTelephoneChange"}
# Whoever is signed in with an account may do these to that account, whatever their role.
OF_ONES_OWN = {"signOut", "endOtherSessions", "changePassword", "renewRecoveryCodes"}
# Whatever a citizen names in these is their own: they are the right caller.
OF_A_CITIZENS_OWN = {"lockIdentity", "unlockIdentity"}
TABLES = """select tablename from pg_tables where schemaname = 'public' and tablename not in ('alembic_version')
             and tablename not like 'pgqueuer%'"""


# No attestation lives for no days: else a citizen, who may do that, would be given one here.
WELL_FORMED = {"document": "{}", "jwk": "{}", "days": 0}


def given(type_: Any) -> Any:
    """A value that the schema takes in that place: of every member, so that nothing is missing."""
    if isinstance(type_, GraphQLNonNull):
        return given(type_.of_type)
    if isinstance(type_, GraphQLList):
        return [given(type_.of_type)]
    if isinstance(type_, GraphQLInputObjectType):
        fields = list(type_.fields.items())
        return {name: WELL_FORMED.get(name, given(field.type)) for name, field in (fields[:1] if type_.is_one_of else fields)}
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return {
        "ID": str(UUID(int=7)),
        "Int": 5,
        "Boolean": True,
        "Date": "2026-12-01",
        "PartialDate": "1990",
        "DateTime": "2026-12-01T00:00:00Z",
        "Decimal": "1",
    }.get(type_.name, "x")


def asked(name: str) -> tuple[str, dict[str, Any]]:
    """The document and variables of a mutation."""
    argument = MUTATIONS[name].args["input"]
    document = f"mutation($input: {argument.type}) {{ {name}(input: $input) {{ userErrors {{ code path }} }} }}"
    members = given(argument.type)
    if name in OPEN_TO_ALL and "idcs" in members:
        members["idcs"] = "2516116556"  # well-formed, and nobody's
    return document, {"input": members}


def rows(served: Instance) -> Mapping[str, int]:
    """How many rows each table has, but for those that count tries."""
    tables = [row["tablename"] for row in served.sql(TABLES)]
    return {table: served.count(table) for table in tables if table not in COUNTED}


@pytest.fixture(scope="module")
def callers(served: Instance) -> dict[str, Browser]:
    """Somebody of each role, and a citizen."""
    people, agency = People(served), served.enrol()
    staff = {role: people.staff(role).caller() for role in Role if role not in (Role.OFFICER, Role.AGENCY_ADMINISTRATOR)}
    officers = {role: people.officer(agency, role=role).caller() for role in (Role.OFFICER, Role.AGENCY_ADMINISTRATOR)}
    citizen = people.citizen(served.person_id(served.persona("match")["idcs"]))
    return {**staff, **officers, "CITIZEN": citizen}


SCOPES: Mapping[str, frozenset[Scope]] = {**ROLE_SCOPES, "CITIZEN": CITIZEN_SCOPES}


@pytest.mark.parametrize("name", MUTATIONS)
def test_nobody_changes_anything(served: Instance, cnss: Caller, name: str) -> None:
    before = rows(served)
    document, variables = asked(name)
    answer = cnss.http.post("/graphql", json={"query": document, "variables": variables})
    assert answer.status_code == 401
    assert [code for code, _ in codes(answer)] == ["UNAUTHENTICATED"]
    assert rows(served) == before


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_session_without_the_token_of_its_forms_changes_nothing(
    served: Instance, callers: dict[str, Browser], name: str
) -> None:
    before = rows(served)
    for who in (Role.PUBLISHER, Role.AGENCY_ADMINISTRATOR, "CITIZEN"):
        for token in (None, callers[Role.AUDITOR].csrf):
            answer = callers[who].ask(*asked(name), x_csrf_token=token)
            assert [code for code, _ in codes(answer)] == ["FORBIDDEN"], who
    assert rows(served) == before


@pytest.mark.parametrize("name", sorted(MUTATIONS.keys() - OF_ONES_OWN))
def test_who_lacks_the_right_changes_nothing(served: Instance, callers: dict[str, Browser], name: str) -> None:
    """Somebody of each role: whoever has none of the rights that open a door of the rooms behind it is refused by its lock."""
    before = rows(served)
    refused = set()
    for who, browser in callers.items():
        if who == "CITIZEN" and name in OF_A_CITIZENS_OWN:
            continue
        answer = browser.ask(*asked(name))
        found = [code for code, _ in codes(answer)]
        if found:
            assert found == ["FORBIDDEN"] or found[0] in ("NOT_FOUND", "WITHHELD"), (who, answer.text)
            refused.add(who)
        else:
            # Whoever was let in has named nothing that is there.
            payload = answer.json()["data"][name]
            assert payload["userErrors"], (who, answer.text)
    # Those who only look, or only oversee, can change nothing but what is their own.
    assert {Role.OVERSEER, Role.AUDITOR} <= refused
    assert rows(served) == before


@pytest.mark.parametrize("name", sorted(OPEN_TO_ALL))
def test_signing_in_is_for_pages_alone(served: Instance, fund: Agency, callers: dict[str, Browser], name: str) -> None:
    before = rows(served)
    document, variables = asked(name)
    for answer in (fund.caller().ask(document, variables), callers["CITIZEN"].ask(document, variables)):
        assert [code for code, _ in codes(answer)] == ["FORBIDDEN"], answer.text
    assert rows(served) == before


def test_an_agency_has_no_right_that_is_a_persons() -> None:
    of_people = frozenset().union(*ROLE_SCOPES.values()) | CITIZEN_SCOPES
    assert AGENCY_SCOPES & of_people <= AGENCY_SCOPES - {Scope.APPROVAL_DECIDE, Scope.CONSENT_ANSWER, Scope.ACCOUNT_MANAGE}
    assert {kind.value for kind in ActorKind} == {"NOBODY", "AGENCY", "OFFICER", "STAFF", "CITIZEN", "SYSTEM"}


def test_each_mutation_is_tried_by_its_right_caller_too() -> None:
    """The tests of each subject name the mutation: what it does, and that it does nothing to another's."""
    here = Path(__file__)
    texts = [path.read_text() for path in here.parents[1].rglob("*.py") if path != here]
    words = set(re.findall(r"\w+", " ".join(texts)))
    assert [name for name in MUTATIONS if name not in words] == []


def test_every_door_that_a_mutation_leads_to_is_on_the_list() -> None:
    assert get_named_type(MUTATIONS["approve"].args["input"].type).name == "ApproveInput"
    assert any(line.startswith("access.approval.approve ") for line in LIST.read_text().splitlines())
