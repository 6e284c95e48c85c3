"""Reports: a person finds that a look at their data was not right, and whoever is charged with it answers.

Whoever answers sees the report (its words are sealed under the person's key) and which look it is about, and no more of the
person. Where the person resides decides who answers; it is taken down with the report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.call import Call, Purpose, allow
from access.catalogue import Labels, Lang, Use
from access.decision import decide_upkeep
from access.disclosure import SealedRecord
from access.reading import Reading
from access.rights import Scope
from access.territory import LINEAGE
from core.database import Row
from core.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited
from core.ids import random_bytes, uuid7
from core.keys import KeyRing
from core.paging import Cursors, Page, page, size
from core.texts import checked_text
from identity.accesses import Kept, entry_of, officer_number
from identity.assisted import centre_of
from identity.holders import holders_of, look, tell_holder
from identity.models import AccessReport
from identity.self_view import disclose_own, person_of
from identity.store import RESIDENCE, record_of

MAX_TEXT = 2_000  # characters
MAX_OPEN = 20  # reports of one person that wait for an answer
MAX_SHOWN = 100
TEXT, ANSWER = "access_report.text", "access_report.answer"
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32 that are not taken for each other


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as its author is shown it, or whoever answers it (`text`, `answer`: None where they were not asked for)."""

    report_id: UUID
    number: str
    entry_id: UUID
    text: str | None
    reported_at: datetime
    answered_at: datetime | None
    answer: str | None
    looked_at: datetime | None = None
    agency: Labels | None = None
    purpose: Purpose | None = None
    officer: str | None = None
    request_id: UUID | None = None


def new_number() -> str:
    """A short number to quote: eight letters and digits, in two groups."""
    letters = "".join(_LETTERS[byte % 32] for byte in random_bytes(8))
    return f"{letters[:4]}-{letters[4:]}"


def checked_words(typed: str) -> str:
    """What somebody wrote, of several lines perhaps. Raises Invalid, with the path `text`."""
    lines = typed.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    words = "\n".join(line.rstrip() for line in lines).strip("\n")
    try:
        checked_text(words.replace("\n", " "), MAX_TEXT)
    except Invalid as fault:
        raise fault.under("text") from None
    return words


# --- by the person


@allow(Scope.ACCESS_REPORT)
async def report_access(
    connection: AsyncConnection, call: Call, reading: Reading, *, entry: UUID, text: str, kept: Sequence[Kept] = ()
) -> UUID:
    """The id of a new report of a look that the caller is shown (`kept`: see there); its number is told to the person.

    Raises Invalid for what cannot be said and for any other entry, Conflict where it was reported already, RateLimited where
    too many wait.
    """
    person = person_of(call)
    words = checked_words(text)
    seen, _ = await entry_of(entry, reading, call, "entry", kept=kept)
    if seen.report is not None:
        raise Conflict("you have reported this already", path=("entry",))
    waiting = select(func.count()).select_from(AccessReport)
    waiting = waiting.where(AccessReport.person_id == person, AccessReport.answered_at.is_(None))
    if (await connection.scalar(waiting) or 0) >= MAX_OPEN:
        raise RateLimited("too many reports wait for an answer", retry_after=86_400)
    (holder,) = await holders_of(connection, reading.keys, [person], call.now)
    disclosure = look(holder, reading, call, "reportAccess", RESIDENCE)
    _, division = disclosure.compare(RESIDENCE, Use.MATCH, lambda record: record.open(RESIDENCE))
    report, number = uuid7(call.now), new_number()
    row = {
        "person_id": person,
        "report_id": report,
        "subject_id": seen.subject_id,
        "entry_id": entry,
        "number": number,
        "division": division,
        "text": holder.record.key.seal(TEXT, report, words),
        "reported_at": call.now,
    }
    await connection.execute(insert(AccessReport).values(row))
    await tell_holder(connection, reading.keys, call, holder, notices.AccessReportReceived(number))
    if call.actor.assistant is not None:
        centre = await centre_of(call.actor.assistant, reading, call.now)
        await tell_holder(connection, reading.keys, call, holder, notices.Assisted(number, centre.names[holder.lang]))
    return report


_OWN = """
select p.person_id, p.data_key, r.report_id, r.number, r.entry_id, r.text, r.reported_at, r.answered_at, r.answer
  from person p join access_report r on r.person_id = p.person_id
 where p.person_id = $1 order by r.report_id desc limit $2"""


@allow(Scope.ACCESS_REPORT)
async def own_reports(reading: Reading, call: Call) -> list[ReportView]:
    """The caller's (or the ward's) reports, the newest first."""
    rows = await reading.ask(_OWN, person_of(call), MAX_SHOWN)
    if not rows:
        return []
    record = record_of(rows[0], reading.keys)
    disclose_own(record, reading, call, "accessReports")
    return [_view(row, *_words(row, record)) for row in rows]


# --- by whoever answers


_REPORTS = f"""
select p.person_id, p.data_key, r.report_id, r.number, r.entry_id, r.text, r.reported_at, r.answered_at, r.answer,
       l.recorded_at as looked_at, convert_from(l.leaf, 'UTF8') as leaf, a.name_ar, a.name_fr, a.name_en
  from access_report r
  join person p on p.person_id = r.person_id and p.data_key is not null
  left join ledger_entry l on l.subject_id = r.subject_id and l.entry_id = r.entry_id
  left join agency a on a.agency_id = l.agency_id
 where ($1::varchar[] is null or {LINEAGE.format("r.division")} && $1)
   and ($2::uuid is null or r.report_id < $2) and ($3::uuid is null or r.report_id = $3)
   and ($4::boolean is null or (r.answered_at is null) = $4)
 order by r.report_id desc limit $5"""


@allow(Scope.REPORT_READ)
async def reports(
    reading: Reading,
    call: Call,
    *,
    waiting: bool | None = None,
    words: bool = False,
    first: int | None = None,
    after: str | None = None,
) -> Page[ReportView]:
    """The reports of people who reside where the caller answers them, the newest first.

    `waiting`: only those without an answer (or with one). `words`: with what was written; that is recorded as a look.
    """
    cursors = Cursors(reading.keys.commitment, f"reports {call.actor.id} {waiting}")
    count = size(first)
    before = None if after is None else UUID(cursors.read(after)[0])
    rows = await reading.ask(_REPORTS, call.actor.confined(Scope.REPORT_READ), before, None, waiting, count + 1)
    found = [_shown(row, reading, call, words=words) for row in rows[:count]] + list(map(_view, rows[count:]))
    return page(found, count, cursors, lambda view: (str(view.report_id),))


@allow(Scope.REPORT_READ)
async def report_of(reading: Reading, call: Call, *, report: UUID) -> ReportView:
    """One of them, with its words. Raises NotFound."""
    rows = await reading.ask(_REPORTS, call.actor.confined(Scope.REPORT_READ), None, report, None, 1)
    if not rows:
        raise NotFound("no such report", path=("report",))
    return _shown(rows[0], reading, call, words=True)


@allow(Scope.REPORT_ANSWER)
async def answer_report(connection: AsyncConnection, call: Call, reading: Reading, *, report: UUID, text: str) -> None:
    """Answers a report, once, and tells the person that there is an answer.

    Raises Invalid for what cannot be said, NotFound, Conflict where it was answered.
    """
    if call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    words = checked_words(text)
    rows = await reading.ask(_REPORTS, call.actor.confined(Scope.REPORT_ANSWER), None, report, None, 1)
    if not rows:
        raise NotFound("no such report", path=("report",))
    key = reading.keys.masters.unwrap(rows[0]["person_id"], rows[0]["data_key"])
    its = (AccessReport.person_id == rows[0]["person_id"]) & (AccessReport.report_id == report)
    its &= AccessReport.answered_at.is_(None)
    answer = {"answered_at": call.now, "answered_by": call.actor.account, "answer": key.seal(ANSWER, report, words)}
    if not (await connection.execute(update(AccessReport).where(its).values(answer))).rowcount:
        raise Conflict("this was answered already", path=("report",))
    (holder,) = await holders_of(connection, reading.keys, [rows[0]["person_id"]], call.now)
    if holder.person_id is not None:
        await tell_holder(connection, reading.keys, call, holder, notices.AccessReportAnswered(rows[0]["number"]))


def _shown(row: Row, reading: Reading, call: Call, *, words: bool) -> ReportView:
    if not words:
        return _view(row, keys=reading.keys)
    record = record_of(row, reading.keys)
    # A look at what the person wrote, and at no attribute.
    reading.disclose(decide_upkeep(), record, call, subject=record.owner, root_field="accessReports")
    return _view(row, *_words(row, record), keys=reading.keys)


def _words(row: Row, record: SealedRecord) -> tuple[str, str | None]:
    report = row["report_id"]
    answer = None if row["answer"] is None else record.key.open(ANSWER, report, row["answer"])
    return record.key.open(TEXT, report, row["text"]), answer


def _view(row: Row, text: str | None = None, answer: str | None = None, *, keys: KeyRing | None = None) -> ReportView:
    """`keys`: for whoever answers, who is shown which look it is about."""
    told: dict[str, Any] = {}
    if keys is not None and row["leaf"] is not None:
        leaf = orjson.loads(row["leaf"])
        told = {
            "looked_at": row["looked_at"],
            "agency": None if row["name_fr"] is None else {lang: row[f"name_{lang.lower()}"] for lang in Lang},
            "purpose": None if leaf["purpose"] is None else Purpose(leaf["purpose"]),
            "officer": None if leaf["officer"] is None else officer_number(keys, UUID(leaf["officer"])),
            "request_id": UUID(leaf["request"]),
        }
    return ReportView(
        report_id=row["report_id"],
        number=row["number"],
        entry_id=row["entry_id"],
        text=text,
        reported_at=row["reported_at"],
        answered_at=row["answered_at"],
        answer=answer,
        **told,
    )
