"""The life of a record in the register: proposed and approved, at once in effect, told, and kept as history."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from access.approval import Acts, approve, propose
from access.authority import Documents
from access.call import Call, Purpose
from access.confirming import check_second_factor
from access.decision import Status
from access.reading import Reading
from access.rights import Role, Scope
from core.dates import PartialDate, civil_date
from core.errors import Conflict, Forbidden, Invalid, NotFound, SijilError, Withheld
from core.events import Events
from core.ids import uuid7
from identity import lifecycle, people
from identity.lifecycle import PERSON_STATUS, PersonStatusChanged
from identity.lifecycle_states import StatusReason, StatusStep, begins
from identity.revisions import REASON, STATUS, UNTIL, revision_of
from identity.store import STATUS_NOW
from tests.access.enrolled import NOW, Enrol
from tests.api.people import Signed
from tests.identity.registered import CASABLANCA, MINUTE, RABAT, Register, machine, staff_call

ROLE = "ADJUDICATOR"
TODAY = civil_date(NOW)
DAY = timedelta(days=1)


class Bench:
    """Two adjudicators, and what was told upward."""

    def __init__(self, register: Register, first: Signed, second: Signed) -> None:
        self.register, self.first, self.second = register, first, second
        self.told: list[PersonStatusChanged] = []
        self.events = Events()
        self.events.on(PersonStatusChanged, self._hear)
        self.acts = Acts(lifecycle.acts(register.keys, self.events))

    async def _hear(self, _: Any, __: Any, event: PersonStatusChanged) -> None:
        self.told.append(event)

    async def evidence(self, person: UUID, kind: str = "JUDGEMENT", request: UUID | None = None) -> UUID:
        evidence = uuid7(NOW)
        await self.register.database.ask(
            """insert into evidence (person_id, evidence_id, request_id, kind, media_type, size, digest, added_at)
               values ($1, $2, $3, $4, 'application/pdf', 1, 'd', $5)""",
            *(person, evidence, request, kind, NOW),
        )
        return evidence

    async def change(self, person: UUID, step: str, *, now: datetime = NOW, call: Call | None = None, **more: Any) -> Any:
        call = call or staff_call(self.first, ROLE, now=now)
        evidence = more.pop("evidence", None) or [await self.evidence(person)]
        parts: dict[str, Any] = {"reason": "JUDGEMENT", "effective_on": civil_date(now), "until": None} | more
        parts["reason"] = StatusReason(parts["reason"])
        return await self.register.change(
            lambda c, r: lifecycle.status_change(c, call, r, person=person, step=StatusStep(step), evidence=evidence, **parts),
            call,
        )

    async def propose(self, change: Mapping[str, Any], now: datetime = NOW) -> tuple[UUID, str]:
        call = staff_call(self.first, ROLE, now=now)
        proposal = await self.register.transact(lambda c: propose(c, call, self.acts, kind=PERSON_STATUS, change=change))
        (row,) = await self.register.database.ask("select hash from proposal where proposal_id = $1", proposal)
        return proposal, row["hash"].hex()

    async def approve(self, proposal: UUID, hash_: str, now: datetime = NOW, by: Signed | None = None) -> None:
        second = by or self.second
        call = staff_call(second, ROLE, now=now)
        check, code = check_second_factor(self.register.keys), second.code(now)
        await self.register.transact(lambda c: approve(c, call, self.acts, check, proposal=proposal, hash_=hash_, code=code))

    async def take(self, person: UUID, step: str, *, now: datetime = NOW, **more: Any) -> None:
        await self.approve(*await self.propose(await self.change(person, step, now=now, **more), now), now)

    async def status(self, person: UUID, now: datetime = NOW) -> str:
        sql = f"select {STATUS_NOW.format(now='$2')} as status from person p where person_id = $1"
        return str((await self.register.database.ask(sql, person, now))[0]["status"])

    async def history(self, person: UUID) -> list[Any]:
        rows = await self.register.database.ask(
            """select r.*, p.data_key from person_revision r join person p using (person_id)
                where person_id = $1 order by recorded_at""",
            person,
        )
        return [revision_of(row, self.register.keys.masters.unwrap(person, row["data_key"])) for row in rows]


@pytest.fixture
async def bench(register: Register) -> Bench:
    return Bench(register, await register.staff(Role.ADJUDICATOR), await register.staff(Role.ADJUDICATOR))


async def test_a_suspension_counts_at_once_is_told_and_ends_by_itself(register: Register, bench: Bench) -> None:
    amina = await register.person()
    until = TODAY + 10 * DAY
    await bench.take(amina.person_id, "SUSPEND", until=until)
    end = begins(until)
    assert await bench.status(amina.person_id) == "SUSPENDED"
    assert await bench.status(amina.person_id, end - MINUTE) == "SUSPENDED"
    assert await bench.status(amina.person_id, end) == "ACTIVE"
    assert bench.told == [PersonStatusChanged(amina.person_id, Status.ACTIVE, Status.SUSPENDED, TODAY)]
    assert [channel for channel, _, _ in await register.told(amina.person_id, "PERSON_SUSPENDED")] == ["SMS", "EMAIL"]
    (job,) = await register.database.ask("select parameters, due_at from job where kind = 'suspension-end'")
    assert job["due_at"] == end
    revision = UUID(json.loads(job["parameters"])["revision"])

    for early in (end - MINUTE, end):
        call = machine(Scope.STATUS_CHANGE, now=early)
        async with register.database.begin() as connection:
            await lifecycle.tell_ended(
                connection, call, register.keys, person=amina.person_id, revision=revision, events=bench.events
            )
    assert len(await register.told(amina.person_id, "PERSON_RESTORED")) == 2  # both ways, once
    assert bench.told[1:] == [PersonStatusChanged(amina.person_id, Status.SUSPENDED, Status.ACTIVE, None)]


async def test_its_history_says_what_was_and_what_becomes_and_nothing_of_it_is_plain(register: Register, bench: Bench) -> None:
    amina = await register.person()
    until = TODAY + 2 * DAY
    evidence = await bench.evidence(amina.person_id)
    await bench.take(amina.person_id, "SUSPEND", until=until, evidence=[evidence])
    later = begins(until) + DAY
    await bench.take(amina.person_id, "SUSPEND", now=later)
    _, first, second = await bench.history(amina.person_id)
    end = begins(until).isoformat()
    assert first.change == {
        STATUS: ("ACTIVE", "SUSPENDED"),
        UNTIL: (None, end),
        REASON: (None, "JUDGEMENT"),
    }
    assert second.change == {UNTIL: (end, None)}  # what is stored: the first was over by its date
    assert (first.cause, first.source, first.effective_on, first.recorded_by) == (
        "STATUS",
        "REGISTRY",
        TODAY,
        bench.second.account,
    )
    (row,) = await register.database.ask("select request_id from evidence where evidence_id = $1", evidence)
    assert row["request_id"] == first.revision_id


async def test_whoever_died_is_signed_out_and_a_death_that_was_none_is_undone(register: Register, bench: Bench) -> None:
    amina = await register.person()
    signed = await register.sign_in(amina)
    assert await register.session(signed.token) is not None
    await bench.take(amina.person_id, "DECLARE_DECEASED", effective_on=date(2026, 1, 5))
    assert await bench.status(amina.person_id) == "DECEASED"
    assert await register.session(signed.token) is None
    assert await register.count("session", "holder_id = $1 and ended_at is null", amina.person_id) == 0
    assert len(await register.told(amina.person_id, "PERSON_CLOSED")) == 2  # should it be wrong
    await register.begin(amina.idcs.text)
    assert len(await register.told(amina.person_id, "ONE_TIME_CODE")) == 1
    later = NOW + MINUTE

    await bench.take(
        amina.person_id, "UNDO_DEATH", reason="MISTAKE", evidence=[await bench.evidence(amina.person_id, "OTHER")], now=later
    )
    assert await bench.status(amina.person_id) == "ACTIVE"
    assert len(await register.told(amina.person_id, "PERSON_RESTORED")) == 2
    assert await register.session((await register.sign_in(amina)).token) is not None
    assert await register.session(signed.token) is None
    assert [(event.was, event.becomes) for event in bench.told] == [("ACTIVE", "DECEASED"), ("DECEASED", "ACTIVE")]


async def test_the_death_of_a_ward_is_told_to_the_guardian_who_sees_to_it_no_more(register: Register, bench: Bench) -> None:
    guardian, ward = await register.guardian_and_ward()
    await bench.take(ward.person_id, "DECLARE_DECEASED")
    assert len(await register.told(guardian.person_id, "PERSON_CLOSED")) == 2
    assert await register.told(ward.person_id) == []
    assert await bench.status(guardian.person_id) == "ACTIVE"


async def refused(work: Any) -> SijilError:
    with pytest.raises(SijilError) as fault:
        await work
    return fault.value


async def test_what_cannot_be_is_refused_with_its_path_and_changes_nothing(register: Register, bench: Bench) -> None:
    amina, other = await register.person(birth_date=PartialDate(1984)), await register.person()
    person = amina.person_id
    of_other, used = await bench.evidence(other.person_id), await bench.evidence(person, request=uuid7(NOW))
    photo = await bench.evidence(person, "PHOTO")
    for wrong, kind, path in (
        (bench.change(person, "RESTORE"), Conflict, ("step",)),
        (bench.change(person, "UNDO_DEATH"), Conflict, ("step",)),
        (bench.change(person, "SUSPEND", reason="DEATH_RECORD"), Invalid, ("reason",)),
        (bench.change(person, "DECLARE_DECEASED", effective_on=TODAY + DAY), Invalid, ("effectiveOn",)),
        (bench.change(person, "DECLARE_DECEASED", effective_on=date(1983, 12, 31)), Invalid, ("effectiveOn",)),
        (bench.change(person, "SUSPEND", effective_on=TODAY - DAY), Invalid, ("effectiveOn",)),
        (bench.change(person, "CANCEL", until=TODAY + DAY), Invalid, ("until",)),
        (bench.change(person, "SUSPEND", until=TODAY), Invalid, ("until",)),
        (bench.change(person, "SUSPEND", until=TODAY + 400 * DAY), Invalid, ("until",)),
        (bench.change(person, "SUSPEND", evidence=[of_other]), Invalid, ("evidence",)),
        (bench.change(person, "SUSPEND", evidence=[used]), Invalid, ("evidence",)),
        (bench.change(person, "DECLARE_DECEASED", evidence=[photo]), Invalid, ("evidence",)),
        (bench.change(uuid7(NOW), "SUSPEND", evidence=[photo]), NotFound, ("person",)),
    ):
        fault = await refused(wrong)
        assert (type(fault), fault.path) == (kind, path)
    assert await bench.status(person) == "ACTIVE"
    assert await register.count("proposal") == 0
    assert len(await bench.history(person)) == 1


async def test_only_where_the_person_resides_and_by_two(register: Register, bench: Bench) -> None:
    amina = await register.person(residence=CASABLANCA)
    elsewhere = staff_call(bench.first, f"{ROLE} {RABAT}")
    fault = await refused(bench.change(amina.person_id, "SUSPEND", call=elsewhere))
    assert (type(fault), fault.path) == (NotFound, ("person",))
    agent = staff_call(bench.first, "CENTRE_AGENT")
    assert isinstance(await refused(bench.change(amina.person_id, "SUSPEND", call=agent)), Forbidden)
    proposal = await bench.propose(await bench.change(amina.person_id, "SUSPEND"))
    assert isinstance(await refused(bench.approve(*proposal, by=bench.first)), Forbidden)
    assert await bench.status(amina.person_id) == "ACTIVE"
    uses = [details["uses"] for leaf, details in await register.entries(amina.person_id, "changePersonStatus")]
    assert {"person.residence": "MATCH", "person.birth_date": "MATCH"} in uses
    (row,) = await register.database.ask("select change::text, before::text from proposal")
    assert not any(text in row["change"] + row["before"] for text in ("Amina", "1984", amina.idcs.text))


async def test_of_two_proposals_one_is_made(register: Register, bench: Bench) -> None:
    amina = await register.person()
    one, other = [await bench.propose(await bench.change(amina.person_id, "SUSPEND")) for _ in range(2)]
    await bench.approve(*one)
    assert isinstance(await refused(bench.approve(*other, now=NOW + MINUTE)), Conflict)
    assert len(await bench.history(amina.person_id)) == 2


async def test_nobody_makes_the_change_without_the_approval(register: Register, bench: Bench) -> None:
    amina = await register.person()
    change = await bench.change(amina.person_id, "SUSPEND")
    call = staff_call(bench.first, ROLE)
    fault = await refused(
        register.transact(
            lambda c: lifecycle.change_status(c, call, register.keys, None, change=change, events=bench.events)  # type: ignore[arg-type]
        )
    )
    assert isinstance(fault, Forbidden)
    assert await bench.status(amina.person_id) == "ACTIVE"


async def test_agencies_are_answered_by_what_counts_now(register: Register, bench: Bench, enrol: Enrol) -> None:
    agency, amina = await enrol(), await register.person()
    until = TODAY + DAY

    async def is_answered(now: datetime) -> bool:
        call = agency.call(Purpose.ELIGIBILITY, now)
        reading = Reading(register.database, register.keys, Documents())
        try:
            await people.person(reading, call, purpose=Purpose.ELIGIBILITY, idcs=amina.idcs.text, wanted=["person.given_name"])
        except Withheld:
            return False
        finally:
            await register.record(reading, call)
        return True

    assert await is_answered(NOW)
    await bench.take(amina.person_id, "SUSPEND", until=until)
    assert not await is_answered(NOW)
    assert not await is_answered(begins(until) - timedelta(microseconds=1))
    assert await is_answered(begins(until))
    await bench.take(amina.person_id, "DECLARE_DECEASED", now=begins(until) + MINUTE)
    assert not await is_answered(begins(until) + MINUTE)
