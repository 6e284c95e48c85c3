"""Rows of people who sign in: accounts of staff and of agencies' officers, where they work, sessions, and what they approve."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from access.models import PURPOSES, Instant
from access.rights import OF_AGENCIES, Role
from core.database import Base, Spread

ROLES = ", ".join(f"'{role}'" for role in Role)
_OF_AGENCIES = ", ".join(f"'{role}'" for role in sorted(OF_AGENCIES))


class Operator(Base):
    """A private body that acts for an agency, under a dated mandate."""

    __tablename__ = "operator"
    __spread__ = Spread.REFERENCE
    __table_args__ = (CheckConstraint("valid_from < valid_to", name="dates"),)

    operator_id: Mapped[UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.agency_id"))
    name_ar: Mapped[str] = mapped_column(String(200))
    name_fr: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    mandate: Mapped[str] = mapped_column(String(400))  # the contract or decision that it acts under
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class Office(Base):
    """Where officers of an agency work; of an operator's where it names one."""

    __tablename__ = "office"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        UniqueConstraint("agency_id", "code"),
        CheckConstraint("kind in ('BRANCH', 'MOBILE', 'PAY_POINT')", name="kind"),
    )

    office_id: Mapped[UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(ForeignKey("agency.agency_id"))
    operator_id: Mapped[UUID | None] = mapped_column(ForeignKey("operator.operator_id"))
    kind: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(32))
    name_ar: Mapped[str] = mapped_column(String(200))
    name_fr: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    division: Mapped[str | None] = mapped_column(String(16))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class Account(Base):
    """Somebody of the registry's staff, or (with an agency) an officer. Without a password it was not taken up yet.

    `login`: the keyed hash of the e-mail. `second_factor`: the keyed hash of the secret, so that no two people have one key.
    """

    __tablename__ = "account"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        UniqueConstraint("login", "key_version"),
        UniqueConstraint("second_factor"),
        CheckConstraint("octet_length(login) = 16", name="login"),
        CheckConstraint("(password is null) = (totp is null)", name="both_factors"),
        CheckConstraint("(totp is null) = (second_factor is null)", name="second_factor"),
        CheckConstraint("agency_id is not null or office_id is null", name="office"),
        CheckConstraint(f"purposes <@ array[{PURPOSES}]::varchar[]", name="purposes"),
        CheckConstraint("lang in ('AR', 'FR', 'EN')", name="lang"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID | None] = mapped_column(ForeignKey("agency.agency_id"))
    office_id: Mapped[UUID | None] = mapped_column(ForeignKey("office.office_id"))
    purposes: Mapped[list[str] | None] = mapped_column(ARRAY(String(32)))  # of the agency's; null: all of them
    login: Mapped[bytes] = mapped_column(LargeBinary)
    key_version: Mapped[int] = mapped_column(SmallInteger)
    data_key: Mapped[bytes] = mapped_column(LargeBinary)
    email: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[bytes] = mapped_column(LargeBinary)
    password: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp: Mapped[bytes | None] = mapped_column(LargeBinary)
    second_factor: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0)  # the last one used: no code serves twice
    lang: Mapped[str] = mapped_column(String(2))
    made_at: Mapped[datetime] = mapped_column(Instant)
    made_by: Mapped[UUID | None]
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    disabled_by_agency: Mapped[bool] = mapped_column(default=False)  # its own people did it, and may invite it again


class RoleGrant(Base):
    """A role of an account, in a division (or the whole country), from and until a date."""

    __tablename__ = "role_grant"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        CheckConstraint(f"role in ({ROLES})", name="role"),
        CheckConstraint("valid_from < valid_to", name="dates"),
        CheckConstraint(f"division is null or role not in ({_OF_AGENCIES})", name="division"),
        Index(None, "account_id"),
    )

    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.account_id"))
    role: Mapped[str] = mapped_column(String(24))
    division: Mapped[str | None] = mapped_column(String(16))
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class RecoveryCode(Base):
    """The keyed hash of a code that stands in for a lost second factor, once."""

    __tablename__ = "recovery_code"
    __spread__ = Spread.REFERENCE

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.account_id"), primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Invitation(Base):
    """SHA-256 of a link's token: whoever holds it takes an account up, once, before it expires."""

    __tablename__ = "invitation"
    __spread__ = Spread.REFERENCE
    __table_args__ = (CheckConstraint("octet_length(token_hash) = 32", name="token_hash"), Index(None, "account_id"))

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.account_id"))
    invited_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Session(Base):
    """SHA-256 of a session's token. `kind` HALF is a sign-in that has no second factor yet: it opens nothing else.

    Of a citizen: `holder_id` signed in, `person_id` is whose affairs are seen to; `assistant_id` sits beside, for one `form`.
    """

    __tablename__ = "session"
    __spread__ = Spread.VALUE
    __spread_by__ = "session_hash"
    __table_args__ = (
        CheckConstraint("octet_length(session_hash) = 32", name="session_hash"),
        CheckConstraint("kind in ('HALF', 'ACCOUNT', 'CITIZEN', 'ASSISTED')", name="kind"),
        CheckConstraint("(kind in ('CITIZEN', 'ASSISTED')) = (holder_id is not null)", name="holder"),
        CheckConstraint("(holder_id is null) = (person_id is null)", name="person"),
        CheckConstraint("(kind in ('HALF', 'ACCOUNT')) = (account_id is not null)", name="account"),
        CheckConstraint("(kind = 'ASSISTED') = (assistant_id is not null and form is not null)", name="assisted"),
        CheckConstraint("assistant_session is null or assistant_id is not null", name="assistant_session"),
        Index(None, "account_id"),
        Index(None, "holder_id"),
        Index(None, "assistant_id"),
        Index(None, "expires_at"),
    )

    session_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.account_id"))
    holder_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    assistant_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.account_id"))
    assistant_session: Mapped[bytes | None] = mapped_column(LargeBinary)  # the one that it was begun in, and ends with
    form: Mapped[str | None] = mapped_column(String(32))
    began_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class Throttle(Base):
    """How often something was tried in a window of time, under a keyed hash of who or what tried."""

    __tablename__ = "throttle"
    __spread__ = Spread.VALUE
    __spread_by__ = "key"
    __table_args__ = (CheckConstraint("octet_length(key) = 16", name="key"), Index(None, "window_end"))

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    window_end: Mapped[datetime] = mapped_column(Instant)
    used: Mapped[int]


class OneTimeCode(Base):
    """A code that was sent to somebody (or, for a stranger, to nobody): its keyed hash, and the tries that are left."""

    __tablename__ = "one_time_code"
    __spread__ = Spread.VALUE
    __spread_by__ = "challenge_id"
    __table_args__ = (
        CheckConstraint("octet_length(code_hash) = 16", name="code_hash"),
        CheckConstraint("tries_left >= 0", name="tries"),
        CheckConstraint("purpose in ('SIGN_IN', 'ASSIST', 'TESTIMONY')", name="purpose"),
        Index(None, "expires_at"),
    )

    challenge_id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID]  # the person, or the id that stands for a stranger
    purpose: Mapped[str] = mapped_column(String(16))
    assistant_id: Mapped[UUID | None]
    form: Mapped[str | None] = mapped_column(String(32))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    tries_left: Mapped[int] = mapped_column(SmallInteger)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Proposal(Base):
    """A dangerous act that one person asks for and another approves: the exact change, known by its hash.

    `territory`: the divisions that it touches; null is the whole country. `outcome`: what was made by it.
    """

    __tablename__ = "proposal"
    __spread__ = Spread.VALUE
    __spread_by__ = "proposal_id"
    __table_args__ = (
        CheckConstraint("octet_length(hash) = 32", name="hash"),
        CheckConstraint("decision in ('APPROVED', 'REJECTED', 'TAKEN_BACK')", name="decision"),
        CheckConstraint(
            "(decision is null) = (decided_at is null) and (decision is null) = (decided_by is null)", name="decided"
        ),
        CheckConstraint("(decided_by = proposed_by) = (decision = 'TAKEN_BACK')", name="second_person"),
        CheckConstraint("proposed_at < expires_at", name="dates"),
        Index(None, "proposed_at", postgresql_where=text("decision is null")),
    )

    proposal_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    change: Mapped[dict[str, Any]] = mapped_column(JSONB)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    territory: Mapped[list[str] | None] = mapped_column(ARRAY(String(16)))
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("account.account_id"))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    decision: Mapped[str | None] = mapped_column(String(16))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.account_id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(String(1000))
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class Done(Base):
    """What a caller had done under a key of its own: the same request again gets the same outcome, and does nothing."""

    __tablename__ = "done"
    __spread__ = Spread.VALUE
    __spread_by__ = "actor_id"
    __table_args__ = (
        CheckConstraint("octet_length(key_hash) = 16 and octet_length(input_hash) = 16", name="hashes"),
        Index(None, "expires_at"),
    )

    actor_id: Mapped[UUID] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    expires_at: Mapped[datetime] = mapped_column(Instant)
