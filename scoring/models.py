"""Rows of formulas and of the scores made by them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, NUMERIC, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Spread

Instant = TIMESTAMP(timezone=True)


class Formula(Base):
    """One published formula document, known by its hash. `valid_from` is null while the day is not known."""

    __tablename__ = "formula"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("octet_length(hash) = 32", name="hash"),
    )

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    version: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    valid_from: Mapped[date | None]


class Score(Base):
    """A household's score and all that is needed to make it again.

    The arrays run over the formula's contributions of that milieu in their order (constant, region, terms): the value of
    each variable as a fraction (0/0 where it was not known), and its amount in units of 10^-12. `ages_change_on` is the next
    day on which an age alone may change the score.

    The inputs are those that were known at `calculated_at` and held at `effective_from`; the two differ where a contested
    value was corrected, from its own day on. `origin`: the request, delivery or case
    that set it off (null: a load).
    """

    __tablename__ = "score"
    __spread__ = Spread.HOUSEHOLD
    __table_args__ = (
        CheckConstraint(
            "cardinality(numerators) = cardinality(denominators) and cardinality(numerators) = cardinality(amounts)",
            name="lengths",
        ),
        CheckConstraint("octet_length(inputs_hash) = 32", name="inputs_hash"),
        CheckConstraint("complete = (cardinality(missing) = 0)", name="complete"),
        CheckConstraint(
            "cause in ('REGISTRATION', 'UPDATE', 'EVENT', 'FEED', 'CORRECTION', 'AGE', 'FORMULA', 'PRICES')", name="cause"
        ),
        CheckConstraint("effective_from <= calculated_at", name="effective_from"),
        Index(None, "household_id", "calculated_at"),
        Index("ix_score_ages_change_on", "ages_change_on", postgresql_where=text("ages_change_on is not null")),
    )

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.household_id"), primary_key=True)
    score_id: Mapped[UUID] = mapped_column(primary_key=True)
    formula_hash: Mapped[bytes] = mapped_column(ForeignKey("formula.hash"))
    inputs_hash: Mapped[bytes] = mapped_column(LargeBinary)
    milieu: Mapped[str] = mapped_column(String(8))
    region: Mapped[int] = mapped_column(SmallInteger)
    value: Mapped[Decimal] = mapped_column(NUMERIC(24, 12))
    complete: Mapped[bool]
    missing: Mapped[list[str]] = mapped_column(ARRAY(String(64)))
    cause: Mapped[str] = mapped_column(String(16))
    calculated_at: Mapped[datetime] = mapped_column(Instant)
    effective_from: Mapped[datetime] = mapped_column(Instant)
    origin: Mapped[UUID | None]
    ages_change_on: Mapped[date | None]
    numerators: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    denominators: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    amounts: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
