"""How well duplicates are found among invented people of whom it is known who is who, and how long that takes.

`python -m bench.duplicates` prints precision, recall and the load of reviews of the rules in force, on a set that they were
not made on. The outcome is computed as an enrolment does it: candidates by blocking keys, then the comparison of each.
`seconds_each` is for `make bench`: the same in the database, one newcomer at a time into a register of many.
"""

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from random import Random
from uuid import UUID

from access.call import Call, system
from access.instance import create_instance
from access.rights import Scope
from api.demo.load import new_person
from api.demo.people import InventedPerson, invent
from bench.labelled import AGAIN, SON, TODAY, TWIN, Enrolment, Labelled, corrupted, labelled, record_of
from core import keys as key_files
from core.database import Database
from core.ids import uuid7
from core.keys import KeyRing
from identity.blocking import Comparable, blocking_hashes
from identity.candidates import RARITY, check
from identity.divisions import built_in
from identity.duplicates import Compared, Finding, Outcome, Rules, compare, rules
from identity.imports import load_divisions, load_persons, make_decoy

HELD_OUT_SEED = 2027
NOBODY = UUID(int=0)  # the newcomer, of whom nothing is there yet
PERSONS, AGAIN_COUNT, NEW_COUNT = 60_000, 3_000, 10_000
LEAST_RECALL, MOST_LOAD = 0.98, 0.02


class Blocks:
    """Blocking keys in memory, which choose candidates as `identity/candidates.py` does in the database."""

    def __init__(self, keys: KeyRing, records: Iterable[Comparable], by: Rules) -> None:
        self._keys = keys
        self._by = by
        self._blocks: dict[bytes, list[int]] = defaultdict(list)
        for place, record in enumerate(records):
            for hash_ in blocking_hashes(keys, record):
                self._blocks[hash_].append(place)

    def candidates(self, record: Comparable) -> list[int]:
        shared: Counter[int] = Counter()
        rarity: Counter[int] = Counter()
        alone: set[int] = set()
        for hash_ in blocking_hashes(self._keys, record):
            block = self._blocks.get(hash_, ())
            if len(block) <= self._by.wide:
                shared.update(block)
                for place in block:
                    rarity[place] += RARITY // len(block)
            if len(block) <= self._by.narrow:
                alone.update(block)
        chosen = [place for place, count in shared.items() if place in alone or count > 1]
        return sorted(chosen, key=lambda place: (-rarity[place], place))[: self._by.candidates]


@dataclass(slots=True)
class Quality:
    """`found`: of those who came again, that person came to REVIEW or SAME. `load`: new people with any REVIEW or SAME."""

    again: int = 0
    blocked: int = 0
    found: int = 0
    same: int = 0
    new: Counter[str] = field(default_factory=Counter)
    load: Counter[str] = field(default_factory=Counter)
    taken_for_same: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    missed: list[tuple[Enrolment, Finding | None]] = field(default_factory=list)
    loaded: list[tuple[Enrolment, int, Finding]] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.again

    @property
    def precision(self) -> float:
        """Of all enrolments that came to REVIEW or SAME, those of somebody who is registered."""
        return self.found / max(1, self.found + self.load.total())

    @property
    def review_load(self) -> float:
        """Of the enrolments of new people, those that somebody has to look at."""
        return self.load.total() / self.new.total()


def measure(keys: KeyRing, given: Labelled, by: Rules) -> Quality:
    blocks = Blocks(keys, given.population, by)
    prepared: dict[int, Compared] = {}
    quality = Quality()
    for enrolment in (*given.again, *given.new):
        mine = Compared(enrolment.record)
        findings: dict[int, Finding] = {}
        for place in blocks.candidates(enrolment.record):
            if place not in prepared:
                prepared[place] = Compared(given.population[place])
            findings[place] = compare(mine, prepared[place], by)
        quality.compared += len(findings)
        if enrolment.kind == AGAIN:
            assert enrolment.same is not None
            its = findings.get(enrolment.same)
            quality.again += 1
            quality.blocked += its is not None
            quality.found += its is not None and its.outcome is not Outcome.CLEAR
            quality.same += its is not None and its.outcome is Outcome.SAME
            if its is None or its.outcome is Outcome.CLEAR:
                quality.missed.append((enrolment, its))
        else:
            quality.new[enrolment.kind] += 1
            hits = [(place, finding) for place, finding in findings.items() if finding.outcome is not Outcome.CLEAR]
            quality.load[enrolment.kind] += bool(hits)
            quality.taken_for_same[enrolment.kind] += any(finding.outcome is Outcome.SAME for _, finding in hits)
            quality.loaded += [(enrolment, place, finding) for place, finding in hits]
    return quality


def told(quality: Quality) -> list[str]:
    """The figures, a line each."""
    kinds = ", ".join(f"{kind} {quality.load[kind]} of {count}" for kind, count in sorted(quality.new.items()))
    return [
        (
            f"recall of review or same: {quality.recall:.4f} ({quality.found} of {quality.again}; blocked {quality.blocked};"
            f" same {quality.same})"
        ),
        f"precision: {quality.precision:.4f}",
        f"review load: {quality.review_load:.4f} of new people ({kinds})",
        (
            f"new people taken for the same: {quality.taken_for_same.total()} (twins {quality.taken_for_same[TWIN]},"
            f" sons {quality.taken_for_same[SON]})"
        ),
        f"compared: {quality.compared / (quality.again + quality.new.total()):.1f} candidates an enrolment",
    ]


def mistakes(quality: Quality, given: Sequence[Enrolment]) -> Mapping[str, tuple[int, int]]:
    """For each kind of mistake, how many were missed of how many."""
    missed = Counter(name for enrolment, _ in quality.missed for name in enrolment.mistakes)
    every = Counter(name for enrolment in given for name in enrolment.mistakes)
    return {name: (missed[name], count) for name, count in sorted(every.items())}


ENROLLED, WARM_UP = 500, 50  # newcomers who are timed, and who come before them
LOADED_AT_ONCE = 5_000


async def seconds_each(
    database: Database, keys: KeyRing, *, persons: int, issuer: str, now: datetime, progress: Callable[[int, int], None]
) -> list[float]:
    """How long each of ENROLLED took to be compared with so many who are registered; half of them are registered already.

    Fills an empty database of the newest shape. Each is a transaction of its own, with the entries that it leaves.
    """
    call = Call(system("bench", Scope.REGISTER_LOAD), now, uuid7(now))
    async with database.begin() as connection:
        await create_instance(connection, call, keys, mark=keys.mark, issuer=issuer)
    people = (member.person for household in invent(persons, seed=HELD_OUT_SEED, today=TODAY) for member in household.members)
    every, known, done = max(1, persons // (ENROLLED + WARM_UP)), list[InventedPerson](), 0
    async with database.connection() as raw:
        async with raw.transaction():
            await load_divisions(raw, call, built_in())
            await make_decoy(raw, call, keys)
        # Parents and guardians are of one household, which a batch may cut in two: they are left out.
        while batch := list(islice(people, LOADED_AT_ONCE)):
            async with raw.transaction():
                new = [new_person(replace(each, mother_key=None, father_key=None, guardian_key=None)) for each in batch]
                await load_persons(raw, call, keys, new)
            known += batch[::every]
            done += len(batch)
            progress(done, persons)
    await database.ask("analyze")
    rng = Random(HELD_OUT_SEED)
    strangers = invent(ENROLLED + WARM_UP, seed=HELD_OUT_SEED + 1, today=TODAY)
    new_people = [record_of(member.person) for household in strangers for member in household.members]
    again = [corrupted(rng, record_of(each), 0).record for each in known]
    newcomers = list(chain.from_iterable(zip(again, new_people, strict=False)))[: ENROLLED + WARM_UP]
    seconds = []
    for newcomer in newcomers:
        began = time.perf_counter()
        async with database.begin() as connection:
            await check(connection, keys, call, NOBODY, newcomer, root_field="submitEnrolment")
        seconds.append(time.perf_counter() - began)
    return seconds[WARM_UP:]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.duplicates", description="Measure how duplicates are found.")
    parser.add_argument("--persons", type=int, default=PERSONS, help="invented people (default %(default)s)")
    parser.add_argument("--again", type=int, default=AGAIN_COUNT, help="who comes again (default %(default)s)")
    parser.add_argument("--new", type=int, default=NEW_COUNT, help="who is new (default %(default)s)")
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED, help="of the set (default %(default)s)")
    options = parser.parse_args()
    given = labelled(options.persons, again=options.again, new=options.new, seed=options.seed)
    with tempfile.TemporaryDirectory(prefix="sijil-bench-") as home:
        keys = key_files.create(Path(home) / "keys.json", mark="bench", at=datetime.now(UTC))
        quality = measure(keys, given, rules())
    print("\n".join(told(quality)))
    for name, (missed, count) in mistakes(quality, given.again).items():
        print(f"  {name}: {missed} missed of {count}")


if __name__ == "__main__":
    main()
