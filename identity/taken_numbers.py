"""Whether a number that nobody shares is somebody else's already, and how often one account is told so.

That it is tells who is on record: an account is told it as seldom, of one number and of all, as that somebody cannot be a
relative (`relations.py`), out of the same budget. It is counted before it is asked, and given back where the number was free.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow
from access.rights import Scope
from access.throttles import Charge, give_back, spend
from core.dates import civil_date
from core.errors import Conflict, RateLimited
from core.keys import KeyRing
from identity.applications import Form, examined
from identity.imports import INDEXED
from identity.models import UNIQUE_KINDS
from identity.record_changes import is_anothers
from identity.relations import REFUSED, REFUSED_NUMBER
from identity.revisions import Change
from identity.store import column

_KINDS: Final = {column(part): kind for kind, part in INDEXED.items() if kind in UNIQUE_KINDS and kind != "IDCS"}
Members = Mapping[str, str | None]


@allow(Scope.CHANGE_REQUEST)
async def count_numbers(connection: AsyncConnection, call: Call, keys: KeyRing, *, members: Members) -> None:
    """Counts that it is asked whether the numbers among these members of a record are free: to be committed before it is.

    Raises RateLimited. Of what will be refused for how it is written nothing is counted: nobody is looked for.
    """
    charges = _charges(keys, call, members)
    wait = await spend(connection, charges, now=call.now) if charges else 0
    if wait:
        raise RateLimited("numbers were refused too often", retry_after=wait)


async def give_back_numbers(connection: AsyncConnection, keys: KeyRing, call: Call, members: Members) -> None:
    """What `count_numbers` counted, of numbers that turned out to be free."""
    await give_back(connection, _charges(keys, call, members), now=call.now)


async def refuse_anothers(connection: AsyncConnection, keys: KeyRing, person: UUID, change: Change) -> None:
    """Raises Conflict, with the member as its path, where somebody else has a number; it does not say who."""
    for kind, part in INDEXED.items():
        value = change[part][1] if part in change else None
        if kind in UNIQUE_KINDS and value is not None and await is_anothers(connection, keys, person, kind, value):
            raise Conflict("this number is on record already", path=(column(part),))


def _charges(keys: KeyRing, call: Call, members: Members) -> list[Charge]:
    typed: dict[str, Any] = dict(members)
    form, faults = examined(Form(**typed), civil_date(call.now), complete=False)
    if faults:
        return []
    numbers = [(kind, getattr(form, member)) for member, kind in _KINDS.items() if getattr(form, member) is not None]
    account = str(call.actor.account)
    each = [Charge.of(keys, REFUSED_NUMBER, account, kind, number) for kind, number in numbers]
    return [Charge.of(keys, REFUSED, account), *each] if each else []
