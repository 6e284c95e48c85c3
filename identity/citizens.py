"""Signing in as a citizen: an IDCS, and a one-time code that is sent to the registered telephone or e-mail.

    count_code ──> begin_sign_in ──> count_try ──> finish_sign_in
    (durable)      (180 s)           (durable)     (24 h)

Nobody learns by it who is on record: for a number that nobody has, or somebody who cannot be reached or has died, the same
statements write the same rows, and the code is told to no one. Nobody is locked out by others: wrong tries spend a code, never
the account, a new code voids no older one, and what strangers may ask for is counted apart from what known devices may. Where
strangers have guessed too often, they are sent longer codes (`challenges.py`), and the person is told.
"""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from access import notices
from access.account_models import Session
from access.call import ActorKind, Call, allow, open_to_all
from access.catalogue import Lang
from access.decision import Status
from access.devices import known_among, with_device
from access.invitations import refuse_unless_at_the_door
from access.notices import Channel
from access.one_time_codes import LIFETIME_SECONDS, LONG_DIGITS
from access.rights import Scope
from access.sessions import SessionKind, begin_session
from access.throttles import Budget, Charge, network_of, spend
from core.errors import Forbidden, Invalid, RateLimited
from core.keys import KeyRing
from identity.challenges import GUESSES, CodePurpose, new_challenge, refused, use_code
from identity.challenges import count_try as counted
from identity.holders import Holder, holders, holders_of, tell_holder, typed_number
from identity.models import Person, Relative

# How many codes are sent: to somebody at the wish of strangers, of whom one address is only a small part; at that of one known
# device; and at that of one address to whomever.
CODES = Budget("CODES", limit=30, window_seconds=3600)
CODES_PAIR = Budget("CODES_PAIR", limit=5, window_seconds=3600)
CODES_DEVICE = Budget("CODES_DEVICE", limit=10, window_seconds=3600)
CODES_ADDRESS = Budget("CODES_ADDRESS", limit=100, window_seconds=900)
WARNED = Budget("GUESSES_TOLD", limit=1, window_seconds=GUESSES.window_seconds)  # that strangers guess
CAN_SIGN_IN = ("ACTIVE", "SUSPENDED")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`token` of the session; `device`: what the browser's cookie of its devices is from now on."""

    token: str = field(repr=False)
    device: str = field(repr=False)


@open_to_all
async def count_code(connection: AsyncConnection, call: Call, keys: KeyRing, *, idcs: str, device: str | None) -> None:
    """Counts a code that is asked for: to be committed before it is made.

    `device`: what the browser sent as its cookie. Raises Invalid for what cannot be an IDCS, RateLimited to a number that
    nobody has just as to a known one.
    """
    refuse_unless_at_the_door(call)
    (holder,), _ = await holders(connection, keys, [typed_number(idcs)], call.now, reachable=[True])
    known = known_among(keys, holder.owner, device, call.now)
    wait = await spend(connection, _charges(keys, holder.owner, call, known), now=call.now)
    if wait:
        raise RateLimited("too many codes were asked for", retry_after=wait)


@open_to_all
async def begin_sign_in(
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    *,
    idcs: str,
    lang: Lang,
    channel: Channel | None = None,
    device: str | None = None,
) -> UUID:
    """A challenge: a code is on its way to who has that number, in that language, by text message where a telephone is known.

    `channel`: the one that is wished for, where there is a choice. `device`: as for `count_code`. Raises Invalid for what
    cannot be an IDCS.
    """
    refuse_unless_at_the_door(call)
    (holder,), _ = await holders(connection, keys, [typed_number(idcs)], call.now, reachable=[True])
    challenge, code = await new_challenge(connection, keys, call, holder, CodePurpose.SIGN_IN, device=device)
    notice = notices.OneTimeCode(code, LIFETIME_SECONDS // 60)
    await tell_holder(connection, keys, call, holder, notice, lang=lang, ways=holder.way(channel))
    if len(code) == LONG_DIGITS and known_among(keys, holder.owner, device, call.now) is None:
        await _warn(connection, call, keys, holder)
    return challenge


async def _warn(connection: AsyncConnection, call: Call, keys: KeyRing, holder: Holder) -> None:
    """Tells somebody, once in a while, that strangers guess at their codes."""
    if not await spend(connection, [Charge.of(keys, WARNED, str(holder.owner))], now=call.now):
        await tell_holder(connection, keys, call, holder, notices.SignInTried())


@open_to_all
async def count_try(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, challenge: UUID, code: str, device: str | None = None
) -> None:
    """Counts a try at a code: to be committed before it is judged. Raises Invalid where no try is left."""
    refuse_unless_at_the_door(call)
    await counted(challenge, connection, call, keys, code, CodePurpose.SIGN_IN, device=device)


@open_to_all
async def finish_sign_in(
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    *,
    challenge: UUID,
    code: str,
    lang: Lang | None = None,
    device: str | None = None,
) -> SignedIn:
    """A session, for the code that was sent. `lang` is remembered for whatever the person is told from now on.

    The person is told of a device that was not seen before. Raises Invalid, one and the same for a code that is wrong, used,
    tried too often or too old, and for a challenge that is none.
    """
    refuse_unless_at_the_door(call)
    row = await use_code(challenge, connection, call, keys, code, CodePurpose.SIGN_IN, device=device)
    its = (Person.person_id == row.owner_id) & Person.status.in_(CAN_SIGN_IN)
    remembered = {"lang": func.coalesce(None if lang is None else lang.value, Person.lang)}
    person = await connection.execute(update(Person).where(its).values(remembered))
    if not person.rowcount:  # nobody's code was right by chance, or the person died meanwhile
        raise refused()
    known = known_among(keys, row.owner_id, device, call.now)
    if known is None:
        (holder,) = await holders_of(connection, keys, [row.owner_id], call.now)
        await tell_holder(connection, keys, call, holder, notices.NewSignIn())
    token = await begin_session(connection, call.now, SessionKind.CITIZEN, holder=row.owner_id)
    return SignedIn(token, with_device(keys, row.owner_id, device, call.now))


@allow(Scope.WARD_ACT)
async def act_for(connection: AsyncConnection, call: Call, *, ward: UUID | None) -> None:
    """From the next request on the session sees to the affairs of that ward (None: one's own), while the bond holds.

    Raises Invalid for anybody who is not the holder's ward now; of whom is suspended nobody is.
    """
    if call.actor.kind is not ActorKind.CITIZEN or call.actor.holder is None:
        raise Forbidden("this is for citizens")
    if ward is not None and not await connection.scalar(_bond(call, call.actor.holder, ward)):
        raise Invalid("this is nobody whose guardian you are now", path=("ward",))
    mine = (Session.session_hash == call.actor.session) & Session.ended_at.is_(None)
    await connection.execute(update(Session).where(mine).values(person_id=ward or call.actor.holder))


def _bond(call: Call, guardian: UUID, ward: UUID) -> Select[UUID]:
    """By which the guardian may act: while their own record counts."""
    acting = aliased(Person)
    return (
        select(Relative.person_id)
        .join(Person, Person.person_id == Relative.person_id)
        .join(acting, acting.person_id == Relative.relative_id)
        .where(
            (acting.status == Status.ACTIVE) | (acting.status_until <= call.now),
            Relative.person_id == ward,
            Relative.relative_id == guardian,
            Relative.kind == "GUARDIAN",
            Relative.valid_from <= call.now,
            Relative.valid_to.is_(None) | (Relative.valid_to > call.now),
            Person.status.in_(CAN_SIGN_IN),
        )
    )


def _charges(keys: KeyRing, subject: UUID, call: Call, device: str | None) -> tuple[Charge, ...]:
    if device is not None:
        return (Charge.of(keys, CODES_DEVICE, str(subject), device),)
    network = network_of(call.address or "")
    return (
        Charge.of(keys, CODES, str(subject)),
        Charge.of(keys, CODES_PAIR, str(subject), network),
        Charge.of(keys, CODES_ADDRESS, network),
    )
