"""How alembic runs here: on the connection that `migrations.run` hands it, with a lock timeout, in one transaction."""

from alembic import context
from sqlalchemy import Connection, text

from migrations.metadata import METADATA, ours

connection: Connection = context.config.attributes["connection"]
connection.execute(text("set lock_timeout = '5s'"))
context.configure(
    connection=connection, target_metadata=METADATA, include_name=ours, compare_type=True, transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
