"""What is asked: in GraphQL of the service, in its plain form of the floor; and how a right answer looks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import orjson

from bench.instance import CLAIMED, Asked

VERIFY = """query Verify($requests: [VerificationRequest!]!) {
  verify(requests: $requests, purpose: IDENTITY_PROOFING) {
    answers { reference confirmed claims { attribute verdict level } token refused { code retryAt } asOf receipt }
    receipt
  }
}"""
PERSON = """query Person($idcs: String!) {
  person(subject: {idcs: $idcs}, purpose: SERVICE_DELIVERY) {
    token sex birthDate nationality name { given { ar latin } family { ar latin } }
  }
}"""
HOUSEHOLD = """query Household($code: String!) {
  household(code: $code, purpose: SERVICE_DELIVERY) { milieu residence { code } score { value } }
}"""
GRAPHQL = "/graphql"


@dataclass(frozen=True, slots=True)
class Job:
    """One sort of request. A right answer has status 200, holds `mark` once for each subject, and no "errors"."""

    path: str
    bodies: Sequence[bytes]
    mark: str
    subjects: int  # of one request
    clients: int


def verify_request(asked: Asked, *, values: Sequence[str] | None = None) -> dict[str, Any]:
    """One row of a verification; `values` in the place of the true ones."""
    claims = [{"attribute": name, "value": value} for name, value in zip(CLAIMED, values or asked.values, strict=True)]
    return {"reference": "r", "subject": {"idcs": asked.idcs}, "claims": claims}


def verify_job(people: Sequence[Asked], *, graphql: bool, size: int, clients: int) -> Job:
    """Batches of `size` subjects."""
    rows = [verify_request(each) for each in people]
    endless = cycle(rows)
    batches = [list(islice(endless, size)) for _ in range(max(1, min(len(rows) // size, len(rows))))]
    if graphql:
        bodies = [_document(VERIFY, {"requests": batch}) for batch in batches]
    else:
        bodies = [orjson.dumps({"requests": batch, "purpose": "IDENTITY_PROOFING"}) for batch in batches]
    return Job(GRAPHQL if graphql else "/verify", bodies, '"confirmed":true', size, clients)


def person_job(people: Sequence[Asked], *, graphql: bool, clients: int) -> Job:
    return _one(people, PERSON, "/person", "idcs", lambda each: each.idcs, '"token":"p', graphql, clients)


def household_job(people: Sequence[Asked], *, graphql: bool, clients: int) -> Job:
    return _one(people, HOUSEHOLD, "/household", "code", lambda each: each.household_code, '"value":"', graphql, clients)


def _one(
    people: Sequence[Asked],
    document: str,
    path: str,
    name: str,
    value: Callable[[Asked], str],
    mark: str,
    graphql: bool,
    clients: int,
) -> Job:
    if graphql:
        bodies = [_document(document, {name: value(each)}) for each in people]
    else:
        bodies = [orjson.dumps({name: value(each), "purpose": "SERVICE_DELIVERY"}) for each in people]
    return Job(GRAPHQL if graphql else path, bodies, mark, 1, clients)


def _document(text: str, variables: dict[str, Any]) -> bytes:
    return orjson.dumps({"query": text, "variables": variables})
