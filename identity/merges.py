"""What was merged into a record and is so still: for whoever may take it back (`identity/merging.py`)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from access.call import Call, allow
from access.reading import Reading
from access.rights import Scope

MOST = 20
_STANDING = """
select person_id, merged_at, undo_until,
       undo_until > $2 and row_number() over (order by merged_at desc, alias_id desc) = 1 as undoable
  from person_alias where survivor_id = $1 and undone_at is null
 order by merged_at desc, alias_id desc limit $3"""


@dataclass(frozen=True, slots=True)
class MergeView:
    """`undoable`: within its time, and no other record was merged into the same one since."""

    retired: UUID
    merged_at: datetime
    undo_until: datetime
    undoable: bool


@allow(Scope.PERSON_MERGE)
async def merges_into(reading: Reading, call: Call, *, survivor: UUID) -> list[MergeView]:
    """The merges into a record that stand, the newest first: ids and dates, for a record that the caller was shown."""
    rows = await reading.ask(_STANDING, survivor, call.now, MOST)
    return [MergeView(row["person_id"], row["merged_at"], row["undo_until"], row["undoable"]) for row in rows]
