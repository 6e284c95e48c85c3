"""An agency's old file, linked: for each of its rows, that were known by a card, the agency's own token of the person.

Two people of the registry agree to it, over the file's digest. It rests on a legal mandate, and on an agreement that grants
LINK on every attribute that is compared; all of them have to agree exactly. Whoever is not found, does not agree, is locked,
lives elsewhere or is not active is one and the same answer. Every row leaves an entry with its subject, which the subject is
shown. The result is for the agency's administrators alone, and is erased a day after they took it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from access.agencies import of_code
from access.agreements import Level
from access.approval import Act, Approved, Document, refuse_unless_approved
from access.authority import Documents, alone, parameters
from access.call import Actor, ActorKind, Call, Purpose, allow
from access.catalogue import Lang, Use
from access.decision import Standing, decide
from access.disclosure import SealedRecord
from access.reading import Reading
from access.rights import Scope
from core.canonical import text64
from core.database import Database, Reader, Row, Snapshot, raw
from core.documents import Node
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.jobs import Handler, Work
from core.keys import KeyRing
from core.storage import Storage
from core.texts import MAX_TEXT, checked_text
from identity import store
from identity.file_columns import LINK as COLUMNS
from identity.file_jobs import BATCH, LINKING, OpenFile, Task, result_of, run, shape_settings, table
from identity.file_reading import Row as FileRow
from identity.file_reading import encoding_of, examined, named, rows_of, unsafe
from identity.file_rows import Outcome, RowCode, RowFault, Told, date_of, refused
from identity.numbers import TokenKind, pairwise_token
from identity.person_files import (
    LINK,
    MAX_LISTED,
    SHOWN,
    FileView,
    begin,
    deliver,
    held,
    keep,
    sent,
    shown,
    stop,
    unknown,
    view_of,
)
from identity.spreadsheets import csv_of, is_spreadsheet
from verification.matching import Claim, Verdict, compare, parse_claim
from verification.service import true_value

LINK_FILE: Final = "LINK_FILE"
FIELD: Final = "linkFile"
MAX_REFERENCE: Final = 100
BETWEEN_BREATHS: Final = 50
ATTRIBUTES: Final = {
    "cnie": "person.cnie",
    "given_name": "person.given_name",
    "family_name": "person.family_name",
    "birth_date": "person.birth_date",
}
_MEMBERS: Final = ("file", "agency", "purpose", "digest", "rows")
_OWNERS: Final = """
select hash, owner_id from identifier where hash = any($1::bytea[]) and kind = 'CNIE' and key_version = $2"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A row that may be linked. `reference`: the agency's own."""

    row: int
    reference: str = field(repr=False)
    claims: tuple[Claim, ...] = field(repr=False)

    @property
    def card(self) -> str:
        (card,) = [claim.form for claim in self.claims if claim.attribute == "person.cnie"]
        return str(card)


# --- by two people


def acts(keys: KeyRing) -> tuple[Act, ...]:
    """The dangerous act of this module.

    LINK_FILE   {file, agency, purpose, digest, rows}   the agency by its code; what it rests on is shown beside it
    """

    async def before(connection: AsyncConnection, call: Call, change: Document) -> Document:
        row, purpose = await _file(connection, change)
        standing = await _standing(Snapshot(await raw(connection)), _as_agency(call, row.agency_id, purpose), purpose)
        assert standing.mandate is not None
        return {"agreement": standing.agreement.hash.hex(), "mandate": standing.mandate.hash.hex()}

    async def apply(connection: AsyncConnection, call: Call, change: Document, approved: Approved) -> Document:
        await link_file(connection, call, keys, approved, change=change)
        return {"file": change["file"]}

    return (Act(LINK_FILE, Scope.LINK_RUN, lambda _: None, before, apply),)


@allow(Scope.LINK_RUN)
async def take_file(
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    storage: Storage,
    *,
    agency: str,
    content: bytes | None,
    encoding: str,
    lang: Lang,
    purpose: Purpose,
) -> Document:
    """Takes an agency's file in: the change that LINK_FILE makes of it. Nothing is done with it yet.

    Raises Faulty for a file that is not taken, NotFound for an agency that is not there, Forbidden where its agreement does not
    grant LINK on all that is compared for the purpose, or no mandate is in force.
    """
    content = sent(content)
    row = await of_code(connection, agency, "agency")
    await _standing(Snapshot(await raw(connection)), _as_agency(call, row.agency_id, purpose), purpose)
    text = await csv_of(content) if is_spreadsheet(content) else content
    shape = examined(text, encoding_of("utf-8" if is_spreadsheet(content) else encoding), COLUMNS)
    settings = shape_settings(shape) | {"lang": lang, "agency": agency}
    file = await keep(connection, keys, call, storage, kind=LINK, content=text, settings=settings, agency=row.agency_id)
    its = await held(connection, file)
    return {
        "file": str(file),
        "agency": agency,
        "purpose": purpose.value,
        "digest": text64(its.digest),
        "rows": shape.rows,
    }


@allow(Scope.LINK_RUN)
async def link_file(connection: AsyncConnection, call: Call, _: KeyRing, approved: Approved, *, change: Document) -> None:
    """Begins to link a file, approved as LINK_FILE. Raises Conflict where it was begun with already."""
    refuse_unless_approved(approved, LINK_FILE, change)
    row, purpose = await _file(connection, change)
    await begin(connection, row, call, LINKING, {"purpose": purpose.value})


@allow(Scope.LINK_RUN)
async def cancel_link(connection: AsyncConnection, call: Call, *, file: UUID) -> None:
    """Stops a file. Raises NotFound, and Conflict where nothing runs."""
    row = await held(connection, file)
    if row.kind != LINK:
        raise unknown()
    await stop(connection, row, call)


@allow(Scope.LINK_RUN)
async def link_files(reading: Reader, call: Call) -> list[FileView]:
    """The newest files of all agencies: what they came to, and nothing of their results."""
    rows = await reading.ask(f"{SHOWN} where f.kind = 'LINK' order by f.begun_at desc, f.file_id desc limit $1", MAX_LISTED)
    return [view_of(row, call) for row in rows]


@allow(Scope.LINK_RUN)
async def one_link(reading: Reader, call: Call, *, file: UUID) -> FileView:
    """Raises NotFound."""
    row = await shown(reading, file)
    if row["kind"] != LINK:
        raise unknown()
    return view_of(row, call)


# --- by the agency's administrators


@allow(Scope.OFFICER_MANAGE)
async def own_link_files(reading: Reader, call: Call) -> list[FileView]:
    """The newest files that were linked for the caller's agency."""
    rows = await reading.ask(
        f"{SHOWN} where f.kind = 'LINK' and f.agency_id = $1 and f.state <> 'CHECKED' order by f.begun_at desc limit $2",
        call.actor.agency,
        MAX_LISTED,
    )
    return [view_of(row, call) for row in rows]


@allow(Scope.OFFICER_MANAGE)
async def take_own_result(connection: AsyncConnection, call: Call, *, file: UUID) -> None:
    """That the result is taken (`own_result`): from now on it is kept for a day. Raises NotFound, and Conflict without one."""
    row = await held(connection, file)
    _refuse_another(call, row.kind, row.agency_id)
    if not view_of(await shown(Snapshot(await raw(connection)), file), call).has_result:
        raise Conflict("nothing came of it yet", path=("file",))
    await deliver(connection, row, call)


@allow(Scope.OFFICER_MANAGE)
async def own_result(reading: Reader, call: Call, keys: KeyRing, storage: Storage, *, file: UUID) -> tuple[FileView, bytes]:
    """What came of the agency's file, with the tokens, as a CSV. Raises NotFound, also where it is erased."""
    row = await shown(reading, file)
    _refuse_another(call, row["kind"], row["agency_id"])
    view = view_of(row, call)
    lines = await result_of(reading, storage, keys, file)
    return view, table(lines, view.lang, numbers=True, references=True)


def _refuse_another(call: Call, kind: str, agency: UUID | None) -> None:
    if kind != LINK or agency is None or agency != call.actor.agency:
        raise unknown()


# --- what it rests on


async def _file(connection: AsyncConnection, change: Document) -> tuple[Any, Purpose]:
    """The file of a change, as it was proposed. Raises Invalid, NotFound, Conflict."""
    fields = Node(dict(change)).record(_MEMBERS)
    file = fields["file"].id()
    purpose = fields["purpose"].choice(Purpose)
    agency = await of_code(connection, change["agency"], "agency")
    row = await held(connection, file)
    if row.kind != LINK or row.agency_id != agency.agency_id:
        raise NotFound("there is no such file", path=("file",))
    if text64(row.digest) != change["digest"] or row.settings["rows"] != change["rows"]:
        raise Conflict("this is not the file that was proposed", path=("file",))
    return row, purpose


def _as_agency(call: Call, agency: UUID, purpose: Purpose) -> Call:
    """The machine's own, for that agency, in the name of who sent the file."""
    actor = Actor(ActorKind.SYSTEM, frozenset(), agency=agency, name=LINK, account=call.actor.account)
    return Call(actor, call.now, call.request_id, purpose)


async def _standing(reader: Reader, call: Call, purpose: Purpose) -> Standing:
    """Raises Forbidden where the agency may not have the attributes linked for that purpose now."""
    rows = await reader.ask(alone(ActorKind.SYSTEM), *parameters(call, purpose))
    return _checked(await _found(rows[0] if rows else None, Documents(), call, purpose, reader))


async def _found(row: Row | None, documents: Documents, call: Call, purpose: Purpose, reader: Reader) -> Standing:
    if row is None or row["points_limit"] is None:
        raise Forbidden("the agency is suspended", path=("agency",))
    return await documents.standing(row, call.actor, purpose, call.now, reader)


def _checked(standing: Standing) -> Standing:
    if standing.mandate is None:
        raise Forbidden("no legal mandate is in force for this purpose", path=("purpose",))
    for attribute in ATTRIBUTES.values():
        if not standing.may(attribute, Use.LINK):
            raise Forbidden(f"the agreement does not grant LINK on {attribute}", path=("agency",))
    return standing


# --- the job


def linking(storage: Storage, keys: KeyRing, *, batch: int = BATCH) -> Handler:
    """The handler of `file_jobs.LINKING`. Raises Forbidden, and is held, where what it rests on has ended."""

    async def work(its: Work) -> None:
        documents = Documents()
        await run(its, storage, keys, partial(_begin, its.database, keys, documents), batch=batch)

    return work


@dataclass(frozen=True, slots=True)
class _Batch:
    asked: list[Asked]
    refused: list[Told]


async def _begin(
    database: Database, keys: KeyRing, documents: Documents, file: OpenFile, after: int, _: Reader, __: Call
) -> Task:
    purpose = Purpose(file.settings["purpose"])
    agency = file.agency
    assert agency is not None

    async def ready(items: Sequence[tuple[int, FileRow]]) -> _Batch:
        batch = _Batch([], [])
        for place, (_, row) in enumerate(items):
            if place % BETWEEN_BREATHS == BETWEEN_BREATHS - 1:
                await asyncio.sleep(0)
            found = _understood(row, file)
            if isinstance(found, Asked):
                batch.asked.append(found)
            else:
                batch.refused.extend(found)
        return batch

    async def write(connection: "asyncpg.Connection[Row]", call: Call, batch: _Batch) -> list[Told]:
        reading = Reading(database, keys, documents)
        with reading.within(Snapshot(connection)):
            told = await link(reading, purpose, _as_agency(call, agency, purpose), batch.asked)
            await reading.record(connection, _as_agency(call, agency, purpose))
        return sorted([*told, *batch.refused], key=lambda line: line.row)

    rows = rows_of(file.content, file.shape, after=max(after, 1))
    return Task(((row.number, row) for row in rows), file.shape.rows, ready, write)


async def link(reading: Reading, purpose: Purpose, call: Call, asked: Sequence[Asked]) -> list[Told]:
    """The token of each row whose claims all agree exactly with one person who may be linked. Raises Forbidden.

    The entries are in `reading`. A card nobody has is looked up in the record of nobody, by the same work.
    """
    if not asked:
        return []
    agency, keys = call.actor.agency, reading.keys
    assert agency is not None
    hashes = [keys.index("CNIE", each.card) for each in asked]
    owners = {row["hash"]: row["owner_id"] for row in await reading.ask(_OWNERS, hashes, keys.index_version)}
    subject_keys = [
        (store.SubjectKey(None, owners.get(hash_, store.DECOY), keys.stranger("CNIE", each.card)), None)
        for each, hash_ in zip(asked, hashes, strict=True)
    ]
    row, subjects = await store.subjects(reading, call, purpose, subject_keys, ATTRIBUTES.values())
    standing = _checked(await _found(row, reading.documents, call, purpose, reading))
    told = []
    for number, (each, subject) in enumerate(zip(asked, subjects, strict=True)):
        if number % BETWEEN_BREATHS == BETWEEN_BREATHS - 1:
            await asyncio.sleep(0)
        decision = decide(standing, subject.state(standing), call.now)
        disclosure = reading.disclose(decision, subject.record, call, subject=subject.entry_owner, root_field=FIELD)
        linked = subject.person_id is not None
        for claim in each.claims:
            granted, verdict = disclosure.compare(claim.attribute, Use.LINK, partial(_compare, claim))
            linked &= granted and verdict is Verdict.MATCH
            if verdict is not Verdict.MATCH:
                disclosure.failed.append(claim.attribute)
        disclosure.outcome = {"linked": linked}
        token = None
        if linked and subject.person_id is not None:
            token = pairwise_token(TokenKind.PERSON, subject.person_id, agency, keys.tokens)
        told.append(Told(each.row, Outcome.LINKED if linked else Outcome.NOT_LINKED, token, reference=each.reference))
    return told


def _compare(claim: Claim, record: SealedRecord) -> Verdict:
    return compare(claim, true_value(record, claim.attribute), Level.EXACT)


def _understood(row: FileRow, file: OpenFile) -> Asked | list[Told]:
    if row.torn:
        return refused(row.number, [RowFault(None, RowCode.CELLS)])
    cells = {name: unsafe(cell.strip()) for name, cell in named(row, file.shape).items()}
    reference = cells["reference"]
    try:
        checked_text(reference, MAX_REFERENCE)
    except Invalid:
        return refused(row.number, [RowFault("reference", RowCode.INCOMPLETE)])
    claims, faults = [], []
    for name, attribute in ATTRIBUTES.items():
        text = date_of(cells[name]) if name == "birth_date" else cells[name]
        try:
            claims.append(parse_claim(attribute, checked_text(text, MAX_TEXT)))
        except Invalid:
            faults.append(RowFault(name, RowCode.INCOMPLETE))
    if faults:
        return [Told(row.number, Outcome.REFUSED, fault=fault, reference=reference) for fault in faults]
    return Asked(row.number, reference, tuple(claims))
