"""A register with an invented population, and the scores that are stored of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from access.call import Call, system
from access.instance import create_instance
from access.rights import Scope
from api.demo.load import load
from core.database import Database, Row, Snapshot
from core.ids import uuid7
from core.keys import KeyRing
from scoring.replay import Replayed, replayed
from tests.access.enrolled import NOW

CALL = Call(
    system("demo", Scope.REGISTER_LOAD, Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH, Scope.ENROLMENT_OPEN), NOW, uuid7(NOW)
)


@dataclass
class Loaded:
    database: Database
    keys: KeyRing
    subjects: list[dict[str, Any]]

    @classmethod
    async def of(cls, database: Database, keys: KeyRing) -> "Loaded":
        """Sixty people, in an empty database."""
        async with database.begin() as connection:
            await create_instance(connection, CALL, keys, mark=keys.mark, issuer="http://localhost:8000")
        found = await load(database, keys, CALL, persons=60, seed=3, communes=(), progress=lambda done, of: None)
        return cls(database, keys, found.document["subjects"])

    async def scores(self, where: str = "true", *values: object) -> list[Row]:
        sql = f"select * from score where {where} order by household_id, calculated_at, score_id"
        return list(await self.database.ask(sql, *values))

    async def replay(self, *scores: tuple[UUID, UUID]) -> list[Replayed]:
        """These, made again; all, if none are named."""
        wanted = list(scores) or [(row["household_id"], row["score_id"]) for row in await self.scores()]
        async with self.database.connection() as raw:
            return await replayed(Snapshot(raw), CALL, self.keys, wanted)


def different(found: list[Replayed]) -> dict[UUID, tuple[str, ...]]:
    return {its.score_id: its.differences for its in found if its.differences}
