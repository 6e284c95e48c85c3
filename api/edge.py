"""What every request passes: who asks, an instant, an id, and an answer that leaves only after its settlement is durable."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from starlette.requests import Request

from access.admission import Admissions
from access.approval import Acts
from access.authority import Documents
from access.call import NOBODY, Actor, Call
from access.counters import SPENT, Once
from access.passwords import Passwords
from access.reading import Reading
from access.sessions import touch
from core.database import Database
from core.errors import BadProof, Conflict, Stale, Unauthenticated, Unavailable
from core.events import Events
from core.ids import uuid7
from core.keys import KeyRing
from core.settlement import MAX_AGE_SECONDS, Settlement, Settler
from identity.attestation_paper import Papers
from identity.evidence import Cabinet
from identity.sessions import SignedIn, who

T = TypeVar("T")
SESSION = "__Host-session"
DEVICE = "__Host-device"  # by which a browser is known again (access/devices.py)
ASSISTED = "__Host-assisted"  # of a citizen, in the browser of the agent who sits beside
ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that answers are made with; built once, in `api/app.py`."""

    database: Database
    keys: KeyRing
    documents: Documents
    settler: Settler
    admissions: Admissions
    issuer: str
    passwords: Passwords
    acts: Acts
    cabinet: Cabinet
    papers: Papers
    events: Events
    clock: Callable[[], datetime]
    token_lifetime_seconds: int

    def call(self, actor: Actor = NOBODY, address: str | None = None) -> Call:
        now = self.clock()
        return Call(actor, now, uuid7(now), address=address)

    def admit(self, request: Request, now: datetime) -> tuple[Actor, Once]:
        """Who sends this request, by its access token and DPoP proof."""
        scheme, _, token = (request.headers.getlist("authorization") or [""])[0].partition(" ")
        if scheme.lower() != "dpop" or not token or len(request.headers.getlist("authorization")) != 1:
            raise Unauthenticated("this needs a DPoP-bound access token")
        return self.admissions.admit(
            token=token, proof=proof_of(request), method=request.method, url=self.issuer + request.url.path, now=now
        )

    async def signed_in(self, request: Request, cookie: str = SESSION) -> SignedIn | None:
        """Whose session the request carries, if it holds; it counts as used."""
        token = request.cookies.get(cookie)
        now = self.clock()
        found = None if token is None else await who(self.database, self.keys, token, now)
        if found is not None:
            await touch(self.database, found.row, now)
        return found

    async def answer(self, call: Call, once: Once | None, compute: Callable[[Reading], Awaitable[T]]) -> T:
        """Computes an answer and makes what it leaves behind durable; computes it again where it was overtaken meanwhile."""
        loop = asyncio.get_running_loop()
        for _ in range(ATTEMPTS):
            reading = Reading(self.database, self.keys, self.documents)
            if once is not None:
                reading.settlement.add(SPENT, once)
            began = loop.time()
            answer = await compute(reading)
            took = loop.time() - began
            if call.actor.agency is not None and not reading.admitted:
                await reading.admit(call)
            try:
                await self.settler.settle(reading.close(call))
            except Stale:
                if took >= MAX_AGE_SECONDS:
                    break  # it would be no younger the next time
                continue
            except Conflict:
                once = None  # it was settled before the budget was found spent
                continue
            return answer
        raise Unavailable("the answer was overtaken again and again; ask anew")

    async def change(self, call: Call, once: Once | None, compute: Callable[[Reading], Awaitable[T]]) -> T:
        """Has something done, once: what must not be used again is spent first, so that no second request can do the same."""
        if once is not None:
            spent = Settlement()
            spent.add(SPENT, once)
            await self.settler.settle(spent)
        reading = Reading(self.database, self.keys, self.documents)
        answer = await compute(reading)
        if call.actor.agency is not None and not reading.admitted:
            await reading.admit(call)
        settlement = reading.close(call, done=True)
        settlement.read_at = None  # it was done, however long it took
        await self.settler.settle(settlement)
        return answer


def proof_of(request: Request) -> str:
    """The DPoP proof that a request carries. Raises BadProof unless it is one."""
    proofs = request.headers.getlist("dpop")
    if len(proofs) != 1:
        raise BadProof("this needs one DPoP proof")
    return proofs[0]


def utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 the one clock: everything inside gets `call.now`
