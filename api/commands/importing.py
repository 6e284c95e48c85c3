"""`sijil import persons`, its template, and the signed packs of mobile teams.

A file is worked on here, in this process, as well as by those that serve: whoever takes it up.
"""

import asyncio
import hmac
import json as documents
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from sqlalchemy.ext.asyncio import AsyncConnection

from access.approval import set_up
from access.call import Call, Purpose
from access.catalogue import Lang
from access.rights import Scope
from access.tokens import thumbprint
from api.commands.imports import app
from api.commands.telling import AsJson, Teller, settings, telling
from api.edge import utc_now
from api.running import own_call, with_database
from core import jobs, keys
from core.canonical import plain_json, text64
from core.database import Database
from core.errors import Conflict, Invalid, Unavailable
from core.ids import uuid7
from core.jobs import Handler, Kind, State
from core.keys import KeyRing
from core.storage import FolderStorage
from core.workers import Workers
from identity import packs, person_files
from identity.file_jobs import IMPORTING, LINKING, TAKING
from identity.file_reading import MAX_BYTES
from identity.file_rows import derived
from identity.file_telling import followed
from identity.importing import importing
from identity.person_files import FileView, TemplateForm
from verification import linking

T = TypeVar("T")
pack_app = typer.Typer(no_args_is_help=True, help="Signed packs of mobile teams, and the devices that sign them.")
POLL_SECONDS = 0.2
File = Annotated[Path, typer.Argument(help="The file.")]
To = Annotated[Path | None, typer.Option(help="Where the result is written: a CSV, with the numbers of who was enrolled.")]
Chosen = Annotated[Lang, typer.Option(help="The language of the result.")]


@app.command()
def persons(
    file: Annotated[Path, typer.Argument(help="CSV, or XLSX of which the first sheet counts: see `sijil import template`.")],
    encoding: Annotated[str, typer.Option(help="Of a CSV: utf-8, cp1256 or cp1252.")] = "utf-8",
    check: Annotated[bool, typer.Option("--check", help="Only say what would become of each row.")] = False,
    first: Annotated[int | None, typer.Option(help="With --check: of the first rows only.")] = None,
    to: To = None,
    lang: Chosen = Lang.FR,
    json: AsJson = False,
) -> None:
    """Enrol the people of a file. The same row enrols nobody twice, so it may be begun again whenever it was broken off."""
    with telling(json) as tell:
        content = _bytes(file)

        async def begin(connection: AsyncConnection, call: Call, ring: KeyRing, storage: FolderStorage) -> UUID:
            sent = await person_files.import_persons(
                connection, call, ring, storage, content=content, encoding=encoding, lang=lang
            )
            if check:
                await person_files.check_file(connection, call, file=sent, first=first)
            else:
                await _start(connection, call, sent)
            return sent

        _worked(tell, "People", begin, to)


@app.command()
def template(
    to: Annotated[Path, typer.Option(help="Where it is written: a name that ends in .csv or .xlsx.")],
    lang: Chosen = Lang.FR,
    json: AsJson = False,
) -> None:
    """Write an empty file of people, with its columns and (in a spreadsheet) what belongs into each."""
    with telling(json) as tell:
        form = {".csv": TemplateForm.CSV, ".xlsx": TemplateForm.XLSX}.get(to.suffix.lower())
        if form is None:
            raise Invalid("the name ends in .csv or .xlsx", path=("to",))
        to.write_bytes(person_files.persons_template(form, lang))
        tell.say({"template": str(to)}, f"Wrote {to}.")


@pack_app.command()
def key(
    to: Annotated[Path, typer.Option(help="Where the private key is written (PEM); it stays on the device.")],
    json: AsJson = False,
) -> None:
    """Make the key of a device, and show its public half."""
    with telling(json) as tell:
        made = Ed25519PrivateKey.generate()
        if to.exists():
            raise Conflict("there is a file of this name", path=("to",))
        to.touch(mode=0o600)
        to.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        jwk = _jwk(made)
        tell.say({"kid": thumbprint(jwk), "jwk": jwk}, documents.dumps(jwk))


@pack_app.command()
def sign(
    file: Annotated[Path, typer.Argument(help="JSON, one request a line: {at, form}, and perhaps its id.")],
    private: Annotated[Path, typer.Option("--key", help="The device's private key (PEM).")],
    to: Annotated[Path, typer.Option(help="Where the pack is written.")],
    json: AsJson = False,
) -> None:
    """Sign requests as one pack. A request without an id gets one that follows from what it says."""
    with telling(json) as tell:
        device = _private(private)
        requests = [_request(number, line, device) for number, line in enumerate(_lines(file), 1)]
        now = utc_now()
        payload = {"pack": str(uuid7(now)), "signed_at": now.isoformat(), "requests": requests}
        to.write_bytes(packs.signed({"alg": "EdDSA", "kid": thumbprint(_jwk(device))}, payload, device))
        tell.say({"pack": str(to), "requests": len(requests)}, f"Wrote {to}: {len(requests):,} requests.")


@pack_app.command()
def take(file: File, to: To = None, lang: Chosen = Lang.FR, json: AsJson = False) -> None:
    """Take a pack in: each of its requests waits to be reviewed, once."""
    with telling(json) as tell:
        content = _bytes(file)

        async def begin(connection: AsyncConnection, call: Call, ring: KeyRing, storage: FolderStorage) -> UUID:
            return await packs.take_pack(connection, call, ring, storage, content=content, lang=lang)

        _worked(tell, "Requests", begin, to)


@pack_app.command("add-device")
def add_device(
    jwk: Annotated[Path, typer.Argument(help="The device's public key: a JSON file.")],
    name: Annotated[str, typer.Option(help="What the device is called.")],
    division: Annotated[str | None, typer.Option(help="The code of the division that it enrols in; else everywhere.")] = None,
    days: Annotated[int, typer.Option(help="For how many days its key holds.", min=1, max=730)] = 365,
    json: AsJson = False,
) -> None:
    """Register the key of a mobile team's device."""
    with telling(json) as tell:
        public = documents.loads(_bytes(jwk))
        alg = "EdDSA" if public.get("kty") == "OKP" else "ES256"

        async def add(connection: AsyncConnection, call: Call) -> str:
            ends = call.now + timedelta(days=days)
            given = {"name": name, "alg": alg, "jwk": public, "division": division, "valid_to": ends}
            return await packs.add_team_device(connection, call, **given)

        kid = _transacted(add)
        tell.say({"kid": kid}, f"Registered the device {kid}.")


@pack_app.command("revoke-device")
def revoke_device(
    kid: Annotated[str, typer.Argument(help="The kid of its key.")],
    json: AsJson = False,
) -> None:
    """Take no pack of a device any more, whenever it was signed."""
    with telling(json) as tell:

        async def revoke(connection: AsyncConnection, call: Call) -> None:
            await packs.revoke_team_device(connection, call, kid=kid)

        _transacted(revoke)
        tell.say({"revoked": kid}, "No pack of this device is taken any more.")


# --- how files are worked on


Beginning = Callable[[AsyncConnection, Call, KeyRing, FolderStorage], Awaitable[UUID]]


async def _start(connection: AsyncConnection, call: Call, file: UUID) -> None:
    """Begins with the file, unless it is worked on or done already: then it is waited for."""
    try:
        async with connection.begin_nested():
            await person_files.start_file(connection, call, file=file)
    except Conflict:
        return


def _worked(tell: Teller, label: str, begin: Beginning, to: Path | None) -> None:
    """Has a file worked on until its job has ended, and writes what came of it."""
    chosen = settings()
    ring, storage = keys.load(chosen.key_file), FolderStorage(chosen.storage_folder)

    async def work(database: Database) -> tuple[FileView, bytes]:
        call = own_call("import", Scope.IMPORT_RUN)
        async with database.begin() as connection:
            file = await begin(connection, call, ring, storage)
        handlers: Mapping[Kind, Handler] = {
            IMPORTING: followed(importing(storage, ring, key_file=chosen.key_file)),
            TAKING: packs.taking(storage, ring),
        }
        with tell.progress(label) as progress:
            await _done(database, handlers, lambda: person_files.person_file(database, call, file=file), progress)
        view = await person_files.person_file(database, call, file=file)
        async with database.begin() as connection:
            await person_files.take_result(connection, call, file=file)
        return view, await person_files.file_result(database, call, ring, storage, file=file)

    view, result = with_database(chosen, work)
    if to is not None:
        to.touch(mode=0o600)
        to.write_bytes(result)
    document = {"file": str(view.file_id), "state": view.state, "rows": view.rows, "counts": view.counts, "trial": view.dry}
    counts = ", ".join(f"{name.lower().replace('_', ' ')} {count:,}" for name, count in sorted(view.counts.items()))
    lines = [f"{view.rows:,} rows: {counts}." if not view.dry else f"A trial; nothing was written. {counts}."]
    if to is not None:
        lines.append(f"What became of each row stands in {to}; keep it as you keep people's data.")
    tell.say(document | {"result": None if to is None else str(to)}, *lines)


async def _done(
    database: Database,
    handlers: Mapping[Kind, Handler],
    look: Callable[[], Awaitable[FileView]],
    progress: Callable[[int, int | None], None],
) -> None:
    """Works, together with those that serve, until the job of that file has ended."""
    workers = Workers(database, handlers, clock=utc_now)
    workers.start()
    try:
        while True:
            view = await look()
            job = None if view.job_id is None else await jobs.find(database, view.job_id)
            progress(view.done, view.total)
            if view.held:
                raise Unavailable("it failed several times, and waits for a person's word: see the jobs")
            if job is None or job.state in (State.DONE, State.CANCELLED):
                return
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await workers.stop()


def _transacted(work: Callable[[AsyncConnection, Call], Awaitable[T]]) -> T:
    async def run(database: Database) -> T:
        async with database.begin() as connection:
            return await work(connection, own_call("import", Scope.IMPORT_RUN))

    return with_database(settings(), run)


# --- files


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as fault:
        raise Invalid(f"the file cannot be read: {(fault.strerror or 'no').lower()}", path=(str(path),)) from None
    if len(content) > MAX_BYTES:
        raise Invalid(f"a file has at most {MAX_BYTES // 1024 // 1024} MiB: send it in parts", path=(str(path),))
    return content


def _lines(path: Path) -> list[bytes]:
    return [line for line in _bytes(path).splitlines() if line.strip()]


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        found = load_pem_private_key(_bytes(path), None)
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise Invalid("this is no key of `sijil pack key`", path=("key",))
    return found


def _jwk(device: Ed25519PrivateKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": text64(device.public_key().public_bytes_raw())}


def _request(number: int, line: bytes, device: Ed25519PrivateKey) -> dict[str, Any]:
    try:
        its = documents.loads(line)
        at = datetime.fromisoformat(its["at"])
        form = dict(its["form"])
    except (ValueError, TypeError, KeyError):
        raise Invalid("expected {at, form}", path=("lines", number)) from None
    digest = hmac.digest(device.private_bytes_raw(), plain_json([at.isoformat(), form]), "sha256")
    return {"id": str(its.get("id") or derived(digest)), "at": at.isoformat(), "form": form}


def link(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: reference, CNIE, given name, family name, birth date.")],
    agency: Annotated[str, typer.Option(help="The code of the agency whose file it is.")],
    purpose: Annotated[Purpose, typer.Option(help="The purpose, of a legal mandate of the agency.")],
    to: Annotated[Path, typer.Option(help="Where the result is written: a CSV with the agency's tokens, for it alone.")],
    encoding: Annotated[str, typer.Option(help="Of a CSV: utf-8, cp1256 or cp1252.")] = "utf-8",
    lang: Chosen = Lang.FR,
    json: AsJson = False,
) -> None:
    """Link an agency's old file to its own tokens. Once two people can agree to it, they do, on the pages."""
    with telling(json) as tell:
        content, chosen = _bytes(file), settings()
        ring, storage = keys.load(chosen.key_file), FolderStorage(chosen.storage_folder)

        async def work(database: Database) -> tuple[FileView, bytes]:
            call = own_call("link", Scope.LINK_RUN)
            (act,) = linking.acts(ring)
            given: dict[str, Any] = {"content": content, "encoding": encoding, "lang": lang, "purpose": purpose}
            async with database.begin() as connection:
                proposed = await linking.take_file(connection, call, ring, storage, agency=agency, **given)
                await set_up(connection, call, act, change=proposed)
            sent = UUID(proposed["file"])
            with tell.progress("Rows") as progress:
                handlers = {LINKING: linking.linking(storage, ring)}
                await _done(database, handlers, lambda: linking.one_link(database, call, file=sent), progress)
            view = await linking.one_link(database, call, file=sent)
            its = replace(call, actor=replace(call.actor, scopes=frozenset({Scope.OFFICER_MANAGE}), agency=view.agency_id))
            async with database.begin() as connection:
                await linking.take_own_result(connection, its, file=sent)
            return await linking.own_result(database, its, ring, storage, file=sent)

        view, result = with_database(chosen, work)
        to.touch(mode=0o600)
        to.write_bytes(result)
        counts = ", ".join(f"{name.lower().replace('_', ' ')} {count:,}" for name, count in sorted(view.counts.items()))
        document = {"file": str(view.file_id), "rows": view.rows, "counts": view.counts, "result": str(to)}
        tell.say(document, f"{view.rows:,} rows: {counts}.", f"The tokens stand in {to}: they are for the agency alone.")
