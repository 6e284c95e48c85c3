"""Pages of everybody who has an account: signing in, taking an invitation up, signing out, and one's own account.

The token of a half session, and what the second step of taking an account up needs, go with the reader in hidden fields: they
are of use for minutes only, and a page that holds them is stored nowhere.
"""

from collections.abc import Mapping
from typing import Any, Final

import segno

from access.devices import LIFETIME
from api.edge import ASSISTED, DEVICE, SESSION
from api.portal.forms import needed
from api.portal.framework import N_, Action, Audience, Data, Done, Link, Outcome, Page, PageRequest, Places, Show
from api.portal.security import VISIT
from api.portal.words import names
from core.errors import Invalid

PLACES: Final = Places()
ACCOUNTS: Final = {Audience.OFFICER: "/agency/account", Audience.STAFF: "/admin/account"}
ASSISTING: Final = "/admin/assisted"
OFFICERS_ACCOUNT: Final = Link(ACCOUNTS[Audience.OFFICER], N_("My account"))
STAFF_ACCOUNT: Final = Link(ACCOUNTS[Audience.STAFF], N_("My account"))
QR_SCALE = 5  # pixels of one square


def _at(address: str) -> Audience:
    """Whose pages that address is among."""
    place = address.split("/")[1]
    return {"admin": Audience.STAFF, "agency": Audience.OFFICER}.get(place, Audience.CITIZEN)


def _here(asked: PageRequest) -> Audience:
    return _at(asked.request.url.path)


# --- signing in


def _first(asked: PageRequest) -> Mapping[str, Any]:
    email = needed(asked.form, "email", N_("Enter your e-mail address."))
    if not asked.form["password"]:
        raise Invalid(N_("Enter your password."), path=("password",))
    return {"input": {"email": email, "password": asked.form["password"], "device": asked.request.cookies.get(DEVICE)}}


def _second(asked: PageRequest) -> Mapping[str, Any]:
    given = {"token": asked.form["token"], "device": asked.request.cookies.get(DEVICE)}
    if asked.form["action"] == "recover":
        return {"input": given | {"recoveryCode": needed(asked.form, "recoveryCode", N_("Enter a recovery code."))}}
    return {"input": given | {"code": needed(asked.form, "code", N_("Enter the six digits."))}}


def _half(asked: PageRequest, data: Data) -> Outcome:
    return Show("account/sign_in", {**_at_the_door(asked, data), "token": data["signIn"]["token"]})


def _whole(asked: PageRequest, data: Data) -> Outcome:
    made = data["confirmSignIn"]
    return Done(
        PLACES.home[_here(asked)],
        {SESSION: made["token"], DEVICE: made["device"], VISIT: None},
        {DEVICE: int(LIFETIME.total_seconds())},
    )


def _at_the_door(asked: PageRequest, _: Data) -> Mapping[str, Any]:
    return {"token": asked.form["token"], "staff": _here(asked) is Audience.STAFF}


def _door(audience: Audience) -> Page:
    confirm = Action(_whole, "ConfirmSignIn", _second, fields={"token": "email"}, enters=True)
    return Page(
        path=PLACES.sign_in[audience],
        name="account/sign_in",
        audience=Audience.ANYONE,
        secrets=frozenset({"password", "code", "recoveryCode"}),
        more=_at_the_door,
        actions={
            "enter": Action(_half, "SignIn", _first, fields={"": "email"}),
            "confirm": confirm,
            "recover": confirm,
        },
    )


# --- taking an account up


def _chosen(asked: PageRequest, field: str) -> str:
    """The new password in that field, typed twice."""
    if not asked.form[field]:
        raise Invalid(N_("Choose a password."), path=(field,))
    if asked.form[field] != asked.form["again"]:
        raise Invalid(N_("The two passwords are not the same."), path=("again",))
    return asked.form[field]


def _taking_up(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"token": asked.params["token"], "password": _chosen(asked, "password")}}


def _proving(asked: PageRequest) -> Mapping[str, Any]:
    code = needed(asked.form, "code", N_("Enter the six digits."))
    return {"input": {"token": asked.params["token"], "ticket": asked.form["ticket"], "code": code}}


def _factor(made: Mapping[str, str]) -> Mapping[str, Any]:
    """The second factor to be proven, for the page: with its QR code."""
    picture = segno.make(made["uri"], error="m").svg_data_uri(scale=QR_SCALE, light="#fff") if made["uri"] else ""
    return {"factor": {name: made[name] for name in ("secret", "uri", "ticket")} | {"picture": picture}}


def _invited(asked: PageRequest, _: Data) -> Mapping[str, Any]:
    return _factor(asked.form) if asked.form["ticket"] else {"factor": None}


def _prove(asked: PageRequest, data: Data) -> Outcome:
    known = {"staff": asked.form["staff"] == "yes", "email": data["takeUpInvitation"]["email"]}
    return Show("account/invitation", {**_factor(data["takeUpInvitation"]), "known": known})


def _codes(asked: PageRequest, data: Data) -> Outcome:
    door = PLACES.sign_in[Audience.STAFF if asked.form["staff"] == "yes" else Audience.OFFICER]
    return Show("account/codes", {"codes": data["confirmInvitation"]["recoveryCodes"], "onward": door, "fresh": True})


# --- one's own account


def _own(audience: Audience) -> tuple[Page, ...]:
    """The pages of one's own account, where that audience has its pages."""
    place = ACCOUNTS[audience]

    def mine(asked: PageRequest, _: Data) -> Mapping[str, Any]:
        return {"place": place, "names": names(asked.tongue)}

    def renewed(_: PageRequest, data: Data) -> Outcome:
        codes = data["renewRecoveryCodes"]["recoveryCodes"]
        return Show("account/codes", {"codes": codes, "onward": place, "fresh": False})

    return (
        Page(
            path=place,
            name="account/account",
            audience=audience,
            more=mine,
            actions={"end-others": Action(f"{place}?done=ended", "EndOtherSessions", _keyed)},
        ),
        Page(
            path=f"{place}/password",
            name="account/password",
            audience=audience,
            secrets=frozenset({"currentPassword", "newPassword", "again", "code"}),
            more=mine,
            actions={"change": Action(f"{place}?done=password", "ChangePassword", _new_password)},
        ),
        Page(
            path=f"{place}/recovery-codes",
            name="account/recovery_codes",
            audience=audience,
            more=mine,
            actions={"renew": Action(renewed, "RenewRecoveryCodes", _by_code)},
        ),
    )


def _keyed(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"requestKey": asked.form["requestKey"]}}


def _by_code(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"code": needed(asked.form, "code", N_("Enter the six digits.")), "requestKey": asked.form["requestKey"]}}


def _new_password(asked: PageRequest) -> Mapping[str, Any]:
    if not asked.form["currentPassword"]:
        raise Invalid(N_("Enter your current password."), path=("currentPassword",))
    given = {"currentPassword": asked.form["currentPassword"], "newPassword": _chosen(asked, "newPassword")}
    code = needed(asked.form, "code", N_("Enter the six digits."))
    return {"input": given | {"code": code, "requestKey": asked.form["requestKey"]}}


# --- signing out


def _left(asked: PageRequest, _: Data) -> Outcome:
    if asked.viewer.assisted:
        return Done(f"{ASSISTING}?done=ended", {ASSISTED: None})
    return Done(PLACES.sign_out[_here(asked)], {SESSION: None})


def _exit(audience: Audience) -> Page:
    return Page(
        path=PLACES.sign_out[audience],
        name="account/sign_out",
        audience=Audience.ANYONE,
        more=lambda asked, _: {"door": PLACES.sign_in[_here(asked)]},
        actions={"sign-out": Action(_left, "SignOut")},
    )


PAGES: Final = (
    _door(Audience.STAFF),
    _door(Audience.OFFICER),
    Page(
        path="/invitation/{token}",
        name="account/invitation",
        audience=Audience.ANYONE,
        variables=lambda asked: {"token": asked.params["token"], "nobody": asked.viewer.kind == "NOBODY"},
        secrets=frozenset({"password", "again", "code"}),
        more=_invited,
        actions={
            "choose": Action(_prove, "TakeUpInvitation", _taking_up, fields={"token": "password"}),
            "prove": Action(_codes, "ConfirmInvitation", _proving, fields={"token": "password", "ticket": "password"}),
        },
    ),
    *_own(Audience.STAFF),
    *_own(Audience.OFFICER),
    *map(_exit, (Audience.CITIZEN, Audience.OFFICER, Audience.STAFF)),
)
