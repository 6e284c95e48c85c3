"""Pages that are of no use without a right: who looks, and what they need. Used by those of staff and of agencies' people."""

from collections.abc import Mapping
from typing import Any, cast

from access.call import Actor
from access.rights import Scope
from api.portal.page import PageRequest, Variables, Viewer, nothing
from core.errors import Forbidden


def actor_of(viewer: Viewer) -> Actor:
    """Of whoever is signed in to the real thing (`reception.py`)."""
    return cast("Actor", viewer.actor)


def need(asked: PageRequest, scope: Scope) -> Mapping[str, Any]:
    """Nothing more to tell (`Page.more`); Forbidden without the scope: no form is shown that leads nowhere."""
    if scope not in actor_of(asked.viewer).scopes:
        raise Forbidden(f"this needs the right {scope}")
    return {}


def needing(scope: Scope, variables: Variables = nothing) -> Variables:
    """The variables of a page that is of no use without the scope."""

    def asked_by(asked: PageRequest) -> Mapping[str, Any]:
        return {**need(asked, scope), **variables(asked)}

    return asked_by


def paged(asked: PageRequest) -> Mapping[str, Any]:
    """The variables of a list: where it goes on."""
    return {"after": asked.query.get("after")}
