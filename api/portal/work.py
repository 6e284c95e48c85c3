"""Pages of the work beside requests: jobs, and what a demonstration would have sent."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from access.call import Actor
from access.rights import Scope
from api.portal.languages import N_
from api.portal.page import Action, Audience, Data, Link, Page, PageRequest, Viewer

STATES: Mapping[str, str] = {
    "WAITING": N_("Waiting"),
    "RUNNING": N_("Running"),
    "HELD": N_("Held"),
    "DONE": N_("Done"),
    "CANCELLED": N_("Cancelled"),
}
MESSAGE_STATES: Mapping[str, str] = {
    "WAITING": N_("Waiting"),
    "SENDING": N_("Being sent"),
    "SENT": N_("Sent"),
    "UNCERTAIN": N_("Nobody knows whether it was sent"),
    "REFUSED": N_("Refused by the carrier"),
    "LAPSED": N_("Not sent in time, and of no more use"),
    "SUPPRESSED": N_("For nobody"),
    "DROPPED": N_("Not sent, as somebody decided"),
}
KINDS: Mapping[str, str] = {"message": N_("Sending a message"), "telephone-change": N_("A change of a telephone takes effect")}


def _job(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"job": asked.form["job"], "requestKey": asked.form["requestKey"]}}


def _words(_: PageRequest, __: Data) -> Mapping[str, Any]:
    return {"states": STATES, "message_states": MESSAGE_STATES, "kinds": KINDS}


PAGES = (
    Page(
        "/admin/jobs",
        "work/jobs",
        Audience.STAFF,
        actions={
            "release": Action("/admin/jobs", "Release", _job),
            "cancel": Action("/admin/jobs", "Cancel", _job),
            "resend": Action("/admin/jobs", "Resend", _job),
            "drop": Action("/admin/jobs", "Drop", _job),
        },
        more=_words,
    ),
    Page("/admin/outbox", "work/outbox", Audience.STAFF, more=_words),
)


def navigation(viewer: Viewer, *, demo: bool) -> Sequence[Link]:
    """The entries for who may see to jobs, and in a demonstration to its messages."""
    scopes = cast("Actor", viewer.actor).scopes
    links = [Link("/admin/jobs", N_("Jobs"))] if Scope.JOB_MANAGE in scopes else []
    if demo and Scope.OUTBOX_READ in scopes:
        links.append(Link("/admin/outbox", N_("Outbox")))
    return links
