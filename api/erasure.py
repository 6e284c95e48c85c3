"""GraphQL of erasing somebody: proposed by one, approved by another."""

from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry.types import Info

from api.approvals import ProposalPayload, propose_found
from api.changing import Changing, id_of
from api.context import plain
from identity import erasure as doors
from identity.erasure import ErasureReason

strawberry.enum(ErasureReason, name="ErasureReason")


@strawberry.input(description="Nothing that is sealed of the person opens any more, for anybody and for good.")
class ErasePersonInput:
    person: strawberry.ID
    reason: ErasureReason
    reference: str | None = strawberry.field(
        default=None, description="Of the judgement or the file, say; never a name or a number of the person: it is not sealed."
    )
    request_key: str | None = None


async def erase_person(info: Info[Any, Any], input: ErasePersonInput) -> ProposalPayload:  # noqa: A002 the schema's name
    given = plain(input)

    async def finding(at: Changing) -> Mapping[str, Any]:
        return await doors.erasure(
            at.connection,
            at.call,
            at.reading,
            person=id_of(given["person"], "person"),
            reason=ErasureReason(given["reason"]),
            reference=given.get("reference"),
        )

    return await propose_found(info, input, doors.PERSON_ERASED, finding)
