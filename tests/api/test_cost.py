"""What a document costs is told in linear time; what costs too much is refused; the rest is prepared within 100 ms."""

import gc
import time
from collections.abc import Callable

import pytest
from graphql import GraphQLError, parse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api import cost, schema
from api.cost import MAX_BYTES, MAX_COST, MAX_DEPTH, MAX_PAIRS, MAX_ROOT_FIELDS, MAX_TOKENS
from core.errors import Code, SijilError

SCHEMA = schema.build()
CPU_SECONDS = 0.1
Outcome = str | list[str]


def prepared(documents: schema.Documents, text: str) -> Outcome:
    """`fit`, the code of the refusal, or the messages of what is wrong."""
    try:
        outcome = documents.prepare(text, None, introspection=False)
    except SijilError as refusal:
        return refusal.code
    return [error.message for error in outcome] if isinstance(outcome, list) else "fit"


def seconds(work: Callable[[], object]) -> float:
    """CPU time, the best of three: others share the machine."""
    gc.collect()
    spent = []
    for _ in range(3):
        start = time.thread_time()
        work()
        spent.append(time.thread_time() - start)
    return min(spent)


def fresh(text: str) -> Outcome:
    return prepared(schema.Documents(SCHEMA), text)


def chained(length: int) -> str:
    """Each fragment spreads the next one twice: 2^length fields, in a few bytes."""
    links = "".join(f"fragment F{n} on Viewer{{...F{n + 1} ...F{n + 1}}}" for n in range(length))
    return "{me{...F0}}" + links + f"fragment F{length} on Viewer{{code}}"


def test_chained_fragments_cost_next_to_nothing_to_refuse() -> None:
    document = chained(22)
    assert 800 < len(document) < 900
    assert fresh(document) == Code.TOO_COSTLY
    assert seconds(lambda: fresh(document)) < 0.01


def test_the_time_taken_grows_with_the_length_of_a_document_and_no_faster() -> None:
    once, twice = (seconds(lambda n=n: cost_of(chained(n))) for n in (40, 80))  # type: ignore[misc]
    assert twice < 4 * once + 0.005


def cost_of(document: str) -> SijilError | None:
    try:
        cost.check(parse(document, max_lexical_tokens=100_000), None)
    except SijilError as refusal:
        return refusal
    return None


def test_aliases_count_like_any_field() -> None:
    fields = MAX_COST // 100 - 1
    per_page = 'h: household(code: "x", purpose: ELIGIBILITY) {{ {} }}'
    scores = " ".join(f"s{n}: scores(first: 100) {{ pageInfo {{ endCursor }} }}" for n in range(fields))
    assert cost_of("{ " + per_page.format(scores) + " }") is not None
    assert cost_of("{ me { " + " ".join(f"a{n}: code" for n in range(200)) + " } }") is None


@pytest.mark.parametrize("form", ["{}", "... on Query {{ {} }}", "...F"])
def test_eleven_root_fields_are_refused_in_whatever_form(form: str) -> None:
    for number, outcome in ((MAX_ROOT_FIELDS, "fit"), (MAX_ROOT_FIELDS + 1, Code.TOO_COSTLY)):
        fields = " ".join(f"a{n}: me {{ code }}" for n in range(number))
        fragment = "fragment F on Query { " + fields + " }" if form == "...F" else ""
        assert fresh("{ " + form.format(fields) + " }" + fragment) == outcome


def test_a_root_field_in_a_fragment_counts_as_often_as_it_is_spread() -> None:
    assert (
        fresh("{ ...F ...F } fragment F on Query { " + " ".join(f"a{n}: me {{ code }}" for n in range(6)) + " }")
        == Code.TOO_COSTLY
    )


def test_a_document_is_at_most_fifteen_deep() -> None:
    for depth, refused in ((MAX_DEPTH, False), (MAX_DEPTH + 1, True)):
        refusal = cost_of("{ a " * depth + "}" * depth)
        assert (refusal is not None) is refused
        if refusal is not None:
            assert refusal.code is Code.TOO_COSTLY
    through_fragments = "{ a { a { a { a { a { a { a { ...F } } } } } } } } fragment F on X " + "{ a " * 9 + "}" * 9
    assert cost_of(through_fragments) is not None


def test_a_document_has_at_most_a_thousand_tokens_and_sixteen_kilobytes() -> None:
    assert fresh("{ me { " + " ".join(f"a{n}: code" for n in range(MAX_TOKENS // 3 - 5)) + " } }") == "fit"
    assert fresh("{ me { " + "code " * MAX_TOKENS + "} }") == Code.TOO_COSTLY
    assert fresh("{ me { code } }" + " " * (MAX_BYTES - 15)) == "fit"
    assert fresh("{ me { code } }" + " " * (MAX_BYTES - 14)) == Code.TOO_COSTLY


@pytest.mark.parametrize(
    "document",
    [
        "{ me { " + "code " * 150 + "} }",
        "{ me { " + "x: kind " * 150 + "} }",
        "{ me { ...A ...B } } " + "".join(f"fragment {name} on Viewer {{ {'code ' * 75} }}" for name in "AB"),
    ],
)
def test_names_that_are_selected_so_often_that_comparing_them_takes_long_are_refused(document: str) -> None:
    assert 150 * 149 // 2 > MAX_PAIRS > 100 * 99 // 2
    assert fresh(document) == Code.TOO_COSTLY
    assert fresh("{ me { " + "code " * 100 + "} }") == "fit"


@pytest.mark.parametrize(
    "text", ["{ ...A } fragment A on Query { ...A }", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"]
)
def test_fragments_in_a_circle_are_refused(text: str) -> None:
    assert fresh(text) == Code.INVALID


def test_a_list_of_requests_in_the_document_counts_for_each_of_them() -> None:
    row = '{subject: {idcs: "2516116556"}, programme: "ASD"}'
    twenty = " ".join(f"f{n}: reason" for n in range(300))
    asked = "{{ eligibility(purpose: ELIGIBILITY, requests: [{}]) {{ answers {{ {} }} }} }}"
    assert cost_of(asked.format(row, twenty)) is None
    assert cost_of(asked.format(row * 20, twenty)) is not None


# --- any document at all

_NAMES = """me code kind person household members head sex name given ar facts member score scores contributions
eligibility verify answers catalogue a b"""
NAMES = st.sampled_from(_NAMES.split())
VALUES = st.sampled_from(
    ['"x"', "1", "1.5", "true", "null", "ELIGIBILITY", "$v", "[]", "{}", '{idcs: "2"}', '""" x """', "[1, [2, [3]]]"]
)


def selections(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    fields = st.builds(
        lambda alias, name, argument, below: f"{alias}{name}{argument}{below}",
        st.sampled_from(["", "", "x: ", "y: "]),
        NAMES,
        st.one_of(st.just(""), st.builds(lambda n, v: f"({n}: {v})", NAMES, VALUES)),
        st.one_of(st.just(""), inner),
    )
    spreads = st.sampled_from(["...A", "...B", "...C", "... on Viewer { code }", "... @include(if: $v) { a }"])
    return st.lists(fields | spreads, min_size=1, max_size=6).map(lambda parts: "{ " + " ".join(parts) + " }")


SELECTIONS = st.recursive(st.just("{ code }"), selections, max_leaves=40)
DOCUMENTS = st.builds(
    lambda operation, parts, repeat: (
        (operation + " ".join(f"fragment {n} on Household {p}" for n, p in zip("ABC", parts, strict=False))) * repeat
    ),
    st.builds(lambda head, body: head + body, st.sampled_from(["", "query ", "query Q($v: Boolean) "]), SELECTIONS),
    st.lists(SELECTIONS, max_size=3),
    st.integers(1, 2),
)
REPEATED = st.builds(
    lambda head, part, times, tail: (head + part * times + tail)[:MAX_BYTES],
    st.sampled_from(["{", "{ me {", "query(", "{ me { code @include(if: ", '{ me(a: "', "", "fragment A on Query {"]),
    st.sampled_from(
        ["{", "a ", "a{", "[", "{a:", "...A ", "a:a ", "@a ", "$a ", "#\n", '"', "\\u0041", "kind ", "...on Viewer{", "(", "ع"]
    ),
    st.integers(1, 8_000),
    st.sampled_from(["}", "} }", '"}', "]", ")", ""]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(DOCUMENTS | REPEATED | st.text(max_size=400))
@example(chained(60))
@example("{ me { " + "kind " * 990 + "} }")
@example("{ me { " + "kind: code code: kind " * 160 + "} }")
@example("{ " + "me { kind } " * 10 + "}")
@example('{ household(code: "x", purpose: ELIGIBILITY) { ' + "members { person { sex } } " * 110 + "} }")
@example("{ me { ...A } } " + "".join(f"fragment {n} on Viewer {{ code ...{n}x ...{n}y }}" for n in "ABCDEFGHIJ" * 10))
@example(
    "{ me { "
    + " ".join(f"...F{n}" for n in range(100))
    + " } } "
    + " ".join(f"fragment F{n} on Viewer {{ code }}" for n in range(99))
)
@example("{ me { code" + " @skip(if: false)" * 150 + " } }")
def test_any_document_is_prepared_or_refused_within_its_time_and_always_alike(text: str) -> None:
    documents = schema.Documents(SCHEMA)
    start = time.thread_time()
    first = prepared(documents, text)
    spent = time.thread_time() - start
    if spent >= CPU_SECONDS:  # once more: a pause of the collector is not the document's
        spent = seconds(lambda: fresh(text))
    assert spent < CPU_SECONDS
    assert prepared(documents, text) == first
    if first == "fit":
        assert len(text.encode()) <= MAX_BYTES


def test_what_was_prepared_once_is_remembered_and_the_store_is_bounded() -> None:
    documents = schema.Documents(SCHEMA)
    text = "{ me { code kind } }"
    first = documents.prepare(text, None, introspection=False)
    assert documents.prepare(text, None, introspection=False) is first
    for number in range(schema.MAX_DOCUMENTS):
        with pytest.raises(SijilError):
            documents.prepare(f"# {number}\n{{ ...Nowhere }}", None, introspection=False)
    again = documents.prepare(text, None, introspection=False)
    assert again is not first
    assert again == first


def test_introspection_is_remembered_apart() -> None:
    documents = schema.Documents(SCHEMA)
    text = "{ __schema { types { name } } }"
    refused = documents.prepare(text, None, introspection=False)
    assert isinstance(refused, list)
    assert all(isinstance(error, GraphQLError) for error in refused)
    assert isinstance(documents.prepare(text, None, introspection=True), schema.Prepared)
    assert isinstance(documents.prepare(text, None, introspection=False), list)
