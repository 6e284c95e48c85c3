"""A walk through what an agency can ask, over HTTP, as a stranger would.

Each step says what it asks, what comes, and what that means. One that does not come out as expected says so, and so does the
tour.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import orjson
from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax

from access import receipts
from api.demo.client import AgencyClient
from api.edge import utc_now
from core.errors import Invalid, SijilError

AGENCY = "CNSS_DEMO"
PROGRAMME = "ASD"
JWKS_PATH = "/.well-known/jwks.json"
SHOWN_CHARACTERS = 96  # of one value: tokens and receipts are long

VERIFY = """query ($requests: [VerificationRequest!]!) {
  verify(requests: $requests, purpose: IDENTITY_PROOFING) {
    answers { reference confirmed claims { attribute verdict level } token refused { code retryAt } asOf receipt }
    receipt
  }
}"""
HOUSEHOLD = """query ($code: String!) {
  household(code: $code, purpose: ELIGIBILITY) {
    milieu
    residence { code nameFr }
    score { value complete contributions { variable label amount } }
    code
  }
}"""
ELIGIBILITY = """query ($requests: [EligibilityRequest!]!) {
  eligibility(requests: $requests, purpose: ELIGIBILITY) {
    answers { reference programme { code } eligible reason distance asOf receipt }
    receipt
  }
}"""
CATALOGUE = "{ catalogue { name granted } }"


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it came out. `asked` is a document or a line; `answer` what came; `meaning` what it shows."""

    name: str
    ok: bool
    meaning: str
    asked: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    answer: Any = None

    @property
    def document(self) -> dict[str, Any]:
        return {"step": self.name, "ok": self.ok, "meaning": self.meaning, "answer": self.answer}


def walk(demo: Mapping[str, Any]) -> Iterator[Step]:
    """The steps, one after another; `demo` is what `demo.json` holds. A refusal in one of them is how that step came out."""
    agency = next(each for each in demo["agencies"] if each["code"] == AGENCY)
    with AgencyClient(demo["base_url"], agency, issuer=demo["issuer"]) as client:
        tour = _Tour(client, demo)
        for name, step in tour.steps.items():
            try:
                yield step(name)
            except (SijilError, httpx.HTTPError, KeyError, TypeError, IndexError) as fault:
                told = f"{fault.code}: {fault.message}" if isinstance(fault, SijilError) else type(fault).__name__
                yield Step(name, False, f"This was not to happen: {told}.", "")


class _Tour:
    def __init__(self, client: AgencyClient, demo: Mapping[str, Any]) -> None:
        self._client = client
        self._personas = {persona["name"]: persona for persona in demo["personas"]}
        self._receipt = ""
        self.steps: dict[str, Callable[[str], Step]] = {
            "An agency asks for a token": self._token,
            "Is it true? Two claims at once, a true and a false one": self._claims,
            "A household, its score, and what that is made of": self._household,
            "Who is eligible for direct social aid?": self._eligibility,
            "An assertion is used a second time": self._assertion_twice,
            "A DPoP proof is used a second time": self._proof_twice,
            "The receipt is checked without asking anybody": self._offline,
        }

    def _token(self, name: str) -> Step:
        answer = self._client.ask_token()
        body = answer.json()
        ok = answer.status_code == 200 and body["token_type"] == "DPoP"  # noqa: S105
        return Step(
            name,
            ok,
            f"It proved itself with a signed assertion, and got a token for {body.get('expires_in')} seconds that is worth "
            "nothing without the DPoP key it was asked with.",
            "POST /oauth/token (client_credentials, private_key_jwt, DPoP)",
            answer=body,
        )

    def _claims(self, name: str) -> Step:
        person = self._personas["match"]
        true = _claims(person, "person.family_name", "person.given_name", "person.birth_date")
        false = [{**true[0], "value": "Inconnu"}, *true[1:]]
        variables = {
            "requests": [
                {"reference": "true", "subject": {"idcs": person["idcs"]}, "claims": true},
                {"reference": "false", "subject": {"idcs": person["idcs"]}, "claims": false},
            ]
        }
        body = self._client.query(VERIFY, variables)
        first, second = body["data"]["verify"]["answers"]
        self._receipt = first["receipt"]
        ok = "errors" not in body and first["confirmed"] is True and second["confirmed"] is False
        ok = ok and bool(first["token"]) and second["token"] is None
        return Step(
            name,
            ok,
            "The first is confirmed, and the agency gets a token of its own for this person. The second is not, by one "
            "wrong name. No value left the register: only yes and no.",
            VERIFY,
            variables,
            body,
        )

    def _household(self, name: str) -> Step:
        code = self._personas["just-below-asd"]["household_code"]
        body = self._client.query(HOUSEHOLD, {"code": code})
        found = body["data"]["household"]
        errors = [(error["path"], error["extensions"]["code"]) for error in body.get("errors", ())]
        parts = sum((Decimal(part["amount"]) for part in found["score"]["contributions"]), Decimal(0))
        ok = found["score"]["complete"] and parts == Decimal(found["score"]["value"])
        ok = bool(ok) and found["code"] is None and errors == [(["household", "code"], "WITHHELD")]
        return Step(
            name,
            ok,
            f"The {len(found['score']['contributions'])} contributions sum exactly to {found['score']['value']}. The code is "
            "in no agreement of this agency: it is null, and an error says WITHHELD and where.",
            HOUSEHOLD,
            {"code": code},
            body,
        )

    def _eligibility(self, name: str) -> Step:
        expected = {"just-below-asd": True, "just-above-asd": False, "incomplete-score": None}
        variables = {
            "requests": [
                {"reference": who, "subject": {"idcs": self._personas[who]["idcs"]}, "programme": PROGRAMME} for who in expected
            ]
        }
        body = self._client.query(ELIGIBILITY, variables)
        told = {answer["reference"]: answer["eligible"] for answer in body["data"]["eligibility"]["answers"]}
        return Step(
            name,
            told == expected and "errors" not in body,
            "Two dirhams of telephone a month stand between the first two. Of the third household something is not known, "
            "so nothing is decided: null, and a reason.",
            ELIGIBILITY,
            variables,
            body,
        )

    def _assertion_twice(self, name: str) -> Step:
        assertion = self._client.prover.assertion(utc_now())
        first, second = self._client.ask_token(assertion), self._client.ask_token(assertion)
        return Step(
            name,
            (first.status_code, second.status_code, second.json().get("code")) == (200, 401, "UNAUTHENTICATED"),
            "The first time it was good for a token. Whoever copied it comes too late, on whichever server.",
            "POST /oauth/token, twice with the same client_assertion",
            answer=[first.status_code, second.status_code, second.json()],
        )

    def _proof_twice(self, name: str) -> Step:
        headers = self._client.fresh_headers()
        first, second = (self._client.send(CATALOGUE, headers=headers) for _ in range(2))
        code = second.json()["errors"][0]["extensions"]["code"]
        return Step(
            name,
            (first.status_code, second.status_code, code) == (200, 401, "UNAUTHENTICATED"),
            "Each request has a proof of its own. A recorded request cannot be sent again.",
            f"{CATALOGUE}  (twice with the same headers)",
            answer=[first.status_code, second.status_code, second.json()],
        )

    def _offline(self, name: str) -> Step:
        jwks = self._client.http.get(JWKS_PATH).json()
        row = dict(receipts.verify(self._receipt, jwks))
        try:
            receipts.verify(_tampered(self._receipt), jwks)
            forged = True
        except Invalid:
            forged = False
        return Step(
            name,
            not forged,
            "One answer of the batch, with its signature, proves itself to anybody who has the published keys, years later "
            "too. With one character changed it proves nothing.",
            f"sijil verify-receipt RECEIPT --jwks {str(self._client.http.base_url).rstrip('/')}{JWKS_PATH}",
            answer=row,
        )


def _claims(person: Mapping[str, Any], *names: str) -> list[dict[str, str]]:
    return [{"attribute": name, "value": person["attributes"][name]} for name in names]


def _tampered(receipt: str) -> str:
    """The same with one character of the row changed."""
    batch, row, *rest = receipt.split("~")
    return "~".join((batch, row[:10] + ("A" if row[10] != "A" else "B") + row[11:], *rest))


# --- telling it


def show(step: Step, number: int, console: Console) -> None:
    """A step as a person would want to read it."""
    console.rule(f"[bold]{number}. {escape(step.name)}[/]", align="left")
    if step.asked.startswith(("query", "{")):
        console.print(Syntax(step.asked, "graphql", background_color="default", word_wrap=True))
    elif step.asked:
        console.print(f"  {escape(step.asked)}")
    if step.variables:
        console.print(Syntax(_json(step.variables), "json", background_color="default", word_wrap=True))
    if step.answer is not None:
        console.print("[dim]answer[/]")
        console.print(Syntax(_json(step.answer), "json", background_color="default", word_wrap=True))
    mark = "[green]as expected[/]" if step.ok else "[bold red]NOT as expected[/]"
    console.print(f"{mark}  {escape(step.meaning)}\n")


def _json(document: Any) -> str:
    return orjson.dumps(_cut(document), option=orjson.OPT_INDENT_2).decode()


def _cut(value: Any) -> Any:
    """The same with long texts cut, and of long lists the first few."""
    if isinstance(value, str):
        return value if len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]}…"
    if isinstance(value, Mapping):
        return {name: _cut(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_cut(member) for member in value[:4]] + ([f"and {len(value) - 4} more"] if len(value) > 4 else [])
    return value
