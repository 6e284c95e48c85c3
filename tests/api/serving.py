"""A served instance for tests, reached over real HTTP, and agencies that call it.

The caller is a second implementation of an agency's side: its tokens are made by PyJWT, and every part of them can be spoiled.
The clock of an instance is shifted to five minutes past an hour, so that no budget's window ends while tests run.
"""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import orjson
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from access import agencies, publishing
from access.call import Call, system
from access.catalogue import Lang
from access.ledger import SEALED_ATTRIBUTE
from access.rights import Duty, Scope
from api.app import build
from core.config import Settings
from core.database import Database, Row
from core.ids import uuid7
from core.keys import KeyRing
from tests.access.enrolled import Key, agreement_document, mandate_document

T = TypeVar("T")
CHILD = Path(__file__).with_name("serving_child.py")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRAPHQL = "application/graphql-response+json"
YEAR = timedelta(days=365)
_numbers = count(1)


class Backstage:
    """An event loop in a thread of its own: what is asynchronous, done from tests that are not."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(120)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)


def listening() -> socket.socket:
    """A socket that clients can connect to before anybody serves it: nothing has to be polled."""
    # With the protocol said, or asyncio holds back the second part of each answer (Nagle) until the first was acknowledged.
    made = socket.socket(proto=socket.IPPROTO_TCP)
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made


def shift_to_early_in_an_hour() -> timedelta:
    """In whole seconds, as it is told to the processes that serve."""
    now = datetime.now(UTC).replace(microsecond=0)
    return now.replace(minute=5, second=0) - now


@dataclass
class Instance:
    """A database with its keys and issuer. `serve` puts processes before it; `document` is what the demonstration told."""

    backstage: Backstage
    database_url: str
    key_file: Path
    keys: KeyRing
    issuer: str
    shift: timedelta
    log: Path
    document: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.database: Database = self.backstage.run(_database(self.database_url))

    @property
    def files(self) -> Path:
        """The folder of sealed files."""
        return self.key_file.with_name("files")

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def call(self) -> Call:
        now = self.now()
        return Call(
            system("tests", Scope.REGISTER_LOAD, Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH, Scope.ENROLMENT_OPEN),
            now,
            uuid7(now),
        )

    @contextmanager
    def serve(self, listener: socket.socket) -> Iterator[str]:
        """The address of one more server process on this database. What it prints goes to `log`."""
        with self.log.open("ab") as log:
            arguments = [str(self.key_file), self.database_url, self.issuer, str(int(self.shift.total_seconds()))]
            process = subprocess.Popen(
                [sys.executable, "-c", _START, str(listener.fileno()), str(CHILD), *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[listener.fileno()],
                env={**os.environ, "PYTHONPATH": str(CHILD.parents[2])},
            )
        port = listener.getsockname()[1]
        listener.close()
        try:
            yield f"http://localhost:{port}"
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextmanager
    def serve_here(self, clock: Callable[[], datetime] | None = None) -> Iterator[str]:
        """The address of one more server of this database, within this process: a test can reach into it. It does no jobs."""
        settings = Settings(connections=2, jobs=False, storage=self.files)
        app = build(settings, self.keys, database_url=self.database_url, issuer=self.issuer, clock=clock or self.now)
        listener = listening()
        server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_level="warning", loop="asyncio"))
        running = asyncio.run_coroutine_threadsafe(server.serve(sockets=[listener]), self.backstage.loop)
        try:
            yield f"http://localhost:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            running.result(15)
            listener.close()

    def sql(self, statement: str, *values: Any) -> Sequence[Row]:
        return self.backstage.run(_ask(self.database, statement, *values))

    def count(self, table: str, where: str = "true", *values: Any) -> int:
        return int(self.sql(f"select count(*) as n from {table} where {where}", *values)[0]["n"])

    def transact(self, work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        """Does it in one transaction: `work` is given the connection."""

        async def within() -> T:
            async with self.database.begin() as connection:
                return await work(connection)

        return self.backstage.run(within())

    # --- agencies

    def demo_agency(self, code: str) -> "Agency":
        found = next(agency for agency in self.document["agencies"] if agency["code"] == code)
        private = load_pem_private_key(found["private_key_pem"].encode(), None)
        assert isinstance(private, EllipticCurvePrivateKey | Ed25519PrivateKey)
        return Agency(self, UUID(found["client_id"]), code, Key(private, found["alg"], {}), found["kid"])

    def enrol(
        self,
        *,
        alg: str = "EdDSA",
        mandates: Mapping[str, Sequence[str]] | None = None,
        agreement: bool = True,
        duties: Collection[Duty] = (),
        **changes: Any,
    ) -> "Agency":
        """A new agency through the service's own doors. `mandates`: purpose -> attributes; `changes`: to its agreement."""
        now, call, key, code = self.now(), self.call(), Key.new(alg), f"TEST_{next(_numbers)}_{os.getpid()}"
        dates = {"valid_from": now.isoformat(), "valid_to": (now + YEAR).isoformat()}
        changes.setdefault("failures_per_hour", {"subject": 1_000_000, "agency": 1_000_000})

        async def made(connection: Any) -> UUID:
            change = agencies.enrolment(code, dict.fromkeys(Lang, code), duties)
            enrolled = await agencies.AGENCY_ENROLLED.at_the_machine(connection, call, change)
            change = agencies.new_key(code, kid=key.kid, alg=alg, jwk=key.jwk, valid_from=now, valid_to=now + YEAR)
            await agencies.AGENCY_KEY_ADDED.at_the_machine(connection, call, change)
            if agreement:
                change = publishing.publication(agreement_document(code, **(dates | changes)))
                await publishing.AGREEMENT_PUBLISHED.at_the_machine(connection, call, change)
            for purpose, attributes in (mandates or {}).items():
                document = mandate_document(code, purpose=purpose, attributes=list(attributes), **dates)
                await publishing.MANDATE_PUBLISHED.at_the_machine(connection, call, publishing.publication(document))
            return UUID(enrolled["agency"])

        return Agency(self, self.transact(made), code, key, key.kid)

    # --- the ledger

    def entries(self, request_id: str) -> list["Entry"]:
        """What the ledger says of one request, opened with the subjects' own keys, in the order of the entries' subjects."""
        rows = self.sql(
            "select subject_id, entry_id, agency_id, leaf, sealed from ledger_entry where recorded_at > $1 order by entry_id",
            self.now() - timedelta(minutes=30),
        )
        return [self._entry(row) for row in rows if orjson.loads(row["leaf"])["request"] == request_id]

    def _entry(self, row: Row) -> "Entry":
        owners = self.sql(
            """select person_id as owner, data_key from person where person_id = $1
               union all select household_id, data_key from household where household_id = $1
               union all select person_id, data_key from person where status = 'DECOY' limit 1""",
            row["subject_id"],
        )
        key = self.keys.masters.unwrap(owners[0]["owner"], owners[0]["data_key"])
        details = orjson.loads(key.open(SEALED_ATTRIBUTE, row["entry_id"], row["sealed"]))
        return Entry(row["subject_id"], row["entry_id"], row["agency_id"], orjson.loads(row["leaf"]), details)

    def person_id(self, idcs: str) -> UUID:
        found: UUID = self.sql("select owner_id from identifier where hash = $1", self.keys.index("IDCS", idcs))[0]["owner_id"]
        return found

    # --- what the demonstration told

    def persona(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(each for each in self.document["personas"] if each["name"] == name)
        return found

    def subject(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.document["subjects"][number]
        return found


# The listening socket becomes fd 3, whatever its number was.
_START = """
import os, runpy, sys
fd = int(sys.argv[1])
if fd != 3:
    os.dup2(fd, 3, inheritable=True)
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


async def _database(url: str) -> Database:
    return Database(url, connections=4)


async def _ask(database: Database, statement: str, *values: Any) -> Sequence[Row]:
    return await database.ask(statement, *values)


@dataclass(frozen=True)
class Entry:
    """One ledger entry: the leaf that everybody may see, and what is sealed under the subject's key."""

    subject_id: UUID
    entry_id: UUID
    agency_id: UUID | None
    leaf: Mapping[str, Any]
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Agency:
    instance: Instance = field(repr=False)
    agency_id: UUID
    code: str
    key: Key
    kid: str

    def caller(self, **options: Any) -> "Caller":
        return Caller(self, **options)

    def publish_agreement(self, **changes: Any) -> None:
        """A further version of its agreement."""
        now = self.instance.now()
        dates = {"valid_from": now.isoformat(), "valid_to": (now + YEAR).isoformat()}
        change = publishing.publication(agreement_document(self.code, **(dates | changes)))
        call = self.instance.call()
        self.instance.transact(lambda c: publishing.AGREEMENT_PUBLISHED.at_the_machine(c, call, change))

    def suspend(self) -> None:
        call = self.instance.call()
        self.instance.transact(lambda c: agencies.suspend_agency(c, call, agency=self.agency_id))

    def revoke_key(self) -> None:
        call = self.instance.call()
        self.instance.transact(lambda c: agencies.revoke_key(c, call, agency=self.agency_id, kid=self.kid))


class Caller:
    """One session of an agency: a DPoP key, and a token asked for when it is first needed. `base` leads to another process."""

    def __init__(self, agency: Agency, *, scope: str | None = None, base: str | None = None, dpop: Key | None = None) -> None:
        self.agency, self.instance, self.scope = agency, agency.instance, scope
        self.http = httpx.Client(base_url=base or agency.instance.issuer, timeout=30)
        self.dpop = dpop or Key.new("ES256")
        self._token: str | None = None

    @property
    def issuer(self) -> str:
        return self.instance.issuer

    def seconds(self) -> int:
        return int(self.instance.now().timestamp())

    # --- proofs; a claim or header given as None is left out

    def assertion(self, *, key: Key | None = None, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        now, client = self.seconds(), str(self.agency.agency_id)
        members = {"iss": client, "sub": client, "aud": self.issuer, "jti": fresh(), "iat": now, "exp": now + 60} | claims
        told = {"kid": self.agency.kid} | dict(header or {})
        return (key or self.agency.key).sign(_there(members), **_there(told))

    def proof(
        self,
        path: str,
        token: str | None = None,
        *,
        key: Key | None = None,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        key = key or self.dpop
        members: dict[str, Any] = {"jti": fresh(), "htm": "POST", "htu": self.issuer + path, "iat": self.seconds()}
        if token is not None:
            members["ath"] = digest64(token)
        told = {"typ": "dpop+jwt", "jwk": dict(key.jwk)} | dict(header or {})
        return key.sign(_there(members | claims), **_there(told))

    # --- the token endpoint

    def ask_token(
        self, *, assertion: str | None = None, proofs: Sequence[str] | None = None, content_type: str | None = None, **form: Any
    ) -> httpx.Response:
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
            "scope": self.scope,
        } | form
        headers = [("dpop", proof) for proof in ([self.proof("/oauth/token")] if proofs is None else proofs)]
        if content_type is not None:
            headers.append(("content-type", content_type))
        return self.http.post("/oauth/token", data=_there(fields), headers=headers)

    @property
    def token(self) -> str:
        if self._token is None:
            answer = self.ask_token()
            assert answer.status_code == 200, answer.text
            self._token = answer.json()["access_token"]
        return self._token

    # --- questions

    def headers(self) -> dict[str, str]:
        return {
            "authorization": f"DPoP {self.token}",
            "dpop": self.proof("/graphql", self.token),
            "content-type": "application/json",
            "accept": GRAPHQL,
        }

    def post(self, body: bytes, **changes: str | None) -> httpx.Response:
        """Whatever bytes, with sound headers but for those changed (None: left out)."""
        given = {name.replace("_", "-"): value for name, value in changes.items()}
        return self.http.post("/graphql", content=body, headers=_there(self.headers() | given))

    def ask(self, document: str, variables: Mapping[str, Any] | None = None, **more: Any) -> httpx.Response:
        return self.post(orjson.dumps({"query": document, "variables": dict(variables or {})} | more))

    def data(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer without any error."""
        answer = self.ask(document, variables)
        body = answer.json()
        assert answer.status_code == 200, answer.text
        assert "errors" not in body, answer.text
        data: dict[str, Any] = body["data"]
        return data

    def verify(self, requests: Sequence[Mapping[str, Any]], purpose: str = "IDENTITY_PROOFING") -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = self.data(VERIFY, {"r": list(requests), "p": purpose})["verify"]["answers"]
        return answers


VERIFY = """query V($r: [VerificationRequest!]!, $p: Purpose!) { verify(requests: $r, purpose: $p) {
  answers { reference confirmed claims { attribute verdict level } token refused { code retryAt } asOf receipt } receipt } }"""
ELIGIBILITY = """query E($r: [EligibilityRequest!]!, $p: Purpose!) { eligibility(requests: $r, purpose: $p) {
  answers { reference programme { code threshold } eligible reason distance rule { hash } asOf receipt }
  receipt } }"""


def claims(attributes: Mapping[str, str], *names: str) -> list[dict[str, str]]:
    """All of them as claims, or those named."""
    return [{"attribute": name, "value": attributes[name]} for name in (names or attributes)]


def request_of(subject: Mapping[str, Any], *names: str, **changes: str) -> dict[str, Any]:
    """A row about somebody the demonstration told of: its true attributes (those named), with `changes` by short name."""
    told = subject["attributes"] | {f"person.{name}": value for name, value in changes.items()}
    chosen = [f"person.{name}" for name in names] or list(told)
    return {"subject": {"idcs": subject["idcs"]}, "claims": claims(told, *chosen)}


def codes(answer: httpx.Response) -> list[tuple[str, tuple[Any, ...]]]:
    """Code and path (of the field where there is one, else of the input) of each error."""
    return [
        (error["extensions"]["code"], tuple(error.get("path") or error["extensions"].get("path", ())))
        for error in answer.json().get("errors", ())
    ]


def fresh() -> str:
    return urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()


def digest64(text: str) -> str:
    return urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()


def _there(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


@asynccontextmanager
async def raw_transaction(database: Database) -> AsyncIterator[Any]:
    """The driver's connection in a transaction, as the bulk loaders take it."""
    async with database.connection() as connection, connection.transaction():
        yield connection
