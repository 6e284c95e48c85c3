"""The page where anybody checks an attestation: by its number, or by the code on the paper. It says yes or no."""

from collections.abc import Mapping
from typing import Any, Final

from api.portal.framework import N_, Action, Audience, Data, Outcome, Page, PageRequest
from core.errors import Invalid
from identity.receipts import normal_number, shown_number

CHECK: Final = "/check"
MAX_PART = 40  # characters
_TWELVE: Final = N_("Enter the twelve digits of the number, as they stand on the paper.")


def _typed(asked: PageRequest) -> Mapping[str, Any]:
    try:
        normal_number(asked.form["number"])
    except Invalid:
        raise Invalid(_TWELVE, path=("number",)) from None
    return {}


def _to_its_page(asked: PageRequest, _: Data) -> Outcome:
    return f"{CHECK}/{normal_number(asked.form['number'])}"


def _asked(asked: PageRequest) -> Mapping[str, Any]:
    return {"number": asked.params["number"], "part": asked.query["s"][:MAX_PART] if "s" in asked.query else None}


def _shown(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    """The number as it is read, where it is one. `moment`: for which the answer holds."""
    try:
        number = shown_number(normal_number(asked.params["number"]))
    except Invalid:
        number = ""
    return {"number": number, "valid": data["checkAttestation"]["valid"]}


PAGES: Final = (
    Page(CHECK, "public/check", Audience.ANYONE, actions={"check": Action(_to_its_page, variables=_typed)}),
    Page(f"{CHECK}/{{number}}", "public/checked", Audience.ANYONE, _asked, more=_shown),
)
