"""Is this true? Up to a thousand subjects in one question: one statement, one settlement, one signature.

One answer for unknown, hidden, not consented, locked, out of territory and mismatched: the same members, computed by the same
work. What a negative answer says depends on the question and the agreement alone.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from access import receipts
from access.agreements import Level
from access.call import Call, Purpose, allow
from access.catalogue import Use
from access.decision import Ground, Standing, Status
from access.disclosure import Disclosure, SealedRecord
from access.reading import Reading, Refusal
from access.rights import Scope
from core.dates import Precision, civil_date
from core.errors import Invalid
from identity import people
from identity import store as identity_store
from identity.numbers import TokenKind, pairwise_token
from identity.store import Subject, SubjectKey
from verification import questions
from verification.matching import Claim, TrueValue, Verdict, compare, holds, precision_compared
from verification.questions import Asked, Question

ROWS_BETWEEN_BREATHS = 50


class Compared(NamedTuple):
    verdict: Verdict
    precision: Precision | None


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    attribute: str
    verdict: Verdict
    level: Level | None
    precision: Precision | None = None


@dataclass(slots=True)
class Answer:
    reference: str | None
    confirmed: bool
    claims: list[ClaimVerdict] | None
    token: str | None
    refused: Refusal | None
    as_of: datetime
    number: int
    batch: receipts.SignedBatch | None = None

    @property
    def receipt(self) -> str:
        assert self.batch is not None
        return self.batch.receipt(self.number)


@dataclass(slots=True)
class Batch:
    answers: list[Answer]
    receipt: str


@allow(Scope.VERIFICATION_RUN)
async def verify(reading: Reading, call: Call, *, purpose: Purpose, batch: Sequence[Asked], issuer: str) -> Batch:
    """One answer for each row, in their order.

    Raises Invalid or Forbidden with the path of the fault, before anybody is looked up or anything is counted.
    """
    agency = call.actor.agency
    assert agency is not None
    asked = questions.parse(batch, purpose)
    keys = _keys(reading, agency, asked)
    reading.charge(len(asked))
    attributes = {attribute for question in asked for attribute in question.attributes}
    async with reading.turn(len(asked)):
        row, subjects = await identity_store.subjects(reading, call, purpose, keys, attributes)
        standing = await reading.standing(row, call, purpose)
        questions.check_granted(asked, standing)
        desk = _Desk(reading, call, standing)
        answers = []
        for number, (question, subject) in enumerate(zip(asked, subjects, strict=True)):
            if number % ROWS_BETWEEN_BREATHS == ROWS_BETWEEN_BREATHS - 1:
                await asyncio.sleep(0)  # others wait for this thread
            answers.append(desk.answer(number, question, subject))
    signed = receipts.sign(desk.rows, agency=agency, issuer=issuer, at=call.now, key=reading.keys.signer)
    for answer in answers:
        answer.batch = signed
    return Batch(answers, signed.jws)


def _keys(reading: Reading, agency: UUID, asked: Sequence[Question]) -> list[tuple[SubjectKey, UUID | None]]:
    keys = []
    for number, question in enumerate(asked):
        asked_of = question.asked
        try:
            key = identity_store.key_of(
                reading.keys, agency, idcs=asked_of.idcs, token=asked_of.token, virtual_id=asked_of.virtual_id
            )
        except Invalid as fault:
            raise fault.under("requests", number, "subject") from None
        keys.append((key, question.asked.consent))
    return keys


class _Desk:
    """Answers the rows of one batch, one by one."""

    def __init__(self, reading: Reading, call: Call, standing: Standing) -> None:
        self._reading, self._call, self._standing = reading, call, standing
        self._today: date = civil_date(call.now)
        self._tells_verdicts = any(term.verdict for term in standing.agreement.attributes.values())
        mandate = standing.mandate
        self._base = {
            "v": receipts.VERSION,
            "type": "verification",
            "agency": str(standing.agency),
            "agreement": standing.agreement.hash.hex(),
            "mandate": None if mandate is None else mandate.hash.hex(),
            "as_of": call.now.isoformat(timespec="microseconds"),
            "purpose": standing.purpose,
        }
        self.rows: list[dict[str, Any]] = []

    def answer(self, number: int, question: Question, subject: Subject) -> Answer:
        disclosure = people.disclose(self._reading, self._call, self._standing, subject, "verify")
        refused = self._reading.over_budget(subject.entry_owner, subject.failures, self._call.now)
        verdicts: dict[str, Compared] = {}
        if refused is not None:
            confirmed, told = False, None
        else:
            verdicts, matched, granted = self._judge(question, disclosure)
            identified = _identified(question, verdicts)
            confirmed = matched and granted and identified
            told = self._told(question, verdicts, granted and identified)
            refused = self._state(subject, disclosure, matched and identified)
            if not confirmed:
                self._reading.fail(subject.entry_owner)
        token = None
        if confirmed and subject.person_id is not None:
            keys = self._reading.keys.tokens
            token = pairwise_token(TokenKind.PERSON, subject.person_id, self._standing.agency, keys)
        row = {
            **self._base,
            "entry": str(disclosure.entry_id),
            "question": question.hash,
            "reference": question.asked.reference,
            "confirmed": confirmed,
            "claims": None if told is None else [[t.attribute, t.verdict, t.level, t.precision] for t in told],
            "token": token,
            "consent": disclosure.decision.basis if confirmed and disclosure.decision.ground is Ground.CONSENT else None,
            "refused": None if refused is None else refused.code,
        }
        self.rows.append(row)
        disclosure.outcome = {
            "confirmed": confirmed,
            "question": question.hash,
            "refused": row["refused"],
            "verdicts": {name: compared.verdict for name, compared in verdicts.items()},
        }
        disclosure.failed = _failed(question, verdicts)
        return Answer(question.asked.reference, confirmed, told, token, refused, self._call.now, number)

    def _judge(self, question: Question, disclosure: Disclosure) -> tuple[dict[str, Compared], bool, bool]:
        """The verdict of each claim and predicate, whether all of them hold, and whether all are granted for this subject."""
        verdicts: dict[str, Compared] = {}
        granted = True
        for claim in question.claims:
            judge = partial(_compare, claim, self._standing.terms[claim.attribute].level)
            allowed, compared = disclosure.compare(claim.attribute, Use.MATCH, judge)
            verdicts[claim.attribute] = compared
            granted &= allowed
        for number, predicate in enumerate(question.predicates):
            allowed, held = disclosure.compare(
                predicate.attribute,
                Use.PREDICATE,
                lambda record, p=predicate: holds(p, record.open(p.attribute), self._today),  # type: ignore[misc]
            )
            verdicts[f"predicates {number}"] = Compared(Verdict.MATCH if held else Verdict.MISMATCH, None)
            granted &= allowed
        return verdicts, all(compared.verdict is not Verdict.MISMATCH for compared in verdicts.values()), granted

    def _told(self, question: Question, verdicts: dict[str, Compared], recognised: bool) -> list[ClaimVerdict] | None:
        """What is told of each claim: only where the agreement grants it, and once the identifying claims match."""
        if not self._tells_verdicts:
            return None
        told = []
        for number, (attribute, compared) in enumerate(zip(question.attributes, verdicts.values(), strict=True)):
            term = self._standing.terms[attribute]
            level = term.level if number < len(question.claims) else None
            if not term.verdict:
                told.append(ClaimVerdict(attribute, Verdict.WITHHELD, level))
            elif recognised:
                told.append(ClaimVerdict(attribute, compared.verdict, level, compared.precision))
            else:
                told.append(ClaimVerdict(attribute, Verdict.MISMATCH, level))
        return told

    def _state(self, subject: Subject, disclosure: Disclosure, matched: bool) -> Refusal | None:
        """That a person is deceased or suspended is told where the agreement says so, to who knew all that was asked."""
        standing = self._standing
        if not (matched and standing.agreement.tells_status and standing.mandate is not None):
            return None
        if disclosure.decision.ground is not Ground.NOT_ACTIVE or subject.status not in (Status.DECEASED, Status.SUSPENDED):
            return None
        return Refusal(subject.status, None)


def _failed(question: Question, verdicts: dict[str, Compared]) -> list[str]:
    """The attributes of which something was claimed that does not hold, each once."""
    compared = zip(question.attributes, verdicts.values(), strict=False)
    return list(dict.fromkeys(attribute for attribute, each in compared if each.verdict is Verdict.MISMATCH))


def _identified(question: Question, verdicts: dict[str, Compared]) -> bool:
    """Whether the identifying claims match, and one of them says more than a birth date of which but a part is on record."""
    compared = [verdicts[claim.attribute] for claim in question.claims if claim.identifying]
    return all(each.verdict is not Verdict.MISMATCH for each in compared) and any(
        each.precision in (None, Precision.DAY) for each in compared
    )


def _compare(claim: Claim, level: Level, record: SealedRecord) -> Compared:
    true = true_value(record, claim.attribute)
    verdict = compare(claim, true, level)
    return Compared(verdict, None if verdict is Verdict.MISMATCH else precision_compared(claim, true))


def true_value(record: SealedRecord, attribute: str) -> TrueValue:
    parts = identity_store.PARTS[attribute]
    if len(parts) == 1:
        return record.open(parts[0])
    return record.open(parts[0]), record.open(parts[1])
