"""Packs of a mobile team: each request once, whatever is sent twice, late, out of order, changed or by whom."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key

from access.catalogue import Lang
from access.rights import Role, Scope
from api.demo.agencies import public_jwk
from core.errors import Conflict, Faulty, Forbidden, Invalid, NotFound
from core.ids import uuid7
from identity import packs
from identity.file_rows import Outcome, RowFault
from tests.access.enrolled import NOW
from tests.identity.filing import Desk, person_row
from tests.identity.registered import Register, machine, staff_call

YEAR = timedelta(days=365)


class Team:
    """A device, and what it signs."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.key: EllipticCurvePrivateKey = generate_private_key(SECP256R1())
        self.kid = ""

    async def register(self, *, division: str | None = None, now: datetime = NOW, **more: Any) -> "Team":
        call = machine(Scope.IMPORT_RUN, now=now)
        given = {"name": "Unité 7", "alg": "ES256", "jwk": public_jwk(self.key), "valid_to": now + YEAR} | more
        self.kid = await self.desk.register.transact(lambda c: packs.add_team_device(c, call, division=division, **given))
        return self

    async def revoke(self) -> None:
        call = machine(Scope.IMPORT_RUN)
        await self.desk.register.transact(lambda c: packs.revoke_team_device(c, call, kid=self.kid))

    def pack(self, *requests: dict[str, Any], signed_at: datetime = NOW) -> bytes:
        payload = {"pack": str(uuid7(signed_at)), "signed_at": signed_at.isoformat(), "requests": list(requests)}
        return packs.signed({"alg": "ES256", "kid": self.kid}, payload, self.key)

    async def send(self, content: bytes, *, now: datetime = NOW) -> UUID:
        call = machine(Scope.IMPORT_RUN, now=now)
        return await self.desk.register.transact(
            lambda c: packs.take_pack(c, call, self.desk.keys, self.desk.storage, content=content, lang=Lang.FR)
        )

    async def told(self, content: bytes, *, now: datetime = NOW) -> list[tuple[Outcome, RowFault | None]]:
        file = await self.send(content, now=now)
        view = await self.desk.work(file)
        assert view.state == "DONE"
        return [(line.outcome, line.fault) for line in await self.desk.told(file)]

    async def refused(self, content: bytes, *, now: datetime = NOW) -> str:
        with pytest.raises(Faulty) as refusal:
            await self.send(content, now=now)
        return refusal.value.faults[0].code


def request(number: int, *, at: datetime = NOW - timedelta(hours=2), **changes: Any) -> dict[str, Any]:
    row = {name: value for name, value in person_row(number).items() if value}
    form = row | {"basis": "DOCUMENTS"} | {name: value for name, value in changes.items() if name != "id"}
    return {"id": changes.get("id", str(UUID(int=(7 << 76) + (2 << 62) + number))), "at": at.isoformat(), "form": form}


@pytest.fixture
async def team(register: Register, tmp_path: Path) -> Team:
    desk = await Desk.open(register, tmp_path / "files")
    desk.more = {packs.TAKING: packs.taking(desk.storage, desk.keys, batch=3)}
    return await Team(desk).register()


SUBMITTED, THERE = (Outcome.SUBMITTED, None), (Outcome.THERE_ALREADY, None)


async def test_each_request_of_a_pack_waits_to_be_reviewed_like_any_other(team: Team, register: Register) -> None:
    at = NOW - timedelta(days=3)
    assert await team.told(team.pack(request(1, at=at), request(2))) == [SUBMITTED, SUBMITTED]
    rows = await register.database.ask("select * from enrolment order by begun_at")
    assert [(row["state"], row["channel"], row["basis"], row["division"]) for row in rows] == [
        ("SUBMITTED", "PACK", "DOCUMENTS", "06.141")
    ] * 2
    assert rows[0]["person_id"] == UUID(request(1)["id"])
    assert rows[0]["begun_at"] == at
    assert len(rows[0]["form_hash"]) == 32
    assert await register.count("person", "status <> 'DECOY'") == 0
    assert await register.count("identifier", "kind = 'RECEIPT'") == 2


async def test_twice_late_out_of_order_and_in_two_packs_it_is_one_request(team: Team, register: Register) -> None:
    first, second = team.pack(request(1), request(2), request(3)), team.pack(request(3), request(4), request(1))
    assert await team.told(second) == [SUBMITTED] * 3
    assert await team.told(first) == [THERE, SUBMITTED, THERE]
    assert await team.send(first) == await team.send(first)
    late = team.pack(request(5), request(5, family_name_latin="Autre"), signed_at=NOW)
    assert await team.told(late, now=NOW + timedelta(days=300)) == [SUBMITTED, THERE]
    assert await register.count("enrolment") == 5


async def test_what_was_changed_is_refused_whole(team: Team, register: Register) -> None:
    head, body, signature = team.pack(request(1)).decode().strip().split(".")
    raw = bytearray(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    raw[raw.index(b"06.141")] = ord("1")
    changed = urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert await team.refused(f"{head}.{changed}.{signature}".encode()) == "WRONG_SIGNATURE"
    other = await Team(team.desk).register()
    other.kid = team.kid
    assert await team.refused(other.pack(request(1))) == "WRONG_SIGNATURE"
    for content in (b"", b"a.b", b"\xff.\xff.\xff", b"{}", b"..", b"x" * 2_000_000):
        assert await team.refused(content) == "NOT_A_PACK"
    assert await team.refused(packs.signed({"alg": "ES256", "kid": team.kid}, {"requests": []}, team.key)) == "NOT_A_PACK"
    stranger = Team(team.desk)
    stranger.kid = "nobody"
    assert await team.refused(stranger.pack(request(1))) == "UNKNOWN_DEVICE"
    assert await register.count("enrolment") == 0
    assert await register.count("person_file") == 0


async def test_a_revoked_device_has_no_pack_taken_whenever_it_signed(team: Team, register: Register) -> None:
    before = team.pack(request(1))
    waiting = await team.send(team.pack(request(2)))
    await team.revoke()
    assert await team.refused(before) == "REVOKED_DEVICE"
    await team.desk.work(waiting)
    assert [(line.outcome, line.fault) for line in await team.desk.told(waiting)] == [
        (Outcome.REFUSED, RowFault(None, "REVOKED_DEVICE"))
    ]
    assert await register.count("enrolment") == 0
    with pytest.raises(Conflict):
        await team.revoke()


async def test_a_key_has_to_hold_when_the_pack_is_signed(team: Team) -> None:
    assert await team.refused(team.pack(request(1), signed_at=NOW - timedelta(days=1))) == "NOT_IN_TIME"
    assert await team.refused(team.pack(request(1), signed_at=NOW + timedelta(days=1))) == "NOT_IN_TIME"
    late = NOW + YEAR + timedelta(days=1)
    assert await team.refused(team.pack(request(1), signed_at=late), now=late) == "NOT_IN_TIME"
    on_time = team.pack(request(1, at=NOW + timedelta(days=300)), signed_at=NOW + timedelta(days=301))
    assert await team.told(on_time, now=late) == [SUBMITTED]


async def test_a_device_enrols_within_its_division_and_each_fault_is_told(team: Team, register: Register) -> None:
    there = await Team(team.desk).register(division="04")
    pack = there.pack(
        request(1),
        request(2, residence="04.421"),
        request(3, residence="04.421", birth_date="1980-02-31"),
        request(4, residence="04.421", id="no id"),
        request(5, residence="04.421", at=NOW + timedelta(hours=1)),
        request(6, residence="04.421", hair="brown"),
        request(7, residence="04.421", birth_date="2020-01-01", guardian="2516116556"),
    )
    assert await there.told(pack) == [
        (Outcome.REFUSED, RowFault("residence", "OUT_OF_TERRITORY")),
        SUBMITTED,
        (Outcome.REFUSED, RowFault("birth_date", "NOT_A_DATE")),
        (Outcome.REFUSED, RowFault("id", "NOT_AN_ID")),
        (Outcome.REFUSED, RowFault("at", "NOT_IN_TIME")),
        (Outcome.REFUSED, RowFault("form", "NOT_A_FORM")),
        (Outcome.REFUSED, RowFault("guardian", "NOT_REGISTERED")),
    ]
    assert await register.count("enrolment") == 1


async def test_devices_are_registered_by_who_imports_in_the_whole_country(team: Team, register: Register) -> None:
    supervisor = staff_call(await register.staff(Role.SUPERVISOR), "SUPERVISOR 06")
    given: dict[str, Any] = {"name": "x", "alg": "ES256", "jwk": public_jwk(team.key), "division": None, "valid_to": NOW + YEAR}
    for call, change, error in (
        (supervisor, {}, Forbidden),
        (machine(), {}, Forbidden),
        (machine(Scope.IMPORT_RUN), {}, Conflict),
        (machine(Scope.IMPORT_RUN), {"alg": "HS256"}, Invalid),
        (machine(Scope.IMPORT_RUN), {"alg": "EdDSA"}, Invalid),
        (machine(Scope.IMPORT_RUN), {"jwk": {"kty": "oct", "k": "x"}}, Invalid),
        (machine(Scope.IMPORT_RUN), {"division": "99"}, Invalid),
        (machine(Scope.IMPORT_RUN), {"valid_to": NOW}, Invalid),
    ):
        with pytest.raises(error):
            await register.transact(lambda c, call=call, change=change: packs.add_team_device(c, call, **given | change))
    with pytest.raises(NotFound):
        await register.transact(lambda c: packs.revoke_team_device(c, machine(Scope.IMPORT_RUN), kid="none"))
    (device,) = await packs.team_devices(register.database, machine(Scope.IMPORT_RUN))
    assert (device.kid, device.revoked_at) == (team.kid, None)
