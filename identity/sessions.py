"""Who is signed in: an officer, a member of staff, or a citizen, found anew for each request by the token of a session."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from access.call import Actor, ActorKind
from access.rights import CITIZEN_SCOPES, Scope
from access.sessions import SessionKind, account_actor, find, rights_of
from core.database import Reader, Row
from core.keys import KeyRing


class Form(StrEnum):
    """What somebody is assisted with: one thing at a time."""

    CONSENTS = "CONSENTS"
    ACCESSES = "ACCESSES"


# What may be done while somebody assists: only what the form that was opened needs.
FORM_SCOPES: dict[Form, frozenset[Scope]] = {
    Form.CONSENTS: frozenset({Scope.SELF_READ, Scope.WARD_ACT, Scope.CONSENT_READ, Scope.CONSENT_ANSWER}),
    Form.ACCESSES: frozenset({Scope.SELF_READ, Scope.ACCESS_REPORT}),
}
# The ward's affairs are seen to while the bond holds and the holder's own record counts; else the session is the holder's own.
_CITIZEN = """
select h.person_id as holder, (select p.person_id from person p
         where p.person_id = $2 and p.status in ('ACTIVE', 'SUSPENDED') and (h.status = 'ACTIVE' or h.status_until <= $3)
           and exists (select from relative r where r.person_id = p.person_id and r.relative_id = $1 and r.kind = 'GUARDIAN'
                          and r.valid_from <= $3 and (r.valid_to is null or $3 < r.valid_to))) as ward
  from person h where h.person_id = $1 and h.status in ('ACTIVE', 'SUSPENDED')"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`row` is the session's; `half`: the password was right, the second factor is to come, and nothing is allowed yet."""

    actor: Actor
    row: Row
    half: bool = False

    @property
    def csrf_secret(self) -> str:
        """What the tokens of the session's forms are made from: as long-lived as the session."""
        return str(self.row["session_hash"].hex())


async def who(reader: Reader, keys: KeyRing, token: str, now: datetime) -> SignedIn | None:
    """Whose session that is, if it holds at this instant."""
    row = await find(reader, token, now)
    if row is None:
        return None
    kind = SessionKind(row["kind"])
    if kind is SessionKind.HALF:
        return SignedIn(Actor(ActorKind.NOBODY), row, half=True)
    if kind is SessionKind.ACCOUNT:
        return SignedIn(account_actor(row, keys), row)
    if row["assistant_id"] is not None and Scope.ASSIST not in rights_of(row["roles"] or ())[0]:
        return None
    found = await reader.ask(_CITIZEN, row["holder_id"], row["person_id"], now)
    return SignedIn(_citizen(row, found[0]["ward"]), row) if found else None


def _citizen(row: Row, ward: UUID | None) -> Actor:
    scopes = CITIZEN_SCOPES if row["form"] is None else FORM_SCOPES.get(row["form"], frozenset())
    return Actor(
        ActorKind.CITIZEN,
        scopes,
        holder=row["holder_id"],
        person=ward or row["holder_id"],
        session=row["session_hash"],
        assistant=row["assistant_id"],
        office=row["office_id"],
    )
