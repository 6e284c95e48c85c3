"""Documents are read strictly: nothing twice, nothing inexact, nothing unknown, and a refusal says where."""

from collections.abc import Callable
from datetime import date

import pytest

from core.documents import MAX_CHARACTERS, Node, read_json
from core.errors import Invalid


def test_json_is_read() -> None:
    assert read_json('{"a": [1, "x", null, true]}') == {"a": [1, "x", None, True]}
    assert read_json('{"a": "ض"}'.encode()) == {"a": "ض"}


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', "[1.0]", "[1e3]", "[NaN]", "[-Infinity]", "[", "", "[" * 100_000, b"\xff", "1" * 5000],
)
def test_json_that_says_a_thing_twice_or_inexactly_is_refused(text: str | bytes) -> None:
    with pytest.raises(Invalid):
        read_json(text)


def test_an_id_has_one_form() -> None:
    its = "019a0000-0000-7000-8000-000000000001"
    assert str(Node(its, ("a",)).id()) == its
    for text in (its.upper(), its.replace("-", ""), "x", 7):
        with pytest.raises(Invalid) as refusal:
            Node(text, ("a",)).id()
        assert refusal.value.path == ("a",)


def test_a_document_that_is_too_long_is_refused() -> None:
    with pytest.raises(Invalid, match="too long"):
        read_json(" " * MAX_CHARACTERS + "1")


def test_steps_lead_to_parts() -> None:
    fields = Node({"a": ["0.25"], "on": "2024-02-29"}).record(("a",), ("on",))
    assert fields["a"].items()[0].fixed(8) == 25_000_000
    assert fields["on"].day() == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (lambda: Node({"a": 1}).record(("b",)), ("b",)),
        (lambda: Node({"a": 1, "b": 1}).record(("b",)), ("a",)),
        (lambda: Node([], ("x",)).record(()), ("x",)),
        (lambda: Node({}, ("x",)).entries(), ("x",)),
        (lambda: Node({1: 2}, ("x",)).entries(), ("x",)),
        (lambda: Node([], ("x",)).items(), ("x",)),
        (lambda: Node("text", ("x",)).items(), ("x",)),
        (lambda: Node([1, 2, 3], ("x",)).items(most=2), ("x",)),
        (lambda: Node(True, ("x",)).integer(0, 1), ("x",)),
        (lambda: Node(2, ("x",)).integer(0, 1), ("x",)),
        (lambda: Node(1, ("x",)).text(), ("x",)),
        (lambda: Node("ab", ("x",)).text(1), ("x",)),
        (lambda: Node(0.5, ("x",)).fixed(8), ("x",)),
        (lambda: Node("0,5", ("x",)).fixed(8), ("x",)),
        (lambda: Node("2023-02-29", ("x",)).day(), ("x",)),
        (lambda: Node("20230201", ("x",)).day(), ("x",)),
    ],
)
def test_a_part_of_another_type_is_refused_where_it_stands(step: Callable[[], object], path: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refusal:
        step()
    assert refusal.value.path == path
