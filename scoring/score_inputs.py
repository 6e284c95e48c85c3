"""What a formula reads of households: as they are declared, or as the register had them at an instant, known at another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.database import Reader, Row
from core.dates import PartialDate
from core.keys import KeyRing
from identity.births import births
from registry import store
from registry.facts import FACT_KINDS, Kinship, Milieu
from registry.store import Asked
from scoring.variables import HouseholdInputs, MemberInputs


@dataclass(frozen=True, slots=True)
class MemberToScore:
    kinship: Kinship
    birth_date: PartialDate
    facts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HouseholdToScore:
    """What a formula may read of a registered household; one of the members is the head."""

    household_id: UUID
    milieu: Milieu
    region: int
    facts: Mapping[str, int]
    members: tuple[MemberToScore, ...]

    @property
    def head_first(self) -> list[MemberToScore]:
        """The members as the register gives them back."""
        return sorted(self.members, key=lambda member: member.kinship is not Kinship.HEAD)

    def inputs(self, on: date) -> HouseholdInputs:
        """As of that civil date. Raises Invalid where they cannot be."""
        members = tuple(MemberInputs(each.kinship, each.birth_date.age_on(on), each.facts) for each in self.head_first)
        return HouseholdInputs(self.milieu, self.region, self.facts, members)


async def inputs_of(reader: Reader, keys: KeyRing, asked: Sequence[Asked]) -> list[HouseholdToScore | None]:
    """What each household was, in the order of those asked for; None where it was not there, has no head, or one of its
    members is erased. Four statements, however many.
    """
    places = {row["n"]: row for row in await store.residences_of(reader, asked)}
    members = await store.members_of(reader, asked)
    born = await births(reader, keys, [(row["person_id"], asked[row["n"] - 1].known_at) for row in members])
    facts: dict[tuple[int, UUID | None], dict[str, int]] = {}
    for row in await store.facts_of(reader, asked, FACT_KINDS):
        facts.setdefault((row["n"], row["person_id"]), {})[row["attribute"]] = row["value"]
    homes: dict[int, list[MemberToScore | None]] = {}
    for row, birth in zip(members, born, strict=True):
        known = facts.get((row["n"], row["person_id"]), {})
        its = None if birth is None else MemberToScore(Kinship(row["kinship"]), birth, known)
        homes.setdefault(row["n"], []).append(its)
    return [
        _household(each, places.get(n), homes.get(n, []), facts.get((n, None), {})) for n, each in enumerate(asked, start=1)
    ]


def _household(
    asked: Asked, place: Row | None, members: Sequence[MemberToScore | None], facts: Mapping[str, int]
) -> HouseholdToScore | None:
    there = tuple(member for member in members if member is not None)
    if place is None or len(there) < len(members) or sum(member.kinship is Kinship.HEAD for member in there) != 1:
        return None
    return HouseholdToScore(asked.household_id, Milieu(place["milieu"]), place["region"], facts, there)
