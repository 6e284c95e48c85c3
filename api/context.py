"""What a resolver is handed: who calls and the answer in the making."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, cast

from graphql import GraphQLResolveInfo
from strawberry.types import Info

from access.approval import Acts
from access.call import Call, Purpose
from access.passwords import Passwords
from access.reading import Reading
from core.events import Events
from identity.attestation_paper import Papers
from identity.evidence import Cabinet


@dataclass(frozen=True, slots=True)
class Context:
    call: Call
    reading: Reading
    issuer: str
    passwords: Passwords
    acts: Acts
    cabinet: Cabinet
    papers: Papers
    events: Events
    made: dict[str, "asyncio.Future[bytes]"] = field(default_factory=dict)  # papers of this answer, by what was signed


def opened(info: "Info[Any, Any]", purpose: Purpose | None = None) -> tuple[Reading, Call, str]:
    """The reading, the call (with the purpose that the question names) and the issuer."""
    context: Context = info.context
    return context.reading, replace(context.call, purpose=purpose), context.issuer


def plain(given: object) -> Any:
    """An input of a root field as it really comes: dictionaries by the names of the schema (see `api/schema.py`)."""
    return given


def raw(info: "Info[Any, Any]") -> GraphQLResolveInfo[Any]:
    """The library's own view of the field, for reading its selection. Root fields are handed just that."""
    return info._raw_info if isinstance(info, Info) else cast("GraphQLResolveInfo[Any]", info)
