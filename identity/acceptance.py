"""Accepting a request to be enrolled: in one transaction there is a person with a number, all parts sealed, and a history.

Within it the applicant is compared with everybody once more, under locks that others of the same name and card wait for:
nobody is enrolled twice, however many accept at the same instant. Where somebody may be the same, a case is opened instead, the
request stays in review, and nobody outside is told of whom it is.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.call import Call, allow
from access.decision import Status
from access.reading import Reading
from access.rights import Scope
from core.database import Reader, raw
from core.errors import Conflict, Fault, Faulty, Forbidden
from core.ids import uuid7
from core.keys import KeyRing
from identity import doubles
from identity.applications import Basis, Form, evidence_needed
from identity.blocking import blocking_hashes
from identity.enrolment import guardian_among, refuse_own
from identity.enrolment_states import Obstacle, Standing, Step, obstacles
from identity.enrolment_store import Request, held, sound, tell_applicant, today_of, ways_of
from identity.holders import holders_of, tell_holder
from identity.imports import INDEXED, take_numbers
from identity.models import Identifier, Person, Relative
from identity.numbers import Idcs
from identity.openings import is_enrolled_at
from identity.receipts import shown_number
from identity.register_models import BlockingKey, Enrolment, PersonRevision
from identity.relations import Relation, relations
from identity.store import STATUS_NOW, column

FIELD = "acceptEnrolment"
_SOURCES = {"ONLINE": "CENTRE", "CENTRE": "CENTRE", "FILE": "FILE", "PACK": "PACK"}
SAID = {
    Obstacle.EVIDENCE_MISSING: "evidence is missing",
    Obstacle.TESTIMONY_MISSING: "two registered persons have to vouch for the applicant",
    Obstacle.NOT_OPEN: "nobody who lives there is enrolled today",
    Obstacle.CASE_OPEN: "it has to be decided first whether the applicant is on record already",
    Obstacle.FOUND_TWICE: "it was decided that the applicant is on record already",
}
# No testimony counts of who is reached where the applicant is, or a witness before them: one of both may have changed since.
_STANDING = f"""
select array(select distinct kind from evidence where person_id = $1 and request_id is null) as evidence,
       (select count(*) from testimony t join person p on p.person_id = t.witness_id where t.person_id = $1
           and {STATUS_NOW.format(now="$2")} = 'ACTIVE'
           and not exists (select from identifier i where i.owner_id = t.witness_id and i.kind in ('TELEPHONE', 'EMAIL')
                              and (i.hash = any($3::bytea[]) or exists (
                                   select from testimony b join identifier o on o.owner_id = b.witness_id
                                    where b.person_id = t.person_id and o.kind = i.kind and o.hash = i.hash
                                      and (b.given_at, b.witness_id) < (t.given_at, t.witness_id))))) as testimonies,
       array(select state from duplicate_case where person_id = $1) as cases"""


async def standing_of(reader: Reader, request: Request, form: Form, call: Call) -> Standing:
    """How it stands with the request now."""
    (row,) = await reader.ask(_STANDING, request.id, call.now, ways_of(request.keys, form))
    today = today_of(call)
    return Standing(
        evidence_needed=evidence_needed(form, today),
        evidence=row["evidence"],
        by_testimony=form.basis == Basis.TESTIMONY,
        testimonies=row["testimonies"],
        open_there=form.residence is not None and await is_enrolled_at(reader, form.residence, today),
        cases=row["cases"],
    )


_TOOK_PART = """
select exists (select from evidence where person_id = $1 and request_id is null and added_by = $2)
    or exists (select from testimony where person_id = $1 and taken_by = $2) as took_part"""


async def took_part(reader: Reader, request: Request, call: Call) -> bool:
    """Whether whoever calls has given evidence for the request, or taken down a testimony: what it rests on."""
    if call.actor.account is None:
        return False
    (row,) = await reader.ask(_TOOK_PART, request.id, call.actor.account)
    return bool(row["took_part"])


@allow(Scope.ENROLMENT_DECIDE)
async def accept_enrolment(connection: AsyncConnection, call: Call, reading: Reading, *, enrolment: UUID) -> bool:
    """Makes a person of the applicant, who is told their number. False: it stays in review, with a new case to be decided.

    Raises Faulty with all that stands against it, NotFound, Conflict unless it is in review; Forbidden to who took it
    down, or any of what it rests on.
    """
    keys = reading.keys
    request = await held(connection, keys, enrolment, call, Scope.ENROLMENT_DECIDE)
    state = request.follow(Step.ACCEPT)
    refuse_own(call, request)
    if await took_part(reading, request, call):
        raise Forbidden("somebody else decides on what you took down")
    form = await sound(reading, request.record.form, call.now, complete=True)
    related = await relations(reading, form, call, today_of(call), FIELD)
    against = obstacles(await standing_of(reading, request, form, call))
    if against:
        raise Faulty([Fault(obstacle, ("enrolment",), SAID[obstacle]) for obstacle in against])
    if await doubles.find(connection, reading, call, request, related, FIELD):
        return False
    (idcs,) = await take_numbers(await raw(connection), keys, 1)
    await _register(connection, keys, call, request, related, idcs)
    decided = {"state": state, "decided_at": call.now, "decided_by": call.actor.account}
    await connection.execute(update(Enrolment).where(Enrolment.person_id == request.id).values(decided))
    notice = notices.EnrolmentAccepted(shown_number(request.row["number"]), idcs.text)
    told = await tell_applicant(connection, keys, call, request, notice)
    guardian = guardian_among(related)
    if not told and guardian is not None:
        (holder,) = await holders_of(connection, keys, [guardian], call.now)
        if holder.person_id is not None:
            await tell_holder(connection, keys, call, holder, notice)
    return True


async def _register(
    connection: AsyncConnection, keys: KeyRing, call: Call, request: Request, related: list[Relation], idcs: Idcs
) -> None:
    """The rows of somebody new, under the data key that their request had. Raises Conflict where a number is somebody's."""
    person, key = request.id, request.record.key
    values = {**request.record.parts, "person.idcs": idcs.text}
    sealed = {column(part): None if value is None else key.seal(part, person, value) for part, value in values.items()}
    row: dict[str, Any] = {
        "person_id": person,
        "data_key": request.row["data_key"],
        "status": Status.ACTIVE,
        "status_since": call.now,
        "enrolled_at": call.now,
        "lang": request.row["lang"],
    }
    version = keys.index_version
    identifiers = [
        {"hash": keys.index(kind, value), "kind": kind, "key_version": version, "owner_id": person}
        for kind, part in INDEXED.items()
        if (value := values[part]) is not None
    ]
    await connection.execute(insert(Person).values(row | sealed))
    try:
        await connection.execute(insert(Identifier), identifiers)
    except IntegrityError:
        # The comparison opens a case for each number that is known; this is somebody enrolled since, in another way.
        raise Conflict("somebody has one of these numbers already", path=("enrolment",)) from None
    hashes = blocking_hashes(keys, doubles.comparable(request, related))
    blocking = [{"hash": hash_, "person_id": person, "key_version": version} for hash_ in sorted(hashes)]
    await connection.execute(insert(BlockingKey), blocking)
    bonds = [{"person_id": person, "kind": r.kind, "relative_id": r.person, "valid_from": call.now} for r in related]
    if bonds:
        await connection.execute(insert(Relative), bonds)
    revision = {
        "person_id": person,
        "revision_id": uuid7(call.now),
        "cause": "ENROLMENT",
        "source": _SOURCES[request.row["channel"]],
        "recorded_at": call.now,
        "recorded_by": call.actor.account,
    }
    await connection.execute(insert(PersonRevision).values(revision))
