"""Testimony: two registered persons, who are there, vouch for somebody who is to be enrolled and has no documents.

    count_code ──> ask_witness ──> count_try ──> give_testimony
    (durable)      (180 s)         (durable)

A witness proves to be there by a one-time code, sent to them with the centre's name. For a number that nobody has the answer is
the same, and the code is told to no one; what a witness may not be is said only once the code was right. A witness is
registered and active, of age, nobody's ward, not the applicant, and vouches for few people a year; two of them, or one and the
applicant, are reached by no telephone or e-mail in common, where one person could give the codes of both.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.call import Call, allow
from access.catalogue import Use
from access.decision import decide_upkeep
from access.disclosure import SealedRecord
from access.one_time_codes import LIFETIME_SECONDS
from access.reading import Reading
from access.rights import Scope
from access.throttles import Charge, spend
from core.database import raw
from core.errors import Conflict, Invalid, RateLimited
from core.keys import KeyRing
from identity.applications import ADULT
from identity.assisted import ASSISTANT_CODES, ASSISTED_CODES, centre_of
from identity.blocking import Comparable
from identity.candidates import ATTRIBUTES, COMPARED_PARTS
from identity.challenges import CodePurpose, new_challenge, refused, use_code
from identity.challenges import count_try as counted
from identity.doubles import comparable
from identity.duplicates import Compared, Outcome, compare, rules
from identity.enrolment_states import State
from identity.enrolment_store import Request, held, today_of, ways_of
from identity.holders import Holder, holders, holders_of, tell_holder, typed_number
from identity.models import Person
from identity.register_models import Testimony
from identity.store import STATUS_NOW, column

A_YEAR = timedelta(days=365)
A_YEARS_TESTIMONIES = 5  # of one witness
_OPEN = (State.DRAFT, State.SUBMITTED, State.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class Witness:
    """What the rule needs to know. `same`: the comparison finds that they may be the applicant. `shared`: they are reached
    where the applicant is, or another witness of theirs. `given`: within a year."""

    active: bool
    age: int
    is_ward: bool
    same: bool
    shared: bool
    twice: bool
    given: int


def may_witness(witness: Witness) -> None:
    """Raises Conflict, with the path `witness`, for whoever cannot vouch for this applicant. Pure."""
    refusals = (
        (not witness.active, "a witness is registered, and the registration is active"),
        (witness.age < ADULT, "a witness is of age"),
        (witness.is_ward, "a witness answers for themselves"),
        (witness.same, "a witness is somebody else than the applicant"),
        (
            witness.shared,
            "a witness is not reached where the applicant or another witness is",
        ),
        (witness.twice, "this witness has vouched for the applicant already"),
        (witness.given >= A_YEARS_TESTIMONIES, f"a witness vouches for at most {A_YEARS_TESTIMONIES} people a year"),
    )
    for holds, message in refusals:
        if holds:
            raise Conflict(message, path=("witness",))


@allow(Scope.ENROLMENT_MAKE)
async def count_code(connection: AsyncConnection, call: Call, keys: KeyRing, *, idcs: str) -> None:
    """Counts a code that is sent to a witness: to be committed before it is made. Raises Invalid, RateLimited."""
    number, account = typed_number(idcs, "idcs"), str(call.actor.account)
    charges = (Charge.of(keys, ASSISTANT_CODES, account), Charge.of(keys, ASSISTED_CODES, account, number.text))
    wait = await spend(connection, charges, now=call.now)
    if wait:
        raise RateLimited("too many codes were asked for", retry_after=wait)


@allow(Scope.ENROLMENT_MAKE)
async def ask_witness(connection: AsyncConnection, call: Call, reading: Reading, *, enrolment: UUID, idcs: str) -> UUID:
    """A challenge: a code is on its way to the witness, if anybody has that number and can be reached.

    Raises Invalid for what cannot be an IDCS, NotFound, Conflict where the request is decided already.
    """
    request = await held(connection, reading.keys, enrolment, call, Scope.ENROLMENT_MAKE)
    _refuse_decided(request)
    assert call.actor.account is not None
    (holder,), _ = await holders(connection, reading.keys, [typed_number(idcs)], call.now, reachable=[True])
    challenge, code = await new_challenge(connection, reading.keys, call, holder, CodePurpose.TESTIMONY, form=enrolment.hex)
    centre = await centre_of(call.actor.account, reading, call.now)
    notice = notices.TestimonyCode(code, LIFETIME_SECONDS // 60, centre.names[holder.lang])
    await tell_holder(connection, reading.keys, call, holder, notice, ways=holder.way())
    return challenge


@allow(Scope.ENROLMENT_MAKE)
async def count_try(connection: AsyncConnection, call: Call, keys: KeyRing, *, challenge: UUID, code: str) -> None:
    """Counts a try at a witness's code: to be committed before it is judged. Raises Invalid where no try is left."""
    await counted(challenge, connection, call, keys, code, CodePurpose.TESTIMONY)


@allow(Scope.ENROLMENT_MAKE)
async def give_testimony(connection: AsyncConnection, call: Call, reading: Reading, *, challenge: UUID, code: str) -> UUID:
    """Takes down that the witness, who gave their code, vouches for the applicant: the request. The witness is told.

    Raises Invalid, one and the same for whatever is wrong with the code, and Conflict for who cannot be a witness here.
    """
    keys = reading.keys
    row = await use_code(challenge, connection, call, keys, code, CodePurpose.TESTIMONY)
    if row.form is None:
        raise refused()
    request = await held(connection, keys, UUID(row.form), call, Scope.ENROLMENT_MAKE)
    _refuse_decided(request)
    (holder,) = await holders_of(connection, keys, [row.owner_id], call.now)
    if holder.person_id is None:  # nobody's code was right by chance, or the witness died meanwhile
        raise refused()
    may_witness(await _witness(connection, reading, call, request, holder))
    given = {"person_id": request.id, "witness_id": holder.person_id, "given_at": call.now, "taken_by": call.actor.account}
    await connection.execute(insert(Testimony).values(given))
    assert call.actor.account is not None
    centre = await centre_of(call.actor.account, reading, call.now)
    await tell_holder(connection, keys, call, holder, notices.TestimonyGiven(centre.names[holder.lang]))
    return request.id


_SHARED = """
select exists (
    select from identifier i where i.owner_id = $2 and i.kind in ('TELEPHONE', 'EMAIL')
       and (i.hash = any($3::bytea[]) or exists (
            select from testimony t join identifier o on o.owner_id = t.witness_id and o.kind = i.kind and o.hash = i.hash
             where t.person_id = $1 and t.witness_id <> $2)))"""
_COLUMNS = ", ".join(f"p.{column(part)}" for part in COMPARED_PARTS)
_RECORD = f"""
select p.person_id, p.data_key, {STATUS_NOW.format(now="$2")} as status, {_COLUMNS}
  from person p where p.person_id = $1"""


async def _witness(connection: AsyncConnection, reading: Reading, call: Call, request: Request, holder: Holder) -> Witness:
    person, keys = holder.row, reading.keys
    # Until the transaction ends nobody else counts, or adds to, what this witness gave.
    await connection.execute(select(Person.person_id).where(Person.person_id == person).with_for_update(key_share=True))
    row = await (await raw(connection)).fetchrow(_RECORD, person, call.now)
    if row is None or row["data_key"] is None:
        raise refused()
    record = SealedRecord(
        person, keys.masters.unwrap(person, row["data_key"]), {part: row[column(part)] for part in COMPARED_PARTS}
    )
    looked = reading.disclose(decide_upkeep(*ATTRIBUTES), record, call, subject=person, root_field="giveTestimony")
    for attribute in ATTRIBUTES:
        looked.compare(attribute, Use.MATCH, lambda _: None)
    mine = Comparable.of({part: record.open(part) for part in COMPARED_PARTS})
    its = Testimony.witness_id == person
    twice = await connection.scalar(select(func.count()).where(its, Testimony.person_id == request.id))
    given = await connection.scalar(select(func.count()).where(its, Testimony.given_at > call.now - A_YEAR))
    shared = await (await raw(connection)).fetchval(_SHARED, request.id, person, ways_of(keys, request.record.form))
    return Witness(
        active=row["status"] == "ACTIVE",
        age=mine.birth.age_on(today_of(call)),
        is_ward=holder.is_ward,
        same=_is_applicant(mine, request),
        shared=shared,
        twice=bool(twice),
        given=given or 0,
    )


def _is_applicant(witness: Comparable, request: Request) -> bool:
    """Whether the witness may be whom the form is of; a form without a date of birth says nothing yet of who that is."""
    form = request.record.form
    if form.cnie is not None and form.cnie == witness.cnie:
        return True
    if form.birth_date is None:
        raise Invalid("who the applicant is has to be written down first", path=("witness",))
    return compare(Compared(comparable(request, [])), Compared(witness), rules()).outcome is not Outcome.CLEAR


def _refuse_decided(request: Request) -> None:
    if request.state not in _OPEN:
        raise Conflict("this request is decided already", path=("enrolment",))
