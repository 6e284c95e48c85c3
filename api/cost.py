"""What a document costs, told before it is validated, in time linear in its length.

The cost of a selection is 1 for each field, plus what lies below it times the breadth of the field (`first`, or the size of a
literal list of `requests`); a fragment is counted once and its cost reused wherever it is spread, so that a short document
cannot stand for endless work. Cost comes with depth and tokens: each has a limit. So has the number of pairs of fields with the
same response name, since validation may compare each pair.
"""

from collections import Counter
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from core.errors import Invalid, TooCostly

MAX_BYTES = 16 * 1024
MAX_TOKENS = 1_000
MAX_COST = 5_000
MAX_DEPTH = 15
MAX_ROOT_FIELDS = 10
MAX_BREADTH = 100
MAX_OPERATIONS = 20
MAX_PAIRS = 6_000


@dataclass(frozen=True, slots=True)
class Weight:
    """Cost and depth of a selection."""

    cost: int
    depth: int


def check(document: DocumentNode, operation_name: str | None) -> OperationDefinitionNode:
    """The operation that is asked for, once its cost is known to be bearable.

    Raises TooCostly where a limit is passed, Invalid for fragments that run in a circle or are not there, and for an operation
    that cannot be told.
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(document.definitions) > MAX_OPERATIONS * 5 or len(operations) > MAX_OPERATIONS:
        raise TooCostly("the document has too many parts")
    named = [node for node in operations if operation_name is None or (node.name and node.name.value == operation_name)]
    if len(named) != 1:
        raise Invalid("which operation is meant cannot be told", path=("operationName",))
    if named[0].operation is OperationType.SUBSCRIPTION:
        raise Invalid("subscriptions are not served")
    if _pairs(document) > MAX_PAIRS:
        raise TooCostly("the document selects the same names too often")
    counter = _Counter({node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)})
    weight = counter.selection(named[0].selection_set)
    root_fields = counter.root_fields(named[0].selection_set)
    if root_fields > MAX_ROOT_FIELDS:
        raise TooCostly(f"a document has at most {MAX_ROOT_FIELDS} root fields")
    if root_fields > 1 and named[0].operation is OperationType.MUTATION:
        raise TooCostly("a mutation does one thing")
    if weight.depth > MAX_DEPTH:
        raise TooCostly(f"a document is at most {MAX_DEPTH} deep")
    if weight.cost > MAX_COST:
        raise TooCostly(f"a document costs at most {MAX_COST}")
    return named[0]


def _pairs(document: DocumentNode) -> int:
    """How many pairs of fields of the document have the same response name."""
    names: Counter[str] = Counter()
    sets = [node.selection_set for node in document.definitions if isinstance(node, ExecutableDefinitionNode)]
    while sets:
        for selection in sets.pop().selections:
            if isinstance(selection, FieldNode):
                names[(selection.alias or selection.name).value] += 1
            if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                sets.append(selection.selection_set)
    return sum(count * (count - 1) // 2 for count in names.values())


class _Counter:
    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._weights: dict[str, Weight | None] = {}
        self._roots: dict[str, int] = {}

    def selection(self, node: SelectionSetNode | None) -> Weight:
        cost = depth = 0
        for selection in node.selections if node else ():
            if isinstance(selection, FieldNode):
                below = self.selection(selection.selection_set)
                weight = Weight(1 + below.cost * _breadth(selection), 1 + below.depth)
            elif isinstance(selection, InlineFragmentNode):
                weight = self.selection(selection.selection_set)
            else:
                assert isinstance(selection, FragmentSpreadNode)
                weight = self._fragment(selection.name.value)
            cost, depth = cost + weight.cost, max(depth, weight.depth)
        # Sums may not grow without end either: past the limit the figure no longer matters.
        return Weight(min(cost, MAX_COST + 1), depth)

    def _fragment(self, name: str) -> Weight:
        if name in self._weights:
            weight = self._weights[name]
            if weight is None:
                raise Invalid("fragments run in a circle")
            return weight
        definition = self._fragments.get(name)
        if definition is None:
            raise Invalid("a fragment is not there")
        self._weights[name] = None
        found = self._weights[name] = self.selection(definition.selection_set)
        return found

    def root_fields(self, node: SelectionSetNode) -> int:
        count = 0
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                count += 1
            elif isinstance(selection, InlineFragmentNode):
                count += self.root_fields(selection.selection_set)
            else:
                assert isinstance(selection, FragmentSpreadNode)
                name = selection.name.value
                if name not in self._roots:
                    self._roots[name] = self.root_fields(self._fragments[name].selection_set)
                count += self._roots[name]
        return count


def _breadth(field: FieldNode) -> int:
    for argument in field.arguments or ():
        if argument.name.value == "first" and isinstance(argument.value, IntValueNode):
            return max(1, min(int(argument.value.value[:6]), MAX_BREADTH))
        if argument.name.value == "requests" and isinstance(argument.value, ListValueNode):
            return max(1, len(argument.value.values))
    return 1
