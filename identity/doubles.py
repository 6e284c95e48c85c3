"""Whether somebody is on record already: who may be the same becomes a case, which somebody decides; of an applicant before
anything else, of whom a record was corrected of afterwards.

The comparison is `candidates.py`; whoever is enrolled at the same instant and shares a key waits for it to end.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call
from access.catalogue import Use
from access.decision import decide_upkeep
from access.reading import Reading
from core.ids import uuid7
from core.keys import KeyRing
from identity.blocking import Comparable
from identity.candidates import ATTRIBUTES, Candidate, check, hold
from identity.duplicates import rules
from identity.enrolment_store import Request
from identity.register_models import DuplicateCase
from identity.relations import Relation

COMPARISON = "COMPARISON"
# What says who somebody is: where they live, and are reached, changes in any life.
IDENTIFYING: Final = frozenset(ATTRIBUTES) - {"person.residence", "person.telephone"}


def comparable(request: Request, related: list[Relation]) -> Comparable:
    """The applicant, as records are compared."""
    guardians = [each.person for each in related if each.kind == "GUARDIAN"]
    return Comparable.of(request.record.parts, guardians)


async def find(
    connection: AsyncConnection, reading: Reading, call: Call, request: Request, related: list[Relation], root_field: str
) -> int:
    """How many new cases there are: of people who are, or may be, the applicant. The looks at both are recorded.

    Of whom there is a case already, open or decided, there is no second.
    """
    keys, applicant = reading.keys, comparable(request, related)
    await hold(connection, keys, applicant)
    look = reading.disclose(decide_upkeep(*ATTRIBUTES), request.record, call, subject=request.id, root_field=root_field)
    for attribute in ATTRIBUTES:
        look.compare(attribute, Use.MATCH, lambda _: None)
    found = await check(connection, keys, call, request.id, applicant, root_field=root_field)
    its = (DuplicateCase.person_id == request.id) & (DuplicateCase.origin == COMPARISON)
    known = set(await connection.scalars(select(DuplicateCase.other_id).where(its)))
    cases = [_case(call, request.id, request.division, candidate) for candidate in found if candidate.person_id not in known]
    if cases:
        await connection.execute(insert(DuplicateCase), cases)
    return len(cases)


async def find_again(
    connection: AsyncConnection, keys: KeyRing, call: Call, person: UUID, record: Comparable, root_field: str
) -> int:
    """The same of somebody whose record says otherwise, since this transaction, who they are: it stands, whatever is found.

    Of whom there is a case with the person already, whichever way round, there is no second.
    """
    await hold(connection, keys, record)
    found = await check(connection, keys, call, person, record, root_field=root_field)
    others = select(DuplicateCase.other_id).where(DuplicateCase.person_id == person)
    known = set(
        await connection.scalars(union(others, select(DuplicateCase.person_id).where(DuplicateCase.other_id == person)))
    )
    cases = [_case(call, person, record.residence, candidate) for candidate in found if candidate.person_id not in known]
    if cases:
        await connection.execute(insert(DuplicateCase), cases)
    return len(cases)


def _case(call: Call, person: UUID, division: str | None, candidate: Candidate) -> dict[str, object]:
    finding = candidate.finding
    return {
        "person_id": person,
        "case_id": uuid7(call.now),
        "other_id": candidate.person_id,
        "origin": COMPARISON,
        "outcome": finding.outcome,
        "weight": finding.weight,
        "fields": finding.document,
        "weights_hash": rules().hash,
        "division": division,
        "found_at": call.now,
        "state": "OPEN",
    }
