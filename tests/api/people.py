"""People who sign in, for tests: their accounts and sessions put there as rows, and what a browser of theirs would send.

`staff` and `officer` make an account with its roles and a second factor; `citizen` takes somebody who is registered. Each
`caller()` is a session of its own. Everybody here is invented.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import orjson
from pyotp import TOTP
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.account_models import Account, Office, RoleGrant
from access.call import Purpose
from access.rights import Role
from access.second_factor import STEP_SECONDS, new_secret
from access.sessions import SessionKind, begin_session, token_hash
from api.edge import SESSION
from api.portal.security import csrf_token
from core.ids import uuid7
from core.keys import KeyRing
from tests.api.serving import Agency, Instance

GRAPHQL = "application/graphql-response+json"
LONG_AGO = timedelta(days=60)
_numbers = count(1)


async def put_account(
    connection: AsyncConnection,
    keys: KeyRing,
    now: datetime,
    *roles: Role,
    division: str | None = None,
    agency: UUID | None = None,
    office: UUID | None = None,
    purposes: Collection[Purpose] | None = None,
    password: str = "a hash that no password has",
) -> "Signed":
    """An account that was taken up long ago, with these roles in that division (None: the whole country)."""
    account, number, secret = uuid7(now), next(_numbers), new_secret()
    email, name = f"person.{number}@example.org", f"Test Person {number}"
    key, data_key = keys.masters.new_data_key(account)
    row = {
        "account_id": account,
        "agency_id": agency,
        "office_id": office,
        "purposes": None if purposes is None else sorted(purposes),
        "login": keys.index("EMAIL_LOGIN", email),
        "key_version": keys.index_version,
        "data_key": data_key,
        "email": key.seal("account.email", account, email),
        "name": key.seal("account.name", account, name),
        "password": key.seal("account.password", account, password),
        "totp": key.seal("account.totp", account, secret),
        "second_factor": keys.index("SECOND_FACTOR", secret),
        "totp_step": 0,
        "lang": "FR",
        "made_at": now - LONG_AGO,
    }
    await connection.execute(insert(Account).values(row))
    for role in roles:
        grant = {"grant_id": uuid7(now), "account_id": account, "role": role, "division": division}
        await connection.execute(insert(RoleGrant).values(grant | {"valid_from": now - LONG_AGO}))
    return Signed(account, name, email, secret)


@dataclass(frozen=True)
class Signed:
    """What is known of an account that was put there. `secret`: of its second factor."""

    account: UUID
    name: str
    email: str
    secret: str = field(repr=False)

    def code(self, now: datetime, steps: int = 0) -> str:
        """The code of that instant, or of so many steps later."""
        return TOTP(self.secret, interval=STEP_SECONDS).at(now + timedelta(seconds=steps * STEP_SECONDS))


@dataclass(frozen=True)
class People:
    """Puts people into a served instance."""

    instance: Instance

    def staff(self, *roles: Role, division: str | None = None) -> "Person":
        return self._person(*roles, division=division)

    def officer(
        self,
        agency: Agency,
        office: UUID | None = None,
        role: Role = Role.OFFICER,
        purposes: Collection[Purpose] | None = None,
    ) -> "Person":
        return self._person(role, agency=agency.agency_id, office=office, purposes=purposes)

    def office(self, agency: Agency) -> UUID:
        """A branch of the agency."""
        now, office = self.instance.now(), uuid7(self.instance.now())
        names = dict.fromkeys(("name_ar", "name_fr", "name_en"), "Office")
        row = {"office_id": office, "agency_id": agency.agency_id, "kind": "BRANCH", "code": f"O{next(_numbers)}", **names}
        self.instance.transact(lambda connection: _insert(connection, Office, row | {"opened_at": now - LONG_AGO}))
        return office

    def citizen(self, person: UUID, base: str | None = None) -> "Browser":
        """A session of somebody who is registered; `base` leads to another process."""
        return self._browser(SessionKind.CITIZEN, base, holder=person)

    def assisted(self, person: UUID, assistant: "Person", form: str) -> "Browser":
        """A session of somebody who is registered, with a member of staff beside."""
        return self._browser(SessionKind.ASSISTED, holder=person, assistant=assistant.account, form=form)

    def _person(self, *roles: Role, **options: Any) -> "Person":
        now, keys = self.instance.now(), self.instance.keys
        return Person(self, self.instance.transact(lambda connection: put_account(connection, keys, now, *roles, **options)))

    def _browser(self, kind: SessionKind, base: str | None = None, **whose: Any) -> "Browser":
        now = self.instance.now()
        return Browser(
            self.instance, self.instance.transact(lambda connection: begin_session(connection, now, kind, **whose)), base
        )


@dataclass(frozen=True)
class Person:
    """Somebody of the staff or of an agency."""

    people: People = field(repr=False)
    signed: Signed

    @property
    def account(self) -> UUID:
        return self.signed.account

    @property
    def name(self) -> str:
        return self.signed.name

    def caller(self, base: str | None = None) -> "Browser":
        """A new session; `base` leads to another process."""
        return self.people._browser(SessionKind.ACCOUNT, base, account=self.account)

    def code(self, steps: int = 0) -> str:
        """The code of now, or of so many steps later. Each serves once."""
        return self.signed.code(self.people.instance.now(), steps)

    def fresh_code(self) -> str:
        """The code of now, which serves even if one of now was used: the account forgets it."""
        self.people.instance.sql("update account set totp_step = 0 where account_id = $1", self.account)
        return self.code()

    def disable(self) -> None:
        self.people.instance.sql("update account set disabled_at = $2 where account_id = $1", self.account, self._now())

    def revoke_roles(self) -> None:
        self.people.instance.sql("update role_grant set revoked_at = $2 where account_id = $1", self.account, self._now())

    def _now(self) -> datetime:
        return self.people.instance.now()


class Browser:
    """One session over real HTTP: the cookie, and the token that its forms carry."""

    def __init__(self, instance: Instance, token: str, base: str | None = None) -> None:
        self.instance, self.token = instance, token
        self.http = httpx.Client(base_url=base or instance.issuer, timeout=30)

    @property
    def session_hash(self) -> bytes:
        found = token_hash(self.token)
        assert found is not None
        return found

    @property
    def csrf(self) -> str:
        return csrf_token(self.instance.keys, self.session_hash.hex())

    def headers(self, **changes: str | None) -> dict[str, str]:
        """Those of a page's own request, with some changed (None: left out)."""
        sound = {
            "cookie": f"{SESSION}={self.token}",
            "x-csrf-token": self.csrf,
            "content-type": "application/json",
            "accept": GRAPHQL,
        }
        given = {name.replace("_", "-"): value for name, value in changes.items()}
        return {name: value for name, value in (sound | given).items() if value is not None}

    def ask(self, document: str, variables: Mapping[str, Any] | None = None, **changes: str | None) -> httpx.Response:
        body = orjson.dumps({"query": document, "variables": dict(variables or {})})
        return self.http.post("/graphql", content=body, headers=self.headers(**changes))

    def data(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer without any error."""
        answer = self.ask(document, variables)
        body = answer.json()
        assert answer.status_code == 200, answer.text
        assert "errors" not in body, answer.text
        data: dict[str, Any] = body["data"]
        return data

    def change(self, document: str, /, **given: Any) -> dict[str, Any]:
        """The payload of a mutation with one root field and one variable `$input`, whatever its `userErrors` say."""
        (payload,) = self.data(document, {"input": given}).values()
        told: dict[str, Any] = payload
        return told


def user_errors(payload: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Code and path of each thing to be mended."""
    return [(error["code"], tuple(error["path"])) for error in payload["userErrors"]]


async def _insert(connection: Any, table: Any, row: Mapping[str, Any]) -> None:
    await connection.execute(insert(table).values(row))
