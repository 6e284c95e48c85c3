"""What waits for a second person, and what became of it, as those see it who take part in such acts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from access.approval import Acts
from access.call import Call, allow
from access.differences import Difference, differences
from access.reading import Reading
from access.rights import Scope
from core import paging
from core.canonical import canonical
from core.database import Row
from core.errors import NotFound
from core.keys import KeyRing


class ProposalState(StrEnum):
    """EXPIRED follows from the date; the others are what somebody did."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    TAKEN_BACK = "TAKEN_BACK"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class ProposalView:
    """`change`: the exact change in canonical JSON. `territory`: the divisions it touches; None: the whole country.

    `mine`: whoever looks proposed it; `may_decide`: whoever looks may approve or refuse it now.
    """

    proposal_id: UUID
    kind: str
    hash: bytes
    change: str
    differences: Sequence[Difference]
    territory: Sequence[str] | None
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    state: ProposalState
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    outcome: Mapping[str, Any] | None
    mine: bool
    may_decide: bool


# $1: kinds that the viewer takes part in everywhere; $2, $3: other kinds, and a division that the viewer does so in; $4: now.
_VISIBLE = """
select p.*, by.data_key as by_key, by.name as by_name, other.data_key as other_key, other.name as other_name,
       case when p.decision is not null then p.decision when p.expires_at <= $4 then 'EXPIRED' else 'OPEN' end as state
  from proposal p
  join account by on by.account_id = p.proposed_by
  left join account other on other.account_id = p.decided_by
 where (p.kind = any($1::varchar[])
        or p.territory is not null and not exists (
               select from unnest(p.territory) as touched (division)
                where not exists (
                      select from unnest($2::varchar[], $3::varchar[]) as mine (kind, division)
                       where mine.kind = p.kind and mine.division in (
                             touched.division, left(touched.division, 2), left(touched.division, 6),
                             left(touched.division, 12)))))"""
_ONE = f"select * from ({_VISIBLE}) visible where proposal_id = $5"
_PAGE = f"""select * from ({_VISIBLE}) visible
    where ($5::uuid is null or proposal_id < $5) and ($6::varchar is null or state = $6)
    order by proposal_id desc limit $7"""


@allow(Scope.APPROVAL_DECIDE)
async def proposals(
    reading: Reading,
    call: Call,
    acts: Acts,
    *,
    state: ProposalState | None = None,
    first: int | None = None,
    after: str | None = None,
) -> paging.Page[ProposalView]:
    """Those (in one state) of which the viewer could be the first or the second person, newest first."""
    rows_shown = paging.size(first)
    cursors = paging.Cursors(reading.keys.commitment, f"proposals {call.actor.id} {state}")
    before = None if after is None else UUID(cursors.read(after)[0])
    rows = await reading.ask(_PAGE, *_seen_by(call, acts), before, state, rows_shown + 1)
    views = [_view(row, call, reading.keys) for row in rows]
    return paging.page(views, rows_shown, cursors, lambda view: (str(view.proposal_id),))


@allow(Scope.APPROVAL_DECIDE)
async def proposal(reading: Reading, call: Call, acts: Acts, *, proposal_id: UUID) -> ProposalView:
    """Raises NotFound where there is none, or the viewer takes no part in such acts there."""
    rows = await reading.ask(_ONE, *_seen_by(call, acts), proposal_id)
    if not rows:
        raise NotFound("no such proposal", path=("id",))
    return _view(rows[0], call, reading.keys)


def _seen_by(call: Call, acts: Acts) -> tuple[list[str], list[str], list[str], datetime]:
    """The first parameters of `_VISIBLE`."""
    everywhere, kinds, divisions = [], [], []
    for act in acts.within(call.actor.scopes):
        territory = call.actor.territories.get(act.scope)
        if territory is None:
            everywhere.append(act.kind)
        else:
            kinds += [act.kind] * len(territory)
            divisions += sorted(territory)
    return everywhere, kinds, divisions, call.now


def _view(row: Row, call: Call, keys: KeyRing) -> ProposalView:
    change = orjson.loads(row["change"])
    before = None if row["before"] is None else orjson.loads(row["before"])
    state, mine = ProposalState(row["state"]), row["proposed_by"] == call.actor.account
    return ProposalView(
        proposal_id=row["proposal_id"],
        kind=row["kind"],
        hash=row["hash"],
        change=canonical(change).decode(),
        differences=differences(before, change),
        territory=row["territory"],
        proposed_by=_name(keys, row["proposed_by"], row["by_key"], row["by_name"]),
        proposed_at=row["proposed_at"],
        expires_at=row["expires_at"],
        state=state,
        decided_by=None if row["decided_by"] is None else _name(keys, row["decided_by"], row["other_key"], row["other_name"]),
        decided_at=row["decided_at"],
        reason=row["reason"],
        outcome=None if row["outcome"] is None else orjson.loads(row["outcome"]),
        mine=mine,
        may_decide=state is ProposalState.OPEN and not mine and call.actor.account is not None,
    )


def _name(keys: KeyRing, account: UUID, data_key: bytes, sealed: bytes) -> str:
    return keys.masters.unwrap(account, data_key).open("account.name", account, sealed)
