"""Citizens before the served instance: people in its register, an agency that asks them, and what they are sent.

async with town(database, url, keys) as its:
    async with its.reading(browser, Reader("ar-MA"), its.amina) as page: ...
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
from playwright.async_api import Browser, Page

from access import agencies, publishing
from access.call import Purpose
from access.consent_records import Method
from access.consent_states import Frequency
from access.rights import Role, Scope
from access.sessions import SessionKind, begin_session, token_hash
from api.edge import ASSISTED, SESSION
from api.portal.security import csrf_token
from core.database import Database
from core.dates import PartialDate
from core.keys import KeyRing
from identity import consent_requests
from identity.divisions import built_in
from identity.imports import LoadedPerson, NewPerson, load_divisions, make_decoy
from tests.access.consenting import notice_document
from tests.access.enrolled import NOW, Key
from tests.api.people import Signed
from tests.api.serving import Agency, Caller, Instance
from tests.identity.registered import RABAT, Register, machine, new_person
from tests.portal.browser import Reader, reading
from tests.portal.staffed import BEGAN, NAMES, YEAR, Office, staffed

GRAPHQL = "application/graphql-response+json"
RELEASED = ("person.given_name", "person.birth_date", "person.address", "person.telephone")
ASKED = RELEASED[:3]
_numbers = count(100_200)
TEXTS = {
    "ar": {
        "title": "طلب منحة السكن",
        "body": "تقدمتم بطلب منحة السكن لدى الصندوق الوطني.\nنحتاج إلى هذه المعطيات لدراسة طلبكم دون أن تحضروا وثائق.",
        "why": "لنتأكد من هويتكم ومن مكان سكنكم قبل أن نقرر بشأن المنحة.",
    },
    "fr": {
        "title": "Votre demande d'aide au logement",
        "body": "Vous avez demandé une aide au logement à la Caisse nationale.\nNous avons besoin de ces données pour étudier "
        "votre demande sans que vous apportiez de papiers.",
        "why": "Pour savoir qui vous êtes et où vous habitez, avant de décider.",
    },
    "en": {
        "title": "Your application for a housing allowance",
        "body": "You applied for a housing allowance at the National fund.\nWe need these data to look at it without papers.",
        "why": "To know who you are and where you live, before we decide.",
    },
}


@dataclass
class Town:
    """`amina` and `karim` are registered, and `sami` is Amina's ward; `officer` is of the agency, and `key` its machine's."""

    office: Office
    register: Register
    agency: UUID
    officer: Signed
    key: Key
    amina: LoadedPerson
    karim: LoadedPerson
    sami: LoadedPerson

    @property
    def address(self) -> str:
        return self.office.address

    def newcomers(self) -> list[NewPerson]:
        """Somebody of whom all is known, who is the guardian of a child, and somebody else: to be loaded together."""
        return newcomers()

    @property
    def names(self) -> Mapping[str, str]:
        """What the agency is called, by language."""
        return {lang.lower(): name for lang, name in NAMES.items()}

    # --- citizens in browsers

    @asynccontextmanager
    async def reading(self, browser: Browser, reader: Reader, person: LoadedPerson | None = None) -> AsyncIterator[Page]:
        """A fresh browser, in which that citizen is signed in."""
        async with reading(browser, self.address, reader) as page:
            if person is not None:
                await self.enter(page, person)
            yield page

    async def enter(self, page: Page, person: LoadedPerson) -> None:
        async with self.office.database.begin() as connection:
            token = await begin_session(connection, self.office.clock(), SessionKind.CITIZEN, holder=person.person_id)
        await self._cookie(page, SESSION, token)

    async def assist(self, page: Page, person: LoadedPerson, agent: Signed, form: str) -> None:
        """From here on the browser is an agent's, who sits beside that citizen."""
        own = await self.office.session(agent)
        async with self.office.database.begin() as connection:
            token = await begin_session(
                connection,
                self.office.clock(),
                SessionKind.ASSISTED,
                holder=person.person_id,
                assistant=agent.account,
                assistant_session=token_hash(own),
                form=form,
            )
        await self._cookie(page, SESSION, own)
        await self._cookie(page, ASSISTED, token)

    async def _cookie(self, page: Page, name: str, value: str) -> None:
        cookie = {"name": name, "value": value, "domain": "localhost", "path": "/", "secure": True}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]

    async def sign_in(self, page: Page, person: LoadedPerson) -> None:
        """On the page to sign in on, as it stands; the code is read from the message."""
        await page.fill("#idcs", person.idcs.text)
        await page.click("main button.button-main")
        await page.fill("#code", await self.register.code(person.person_id))
        await page.click("main button.button-main")

    # --- an agency

    async def request(
        self,
        person: LoadedPerson,
        *,
        attributes: Sequence[str] = ASKED,
        method: Method = Method.NOTICE,
        frequency: Frequency | None = None,
        days: int = 90,
    ) -> tuple[UUID, str | None]:
        """The id of a request of the officer's, and the path of its link."""
        call = await self.register.call_of(await self.office.session(self.officer), self.office.clock())
        wish = consent_requests.Wish(Purpose.SERVICE_DELIVERY, attributes, method, valid_days=days, frequency=frequency)
        idcs = person.idcs.text
        made = await self.register.change(
            lambda connection, reading: consent_requests.request_consent(
                connection, call, reading, wish=wish, issuer=self.address, idcs=idcs
            ),
            call,
        )
        view = await self.register.read(lambda reading: consent_requests.consent_asked(reading, call, consent=made), call)
        link = consent_requests.link_of(view, self.register.keys, self.address)
        return made, None if link is None else link.removeprefix(self.address)

    async def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the officer's browser is answered over HTTP."""
        token = await self.office.session(self.officer)
        hash_ = token_hash(token)
        assert hash_ is not None
        headers = {
            "cookie": f"{SESSION}={token}",
            "x-csrf-token": csrf_token(self.register.keys, hash_.hex()),
            "accept": GRAPHQL,
        }
        async with httpx.AsyncClient(base_url=self.address, timeout=30) as http:
            answer = await http.post("/graphql", json={"query": document, "variables": dict(variables or {})}, headers=headers)
        found: dict[str, Any] = answer.json()
        return found

    def machine(self) -> Caller:
        """The agency's own system, with its key. It is not asynchronous: `await asyncio.to_thread(...)`."""
        instance = cast("Instance", SimpleNamespace(issuer=self.address, now=self.office.clock))
        return Agency(instance, self.agency, "FUND", self.key, self.key.kid).caller()

    async def look(self, person: LoadedPerson) -> dict[str, Any]:
        """The officer looks at what the agency may see of that person by consent."""
        document = """query Look($idcs: String!) { person(subject: {idcs: $idcs}, purpose: SERVICE_DELIVERY) {
          name { given { ar latin } } birthDate address } }"""
        return await self.ask(document, {"idcs": person.idcs.text})


def newcomers() -> list[NewPerson]:
    whole = {"address": "12, زنقة البرتقال", "cnie": f"ZZ{next(_numbers)}", "marital_status": "MARRIED", "birth_place": RABAT}
    child = {"given_name_ar": "سامي", "given_name_latin": "Sami", "sex": "M", "telephone": None, "email": None}
    other = {"given_name_ar": "كريم", "given_name_latin": "Karim", "family_name_ar": "التازي", "family_name_latin": "Tazi"}
    return [
        new_person(0, **whole),
        new_person(1, guardian=0, birth_date=PartialDate(2016, 5, 17), **child),
        new_person(2, sex="M", **other),
    ]


@asynccontextmanager
async def town(database: Database, url: str, keys: KeyRing) -> AsyncIterator[Town]:
    async with staffed(database, url, keys) as office:
        # What the register's helpers put there, they put there at NOW.
        office.clock.turn(seconds=(NOW - BEGAN + timedelta(hours=1)).total_seconds())
        register = Register(database, keys)
        call = machine(Scope.REGISTER_LOAD)
        async with register.driver() as connection:
            await make_decoy(connection, call, keys)
            await load_divisions(connection, call, built_in())
        amina, sami, karim = await register.load(*newcomers())
        agency = await office.agency(
            "FUND",
            purposes=["SERVICE_DELIVERY", "IDENTITY_PROOFING"],
            failures_per_hour={"subject": 1_000, "agency": 1_000},
            attributes={name: {"uses": ["RELEASE", "MATCH"], "level": "EXACT", "verdict": True} for name in RELEASED},
        )
        document = notice_document(
            agency="FUND", version=1, texts=TEXTS, attributes=list(RELEASED), valid_from=BEGAN.isoformat()
        )
        publisher = office.call(Scope.AGREEMENT_PUBLISH)
        key = Key.new()
        added = agencies.new_key("FUND", kid=key.kid, alg=key.alg, jwk=key.jwk, valid_from=BEGAN, valid_to=BEGAN + YEAR)
        async with database.begin() as connection:
            await agencies.AGENCY_KEY_ADDED.at_the_machine(connection, office.call(Scope.AGENCY_MANAGE), added)
            await publishing.NOTICE_PUBLISHED.at_the_machine(connection, publisher, publishing.publication(document))
        officer = await office.with_password(Role.OFFICER, name="Nadia Alami", agency=agency)
        yield Town(office, register, agency, officer, key, amina, karim, sami)
