"""Bringing a database to the shape that the code expects."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.errors import Conflict
from migrations.metadata import METADATA, ours

EMPTYING = ("drop schema public cascade", "create schema public authorization pg_database_owner")
# Two servers that start together must not migrate together.
_LOCK = 0x51_71_11
_TABLES = """select format('%I.%I', schemaname, tablename) from pg_tables
              where schemaname not in ('pg_catalog', 'information_schema') and tablename <> 'alembic_version'"""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    config.attributes["connection"] = connection
    return config


async def migrate(engine: AsyncEngine) -> None:
    """From whatever revision (or none) to the newest, in one transaction."""

    def upgrade(connection: Connection) -> None:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(_config(connection), "head")

    async with engine.begin() as connection:
        await connection.run_sync(upgrade)


async def differences(engine: AsyncEngine) -> list[str]:
    """What the database has otherwise than the code; empty where they agree."""

    def compare(connection: Connection) -> list[str]:
        context = MigrationContext.configure(connection, opts={"include_name": ours})
        return [repr(change) for change in compare_metadata(context, METADATA)]

    async with engine.connect() as connection:
        return await connection.run_sync(compare)


async def revisions(engine: AsyncEngine) -> tuple[str | None, str | None]:
    """The revision that the database is at, and the newest there is."""

    def current(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with engine.connect() as connection:
        return await connection.run_sync(current), ScriptDirectory.from_config(_config()).get_current_head()


async def refuse_rows(engine: AsyncEngine) -> None:
    """Raises Conflict where any table has a row."""
    async with engine.connect() as connection:
        for table in (await connection.exec_driver_sql(_TABLES)).scalars().all():
            if (await connection.exec_driver_sql(f"select exists (select from {table})")).scalar_one():
                raise Conflict("the database is not empty: a dump is restored into an empty one only")


async def empty(engine: AsyncEngine) -> None:
    """Takes all tables out of a database, with what is in them."""
    async with engine.begin() as connection:
        for statement in EMPTYING:
            await connection.execute(text(statement))


async def generate(engine: AsyncEngine, message: str) -> None:
    """Writes the migration that leads from the database as it is to the code as it is, to be read and mended by hand."""

    def revision(connection: Connection) -> None:
        command.revision(_config(connection), message, autogenerate=True)

    async with engine.begin() as connection:
        await connection.run_sync(revision)
