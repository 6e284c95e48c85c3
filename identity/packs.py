"""Packs: requests to be enrolled that a mobile team took down where there is no network, in one file that its device signed.

A pack is one compact JWS of type `sijil-pack+jws`. Its signature is checked over the bytes as they came, before anything of it
is read, by a key that was registered, held when it was signed, and is not revoked now. Each request has an id of its own, the
one that its person will have: sent twice, late, out of order or in two packs, it is one request.

    {v: 1, pack: id, signed_at: instant, requests: [{id, at: instant, form: {member of a form: text}}]}
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Final, Never
from uuid import UUID

import asyncpg
import jwt
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow, refuse_unless_everywhere
from access.catalogue import Lang
from access.rights import Scope
from access.territory import division_code
from access.tokens import ALGORITHMS, parse_jwk, thumbprint
from core.canonical import bytes64, plain_json, text64
from core.database import Reader, Row, Snapshot, raw
from core.documents import Node, read_json
from core.errors import Conflict, Fault, Faulty, Invalid, NotFound, SijilError, Unauthenticated
from core.jobs import Handler, Work
from core.keys import KeyRing
from core.storage import Storage
from core.texts import checked_text
from identity.applications import MEMBERS, Form, examined
from identity.enrolling_many import Origin, submit_batch
from identity.file_jobs import BATCH, TAKING, OpenFile, Task, run
from identity.file_rows import Limits, Ready, RowCode, RowFault, Told, refused
from identity.importing import limits_of
from identity.models import Division
from identity.person_files import PACK, FileState, begin, held, keep, sent
from identity.register_models import TeamDevice

TYPE: Final = "sijil-pack+jws"
VERSION: Final = 1
MAX_PACK_BYTES: Final = 1_300_000  # of base64, of a document of at most a million characters
MAX_REQUESTS: Final = 2_000
MAX_NAME: Final = 120
LONGEST: Final = timedelta(days=2 * 366)  # of a device's key
CLOCKS_DIFFER: Final = timedelta(minutes=10)
OLDEST: Final = timedelta(days=366)  # of a request, when it is signed


class PackFault(StrEnum):
    """Why a pack is not taken, as a whole."""

    NOT_A_PACK = "NOT_A_PACK"
    UNKNOWN_DEVICE = "UNKNOWN_DEVICE"
    REVOKED_DEVICE = "REVOKED_DEVICE"
    WRONG_SIGNATURE = "WRONG_SIGNATURE"
    NOT_IN_TIME = "NOT_IN_TIME"  # signed while the key did not hold, or in the future


@dataclass(frozen=True, slots=True)
class Device:
    kid: str
    name: str
    alg: str
    jwk: Mapping[str, Any]
    division: str | None
    valid_from: datetime
    valid_to: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Request:
    id: str
    at: str
    form: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack whose signature was checked."""

    id: UUID
    device: Device
    signed_at: datetime
    requests: Sequence[Request]


# --- devices


@allow(Scope.IMPORT_RUN)
async def add_team_device(
    connection: AsyncConnection,
    call: Call,
    *,
    name: str,
    alg: str,
    jwk: Mapping[str, Any] | None,
    division: str | None,
    valid_to: datetime,
) -> str:
    """Registers the public key of a device, from now on: its kid, the thumbprint of the key (RFC 7638).

    Raises Invalid for the key, the name, the division or the date, Conflict for a key that is registered.
    """
    refuse_unless_everywhere(call, Scope.IMPORT_RUN)
    try:
        checked_text(name, MAX_NAME)
    except Invalid as fault:
        raise fault.under("name") from None
    if jwk is None:
        raise Invalid("expected a JSON object", path=("jwk",))
    if alg not in ALGORITHMS:
        raise Invalid("expected ES256 or EdDSA", path=("alg",))
    try:
        parse_jwk(dict(jwk), alg)
    except Unauthenticated as fault:
        raise Invalid(fault.message, path=("jwk",)) from None
    if not call.now < valid_to <= call.now + LONGEST:
        raise Invalid("a key ends within two years", path=("validUntil",))
    if division is not None:
        await _check_division(connection, division)
    public = {part: jwk[part] for part in ("kty", "crv", "x", "y") if part in jwk}
    kid = thumbprint(public)
    row = {
        "kid": kid,
        "name": name,
        "alg": alg,
        "jwk": public,
        "division": division,
        "valid_from": call.now,
        "valid_to": valid_to,
        "added_by": call.actor.account,
    }
    if not (await connection.execute(insert(TeamDevice).values(row).on_conflict_do_nothing())).rowcount:
        raise Conflict("this key is registered already", path=("jwk",))
    return kid


async def _check_division(connection: AsyncConnection, division: str) -> None:
    try:
        division_code(division)
    except Invalid as fault:
        raise fault.under("division") from None
    if await connection.scalar(select(Division.code).where(Division.code == division)) is None:
        raise Invalid("there is no such division", path=("division",))


@allow(Scope.IMPORT_RUN)
async def revoke_team_device(connection: AsyncConnection, call: Call, *, kid: str) -> None:
    """No pack of the device is taken any more, whenever it was signed. Raises NotFound, Conflict where it was revoked."""
    refuse_unless_everywhere(call, Scope.IMPORT_RUN)
    row = (await connection.execute(select(TeamDevice.revoked_at).where(TeamDevice.kid == kid).with_for_update())).first()
    if row is None:
        raise NotFound("there is no such device", path=("kid",))
    if row.revoked_at is not None:
        raise Conflict("the device was revoked already", path=("kid",))
    await connection.execute(update(TeamDevice).where(TeamDevice.kid == kid).values(revoked_at=call.now))


@allow(Scope.IMPORT_RUN)
async def team_devices(reading: Reader, call: Call) -> list[Device]:
    """All of them, the newest first."""
    refuse_unless_everywhere(call, Scope.IMPORT_RUN)
    rows = await reading.ask(f"{_DEVICE} order by valid_from desc, kid limit 1000")
    return [_device(row) for row in rows]


_DEVICE: Final = "select kid, name, alg, jwk::text, division, valid_from, valid_to, revoked_at from team_device"


def _device(row: Row) -> Device:
    return Device(**{**row, "jwk": json.loads(row["jwk"])})


# --- taking packs


@allow(Scope.IMPORT_RUN)
async def take_pack(
    connection: AsyncConnection, call: Call, keys: KeyRing, storage: Storage, *, content: bytes | None, lang: Lang
) -> UUID:
    """Takes a pack in and begins with it; what became of each request is its result. The same pack again is the same file.

    Raises Faulty with a code of `PackFault` for what is no pack, or not of a device that is known and trusted: nothing of it
    counts then.
    """
    content = sent(content)
    pack = await opened(Snapshot(await raw(connection)), content, call.now)
    settings = {"lang": lang, "rows": len(pack.requests), "kid": pack.device.kid}
    file = await keep(connection, keys, call, storage, kind=PACK, content=content, settings=settings)
    row = await held(connection, file)
    if row.state == FileState.CHECKED:
        await begin(connection, row, call, TAKING, {})
    return file


async def opened(reader: Reader, content: bytes, now: datetime) -> Pack:
    """What a pack holds that came now. Raises Faulty."""
    pack = await verified(reader, content)
    device = pack.device
    if pack.signed_at > now + CLOCKS_DIFFER or not device.valid_from - CLOCKS_DIFFER <= pack.signed_at < device.valid_to:
        _refuse(PackFault.NOT_IN_TIME, "the device's key did not hold when the pack was signed")
    return pack


async def verified(reader: Reader, content: bytes) -> Pack:
    """A pack of a device that is trusted. Raises Faulty; before the signature was found to fit, nothing but the kid is read."""
    if len(content) > MAX_PACK_BYTES:
        _refuse(PackFault.NOT_A_PACK, f"a pack has at most {MAX_PACK_BYTES} bytes")
    try:
        head, body, signature = content.decode("ascii").strip().split(".")
        header = Node(read_json(bytes64(head))).record(("alg", "kid", "typ"))
        kid, alg = header["kid"].text(), header["alg"].text()
        signed_by = bytes64(signature)
    except (ValueError, SijilError):
        _refuse(PackFault.NOT_A_PACK, "this is no pack")
    if header["typ"].value != TYPE or alg not in ALGORITHMS:
        _refuse(PackFault.NOT_A_PACK, "this is no pack")
    rows = await reader.ask(f"{_DEVICE} where kid = $1", kid)
    if not rows or rows[0]["alg"] != alg:
        _refuse(PackFault.UNKNOWN_DEVICE, "the device is not registered")
    device = _device(rows[0])
    if not jwt.get_algorithm_by_name(alg).verify(f"{head}.{body}".encode(), parse_jwk(dict(device.jwk), alg), signed_by):
        _refuse(PackFault.WRONG_SIGNATURE, "the signature does not fit: the pack was changed, or another device signed it")
    if device.revoked_at is not None:
        _refuse(PackFault.REVOKED_DEVICE, "the device was revoked")
    return _read(body, device)


def _read(body: str, device: Device) -> Pack:
    try:
        parts = Node(read_json(bytes64(body))).record(("v", "pack", "signed_at", "requests"))
        parts["v"].integer(VERSION, VERSION)
        requests = []
        for node in parts["requests"].items(most=MAX_REQUESTS):
            its = node.record(("id", "at", "form"))
            if not isinstance(its["form"].value, dict):
                its["form"].refuse("expected an object")
            requests.append(Request(its["id"].text(), its["at"].text(), its["form"].value))
        return Pack(UUID(parts["pack"].text()), device, parts["signed_at"].instant(), requests)
    except (ValueError, SijilError):
        _refuse(PackFault.NOT_A_PACK, "this is signed, but no pack")


def signed(header: Mapping[str, str], payload: Mapping[str, Any], key: Any) -> bytes:
    """A pack: `header` has alg and kid, `payload` all but the version; `key` is the device's private key."""
    head = text64(plain_json({**header, "typ": TYPE}))
    body = text64(plain_json({"v": VERSION, **payload}))
    signature = jwt.get_algorithm_by_name(header["alg"]).sign(f"{head}.{body}".encode(), key)
    return f"{head}.{body}.{text64(signature)}\n".encode()


def _refuse(code: PackFault, message: str) -> Never:
    raise Faulty([Fault(code, ("content",), message)])


# --- the job


def taking(storage: Storage, keys: KeyRing, *, batch: int = BATCH) -> Handler:
    """The handler of `file_jobs.TAKING`."""

    async def work(its: Work) -> None:
        await run(its, storage, keys, partial(_begin, keys), Scope.IMPORT_RUN, batch=batch)

    return work


@dataclass(frozen=True, slots=True)
class _Batch:
    people: list[tuple[Ready, datetime]]
    refused: list[Told]


async def _begin(keys: KeyRing, file: OpenFile, after: int, reader: Reader, call: Call) -> Task:
    try:
        pack = await verified(reader, file.content)
    except Faulty:  # it was whole when it came: the device was revoked since
        return _nothing(file, after)
    origin = Origin(file.file, file.begun_by, file.lang, "PACK")
    limits = await limits_of(reader, call, None if pack.device.division is None else [pack.device.division])

    async def ready(items: Sequence[tuple[int, Request]]) -> _Batch:
        batch = _Batch([], [])
        for number, request in items:
            found = _understood(number, request, pack, limits)
            if isinstance(found, list):
                batch.refused.extend(refused(number, found))
            else:
                batch.people.append(found)
        return batch

    async def write(connection: "asyncpg.Connection[Row]", call: Call, batch: _Batch) -> list[Told]:
        trusted = await connection.fetchval(
            "select revoked_at is null from team_device where kid = $1 for share", pack.device.kid
        )
        if not trusted:
            rows = sorted({ready.row for ready, _ in batch.people} | {line.row for line in batch.refused})
            return [line for row in rows for line in refused(row, [_REVOKED])]
        told = await submit_batch(connection, call, keys, batch.people, origin)
        return sorted([*told, *batch.refused], key=lambda line: line.row)

    left = enumerate(pack.requests[after:], after + 1)
    return Task(iter(left), len(pack.requests), ready, write)


_REVOKED: Final = RowFault(None, RowCode.REVOKED_DEVICE)


def _nothing(file: OpenFile, after: int) -> Task:
    """All that is left is refused."""

    async def ready(items: Sequence[tuple[int, Any]]) -> list[Told]:
        return [line for number, _ in items for line in refused(number, [_REVOKED])]

    async def write(_: object, __: Call, told: list[Told]) -> list[Told]:
        return told

    total = file.settings["rows"]
    return Task(((number, None) for number in range(after + 1, total + 1)), total, ready, write)


def _understood(number: int, request: Request, pack: Pack, limits: Limits) -> tuple[Ready, datetime] | list[RowFault]:
    try:
        person = UUID(request.id)
    except ValueError:
        return [RowFault("id", RowCode.NOT_AN_ID)]
    try:
        at = Node(request.at).instant()
    except SijilError:
        return [RowFault("at", RowCode.NOT_IN_TIME)]
    if not pack.signed_at - OLDEST <= at <= pack.signed_at:
        return [RowFault("at", RowCode.NOT_IN_TIME)]
    form = _form(request.form)
    if form is None:
        return [RowFault("form", RowCode.NOT_A_FORM)]
    its, found = examined(form, limits.today, complete=True)
    faults = [RowFault(str(fault.path[0]), fault.code) for fault in found] or limits.faults(its)
    return faults or (Ready(number, person, its), at)


def _form(given: Mapping[str, Any]) -> Form | None:
    """Members of a form by their names, as text (`guarded`: true or false)."""
    if not given.keys() <= set(MEMBERS):
        return None
    guarded = given.get("guarded", False)
    texts = {name: value for name, value in given.items() if name != "guarded" and value is not None}
    if not isinstance(guarded, bool) or not all(isinstance(value, str) for value in texts.values()):
        return None
    return Form(**texts, guarded=guarded)
