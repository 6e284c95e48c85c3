"""One request neither fills the memory nor holds the thread."""

import time
import tracemalloc
from contextlib import suppress

import orjson
import pytest

from api import schema
from core.errors import SijilError
from tests.api.serving import VERIFY, Caller, Instance


@pytest.fixture(scope="module")
def documents() -> schema.Documents:
    return schema.Documents(schema.build())


def test_the_name_of_an_operation_is_not_remembered_at_any_length(documents: schema.Documents) -> None:
    """A body may have 2 MB, and two thousand outcomes are remembered by the name that was sent."""
    tracemalloc.start()
    for number in range(10):
        with suppress(SijilError):
            documents.prepare("{ me { code } }", f"{number}" + "x" * 1_000_000, introspection=False)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2_000_000


def test_rows_beyond_a_thousand_are_refused_before_they_are_coerced(attacked: Instance) -> None:
    body = orjson.dumps({"query": VERIFY, "variables": {"p": "IDENTITY_PROOFING", "r": [{"subject": {"idcs": "1"}}] * 75_000}})
    with attacked.serve_here() as base:
        caller: Caller = attacked.demo_agency("CNSS_DEMO").caller(base=base)
        caller.data("{ me { code } }")
        began = time.process_time()
        answer = caller.post(body)
        spent = time.process_time() - began
    assert answer.json().get("data") is None
    assert spent < 0.25, f"{spent:.2f} s of the one thread for a request that is refused and costs nothing"
