"""Events reach those who were wired to their type, within the transaction that told them."""

from dataclasses import dataclass
from typing import Any

import pytest

from core.events import Events


@dataclass(frozen=True)
class Moved:
    place: str


class Left(Moved):
    pass


async def test_an_event_reaches_its_handlers_in_the_order_they_were_wired_in() -> None:
    heard: list[tuple[str, Any, Any, object]] = []
    events = Events()
    for name in ("first", "second"):

        async def handle(transaction: Any, call: Any, event: Moved, name: str = name) -> None:
            heard.append((name, transaction, call, event))

        events.on(Moved, handle)
    await events.tell("transaction", "call", Moved("Rabat"))
    assert heard == [(name, "transaction", "call", Moved("Rabat")) for name in ("first", "second")]


async def test_an_event_of_another_type_is_not_heard() -> None:
    async def handle(*_: object) -> None:
        raise AssertionError("not for this one")

    events = Events()
    events.on(Moved, handle)
    await events.tell(None, None, Left("Fès"))


async def test_what_a_handler_raises_comes_back_to_who_told_and_stops_the_others() -> None:
    heard: list[object] = []

    async def fail(*_: object) -> None:
        raise ValueError("no")

    async def note(_: Any, __: Any, event: Moved) -> None:
        heard.append(event)

    events = Events()
    events.on(Moved, fail)
    events.on(Moved, note)
    with pytest.raises(ValueError, match="no"):
        await events.tell(None, None, Moved("Oujda"))
    assert heard == []
