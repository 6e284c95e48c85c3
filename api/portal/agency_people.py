"""Pages for an agency's own administrator: officers, the offices they work in, the operators that run some of these."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from access.rights import Scope
from api.portal.framework import N_, Action, Again, Audience, Data, Outcome, Page, PageRequest
from api.portal.needing import need, needing, paged
from api.portal.page import Variables
from api.portal.words import names
from core.dates import CIVIL_ZONE
from core.errors import Invalid
from core.texts import LATIN_DIGITS

ALL, SOME = "all", "some"
_NAMES: Final = ("nameAr", "nameFr", "nameEn")


def _by_id(name: str) -> Variables:
    return needing(Scope.OFFICER_MANAGE, lambda asked: {"id": asked.params[name]})


def _of(name: str) -> Variables:
    """The input of what is done to the one thing that the page is about."""
    return lambda asked: {"input": {name: asked.params[name], "requestKey": asked.form["requestKey"]}}


# --- officers


def _limits(asked: PageRequest) -> Mapping[str, Any]:
    """Where an officer works, and the purposes: null for all. Neither is taken for granted: one of both was chosen."""
    extent, purposes = asked.form["extent"], asked.form.all("purposes")
    if extent not in (ALL, SOME):
        raise Invalid(N_("Choose what the officer may ask for."), path=("extent",))
    if extent == SOME and not purposes:
        raise Invalid(N_("Tick at least one purpose."), path=("purposes",))
    return {"office": asked.form["office"] or None, "purposes": purposes if extent == SOME else None}


def _invitation(asked: PageRequest) -> Mapping[str, Any]:
    who = {name: asked.form[name].strip() for name in ("name", "email")}
    if not who["name"]:
        raise Invalid(N_("Type the officer's name."), path=("name",))
    if not who["email"]:
        raise Invalid(N_("Type the officer's e-mail address."), path=("email",))
    if not asked.form["lang"]:
        raise Invalid(N_("Choose a language."), path=("lang",))
    return {"input": {**who, "lang": asked.form["lang"], **_limits(asked), "requestKey": asked.form["requestKey"]}}


def _change(asked: PageRequest) -> Mapping[str, Any]:
    its = {"account": asked.params["account"], "requestKey": asked.form["requestKey"]}
    return {"input": {**its, **_limits(asked)}}


def _invited(_: PageRequest, data: Data) -> Outcome:
    return f"/agency/officers/{data['inviteOfficer']['account']['id']}?done=invited"


def _choices(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    """Offices that are open, of operators whose mandate is not over."""
    edges = data["offices"]["edges"]
    opened = [edge["node"] for edge in edges if edge["node"]["closedAt"] is None and _acts(edge["node"]["operator"], asked.now)]
    return {"desks": [(office["id"], office["name"][asked.tongue.code]) for office in opened]}


def _acts(operator: Mapping[str, Any] | None, now: datetime) -> bool:
    if operator is None:
        return True
    return operator["revokedAt"] is None and now < datetime.fromisoformat(operator["validTo"])


def _officer(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    roles = [role["role"] for role in data["officer"]["roles"]]
    return {**_choices(asked, data), "administers": "AGENCY_ADMINISTRATOR" in roles}


_OFFICERS: Sequence[Page] = (
    Page(
        path="/agency/officers",
        name="agency/officers",
        audience=Audience.OFFICER,
        variables=needing(Scope.OFFICER_MANAGE, paged),
    ),
    Page(
        path="/agency/officers/invite",
        name="agency/officer-invite",
        audience=Audience.OFFICER,
        variables=needing(Scope.OFFICER_MANAGE),
        more=_choices,
        actions={"invite": Action(_invited, operation="Invite", variables=_invitation)},
    ),
    Page(
        path="/agency/officers/{account:uuid}",
        name="agency/officer",
        audience=Audience.OFFICER,
        variables=_by_id("account"),
        needs="officer",
        more=_officer,
        actions={
            "change": Action("/agency/officers/{account}?done=changed", operation="Change", variables=_change),
            "ask": Action(lambda *_: Again("remove")),
            "remove": Action("/agency/officers/{account}?done=removed", operation="Remove", variables=_of("account")),
        },
    ),
)


# --- offices


def _opening(asked: PageRequest) -> Mapping[str, Any]:
    if not asked.form["kind"]:
        raise Invalid(N_("Choose what kind of office it is."), path=("kind",))
    given = {
        "kind": asked.form["kind"],
        "code": asked.form["code"].strip().translate(LATIN_DIGITS).upper(),
        "division": asked.form["division"] or None,
        "operator": asked.form["operator"] or None,
    }
    return {"input": {**given, **_typed(asked, *_NAMES), "requestKey": asked.form["requestKey"]}}


def _typed(asked: PageRequest, *names: str) -> Mapping[str, str]:
    for name in names:
        if not asked.form[name].strip():
            raise Invalid(N_("Fill this in."), path=(name,))
    return {name: asked.form[name].strip() for name in names}


def _operators(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    acting = [edge["node"] for edge in data["operators"]["edges"] if _acts(edge["node"], asked.now)]
    return {
        "operators": [(operator["id"], operator["name"][asked.tongue.code]) for operator in acting],
        "names": names(asked.tongue),
    }


def _where(asked: PageRequest, _: Data) -> Mapping[str, Any]:
    return {"names": names(asked.tongue)}


_OFFICES: Sequence[Page] = (
    Page(
        path="/agency/offices",
        name="agency/offices",
        audience=Audience.OFFICER,
        variables=needing(Scope.OFFICER_MANAGE, paged),
        more=_where,
    ),
    Page(
        path="/agency/offices/open",
        name="agency/office-open",
        audience=Audience.OFFICER,
        variables=needing(Scope.OFFICER_MANAGE),
        more=_operators,
        actions={
            "open": Action(
                lambda _, data: f"/agency/offices/{data['openOffice']['office']['id']}?done=opened",
                operation="Open",
                variables=_opening,
            )
        },
    ),
    Page(
        path="/agency/offices/{office:uuid}",
        name="agency/office",
        audience=Audience.OFFICER,
        variables=_by_id("office"),
        needs="office",
        more=_where,
        actions={
            "ask": Action(lambda *_: Again("close")),
            "close": Action("/agency/offices/{office}?done=closed", operation="Close", variables=_of("office")),
        },
    ),
)


# --- operators


def _appointment(asked: PageRequest) -> Mapping[str, Any]:
    typed = _typed(asked, *_NAMES, "mandate")
    today = asked.now.astimezone(CIVIL_ZONE).date()
    begins = _day(asked, "validFrom") if asked.form["validFrom"] else today
    ends = _day(asked, "validTo") + timedelta(days=1)  # it holds on its last day, too
    dates = {"validFrom": None if begins == today else _midnight(begins), "validTo": _midnight(ends)}
    return {"input": {**typed, **dates, "requestKey": asked.form["requestKey"]}}


def _day(asked: PageRequest, name: str) -> date:
    try:
        return date.fromisoformat(asked.form[name].strip().translate(LATIN_DIGITS))
    except ValueError:
        raise Invalid(N_("Type a day, as 2026-12-31."), path=(name,)) from None


def _midnight(day: date) -> str:
    """The instant at which a day begins in Morocco."""
    return datetime.combine(day, time(), CIVIL_ZONE).isoformat()


def _state(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    return {"acts": _acts(data["operator"], asked.now), "names": names(asked.tongue)}


def _states(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    acting = {edge["node"]["id"] for edge in data["operators"]["edges"] if _acts(edge["node"], asked.now)}
    return {"acting": acting, "names": names(asked.tongue)}


_OPERATORS: Sequence[Page] = (
    Page(
        path="/agency/operators",
        name="agency/operators",
        audience=Audience.OFFICER,
        variables=needing(Scope.OFFICER_MANAGE, paged),
        more=_states,
    ),
    Page(
        path="/agency/operators/appoint",
        name="agency/operator-appoint",
        audience=Audience.OFFICER,
        more=lambda asked, _: need(asked, Scope.OFFICER_MANAGE),
        actions={
            "appoint": Action(
                lambda _, data: f"/agency/operators/{data['appointOperator']['operator']['id']}?done=appointed",
                operation="Appoint",
                variables=_appointment,
            )
        },
    ),
    Page(
        path="/agency/operators/{operator:uuid}",
        name="agency/operator",
        audience=Audience.OFFICER,
        variables=_by_id("operator"),
        needs="operator",
        more=_state,
        actions={
            "ask": Action(lambda *_: Again("revoke")),
            "revoke": Action("/agency/operators/{operator}?done=revoked", operation="Revoke", variables=_of("operator")),
        },
    ),
)

PAGES = (*_OFFICERS, *_OFFICES, *_OPERATORS)
