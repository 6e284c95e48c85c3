"""Rows of people and their identifiers. Whatever names, locates or reaches a person is sealed under that person's data key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from access.models import PURPOSES
from core.database import Base, Spread
from identity.divisions import Level

Instant = TIMESTAMP(timezone=True)

# Several people may share a telephone; nobody shares the others.
UNIQUE_KINDS = ("IDCS", "CNIE", "RESIDENCE_PERMIT", "HOUSEHOLD_CODE", "VIRTUAL_ID", "RECEIPT", "ATTESTATION")
_KINDS = ", ".join(f"'{kind}'" for kind in (*UNIQUE_KINDS, "TELEPHONE", "EMAIL"))
LEVELS = ", ".join(f"'{level}'" for level in Level)
_UNIQUE = ", ".join(f"'{kind}'" for kind in UNIQUE_KINDS)


class Division(Base):
    """Regions, provinces and communes."""

    __tablename__ = "division"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        CheckConstraint(f"level in ({LEVELS})", name="level"),
        CheckConstraint("(level = 'REGION') = (parent is null)", name="parent"),
        CheckConstraint("milieu in ('URBAN', 'RURAL')", name="milieu"),
    )

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    level: Mapped[str] = mapped_column(String(16))
    parent: Mapped[str | None] = mapped_column(ForeignKey("division.code"))
    name_fr: Mapped[str] = mapped_column(String(120))
    name_ar: Mapped[str] = mapped_column(String(120))
    milieu: Mapped[str | None] = mapped_column(String(8))


class Person(Base):
    """One person. DECOY is the one row that stands in for strangers: it has no identifier and is nobody."""

    __tablename__ = "person"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("status in ('ACTIVE', 'SUSPENDED', 'DECEASED', 'CANCELLED', 'DECOY')", name="status"),
        CheckConstraint("lang in ('AR', 'FR', 'EN')", name="lang"),
        CheckConstraint("status_until is null or status = 'SUSPENDED'", name="status_until"),
        CheckConstraint("data_key is not null or status = 'CANCELLED'", name="erased"),
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    data_key: Mapped[bytes | None] = mapped_column(LargeBinary)  # null: erased, nothing that is sealed under it opens again
    status: Mapped[str] = mapped_column(String(16))
    status_since: Mapped[datetime] = mapped_column(Instant)
    status_until: Mapped[datetime | None] = mapped_column(Instant)  # of a suspension, which is over by itself
    status_reason: Mapped[str | None] = mapped_column(String(32))
    enrolled_at: Mapped[datetime] = mapped_column(Instant)
    idcs: Mapped[bytes] = mapped_column(LargeBinary)
    given_name_ar: Mapped[bytes | None] = mapped_column(LargeBinary)
    given_name_latin: Mapped[bytes | None] = mapped_column(LargeBinary)
    family_name_ar: Mapped[bytes | None] = mapped_column(LargeBinary)
    family_name_latin: Mapped[bytes | None] = mapped_column(LargeBinary)
    birth_date: Mapped[bytes] = mapped_column(LargeBinary)
    birth_place: Mapped[bytes | None] = mapped_column(LargeBinary)
    father_name: Mapped[bytes | None] = mapped_column(LargeBinary)
    mother_name: Mapped[bytes | None] = mapped_column(LargeBinary)
    sex: Mapped[bytes] = mapped_column(LargeBinary)
    marital_status: Mapped[bytes | None] = mapped_column(LargeBinary)
    nationality: Mapped[bytes] = mapped_column(LargeBinary)
    cnie: Mapped[bytes | None] = mapped_column(LargeBinary)
    residence_permit: Mapped[bytes | None] = mapped_column(LargeBinary)
    residence: Mapped[bytes | None] = mapped_column(LargeBinary)
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    telephone: Mapped[bytes | None] = mapped_column(LargeBinary)
    email: Mapped[bytes | None] = mapped_column(LargeBinary)
    lang: Mapped[str | None] = mapped_column(String(2))  # the one last chosen, for what is sent


class Identifier(Base):
    """The keyed hash of a value that leads to its holder; the place where national uniqueness holds."""

    __tablename__ = "identifier"
    __spread__ = Spread.VALUE
    __spread_by__ = "hash"
    __table_args__ = (
        CheckConstraint("octet_length(hash) = 16", name="hash"),
        CheckConstraint(f"kind in ({_KINDS})", name="kind"),
        Index(
            "uq_identifier_holder", "hash", "kind", "key_version", unique=True, postgresql_where=text(f"kind in ({_UNIQUE})")
        ),
    )

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key_version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(primary_key=True)


class Relative(Base):
    """A parent or a guardian of a person, while the bond holds. The relative is named by id alone: it may live elsewhere."""

    __tablename__ = "relative"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("kind in ('MOTHER', 'FATHER', 'GUARDIAN')", name="kind"),
        CheckConstraint("person_id <> relative_id", name="another"),
        CheckConstraint("valid_from < valid_to", name="dates"),
        ExcludeConstraint(
            ("person_id", "="),
            ("kind", "="),
            (text("tstzrange(valid_from, valid_to)"), "&&"),
            where=text("kind in ('MOTHER', 'FATHER')"),
            name="ex_relative_one_at_a_time",
        ),
        Index("ix_relative_wards", "relative_id", postgresql_where=text("kind = 'GUARDIAN'")),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    relative_id: Mapped[UUID] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    valid_to: Mapped[datetime | None] = mapped_column(Instant)


class IdentityLock(Base):
    """The holder's own lock: which purposes it stops, until when, and whether also where a legal mandate rules."""

    __tablename__ = "identity_lock"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="dates"),
        CheckConstraint(f"purposes <@ array[{PURPOSES}]::varchar[] and cardinality(purposes) > 0", name="purposes"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    lock_id: Mapped[UUID] = mapped_column(primary_key=True)
    purposes: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    mandated_too: Mapped[bool]
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime | None] = mapped_column(Instant)


class TelephoneChange(Base):
    """A new telephone of a person, set at a centre or vouched for by two registered people. It counts from `takes_effect_at`.

    Until then the holder of the old one may stop it. Vouched for: `takes_effect_at` is known once both have confirmed.
    """

    __tablename__ = "telephone_change"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("method in ('CENTRE', 'WITNESSES')", name="method"),
        CheckConstraint("(method = 'CENTRE') = (agent_id is not null)", name="agent"),
        CheckConstraint("applied_at is null or stopped_at is null", name="one_end"),
        CheckConstraint("applied_at >= takes_effect_at", name="waited"),
        CheckConstraint("stopped_by in ('HOLDER', 'CENTRE')", name="stopped_by"),
        CheckConstraint("stopped_by is null or stopped_at is not null", name="stopped"),
        CheckConstraint("not firm or method = 'CENTRE' and stopped_by is distinct from 'HOLDER'", name="firm"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    change_id: Mapped[UUID] = mapped_column(primary_key=True)
    telephone: Mapped[bytes] = mapped_column(LargeBinary)
    method: Mapped[str] = mapped_column(String(16))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.account_id"))
    begun_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)  # by when witnesses must have confirmed
    takes_effect_at: Mapped[datetime | None] = mapped_column(Instant)
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)
    stopped_by: Mapped[str | None] = mapped_column(String(8))
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    firm: Mapped[bool] = mapped_column(default=False)


class TelephoneWitness(Base):
    """Somebody registered who is asked to vouch for a change of another's telephone. Kept with the witness, who answers.

    `claim`: the name and the number as the applicant typed them, sealed under the witness's key; nothing of the register.
    `applicant_id`, `change_id`: or ids that stand for nobody and nothing, where nothing can come of it.
    """

    __tablename__ = "telephone_witness"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("applicant_id <> person_id", name="another"),
        CheckConstraint("(confirmed is null) = (answered_at is null)", name="answered"),
        Index(None, "change_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)  # the witness
    change_id: Mapped[UUID] = mapped_column(primary_key=True)
    applicant_id: Mapped[UUID]
    claim: Mapped[bytes] = mapped_column(LargeBinary)
    asked_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    confirmed: Mapped[bool | None]


class AccessReport(Base):
    """A person finds that an access to their data was not right. The text is sealed under the person's key.

    `subject_id`: whom the entry is kept under, the person or a household of the person's. `division`: where the person resides,
    for whoever answers there; null: nobody knows where.
    """

    __tablename__ = "access_report"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("(answered_at is null) = (answer is null)", name="answered"),
        Index(None, "reported_at"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID]
    entry_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(String(16))
    division: Mapped[str | None] = mapped_column(String(16))
    text: Mapped[bytes] = mapped_column(LargeBinary)
    reported_at: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    answered_by: Mapped[UUID | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
