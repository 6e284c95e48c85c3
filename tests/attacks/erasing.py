"""Somebody is erased by two adjudicators, for tests."""

from typing import Any
from uuid import UUID

from access.approval import Acts, approve, propose
from access.confirming import check_second_factor
from access.rights import Role
from identity import erasure
from identity.erasure import PERSON_ERASED, ErasureReason
from tests.access.enrolled import NOW
from tests.identity.registered import Register, staff_call


async def erase(register: Register, person: UUID, *forgetting: Any) -> None:
    acts = Acts(erasure.acts(register.keys, *forgetting))
    first, second = [await register.staff(Role.ADJUDICATOR) for _ in range(2)]
    one, two = staff_call(first, "ADJUDICATOR"), staff_call(second, "ADJUDICATOR")
    parts: dict[str, Any] = {"person": person, "reason": ErasureReason.JUDGEMENT, "reference": None}
    change = await register.change(lambda c, r: erasure.erasure(c, one, r, **parts), one)
    proposal = await register.transact(lambda c: propose(c, one, acts, kind=PERSON_ERASED, change=change))
    (row,) = await register.database.ask("select hash from proposal where proposal_id = $1", proposal)
    check, code = check_second_factor(register.keys), second.code(NOW)
    await register.transact(lambda c: approve(c, two, acts, check, proposal=proposal, hash_=row["hash"].hex(), code=code))
