"""GraphQL of virtual numbers: what stands for somebody in the place of the IDCS, by its holder."""

from typing import Any, cast

import strawberry
from strawberry.types import Info

from api.access import instant
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import opened, plain
from api.guard import bound, described, echo
from api.scalars import DateTime
from identity import virtual_ids as doors
from identity.virtual_ids import VirtualIdView, VirtualKind, VirtualState

strawberry.enum(
    VirtualKind,
    name="VirtualIdKind",
    description="PERMANENT: until it is replaced. TIMED: for minutes to a year. SINGLE_USE: for one answer, within a day.",
)
strawberry.enum(VirtualState, name="VirtualIdState")


@described
@strawberry.type(description="A number of sixteen digits that stands for you: for who need not know your IDCS.")
class VirtualId:
    id: strawberry.ID | None = echo()
    kind: VirtualKind | None = echo()
    number: str | None = bound("person.virtual_id")
    state: VirtualState | None = echo(description="Only an OPEN one leads to you.")
    valid_from: DateTime | None = echo()
    valid_to: DateTime | None = echo(description="Null: until it is replaced or revoked.")
    uses: int | None = echo(description="Answers that were asked for by it.")
    last_used_at: DateTime | None = echo()
    revoked_at: DateTime | None = echo()


@strawberry.input(description="A new number. A permanent one takes the place of the one before.")
class IssueVirtualIdInput:
    kind: VirtualKind
    minutes: int | None = strawberry.field(
        default=None, description="How long it is good: of a TIMED one needed; of a SINGLE_USE one a day if none is said."
    )
    request_key: str | None = None


@strawberry.input
class RevokeVirtualIdInput:
    id: strawberry.ID
    request_key: str | None = None


@strawberry.type
class VirtualIdPayload:
    virtual_id: VirtualId | None
    user_errors: list[UserError]


async def issue_virtual_id(info: Info[Any, Any], input: IssueVirtualIdInput) -> VirtualIdPayload:  # noqa: A002 the schema's name
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        kind = VirtualKind(given["kind"])
        made = await doors.issue_virtual_id(at.connection, at.call, at.keys, kind=kind, minutes=given.get("minutes"))
        return {"virtual_id": str(made)}

    return await _payload(info, *await change(info, input, work))


async def revoke_virtual_id(info: Info[Any, Any], input: RevokeVirtualIdInput) -> VirtualIdPayload:  # noqa: A002 as above
    its = plain(input)["id"]

    async def work(at: Changing) -> Outcome:
        await doors.revoke_virtual_id(at.connection, at.call, at.keys, virtual_id=id_of(its, "id"))
        return {"virtual_id": str(id_of(its, "id"))}

    return await _payload(info, *await change(info, input, work))


async def virtual_ids(info: Info[Any, Any]) -> list[VirtualId]:
    reading, call, _ = opened(info)
    return [_virtual_id(view) for view in await doors.virtual_ids(reading, call)]


async def _payload(info: Info[Any, Any], done: Outcome | None, errors: list[UserError]) -> VirtualIdPayload:
    found = None if done is None else next((its for its in await virtual_ids(info) if its.id == done["virtual_id"]), None)
    return VirtualIdPayload(virtual_id=found, user_errors=errors)


def _virtual_id(its: VirtualIdView) -> VirtualId:
    return VirtualId(
        id=strawberry.ID(str(its.virtual_id)),
        kind=its.kind,
        number=cast("str | None", its.number),
        state=its.state,
        valid_from=DateTime(its.valid_from),
        valid_to=instant(its.valid_to),
        uses=its.uses,
        last_used_at=instant(its.last_used_at),
        revoked_at=instant(its.revoked_at),
    )
