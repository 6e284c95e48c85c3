"""Whose data key a message is sealed under: a person's, or that of somebody's account."""

from uuid import UUID

from access.outbox import OwnerKind, WrappedKeys, account_key
from core.database import Reader

# Of who is registered the person's own: the other is the same, or was left behind.
_KEY = """
select data_key from person where person_id = $1 and data_key is not null
union all
select data_key from enrolment where person_id = $1 and data_key is not null and state <> 'ACCEPTED'"""


async def person_key(reader: Reader, person: UUID) -> bytes | None:
    """The stored data key of a person (or of the decoy, or of who asks to be enrolled); None for who was erased."""
    rows = await reader.ask(_KEY, person)
    return bytes(rows[0]["data_key"]) if rows else None


OWNERS: WrappedKeys = {OwnerKind.PERSON: person_key, OwnerKind.ACCOUNT: account_key}
