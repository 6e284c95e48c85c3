"""The schema is the one that is published, spells its names as they were agreed, and has a place for every code."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema,
    find_breaking_changes,
    get_named_type,
)

from access.call import Purpose
from api import errors, schema
from core.errors import Code, SijilError
from verification.matching import Operator, Verdict

EXPORTED = Path(schema.__file__).with_name("schema.graphql")
# The names that clients rely on: each is spelled so where it is there, on a type of that name.
AGREED = {
    "Query": "me catalogue programmes verify person household eligibility entitlement changes searchPersons duplicates agency "
    "agencies reviews approvals ledger indicators approval myAgency account accounts officer officers office offices "
    "operator operators invitation consent consents consentByLink previewConsent accessReport accessReports jobs messages "
    "agencyName agencyNames masterKeys"
    " enrolment enrolments enrolmentByReceipt openings duplicate changeRequest changeRequests personRecord evidence evidenceOf"
    " checkAttestation personFile personFiles importTemplate teamDevices linkFiles ownLinkFiles",
    "VerificationBatch": "answers receipt",
    "Verification": "reference confirmed claims token refused asOf receipt",
    "Refusal": "code retryAt",
    "ClaimVerdict": "attribute verdict level precision",
    "Person": "idcs token status name birthDate birthPlace sex nationality residence telephone email guardians households "
    "history maritalStatus cnie residencePermit address fatherName motherName",
    "Name": "given family",
    "ScriptedText": "ar latin",
    "Household": "code token size members head declarant residence milieu facts familyUnits score scores eligibility",
    "Membership": "person token kinship sex validFrom validTo",
    "FamilyUnit": "kind members",
    "Fact": "attribute member value source evidence dispute validFrom recordedAt",
    "Score": "value band formula calculatedAt cause contributions distances change whatIf complete missing",
    "Contribution": "variable label value weight amount source fact",
    "Eligibility": "programme eligible distance reason rule asOf effectiveFrom validUntil contribution receipt reference "
    "refused",
    "EligibilityBatch": "answers receipt",
}
# What must be there by now, whatever else is.
THERE = {
    "Query": "me catalogue programmes verify person household eligibility agency agencies approvals",
    "Mutation": "requestConsent answerConsent withdrawConsent enrolAgency addAgencyKey revokeAgencyKey publishAgreement "
    "approve reject",
    "Verification": "reference confirmed claims token refused asOf receipt",
    "Person": "idcs token status name birthDate birthPlace sex nationality residence telephone email",
    "Household": "code token members head declarant residence milieu facts score scores eligibility",
    "Score": "value formula calculatedAt cause contributions complete missing",
    "Eligibility": "programme eligible distance reason rule asOf receipt",
}
INPUTS = {
    "SubjectInput": {"idcs": "String", "virtualId": "String", "token": "String"},
    "VerificationRequest": {
        "reference": "String",
        "subject": "SubjectInput!",
        "claims": "[ClaimInput!]",
        "predicates": "[PredicateInput!]",
        "consent": "ID",
    },
    "ClaimInput": {"attribute": "String!", "value": "String!"},
    "PredicateInput": {"attribute": "String!", "operator": "Operator!", "value": "String!"},
    "EligibilityRequest": {"reference": "String", "subject": "SubjectInput!", "programme": "String!", "consent": "ID"},
}
ARGUMENTS = {
    ("Query", "verify"): {"requests": "[VerificationRequest!]!", "purpose": "Purpose!"},
    ("Query", "person"): {"subject": "SubjectInput!", "purpose": "Purpose!", "consent": "ID"},
    ("Query", "household"): {"code": "String", "subject": "SubjectInput", "purpose": "Purpose!", "consent": "ID"},
    ("Query", "eligibility"): {"requests": "[EligibilityRequest!]!", "purpose": "Purpose!"},
    ("Query", "programmes"): {"on": "Date"},
    ("Household", "score"): {"asOf": "DateTime"},
    ("Household", "scores"): {"first": "Int", "after": "String"},
    ("Household", "eligibility"): {"programme": "String!"},
    ("Contribution", "label"): {"lang": "Lang!"},
}
SCHEMA = schema.build()


def test_the_exported_schema_is_the_one_that_is_served() -> None:
    assert EXPORTED.read_text() == schema.export(SCHEMA), "export it anew: api.schema.export"


def test_nothing_is_broken_against_the_exported_schema() -> None:
    assert find_breaking_changes(build_schema(EXPORTED.read_text()), build_schema(schema.export(SCHEMA))) == []


@pytest.mark.parametrize("name", [name for name in AGREED if name in SCHEMA.type_map])
def test_fields_are_spelled_as_agreed(name: str) -> None:
    type_ = SCHEMA.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    assert set(type_.fields) <= set(AGREED[name].split())


@pytest.mark.parametrize("name", THERE)
def test_what_must_be_there_is_there(name: str) -> None:
    type_ = SCHEMA.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    assert set(THERE[name].split()) <= set(type_.fields)


@pytest.mark.parametrize("name", INPUTS)
def test_inputs_are_spelled_and_typed_as_agreed(name: str) -> None:
    type_ = SCHEMA.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType)
    assert {field_name: str(field.type) for field_name, field in type_.fields.items()} == INPUTS[name]


@pytest.mark.parametrize(("type_name", "field"), ARGUMENTS)
def test_arguments_are_spelled_and_typed_as_agreed(type_name: str, field: str) -> None:
    type_ = SCHEMA.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    found = {name: str(argument.type) for name, argument in type_.fields[field].args.items()}
    assert found == ARGUMENTS[type_name, field]


def test_a_subject_is_named_in_one_way_by_its_type() -> None:
    type_ = SCHEMA.type_map["SubjectInput"]
    assert isinstance(type_, GraphQLInputObjectType)
    assert type_.is_one_of


@pytest.mark.parametrize(("name", "members"), [("Purpose", Purpose), ("Operator", Operator), ("Verdict", Verdict)])
def test_enumerations_are_those_of_the_rooms(name: str, members: type) -> None:
    type_ = SCHEMA.type_map[name]
    assert isinstance(type_, GraphQLEnumType)
    assert set(type_.values) == {member.name for member in members}  # type: ignore[attr-defined]


def test_there_is_no_way_to_any_object_by_a_global_id() -> None:
    assert SCHEMA.query_type is not None
    assert not {"node", "nodes", "_entities", "_service"} & set(SCHEMA.query_type.fields)
    for field in SCHEMA.query_type.fields.values():
        if get_named_type(field.type).name in ("Person", "Household"):
            assert "id" not in field.args


def test_nothing_is_subscribed_to() -> None:
    assert SCHEMA.subscription_type is None


def test_every_code_has_a_status_and_every_error_a_code_of_its_own() -> None:
    assert set(errors.TABLE) == set(Code)
    assert all(400 <= http < 600 and exits >= 10 for http, exits in errors.TABLE.values())
    assert len({exits for _, exits in errors.TABLE.values()}) == len(errors.TABLE)
    assert {kind.code for kind in SijilError.__subclasses__()} == set(Code)
