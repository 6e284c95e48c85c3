"""A process that sends messages, for tests that kill it: `sending_child.py KEY_FILE DATABASE_URL SMTP_PORT SMS_URL`."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from access.notices import Channel
from access.outbox import SENDING, OwnerKind, account_key
from access.sending import Sender
from core import keys
from core.database import Database, Reader, Row
from core.mail import Smtp
from core.sms import HttpGateway
from core.workers import Workers


async def person_key(reader: Reader, person: object) -> bytes | None:
    rows: list[Row] = list(await reader.ask("select data_key from person where person_id = $1", person))
    return bytes(rows[0]["data_key"]) if rows else None


OWNERS = {OwnerKind.PERSON: person_key, OwnerKind.ACCOUNT: account_key}


async def main(key_file: str, url: str, smtp_port: str, sms_url: str) -> None:
    database = Database(url, connections=4)
    carriers = {
        Channel.EMAIL: Smtp(f"smtp+plain://127.0.0.1:{smtp_port}", "registers@example.org"),
        Channel.SMS: HttpGateway(sms_url, "secret"),
    }
    sender = Sender(keys.load(Path(key_file)), OWNERS, carriers, nobodies=frozenset(), keep=False)
    workers = Workers(
        database,
        {SENDING: sender.send},
        clock=lambda: datetime.now(UTC),
        lease_seconds=1,
        poll_seconds=0.2,
        mend_seconds=0.5,
    )
    workers.start()
    print(os.getpid(), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await workers.stop()
    await sender.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
