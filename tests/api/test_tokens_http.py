"""Getting a token and using it, over HTTP: what must hold, and what each thing that does not hold is answered with."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.access.enrolled import Key
from tests.api.serving import VERIFY, Agency, Caller, Instance, codes, fresh, listening, request_of

ME = "{ me { kind code } }"
RIGHTS = "consent:request eligibility:read household:read person:read schema:read self:read verification:run"


def refused(answer: httpx.Response, error: str, status: int = 401) -> None:
    """A refusal of the token endpoint, which never gives a token and is never stored."""
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert set(answer.json()) == {"error", "error_description", "code", "request_id"}
    assert answer.headers["cache-control"] == "no-store"


def unauthenticated(answer: httpx.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert codes(answer) == [("UNAUTHENTICATED", ())]
    assert "data" not in answer.json()
    assert answer.headers["www-authenticate"].startswith("DPoP")


# --- asking for a token


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
@pytest.mark.parametrize("dpop", ["ES256", "EdDSA"])
def test_a_token_is_given_for_an_assertion_and_a_proof_of_either_algorithm(served: Instance, alg: str, dpop: str) -> None:
    caller = served.enrol(alg=alg).caller(dpop=Key.new(dpop))
    answer = caller.ask_token()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("DPoP", 300, RIGHTS)
    header, payload, _ = (part + "=" * (-len(part) % 4) for part in told["access_token"].split("."))
    assert json.loads(urlsafe_b64decode(header))["typ"] == "at+jwt"
    claims = json.loads(urlsafe_b64decode(payload))
    assert (claims["iss"], claims["aud"], claims["sub"]) == (served.issuer, served.issuer, str(caller.agency.agency_id))
    assert claims["exp"] - claims["iat"] == 300
    assert caller.data(ME)["me"]["code"] == caller.agency.code


def test_a_token_has_no_more_rights_than_were_asked_for(fund: Agency) -> None:
    caller = fund.caller(scope="self:read")
    assert caller.ask_token().json()["scope"] == "self:read"
    assert caller.data("{ me { rights } }") == {"me": {"rights": ["self:read"]}}
    row = {"subject": {"idcs": "2516116556"}, "claims": [{"attribute": "person.given_name", "value": "Ali"}]}
    assert codes(caller.ask(VERIFY, {"r": [row], "p": "IDENTITY_PROOFING"})) == [("FORBIDDEN", ("verify",))]


@pytest.mark.parametrize("scope", ["register:load", "agency:manage", "self:read nonsense", "  "])
def test_rights_that_no_agency_has_are_refused(fund: Agency, scope: str) -> None:
    refused(fund.caller().ask_token(scope=scope), "invalid_scope", 400)


ASSERTIONS: dict[str, Callable[[Caller], str]] = {
    "not a token": lambda c: "abc",
    "of two parts": lambda c: c.assertion().rsplit(".", 1)[0],
    "padded": lambda c: c.assertion() + "=",
    "too long": lambda c: c.assertion(jti="x" * 9000),
    "signed by another key": lambda c: c.assertion(key=Key.new(c.agency.key.alg)),
    "of another algorithm": lambda c: c.assertion(key=Key.new("ES256" if c.agency.key.alg == "EdDSA" else "EdDSA")),
    "bringing its own key": lambda c: c.assertion(header={"jwk": dict(Key.new("ES256").jwk)}),
    "with a key's address": lambda c: c.assertion(header={"jku": "http://localhost/jwks"}),
    "with a critical header": lambda c: c.assertion(header={"crit": ["x"], "x": 1}),
    "without kid": lambda c: c.assertion(header={"kid": None}),
    "with an unknown kid": lambda c: c.assertion(header={"kid": "nobody's"}),
    "for another service": lambda c: c.assertion(aud="https://elsewhere.example"),
    "for the token endpoint": lambda c: c.assertion(aud=c.issuer + "/oauth/token"),
    "for a list of services": lambda c: c.assertion(aud=[c.issuer]),
    "without aud": lambda c: c.assertion(aud=None),
    "expired": lambda c: c.assertion(exp=c.seconds() - 1),
    "without exp": lambda c: c.assertion(exp=None),
    "living too long": lambda c: c.assertion(exp=c.seconds() + 3600),
    "without iat": lambda c: c.assertion(iat=None),
    "from the future": lambda c: c.assertion(iat=c.seconds() + 60),
    "not valid yet": lambda c: c.assertion(nbf=c.seconds() + 60),
    "with a fraction of a second": lambda c: c.assertion(exp=c.seconds() + 30.5),
    "without jti": lambda c: c.assertion(jti=None),
    "with an empty jti": lambda c: c.assertion(jti=""),
    "by another subject": lambda c: c.assertion(sub=fresh()),
    "of no client": lambda c: c.assertion(iss="nobody", sub="nobody"),
}


@pytest.mark.parametrize("fault", ASSERTIONS)
def test_an_assertion_that_does_not_hold_gets_no_token(fund: Agency, fault: str) -> None:
    caller = fund.caller()
    refused(caller.ask_token(assertion=ASSERTIONS[fault](caller)), "invalid_client")


def test_an_assertion_with_another_agencys_key_gets_no_token(fund: Agency, grants: Agency) -> None:
    caller = fund.caller()
    refused(caller.ask_token(assertion=caller.assertion(key=grants.key, header={"kid": grants.kid})), "invalid_client")


def test_an_assertion_is_good_once(fund: Agency) -> None:
    caller = fund.caller()
    assertion = caller.assertion()
    assert caller.ask_token(assertion=assertion).status_code == 200
    refused(caller.ask_token(assertion=assertion), "invalid_client")


PROOFS: dict[str, Callable[[Caller, str], str]] = {
    "not a token": lambda c, path: "abc",
    "for another address": lambda c, path: c.proof(path, htu=c.issuer + "/elsewhere"),
    "for another host": lambda c, path: c.proof(path, htu="http://elsewhere.example" + path),
    "for another method": lambda c, path: c.proof(path, htm="GET"),
    "too old": lambda c, path: c.proof(path, iat=c.seconds() - 65),
    "from the future": lambda c, path: c.proof(path, iat=c.seconds() + 30),
    "without iat": lambda c, path: c.proof(path, iat=None),
    "without jti": lambda c, path: c.proof(path, jti=None),
    "of another type": lambda c, path: c.proof(path, header={"typ": "JWT"}),
    "without a key": lambda c, path: c.proof(path, header={"jwk": None}),
    "with a private key": lambda c, path: c.proof(path, header={"jwk": {**c.dpop.jwk, "d": "AAAA"}}),
    "signed by another key": lambda c, path: c.proof(path, key=Key.new("ES256"), header={"jwk": dict(c.dpop.jwk)}),
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_proof_that_does_not_hold_gets_no_token(fund: Agency, fault: str) -> None:
    caller = fund.caller()
    refused(caller.ask_token(proofs=[PROOFS[fault](caller, "/oauth/token")]), "invalid_dpop_proof")


def test_one_proof_is_needed_for_a_token_no_more_no_less_and_it_is_good_once(fund: Agency) -> None:
    caller = fund.caller()
    one = caller.proof("/oauth/token")
    refused(caller.ask_token(proofs=[]), "invalid_dpop_proof")
    refused(caller.ask_token(proofs=[one, caller.proof("/oauth/token")]), "invalid_dpop_proof")
    assert caller.ask_token(proofs=[one]).status_code == 200
    refused(caller.ask_token(proofs=[one]), "invalid_dpop_proof")


@pytest.mark.parametrize(
    ("form", "error", "status"),
    [
        ({"grant_type": None}, "unsupported_grant_type", 400),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type", 400),
        ({"client_assertion_type": "urn:other"}, "invalid_client", 401),
        ({"client_assertion_type": None}, "invalid_client", 401),
        ({"client_assertion": None}, "invalid_client", 401),
        ({"client_assertion": "é"}, "invalid_client", 401),
        ({"content_type": "application/json"}, "invalid_request", 400),
        ({"padding": "x" * 17_000}, "invalid_request", 400),
    ],
)
def test_a_form_that_is_not_right_gets_no_token(fund: Agency, form: dict[str, Any], error: str, status: int) -> None:
    refused(fund.caller().ask_token(**form), error, status)


def test_a_field_that_comes_twice_is_refused(fund: Agency) -> None:
    caller = fund.caller()
    body = "grant_type=client_credentials&grant_type=client_credentials"
    headers = {"content-type": "application/x-www-form-urlencoded", "dpop": caller.proof("/oauth/token")}
    refused(caller.http.post("/oauth/token", content=body, headers=headers), "invalid_request", 400)


@pytest.mark.parametrize("end", ["suspended", "key revoked", "key expired"])
def test_who_may_no_longer_ask_gets_no_token_and_the_token_it_has_is_refused_from_the_next_request_on(
    served: Instance, end: str
) -> None:
    agency = served.enrol()
    caller = agency.caller()
    caller.data(ME)
    if end == "suspended":
        agency.suspend()
    elif end == "key revoked":
        agency.revoke_key()
    else:
        served.sql("update agency_key set valid_to = $2 where kid = $1", agency.kid, served.now())
    unauthenticated(caller.ask(ME))
    unauthenticated(caller.ask("{ programmes { code } }"))
    unauthenticated(caller.ask("{ __typename }"))
    unauthenticated(caller.ask(VERIFY, {"r": [request_of(served.subject(0), "given_name")], "p": "IDENTITY_PROOFING"}))
    refused(caller.ask_token(), "invalid_client")


# --- using it


@pytest.mark.parametrize("fault", PROOFS)
def test_a_question_with_a_proof_that_does_not_hold_is_refused(cnss: Caller, fault: str) -> None:
    unauthenticated(cnss.post(b'{"query": "{ me { code } }"}', dpop=PROOFS[fault](cnss, "/graphql")))


def test_a_question_needs_a_proof_of_this_token_by_the_key_it_is_bound_to(fund: Agency, cnss: Caller) -> None:
    other = fund.caller()
    token = cnss.token
    sound = cnss.proof("/graphql", token)
    for dpop in (
        cnss.proof("/graphql"),
        cnss.proof("/graphql", other.token),
        other.proof("/graphql", token),
        None,
        f"{sound}, {sound}",
    ):
        unauthenticated(cnss.post(b'{"query": "{ me { code } }"}', dpop=dpop))
    assert cnss.post(b'{"query": "{ me { code } }"}', dpop=sound).status_code == 200


def test_two_proofs_are_one_too_many(cnss: Caller) -> None:
    headers = [(name, value) for name, value in cnss.headers().items()]
    headers.append(("dpop", cnss.proof("/graphql", cnss.token)))
    unauthenticated(cnss.http.post("/graphql", content=b'{"query": "{ me { code } }"}', headers=headers))


def test_a_proof_is_good_for_one_question(served: Instance, cnss: Caller) -> None:
    proof = cnss.proof("/graphql", cnss.token)
    row = [request_of(served.subject(0), "given_name")]
    body = json.dumps({"query": VERIFY, "variables": {"r": row, "p": "IDENTITY_PROOFING"}}).encode()
    assert cnss.post(body, dpop=proof).status_code == 200
    before = served.count("ledger_entry")
    unauthenticated(cnss.post(body, dpop=proof))
    assert served.count("ledger_entry") == before


@pytest.mark.parametrize("authorization", [None, "", "DPoP", "DPoP a.b.c", "Bearer {}", "Basic {}", "DPoP {}x"])
def test_nobody_is_who_does_not_show_a_token_of_ours_in_the_right_way(cnss: Caller, authorization: str | None) -> None:
    shown = None if authorization is None else authorization.format(cnss.token)
    unauthenticated(cnss.post(b'{"query": "{ me { code } }"}', authorization=shown))


def test_a_token_that_somebody_else_signed_is_none_of_ours(served: Instance, cnss: Caller) -> None:
    now = cnss.seconds()
    forger = Key.new("EdDSA")
    claims = {
        "iss": served.issuer,
        "aud": served.issuer,
        "sub": str(cnss.agency.agency_id),
        "scope": RIGHTS,
        "iat": now,
        "exp": now + 300,
        "cnf": {"jkt": cnss.dpop.kid},
        "client_kid": cnss.agency.kid,
    }
    for kid in (forger.kid, served.keys.signer.kid):
        forged = forger.sign(claims, typ="at+jwt", kid=kid)
        answer = cnss.post(b'{"query": "{ me { code } }"}', authorization=f"DPoP {forged}", dpop=cnss.proof("/graphql", forged))
        unauthenticated(answer)


def test_a_clients_assertion_is_no_access_token(cnss: Caller) -> None:
    assertion = cnss.assertion()
    answer = cnss.post(
        b'{"query": "{ me { code } }"}', authorization=f"DPoP {assertion}", dpop=cnss.proof("/graphql", assertion)
    )
    unauthenticated(answer)


# --- several processes, and after a restart


def test_what_was_used_at_one_process_is_used_at_another_and_after_a_restart(served: Instance, fund: Agency) -> None:
    caller = fund.caller()
    assertion, proof = caller.assertion(), caller.proof("/oauth/token")
    assert caller.ask_token(assertion=assertion, proofs=[proof]).status_code == 200
    question = caller.proof("/graphql", caller.token)
    body = b'{"query": "{ me { code } }"}'
    assert caller.post(body, dpop=question).status_code == 200

    def refuses_all(other: Caller) -> None:
        refused(other.ask_token(assertion=assertion), "invalid_client")
        refused(other.ask_token(proofs=[proof]), "invalid_dpop_proof")
        unauthenticated(other.post(body, dpop=question))
        assert other.post(body).status_code == 200

    with served.serve(listening()) as base:
        other = fund.caller(base=base, dpop=caller.dpop)
        refuses_all(other)
        there = other.proof("/graphql", other.token)
        assert other.post(body, dpop=there).status_code == 200
        here = fund.caller(dpop=caller.dpop)
        unauthenticated(here.post(body, dpop=there, authorization=f"DPoP {other.token}"))
    with served.serve(listening()) as base:  # started anew
        refuses_all(fund.caller(base=base, dpop=caller.dpop))


def test_what_is_remembered_against_replay_outlives_what_it_is_about(served: Instance, fund: Agency) -> None:
    caller = fund.caller()
    before = served.now()
    caller.data(ME)
    # An assertion lives for 60 s here, a proof for 60 s and the 10 s that a clock may be ahead.
    rows = served.sql("select expires_at from replay where expires_at > $1", before + timedelta(seconds=59))
    assert len(rows) >= 3
