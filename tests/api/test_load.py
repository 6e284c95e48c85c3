import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from access import instance
from access.authority import Documents
from access.call import Actor, ActorKind, Call, Purpose, system
from access.catalogue import CATALOGUE, Use
from access.disclosure import SealedRecord
from access.reading import Reading
from access.rights import AGENCY_SCOPES, Scope
from access.tokens import parse_jwk, thumbprint
from api.demo.agencies import PROFILES, public_jwk
from api.demo.load import SUBJECTS, Loaded, load, persona_numbers
from api.demo.people import InventedHousehold, InventedPerson, invent
from api.demo.personas import personas
from core import keys as keyring
from core.canonical import content_hash
from core.database import Database
from core.dates import PartialDate, civil_date
from core.embedded import EmbeddedPostgres
from core.errors import Conflict, Internal, Unavailable, Withheld
from core.ids import uuid7
from core.keys import KeyRing
from identity import imports as identity_imports
from identity import people
from identity.divisions import built_in
from identity.numbers import HouseholdCode, Idcs, issue
from identity.store import DECOY, SEALED_PARTS, column
from migrations.run import migrate
from registry import store as registry
from registry.facts import Kinship
from registry.programmes import packaged_programmes
from scoring import store as scores
from scoring.formula import packaged
from scoring.score import decimal_of, score
from scoring.score_inputs import HouseholdToScore, MemberToScore
from scoring.score_rows import arrays, unsettled
from scoring.scores import contribution_views, judge
from scoring.variables import inputs_hash

NOW = datetime(2026, 11, 23, 9, 30, 15, 123456, UTC)
TODAY = civil_date(NOW)
PERSONS = 400
SEED = 11
ISSUER = "http://localhost:8000"
LOADER = Call(
    system("demo", Scope.REGISTER_LOAD, Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH, Scope.ENROLMENT_OPEN), NOW, uuid7(NOW)
)


@dataclass(frozen=True)
class Demo:
    database: Database
    keys: KeyRing
    loaded: Loaded
    progress: list[tuple[int, int]]


@pytest.fixture(scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    with EmbeddedPostgres(folder / "postgresql") as server:
        database = Database(server.url, connections=4)
        await migrate(database.engine)
        keys = keyring.create(folder / "keys.json", mark="demo", at=NOW)
        async with database.begin() as connection:
            await instance.create_instance(connection, LOADER, keys, mark="demo", issuer=ISSUER)
        progress: list[tuple[int, int]] = []
        loaded = await load_demo(database, keys, lambda done, total: progress.append((done, total)))
        yield Demo(database, keys, loaded, progress)
        await database.close()


async def load_demo(database: Database, keys: KeyRing, progress: Callable[[int, int], None]) -> Loaded:
    return await load(database, keys, LOADER, persons=PERSONS, seed=SEED, communes=(), progress=progress)


async def count(database: Database, table: str) -> int:
    return int((await database.ask(f"select count(*) from {table}"))[0][0])


def invented() -> list[InventedHousehold]:
    return list(invent(PERSONS, seed=SEED, today=TODAY))


def everybody() -> list[InventedPerson]:
    cast = personas(TODAY)
    at_home = [*invented(), *(persona.household for persona in cast if persona.household)]
    alone = [persona.person for persona in cast if persona.household is None]
    return [*alone, *(member.person for household in at_home for member in household.members)]


async def records(demo: Demo) -> list[tuple[Any, SealedRecord]]:
    rows = await demo.database.ask("select * from person where status <> 'DECOY'")
    return [
        (
            row,
            SealedRecord(
                row["person_id"],
                demo.keys.masters.unwrap(row["person_id"], row["data_key"]),
                {part: row[column(part)] for part in SEALED_PARTS},
            ),
        )
        for row in rows
    ]


TEXTS = attrgetter(
    *("given_ar", "given_latin", "family_ar", "family_latin", "birth_date", "birth_place", "father_name", "mother_name"),
    *("sex", "marital_status", "nationality", "cnie", "residence_permit", "residence", "address", "telephone", "email"),
)


def texts(person: InventedPerson) -> tuple[str | None, ...]:
    """In the order of the sealed parts, but for the number."""
    return tuple(None if value is None else str(value) for value in TEXTS(person))


PARTS_BUT_NUMBER = [part for part in SEALED_PARTS if part != "person.idcs"]


async def test_everybody_is_there_and_every_value_opens_again(demo):
    stored = [tuple(record.open(part) for part in PARTS_BUT_NUMBER) for _, record in await records(demo)]
    assert sorted(stored, key=str) == sorted((texts(person) for person in everybody()), key=str)
    assert demo.loaded.persons == PERSONS
    assert demo.loaded.households == len(invented())
    assert (demo.progress[0], demo.progress[-1]) == ((0, PERSONS), (PERSONS, PERSONS))


async def test_values_open_under_no_other_key_owner_or_attribute(demo, tmp_path):
    other_ring = keyring.create(tmp_path / "keys.json", mark="demo", at=NOW)
    (one, record), (two, other) = (await records(demo))[:2]
    sealed = one["family_name_ar"]
    part = "person.family_name:ar"
    assert record.key.open(part, one["person_id"], sealed)
    with pytest.raises(Internal):
        other_ring.masters.unwrap(one["person_id"], one["data_key"])
    with pytest.raises(Internal):
        demo.keys.masters.unwrap(two["person_id"], one["data_key"])
    for key, attribute, row in ((other.key, part, one), (record.key, "person.given_name:ar", one), (record.key, part, two)):
        with pytest.raises(Internal):
            key.open(attribute, row["person_id"], sealed)


async def test_no_table_holds_a_name_a_number_or_a_telephone_in_the_open(demo):
    dump = io.BytesIO()
    async with demo.database.connection() as connection:
        for table in ("person", "identifier", "relative", "household", "membership", "fact", "score", "consent"):
            await connection.copy_from_table(table, output=dump, format="binary")
    raw = dump.getvalue()
    known = await records(demo)
    assert all(row["person_id"].bytes in raw for row, _ in known)
    values = {record.open(part) for _, record in known for part in SEALED_PARTS}
    # Shorter ones turn up in random bytes by chance.
    long = [value.encode() for value in values if value is not None and len(value.encode()) >= 7]
    assert len(long) > 3 * PERSONS
    assert [value for value in long if value in raw] == []


async def test_people_are_found_by_each_of_their_identifiers(demo):
    found = {(row["kind"], row["hash"], row["owner_id"]) for row in await demo.database.ask("select * from identifier")}
    expected = set()
    for row, record in await records(demo):
        for kind, part in identity_imports.INDEXED.items():
            value = record.open(part)
            if value is not None:
                expected.add((kind, demo.keys.index(kind, value), row["person_id"]))
    for row in await demo.database.ask("select * from household"):
        code = demo.keys.masters.unwrap(row["household_id"], row["data_key"]).open(
            "household.code", row["household_id"], row["code"]
        )
        expected.add(("HOUSEHOLD_CODE", demo.keys.index("HOUSEHOLD_CODE", code), row["household_id"]))
    assert found == expected


async def test_numbers_are_unique_and_those_of_personas_are_always_the_same(demo):
    numbers = [record.open("person.idcs") for _, record in await records(demo)]
    assert len({Idcs.parse(number).text for number in numbers}) == len(numbers)
    fixed = {number.text for number in persona_numbers(personas(TODAY)).values()}
    assert len(fixed) == len(everybody()) - PERSONS
    assert [played.subject.idcs for played in demo.loaded.personas] == [
        issue(bytes(32), index, 1)[0][0].text for index in range(14)
    ]
    (row,) = await demo.database.ask("select numbers_issued from instance")
    ordinary, _ = issue(demo.keys.number, 0, row["numbers_issued"] + 10)
    given = set(numbers) - fixed
    assert len(given) == PERSONS
    assert given <= {number.text for number in ordinary}


async def test_relatives_and_states_are_as_invented(demo):
    names = {record.open("person.idcs"): row for row, record in await records(demo)}
    by_name = {played.persona.name: names[played.subject.idcs] for played in demo.loaded.personas}
    assert {name: row["status"] for name, row in by_name.items() if row["status"] != "ACTIVE"} == {
        "deceased": "DECEASED",
        "suspended": "SUSPENDED",
    }
    (lock,) = await demo.database.ask("select * from identity_lock")
    assert lock["person_id"] == by_name["locked"]["person_id"]
    assert set(lock["purposes"]) == set(Purpose)
    assert lock["mandated_too"]
    bonds = await demo.database.ask("select kind, count(*) from relative group by kind")
    assert dict(map(tuple, bonds)) == {
        kind: sum(getattr(person, f"{kind.lower()}_key") is not None for person in everybody())
        for kind in ("MOTHER", "FATHER", "GUARDIAN")
    }
    minor = by_name["minor"]["person_id"]
    kin = await demo.database.ask("select kind, relative_id from relative where person_id = $1", minor)
    (home,) = await demo.database.ask(
        "select person_id from membership where kinship = 'HEAD' and household_id in "
        "(select household_id from person_household where person_id = $1)",
        minor,
    )
    assert {tuple(row) for row in kin} == {("MOTHER", home["person_id"]), ("GUARDIAN", home["person_id"])}


async def test_stored_scores_are_those_computed_again_from_the_database(demo):
    formula = packaged("ise-2022")
    births = {row["person_id"]: record.open("person.birth_date") for row, record in await records(demo)}
    homes = await demo.database.ask("select * from household")
    stored = await scores.newest_scores(demo.database, [home["household_id"] for home in homes], NOW)
    hashes = dict(map(tuple, await demo.database.ask("select household_id, inputs_hash from score")))
    facts = await demo.database.ask("select household_id, person_id, attribute, value from fact order by fact_id")
    assert len(stored) == len(homes) > 80
    for home in homes:
        key = home["household_id"]
        its = [row for row in facts if row["household_id"] == key]

        def of(person: UUID | None, its: list[Any] = its) -> dict[str, int]:
            return {row["attribute"]: row["value"] for row in its if row["person_id"] == person}

        household = HouseholdToScore(
            key,
            home["milieu"],
            home["region"],
            of(None),
            tuple(
                MemberToScore(
                    Kinship(row["kinship"]),
                    PartialDate.parse(births[row["person_id"]]),
                    of(row["person_id"]),
                )
                for row in await registry.members(demo.database, key, NOW)
            ),
        )
        expected = score(formula, household.inputs(TODAY), TODAY)
        row = stored[key]
        assert (row["value"], row["complete"], row["missing"]) == (
            decimal_of(expected.value_e12),
            expected.complete,
            unsettled(expected),
        )
        parts = (row["numerators"], row["denominators"], row["amounts"])
        assert parts == arrays(formula, household.milieu, expected)
        assert [(c.variable, c.amount) for c in contribution_views(formula, row)] == [
            (c.variable, decimal_of(c.amount_e12)) for c in expected.contributions
        ]
        assert hashes[key] == inputs_hash(household.inputs(TODAY))
    assert {row["cause"] for row in stored.values()} == {"REGISTRATION"}


async def test_personas_stand_on_the_side_of_the_thresholds_that_they_say(demo):
    programmes = {programme.code: programme for programme, _ in await scores.programmes(demo.database, TODAY)}
    assert sorted(programmes) == sorted(programme.code for programme in packaged_programmes())
    answers = {}
    for played in demo.loaded.personas[8:13]:
        assert played.subject.household_code
        code = demo.keys.index("HOUSEHOLD_CODE", played.subject.household_code)
        (owner,) = await demo.database.ask("select owner_id from identifier where hash = $1", code)
        row = (await scores.newest_scores(demo.database, [owner[0]], NOW))[owner[0]]
        verdicts = {name: judge(programme, row)[0] for name, programme in programmes.items()}
        answers[played.persona.name] = (row["value"].normalize(), verdicts["AMO_TADAMON"], verdicts["ASD"], row["missing"])
    value = answers.pop("incomplete-score")
    assert value[1:] == (None, None, ["household.cars"])
    assert answers == {
        "just-above-amo-tadamon": (Decimal("9.3299744"), False, True, []),
        "just-below-amo-tadamon": (Decimal("9.3227264"), True, True, []),
        "just-above-asd": (Decimal("9.74515"), False, False, []),
        "just-below-asd": (Decimal("9.73999"), False, True, []),
    }


async def test_loading_again_is_refused_and_changes_nothing(demo):
    tables = ("person", "household", "fact", "score", "agency", "agreement", "consent")
    before = [await count(demo.database, table) for table in tables]
    with pytest.raises(Conflict):
        await load_demo(demo.database, demo.keys, lambda done, total: None)
    assert [await count(demo.database, table) for table in tables] == before


async def test_a_load_that_breaks_off_leaves_nothing_and_may_be_done_again(database, keys, clean):
    def break_off(done: int, total: int) -> None:
        if done == total:
            raise Unavailable("switched off")

    async with database.begin() as connection:
        await instance.create_instance(connection, LOADER, keys, mark=keys.mark, issuer=ISSUER)
    with pytest.raises(Unavailable):
        await load(database, keys, LOADER, persons=10, seed=SEED, communes=(), progress=break_off)
    for table in ("person", "identifier", "agency", "division", "formula"):
        assert await count(database, table) == 0
    loaded = await load(database, keys, LOADER, persons=10, seed=SEED, communes=(), progress=lambda done, total: None)
    assert (loaded.persons, len(loaded.subjects)) == (10, 10)


async def test_divisions_and_the_decoy_may_be_made_again(demo):
    assert await count(demo.database, "division") == len(built_in())
    before = await demo.database.ask("select * from person where person_id = $1", DECOY)
    async with demo.database.connection() as connection:
        await identity_imports.load_divisions(connection, LOADER, built_in())
        await identity_imports.make_decoy(connection, LOADER, demo.keys)
    assert await count(demo.database, "division") == len(built_in())
    assert await demo.database.ask("select * from person where person_id = $1", DECOY) == before


async def test_the_decoy_opens_in_every_part_and_is_nobody(demo):
    (row,) = await demo.database.ask("select * from person where person_id = $1", DECOY)
    key = demo.keys.masters.unwrap(DECOY, row["data_key"])
    assert all(key.open(part, DECOY, row[column(part)]) for part in SEALED_PARTS)
    assert row["status"] == "DECOY"
    assert await demo.database.ask("select 1 from identifier where owner_id = $1", DECOY) == []


async def test_documents_that_decide_read_back_as_the_ones_their_hash_names(demo):
    read = []
    for table in ("agreement", "mandate", "formula", "programme"):
        for row in await demo.database.ask(f"select hash, document from {table}"):
            assert content_hash(json.loads(row["document"])) == row["hash"]
            read.append(table)
    assert {table: read.count(table) for table in read} == {"agreement": 2, "mandate": 4, "formula": 1, "programme": 2}


async def test_what_is_written_for_players_is_true(demo):
    document = json.loads(json.dumps(demo.loaded.document))
    assert [agency["code"] for agency in document["agencies"]] == ["CNSS_DEMO", "GRANTS_DEMO"]
    for agency, profile in zip(document["agencies"], PROFILES, strict=True):
        assert agency["purposes"] == list(profile.purposes)
        jwk = public_jwk(load_pem_private_key(agency["private_key_pem"].encode(), None))
        (row,) = await demo.database.ask("select * from agency_key where agency_id = $1", UUID(agency["client_id"]))
        assert (row["kid"], row["alg"], json.loads(row["jwk"])) == (agency["kid"], agency["alg"], jwk)
        assert thumbprint(jwk) == agency["kid"]
        assert parse_jwk(jwk, agency["alg"])
        assert all(Use.MATCH in CATALOGUE[name].uses for name in agency["attributes"])
    assert [persona["name"] for persona in document["personas"]] == [persona.name for persona in personas(TODAY)]
    assert len(document["subjects"]) == SUBJECTS
    stored = {record.open("person.idcs"): record for _, record in await records(demo)}
    scripts = set()
    for subject in (*document["subjects"], *document["personas"]):
        record = stored[subject["idcs"]]
        if subject["household_code"]:
            assert HouseholdCode.parse(subject["household_code"])
        for name, value in subject["attributes"].items():
            if name.endswith("_name"):
                script = "latin" if value.isascii() or record.open(f"{name}:latin") == value else "ar"
                scripts.add(script)
                assert value == record.open(f"{name}:{script}")
            else:
                assert value == record.open(name)
    assert scripts == {"latin", "ar"}
    # Each of them, but for one persona, to each agency.
    assert await count(demo.database, "consent") == 2 * (SUBJECTS + len(document["personas"]) - 1)


async def test_agencies_see_by_mandate_or_consent_and_never_behind_a_lock(demo):
    agency = demo.loaded.agencies[0]
    actor = Actor(ActorKind.AGENCY, AGENCY_SCOPES, agency.agency_id, agency.kid)

    async def sex(name: str, purpose: Purpose) -> Any:
        (played,) = [played for played in demo.loaded.personas if played.persona.name == name]
        reading = Reading(demo.database, demo.keys, Documents())
        try:
            view = await people.person(
                reading,
                Call(actor, NOW, uuid7(NOW), purpose),
                purpose=purpose,
                idcs=played.subject.idcs,
                wanted={"person.sex"},
            )
        except Withheld:
            return None
        return view.sex

    told = {
        name: (await sex(name, Purpose.ELIGIBILITY), await sex(name, Purpose.SERVICE_DELIVERY))
        for name in ("match", "no-consent", "locked", "deceased", "suspended")
    }
    assert told == {
        "match": ("M", "M"),
        "no-consent": ("F", None),
        "locked": (None, None),
        "deceased": (None, None),
        "suspended": (None, None),
    }


async def test_everybody_is_found_by_their_blocking_keys(demo):
    (counted,) = await demo.database.ask(
        """select count(distinct person_id) as persons, count(*) as keys, bool_and(key_version = $1) as newest,
                  (select count(*) from person where status <> 'DECOY') as everybody from blocking_key""",
        demo.keys.index_version,
    )
    assert counted["persons"] == counted["everybody"]
    assert counted["newest"]
    assert 6 * counted["persons"] < counted["keys"] < 16 * counted["persons"]
