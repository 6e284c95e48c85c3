"""GraphQL of a changed telephone: at a centre, or where two witnesses vouch for it.

Asking for it is for pages, which ask in process, as signing in is (`citizens.py`). What is answered does not tell whether
anybody has a number.
"""

from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.types import Info

from access.call import ActorKind
from api.access import instant
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import opened, plain
from api.scalars import DateTime
from core.errors import Invalid
from identity import contacts, witnesses
from identity.contacts import ChangeView
from identity.telephone_rules import ChangeState

DONE: Outcome = {"done": True}
strawberry.enum(ChangeState, name="TelephoneChangeState")


@strawberry.type(description="A change of the registered telephone. Until it takes effect it can be stopped.")
class TelephoneChange:
    id: strawberry.ID
    state: ChangeState
    method: str = strawberry.field(description="CENTRE, or WITNESSES.")
    telephone: str | None = strawberry.field(description="The last digits of the new one, for its owner.")
    begun_at: DateTime
    takes_effect_at: DateTime | None
    ended_at: DateTime | None
    firm: bool = strawberry.field(
        description="Two agents registered it, the second after the first one's was stopped: only a centre can stop it."
    )


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
        firm=its.firm,
    )
