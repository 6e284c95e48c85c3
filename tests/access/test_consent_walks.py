"""Ten thousand random walks of a consent: acts in any order, time that leaps, uses; beside a naive model of the rules."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any

import pytest

from access.consent_acts import Act, Answer, Invalidate, Pause, Resume, Supersede, Withdraw, apply
from access.consent_records import ConsentRecord, Method, Reason
from access.consent_revisions import Revision, begin, replay, revise
from access.consent_states import TRANSITIONS, Frequency, State, Window
from core.errors import Conflict
from tests.access.consenting import (
    ACTS,
    ASKED,
    CITIZEN,
    GUARDIAN,
    LEADS,
    OTHER_CONSENT,
    REGISTRY,
    SECOND,
    SUBJECT_MATTER,
    answer,
    request,
)
from tests.access.enrolled import NOW


@dataclass
class Naive:
    """The rules once more, told as a story: what happened, in words, with seconds from NOW on. It looks at nothing of ours."""

    answer_by: int
    begins: int
    ends: int
    limit: tuple[int, str] | None
    answered: str = ""
    answered_at: int = 0
    paused: bool = False
    over: str = ""
    uses: list[int] = field(default_factory=list)

    def in_window(self, now: int) -> int:
        if self.limit is None:
            return 0
        if self.limit[1] == "IN_ALL":
            return len(self.uses)
        length = {"HOUR": 3600, "DAY": 86400, "WEEK": 604800, "MONTH": 2592000}[self.limit[1]]
        epoch = int(NOW.timestamp())
        return sum(1 for use in self.uses if (epoch + use) // length == (epoch + now) // length)

    def state(self, now: int) -> str:
        if self.answered == "no":
            return "DECLINED"
        if not self.answered:
            return "REQUESTED" if now < self.answer_by else "LAPSED"
        if self.over:
            return self.over
        if self.limit is not None and self.limit[1] == "IN_ALL" and len(self.uses) >= self.limit[0] and not self.paused:
            return "EXHAUSTED"
        if now >= self.ends:
            return "EXPIRED"
        return "PAUSED" if self.paused else "GRANTED"

    def usable(self, now: int) -> bool:
        if self.state(now) != "GRANTED" or now < max(self.begins, self.answered_at):
            return False
        return self.limit is None or self.in_window(now) < self.limit[0]

    def takes(self, word: str, now: int) -> bool:
        """Does the act if it is a legal one; says whether it was."""
        state = self.state(now)
        if word in ("grant", "decline"):
            if state != "REQUESTED":
                return False
            self.answered, self.answered_at = ("yes" if word == "grant" else "no"), now
            return True
        if word == "pause" and state == "GRANTED":
            self.paused = True
            return True
        if word == "resume" and state == "PAUSED":
            self.paused = False
            return True
        ends = {"withdraw": "WITHDRAWN", "supersede": "SUPERSEDED", "invalidate": "INVALIDATED"}
        if word in ends and state in ("GRANTED", "PAUSED"):
            self.over = ends[word]
            return True
        return False


MAKE: dict[str, Callable[[random.Random], Act]] = {
    "grant": lambda rng: answer(*rng.sample(sorted(ASKED), rng.randint(1, 3)), evidence=rng.choice([CITIZEN, GUARDIAN])),
    "decline": lambda rng: answer(),
    "withdraw": lambda rng: Withdraw(rng.choice([CITIZEN, GUARDIAN])),
    "pause": lambda rng: Pause(CITIZEN),
    "resume": lambda rng: Resume(CITIZEN),
    "supersede": lambda rng: Supersede(OTHER_CONSENT, rng.choice([CITIZEN, REGISTRY])),
    "invalidate": lambda rng: Invalidate(rng.choice(list(Reason)), REGISTRY),
}
# What mostly goes on comes mostly; what ends a consent comes seldom enough that other things happen before.
WORDS = ["grant"] * 8 + ["decline", "withdraw", "supersede", "invalidate"] + ["pause"] * 3 + ["resume"] * 5
LEAPS = [0, 0, 0, 0, 1, 59, 600, 3600, 3600, 86_400, 5 * 86_400]
STEPS = 15


class Walk:
    """One consent, lived through: ours and the naive one side by side."""

    def __init__(self, rng: random.Random, seen: Counter[Any], *, chained: bool) -> None:
        self.rng, self.seen, self.now, self.chained = rng, seen, 0, chained
        method = rng.choice([Method.LINK, Method.NOTICE, Method.NOTICE, Method.ASSISTED])
        limit = rng.choice([None, (1, "IN_ALL"), (2, "IN_ALL"), (1, "HOUR"), (1, "DAY"), (2, "DAY"), (1, "WEEK"), (2, "MONTH")])
        ends = rng.choice([3600, 86_400, 40 * 86_400, 40 * 86_400])
        begins = rng.choice([0, 0, 0, ends // 2])
        self.record = request(
            method=method,
            valid_from=NOW + begins * SECOND,
            valid_to=NOW + ends * SECOND,
            frequency=limit and Frequency(limit[0], Window(limit[1])),
        )
        self.first = self.record
        open_for = {Method.LINK: 600, Method.NOTICE: 30 * 86_400, Method.ASSISTED: 86_400}[method]
        self.naive = Naive(min(open_for, ends), begins, ends, limit)
        self.revisions: list[Revision] = [begin(self.record, NOW)]

    @property
    def at(self) -> datetime:
        return NOW + self.now * SECOND

    def run(self) -> None:
        state = self.look()
        for _ in range(STEPS):
            self.now += self.rng.choice(LEAPS)
            passed = self.look()
            # Time alone, and uses, lead where they may and nowhere else.
            assert passed is state or (passed in TRANSITIONS[state] and passed in ("LAPSED", "EXPIRED", "EXHAUSTED"))
            state = passed
            if self.rng.random() < 0.45:
                self.use(state)
            else:
                self.act(state)
            state = self.look()
        if self.chained:
            assert replay(self.revisions, self.revisions[-1].hash) == self.record

    def look(self) -> State:
        used = self.naive.in_window(self.now)
        state = self.record.state(used, self.at)
        assert state == self.naive.state(self.now)
        self.seen[state] += 1
        return state

    def use(self, state: State) -> None:
        """An answer that rests on the consent, or one that was begun before a pause and is settled within it."""
        if self.naive.usable(self.now) or (state is State.PAUSED and self.rng.random() < 0.3):
            self.naive.uses.append(self.now)
            self.seen["used in a pause" if state is State.PAUSED else "used"] += 1

    def act(self, state: State) -> None:
        word = self.rng.choice(WORDS)
        act, before, used = MAKE[word](self.rng), self.record, self.naive.in_window(self.now)
        legal = self.naive.takes(word, self.now)
        self.seen[state, word, legal] += 1
        if not legal:
            with pytest.raises(Conflict) as refusal:
                apply(before, act, self.at, used=used)
            assert refusal.value.message == f"the consent is {state}"
            return
        self.record = apply(before, act, self.at, used=used)
        if self.chained:
            record, revision = revise(self.revisions[-1], act, self.at, used=used)
            assert record == self.record
            self.revisions.append(revision)
        assert self.record.stored in TRANSITIONS[state]
        self.never_grows(before, act)

    def never_grows(self, before: ConsentRecord, act: Act) -> None:
        assert {name: getattr(self.record, name) for name in SUBJECT_MATTER} == {
            name: getattr(self.first, name) for name in SUBJECT_MATTER
        }
        assert self.record.valid_from >= before.valid_from
        if isinstance(act, Answer):
            assert self.record.granted == act.granted <= ASKED
        else:
            assert self.record.granted == before.granted


def test_no_illegal_transition_in_ten_thousand_random_walks() -> None:
    rng = random.Random(27560)
    seen: Counter[Any] = Counter()
    for number in range(10_000):
        Walk(rng, seen, chained=number % 4 == 0).run()
    # Every state was lived through, every act that can be done was, and each was refused in every state where it cannot be.
    for state, word in product(State, ACTS):
        legal = (state, word) in LEADS
        assert seen[state] > 1000, state
        assert seen[state, word, legal] > 20, (state, word)
        assert seen[state, word, not legal] == 0, (state, word)
    assert seen["used"] > 4000
    assert seen["used in a pause"] > 100
