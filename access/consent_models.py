"""Rows of consents: what a person lets an agency ask for, each change of it as a link of a chain, and what people were told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from access.models import PURPOSES, Instant
from core.database import Base, Spread


class Consent(Base):
    """What a person lets one agency ask for, for one purpose, until a date. `attributes`: of the requested ones, those granted.

    `state` holds what somebody did; what time does (a request lapses, a consent expires) follows from the dates.
    """

    __tablename__ = "consent"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="dates"),
        CheckConstraint("valid_to <= valid_from + interval '17544 hours'", name="longest"),
        CheckConstraint("cardinality(requested) > 0 and attributes <@ requested", name="attributes"),
        CheckConstraint("(cardinality(attributes) = 0) = (state in ('REQUESTED', 'DECLINED'))", name="granted"),
        CheckConstraint(
            "state in ('REQUESTED', 'GRANTED', 'DECLINED', 'PAUSED', 'WITHDRAWN', 'SUPERSEDED', 'INVALIDATED')", name="state"
        ),
        CheckConstraint(f"purpose in ({PURPOSES})", name="purpose"),
        CheckConstraint("method in ('LINK', 'NOTICE', 'ASSISTED', 'IMPORTED')", name="method"),
        CheckConstraint("(method = 'IMPORTED') = (answer_by is null)", name="answer_by"),
        CheckConstraint("method = 'IMPORTED' or notice_hash is not null", name="notice"),
        CheckConstraint("method = 'LINK' or link_hash is null", name="link"),
        CheckConstraint("per in ('HOUR', 'DAY', 'WEEK', 'MONTH', 'IN_ALL')", name="per"),
        CheckConstraint("(uses is null) = (per is null) and uses > 0", name="uses"),
        CheckConstraint("data_life_days > 0", name="data_life"),
        Index("ix_consent_in_force", "person_id", "agency_id", "purpose", postgresql_where=text("state = 'GRANTED'")),
        Index(None, "agency_id", "consent_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    consent_id: Mapped[UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.agency_id"))
    purpose: Mapped[str] = mapped_column(String(32))
    requested: Mapped[list[str]] = mapped_column(ARRAY(String(64)))
    attributes: Mapped[list[str]] = mapped_column(ARRAY(String(64)))
    state: Mapped[str] = mapped_column(String(12))
    answer_by: Mapped[datetime | None] = mapped_column(Instant)
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime] = mapped_column(Instant)
    uses: Mapped[int | None]
    per: Mapped[str | None] = mapped_column(String(8))
    data_life_days: Mapped[int]
    method: Mapped[str] = mapped_column(String(8))
    notice_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    reference: Mapped[str | None] = mapped_column(String(64))
    link_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    revision: Mapped[int]
    chain_hash: Mapped[bytes] = mapped_column(LargeBinary)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class ConsentRevision(Base):
    """One change of a consent: a document that holds its predecessor's hash. Rows are only ever added."""

    __tablename__ = "consent_revision"
    __spread__ = Spread.PERSON
    __table_args__ = (
        ForeignKeyConstraint(["person_id", "consent_id"], ["consent.person_id", "consent.consent_id"]),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("(number = 1) = (previous_hash is null)", name="previous"),
        CheckConstraint("octet_length(hash) = 32 and octet_length(previous_hash) = 32", name="hashes"),
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    consent_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(Instant)


class ConsentNotice(Base):
    """What people are told when an agency asks for their consent for a purpose: one published version, in three languages."""

    __tablename__ = "consent_notice"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        UniqueConstraint("hash"),
        CheckConstraint("octet_length(hash) = 32", name="hash"),
        CheckConstraint(f"purpose in ({PURPOSES})", name="purpose"),
        CheckConstraint("version > 0", name="version"),
    )

    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.agency_id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    valid_from: Mapped[datetime] = mapped_column(Instant)
    published_at: Mapped[datetime] = mapped_column(Instant)
