"""For the tests of four eyes: an agency with something to change of every kind, two publishers, and others who are none."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.account_models import RecoveryCode
from access.agencies import ACTS as AGENCY_ACTS
from access.agencies import AGENCY_ENROLLED, AGENCY_KEY_ADDED, AGENCY_RESUMED, enrolment, new_key, resumption, suspend_agency
from access.approval import Act, Acts, approve, propose, reject
from access.call import Call, system
from access.catalogue import Lang
from access.confirming import check_second_factor
from access.publishing import ACTS as PUBLISHING_ACTS
from access.publishing import (
    AGREEMENT_PUBLISHED,
    AGREEMENT_RESUMED,
    MANDATE_PUBLISHED,
    NOTICE_PUBLISHED,
    publication,
    revoke_mandate,
    suspend_agreement,
)
from access.rights import Role, Scope
from access.second_factor import new_recovery_codes, recovery_hashes
from access.sessions import SessionKind, account_actor, begin_session, find
from core.database import Database
from core.errors import Unauthenticated
from core.ids import uuid7
from core.keys import KeyRing
from tests.access.consenting import notice_document
from tests.access.enrolled import NOW, Enrol, Key, Member, agreement_document, mandate_document
from tests.api.people import Signed, put_account

ACTS = Acts((*AGENCY_ACTS, *PUBLISHING_ACTS))
LATER = NOW + timedelta(hours=1)
REGION, ELSEWHERE = "04", "05"
MACHINE = system("test", Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH)
# All that any of the acts writes.
TABLES = ("agency", "agency_key", "agreement", "mandate", "consent_notice")
NAMES = dict.fromkeys(Lang, "Invented body")
CODE_NAMES = {"ar": "Other", "fr": "Other", "en": "Other"}


@dataclass(frozen=True)
class World:
    """`first` proposes, `second` and `third` may approve; `regional` in REGION. The others may not."""

    database: Database
    keys: KeyRing
    agency: Member
    people: Mapping[str, Signed] = field(repr=False)

    async def call(self, who: str, at: datetime = LATER) -> Call:
        """A call of a session that is begun now; all rights are looked up. Raises Unauthenticated where it does not hold."""
        async with self.database.begin() as connection:
            token = await begin_session(connection, at, SessionKind.ACCOUNT, account=self.people[who].account)
        row = await find(self.database, token, at)
        if row is None:
            raise Unauthenticated("the session is over")
        return Call(account_actor(row, self.keys), at, uuid7(at))

    def machine(self, at: datetime = LATER) -> Call:
        return Call(MACHINE, at, uuid7(at))

    def code(self, who: str = "second", at: datetime = LATER) -> str:
        return self.people[who].code(at)

    async def done(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        async with self.database.begin() as connection:
            return await work(connection)

    async def at_the_machine(self, act: Act, change: Mapping[str, Any], at: datetime = NOW) -> Mapping[str, Any]:
        made: Mapping[str, Any] = await self.done(lambda c: act.at_the_machine(c, self.machine(at), change))
        return made

    async def propose(self, kind: str, change: Mapping[str, Any], who: str = "first", at: datetime = NOW) -> UUID:
        call = await self.call(who, at)
        proposal: UUID = await self.done(lambda c: propose(c, call, ACTS, kind=kind, change=change))
        return proposal

    async def approve(
        self, proposal: UUID, call: Call | None = None, *, hash_: str | None = None, code: str | None = None
    ) -> Mapping[str, Any]:
        """In the right way, but for what is said."""
        call = call or await self.call("second")
        shown = await self.hash(proposal) if hash_ is None else hash_
        typed = self.code(at=call.now) if code is None else code
        check = check_second_factor(self.keys)
        made: Mapping[str, Any] = await self.done(
            lambda c: approve(c, call, ACTS, check, proposal=proposal, hash_=shown, code=typed)
        )
        return made

    async def reject(self, proposal: UUID, who: str, reason: str = "Not like this", at: datetime = LATER) -> None:
        call = await self.call(who, at)
        await self.done(lambda c: reject(c, call, ACTS, proposal=proposal, reason=reason))

    async def hash(self, proposal: UUID) -> str:
        """As it is shown now."""
        rows = await self.database.ask("select hash from proposal where proposal_id = $1", proposal)
        return str(rows[0]["hash"].hex())

    async def decision(self, proposal: UUID) -> str | None:
        rows = await self.database.ask("select decision from proposal where proposal_id = $1", proposal)
        decision: str | None = rows[0]["decision"]
        return decision

    async def written(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows that an act may write."""
        return {
            table: [tuple(row) for row in await self.database.ask(f"select * from {table} order by {table}::text")]
            for table in TABLES
        }

    async def recovery_code(self, who: str) -> str:
        (code,) = new_recovery_codes(1)
        row = {"account_id": self.people[who].account, "hash": recovery_hashes(self.keys, self.people[who].account, code)[0]}
        await self.done(lambda c: c.execute(insert(RecoveryCode).values(row)))
        return code


async def world(database: Database, keys: KeyRing) -> World:
    agency = await Enrol(database)(territory=[REGION])
    async with database.begin() as connection:
        people = {
            "first": await put_account(connection, keys, NOW, Role.PUBLISHER),
            "second": await put_account(connection, keys, NOW, Role.PUBLISHER),
            "third": await put_account(connection, keys, NOW, Role.PUBLISHER),
            "regional": await put_account(connection, keys, NOW, Role.PUBLISHER, division=REGION),
            "elsewhere": await put_account(connection, keys, NOW, Role.PUBLISHER, division=ELSEWHERE),
            "administrator": await put_account(connection, keys, NOW, Role.ADMINISTRATOR),
            "auditor": await put_account(connection, keys, NOW, Role.AUDITOR),
            "officer": await put_account(connection, keys, NOW, Role.OFFICER, agency=agency.agency_id),
        }
    return World(database, keys, agency, people)


@dataclass(frozen=True)
class Case:
    """One kind of act. `change` makes the world ready and gives the change; `overtake` changes what it would replace.

    `altered`: the change as somebody might put it into the database in its place.
    """

    act: Act
    change: Callable[[World], Awaitable[dict[str, Any]]]
    altered: Callable[[dict[str, Any]], dict[str, Any]]
    overtake: Callable[[World, dict[str, Any]], Awaitable[Any]]

    @property
    def kind(self) -> str:
        return self.act.kind


async def _enrolled(_: World) -> dict[str, Any]:
    return dict(enrolment("NEWCOMER", NAMES))


async def _key_added(world_: World) -> dict[str, Any]:
    key = Key.new()
    dates = {"valid_from": NOW, "valid_to": NOW + timedelta(days=365)}
    return dict(new_key(world_.agency.code, kid=key.kid, alg=key.alg, jwk=key.jwk, **dates))


async def _resumed(world_: World) -> dict[str, Any]:
    await world_.done(lambda c: suspend_agency(c, world_.machine(NOW), agency=world_.agency.agency_id))
    return dict(resumption(world_.agency.code))


async def _agreement_resumed(world_: World) -> dict[str, Any]:
    await world_.done(lambda c: suspend_agreement(c, world_.machine(NOW), agency=world_.agency.agency_id, version=1))
    return {"agency": world_.agency.code, "version": 1, "territory": [REGION]}


async def _agreement(world_: World) -> dict[str, Any]:
    return dict(publication(agreement_document(world_.agency.code, version=2, points_per_minute=9, territory=[REGION])))


async def _mandate(world_: World) -> dict[str, Any]:
    return dict(publication(mandate_document(world_.agency.code, article="Invented law 2, article 7")))


async def _notice(world_: World) -> dict[str, Any]:
    await world_.at_the_machine(NOTICE_PUBLISHED, publication(notice_document(version=1)))
    return dict(publication(notice_document(version=2, data_life_days=90)))


def _document(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda change: {"document": change["document"] | changes}


async def _suspend_anew(world_: World, table: str) -> None:
    await world_.database.ask(f"update {table} set suspended_at = suspended_at + interval '1 minute'")


async def _take_kid(world_: World, change: dict[str, Any]) -> None:
    await world_.at_the_machine(AGENCY_ENROLLED, enrolment("NEWCOMER", NAMES))
    await world_.at_the_machine(AGENCY_KEY_ADDED, change | {"agency": "NEWCOMER"})


async def _revoke_mandate(world_: World, _: dict[str, Any]) -> None:
    (row,) = await world_.database.ask("select mandate_id from mandate")
    await world_.done(lambda c: revoke_mandate(c, world_.machine(), mandate=row["mandate_id"]))


CASES = {
    case.kind: case
    for case in (
        Case(
            AGENCY_ENROLLED,
            _enrolled,
            lambda change: change | {"names": CODE_NAMES},
            lambda world_, change: world_.at_the_machine(AGENCY_ENROLLED, change),
        ),
        Case(AGENCY_KEY_ADDED, _key_added, lambda change: change | {"jwk": dict(Key.new().jwk)}, _take_kid),
        Case(
            AGENCY_RESUMED,
            _resumed,
            lambda _: {"agency": "ANOTHER"},
            lambda world_, _: _suspend_anew(world_, "agency"),
        ),
        Case(
            AGREEMENT_PUBLISHED,
            _agreement,
            _document(points_per_minute=9_999_999),
            lambda world_, change: world_.at_the_machine(AGREEMENT_PUBLISHED, _document(points_per_minute=8)(change)),
        ),
        Case(
            AGREEMENT_RESUMED,
            _agreement_resumed,
            lambda change: change | {"version": 2},
            lambda world_, _: _suspend_anew(world_, "agreement"),
        ),
        Case(MANDATE_PUBLISHED, _mandate, _document(attributes=["person.given_name"]), _revoke_mandate),
        Case(
            NOTICE_PUBLISHED,
            _notice,
            _document(data_life_days=3_000),
            lambda world_, change: world_.at_the_machine(NOTICE_PUBLISHED, _document(data_life_days=91)(change)),
        ),
    )
}


def stored(change: Mapping[str, Any]) -> str:
    return orjson.dumps(change).decode()
