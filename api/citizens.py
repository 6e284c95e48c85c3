"""GraphQL of citizens: signing in, acting for a ward, being assisted, and a changed telephone.

The fields of who has not signed in are for pages, which ask in process: over HTTP nobody is answered without a session or a
token. What they answer does not tell whether anybody has a number.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.types import Info

from access.call import ActorKind
from access.catalogue import Lang
from access.notices import Channel
from access.one_time_codes import LIFETIME_SECONDS
from api.access import Text, instant, text
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import opened, plain
from api.identity import Person
from api.scalars import DateTime
from core.errors import Invalid
from identity import assisted, citizens, contacts, witnesses
from identity.contacts import ChangeState, ChangeView
from identity.sessions import Form

DONE: Outcome = {"done": True}
strawberry.enum(Channel, name="Channel", description="How somebody is told.")
strawberry.enum(Form, name="AssistedForm", description="What a citizen is assisted with: one thing at a time.")
strawberry.enum(ChangeState, name="TelephoneChangeState")


@strawberry.type(description="Somebody whose guardian you are, under a dated mandate.")
class Ward:
    id: strawberry.ID
    person: Person | None
    valid_from: DateTime
    valid_to: DateTime | None


@strawberry.type(description="A change of the registered telephone. Until it takes effect it can be stopped.")
class TelephoneChange:
    id: strawberry.ID
    state: ChangeState
    method: str = strawberry.field(description="CENTRE, or WITNESSES.")
    telephone: str | None = strawberry.field(description="The last digits of the new one, for its owner.")
    begun_at: DateTime
    takes_effect_at: DateTime | None
    ended_at: DateTime | None


@strawberry.type(description="Somebody asks you to vouch for their new telephone. `name`, `telephone`: as they typed them.")
class WitnessRequest:
    id: strawberry.ID
    name: str
    telephone: str
    asked_at: DateTime
    expires_at: DateTime
    answered_at: DateTime | None
    confirmed: bool | None


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


@strawberry.input(description="At a centre, with the person there. It takes effect in three days.")
class ChangeTelephoneInput:
    idcs: str
    telephone: str
    request_key: str | None = None


@strawberry.input(description="Where you cannot come to a centre: two registered people, who know you, vouch for it.")
class AskForTelephoneChangeInput:
    idcs: str
    name: str = strawberry.field(description="Your given and family name, as they are registered: the witnesses see it.")
    telephone: str
    witnesses: list[str] = strawberry.field(description="Their IDCS: two.")
    device: str | None = None


@strawberry.type(description="The same, whoever has these numbers.")
class AskForTelephoneChangePayload:
    done: bool
    user_errors: list[UserError]


@strawberry.input
class AnswerAsWitnessInput:
    request: strawberry.ID
    confirmed: bool
    request_key: str | None = None


@strawberry.type
class AnswerAsWitnessPayload:
    request: WitnessRequest | None
    user_errors: list[UserError]


@strawberry.input(description="Your own change by its id or, at a centre, whatever is open for that IDCS: exactly one of both.")
class StopTelephoneChangeInput:
    change: strawberry.ID | None = None
    idcs: str | None = None
    request_key: str | None = None


@strawberry.type
class TelephoneChangePayload:
    telephone_change: TelephoneChange | None
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
        )
        return {"challenge": str(challenge)}

    return _challenge(info, *await change(info, input, work, first=first))


async def finish_sign_in(info: Info[Any, Any], input: FinishSignInInput) -> FinishSignInPayload:  # noqa: A002 as above
    given = plain(input)

    async def first(at: Changing) -> None:
        challenge = id_of(given["challenge"], "challenge")
        await citizens.count_try(at.connection, at.call, at.keys, challenge=challenge, code=given["code"])

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


# --- a changed telephone


async def change_telephone(info: Info[Any, Any], input: ChangeTelephoneInput) -> TelephoneChangePayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        person, made = await contacts.change_telephone(
            at.connection, at.call, at.reading, idcs=given["idcs"], telephone=given["telephone"], issuer=at.issuer
        )
        return {"person": str(person), "change": str(made)}

    return await _changed(info, *await change(info, input, work))


async def stop_telephone_change(
    info: Info[Any, Any],
    input: StopTelephoneChangeInput,  # noqa: A002 as above
) -> TelephoneChangePayload:
    given = plain(input)
    its, idcs = given.get("change"), given.get("idcs")

    async def work(at: Changing) -> Outcome:
        if at.call.actor.kind is ActorKind.CITIZEN:
            if its is None or idcs is not None:
                raise Invalid("one's own change is stopped by its id", path=("change",))
            await contacts.stop_change(at.connection, at.call, at.keys, change=id_of(its, "change"))
            return {"person": None, "change": its}
        person, stopped = await contacts.stop_at_centre(at.connection, at.call, at.reading, idcs=idcs if its is None else None)
        return {"person": str(person), "change": str(stopped)}

    return await _changed(info, *await change(info, input, work))


async def ask_for_telephone_change(
    info: Info[Any, Any],
    input: AskForTelephoneChangeInput,  # noqa: A002 as above
) -> AskForTelephoneChangePayload:
    given = plain(input)

    typed = witnesses.Typed(**{name: given[name] for name in ("idcs", "name", "telephone", "witnesses")})

    async def first(at: Changing) -> None:
        await witnesses.count_request(at.connection, at.call, at.keys, typed=typed, device=given.get("device"))

    async def work(at: Changing) -> Outcome:
        await witnesses.ask_for_change(at.connection, at.call, at.reading, typed=typed)
        return DONE

    done, errors = await change(info, input, work, first=first)
    return AskForTelephoneChangePayload(done=done is not None, user_errors=errors)


async def answer_as_witness(info: Info[Any, Any], input: AnswerAsWitnessInput) -> AnswerAsWitnessPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        request = id_of(given["request"], "request")
        await witnesses.answer_as_witness(
            at.connection, at.call, at.keys, change=request, confirmed=given["confirmed"], issuer=at.issuer
        )
        return {"request": str(request)}

    done, errors = await change(info, input, work)
    found = None if done is None else next((each for each in await requests(info) if each.id == done["request"]), None)
    return AnswerAsWitnessPayload(request=found, user_errors=errors)


# --- what is shown of it


async def assisted_by(info: Info[Any, Any]) -> Text | None:
    reading, call, _ = opened(info)
    centre = await assisted.beside(reading, call)
    return None if centre is None else text(centre.names)


async def requests(info: Info[Any, Any]) -> list[WitnessRequest]:
    reading, call, _ = opened(info)
    return [
        WitnessRequest(
            id=strawberry.ID(str(its.change_id)),
            name=its.name,
            telephone=its.telephone,
            asked_at=DateTime(its.asked_at),
            expires_at=DateTime(its.expires_at),
            answered_at=instant(its.answered_at),
            confirmed=its.confirmed,
        )
        for its in await witnesses.witness_requests(reading, call)
    ]


async def changes(info: Info[Any, Any]) -> list[TelephoneChange]:
    reading, call, _ = opened(info)
    return [_telephone_change(view) for view in await contacts.telephone_changes(reading, call)]


async def _changed(info: Info[Any, Any], done: Outcome | None, errors: list[UserError]) -> TelephoneChangePayload:
    """The change that was made or stopped, as it stands now."""
    if done is None:
        return TelephoneChangePayload(telephone_change=None, user_errors=errors)
    reading, call, _ = opened(info)
    if call.actor.kind is ActorKind.CITIZEN:
        found = next((its for its in await changes(info) if its.id == done["change"]), None)
        return TelephoneChangePayload(telephone_change=found, user_errors=errors)
    view = await contacts.change_made(reading, call, person=UUID(done["person"]), change=UUID(done["change"]))
    return TelephoneChangePayload(telephone_change=_telephone_change(view), user_errors=errors)


def _telephone_change(its: ChangeView) -> TelephoneChange:
    return TelephoneChange(
        id=strawberry.ID(str(its.change_id)),
        state=its.state,
        method=its.method,
        telephone=cast("str | None", its.telephone),
        begun_at=DateTime(its.begun_at),
        takes_effect_at=instant(its.takes_effect_at),
        ended_at=instant(its.ended_at),
    )


def _challenge(info: Info[Any, Any], done: Outcome | None, errors: list[UserError]) -> ChallengePayload:
    if done is None:
        return ChallengePayload(challenge=None, expires_at=None, user_errors=errors)
    _, call, _ = opened(info)
    expires_at = DateTime(call.now + timedelta(seconds=LIFETIME_SECONDS))
    return ChallengePayload(challenge=strawberry.ID(done["challenge"]), expires_at=expires_at, user_errors=errors)


def _lang(given: Mapping[str, Any]) -> Lang | None:
    lang = given.get("lang")
    return None if lang is None else Lang(lang)
