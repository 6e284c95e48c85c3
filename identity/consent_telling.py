"""Whom a consent is told to, and what: the person, or in a ward's place the guardian."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.call import Call
from access.catalogue import Labels, Lang
from access.notices import Notice
from core.database import raw
from core.keys import KeyRing
from identity.assisted import REGISTRY
from identity.holders import Holder, holders_of, tell_holder
from identity.store import DECOY

# Of a ward, whoever has been the guardian for the longest time; of anybody else, the person.
_WHOM = """
select coalesce((select r.relative_id from relative r where r.person_id = $1 and r.kind = 'GUARDIAN' and r.valid_from <= $2
                    and (r.valid_to is null or $2 < r.valid_to) order by r.valid_from, r.relative_id limit 1), $1)"""
_CENTRE = "select name_ar as ar, name_fr as fr, name_en as en from office where office_id = $1"


async def tell_asked(
    connection: AsyncConnection, keys: KeyRing, call: Call, *, person: UUID, agency: Labels, link: str
) -> None:
    """One message, by the one way that is at hand: to nobody (it is never sent) in the place of who cannot be reached."""
    holder, nobody = await _holders(connection, keys, call, person)
    told = holder if holder.way() else nobody
    await tell_holder(connection, keys, call, told, notices.ConsentAsked(agency[told.lang], link), ways=told.way())


async def tell_ended(connection: AsyncConnection, keys: KeyRing, call: Call, *, person: UUID) -> None:
    """The registry has ended a consent."""
    holder, _ = await _holders(connection, keys, call, person)
    await tell_holder(connection, keys, call, holder, notices.ConsentEnded())


async def tell_done(
    connection: AsyncConnection, keys: KeyRing, call: Call, *, number: str, notice: Notice | None, lang: Lang | None = None
) -> None:
    """To whoever has just done it, by all ways: `notice`, and where somebody sat beside, that a form was filled in there.

    `number`: of the receipt.
    """
    assert call.actor.holder is not None
    (holder,) = await holders_of(connection, keys, [call.actor.holder], call.now)
    said = lang or holder.lang
    if notice is not None:
        await tell_holder(connection, keys, call, holder, notice, lang=said)
    if call.actor.assistant is not None:
        centre = await _centre(connection, call.actor.office)
        await tell_holder(connection, keys, call, holder, notices.Assisted(number, centre[said]), lang=said)


async def _holders(connection: AsyncConnection, keys: KeyRing, call: Call, person: UUID) -> tuple[Holder, Holder]:
    whom: UUID = await (await raw(connection)).fetchval(_WHOM, person, call.now)
    holder, nobody = await holders_of(connection, keys, [whom, DECOY], call.now)
    return holder, nobody


async def _centre(connection: AsyncConnection, office: UUID | None) -> Labels:
    row = None if office is None else await (await raw(connection)).fetchrow(_CENTRE, office)
    return REGISTRY if row is None else {lang: row[lang.lower()] for lang in Lang}
