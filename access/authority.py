"""The right of an agency to ask at all, read in the snapshot of each answer.

Only hashes are read each time; the documents behind them never change, so parsed ones are kept in a bounded store. What is
suspended, revoked or expired counts from the next question on, on every server process. The newest agreement that has begun
stands for itself: when it is suspended or over, no older version comes back in its place.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import orjson

from access.agreements import Agreement, Mandate, parse_agreement, parse_mandate
from access.call import Actor, ActorKind, Call, Purpose
from access.counters import FAILURES_WINDOW_SECONDS, POINTS_WINDOW_SECONDS, window_end
from access.decision import Standing, standing
from core.database import Reader, Row
from core.errors import Internal

D = TypeVar("D", Agreement, Mandate)
MAX_DOCUMENTS = 512
POINTS_WITHOUT_AGREEMENT = 60  # a minute: enough to be told that there is none

# Parameters, in this order: agency, kid or session, now, purpose (or null), ends of the windows of points and failures.
AGENCY, CREDENTIAL, NOW, PURPOSE, POINTS_END, FAILURES_END = "$1", "$2", "$3", "$4", "$5", "$6"
FIRST_FREE = 7
COLUMNS = "agreement_hash, mandate_hash, points_limit, points_used, agency_failures"


def _used(kind: str, window_end: str) -> str:
    return f"""coalesce((select c.used from counter c where c.owner_id = a.agency_id and c.agency_id = a.agency_id
             and c.kind = '{kind}' and c.window_end = {window_end}), 0)"""


_SOURCE = f"""
    select g.hash as agreement_hash,
           (select m.hash from mandate m
             where m.agency_id = a.agency_id and m.purpose = {PURPOSE}::varchar
               and m.valid_from <= {NOW} and {NOW} < m.valid_to and (m.revoked_at is null or {NOW} < m.revoked_at)
             order by m.valid_from desc, m.hash desc limit 1) as mandate_hash,
           coalesce((g.document ->> 'points_per_minute')::int, {POINTS_WITHOUT_AGREEMENT}) as points_limit,
           {_used("POINTS", POINTS_END)} as points_used,
           {_used("FAILURES", FAILURES_END)} as agency_failures
      from agency a
      %s
      left join lateral (
           select newest.hash, newest.document from (
                  select * from agreement g where g.agency_id = a.agency_id and g.valid_from <= {NOW}
                   order by g.version desc limit 1) newest
            where {NOW} < newest.valid_to and (newest.suspended_at is null or {NOW} < newest.suspended_at)) g on true
     where a.agency_id = {AGENCY} and (a.suspended_at is null or {NOW} < a.suspended_at)"""
# How whoever asks in the agency's name proves it: a machine by a key of the agency, an officer by a session.
_BY_KEY = f"""join agency_key k on k.agency_id = a.agency_id and k.kid = {CREDENTIAL}
       and k.valid_from <= {NOW} and {NOW} < k.valid_to and (k.revoked_at is null or {NOW} < k.revoked_at)"""
_BY_SESSION = f"""join session s on s.session_hash = decode({CREDENTIAL}, 'hex') and s.ended_at is null and {NOW} < s.expires_at
      join account o on o.account_id = s.account_id and o.agency_id = a.agency_id
       and (o.disabled_at is null or {NOW} < o.disabled_at)"""
# The machine itself, for an agency's file that two people have approved: it proves nothing.
_BY_ITSELF = f"cross join (select {CREDENTIAL}::varchar as credential) machine"
_SOURCES = {ActorKind.OFFICER: _SOURCE % _BY_SESSION, ActorKind.SYSTEM: _SOURCE % _BY_ITSELF}
_OF_A_KEY = _SOURCE % _BY_KEY


def source(kind: ActorKind) -> str:
    """The query of the authority of one agency, for a machine or an officer that asks in its name, or for a job of ours."""
    return _SOURCES.get(kind, _OF_A_KEY)


def alone(kind: ActorKind) -> str:
    return f"select {COLUMNS} from ({source(kind)}) authority"


def parameters(call: Call, purpose: Purpose | None) -> tuple[Any, ...]:
    """The first parameters of a statement that has `source` in it."""
    session = call.actor.session
    return (
        call.actor.agency,
        call.actor.kid if session is None else session.hex(),
        call.now,
        purpose,
        window_end(call.now, POINTS_WINDOW_SECONDS),
        window_end(call.now, FAILURES_WINDOW_SECONDS),
    )


class Documents:
    """Parsed agreements and mandates by their hash."""

    def __init__(self) -> None:
        self._agreements: OrderedDict[bytes, Agreement] = OrderedDict()
        self._mandates: OrderedDict[bytes, Mandate] = OrderedDict()

    async def standing(self, row: Row, actor: Actor, purpose: Purpose, now: datetime, reader: Reader) -> Standing:
        """Raises Forbidden where there is no agreement in force, or it does not name the purpose."""
        agreement, mandate = row["agreement_hash"], row["mandate_hash"]
        assert actor.agency is not None
        return standing(
            actor.agency,
            purpose,
            await self.agreement(agreement, reader),
            () if mandate is None else (await self._mandate(mandate, reader),),
            now,
        )

    async def agreement(self, hash_: bytes | None, reader: Reader) -> Agreement | None:
        """The agreement with that hash, fetched once."""
        return None if hash_ is None else await _fetched("agreement", hash_, self._agreements, parse_agreement, reader)

    async def _mandate(self, hash_: bytes, reader: Reader) -> Mandate:
        return await _fetched("mandate", hash_, self._mandates, parse_mandate, reader)


async def _fetched(table: str, hash_: bytes, known: "OrderedDict[bytes, D]", parse: Callable[[Any], D], reader: Reader) -> D:
    """The document with that hash: the one that is known, else the one in the table, which is known from now on."""
    document = known.get(hash_)
    if document is None:
        rows = await reader.ask(f"select document::text as document from {table} where hash = $1", hash_)
        document = parse(orjson.loads(rows[0]["document"]))
        if document.hash != hash_:
            raise Internal("a document is not the one its hash names")
        known[hash_] = document
        if len(known) > MAX_DOCUMENTS:
            known.popitem(last=False)
    return document
