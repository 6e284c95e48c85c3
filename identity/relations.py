"""The registered people whom an applicant names as relatives: who represents them, and their parents.

A representative is registered, active and of age; a parent may have died. Whoever is none of this is answered alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from access.call import Call
from access.catalogue import Use
from access.decision import decide_upkeep
from access.disclosure import SealedRecord
from access.reading import Reading
from core.dates import PartialDate
from core.errors import Fault, Faulty
from identity.applications import Form, Kinship, relative_fault
from identity.store import STATUS_NOW

BIRTH = "person.birth_date"
KINDS: Mapping[Kinship, str] = {"guardian": "GUARDIAN", "mother": "MOTHER", "father": "FATHER"}
_FIND = f"""
select i.hash, p.person_id, p.data_key, p.birth_date, {STATUS_NOW.format(now="$3")} as status
  from identifier i join person p on p.person_id = i.owner_id and p.data_key is not null
 where i.hash = any($1::bytea[]) and i.kind = 'IDCS' and i.key_version = $2"""
_LIVING = ("ACTIVE",)
_KNOWN = ("ACTIVE", "SUSPENDED", "DECEASED")


@dataclass(frozen=True, slots=True)
class Relation:
    kind: str
    person: UUID


async def relations(reading: Reading, form: Form, call: Call, today: date, root_field: str) -> list[Relation]:
    """The relatives that the form names. Their ages are compared, which is recorded. Raises Faulty, with all that is wrong."""
    named: dict[Kinship, str] = {kinship: number for kinship in KINDS if (number := getattr(form, kinship)) is not None}
    if not named:
        return []
    keys = reading.keys
    hashes = {keys.index("IDCS", number): number for number in named.values()}
    rows = {hashes[row["hash"]]: row for row in await reading.ask(_FIND, list(hashes), keys.index_version, call.now)}
    births: dict[UUID, PartialDate] = {}
    for row in rows.values():
        owner = row["person_id"]
        record = SealedRecord(owner, keys.masters.unwrap(owner, row["data_key"]), {BIRTH: row["birth_date"]})
        looked = reading.disclose(decide_upkeep(BIRTH), record, call, subject=owner, root_field=root_field)
        _, born = looked.compare(BIRTH, Use.MATCH, lambda its: its.open(BIRTH))
        assert born is not None
        births[owner] = PartialDate.parse(born)
    faults: list[Fault] = []
    found: list[Relation] = []
    for kinship, number in named.items():
        its = rows.get(number)
        fits = its is not None and its["status"] in (_LIVING if kinship == "guardian" else _KNOWN)
        fault = relative_fault(kinship, births[its["person_id"]] if its is not None and fits else None, form, today)
        if fault is not None:
            faults.append(fault)
        elif its is not None:
            found.append(Relation(KINDS[kinship], its["person_id"]))
    if faults:
        raise Faulty(faults)
    return found
