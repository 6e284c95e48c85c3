"""Somebody whom a file declares, made ready to be enrolled before anybody else is looked at, in whatever process.

Checking, indexing and sealing take the time; what comes of them are bytes, which pass to the process that writes and are
written as they are.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from access.decision import Status
from core.keys import KeyRing
from identity.applications import MEMBERS, Form, Kinship
from identity.blocking import Comparable, blocking_hashes
from identity.copying import of_bytes, of_instant, of_small, of_text, of_uuid, row
from identity.doubles_of_many import CARDS, Newcomer
from identity.file_rows import Ready
from identity.imports import PERSON_COLUMNS, identifiers_of, sealed_row
from identity.relations import KINDS
from identity.store import SEALED_PARTS, column

_PARTS: Final = tuple((part, column(part)) for part in SEALED_PARTS)
_IDCS: Final = PERSON_COLUMNS.index("idcs")
_PLACES: Final = {kinship: MEMBERS.index(kinship) for kinship in KINDS}


class Prepared(NamedTuple):
    """Somebody made ready, in what passes from one process to another at little cost.

    `members`: of the form; `hashes`, `cards`: as a Newcomer has them. As COPY takes them (`identity/copying.py`): the rows of
    their `identifiers`, and the row of the person, `before` and `after` the number that they have not yet.
    """

    row: int
    person: bytes
    members: tuple[Any, ...]
    hashes: bytes
    cards: tuple[bytes, ...]
    identifiers: bytes
    wrapped: bytes
    before: bytes
    after: bytes


class Arrival:
    """Somebody who was made ready. Their form is put together where anybody asks for it."""

    __slots__ = ("_form", "made", "person_id", "row")

    def __init__(self, made: Prepared) -> None:
        self.made, self.row, self.person_id = made, made.row, UUID(bytes=made.person)
        self._form: Form | None = None

    @property
    def form(self) -> Form:
        if self._form is None:
            self._form = Form(*self.made.members)
        return self._form

    def named(self, kinship: Kinship) -> str | None:
        number: str | None = self.made.members[_PLACES[kinship]]
        return number

    def newcomer(self, keys: KeyRing, guardian: UUID | None) -> Newcomer:
        """As they are compared; a guardian makes keys of their own."""
        if guardian is None:
            return Newcomer(self.person_id, self.made.hashes, self.made.cards, self._record)
        record = Comparable.of(parts_of(self.form), [guardian])
        return Newcomer(self.person_id, b"".join(blocking_hashes(keys, record)), self.made.cards, record)

    def _record(self) -> Comparable:
        return Comparable.of(parts_of(self.form))


def prepared(keys: KeyRing, ready: Ready, at: datetime) -> Prepared:
    """All of it but the number."""
    person, values = ready.person_id, parts_of(ready.form)
    hashes = blocking_hashes(keys, Comparable.of(values))
    _, wrapped, status, since, enrolled, *sealed = sealed_row(keys, at, person, Status.ACTIVE, values)
    fields = [
        of_uuid(person),
        of_bytes(wrapped),
        of_text(status),
        of_instant(since),
        of_instant(enrolled),
        *map(of_bytes, sealed),
    ]
    identifiers = list(identifiers_of(keys, person, values))
    return Prepared(
        ready.row,
        person.bytes,
        tuple(getattr(ready.form, name) for name in MEMBERS),
        b"".join(hashes),
        tuple(hash_ for hash_, kind, *_ in identifiers if kind in CARDS),
        b"".join(identifier(*each) for each in identifiers),
        wrapped,
        row(*fields[:_IDCS], columns=len(PERSON_COLUMNS)),
        b"".join(fields[_IDCS + 1 :]),
    )


def identifier(hash_: bytes, kind: str, version: int, owner: UUID) -> bytes:
    """A row of `identifier`."""
    return row(of_bytes(hash_), of_text(kind), of_small(version), of_uuid(owner))


def parts_of(form: Form) -> dict[str, str | None]:
    """The text of every sealed part. There is no IDCS yet."""
    return {part: getattr(form, name, None) for part, name in _PARTS}
