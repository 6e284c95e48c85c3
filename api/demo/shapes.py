"""The shape of an invented household: who lives together, of which age, sex and kinship. Nobody has a name or a date yet.

A couple has children at plausible ages, who leave home as they grow up; so childless, ageing and full households come out of
one rule. Parents are at least 18 years older than their children, spouses of opposite sex, the head at least 20 years old.
"""

from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from random import Random  # noqa: TID251 (seeded by who asks: a demonstration must be repeatable)

from registry.facts import Kinship

SINGLE, MARRIED, DIVORCED, WIDOWED = "SINGLE", "MARRIED", "DIVORCED", "WIDOWED"
OLDEST = 99

# Lines of descent: two persons of one line bear one family name. Further lines are numbered as they are met.
_HEAD_LINE, _SPOUSE_LINE, _ABSENT_FATHER_LINE, _IN_LAW_LINE, _MOTHER_LINE = range(5)


@dataclass(slots=True)
class Role:
    """One place at the table: `age` in completed years, parents as positions in the household."""

    kinship: Kinship
    sex: str  # "M" or "F"
    age: int
    marital_status: str
    line: int
    father: int | None = None
    mother: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The head is first. `nuclei` counts couples, lone parents with their children, and people outside of those as none; at
    least one."""

    roles: list[Role]
    nuclei: int


class _Ages:
    """Draws an age: bands of (lowest age, weight), uniform within a band; the last entry only ends the last band."""

    def __init__(self, *bands: tuple[int, float]) -> None:
        self._lows = [low for low, _ in bands]
        self._cumulative = list(accumulate(weight for _, weight in bands[:-1]))

    def draw(self, rng: Random) -> int:
        band = bisect(self._cumulative, rng.random() * self._cumulative[-1])
        low = self._lows[band]
        return low + int(rng.random() * (self._lows[band + 1] - low))


_WIFE = _Ages((19, 3), (24, 9), (29, 14), (34, 17), (39, 16), (44, 13), (49, 11), (54, 9), (60, 7), (68, 4), (76, 2), (86, 0))
_LONE = _Ages((25, 4), (32, 14), (40, 24), (48, 22), (56, 20), (66, 14), (78, 0))
_ALONE = _Ages((21, 14), (28, 16), (36, 12), (46, 12), (56, 16), (66, 18), (76, 12), (90, 0))
_SIBLINGS = _Ages((20, 8), (26, 6), (34, 3), (46, 0))
_ELDER = _Ages((50, 3), (56, 5), (62, 5), (70, 3), (82, 0))

# Couple, lone parent, alone, three generations under the middle one, under the eldest one, siblings, with other kin.
_URBAN_KINDS = tuple(accumulate((63.5, 10.0, 9.0, 6.5, 5.0, 2.0, 4.0)))
_RURAL_KINDS = tuple(accumulate((60.0, 7.0, 4.5, 10.0, 12.5, 1.0, 5.0)))

# Chance that a child still lives at home, by age.
_AT_HOME = tuple(
    0.99 if age < 18 else 0.9 if age < 22 else 0.75 if age < 26 else 0.55 if age < 30 else 0.33 if age < 36 else 0.15
    for age in range(OLDEST + 1)
)


def compose(rng: Random, *, urban: bool) -> Shape:
    """A household of one to about fifteen."""
    kinds = _URBAN_KINDS if urban else _RURAL_KINDS
    kind = bisect(kinds, rng.random() * kinds[-1])
    if kind == 1:
        return _lone_parent(rng, urban=urban)
    if kind == 2:
        return _alone(rng)
    if kind == 4:
        return _under_the_eldest(rng, urban=urban)
    if kind == 5:
        return _siblings(rng)
    roles = _couple(rng, _WIFE.draw(rng), urban=urban)
    nuclei = 1
    if kind == 3 and _add_parents(rng, roles):
        nuclei = 2
    if kind == 6:
        _add_other(rng, roles)
    return Shape(roles, nuclei)


def _couple(rng: Random, wife_age: int, *, urban: bool) -> list[Role]:
    gap = min(18, max(-4, round(rng.gauss(5.5, 4.0))))
    head = Role(Kinship.HEAD, "M", max(21, min(OLDEST - 6, wife_age + gap)), MARRIED, _HEAD_LINE)
    roles = [head, Role(Kinship.SPOUSE, "F", wife_age, MARRIED, _SPOUSE_LINE)]
    married_at = 18 + int(rng.triangular(0, 16, 4 if urban else 2))
    _add_children(rng, roles, wife_age, head.age, married_at, urban=urban, father=0, mother=1, line=_HEAD_LINE)
    return roles


def _add_children(
    rng: Random,
    roles: list[Role],
    mother_age: int,
    father_age: int,
    married_at: int,
    *,
    urban: bool,
    father: int | None,
    mother: int | None,
    line: int,
    kinship: Kinship = Kinship.CHILD,
) -> None:
    """Adds the children still at home of a woman of that age, eldest first. Older women had more of them."""
    random = rng.random
    wanted = (1.45 if urban else 1.8) + max(0, mother_age - 40) * 0.045 + random() * (3.1 if urban else 3.6)
    at = max(married_at, 18) + int(random() * 2.5)
    while wanted >= 1.0 and at <= min(mother_age, 44):
        age = mother_age - at
        if father_age - age >= 18 and random() < _AT_HOME[age]:
            marital = DIVORCED if age >= 27 and random() < 0.06 else SINGLE
            sex = "M" if random() < 0.512 else "F"
            roles.append(Role(kinship, sex, age, marital, line, father, mother))
        wanted -= 1.0
        at += 2 + int(random() * 3.6)


def _lone_parent(rng: Random, *, urban: bool) -> Shape:
    age = _LONE.draw(rng)
    status = WIDOWED if rng.random() < min(0.85, max(0.15, (age - 25) / 45)) else DIVORCED
    if rng.random() < 0.87:
        roles = [Role(Kinship.HEAD, "F", age, status, _HEAD_LINE)]
        married_at = 18 + int(rng.random() * 8)
        _add_children(rng, roles, age, OLDEST, married_at, urban=urban, father=None, mother=0, line=_ABSENT_FATHER_LINE)
    else:
        roles = [Role(Kinship.HEAD, "M", age, status, _HEAD_LINE)]
        mother_age = max(20, age - 5)
        _add_children(rng, roles, mother_age, age, 21, urban=urban, father=0, mother=None, line=_HEAD_LINE)
    return Shape(roles, 1)


def _alone(rng: Random) -> Shape:
    age = _ALONE.draw(rng)
    sex = "F" if rng.random() < (0.62 if age >= 56 else 0.42) else "M"
    chance = rng.random()
    status = SINGLE if age < 36 else WIDOWED if age >= 56 and chance < 0.7 else DIVORCED if chance < 0.85 else SINGLE
    return Shape([Role(Kinship.HEAD, sex, age, status, _HEAD_LINE)], 1)


def _add_parents(rng: Random, roles: list[Role]) -> bool:
    """One or both parents of the head, or the mother of the spouse, if such an age can be; says whether they were added."""
    of_spouse = rng.random() < 0.12
    child = 1 if of_spouse else 0
    mother_age = roles[child].age + 19 + int(rng.random() * 16)
    if mother_age > OLDEST - 6:
        return False
    kinship = Kinship.SPOUSE_PARENT if of_spouse else Kinship.PARENT
    father_age = min(OLDEST, mother_age + int(rng.random() * 9))
    with_father = not of_spouse and rng.random() < 0.33
    status = MARRIED if with_father else WIDOWED
    if with_father:
        roles[child].father = len(roles)
        roles.append(Role(kinship, "M", father_age, status, _HEAD_LINE))
    roles[child].mother = len(roles)
    roles.append(Role(kinship, "F", mother_age, status, _MOTHER_LINE))
    return True


def _under_the_eldest(rng: Random, *, urban: bool) -> Shape:
    """An elder couple or widow, a married son with wife and children, and younger children still at home."""
    mother_age = _ELDER.draw(rng)
    if rng.random() < 0.62:
        roles = _couple(rng, mother_age, urban=urban)
        father: int | None = 0
        mother, line = 1, _HEAD_LINE
    else:
        roles = [Role(Kinship.HEAD, "F", mother_age, WIDOWED, _HEAD_LINE)]
        father, mother, line = None, 0, _ABSENT_FATHER_LINE
    eldest = min(mother_age, roles[0].age) - 18
    son_age = max(22, min(eldest, mother_age - 19 - int(rng.random() * 12)))
    son = len(roles)
    roles.append(Role(Kinship.CHILD, "M", son_age, MARRIED, line, father, mother))
    wife_age = max(19, son_age - int(rng.random() * 9))
    wife = len(roles)
    roles.append(Role(Kinship.OTHER, "F", wife_age, MARRIED, _IN_LAW_LINE))
    _add_children(
        rng,
        roles,
        wife_age,
        son_age,
        19 + int(rng.random() * 4),
        urban=urban,
        father=son,
        mother=wife,
        line=line,
        kinship=Kinship.GRANDCHILD,
    )
    return Shape(roles, 2)


def _siblings(rng: Random) -> Shape:
    head_age = _SIBLINGS.draw(rng)
    roles = [Role(Kinship.HEAD, "M" if rng.random() < 0.6 else "F", head_age, SINGLE, _HEAD_LINE)]
    for _ in range(1 + int(rng.random() * 2.4)):
        age = max(12, head_age - 1 - int(rng.random() * 12))
        roles.append(Role(Kinship.SIBLING, "M" if rng.random() < 0.5 else "F", age, SINGLE, _HEAD_LINE))
    return Shape(roles, 1)


def _add_other(rng: Random, roles: list[Role]) -> None:
    """A niece, a nephew, an unmarried brother or sister of the head, or an aunt."""
    sex = "M" if rng.random() < 0.45 else "F"
    kin = rng.random()
    if kin < 0.45:
        age = max(16, roles[0].age - int(rng.random() * 12))
        roles.append(Role(Kinship.SIBLING, sex, age, SINGLE, _HEAD_LINE))
    elif kin < 0.85:
        roles.append(Role(Kinship.OTHER, sex, 4 + int(rng.random() * 22), SINGLE, _HEAD_LINE))
    else:
        age = min(OLDEST, roles[0].age + 10 + int(rng.random() * 15))
        roles.append(Role(Kinship.OTHER, "F", age, WIDOWED, _HEAD_LINE))
