"""GraphQL of signing in with an account: password, second factor, taking up an invitation, and what is one's own to change.

The fields of who has not signed in are for pages, which ask in process: over HTTP nobody is answered without a session or a
token. Secrets (a session's token, recovery codes) are in the first answer only: the same request again does not tell them.
"""

from typing import Any

import strawberry
from strawberry.types import Info

from access import invitations
from access import sign_in as doors
from access.confirming import count_try
from access.passwords import REFUSED, Verdict
from api.changing import Changing, Outcome, UserError, change
from api.context import Context, opened, plain

DONE: Outcome = {"done": True}


@strawberry.input(description="The first step: it opens nothing but the second.")
class SignInInput:
    email: str
    password: str
    device: str | None = strawberry.field(default=None, description="The cookie of the browser's devices, if it has one.")


@strawberry.type
class SignInPayload:
    token: str | None = strawberry.field(description="Of a half session, good for five minutes, for the second step.")
    user_errors: list[UserError]


@strawberry.input(description="The second step: a code of now, or one of the recovery codes.")
class ConfirmSignInInput:
    token: str
    code: str | None = None
    recovery_code: str | None = None
    device: str | None = None


@strawberry.type
class ConfirmSignInPayload:
    token: str | None = strawberry.field(description="Of the session: for its cookie.")
    device: str | None = strawberry.field(description="The cookie of the browser's devices from now on.")
    user_errors: list[UserError]


@strawberry.type(description="Whom an invitation is for.")
class Invited:
    email: str
    name: str
    staff: bool = strawberry.field(description="Of the registry's staff; else of the people of an agency.")


@strawberry.input(description="The first step of taking an account up: its password is chosen, and not stored yet.")
class TakeUpInvitationInput:
    token: str = strawberry.field(description="Of the invitation's link.")
    password: str


@strawberry.type(description="What the second step is taken with.")
class TakeUpInvitationPayload:
    email: str | None
    secret: str | None = strawberry.field(description="For an authenticator app, to be typed.")
    uri: str | None = strawberry.field(description="The same, for a QR code.")
    ticket: str | None = strawberry.field(description="To be sent with the second step.")
    user_errors: list[UserError]


@strawberry.input(description="The second step: a code of the second factor proves it, and the account is taken up.")
class ConfirmInvitationInput:
    token: str
    ticket: str
    code: str


@strawberry.type(description="Told once: whoever has them keeps them.")
class RecoveryCodesPayload:
    recovery_codes: list[str] | None
    user_errors: list[UserError]


@strawberry.input(description="A new password, by the current one and a code of now. All other sessions end.")
class ChangePasswordInput:
    current_password: str
    new_password: str
    code: str
    request_key: str | None = None


@strawberry.input(description="New recovery codes in place of the older ones, by a code of now.")
class RenewRecoveryCodesInput:
    code: str
    request_key: str | None = None


@strawberry.input
class SignOutInput:
    request_key: str | None = None


@strawberry.input(description="Ends all of your sessions but this one.")
class EndOtherSessionsInput:
    request_key: str | None = None


@strawberry.type
class DonePayload:
    done: bool
    user_errors: list[UserError]


# --- signing in


async def sign_in(info: Info[Any, Any], input: SignInInput) -> SignInPayload:  # noqa: A002 the name of the schema
    given, context = plain(input), _context(info)
    tried: doors.Try | None = None
    verdict = REFUSED

    async def first(at: Changing) -> None:
        nonlocal tried
        tried = await doors.count_try(at.connection, at.call, at.keys, email=given["email"], device=given.get("device"))

    async def between() -> None:
        nonlocal verdict
        assert tried is not None
        verdict = await context.passwords.check(tried.stored, given["password"], known=tried.known)

    async def work(at: Changing) -> Outcome:
        assert tried is not None
        return {"token": await doors.begin_sign_in(at.connection, at.call, at.keys, tried=tried, verdict=verdict)}

    done, errors = await change(info, input, work, first=first, between=between)
    return SignInPayload(token=None if done is None else done["token"], user_errors=errors)


async def confirm_sign_in(info: Info[Any, Any], input: ConfirmSignInInput) -> ConfirmSignInPayload:  # noqa: A002 as above
    given = plain(input)

    async def first(at: Changing) -> None:
        await doors.count_second_factor(at.connection, at.call, at.keys, token=given["token"])

    async def work(at: Changing) -> Outcome:
        made = await doors.confirm_sign_in(
            at.connection,
            at.call,
            at.keys,
            token=given["token"],
            code=given.get("code"),
            recovery_code=given.get("recoveryCode"),
            device=given.get("device"),
        )
        return {"token": made.token, "device": made.device}

    done, errors = await change(info, input, work, first=first)
    told = done or {"token": None, "device": None}
    return ConfirmSignInPayload(token=told["token"], device=told["device"], user_errors=errors)


async def sign_out(info: Info[Any, Any], input: SignOutInput) -> DonePayload:  # noqa: A002 as above
    async def work(at: Changing) -> Outcome:
        await doors.sign_out(at.connection, at.call)
        return DONE

    return _done(*await change(info, input, work))


async def end_other_sessions(info: Info[Any, Any], input: EndOtherSessionsInput) -> DonePayload:  # noqa: A002 as above
    async def work(at: Changing) -> Outcome:
        await doors.end_other_sessions(at.connection, at.call)
        return DONE

    return _done(*await change(info, input, work))


# --- taking an account up


async def invitation(info: Info[Any, Any], token: str) -> Invited | None:
    reading, call, _ = opened(info)
    found = await invitations.invited(reading, call, token=token)
    return None if found is None else Invited(email=found.email, name=found.name, staff=found.staff)


async def take_up_invitation(
    info: Info[Any, Any],
    input: TakeUpInvitationInput,  # noqa: A002 as above
) -> TakeUpInvitationPayload:
    given, context = plain(input), _context(info)
    chosen: invitations.Enrolment | None = None

    async def choose(at: Changing) -> Outcome:
        nonlocal chosen
        token, password = given["token"], given["password"]
        chosen = await invitations.choose_password(at.connection, at.call, at.keys, token=token, password=password)
        return DONE

    _, errors = await change(info, input, choose)
    if chosen is None:
        return TakeUpInvitationPayload(email=None, secret=None, uri=None, ticket=None, user_errors=errors)
    made = invitations.propose_second_factor(chosen, await context.passwords.hash(chosen.password))
    return TakeUpInvitationPayload(email=made.email, secret=made.secret, uri=made.uri, ticket=made.ticket, user_errors=[])


async def confirm_invitation(info: Info[Any, Any], input: ConfirmInvitationInput) -> RecoveryCodesPayload:  # noqa: A002 as above
    given = plain(input)
    codes: list[str] = []

    async def work(at: Changing) -> Outcome:
        parts = {name: given[name] for name in ("token", "ticket", "code")}
        codes.extend(await invitations.take_up(at.connection, at.call, at.keys, **parts))
        return DONE

    done, errors = await change(info, input, work)
    return RecoveryCodesPayload(recovery_codes=codes if done else None, user_errors=errors)


# --- what is one's own


async def change_password(info: Info[Any, Any], input: ChangePasswordInput) -> DonePayload:  # noqa: A002 as above
    given, context = plain(input), _context(info)
    chosen: doors.OwnPassword | None = None
    verdict: Verdict = REFUSED
    stored = ""

    async def first(at: Changing) -> None:
        nonlocal chosen
        chosen = await doors.choose_own_password(at.connection, at.call, at.keys, new=given["newPassword"])

    async def between() -> None:
        nonlocal verdict, stored
        assert chosen is not None
        # Whoever is signed in is kept waiting by no strangers.
        verdict = await context.passwords.check(chosen.stored, given["currentPassword"], known=True)
        if verdict.ok:
            stored = await context.passwords.hash(chosen.new, known=True)

    async def work(at: Changing) -> Outcome:
        assert chosen is not None
        await doors.change_password(
            at.connection, at.call, at.keys, chosen=chosen, verdict=verdict, stored=stored, code=given["code"]
        )
        return DONE

    return _done(*await change(info, input, work, first=first, between=between))


async def renew_recovery_codes(
    info: Info[Any, Any],
    input: RenewRecoveryCodesInput,  # noqa: A002 as above
) -> RecoveryCodesPayload:
    given = plain(input)
    codes: list[str] = []

    async def first(at: Changing) -> None:
        await count_try(at.connection, at.keys, at.call)

    async def work(at: Changing) -> Outcome:
        codes.extend(await doors.renew_recovery_codes(at.connection, at.call, at.keys, code=given["code"]))
        return DONE

    _, errors = await change(info, input, work, first=first)
    return RecoveryCodesPayload(recovery_codes=codes or None, user_errors=errors)


def _context(info: Info[Any, Any]) -> Context:
    context: Context = info.context
    return context


def _done(outcome: Outcome | None, errors: list[UserError]) -> DonePayload:
    return DonePayload(done=outcome is not None, user_errors=errors)
