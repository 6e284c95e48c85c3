"""The floor: the same questions answered by a hand-written ASGI application, without Starlette, GraphQL or doors.

It does the same work as the service: the access token out of a cache of verified ones, the DPoP proof checked and its `jti`
kept, the same statements, values unsealed, the same comparison, a ledger entry with commitments and sealed details, points
and failed questions counted, one durable settlement, one signature over a Merkle root, a receipt for each answer. It knows
claims, not predicates; and it writes no log and counts no metrics.

    POST /verify     {"requests": [{"reference", "subject": {"idcs"}, "claims": [{"attribute", "value"}]}], "purpose"}
    POST /person     {"idcs", "purpose"}
    POST /household  {"code", "purpose"}

Answers have the form of the GraphQL answers to the documents in `bench/jobs.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from access import receipts
from access.admission import Admissions
from access.agreements import Level
from access.authority import Documents
from access.call import NOBODY, Call, Purpose
from access.catalogue import Use
from access.counters import COUNTED, FAILURES_WINDOW_SECONDS, SPENT, Count, Counted, window_end
from access.decision import Ground, Standing, decide
from access.disclosure import Disclosure, SealedRecord
from access.ledger import LEDGER
from access.reading import Reading
from core.config import Settings
from core.database import Database, Row
from core.dates import Precision
from core.errors import BudgetSpent, Internal, Invalid, SijilError, Withheld
from core.ids import uuid7
from core.keys import KeyRing
from core.settlement import Settler
from identity import store as identity_store
from identity.numbers import HouseholdCode, TokenKind, pairwise_token
from identity.store import Subject, SubjectKey
from registry import store as registry_store
from scoring import store as scoring_store
from scoring.scores import plain_decimal
from verification import questions
from verification.matching import Verdict, compare, precision_compared
from verification.questions import Asked, Question

PERSON = ("person.token", "person.sex", "person.birth_date", "person.nationality", "person.given_name", "person.family_name")
CLAIM = ("attribute", "verdict", "level")  # what is asked of a claim: its precision is signed, but not told here
ROWS_BETWEEN_BREATHS = 50
Connection: TypeAlias = "asyncpg.Connection[Row]"
Answer = Callable[[Call, Reading, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class Statements:
    """Connections handed out last in first out, with nothing around them."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._idle: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection in connections:
            self._idle.put_nowait(connection)

    async def ask(self, sql: str, *values: Any) -> Sequence[Row]:
        connection = await self._idle.get()
        try:
            return await connection.fetch(sql, *values)
        finally:
            self._idle.put_nowait(connection)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Statements"]:
        connection = await self._idle.get()
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                yield Statements([connection])
        finally:
            self._idle.put_nowait(connection)


class Raw:
    """The application. `running` holds what it needs; a server that knows of lifespans enters it by itself."""

    def __init__(self, settings: Settings, keys: KeyRing, *, url: str, issuer: str, clock: Callable[[], datetime]) -> None:
        self._url, self._issuer, self._clock = url, issuer, clock
        self._keys = keys
        self._connections = settings.connections
        self._database = Database(url, connections=2)
        self._settler = Settler(self._database, (SPENT, COUNTED, LEDGER), queue=settings.settlement_queue)
        self._admissions = Admissions(keys, issuer)
        self._documents = Documents()
        self._statements: Statements | None = None
        self._routes: dict[str, Answer] = {"/verify": self._verify, "/person": self._person, "/household": self._household}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        # The same few statements again and again: planning one anew costs several times what running it does.
        settings = {"timezone": "UTC", "plan_cache_mode": "force_generic_plan"}
        connections = [await asyncpg.connect(self._url, server_settings=settings) for _ in range(self._connections)]
        self._statements = Statements(connections)
        self._settler.start()
        try:
            yield
        finally:
            await self._settler.stop()
            for connection in connections:
                await connection.close()
            await self._database.close()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "lifespan":
            await receive()
            async with self.running():
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        assert scope["type"] == "http"
        try:
            status, answer = 200, await self._answer(scope["path"], scope["headers"], receive)
        except SijilError as refusal:
            status, answer = 400, {"errors": [{"message": refusal.message, "extensions": {"code": refusal.code}}]}
        body = orjson.dumps(answer)
        headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _answer(
        self, path: str, headers: Iterable[tuple[bytes, bytes]], receive: ASGIReceiveCallable
    ) -> Mapping[str, Any]:
        now = self._clock()
        call = Call(NOBODY, now, uuid7(now))
        named = dict(headers)
        actor, once = self._admissions.admit(
            token=named[b"authorization"].decode()[5:],
            proof=named[b"dpop"].decode(),
            method="POST",
            url=self._issuer + path,
            now=now,
        )
        question = orjson.loads(await _body(receive))
        call = replace(call, actor=actor, purpose=Purpose(question["purpose"]))
        # What asks for several statements opens a snapshot for them; one statement is a snapshot already.
        reading = Reading(self._database, self._keys, self._documents, _snapshot=self._statements)
        reading.settlement.add(SPENT, once)
        data = await self._routes[path](call, reading, question)
        await self._settler.settle(reading.close(call))
        return {"data": data, "extensions": {"requestId": str(call.request_id)}}

    # --- are these claims true?

    async def _verify(self, call: Call, reading: Reading, question: Mapping[str, Any]) -> Mapping[str, Any]:
        async with reading.turn(len(question["requests"])):
            return await self._batch(call, reading, question)

    async def _batch(self, call: Call, reading: Reading, question: Mapping[str, Any]) -> Mapping[str, Any]:
        agency, purpose = _asker(call)
        asked = questions.parse([_asked(row) for row in question["requests"]], purpose)
        keys = [(identity_store.key_of(self._keys, agency, idcs=q.asked.idcs, token=None), None) for q in asked]
        attributes = {claim.attribute for q in asked for claim in q.claims}
        row, subjects = await identity_store.subjects(reading, call, purpose, keys, attributes)
        standing = await reading.standing(row, call, purpose)
        questions.check_granted(asked, standing)
        reading.points = len(asked)
        common = {
            "v": receipts.VERSION,
            "type": "verification",
            "agency": str(agency),
            "agreement": standing.agreement.hash.hex(),
            "mandate": None if standing.mandate is None else standing.mandate.hash.hex(),
            "as_of": call.now.isoformat(timespec="microseconds"),
            "purpose": purpose,
        }
        failures = row["agency_failures"]
        answers: list[dict[str, Any]] = []
        rows: list[dict[str, Any]] = []
        for number, (one, subject) in enumerate(zip(asked, subjects, strict=True)):
            if number % ROWS_BETWEEN_BREATHS == ROWS_BETWEEN_BREATHS - 1:
                await asyncio.sleep(0)
            answer, said = self._judge(reading, call, standing, one, subject, failures)
            failures += not answer["confirmed"]
            answers.append(answer)
            rows.append(common | said)
        if failures != row["agency_failures"]:
            amount = failures - row["agency_failures"]
            self._count(reading, call, standing, agency, amount, standing.agreement.failures.agency)
        signed = receipts.sign(rows, agency=agency, issuer=self._issuer, at=call.now, key=self._keys.signer)
        for number, answer in enumerate(answers):
            answer["receipt"] = signed.receipt(number)
        return {"verify": {"answers": answers, "receipt": signed.jws}}

    def _judge(
        self, reading: Reading, call: Call, standing: Standing, question: Question, subject: Subject, failures: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answer to one row, without its receipt; and what is signed of it beside what all rows have in common."""
        limits = standing.agreement.failures
        if subject.failures >= limits.subject or failures >= limits.agency:
            raise BudgetSpent("too many questions failed")
        decision = decide(standing, subject.state(standing), call.now)
        disclosure = reading.disclose(decision, subject.record, call, subject=subject.entry_owner, root_field="verify")
        verdicts: dict[str, Verdict] = {}
        precisions: dict[str, Precision | None] = {}
        confirmed = recognised = True
        for claim in question.claims:
            granted = decision.allows(claim.attribute, Use.MATCH)
            parts = [subject.record.open(part) for part in identity_store.PARTS[claim.attribute]]
            true_value = parts[0] if len(parts) == 1 else (parts[0], parts[1])
            verdict = compare(claim, true_value, standing.terms[claim.attribute].level)
            verdicts[claim.attribute] = verdict
            precisions[claim.attribute] = None if verdict is Verdict.MISMATCH else precision_compared(claim, true_value)
            disclosure.notes[claim.attribute] = f"{Use.MATCH}" if granted else f"{Use.MATCH} REFUSED"
            confirmed &= granted and verdict is not Verdict.MISMATCH
            recognised &= granted and not (claim.identifying and verdict is Verdict.MISMATCH)
        told: list[tuple[str, Verdict, Level, Precision | None]] | None = None
        if any(term.verdict for term in standing.agreement.attributes.values()):
            told = []
            for attribute, verdict in verdicts.items():
                term = standing.terms[attribute]
                shown = verdict if recognised else Verdict.MISMATCH
                precise = precisions[attribute] if recognised and term.verdict else None
                told.append((attribute, shown if term.verdict else Verdict.WITHHELD, term.level, precise))
        token = None
        if confirmed and subject.person_id is not None:
            token = pairwise_token(TokenKind.PERSON, subject.person_id, standing.agency, self._keys.tokens)
        if not confirmed:
            self._count(reading, call, standing, subject.entry_owner, 1, limits.subject)
        disclosure.outcome = {"confirmed": confirmed, "question": question.hash, "refused": None, "verdicts": verdicts}
        said = {
            "entry": str(disclosure.entry_id),
            "question": question.hash,
            "reference": question.asked.reference,
            "confirmed": confirmed,
            "claims": told,
            "token": token,
            "consent": decision.basis if confirmed and decision.ground is Ground.CONSENT else None,
            "refused": None,
        }
        answer = {
            "reference": question.asked.reference,
            "confirmed": confirmed,
            "claims": None if told is None else [dict(zip(CLAIM, claim, strict=False)) for claim in told],
            "token": token,
            "refused": None,
            "asOf": call.now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }
        return answer, said

    @staticmethod
    def _count(reading: Reading, call: Call, standing: Standing, owner: UUID, amount: int, limit: int) -> None:
        end = window_end(call.now, FAILURES_WINDOW_SECONDS)
        reading.settlement.add(COUNTED, Count(owner, standing.agency, Counted.FAILURES, end, amount, limit))

    # --- one person, one household

    async def _person(self, call: Call, reading: Reading, question: Mapping[str, Any]) -> Mapping[str, Any]:
        agency, purpose = _asker(call)
        key = identity_store.key_of(self._keys, agency, idcs=question["idcs"], token=None)
        row, (subject,) = await identity_store.subjects(reading, call, purpose, [(key, None)], PERSON)
        standing = await reading.standing(row, call, purpose)
        reading.points = 1
        decision = decide(standing, subject.state(standing), call.now)
        disclosure = reading.disclose(decision, subject.record, call, subject=subject.entry_owner, root_field="person")
        if not decision.uses or subject.person_id is None:
            raise Withheld("not granted to you here")
        token = pairwise_token(TokenKind.PERSON, subject.person_id, agency, self._keys.tokens)
        return {
            "person": {
                "token": disclosure.reveal("person.token", lambda _: token),
                "sex": _plain(disclosure, "person.sex"),
                "birthDate": _plain(disclosure, "person.birth_date"),
                "nationality": _plain(disclosure, "person.nationality"),
                "name": {
                    "given": _scripted(disclosure, "person.given_name"),
                    "family": _scripted(disclosure, "person.family_name"),
                },
            }
        }

    async def _household(self, call: Call, reading: Reading, question: Mapping[str, Any]) -> Mapping[str, Any]:
        _, purpose = _asker(call)
        code = HouseholdCode.parse(question["code"]).text
        assert self._statements is not None
        async with self._statements.snapshot() as snapshot:
            reading._snapshot = snapshot
            keys = self._keys
            found = await registry_store.by_code(reading, keys.index("HOUSEHOLD_CODE", code), keys.index_version, call.now)
            if found is None:
                raise Withheld("not granted to you here")
            household: UUID = found["household_id"]
            key = SubjectKey(None, found["head_id"], keys.stranger("HOUSEHOLD_CODE", code))
            row, (subject,) = await identity_store.subjects(reading, call, purpose, [(key, None)], ())
            standing = await reading.standing(row, call, purpose)
            decision = decide(standing, subject.state(standing), call.now)
            home = await registry_store.household(reading, household)
            places = await identity_store.divisions(reading, [home["division"]])
            scores = await scoring_store.newest_scores(reading, [household], call.now)
        reading.points = 1
        record = SealedRecord(household, keys.masters.unwrap(household, home["data_key"]), {})
        disclosure = reading.disclose(decision, record, call, subject=household, root_field="household")
        if not decision.uses:
            raise Withheld("not granted to you here")
        value = plain_decimal(scores[household]["value"])
        return {
            "household": {
                "milieu": disclosure.reveal("household.milieu", lambda _: home["milieu"]),
                "residence": {
                    "code": places[str(disclosure.reveal("household.residence", lambda _: home["division"]))]["code"]
                },
                "score": {"value": disclosure.reveal("score.value", lambda _: value)},
            }
        }


def _asker(call: Call) -> tuple[UUID, Purpose]:
    if call.actor.agency is None or call.purpose is None:
        raise Internal("an agency asks, for a purpose")
    return call.actor.agency, call.purpose


def _asked(row: Mapping[str, Any]) -> Asked:
    if row.get("predicates"):
        raise Invalid("predicates are not known here")
    claims = [(claim["attribute"], claim["value"]) for claim in row["claims"]]
    return Asked(row.get("reference"), row["subject"]["idcs"], None, claims, (), None)


def _plain(disclosure: Disclosure, attribute: str) -> Any:
    return disclosure.reveal(attribute, lambda record: record.open(attribute))


def _scripted(disclosure: Disclosure, attribute: str) -> Any:
    parts = identity_store.PARTS[attribute]
    found = disclosure.reveal(attribute, lambda record: [record.open(part) for part in parts])
    return dict(zip(("ar", "latin"), found, strict=True)) if isinstance(found, list) else None


async def _body(receive: ASGIReceiveCallable) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Invalid("the client went away")
        body += message["body"]
        if not message["more_body"]:
            return body
