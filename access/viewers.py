"""Who asks, told to itself."""

from dataclasses import dataclass
from uuid import UUID

from access.account_views import AccountView, own_account
from access.agreements import Agreement
from access.call import Call, allow
from access.catalogue import Labels, Lang
from access.reading import Reading
from access.rights import Scope


@dataclass(frozen=True, slots=True)
class AgencyView:
    agency: UUID
    code: str
    name: Labels
    agreement: Agreement | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """`agency`: the one that asks, or that whoever asks is an officer of; `account`: of who has signed in with one."""

    agency: AgencyView | None
    account: AccountView | None


@allow(Scope.SELF_READ)
async def me(reading: Reading, call: Call) -> Viewer:
    """Who asks, as far as access knows. Raises Unauthenticated where an agency may no longer ask."""
    return Viewer(
        agency=None if call.actor.agency is None else await _agency(reading, call, call.actor.agency),
        account=None if call.actor.account is None else await own_account(reading, call),
    )


@allow(Scope.SELF_READ)
async def agreement(reading: Reading, call: Call) -> Agreement | None:
    """The agreement in force of the agency that asks, or that whoever asks is an officer of; None where there is none."""
    if call.actor.agency is None:
        return None
    return (await _agency(reading, call, call.actor.agency)).agreement


async def _agency(reading: Reading, call: Call, agency: UUID) -> AgencyView:
    async with reading.snapshot():
        row = await reading.admit(call)
        its = await reading.documents.agreement(row["agreement_hash"], reading)
        (found,) = await reading.ask(
            "select agency_id, code, name_ar, name_fr, name_en from agency where agency_id = $1", agency
        )
    name = {Lang.AR: found["name_ar"], Lang.FR: found["name_fr"], Lang.EN: found["name_en"]}
    return AgencyView(found["agency_id"], found["code"], name, its)
