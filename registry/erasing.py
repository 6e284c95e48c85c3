"""When somebody is erased: the code of a household is made of the IDCS of its newest head, and goes with that person.

Its hash stays, like that of the IDCS: it leads to a household whose head is a stranger. The household itself is its members'.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call
from core.database import raw

_FORGET = """
update household h set code = ''::bytea
 where h.household_id in (select household_id from person_household where person_id = $1)
   and $1 = (select m.person_id from membership m where m.household_id = h.household_id and m.kinship = 'HEAD'
              order by m.valid_from desc, m.membership_id desc limit 1)"""


async def forget_codes(connection: AsyncConnection, _: Call, person: UUID) -> None:
    await (await raw(connection)).execute(_FORGET, person)
