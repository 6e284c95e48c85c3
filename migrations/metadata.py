"""The tables of all rooms, as the code has them."""

from typing import Any

from sqlalchemy import MetaData

import access.account_models
import access.consent_models
import access.models
import core.models
import identity.models
import identity.register_models
import registry.case_models
import registry.models
import scoring.models
from core.database import Base

ROOMS = (
    core.models,
    access.models,
    access.account_models,
    access.consent_models,
    identity.models,
    identity.register_models,
    registry.models,
    registry.case_models,
    scoring.models,
)
METADATA: MetaData = Base.metadata
QUEUE = frozenset({"pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics"})
"""The tables of the queue: a library's own, made by a migration, and no part of the metadata."""


def ours(name: str | None, kind: str, _: Any) -> bool:
    """For alembic: whether a thing of the database is to be compared with the metadata."""
    return kind != "table" or name not in QUEUE
