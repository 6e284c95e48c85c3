import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from core import log
from tests.core.logged import logging_apart

CANARY = "Canary-Bennani-1984"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    with logging_apart():
        log.configure("INFO", stream)
        yield stream


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_its_instant_and_level(stream: io.StringIO) -> None:
    structlog.get_logger("x").info("answered", request="r-1", status=200)
    (line,) = lines(stream)
    assert str(line.pop("at")).endswith("Z")
    assert line == {"event": "answered", "level": "info", "request": "r-1", "status": 200}


def test_members_that_are_not_known_are_left_out(stream: io.StringIO) -> None:
    structlog.get_logger("x").error("fault", kind="ValueError", name=CANARY, idcs=CANARY, exc_info=ValueError(CANARY))
    (line,) = lines(stream)
    assert set(line) == {"at", "event", "kind", "level"}
    assert CANARY not in stream.getvalue()


def test_of_a_value_that_is_not_plain_only_its_type_is_written_and_texts_are_cut(stream: io.StringIO) -> None:
    structlog.get_logger("x").info("answered", request=[CANARY], where="w" * 10_000)
    (line,) = lines(stream)
    assert line["request"] == "list"
    assert line["where"] == "w" * log.MAX_CHARACTERS


def test_of_what_libraries_log_only_their_wording_and_the_kind_of_exception_are_written(stream: io.StringIO) -> None:
    try:
        raise LookupError(CANARY)
    except LookupError:
        logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %s", CANARY, exc_info=True)
    logging.getLogger("uvicorn.error").warning("%s is wrong", CANARY)
    first, second = lines(stream)
    assert (first["event"], first["kind"], first["logger"]) == (
        "Task exception was never retrieved",
        "LookupError",
        "asyncio",
    )
    assert second["event"] == "%s is wrong"
    assert CANARY not in stream.getvalue()


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    structlog.get_logger("x").debug("answered")
    logging.getLogger("alembic.runtime.migration").info("Running upgrade")
    assert stream.getvalue() == ""


def test_lines_for_people_leave_out_the_same(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
    monkeypatch.setattr(stream, "isatty", lambda: True)
    log.configure("INFO", stream)
    structlog.get_logger("y").info("answered", status=200, name=CANARY)
    assert "answered" in stream.getvalue()
    assert "200" in stream.getvalue()
    assert CANARY not in stream.getvalue()
