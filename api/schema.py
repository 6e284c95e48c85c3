"""The schema: built from the types of each room, fastened by the guard, and executed with documents parsed only once."""

from asyncio import Future
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from types import CoroutineType
from typing import Any, TypeGuard, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    execute,
    parse,
    print_schema,
    validate,
)
from graphql.validation import NoSchemaIntrospectionCustomRule, specified_rules
from strawberry.schema import Schema
from strawberry.schema.config import StrawberryConfig

from access.disclosure import Withheld
from api import cost, guard
from api.mutations import Mutation
from api.queries import Query
from api.scalars import SCALARS
from core.errors import Invalid, SijilError, TooCostly

MAX_DOCUMENTS = 2_000
MAX_COMMENTS = 100
MAX_NAME = 100  # characters of an operation's name


def build() -> GraphQLSchema:
    """Raises TypeError where a field is not bound as it must be."""
    schema = Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))._schema
    guard.fasten(schema)
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType) and type_.extensions["strawberry-definition"].is_one_of:
            type_.is_one_of = True  # else neither the exported schema nor introspection says so
    assert schema.query_type is not None
    assert schema.mutation_type is not None
    for field in (*schema.query_type.fields.values(), *schema.mutation_type.fields.values()):
        field.resolve = _plain(field.extensions["strawberry-definition"].base_resolver.wrapped_func)
    return schema


def _plain(resolver: Callable[..., Any]) -> Callable[..., Any]:
    """Root fields take their inputs as the plain dictionaries they were coerced to (see `api/context.py: plain`).

    The library's own step, which makes objects of them, costs as much as all else that is done for a row of a batch.
    """

    def resolve(_: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        return resolver(info, **arguments)

    return resolve


def export(schema: GraphQLSchema) -> str:
    return print_schema(schema) + "\n"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was found fit to be executed."""

    document: DocumentNode
    operation: OperationDefinitionNode


class Documents:
    """Prepares documents and remembers the outcome, by the hash of the text, in a bounded store."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: OrderedDict[tuple[bytes, str | None, bool], Prepared | list[GraphQLError] | SijilError] = OrderedDict()

    def prepare(self, text: str, operation_name: str | None, *, introspection: bool) -> Prepared | list[GraphQLError]:
        """The document ready to run, or what is wrong with it. Raises TooCostly, or Invalid where it is no document."""
        if operation_name is not None and len(operation_name) > MAX_NAME:
            raise Invalid("the name of the operation is too long", path=("operationName",))
        key = (sha256(text.encode("utf-8", "surrogatepass")).digest(), operation_name, introspection)
        outcome = self._known.get(key)
        if outcome is None:
            outcome = self._examine(text, operation_name, introspection)
            self._known[key] = outcome
            if len(self._known) > MAX_DOCUMENTS:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        if isinstance(outcome, SijilError):
            raise type(outcome)(outcome.message, path=outcome.path)
        return outcome

    def _examine(
        self, text: str, operation_name: str | None, introspection: bool
    ) -> Prepared | list[GraphQLError] | SijilError:
        if len(text.encode("utf-8", "surrogatepass")) > cost.MAX_BYTES:
            return TooCostly(f"a document has at most {cost.MAX_BYTES} bytes", path=("query",))
        try:
            document = parse(
                text,
                no_location=False,
                max_lexical_tokens=cost.MAX_TOKENS,
                max_comments=MAX_COMMENTS,
                allow_empty_selection_sets=False,
            )
            operation = cost.check(document, operation_name)
        except SijilError as refusal:
            return refusal
        except GraphQLError as error:
            if "token limit" in error.message.lower() or "tokens" in error.message.lower():
                return TooCostly(f"a document has at most {cost.MAX_TOKENS} tokens", path=("query",))
            return [error]
        except RecursionError:
            return TooCostly("the document is nested too deeply", path=("query",))
        rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
        errors = validate(self._schema, document, rules, max_errors=20, hide_suggestions=True)
        return errors or Prepared(document, operation)


class OneByOne(Executor[Any]):
    """Root fields of a query run one after another, so that each has its snapshot to itself.

    Below them, plain leaves are read the quick way (`guard.plain_reader`); all that is not a plain value goes the library's.
    """

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Any, grouped_field_set: Any, position_context: Any
    ) -> Any:
        told: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for name, details in grouped_field_set.items():
            told[name] = value = self._plain(parent_type, source_value, details)
            if value is guard.UNTOLD:
                others[name] = details
        if not others:
            return told
        rest: Any = super().execute_fields(parent_type, source_value, path, others, position_context)
        if _is_awaitable(rest):
            return _completed(told, rest)
        told.update(rest)
        return told

    def _plain(self, parent_type: Any, source: Any, details: Any) -> Any:
        """A field's value where it is plain through and through, else UNTOLD."""
        field = parent_type.fields.get(details[0].node.name.value)
        if field is None:
            return guard.UNTOLD
        read = guard.plain_reader(field)
        if read is not None:
            return read(source)
        nested = guard.nested(field)
        return guard.UNTOLD if nested is None else self._plain_nested(nested, getattr(source, nested.name), details)

    def _plain_nested(self, nested: guard.Nested, value: Any, details: Any) -> Any:
        if value is None:
            return None if nested.nullable else guard.UNTOLD
        grouped = self.collect_subfields(nested.type, details).grouped_field_set
        if not nested.many:
            return self._plain_object(nested.type, value, grouped)
        items = []
        for item in value if value.__class__ is list else (None,):
            told = self._plain_object(nested.type, item, grouped)
            if told is guard.UNTOLD:
                return told
            items.append(told)
        return items

    def _plain_object(self, type_: Any, source: Any, grouped: Any) -> Any:
        if source is None or source.__class__ is Withheld:
            return guard.UNTOLD
        told = {}
        for name, details in grouped.items():
            told[name] = value = self._plain(type_, source, details)
            if value is guard.UNTOLD:
                return value
        return told

    def execute_root_grouped_field_set(
        self,
        root_type: Any,
        root_value: Any,
        grouped: Any,
        serially: bool,  # noqa: ARG002 whatever was meant
        position: Any,
    ) -> Any:
        return super().execute_root_grouped_field_set(root_type, root_value, grouped, True, position)


def _is_awaitable(value: Any) -> "TypeGuard[CoroutineType[Any, Any, Any]]":
    return value.__class__ is CoroutineType or isinstance(value, Future)


async def _completed(told: dict[str, Any], rest: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    told.update(await rest)
    return told


async def run(schema: GraphQLSchema, prepared: Prepared, variables: dict[str, Any] | None, context: Any) -> ExecutionResult:
    outcome = execute(
        schema,
        prepared.document,
        context_value=context,
        variable_values=variables,
        operation_name=prepared.operation.name.value if prepared.operation.name else None,
        executor_class=OneByOne,
        is_awaitable=_is_awaitable,
        hide_suggestions=True,
    )
    return cast("ExecutionResult", await outcome if _is_awaitable(outcome) else outcome)
