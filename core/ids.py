"""The one source of randomness, and of ids: UUID version 7 (RFC 9562), ordered by the millisecond they were made in."""

import os
from datetime import datetime
from uuid import UUID

random_bytes = os.urandom


def uuid7(at: datetime) -> UUID:
    """A fresh id that sorts by `at` (aware). 74 random bits: unguessable, and no two alike in practice."""
    milliseconds = int(at.timestamp() * 1000)
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def made_before(name: UUID, at: datetime) -> bool:
    """Whether an id of `uuid7` was made in an earlier millisecond than `at` (aware). Never said of an id of another kind."""
    return name.version == 7 and name.int >> 80 < int(at.timestamp() * 1000)
