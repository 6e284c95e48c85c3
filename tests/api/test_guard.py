"""A schema that would tell something unguarded does not build."""

import pytest
import strawberry
from graphql import GraphQLObjectType, GraphQLSchema, execute_sync, parse
from strawberry.schema import Schema

from access.catalogue import CATALOGUE
from access.disclosure import Withheld
from api import guard, schema
from api.guard import bound, described, echo


def built(root: type) -> GraphQLSchema:
    made = Schema(query=root)._schema
    guard.fasten(made)
    return made


def test_a_field_that_tells_of_people_and_is_bound_to_nothing_does_not_build() -> None:
    @described
    @strawberry.type
    class Somebody:
        name: str | None = bound("person.given_name")
        nickname: str | None

    @strawberry.type
    class Root:
        somebody: Somebody | None

    with pytest.raises(TypeError, match=r"^Somebody\.nickname tells of people and is bound to no attribute$"):
        built(Root)


def test_a_computed_field_that_is_bound_to_nothing_does_not_build_either() -> None:
    @described
    @strawberry.type
    class Somebody:
        name: str | None = bound("person.given_name")

        @strawberry.field
        def initials(self) -> str | None:
            return "Z"

    @strawberry.type
    class Root:
        somebody: Somebody | None

    with pytest.raises(TypeError, match=r"^Somebody\.initials "):
        built(Root)


def test_a_protected_field_that_cannot_be_null_does_not_build() -> None:
    @described
    @strawberry.type
    class Somebody:
        name: str = bound("person.given_name")

    @strawberry.type
    class Root:
        somebody: Somebody | None

    with pytest.raises(TypeError, match=r"^Somebody\.name is protected and must be nullable$"):
        built(Root)


def test_a_binding_to_nothing_does_not_build() -> None:
    with pytest.raises(KeyError):
        bound("person.shoe_size")

    @strawberry.type
    class Root:
        size: str | None = strawberry.field(metadata={guard.ATTRIBUTE: "person.shoe_size"})

    with pytest.raises(TypeError, match=r"^Root\.size is bound to nothing: person\.shoe_size$"):
        built(Root)


def test_a_sound_schema_builds_and_turns_what_is_withheld_into_an_error_with_its_path() -> None:
    @described
    @strawberry.type
    class Somebody:
        name: str | None = bound("person.given_name")
        sex: str | None = bound("person.sex")
        asked: str | None = echo()

    @strawberry.type
    class Root:
        somebody: Somebody | None

    class Value:
        somebody = Somebody(name=Withheld("person.given_name"), sex="F", asked="now")  # type: ignore[arg-type]

    answer = execute_sync(built(Root), parse("{ somebody { a: name sex asked } }"), Value())
    assert answer.data == {"somebody": {"a": None, "sex": "F", "asked": "now"}}
    assert answer.errors is not None
    assert [(error.message, error.path) for error in answer.errors] == [("not granted to you here", ["somebody", "a"])]


def test_every_bound_field_says_in_its_description_what_it_needs() -> None:
    told = 0
    for type_ in schema.build().type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for field in type_.fields.values():
                attribute = guard.attribute_of(field)
                if attribute is not None:
                    told += 1
                    assert attribute in CATALOGUE
                    assert field.description is not None
                    assert field.description.endswith(f"Needs RELEASE of `{attribute}`.")
    assert told > 40


def test_every_plain_field_of_the_schema_is_read_by_the_guard() -> None:
    for name, type_ in schema.build().type_map.items():
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__"):
            for field in type_.fields.values():
                definition = field.extensions["strawberry-definition"]
                if definition.is_basic_field:
                    assert field.resolve is not None
                    assert field.resolve.__module__ == "api.guard", (name, field)
