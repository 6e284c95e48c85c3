"""Commands that check something and change nothing: `schema`, `verify-receipt`, `check-consents`, `doctor`."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import orjson
import typer
from graphql import GraphQLSchema, build_schema
from graphql.utilities import BreakingChangeType, find_schema_changes
from rich.syntax import Syntax
from rich.table import Table

from access import consent_receipts, receipts
from access.rights import Scope
from access.tokens import parse_compact
from api import schema as schemas
from api.commands import diagnosis
from api.commands.telling import AsJson, object_of, settings, telling, text_of
from api.edge import utc_now
from api.running import own_call, with_database
from core.errors import Invalid, Unauthenticated, Unavailable
from identity import attested, consent_checks

SCHEMA_FILE = Path(schemas.__file__).with_name("schema.graphql")
JWKS_SECONDS = 10.0
MAX_JWKS_BYTES = 1 << 20


def schema(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if the file differs.")] = False,
    to: Annotated[Path, typer.Option("--to", help="The file; - is standard output.")] = SCHEMA_FILE,
    json: AsJson = False,
) -> None:
    """Write the GraphQL schema down, or check that what is written down is true."""
    with telling(json) as tell:
        built = schemas.build()
        text = schemas.export(built)
        if not check and str(to) == "-":
            sys.stdout.write(text)
            return
        if not check:
            to.write_text(text, encoding="utf-8")
            tell.say({"file": str(to), "lines": text.count("\n")}, f"Wrote {to}.")
            return
        written = text_of(to)
        breaking = [] if written == text else breaking_changes(build_schema(written), built)
        document = {"ok": written == text, "file": str(to), "breaking": breaking}
        if written == text:
            tell.say(document, f"{to} is true.")
            return
        tell.say(
            document,
            f"{to} differs from the code; `sijil schema` writes it anew.",
            *(f"breaks clients: {change}" for change in breaking),
        )
        raise typer.Exit(1)


def breaking_changes(old: GraphQLSchema, new: GraphQLSchema) -> list[str]:
    """What would break a client that was written against the old one."""
    return [
        f"{change.type.name}: {change.description}"
        for change in find_schema_changes(old, new)
        if isinstance(change.type, BreakingChangeType)
    ]


def verify_receipt(
    receipt: Annotated[str, typer.Argument(help="The receipt, or a file that holds it; - reads it from standard input.")],
    jwks: Annotated[str, typer.Option(help="The platform's published keys: a file, or their address.")],
    json: AsJson = False,
) -> None:
    """Check a receipt of an answer or a consent, or an attestation (the text of its code), with the published keys alone, and
    show what it proves. Exit 14 if nothing."""
    with telling(json) as tell:
        text = _receipt(receipt)
        kind, verify = _kind_of(text)
        found = dict(verify(text, _jwks(jwks)))
        shown = Syntax(
            orjson.dumps(found, option=orjson.OPT_INDENT_2).decode(), "json", background_color="default", word_wrap=True
        )
        document: dict[str, Any] = {"valid": True, kind: found}
        if kind != "attestation":
            tell.say(document, "The receipt is genuine. It says:", shown)
            return
        document["expired"] = attested.read(found).expires_at <= utc_now()
        genuine = "The attestation is genuine, but it has expired." if document["expired"] else "The attestation is genuine."
        tell.say(document, f"{genuine} Whether it was taken back is known where it was issued. It says:", shown)


def _receipt(given: str) -> str:
    """What was handed over, as text. Raises Invalid for the address that the other code of a paper holds."""
    if given == "-":
        text = sys.stdin.read(receipts.MAX_CHARACTERS + 2)
    else:
        text = text_of(Path(given))[: receipts.MAX_CHARACTERS + 2] if _is_file(given) else given
    text = text.strip()
    if text.startswith(("https://", "http://")):
        raise Invalid("this is the address of the page that says whether it counts; the signed text is in the other code")
    return text


def _is_file(given: str) -> bool:
    try:
        return Path(given).is_file()
    except (OSError, ValueError):  # no name of a file: too long, say
        return False


def _kind_of(text: str) -> tuple[str, Callable[[str, Mapping[str, Any]], Mapping[str, Any]]]:
    """A receipt of an answer is made of several parts; the others are single signed documents, each of a type of its own."""
    if "~" in text:
        return "row", receipts.verify
    try:
        type_ = parse_compact(text, receipts.MAX_CHARACTERS).header.get("typ")
    except Unauthenticated:
        type_ = None  # said by whoever verifies
    return (
        ("attestation", attested.verify_attestation) if type_ == attested.TYPE else ("consent", consent_receipts.verify_receipt)
    )


def _jwks(source: str) -> dict[str, Any]:
    if not source.startswith(("https://", "http://")):
        return object_of(Path(source))
    try:
        answer = httpx.get(source, timeout=JWKS_SECONDS)
        answer.raise_for_status()
        document = orjson.loads(answer.content[:MAX_JWKS_BYTES])
    except (httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError):
        raise Unavailable("the published keys cannot be had from there", path=("jwks",)) from None
    if not isinstance(document, dict):
        raise Invalid("these are no published keys", path=("jwks",))
    return document


def check_consents(json: AsJson = False) -> None:
    """Follow the history of every consent, and compare it with what counts; exit 1 if something was altered."""
    with telling(json) as tell:
        call = own_call("check-consents", Scope.LEDGER_READ)
        found = with_database(settings(), lambda database: consent_checks.check_consents(database, call))
        document = {"ok": not found.altered, "consents": found.consents, "altered": found.altered}
        named = [str(consent) for consent in found.named]
        tell.say(
            document | {"named": named},
            f"{found.consents:,} consents; {found.altered or 'none'} of them altered.",
            *named,
        )
        if found.altered:
            raise typer.Exit(1)


def doctor(json: AsJson = False) -> None:
    """Look at everything that an instance needs, and say what to do where something is wrong; exit 1 then."""
    with telling(json) as tell:
        found = diagnosis.diagnose(settings())
        table = Table("", "what", "found", "what to do")
        for one in found:
            table.add_row("[green]ok[/]" if one.ok else "[red]not ok[/]", one.what, one.found, "" if one.ok else one.remedy)
        tell.say({"ok": all(one.ok for one in found), "checks": [one.document for one in found]}, table)
        if not all(one.ok for one in found):
            raise typer.Exit(1)
