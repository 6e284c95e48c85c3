"""GraphQL of the social register: a household, as far as it is granted, with its score and eligibility."""

from typing import Any, cast

import strawberry
from strawberry.types import Info

from access.call import Purpose
from api.access import SubjectInput, named
from api.context import opened, raw
from api.guard import bound, described, granted
from api.identity import Division, Person, consent_id
from api.scalars import DateTime
from api.scoring import Eligibility, Score, ScoreConnection
from api.selection import Selected, selected
from core.errors import TooCostly
from identity.codes import Sex
from registry import households
from registry.facts import Kinship, Milieu, Source
from registry.households import HouseholdView, Wish
from scoring import scores

strawberry.enum(Kinship, name="Kinship", description="Kinship to the head of the household.")
strawberry.enum(Source, name="FactSource")
MAX_VARIANTS = 10


@described
@strawberry.type(description="A person's place in a household.")
class Membership:
    person: Person | None
    token: str | None = bound("person.token")
    kinship: Kinship | None = bound("household.members")
    sex: Sex | None = bound("person.sex")
    valid_from: DateTime | None = bound("household.members")
    valid_to: DateTime | None = bound("household.members")


@described
@strawberry.type(
    description="One thing known of the household, or of one member. Only those whose own attribute is granted are told."
)
class Fact:
    attribute: str | None = bound("household.facts")
    member: Person | None
    value: str | None = bound("household.facts")
    source: Source | None = bound("household.facts")
    evidence: strawberry.ID | None = bound("household.facts")
    dispute: str | None = bound("household.facts")
    valid_from: DateTime | None = bound("household.facts")
    recorded_at: DateTime | None = bound("household.facts")


def _score(root: strawberry.Parent[Any], as_of: DateTime | None = None) -> Score | None:
    return cast("Score | None", cast("HouseholdView", root).scores[as_of])


def _scores(root: strawberry.Parent[Any], first: int | None = None, after: str | None = None) -> ScoreConnection | None:
    return cast("ScoreConnection | None", granted(cast("HouseholdView", root).score_pages[first, after]))


def _eligibility(root: strawberry.Parent[Any], programme: str) -> Eligibility | None:
    return cast("Eligibility | None", cast("HouseholdView", root).eligibilities[programme])


@described
@strawberry.type(description="A household: people who live in one dwelling and share their spending.")
class Household:
    code: str | None = bound("household.code")
    token: str | None = bound("household.token")
    size: int | None = bound("household.size")
    members: list[Membership] | None = bound("household.members")
    head: Person | None = bound("household.members")
    declarant: Person | None = bound("household.members")
    residence: Division | None = bound("household.residence")
    milieu: Milieu | None = bound("household.milieu")
    facts: list[Fact] | None = bound("household.facts")

    score = strawberry.field(resolver=_score, description="The newest score at that instant; now if none is given.")
    scores = strawberry.field(resolver=_scores, description="The history of scores, the newest first, by pages.")
    eligibility = strawberry.field(
        resolver=_eligibility, description="Whether the household is eligible for a programme, by its newest score."
    )


async def household(
    info: Info[Any, Any],
    purpose: Purpose,
    code: str | None = None,
    subject: SubjectInput | None = None,
    consent: strawberry.ID | None = None,
) -> Household | None:
    reading, call, _ = opened(info, purpose)
    field = selected(raw(info))
    async with reading.snapshot():
        found = await households.household(
            reading,
            call,
            purpose=purpose,
            code=code,
            **(named(subject) if subject else {}),
            consent=consent_id(consent),
            wish=_wish(field),
        )
        await scores.tell_scores(
            reading,
            call,
            found,
            instants=[as_of for (as_of,) in _arguments(field, "score", "asOf")],
            windows=_arguments(field, "scores", "first", "after"),
            programmes=[code for (code,) in _arguments(field, "eligibility", "programme")],
            wanted=field.attributes(),
        )
    return cast("Household", found.view)


def _wish(field: Selected) -> Wish:
    """What is asked of the household itself, and of people in each role."""
    own: set[str] = set()
    roles: dict[str, frozenset[str]] = {"members": frozenset(), "head": frozenset(), "declarant": frozenset()}
    for child in field.below():
        if child.attribute is not None:
            own.add(child.attribute)
        if child.name in roles:
            asked = {name for name in child.attributes() if name.startswith("person.")}
            roles[child.name] |= asked
        if child.name == "facts":
            # A member's fact names the member, so the member's own attributes are asked for with it.
            of_members = frozenset(name for fact in child.child("member") for name in fact.attributes())
            if of_members:
                own.add("household.members")
                roles["members"] |= of_members
    return Wish(frozenset(own), roles["members"], roles["head"], roles["declarant"])


def _arguments(field: Selected, name: str, *arguments: str) -> list[Any]:
    """The distinct arguments with which a field is selected, under whatever aliases."""
    distinct = list({tuple(child.arguments.get(argument) for argument in arguments): None for child in field.child(name)})
    if len(distinct) > MAX_VARIANTS:
        raise TooCostly(f"one question asks for {name} with at most {MAX_VARIANTS} different arguments")
    return distinct
