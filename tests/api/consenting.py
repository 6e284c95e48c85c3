"""Consents over real HTTP, in tests: an agency that asks, the documents, and who is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import httpx

from access.publishing import NOTICE_PUBLISHED, publication
from tests.access.consenting import notice_document
from tests.api.people import Browser, People
from tests.api.serving import Agency, Caller, Instance

ATTRIBUTES = ("person.birth_date", "person.given_name", "person.sex")
STRANGER = "2516116556"  # well-formed, and nobody's
OF_AGENCY = """id reference state purpose method requested granted noticeVersion askedAt answerBy validFrom validTo
  frequency { uses per } usesLeft dataLifeDays changedAt"""
OWN = """id agency { id code name { ar fr en } } purpose state method requested granted
  attributes { name label { ar fr en } sensitivity granted }
  notice { version hash title { ar fr en } body { ar fr en } why { ar fr en } }
  askedAt answerBy validFrom validTo frequency { uses per } usesLeft dataLifeDays reference changedAt receiptNumber receipt
  revisions { number event state at by assisted attributes hash receiptNumber }"""
PREVIEW = """preview { agency { code name { ar fr en } } purpose method
  notice { version hash title { ar fr en } body { ar fr en } why { ar fr en } }
  attributes { name label { ar fr en } sensitivity granted } answerBy validFrom validTo frequency { uses per } dataLifeDays }"""


def mutation(name: str, kind: str, shown: str) -> str:
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {shown} userErrors {{ code path message }} }} }}"


REQUEST = mutation("requestConsent", "RequestConsentInput", f"consent {{ {OF_AGENCY} }} link")
PREVIEWED = mutation("previewConsent", "RequestConsentInput", PREVIEW).replace("mutation", "query", 1)
ANSWER = mutation("answerConsent", "AnswerConsentInput", f"consent {{ {OWN} }}")
WITHDRAW, PAUSE, RESUME = (
    mutation(f"{act}Consent", "ConsentInput", f"consent {{ {OWN} }}") for act in ("withdraw", "pause", "resume")
)
INVALIDATE = mutation("invalidateConsent", "InvalidateConsentInput", f"consent {{ {OF_AGENCY} }}")
ASKED = f"query($id: ID!) {{ consent(id: $id) {{ {OF_AGENCY} }} }}"
ALL_ASKED = f"""query($first: Int, $after: String) {{ consents(first: $first, after: $after) {{
  edges {{ cursor node {{ {OF_AGENCY} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
MINE = f"query($id: ID!) {{ me {{ consent(id: $id) {{ {OWN} }} }} }}"
ALL_MINE = f"""query($first: Int, $after: String) {{ me {{ consents(first: $first, after: $after) {{
  edges {{ cursor node {{ {OWN} }} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
BY_LINK = f"query($token: String!) {{ consentByLink(token: $token) {{ {OWN} }} }}"
PERSON = """query($s: SubjectInput!, $c: ID) { person(subject: $s, purpose: SERVICE_DELIVERY, consent: $c) {
  birthDate sex name { given { latin } } } }"""
# All that asking and answering may write.
TABLES = ("consent", "consent_revision", "message", "throttle", "done", "job")


class Asks(Protocol):
    """Whoever asks over HTTP: an agency's machine, or somebody in a browser."""

    def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> httpx.Response: ...

    def data(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Asking:
    """An agency that may release three attributes by consent, with its notice."""

    instance: Instance
    agency: Agency
    caller: Caller = field(repr=False)

    @classmethod
    def of(cls, instance: Instance, attributes: Sequence[str] = ATTRIBUTES, **changes: Any) -> "Asking":
        terms = {name: {"uses": ["RELEASE"]} for name in attributes}
        agency = instance.enrol(purposes=["SERVICE_DELIVERY"], attributes=terms, **changes)
        now, call = instance.now(), instance.call()
        document = notice_document(
            agency=agency.code, version=1, attributes=list(attributes), valid_from=now.isoformat(), longest_days=300
        )
        instance.transact(lambda c: NOTICE_PUBLISHED.at_the_machine(c, call, publication(document)))
        return cls(instance, agency, agency.caller())

    def wish(self, idcs: str, **changes: Any) -> dict[str, Any]:
        """A link for all three attributes, for 30 days."""
        wished: dict[str, Any] = {
            "subject": {"idcs": idcs},
            "purpose": "SERVICE_DELIVERY",
            "attributes": list(ATTRIBUTES),
            "validDays": 30,
            "method": "LINK",
        }
        return {name: value for name, value in (wished | changes).items() if value is not None}

    def request(self, idcs: str, *, caller: Asks | None = None, **changes: Any) -> dict[str, Any]:
        """The payload of a request."""
        return change(caller or self.caller, REQUEST, **self.wish(idcs, **changes))

    def requested(self, idcs: str, **changes: Any) -> str:
        """The id of a request that was taken."""
        payload = self.request(idcs, **changes)
        assert payload["userErrors"] == []
        return str(payload["consent"]["id"])

    def granted(self, citizen: Browser, idcs: str, *attributes: str, **changes: Any) -> str:
        """A consent that somebody gives, whole or to those attributes."""
        made = self.requested(idcs, **changes)
        payload = citizen.change(ANSWER, consent=made, attributes=list(attributes or ATTRIBUTES), lang="FR")
        assert payload["userErrors"] == []
        return made

    def reads(self, idcs: str, consent: str | None = None, caller: Caller | None = None) -> set[str] | None:
        """Which of the three the agency is told now; None where it is refused as a whole."""
        answer = (caller or self.caller).ask(PERSON, {"s": {"idcs": idcs}, "c": consent}).json()
        person = answer["data"]["person"]
        if person is None:
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["WITHHELD"]
            return None
        given = person["name"] and person["name"]["given"]
        found = {"person.birth_date": person["birthDate"], "person.sex": person["sex"], "person.given_name": given}
        return {name for name, value in found.items() if value is not None}

    def state(self, consent: str) -> str:
        return str(self.caller.data(ASKED, {"id": consent})["consent"]["state"])


def change(caller: Asks, document: str, **given: Any) -> dict[str, Any]:
    """The payload of a mutation, whatever its `userErrors` say."""
    (payload,) = caller.data(document, {"input": given}).values()
    told: dict[str, Any] = payload
    return told


def token_of(payload: Mapping[str, Any], instance: Instance) -> str:
    """The token in the link of a request."""
    link = payload["link"]
    assert link.startswith(f"{instance.issuer}/consent/")
    return str(link.removeprefix(f"{instance.issuer}/consent/"))


def rows(instance: Instance) -> dict[str, int]:
    return {table: instance.count(table) for table in TABLES}


def somebody(instance: Instance, people: People, name: str = "no-consent") -> tuple[str, UUID, Browser]:
    """A persona: number, id, and a session of theirs."""
    idcs = instance.persona(name)["idcs"]
    person = instance.person_id(idcs)
    return idcs, person, people.citizen(person)
