"""What people see of themselves and of their wards: through a disclosure, and recorded, like every other look."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from access.call import Call, allow
from access.catalogue import Lang
from access.decision import Ground, Status, decide_self
from access.disclosure import Disclosure, SealedRecord, Withheld
from access.reading import Reading
from access.rights import Scope
from core.database import Row
from core.errors import Forbidden, Unauthenticated
from identity.holders import language
from identity.people import PersonView, name_places, open_person
from identity.store import PARTS, SEALED_PARTS, STATUS_NOW, Subject, column, record_of

NAMES = frozenset({"person.given_name", "person.family_name"})
FIELD = "me"
MAX_WARDS = 50


@dataclass(slots=True)
class WardView:
    """Somebody whose guardian the holder is, since and until when."""

    person_id: UUID
    person: PersonView
    valid_from: datetime
    valid_to: datetime | None


@dataclass(slots=True)
class SelfView:
    """`person` is whose affairs are seen to: the holder, or a ward (`ward`); `wards` are always the holder's (none of whom is
    suspended)."""

    person: PersonView
    lang: Lang
    wards: list[WardView] = field(default_factory=list)
    ward: UUID | None = None

    def display_name(self) -> str:
        """The person's name in the script of the language that was last chosen, or in the other where there is none."""
        name = self.person.name
        parts = [None if name is None else part for part in (name and name.given, name and name.family)]
        told = [part for part in parts if part is not None and not isinstance(part, Withheld)]
        arabic, latin = (" ".join(filter(None, (getattr(part, script) for part in told))) for script in ("ar", "latin"))
        return (arabic or latin) if self.lang is Lang.AR else (latin or arabic)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: attributes of the person, and of each ward (None: no wards at all)."""

    person: frozenset[str]
    wards: frozenset[str] | None = None


_STATUS = STATUS_NOW.format(now="$3")
_OWN = f"""
select p.person_id, p.data_key, {_STATUS} as status, p.lang{{}}, null::timestamptz as valid_from, null::timestamptz as valid_to
  from person p where p.person_id = $1
union all
select * from (
    select p.person_id, p.data_key, {_STATUS} as status, p.lang{{}}, r.valid_from, r.valid_to
      from relative r join person p on p.person_id = r.person_id and p.status in ('ACTIVE', 'SUSPENDED')
      join person h on h.person_id = r.relative_id and (h.status = 'ACTIVE' or h.status_until <= $3)
     where $4 and r.relative_id = $2 and r.kind = 'GUARDIAN' and r.valid_from <= $3 and (r.valid_to is null or $3 < r.valid_to)
     order by r.valid_from, p.person_id limit {MAX_WARDS}) wards"""


@allow(Scope.SELF_READ)
async def oneself(reading: Reading, call: Call, wish: Wish) -> SelfView:
    """The caller's own record, or the ward's whom the session is for, as far as it is asked for: one statement.

    Of each person one entry. Raises Forbidden to who is no citizen.
    """
    person, holder = person_of(call), call.actor.holder
    wanted = wish.person | (wish.wards or frozenset())
    parts = tuple(part for part in SEALED_PARTS if any(part in PARTS.get(name, ()) for name in wanted))
    columns = "".join(f", p.{column(part)}" for part in parts)
    sql = _OWN.format(columns, columns)
    rows = await reading.ask(sql, person, holder, call.now, wish.wards is not None)
    own = [row for row in rows if row["valid_from"] is None]
    if not own:
        raise Unauthenticated("the session is over")
    its = _opened(own[0], parts, reading, call, wish.person)
    view = SelfView(its, language(own[0]["lang"]), ward=None if person == holder else person)
    for row in rows:
        if row["valid_from"] is not None:
            told = _opened(row, parts, reading, call, wish.wards or frozenset())
            view.wards.append(WardView(row["person_id"], told, row["valid_from"], row["valid_to"]))
    await name_places(reading, [view.person, *(ward.person for ward in view.wards)])
    return view


def person_of(call: Call) -> UUID:
    """Whose affairs are seen to. Raises Forbidden to who is no citizen."""
    if call.actor.person is None:
        raise Forbidden("this is for citizens")
    return call.actor.person


_MANDATE = """
select min(valid_from) as since from relative
 where person_id = $1 and relative_id = $2 and kind = 'GUARDIAN' and valid_from <= $3 and (valid_to is null or $3 < valid_to)"""


async def seen_since(person: UUID, reading: Reading, call: Call) -> datetime | None:
    """From when on the caller is shown what became of that record: a guardian of what was before the mandate nothing."""
    if person == call.actor.holder:
        return None
    (row,) = await reading.ask(_MANDATE, person, call.actor.holder, call.now)
    return row["since"] or call.now


def disclose_own(record: SealedRecord, reading: Reading, call: Call, root_field: str) -> Disclosure:
    """The disclosure of the caller's own record, or a ward's."""
    ground = Ground.SELF if record.owner == call.actor.holder else Ground.WARD
    decision = decide_self(ground, assisted=call.actor.assistant is not None)
    return reading.disclose(decision, record, call, subject=record.owner, root_field=root_field)


def enter_own(rows: Sequence[Row], reading: Reading, call: Call, root_field: str) -> Disclosure:
    """The same, from a statement that begins with the person: it gives one row at least, though there be nothing to show.

    Raises Unauthenticated where there is none.
    """
    if not rows:
        raise Unauthenticated("the session is over")
    return disclose_own(record_of(rows[0], reading.keys), reading, call, root_field)


def _opened(row: Row, parts: Collection[str], reading: Reading, call: Call, wanted: frozenset[str]) -> PersonView:
    """Nothing is asked for: nothing is opened, and no look is recorded."""
    if not wanted:
        return PersonView()
    record = record_of(row, reading.keys, parts)
    subject = Subject.of(record, Status(row["status"]))
    # Without an agency there is no token; the decision on oneself grants none.
    return open_person(disclose_own(record, reading, call, FIELD), subject, wanted, reading.keys, record.owner)
