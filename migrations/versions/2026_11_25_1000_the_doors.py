"""the doors: people who sign in, what they approve and consent to, what they are told."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 5_000  # consents whose histories are made at a time
LONGEST = "interval '17544 hours'"
STOPPED_BY = (
    ("agency", "suspended_by"),
    ("agency_key", "revoked_by"),
    ("agreement", "suspended_by"),
    ("mandate", "revoked_by"),
)
CONSENT_RULES = {
    "longest": f"valid_to <= valid_from + {LONGEST}",
    "attributes": "cardinality(requested) > 0 and attributes <@ requested",
    "granted": "(cardinality(attributes) = 0) = (state in ('REQUESTED', 'DECLINED'))",
    "state": "state in ('REQUESTED', 'GRANTED', 'DECLINED', 'PAUSED', 'WITHDRAWN', 'SUPERSEDED', 'INVALIDATED')",
    "method": "method in ('LINK', 'NOTICE', 'ASSISTED', 'IMPORTED')",
    "answer_by": "(method = 'IMPORTED') = (answer_by is null)",
    "notice": "method = 'IMPORTED' or notice_hash is not null",
    "link": "method = 'LINK' or link_hash is null",
    "per": "per in ('HOUR', 'DAY', 'WEEK', 'MONTH', 'IN_ALL')",
    "uses": "(uses is null) = (per is null) and uses > 0",
    "data_life": "data_life_days > 0",
}


def upgrade() -> None:
    op.create_table(
        "done",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(key_hash) = 16 and octet_length(input_hash) = 16", name=op.f("ck_done_hashes")),
        sa.PrimaryKeyConstraint("actor_id", "key_hash", name=op.f("pk_done")),
    )
    op.create_index(op.f("ix_done_expires_at"), "done", ["expires_at"], unique=False)
    op.create_table(
        "job",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=True),
        sa.Column("dedupe", sa.String(length=200), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("begun_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("progress", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("failures", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.String(length=100), nullable=True),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(state in ('DONE', 'CANCELLED')) = (ended_at is not null)", name=op.f("ck_job_ended")),
        sa.CheckConstraint("(state in ('WAITING', 'RUNNING')) = (ticket is not null)", name=op.f("ck_job_ticket")),
        sa.CheckConstraint("state in ('WAITING', 'RUNNING', 'DONE', 'HELD', 'CANCELLED')", name=op.f("ck_job_state")),
        sa.CheckConstraint("done >= 0 and total >= 0 and failures >= 0 and runs >= 0", name=op.f("ck_job_counts")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_ended_at"), "job", ["ended_at"], unique=False)
    op.create_index(
        "ix_job_open", "job", ["created_at"], unique=False, postgresql_where=sa.text("state in ('WAITING', 'RUNNING', 'HELD')")
    )
    op.create_index("uq_job_dedupe", "job", ["dedupe"], unique=True, postgresql_where=sa.text("state = 'WAITING' and runs = 0"))
    op.create_table(
        "message",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("owner_kind", sa.String(length=16), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("notice", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("attempt", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("told_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("useful_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("sending_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=100), nullable=True),
        sa.CheckConstraint("channel in ('SMS', 'EMAIL')", name=op.f("ck_message_channel")),
        sa.CheckConstraint("lang in ('AR', 'FR', 'EN')", name=op.f("ck_message_lang")),
        sa.CheckConstraint("notice ~ '^[A-Z][A-Z_]*$'", name=op.f("ck_message_notice")),
        sa.CheckConstraint("owner_kind in ('PERSON', 'ACCOUNT')", name=op.f("ck_message_owner_kind")),
        sa.CheckConstraint("state <> 'SENDING' or attempt is not null", name=op.f("ck_message_attempt")),
        sa.CheckConstraint(
            "state in ('WAITING', 'SENDING', 'SENT', 'UNCERTAIN', 'REFUSED', 'LAPSED', 'SUPPRESSED', 'DROPPED')",
            name=op.f("ck_message_state"),
        ),
        sa.CheckConstraint(
            "state not in ('WAITING', 'SENDING', 'UNCERTAIN') or body is not null", name=op.f("ck_message_body")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_message_attempts")),
        sa.PrimaryKeyConstraint("owner_id", "message_id", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_told_at"), "message", ["told_at"], unique=False)
    op.create_table(
        "one_time_code",
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("assistant_id", sa.Uuid(), nullable=True),
        sa.Column("form", sa.String(length=32), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("tries_left", sa.SmallInteger(), nullable=False),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("purpose in ('SIGN_IN', 'ASSIST')", name=op.f("ck_one_time_code_purpose")),
        sa.CheckConstraint("octet_length(code_hash) = 16", name=op.f("ck_one_time_code_code_hash")),
        sa.CheckConstraint("tries_left >= 0", name=op.f("ck_one_time_code_tries")),
        sa.PrimaryKeyConstraint("challenge_id", name=op.f("pk_one_time_code")),
    )
    op.create_index(op.f("ix_one_time_code_expires_at"), "one_time_code", ["expires_at"], unique=False)
    op.create_table(
        "throttle",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("window_end", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("octet_length(key) = 16", name=op.f("ck_throttle_key")),
        sa.PrimaryKeyConstraint("key", "kind", name=op.f("pk_throttle")),
    )
    op.create_index(op.f("ix_throttle_window_end"), "throttle", ["window_end"], unique=False)
    op.create_table(
        "access_report",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("division", sa.String(length=16), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("reported_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(answered_at is null) = (answer is null)", name=op.f("ck_access_report_answered")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_access_report_person_id")),
        sa.PrimaryKeyConstraint("person_id", "report_id", name=op.f("pk_access_report")),
    )
    op.create_index(op.f("ix_access_report_reported_at"), "access_report", ["reported_at"], unique=False)
    op.create_table(
        "consent_notice",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose in ('IDENTITY_PROOFING', 'ELIGIBILITY', 'ENROLMENT', 'PAYMENT', 'SERVICE_DELIVERY', 'CASE_REVIEW', 'STATISTICS', 'AUDIT')",
            name=op.f("ck_consent_notice_purpose"),
        ),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_consent_notice_hash")),
        sa.CheckConstraint("version > 0", name=op.f("ck_consent_notice_version")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name=op.f("fk_consent_notice_agency_id")),
        sa.PrimaryKeyConstraint("agency_id", "purpose", "version", name=op.f("pk_consent_notice")),
        sa.UniqueConstraint("hash", name=op.f("uq_consent_notice_hash")),
    )
    op.create_table(
        "operator",
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("name_ar", sa.String(length=200), nullable=False),
        sa.Column("name_fr", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("mandate", sa.String(length=400), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_operator_dates")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name=op.f("fk_operator_agency_id")),
        sa.PrimaryKeyConstraint("operator_id", name=op.f("pk_operator")),
    )
    op.create_table(
        "telephone_witness",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("applicant_id", sa.Uuid(), nullable=False),
        sa.Column("claim", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=True),
        sa.CheckConstraint("(confirmed is null) = (answered_at is null)", name=op.f("ck_telephone_witness_answered")),
        sa.CheckConstraint("applicant_id <> person_id", name=op.f("ck_telephone_witness_another")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_telephone_witness_person_id")),
        sa.PrimaryKeyConstraint("person_id", "change_id", name=op.f("pk_telephone_witness")),
    )
    op.create_index(op.f("ix_telephone_witness_change_id"), "telephone_witness", ["change_id"], unique=False)
    op.create_table(
        "consent_revision",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("(number = 1) = (previous_hash is null)", name=op.f("ck_consent_revision_previous")),
        sa.CheckConstraint("number > 0", name=op.f("ck_consent_revision_number")),
        sa.CheckConstraint(
            "octet_length(hash) = 32 and octet_length(previous_hash) = 32", name=op.f("ck_consent_revision_hashes")
        ),
        sa.ForeignKeyConstraint(
            ["person_id", "consent_id"],
            ["consent.person_id", "consent.consent_id"],
            name=op.f("fk_consent_revision_person_id_consent_id"),
        ),
        sa.PrimaryKeyConstraint("person_id", "consent_id", "number", name=op.f("pk_consent_revision")),
    )
    op.create_table(
        "office",
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name_ar", sa.String(length=200), nullable=False),
        sa.Column("name_fr", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("division", sa.String(length=16), nullable=True),
        sa.Column("opened_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('BRANCH', 'MOBILE', 'PAY_POINT')", name=op.f("ck_office_kind")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name=op.f("fk_office_agency_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.operator_id"], name=op.f("fk_office_operator_id")),
        sa.PrimaryKeyConstraint("office_id", name=op.f("pk_office")),
        sa.UniqueConstraint("agency_id", "code", name=op.f("uq_office_agency_id_code")),
    )
    op.create_table(
        "account",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=True),
        sa.Column("office_id", sa.Uuid(), nullable=True),
        sa.Column("purposes", postgresql.ARRAY(sa.String(length=32)), nullable=True),
        sa.Column("login", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.SmallInteger(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=True),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("second_factor", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("made_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("disabled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("disabled_by_agency", sa.Boolean(), nullable=False),
        sa.CheckConstraint("lang in ('AR', 'FR', 'EN')", name=op.f("ck_account_lang")),
        sa.CheckConstraint(
            "purposes <@ array['IDENTITY_PROOFING', 'ELIGIBILITY', 'ENROLMENT', 'PAYMENT', 'SERVICE_DELIVERY', 'CASE_REVIEW', 'STATISTICS', 'AUDIT']::varchar[]",
            name=op.f("ck_account_purposes"),
        ),
        sa.CheckConstraint("(password is null) = (totp is null)", name=op.f("ck_account_both_factors")),
        sa.CheckConstraint("(totp is null) = (second_factor is null)", name=op.f("ck_account_second_factor")),
        sa.CheckConstraint("agency_id is not null or office_id is null", name=op.f("ck_account_office")),
        sa.CheckConstraint("octet_length(login) = 16", name=op.f("ck_account_login")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name=op.f("fk_account_agency_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.office_id"], name=op.f("fk_account_office_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", "key_version", name=op.f("uq_account_login_key_version")),
        sa.UniqueConstraint("second_factor", name=op.f("uq_account_second_factor")),
    )
    op.create_table(
        "invitation",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("invited_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_invitation_token_hash")),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name=op.f("fk_invitation_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitation")),
    )
    op.create_index(op.f("ix_invitation_account_id"), "invitation", ["account_id"], unique=False)
    op.create_table(
        "proposal",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("change", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("territory", postgresql.ARRAY(sa.String(length=16)), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("outcome", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("(decided_by = proposed_by) = (decision = 'TAKEN_BACK')", name=op.f("ck_proposal_second_person")),
        sa.CheckConstraint("decision in ('APPROVED', 'REJECTED', 'TAKEN_BACK')", name=op.f("ck_proposal_decision")),
        sa.CheckConstraint(
            "(decision is null) = (decided_at is null) and (decision is null) = (decided_by is null)",
            name=op.f("ck_proposal_decided"),
        ),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_proposal_hash")),
        sa.CheckConstraint("proposed_at < expires_at", name=op.f("ck_proposal_dates")),
        sa.ForeignKeyConstraint(["decided_by"], ["account.account_id"], name=op.f("fk_proposal_decided_by")),
        sa.ForeignKeyConstraint(["proposed_by"], ["account.account_id"], name=op.f("fk_proposal_proposed_by")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_proposal")),
    )
    op.create_index(
        op.f("ix_proposal_proposed_at"), "proposal", ["proposed_at"], unique=False, postgresql_where=sa.text("decision is null")
    )
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name=op.f("fk_recovery_code_account_id")),
        sa.PrimaryKeyConstraint("account_id", "hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "role_grant",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("division", sa.String(length=16), nullable=True),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "division is null or role not in ('AGENCY_ADMINISTRATOR', 'OFFICER')", name=op.f("ck_role_grant_division")
        ),
        sa.CheckConstraint(
            "role in ('CENTRE_AGENT', 'SUPERVISOR', 'ADJUDICATOR', 'PUBLISHER', 'AUDITOR', 'OVERSEER', 'ADMINISTRATOR', 'AGENCY_ADMINISTRATOR', 'OFFICER')",
            name=op.f("ck_role_grant_role"),
        ),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_role_grant_dates")),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name=op.f("fk_role_grant_account_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_role_grant")),
    )
    op.create_index(op.f("ix_role_grant_account_id"), "role_grant", ["account_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("session_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("assistant_id", sa.Uuid(), nullable=True),
        sa.Column("assistant_session", sa.LargeBinary(), nullable=True),
        sa.Column("form", sa.String(length=32), nullable=True),
        sa.Column("began_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'ASSISTED') = (assistant_id is not null and form is not null)", name=op.f("ck_session_assisted")
        ),
        sa.CheckConstraint("assistant_session is null or assistant_id is not null", name=op.f("ck_session_assistant_session")),
        sa.CheckConstraint("(kind in ('CITIZEN', 'ASSISTED')) = (holder_id is not null)", name=op.f("ck_session_holder")),
        sa.CheckConstraint("(kind in ('HALF', 'ACCOUNT')) = (account_id is not null)", name=op.f("ck_session_account")),
        sa.CheckConstraint("kind in ('HALF', 'ACCOUNT', 'CITIZEN', 'ASSISTED')", name=op.f("ck_session_kind")),
        sa.CheckConstraint("(holder_id is null) = (person_id is null)", name=op.f("ck_session_person")),
        sa.CheckConstraint("octet_length(session_hash) = 32", name=op.f("ck_session_session_hash")),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name=op.f("fk_session_account_id")),
        sa.ForeignKeyConstraint(["assistant_id"], ["account.account_id"], name=op.f("fk_session_assistant_id")),
        sa.PrimaryKeyConstraint("session_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"], unique=False)
    op.create_index(op.f("ix_session_assistant_id"), "session", ["assistant_id"], unique=False)
    op.create_index(op.f("ix_session_expires_at"), "session", ["expires_at"], unique=False)
    op.create_index(op.f("ix_session_holder_id"), "session", ["holder_id"], unique=False)
    op.create_table(
        "telephone_change",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("telephone", sa.LargeBinary(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("begun_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("takes_effect_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("stopped_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.String(length=8), nullable=True),
        sa.Column("applied_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("firm", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(method = 'CENTRE') = (agent_id is not null)", name=op.f("ck_telephone_change_agent")),
        sa.CheckConstraint("method in ('CENTRE', 'WITNESSES')", name=op.f("ck_telephone_change_method")),
        sa.CheckConstraint("applied_at >= takes_effect_at", name=op.f("ck_telephone_change_waited")),
        sa.CheckConstraint("applied_at is null or stopped_at is null", name=op.f("ck_telephone_change_one_end")),
        sa.CheckConstraint("stopped_by in ('HOLDER', 'CENTRE')", name=op.f("ck_telephone_change_stopped_by")),
        sa.CheckConstraint("stopped_by is null or stopped_at is not null", name=op.f("ck_telephone_change_stopped")),
        sa.CheckConstraint(
            "not firm or method = 'CENTRE' and stopped_by is distinct from 'HOLDER'", name=op.f("ck_telephone_change_firm")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["account.account_id"], name=op.f("fk_telephone_change_agent_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_telephone_change_person_id")),
        sa.PrimaryKeyConstraint("person_id", "change_id", name=op.f("pk_telephone_change")),
    )
    op.drop_constraint(op.f("ck_counter_kind"), "counter")
    op.create_check_constraint(op.f("ck_counter_kind"), "counter", "kind in ('FAILURES', 'POINTS', 'CONSENT')")
    op.add_column("ledger_entry", sa.Column("actor", sa.String(length=8), server_default="AGENCY", nullable=False))
    op.alter_column("ledger_entry", "actor", server_default=None)
    op.add_column("ledger_entry", sa.Column("holder_id", sa.Uuid(), nullable=True))
    op.add_column("ledger_entry", sa.Column("shown_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    # Entries that were made under a mandate which hides them, or might, stay hidden.
    op.execute(
        """update ledger_entry e set shown_at = recorded_at where not exists (
               select from mandate m where m.agency_id = e.agency_id and m.document ->> 'disclosure' <> 'IMMEDIATE'
                  and m.purpose = convert_from(e.leaf, 'UTF8')::jsonb ->> 'purpose'
                  and m.valid_from <= e.recorded_at and e.recorded_at < m.valid_to)"""
    )
    op.create_index("ix_relative_wards", "relative", ["relative_id"], postgresql_where=sa.text("kind = 'GUARDIAN'"))
    for table, column in STOPPED_BY:
        op.add_column(table, sa.Column(column, sa.Uuid(), nullable=True))
    op.add_column("person", sa.Column("lang", sa.String(length=2), nullable=True))
    op.create_check_constraint(op.f("ck_person_lang"), "person", "lang in ('AR', 'FR', 'EN')")
    _consents()


def _consents() -> None:
    """Consents gain what was asked, a state and a chain of revisions. Those that are there were brought in from elsewhere."""
    op.add_column("consent", sa.Column("requested", postgresql.ARRAY(sa.String(length=64)), nullable=True))
    op.add_column("consent", sa.Column("state", sa.String(length=12), nullable=True))
    op.add_column("consent", sa.Column("answer_by", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("consent", sa.Column("uses", sa.Integer(), nullable=True))
    op.add_column("consent", sa.Column("per", sa.String(length=8), nullable=True))
    op.add_column("consent", sa.Column("data_life_days", sa.Integer(), nullable=True))
    op.add_column("consent", sa.Column("method", sa.String(length=8), nullable=True))
    op.add_column("consent", sa.Column("notice_hash", sa.LargeBinary(), nullable=True))
    op.add_column("consent", sa.Column("reference", sa.String(length=64), nullable=True))
    op.add_column("consent", sa.Column("link_hash", sa.LargeBinary(), nullable=True))
    op.add_column("consent", sa.Column("revision", sa.Integer(), nullable=True))
    op.add_column("consent", sa.Column("chain_hash", sa.LargeBinary(), nullable=True))
    op.add_column("consent", sa.Column("changed_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.execute(f"update consent set valid_to = valid_from + {LONGEST} where valid_to > valid_from + {LONGEST}")
    _histories()
    for column in ("requested", "state", "data_life_days", "method", "revision", "chain_hash", "changed_at"):
        op.alter_column("consent", column, nullable=False)
    op.drop_constraint(op.f("ck_consent_attributes"), "consent")
    for name, rule in CONSENT_RULES.items():
        op.create_check_constraint(op.f(f"ck_consent_{name}"), "consent", rule)
    op.drop_index(op.f("ix_consent_person_id_agency_id_purpose"), table_name="consent")
    op.create_index(op.f("ix_consent_agency_id_consent_id"), "consent", ["agency_id", "consent_id"], unique=False)
    op.create_index(
        "ix_consent_in_force",
        "consent",
        ["person_id", "agency_id", "purpose"],
        unique=False,
        postgresql_where=sa.text("state = 'GRANTED'"),
    )
    op.drop_column("consent", "withdrawn_at")


_ROWS = sa.text(
    """select c.person_id, c.consent_id, c.agency_id, a.code, c.purpose, c.attributes, c.valid_from, c.valid_to, c.withdrawn_at
         from consent c join agency a using (agency_id)
        where (c.person_id, c.consent_id) > (:person, :consent) order by c.person_id, c.consent_id limit :batch"""
)
_ADD = sa.text(
    """insert into consent_revision (person_id, consent_id, number, previous_hash, hash, document, at)
       select person_id, consent_id, number, previous_hash, hash, document::jsonb, at
         from unnest(cast(:person_id as uuid[]), cast(:consent_id as uuid[]), cast(:number as int[]),
                     cast(:previous_hash as bytea[]), cast(:hash as bytea[]), cast(:document as text[]),
                     cast(:at as timestamptz[]))
              as made (person_id, consent_id, number, previous_hash, hash, document, at)"""
)
_SET = sa.text(
    """update consent c
          set requested = said.attributes, attributes = said.attributes, method = 'IMPORTED', data_life_days = 365,
              state = given.state, revision = given.number, chain_hash = given.hash, changed_at = given.at
         from unnest(cast(:person_id as uuid[]), cast(:consent_id as uuid[]), cast(:number as int[]), cast(:hash as bytea[]),
                     cast(:at as timestamptz[]), cast(:state as text[]), cast(:document as text[]))
              as given (person_id, consent_id, number, hash, at, state, document)
        cross join lateral (
              select array(select jsonb_array_elements_text(given.document::jsonb -> 'pii_granted'))) as said (attributes)
        where c.person_id = given.person_id and c.consent_id = given.consent_id"""
)


def _histories() -> None:
    """Each consent's chain: that it was brought in, and that it was withdrawn if it was. A batch in memory at a time."""
    connection = op.get_bind()
    person = consent = UUID(int=0)
    while True:
        rows = connection.execute(_ROWS, {"person": person, "consent": consent, "batch": BATCH}).all()
        if not rows:
            return
        chains = [list(_links(row)) for row in rows]
        connection.execute(_ADD, _columns([link for chain in chains for link in chain], "previous_hash", "document"))
        connection.execute(_SET, _columns([chain[-1] for chain in chains], "state", "document"))
        person, consent = rows[-1].person_id, rows[-1].consent_id


def _columns(links: list[dict[str, Any]], *further: str) -> dict[str, list[Any]]:
    return {name: [link[name] for link in links] for name in ("person_id", "consent_id", "number", "hash", "at", *further)}


def _links(row: Any) -> Iterator[dict[str, Any]]:
    """In the form `sijil-consent-1`. Nobody knows in which request or session it was done: the consent's id and zeros stand there.

    What was withdrawn when it was over already had expired.
    """
    first = _link(row, None, row.valid_from, "IMPORTED", "GRANTED", ("REGISTRY", None))
    yield first
    if row.withdrawn_at is not None and row.withdrawn_at < row.valid_to:
        at = max(row.withdrawn_at, row.valid_from)
        yield _link(row, first["hash"], at, "WITHDRAWN", "WITHDRAWN", ("CITIZEN", bytes(32).hex()))


def _link(row: Any, previous: bytes | None, at: datetime, event: str, state: str, by: tuple[str, str | None]) -> dict[str, Any]:
    number, attributes = 1 if previous is None else 2, sorted(set(row.attributes))
    document = {
        "schema_version": "sijil-consent-1",
        "record_id": str(row.consent_id),
        "pii_principal_id": str(row.person_id),
        "revision": number,
        "previous": None if previous is None else previous.hex(),
        "pii_controller": {"id": str(row.agency_id), "code": row.code},
        "purpose": row.purpose,
        "lawful_basis": "CONSENT",
        "pii_requested": attributes,
        "pii_granted": attributes,
        "privacy_notice": None,
        "collection_method": "IMPORTED",
        "answer_by": None,
        "valid_from": _time(row.valid_from),
        "valid_to": _time(row.valid_to),
        "frequency": None,
        "retention_days": 365,
        "jurisdiction": "MA",
        "controller_reference": None,
        "superseded_by": None,
        "invalidated_for": None,
        "event": {"type": event, "state": state, "time": _time(at)},
        "evidence": {
            "by": by[0],
            "request": str(row.consent_id),
            "session": by[1],
            "holder": None,
            "account": None,
            "assistant": None,
            "office": None,
        },
    }
    text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return {
        "person_id": row.person_id,
        "consent_id": row.consent_id,
        "number": number,
        "previous_hash": previous,
        "hash": sha256(text).digest(),
        "document": text.decode(),
        "at": at,
        "state": state,
    }


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def downgrade() -> None:
    op.add_column("consent", sa.Column("withdrawn_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.execute("delete from consent_revision")
    op.execute("delete from consent where state in ('REQUESTED', 'DECLINED')")
    op.execute("update consent set withdrawn_at = changed_at where state <> 'GRANTED'")
    op.drop_index("ix_consent_in_force", table_name="consent")
    op.drop_index(op.f("ix_consent_agency_id_consent_id"), table_name="consent")
    op.create_index(
        op.f("ix_consent_person_id_agency_id_purpose"), "consent", ["person_id", "agency_id", "purpose"], unique=False
    )
    for name in CONSENT_RULES:
        op.drop_constraint(op.f(f"ck_consent_{name}"), "consent")
    op.create_check_constraint(op.f("ck_consent_attributes"), "consent", "cardinality(attributes) > 0")
    for column in (
        "changed_at",
        "chain_hash",
        "revision",
        "link_hash",
        "reference",
        "notice_hash",
        "method",
        "data_life_days",
        "per",
        "uses",
        "answer_by",
        "state",
        "requested",
    ):
        op.drop_column("consent", column)
    op.drop_column("person", "lang")
    for table, column in STOPPED_BY:
        op.drop_column(table, column)
    op.drop_index("ix_relative_wards", table_name="relative", postgresql_where=sa.text("kind = 'GUARDIAN'"))
    op.drop_column("ledger_entry", "shown_at")
    op.drop_column("ledger_entry", "holder_id")
    op.drop_column("ledger_entry", "actor")
    op.execute("delete from counter where kind = 'CONSENT'")
    op.drop_constraint(op.f("ck_counter_kind"), "counter")
    op.create_check_constraint(op.f("ck_counter_kind"), "counter", "kind in ('FAILURES', 'POINTS')")
    op.drop_table("telephone_change")
    op.drop_table("session")
    op.drop_table("role_grant")
    op.drop_table("recovery_code")
    op.drop_index(op.f("ix_proposal_proposed_at"), table_name="proposal", postgresql_where=sa.text("decision is null"))
    op.drop_table("proposal")
    op.drop_index(op.f("ix_invitation_account_id"), table_name="invitation")
    op.drop_table("invitation")
    op.drop_table("account")
    op.drop_table("office")
    op.drop_table("consent_revision")
    op.drop_index(op.f("ix_telephone_witness_change_id"), table_name="telephone_witness")
    op.drop_table("telephone_witness")
    op.drop_table("operator")
    op.drop_table("consent_notice")
    op.drop_index(op.f("ix_access_report_reported_at"), table_name="access_report")
    op.drop_table("access_report")
    op.drop_index(op.f("ix_throttle_window_end"), table_name="throttle")
    op.drop_table("throttle")
    op.drop_index(op.f("ix_one_time_code_expires_at"), table_name="one_time_code")
    op.drop_table("one_time_code")
    op.drop_index(op.f("ix_message_told_at"), table_name="message")
    op.drop_table("message")
    op.drop_index("uq_job_dedupe", table_name="job", postgresql_where=sa.text("state = 'WAITING' and runs = 0"))
    op.drop_index("ix_job_open", table_name="job", postgresql_where=sa.text("state in ('WAITING', 'RUNNING', 'HELD')"))
    op.drop_index(op.f("ix_job_ended_at"), table_name="job")
    op.drop_table("job")
    op.drop_index(op.f("ix_done_expires_at"), table_name="done")
    op.drop_table("done")
