"""Rows of work that is done beside requests."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Spread

Instant = TIMESTAMP(timezone=True)


class Job(Base):
    """Work to be done beside requests. `ticket` is the row of the queue that moves it now; a ticket is good for one run."""

    __tablename__ = "job"
    __spread__ = Spread.LOCAL
    __table_args__ = (
        CheckConstraint("state in ('WAITING', 'RUNNING', 'DONE', 'HELD', 'CANCELLED')", name="state"),
        CheckConstraint("(state in ('WAITING', 'RUNNING')) = (ticket is not null)", name="ticket"),
        CheckConstraint("(state in ('DONE', 'CANCELLED')) = (ended_at is not null)", name="ended"),
        CheckConstraint("done >= 0 and total >= 0 and failures >= 0 and runs >= 0", name="counts"),
        Index("uq_job_dedupe", "dedupe", unique=True, postgresql_where=text("state = 'WAITING' and runs = 0")),
        Index("ix_job_open", "created_at", postgresql_where=text("state in ('WAITING', 'RUNNING', 'HELD')")),
        Index(None, "ended_at"),
    )

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(16))
    ticket: Mapped[int | None] = mapped_column(BigInteger)
    dedupe: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    begun_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    progress: Mapped[Any | None] = mapped_column(JSONB)
    done: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int | None] = mapped_column(BigInteger)
    runs: Mapped[int]
    failures: Mapped[int] = mapped_column(SmallInteger)
    error: Mapped[str | None] = mapped_column(String(100))
    cancelling: Mapped[bool]
