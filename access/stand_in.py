"""Asking as an agency without its keys: for the explorer of a demonstration, and nowhere else."""

from dataclasses import dataclass
from datetime import datetime

from access.call import Actor, ActorKind
from access.catalogue import Labels, Lang
from access.rights import AGENCY_SCOPES
from core.database import Reader
from core.errors import Forbidden, Unauthenticated
from core.keys import DEMO, KeyRing

_PLAYABLE = """
select a.agency_id, a.code, a.name_ar, a.name_fr, a.name_en, k.kid
from agency a
cross join lateral (
    select kid from agency_key
    where agency_id = a.agency_id and valid_from <= $1 and valid_to > $1 and (revoked_at is null or revoked_at > $1)
    order by valid_to desc, kid
    limit 1
) k
where (a.suspended_at is null or a.suspended_at > $1) and ($2::text is null or a.code = $2)
order by a.code
"""


@dataclass(frozen=True, slots=True)
class Part:
    """An agency that can be stood in for."""

    code: str
    names: Labels


async def parts(reader: Reader, keys: KeyRing, now: datetime) -> list[Part]:
    """The agencies with a key in force, by their codes. Raises Forbidden but in a demonstration."""
    _refuse_unless_demo(keys)
    return [
        Part(row["code"], {Lang.AR: row["name_ar"], Lang.FR: row["name_fr"], Lang.EN: row["name_en"]})
        for row in await reader.ask(_PLAYABLE, now, None)
    ]


async def stand_in(reader: Reader, keys: KeyRing, now: datetime, code: str) -> Actor:
    """The agency as if it had come with a token of its own.

    Raises Forbidden but in a demonstration, Unauthenticated where no agency of that code has a key in force.
    """
    _refuse_unless_demo(keys)
    rows = await reader.ask(_PLAYABLE, now, code)
    if not rows:
        raise Unauthenticated("no agency of this code can be stood in for")
    (row,) = rows
    return Actor(ActorKind.AGENCY, AGENCY_SCOPES, agency=row["agency_id"], kid=row["kid"], name=row["code"])


def _refuse_unless_demo(keys: KeyRing) -> None:
    if keys.mark != DEMO:
        raise Forbidden("only in a demonstration can an agency be stood in for")
