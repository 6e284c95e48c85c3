import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from inspect import isfunction
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from access import agencies, authority, imports, instance, publishing
from access.agencies import AGENCY_ENROLLED, AGENCY_KEY_ADDED, enrolment, new_key, revoke_key, suspend_agency
from access.agreements import parse_agreement
from access.approval import Act
from access.call import Actor, ActorKind, Call, Purpose, lock_of, system
from access.catalogue import Lang
from access.imports import NewConsent, load_consents
from access.instance import check_instance, create_instance, refresh_statistics
from access.publishing import AGREEMENT_PUBLISHED, MANDATE_PUBLISHED, publication
from access.rights import Scope
from core import keys as keyring
from core.canonical import content_hash, text64
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound, TooCostly, Unavailable
from core.ids import uuid7
from core.keys import KeyRing

NOW = datetime(2026, 11, 23, 9, 30, 15, 123456, UTC)
LATER = NOW + timedelta(days=30)
MANAGER = Call(system("test", Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH, Scope.REGISTER_LOAD), NOW, uuid7(NOW))
NAMES = {Lang.AR: "هيئة المثال", Lang.FR: "Organisme d'exemple", Lang.EN: "Example body"}
ISSUER = "https://register.example"
AGREEMENT: dict[str, Any] = {
    "agency": "EXAMPLE",
    "version": 1,
    "purposes": ["IDENTITY_PROOFING"],
    "attributes": {"person.given_name": {"uses": ["MATCH"], "level": "EXACT", "verdict": True}},
    "points_per_minute": 60,
    "failures_per_hour": {"subject": 5, "agency": 100},
    "tells_status": False,
    "territory": None,
    "valid_from": NOW.isoformat(),
    "valid_to": LATER.isoformat(),
}
MANDATE: dict[str, Any] = {
    "agency": "EXAMPLE",
    "purpose": "IDENTITY_PROOFING",
    "article": "لا شيء, § 1 \u200f",
    "attributes": ["person.given_name"],
    "disclosure": "IMMEDIATE",
    "valid_from": NOW.isoformat(),
    "valid_to": LATER.isoformat(),
}


@dataclass(frozen=True)
class Made:
    database: Database
    keys: KeyRing


@pytest.fixture
def made(database: Database, keys: KeyRing, clean: None) -> Made:
    return Made(database, keys)


@asynccontextmanager
async def undone(made: Made) -> AsyncIterator[AsyncConnection]:
    """A transaction that leaves nothing."""
    async with made.database.engine.connect() as connection:
        yield connection
        await connection.rollback()


def a_key() -> dict[str, Any]:
    return {"kty": "OKP", "crv": "Ed25519", "x": text64(Ed25519PrivateKey.generate().public_key().public_bytes_raw())}


async def enrol(connection: AsyncConnection, code: str = "EXAMPLE", names: Any = NAMES) -> UUID:
    return UUID((await AGENCY_ENROLLED.at_the_machine(connection, MANAGER, enrolment(code, names)))["agency"])


async def register(connection: AsyncConnection, code: str = "EXAMPLE", kid: str = "one", **changes: Any) -> None:
    given = {"kid": kid, "alg": "EdDSA", "jwk": a_key(), "valid_from": NOW, "valid_to": LATER, **changes}
    await AGENCY_KEY_ADDED.at_the_machine(connection, MANAGER, new_key(code, **given))


async def publish(connection: AsyncConnection, act: Act, document: dict[str, Any]) -> bytes:
    return bytes.fromhex((await act.at_the_machine(connection, MANAGER, publication(document)))["hash"])


async def rows(connection: AsyncConnection, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in (await connection.execute(text(statement))).all()]


@pytest.mark.parametrize("module", [agencies, imports, instance, publishing])
async def test_every_door_refuses_who_lacks_the_right(module: ModuleType):
    doors = [door for door in vars(module).values() if isfunction(door) and lock_of(door)]
    assert doors
    for door in doors:
        with pytest.raises(Forbidden):
            await door(None, Call(system("other", Scope.PERSON_READ), NOW, uuid7(NOW)))


# --- agencies and keys


async def test_an_agency_is_enrolled_once_under_its_code(made):
    async with undone(made) as connection:
        agency = await enrol(connection)
        assert await rows(connection, "select agency_id, code, name_ar, name_fr, name_en, enrolled_at from agency") == [
            (agency, "EXAMPLE", *NAMES.values(), NOW)
        ]
        with pytest.raises(Conflict) as refusal:
            await enrol(connection)
        assert refusal.value.path == ("code",)
        assert len(await rows(connection, "select 1 from agency")) == 1


@pytest.mark.parametrize(
    ("code", "names", "path"),
    [
        ("example", NAMES, ("code",)),
        ("E", NAMES, ("code",)),
        ("EXAMPLE\n", NAMES, ("code",)),
        ("EXAMPLE", {Lang.FR: "a", Lang.EN: "b"}, ("names", "ar")),
        ("EXAMPLE", {**NAMES, Lang.EN: " "}, ("names", "en")),
        ("EXAMPLE", {**NAMES, Lang.FR: "n" * 201}, ("names", "fr")),
    ],
)
async def test_a_faulty_agency_is_refused(made, code, names, path):
    async with undone(made) as connection:
        with pytest.raises(Invalid) as refusal:
            await enrol(connection, code, names)
        assert refusal.value.path == path


async def test_a_kid_is_registered_once_whoever_has_it(made):
    async with undone(made) as connection:
        one = await enrol(connection)
        await enrol(connection, "ANOTHER")
        await register(connection)
        for code in ("EXAMPLE", "ANOTHER"):
            with pytest.raises(Conflict):
                await register(connection, code)
        await register(connection, kid="two")
        assert sorted(await rows(connection, "select agency_id, kid from agency_key")) == [(one, "one"), (one, "two")]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"kid": ""}, ("kid",)),
        ({"alg": "RS256"}, ("alg",)),
        ({"alg": "ES256"}, ("jwk",)),
        ({"jwk": {**a_key(), "d": "c2VjcmV0"}}, ("jwk", "d")),
        ({"jwk": {**a_key(), "use": "enc"}}, ("jwk",)),
        ({"jwk": {**a_key(), "x": "c2hvcnQ"}}, ("jwk",)),
        ({"jwk": {**a_key(), "kid": "another"}}, ("jwk", "kid")),
        ({"valid_to": NOW}, ("valid_to",)),
    ],
)
async def test_a_key_that_proves_nothing_is_refused(made, changes, path):
    async with undone(made) as connection:
        await enrol(connection)
        with pytest.raises(Invalid) as refusal:
            await register(connection, **changes)
        assert refusal.value.path == path
        assert await rows(connection, "select 1 from agency_key") == []


async def test_what_is_revoked_or_suspended_counts_from_that_instant_and_the_first_one_stays(made):
    later = Call(MANAGER.actor, LATER, uuid7(LATER))
    async with undone(made) as connection:
        agency = await enrol(connection)
        await register(connection)
        await publish(connection, AGREEMENT_PUBLISHED, AGREEMENT)
        asker = Call(Actor(ActorKind.AGENCY, frozenset(), agency, "one"), NOW, uuid7(NOW))

        async def authorities() -> int:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            return len(
                await driver.fetch(authority.alone(ActorKind.AGENCY), *authority.parameters(asker, Purpose.IDENTITY_PROOFING))
            )

        assert await authorities() == 1
        for call in (MANAGER, later):
            await revoke_key(connection, call, agency=agency, kid="one")
        assert await rows(connection, "select revoked_at from agency_key") == [(NOW,)]
        assert await authorities() == 0
        await register(connection, kid="two")
        asker = Call(Actor(ActorKind.AGENCY, frozenset(), agency, "two"), NOW, uuid7(NOW))
        assert await authorities() == 1
        for call in (MANAGER, later):
            await suspend_agency(connection, call, agency=agency)
        assert await rows(connection, "select suspended_at from agency") == [(NOW,)]
        assert await authorities() == 0


async def test_an_agency_or_key_that_nobody_knows_is_not_found(made):
    nobody = uuid7(NOW)
    async with undone(made) as connection:
        with pytest.raises(NotFound):
            await suspend_agency(connection, MANAGER, agency=nobody)
        with pytest.raises(NotFound):
            await revoke_key(connection, MANAGER, agency=nobody, kid="one")
        with pytest.raises(NotFound):
            await register(connection)
        with pytest.raises(NotFound):
            await publish(connection, AGREEMENT_PUBLISHED, AGREEMENT)
        with pytest.raises(NotFound):
            await publish(connection, MANDATE_PUBLISHED, MANDATE)


# --- agreements and mandates


async def test_documents_read_back_as_what_their_hash_names(made):
    async with undone(made) as connection:
        await enrol(connection)
        agreement = await publish(connection, AGREEMENT_PUBLISHED, AGREEMENT)
        mandate = await publish(connection, MANDATE_PUBLISHED, MANDATE)
        for table, document, hash_ in (("agreement", AGREEMENT, agreement), ("mandate", MANDATE, mandate)):
            ((stored, text_),) = await rows(connection, f"select hash, document::text from {table}")
            assert stored == hash_ == content_hash(document) == content_hash(json.loads(text_))
        dates = await rows(
            connection, "select valid_from, valid_to from agreement union all select valid_from, valid_to from mandate"
        )
        assert dates == [(NOW, LATER)] * 2


async def test_the_versions_of_an_agreement_follow_each_other(made):
    async with undone(made) as connection:
        await enrol(connection)
        for version in (1, 2):
            for wrong in (version - 1, version + 1):
                with pytest.raises((Conflict, Invalid)) as refusal:
                    await publish(connection, AGREEMENT_PUBLISHED, {**AGREEMENT, "version": wrong})
                assert refusal.value.path == ("document", "version")
            await publish(connection, AGREEMENT_PUBLISHED, {**AGREEMENT, "version": version})
        assert await rows(connection, "select version from agreement order by version") == [(1,), (2,)]


async def test_a_mandate_is_published_once(made):
    async with undone(made) as connection:
        await enrol(connection)
        await publish(connection, MANDATE_PUBLISHED, MANDATE)
        with pytest.raises(Conflict):
            await publish(connection, MANDATE_PUBLISHED, dict(reversed(MANDATE.items())))
        await publish(connection, MANDATE_PUBLISHED, {**MANDATE, "article": "2"})
        assert len(await rows(connection, "select 1 from mandate")) == 2


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"agency": "example"}, ("agency",)),
        ({"agency": 7}, ("agency",)),
        ({"points": 1}, ("points",)),
        ({"attributes": {"person.idcs": {"uses": ["MATCH"]}}}, ("attributes", "person.idcs", "uses")),
        ({"attributes": {"person.secret": {"uses": ["MATCH"]}}}, ("attributes", "person.secret")),
        ({"valid_to": NOW.isoformat()}, ("valid_to",)),
    ],
)
async def test_a_faulty_agreement_is_refused_with_the_path_of_the_fault(made, changes, path):
    async with undone(made) as connection:
        await enrol(connection)
        with pytest.raises(Invalid) as refusal:
            await publish(connection, AGREEMENT_PUBLISHED, {**AGREEMENT, **changes})
        assert refusal.value.path == ("document", *path)
        assert await rows(connection, "select 1 from agreement") == []


async def test_a_published_agreement_grants_what_its_document_says():
    agreement = parse_agreement(AGREEMENT)
    assert (agreement.version, agreement.points_per_minute, agreement.tells_status) == (1, 60, False)


# --- the instance


async def test_a_database_says_once_what_it_is(made, tmp_path):
    other = keyring.create(tmp_path / "other.json", mark="test", at=NOW)
    real = keyring.create(tmp_path / "real.json", mark="", at=NOW)
    with pytest.raises(Unavailable):
        await check_instance(made.database, made.keys, mark="test", issuer=ISSUER)
    for _ in range(2):
        async with made.database.begin() as connection:
            await create_instance(connection, MANAGER, made.keys, mark="test", issuer=ISSUER)
    await check_instance(made.database, made.keys, mark="test", issuer=ISSUER)
    for keys, mark, issuer in (
        (other, "test", ISSUER),
        (real, "test", ISSUER),
        (real, "", ISSUER),
        (made.keys, "", ISSUER),
        (made.keys, "test", "https://elsewhere.example"),
    ):
        with pytest.raises(Unavailable):
            await check_instance(made.database, keys, mark=mark, issuer=issuer)
        with pytest.raises(Conflict):
            async with made.database.begin() as connection:
                await create_instance(connection, MANAGER, keys, mark=mark, issuer=issuer)
    rows_ = await made.database.ask("select mark, issuer, key_fingerprint, numbers_issued from instance")
    assert [tuple(row) for row in rows_] == [("test", ISSUER, made.keys.fingerprint, 0)]


async def test_statistics_are_there_after_a_refresh(made):
    async with made.database.connection() as connection:
        await refresh_statistics(connection, MANAGER)
        assert await connection.fetchval("select reltuples from pg_class where relname = 'alembic_version'") == 1


# --- consents


@pytest.mark.parametrize(
    ("attributes", "valid_to", "path"),
    [
        (frozenset(), LATER, (0, "attributes")),
        (frozenset({"person.secret"}), LATER, (0, "attributes")),
        (frozenset({"person.sex"}), NOW, (0, "valid_to")),
    ],
)
async def test_a_consent_to_nothing_or_for_no_time_is_refused(made, attributes, valid_to, path):
    consent = NewConsent(uuid7(NOW), uuid7(NOW), Purpose.PAYMENT, attributes, valid_to)
    async with made.database.connection() as connection:
        with pytest.raises(Invalid) as refusal:
            await load_consents(connection, MANAGER, [consent])
    assert refusal.value.path == path
    assert await made.database.ask("select from consent") == []


async def test_too_many_consents_at_a_time_are_refused():
    with pytest.raises(TooCostly):
        await load_consents(None, MANAGER, [None] * (imports.MAX_BATCH + 1))
