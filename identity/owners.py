"""Whose data key a message is sealed under: a person's, or that of somebody's account."""

from uuid import UUID

from access.outbox import OwnerKind, WrappedKeys, account_key
from core.database import Reader


async def person_key(reader: Reader, person: UUID) -> bytes | None:
    """The stored data key of a person (or of the decoy); None for who was erased."""
    rows = await reader.ask("select data_key from person where person_id = $1 and data_key is not null", person)
    return bytes(rows[0]["data_key"]) if rows else None


OWNERS: WrappedKeys = {OwnerKind.PERSON: person_key, OwnerKind.ACCOUNT: account_key}
