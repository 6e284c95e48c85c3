"""One answer in the making: what it reads, what it opens, and what it will leave behind.

Made anew for each attempt at an answer. Doors ask through it, so that all they read is in a snapshot and all they open is
noted; the edge closes it and has its settlement made durable before the answer leaves.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from access import authority, ledger
from access.agreements import FailureBudget
from access.authority import Documents
from access.call import Call, Purpose
from access.counters import (
    COUNTED,
    FAILURES_WINDOW_SECONDS,
    POINTS_WINDOW_SECONDS,
    SPENT,
    Count,
    Counted,
    window_end,
)
from access.decision import NOTHING, ConsentGrant, Decision, Ground, Standing
from access.disclosure import Disclosure, SealedRecord
from core.database import Database, Reader, Row
from core.errors import Code, Forbidden, RateLimited, TooCostly, Unauthenticated
from core.ids import uuid7
from core.keys import KeyRing
from core.settlement import Settlement


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row of a batch was not answered; `retry_at`: when asking again makes sense."""

    code: str
    retry_at: datetime | None


LARGE_ROWS = 50
MAX_ROWS = 1_000


@dataclass(slots=True)
class Reading:
    """The parts an answer is made with, and what was counted for it so far: all root fields of a request share them."""

    database: Database
    keys: KeyRing
    documents: Documents
    settlement: Settlement = field(default_factory=Settlement)
    disclosures: list[Disclosure] = field(default_factory=list)
    points: int = 0
    failed: Counter[UUID] = field(default_factory=Counter)  # failed questions, by subject, of all fields together
    rested: Counter[ConsentGrant] = field(default_factory=Counter)  # answers that rest on a consent with a limit
    _authority: Row | None = None
    _failures: FailureBudget | None = None
    _snapshot: Reader | None = None

    async def ask(self, sql: str, *values: Any) -> Sequence[Row]:
        """The rows of one statement: in the snapshot that is open, else in one of its own."""
        self.settlement.reads()
        return await (self._snapshot or self.database).ask(sql, *values)

    def charge(self, rows: int) -> None:
        """Counts the subjects that a question asks about, before any work is done for them.

        Raises TooCostly where one request asks about too many, in however many of its fields.
        """
        self.points += rows
        if self.points > MAX_ROWS:
            raise TooCostly(f"one request asks about at most {MAX_ROWS} subjects")

    def over_budget(self, owner: UUID, failures: int, now: datetime) -> Refusal | None:
        """The refusal to answer more questions about this subject (with so many failures on record) within this hour."""
        assert self._authority is not None
        assert self._failures is not None
        by_agency = self._authority["agency_failures"] + self.failed.total()
        if failures + self.failed[owner] < self._failures.subject and by_agency < self._failures.agency:
            return None
        return Refusal(Code.BUDGET_SPENT, window_end(now, FAILURES_WINDOW_SECONDS))

    def fail(self, owner: UUID) -> None:
        """Counts a question that had to be answered with no, against the budgets of its subject and of the agency."""
        self.failed[owner] += 1

    @asynccontextmanager
    async def turn(self, rows: int) -> AsyncIterator[None]:
        """Reading and computing a large answer is done within its turn; small ones do not wait."""
        if rows < LARGE_ROWS:
            yield
            return
        async with self.database.large:
            yield

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Within this block all statements see the same instant. Root fields run one by one, so there is one at a time."""
        self.settlement.reads()
        async with self.database.snapshot() as snapshot:
            self._snapshot = snapshot
            try:
                yield
            finally:
                self._snapshot = None

    @contextmanager
    def within(self, transaction: Reader) -> Iterator[None]:
        """Within this block all statements are asked in that transaction, which also writes."""
        self._snapshot = transaction
        try:
            yield
        finally:
            self._snapshot = None

    async def standing(self, row: Row, call: Call, purpose: Purpose) -> Standing:
        """What the agency may do for the purpose, from a row with the columns of `authority.COLUMNS`."""
        self._admit(row, call.now)
        if call.actor.purposes is not None and purpose not in call.actor.purposes:
            raise Forbidden("this is none of the purposes that you may ask for", path=("purpose",))
        standing = await self.documents.standing(row, call.actor, purpose, call.now, self)
        self._failures = standing.agreement.failures
        return standing

    async def admit(self, call: Call) -> Row:
        """For answers that ask about nobody: the agency, its key and its rate still have to hold."""
        rows = await self.ask(authority.alone(call.actor.kind), *authority.parameters(call, None))
        return self._admit(rows[0] if rows else None, call.now)

    def _admit(self, row: Row | None, now: datetime) -> Row:
        if row is None or row["points_limit"] is None:
            raise Unauthenticated("the token is no longer valid")
        if row["points_used"] + max(self.points, 1) > row["points_limit"]:
            raise RateLimited("too many questions within a minute", retry_after=_seconds_left(now))
        self._authority = row
        return row

    def disclose(self, decision: Decision, record: SealedRecord, call: Call, *, subject: UUID, root_field: str) -> Disclosure:
        """The key to one subject's values for one root field. It becomes a ledger entry when the answer is closed.

        A consent that was used up by earlier rows of the same request opens nothing more.
        """
        consent = decision.consent
        if consent is not None and consent.uses is not None:
            if consent.used + self.rested[consent] < consent.uses:
                self.rested[consent] += 1
            else:
                decision = Decision(NOTHING, Ground.NO_CONSENT, None, decision.agreement)
        disclosure = Disclosure(
            decision, record, subject=subject, entry_id=uuid7(call.now), field=root_field, purpose=call.purpose
        )
        self.disclosures.append(disclosure)
        return disclosure

    def forget(self) -> None:
        """Nothing was answered: nothing is recorded or counted, but that the proof was used."""
        self.disclosures.clear()
        self.failed.clear()
        self.rested.clear()
        self.points = 0
        self.settlement.keep_only(SPENT)

    async def record(self, transaction: "asyncpg.Connection[Row]", call: Call) -> None:
        """Enters what was opened so far in that transaction, which does something by it: neither is without the other."""
        if self.disclosures:
            await ledger.LEDGER.apply(transaction, [(0, ledger.entry(disclosure, call)) for disclosure in self.disclosures])
            self.disclosures.clear()

    def close(self, call: Call, *, done: bool = False) -> Settlement:
        """The settlement with an entry for every disclosure, the points, and the failures counted.

        `done`: something was done already that cannot be taken back; what is counted then is not refused any more.
        """
        for disclosure in self.disclosures:
            self.settlement.add(ledger.LEDGER, ledger.entry(disclosure, call))
        agency = call.actor.agency
        if agency is None or self._authority is None:
            return self.settlement

        def count(owner: UUID, kind: Counted, end: datetime, amount: int, limit: int) -> None:
            if amount:
                self.settlement.add(COUNTED, Count(owner, agency, kind, end, amount, None if done else limit))

        minute, hour = (window_end(call.now, seconds) for seconds in (POINTS_WINDOW_SECONDS, FAILURES_WINDOW_SECONDS))
        count(agency, Counted.POINTS, minute, self.points, self._authority["points_limit"])
        if self._failures is not None:
            for owner, amount in self.failed.items():
                count(owner, Counted.FAILURES, hour, amount, self._failures.subject)
            count(agency, Counted.FAILURES, hour, self.failed.total(), self._failures.agency)
        for consent, amount in self.rested.items():
            assert consent.uses is not None
            assert consent.window_end is not None
            count(consent.consent_id, Counted.CONSENT, consent.window_end, amount, consent.uses)
        return self.settlement

    @property
    def admitted(self) -> bool:
        """Whether the agency's right to ask at all was looked up for this answer."""
        return self._authority is not None


def _seconds_left(now: datetime) -> int:
    return int((window_end(now, POINTS_WINDOW_SECONDS) - now).total_seconds()) + 1
