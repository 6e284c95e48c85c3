"""Reading a selection before anything is fetched: which attributes a question asks for, and where.

Directives and fragments are honoured by the library's own collector, so that just what will be answered is opened and noted.
"""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, get_named_type
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import get_argument_values

from api.guard import attribute_of


class Selected:
    """One selected field and what is selected below it."""

    __slots__ = ("_details", "_info", "arguments", "field", "name")

    def __init__(self, info: GraphQLResolveInfo[Any], field: GraphQLField, details: list[FieldDetails]) -> None:
        self._info, self.field, self._details = info, field, details
        self.name: str = details[0].node.name.value
        self.arguments: dict[str, Any] = (
            get_argument_values(field, details[0].node, info.variable_values, details[0].fragment_variable_values, True)
            if field.args
            else {}
        )

    @property
    def attribute(self) -> str | None:
        return attribute_of(self.field)

    def below(self) -> Iterator["Selected"]:
        type_ = get_named_type(self.field.type)
        if not isinstance(type_, GraphQLObjectType):
            return
        info = self._info
        fragments = {name: FragmentDetails(definition) for name, definition in info.fragments.items()}
        groups = collect_subfields(
            info.schema, fragments, info.variable_values, info.operation, type_, self._details, True
        ).grouped_field_set
        for details in groups.values():
            field = type_.fields.get(details[0].node.name.value)
            if field is not None:
                yield Selected(info, field, details)

    def attributes(self) -> frozenset[str]:
        """Every attribute asked for below this field, at whatever depth."""
        found = set()
        for selected in self.below():
            if selected.attribute is not None:
                found.add(selected.attribute)
            found |= selected.attributes()
        return frozenset(found)

    def child(self, name: str) -> list["Selected"]:
        """The fields of that name just below, one for each alias."""
        return [selected for selected in self.below() if selected.name == name]


def selected(info: GraphQLResolveInfo[Any]) -> Selected:
    """The field that is being resolved, with all that is selected below it."""
    field = info.parent_type.fields[info.field_name]
    return Selected(info, field, [FieldDetails(node, None) for node in info.field_nodes])
