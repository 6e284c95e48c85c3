"""Pages of accounts, for administrators: the registry's staff, the people of agencies, inviting, roles, disabling."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from access.rights import OF_STAFF, Role, Scope
from api.portal import drafts
from api.portal.admin_agencies import only, proposed, step
from api.portal.forms import needed
from api.portal.framework import N_, Action, Audience, Data, Outcome, Page, PageRequest
from api.portal.needing import needing, paged
from api.portal.words import names

HOME: Final = "/admin/accounts"
ROLES: Final = [role.value for role in Role if role in OF_STAFF]

TAGS: Final = {"disabled": "bad", "invited": "info", "lapsed": "warn", "waiting": "warn", "used": "good"}
STATES: Final = {
    "disabled": N_("Disabled"),
    "invited": N_("Invited"),
    "lapsed": N_("Invitation lapsed"),
    "waiting": N_("Without a role"),
    "used": N_("In use"),
}


def _state(account: Mapping[str, Any], now: datetime) -> str:
    if account["disabledAt"] is not None and datetime.fromisoformat(account["disabledAt"]) <= now:
        return "disabled"
    if not account["takenUp"]:
        return "invited" if account["invitedUntil"] else "lapsed"
    return "used" if account["roles"] else "waiting"


def _listed(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    found = [edge["node"] for edge in data["accounts"]["edges"]]
    states = {account["id"]: _state(account, asked.now) for account in found}
    return {"names": names(asked.tongue), "found": found, "standing": states, "states": STATES, "tags": TAGS}


def _of_agency(asked: PageRequest) -> Mapping[str, Any]:
    return {"agency": asked.params["agency"], **paged(asked)}


def _one(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    account = data["account"]
    return {
        "names": names(asked.tongue),
        "its": account,
        "standing": _state(account, asked.now),
        "states": STATES,
        "tags": TAGS,
        "grant": next((grant for grant in account["roles"] if grant["id"] == asked.form["grant"]), None),
        "back": HOME if account["agency"] is None else f"{HOME}/agencies/{account['agency']['id']}",
        "own": account["id"] == data["me"]["id"],
    }


def _newcomer(asked: PageRequest) -> Mapping[str, Any]:
    given = {
        "email": needed(asked.form, "email", N_("Enter the e-mail address.")),
        "name": needed(asked.form, "name", N_("Enter the name.")),
        "lang": asked.form["lang"] if asked.form["lang"] in ("AR", "FR", "EN") else asked.lang,
    }
    return given | {"requestKey": asked.form["requestKey"]}


def _staff(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": _newcomer(asked)}


def _administrator(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {**_newcomer(asked), "agency": asked.params["agency"]}}


def _invited(field: str) -> Any:
    def then(_: PageRequest, data: Data) -> Outcome:
        return f"{HOME}/{data[field]['account']['id']}?done=invited"

    return then


def _this(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"account": asked.params["account"], "requestKey": asked.form["requestKey"]}}


def _that_grant(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"grant": asked.form["grant"], "requestKey": asked.form["requestKey"]}}


def _role(asked: PageRequest) -> Mapping[str, Any]:
    given = {
        "account": asked.params["account"],
        "role": needed(asked.form, "role", N_("Choose a role.")),
        "division": asked.form["division"] or None,
        "validTo": drafts.ends(asked.form).isoformat() if asked.form["valid_to"].strip() else None,
    }
    return {"input": given | {"requestKey": asked.form["requestKey"]}}


def _granting(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known, of_agency = names(asked.tongue), data["account"]["agency"] is not None
    roles = [Role.AGENCY_ADMINISTRATOR.value] if of_agency else ROLES
    choices = [(role, known.roles[role], known.duties.get(role, "")) for role in roles]
    return {"names": known, "its": data["account"], "choices": choices, "of_agency": of_agency}


_RESULT: Final = f"{HOME}/{{account}}?done="
_OVER: Final = {"account": ""}

PAGES: Final = (
    Page(
        path=HOME, name="admin/accounts", audience=Audience.STAFF, variables=needing(Scope.ACCOUNT_MANAGE, paged), more=_listed
    ),
    Page(
        path=f"{HOME}/new",
        name="admin/account_new",
        audience=Audience.STAFF,
        more=only(Scope.ACCOUNT_MANAGE, lambda asked, _: {"names": names(asked.tongue)}),
        actions={"invite": Action(_invited("inviteStaff"), "InviteStaff", _staff)},
    ),
    Page(
        path=f"{HOME}/agencies",
        name="admin/account_agencies",
        audience=Audience.STAFF,
        variables=needing(Scope.ACCOUNT_MANAGE, paged),
    ),
    Page(
        path=f"{HOME}/agencies/{{agency}}",
        name="admin/agency_people",
        audience=Audience.STAFF,
        variables=needing(Scope.ACCOUNT_MANAGE, _of_agency),
        needs="agencyName",
        more=_listed,
    ),
    Page(
        path=f"{HOME}/agencies/{{agency}}/new",
        name="admin/agency_administrator_new",
        audience=Audience.STAFF,
        variables=needing(Scope.ACCOUNT_MANAGE, lambda asked: {"agency": asked.params["agency"]}),
        needs="agencyName",
        more=lambda asked, _: {"names": names(asked.tongue)},
        actions={"invite": Action(_invited("inviteAgencyAdministrator"), "InviteAgencyAdministrator", _administrator)},
    ),
    Page(
        path=f"{HOME}/{{account}}",
        name="admin/account",
        audience=Audience.STAFF,
        variables=needing(Scope.ACCOUNT_MANAGE, lambda asked: {"id": asked.params["account"]}),
        needs="account",
        more=_one,
        actions={
            "ask-disable": step("disable"),
            "ask-reset": step("reset"),
            "ask-revoke": step("revoke"),
            "disable": Action(f"{_RESULT}disabled", "DisableAccount", _this, fields=_OVER),
            "reset": Action(proposed("resetAccount"), "ResetAccount", _this, fields=_OVER),
            "revoke": Action(f"{_RESULT}revoked", "RevokeRole", _that_grant, fields={"grant": ""}),
            "invite-again": Action(f"{_RESULT}invited", "InviteAgain", _this, fields=_OVER),
        },
    ),
    Page(
        path=f"{HOME}/{{account}}/roles/new",
        name="admin/role_new",
        audience=Audience.STAFF,
        variables=needing(Scope.ACCOUNT_MANAGE, lambda asked: {"id": asked.params["account"]}),
        needs="account",
        more=_granting,
        actions={"grant": Action(proposed("grantRole"), "GrantRole", _role, fields={"validTo": "valid_to", **_OVER})},
    ),
)
