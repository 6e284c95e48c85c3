"""The way in that pages have: the service asked in process, by nobody, from an address."""

import re
from dataclasses import dataclass, field
from typing import Any

from access.admission import Admissions
from access.authority import Documents
from access.call import NOBODY, Actor
from access.passwords import NewPassword
from api import schema
from api.app import EFFECTS, acts, of_records
from api.edge import Service
from api.endpoint import Endpoint
from api.portal.statics import VENDOR
from core.settlement import Settler
from core.storage import FolderStorage
from identity.attestation_paper import Papers
from identity.evidence import Cabinet
from identity.sessions import who
from tests.access.signing import HERE, PASSWORD, PASSWORDS, code_of
from tests.api.people import Browser, Person
from tests.api.serving import Instance

SIGN_IN = "mutation($input: SignInInput!) { signIn(input: $input) { token userErrors { code path message } } }"
CONFIRM = """mutation($input: ConfirmSignInInput!) {
  confirmSignIn(input: $input) { token device userErrors { code path message } } }"""
TAKE_UP = """mutation($input: TakeUpInvitationInput!) {
  takeUpInvitation(input: $input) { email secret uri ticket userErrors { code path message } } }"""
TAKEN_UP = """mutation($input: ConfirmInvitationInput!) {
  confirmInvitation(input: $input) { recoveryCodes userErrors { code path message } } }"""


@dataclass
class Door:
    instance: Instance
    endpoint: Endpoint = field(init=False, repr=False)

    def __post_init__(self) -> None:
        its = self.instance
        service = Service(
            database=its.database,
            keys=its.keys,
            documents=Documents(),
            settler=Settler(its.database, EFFECTS, queue=100),
            admissions=Admissions(its.keys, its.issuer),
            issuer=its.issuer,
            passwords=PASSWORDS,
            acts=acts(its.keys, its.issuer),
            cabinet=Cabinet(FolderStorage(its.files), 50_000),
            papers=Papers(VENDOR / "fonts"),
            events=of_records(its.keys),
            clock=its.now,
            token_lifetime_seconds=300,
        )
        self.endpoint = Endpoint(service, schema.build(), open_introspection=False)

        async def start() -> None:
            service.settler.start()

        its.backstage.run(start())

    async def asked(
        self, document: str, given: Any = None, *, actor: Actor = NOBODY, address: str = HERE, **variables: Any
    ) -> dict[str, Any]:
        """The whole answer."""
        return await self.endpoint.ask(actor, address, document, variables | ({} if given is None else {"input": given}), None)

    def ask(self, document: str, given: Any = None, **options: Any) -> dict[str, Any]:
        return self.instance.backstage.run(self.asked(document, given, **options))

    def payload(self, document: str, given: Any, **options: Any) -> Any:
        """The payload of a mutation that was not refused."""
        answer = self.ask(document, given, **options)
        assert "errors" not in answer, answer
        (told,) = answer["data"].values()
        return told

    # --- people

    def password(self, person: Person, password: str = PASSWORD) -> None:
        """Gives an account that password."""

        async def stored() -> str:
            return await PASSWORDS.hash(NewPassword.of(password, email="nobody@example.org"))

        its = self.instance
        (row,) = its.sql("select data_key from account where account_id = $1", person.account)
        key = its.keys.masters.unwrap(person.account, row["data_key"])
        sealed = key.seal("account.password", person.account, its.backstage.run(stored()))
        its.sql("update account set password = $2 where account_id = $1", person.account, sealed)

    def half(self, email: str, password: str = PASSWORD, *, address: str = HERE, device: str | None = None) -> Any:
        return self.payload(SIGN_IN, {"email": email, "password": password, "device": device}, address=address)

    def signed_in(self, person: Person) -> Browser:
        """Through both steps: a browser with the session."""
        token = self.half(person.signed.email)["token"]
        made = self.payload(CONFIRM, {"token": token, "code": person.fresh_code()})
        assert made["userErrors"] == [], made
        return Browser(self.instance, made["token"])

    def actor_of(self, browser: Browser) -> Actor:
        its = self.instance
        found = its.backstage.run(who(its.database, its.keys, browser.token, its.now()))
        assert found is not None
        return found.actor

    def link_token(self, email: str) -> str:
        """The token in the newest invitation that was sent to that address."""
        its = self.instance
        for row in its.sql(
            """select m.message_id, m.owner_id, m.recipient, m.body, a.data_key from message m
                 join account a on a.account_id = m.owner_id where m.notice = 'INVITATION' and m.body is not null
                order by m.told_at desc"""
        ):
            key = its.keys.masters.unwrap(row["owner_id"], row["data_key"])
            if key.open("message.recipient", row["message_id"], row["recipient"]) == email:
                found = re.search(r"/invitation/([\w-]{43})", key.open("message.body", row["message_id"], row["body"]))
                assert found is not None
                return found[1]
        raise AssertionError("nobody was invited at this address")

    def taken_up(self, email: str, password: str = PASSWORD) -> tuple[str, list[str]]:
        """The secret of the second factor, and the recovery codes."""
        token = self.link_token(email)
        new = self.payload(TAKE_UP, {"token": token, "password": password})
        assert new["userErrors"] == [], new
        code = code_of(new["secret"], self.instance.now())
        made = self.payload(TAKEN_UP, {"token": token, "ticket": new["ticket"], "code": code})
        assert made["userErrors"] == [], made
        return new["secret"], made["recoveryCodes"]
