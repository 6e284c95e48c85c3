"""What is marked as said by the rooms is said by them: a changed sentence or limit would leave a page in English."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from functools import cached_property
from importlib import import_module
from inspect import isclass
from pathlib import Path
from types import ModuleType

import pytest

from api.portal import languages
from api.portal.said import SAID

ROOT = Path(__file__).parents[3]
ROOMS = ("core", "access", "identity", "registry", "scoring", "verification", "api")
NONE_OF_THEM = ("said.py", "__main__.py", "__init__.py")
VALUE = "(.+?)"


class Rooms:
    """All that the modules of the rooms could say, and the limits that they name in it."""

    @cached_property
    def _modules(self) -> list[tuple[ast.Module, ModuleType]]:
        paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if path.name not in NONE_OF_THEM]
        names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
        found = [import_module(name) for name in names if not name.endswith("_child")]
        return [(ast.parse(Path(str(module.__file__)).read_text("utf-8")), module) for module in found]

    @cached_property
    def sentences(self) -> set[str]:
        """Those without a value of the moment. What pages mark for themselves is none of the rooms'."""
        return {
            node.value
            for tree, module in self._modules
            if not module.__name__.startswith("api.portal")
            for node in _whole_texts(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        } | {text for text in self._formatted if VALUE not in text}

    @cached_property
    def _formatted(self) -> dict[str, re.Pattern[str]]:
        """Sentences with values in them: the value, where it is a name of the module; else whatever comes to stand there."""
        found = {}
        for tree, module in self._modules:
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr):
                    parts = [_part(part, module) for part in node.values]
                    text = "".join(text for text, _ in parts)
                    found[text] = re.compile("".join(pattern for _, pattern in parts))
        return found

    @cached_property
    def limits(self) -> set[int]:
        """Whole numbers that have a name in a module (days of a time that has), or stand where something is called."""
        values = [value for _, module in self._modules for value in vars(module).values()]
        named = {value for value in values if isinstance(value, int)}
        named |= {value.days for value in values if isinstance(value, timedelta)}
        given = {
            part.value
            for tree, _ in self._modules
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            for part in node.args
            if isinstance(part, ast.Constant) and isinstance(part.value, int)
        }
        return named | given

    @cached_property
    def kinds(self) -> set[str]:
        """The enumerations, by which it is said what something is not."""
        return {
            value.__name__
            for _, module in self._modules
            for value in vars(module).values()
            if isclass(value) and issubclass(value, Enum)
        }

    def say(self, sentence: str) -> bool:
        if sentence in self.sentences:
            return True
        return any(
            (match := pattern.fullmatch(sentence)) is not None and all(map(self._knows, match.groups()))
            for text, pattern in self._formatted.items()
            if not text.startswith(VALUE) and len(text.replace(VALUE, "")) >= len("not a ")
        )

    def _knows(self, value: str) -> bool:
        """Whether it can come to stand in a sentence: a limit, an enumeration's name, or a sentence itself."""
        if value.isdigit():
            return int(value) in self.limits
        return value in self.kinds or value in self.sentences


def _whole_texts(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but the parts of formatted texts."""
    yield node
    if not isinstance(node, ast.JoinedStr):
        for below in ast.iter_child_nodes(node):
            yield from _whole_texts(below)


def _part(part: ast.expr, module: ModuleType) -> tuple[str, str]:
    """A part of a sentence as text, and as a pattern."""
    if isinstance(part, ast.Constant):
        return str(part.value), re.escape(str(part.value))
    alone = ast.fix_missing_locations(ast.Expression(body=ast.JoinedStr(values=[part])))
    try:
        value = str(eval(compile(alone, "", "eval"), dict(vars(module))))
    except Exception:  # it has no value yet
        return VALUE, VALUE
    return value, re.escape(value)


@pytest.fixture(scope="module")
def rooms() -> Rooms:
    return Rooms()


def test_each_sentence_is_said_by_a_room_still(rooms: Rooms) -> None:
    assert [sentence for sentence in SAID if not rooms.say(sentence)] == []
    assert len({*SAID}) == len(SAID) > 100


@pytest.mark.parametrize(
    "sentence",
    [
        "an agency has at most 21 keys at a time",
        "longer than 999999 characters",
        "expected 1 to 999999",
        "not a Thing",
        "there was an agency with this code",
        "it has to be proposed anew: for no reason",
    ],
)
def test_a_sentence_that_no_room_says_any_more_would_be_found(rooms: Rooms, sentence: str) -> None:
    assert not rooms.say(sentence)


def test_a_reader_is_told_each_in_their_own_words() -> None:
    for tongue in _tongues():
        assert [sentence for sentence in SAID if tongue.say(sentence) == sentence] == []


def _tongues() -> Iterator[languages.Tongue]:
    return (tongue for tongue in languages.tongues().values() if tongue.code != "en")
