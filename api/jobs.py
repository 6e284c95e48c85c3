"""GraphQL of the work beside requests: jobs, and (in a demonstration) the messages that would have been sent."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.types import Info

from access import jobs as doors
from access import outbox
from access.call import Call
from access.catalogue import Lang
from access.notice_texts import NoticeName
from access.notices import Channel
from access.outbox import MessageState
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import opened, plain
from api.scalars import DateTime
from core.jobs import Job as Found
from core.jobs import State
from identity.owners import OWNERS

strawberry.enum(State, name="JobState", description="HELD: it failed, and waits for a person's word.")
strawberry.enum(MessageState, name="MessageState")
strawberry.enum(NoticeName, name="NoticeName")


@strawberry.type(description="Work beside requests. `error`: the kind of its last failure, where that was not made good.")
class Job:
    id: strawberry.ID
    kind: str
    state: State
    created_at: DateTime
    due_at: DateTime
    begun_at: DateTime | None
    ended_at: DateTime | None
    done: int
    total: int | None
    failures: int
    error: str | None


@strawberry.type(description="The job as it stands now, or what is to be mended.")
class JobPayload:
    job: Job | None
    user_errors: list[UserError]


@strawberry.type(description="A message of a demonstration, which is sent to nobody.")
class Message:
    id: strawberry.ID
    notice: NoticeName
    channel: Channel
    lang: Lang
    state: MessageState
    told_at: DateTime
    recipient: str
    subject: str | None
    text: str | None


@strawberry.input
class JobInput:
    job: strawberry.ID
    request_key: str | None = None


async def jobs(info: Info[Any, Any], states: list[State] | None = None) -> list[Job]:
    reading, call, _ = opened(info)
    return [told(found) for found in await doors.list_jobs(reading, call, states=doors.OPEN if states is None else states)]


def _deciding(door: Callable[[AsyncConnection, Call, UUID], Awaitable[object]]) -> Any:
    """The mutation of a door that says what becomes of a job."""

    async def decide(info: Info[Any, Any], input: JobInput) -> JobPayload:  # noqa: A002 the name of the schema
        given = plain(input)

        async def work(at: Changing) -> Outcome:
            await door(at.connection, at.call, id_of(given["job"], "job"))
            return {"job": given["job"]}

        return await _payload(info, *await change(info, given, work))

    return decide


release_job = _deciding(doors.release_job)
cancel_job = _deciding(doors.cancel_job)
resend_message = _deciding(outbox.resend)
drop_message = _deciding(outbox.drop)


async def _payload(info: Info[Any, Any], outcome: Outcome | None, errors: list[UserError]) -> JobPayload:
    if outcome is None:
        return JobPayload(job=None, user_errors=errors)
    reading, call, _ = opened(info)
    return JobPayload(job=told(await doors.job(reading, call, id_of(outcome["job"]))), user_errors=errors)


def told(found: Found) -> Job:
    return Job(
        id=strawberry.ID(str(found.job_id)),
        kind=found.kind,
        state=found.state,
        created_at=DateTime(found.created_at),
        due_at=DateTime(found.due_at),
        begun_at=None if found.begun_at is None else DateTime(found.begun_at),
        ended_at=None if found.ended_at is None else DateTime(found.ended_at),
        done=found.done,
        total=found.total,
        failures=found.failures,
        error=found.error,
    )


async def messages(info: Info[Any, Any]) -> list[Message]:
    reading, call, _ = opened(info)
    return [
        Message(
            id=strawberry.ID(str(found.message_id)),
            notice=found.notice,
            channel=found.channel,
            lang=found.lang,
            state=found.state,
            told_at=DateTime(found.told_at),
            recipient=found.recipient,
            subject=None if found.wording is None else found.wording.subject,
            text=None if found.wording is None else found.wording.text,
        )
        for found in await outbox.shown(reading, call, reading.keys, OWNERS)
    ]
