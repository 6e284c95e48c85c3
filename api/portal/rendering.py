"""Templates: `pages/*.html`, everything escaped, no name that is not there, in the words of one language."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any, Final

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from markupsafe import Markup

from access.catalogue import Lang
from api.portal import words
from api.portal.languages import OWN_NAMES, Tongue, code, tongues
from api.portal.statics import Statics

PAGES: Final = Path(__file__).parent / "pages"
_GROUP = re.compile(r"[^-]{1,4}-?|-")


class _Compiled(BytecodeCache):
    """Templates as they were compiled, by name and content: once in a process, for all languages."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED: Final = _Compiled()


class Rendering:
    """One environment a language, made once. `folders`: where templates are, if elsewhere too."""

    def __init__(self, statics: Statics, folders: Sequence[Path] = ()) -> None:
        self.folders = (PAGES, *folders)
        self.tongues = tongues()
        loader = FileSystemLoader(self.folders)
        self._environments = {tongue.lang: _environment(tongue, loader, statics) for tongue in self.tongues.values()}
        for environment in self._environments.values():
            environment.globals["in_language"] = self._in_language

    def compile(self, template: str) -> None:
        """Raises where the template is not there or is none: at start, not when somebody looks."""
        for environment in self._environments.values():
            environment.get_template(template)

    def render(self, template: str, lang: Lang, context: Mapping[str, Any]) -> str:
        return self._environments[lang].get_template(template).render(context)

    def _in_language(self, code: str, template: str, **context: Any) -> Markup:
        """For a part of a page that is in another language than the page: a whole template, rendered in that one."""
        lang = next(tongue.lang for tongue in self.tongues.values() if tongue.code == code)
        return Markup(self.render(template, lang, context))  # noqa: S704 it was escaped where it was made

    def document(self, name: str) -> str | None:
        """The text of the GraphQL document of that page; None where it asks nothing."""
        places = (folder / f"{name}.graphql" for folder in self.folders)
        return next((place.read_text("utf-8") for place in places if place.is_file()), None)


def _environment(tongue: Tongue, loader: FileSystemLoader, statics: Statics) -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=loader,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=_COMPILED,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        tongue.words.gettext, tongue.words.ngettext, newstyle=True, pgettext=tongue.words.pgettext
    )
    own_names = {code(lang): own_name for lang, own_name in OWN_NAMES.items()}
    environment.globals.update(
        lang=tongue.code,
        dir=tongue.dir,
        own_names=own_names,
        say=tongue.say,
        listed=tongue.listed,
        static=statics,
        words=words,
    )
    said = {"day": tongue.day, "moment": tongue.moment, "number": tongue.number, "percent": tongue.percent}
    environment.filters.update({name: _at_showing(work) for name, work in said.items()}, breakable=_breakable)
    return environment


def _at_showing(work: Callable[[Any], str]) -> Callable[[object, Any], str]:
    """A filter that a compiler does not apply to what is constant: it would be so in one language for all."""

    @pass_context
    def filtered(_: object, value: Any) -> str:
        return work(value)

    return filtered


def _breakable(text: str) -> Markup:
    """A long identifier that may be broken after each fourth sign and each hyphen, and is still copied whole."""
    return Markup("<wbr>").join(_GROUP.findall(str(text)))
