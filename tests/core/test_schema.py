"""The tables could be spread over several machines, the database has the shape of the code, and its constraints hold.

The rules of spreading: the column that a table is distributed by stands in its primary key and in each of its unique and
exclusion constraints and unique indexes; foreign keys lead along that column, or to small reference tables.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.ext.asyncio import create_async_engine

from core.database import Base, Database, Spread
from core.embedded import EmbeddedPostgres
from core.ids import uuid7
from migrations.metadata import METADATA
from migrations.run import differences, migrate, revisions
from registry.facts import FACT_KINDS
from tests.access.enrolled import NOW

# Spreading


class Rows:
    """A table, and what it says of itself."""

    def __init__(self, table: Table, spread: Any, by: str | None = None) -> None:
        self.table, self.spread = table, spread
        self.column = {Spread.PERSON: "person_id", Spread.HOUSEHOLD: "household_id", Spread.VALUE: by}.get(spread)

    @property
    def distributed(self) -> bool:
        return self.spread in (Spread.PERSON, Spread.HOUSEHOLD, Spread.VALUE)


def declared() -> list[Rows]:
    found = []
    for mapper in Base.registry.mappers:
        own = vars(mapper.class_)
        assert isinstance(mapper.local_table, Table)
        found.append(Rows(mapper.local_table, own.get("__spread__"), own.get("__spread_by__")))
    return found


def unique_parts(table: Table) -> Iterator[tuple[str, set[str]]]:
    """What has to be unique in the table: its name, and the columns compared for equality."""
    for constraint in table.constraints:
        if isinstance(constraint, ExcludeConstraint):
            yield str(constraint.name), {name for name, operator in constraint.operators.items() if operator == "="}
        elif isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint):
            yield str(constraint.name), {column.name for column in constraint.columns}
    for index in table.indexes:
        if index.unique:
            yield str(index.name), {column.name for column in index.columns}


def faults(tables: Iterable[Rows]) -> list[str]:
    """What stands in the way of spreading these tables."""
    by_name = {rows.table.name: rows for rows in tables}
    found = []
    for name, rows in by_name.items():
        if not isinstance(rows.spread, Spread):
            found.append(f"{name} does not say how it is spread")
            continue
        if not rows.table.primary_key.columns:
            found.append(f"{name} has no primary key")
        if not rows.distributed:
            continue
        if rows.column is None or rows.column not in rows.table.columns:
            found.append(f"{name} has no column to be spread by")
            continue
        found += [
            f"{part} is not unique on one machine" for part, columns in unique_parts(rows.table) if rows.column not in columns
        ]
        for constraint in rows.table.foreign_key_constraints:
            other = by_name[constraint.referred_table.name]
            pairs = {(key.parent.name, key.column.name) for key in constraint.elements}
            along = rows.spread is other.spread and (rows.column, other.column) in pairs
            if other.spread is not Spread.REFERENCE and not along:
                found.append(f"{name}.{', '.join(constraint.column_keys)} leads to another machine")
    return found


def test_every_table_says_how_it_is_spread_and_could_be() -> None:
    tables = declared()
    assert {rows.table.name for rows in tables} == set(METADATA.tables)
    assert faults(tables) == []
    assert {rows.spread for rows in tables} >= {Spread.PERSON, Spread.HOUSEHOLD, Spread.VALUE, Spread.REFERENCE}


def test_what_grows_with_the_population_is_spread() -> None:
    spread = {rows.table.name: rows.spread for rows in declared()}
    assert {name for name, its in spread.items() if its is Spread.REFERENCE} <= {
        "instance",
        "agency",
        "agency_key",
        "agreement",
        "mandate",
        "division",
        "opening",
        "team_device",
        "formula",
        "programme",
        "account",
        "role_grant",
        "recovery_code",
        "invitation",
        "office",
        "operator",
        "consent_notice",
        "population_figure",
    }
    assert (spread["person"], spread["household"], spread["identifier"]) == (Spread.PERSON, Spread.HOUSEHOLD, Spread.VALUE)


def test_nothing_is_spread_by_where_people_live() -> None:
    for rows in declared():
        assert rows.column not in ("division", "commune", "region", "residence")


def test_ids_are_made_by_the_program_and_no_column_by_a_sequence() -> None:
    for table in METADATA.tables.values():
        for column in table.columns:
            assert column.identity is None
            assert column.server_default is None


def test_every_broken_rule_of_spreading_would_be_noticed() -> None:
    metadata = MetaData()
    person = Table("person", metadata, Column("person_id", Uuid, primary_key=True), Column("number", Integer, unique=True))
    household = Table("household", metadata, Column("household_id", Uuid, primary_key=True))
    paid = Table("paid", metadata, Column("paid_id", Uuid, primary_key=True), Column("person_id", Uuid))
    link = Table(
        "link",
        metadata,
        Column("household_id", Uuid, primary_key=True),
        Column("person_id", ForeignKey("person.person_id")),
        Column("n", Integer),
        ExcludeConstraint(("person_id", "="), ("n", "&&"), name="ex_link"),
        Index("ux_link", "person_id", unique=True, postgresql_where=text("n = 1")),
    )
    bare = Table("bare", metadata, Column("value", BigInteger))
    tables = [
        Rows(person, Spread.PERSON),
        Rows(household, Spread.HOUSEHOLD),
        Rows(paid, Spread.PERSON),
        Rows(link, Spread.HOUSEHOLD),
        Rows(bare, Spread.REFERENCE),
    ]
    assert sorted(faults(tables)) == [
        "None is not unique on one machine",  # person.number
        "None is not unique on one machine",  # the key of paid
        "bare has no primary key",
        "ex_link is not unique on one machine",
        "link.person_id leads to another machine",
        "ux_link is not unique on one machine",
    ]
    assert faults([Rows(bare, None)]) == ["bare does not say how it is spread"]
    assert faults([Rows(household, Spread.VALUE, "hash")]) == ["household has no column to be spread by"]


# The shape of the database


async def test_the_migrations_lead_to_the_tables_of_the_code(database: Database) -> None:
    assert await differences(database.engine) == []
    current, newest = await revisions(database.engine)
    assert current == newest is not None
    await migrate(database.engine)  # again: nothing to do
    assert await revisions(database.engine) == (newest, newest)


SHAPE = """
    select conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
     where connamespace = 'public'::regnamespace and conrelid::regclass::text !~ '^(alembic_version|pgqueuer.*)$'
    union all
    select tablename || ' ' || indexdef from pg_indexes
     where schemaname = 'public' and tablename !~ '^(alembic_version|pgqueuer.*)$'
    union all
    select table_name || '.' || column_name || ' ' || data_type || coalesce(character_maximum_length::text, '') || is_nullable
           || coalesce(numeric_precision::text, '') || coalesce(numeric_scale::text, '') || coalesce(column_default, '')
      from information_schema.columns where table_schema = 'public' and table_name !~ '^(alembic_version|pgqueuer.*)$'"""


async def test_the_migrations_lead_to_the_constraints_of_the_code_too(postgres: EmbeddedPostgres, database: Database) -> None:
    """Those of checks, exclusions and partial indexes are nothing that the comparison of tables looks at."""
    await database.ask("create database twin")
    url = make_url(postgres.url).set(drivername="postgresql+asyncpg", database="twin")
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("create extension btree_gist"))
            await connection.run_sync(METADATA.create_all)
            twin = set((await connection.scalars(text(SHAPE))).all())
    finally:
        await engine.dispose()
        await database.ask("drop database twin")
    migrated = {row[0] for row in await database.ask(SHAPE)}
    assert sorted(migrated - twin) == []
    assert sorted(twin - migrated) == []
    assert len(migrated) > 100


async def test_the_database_does_nothing_on_its_own_but_for_the_queue(database: Database) -> None:
    (row,) = await database.ask(
        """select (select count(*) from pg_trigger where not tgisinternal and tgrelid <> 'pgqueuer'::regclass) as triggers,
                  (select count(*) from pg_rules where schemaname = 'public') as rules,
                  (select count(*) from pg_sequences where sequencename !~ '^pgqueuer') as sequences"""
    )
    assert tuple(row) == (0, 0, 0)


# What the constraints refuse

DAY = timedelta(days=1)
NUMBERS = count(1)
H, P, Q = (uuid7(NOW) for _ in range(3))


def sample(table: str, **values: Any) -> dict[str, Any]:
    """A row that is taken, but for what is changed."""
    n = next(NUMBERS)
    key = n.to_bytes(32, "big")
    samples: dict[str, dict[str, Any]] = {
        "instance": {"single": True, "mark": "test", "issuer": "i", "key_fingerprint": "f", "numbers_issued": 0},
        "agency": {
            "agency_id": uuid7(NOW),
            "duties": [],
            "code": f"A{n}",
            "name_ar": "a",
            "name_fr": "a",
            "name_en": "a",
            "enrolled_at": NOW,
        },
        "agency_key": {
            "agency_id": AGENCY,
            "kid": f"k{n}",
            "alg": "EdDSA",
            "jwk": "{}",
            "valid_from": NOW,
            "valid_to": NOW + DAY,
        },
        "agreement": {
            "agency_id": AGENCY,
            "version": n,
            "hash": key,
            "document": "{}",
            "valid_from": NOW,
            "valid_to": NOW + DAY,
        },
        "mandate": {
            "mandate_id": uuid7(NOW),
            "agency_id": AGENCY,
            "purpose": "AUDIT",
            "hash": key,
            "document": "{}",
            "valid_from": NOW,
            "valid_to": NOW + DAY,
        },
        "consent": {
            "person_id": P,
            "consent_id": uuid7(NOW),
            "agency_id": AGENCY,
            "purpose": "AUDIT",
            "requested": ["person.sex"],
            "attributes": ["person.sex"],
            "state": "GRANTED",
            "valid_from": NOW,
            "valid_to": NOW + DAY,
            "data_life_days": 30,
            "method": "IMPORTED",
            "revision": 1,
            "chain_hash": key,
            "changed_at": NOW,
        },
        "replay": {"key": key, "expires_at": NOW},
        "counter": {"owner_id": uuid7(NOW), "agency_id": AGENCY, "kind": "POINTS", "window_end": NOW, "used": 0},
        "division": {"code": f"D{n}", "level": "REGION", "name_fr": "d", "name_ar": "d"},
        "person": {
            "person_id": uuid7(NOW),
            "data_key": key,
            "status": "ACTIVE",
            "status_since": NOW,
            "enrolled_at": NOW,
            "idcs": key,
            "birth_date": key,
            "sex": key,
            "nationality": key,
        },
        "identifier": {"hash": key[16:], "kind": "CNIE", "key_version": 1, "owner_id": P},
        "relative": {"person_id": P, "kind": "MOTHER", "relative_id": uuid7(NOW), "valid_from": NOW},
        "identity_lock": {
            "person_id": P,
            "lock_id": uuid7(NOW),
            "purposes": ["AUDIT"],
            "mandated_too": False,
            "valid_from": NOW,
        },
        "household": {
            "household_id": uuid7(NOW),
            "data_key": key,
            "code": key,
            "declarant_id": P,
            "milieu": "URBAN",
            "region": 1,
            "division": "HERE",
            "registered_at": NOW,
        },
        "membership": {
            "household_id": H,
            "membership_id": uuid7(NOW),
            "person_id": uuid7(NOW),
            "kinship": "CHILD",
            "valid_from": NOW,
        },
        "person_household": {"person_id": P, "membership_id": uuid7(NOW), "household_id": H, "valid_from": NOW},
        "fact": {
            "household_id": H,
            "fact_id": uuid7(NOW),
            "person_id": None,
            "attribute": "household.cars",
            "value": 1,
            "source": "DECLARED",
            "dispute": "NONE",
            "valid_from": NOW,
            "recorded_from": NOW,
        },
        "formula": {"hash": key, "code": f"F{n}", "version": 1, "document": "{}"},
        "programme": {
            "code": f"P{n}",
            "version": 1,
            "hash": key,
            "document": "{}",
            "formula": "F",
            "threshold": Decimal("9.3"),
            "since": NOW.date(),
        },
        "score": {
            "household_id": H,
            "score_id": uuid7(NOW),
            "formula_hash": b"f" * 32,
            "inputs_hash": key,
            "milieu": "URBAN",
            "region": 1,
            "value": Decimal("9.3"),
            "complete": True,
            "missing": [],
            "cause": "REGISTRATION",
            "calculated_at": NOW,
            "effective_from": NOW,
            "numerators": [1],
            "denominators": [1],
            "amounts": [1],
        },
    }
    return samples[table] | values


AGENCY = uuid7(NOW)


async def put(database: Database, table: str, **values: Any) -> None:
    row = sample(table, **values)
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await database.ask(f"insert into {table} ({', '.join(row)}) values ({places})", *row.values())


@pytest.fixture
async def stored(database: Database, clean: None) -> Database:
    """A person, a household, an agency, a division and a formula, for others to hang on."""
    await put(database, "agency", agency_id=AGENCY)
    await put(database, "division", code="HERE")
    await put(database, "person", person_id=P)
    await put(database, "person", person_id=Q)
    await put(database, "household", household_id=H)
    await put(database, "formula", hash=b"f" * 32)
    return database


LATER = NOW + DAY
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    # words that are not in the vocabulary
    ("person", {"status": "GHOST"}, "ck_person_status"),
    ("person", {"status": "active"}, "ck_person_status"),
    ("membership", {"kinship": "COUSIN_TWICE_REMOVED"[:16]}, "ck_membership_kinship"),
    ("relative", {"kind": "AUNT"}, "ck_relative_kind"),
    ("identifier", {"kind": "PASSPORT"}, "ck_identifier_kind"),
    ("identity_lock", {"purposes": ["EVERYTHING"]}, "ck_identity_lock_purposes"),
    ("identity_lock", {"purposes": []}, "ck_identity_lock_purposes"),
    ("consent", {"purpose": "EVERYTHING"}, "ck_consent_purpose"),
    ("consent", {"attributes": []}, "ck_consent_granted"),
    ("mandate", {"purpose": ""}, "ck_mandate_purpose"),
    ("counter", {"kind": "MONEY"}, "ck_counter_kind"),
    ("agency_key", {"alg": "HS256"}, "ck_agency_key_alg"),
    ("agency", {"code": "lower"}, "ck_agency_code"),
    ("agency", {"code": "A"}, "ck_agency_code"),
    ("division", {"level": "PLANET"}, "ck_division_level"),
    ("division", {"level": "COMMUNE"}, "ck_division_parent"),
    ("division", {"parent": "HERE"}, "ck_division_parent"),
    ("division", {"milieu": "MOON"}, "ck_division_milieu"),
    ("household", {"milieu": "MOON"}, "ck_household_milieu"),
    ("fact", {"source": "RUMOUR"}, "ck_fact_source"),
    ("fact", {"dispute": "MAYBE"}, "ck_fact_dispute"),
    ("score", {"cause": "WHIM"}, "ck_score_cause"),
    # numbers out of their range
    ("household", {"region": 0}, "ck_household_region"),
    ("household", {"region": 13}, "ck_household_region"),
    ("counter", {"used": -1}, "ck_counter_used"),
    ("fact", {"attribute": "household.shoes"}, "ck_fact_range"),
    ("fact", {"attribute": "member.literate", "value": 1}, "ck_fact_of_whom"),
    ("fact", {"person_id": P}, "ck_fact_of_whom"),
    ("score", {"numerators": [1, 2]}, "ck_score_lengths"),
    ("score", {"amounts": []}, "ck_score_lengths"),
    ("score", {"complete": False}, "ck_score_complete"),
    ("score", {"missing": ["household.cars"]}, "ck_score_complete"),
    # hashes of another length
    *((table, {"hash": b"h" * 31}, f"ck_{table}_hash") for table in ("agreement", "mandate", "formula", "programme")),
    ("identifier", {"hash": b"h" * 32}, "ck_identifier_hash"),
    ("replay", {"key": b"k" * 16}, "ck_replay_key"),
    ("score", {"inputs_hash": b""}, "ck_score_inputs_hash"),
    # dates the wrong way round
    *(
        (table, {"valid_to": NOW}, f"ck_{table}_dates")
        for table in (
            "agency_key",
            "agreement",
            "mandate",
            "consent",
            "membership",
            "person_household",
            "relative",
            "identity_lock",
        )
    ),
    ("fact", {"valid_to": NOW}, "ck_fact_valid_dates"),
    ("fact", {"recorded_to": NOW - DAY}, "ck_fact_recorded_dates"),
    ("programme", {"until": NOW.date()}, "ck_programme_dates"),
    # links to nowhere
    ("membership", {"household_id": UUID(int=1)}, "fk_membership_household_id"),
    ("person_household", {"person_id": UUID(int=1)}, "fk_person_household_person_id"),
    ("relative", {"person_id": UUID(int=1)}, "fk_relative_person_id"),
    ("identity_lock", {"person_id": UUID(int=1)}, "fk_identity_lock_person_id"),
    ("consent", {"person_id": UUID(int=1)}, "fk_consent_person_id"),
    ("consent", {"agency_id": UUID(int=1)}, "fk_consent_agency_id"),
    ("counter", {"agency_id": UUID(int=1)}, "fk_counter_agency_id"),
    ("agency_key", {"agency_id": UUID(int=1)}, "fk_agency_key_agency_id"),
    ("agreement", {"agency_id": UUID(int=1)}, "fk_agreement_agency_id"),
    ("mandate", {"agency_id": UUID(int=1)}, "fk_mandate_agency_id"),
    ("household", {"division": "NOWHERE"}, "fk_household_division"),
    ("division", {"level": "COMMUNE", "parent": "NOWHERE"}, "fk_division_parent"),
    ("fact", {"household_id": UUID(int=1)}, "fk_fact_household_id"),
    ("score", {"household_id": UUID(int=1)}, "fk_score_household_id"),
    ("score", {"formula_hash": b"g" * 32}, "fk_score_formula_hash"),
    # oneself
    ("relative", {"relative_id": P}, "ck_relative_another"),
    ("instance", {"single": False}, "ck_instance_single"),
]


@pytest.mark.parametrize(
    ("table", "change", "constraint"), REFUSED, ids=[f"{t}-{c}-{n}" for n, (t, _, c) in enumerate(REFUSED)]
)
async def test_the_database_itself_refuses(stored: Database, table: str, change: dict[str, Any], constraint: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refusal:
        await put(stored, table, **change)
    assert refusal.value.constraint_name == constraint
    await put(stored, table)  # without the change it is taken


PAIRS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # the first is taken, the second beside it is not
    ("membership", {"kinship": "HEAD"}, {"kinship": "HEAD", "valid_from": LATER}, "ex_membership_one_head"),
    ("membership", {"person_id": P}, {"person_id": P, "valid_from": LATER}, "ex_membership_nobody_twice"),
    ("person_household", {}, {"household_id": uuid7(NOW), "valid_from": LATER}, "ex_person_household_one_at_a_time"),
    ("relative", {}, {"valid_from": LATER}, "ex_relative_one_at_a_time"),
    ("identifier", {"hash": b"h" * 16}, {"hash": b"h" * 16, "owner_id": Q}, "uq_identifier_holder"),
    *(
        (
            "identifier",
            {"hash": b"h" * 16, "kind": kind},
            {"hash": b"h" * 16, "kind": kind, "owner_id": Q},
            "uq_identifier_holder",
        )
        for kind in ("IDCS", "RESIDENCE_PERMIT", "HOUSEHOLD_CODE")
    ),
    ("agency", {"code": "TWICE"}, {"code": "TWICE"}, "uq_agency_code"),
    ("agreement", {"hash": b"h" * 32}, {"hash": b"h" * 32}, "uq_agreement_hash"),
    ("agreement", {"version": 10**6}, {"version": 10**6}, "pk_agreement"),
    ("mandate", {"hash": b"h" * 32}, {"hash": b"h" * 32}, "uq_mandate_hash"),
    ("formula", {"code": "ISE"}, {"code": "ISE"}, "uq_formula_code_version"),
    ("programme", {"hash": b"h" * 32}, {"hash": b"h" * 32}, "uq_programme_hash"),
    ("replay", {"key": b"k" * 32}, {"key": b"k" * 32}, "pk_replay"),
    ("instance", {}, {}, "pk_instance"),
]


@pytest.mark.parametrize(("table", "first", "second", "constraint"), PAIRS, ids=[f"{t}-{n}" for n, (t, *_) in enumerate(PAIRS)])
async def test_the_database_itself_refuses_a_second(
    stored: Database, table: str, first: dict[str, Any], second: dict[str, Any], constraint: str
) -> None:
    await put(stored, table, **first)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refusal:
        await put(stored, table, **second)
    assert refusal.value.constraint_name == constraint


async def test_one_head_may_follow_another_and_a_person_may_move(stored: Database) -> None:
    await put(stored, "membership", kinship="HEAD", person_id=P, valid_to=LATER)
    await put(stored, "membership", kinship="HEAD", person_id=Q, valid_from=LATER)
    await put(stored, "membership", kinship="CHILD", person_id=P, valid_from=LATER)
    await put(stored, "person_household", valid_to=LATER)
    await put(stored, "person_household", household_id=uuid7(NOW), valid_from=LATER)
    await put(stored, "relative", valid_to=LATER)
    await put(stored, "relative", valid_from=LATER)


async def test_a_telephone_may_be_shared_and_a_guardian_have_company(stored: Database) -> None:
    for kind in ("TELEPHONE", "EMAIL"):
        for owner in (P, Q):
            await put(stored, "identifier", hash=b"h" * 16, kind=kind, owner_id=owner)
    for _ in range(2):
        await put(stored, "relative", kind="GUARDIAN")


@pytest.mark.parametrize("name", FACT_KINDS)
async def test_a_fact_is_taken_within_its_range_only(stored: Database, name: str) -> None:
    kind = FACT_KINDS[name]
    of_whom = P if name.startswith("member.") else None
    for value in (kind.low, kind.high):
        await put(stored, "fact", attribute=name, value=value, person_id=of_whom)
    for value in (kind.low - 1, kind.high + 1):
        with pytest.raises(asyncpg.CheckViolationError) as refusal:
            await put(stored, "fact", attribute=name, value=value, person_id=of_whom)
        assert refusal.value.constraint_name == "ck_fact_range"
