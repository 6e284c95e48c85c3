"""GraphQL of pre-registration: for pages, which ask in process, of somebody without an account.

The receipt's number and the code that was shown with it lead back to a draft. Wrong tries are counted before they are judged.
"""

from typing import Any

import strawberry
from strawberry.types import Info

from access.catalogue import Lang
from api.changing import Changing, Outcome, UserError, change, durable
from api.context import opened, plain, raw
from api.enrolment_types import Enrolment, EnrolmentFormInput, EnrolmentPayload, by_paths, form_of, told
from api.selection import selected
from identity import enrolment_views
from identity import pre_registration as doors


@strawberry.input
class PreRegisterInput:
    form: EnrolmentFormInput
    lang: Lang = strawberry.field(description="In which you are told of it.")


@strawberry.type(description="`code`: shown this once. With the receipt's number it leads back to the draft.")
class PreRegisterPayload:
    enrolment: Enrolment | None
    code: str | None
    user_errors: list[UserError]


@strawberry.input
class ReceiptInput:
    receipt: str
    code: str


@strawberry.input(description="The whole form: it takes the place of what the draft held.")
class AmendPreRegistrationInput:
    receipt: str
    code: str
    form: EnrolmentFormInput


async def pre_register(info: Info[Any, Any], input: PreRegisterInput) -> PreRegisterPayload:  # noqa: A002 the schema's name
    given = plain(input)
    made: doors.Draft | None = None

    async def first(at: Changing) -> None:
        await doors.count_draft(at.connection, at.call, at.keys)

    async def work(at: Changing) -> Outcome:
        nonlocal made
        made = await doors.pre_register(at.connection, at.call, at.keys, form=form_of(given["form"]), lang=given["lang"])
        return {"number": made.number}

    done, errors = await change(info, input, by_paths(work), first=first)
    if done is None or made is None:
        return PreRegisterPayload(enrolment=None, code=None, user_errors=errors)
    return PreRegisterPayload(enrolment=await _own(info, made.number, made.secret), code=made.secret, user_errors=errors)


async def amend_pre_registration(
    info: Info[Any, Any],
    input: AmendPreRegistrationInput,  # noqa: A002 as above
) -> EnrolmentPayload:
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        await doors.amend_pre_registration(
            at.connection, at.call, at.keys, receipt=given["receipt"], code=given["code"], form=form_of(given["form"])
        )
        return {"done": True}

    return await _changed(info, input, given, work)


async def resume_pre_registration(info: Info[Any, Any], input: ReceiptInput) -> EnrolmentPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        await doors.right_look(at.connection, at.call, at.keys, receipt=given["receipt"], code=given["code"])
        return {"done": True}

    return await _changed(info, input, given, work)


async def enrolment_by_receipt(info: Info[Any, Any], receipt: str, code: str) -> Enrolment | None:
    async def count(at: Changing) -> None:
        await doors.count_look(at.connection, at.call, at.keys, receipt=receipt)

    async def give_back(at: Changing) -> None:
        await doors.right_look(at.connection, at.call, at.keys, receipt=receipt, code=code)

    await durable(info, count)
    await durable(info, give_back)
    return await _own(info, receipt, code)


async def _changed(info: Info[Any, Any], input_: object, given: Any, work: Any) -> EnrolmentPayload:
    async def first(at: Changing) -> None:
        await doors.count_look(at.connection, at.call, at.keys, receipt=given["receipt"])

    done, errors = await change(info, input_, by_paths(work), first=first)
    shown = None if done is None else await _own(info, given["receipt"], given["code"])
    return EnrolmentPayload(enrolment=shown, user_errors=errors)


async def _own(info: Info[Any, Any], receipt: str, code: str) -> Enrolment:
    reading, call, _ = opened(info)
    wanted = selected(raw(info)).attributes()
    return told(await enrolment_views.own_request(reading, call, receipt=receipt, code=code, wanted=wanted))
