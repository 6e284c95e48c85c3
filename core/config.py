"""Settings, read once from the environment (`SIJIL_*` and `DATABASE_URL`) into a frozen object. No secret has a default."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`home` is the folder of the instance: keys, and the embedded database where `database_url` is not given."""

    model_config = SettingsConfigDict(env_prefix="SIJIL_", frozen=True, extra="forbid")

    home: Path = Path("var/demo")
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    issuer: str | None = None  # the public address of this service; demo instances have their own
    log_level: str = "INFO"
    connections: int = Field(default=8, ge=1, le=200)
    token_lifetime_seconds: int = Field(default=300, ge=30, le=900)
    settlement_queue: int = Field(default=2000, ge=1, le=100_000)
    trusted_proxies: str | None = None  # addresses, with commas between
    jobs: bool = True  # whether this process does jobs, messages among them
    storage: Path | None = None  # the folder of sealed files; else `evidence` in the home
    evidence_bytes: int = Field(default=5 * 1024 * 1024, ge=1024, le=64 * 1024 * 1024)  # of one file, at most
    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    sms_url: str | None = None
    sms_secret: SecretStr | None = None

    @property
    def proxies(self) -> frozenset[str]:
        """The addresses of reverse proxies of ours."""
        return frozenset(filter(None, map(str.strip, (self.trusted_proxies or "").split(","))))

    @property
    def key_file(self) -> Path:
        return self.home / "keys.json"

    @property
    def storage_folder(self) -> Path:
        return self.storage or self.home / "evidence"

    @property
    def data_folder(self) -> Path:
        return self.home / "postgresql"

    @classmethod
    def read(cls, **given: object) -> Self:
        """The environment's settings; what is `given` goes before it."""
        return cls(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
