"""Who asks, told to itself."""

from dataclasses import dataclass
from uuid import UUID

from access.agreements import Agreement
from access.call import Call, Scope, allow
from access.catalogue import Labels, Lang
from access.reading import Reading


@dataclass(frozen=True, slots=True)
class AgencyView:
    agency: UUID
    code: str
    name: Labels
    agreement: Agreement | None


@allow(Scope.SELF_READ)
async def me(reading: Reading, call: Call) -> AgencyView:
    """The agency that asks, with its agreement in force. Raises Unauthenticated where it may no longer ask."""
    agency = call.actor.agency
    assert agency is not None
    async with reading.snapshot():
        row = await reading.admit(call)
        agreement = await reading.documents.agreement(row["agreement_hash"], reading)
        (found,) = await reading.ask(
            "select agency_id, code, name_ar, name_fr, name_en from agency where agency_id = $1", agency
        )
    name = {Lang.AR: found["name_ar"], Lang.FR: found["name_fr"], Lang.EN: found["name_en"]}
    return AgencyView(found["agency_id"], found["code"], name, agreement)
