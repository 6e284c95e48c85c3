"""What an outside biometric matcher reports: that an applicant may be somebody who is on record.

A hit is no decision: it opens a case, and until somebody decided on that, the applicant is not enrolled. The same hit again is
the same case. The agency is told no more than whether its report was taken.
"""

from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import ActorKind, Call, allow
from access.decision import decide_upkeep
from access.disclosure import SealedRecord
from access.reading import Reading
from access.rights import Duty, Scope
from core.database import raw
from core.errors import Conflict, Forbidden, Invalid
from core.fixed import scaled, text_of
from core.ids import uuid7
from identity import store
from identity.enrolment_states import State
from identity.enrolment_store import numbered
from identity.receipts import normal_number
from identity.register_models import DuplicateCase

BIOMETRIC = "BIOMETRIC"
PLACES = 4  # of the score
MAX_HITS = 20  # of one request: a matcher names few, and who names many asks who is on record
_CHARGED = "select exists (select from agency where agency_id = $1 and $2 = any(duties)) as charged"
# Of a record that was merged into another one since (an older token leads to it) that other one is the candidate.
_CANDIDATE = """
select p.person_id, p.data_key, named.person_id as named_id
  from (select coalesce($1::uuid, (select owner_id from identifier where hash = $2 and kind = 'IDCS'
                                      and key_version = $3)) as person_id) named
  left join person_alias a on a.person_id = named.person_id and a.undone_at is null
  join person p on p.person_id = coalesce(a.survivor_id, named.person_id)
   and p.status <> 'DECOY' and p.data_key is not null"""
_KNOWN = """
select case_id from duplicate_case where person_id = $1 and other_id = any($2::uuid[]) and origin = 'BIOMETRIC'
 order by found_at desc limit 1"""


@allow(Scope.BIOMETRIC_REPORT)
async def report_hit(
    connection: AsyncConnection,
    call: Call,
    reading: Reading,
    *,
    receipt: str,
    idcs: str | None,
    token: str | None,
    score: str,
) -> UUID:
    """The case of a hit: of the applicant with that receipt, and of the candidate who is on record.

    Raises Forbidden to an agency that is not charged with it, Invalid for what cannot be and, one and the same, where there is
    no such request or candidate; Conflict where the request was refused already, or has too many
    hits.
    """
    agency = call.actor.agency
    if call.actor.kind is not ActorKind.AGENCY or agency is None:
        raise Forbidden("this is for an agency's own machines")
    (row,) = await reading.ask(_CHARGED, agency, Duty.BIOMETRIC_MATCHING)
    if not row["charged"]:
        raise Forbidden("the agency is not charged with this")
    number = normal_number(receipt)
    points = _points(score)
    key = store.key_of(reading.keys, agency, idcs=idcs, token=token)
    request = await numbered(reading, reading.keys, number, call.now, hold=True)
    found = await reading.ask(_CANDIDATE, key.person_id, key.hash, reading.keys.index_version)
    if request is None or not found or found[0]["person_id"] == request.id:
        raise Invalid("there is no such request, or nobody else to compare with", path=("receipt",))
    other, wrapped = found[0]["person_id"], found[0]["data_key"]
    known = await (await raw(connection)).fetchrow(_KNOWN, request.id, [other, found[0]["named_id"]])
    if known is not None:
        already: UUID = known["case_id"]
        return already
    if request.state is State.REJECTED:
        raise Conflict("this request was refused already", path=("receipt",))
    hits = (DuplicateCase.person_id == request.id) & (DuplicateCase.origin == BIOMETRIC)
    if (await connection.scalar(select(func.count()).select_from(DuplicateCase).where(hits)) or 0) >= MAX_HITS:
        raise Conflict(f"of one request at most {MAX_HITS} hits are reported", path=("receipt",))
    record = SealedRecord(other, reading.keys.masters.unwrap(other, wrapped), {})
    reading.disclose(decide_upkeep(), record, call, subject=other, root_field="reportBiometricHit")
    case = uuid7(call.now)
    row_ = {
        "person_id": request.id,
        "case_id": case,
        "other_id": other,
        "origin": BIOMETRIC,
        "outcome": "REVIEW",
        "fields": {"score": text_of(points, PLACES)},
        "division": request.division,
        "found_at": call.now,
        "reported_by": agency,
        "state": "OPEN",
    }
    await connection.execute(insert(DuplicateCase).values(row_))
    return case


def _points(score: str) -> int:
    try:
        points = scaled(score, PLACES)
    except Invalid:
        points = -1
    if not 0 <= points <= 10**PLACES:
        raise Invalid("a score is from 0 to 1, in at most four decimal places", path=("score",))
    return points
