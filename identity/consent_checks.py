"""Whether the consents are what their histories say: each chain followed from its first link, and compared with its row.

What agencies are told is decided over the rows, so a row that was altered by whoever reaches the database shows here, as does
a history that was rewritten, cut or split.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID

import orjson

from access.call import Call, allow
from access.consent_revisions import replay, revision_of
from access.rights import Scope
from core.database import Database, Row
from core.errors import Invalid
from identity.consent_store import says

BATCH = 1_000
MAX_NAMED = 100
_ROWS = "select * from consent where (person_id, consent_id) > ($1, $2) order by person_id, consent_id limit $3"
_REVISIONS = """
select r.* from unnest($1::uuid[], $2::uuid[]) as checked (person_id, consent_id)
  join consent_revision r on r.person_id = checked.person_id and r.consent_id = checked.consent_id
 order by r.person_id, r.consent_id, r.number"""


@dataclass(slots=True)
class Checked:
    """How many consents there are, and how many are not what their histories say; `named`: the first of those, by their ids."""

    consents: int = 0
    altered: int = 0
    named: list[UUID] = field(default_factory=list)


@allow(Scope.LEDGER_READ)
async def check_consents(database: Database, _call: Call) -> Checked:
    """All of them, a batch at a time; what changes meanwhile is seen before or after."""
    found = Checked()
    after = UUID(int=0), UUID(int=0)
    while True:
        async with database.snapshot() as snapshot:
            rows = await snapshot.ask(_ROWS, *after, BATCH)
            ids = [row["person_id"] for row in rows], [row["consent_id"] for row in rows]
            revisions = await snapshot.ask(_REVISIONS, *ids)
        chains = {key: list(links) for key, links in groupby(revisions, key=_key)}
        for row in rows:
            found.consents += 1
            if not is_sound(row, chains.get(_key(row), ())):
                found.altered += 1
                found.named += [row["consent_id"]] if len(found.named) < MAX_NAMED else []
        if len(rows) < BATCH:
            return found
        after = _key(rows[-1])


def is_sound(row: Row, links: Sequence[Row]) -> bool:
    """Whether the links (rows of `consent_revision`, in their order) are a whole chain, and the row says what it ends in."""
    try:
        revisions = [revision_of(orjson.loads(link["document"])) for link in links]
        record = replay(revisions, row["chain_hash"])
    except Invalid:
        return False
    stored = [(link["number"], link["previous_hash"], link["hash"], link["at"]) for link in links]
    meant = [(each.number, each.previous_hash, each.hash, each.at) for each in revisions]
    return stored == meant and says(row, record, revisions[-1])


def _key(row: Row) -> tuple[UUID, UUID]:
    return row["person_id"], row["consent_id"]
