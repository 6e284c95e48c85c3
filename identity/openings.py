"""Where people are enrolled, and since when: nobody is, where neither the commune nor anything around it is open on that day.

Days are those of Morocco. What was said of a division holds until something else is said of it.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow
from access.reading import Reading
from access.rights import Scope
from access.territory import division_code, lineage
from core.database import Reader
from core.dates import civil_date
from core.errors import Conflict, Forbidden, Invalid
from identity import store
from identity.models import Division
from identity.people import DivisionView, division_view
from identity.register_models import Opening

MAX_SHOWN = 500
FARTHEST = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class OpeningView:
    """`closes_on`: the first day on which nobody is enrolled there any more."""

    division: DivisionView
    opens_on: date
    closes_on: date | None
    decided_at: datetime
    open: bool  # today


def is_open(opens_on: date, closes_on: date | None, today: date) -> bool:
    return opens_on <= today and (closes_on is None or today < closes_on)


@allow(Scope.ENROLMENT_OPEN)
async def open_enrolment(connection: AsyncConnection, call: Call, *, division: str, on: date) -> None:
    """From that day on people who live there are enrolled. Said again, the newer day counts.

    Raises Invalid for a division that is not there and for a day long past or far off, Forbidden where the caller may not.
    """
    today = civil_date(call.now)
    await _reached(connection, call, division)
    if not today - FARTHEST <= on <= today + FARTHEST:
        raise Invalid("this day is too far off", path=("on",))
    said = {"opens_on": on, "closes_on": None, "decided_at": call.now, "decided_by": call.actor.account}
    row = insert(Opening).values(division=division, **said)
    await connection.execute(row.on_conflict_do_update(index_elements=[Opening.division], set_=said))


@allow(Scope.ENROLMENT_OPEN)
async def close_enrolment(connection: AsyncConnection, call: Call, *, division: str, on: date) -> None:
    """From that day on nobody who lives there is enrolled, unless something around is open.

    Raises Invalid for a division that is not there and a day before today, Conflict where nothing was opened.
    """
    await _reached(connection, call, division)
    if on < civil_date(call.now):
        raise Invalid("what was open stays so for the days that have passed", path=("on",))
    its = (Opening.division == division) & (Opening.opens_on <= on)
    its &= Opening.closes_on.is_(None) | (Opening.closes_on > on)
    said = {"closes_on": on, "decided_at": call.now, "decided_by": call.actor.account}
    if not (await connection.execute(update(Opening).where(its).values(said))).rowcount:
        raise Conflict("nobody is enrolled there on that day", path=("division",))


@allow(Scope.SELF_READ)
async def openings(reading: Reading, call: Call) -> list[OpeningView]:
    """All that was said of divisions, by their codes: what every citizen may know."""
    rows = await reading.ask(
        "select division, opens_on, closes_on, decided_at from opening order by division limit $1", MAX_SHOWN
    )
    named = await store.divisions(reading, [row["division"] for row in rows])
    today = civil_date(call.now)
    found = []
    for row in rows:
        division = division_view(named.get(row["division"]))
        if division is not None:
            dates = row["opens_on"], row["closes_on"]
            found.append(OpeningView(division, *dates, row["decided_at"], is_open(*dates, today)))
    return found


async def opening_of(reading: Reading, division: str, now: datetime) -> OpeningView | None:
    """What was said of one."""
    rows = await reading.ask("select opens_on, closes_on, decided_at from opening where division = $1", division)
    view = division_view((await store.divisions(reading, [division])).get(division))
    if not rows or view is None:
        return None
    dates = rows[0]["opens_on"], rows[0]["closes_on"]
    return OpeningView(view, *dates, rows[0]["decided_at"], is_open(*dates, civil_date(now)))


async def is_enrolled_at(reader: Reader, division: str, today: date) -> bool:
    """Whether people of that division are enrolled on that day."""
    rows = await reader.ask(
        """select exists (select from opening where division = any($1::varchar[]) and opens_on <= $2
                             and (closes_on is null or $2 < closes_on)) as open""",
        sorted(lineage(division)),
        today,
    )
    return bool(rows[0]["open"])


async def _reached(connection: AsyncConnection, call: Call, division: str) -> None:
    try:
        division_code(division)
    except Invalid as fault:
        raise fault.under("division") from None
    if await connection.scalar(select(Division.code).where(Division.code == division)) is None:
        raise Invalid("there is no such division", path=("division",))
    if not call.actor.reaches(Scope.ENROLMENT_OPEN, [division]):
        raise Forbidden("this lies outside of where you may do it")
