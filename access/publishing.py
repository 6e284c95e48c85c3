"""What agencies may ask for, and what people are told of it: agreements, legal mandates, and notices of consents.

To publish one, or to let an agreement count again, takes two people (`ACTS`); to stop one takes one person, and counts at once.
What is published never changes: a new agreement or notice is a new version, and a mandate ends at its date or is revoked.
Each names its agency by its code.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.agencies import of_code, refuse_beyond, stopped
from access.agreements import MAX_NUMBER, parse_agreement, parse_mandate
from access.approval import Act, Approved, Document, refuse_unless_approved
from access.call import Call, allow
from access.consent_models import ConsentNotice
from access.consent_notices import parse_notice
from access.models import Agency, Agreement, Mandate
from access.rights import Scope
from access.territory import division_code
from core.documents import Node
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import uuid7

_MANDATE_BEFORE = text(
    """select document from mandate where agency_id = :agency and purpose = :purpose and revoked_at is null
        order by valid_from desc, hash desc limit 1"""
)


def publication(document: Mapping[str, Any]) -> Document:
    """The change that AGREEMENT_PUBLISHED, MANDATE_PUBLISHED and NOTICE_PUBLISHED make: {document}."""
    return {"document": dict(document)}


@dataclass(frozen=True, slots=True)
class _New:
    """A document that can be published, as the row that it becomes, and the one it takes the place of."""

    row: Mapping[str, Any]
    before: Mapping[str, Any] | None

    @property
    def hash(self) -> bytes:
        found: bytes = self.row["hash"]
        return found


# --- by two people


@allow(Scope.AGREEMENT_PUBLISH)
async def publish_agreement(
    connection: AsyncConnection, call: Call, approval: Approved, *, document: Mapping[str, Any]
) -> bytes:
    """The hash of the agreement, now a version of its agency's for ever (form: `agreements.py`).

    Raises Invalid with the path of the faulty part, NotFound for an unknown agency, Conflict unless it is the next version.
    """
    refuse_unless_approved(approval, AGREEMENT_PUBLISHED.kind, publication(document))
    new = await _new_agreement(connection, call, document)
    await connection.execute(insert(Agreement).values(new.row))
    return new.hash


@allow(Scope.AGREEMENT_PUBLISH)
async def publish_mandate(connection: AsyncConnection, call: Call, approval: Approved, *, document: Mapping[str, Any]) -> bytes:
    """The hash of the mandate, now published (form: `agreements.py`).

    Raises Invalid with the path of the faulty part, NotFound for an unknown agency, Conflict where it was published before.
    """
    refuse_unless_approved(approval, MANDATE_PUBLISHED.kind, publication(document))
    new = await _new_mandate(connection, call, document)
    made = await connection.execute(insert(Mandate).values(new.row).on_conflict_do_nothing().returning(Mandate.mandate_id))
    if made.first() is None:
        raise _mandate_known()
    return new.hash


@allow(Scope.AGREEMENT_PUBLISH)
async def publish_notice(connection: AsyncConnection, call: Call, approval: Approved, *, document: Mapping[str, Any]) -> bytes:
    """The hash of the notice, now a version of its agency's for its purpose (form: `consent_notices.py`).

    Raises Invalid with the path of the faulty part, NotFound for an unknown agency, Conflict unless it is the next version.
    """
    refuse_unless_approved(approval, NOTICE_PUBLISHED.kind, publication(document))
    new = await _new_notice(connection, call, document)
    await connection.execute(insert(ConsentNotice).values(new.row))
    return new.hash


@allow(Scope.AGREEMENT_PUBLISH)
async def resume_agreement(connection: AsyncConnection, call: Call, approval: Approved, *, change: Document) -> None:
    """From the next question on that version counts again. Raises NotFound, and Conflict unless it is suspended."""
    refuse_unless_approved(approval, AGREEMENT_RESUMED.kind, change)
    found = await _suspended(connection, call, change)
    its = (Agreement.agency_id == found.agency_id) & (Agreement.version == found.version)
    await connection.execute(update(Agreement).where(its).values(suspended_at=None, suspended_by=None))


@allow(Scope.AGREEMENT_PUBLISH)
async def resumption(connection: AsyncConnection, _call: Call, *, agency: UUID, version: int) -> Document:
    """The change that AGREEMENT_RESUMED makes: {agency, version, territory}. Raises NotFound."""
    row = await _version(connection, agency, version)
    code = await connection.scalar(select(Agency.code).where(Agency.agency_id == agency))
    return {"agency": code, "version": version, "territory": row.document["territory"]}


async def _new_agreement(connection: AsyncConnection, call: Call, document: Mapping[str, Any]) -> _New:
    agreement = parse_agreement(document)
    _check_divisions(document["territory"])
    if agreement.valid_to <= call.now:
        raise Invalid("the agreement is over already", path=("valid_to",))
    agency = (await of_code(connection, document["agency"], "agency")).agency_id
    newest = select(Agreement.version, Agreement.document).where(Agreement.agency_id == agency)
    last = (await connection.execute(newest.order_by(Agreement.version.desc()).limit(1))).first()
    if last is not None and not call.actor.reaches(Scope.AGREEMENT_PUBLISH, last.document["territory"]):
        raise Forbidden("the agreement that this one replaces lies outside of where you may do it")
    following = 1 if last is None else last.version + 1
    if agreement.version != following:
        raise Conflict(f"the next version of this agency's agreement is {following}", path=("version",))
    row = {
        "agency_id": agency,
        "version": agreement.version,
        "hash": agreement.hash,
        "document": dict(document),
        "valid_from": agreement.valid_from,
        "valid_to": agreement.valid_to,
    }
    return _New(row, None if last is None else last.document)


def _check_divisions(territory: Collection[str] | None) -> None:
    for place, code in enumerate(territory or ()):
        try:
            division_code(code)
        except Invalid as fault:
            raise Invalid(fault.message, path=("territory", place)) from None


async def _new_mandate(connection: AsyncConnection, call: Call, document: Mapping[str, Any]) -> _New:
    mandate = parse_mandate(document)
    if mandate.valid_to <= call.now:
        raise Invalid("the mandate is over already", path=("valid_to",))
    agency = (await of_code(connection, document["agency"], "agency")).agency_id
    if await connection.scalar(select(Mandate.mandate_id).where(Mandate.hash == mandate.hash)) is not None:
        raise _mandate_known()
    before = await connection.scalar(_MANDATE_BEFORE, {"agency": agency, "purpose": mandate.purpose})
    row = {
        "mandate_id": uuid7(call.now),
        "agency_id": agency,
        "purpose": mandate.purpose,
        "hash": mandate.hash,
        "document": dict(document),
        "valid_from": mandate.valid_from,
        "valid_to": mandate.valid_to,
    }
    return _New(row, before)


def _mandate_known() -> Conflict:
    return Conflict("this very mandate was published before")


async def _new_notice(connection: AsyncConnection, call: Call, document: Mapping[str, Any]) -> _New:
    notice = parse_notice(document)
    agency = (await of_code(connection, notice.agency, "agency")).agency_id
    its = (ConsentNotice.agency_id == agency) & (ConsentNotice.purpose == notice.purpose)
    newest = select(ConsentNotice.version, ConsentNotice.document).where(its)
    last = (await connection.execute(newest.order_by(ConsentNotice.version.desc()).limit(1))).first()
    following = 1 if last is None else last.version + 1
    if notice.version != following:
        raise Conflict(f"the next version of this notice is {following}", path=("version",))
    row = {
        "agency_id": agency,
        "purpose": notice.purpose,
        "version": notice.version,
        "hash": notice.hash,
        "document": dict(document),
        "valid_from": notice.valid_from,
        "published_at": call.now,
    }
    return _New(row, None if last is None else last.document)


async def _version(connection: AsyncConnection, agency: UUID, version: int) -> Any:
    """That version of an agency's agreement, locked until the transaction ends. Raises NotFound."""
    its = (Agreement.agency_id == agency) & (Agreement.version == version)
    row = (await connection.execute(select(Agreement).where(its).with_for_update())).first()
    if row is None:
        raise NotFound("no such version", path=("version",))
    return row


async def _suspended(connection: AsyncConnection, call: Call, change: Document) -> Any:
    fields = Node(dict(change)).record(("agency", "version", "territory"))
    version = fields["version"].integer(1, MAX_NUMBER)
    row = await _version(connection, (await of_code(connection, change["agency"], "agency")).agency_id, version)
    if row.document["territory"] != fields["territory"].value:
        fields["territory"].refuse("not the territory of this agreement")
    if row.suspended_at is None or call.now < row.suspended_at:
        raise Conflict("the agreement is not suspended", path=("version",))
    return row


# --- by one, and at once


@allow(Scope.AGENCY_MANAGE)
async def suspend_agreement(connection: AsyncConnection, call: Call, *, agency: UUID, version: int) -> None:
    """From the next question on that version does not count, and no older one in its place. One suspended before stays so."""
    row = await _version(connection, agency, version)
    refuse_beyond(call, row.document["territory"])
    its = (Agreement.agency_id == agency) & (Agreement.version == version)
    await connection.execute(update(Agreement).where(its).values(stopped(call, Agreement.suspended_at, Agreement.suspended_by)))


@allow(Scope.AGENCY_MANAGE)
async def revoke_mandate(connection: AsyncConnection, call: Call, *, mandate: UUID) -> UUID:
    """The agency whose mandate it was: from the next question on it counts for nothing. One revoked before stays so."""
    refuse_beyond(call, None)
    values = stopped(call, Mandate.revoked_at, Mandate.revoked_by)
    its = update(Mandate).where(Mandate.mandate_id == mandate).values(values).returning(Mandate.agency_id)
    agency: UUID | None = await connection.scalar(its)
    if agency is None:
        raise NotFound("no such mandate", path=("mandate",))
    return agency


# --- the acts


def _document_in(change: Document) -> Mapping[str, Any]:
    node = Node(dict(change)).record(("document",))["document"]
    node.entries()
    found: Mapping[str, Any] = change["document"]
    return found


def _publishing(
    kind: str,
    new: Callable[[AsyncConnection, Call, Mapping[str, Any]], Awaitable[_New]],
    publish: Callable[..., Awaitable[bytes]],
    territory: Callable[[Document], Collection[str] | None],
) -> Act:
    """The act of publishing one kind of document; what is wrong with it is found under `document`."""

    async def before(connection: AsyncConnection, call: Call, change: Document) -> Document | None:
        try:
            found = (await new(connection, call, _document_in(change))).before
        except (Invalid, NotFound, Conflict) as refusal:
            raise (refusal if refusal.path[:1] == ("document",) else refusal.under("document")) from None
        return None if found is None else publication(found)

    async def apply(connection: AsyncConnection, call: Call, change: Document, approval: Approved) -> Document:
        hash_ = await publish(connection, call, approval, document=change["document"])
        return {"agency": change["document"]["agency"], "hash": hash_.hex()}

    return Act(kind, Scope.AGREEMENT_PUBLISH, territory, before, apply)


async def _before_resumed(connection: AsyncConnection, call: Call, change: Document) -> Document:
    row = await _suspended(connection, call, change)
    return dict(change) | {"suspended_at": row.suspended_at.astimezone(UTC).isoformat()}


async def _resume(connection: AsyncConnection, call: Call, change: Document, approval: Approved) -> Document:
    await resume_agreement(connection, call, approval, change=change)
    return {"agency": change["agency"], "version": change["version"]}


def _everywhere(_change: Document) -> None:
    return None


def _of_document(change: Document) -> Collection[str] | None:
    territory: Collection[str] | None = change["document"]["territory"]
    return territory


def _of_version(change: Document) -> Collection[str] | None:
    territory: Collection[str] | None = change["territory"]
    return territory


AGREEMENT_PUBLISHED = _publishing("AGREEMENT_PUBLISHED", _new_agreement, publish_agreement, _of_document)
MANDATE_PUBLISHED = _publishing("MANDATE_PUBLISHED", _new_mandate, publish_mandate, _everywhere)
NOTICE_PUBLISHED = _publishing("NOTICE_PUBLISHED", _new_notice, publish_notice, _everywhere)
AGREEMENT_RESUMED = Act("AGREEMENT_RESUMED", Scope.AGREEMENT_PUBLISH, _of_version, _before_resumed, _resume)
ACTS = (AGREEMENT_PUBLISHED, MANDATE_PUBLISHED, NOTICE_PUBLISHED, AGREEMENT_RESUMED)
