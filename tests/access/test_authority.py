"""The right to ask is read anew for each question: what was taken away counts from the next one on, wherever it is asked."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from access import authority
from access.authority import Documents
from access.call import ActorKind, Purpose
from access.counters import FAILURES_WINDOW_SECONDS, POINTS_WINDOW_SECONDS, window_end
from access.decision import Standing
from access.reading import Reading
from core.database import Database
from core.errors import Forbidden, Internal, RateLimited, SijilError, Unauthenticated
from core.ids import uuid7
from core.keys import KeyRing
from tests.access.enrolled import NOW, Enrol, Key, Member, agreement_document

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
Ask = Callable[..., Awaitable[Standing]]


@dataclass(frozen=True)
class Server:
    """One server process: it keeps the documents that it has read."""

    database: Database
    keys: KeyRing
    documents: Documents

    async def standing(self, member: Member, purpose: Purpose = Purpose.ELIGIBILITY, at: Any = NOW) -> Standing:
        reading = Reading(self.database, self.keys, self.documents)
        call = member.call(purpose, at)
        rows = await reading.ask(authority.alone(ActorKind.AGENCY), *authority.parameters(call, purpose))
        await reading.admit(call)
        return await reading.standing(rows[0], call, purpose)


@pytest.fixture
def server(database: Database, keys: KeyRing) -> Server:
    return Server(database, keys, Documents())


@pytest.fixture
async def member(enrol: Enrol) -> Member:
    return await enrol("FUND")


async def test_an_agency_stands_on_its_agreement_and_its_mandate(server: Server, member: Member, enrol: Enrol) -> None:
    standing = await server.standing(member)
    assert (standing.agency, standing.purpose) == (member.agency_id, Purpose.ELIGIBILITY)
    assert standing.agreement.version == 1
    assert standing.mandate is not None
    assert standing.terms.keys() == {"person.given_name", "person.birth_date"}
    # Another purpose has no mandate: what consent may open at most.
    other = await server.standing(member, Purpose.IDENTITY_PROOFING)
    assert (other.mandate, other.agreement) == (None, standing.agreement)


async def test_a_purpose_that_the_agreement_does_not_name_is_forbidden(server: Server, member: Member) -> None:
    with pytest.raises(Forbidden) as refusal:
        await server.standing(member, Purpose.AUDIT)
    assert refusal.value.path == ("purpose",)


TAKEN_AWAY: list[tuple[str, type[SijilError]]] = [
    ("update agency_key set revoked_at = $1", Unauthenticated),
    ("update agency_key set valid_to = $1", Unauthenticated),
    ("update agency set suspended_at = $1", Unauthenticated),
    ("update agreement set suspended_at = $1", Forbidden),
    ("update agreement set valid_to = $1", Forbidden),
]


@pytest.mark.parametrize(("statement", "refusal"), TAKEN_AWAY)
async def test_what_is_taken_away_counts_from_the_next_question_on_on_every_server(
    server: Server, member: Member, database: Database, keys: KeyRing, statement: str, refusal: type[SijilError]
) -> None:
    another = Server(database, keys, Documents())
    for asked in (server, another):
        await asked.standing(member)
    await database.ask(statement, NOW)
    for asked in (server, another, Server(database, keys, Documents())):
        with pytest.raises(refusal):
            await asked.standing(member)
        await asked.standing(member, at=NOW - SECOND)  # until then it held
    await database.ask(statement, NOW + DAY)
    await server.standing(member)  # what ends tomorrow holds today


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("update agency_key set valid_from = $1", Unauthenticated),
        ("update agreement set valid_from = $1", Forbidden),
    ],
)
async def test_what_has_not_begun_does_not_count(
    server: Server, member: Member, database: Database, statement: str, refusal: type[SijilError]
) -> None:
    await database.ask(statement, NOW + SECOND)
    with pytest.raises(refusal):
        await server.standing(member)
    await server.standing(member, at=NOW + SECOND)


@pytest.mark.parametrize("column", ["valid_to", "revoked_at"])
async def test_a_mandate_that_is_over_or_revoked_opens_nothing_more(
    server: Server, member: Member, database: Database, column: str
) -> None:
    assert (await server.standing(member)).mandate is not None
    await database.ask(f"update mandate set {column} = $1", NOW)
    assert (await server.standing(member)).mandate is None
    assert (await server.standing(member, at=NOW - SECOND)).mandate is not None


async def test_a_mandate_that_has_not_begun_opens_nothing_yet(server: Server, member: Member, database: Database) -> None:
    await database.ask("update mandate set valid_from = $1", NOW + SECOND)
    assert (await server.standing(member)).mandate is None


async def test_the_newest_mandate_in_force_counts(server: Server, member: Member, enrol: Enrol) -> None:
    await enrol.mandate(member, attributes=["person.birth_date"], valid_from=(NOW - DAY).isoformat())
    await enrol.mandate(member, attributes=["person.given_name"], valid_from=(NOW + DAY).isoformat())
    assert (await server.standing(member)).terms.keys() == {"person.birth_date"}


async def test_an_unknown_key_and_the_key_of_another_agency_prove_nothing(
    server: Server, member: Member, enrol: Enrol, database: Database
) -> None:
    other = await enrol("OTHER")
    for impostor in (
        Member(member.agency_id, "FUND", Key.new(), {}),
        Member(member.agency_id, "FUND", other.key, {}),
        Member(other.agency_id, "OTHER", member.key, {}),
        Member(uuid7(NOW), "NOWHERE", member.key, {}),
    ):
        with pytest.raises(Unauthenticated):
            await server.standing(impostor)


async def test_keys_rotate_side_by_side(server: Server, member: Member, enrol: Enrol, database: Database) -> None:
    new = Key.new("ES256")
    await enrol.key(member.agency_id, new)
    await server.standing(member)
    await server.standing(Member(member.agency_id, "FUND", new, {}))
    await database.ask("update agency_key set revoked_at = $1 where kid = $2", NOW, member.key.kid)
    with pytest.raises(Unauthenticated):
        await server.standing(member)
    await server.standing(Member(member.agency_id, "FUND", new, {}))


async def test_an_agency_without_agreement_may_do_nothing(server: Server, member: Member, database: Database) -> None:
    await database.ask("delete from agreement")
    with pytest.raises(Forbidden, match="no agreement in force"):
        await server.standing(member)


# Versions of an agreement


def version(number: int, **changes: Any) -> dict[str, Any]:
    return agreement_document("FUND", version=number, points_per_minute=number * 100, **changes)


async def test_the_newest_version_that_has_begun_wins(server: Server, member: Member, enrol: Enrol) -> None:
    await server.standing(member)
    await enrol.agreement(member.agency_id, version(2, valid_from=(NOW - DAY).isoformat()))
    await enrol.agreement(member.agency_id, version(3, valid_from=(NOW + SECOND).isoformat()))
    assert (await server.standing(member)).agreement.version == 2
    assert (await server.standing(member, at=NOW - DAY - SECOND)).agreement.version == 1
    assert (await server.standing(member, at=NOW + SECOND)).agreement.version == 3


@pytest.mark.parametrize("column", ["suspended_at", "valid_to"])
async def test_an_older_version_does_not_come_back_when_the_newest_is_suspended_or_over(
    server: Server, member: Member, enrol: Enrol, database: Database, column: str
) -> None:
    await enrol.agreement(member.agency_id, version(2, purposes=["ELIGIBILITY"]))
    assert (await server.standing(member)).agreement.version == 2
    await database.ask(f"update agreement set {column} = $1 where version = 2", NOW)
    for purpose in (Purpose.ELIGIBILITY, Purpose.IDENTITY_PROOFING):
        with pytest.raises(Forbidden, match="no agreement in force"):
            await server.standing(member, purpose)


async def test_one_agencys_agreement_is_not_anothers(server: Server, member: Member, enrol: Enrol, database: Database) -> None:
    other = await enrol("OTHER", purposes=["AUDIT"], mandates=False)
    assert (await server.standing(other, Purpose.AUDIT)).terms.keys() == {"person.given_name", "person.birth_date"}
    with pytest.raises(Forbidden):
        await server.standing(other)
    with pytest.raises(Forbidden):
        await server.standing(member, Purpose.AUDIT)
    assert (await server.standing(member)).mandate is not None


# Documents


async def test_a_document_that_is_not_the_one_its_hash_names_is_a_fault(
    server: Server, member: Member, database: Database, keys: KeyRing
) -> None:
    wider = dict(member.agreement) | {"purposes": ["AUDIT", "ELIGIBILITY"]}
    await server.standing(member)
    await database.ask("update agreement set document = $1", json.dumps(wider))
    with pytest.raises(Internal):
        await Server(database, keys, Documents()).standing(member)
    with pytest.raises(Forbidden):
        await server.standing(member, Purpose.AUDIT)  # nor does it reach one that knows the true one


async def test_few_documents_are_kept_and_those_dropped_are_read_again(
    server: Server, enrol: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "MAX_DOCUMENTS", 2)
    members = [await enrol(f"FUND{n}", points_per_minute=100 + n) for n in range(4)]
    for _ in range(2):
        for n, member in enumerate(members):
            assert (await server.standing(member)).agreement.points_per_minute == 100 + n


# Points


async def spend(database: Database, member: Member, used: int, *, kind: str = "POINTS", at: Any = NOW) -> None:
    seconds = POINTS_WINDOW_SECONDS if kind == "POINTS" else FAILURES_WINDOW_SECONDS
    await database.ask(
        "insert into counter (owner_id, agency_id, kind, window_end, used) values ($1, $1, $2, $3, $4)",
        member.agency_id,
        kind,
        window_end(at, seconds),
        used,
    )


async def test_an_agency_that_has_spent_its_points_waits_for_the_next_minute(
    server: Server, enrol: Enrol, database: Database
) -> None:
    member = await enrol("FUND", points_per_minute=10)
    at = NOW + timedelta(seconds=18.5)
    await spend(database, member, 9)
    await server.standing(member, at=at)
    await database.ask("update counter set used = 10")
    with pytest.raises(RateLimited) as refusal:
        await server.standing(member, at=at)
    assert refusal.value.retry_after == 42
    await server.standing(member, at=at + timedelta(seconds=refusal.value.retry_after))


async def test_points_of_others_of_other_minutes_and_failures_do_not_count(
    server: Server, enrol: Enrol, database: Database
) -> None:
    member, other = [await enrol(code, points_per_minute=10) for code in ("FUND", "OTHER")]
    await spend(database, other, 100)
    await spend(database, member, 100, at=NOW - timedelta(minutes=1))
    await spend(database, member, 100, kind="FAILURES")
    await server.standing(member)
    (row,) = await database.ask(authority.alone(ActorKind.AGENCY), *authority.parameters(member.call(), None))
    assert (row["points_limit"], row["points_used"], row["agency_failures"]) == (10, 0, 100)
