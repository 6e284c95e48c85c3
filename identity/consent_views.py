"""Consents as they are shown: to the person, with the notice, the history and the receipt; to the agency, never whose they are.

The state, and how many uses are left, follow from dates and counts at the instant of the question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from access.call import Purpose
from access.catalogue import Labels, Lang
from access.consent_notices import Notice, parse_notice
from access.consent_receipts import sign_receipt
from access.consent_records import By, Method
from access.consent_revisions import Revision, record_of, revision_of
from access.consent_states import Event, Frequency, State, Window, state_at, window_ends
from core.database import Reader, Row
from core.errors import Internal
from core.keys import SigningKey

MAX_STEPS = 100  # of a history that are shown: the newest
_ANSWERED = frozenset(State) - {State.REQUESTED, State.LAPSED}
_WINDOWS = "array[" + ", ".join(f"'{window}'" for window in Window) + "]::varchar[]"
_COLUMNS = """c.consent_id, c.purpose, c.requested, c.attributes, c.state, c.answer_by, c.valid_from, c.valid_to,
       c.uses, c.per, c.data_life_days, c.method, c.reference, c.revision, c.chain_hash,
       c.changed_at, f.at as asked_at,
       n.version as notice_version, coalesce(k.used, 0) as used"""
_TABLES = f"""consent c
  join consent_revision f on f.person_id = c.person_id and f.consent_id = c.consent_id and f.number = 1
  left join consent_notice n on n.hash = c.notice_hash
  left join counter k on c.uses is not null and k.owner_id = c.consent_id and k.agency_id = c.agency_id and k.kind = 'CONSENT'
   and k.window_end = ($1::timestamptz[])[array_position({_WINDOWS}, c.per)]"""
# The person comes first: a row is there for whoever has no consent, too.
_OF_PERSON = f"""
select p.person_id, p.data_key, {_COLUMNS}, c.agency_id, a.code, a.name_ar, a.name_fr, a.name_en,
       n.document::text as notice, h.document::text as head
  from person p
  left join ({_TABLES}
  join agency a on a.agency_id = c.agency_id
  join consent_revision h on h.person_id = c.person_id and h.consent_id = c.consent_id and h.number = c.revision)
    on c.person_id = p.person_id and {{}}
 where p.person_id = $2"""
PAGE_OF_PERSON = f"{_OF_PERSON.format('($3::uuid is null or c.consent_id < $3)')} order by c.consent_id desc limit $4"
ONE_OF_PERSON = _OF_PERSON.format("c.consent_id = $3")
ONE_BY_LINK = _OF_PERSON.format("c.link_hash = $3 and c.state = 'REQUESTED' and $4 < c.answer_by")
_OF_AGENCY = f"""
select {_COLUMNS}, c.link_hash from {_TABLES}
 where c.agency_id = $2 and ($3::varchar[] is null or c.purpose = any($3))"""
PAGE_OF_AGENCY = f"{_OF_AGENCY} and ($4::uuid is null or c.consent_id < $4) order by c.consent_id desc limit $5"
ONE_OF_AGENCY = f"{_OF_AGENCY} and c.consent_id = $4"
_STEPS = """
select r.consent_id, r.document::text as document from unnest($2::uuid[], $3::int[]) as shown (consent_id, newest)
  join consent_revision r on r.person_id = $1 and r.consent_id = shown.consent_id and r.number > shown.newest - $4
 order by r.consent_id, r.number"""


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the history: what happened, and what was granted after it. `assisted`: somebody sat beside the person."""

    number: int
    event: Event
    state: State
    at: datetime
    by: By
    assisted: bool
    granted: Sequence[str]
    hash: str
    receipt_number: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What both sides are shown. `uses_left`: in the window that it is now; None where there is no limit or no use."""

    consent_id: UUID
    purpose: Purpose
    state: State
    method: Method
    requested: Sequence[str]
    granted: Sequence[str]
    asked_at: datetime
    answer_by: datetime | None
    valid_from: datetime
    valid_to: datetime
    frequency: Frequency | None
    uses_left: int | None
    data_life_days: int
    reference: str | None
    notice_version: int | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class AgencyConsentView:
    """A consent as the agency sees it. `link_hash`: of a link that still leads to it; for the one who makes links alone."""

    terms: Terms
    link_hash: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A consent as the person sees it, or whoever acts for the person. `steps` only where they were asked for."""

    terms: Terms
    agency: UUID
    agency_code: str
    agency_name: Labels
    notice: Notice | None
    chain_hash: bytes = field(repr=False)
    head: str = field(repr=False)  # the document of the newest revision
    steps: Sequence[Step] = ()

    @property
    def receipt_number(self) -> str | None:
        """None as long as nothing was answered."""
        return receipt_number(self.chain_hash) if self.terms.state in _ANSWERED else None

    def receipt(self, *, issuer: str, key: SigningKey) -> str | None:
        """The signed receipt of how it stands (see `access/consent_receipts.py`); None as long as nothing was answered.

        Raises Internal where the history ends otherwise than the row says.
        """
        if self.terms.state not in _ANSWERED:
            return None
        revision = revision_of(orjson.loads(self.head))
        if revision.hash != self.chain_hash:
            raise Internal("a consent is not what its history says")
        return sign_receipt(revision, self.notice, issuer=issuer, key=key)


def receipt_number(hash_: bytes) -> str:
    """What the receipt of the revision with that hash is called by people."""
    digits = hash_.hex()[:16].upper()
    return "C-" + "-".join(digits[place : place + 4] for place in range(0, 16, 4))


async def of_person(
    reader: Reader, now: datetime, sql: str, *values: Any, steps: bool = False
) -> tuple[Sequence[Row], list[ConsentView]]:
    """What one of the statements OF_PERSON finds (its first parameter is made here, `values` are the others).

    Its rows, which have the person's key, and the consents among them.
    """
    rows = await reader.ask(sql, window_ends(now), *values)
    found = [row for row in rows if row["consent_id"] is not None]
    history = await _steps(reader, found) if steps and found else {}
    return rows, [_view(row, now, history.get(row["consent_id"], ())) for row in found]


async def of_agency(reader: Reader, now: datetime, sql: str, *values: Any) -> list[AgencyConsentView]:
    """The rows of one of the statements OF_AGENCY, as above."""
    return [AgencyConsentView(_terms(row, now), row["link_hash"]) for row in await reader.ask(sql, window_ends(now), *values)]


async def _steps(reader: Reader, rows: Sequence[Row]) -> Mapping[UUID, list[Step]]:
    found: dict[UUID, list[Step]] = {}
    ids, newest = [row["consent_id"] for row in rows], [row["revision"] for row in rows]
    for row in await reader.ask(_STEPS, rows[0]["person_id"], ids, newest, MAX_STEPS):
        found.setdefault(row["consent_id"], []).append(_step(revision_of(orjson.loads(row["document"]))))
    return found


def _step(revision: Revision) -> Step:
    record = record_of(revision)
    return Step(
        number=revision.number,
        event=Event(revision.document["event"]["type"]),
        state=record.stored,
        at=revision.at,
        by=record.evidence.by,
        assisted=record.evidence.assistant is not None,
        granted=sorted(record.granted),
        hash=revision.hash.hex(),
        receipt_number=receipt_number(revision.hash),
    )


def _terms(row: Row, now: datetime) -> Terms:
    limit = None if row["uses"] is None else Frequency(row["uses"], Window(row["per"]))
    spent = limit is not None and limit.window is Window.IN_ALL and limit.spent(row["used"])
    state = state_at(State(row["state"]), row["answer_by"], row["valid_to"], spent, now)
    usable = limit is not None and state in (State.GRANTED, State.PAUSED)
    return Terms(
        consent_id=row["consent_id"],
        purpose=Purpose(row["purpose"]),
        state=state,
        method=Method(row["method"]),
        requested=row["requested"],
        granted=row["attributes"],
        asked_at=row["asked_at"],
        answer_by=row["answer_by"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        frequency=limit,
        uses_left=max(row["uses"] - row["used"], 0) if usable else None,
        data_life_days=row["data_life_days"],
        reference=row["reference"],
        notice_version=row["notice_version"],
        changed_at=row["changed_at"],
    )


@lru_cache(maxsize=512)
def _notice(text: str) -> Notice:
    """What is published never changes: each is read once."""
    return parse_notice(orjson.loads(text))


def _view(row: Row, now: datetime, steps: Sequence[Step]) -> ConsentView:
    return ConsentView(
        terms=_terms(row, now),
        agency=row["agency_id"],
        agency_code=row["code"],
        agency_name={Lang.AR: row["name_ar"], Lang.FR: row["name_fr"], Lang.EN: row["name_en"]},
        notice=None if row["notice"] is None else _notice(row["notice"]),
        chain_hash=row["chain_hash"],
        head=row["head"],
        steps=steps,
    )
