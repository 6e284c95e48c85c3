"""`sijil accounts`: the first administrators at the machine, and what is done there in an emergency."""

import os
from pathlib import Path
from typing import Any

import pytest

from core import keys
from core.database import Database
from core.embedded import EmbeddedPostgres
from tests.access.enrolled import Enrol
from tests.access.signing import House, code_of
from tests.api.commanding import ask, on, sijil, told

ISSUER = "https://sijil.example"


@pytest.fixture
def url(postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A real instance without people, in a database of its own."""
    name = f"accounts_{os.getpid()}_{tmp_path.name}"
    ask(postgres.url, f'create database "{name}"')
    url = postgres.url.replace("@/sijil?", f"@/{name}?")
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.delenv("SIJIL_ISSUER", raising=False)
    assert sijil("keys", "init").exit_code == 0
    assert sijil("init", "--issuer", ISSUER).exit_code == 0
    return url


def created(email: str, *more: str) -> Any:
    return told("accounts", "create", email, "--name", "Amina Alami", *more)


def taken_up(url: str, tmp_path: Path, link: str) -> None:
    """Whoever has the link takes the account up, now."""
    ring = keys.load(tmp_path / "home" / "keys.json")

    async def work(database: Database) -> None:
        house, token = House(database, ring), link.removeprefix(f"{ISSUER}/invitation/")
        now = (await database.ask("select now()"))[0]["now"]
        proposed = await house.choose(token, now=now)
        await house.take_up(token, proposed.ticket, code_of(proposed.secret, now), now=now)

    on(url, work)


def test_the_first_administrators_are_made_and_from_then_on_two_people_do_it(url: str, tmp_path: Path) -> None:
    first = created("Amina@Example.org", "--role", "ADMINISTRATOR", "--role", "PUBLISHER")
    second = created("omar@example.org", "--role", "ADMINISTRATOR")
    assert first["link"].startswith(f"{ISSUER}/invitation/")
    assert set(first) == {"account", "email", "link"}
    grants = ask(url, "select role, division from role_grant where account_id = $1 order by role", first["account"])
    assert [tuple(row) for row in grants] == [("ADMINISTRATOR", None), ("PUBLISHER", None)]
    # Nobody was sent anything: the link is handed over.
    assert ask(url, "select * from message") == []
    taken_up(url, tmp_path, first["link"])
    third = created("karim@example.org", "--role", "CENTRE_AGENT", "--division", "04.281")
    assert ask(url, "select division from role_grant where account_id = $1", third["account"])[0]["division"] == "04.281"
    taken_up(url, tmp_path, second["link"])
    before = ask(url, "select count(*) from account")
    refused = told("accounts", "create", "late@example.org", "--name", "Late", "--role", "AUDITOR", status=15)
    assert refused["error"]["code"] == "CONFLICT"
    assert ask(url, "select count(*) from account") == before
    assert created("late@example.org")["link"]


def test_an_agencys_administrator_may_be_made_too(url: str) -> None:
    on(url, lambda database: Enrol(database).agency("FUND"))
    made = created("head@example.org", "--role", "AGENCY_ADMINISTRATOR", "--agency", "FUND", "--lang", "AR")
    (row,) = ask(url, "select agency_id, lang from account where account_id = $1", made["account"])
    assert (row["agency_id"] is not None, row["lang"]) == (True, "AR")
    (listed,) = told("accounts", "list", "--agency", "FUND")["accounts"]
    assert (listed["email"], listed["roles"][0]["role"]) == ("head@example.org", "AGENCY_ADMINISTRATOR")
    assert told("accounts", "list")["accounts"] == []


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("nobody", "--name", "A"), 14),
        (("a@example.org", "--name", " "), 14),
        (("a@example.org", "--name", "A", "--division", "04"), 14),
        (("a@example.org", "--name", "A", "--role", "AUDITOR", "--division", "99"), 14),
        (("a@example.org", "--name", "A", "--role", "OFFICER"), 14),
        (("a@example.org", "--name", "A", "--agency", "NONE"), 13),
    ],
)
def test_what_cannot_be_made_leaves_nothing(url: str, arguments: tuple[str, ...], status: int) -> None:
    assert "error" in told("accounts", "create", *arguments, status=status)
    assert ask(url, "select * from account") == []


def test_a_new_link_voids_the_older_and_a_disabled_account_has_none(url: str, tmp_path: Path) -> None:
    older = created("amina@example.org")["link"]
    newer = told("accounts", "invite", "amina@example.org")["link"]
    assert older != newer
    ring = keys.load(tmp_path / "home" / "keys.json")

    async def is_of_use(database: Database, link: str) -> bool:
        now = (await database.ask("select now()"))[0]["now"]
        try:
            await House(database, ring).choose(link.rpartition("/")[2], now=now)
        except Exception:
            return False
        return True

    assert [on(url, lambda database, link=link: is_of_use(database, link)) for link in (older, newer)] == [False, True]  # type: ignore[misc]
    assert told("accounts", "disable", "AMINA@example.org")["disabled"] is True
    assert not on(url, lambda database: is_of_use(database, newer))
    assert told("accounts", "invite", "amina@example.org", status=15)["error"]["code"] == "CONFLICT"
    assert told("accounts", "disable", "nobody@example.org", status=13)["error"]["code"] == "NOT_FOUND"
    (listed,) = told("accounts", "list")["accounts"]
    assert listed["disabled_at"] is not None
    assert [row["notice"] for row in ask(url, "select notice from message")] == ["ACCOUNT_DISABLED"]


def test_people_are_listed_in_words_too(url: str) -> None:
    created("amina@example.org", "--role", "CENTRE_AGENT", "--division", "04")
    result = sijil("accounts", "list")
    assert result.exit_code == 0
    assert "CENTRE_AGENT in 04" in " ".join(result.stdout.split())
    shown = sijil("accounts", "create", "omar@example.org", "--name", "Omar")
    assert f"{ISSUER}/invitation/" in shown.stdout
