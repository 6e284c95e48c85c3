"""Rows of agencies that ask and what they may see: keys, agreements, mandates, counters, the ledger; and of messages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from access.call import Purpose
from core.database import Base, Spread

Instant = TIMESTAMP(timezone=True)
PURPOSES = ", ".join(f"'{purpose}'" for purpose in Purpose)


class Instance(Base):
    """What this database is: its mark ("demo" or ""), its issuer, and the fingerprint of the only keys that open it."""

    __tablename__ = "instance"
    __spread__ = Spread.REFERENCE
    __table_args__ = (CheckConstraint("single", name="single"),)

    single: Mapped[bool] = mapped_column(primary_key=True, default=True)
    mark: Mapped[str] = mapped_column(String(16))
    issuer: Mapped[str] = mapped_column(String(200))
    key_fingerprint: Mapped[str] = mapped_column(String(64))
    numbers_issued: Mapped[int] = mapped_column(BigInteger, default=0)


class Agency(Base):
    __tablename__ = "agency"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("code ~ '^[A-Z][A-Z0-9_]{1,31}$'", name="code"),
        CheckConstraint("duties <@ array['BIOMETRIC_MATCHING']::varchar[]", name="duties"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    name_ar: Mapped[str] = mapped_column(String(200))
    name_fr: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    enrolled_at: Mapped[datetime] = mapped_column(Instant)
    duties: Mapped[list[str]] = mapped_column(ARRAY(String(32)), default=list)  # what it is charged with besides asking
    suspended_at: Mapped[datetime | None] = mapped_column(Instant)
    suspended_by: Mapped[UUID | None]  # the account that did; null: at the machine itself


class AgencyKey(Base):
    """A public key that an agency signs its assertions with; several may be valid side by side."""

    __tablename__ = "agency_key"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="dates"),
        CheckConstraint("alg in ('ES256', 'EdDSA')", name="alg"),
    )

    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.agency_id"), primary_key=True)
    kid: Mapped[str] = mapped_column(String(128), primary_key=True)
    alg: Mapped[str] = mapped_column(String(8))
    jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_by: Mapped[UUID | None]  # the account that did; null: at the machine itself


class Agreement(Base):
    """One published version of what an agency may ask for: immutable, dated, known by the hash of its document."""

    __tablename__ = "agreement"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        UniqueConstraint("hash"),
        CheckConstraint("valid_from < valid_to", name="dates"),
        CheckConstraint("octet_length(hash) = 32", name="hash"),
    )

    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.agency_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime] = mapped_column(Instant)
    suspended_at: Mapped[datetime | None] = mapped_column(Instant)
    suspended_by: Mapped[UUID | None]  # the account that did; null: at the machine itself


class Mandate(Base):
    """A legal mandate: an article of law that lets an agency ask for attributes, for one purpose, without consent."""

    __tablename__ = "mandate"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        UniqueConstraint("hash"),
        CheckConstraint("valid_from < valid_to", name="dates"),
        CheckConstraint("octet_length(hash) = 32", name="hash"),
        CheckConstraint(f"purpose in ({PURPOSES})", name="purpose"),
        Index(None, "agency_id", "purpose"),
    )

    mandate_id: Mapped[UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.agency_id"))
    purpose: Mapped[str] = mapped_column(String(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_by: Mapped[UUID | None]  # the account that did; null: at the machine itself


class Replay(Base):
    """Every `jti` seen while it could still be used: SHA-256 of the key's thumbprint and the `jti`."""

    __tablename__ = "replay"
    __spread__ = Spread.VALUE
    __spread_by__ = "key"
    __table_args__ = (
        CheckConstraint("octet_length(key) = 32", name="key"),
        Index(None, "expires_at"),
    )

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class Counter(Base):
    """What has been used up in a window of time: failed questions about a subject or by an agency, and cost points."""

    __tablename__ = "counter"
    __spread__ = Spread.VALUE
    __spread_by__ = "owner_id"
    __table_args__ = (
        CheckConstraint("used >= 0", name="used"),
        CheckConstraint("kind in ('FAILURES', 'POINTS', 'CONSENT')", name="kind"),
        Index(None, "window_end"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.agency_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    window_end: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    used: Mapped[int]


class LedgerEntry(Base):
    """One subject, one root field, one answer. The leaf holds commitments; their salt is sealed under the subject's key.

    `shown_at`: from when its subject sees it; null: never. `holder_id`: the citizen who looked, at oneself or at a ward.
    """

    __tablename__ = "ledger_entry"
    __spread__ = Spread.VALUE
    __spread_by__ = "subject_id"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    agency_id: Mapped[UUID | None]
    shown_at: Mapped[datetime | None] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(8))
    holder_id: Mapped[UUID | None]
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    format: Mapped[int] = mapped_column(SmallInteger, default=1)


class Message(Base):
    """One notice to one address. Recipient and body are sealed under the owner's data key; the body goes once it was sent."""

    __tablename__ = "message"
    __spread__ = Spread.VALUE
    __spread_by__ = "owner_id"
    __table_args__ = (
        CheckConstraint("owner_kind in ('PERSON', 'ACCOUNT')", name="owner_kind"),
        CheckConstraint("channel in ('SMS', 'EMAIL')", name="channel"),
        CheckConstraint("lang in ('AR', 'FR', 'EN')", name="lang"),
        CheckConstraint("notice ~ '^[A-Z][A-Z_]*$'", name="notice"),
        CheckConstraint(
            "state in ('WAITING', 'SENDING', 'SENT', 'UNCERTAIN', 'REFUSED', 'LAPSED', 'SUPPRESSED', 'DROPPED')", name="state"
        ),
        CheckConstraint("state not in ('WAITING', 'SENDING', 'UNCERTAIN') or body is not null", name="body"),
        CheckConstraint("state <> 'SENDING' or attempt is not null", name="attempt"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(None, "told_at"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_kind: Mapped[str] = mapped_column(String(16))
    job_id: Mapped[UUID]
    notice: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(8))
    lang: Mapped[str] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(String(16))
    recipient: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    attempt: Mapped[UUID | None]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    told_at: Mapped[datetime] = mapped_column(Instant)
    useful_until: Mapped[datetime | None] = mapped_column(Instant)
    sending_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    error: Mapped[str | None] = mapped_column(String(100))
