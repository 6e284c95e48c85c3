"""GraphQL of the master keys: which there are, and wrapping all data keys by the newest."""

from collections.abc import Mapping
from typing import Any, cast

import strawberry
from strawberry.types import Info

from access import key_rotation as doors
from api.approvals import ProposalPayload, propose_found
from api.changing import Changing
from api.context import opened


@strawberry.type(description="A version of the master key. The newest wraps data keys; all of them open what they wrapped.")
class MasterKey:
    version: int
    newest: bool


@strawberry.input(description="How far the job has come is shown among the jobs.")
class RewrapKeysInput:
    request_key: str | None = None


async def rewrap_keys(info: Info[Any, Any], input: RewrapKeysInput) -> ProposalPayload:  # noqa: A002 the schema's name
    async def finding(at: Changing) -> Mapping[str, Any]:
        return doors.rewrapped(at.keys)

    return await propose_found(info, input, doors.KEYS_REWRAPPED, finding)


async def master_keys(info: Info[Any, Any]) -> list[MasterKey]:
    reading, call, _ = opened(info)
    return cast("list[MasterKey]", await doors.master_keys(reading, call, reading.keys))
