"""GraphQL of a record's life: each step of its status is proposed by one and approved by another."""

from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry.types import Info

from api.approvals import ProposalPayload, propose_found
from api.changing import Changing, id_of
from api.context import plain
from api.scalars import Date
from identity import lifecycle as doors
from identity.lifecycle_states import StatusReason, StatusStep

strawberry.enum(StatusReason, name="StatusReason", description="Why: of each step only some of them.")


@strawberry.input(
    description="One step of a record's status, shown by evidence that was added for the person. Takes two people."
)
class ChangePersonStatusInput:
    person: strawberry.ID
    step: StatusStep
    reason: StatusReason
    effective_on: Date = strawberry.field(description="Never a day to come; of a death the day of it.")
    evidence: list[strawberry.ID] = strawberry.field(description="Files about the person that were given for nothing else.")
    until: Date | None = strawberry.field(
        default=None, description="Of a suspension: the first day on which it counts no more; null: until it is ended."
    )
    request_key: str | None = None


async def change_person_status(info: Info[Any, Any], input: ChangePersonStatusInput) -> ProposalPayload:  # noqa: A002 schema
    given = plain(input)

    async def finding(at: Changing) -> Mapping[str, Any]:
        return await doors.status_change(
            at.connection,
            at.call,
            at.reading,
            person=id_of(given["person"], "person"),
            step=StatusStep(given["step"]),
            reason=StatusReason(given["reason"]),
            effective_on=given["effectiveOn"],
            until=given.get("until"),
            evidence=[id_of(each, "evidence") for each in given["evidence"]],
        )

    return await propose_found(info, input, doors.PERSON_STATUS, finding)
