"""The leak matrix of those who sign in: every root field that reads, with all that can be selected below it, asked by each kind
of caller about what belongs to others.

None of the planted values may stand anywhere in the bytes of an answer to whoever is not named for it; and each must be seen by
somebody, or the matrix would prove nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest
from graphql import GraphQLInterfaceType, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLUnionType, get_named_type

from access.call import Purpose
from access.imports import NewConsent, load_consents
from access.rights import OF_STAFF, ROLE_SCOPES, Role, Scope
from api import schema
from core.ids import uuid7
from identity.imports import NewPerson, load_persons
from tests.api.people import People
from tests.api.serving import YEAR, Agency, Instance, raw_transaction
from tests.api.test_leaks import planted

SCHEMA = schema.build()
assert SCHEMA.query_type is not None
ROOT = SCHEMA.query_type.fields
DEPTH = 7
# Asked elsewhere, by agencies, about people whom they name (`test_leaks.py`).
ELSEWHERE = {"verify", "person", "household", "eligibility", "previewConsent", "enrolmentByReceipt", "checkAttestation"}
_numbers = count(1001)
HOLDER, WARD, GUARDIAN = "holder", "ward", "guardian"


def selection(type_: Any, depth: int = DEPTH) -> str:
    """All that can be selected of a type without an argument of one's own."""
    named = get_named_type(type_)
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
        return ""
    parts = []
    for name, found in named.fields.items():  # type: ignore[union-attr]
        if any(isinstance(argument.type, GraphQLNonNull) for argument in found.args.values()):
            continue
        below = selection(found.type, depth - 1) if depth else None
        if below is None or (below == "" and isinstance(get_named_type(found.type), GraphQLObjectType)):
            continue
        given = "(includeOwn: true)" if "includeOwn" in found.args else ""
        parts.append(f"{name}{given} {below}")
    return "{ " + " ".join(parts) + " }" if parts else ""


@dataclass
class Scene:
    """What was planted: values that would be known again anywhere, ids that lead to them, and who may be told which."""

    ids: dict[str, list[str]] = field(default_factory=dict)
    told: dict[str, frozenset[str]] = field(default_factory=dict)
    searched: list[str] = field(default_factory=list)
    callers: dict[str, Callable[[str, Mapping[str, str]], httpx.Response]] = field(default_factory=dict)

    def plant(self, value: str, *who: str) -> str:
        self.told[value] = frozenset(who)
        return value


# What may lead to what others have.
ARGUMENTS = {"id", "token", "agency", "person"}
# What is said besides, of no matter to whom it is told.
BESIDES = {
    "purpose": "CASE_REVIEW",
    "form": "CSV",
    "lang": "FR",
    "since": '"2026-01-01"',
    "until": '"2026-02-01"',
    "by": "COMMUNE",
}
# Of the staff, who may search for people and look at their records, where these reside.
LOOKING = tuple(f"staff {role}" for role in OF_STAFF if Scope.PERSON_SEARCH in ROLE_SCOPES[role])


@pytest.fixture(scope="module")
def scene(served: Instance) -> Scene:
    return stage(served)


def stage(served: Instance, base: str | None = None) -> Scene:
    """Three people, two agencies with officers, staff, and what they did with each other."""
    people, scene = People(served), Scene()
    asking, other = served.enrol(), served.enrol()
    persons = _registered(served, scene)
    staff = {role: people.staff(role) for role in OF_STAFF}
    far = people.staff(Role.SUPERVISOR, division="11")  # of another part of the country than where the people live
    officer, boss = people.officer(asking), people.officer(asking, role=Role.AGENCY_ADMINISTRATOR)
    rival, rival_boss = people.officer(other), people.officer(other, role=Role.AGENCY_ADMINISTRATOR)
    at_work = {f"staff {role}": person for role, person in staff.items()}
    at_work |= {"staff far away": far, "officer": officer, "administrator of the agency": boss}
    at_work |= {"officer of another": rival, "administrator of another": rival_boss}
    for name, person in at_work.items():
        scene.callers[name] = person.caller(base).ask
    for name, id_ in persons.items():
        scene.callers[name] = people.citizen(id_, base).ask
    scene.callers["stranger"] = people.citizen(served.person_id(served.persona("match")["idcs"]), base).ask
    scene.callers["machine"] = asking.caller(base=base).ask
    scene.callers["machine of another"] = other.caller(base=base).ask
    _accounts(served, scene, at_work)
    _consent(served, scene, persons[HOLDER], asking)
    _report(served, scene, persons[HOLDER])
    _proposal(served, scene, staff[Role.PUBLISHER].account)
    scene.ids["agency"] = [str(asking.agency_id), str(other.agency_id)]
    return scene


def _registered(served: Instance, scene: Scene) -> dict[str, UUID]:
    who = (HOLDER, WARD, GUARDIAN)
    invented = [planted(number, "F") for number in range(2)] + [planted(0, "F")]
    given: list[NewPerson] = []
    stamp = next(_numbers)
    for name, person in zip(who, invented, strict=True):
        values: dict[str, Any] = {
            "key": len(given) + 100,
            "given_name_latin": scene.plant(f"Selvakor{name}", name),
            "family_name_latin": scene.plant(f"Ombrelund{name}", name),
            "cnie": scene.plant(f"ZZ{len(given)}99{stamp:04}", name),
            "residence_permit": None,
            "telephone": scene.plant(f"+2126661{stamp:04}{len(given)}", name),
            "email": scene.plant(f"selvakor.{name}.{stamp}@example.org", name),
            "address": scene.plant(f"{len(given)}11, Rue Pelvandro {stamp}", name),
            "locked": None,
        }
        members = {slot: getattr(person, slot) for slot in person.__dataclass_fields__}
        given.append(type(person)(**members | values))

    async def load() -> list[Any]:
        async with raw_transaction(served.database) as connection:
            return list(await load_persons(connection, served.call(), served.keys, given))

    loaded = served.backstage.run(load())
    found = dict(zip(who, (known.person_id for known in loaded), strict=True))
    for name, known in zip(who, loaded, strict=True):
        scene.plant(known.idcs.text, name)
    now = served.now()
    served.sql(
        "insert into relative (person_id, kind, relative_id, valid_from) values ($1, 'GUARDIAN', $2, $3)",
        found[WARD],
        found[GUARDIAN],
        now,
    )
    for value, allowed in scene.told.items():
        guardian = {GUARDIAN} if allowed == {WARD} else set()  # who sees to the ward's affairs
        scene.told[value] = allowed | guardian | {*LOOKING}
    scene.ids["person"] = [str(person) for person in found.values()]
    scene.searched = [known.idcs.text for known in loaded]
    return found


def _accounts(served: Instance, scene: Scene, at_work: Mapping[str, Any]) -> None:
    administrators = ("staff ADMINISTRATOR",)
    for name, person in at_work.items():
        of_agency = {
            "officer": ("administrator of the agency",),
            "administrator of the agency": ("administrator of the agency",),
            "officer of another": ("administrator of another",),
            "administrator of another": ("administrator of another",),
        }.get(name, ())
        scene.plant(person.signed.email, name, *administrators, *of_agency)
    scene.ids["account"] = [str(person.account) for person in at_work.values()]


def _consent(served: Instance, scene: Scene, person: UUID, agency: Agency) -> None:
    reference = scene.plant(f"REF-QUILDOR-{next(_numbers)}", "officer", "machine", HOLDER)
    call = served.call()
    new = NewConsent(person, agency.agency_id, Purpose.SERVICE_DELIVERY, frozenset({"person.sex"}), call.now + YEAR)

    async def load() -> list[UUID]:
        async with raw_transaction(served.database) as connection:
            return await load_consents(connection, call, [new])

    (consent,) = served.backstage.run(load())
    served.sql("update consent set reference = $2 where consent_id = $1", consent, reference)
    scene.ids["consent"] = [str(consent)]


def _report(served: Instance, scene: Scene, person: UUID) -> None:
    text = scene.plant(
        f"I know nobody at Ferrundal {next(_numbers)}",
        HOLDER,
        *(f"staff {role}" for role in (Role.SUPERVISOR, Role.ADJUDICATOR, Role.AUDITOR)),
    )
    report, row = uuid7(served.now()), served.sql("select data_key from person where person_id = $1", person)[0]
    key = served.keys.masters.unwrap(person, row["data_key"])
    served.sql(
        """insert into access_report (person_id, subject_id, report_id, entry_id, number, text, reported_at)
           values ($1, $1, $2, $3, $4, $5, $6)""",
        person,
        report,
        uuid7(served.now()),
        f"A-QU-{next(_numbers)}",
        key.seal("access_report.text", report, text),
        served.now(),
    )
    scene.ids["accessReport"] = [str(report)]


def _proposal(served: Instance, scene: Scene, proposer: UUID) -> None:
    marker = scene.plant(f"GRELVANDIX{next(_numbers)}", *(f"staff {role}" for role in (Role.PUBLISHER,)))
    proposal = uuid7(served.now())
    served.sql(
        """insert into proposal (proposal_id, kind, hash, change, proposed_by, proposed_at, expires_at)
           values ($1, 'AGENCY_ENROLLED', $2, $3, $4, $5::timestamptz, $5::timestamptz + interval '1 day')""",
        proposal,
        bytes(32),
        f'{{"code": "{marker}", "names": {{"AR": "و", "FR": "x", "EN": "x"}}}}',
        proposer,
        served.now(),
    )
    scene.ids["approval"] = [str(proposal)]


def questions(scene: Scene) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each root field that reads, its document, and in the place of each id that it takes each id that could lead somewhere."""
    everywhere = [id_ for ids in scene.ids.values() for id_ in ids]
    for name, found in ROOT.items():
        if name in ELSEWHERE:
            continue
        below = selection(found.type)
        needed = [argument for argument, its in found.args.items() if isinstance(its.type, GraphQLNonNull)]
        if needed == ["by"]:
            document = f"query($it: String) {{ {name}(by: {{idcs: $it, purpose: CASE_REVIEW}}) {below} }}"
            yield from ((name, document, {"it": number}) for number in scene.searched)
            continue
        said = ", ".join(f"{argument}: {BESIDES[argument]}" for argument in needed if argument in BESIDES)
        needed = [argument for argument in needed if argument not in BESIDES]
        assert ARGUMENTS.issuperset(needed), name
        if not needed:
            yield name, f"{{ {name}{f'({said})' if said else ''} {below} }}", {}
        for argument, ids in ((needed[0], everywhere),) if needed else (("agency", scene.ids["agency"]),):
            if argument in found.args:
                named = ", ".join(f"{each}: $it" for each in needed or (argument,))
                document = f"query($it: {found.args[argument].type}) {{ {name}({named} {said}) {below} }}"
                yield from ((name, document, {"it": id_}) for id_ in ids)


def leaks(scene: Scene, *only: str) -> tuple[list[str], set[str]]:
    """What (these) callers were told that they may not be told, and which of the planted values anybody was told."""
    found, seen = [], set()
    asking = {who: ask for who, ask in scene.callers.items() if not only or who in only}
    for name, document, given in questions(scene):
        for who, ask in asking.items():
            text = ask(document, given).text
            for value, allowed in scene.told.items():
                if value in text:
                    seen.add(value)
                    if who not in allowed:
                        found.append(f"{who} was told {value} by {name} {given}")
    return found, seen


def test_nothing_of_others_is_told_to_anybody_who_signs_in(scene: Scene) -> None:
    found, seen = leaks(scene)
    assert found == [], found
    assert seen == set(scene.told), set(scene.told) - seen


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.OVERSEER, {Scope.ACCOUNT_MANAGE}),
        (Role.CENTRE_AGENT, {Scope.REPORT_READ}),
        (Role.AUDITOR, {Scope.APPROVAL_DECIDE, Scope.AGENCY_MANAGE}),
    ],
)
def test_a_right_too_many_would_be_found(
    served: Instance, monkeypatch: pytest.MonkeyPatch, role: Role, scopes: set[Scope]
) -> None:
    monkeypatch.setitem(ROLE_SCOPES, role, ROLE_SCOPES[role] | scopes)
    with served.serve_here() as base:
        found, _ = leaks(stage(served, base), f"staff {role}")
    assert any(role.lower() in line.lower() for line in found)


def test_the_matrix_asks_every_field_that_reads(scene: Scene) -> None:
    asked = [name for name, *_ in questions(scene)]
    assert {*asked} | ELSEWHERE == set(ROOT)
    assert len(scene.callers) * len(asked) > 1_000


def test_lists_are_looked_at_below_their_edges() -> None:
    below = selection(ROOT["accounts"].type)
    assert "edges" in below
    assert "email" in below
    assert isinstance(get_named_type(ROOT["accounts"].type), GraphQLObjectType)
    assert not isinstance(ROOT["accounts"].type, GraphQLList)
