"""Carriers for tests: a small SMTP server and a gateway for text messages, both real servers on this machine."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class MailServer:
    """An SMTP server (RFC 5321, without extensions but what it is told to say).

    `replies`: what it says to a command (or to "." at the end of a letter) in place of its usual answer; None: it hangs up. At
    "." the letter was taken even where it then hangs up: that is what nobody can know from outside.
    """

    port: int = 0
    replies: dict[str, str | None] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    letters: list[tuple[str, str, bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    sessions: int = 0
    hold: asyncio.Event | None = None  # until it is set, the end of a letter is not answered
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def messages(self) -> list[EmailMessage]:
        parsed = [message_from_bytes(letter, policy=default) for *_, letter in self.letters]
        assert all(isinstance(each, EmailMessage) for each in parsed)
        return parsed  # type: ignore[return-value]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        sender = recipient = ""
        usual = {
            "EHLO": "250 here",
            "HELO": "250 here",
            "MAIL": "250 ok",
            "RCPT": "250 ok",
            "DATA": "354 go on",
            "AUTH": "235 ok",
        }

        async def say(event: str, otherwise: str) -> bool:
            reply = self.replies.get(event, otherwise)
            if reply is None:
                return False
            writer.write(f"{reply}\r\n".encode())
            await writer.drain()
            return True

        try:
            going = await say("CONNECT", "220 here")
            while going and (line := (await reader.readline()).decode().rstrip("\r\n")):
                command = line.split(" ")[0].upper()
                self.commands.append(line)
                if command == "QUIT":
                    break
                if command == "EHLO" and self.extensions and "EHLO" not in self.replies:
                    writer.write("".join(f"250-{each}\r\n" for each in ("here", *self.extensions)).encode())
                if command == "MAIL":
                    sender = re.findall("<(.*)>", line)[0]
                if command == "RCPT":
                    recipient = re.findall("<(.*)>", line)[0]
                going = await say(command, usual.get(command, "502 what"))
                if command == "DATA" and self.replies.get("DATA", "354").startswith("354"):  # type: ignore[union-attr]
                    text = await reader.readuntil(b"\r\n.\r\n")
                    self.letters.append((sender, recipient, re.sub(rb"(?m)^\.", b"", text[:-3])))
                    self.arrived.set()
                    if self.hold is not None:
                        await self.hold.wait()
                    going = await say(".", "250 taken")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def mail_server(**how: Any) -> AsyncIterator[MailServer]:
    made = MailServer(**how)
    server = await asyncio.start_server(made.talk, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


@dataclass
class Gateway:
    """A gateway that passes on once what comes twice under one key. `statuses`: of its next answers; 0: it fails after it has
    passed the message on."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    asked: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    passed_on: dict[str, Any] = field(default_factory=dict)
    hold: asyncio.Event | None = None  # until it is set, what was passed on is not answered
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/messages"

    async def post(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append((dict(request.headers), body))
        status = self.statuses.pop(0) if self.statuses else 202
        if status in (0, 202, 504):
            self.passed_on.setdefault(request.headers["idempotency-key"], body)
        self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()
        if status == 0:
            return Response(status_code=500)
        return JSONResponse({"to": body["to"]}, status, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def gateway(**how: Any) -> AsyncIterator[Gateway]:
    made = Gateway(**how)
    app = Starlette(routes=[Route("/messages", made.post, methods=["POST"])])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made.port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield made
        finally:
            server.should_exit = True
            await serving
