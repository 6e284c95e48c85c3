"""`sijil agency`: agencies, their keys, and what they may ask for.

What takes two people is done here only while an instance is set up: once two people can do it, they do, on the pages.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import jwt
import typer
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from access import agencies, publishing
from access.agencies import Enrolled
from access.approval import Act, set_up
from access.call import Call
from access.catalogue import Lang
from access.rights import Scope
from access.tokens import thumbprint
from api.commands.telling import AsJson, Teller, object_of, settings, telling, text_of
from api.running import own_call, with_database
from core.database import Database
from core.errors import Invalid, SijilError

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True, help="Agencies, their keys, and what they may ask for.")
key_app = typer.Typer(no_args_is_help=True, help="The public keys that an agency proves itself with.")
agreement_app = typer.Typer(no_args_is_help=True, help="What an agency may ask for.")
mandate_app = typer.Typer(no_args_is_help=True, help="Articles of law that let an agency ask without consent.")
notice_app = typer.Typer(no_args_is_help=True, help="What people are told when an agency asks for their consent.")
app.add_typer(key_app, name="key")
app.add_typer(agreement_app, name="agreement")
app.add_typer(mandate_app, name="mandate")
app.add_typer(notice_app, name="notice")

KEY_DAYS = 365
Code = Annotated[str, typer.Argument(help="The agency's code.")]
Document = Annotated[Path, typer.Argument(help="The document, a JSON file.")]


@app.command()
def enrol(
    code: Annotated[str, typer.Argument(help="A code of its own: capital letters, digits and underscores.")],
    name_ar: Annotated[str, typer.Option(help="Its name in Arabic.")],
    name_fr: Annotated[str, typer.Option(help="Its name in French.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    json: AsJson = False,
) -> None:
    """Enrol an agency. It can ask for nothing before it has a key and an agreement."""
    names = {Lang.AR: name_ar, Lang.FR: name_fr, Lang.EN: name_en}
    with telling(json) as tell:
        made = _set_up(agencies.AGENCY_ENROLLED, agencies.enrolment(code, names))["agency"]
        tell.say({"agency": made, "code": code}, f"Enrolled {code}; its client id is {made}.")


@app.command()
def suspend(code: Code, json: AsJson = False) -> None:
    """Stop an agency at once."""
    with telling(json) as tell:
        _change_of(code, lambda connection, call, agency: agencies.suspend_agency(connection, call, agency=agency))
        tell.say({"code": code, "suspended": True}, f"{code} is suspended: from its next question on it has no rights.")


@app.command(name="list")
def list_(json: AsJson = False) -> None:
    """List the agencies with their keys and what is in force now."""
    with telling(json) as tell:
        found = _done(agencies.agencies)
        tell.say({"agencies": [_document(agency) for agency in found]}, *(_table(agency) for agency in found))


def _document(its: Enrolled) -> dict[str, Any]:
    return {
        "agency_id": str(its.agency),
        "code": its.code,
        **{f"name_{lang.lower()}": its.names[lang] for lang in Lang},
        "enrolled_at": its.enrolled_at,
        "suspended_at": its.suspended_at,
        "agreement": its.agreement,
        "mandates": its.mandates,
        "keys": its.keys,
    }


def _table(its: Enrolled) -> Table:
    table = Table.grid(padding=(0, 2))
    stopped = f" [red]suspended since {its.suspended_at}[/]" if its.suspended_at else ""
    table.add_row(f"[bold]{its.code}[/]", its.names[Lang.EN] + stopped)
    table.add_row("  client id", str(its.agency))
    for kid in its.keys:
        table.add_row("  key", kid)
    agreement = f"agreement {its.agreement}" if its.agreement else "no agreement"
    table.add_row("  in force", f"{agreement}, {its.mandates} mandates")
    return table


@key_app.command(name="add")
def add_key(
    code: Code,
    jwk: Annotated[Path | None, typer.Option(help="The public key as a JSON Web Key.")] = None,
    pem: Annotated[Path | None, typer.Option(help="The public key as PEM.")] = None,
    kid: Annotated[str | None, typer.Option(help="Its name; else the one in the key, else its thumbprint.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3 * 366, help="How many days it holds from now on.")] = KEY_DAYS,
    json: AsJson = False,
) -> None:
    """Register a public key (P-256 or Ed25519) that the agency signs its assertions with. Others stay valid beside it."""
    with telling(json) as tell:
        if (jwk is None) == (pem is None):
            raise Invalid("give the key once: with --jwk or with --pem")
        public = object_of(jwk) if jwk else _jwk_of(text_of(pem)) if pem else {}
        alg = "ES256" if public.get("kty") == "EC" else "EdDSA"
        name = kid or public.get("kid") or _thumbprint(public)
        if not isinstance(name, str):
            raise Invalid("a kid is text", path=("jwk", "kid"))

        async def added(connection: AsyncConnection, call: Call) -> None:
            until = call.now + timedelta(days=days)
            change = agencies.new_key(code, kid=name, alg=alg, jwk=public, valid_from=call.now, valid_to=until)
            await set_up(connection, call, agencies.AGENCY_KEY_ADDED, change=change)

        _done(added)
        tell.say({"code": code, "kid": name, "alg": alg, "days": days}, f"{code} has the key {name} ({alg}) for {days} days.")


@key_app.command(name="revoke")
def revoke_key(code: Code, kid: Annotated[str, typer.Argument(help="The name of the key.")], json: AsJson = False) -> None:
    """Take a key back: from the agency's next question on it proves nothing."""
    with telling(json) as tell:
        _change_of(code, lambda connection, call, agency: agencies.revoke_key(connection, call, agency=agency, kid=kid))
        tell.say({"code": code, "kid": kid, "revoked": True}, f"The key {kid} of {code} is revoked.")


@agreement_app.command(name="publish")
def publish_agreement(file: Document, json: AsJson = False) -> None:
    """Publish a new version of an agreement. What is published never changes."""
    with telling(json) as tell:
        _publish(tell, publishing.AGREEMENT_PUBLISHED, file)


@mandate_app.command(name="publish")
def publish_mandate(file: Document, json: AsJson = False) -> None:
    """Publish a legal mandate. What is published never changes."""
    with telling(json) as tell:
        _publish(tell, publishing.MANDATE_PUBLISHED, file)


@notice_app.command(name="publish")
def publish_notice(file: Document, json: AsJson = False) -> None:
    """Publish a new version of a notice. What is published never changes."""
    with telling(json) as tell:
        _publish(tell, publishing.NOTICE_PUBLISHED, file)


def _publish(tell: Teller, act: Act, file: Path) -> None:
    """What is wrong with the document is told by its path in the file."""
    try:
        made = _set_up(act, publishing.publication(object_of(file)))
    except SijilError as refusal:
        raise type(refusal)(refusal.message, path=refusal.path[refusal.path[:1] == ("document",) :]) from None
    tell.say(made, f"Published for {made['agency']}; hash {made['hash']}.")


def _set_up(act: Act, change: Mapping[str, Any]) -> Mapping[str, Any]:
    return _done(lambda connection, call: set_up(connection, call, act, change=change))


def _done(door: Callable[[AsyncConnection, Call], Awaitable[T]]) -> T:
    """What a door does, in a transaction of its own, for this command on this machine."""

    async def work(database: Database) -> T:
        async with database.begin() as connection:
            return await door(connection, own_call("cli", Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH))

    return with_database(settings(), work)


def _change_of(code: str, change: Callable[[AsyncConnection, Call, UUID], Awaitable[T]]) -> T:
    """A change of the agency of that code. Raises NotFound for none."""

    async def changed(connection: AsyncConnection, call: Call) -> T:
        return await change(connection, call, await agencies.agency_of_code(connection, call, code=code))

    return _done(changed)


def _jwk_of(pem: str) -> dict[str, Any]:
    """The JSON Web Key of a public key in PEM. A private key is refused: it must stay where it is."""
    if "PRIVATE KEY" in pem:
        raise Invalid("this is a private key: it stays with the agency, only the public one is registered", path=("pem",))
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        raise Invalid("this is not a public key in PEM", path=("pem",)) from None
    if not isinstance(key, Ed25519PublicKey) and not (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        raise Invalid("a key is P-256 or Ed25519", path=("pem",))
    alg = "EdDSA" if isinstance(key, Ed25519PublicKey) else "ES256"
    members = jwt.get_algorithm_by_name(alg).to_jwk(key, as_dict=True)
    return {name: members[name] for name in ("kty", "crv", "x", "y") if name in members}


def _thumbprint(jwk: dict[str, Any]) -> str:
    try:
        return thumbprint(jwk)
    except KeyError:
        raise Invalid("the key is not a public key", path=("jwk",)) from None
