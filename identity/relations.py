"""The registered people whom an applicant names as relatives: who represents them, and their parents.

A representative is registered, active, of age and nobody's ward; a parent may have died. Whoever is none of this is answered
alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from access.call import Call
from access.catalogue import Use
from access.decision import decide_upkeep
from access.reading import Reading
from access.throttles import Budget, Charge
from core.database import Row
from core.dates import PartialDate
from core.errors import Fault, Faulty
from core.keys import KeyRing
from identity.applications import Form, Kinship, relative_fault
from identity.store import STATUS_NOW, record_of

BIRTH = "person.birth_date"
KINDS: Mapping[Kinship, str] = {"guardian": "GUARDIAN", "mother": "MOTHER", "father": "FATHER"}
# $1: hashes of numbers; $2: the version of their key; $3: now.
FIND = f"""
select i.hash, p.person_id, p.data_key, p.birth_date, {STATUS_NOW.format(now="$3")} as status,
       exists (select from relative r where r.person_id = p.person_id and r.kind = 'GUARDIAN'
                  and r.valid_from <= $3 and (r.valid_to is null or $3 < r.valid_to)) as is_ward
  from identifier i join person p on p.person_id = i.owner_id and p.data_key is not null
 where i.hash = any($1::bytea[]) and i.kind = 'IDCS' and i.key_version = $2"""
# How often one account is told that somebody cannot be a relative: of one number, and of all. Each time something is learned of
# whoever has it: that there is such a person, or on which side of a day they were born.
REFUSED_NUMBER = Budget("RELATIVE", limit=5, window_seconds=30 * 86_400)
REFUSED = Budget("RELATIVES", limit=40, window_seconds=86_400)
_LIVING = ("ACTIVE",)
_KNOWN = ("ACTIVE", "SUSPENDED", "DECEASED")


@dataclass(frozen=True, slots=True)
class Relation:
    kind: str
    person: UUID


def fits(kinship: Kinship, row: Row) -> bool:
    """Whether somebody whom FIND has found can be that relative, whatever their age is."""
    if kinship == "guardian":
        return row["status"] in _LIVING and not row["is_ward"]
    return row["status"] in _KNOWN


def charges(keys: KeyRing, call: Call, form: Form) -> list[Charge]:
    """What asking who the relatives of a form are adds to, until it is known that they are."""
    account = str(call.actor.account)
    numbers = {number for kinship in KINDS if (number := getattr(form, kinship)) is not None}
    each = [Charge.of(keys, REFUSED_NUMBER, account, number) for number in numbers]
    return [Charge.of(keys, REFUSED, account), *each] if each else []


async def relations(reading: Reading, form: Form, call: Call, today: date, root_field: str) -> list[Relation]:
    """The relatives that the form names. Their ages are compared, which is recorded. Raises Faulty, with all that is wrong."""
    named: dict[Kinship, str] = {kinship: number for kinship in KINDS if (number := getattr(form, kinship)) is not None}
    if not named:
        return []
    keys = reading.keys
    hashes = {keys.index("IDCS", number): number for number in named.values()}
    rows = {hashes[row["hash"]]: row for row in await reading.ask(FIND, list(hashes), keys.index_version, call.now)}
    births: dict[UUID, PartialDate] = {}
    for row in rows.values():
        owner = row["person_id"]
        record = record_of(row, keys, (BIRTH,))
        looked = reading.disclose(decide_upkeep(BIRTH), record, call, subject=owner, root_field=root_field)
        _, born = looked.compare(BIRTH, Use.MATCH, lambda its: its.open(BIRTH))
        assert born is not None
        births[owner] = PartialDate.parse(born)
    faults: list[Fault] = []
    found: list[Relation] = []
    for kinship, number in named.items():
        its = rows.get(number)
        birth = births[its["person_id"]] if its is not None and fits(kinship, its) else None
        fault = relative_fault(kinship, birth, form, today)
        if fault is not None:
            faults.append(fault)
        elif its is not None:
            found.append(Relation(KINDS[kinship], its["person_id"]))
    if faults:
        raise Faulty(faults)
    return found
