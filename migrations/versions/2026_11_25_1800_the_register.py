"""the register: requests to be enrolled or changed, evidence, doubles, history, virtual numbers, attestations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLD_KINDS = "'IDCS', 'CNIE', 'RESIDENCE_PERMIT', 'HOUSEHOLD_CODE'"
NEW_KINDS = f"{OLD_KINDS}, 'VIRTUAL_ID', 'RECEIPT', 'ATTESTATION'"


def upgrade() -> None:
    _kinds(NEW_KINDS)
    _code_purposes("'SIGN_IN', 'ASSIST', 'TESTIMONY'")
    op.add_column("agency", sa.Column("duties", postgresql.ARRAY(sa.String(length=32)), server_default="{}", nullable=False))
    op.alter_column("agency", "duties", server_default=None)
    op.create_check_constraint(op.f("ck_agency_duties"), "agency", "duties <@ array['BIOMETRIC_MATCHING']::varchar[]")
    op.create_table(
        "blocking_key",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key_version", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("octet_length(hash) = 8", name=op.f("ck_blocking_key_hash")),
        sa.PrimaryKeyConstraint("hash", "person_id", name=op.f("pk_blocking_key")),
    )
    op.create_index(op.f("ix_blocking_key_person_id"), "blocking_key", ["person_id"], unique=False)
    op.create_table(
        "duplicate_case",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("weights_hash", sa.LargeBinary(), nullable=True),
        sa.Column("division", sa.String(length=16), nullable=True),
        sa.Column("found_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.CheckConstraint("(state = 'OPEN') = (decided_at is null)", name=op.f("ck_duplicate_case_decided")),
        sa.CheckConstraint("origin in ('COMPARISON', 'BIOMETRIC', 'STAFF')", name=op.f("ck_duplicate_case_origin")),
        sa.CheckConstraint("outcome in ('REVIEW', 'SAME')", name=op.f("ck_duplicate_case_outcome")),
        sa.CheckConstraint("state in ('OPEN', 'DIFFERENT', 'SAME')", name=op.f("ck_duplicate_case_state")),
        sa.CheckConstraint("person_id <> other_id", name=op.f("ck_duplicate_case_another")),
        sa.PrimaryKeyConstraint("person_id", "case_id", name=op.f("pk_duplicate_case")),
    )
    op.create_index(
        "ix_duplicate_case_open", "duplicate_case", ["found_at"], unique=False, postgresql_where=sa.text("state = 'OPEN'")
    )
    op.create_index(op.f("ix_duplicate_case_other_id"), "duplicate_case", ["other_id"], unique=False)
    op.create_index(
        "uq_duplicate_case_open",
        "duplicate_case",
        ["person_id", "other_id", "origin"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_table(
        "enrolment",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("form", sa.LargeBinary(), nullable=True),
        sa.Column("form_hash", sa.LargeBinary(), nullable=True),
        sa.Column("division", sa.String(length=16), nullable=True),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("applicant_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Uuid(), nullable=True),
        sa.Column("begun_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("begun_by", sa.Uuid(), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.CheckConstraint("(decided_at is not null) = (state in ('ACCEPTED', 'REJECTED'))", name=op.f("ck_enrolment_decided")),
        sa.CheckConstraint(
            "state = 'REJECTED' or (state = 'DRAFT') = (submitted_at is null)", name=op.f("ck_enrolment_submitted")
        ),
        sa.CheckConstraint("(state = 'REJECTED') = (reason is not null)", name=op.f("ck_enrolment_reason")),
        sa.CheckConstraint("basis in ('DOCUMENTS', 'TESTIMONY')", name=op.f("ck_enrolment_basis")),
        sa.CheckConstraint("channel in ('ONLINE', 'CENTRE', 'FILE', 'PACK')", name=op.f("ck_enrolment_channel")),
        sa.CheckConstraint("data_key is not null or state in ('ACCEPTED', 'REJECTED')", name=op.f("ck_enrolment_kept")),
        sa.CheckConstraint(
            "state in ('DRAFT', 'SUBMITTED', 'IN_REVIEW', 'ACCEPTED', 'REJECTED')", name=op.f("ck_enrolment_state")
        ),
        sa.CheckConstraint("(data_key is null) = (form is null)", name=op.f("ck_enrolment_erased")),
        sa.CheckConstraint("decided_by <> begun_by and decided_by <> submitted_by", name=op.f("ck_enrolment_second_person")),
        sa.CheckConstraint("octet_length(secret_hash) = 16", name=op.f("ck_enrolment_secret_hash")),
        sa.CheckConstraint("octet_length(form_hash) = 32", name=op.f("ck_enrolment_form_hash")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_enrolment")),
    )
    op.create_index(
        "ix_enrolment_expires", "enrolment", ["expires_at"], unique=False, postgresql_where=sa.text("state = 'DRAFT'")
    )
    op.create_index(
        "ix_enrolment_open",
        "enrolment",
        ["due_at", "person_id"],
        unique=False,
        postgresql_where=sa.text("state in ('SUBMITTED', 'IN_REVIEW')"),
    )
    op.create_index(
        "ix_enrolment_refused",
        "enrolment",
        ["decided_at"],
        unique=False,
        postgresql_where=sa.text("state = 'REJECTED' and data_key is not null"),
    )
    op.create_table(
        "evidence",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind in ('CNIE', 'RESIDENCE_PERMIT', 'PASSPORT', 'BIRTH_RECORD', 'GUARDIANSHIP', 'DEATH_RECORD', 'MARRIAGE_RECORD', 'JUDGEMENT', 'PROOF_OF_ADDRESS', 'PHOTO', 'OTHER')",
            name=op.f("ck_evidence_kind"),
        ),
        sa.CheckConstraint("media_type in ('application/pdf', 'image/jpeg', 'image/png')", name=op.f("ck_evidence_media_type")),
        sa.CheckConstraint("size > 0", name=op.f("ck_evidence_size")),
        sa.PrimaryKeyConstraint("person_id", "evidence_id", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_evidence_id"), "evidence", ["evidence_id"], unique=False)
    op.create_table(
        "team_device",
        sa.Column("kid", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("alg", sa.String(length=8), nullable=False),
        sa.Column("jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("division", sa.String(length=16), nullable=True),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("alg in ('ES256', 'EdDSA')", name=op.f("ck_team_device_alg")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_team_device_dates")),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_team_device")),
    )
    op.create_table(
        "testimony",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("witness_id", sa.Uuid(), nullable=False),
        sa.Column("given_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("person_id <> witness_id", name=op.f("ck_testimony_another")),
        sa.PrimaryKeyConstraint("person_id", "witness_id", name=op.f("pk_testimony")),
    )
    op.create_index(op.f("ix_testimony_witness_id_given_at"), "testimony", ["witness_id", "given_at"], unique=False)
    op.create_table(
        "attestation",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("attestation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("attributes", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("lang in ('AR', 'FR')", name=op.f("ck_attestation_lang")),
        sa.CheckConstraint("cardinality(attributes) > 0", name=op.f("ck_attestation_attributes")),
        sa.CheckConstraint("issued_at < expires_at", name=op.f("ck_attestation_dates")),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_attestation_digest")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_attestation_person_id")),
        sa.PrimaryKeyConstraint("person_id", "attestation_id", name=op.f("pk_attestation")),
    )
    op.create_table(
        "change_request",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("diff", sa.LargeBinary(), nullable=False),
        sa.Column("diff_hash", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("division", sa.String(length=16), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(decided_at is not null) = (state in ('ACCEPTED', 'REJECTED', 'WITHDRAWN'))",
            name=op.f("ck_change_request_decided"),
        ),
        sa.CheckConstraint("(state = 'REJECTED') = (reason is not null)", name=op.f("ck_change_request_reason")),
        sa.CheckConstraint("kind in ('CORRECTION', 'UPDATE')", name=op.f("ck_change_request_kind")),
        sa.CheckConstraint("origin in ('HOLDER', 'GUARDIAN', 'CENTRE')", name=op.f("ck_change_request_origin")),
        sa.CheckConstraint("state = 'WITHDRAWN' or decided_by <> asked_by", name=op.f("ck_change_request_second_person")),
        sa.CheckConstraint(
            "state in ('SUBMITTED', 'IN_REVIEW', 'ACCEPTED', 'REJECTED', 'WITHDRAWN')", name=op.f("ck_change_request_state")
        ),
        sa.CheckConstraint("octet_length(diff_hash) = 32", name=op.f("ck_change_request_diff_hash")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_change_request_person_id")),
        sa.PrimaryKeyConstraint("person_id", "request_id", name=op.f("pk_change_request")),
    )
    op.create_index(
        "ix_change_request_open",
        "change_request",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state in ('SUBMITTED', 'IN_REVIEW')"),
    )
    op.create_index(op.f("ix_change_request_request_id"), "change_request", ["request_id"], unique=False)
    op.create_table(
        "opening",
        sa.Column("division", sa.String(length=16), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("opens_on <= closes_on", name=op.f("ck_opening_dates")),
        sa.ForeignKeyConstraint(["division"], ["division.code"], name=op.f("fk_opening_division")),
        sa.PrimaryKeyConstraint("division", name=op.f("pk_opening")),
    )
    op.create_table(
        "person_alias",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("alias_id", sa.Uuid(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("status_before", sa.String(length=16), nullable=False),
        sa.Column("moved", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merged_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=False),
        sa.Column("undo_until", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("undone_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("merged_at < undo_until", name=op.f("ck_person_alias_dates")),
        sa.CheckConstraint("person_id <> survivor_id", name=op.f("ck_person_alias_another")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_alias_person_id")),
        sa.PrimaryKeyConstraint("person_id", "alias_id", name=op.f("pk_person_alias")),
    )
    op.create_index(op.f("ix_person_alias_survivor_id"), "person_alias", ["survivor_id"], unique=False)
    op.create_index(
        "uq_person_alias_standing", "person_alias", ["person_id"], unique=True, postgresql_where=sa.text("undone_at is null")
    )
    op.create_table(
        "person_file",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("begun_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("begun_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("erase_after", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'LINK') = (agency_id is not null)", name=op.f("ck_person_file_agency")),
        sa.CheckConstraint("(state = 'ERASED') = (data_key is null)", name=op.f("ck_person_file_erased")),
        sa.CheckConstraint("kind in ('PERSONS', 'PACK', 'LINK')", name=op.f("ck_person_file_kind")),
        sa.CheckConstraint(
            "state in ('CHECKED', 'WAITING', 'RUNNING', 'DONE', 'CANCELLED', 'ERASED')", name=op.f("ck_person_file_state")
        ),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_person_file_digest")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name=op.f("fk_person_file_agency_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_person_file")),
    )
    op.create_index(op.f("ix_person_file_begun_at"), "person_file", ["begun_at"], unique=False)
    op.create_table(
        "person_file_part",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["person_file.file_id"], name=op.f("fk_person_file_part_file_id")),
        sa.PrimaryKeyConstraint("file_id", "part", name=op.f("pk_person_file_part")),
    )
    op.create_table(
        "person_revision",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("change", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(cause = 'ENROLMENT') = (change is null)", name=op.f("ck_person_revision_change")),
        sa.CheckConstraint(
            "cause in ('ENROLMENT', 'CORRECTION', 'UPDATE', 'STATUS', 'MERGE', 'UNMERGE', 'TELEPHONE')",
            name=op.f("ck_person_revision_cause"),
        ),
        sa.CheckConstraint(
            "source in ('HOLDER', 'CENTRE', 'FILE', 'PACK', 'PARTNER', 'REGISTRY')", name=op.f("ck_person_revision_source")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_revision_person_id")),
        sa.PrimaryKeyConstraint("person_id", "revision_id", name=op.f("pk_person_revision")),
    )
    op.create_table(
        "virtual_id",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("virtual_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("(kind = 'PERMANENT') = (valid_to is null)", name=op.f("ck_virtual_id_timed")),
        sa.CheckConstraint("kind in ('PERMANENT', 'TIMED', 'SINGLE_USE')", name=op.f("ck_virtual_id_kind")),
        sa.CheckConstraint("uses >= 0 and (kind <> 'SINGLE_USE' or uses <= 1)", name=op.f("ck_virtual_id_uses")),
        sa.CheckConstraint("octet_length(hash) = 16", name=op.f("ck_virtual_id_hash")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_virtual_id_dates")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_virtual_id_person_id")),
        sa.PrimaryKeyConstraint("person_id", "virtual_id", name=op.f("pk_virtual_id")),
    )
    op.create_index(
        "uq_virtual_id_permanent",
        "virtual_id",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'PERMANENT' and revoked_at is null"),
    )
    op.add_column("person", sa.Column("status_until", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("person", sa.Column("status_reason", sa.String(length=32), nullable=True))
    op.add_column("person", sa.Column("father_name", sa.LargeBinary(), nullable=True))
    op.add_column("person", sa.Column("mother_name", sa.LargeBinary(), nullable=True))
    op.create_check_constraint(op.f("ck_person_status_until"), "person", "status_until is null or status = 'SUSPENDED'")
    op.alter_column("person", "data_key", existing_type=sa.LargeBinary(), nullable=True)
    op.create_check_constraint(op.f("ck_person_erased"), "person", "data_key is not null or status = 'CANCELLED'")
    op.create_index(op.f("ix_virtual_id_person_id_hash"), "virtual_id", ["person_id", "hash"], unique=False)
    op.execute(
        """insert into person_revision (person_id, revision_id, cause, source, recorded_at)
           select person_id, gen_random_uuid(), 'ENROLMENT', 'REGISTRY', enrolled_at from person where status <> 'DECOY'"""
    )


def downgrade() -> None:
    op.execute("delete from identifier where kind in ('VIRTUAL_ID', 'RECEIPT', 'ATTESTATION')")
    _kinds(OLD_KINDS)
    op.execute("delete from one_time_code where purpose = 'TESTIMONY'")
    _code_purposes("'SIGN_IN', 'ASSIST'")
    op.drop_constraint(op.f("ck_agency_duties"), "agency")
    op.drop_column("agency", "duties")
    op.drop_index(op.f("ix_virtual_id_person_id_hash"), table_name="virtual_id")
    op.drop_constraint(op.f("ck_person_erased"), "person")
    op.alter_column("person", "data_key", existing_type=sa.LargeBinary(), nullable=False)
    op.drop_constraint(op.f("ck_person_status_until"), "person")
    op.drop_column("person", "mother_name")
    op.drop_column("person", "father_name")
    op.drop_column("person", "status_reason")
    op.drop_column("person", "status_until")
    op.drop_index(
        "uq_virtual_id_permanent",
        table_name="virtual_id",
        postgresql_where=sa.text("kind = 'PERMANENT' and revoked_at is null"),
    )
    op.drop_table("virtual_id")
    op.drop_table("person_revision")
    op.drop_index(op.f("ix_person_file_begun_at"), table_name="person_file")
    op.drop_table("person_file_part")
    op.drop_table("person_file")
    op.drop_index("uq_person_alias_standing", table_name="person_alias", postgresql_where=sa.text("undone_at is null"))
    op.drop_index(op.f("ix_person_alias_survivor_id"), table_name="person_alias")
    op.drop_table("person_alias")
    op.drop_table("opening")
    op.drop_index(op.f("ix_change_request_request_id"), table_name="change_request")
    op.drop_index(
        "ix_change_request_open", table_name="change_request", postgresql_where=sa.text("state in ('SUBMITTED', 'IN_REVIEW')")
    )
    op.drop_table("change_request")
    op.drop_table("attestation")
    op.drop_index(op.f("ix_testimony_witness_id_given_at"), table_name="testimony")
    op.drop_table("testimony")
    op.drop_table("team_device")
    op.drop_index(op.f("ix_evidence_evidence_id"), table_name="evidence")
    op.drop_table("evidence")
    op.drop_index(
        "ix_enrolment_refused", table_name="enrolment", postgresql_where=sa.text("state = 'REJECTED' and data_key is not null")
    )
    op.drop_index("ix_enrolment_open", table_name="enrolment", postgresql_where=sa.text("state in ('SUBMITTED', 'IN_REVIEW')"))
    op.drop_index("ix_enrolment_expires", table_name="enrolment", postgresql_where=sa.text("state = 'DRAFT'"))
    op.drop_table("enrolment")
    op.drop_index("uq_duplicate_case_open", table_name="duplicate_case", postgresql_where=sa.text("state = 'OPEN'"))
    op.drop_index(op.f("ix_duplicate_case_other_id"), table_name="duplicate_case")
    op.drop_index("ix_duplicate_case_open", table_name="duplicate_case", postgresql_where=sa.text("state = 'OPEN'"))
    op.drop_table("duplicate_case")
    op.drop_index(op.f("ix_blocking_key_person_id"), table_name="blocking_key")
    op.drop_table("blocking_key")


def _kinds(unique: str) -> None:
    op.drop_constraint(op.f("ck_identifier_kind"), "identifier")
    op.create_check_constraint(op.f("ck_identifier_kind"), "identifier", f"kind in ({unique}, 'TELEPHONE', 'EMAIL')")
    op.drop_index("uq_identifier_holder", table_name="identifier")
    op.create_index(
        "uq_identifier_holder",
        "identifier",
        ["hash", "kind", "key_version"],
        unique=True,
        postgresql_where=sa.text(f"kind in ({unique})"),
    )


def _code_purposes(purposes: str) -> None:
    op.drop_constraint(op.f("ck_one_time_code_purpose"), "one_time_code")
    op.create_check_constraint(op.f("ck_one_time_code_purpose"), "one_time_code", f"purpose in ({purposes})")
