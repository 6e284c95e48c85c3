"""Assisted sessions: somebody of a centre or of an accredited association beside a citizen, for one form.

Nothing is done in the citizen's name without their one-time code, which is told to them with the centre's name. The session is
good for what that form needs, for a quarter of an hour, and ends with the assistant's own; all that is done in it names both.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.account_models import Session
from access.call import Call, allow
from access.catalogue import Labels, Lang
from access.one_time_codes import LIFETIME_SECONDS
from access.reading import Reading
from access.rights import ROLE_SCOPES, Scope
from access.sessions import SessionKind, begin_session
from access.throttles import Budget, Charge, spend
from core.errors import Forbidden, RateLimited
from core.keys import KeyRing
from identity.challenges import CodePurpose, new_challenge, refused, use_code
from identity.challenges import count_try as counted
from identity.citizens import CAN_SIGN_IN
from identity.holders import holders, lies_within, look, tell_holder, typed_number
from identity.models import Person
from identity.sessions import Form
from identity.store import RESIDENCE

# How many codes one assistant may have sent, and to one citizen.
ASSISTANT_CODES = Budget("ASSISTANT_CODES", limit=60, window_seconds=3600)
ASSISTED_CODES = Budget("ASSISTED_CODES", limit=10, window_seconds=3600)
REGISTRY = {Lang.AR: "سجل", Lang.FR: "Sijil", Lang.EN: "Sijil"}
_CENTRE = """
select o.division, coalesce(o.name_ar, a.name_ar, d.name_ar) as ar, coalesce(o.name_fr, a.name_fr, d.name_fr) as fr,
       coalesce(o.name_en, a.name_en, d.name_fr) as en
  from account c
  left join agency a on a.agency_id = c.agency_id
  left join office o on o.office_id = c.office_id
  left join lateral (
       select r.division from role_grant r
        where r.account_id = c.account_id and r.role = any($3::varchar[]) and r.valid_from <= $2
          and (r.valid_to is null or $2 < r.valid_to) and (r.revoked_at is null or $2 < r.revoked_at)
        order by length(r.division) nulls first, r.division limit 1) g on true
  left join division d on d.code = g.division
 where c.account_id = $1"""


@dataclass(frozen=True, slots=True)
class Centre:
    """Where an assistant works, as citizens are told of it: the office, the agency, or the part of the country that a member of
    the registry's staff serves. `division`: the one that the office is for, if it is for one."""

    division: str | None
    names: Labels


@allow(Scope.ASSIST)
async def count_code(connection: AsyncConnection, call: Call, keys: KeyRing, *, idcs: str) -> None:
    """Counts a code that an assistant has sent: to be committed before it is made. Raises Invalid, RateLimited."""
    account, number = _assistant(call), typed_number(idcs)
    # By what was typed, whoever has the number: the count itself tells nothing either.
    charges = (
        Charge.of(keys, ASSISTANT_CODES, str(account)),
        Charge.of(keys, ASSISTED_CODES, str(account), number.text),
    )
    wait = await spend(connection, charges, now=call.now)
    if wait:
        raise RateLimited("too many codes were asked for", retry_after=wait)


@allow(Scope.ASSIST)
async def begin_assisted(
    connection: AsyncConnection, call: Call, reading: Reading, *, idcs: str, form: Form, lang: Lang | None = None
) -> UUID:
    """A challenge: a code with the centre's name is on its way to the citizen, who resides where the assistant works.

    The same answer for a number that nobody has there, or whose holder cannot be reached. That the residence was looked at is
    recorded. `lang`: else the one that the citizen chose. Raises Invalid for what cannot be an IDCS.
    """
    (holder,), nobody = await holders(connection, reading.keys, [typed_number(idcs)], call.now, reachable=[True])
    centre = await centre_of(_assistant(call), reading, call.now)
    if not lies_within(look(holder, reading, call, "beginAssistedSession", RESIDENCE), call, Scope.ASSIST, centre.division):
        holder = nobody
    challenge, code = await new_challenge(connection, reading.keys, call, holder, CodePurpose.ASSIST, form=form)
    said = lang or holder.lang
    notice = notices.AssistCode(code, LIFETIME_SECONDS // 60, centre.names[said])
    await tell_holder(connection, reading.keys, call, holder, notice, lang=said, ways=holder.way())
    return challenge


@allow(Scope.ASSIST)
async def count_try(connection: AsyncConnection, call: Call, keys: KeyRing, *, challenge: UUID, code: str) -> None:
    """Counts a try at the citizen's code: to be committed before it is judged. Raises Invalid where no try is left."""
    await counted(challenge, connection, call, keys, code, CodePurpose.ASSIST)


@allow(Scope.ASSIST)
async def open_assisted(connection: AsyncConnection, call: Call, keys: KeyRing, *, challenge: UUID, code: str) -> str:
    """The token of an assisted session, for the citizen's code, by whoever had it sent. One that was open before it ends.

    Raises Invalid, one and the same for whatever is wrong with the code or the challenge.
    """
    account = _assistant(call)
    row = await use_code(challenge, connection, call, keys, code, CodePurpose.ASSIST)
    lives = (Person.person_id == row.owner_id) & Person.status.in_(CAN_SIGN_IN)
    if await connection.scalar(select(Person.person_id).where(lives)) is None:
        raise refused()
    before = (Session.assistant_session == call.actor.session) & Session.ended_at.is_(None)
    await connection.execute(update(Session).where(before).values(ended_at=call.now))
    return await begin_session(
        connection,
        call.now,
        SessionKind.ASSISTED,
        holder=row.owner_id,
        assistant=account,
        assistant_session=call.actor.session,
        form=row.form,
    )


@allow(Scope.SELF_READ)
async def beside(reading: Reading, call: Call) -> Centre | None:
    """The centre of whoever sits beside the caller; None where nobody does."""
    return None if call.actor.assistant is None else await centre_of(call.actor.assistant, reading, call.now)


def _assistant(call: Call) -> UUID:
    if call.actor.account is None or call.actor.session is None:
        raise Forbidden("this is done by people, under their own name")
    return call.actor.account


async def centre_of(account: UUID, reading: Reading, now: datetime) -> Centre:
    """The centre of whoever has that account."""
    rows = await reading.ask(_CENTRE, account, now, [role for role, scopes in ROLE_SCOPES.items() if Scope.ASSIST in scopes])
    if not rows or rows[0]["fr"] is None:
        return Centre(None, REGISTRY)
    return Centre(rows[0]["division"], {lang: rows[0][lang.lower()] for lang in Lang})
