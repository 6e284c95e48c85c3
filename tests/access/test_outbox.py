"""Whoever is told something is told it once, if and only if it came to be; and nobody else reads it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from access import jobs as job_doors
from access.call import Actor, ActorKind, Call, Scope
from access.catalogue import Lang
from access.notices import Channel, ConsentEnded, Notice, OneTimeCode
from access.outbox import BODY, RECIPIENT, SENDING, Owner, OwnerKind, drop, resend, shown, tell
from access.sending import OUTBOX_FILE, Sender, carriers
from core import jobs
from core.config import Settings
from core.database import Database, Row, raw
from core.delivery import Carrier, Letter, Nobody, NotTaken, OutboxFile, Refused, Uncertain
from core.embedded import EmbeddedPostgres
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import uuid7
from core.jobs import State
from core.keys import DEMO, KeyRing, create
from core.mail import Smtp
from core.sms import HttpGateway
from core.workers import Workers
from tests.access import sending_child
from tests.access.enrolled import NOW
from tests.core.carriers import gateway, mail_server
from tests.core.test_jobs import taken_for_dead

CHILD = Path(sending_child.__file__)
ROOT = CHILD.parent.parent.parent
TELEPHONE, EMAIL = "+212600000001", "amina@example.org"
CODE = "402817"
VALUES = (TELEPHONE, EMAIL, CODE)
BOTH = {Channel.SMS: TELEPHONE, Channel.EMAIL: EMAIL}
OWNERS = sending_child.OWNERS


def clock() -> datetime:
    return datetime.now(UTC)


def call_of(*scopes: Scope, now: datetime | None = None) -> Call:
    return Call(Actor(ActorKind.SYSTEM, frozenset(scopes), name="test"), now or clock(), uuid7(NOW))


@dataclass(eq=False)
class Scripted(Carrier):
    """A carrier that does with its next letters what `script` says: fails in that way, or takes them (None)."""

    repeatable: bool = False
    script: list[Exception | None] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    hold: asyncio.Event | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, letter: Letter) -> None:
        self.letters.append(letter)
        self.begun.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.script and (fault := self.script.pop(0)) is not None:
            raise fault

    async def close(self) -> None: ...


@dataclass(frozen=True)
class Office:
    """A person in the register, and what tells them things."""

    database: Database
    keys: KeyRing
    owner: Owner

    async def tell(
        self,
        notice: Notice | None = None,
        *,
        lang: Lang = Lang.FR,
        channels: Mapping[Channel, str] | None = None,
        owner: Owner | None = None,
        now: datetime | None = None,
    ) -> list[UUID]:
        async with self.database.begin() as transaction:
            return await tell(
                transaction,
                call_of(now=now),
                self.keys,
                owner=owner or self.owner,
                notice=notice or OneTimeCode(CODE, 3),
                lang=lang,
                channels={Channel.SMS: TELEPHONE} if channels is None else channels,
            )

    async def message(self, message: UUID) -> Row:
        (row,) = await self.database.ask("select * from message where message_id = $1", message)
        return row

    async def until(self, message: UUID, *states: str, job: State | None = None, seconds: float = 60) -> Row:
        end = monotonic() + seconds
        while True:
            row = await self.message(message)
            its = await jobs.find(self.database, row["job_id"])
            if row["state"] in states and (job is None or (its is not None and its.state is job)):
                return row
            assert monotonic() < end, (row["state"], its)
            await asyncio.sleep(0.01)

    def sender(self, carrier: Carrier | Mapping[Channel, Carrier], **more: Any) -> Sender:
        given = dict.fromkeys(Channel, carrier) if isinstance(carrier, Scripted | Nobody | OutboxFile) else carrier
        return Sender(self.keys, OWNERS, given, **{"nobodies": frozenset(), "keep": False} | more)  # type: ignore[arg-type]

    @asynccontextmanager
    async def sending(self, carrier: Carrier | Mapping[Channel, Carrier], **more: Any) -> AsyncIterator[None]:
        sender = self.sender(carrier, **more)
        workers = Workers(
            self.database,
            {SENDING: sender.send},
            clock=clock,
            lease_seconds=10,
            poll_seconds=0.2,
            mend_seconds=0.3,
            grace_seconds=0.5,
        )
        workers.start()
        try:
            yield
        finally:
            await workers.stop()
            await sender.close()


async def enrolled(database: Database, keys: KeyRing) -> Owner:
    person = uuid7(NOW)
    key, wrapped = keys.masters.new_data_key(person)
    sealed = {name: key.seal(f"person.{name}", person, "x") for name in ("idcs", "birth_date", "sex", "nationality")}
    await database.ask(
        f"""insert into person (person_id, data_key, status, status_since, enrolled_at, {", ".join(sealed)})
            values ($1, $2, 'ACTIVE', $3, $3, $4, $5, $6, $7)""",
        person,
        wrapped,
        NOW,
        *sealed.values(),
    )
    return Owner(OwnerKind.PERSON, person, wrapped)


@pytest.fixture
async def office(database: Database, keys: KeyRing, clean: None) -> Office:
    return Office(database, keys, await enrolled(database, keys))


# Telling


async def test_a_message_is_written_sealed_with_the_job_that_sends_it(office: Office) -> None:
    told = await office.tell(channels=BOTH, lang=Lang.AR)
    assert len(told) == 2
    key = office.keys.masters.unwrap(office.owner.id, office.owner.data_key)
    for message, (channel, address) in zip(told, BOTH.items(), strict=True):
        row = await office.message(message)
        assert (row["owner_id"], row["owner_kind"], row["state"]) == (office.owner.id, "PERSON", "WAITING")
        assert (row["notice"], row["channel"], row["lang"]) == ("ONE_TIME_CODE", channel, "AR")
        assert key.open(RECIPIENT, message, row["recipient"]) == address
        said = json.loads(key.open(BODY, message, row["body"]))
        assert CODE in said["text"]
        assert bool(said["subject"]) == (channel is Channel.EMAIL)
        assert row["useful_until"] == row["told_at"] + timedelta(minutes=3)
        job = await jobs.find(office.database, row["job_id"])
        assert job is not None
        assert (job.kind, job.state) == ("message", State.WAITING)
        assert job.parameters == {"owner": str(office.owner.id), "message": str(message)}


async def test_nothing_of_a_message_can_be_read_in_the_database(office: Office) -> None:
    await office.tell(channels=BOTH)
    tables = ("message", "job", "pgqueuer", "pgqueuer_log")
    values = [value for table in tables for row in await office.database.ask(f"table {table}") for value in row.values()]
    stored = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
    assert len(stored) > 500
    for value in VALUES:
        assert value.encode() not in stored
        assert value.encode().hex().encode() not in stored


async def test_a_transaction_that_is_rolled_back_tells_nobody(office: Office) -> None:
    carrier = Scripted()
    async with office.sending(carrier):
        async with office.database.begin() as transaction:
            await transaction.execute(text("select 1"))
            await tell(
                transaction,
                call_of(),
                office.keys,
                owner=office.owner,
                notice=OneTimeCode(CODE, 3),
                lang=Lang.FR,
                channels=BOTH,
            )
            await transaction.rollback()
        (told,) = await office.tell(ConsentEnded())
        await office.until(told, "SENT")
    assert [letter.letter_id for letter in carrier.letters] == [told]
    for table, rows in (("message", 1), ("job", 1)):
        (row,) = await office.database.ask(f"select count(*) as n from {table}")
        assert row["n"] == rows


async def test_a_message_that_goes_nowhere_is_refused(office: Office) -> None:
    with pytest.raises(Invalid):
        await office.tell(channels={})


# Sending


async def test_a_message_is_sent_within_a_second_of_the_commit_and_its_words_go(office: Office) -> None:
    carrier = Scripted()
    async with office.sending(carrier):
        await office.until(*await office.tell(ConsentEnded()), "SENT")  # by then they listen
        begun = monotonic()
        (told,) = await office.tell(channels={Channel.EMAIL: EMAIL})
        row = await office.until(told, "SENT", job=State.DONE)
        assert monotonic() - begun < 1
    (_, letter) = carrier.letters
    assert (letter.letter_id, letter.channel, letter.recipient, letter.lang) == (told, "EMAIL", EMAIL, "fr")
    assert letter.subject == "Votre code à usage unique"
    assert CODE in letter.text
    assert (row["body"], row["attempts"], row["error"]) == (None, 1, None)
    assert row["settled_at"] >= row["sending_at"] >= row["told_at"]


async def test_many_messages_are_each_sent_once_by_several_workers(office: Office) -> None:
    carrier = Scripted()
    async with office.sending(carrier), office.sending(carrier), office.sending(carrier):
        told = [message for _ in range(15) for message in await office.tell(channels=BOTH)]
        for message in told:
            await office.until(message, "SENT")
        await asyncio.sleep(0.3)
    assert sorted(letter.letter_id for letter in carrier.letters) == sorted(told)


async def test_what_was_not_taken_is_tried_again_later(office: Office) -> None:
    carrier = Scripted(script=[NotTaken("no"), NotTaken("no"), None])
    (told,) = await office.tell(ConsentEnded())
    async with office.sending(carrier):
        begun = monotonic()
        row = await office.until(told, "WAITING")
        row = await office.until(told, "SENT", job=State.DONE)
    assert 5.5 < monotonic() - begun < 9  # after 2 and another 4 seconds
    assert row["attempts"] == 3
    assert {letter.letter_id for letter in carrier.letters} == {told}


async def test_what_is_refused_is_not_tried_again(office: Office) -> None:
    carrier = Scripted(script=[Refused("no")])
    (told,) = await office.tell()
    async with office.sending(carrier):
        row = await office.until(told, "REFUSED", job=State.DONE)
        await asyncio.sleep(0.3)
    assert len(carrier.letters) == 1
    assert (row["error"], row["body"]) == ("Refused", None)


async def test_a_code_that_is_no_longer_good_is_not_sent(office: Office) -> None:
    carrier = Scripted()
    (late,) = await office.tell(now=clock() - timedelta(minutes=3, seconds=1))
    (other,) = await office.tell(ConsentEnded(), now=clock() - timedelta(days=3))
    async with office.sending(carrier):
        row = await office.until(late, "LAPSED", job=State.DONE)
        await office.until(other, "SENT")
    assert row["body"] is None
    assert [letter.letter_id for letter in carrier.letters] == [other]


async def test_a_message_for_nobody_is_dropped_in_silence(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    decoy = await enrolled(office.database, office.keys)
    carrier = Scripted()
    (told,) = await office.tell(owner=decoy)
    async with office.sending(carrier, nobodies=frozenset({decoy.id})):
        row = await office.until(told, "SUPPRESSED", job=State.DONE)
    assert carrier.letters == []
    assert (row["body"], row["error"], row["attempts"]) == (None, None, 0)
    assert "".join(capsys.readouterr()) == ""


async def test_whoever_was_erased_is_told_nothing(office: Office) -> None:
    carrier = Scripted()
    (told,) = await office.tell()
    await office.database.ask("delete from person where person_id = $1", office.owner.id)
    async with office.sending(carrier):
        await office.until(told, "SUPPRESSED", job=State.DONE)
    assert carrier.letters == []


# Never twice


async def test_what_may_have_been_sent_is_held_for_a_person(office: Office) -> None:
    carrier = Scripted(script=[Uncertain("?")])
    (told,) = await office.tell(ConsentEnded())
    async with office.sending(carrier):
        row = await office.until(told, "UNCERTAIN", job=State.HELD)
        # Letting the job go on is not enough: somebody must say that the message is to be sent again.
        async with office.database.begin() as connection:
            await job_doors.release_job(connection, call_of(Scope.JOB_MANAGE), row["job_id"])
            # Before others, as when it was told.
            assert await (await raw(connection)).fetchval("select priority from pgqueuer") == SENDING.priority
        await office.until(told, "UNCERTAIN", job=State.HELD)
        assert len(carrier.letters) == 1
        async with office.database.begin() as connection:
            await resend(connection, call_of(Scope.JOB_MANAGE), row["job_id"])
            # Before others, as when it was told.
            assert await (await raw(connection)).fetchval("select priority from pgqueuer") == SENDING.priority
        await office.until(told, "SENT", job=State.DONE)
        async with office.database.begin() as connection:
            for door in (resend, drop):
                with pytest.raises(Conflict):
                    await door(connection, call_of(Scope.JOB_MANAGE), row["job_id"])
    assert len(carrier.letters) == 2
    assert row["body"] is not None


async def test_what_may_have_been_sent_can_be_let_be(office: Office) -> None:
    carrier = Scripted(script=[Uncertain("?")])
    (told,) = await office.tell(ConsentEnded())
    async with office.sending(carrier):
        row = await office.until(told, "UNCERTAIN", job=State.HELD)
        assert [job.job_id for job in await job_doors.list_jobs(office.database, call_of(Scope.JOB_MANAGE))] == [row["job_id"]]
        async with office.database.begin() as connection:
            await drop(connection, call_of(Scope.JOB_MANAGE), row["job_id"])
        row = await office.until(told, "DROPPED", job=State.CANCELLED)
        await asyncio.sleep(0.3)
    assert len(carrier.letters) == 1
    assert row["body"] is None
    async with office.database.begin() as connection:
        with pytest.raises(NotFound):
            await resend(connection, call_of(Scope.JOB_MANAGE), uuid7(NOW))


async def test_a_carrier_that_knows_letters_by_their_id_is_asked_again(office: Office) -> None:
    carrier = Scripted(repeatable=True, script=[Uncertain("?")])
    (told,) = await office.tell(ConsentEnded())
    async with office.sending(carrier):
        await office.until(told, "SENT", job=State.DONE)
    assert [letter.letter_id for letter in carrier.letters] == [told, told]


async def test_a_run_that_was_broken_off_while_sending_leaves_it_uncertain(office: Office) -> None:
    (told,) = await office.tell(ConsentEnded())
    carrier = Scripted(hold=asyncio.Event())
    async with office.sending(carrier):
        await carrier.begun.wait()
        assert (await office.message(told))["state"] == "SENDING"  # durable, before it is handed over
    assert (await office.message(told))["state"] == "SENDING"
    other = Scripted()
    async with office.sending(other):
        await office.until(told, "UNCERTAIN", job=State.HELD)
    assert other.letters == []


async def test_a_sender_that_was_taken_for_dead_still_says_that_it_was_sent(office: Office) -> None:
    (told,) = await office.tell(ConsentEnded())
    slow = Scripted(hold=asyncio.Event())
    async with office.sending(slow):
        await slow.begun.wait()
        job = (await office.message(told))["job_id"]
        other = Scripted()
        async with office.sending(other):
            await taken_for_dead(office.database, job)
            await office.until(told, "UNCERTAIN", job=State.HELD)
        slow.hold.set()  # type: ignore[union-attr]
        await office.until(told, "SENT")
        async with office.database.begin() as connection:
            with pytest.raises(Conflict):
                await resend(connection, call_of(Scope.JOB_MANAGE), job)
            await jobs.cancel(connection, job, at=datetime.now(UTC))
    assert (len(slow.letters), other.letters) == (1, [])


@asynccontextmanager
async def child(key_file: Path, postgres: EmbeddedPostgres, smtp_port: int, sms_url: str) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(str(CHILD), str(key_file), postgres.url, str(smtp_port), sms_url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def kept(database: Database, clean: None, tmp_path: Path) -> tuple[Office, Path]:
    """An office whose keys another process can read."""
    path = tmp_path / "keys.json"
    keys = create(path, mark="test", at=NOW)
    return Office(database, keys, await enrolled(database, keys)), path


async def test_an_e_mail_whose_sender_was_killed_after_handing_it_over_is_never_sent_twice(
    kept: tuple[Office, Path], postgres: EmbeddedPostgres
) -> None:
    office, key_file = kept
    (told,) = await office.tell(ConsentEnded(), channels={Channel.EMAIL: EMAIL})
    async with mail_server(hold=asyncio.Event()) as server, gateway() as other:
        async with child(key_file, postgres, server.port, other.url) as pid:
            await server.arrived.wait()
            os.kill(pid, signal.SIGKILL)
        assert (await office.message(told))["state"] == "SENDING"
        async with child(key_file, postgres, server.port, other.url):
            await office.until(told, "UNCERTAIN", job=State.HELD)
            await asyncio.sleep(1.5)
        server.hold.set()  # type: ignore[union-attr]
    assert len(server.letters) == 1
    assert server.messages[0]["Message-ID"] == f"<{told}@example.org>"


async def test_a_text_message_whose_sender_was_killed_is_handed_over_again_and_passed_on_once(
    kept: tuple[Office, Path], postgres: EmbeddedPostgres
) -> None:
    office, key_file = kept
    (told,) = await office.tell(ConsentEnded())
    async with gateway(hold=asyncio.Event()) as server:
        async with child(key_file, postgres, 1, server.url) as pid:
            await server.arrived.wait()
            os.kill(pid, signal.SIGKILL)
        assert (await office.message(told))["state"] == "SENDING"
        server.hold.set()  # type: ignore[union-attr]
        async with child(key_file, postgres, 1, server.url):
            row = await office.until(told, "SENT", job=State.DONE)
    assert len(server.asked) == 2
    assert list(server.passed_on) == [str(told)]
    assert server.passed_on[str(told)]["to"] == TELEPHONE
    assert row["attempts"] == 2


# Who carries what


async def test_a_real_instance_sends_over_what_is_set_up(office: Office, tmp_path: Path) -> None:
    async with mail_server() as mail, gateway() as sms:
        settings = Settings.read(
            home=tmp_path,
            smtp_url=f"smtp+plain://127.0.0.1:{mail.port}",
            mail_from="registers@example.org",
            sms_url=sms.url,
            sms_secret="hidden",
        )
        given = carriers(settings, demo=False)
        assert {channel: type(carrier) for channel, carrier in given.items()} == {
            Channel.EMAIL: Smtp,
            Channel.SMS: HttpGateway,
        }
        async with office.sending(given):
            for message in await office.tell(channels=BOTH):
                await office.until(message, "SENT")
    assert [recipient for _, recipient, _ in mail.letters] == [EMAIL]
    assert [body["to"] for _, body in sms.asked] == [TELEPHONE]
    assert not os.listdir(tmp_path)


def test_a_demonstration_sends_to_nobody_whatever_is_set_up(tmp_path: Path) -> None:
    settings = Settings.read(home=tmp_path, smtp_url="smtp://mail.example.org", sms_url="https://sms.example.org")
    assert {type(carrier) for carrier in carriers(settings, demo=True).values()} == {OutboxFile}


def test_without_settings_messages_wait_for_a_carrier() -> None:
    assert {type(carrier) for carrier in carriers(Settings.read(), demo=False).values()} == {Nobody}
    with pytest.raises(Invalid) as refusal:
        carriers(Settings.read(smtp_url="smtp://mail.example.org"), demo=False)
    assert refusal.value.path == ("mail_from",)


async def test_a_demonstration_shows_its_messages_and_keeps_their_words(
    database: Database, clean: None, tmp_path: Path
) -> None:
    keys = create(tmp_path / "keys.json", mark=DEMO, at=NOW)
    office = Office(database, keys, await enrolled(database, keys))
    settings = Settings.read(home=tmp_path)
    first, second = await office.tell(channels=BOTH)
    async with office.sending(carriers(settings, demo=True), keep=True):
        await office.until(first, "SENT")
        await office.until(second, "SENT")
    lines = [json.loads(line) for line in (tmp_path / OUTBOX_FILE).read_text().splitlines()]
    assert {(line["channel"], line["to"]) for line in lines} == {("SMS", TELEPHONE), ("EMAIL", EMAIL)}
    found = await shown(database, call_of(Scope.OUTBOX_READ), keys, OWNERS)
    assert {(each.message_id, each.channel, each.recipient, each.state) for each in found} == {
        (first, Channel.SMS, TELEPHONE, "SENT"),
        (second, Channel.EMAIL, EMAIL, "SENT"),
    }
    assert all(each.wording is not None and CODE in each.wording.text for each in found)
    assert len(await shown(database, call_of(Scope.OUTBOX_READ), keys, OWNERS, limit=1)) == 1


async def test_only_a_demonstration_shows_its_messages(office: Office) -> None:
    await office.tell()
    with pytest.raises(Forbidden):
        await shown(office.database, call_of(Scope.OUTBOX_READ), office.keys, OWNERS)


async def test_no_value_of_a_message_is_logged_whatever_becomes_of_it(
    office: Office, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    faults = [NotTaken(CODE), ValueError(f"{TELEPHONE} {CODE}"), Refused(TELEPHONE)]
    for fault in faults:
        (told,) = await office.tell()
        async with office.sending(Scripted(repeatable=True, script=[fault, None])):
            await office.until(told, "SENT", "REFUSED", job=State.DONE)
    written = caplog.text + str([record.__dict__ for record in caplog.records]) + "".join(capsys.readouterr())
    rows = [
        str(dict(row)) for table in ("job", "pgqueuer_log", "message") for row in await office.database.ask(f"table {table}")
    ]
    assert "ValueError" in written
    for value in VALUES:
        assert value not in written
        assert value not in "".join(rows)
