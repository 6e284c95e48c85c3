"""Reading JSON documents that decide: nothing is guessed, nothing is ignored, and a refusal says where.

`read_json` takes JSON without doubled keys, fractions, NaN or infinities. `Node` walks the result: each step names the type
it expects, and raises Invalid with the path of the part that is something else.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Never, TypeVar
from uuid import UUID

from core.errors import Invalid, Path
from core.fixed import scaled

MAX_CHARACTERS = 1_000_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Node:
    """One part of a document and the path that leads to it."""

    value: object
    path: Path = ()

    def refuse(self, message: str) -> Never:
        raise Invalid(message, path=self.path)

    def record(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, "Node"]:
        """The fields of an object that has all the required keys and none but those named."""
        fields = self.entries(least=0)
        required = tuple(required)
        for key in required:
            if key not in fields:
                raise Invalid("missing", path=(*self.path, key))
        for key in fields.keys() - {*required, *optional}:
            raise Invalid("unknown key", path=(*self.path, key))
        return fields

    def entries(self, *, least: int = 1, most: int = 200) -> dict[str, "Node"]:
        """The fields of an object with free keys."""
        if not isinstance(self.value, dict) or not all(isinstance(key, str) for key in self.value):
            self.refuse("expected an object")
        if not least <= len(self.value) <= most:
            self.refuse(f"expected {least} to {most} entries")
        return {key: Node(part, (*self.path, key)) for key, part in self.value.items()}

    def items(self, *, least: int = 1, most: int = 200) -> list["Node"]:
        if not isinstance(self.value, list):
            self.refuse("expected a list")
        if not least <= len(self.value) <= most:
            self.refuse(f"expected {least} to {most} items")
        return [Node(part, (*self.path, index)) for index, part in enumerate(self.value)]

    def text(self, most: int = 1000) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            self.refuse("expected text")
        if len(self.value) > most:
            self.refuse(f"longer than {most} characters")
        return self.value

    def id(self) -> UUID:
        """An id in the one form that it has here: whoever names the same thing writes the same text."""
        text = self.text(36)
        try:
            found = UUID(text)
        except ValueError:
            self.refuse("not an id")
        if str(found) != text:
            self.refuse("not the one form of an id")
        return found

    def integer(self, low: int, high: int) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.refuse("expected a whole number")
        if not low <= self.value <= high:
            self.refuse(f"expected {low} to {high}")
        return self.value

    def fixed(self, places: int) -> int:
        """Decimal text as a whole number of 10^-places."""
        text = self.text()
        try:
            return scaled(text, places)
        except Invalid as refusal:
            raise refusal.under(*self.path) from None

    def day(self) -> date:
        """A date written YYYY-MM-DD."""
        text = self.text()
        if not _DAY.fullmatch(text):
            self.refuse("expected YYYY-MM-DD")
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.refuse("no such day")

    def instant(self) -> datetime:
        """An instant in ISO 8601, with its zone."""
        try:
            instant = datetime.fromisoformat(self.text(40))
        except ValueError:
            self.refuse("not an instant")
        if instant.tzinfo is None:
            self.refuse("an instant has a zone")
        return instant

    def choice(self, kind: type[Choice]) -> Choice:
        try:
            return kind(self.text())
        except ValueError:
            self.refuse(f"not a {kind.__name__}")


def read_json(text: str | bytes) -> object:
    """The document in that JSON text. Raises Invalid where the text is not JSON, or says something twice or inexactly."""
    if len(text) > MAX_CHARACTERS:
        raise Invalid("the document is too long")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_float=_inexact, parse_constant=_inexact)
    except (ValueError, RecursionError):
        raise Invalid("not JSON") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise Invalid("said twice", path=(key,))
        found[key] = value
    return found


def _inexact(_: str) -> Never:
    raise Invalid("a fraction is written as decimal text")
