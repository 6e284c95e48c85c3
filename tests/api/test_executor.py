"""The quick way to plain leaves gives what the library's own executor gives: values, refusals and faults, in their places."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from graphql import (
    Executor,
    GraphQLEnumType,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    execute,
    get_named_type,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from access.disclosure import Withheld
from api import guard, schema

SCHEMA = schema.build()
TYPES = ("Person", "Membership", "Fact", "Eligibility", "Verification", "Attribute", "ScoreEdge")
VALUES: dict[str, Any] = {
    "String": "text",
    "ID": "id",
    "Int": 3,
    "Boolean": False,
    "Decimal": Decimal("9.3299744"),
    "DateTime": datetime(2026, 11, 23, tzinfo=UTC),
    "Date": "2026-11-23",
    "PartialDate": "1959",
}


class Source:
    """An object that has whatever it is asked for: as drawn, once for each name."""

    def __init__(self, draw: Callable[[str], Any]) -> None:
        self._draw = draw

    def __getattr__(self, name: str) -> Any:
        value = self._draw(name)
        setattr(self, name, value)
        return value


def selection(draw: Any, type_: GraphQLObjectType, depth: int) -> str:
    plain = {name: field for name, field in type_.fields.items() if not field.args}
    names = draw(st.lists(st.sampled_from([*plain, "__typename"]), min_size=1, max_size=6))
    parts = []
    for number, name in enumerate(names):
        below = "" if name == "__typename" else get_named_type(plain[name].type)
        alias = f"a{number}: " if draw(st.booleans()) else f"b{number}: "
        if isinstance(below, GraphQLObjectType):
            if depth:
                parts.append(f"{alias}{name} {{ {selection(draw, below, depth - 1)} }}")
        else:
            parts.append(alias + name)
    return " ".join(parts or ["__typename"])


def value_of(draw: Any, field: GraphQLField) -> Any:
    type_ = get_named_type(field.type)
    kind = draw(st.sampled_from(["value", "value", "none", "withheld", "wrong"]))
    if kind == "none":
        return None
    if kind == "withheld":
        return Withheld("person.sex")
    inner = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    many = isinstance(inner, GraphQLList)
    if isinstance(type_, GraphQLObjectType):
        value: Any = source(draw, type_)
    elif kind == "wrong":
        value = object()
    elif isinstance(type_, GraphQLEnumType):
        value = next(iter(type_.values.values())).value
    else:
        value = VALUES[type_.name]
    return [value, value] if many else value


def source(draw: Any, type_: GraphQLObjectType) -> Source:
    by_name = {field.extensions["strawberry-definition"].python_name: field for field in type_.fields.values()}
    return Source(lambda name: value_of(draw, by_name[name]))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_selection_over_any_values_gives_the_same(data: st.DataObject) -> None:
    type_ = SCHEMA.type_map[data.draw(st.sampled_from(TYPES))]
    assert isinstance(type_, GraphQLObjectType)
    document = parse("{ me { ...part } } fragment part on " + type_.name + " { " + selection(data.draw, type_, 2) + " }")
    field = GraphQLField(type_, resolve=lambda root, _: root)
    built = GraphQLSchema(GraphQLObjectType("Query", {"me": field}))
    root = source(data.draw, type_)
    answers = [
        execute(built, document, root_value=root, executor_class=executor, is_awaitable=schema._is_awaitable)
        for executor in (Executor, schema.OneByOne)
    ]
    told = [(a.data, [(e.message.split(" at 0x")[0], e.path) for e in a.errors or ()]) for a in answers]
    assert told[0] == told[1]
    assert list((told[0][0] or {}).get("me") or ()) == list((told[1][0] or {}).get("me") or ())


@pytest.mark.parametrize("name", TYPES)
def test_every_plain_leaf_has_the_quick_way_and_nothing_else_has(name: str) -> None:
    type_ = SCHEMA.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    for field in type_.fields.values():
        bare = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        plain = isinstance(bare, GraphQLLeafType) and field.extensions["strawberry-definition"].is_basic_field
        assert (guard.plain_reader(field) is not None) == plain
