"""Who is eligible for what, by the thousand: one row for each question, one signature for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from access import receipts
from access.call import Call, Purpose, allow
from access.disclosure import Disclosure, Withheld
from access.reading import Reading
from access.rights import Scope
from core.canonical import plain_json, text64
from core.database import Row
from core.dates import civil_date
from core.errors import Invalid, SijilError
from core.texts import checked_text
from identity import people
from identity import store as identity_store
from registry import store as registry_store
from registry.programmes import Programme
from scoring import store
from scoring.scores import EligibilityView, tell_eligibility

MAX_QUESTIONS = 1_000
MAX_REFERENCE = 100


@dataclass(frozen=True, slots=True)
class Question:
    reference: str | None
    idcs: str | None
    token: str | None
    programme: str
    consent: UUID | None
    virtual_id: str | None = None

    @property
    def subject(self) -> dict[str, str | None]:
        """How the subject is named, as the hash of a question has it."""
        if self.virtual_id is not None:
            return {"virtual_id": self.virtual_id}
        return {"idcs": self.idcs} if self.idcs else {"token": self.token}


@dataclass(slots=True)
class Batch:
    answers: list[EligibilityView]
    receipt: str


@allow(Scope.SELF_READ)
async def programmes(reading: Reading, call: Call, *, on: date | None) -> list[Programme]:
    """The programmes in force on that day; today if none is given."""
    await reading.admit(call)
    return [programme for programme, _ in await store.programmes(reading, on or civil_date(call.now))]


@allow(Scope.ELIGIBILITY_READ)
async def eligibility(reading: Reading, call: Call, *, purpose: Purpose, questions: Sequence[Question], issuer: str) -> Batch:
    """One answer for each question, in their order.

    Raises Invalid, with the path of the fault, before anything is answered: an ill-formed row voids the whole batch. A subject
    that is unknown, hidden, locked, not consented, out of territory, or whose eligibility is not granted, is withheld alike.
    """
    agency = call.actor.agency
    assert agency is not None
    asked = _keys(reading, agency, questions)
    reading.charge(len(questions))
    async with reading.turn(len(questions)), reading.snapshot():
        row, subjects = await identity_store.subjects(reading, call, purpose, asked, ())
        standing = await reading.standing(row, call, purpose)
        on = civil_date(call.now)
        known = {programme.code: (programme, hash_) for programme, hash_ in await store.programmes(reading, on)}
        for number, question in enumerate(questions):
            if question.programme not in known:
                raise Invalid("no such programme", path=("requests", number, "programme"))
        homes = await registry_store.of_persons(reading, [subject.person_id for subject in subjects], call.now)
        scores = await store.newest_scores(reading, set(homes.values()), call.now)
    wanted = frozenset(("eligibility.result", "eligibility.distance"))
    answers: list[EligibilityView] = []
    rows: list[Mapping[str, Any]] = []
    for question, subject in zip(questions, subjects, strict=True):
        disclosure = people.disclose(reading, call, standing, subject, "eligibility")
        score: Row | None = None
        if subject.person_id is not None and subject.person_id in homes:
            score = scores.get(homes[subject.person_id])
        refused = reading.over_budget(subject.entry_owner, subject.failures, call.now)
        if refused is None:
            answer = tell_eligibility(disclosure, *known[question.programme], score, call.now, wanted)
            if isinstance(answer.eligible, Withheld):
                reading.fail(subject.entry_owner)
        else:
            answer = EligibilityView(known[question.programme][0], None, None, None, None, call.now, refused=refused)
        answer.reference = question.reference
        answers.append(answer)
        rows.append(_row(question, answer, disclosure, agency, purpose, call.now, score))
    signed = receipts.sign(rows, agency=agency, issuer=issuer, at=call.now, key=reading.keys.signer)
    for number, answer in enumerate(answers):
        answer.receipt = signed.receipt(number)
    return Batch(answers, signed.jws)


def _keys(reading: Reading, agency: UUID, questions: Sequence[Question]) -> list[tuple[identity_store.SubjectKey, UUID | None]]:
    if not 0 < len(questions) <= MAX_QUESTIONS:
        raise Invalid(f"1 to {MAX_QUESTIONS} requests at a time", path=("requests",))
    asked = []
    for number, question in enumerate(questions):
        try:
            _check_reference(question.reference)
            try:
                key = identity_store.key_of(
                    reading.keys, agency, idcs=question.idcs, token=question.token, virtual_id=question.virtual_id
                )
            except Invalid as fault:
                raise fault.under("subject") from None
            asked.append((key, question.consent))
        except SijilError as fault:
            raise fault.under("requests", number) from None
    return asked


def _check_reference(reference: str | None) -> None:
    try:
        if reference is not None:
            checked_text(reference, MAX_REFERENCE)
    except Invalid as fault:
        raise fault.under("reference") from None


def _row(
    question: Question,
    answer: EligibilityView,
    disclosure: Disclosure,
    agency: UUID,
    purpose: Purpose,
    now: datetime,
    score: Row | None,
) -> dict[str, Any]:
    """The row that is signed: what was asked (as a hash), what was answered, and the versions that decided."""
    told = answer.refused is None and not isinstance(answer.eligible, Withheld)
    asked = {
        "subject": question.subject,
        "programme": question.programme,
        "purpose": purpose,
    }
    return {
        "v": receipts.VERSION,
        "type": "eligibility",
        "agency": str(agency),
        "agreement": disclosure.decision.agreement.hex(),
        "as_of": now.isoformat(timespec="microseconds"),
        "entry": str(disclosure.entry_id),
        "programme": question.programme,
        "purpose": purpose,
        "question": text64(_digest(asked)),
        "reference": question.reference,
        "told": told,
        "refused": None if answer.refused is None else answer.refused.code,
        "eligible": answer.eligible if told else None,
        "reason": answer.reason if told else None,
        "rule": answer.rule.hash if told and answer.rule is not None and not isinstance(answer.rule, Withheld) else None,
        "formula": score["formula_hash"].hex() if told and score is not None else None,
    }


def _digest(document: Any) -> bytes:
    return sha256(plain_json(document)).digest()
