"""Field-level authorization: every field that tells of a person, household or score is bound to a catalogue attribute.

A type says so with `@described`; its fields are made with `bound("person.birth_date")`. `fasten` goes over the built schema: an
unbound field of such a type does not build. It also puts in place the reader of plain fields, which turns a `Withheld` value
into a WITHHELD error: a field cannot forget it. Beside it stands a quick reader for the executor (`api/schema.py`), which gives
only values that are granted and plain, and leaves all else to the first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import strawberry
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    get_named_type,
)

from access.catalogue import CATALOGUE
from access.disclosure import Withheld
from core import errors

T = TypeVar("T")
ATTRIBUTE = "attribute"
ECHO = "echo"
PLAIN = "plain reader"
NESTED = "nested objects"
UNTOLD = object()  # what only the ordinary way of the executor can tell: a refusal or a fault
_DESCRIBED: set[type] = set()


def described(cls: type[T]) -> type[T]:
    """Marks a GraphQL type whose fields tell of people: each must be bound, or be a list or object of such types."""
    _DESCRIBED.add(cls)
    return cls


def bound(attribute: str, **options: Any) -> Any:
    """A field that tells the attribute; what it needs stands in its description, put there by the binding itself."""
    label = CATALOGUE[attribute].labels
    words = f"{next(reversed(label.values()))}. Needs RELEASE of `{attribute}`."
    return strawberry.field(description=words, metadata={ATTRIBUTE: attribute}, **options)


def echo(**options: Any) -> Any:
    """A field that only repeats the question or says when and how it was answered: nothing of people."""
    return strawberry.field(metadata={ECHO: True}, **options)


def _is_echo(field: GraphQLField) -> bool:
    definition = field.extensions.get("strawberry-definition")
    return definition is not None and ECHO in definition.metadata


def attribute_of(field: GraphQLField) -> str | None:
    definition = field.extensions.get("strawberry-definition")
    return None if definition is None else definition.metadata.get(ATTRIBUTE)


def fasten(schema: GraphQLSchema) -> None:
    """Checks every binding and installs the reader. Raises TypeError where the schema would tell something unguarded."""
    described_names = {type_.name for type_ in schema.type_map.values() if _is_described(type_)}
    for name, field_name, field in _object_fields(schema):
        attribute = attribute_of(field)
        if attribute is not None and attribute not in CATALOGUE:
            raise TypeError(f"{name}.{field_name} is bound to nothing: {attribute}")
        if name in described_names:
            leads_on = get_named_type(field.type).name in described_names
            if attribute is None and not leads_on and not _is_echo(field):
                raise TypeError(f"{name}.{field_name} tells of people and is bound to no attribute")
            if str(field.type).endswith("!") and attribute is not None:
                raise TypeError(f"{name}.{field_name} is protected and must be nullable")
        definition = field.extensions.get("strawberry-definition")
        if definition is not None and definition.is_basic_field:
            field.resolve = _reader(definition.python_name)
            field.extensions[PLAIN] = _plain_reader(field, definition.python_name)
            field.extensions[NESTED] = _nested(field, definition.python_name)


def _is_described(type_: Any) -> bool:
    definition = getattr(type_, "extensions", {}).get("strawberry-definition")
    return definition is not None and getattr(definition, "origin", None) in _DESCRIBED


def _object_fields(schema: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField]]:
    for name, type_ in schema.type_map.items():
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__"):
            for field_name, field in type_.fields.items():
                yield name, field_name, field


def _reader(name: str) -> Callable[[Any, GraphQLResolveInfo[Any]], Any]:
    def read(source: Any, _: GraphQLResolveInfo[Any]) -> Any:
        return granted(getattr(source, name))

    return read


def plain_reader(field: GraphQLField) -> Callable[[Any], Any] | None:
    """The quick way to a field that is a plain leaf: gives what goes into the answer, or UNTOLD. None where there is none."""
    reader: Callable[[Any], Any] | None = field.extensions.get(PLAIN)
    return reader


@dataclass(frozen=True, slots=True)
class Nested:
    """A plain field that leads to an object or to a list of objects, none of them null."""

    name: str
    type: GraphQLObjectType
    many: bool
    nullable: bool


def nested(field: GraphQLField) -> Nested | None:
    found: Nested | None = field.extensions.get(NESTED)
    return found


def _nested(field: GraphQLField, name: str) -> Nested | None:
    nullable = not isinstance(field.type, GraphQLNonNull)
    type_ = _bare(field.type)
    many = isinstance(type_, GraphQLList)
    if many:
        type_ = _bare(type_.of_type) if isinstance(type_.of_type, GraphQLNonNull) else None
    return Nested(name, type_, many, nullable) if isinstance(type_, GraphQLObjectType) else None


def _bare(type_: Any) -> Any:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def _plain_reader(field: GraphQLField, name: str) -> Callable[[Any], Any] | None:
    type_ = _bare(field.type)
    if not isinstance(type_, GraphQLLeafType):
        return None
    absent = UNTOLD if isinstance(field.type, GraphQLNonNull) else None
    coerce = type_.coerce_output_value
    as_it_is = str if type_ is GraphQLString else bool if type_ is GraphQLBoolean else None
    names = {member.value: name for name, member in type_.values.items()} if isinstance(type_, GraphQLEnumType) else {}

    def read(source: Any) -> Any:
        value = getattr(source, name)
        if value is None:
            return absent
        if value.__class__ is as_it_is:
            return value
        if value.__class__ is Withheld:
            return UNTOLD
        if names and isinstance(value, str) and value in names:
            return names[value]
        try:
            coerced = coerce(value)
        except Exception:  # whatever it is, the ordinary way says it, with its path
            return UNTOLD
        return UNTOLD if coerced is None or coerced is Undefined else coerced

    return read


def granted(value: T | Withheld) -> T:
    """The value itself; Withheld raised where that stands in its place."""
    if value.__class__ is Withheld:
        raise errors.Withheld("not granted to you here")
    return value  # type: ignore[return-value]  # just checked, in the quickest way
