"""Pages of agencies, for the staff who manage them: what each has, enrolling one, its keys, stopping it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from access.catalogue import LANGS
from access.rights import Scope
from api.portal import drafts
from api.portal.forms import needed
from api.portal.framework import N_, Action, Again, Audience, Data, Outcome, Page, PageRequest
from api.portal.needing import actor_of, need, needing, paged
from api.portal.words import names

HOME: Final = "/admin/agencies"

More = Callable[[PageRequest, Data], Mapping[str, Any]]


def _nothing_more(_: PageRequest, __: Data) -> Mapping[str, Any]:
    return {}


def managing(asked: PageRequest) -> Mapping[str, Any]:
    return {"id": asked.params["agency"]}


def only(scope: Scope, more: More = _nothing_more) -> More:
    """The further names of a page that asks for nothing, and is of no use without the scope: Forbidden to who has not."""

    def shown(asked: PageRequest, data: Data) -> Mapping[str, Any]:
        return {**need(asked, scope), **more(asked, data)}

    return shown


def proposed(field: str) -> Callable[[PageRequest, Data], Outcome]:
    """Where to go once that mutation has made a proposal."""

    def then(_: PageRequest, data: Data) -> Outcome:
        return f"/admin/approvals/{data[field]['proposal']['id']}?done=proposed"

    return then


def step(name: str) -> Action:
    """Leads to a step of the same page, where what a button does is said again before it is done."""
    return Action(lambda *_: Again(name))


def standing(its: Mapping[str, Any], now: datetime, ended: str) -> str:
    """How a dated thing stands: the first reason for which it does not count, or that it does."""
    if its[ended] is not None and datetime.fromisoformat(its[ended]) <= now:
        return "stopped"
    if its["inForce"]:
        return "ending" if its.get("expiresSoon") else "holds"
    return "coming" if now < datetime.fromisoformat(its["validFrom"]) else "over"


def _list(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    return {"names": names(asked.tongue), "agencies": [edge["node"] for edge in data["agencies"]["edges"]]}


def _one(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    its, scopes = data["agency"], actor_of(asked.viewer).scopes
    states = {key["kid"]: standing(key, asked.now, "revokedAt") for key in its["keys"]}
    return {
        "names": names(asked.tongue),
        "its": its,
        "key_states": states,
        "agreement_states": {each["version"]: standing(each, asked.now, "suspendedAt") for each in its["agreements"]},
        "mandate_states": {each["id"]: standing(each, asked.now, "revokedAt") for each in its["mandates"]},
        "may_publish": Scope.AGREEMENT_PUBLISH in scopes,
        "may_invite": Scope.ACCOUNT_MANAGE in scopes,
        "key": next((key for key in its["keys"] if key["kid"] == asked.form["kid"]), None),
    }


def _enrolment(asked: PageRequest) -> Mapping[str, Any]:
    code = needed(asked.form, "code", N_("Write the agency's code."))
    told = {lang: needed(asked.form, f"name-{lang}", N_("Write the agency's name in each language.")) for lang in LANGS}
    return {"input": {"code": code, "names": told, "requestKey": asked.form["requestKey"]}}


def _key(asked: PageRequest) -> Mapping[str, Any]:
    jwk = needed(asked.form, "jwk", N_("Paste the public key."))
    given = {
        "agency": asked.params["agency"],
        "jwk": jwk,
        "kid": asked.form["kid"].strip() or None,
        "validFrom": drafts.begins(asked.form).isoformat(),
        "validTo": drafts.ends(asked.form).isoformat(),
    }
    return {"input": given | {"requestKey": asked.form["requestKey"]}}


def _today(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    return {"draft": drafts.of_mandate(asked.now), "its": data["agency"]}


def _this(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"agency": asked.params["agency"], "requestKey": asked.form["requestKey"]}}


def _that_key(asked: PageRequest) -> Mapping[str, Any]:
    given = {"agency": asked.params["agency"], "kid": asked.form["kid"]}
    return {"input": given | {"requestKey": asked.form["requestKey"]}}


OF_KEY: Final = {
    "validFrom": "valid_from",
    "validTo": "valid_to",
    **{f"jwk.{member}": "jwk" for member in ("kty", "crv", "x", "y", "kid", "use", "alg", "key_ops", "d")},
}

PAGES: Final = (
    Page(path=HOME, name="admin/agencies", audience=Audience.STAFF, variables=needing(Scope.AGENCY_MANAGE, paged), more=_list),
    Page(
        path=f"{HOME}/new",
        name="admin/agency_new",
        audience=Audience.STAFF,
        more=only(Scope.AGENCY_MANAGE),
        actions={
            "enrol": Action(
                proposed("enrolAgency"),
                "EnrolAgency",
                _enrolment,
                fields={f"names.{lang}": f"name-{lang}" for lang in LANGS},
            )
        },
    ),
    Page(
        path=f"{HOME}/{{agency}}",
        name="admin/agency",
        audience=Audience.STAFF,
        variables=needing(Scope.AGENCY_MANAGE, managing),
        needs="agency",
        more=_one,
        actions={
            "ask-suspend": step("suspend"),
            "ask-resume": step("resume"),
            "ask-revoke-key": step("revoke-key"),
            "suspend": Action(f"{HOME}/{{agency}}?done=suspended", "SuspendAgency", _this),
            "resume": Action(proposed("resumeAgency"), "ResumeAgency", _this, fields={"agency": ""}),
            "revoke-key": Action(f"{HOME}/{{agency}}?done=key-revoked", "RevokeAgencyKey", _that_key, fields={"kid": ""}),
        },
    ),
    Page(
        path=f"{HOME}/{{agency}}/keys/new",
        name="admin/key_new",
        audience=Audience.STAFF,
        variables=needing(Scope.AGENCY_MANAGE, managing),
        needs="agency",
        more=_today,
        actions={"add": Action(proposed("addAgencyKey"), "AddAgencyKey", _key, fields=OF_KEY)},
    ),
)
