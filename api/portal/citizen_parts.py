"""What pages of citizens share: whose affairs are seen to, and what each of their forms sends."""

from collections.abc import Mapping
from typing import Any

from api.portal.needing import actor_of
from api.portal.page import PageRequest, Variables, nothing


def framed(more: Variables = nothing) -> Variables:
    """The page's own variables, and whether a name is to be told: of the ward, or of who is being assisted."""

    def variables(asked: PageRequest) -> Mapping[str, Any]:
        return {"framed": asked.viewer.assisted or for_ward(asked), **more(asked)}

    return variables


def for_ward(asked: PageRequest) -> bool:
    """Whether the affairs of a ward are seen to, and not the reader's own."""
    actor = actor_of(asked.viewer)
    return actor.person != actor.holder


def keyed(asked: PageRequest, **given: Any) -> Mapping[str, Any]:
    """The variables of a mutation: its input, which is done once however often the form is sent."""
    return {"input": {**given, "requestKey": asked.form["requestKey"]}}
