"""Settings come from the environment, once; what a command is given goes before them."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.config import Settings

URL = "postgresql://sijil:hidden@db.example/sijil"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith("SIJIL_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)


def test_the_defaults_are_a_demo_on_this_machine_alone() -> None:
    settings = Settings.read()
    assert (settings.host, settings.port, settings.home) == ("127.0.0.1", 8000, Path("var/demo"))
    assert settings.key_file == Path("var/demo/keys.json")
    assert settings.data_folder == Path("var/demo/postgresql")
    assert settings.database_url is None
    assert settings.issuer is None


def test_the_environment_goes_before_the_defaults_and_what_is_given_before_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_HOME", "/srv/sijil")
    monkeypatch.setenv("SIJIL_PORT", "9000")
    monkeypatch.setenv("DATABASE_URL", URL)
    settings = Settings.read(port=9001, host=None)
    assert (settings.home, settings.port, settings.host) == (Path("/srv/sijil"), 9001, "127.0.0.1")
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == URL
    other = Settings.read(database_url="postgresql:///other").database_url
    assert other is not None
    assert other.get_secret_value() == "postgresql:///other"


def test_a_secret_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    settings = Settings.read()
    assert "hidden" not in f"{settings!r} {settings} {settings.model_dump()}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIJIL_PORT", "0"),
        ("SIJIL_PORT", "65536"),
        ("SIJIL_PORT", "http"),
        ("SIJIL_CONNECTIONS", "0"),
        ("SIJIL_CONNECTIONS", "201"),
        ("SIJIL_TOKEN_LIFETIME_SECONDS", "29"),
        ("SIJIL_TOKEN_LIFETIME_SECONDS", "901"),
        ("SIJIL_SETTLEMENT_QUEUE", "0"),
    ],
)
def test_a_setting_out_of_its_bounds_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings.read()


def test_a_setting_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValidationError):
        Settings.read(prot=9000)


def test_settings_do_not_change() -> None:
    settings = Settings.read()
    with pytest.raises(ValidationError):
        settings.port = 1
