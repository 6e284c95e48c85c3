"""the first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create extension if not exists btree_gist")
    op.create_table(
        "agency",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name_ar", sa.String(length=200), nullable=False),
        sa.Column("name_fr", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("enrolled_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("suspended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9_]{1,31}$'", name=op.f("ck_agency_code")),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_agency")),
        sa.UniqueConstraint("code", name=op.f("uq_agency_code")),
    )
    op.create_table(
        "division",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("parent", sa.String(length=16), nullable=True),
        sa.Column("name_fr", sa.String(length=120), nullable=False),
        sa.Column("name_ar", sa.String(length=120), nullable=False),
        sa.Column("milieu", sa.String(length=8), nullable=True),
        sa.CheckConstraint("(level = 'REGION') = (parent is null)", name=op.f("ck_division_parent")),
        sa.CheckConstraint(
            "level in ('REGION', 'PROVINCE', 'COMMUNE', 'ARRONDISSEMENT', 'CENTRE')", name=op.f("ck_division_level")
        ),
        sa.CheckConstraint("milieu in ('URBAN', 'RURAL')", name=op.f("ck_division_milieu")),
        sa.ForeignKeyConstraint(["parent"], ["division.code"], name=op.f("fk_division_parent")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_division")),
    )
    op.create_table(
        "formula",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_formula_hash")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_formula")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_formula_code_version")),
    )
    op.create_table(
        "identifier",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key_version", sa.SmallInteger(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind in ('IDCS', 'CNIE', 'RESIDENCE_PERMIT', 'HOUSEHOLD_CODE', 'TELEPHONE', 'EMAIL')",
            name=op.f("ck_identifier_kind"),
        ),
        sa.CheckConstraint("octet_length(hash) = 16", name=op.f("ck_identifier_hash")),
        sa.PrimaryKeyConstraint("hash", "kind", "key_version", "owner_id", name=op.f("pk_identifier")),
    )
    op.create_index(
        "uq_identifier_holder",
        "identifier",
        ["hash", "kind", "key_version"],
        unique=True,
        postgresql_where=sa.text("kind in ('IDCS', 'CNIE', 'RESIDENCE_PERMIT', 'HOUSEHOLD_CODE')"),
    )
    op.create_table(
        "instance",
        sa.Column("single", sa.Boolean(), nullable=False),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("key_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("numbers_issued", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("single", name=op.f("ck_instance_single")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_instance")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=True),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("format", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "entry_id", name=op.f("pk_ledger_entry")),
    )
    op.create_table(
        "person",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_since", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("enrolled_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("idcs", sa.LargeBinary(), nullable=False),
        sa.Column("given_name_ar", sa.LargeBinary(), nullable=True),
        sa.Column("given_name_latin", sa.LargeBinary(), nullable=True),
        sa.Column("family_name_ar", sa.LargeBinary(), nullable=True),
        sa.Column("family_name_latin", sa.LargeBinary(), nullable=True),
        sa.Column("birth_date", sa.LargeBinary(), nullable=False),
        sa.Column("birth_place", sa.LargeBinary(), nullable=True),
        sa.Column("sex", sa.LargeBinary(), nullable=False),
        sa.Column("marital_status", sa.LargeBinary(), nullable=True),
        sa.Column("nationality", sa.LargeBinary(), nullable=False),
        sa.Column("cnie", sa.LargeBinary(), nullable=True),
        sa.Column("residence_permit", sa.LargeBinary(), nullable=True),
        sa.Column("residence", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("telephone", sa.LargeBinary(), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "status in ('ACTIVE', 'SUSPENDED', 'DECEASED', 'CANCELLED', 'DECOY')", name=op.f("ck_person_status")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
    )
    op.create_table(
        "programme",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("formula", sa.String(length=32), nullable=False),
        sa.Column("threshold", sa.NUMERIC(precision=24, scale=12), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_programme_hash")),
        sa.CheckConstraint("since < until", name=op.f("ck_programme_dates")),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_programme")),
        sa.UniqueConstraint("hash", name=op.f("uq_programme_hash")),
    )
    op.create_table(
        "replay",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(key) = 32", name=op.f("ck_replay_key")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_replay")),
    )
    op.create_index(op.f("ix_replay_expires_at"), "replay", ["expires_at"], unique=False)
    op.create_table(
        "agency_key",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("kid", sa.String(length=128), nullable=False),
        sa.Column("alg", sa.String(length=8), nullable=False),
        sa.Column("jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("alg in ('ES256', 'EdDSA')", name=op.f("ck_agency_key_alg")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_agency_key_dates")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name=op.f("fk_agency_key_agency_id")),
        sa.PrimaryKeyConstraint("agency_id", "kid", name=op.f("pk_agency_key")),
    )
    op.create_table(
        "agreement",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("suspended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_agreement_hash")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_agreement_dates")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name=op.f("fk_agreement_agency_id")),
        sa.PrimaryKeyConstraint("agency_id", "version", name=op.f("pk_agreement")),
        sa.UniqueConstraint("hash", name=op.f("uq_agreement_hash")),
    )
    op.create_table(
        "consent",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("attributes", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("withdrawn_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose in ('IDENTITY_PROOFING', 'ELIGIBILITY', 'ENROLMENT', 'PAYMENT', 'SERVICE_DELIVERY', 'CASE_REVIEW', 'STATISTICS', 'AUDIT')",
            name=op.f("ck_consent_purpose"),
        ),
        sa.CheckConstraint("cardinality(attributes) > 0", name=op.f("ck_consent_attributes")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_consent_dates")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name=op.f("fk_consent_agency_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_consent_person_id")),
        sa.PrimaryKeyConstraint("person_id", "consent_id", name=op.f("pk_consent")),
    )
    op.create_index(
        op.f("ix_consent_person_id_agency_id_purpose"), "consent", ["person_id", "agency_id", "purpose"], unique=False
    )
    op.create_table(
        "counter",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("window_end", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind in ('FAILURES', 'POINTS')", name=op.f("ck_counter_kind")),
        sa.CheckConstraint("used >= 0", name=op.f("ck_counter_used")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name=op.f("fk_counter_agency_id")),
        sa.PrimaryKeyConstraint("owner_id", "agency_id", "kind", "window_end", name=op.f("pk_counter")),
    )
    op.create_index(op.f("ix_counter_window_end"), "counter", ["window_end"], unique=False)
    op.create_table(
        "household",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("declarant_id", sa.Uuid(), nullable=False),
        sa.Column("milieu", sa.String(length=8), nullable=False),
        sa.Column("region", sa.SmallInteger(), nullable=False),
        sa.Column("division", sa.String(length=16), nullable=False),
        sa.Column("registered_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("withdrawn_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("milieu in ('URBAN', 'RURAL')", name=op.f("ck_household_milieu")),
        sa.CheckConstraint("region between 1 and 12", name=op.f("ck_household_region")),
        sa.ForeignKeyConstraint(["division"], ["division.code"], name=op.f("fk_household_division")),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_household")),
    )
    op.create_table(
        "identity_lock",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("lock_id", sa.Uuid(), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.String(length=32)), nullable=False),
        sa.Column("mandated_too", sa.Boolean(), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purposes <@ array['IDENTITY_PROOFING', 'ELIGIBILITY', 'ENROLMENT', 'PAYMENT', 'SERVICE_DELIVERY', 'CASE_REVIEW', 'STATISTICS', 'AUDIT']::varchar[] and cardinality(purposes) > 0",
            name=op.f("ck_identity_lock_purposes"),
        ),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_identity_lock_dates")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_identity_lock_person_id")),
        sa.PrimaryKeyConstraint("person_id", "lock_id", name=op.f("pk_identity_lock")),
    )
    op.create_table(
        "mandate",
        sa.Column("mandate_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose in ('IDENTITY_PROOFING', 'ELIGIBILITY', 'ENROLMENT', 'PAYMENT', 'SERVICE_DELIVERY', 'CASE_REVIEW', 'STATISTICS', 'AUDIT')",
            name=op.f("ck_mandate_purpose"),
        ),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_mandate_hash")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_mandate_dates")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.agency_id"], name=op.f("fk_mandate_agency_id")),
        sa.PrimaryKeyConstraint("mandate_id", name=op.f("pk_mandate")),
        sa.UniqueConstraint("hash", name=op.f("uq_mandate_hash")),
    )
    op.create_index(op.f("ix_mandate_agency_id_purpose"), "mandate", ["agency_id", "purpose"], unique=False)
    op.create_table(
        "person_household",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("person_id"), "="),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_person_household_one_at_a_time",
        ),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_person_household_dates")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_household_person_id")),
        sa.PrimaryKeyConstraint("person_id", "membership_id", name=op.f("pk_person_household")),
    )
    op.create_table(
        "relative",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("relative_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("person_id"), "="),
            (sa.column("kind"), "="),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            where=sa.text("kind in ('MOTHER', 'FATHER')"),
            using="gist",
            name="ex_relative_one_at_a_time",
        ),
        sa.CheckConstraint("kind in ('MOTHER', 'FATHER', 'GUARDIAN')", name=op.f("ck_relative_kind")),
        sa.CheckConstraint("person_id <> relative_id", name=op.f("ck_relative_another")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_relative_dates")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_relative_person_id")),
        sa.PrimaryKeyConstraint("person_id", "kind", "relative_id", "valid_from", name=op.f("pk_relative")),
    )
    op.create_table(
        "fact",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("attribute", sa.String(length=48), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("evidence", sa.Uuid(), nullable=True),
        sa.Column("dispute", sa.String(length=8), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("recorded_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(attribute = 'household.dwelling' and value between 1 and 9) or (attribute = 'household.rooms' and value between 1 and 50) or (attribute = 'household.family_nuclei' and value between 1 and 20) or (attribute = 'household.bath' and value between 0 and 1) or (attribute = 'household.own_electricity_meter' and value between 0 and 1) or (attribute = 'household.computer' and value between 0 and 1) or (attribute = 'household.satellite' and value between 0 and 1) or (attribute = 'household.landline' and value between 0 and 1) or (attribute = 'household.loan' and value between 0 and 1) or (attribute = 'household.second_home' and value between 0 and 1) or (attribute = 'household.garage' and value between 0 and 1) or (attribute = 'household.professional_premises' and value between 0 and 1) or (attribute = 'household.non_agricultural_land' and value between 0 and 1) or (attribute = 'household.irrigated_land' and value between 0 and 1) or (attribute = 'household.mobiles' and value between 0 and 60) or (attribute = 'household.cars' and value between 0 and 50) or (attribute = 'household.motorcycles' and value between 0 and 50) or (attribute = 'household.cows' and value between 0 and 10000) or (attribute = 'household.butane_large_bottles' and value between 0 and 200) or (attribute = 'household.butane_small_bottles' and value between 0 and 200) or (attribute = 'household.water_bill_1' and value between 0 and 10000000) or (attribute = 'household.water_bill_2' and value between 0 and 10000000) or (attribute = 'household.water_bill_3' and value between 0 and 10000000) or (attribute = 'household.electricity_bill_1' and value between 0 and 10000000) or (attribute = 'household.electricity_bill_2' and value between 0 and 10000000) or (attribute = 'household.electricity_bill_3' and value between 0 and 10000000) or (attribute = 'household.telephone' and value between 0 and 10000000) or (attribute = 'household.internet' and value between 0 and 10000000) or (attribute = 'member.schooling' and value between 0 and 2) or (attribute = 'member.education' and value between 0 and 3) or (attribute = 'member.diploma' and value between 0 and 3) or (attribute = 'member.literate' and value between 0 and 1) or (attribute = 'member.activity' and value between 1 and 8) or (attribute = 'member.occupation' and value between 0 and 9) or (attribute = 'member.employment' and value between 0 and 4) or (attribute = 'member.health_cover' and value between 0 and 2)",
            name=op.f("ck_fact_range"),
        ),
        sa.CheckConstraint("(attribute like 'member.%') = (person_id is not null)", name=op.f("ck_fact_of_whom")),
        sa.CheckConstraint("dispute in ('NONE', 'OPEN', 'UPHELD', 'REJECTED')", name=op.f("ck_fact_dispute")),
        sa.CheckConstraint(
            "source in ('DECLARED', 'WATER_POWER', 'TELECOM', 'LAND', 'VEHICLES', 'PAYROLL', 'HEALTH_COVER', 'SCHOOLS', 'CIVIL_STATUS', 'OFFICER')",
            name=op.f("ck_fact_source"),
        ),
        sa.CheckConstraint("recorded_from < recorded_to", name=op.f("ck_fact_recorded_dates")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_fact_valid_dates")),
        sa.ForeignKeyConstraint(["household_id"], ["household.household_id"], name=op.f("fk_fact_household_id")),
        sa.PrimaryKeyConstraint("household_id", "fact_id", name=op.f("pk_fact")),
    )
    op.create_index(op.f("ix_fact_household_id_attribute"), "fact", ["household_id", "attribute"], unique=False)
    op.create_table(
        "membership",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kinship", sa.String(length=16), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("household_id"), "="),
            (sa.column("person_id"), "="),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_membership_nobody_twice",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("household_id"), "="),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            where=sa.text("kinship = 'HEAD'"),
            using="gist",
            name="ex_membership_one_head",
        ),
        sa.CheckConstraint(
            "kinship in ('HEAD', 'SPOUSE', 'CHILD', 'PARENT', 'SPOUSE_PARENT', 'SIBLING', 'GRANDCHILD', 'OTHER')",
            name=op.f("ck_membership_kinship"),
        ),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_membership_dates")),
        sa.ForeignKeyConstraint(["household_id"], ["household.household_id"], name=op.f("fk_membership_household_id")),
        sa.PrimaryKeyConstraint("household_id", "membership_id", name=op.f("pk_membership")),
    )
    op.create_table(
        "score",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("score_id", sa.Uuid(), nullable=False),
        sa.Column("formula_hash", sa.LargeBinary(), nullable=False),
        sa.Column("inputs_hash", sa.LargeBinary(), nullable=False),
        sa.Column("milieu", sa.String(length=8), nullable=False),
        sa.Column("region", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.NUMERIC(precision=24, scale=12), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("missing", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("calculated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ages_change_on", sa.Date(), nullable=True),
        sa.Column("numerators", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("denominators", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("amounts", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.CheckConstraint("cause in ('REGISTRATION', 'UPDATE', 'CORRECTION', 'AGE', 'FORMULA')", name=op.f("ck_score_cause")),
        sa.CheckConstraint(
            "cardinality(numerators) = cardinality(denominators) and cardinality(numerators) = cardinality(amounts)",
            name=op.f("ck_score_lengths"),
        ),
        sa.CheckConstraint("complete = (cardinality(missing) = 0)", name=op.f("ck_score_complete")),
        sa.CheckConstraint("octet_length(inputs_hash) = 32", name=op.f("ck_score_inputs_hash")),
        sa.ForeignKeyConstraint(["formula_hash"], ["formula.hash"], name=op.f("fk_score_formula_hash")),
        sa.ForeignKeyConstraint(["household_id"], ["household.household_id"], name=op.f("fk_score_household_id")),
        sa.PrimaryKeyConstraint("household_id", "score_id", name=op.f("pk_score")),
    )
    op.create_index(op.f("ix_score_household_id_calculated_at"), "score", ["household_id", "calculated_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_score_household_id_calculated_at"), table_name="score")
    op.drop_table("score")
    op.drop_table("membership")
    op.drop_index(op.f("ix_fact_household_id_attribute"), table_name="fact")
    op.drop_table("fact")
    op.drop_table("relative")
    op.drop_table("person_household")
    op.drop_index(op.f("ix_mandate_agency_id_purpose"), table_name="mandate")
    op.drop_table("mandate")
    op.drop_table("identity_lock")
    op.drop_table("household")
    op.drop_index(op.f("ix_counter_window_end"), table_name="counter")
    op.drop_table("counter")
    op.drop_index(op.f("ix_consent_person_id_agency_id_purpose"), table_name="consent")
    op.drop_table("consent")
    op.drop_table("agreement")
    op.drop_table("agency_key")
    op.drop_index(op.f("ix_replay_expires_at"), table_name="replay")
    op.drop_table("replay")
    op.drop_table("programme")
    op.drop_table("person")
    op.drop_table("ledger_entry")
    op.drop_table("instance")
    op.drop_index(
        "uq_identifier_holder",
        table_name="identifier",
        postgresql_where=sa.text("kind in ('IDCS', 'CNIE', 'RESIDENCE_PERMIT', 'HOUSEHOLD_CODE')"),
    )
    op.drop_table("identifier")
    op.drop_table("formula")
    op.drop_table("division")
    op.drop_table("agency")
