"""Letters are handed over, or it is known for certain that they were not, or it is said that nobody knows."""

import asyncio
import json
import socket
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from core.delivery import Letter, Nobody, NotTaken, OutboxFile, Refused, Uncertain
from core.errors import Invalid
from core.ids import uuid7
from core.mail import Smtp
from core.sms import HttpGateway
from tests.access.enrolled import NOW
from tests.core.carriers import gateway, mail_server

ADDRESS = "amina@example.org"
TELEPHONE = "+212600000001"
SENDER = "Sijil <registers@example.org>"
SECRET = "hidden-secret"
TEXT = "Bonjour,\n.une ligne qui commence par un point\n\nرمزك 123456 — ne le donnez à personne.\n"


def letter(recipient: str = ADDRESS, **more: Any) -> Letter:
    members = {"channel": "EMAIL", "subject": "Votre code à usage unique", "text": TEXT, "lang": "fr", "at": NOW}
    return Letter(letter_id=uuid7(NOW), recipient=recipient, **members | more)


def smtp(port: int, *, credentials: str = "", timeout_seconds: float = 5) -> Smtp:
    return Smtp(f"smtp+plain://{credentials}127.0.0.1:{port}", SENDER, timeout_seconds=timeout_seconds)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# E-mail


async def test_an_e_mail_arrives_as_it_was_written() -> None:
    sent = letter()
    async with mail_server() as server:
        await smtp(server.port).send(sent)
    ((sender, recipient, wire),) = server.letters
    assert (sender, recipient) == ("registers@example.org", ADDRESS)
    assert wire.isascii()
    assert wire.endswith(b"\r\n")
    assert not [line for line in wire.split(b"\r\n") if line.startswith(b".")]
    assert max(map(len, wire.split(b"\r\n"))) < 100
    (message,) = server.messages
    assert message["From"] == SENDER
    assert message["To"] == ADDRESS
    assert message["Subject"] == "Votre code à usage unique"
    assert message["Message-ID"] == f"<{sent.letter_id}@example.org>"
    assert parsedate_to_datetime(message["Date"]) == NOW
    assert message["Content-Language"] == "fr"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == TEXT


async def test_a_server_is_told_who_we_are_where_there_are_credentials() -> None:
    async with mail_server(extensions=("AUTH PLAIN",)) as server:
        await smtp(server.port, credentials="sijil:p%40ss@").send(letter())
    assert [command for command in server.commands if command.startswith("AUTH")] == ["AUTH PLAIN AHNpamlsAHBAc3M="]
    assert len(server.letters) == 1


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        ({"CONNECT": None}, NotTaken),
        ({"CONNECT": "421 later"}, NotTaken),
        ({"EHLO": None}, NotTaken),
        ({"MAIL": None}, NotTaken),
        ({"MAIL": "451 later"}, NotTaken),
        ({"MAIL": "550 not you"}, NotTaken),  # of us, not of the letter
        ({"RCPT": "450 later"}, NotTaken),
        ({"RCPT": None}, NotTaken),
        ({"RCPT": "550 nobody of that name: amina@example.org"}, Refused),
        ({"DATA": "451 later"}, NotTaken),
        ({"DATA": "554 no"}, NotTaken),
        ({".": "451 later"}, NotTaken),
        ({".": "554 amina@example.org is on a list"}, Refused),
        ({".": None}, Uncertain),
    ],
)
async def test_what_a_mail_server_says_is_what_became_of_the_letter(
    replies: dict[str, str | None], outcome: type[Exception]
) -> None:
    async with mail_server(replies=replies) as server:
        with pytest.raises(outcome) as fault:
            await smtp(server.port).send(letter())
    assert type(fault.value) is outcome
    assert ADDRESS not in str(fault.value)
    assert fault.value.__suppress_context__ or fault.value.__context__ is None
    assert server.sessions == 1  # it is not tried again by itself
    assert (len(server.letters) == 1) == ("." in replies)


async def test_a_mail_server_that_does_not_answer_the_letter_leaves_it_uncertain() -> None:
    async with mail_server(hold=asyncio.Event()) as server:
        with pytest.raises(Uncertain):
            await smtp(server.port, timeout_seconds=0.3).send(letter())
        server.hold.set()  # type: ignore[union-attr]


async def test_a_mail_server_that_is_not_there_took_nothing() -> None:
    begun = monotonic()
    with pytest.raises(NotTaken):
        await smtp(free_port()).send(letter())
    assert monotonic() - begun < 2


async def test_a_mail_server_without_tls_is_told_nothing_where_tls_was_asked_for() -> None:
    async with mail_server() as server:
        with pytest.raises(NotTaken):
            await Smtp(f"smtp://u:{SECRET}@localhost:{server.port}", SENDER, timeout_seconds=2).send(letter())
        with pytest.raises(NotTaken):
            await Smtp(f"smtps://u:{SECRET}@localhost:{server.port}", SENDER, timeout_seconds=2).send(letter())
    assert not [command for command in server.commands if command.split(" ")[0] in ("AUTH", "MAIL", "DATA")]


async def test_a_letter_that_mail_cannot_carry_is_refused_before_anybody_is_asked() -> None:
    async with mail_server() as server:
        for wrong in (
            letter("amina"),
            letter("amina@example.org\r\nRCPT TO:<other@example.org>"),
            letter("<a@example.org>,b@example.org"),
            letter("أمينة@example.org"),
            letter(subject="a\r\nBcc: other@example.org"),
        ):
            with pytest.raises(Refused):
                await smtp(server.port).send(wrong)
    assert server.sessions == 0


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("smtp+plain://mail.example.org", SENDER),
        ("http://localhost", SENDER),
        ("smtp://", SENDER),
        ("smtp://mail.example.org/path", SENDER),
        ("smtp://mail.example.org", "registers"),
        ("smtp://mail.example.org", ""),
    ],
)
def test_a_mail_server_or_a_sender_that_cannot_be_one_is_refused(url: str, sender: str) -> None:
    with pytest.raises(Invalid):
        Smtp(url, sender)


# Text messages


async def test_a_text_message_reaches_the_gateway_with_its_key() -> None:
    sent = letter(TELEPHONE, channel="SMS", subject="")
    async with gateway() as server:
        carrier = HttpGateway(server.url, SECRET)
        await carrier.send(sent)
        await carrier.close()
    ((headers, body),) = server.asked
    assert body == {"id": str(sent.letter_id), "to": TELEPHONE, "text": TEXT}
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert headers["idempotency-key"] == str(sent.letter_id)
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Refused),
        (404, Refused),
        (422, Refused),
        (401, NotTaken),
        (403, NotTaken),
        (408, NotTaken),
        (409, NotTaken),
        (429, NotTaken),
        (302, NotTaken),
        (500, NotTaken),
        (504, NotTaken),
        (0, NotTaken),
    ],
)
async def test_what_a_gateway_answers_is_what_became_of_the_message(status: int, outcome: type[Exception]) -> None:
    sent = letter(TELEPHONE)
    async with gateway(statuses=[status]) as server:
        carrier = HttpGateway(server.url, SECRET)
        with pytest.raises(outcome) as fault:
            await carrier.send(sent)
        assert len(server.asked) == 1
        await carrier.send(sent)  # again: under the same key, so it is passed on once
        await carrier.close()
    assert type(fault.value) is outcome
    assert TELEPHONE not in str(fault.value)
    assert list(server.passed_on) == [str(sent.letter_id)]


async def test_a_gateway_that_is_not_there_took_nothing() -> None:
    carrier = HttpGateway(f"http://127.0.0.1:{free_port()}/", None)
    with pytest.raises(NotTaken):
        await carrier.send(letter(TELEPHONE))
    await carrier.close()


@pytest.mark.parametrize("recipient", ["0600000001", "+0600000001", "+212 600000001", ADDRESS, "", "+1234567890123456"])
async def test_what_is_no_telephone_is_refused_before_anybody_is_asked(recipient: str) -> None:
    async with gateway() as server:
        carrier = HttpGateway(server.url, None)
        with pytest.raises(Refused):
            await carrier.send(letter(recipient))
        await carrier.close()
    assert server.asked == []


@pytest.mark.parametrize(
    "url", ["http://sms.example.org/", "ftp://localhost/", "https://u:p@sms.example.org/", "sms.example.org"]
)
def test_a_gateway_in_the_clear_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        HttpGateway(url, SECRET)


# Nobody, and the file of a demonstration


async def test_without_a_carrier_letters_wait() -> None:
    with pytest.raises(NotTaken):
        await Nobody().send(letter())


async def test_a_demonstration_writes_a_line_for_each_letter_that_its_owner_alone_may_read(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    sent = [letter(), letter(TELEPHONE, channel="SMS", subject="", lang="ar"), *(letter() for _ in range(20))]
    files = [OutboxFile(path) for _ in range(4)]
    await asyncio.gather(*(files[n % 4].send(each) for n, each in enumerate(sent)))
    assert path.stat().st_mode & 0o777 == 0o600
    lines = {line["id"]: line for line in map(json.loads, path.read_text().splitlines())}
    assert set(lines) == {str(each.letter_id) for each in sent}
    assert lines[str(sent[1].letter_id)] == {
        "id": str(sent[1].letter_id),
        "at": NOW.isoformat(),
        "channel": "SMS",
        "to": TELEPHONE,
        "lang": "ar",
        "subject": "",
        "text": TEXT,
    }


async def test_a_file_that_cannot_be_opened_took_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotTaken):
        await OutboxFile(tmp_path / "no" / "outbox.jsonl").send(letter())


def test_a_letter_shows_nothing_of_itself() -> None:
    shown = repr(letter())
    assert ADDRESS not in shown
    assert "code" not in shown
    assert str(datetime(2026, 3, 14, tzinfo=UTC).year) in shown


async def test_no_value_is_logged(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    caplog.set_level("DEBUG")
    async with mail_server(replies={".": f"554 {ADDRESS}"}) as server, gateway(statuses=[500]) as other:
        carrier = HttpGateway(other.url, SECRET)
        for attempt in (smtp(server.port).send(letter()), carrier.send(letter(TELEPHONE))):
            with suppress(Refused, NotTaken):
                await attempt
        await carrier.close()
    written = caplog.text + "".join(capsys.readouterr())
    for value in (ADDRESS, TELEPHONE, SECRET, "123456"):
        assert value not in written
