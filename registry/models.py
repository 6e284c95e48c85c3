"""Rows of households: who lives together, and what is known of them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, NUMERIC, TIMESTAMP, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Spread
from registry.facts import FACT_KINDS, Kinship, Milieu, Source

Instant = TIMESTAMP(timezone=True)


def one_of(values: Any) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


_RANGES = " or ".join(
    f"(attribute = '{kind.attribute}' and value between {kind.low} and {kind.high})" for kind in FACT_KINDS.values()
)
DURING = text("tstzrange(valid_from, valid_to)")


class Household(Base):
    """Milieu, region and division are inputs of scoring and of targeting, plain under the household's random id."""

    __tablename__ = "household"
    __spread__ = Spread.HOUSEHOLD
    __table_args__ = (
        CheckConstraint(f"milieu in {one_of(Milieu)}", name="milieu"),
        CheckConstraint("region between 1 and 12", name="region"),
    )

    household_id: Mapped[UUID] = mapped_column(primary_key=True)
    data_key: Mapped[bytes] = mapped_column(LargeBinary)
    code: Mapped[bytes] = mapped_column(LargeBinary)  # sealed: it holds the head's IDCS
    declarant_id: Mapped[UUID]
    milieu: Mapped[str] = mapped_column(String(8))
    region: Mapped[int] = mapped_column(SmallInteger)
    division: Mapped[str] = mapped_column(ForeignKey("division.code"))
    registered_at: Mapped[datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)


class Membership(Base):
    """Who belongs to a household, and since when: one head at a time, nobody twice at a time."""

    __tablename__ = "membership"
    __spread__ = Spread.HOUSEHOLD
    __table_args__ = (
        CheckConstraint(f"kinship in {one_of(Kinship)}", name="kinship"),
        CheckConstraint("valid_from < valid_to", name="dates"),
        ExcludeConstraint(("household_id", "="), (DURING, "&&"), where=text("kinship = 'HEAD'"), name="ex_membership_one_head"),
        ExcludeConstraint(("household_id", "="), ("person_id", "="), (DURING, "&&"), name="ex_membership_nobody_twice"),
    )

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.household_id"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    kinship: Mapped[str] = mapped_column(String(16))
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime | None] = mapped_column(Instant)


class PersonHousehold(Base):
    """The same memberships by person: one household per person at a time. Written together with `membership`."""

    __tablename__ = "person_household"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="dates"),
        ExcludeConstraint(("person_id", "="), (DURING, "&&"), name="ex_person_household_one_at_a_time"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(primary_key=True)
    household_id: Mapped[UUID]
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime | None] = mapped_column(Instant)


class Fact(Base):
    """One thing known of a household or of one of its members: value, source, when it held, when it was recorded.

    A whole number in the unit of its kind (`registry/facts.py`).
    """

    __tablename__ = "fact"
    __spread__ = Spread.HOUSEHOLD
    __table_args__ = (
        CheckConstraint(_RANGES, name="range"),
        CheckConstraint("(attribute like 'member.%') = (person_id is not null)", name="of_whom"),
        CheckConstraint(f"source in {one_of(Source)}", name="source"),
        CheckConstraint("valid_from < valid_to", name="valid_dates"),
        CheckConstraint("recorded_from < recorded_to", name="recorded_dates"),
        CheckConstraint("dispute in ('NONE', 'OPEN', 'UPHELD', 'REJECTED')", name="dispute"),
        Index(None, "household_id", "attribute"),
    )

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.household_id"), primary_key=True)
    fact_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID | None]
    attribute: Mapped[str] = mapped_column(String(48))
    value: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[UUID | None]
    dispute: Mapped[str] = mapped_column(String(8))
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime | None] = mapped_column(Instant)
    recorded_from: Mapped[datetime] = mapped_column(Instant)
    recorded_to: Mapped[datetime | None] = mapped_column(Instant)


class Programme(Base):
    """One published version of a social programme's document."""

    __tablename__ = "programme"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        UniqueConstraint("hash"),
        CheckConstraint("octet_length(hash) = 32", name="hash"),
        CheckConstraint("since < until", name="dates"),
    )

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    formula: Mapped[str] = mapped_column(String(32))
    threshold: Mapped[Any] = mapped_column(NUMERIC(24, 12))
    since: Mapped[date]
    until: Mapped[date | None]
