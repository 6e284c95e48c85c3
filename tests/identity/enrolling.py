"""Requests to be enrolled, for tests: agents and deciders around a register, and what they do, each step as the edge has it."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from access.call import Call
from access.catalogue import Lang
from access.rights import Role, Scope
from core.database import Row
from core.ids import uuid7
from identity import acceptance, enrolment, openings, pre_registration, testimonies
from identity.applications import Form
from identity.enrolment_states import Reason
from identity.imports import LoadedPerson
from tests.access.enrolled import NOW
from tests.api.people import Signed
from tests.identity.applicants import TODAY, another
from tests.identity.registered import Register, at_the_door, machine, staff_call

REGIONS = [f"{number:02d}" for number in range(1, 13)]


@dataclass
class Centre:
    """A centre's agent and somebody who decides, in the whole country but where a test says otherwise."""

    register: Register
    agent: Signed = field(init=False)
    decider: Signed = field(init=False)

    async def set_up(self, *, opened: bool = True) -> "Centre":
        self.agent = await self.register.staff(Role.CENTRE_AGENT)
        self.decider = await self.register.staff(Role.SUPERVISOR)
        if opened:
            for region in REGIONS:
                await self.open(region)
        return self

    def making(self, now: datetime = NOW, grant: str = "CENTRE_AGENT") -> Call:
        return staff_call(self.agent, grant, now=now)

    def deciding(self, now: datetime = NOW, grant: str = "SUPERVISOR") -> Call:
        return staff_call(self.decider, grant, now=now)

    # --- where people are enrolled

    async def open(self, division: str, on: date = TODAY, *, call: Call | None = None) -> None:
        by = call or machine(Scope.ENROLMENT_OPEN)
        await self.register.transact(lambda c: openings.open_enrolment(c, by, division=division, on=on))

    async def close(self, division: str, on: date = TODAY, *, call: Call | None = None) -> None:
        by = call or machine(Scope.ENROLMENT_OPEN)
        await self.register.transact(lambda c: openings.close_enrolment(c, by, division=division, on=on))

    # --- steps

    async def begin(self, form: Form | None = None, *, call: Call | None = None) -> UUID:
        its, by = form or another(), call or self.making()
        keys = self.register.keys
        return await self.register.transact(lambda c: enrolment.begin_enrolment(c, by, keys, form=its, lang=Lang.FR))

    async def amend(self, request: UUID, form: Form, *, call: Call | None = None) -> None:
        by, keys = call or self.making(), self.register.keys
        await self.register.transact(lambda c: enrolment.amend_enrolment(c, by, keys, enrolment=request, form=form))

    async def submit(self, request: UUID, *, call: Call | None = None) -> None:
        by = call or self.making()
        await self.register.change(lambda c, r: enrolment.submit_enrolment(c, by, r, enrolment=request), by)

    async def review(self, request: UUID, *, call: Call | None = None) -> None:
        by = call or self.deciding()
        await self.register.change(lambda c, r: enrolment.review_enrolment(c, by, r, enrolment=request), by)

    async def accept(self, request: UUID, *, call: Call | None = None) -> bool:
        by = call or self.deciding()
        return await self.register.change(lambda c, r: acceptance.accept_enrolment(c, by, r, enrolment=request), by)

    async def reject(self, request: UUID, reason: Reason = Reason.DATA_WRONG, *, call: Call | None = None) -> None:
        by, keys = call or self.deciding(), self.register.keys
        await self.register.transact(lambda c: enrolment.reject_enrolment(c, by, keys, enrolment=request, reason=reason))

    async def in_review(self, form: Form | None = None, *, evidence: tuple[str, ...] = ("CNIE",)) -> UUID:
        """A request that somebody reviews, with its evidence."""
        request = await self.begin(form)
        await self.submit(request)
        await self.review(request)
        for kind in evidence:
            await self.evidence(request, kind)
        return request

    async def enrolled(self, form: Form | None = None, *, evidence: tuple[str, ...] = ("CNIE",)) -> UUID:
        request = await self.in_review(form, evidence=evidence)
        assert await self.accept(request)
        return request

    async def evidence(self, request: UUID, kind: str) -> None:
        await self.register.database.ask(
            """insert into evidence (person_id, evidence_id, kind, media_type, size, digest, added_at)
               values ($1, $2, $3, 'image/png', 1, $4, $5)""",
            request,
            uuid7(NOW),
            kind,
            b"d",
            NOW,
        )

    # --- by an applicant

    async def pre_register(self, form: Form | None = None, *, call: Call | None = None) -> pre_registration.Draft:
        by, keys, its = call or at_the_door(), self.register.keys, form or another()
        await self.register.transact(lambda c: pre_registration.count_draft(c, by, keys))
        return await self.register.transact(lambda c: pre_registration.pre_register(c, by, keys, form=its, lang=Lang.FR))

    async def count(self, number: str, *, call: Call) -> None:
        keys = self.register.keys
        await self.register.transact(lambda c: pre_registration.count_look(c, call, keys, receipt=number))

    async def right(self, number: str, code: str, *, call: Call) -> UUID:
        keys = self.register.keys
        return await self.register.transact(lambda c: pre_registration.right_look(c, call, keys, receipt=number, code=code))

    async def amend_own(self, number: str, code: str, form: Form, *, call: Call) -> UUID:
        keys = self.register.keys
        return await self.register.transact(
            lambda c: pre_registration.amend_pre_registration(c, call, keys, receipt=number, code=code, form=form)
        )

    # --- witnesses

    async def ask(self, request: UUID, idcs: str, *, call: Call | None = None) -> UUID:
        by, keys = call or self.making(), self.register.keys
        await self.register.transact(lambda c: testimonies.count_code(c, by, keys, idcs=idcs))
        return await self.register.change(lambda c, r: testimonies.ask_witness(c, by, r, enrolment=request, idcs=idcs), by)

    async def vouch(self, challenge: UUID, code: str, *, call: Call | None = None) -> UUID:
        by, keys = call or self.making(), self.register.keys
        await self.register.transact(lambda c: testimonies.count_try(c, by, keys, challenge=challenge, code=code))
        return await self.register.change(lambda c, r: testimonies.give_testimony(c, by, r, challenge=challenge, code=code), by)

    async def testify(self, request: UUID, witness: LoadedPerson, *, call: Call | None = None) -> None:
        challenge = await self.ask(request, witness.idcs.text, call=call)
        await self.vouch(challenge, await self.register.code(witness.person_id, "TESTIMONY_CODE"), call=call)

    # --- what is there

    async def row(self, request: UUID) -> Row:
        (row,) = await self.register.database.ask("select * from enrolment where person_id = $1", request)
        return row

    async def state(self, request: UUID) -> str:
        return str((await self.row(request))["state"])

    async def number(self, request: UUID) -> str:
        return str((await self.row(request))["number"])


def changed(form: Form, **changes: Any) -> Form:
    return replace(form, **changes)
