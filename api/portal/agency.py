"""The pages of agencies' people, under /agency, and what each of them finds in the navigation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from access.agency_views import WARNED
from access.rights import Scope
from api.portal import agency_consents, agency_papers, agency_people, agency_questions
from api.portal.framework import N_, Audience, Data, Link, Page, PageRequest, Viewer
from api.portal.needing import actor_of
from api.portal.sign_in import OFFICERS_ACCOUNT
from api.portal.words import names

_LINKS: Final = (
    (Scope.PERSON_READ, Link("/agency/person", N_("Look up"))),
    (Scope.VERIFICATION_RUN, Link("/agency/verify", N_("Verify"))),
    (Scope.CONSENT_REQUEST, Link("/agency/consents", N_("Consents"))),
    (Scope.OFFICER_MANAGE, Link("/agency/officers", N_("Officers"))),
    (Scope.OFFICER_MANAGE, Link("/agency/offices", N_("Offices"))),
    (Scope.OFFICER_MANAGE, Link("/agency/operators", N_("Operators"))),
    (Scope.OFFICER_MANAGE, Link("/agency/linked", N_("Linked files"))),
    (Scope.SELF_READ, Link("/agency/agreement", N_("Agreement"))),
    (Scope.SELF_READ, Link("/agency/keys", N_("Keys"))),
)


def navigation(viewer: Viewer) -> Sequence[Link]:
    """What somebody of an agency may open; nothing for everybody else."""
    if not viewer.may_see(Audience.OFFICER):
        return ()
    scopes = actor_of(viewer).scopes
    return [*(link for scope, link in _LINKS if scope in scopes), OFFICERS_ACCOUNT]


def _home(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    agreement = data["me"]["agreement"]
    return {
        "names": names(asked.tongue),
        "ends_soon": agreement is not None and datetime.fromisoformat(agreement["validUntil"]) - asked.now <= WARNED,
        "expiring": [key for key in data["myAgency"]["keys"] if key["expiresSoon"]],
    }


PAGES: tuple[Page, ...] = (
    Page(path="/agency", name="agency/home", audience=Audience.OFFICER, more=_home),
    *agency_questions.PAGES,
    *agency_consents.PAGES,
    *agency_people.PAGES,
    *agency_papers.PAGES,
)
