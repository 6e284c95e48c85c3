"""Pre-registration, by somebody without an account or by a citizen for a child: a draft.

It is handed in at a centre, with the applicant there.

    count_draft ──> pre_register ──> (count_look ──> amend_pre_registration, own_request)
    (durable)                         (durable)

Whoever begins one gets a receipt's number and a code, shown once; both together lead back to it, and nothing else does. Only a
keyed hash of the code is stored. Wrong tries are counted by number and address before they are judged; an unknown number is
answered like a wrong code, after the same work.
"""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, open_to_all
from access.catalogue import Lang
from access.throttles import Budget, Charge, give_back, network_of, spend
from core.database import Snapshot, raw
from core.errors import RateLimited
from core.keys import KeyRing
from identity.applications import Form
from identity.enrolment import write
from identity.enrolment_states import Step
from identity.enrolment_store import (
    ONLINE,
    Request,
    is_secret,
    new_secret,
    numbered,
    place,
    refuse_unless_an_applicant,
    sound,
    wrong_code,
)
from identity.receipts import normal_number
from identity.register_models import Enrolment

# How many drafts are begun by one address; how many wrong codes are tried for one number, there and by all, and by one address.
DRAFTS = Budget("DRAFTS", limit=20, window_seconds=86_400)
LOOKS = Budget("RECEIPT_LOOKS", limit=100, window_seconds=86_400)
LOOKS_PAIR = Budget("RECEIPT_LOOKS_PAIR", limit=10, window_seconds=3600)
LOOKS_ADDRESS = Budget("RECEIPT_LOOKS_ADDR", limit=60, window_seconds=3600)


@dataclass(frozen=True, slots=True)
class Draft:
    """`secret` is shown once: nobody can tell it again."""

    enrolment: UUID
    number: str  # of the receipt
    secret: str = field(repr=False)


@open_to_all
async def count_draft(connection: AsyncConnection, call: Call, keys: KeyRing) -> None:
    """Counts a draft that is to be begun: to be committed before it is. Raises RateLimited."""
    refuse_unless_an_applicant(call)
    wait = await spend(connection, [Charge.of(keys, DRAFTS, network_of(call.address or ""))], now=call.now)
    if wait:
        raise RateLimited("too many requests were begun from there", retry_after=wait)


@open_to_all
async def pre_register(connection: AsyncConnection, call: Call, keys: KeyRing, *, form: Form, lang: Lang) -> Draft:
    """A new draft, which lapses after thirty days. Raises Faulty for what cannot be."""
    refuse_unless_an_applicant(call)
    its = await sound(Snapshot(await raw(connection)), form, call.now, complete=False)
    secret = new_secret()
    enrolment = await place(connection, keys, call, its, channel=ONLINE, lang=lang, secret=secret)
    number = await connection.scalar(select(Enrolment.number).where(Enrolment.person_id == enrolment))
    assert number is not None
    return Draft(enrolment, number, secret)


@open_to_all
async def count_look(connection: AsyncConnection, call: Call, keys: KeyRing, *, receipt: str) -> None:
    """Counts a try at a receipt's code: to be committed before it is judged. Raises Invalid, RateLimited."""
    refuse_unless_an_applicant(call)
    wait = await spend(connection, _charges(keys, call, normal_number(receipt)), now=call.now)
    if wait:
        raise RateLimited("too many tries", retry_after=wait)


@open_to_all
async def right_look(connection: AsyncConnection, call: Call, keys: KeyRing, *, receipt: str, code: str) -> UUID:
    """The request with that number, whose code this is; the try is given back. Raises Invalid, one and the same, for any other.

    The try has to be counted before.
    """
    refuse_unless_an_applicant(call)
    return (await _shown(connection, call, keys, receipt, code)).id


@open_to_all
async def amend_pre_registration(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, receipt: str, code: str, form: Form
) -> UUID:
    """The draft holds this form from now on. Raises as `right_look`, Faulty, and Conflict once it was handed in or lapsed."""
    refuse_unless_an_applicant(call)
    request = await _shown(connection, call, keys, receipt, code)
    request.follow(Step.AMEND)
    await write(connection, request, await sound(Snapshot(await raw(connection)), form, call.now, complete=False))
    return request.id


async def _shown(connection: AsyncConnection, call: Call, keys: KeyRing, receipt: str, code: str) -> Request:
    number = normal_number(receipt)
    request = await numbered(Snapshot(await raw(connection)), keys, number, call.now, hold=True)
    if not is_secret(keys, request, code) or request is None:
        raise wrong_code()
    await give_back(connection, _charges(keys, call, number), now=call.now)
    return request


def _charges(keys: KeyRing, call: Call, number: str) -> tuple[Charge, ...]:
    network = network_of(call.address or "")
    return (
        Charge.of(keys, LOOKS, number),
        Charge.of(keys, LOOKS_PAIR, number, network),
        Charge.of(keys, LOOKS_ADDRESS, network),
    )
