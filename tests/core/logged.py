"""Logging that is set up within a test, and undone with it: no other test finds it so."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from core import log


@contextmanager
def logging_apart() -> Iterator[None]:
    """What is set up within the block (`core/log.py`) ends with it, and no logger that is used within keeps it."""
    root, configure = logging.getLogger(), structlog.configure
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in log._QUIET}

    def for_now(**given: Any) -> None:
        configure(**given | {"cache_logger_on_first_use": False})

    structlog.configure = for_now  # type: ignore[assignment]
    try:
        yield
    finally:
        structlog.configure = configure
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in quiet.items():
            logging.getLogger(name).setLevel(before)
