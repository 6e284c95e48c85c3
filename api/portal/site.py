"""All pages of the portal, and what each audience finds in its navigation."""

from collections.abc import Sequence

from api.portal import (
    admin,
    agency,
    citizen,
    citizen_control,
    citizen_register,
    duplicates,
    enrolling,
    enrolment,
    files,
    importing,
    linking,
    public,
    register,
    sign_in,
    work,
)
from api.portal.page import Audience, Link, Page, Viewer

PAGES: tuple[Page, ...] = (
    *citizen.PAGES,
    *citizen_control.PAGES,
    *citizen_register.PAGES,
    *enrolling.PAGES,
    *agency.PAGES,
    *sign_in.PAGES,
    *admin.PAGES,
    *register.PAGES,
    *enrolment.PAGES,
    *duplicates.PAGES,
    *importing.PAGES,
    *linking.PAGES,
    *work.PAGES,
    *files.PAGES,
    *public.PAGES,
)


def navigation(viewer: Viewer, *, demo: bool) -> Sequence[Link]:
    """The entries for who looks; none for whoever has not signed in."""
    if viewer.kind == Audience.CITIZEN:
        return citizen.navigation(viewer)
    if viewer.kind == Audience.STAFF:
        *own, account = admin.navigation(viewer)
        return (
            *register.navigation(viewer),
            *enrolment.navigation(viewer),
            *duplicates.navigation(viewer),
            *importing.navigation(viewer),
            *own,
            *linking.navigation(viewer),
            *work.navigation(viewer, demo=demo),
            account,
        )
    return agency.navigation(viewer)
