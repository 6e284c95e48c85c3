"""What the service writes down of itself: JSON lines on standard error, or lines for people where that is a terminal.

Nothing of a person ever gets in. Of an event only the members of KNOWN are written, each a short plain value; what other
libraries log is cut down to their fixed wording, without what they filled in, and to the kind of an exception, never its text.
"""

import logging
import sys
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

KNOWN = frozenset(
    {
        "agency",  # its id
        "at",
        "code",
        "event",
        "field",
        "host",
        "kind",  # of a fault: the name of its class
        "level",
        "logger",
        "port",
        "request",
        "seconds",
        "status",
        "version",
        "where",  # places in our own code
        "workers",
    }
)
MAX_CHARACTERS = 300
# They tell of every start and step: worth a line only where something is wrong.
_QUIET = ("uvicorn", "uvicorn.error", "alembic", "asyncio", "httpx", "httpcore", "pgqueuer", "sqlalchemy")


def configure(level: str, stream: TextIO | None = None) -> None:
    """Sets up the logging of this process. `level`: DEBUG, INFO, WARNING or ERROR; `stream`: else standard error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer = structlog.dev.ConsoleRenderer(timestamp_key="at") if (stream or sys.stderr).isatty() else _json
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            only_known,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Line(stream),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(number)
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.setLevel(max(number, logging.WARNING))
        logger.handlers.clear()  # what a library set up for itself would write values
        logger.propagate = True


def only_known(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The members that may be written, cut to a bounded length; of a value that is not plain only its type."""
    return {name: _plain(value) for name, value in event.items() if name in KNOWN}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:MAX_CHARACTERS] if isinstance(value, str) else type(value).__name__


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return orjson.dumps(event, option=orjson.OPT_SORT_KEYS).decode()


class _Line:
    """Writes lines to a stream; to standard error as it is by then if none is given."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        stream = self._stream or sys.stderr
        stream.write(f"{line}\n")
        stream.flush()

    debug = info = warning = error = critical = msg


class _Foreign(logging.Handler):
    """Passes on what libraries log: the first line of their wording, and which kind of exception came with it."""

    def emit(self, record: logging.LogRecord) -> None:
        # Arguments, further lines and an exception's text can quote what somebody sent.
        lines = record.msg.splitlines() if isinstance(record.msg, str) else []
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        members = {"logger": record.name} | ({"kind": kind} if kind else {})
        structlog.get_logger("sijil").log(record.levelno, lines[0] if lines else "a message", **members)
