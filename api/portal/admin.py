"""The pages of the registry's staff, under /admin: what waits, approvals, and what each of them finds in the navigation."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from access.rights import Scope
from api.portal import admin_accounts, admin_agencies, admin_centre, admin_documents, changes
from api.portal.forms import needed
from api.portal.framework import N_, Action, Audience, Data, Link, Page, PageRequest, Viewer
from api.portal.needing import actor_of, needing
from api.portal.register_words import words
from api.portal.sign_in import STAFF_ACCOUNT
from api.portal.words import names

_LINKS: Final = (
    (Scope.APPROVAL_DECIDE, Link("/admin/approvals", N_("Approvals"))),
    (Scope.AGENCY_MANAGE, Link("/admin/agencies", N_("Agencies"))),
    (Scope.ACCOUNT_MANAGE, Link("/admin/accounts", N_("Accounts"))),
    (Scope.REPORT_READ, Link("/admin/reports", N_("Reports"))),
    (Scope.ASSIST, Link("/admin/assisted", N_("Beside a citizen"))),
    (Scope.CONTACT_CHANGE, Link("/admin/telephones", N_("Telephones"))),
    (Scope.SELF_READ, STAFF_ACCOUNT),
)


def navigation(viewer: Viewer) -> Sequence[Link]:
    """What somebody of the registry's staff may open; nothing for everybody else."""
    if not viewer.may_see(Audience.STAFF):
        return ()
    scopes = actor_of(viewer).scopes
    return [link for scope, link in _LINKS if scope in scopes]


# --- home


def _may(asked: PageRequest) -> Mapping[str, Any]:
    scopes = actor_of(asked.viewer).scopes
    return {
        "approvals": Scope.APPROVAL_DECIDE in scopes,
        "reports": Scope.REPORT_ANSWER in scopes,
        "requests": Scope.CHANGE_DECIDE in scopes,
    }


def _home(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    scopes = actor_of(asked.viewer).scopes
    open_ones = data.get("approvals") or {"edges": (), "pageInfo": {"hasNextPage": False}}
    reports = data.get("accessReports") or {"edges": (), "pageInfo": {"hasNextPage": False}}
    requests = data.get("changeRequests") or {"edges": (), "pageInfo": {"hasNextPage": False}}
    return {
        "names": names(asked.tongue),
        "may": {scope.name: scope in scopes for scope in Scope},
        "to_decide": sum(edge["node"]["mayDecide"] for edge in open_ones["edges"]),
        "to_answer": len(reports["edges"]),
        "more_to_answer": reports["pageInfo"]["hasNextPage"],
        "requests": sum(not edge["node"]["mine"] for edge in requests["edges"]),
        "more_requests": requests["pageInfo"]["hasNextPage"],
    }


# --- approvals


def _listed(asked: PageRequest) -> Mapping[str, Any]:
    state = asked.query.get("state", "OPEN")
    return {"after": asked.query.get("after"), "state": state if state in changes.STATES else None}


def _list(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known = names(asked.tongue)
    told = []
    for edge in data["approvals"]["edges"]:
        its = edge["node"]
        change = changes.read(its["change"])
        said = {"title": changes.title(its["kind"], known), "subject": changes.subject(its["kind"], change, known)}
        told.append({**its, **said, "kept": changes.STATES[its["state"]], "tag": changes.TAGS[its["state"]]})
    return {"told": told, "states": changes.STATES, "chosen": asked.query.get("state", "OPEN")}


def _one(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known, its = names(asked.tongue), data["approval"]
    change = changes.read(its["change"])
    return {
        "names": known,
        "title": changes.title(its["kind"], known),
        "subject": changes.subject(its["kind"], change, known),
        "register": words(asked.tongue),
        "files": [(change["person"], each) for each in change.get("evidence", ())],
        "rows": changes.rows(its["kind"], its["differences"], known),
        "roles_before": changes.roles_before(its["differences"], known) if its["kind"] == "ROLE_GRANTED" else None,
        "state": changes.STATES[its["state"]],
        "tag": changes.TAGS[its["state"]],
    }


def _approval(asked: PageRequest) -> Mapping[str, Any]:
    code = needed(asked.form, "code", N_("Enter the six digits."))
    return {"input": {**_this(asked), "hash": asked.form["hash"], "code": code}}


def _rejection(asked: PageRequest) -> Mapping[str, Any]:
    reason = needed(asked.form, "reason", N_("Say why, in a sentence."))
    return {"input": {**_this(asked), "reason": reason}}


def _this(asked: PageRequest) -> Mapping[str, Any]:
    return {"proposal": asked.params["proposal"], "requestKey": asked.form["requestKey"]}


OVERTAKEN: Final = N_("This was decided, has expired, or what it replaces has changed meanwhile. Look at it as it stands now.")

PAGES: Final = (
    Page(path="/admin", name="admin/home", audience=Audience.STAFF, variables=_may, more=_home),
    Page(
        path="/admin/approvals",
        name="admin/approvals",
        audience=Audience.STAFF,
        variables=needing(Scope.APPROVAL_DECIDE, _listed),
        more=_list,
    ),
    Page(
        path="/admin/approvals/{proposal}",
        name="admin/approval",
        audience=Audience.STAFF,
        variables=needing(Scope.APPROVAL_DECIDE, lambda asked: {"id": asked.params["proposal"]}),
        needs="approval",
        more=_one,
        actions={
            "approve": Action(
                "/admin/approvals/{proposal}?done=approved", "Approve", _approval, messages={"CONFLICT": OVERTAKEN}
            ),
            "reject": Action(
                "/admin/approvals/{proposal}?done=decided", "Reject", _rejection, messages={"CONFLICT": OVERTAKEN}
            ),
        },
    ),
    *admin_agencies.PAGES,
    *admin_documents.PAGES,
    *admin_accounts.PAGES,
    *admin_centre.PAGES,
)
