"""Rows of the social register's work: what households ask for, what partners report, what is contested and how it was decided.

What people write in words is sealed under the data key of the household; what a request declares, and what names a line, a
meter or a plot, under that of the person it comes from or is of. A request to be registered has the id that its household
will have.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Spread
from registry.facts import Milieu, Source
from registry.models import DURING, Instant, one_of


class HouseholdResidence(Base):
    """Where a household lived, and when. `household` has the place of today; both are written together."""

    __tablename__ = "household_residence"
    __spread__ = Spread.HOUSEHOLD
    __table_args__ = (
        CheckConstraint(f"milieu in {one_of(Milieu)}", name="milieu"),
        CheckConstraint("region between 1 and 12", name="region"),
        CheckConstraint("valid_from < valid_to", name="dates"),
        ExcludeConstraint(("household_id", "="), (DURING, "&&"), name="ex_household_residence_one_at_a_time"),
    )

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.household_id"), primary_key=True)
    residence_id: Mapped[UUID] = mapped_column(primary_key=True)
    milieu: Mapped[str] = mapped_column(String(8))
    region: Mapped[int] = mapped_column(SmallInteger)
    division: Mapped[str] = mapped_column(ForeignKey("division.code"))
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime | None] = mapped_column(Instant)


class HouseholdRequest(Base):
    """What a household asks for: to be registered, changed, confirmed or taken out. `form`: what was declared, sealed.

    Sealed under the key of the person who asks; frozen at submission and then known by `form_hash` (it holds a random salt).
    Null once what was refused is erased.
    """

    __tablename__ = "household_request"
    __spread__ = Spread.HOUSEHOLD
    __table_args__ = (
        CheckConstraint("kind in ('REGISTRATION', 'UPDATE', 'EVENT', 'CONFIRMATION', 'LEAVING', 'WITHDRAWAL')", name="kind"),
        CheckConstraint("state in ('DRAFT', 'IN_PROGRESS', 'PROCESSED', 'REJECTED', 'WITHDRAWN')", name="state"),
        CheckConstraint("channel in ('ONLINE', 'CENTRE')", name="channel"),
        CheckConstraint("state in ('REJECTED', 'WITHDRAWN') or (state = 'DRAFT') = (submitted_at is null)", name="submitted"),
        CheckConstraint("(state = 'REJECTED') = (reason is not null)", name="reason"),
        CheckConstraint("(decided_at is not null) = (state in ('PROCESSED', 'REJECTED', 'WITHDRAWN'))", name="decided"),
        CheckConstraint("octet_length(form_hash) = 32", name="form_hash"),
        Index("ix_household_request_open", "due_at", "household_id", postgresql_where=text("state = 'IN_PROGRESS'")),
        Index("ix_household_request_draft", "asked_by", postgresql_where=text("state = 'DRAFT'")),
        Index(None, "request_id"),
    )

    household_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    form: Mapped[bytes | None] = mapped_column(LargeBinary)
    form_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    division: Mapped[str | None] = mapped_column(String(16))
    lang: Mapped[str] = mapped_column(String(2))
    asked_by: Mapped[UUID]  # the person
    assisted_by: Mapped[UUID | None]  # the account beside
    begun_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)  # of a draft
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[UUID | None]  # an account; null: by the answers of all who were asked
    reason: Mapped[str | None] = mapped_column(String(32))


class LifeEvent(Base):
    """A birth, death, marriage, divorce or move, entered once: what it changed in persons and households hangs on it.

    `household_id`: the household in which it happened. `changes`: what was done, by ids.
    """

    __tablename__ = "life_event"
    __spread__ = Spread.HOUSEHOLD
    __table_args__ = (
        CheckConstraint("kind in ('BIRTH', 'DEATH', 'MARRIAGE', 'DIVORCE', 'MOVE', 'ARRIVAL', 'DEPARTURE')", name="kind"),
        CheckConstraint("source in ('DECLARED', 'CIVIL_STATUS', 'REGISTRY')", name="source"),
        Index(None, "person_id"),
    )

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.household_id"), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[UUID | None]
    happened_on: Mapped[date]
    source: Mapped[str] = mapped_column(String(16))
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    recorded_by: Mapped[UUID | None]


class FeedItem(Base):
    """One thing that a partner says of a person: a line and its bill of a month, a vehicle, a plot, a wage, a school.

    `reference`: the line's, meter's or plate's number, sealed under the person's key; `reference_hash` keyed, so that the same
    item is known again. `period`: the month's first day (null: what stands until it ends). A later report (`reported_at`)
    replaces an earlier one, in whatever order they come. What was contested and found wrong counts nowhere.
    """

    __tablename__ = "feed_item"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint(f"source in {one_of(Source)}", name="source"),
        CheckConstraint("dispute in ('NONE', 'OPEN', 'UPHELD', 'REJECTED')", name="dispute"),
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint("octet_length(reference_hash) = 16", name="reference_hash"),
        CheckConstraint("recorded_from < recorded_to", name="recorded_dates"),
        Index(
            "uq_feed_item_standing",
            "person_id",
            "source",
            "attribute",
            "reference_hash",
            text("coalesce(period, '-infinity'::date)"),
            unique=True,
            postgresql_where=text("recorded_to is null"),
        ),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(16))
    attribute: Mapped[str] = mapped_column(String(48))
    value: Mapped[int] = mapped_column(BigInteger)
    period: Mapped[date | None]
    reference: Mapped[bytes] = mapped_column(LargeBinary)
    reference_hash: Mapped[bytes] = mapped_column(LargeBinary)
    reported_at: Mapped[datetime] = mapped_column(Instant)
    recorded_from: Mapped[datetime] = mapped_column(Instant)
    recorded_to: Mapped[datetime | None] = mapped_column(Instant)
    dispute: Mapped[str] = mapped_column(String(8))


class Mismatch(Base):
    """What was declared differs from what a partner says: recorded, told to the household, settled or not."""

    __tablename__ = "mismatch"
    __spread__ = Spread.HOUSEHOLD
    __table_args__ = (
        CheckConstraint(f"source in {one_of(Source)}", name="source"),
        Index(
            "uq_mismatch_open",
            "household_id",
            "attribute",
            "source",
            text("coalesce(person_id, household_id)"),
            unique=True,
            postgresql_where=text("settled_at is null"),
        ),
    )

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.household_id"), primary_key=True)
    mismatch_id: Mapped[UUID] = mapped_column(primary_key=True)
    attribute: Mapped[str] = mapped_column(String(48))
    person_id: Mapped[UUID | None]
    source: Mapped[str] = mapped_column(String(16))
    declared: Mapped[int] = mapped_column(BigInteger)
    reported: Mapped[int] = mapped_column(BigInteger)
    found_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class HouseholdCase(Base):
    """Something an officer decides for a household: a contested item, one score, a complaint, its own question.

    DISPUTE: `fact_id` or `item_id` (of `person_id`); REVIEW: `score_id` under `formula_hash`; VALIDITY: nothing was confirmed
    in time; PROVISIONAL: a score that is not whole (`attribute` says of what). `words` and `answer` are sealed.
    """

    __tablename__ = "household_case"
    __spread__ = Spread.HOUSEHOLD
    __table_args__ = (
        CheckConstraint("kind in ('DISPUTE', 'REVIEW', 'COMPLAINT', 'VALIDITY', 'PROVISIONAL')", name="kind"),
        CheckConstraint(
            "state in ('SUBMITTED', 'IN_REVIEW', 'WAITING', 'ACCEPTED', 'PARTIALLY_ACCEPTED', 'REJECTED', 'WITHDRAWN')",
            name="state",
        ),
        CheckConstraint("kind <> 'DISPUTE' or (fact_id is null) <> (item_id is null)", name="contested"),
        CheckConstraint("(kind = 'REVIEW') = (score_id is not null and formula_hash is not null)", name="reviewed"),
        CheckConstraint(
            "(decided_at is not null) = (state in ('ACCEPTED', 'PARTIALLY_ACCEPTED', 'REJECTED', 'WITHDRAWN'))", name="decided"
        ),
        CheckConstraint("octet_length(formula_hash) = 32", name="formula_hash"),
        CheckConstraint("decided_by <> assisted_by", name="second_person"),
        Index("ix_household_case_open", "due_at", postgresql_where=text("state in ('SUBMITTED', 'IN_REVIEW', 'WAITING')")),
        Index(
            "uq_household_case_fact",
            "household_id",
            "fact_id",
            unique=True,
            postgresql_where=text("fact_id is not null and state in ('SUBMITTED', 'IN_REVIEW', 'WAITING')"),
        ),
        Index(
            "uq_household_case_item",
            "household_id",
            "item_id",
            unique=True,
            postgresql_where=text("item_id is not null and state in ('SUBMITTED', 'IN_REVIEW', 'WAITING')"),
        ),
        Index(None, "case_id"),
    )

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.household_id"), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(24))
    attribute: Mapped[str | None] = mapped_column(String(48))
    person_id: Mapped[UUID | None]
    fact_id: Mapped[UUID | None]
    item_id: Mapped[UUID | None]
    score_id: Mapped[UUID | None]
    formula_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    words: Mapped[bytes | None] = mapped_column(LargeBinary)
    division: Mapped[str | None] = mapped_column(String(16))
    asked_by: Mapped[UUID | None]  # a person; null: the registry itself
    assisted_by: Mapped[UUID | None]
    submitted_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    taken_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(32))
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    effective_from: Mapped[datetime | None] = mapped_column(Instant)  # from when what was won counts


class PopulationFigure(Base):
    """How many people and households live in a division's milieu, by a census or an estimate: coverage is measured by it."""

    __tablename__ = "population_figure"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        CheckConstraint(f"milieu in {one_of(Milieu)}", name="milieu"),
        CheckConstraint("persons >= 0 and households >= 0", name="figures"),
    )

    division: Mapped[str] = mapped_column(ForeignKey("division.code"), primary_key=True)
    milieu: Mapped[str] = mapped_column(String(8), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    persons: Mapped[int]
    households: Mapped[int]
