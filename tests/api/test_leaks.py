"""The leak matrix: role x field x path x form x purpose, over people whose values are unmistakable.

What is granted must be told, each field that is denied must be null with one WITHHELD at exactly its path, and none of the
planted values that are not granted may stand anywhere in the bytes of an answer. With any one guard taken away the same matrix
must find something: that is tested too.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from access import decision, disclosure
from access.call import Purpose
from access.catalogue import CATALOGUE, Use
from access.decision import Ground
from access.imports import NewConsent, load_consents
from api import guard, schema
from api.demo.agencies import PROFILES
from core.dates import PartialDate
from core.events import Events
from identity import people
from identity.imports import NewLock, NewPerson, load_persons
from registry.facts import FACT_KINDS, HOUSEHOLD_FACTS, MEMBER_FACTS, Kinship, Milieu, text_of
from registry.imports import HouseholdsRegistered, NewHousehold, NewMember, load_households
from scoring.imports import publish_formula, scoring_under
from tests.api.serving import YEAR, Agency, Caller, Instance, raw_transaction

# Every field of every type that tells of people, and the attribute whose release it needs; None: it leads on, or tells nothing.
NEEDS: dict[str, dict[str, str | None]] = {
    "Person": {
        "idcs": "person.idcs",
        "token": "person.token",
        "status": "person.status",
        "name": None,
        "birthDate": "person.birth_date",
        "birthPlace": "person.birth_place",
        "fatherName": "person.father_name",
        "motherName": "person.mother_name",
        "sex": "person.sex",
        "maritalStatus": "person.marital_status",
        "nationality": "person.nationality",
        "cnie": "person.cnie",
        "residencePermit": "person.residence_permit",
        "residence": "person.residence",
        "address": "person.address",
        "telephone": "person.telephone",
        "email": "person.email",
    },
    "Name": {"given": "person.given_name", "family": "person.family_name"},
    "Household": {
        "code": "household.code",
        "token": "household.token",
        "size": "household.size",
        "members": "household.members",
        "head": "household.members",
        "declarant": "household.members",
        "residence": "household.residence",
        "milieu": "household.milieu",
        "facts": "household.facts",
        "score": None,
        "scores": "score.value",
        "eligibility": None,
    },
    "VirtualId": dict.fromkeys(("id", "kind", "state", "validFrom", "validTo", "uses", "lastUsedAt", "revokedAt"))
    | {"number": "person.virtual_id"},
    # Told to staff alone: tests/api/test_leaks_of_sessions.py asks for them.
    "DuplicateSide": dict.fromkeys(("id", "registered", "receipt", "person")),
    "EnrolmentForm": {
        "person": None,
        "guarded": "person.guardians",
        "guardian": "person.guardians",
        "mother": "person.mother_name",
        "father": "person.father_name",
    },
    "PersonRecord": dict.fromkeys(
        ("id", "steps", "person", "history", "provenance", "changeRequests", "merges"),
    )
    | dict.fromkeys(("enrolledAt", "status", "statusSince", "statusUntil", "statusReason"), "person.status"),
    "Membership": {
        "person": None,
        "token": "person.token",
        "kinship": "household.members",
        "sex": "person.sex",
        "validFrom": "household.members",
        "validTo": "household.members",
    },
    "Fact": {
        "attribute": "household.facts",
        "member": None,
        "value": "household.facts",
        "source": "household.facts",
        "evidence": "household.facts",
        "dispute": "household.facts",
        "validFrom": "household.facts",
        "recordedAt": "household.facts",
    },
    "Score": {
        "value": "score.value",
        "formula": "score.value",
        "calculatedAt": "score.value",
        "cause": "score.value",
        "complete": "score.value",
        "missing": "score.value",
        "contributions": "score.contributions",
    },
    "Contribution": dict.fromkeys(("variable", "label", "value", "weight", "amount"), "score.contributions"),
    "ScoreConnection": {"edges": None, "pageInfo": None},
    "ScoreEdge": {"node": None, "cursor": None},
    "Eligibility": {
        "reference": None,
        "programme": None,
        "eligible": "eligibility.result",
        "reason": "eligibility.result",
        "distance": "eligibility.distance",
        "rule": "eligibility.result",
        "asOf": None,
        "refused": None,
        "receipt": None,
    },
    # Of one's own household alone: who is shown it, `test_own_score.py` tries.
    "OwnScore": {
        **dict.fromkeys(("formula", "value", "complete", "missing", "cause", "calculatedAt", "effectiveFrom"), "score.value"),
        **dict.fromkeys(("families", "contributions"), "score.contributions"),
        "programmes": "eligibility.result",
        "change": "score.value",
    },
    "ScoreFamily": dict.fromkeys(("name", "label", "amount"), "score.contributions"),
    "ScoreDifference": dict.fromkeys(("name", "label", "was", "becomes", "amount"), "score.contributions"),
    "ScoreChange": {
        **dict.fromkeys(("since", "difference"), "score.value"),
        "parts": "score.contributions",
        "facts": "household.facts",
    },
    "FactChange": dict.fromkeys(("attribute", "label", "kinship", "was", "becomes", "source", "validFrom"), "household.facts"),
    "ProgrammeStanding": {
        **dict.fromkeys(("programme", "eligible"), "eligibility.result"),
        **dict.fromkeys(("distance", "near"), "eligibility.distance"),
    },
}
# What lies below a field: a type of the table above, or plain fields.
BELOW: dict[tuple[str, str], str] = {
    ("Person", "name"): "Name",
    ("Household", "members"): "Membership",
    ("Household", "head"): "Person",
    ("Household", "declarant"): "Person",
    ("Household", "facts"): "Fact",
    ("Household", "score"): "Score",
    ("Household", "scores"): "ScoreConnection",
    ("Household", "eligibility"): "Eligibility",
    ("Membership", "person"): "Person",
    ("Fact", "member"): "Person",
    ("Score", "contributions"): "Contribution",
    ("ScoreConnection", "edges"): "ScoreEdge",
    ("ScoreEdge", "node"): "Score",
}
PLAIN = {
    "birthPlace": "code",
    "residence": "code",
    "given": "ar latin",
    "family": "ar latin",
    "formula": "code",
    "rule": "hash",
    "programme": "code",
    "refused": "code",
    "pageInfo": "hasNextPage",
}
ARGUMENTS = {("Household", "eligibility"): '(programme: "ASD")', ("Contribution", "label"): "(lang: FR)"}

HEAD, SPOUSE, LOCKED = "head", "spouse", "locked"
KINSHIP = {HEAD: Kinship.HEAD, SPOUSE: Kinship.SPOUSE, LOCKED: Kinship.PARENT}
CONSENTED = frozenset({"person.sex", "person.given_name", "household.size", "household.members", "score.value"})
# All that a score is made of, so that it is complete; two amounts would be known again anywhere.
FACTS = {name: FACT_KINDS[name].low for name in HOUSEHOLD_FACTS} | {
    "household.telephone": 7_654_13,
    "household.internet": 6_543_17,
}
OF_MEMBER = {name: FACT_KINDS[name].low for name in MEMBER_FACTS}
TOLD_FACTS = {name: text_of(name, value) for name, value in (FACTS | OF_MEMBER).items()}


def planted(number: int, sex: str) -> NewPerson:
    """Somebody whose every value would be known again anywhere."""
    return NewPerson(
        key=number,
        given_name_ar=f"كناري{'ابت'[number]}فوكس",
        given_name_latin=f"Kanarivox{'abc'[number]}",
        family_name_ar=f"كويدن{'ابت'[number]}ريل",
        family_name_latin=f"Quedenril{'abc'[number]}",
        birth_date=PartialDate(1963 + number, 2, 27),
        sex=sex,
        nationality="PHL",
        marital_status="MARRIED",
        birth_place="05.091",
        father_name=f"Vaterquix{'abc'[number]} Quedenril",
        mother_name=f"Mutterquix{'abc'[number]} Quedenril",
        residence="04.421",
        address=f"{number}77, Rue Tringelvask",
        cnie=f"KX765432{number}",
        residence_permit=f"KP98765{number}Z",
        telephone=f"+21273999888{number}",
        email=f"kanarimail{number}@example.org",
        locked=NewLock(frozenset(Purpose), mandated_too=True) if number == 2 else None,
    )


@dataclass
class Planted:
    """The household with its people: what each field is to tell, by type and field, and by who it is."""

    code: str
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    score: str = ""

    def value(self, type_: str, name: str, who: str) -> Any:
        """What is told where it is granted; Ellipsis where only that something is told matters."""
        if type_ in ("Person", "Name") or (type_, name) == ("Membership", "sex"):
            return self.people[who].get(name, ...)
        told = {"code": self.code, "size": 3, "milieu": "URBAN", "residence": {"code": "04.421"}}
        if type_ == "Household":
            return told.get(name, ...)
        if type_ == "Membership" and name == "kinship":
            return KINSHIP[who]
        return self.score if (type_, name) == ("Score", "value") else ...

    def canaries(self) -> dict[str, set[tuple[str, str]]]:
        """Text -> the (person, attribute) by which it may be told."""
        found: dict[str, set[tuple[str, str]]] = {self.code: {("", "household.code")}}
        for who, told in self.people.items():
            for name in ("idcs", "birthDate", "cnie", "residencePermit", "address", "telephone", "email"):
                found.setdefault(told[name], set()).add((who, str(NEEDS["Person"][name])))
            for name in ("given", "family"):
                for text in told[name].values():
                    found.setdefault(text, set()).add((who, str(NEEDS["Name"][name])))
        # The code of a household holds the number of its head.
        found[self.people[HEAD]["idcs"]].add(("", "household.code"))
        for attribute in ("household.telephone", "household.internet"):
            found[TOLD_FACTS[attribute]] = {("", attribute)}
        return found


@dataclass(frozen=True)
class Role:
    """Who asks, and what is released to it: by purpose the attributes, and whether that rests on consent."""

    name: str
    caller: Caller
    released: Mapping[str, frozenset[str]]
    consent: frozenset[str] = frozenset()
    refused: str | None = None

    def of(self, purpose: str, who: str) -> frozenset[str]:
        """What may be told of this person for this purpose. The head's also rules what is the household's own."""
        if who == LOCKED or (purpose in self.consent and who != HEAD):
            return frozenset()
        return self.released[purpose]


@pytest.fixture(scope="module")
def family(served: Instance) -> Planted:
    call, keys = served.call(), served.keys
    whos = (HEAD, SPOUSE, LOCKED)
    persons = [planted(number, sex) for number, sex in enumerate("FMF")]

    async def plant() -> tuple[str, list[str], list[Any]]:
        async with raw_transaction(served.database) as connection:
            events = Events()
            events.on(HouseholdsRegistered, scoring_under(await publish_formula(connection, call, "ise-2022")))
            loaded = await load_persons(connection, call, keys, persons)
            members = tuple(
                NewMember(known.person_id, KINSHIP[who], person.birth_date, OF_MEMBER)
                for who, known, person in zip(whos, loaded, persons, strict=True)
            )
            home = NewHousehold(loaded[0].idcs, loaded[1].person_id, Milieu.URBAN, 4, "04.421", members, FACTS)
            (made,) = await load_households(connection, call, keys, events, [home])
        return made.code.text, [known.idcs.text for known in loaded], [known.person_id for known in loaded]

    code, numbers, ids = served.backstage.run(plant())
    score = served.sql(
        "select s.value from score s join person_household p using (household_id) where p.person_id = $1", ids[0]
    )[0]["value"]
    people_ = {
        who: {
            "idcs": idcs,
            "status": "ACTIVE",
            "given": {"ar": person.given_name_ar, "latin": person.given_name_latin},
            "family": {"ar": person.family_name_ar, "latin": person.family_name_latin},
            "birthDate": str(person.birth_date),
            "birthPlace": {"code": person.birth_place},
            "fatherName": person.father_name,
            "motherName": person.mother_name,
            "sex": person.sex,
            "maritalStatus": person.marital_status,
            "nationality": person.nationality,
            "cnie": person.cnie,
            "residencePermit": person.residence_permit,
            "residence": {"code": person.residence},
            "address": person.address,
            "telephone": person.telephone,
            "email": person.email,
            "id": person_id,
        }
        for who, person, idcs, person_id in zip(whos, persons, numbers, ids, strict=True)
    }
    return Planted(code, people_, format(score.normalize(), "f"))


LITTLE = frozenset({"household.size"})


@pytest.fixture(scope="module")
def open_hand(served: Instance, family: Planted) -> Agency:
    """An agency that may be told everything there is: for one purpose by law, for others by consent."""
    releasable = [name for name, attribute in CATALOGUE.items() if Use.RELEASE in attribute.uses]
    agency = served.enrol(
        purposes=["ELIGIBILITY", "SERVICE_DELIVERY", "CASE_REVIEW", "STATISTICS"],
        attributes={name: {"uses": ["RELEASE"]} for name in releasable},
        mandates={"ELIGIBILITY": releasable, "STATISTICS": sorted(LITTLE)},
    )
    call = served.call()
    consent = NewConsent(family.people[HEAD]["id"], agency.agency_id, Purpose.SERVICE_DELIVERY, CONSENTED, call.now + YEAR)

    async def consented() -> None:
        async with raw_transaction(served.database) as connection:
            await load_consents(connection, call, [consent])

    served.backstage.run(consented())
    return agency


@pytest.fixture(scope="module")
def bystander(served: Instance) -> Agency:
    return served.enrol(agreement=False)


def roles(fund: Agency, grants: Agency, open_hand: Agency, bystander: Agency, base: str | None = None) -> list[Role]:
    everything = frozenset(name for name, attribute in CATALOGUE.items() if Use.RELEASE in attribute.uses)
    demo = {
        profile.code: {
            purpose.value: frozenset(name for name in names if "RELEASE" in profile.attributes[name])
            for purpose, names in profile.mandates.items()
        }
        for profile in PROFILES
    }
    none: dict[str, frozenset[str]] = {"SERVICE_DELIVERY": frozenset()}
    return [
        Role("fund", fund.caller(base=base), demo["CNSS_DEMO"] | none),
        Role("grants", grants.caller(base=base), demo["GRANTS_DEMO"] | none),
        Role(
            "open hand",
            open_hand.caller(base=base),
            {
                "ELIGIBILITY": everything,
                "SERVICE_DELIVERY": CONSENTED,
                "CASE_REVIEW": frozenset(),
                "STATISTICS": LITTLE,
            },
            consent=frozenset({"SERVICE_DELIVERY"}),
        ),
        Role("bystander", bystander.caller(base=base), {"ELIGIBILITY": frozenset()}, refused="FORBIDDEN"),
        Role(
            "without the right",
            fund.caller(scope="self:read", base=base),
            {"ELIGIBILITY": frozenset()},
            refused="FORBIDDEN",
        ),
    ]


# --- the forms in which the same is asked

Form = Callable[[str, Sequence[str]], str]


def _aliased(_: str, parts: Sequence[str]) -> str:
    return " ".join(f"x_{part.split('(')[0].split(' ')[0]}: {part}" for part in parts)


FORMS: dict[str, Form] = {
    "plain": lambda _, parts: " ".join(parts),
    "alias": _aliased,
    "inline fragment": lambda type_, parts: f"... on {type_} {{ {' '.join(parts)} }}",
    "split": lambda type_, parts: f"{parts[0]} ... {{ {' '.join(parts)} }} ... on {type_} {{ {parts[-1]} }}",
    "include": lambda type_, parts: (
        f"... on {type_} @include(if: $yes) {{ {' '.join(parts)} }} ... @skip(if: $yes) {{ __typename }}"
    ),
    "fragment": lambda type_, parts: " ".join(parts),  # below, in `document`
}


def selection(type_: str, form: Form) -> str:
    """All fields of a type and of what lies below, in one form."""
    parts = []
    for name in NEEDS[type_]:
        below = BELOW.get((type_, name))
        inside = PLAIN.get(name) if below is None else selection(below, form)
        inner = "" if inside is None else f" {{ {inside} }}"
        parts.append(f"{name}{ARGUMENTS.get((type_, name), '')}{inner}")
    return form(type_, parts)


ROOTS = {
    "person": "person(subject: {idcs: $idcs}, purpose: $purpose)",
    "household by code": "household(code: $code, purpose: $purpose)",
    "household by subject": "household(subject: {idcs: $idcs}, purpose: $purpose)",
    "eligibility": 'eligibility(requests: [{subject: {idcs: $idcs}, programme: "ASD"}], purpose: $purpose)',
}
HEADS = {
    "person": "query($idcs: String!, $purpose: Purpose!, $yes: Boolean!)",
    "household by code": "query($code: String!, $purpose: Purpose!, $yes: Boolean!)",
    "household by subject": "query($idcs: String!, $purpose: Purpose!, $yes: Boolean!)",
    "eligibility": "query($idcs: String!, $purpose: Purpose!, $yes: Boolean!)",
}


def document(path: str, form: str) -> str:
    type_ = "Person" if path == "person" else "Eligibility" if path == "eligibility" else "Household"
    asked = selection(type_, FORMS[form])
    fragments = ""
    if form == "fragment":
        fragments, asked = f" fragment F on {type_} {{ {asked} }}", "...F"
    if path == "eligibility":
        asked = f"answers {{ {asked} }}"
    head = HEADS[path] if form == "include" else HEADS[path].replace(", $yes: Boolean!", "")
    return f"{head} {{ {ROOTS[path]} {{ {asked} }} }}{fragments}"


# --- the matrix


class Walk:
    """Goes over one answer beside what was asked: gathers the paths that must be WITHHELD, and what is not as it must be."""

    def __init__(self, family: Planted, role: Role, purpose: str, form: str) -> None:
        self.family, self.role, self.purpose = family, role, purpose
        self.prefix = "x_" if form == "alias" else ""
        self.withheld: set[tuple[Any, ...]] = set()
        self.faults: list[str] = []
        self.cells = 0

    def over(self, type_: str, told: Any, who: str, path: tuple[Any, ...]) -> None:
        for name, attribute in NEEDS[type_].items():
            below = BELOW.get((type_, name))
            key = self.prefix + name
            here = (*path, key)
            if key not in told:
                self.faults.append(f"{here} is not there")
                continue
            self.cells += 1
            value = told[key]
            of = who if type_ in ("Person", "Name", "Membership") and str(attribute).startswith("person.") else HEAD
            if attribute is not None and attribute not in self.role.of(self.purpose, of):
                self.withheld.add(here)
                if value is not None:
                    self.faults.append(f"{here} is told")
                continue
            expected = self.family.value(type_, name, who) if attribute is not None and below is None else ...
            if expected is not ... and value != expected:
                self.faults.append(f"{here} is not what is granted")
            if below is not None:
                self.below(type_, name, below, value, who, here)

    def below(self, type_: str, name: str, below: str, value: Any, who: str, here: tuple[Any, ...]) -> None:
        if value is None:
            if name != "member":
                self.faults.append(f"{here} is null")
            return
        if not isinstance(value, list):
            self.over(below, value, SPOUSE if name == "declarant" else HEAD if name == "head" else who, here)
            return
        whos = [HEAD] * len(value)
        if name == "members":
            of_kinship = {kinship: who for who, kinship in KINSHIP.items()}
            whos = [of_kinship[member[self.prefix + "kinship"]] for member in value]
            if sorted(whos) != sorted(KINSHIP):
                self.faults.append(f"{here} are not the members")
        if name == "facts":
            self.facts(value, here)
            return
        for number, (item, its) in enumerate(zip(value, whos, strict=True)):
            self.over(below, item, its, (*here, number))

    def facts(self, value: list[dict[str, Any]], here: tuple[Any, ...]) -> None:
        granted = self.role.of(self.purpose, HEAD)
        by_id = sorted(KINSHIP, key=lambda who: self.family.people[who]["id"])
        # A member's fact is told under the decision on the household and the one on that member.
        members = {name: [who for who in by_id if name in self.role.of(self.purpose, who)] for name in OF_MEMBER}
        known = {name for name in TOLD_FACTS.keys() & granted if members.get(name, by_id)}
        if {fact[self.prefix + "attribute"] for fact in value} != known:
            self.faults.append(f"{here} are not those granted")
        places: Counter[str] = Counter()
        for number, fact in enumerate(value):
            attribute = fact[self.prefix + "attribute"]
            if fact[self.prefix + "value"] != TOLD_FACTS[attribute]:
                self.faults.append(f"{here} {attribute} is not what is granted")
            who = HEAD
            if attribute in OF_MEMBER:  # one fact for each member that may be told, in the order of their ids
                if places[attribute] == len(members[attribute]):
                    self.faults.append(f"{here} {attribute} is told of too many")
                    continue
                who = members[attribute][places[attribute]]
                places[attribute] += 1
            self.over("Fact", fact, who, (*here, number))


def answers(
    family: Planted, asking: Sequence[Role], forms: Sequence[str]
) -> Iterator[tuple[Role, str, str, str, bytes, dict[str, Any]]]:
    for role, path, form in product(asking, ROOTS, forms):
        for purpose in role.released:
            variables = {"idcs": family.people[HEAD]["idcs"], "code": family.code, "purpose": purpose, "yes": True}
            asked = document(path, form)
            used = {name: value for name, value in variables.items() if f"${name}:" in asked}
            answer = role.caller.ask(asked, used)
            yield role, path, form, purpose, answer.content, answer.json()


def matrix(family: Planted, asking: Sequence[Role], forms: Sequence[str]) -> Iterator[tuple[list[str], int]]:
    """For each answer everything that is not as it must be, and how many cells were looked at."""
    canaries = {text.encode(): owners for text, owners in family.canaries().items()}
    for role, path, form, purpose, raw, body in answers(family, asking, forms):
        faults: list[str] = []
        where = f"{role.name}, {path}, {form}, {purpose}: "
        walk = Walk(family, role, purpose, form)
        root = path.split(" ")[0]
        data = (body.get("data") or {}).get(root)
        own = role.of(purpose, HEAD)
        codes = [(error["extensions"]["code"], tuple(error.get("path", ()))) for error in body.get("errors", ())]
        if role.refused is not None:
            if data is not None or {code for code, _ in codes} - {"RATE_LIMITED"} > {role.refused}:
                faults.append(f"{where}not refused: {codes}")
        elif data is None:
            prefixes = ("person.",) if root == "person" else ("household.", "score.", "eligibility.", "member.")
            if any(name.startswith(prefixes) for name in own) or codes != [("WITHHELD", (root,))]:
                faults.append(f"{where}nothing is told: {codes}")
        else:
            if root == "eligibility":
                walk.over("Eligibility", data["answers"][0], HEAD, (root, "answers", 0))
            else:
                walk.over("Person" if root == "person" else "Household", data, HEAD, (root,))
            if sorted(map(str, codes)) != sorted(str(("WITHHELD", at)) for at in walk.withheld):
                differing = {str(c) for c in codes} ^ {str(("WITHHELD", at)) for at in walk.withheld}
                faults.append(f"{where}{sorted(differing)[:3]}")
        faults += [where + fault for fault in walk.faults]
        for text, owners in canaries.items():
            if text in raw and not any(name in role.of(purpose, who or HEAD) for who, name in owners):
                faults.append(f"{where}holds {sorted(owners)}")
        yield faults, walk.cells + len(canaries)


def test_every_field_that_tells_of_people_is_in_the_table() -> None:
    built = schema.build()
    described = {type_.name: type_ for type_ in built.type_map.values() if guard._is_described(type_)}
    assert {name: set(type_.fields) for name, type_ in described.items()} == {
        name: set(fields) for name, fields in NEEDS.items()
    }
    # No other type leads to a value that is bound to an attribute.
    for name, field_name, its in guard._object_fields(built):
        assert guard.attribute_of(its) is None or name in NEEDS, (name, field_name)


def test_nothing_is_told_that_is_not_granted_and_all_that_is(
    served: Instance, family: Planted, fund: Agency, grants: Agency, open_hand: Agency, bystander: Agency
) -> None:
    found = list(matrix(family, roles(fund, grants, open_hand, bystander), list(FORMS)))
    assert [fault for faults, _ in found for fault in faults] == []
    assert sum(cells for _, cells in found) > 20_000


def test_each_planted_value_is_seen_where_it_is_granted(family: Planted, open_hand: Agency) -> None:
    """Else the search for what must not be there could not fail."""
    caller = open_hand.caller()
    seen = b""
    for path in ROOTS:
        variables = {"idcs": family.people[HEAD]["idcs"], "code": family.code, "purpose": "ELIGIBILITY"}
        asked = document(path, "plain")
        seen += caller.ask(asked, {n: v for n, v in variables.items() if f"${n}:" in asked}).content
    missing = [owners for text, owners in family.canaries().items() if text.encode() not in seen]
    assert {who for owners in missing for who, _ in owners} == {LOCKED}
    assert len(missing) == 11


# --- the same matrix with one guard taken away


def _unchecked(self: disclosure.Disclosure, attribute: str, read: Callable[[Any], Any]) -> Any:
    value = read(self._record)
    self.notes[attribute], self.revealed[attribute] = Use.RELEASE, value
    return value


def _whole_agreement(real: Callable[..., Any]) -> Callable[..., Any]:
    def standing(*args: Any) -> Any:
        found = real(*args)
        return decision.Standing(found.agency, found.purpose, found.agreement, found.mandate, found.agreement.attributes)

    return standing


def _whole_consent(standing: Any, subject: Any, now: Any) -> Any:
    found = decision.decide(standing, subject, now)
    if found.ground is not Ground.CONSENT:
        return found
    uses = {name: term.uses for name, term in standing.terms.items()}
    return decision.Decision(uses, found.ground, found.basis, found.agreement)


def _without_locks(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: None if (found := real(*args)) is Ground.LOCKED else found


GUARDS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "the reader of plain fields": lambda patch: patch.setattr(guard, "granted", lambda value: value),
    "the check of the decision": lambda patch: patch.setattr(disclosure.Disclosure, "reveal", _unchecked),
    "the check of plain inputs": lambda patch: patch.setattr(disclosure.Disclosure, "may_reveal", lambda *_: True),
    "the mandate's own list": lambda patch: patch.setattr("access.authority.standing", _whole_agreement(decision.standing)),
    "the consent's own list": lambda patch: (
        [patch.setattr(f"{room}.decide", _whole_consent) for room in ("identity.people", "registry.households")] and None
    ),
    "the holder's lock": lambda patch: patch.setattr(decision, "_obstacle", _without_locks(decision._obstacle)),
    "the lock on the door": lambda patch: patch.setattr(people, "person", people.person.__wrapped__),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("name", GUARDS)
def test_with_any_one_guard_taken_away_the_matrix_finds_something(
    served: Instance,
    family: Planted,
    fund: Agency,
    grants: Agency,
    open_hand: Agency,
    bystander: Agency,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    GUARDS[name](monkeypatch)
    with served.serve_here() as base:
        found = matrix(family, roles(fund, grants, open_hand, bystander, base), ["plain"])
        assert any(faults for faults, _ in found)


# --- that there is somebody at all


def test_whoever_may_be_told_nothing_cannot_tell_that_somebody_exists(served: Instance, family: Planted) -> None:
    """An agency that may only compare: a person and a stranger, locked or not, are one answer."""
    names = ["person.given_name", "person.family_name", "person.birth_date"]
    caller = served.enrol(
        purposes=["IDENTITY_PROOFING"],
        attributes={name: {"uses": ["MATCH"]} for name in names},
        mandates={"IDENTITY_PROOFING": names},
    ).caller()
    seen: dict[str, set[str]] = {}
    for idcs in (family.people[HEAD]["idcs"], family.people[LOCKED]["idcs"], "2516116556"):
        for path in ("person", "household by subject", "eligibility"):
            variables = {"idcs": idcs, "purpose": "IDENTITY_PROOFING"}
            body = caller.ask(document(path, "plain"), variables).json()
            if path == "eligibility":
                row = body["data"]["eligibility"]["answers"][0]
                row["receipt"] = row["asOf"] = ""
            body["extensions"] = {}
            seen.setdefault(path, set()).add(str(body))
    assert {path: len(answers) for path, answers in seen.items()} == {
        "person": 1,
        "household by subject": 1,
        "eligibility": 1,
    }


def test_a_locked_person_and_a_stranger_are_one_answer_about_eligibility(
    served: Instance, family: Planted, open_hand: Agency
) -> None:
    caller = open_hand.caller()
    seen = set()
    for idcs in (family.people[LOCKED]["idcs"], "2516116556"):
        body = caller.ask(document("eligibility", "plain"), {"idcs": idcs, "purpose": "ELIGIBILITY"}).json()
        row = body["data"]["eligibility"]["answers"][0]
        row["receipt"], row["asOf"], body["extensions"] = len(row["receipt"]), "", {}
        seen.add(str(body))
    assert len(seen) == 1
