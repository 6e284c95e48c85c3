"""What happens below is told upward by typed events, since a lower room never imports a higher one.

A room tells an event within its transaction; whoever was wired to that type (in `api/app.py`) handles it in the same
transaction: it commits with what caused it, or neither does.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

E = TypeVar("E")
Handler = Callable[[Any, Any, E], Awaitable[None]]


class Events:
    """The handlers of one process. A handler gets the transaction, the call and the event."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Handler[Any]]] = defaultdict(list)

    def on(self, kind: type[E], handler: Handler[E]) -> None:
        self._handlers[kind].append(handler)

    async def tell(self, transaction: Any, call: Any, event: object) -> None:
        """Runs the handlers of the event's type, in the order they were wired in. What they raise undoes the cause too."""
        for handler in self._handlers[type(event)]:
            await handler(transaction, call, event)
