"""Rows of the population register's work: requests to be enrolled or changed, their evidence, doubles, history, what a number
was given for. What people declare or decide in words is sealed under the data key of the person, or of who is to become one.

A request to be enrolled has the id that its person will have, and the same data key: what hangs on it stays where it is.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Spread

Instant = TIMESTAMP(timezone=True)
_OPEN = text("state = 'OPEN'")
_DECIDED = "(decided_at is not null) = (state in ('ACCEPTED', 'REJECTED', 'WITHDRAWN'))"


class Opening(Base):
    """From which day on people of a division may be enrolled, until it closes: nobody is where no division around is open."""

    __tablename__ = "opening"
    __spread__ = Spread.REFERENCE
    __table_args__ = (CheckConstraint("opens_on <= closes_on", name="dates"),)

    division: Mapped[str] = mapped_column(ForeignKey("division.code"), primary_key=True)
    opens_on: Mapped[date]
    closes_on: Mapped[date | None]  # the first day on which it is closed
    decided_at: Mapped[datetime] = mapped_column(Instant)
    decided_by: Mapped[UUID | None]


class Enrolment(Base):
    """A request to be enrolled. `person_id`: of the person that it becomes once it is accepted.

    `form`: what was declared, as one sealed document, frozen at submission and then known by `form_hash` (it holds a random
    salt, so that the hash tells nothing). Both are null once what was refused is erased, or the person. `applicant_id`: the
    registered person who asks for another, as their legal representative. `source`: the pack or file that it came in.
    """

    __tablename__ = "enrolment"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("state in ('DRAFT', 'SUBMITTED', 'IN_REVIEW', 'ACCEPTED', 'REJECTED')", name="state"),
        CheckConstraint("channel in ('ONLINE', 'CENTRE', 'FILE', 'PACK')", name="channel"),
        CheckConstraint("basis in ('DOCUMENTS', 'TESTIMONY')", name="basis"),
        CheckConstraint("state = 'REJECTED' or (state = 'DRAFT') = (submitted_at is null)", name="submitted"),
        CheckConstraint("(state = 'REJECTED') = (reason is not null)", name="reason"),
        CheckConstraint("(decided_at is not null) = (state in ('ACCEPTED', 'REJECTED'))", name="decided"),
        CheckConstraint("(data_key is null) = (form is null)", name="erased"),
        CheckConstraint("data_key is not null or state in ('ACCEPTED', 'REJECTED')", name="kept"),
        CheckConstraint("decided_by <> begun_by and decided_by <> submitted_by", name="second_person"),
        CheckConstraint("octet_length(form_hash) = 32", name="form_hash"),
        CheckConstraint("octet_length(secret_hash) = 16", name="secret_hash"),
        Index("ix_enrolment_open", "due_at", "person_id", postgresql_where=text("state in ('SUBMITTED', 'IN_REVIEW')")),
        Index("ix_enrolment_expires", "expires_at", postgresql_where=text("state = 'DRAFT'")),
        Index("ix_enrolment_refused", "decided_at", postgresql_where=text("state = 'REJECTED' and data_key is not null")),
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)  # keyed, of the code by which an applicant comes back
    state: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    basis: Mapped[str | None] = mapped_column(String(16))
    data_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    form: Mapped[bytes | None] = mapped_column(LargeBinary)
    form_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    division: Mapped[str | None] = mapped_column(String(16))
    lang: Mapped[str] = mapped_column(String(2))
    applicant_id: Mapped[UUID | None]
    source: Mapped[UUID | None]
    begun_at: Mapped[datetime] = mapped_column(Instant)
    begun_by: Mapped[UUID | None]
    expires_at: Mapped[datetime] = mapped_column(Instant)  # of a draft
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    submitted_by: Mapped[UUID | None]
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(32))


class Testimony(Base):
    """Somebody registered vouches for who is to be enrolled, beside them, by a code sent to the witness."""

    __tablename__ = "testimony"
    __spread__ = Spread.PERSON
    __table_args__ = (CheckConstraint("person_id <> witness_id", name="another"), Index(None, "witness_id", "given_at"))

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    witness_id: Mapped[UUID] = mapped_column(primary_key=True)
    given_at: Mapped[datetime] = mapped_column(Instant)
    taken_by: Mapped[UUID]


class Evidence(Base):
    """A file that shows something about a person. Its bytes are sealed, in the storage under `evidence_id`.

    `request_id`: the change it was given for (null: the enrolment). `digest`: keyed, of the bytes.
    """

    __tablename__ = "evidence"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint(
            "kind in ('CNIE', 'RESIDENCE_PERMIT', 'PASSPORT', 'BIRTH_RECORD', 'GUARDIANSHIP', 'DEATH_RECORD', "
            "'MARRIAGE_RECORD', 'JUDGEMENT', 'PROOF_OF_ADDRESS', 'PHOTO', 'OTHER')",
            name="kind",
        ),
        CheckConstraint("media_type in ('application/pdf', 'image/jpeg', 'image/png')", name="media_type"),
        CheckConstraint("size > 0", name="size"),
        Index(None, "evidence_id"),  # a file that no row names is swept away
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    evidence_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(String(32))
    media_type: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(Integer)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    added_at: Mapped[datetime] = mapped_column(Instant)
    added_by: Mapped[UUID | None]  # an account, or the person


class BlockingKey(Base):
    """A coarse keyed hash that people share who may be the same. Shared, it proves nothing."""

    __tablename__ = "blocking_key"
    __spread__ = Spread.VALUE
    __spread_by__ = "hash"
    __table_args__ = (CheckConstraint("octet_length(hash) = 8", name="hash"), Index(None, "person_id"))

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    key_version: Mapped[int] = mapped_column(SmallInteger)


class DuplicateCase(Base):
    """Two records may be of one person: somebody decides. `person_id`: the later one, perhaps not enrolled yet.

    `fields`: how each field compared, never a value. `weight`: in thousandths of a bit.
    """

    __tablename__ = "duplicate_case"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("person_id <> other_id", name="another"),
        CheckConstraint("origin in ('COMPARISON', 'BIOMETRIC', 'STAFF')", name="origin"),
        CheckConstraint("outcome in ('REVIEW', 'SAME')", name="outcome"),
        CheckConstraint("state in ('OPEN', 'DIFFERENT', 'SAME')", name="state"),
        CheckConstraint("(state = 'OPEN') = (decided_at is null)", name="decided"),
        Index(
            "uq_duplicate_case_open", "person_id", "other_id", "origin", unique=True, postgresql_where=text("state = 'OPEN'")
        ),
        Index("ix_duplicate_case_open", "found_at", postgresql_where=text("state = 'OPEN'")),
        Index(None, "other_id"),
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    other_id: Mapped[UUID]
    origin: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(16))
    weight: Mapped[int | None] = mapped_column(Integer)
    fields: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    weights_hash: Mapped[bytes | None] = mapped_column(LargeBinary)  # the document that weighed
    division: Mapped[str | None] = mapped_column(String(16))
    found_at: Mapped[datetime] = mapped_column(Instant)
    reported_by: Mapped[UUID | None]  # an agency or an account
    state: Mapped[str] = mapped_column(String(16))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(32))


class PersonAlias(Base):
    """A record that was merged into another: `person_id` is a tombstone and stands for `survivor_id`, until that is undone.

    `moved`: what leads to the survivor since and has to be led back, by ids and hashes (`identity/merging.py`).
    """

    __tablename__ = "person_alias"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("person_id <> survivor_id", name="another"),
        CheckConstraint("merged_at < undo_until", name="dates"),
        Index("uq_person_alias_standing", "person_id", unique=True, postgresql_where=text("undone_at is null")),
        Index(None, "survivor_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    alias_id: Mapped[UUID] = mapped_column(primary_key=True)
    survivor_id: Mapped[UUID]
    status_before: Mapped[str] = mapped_column(String(16))
    moved: Mapped[dict[str, Any]] = mapped_column(JSONB)
    merged_at: Mapped[datetime] = mapped_column(Instant)
    merged_by: Mapped[UUID]
    undo_until: Mapped[datetime] = mapped_column(Instant)
    undone_at: Mapped[datetime | None] = mapped_column(Instant)
    undone_by: Mapped[UUID | None]


class PersonRevision(Base):
    """One entry of a person's record: what changed, when it was recorded, from when it counts, and where it came from.

    `change`: {part: [was, becomes]}, sealed; null at enrolment, where all of the record was new.
    """

    __tablename__ = "person_revision"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint(
            "cause in ('ENROLMENT', 'CORRECTION', 'UPDATE', 'STATUS', 'MERGE', 'UNMERGE', 'TELEPHONE')", name="cause"
        ),
        CheckConstraint("source in ('HOLDER', 'CENTRE', 'FILE', 'PACK', 'PARTNER', 'REGISTRY')", name="source"),
        CheckConstraint("(cause = 'ENROLMENT') = (change is null)", name="change"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    revision_id: Mapped[UUID] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    request_id: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    effective_on: Mapped[date | None]
    recorded_by: Mapped[UUID | None]
    change: Mapped[bytes | None] = mapped_column(LargeBinary)


class ChangeRequest(Base):
    """A correction or an update of a person's record. `diff`: {part: [was, becomes]} with a salt, sealed and frozen.

    What is approved, and then applied, is the change with `diff_hash`. `decided_by` is never who asked for it.
    """

    __tablename__ = "change_request"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("kind in ('CORRECTION', 'UPDATE')", name="kind"),
        CheckConstraint("origin in ('HOLDER', 'GUARDIAN', 'CENTRE')", name="origin"),
        CheckConstraint("state in ('SUBMITTED', 'IN_REVIEW', 'ACCEPTED', 'REJECTED', 'WITHDRAWN')", name="state"),
        CheckConstraint("(state = 'REJECTED') = (reason is not null)", name="reason"),
        CheckConstraint(_DECIDED, name="decided"),
        CheckConstraint("state = 'WITHDRAWN' or decided_by <> asked_by", name="second_person"),
        CheckConstraint("octet_length(diff_hash) = 32", name="diff_hash"),
        Index("ix_change_request_open", "due_at", postgresql_where=text("state in ('SUBMITTED', 'IN_REVIEW')")),
        Index(None, "request_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    diff: Mapped[bytes] = mapped_column(LargeBinary)
    diff_hash: Mapped[bytes] = mapped_column(LargeBinary)
    words: Mapped[bytes | None] = mapped_column(LargeBinary)  # why, in the words of who asks
    effective_on: Mapped[date | None]
    division: Mapped[str | None] = mapped_column(String(16))
    asked_by: Mapped[UUID]  # a person or an account
    submitted_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(32))
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)  # the words of who decided, sealed


class VirtualId(Base):
    """A number of sixteen digits that stands for its holder. Its hash stays in `identifier` for ever: it is nobody else's."""

    __tablename__ = "virtual_id"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("kind in ('PERMANENT', 'TIMED', 'SINGLE_USE')", name="kind"),
        CheckConstraint("octet_length(hash) = 16", name="hash"),
        CheckConstraint("valid_from < valid_to", name="dates"),
        CheckConstraint("(kind = 'PERMANENT') = (valid_to is null)", name="timed"),
        CheckConstraint("uses >= 0 and (kind <> 'SINGLE_USE' or uses <= 1)", name="uses"),
        Index(None, "person_id", "hash"),
        Index(
            "uq_virtual_id_permanent",
            "person_id",
            unique=True,
            postgresql_where=text("kind = 'PERMANENT' and revoked_at is null"),
        ),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    virtual_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    number: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime | None] = mapped_column(Instant)
    uses: Mapped[int] = mapped_column(BigInteger)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class Attestation(Base):
    """A signed paper about a person, with the attributes that its holder chose. `digest`: SHA-256 of what was signed."""

    __tablename__ = "attestation"
    __spread__ = Spread.PERSON
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest"),
        CheckConstraint("issued_at < expires_at", name="dates"),
        CheckConstraint("lang in ('AR', 'FR')", name="lang"),
        CheckConstraint("cardinality(attributes) > 0", name="attributes"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    attestation_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16))
    lang: Mapped[str] = mapped_column(String(2))
    attributes: Mapped[list[str]] = mapped_column(ARRAY(String(64)))
    signed: Mapped[bytes] = mapped_column(LargeBinary)  # the compact JWS, sealed
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class PersonFile(Base):
    """A file of many people: to be enrolled (PERSONS), a mobile team's signed pack (PACK), an agency's to be linked (LINK).

    Its bytes and its result lie sealed in the storage, under `file_id` and `result_id`, with the key here; null once erased.
    `digest`: keyed, of the bytes: the same file again is the same work. `counts`: how many rows came to what.
    """

    __tablename__ = "person_file"
    __spread__ = Spread.LOCAL
    __table_args__ = (
        CheckConstraint("kind in ('PERSONS', 'PACK', 'LINK')", name="kind"),
        CheckConstraint("state in ('CHECKED', 'WAITING', 'RUNNING', 'DONE', 'CANCELLED', 'ERASED')", name="state"),
        CheckConstraint("(state = 'ERASED') = (data_key is null)", name="erased"),
        CheckConstraint("octet_length(digest) = 32", name="digest"),
        CheckConstraint("(kind = 'LINK') = (agency_id is not null)", name="agency"),
        Index(None, "begun_at"),
    )

    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    agency_id: Mapped[UUID | None] = mapped_column(ForeignKey("agency.agency_id"))
    data_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)  # form, encoding, columns
    job_id: Mapped[UUID | None]
    result_id: Mapped[UUID | None]
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    begun_at: Mapped[datetime] = mapped_column(Instant)
    begun_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    erase_after: Mapped[datetime] = mapped_column(Instant)


class PersonFilePart(Base):
    """What became of some rows of a file, sealed under its key: written with them, and gone once the result is put together."""

    __tablename__ = "person_file_part"
    __spread__ = Spread.LOCAL

    file_id: Mapped[UUID] = mapped_column(ForeignKey("person_file.file_id"), primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    lines: Mapped[bytes] = mapped_column(LargeBinary)


class TeamDevice(Base):
    """The public key that a mobile team's device signs its packs with."""

    __tablename__ = "team_device"
    __spread__ = Spread.REFERENCE
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="dates"),
        CheckConstraint("alg in ('ES256', 'EdDSA')", name="alg"),
    )

    kid: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    alg: Mapped[str] = mapped_column(String(8))
    jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    division: Mapped[str | None] = mapped_column(String(16))  # where it may enrol; null: in the whole country
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_to: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    added_by: Mapped[UUID | None]
