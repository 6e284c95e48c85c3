"""GraphQL of citizens: signing in, acting for a ward, and being assisted. `telephones.py` has the changed telephone.

The fields of who has not signed in are for pages, which ask in process: over HTTP nobody is answered without a session or a
token. What they answer does not tell whether anybody has a number.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import strawberry
from strawberry.types import Info

from access.catalogue import Lang
from access.notices import Channel
from access.one_time_codes import LIFETIME_SECONDS
from api.access import Text, text
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import opened, plain
from api.identity import Person
from api.scalars import DateTime
from identity import assisted, citizens
from identity.sessions import Form

strawberry.enum(Channel, name="Channel", description="How somebody is told.")
strawberry.enum(Form, name="AssistedForm", description="What a citizen is assisted with: one thing at a time.")


@strawberry.type(description="Somebody whose guardian you are, under a dated mandate.")
class Ward:
    id: strawberry.ID
    person: Person | None
    valid_from: DateTime
    valid_to: DateTime | None


# --- inputs and payloads


@strawberry.input(description="Asks for a one-time code, which goes to the registered telephone or e-mail.")
class BeginSignInInput:
    idcs: str
    lang: Lang = strawberry.field(description="Of the code's message.")
    channel: Channel | None = strawberry.field(default=None, description="The one that you wish for, where there is a choice.")
    device: str | None = strawberry.field(default=None, description="The cookie of the browser's devices, if it has one.")


@strawberry.type(description="The same, whether or not anybody has that number.")
class ChallengePayload:
    challenge: strawberry.ID | None = strawberry.field(description="To be sent with the code.")
    expires_at: DateTime | None
    user_errors: list[UserError]


@strawberry.input
class FinishSignInInput:
    challenge: strawberry.ID
    code: str
    lang: Lang | None = strawberry.field(default=None, description="Remembered, for whatever you are told from now on.")
    device: str | None = None


@strawberry.type
class FinishSignInPayload:
    token: str | None = strawberry.field(description="Of the session: for its cookie.")
    device: str | None = strawberry.field(description="The cookie of the browser's devices from now on.")
    user_errors: list[UserError]


@strawberry.input(description="See to the affairs of a ward (null: your own) from the next request on.")
class ActForInput:
    ward: strawberry.ID | None = None
    request_key: str | None = None


@strawberry.type
class ActForPayload:
    ward: strawberry.ID | None
    user_errors: list[UserError]


@strawberry.input(description="Asks for the citizen's one-time code, which is told to them with your centre's name.")
class BeginAssistedSessionInput:
    idcs: str
    form: Form
    lang: Lang | None = strawberry.field(default=None, description="Of the message, else the citizen's own.")


@strawberry.input(description="Opens the session with the code that the citizen tells you.")
class OpenAssistedSessionInput:
    challenge: strawberry.ID
    code: str


@strawberry.type
class OpenAssistedSessionPayload:
    token: str | None = strawberry.field(description="Of the assisted session: for its cookie.")
    user_errors: list[UserError]


# --- signing in


async def begin_sign_in(info: Info[Any, Any], input: BeginSignInInput) -> ChallengePayload:  # noqa: A002 the schema's name
    given = plain(input)

    async def first(at: Changing) -> None:
        await citizens.count_code(at.connection, at.call, at.keys, idcs=given["idcs"], device=given.get("device"))

    async def work(at: Changing) -> Outcome:
        wished = given.get("channel")
        challenge = await citizens.begin_sign_in(
            at.connection,
            at.call,
            at.keys,
            idcs=given["idcs"],
            lang=Lang(given["lang"]),
            channel=None if wished is None else Channel(wished),
            device=given.get("device"),
        )
        return {"challenge": str(challenge)}

    return _challenge(info, *await change(info, input, work, first=first))


async def finish_sign_in(info: Info[Any, Any], input: FinishSignInInput) -> FinishSignInPayload:  # noqa: A002 as above
    given = plain(input)

    async def first(at: Changing) -> None:
        challenge = id_of(given["challenge"], "challenge")
        await citizens.count_try(
            at.connection, at.call, at.keys, challenge=challenge, code=given["code"], device=given.get("device")
        )

    async def work(at: Changing) -> Outcome:
        made = await citizens.finish_sign_in(
            at.connection,
            at.call,
            at.keys,
            challenge=id_of(given["challenge"], "challenge"),
            code=given["code"],
            lang=_lang(given),
            device=given.get("device"),
        )
        return {"token": made.token, "device": made.device}

    done, errors = await change(info, input, work, first=first)
    told = done or {"token": None, "device": None}
    return FinishSignInPayload(token=told["token"], device=told["device"], user_errors=errors)


async def act_for(info: Info[Any, Any], input: ActForInput) -> ActForPayload:  # noqa: A002 as above
    ward = plain(input).get("ward")

    async def work(at: Changing) -> Outcome:
        await citizens.act_for(at.connection, at.call, ward=None if ward is None else id_of(ward, "ward"))
        return {"ward": ward}

    done, errors = await change(info, input, work)
    return ActForPayload(ward=None if done is None else done["ward"], user_errors=errors)


# --- being assisted


async def begin_assisted_session(
    info: Info[Any, Any],
    input: BeginAssistedSessionInput,  # noqa: A002 as above
) -> ChallengePayload:
    given = plain(input)

    async def first(at: Changing) -> None:
        await assisted.count_code(at.connection, at.call, at.keys, idcs=given["idcs"])

    async def work(at: Changing) -> Outcome:
        form = Form(given["form"])
        challenge = await assisted.begin_assisted(
            at.connection, at.call, at.reading, idcs=given["idcs"], form=form, lang=_lang(given)
        )
        return {"challenge": str(challenge)}

    return _challenge(info, *await change(info, input, work, first=first))


async def open_assisted_session(
    info: Info[Any, Any],
    input: OpenAssistedSessionInput,  # noqa: A002 as above
) -> OpenAssistedSessionPayload:
    given = plain(input)

    async def first(at: Changing) -> None:
        challenge = id_of(given["challenge"], "challenge")
        await assisted.count_try(at.connection, at.call, at.keys, challenge=challenge, code=given["code"])

    async def work(at: Changing) -> Outcome:
        challenge = id_of(given["challenge"], "challenge")
        return {"token": await assisted.open_assisted(at.connection, at.call, at.keys, challenge=challenge, code=given["code"])}

    done, errors = await change(info, input, work, first=first)
    return OpenAssistedSessionPayload(token=None if done is None else done["token"], user_errors=errors)


# --- what is shown of it


async def assisted_by(info: Info[Any, Any]) -> Text | None:
    reading, call, _ = opened(info)
    centre = await assisted.beside(reading, call)
    return None if centre is None else text(centre.names)


def _challenge(info: Info[Any, Any], done: Outcome | None, errors: list[UserError]) -> ChallengePayload:
    if done is None:
        return ChallengePayload(challenge=None, expires_at=None, user_errors=errors)
    _, call, _ = opened(info)
    expires_at = DateTime(call.now + timedelta(seconds=LIFETIME_SECONDS))
    return ChallengePayload(challenge=strawberry.ID(done["challenge"]), expires_at=expires_at, user_errors=errors)


def _lang(given: Mapping[str, Any]) -> Lang | None:
    lang = given.get("lang")
    return None if lang is None else Lang(lang)
