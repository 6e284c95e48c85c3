"""Birth dates as they were recorded at instants, of many people at once: what the register's own arithmetic reads.

It is no look at anybody: nothing of it is told, and what comes of it (a score) has its own guard.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from core.database import Reader
from core.dates import PartialDate
from core.errors import Internal
from core.keys import KeyRing
from identity.revisions import change_in

_BIRTH: Final = "person.birth_date"
# What was changed later is undone by the first of the later changes that touched it.
_ASKED: Final = """
select a.n, p.person_id, p.data_key, p.birth_date, r.ids, r.changes
  from unnest($1::uuid[], $2::timestamptz[]) with ordinality a (person_id, known_at, n)
  join person p on p.person_id = a.person_id and p.data_key is not null
 cross join lateral (
       select array_agg(r.revision_id order by r.recorded_at, r.revision_id) as ids,
              array_agg(r.change order by r.recorded_at, r.revision_id) as changes
         from person_revision r
        where r.person_id = a.person_id and r.recorded_at > a.known_at and r.change is not null
          and r.cause in ('CORRECTION', 'UPDATE', 'MERGE', 'UNMERGE')) r"""


async def births(reader: Reader, keys: KeyRing, asked: Sequence[tuple[UUID, datetime]]) -> list[PartialDate | None]:
    """Of each person, as recorded at that instant; None of who is erased. One statement."""
    found: list[PartialDate | None] = [None] * len(asked)
    rows = await reader.ask(_ASKED, [person for person, _ in asked], [known_at for _, known_at in asked])
    for row in rows:
        owner: UUID = row["person_id"]
        key = keys.masters.unwrap(owner, row["data_key"])
        born: str | None = key.open(_BIRTH, owner, row["birth_date"])
        for revision, sealed in zip(row["ids"] or (), row["changes"] or (), strict=True):
            change = change_in(key, revision, sealed)
            if _BIRTH in change:
                born = change[_BIRTH][0]
                break
        if born is None:
            raise Internal("nobody is on record without a date of birth")
        found[row["n"] - 1] = PartialDate.parse(born)
    return found
