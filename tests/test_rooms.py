"""What the plan of the rooms says beyond their imports: a face outside holds no SQL."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FACE = Path(__file__).parent.parent / "api"
STATEMENT = re.compile(
    r"(?:^|;)\s*(?:select|with\s+\w+\s+as|insert\s+into|update\s+[\w.]+\s+(?:\w+\s+)?set|delete\s+from|truncate|analyze|lock\s+table"
    r"|copy\s+[\w.]+\s+(?:from|to)|(?:create|alter|drop)\s+(?:table|index|schema|database|role|view|type|function))\b",
    re.IGNORECASE | re.MULTILINE,
)
BUILDERS = {"select", "insert", "update", "delete", "text"}


def statements(source: str) -> Iterator[tuple[int, str]]:
    """Line and beginning of what looks like a statement, as text or built with SQLAlchemy; docstrings are not looked at."""
    tree = ast.parse(source)
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            if STATEMENT.search(node.value):
                yield node.lineno, node.value[:60]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in BUILDERS)


def test_a_face_outside_holds_no_sql() -> None:
    modules = sorted(FACE.rglob("*.py"))
    assert len(modules) > 30
    found = [(str(path.relative_to(FACE)), *place) for path in modules for place in statements(path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        'ask("select 1")',
        'ask(f"select exists (select from {table})")',
        'ask("""\n    SELECT a\n      FROM b""")',
        'ask("with a as (select 1) table a")',
        'ask("insert into a values (1)")',
        'ask("update a set b = 1")',
        'ask("update only a set b = 1")',
        'ask("delete from a")',
        'X = "begin; drop schema public cascade"',
        'X = "truncate a"',
        "from sqlalchemy import select",
        "from sqlalchemy.dialects.postgresql import insert",
    ],
)
def test_a_statement_would_be_noticed(source: str) -> None:
    assert len(list(statements(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        '"""\nselect what is asked.\n"""',
        'say("Add regions; those with a known code get these names; none is removed.")',
        'say("with at most 3")',
        'say("Selected")',
        'say("update it: a set is there")',
        "from sqlalchemy import make_url",
    ],
)
def test_prose_is_no_statement(source: str) -> None:
    assert list(statements(source)) == []


def test_each_module_of_identity_stands_in_the_map() -> None:
    root = FACE.parent
    modules = {path.stem for path in (root / "identity").glob("*.py")} - {"__init__"}
    (rows,) = re.findall(r"## Where in `identity/`\n(.*?)\n## ", (root / "ARCHITECTURE.md").read_text(), re.DOTALL)
    named = [name for row in rows.splitlines() if row.startswith("| ") for name in re.findall(r"`(\w+)`", row.split("|")[2])]
    assert sorted(named) == sorted(modules)
