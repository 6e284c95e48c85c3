"""E-mail by SMTP. A letter is uncertain from the beginning of its DATA on until the server has answered it."""

import re
import smtplib
import ssl
from asyncio import to_thread
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from core.delivery import Letter, NotTaken, Refused, Uncertain
from core.errors import Invalid

TIMEOUT_SECONDS = 10.0
_SCHEMES = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_ADDRESS = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,255}", re.ASCII)


class Smtp:
    """The server at `url`; `sender`: an address, with or without a name. Raises Invalid where they are not such.

    `smtps://` is TLS from the beginning, `smtp://` by STARTTLS (and not without), both with the server's name checked;
    `smtp+plain://` is for a server on this machine only.
    """

    repeatable = False

    def __init__(self, url: str, sender: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._at = urlsplit(url)
        if self._at.scheme not in _SCHEMES or not self._at.hostname or self._at.path.strip("/"):
            raise Invalid("the address of the mail server is smtp://, smtps:// or smtp+plain:// and a host", path=("smtp_url",))
        if self._at.scheme == "smtp+plain" and not is_this_machine(self._at):
            raise Invalid("a mail server on another machine is reached by smtp:// or smtps://", path=("smtp_url",))
        self._address = parseaddr(sender)[1]
        if not _ADDRESS.fullmatch(self._address):
            raise Invalid("not an address to send mail from", path=("mail_from",))
        self._sender = sender
        self._timeout_seconds = timeout_seconds
        self._tls = None if self._at.scheme == "smtp+plain" else ssl.create_default_context()

    async def send(self, letter: Letter) -> None:
        if not _ADDRESS.fullmatch(letter.recipient):
            raise Refused("not an address that mail can be sent to")
        try:
            wire = self._wire(letter)
        except ValueError:  # a line break in a header, say
            raise Refused("not a letter that can be sent by mail") from None
        await to_thread(self._send, letter.recipient, wire)

    def _wire(self, letter: Letter) -> bytes:
        """The letter as it travels: lines that end in CRLF, and none begins with a dot, as its words are in base64."""
        message = EmailMessage(WIRE)
        message["From"] = self._sender
        message["To"] = letter.recipient
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(letter.at)
        message["Message-ID"] = f"<{letter.letter_id}@{self._address.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text, cte="base64")
        message["Content-Language"] = letter.lang  # after the content, which brings headers of its own
        return bytes(message)

    def _send(self, recipient: str, wire: bytes) -> None:
        try:
            server = self._ready_for_data(recipient)
        except Refused:
            raise
        except (OSError, smtplib.SMTPException, ValueError):
            raise NotTaken("the mail server did not take the letter") from None
        try:
            server.send(wire + b".\r\n")
            code, _ = server.getreply()
            with suppress(OSError, smtplib.SMTPException):
                server.putcmd("QUIT")
        except (OSError, smtplib.SMTPException):
            raise Uncertain("the mail server did not say whether it took the letter") from None
        finally:
            server.close()
        if code // 100 == 4:
            raise NotTaken("the mail server did not take the letter")
        if code // 100 != 2:
            raise Refused("the mail server refused the letter")

    def _ready_for_data(self, recipient: str) -> smtplib.SMTP:
        """A session in which the server has asked for the letter."""
        host, port = self._at.hostname or "", self._at.port or _SCHEMES[self._at.scheme]
        server: smtplib.SMTP
        if self._at.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, port, timeout=self._timeout_seconds, context=self._tls)
        else:
            server = smtplib.SMTP(host, port, timeout=self._timeout_seconds)
        try:
            server.ehlo_or_helo_if_needed()
            if self._at.scheme == "smtp":
                server.starttls(context=self._tls)
            if self._at.username:
                server.login(unquote(self._at.username), unquote(self._at.password or ""))
            _expect(server.mail(self._address), 250)
            code, _ = server.rcpt(recipient)
            if code // 100 == 5:
                raise Refused("the mail server does not know the recipient")
            _expect((code, b""), 250, 251)
            _expect(server.docmd("DATA"), 354)
        except BaseException:
            server.close()
            raise
        return server

    async def close(self) -> None:
        """There is nothing to close: each letter has a session of its own."""


def _expect(reply: tuple[int, bytes], *codes: int) -> None:
    if reply[0] not in codes:
        raise smtplib.SMTPException


def is_this_machine(at: SplitResult) -> bool:
    """Whether an address leads to this very machine."""
    try:
        return at.hostname == "localhost" or ip_address(at.hostname or "").is_loopback
    except ValueError:
        return False
