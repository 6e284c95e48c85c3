"""the households: what they ask for and contest, what partners report, where they lived, when a score counts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "household_request",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("form", sa.LargeBinary(), nullable=True),
        sa.Column("form_hash", sa.LargeBinary(), nullable=True),
        sa.Column("division", sa.String(length=16), nullable=True),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("assisted_by", sa.Uuid(), nullable=True),
        sa.Column("begun_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.CheckConstraint(
            "(decided_at is not null) = (state in ('PROCESSED', 'REJECTED', 'WITHDRAWN'))",
            name=op.f("ck_household_request_decided"),
        ),
        sa.CheckConstraint("(state = 'REJECTED') = (reason is not null)", name=op.f("ck_household_request_reason")),
        sa.CheckConstraint("channel in ('ONLINE', 'CENTRE')", name=op.f("ck_household_request_channel")),
        sa.CheckConstraint(
            "kind in ('REGISTRATION', 'UPDATE', 'EVENT', 'CONFIRMATION', 'LEAVING', 'WITHDRAWAL')",
            name=op.f("ck_household_request_kind"),
        ),
        sa.CheckConstraint(
            "state in ('DRAFT', 'IN_PROGRESS', 'PROCESSED', 'REJECTED', 'WITHDRAWN')", name=op.f("ck_household_request_state")
        ),
        sa.CheckConstraint(
            "state in ('REJECTED', 'WITHDRAWN') or (state = 'DRAFT') = (submitted_at is null)",
            name=op.f("ck_household_request_submitted"),
        ),
        sa.CheckConstraint("octet_length(form_hash) = 32", name=op.f("ck_household_request_form_hash")),
        sa.PrimaryKeyConstraint("household_id", "request_id", name=op.f("pk_household_request")),
    )
    op.create_index(
        "ix_household_request_draft",
        "household_request",
        ["asked_by"],
        unique=False,
        postgresql_where=sa.text("state = 'DRAFT'"),
    )
    op.create_index(
        "ix_household_request_open",
        "household_request",
        ["due_at", "household_id"],
        unique=False,
        postgresql_where=sa.text("state = 'IN_PROGRESS'"),
    )
    op.create_index(op.f("ix_household_request_request_id"), "household_request", ["request_id"], unique=False)
    op.create_table(
        "feed_item",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("attribute", sa.String(length=48), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Date(), nullable=True),
        sa.Column("reference", sa.LargeBinary(), nullable=False),
        sa.Column("reference_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reported_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("dispute", sa.String(length=8), nullable=False),
        sa.CheckConstraint("dispute in ('NONE', 'OPEN', 'UPHELD', 'REJECTED')", name=op.f("ck_feed_item_dispute")),
        sa.CheckConstraint(
            "source in ('DECLARED', 'WATER_POWER', 'TELECOM', 'LAND', 'VEHICLES', 'PAYROLL', 'HEALTH_COVER', 'SCHOOLS', 'CIVIL_STATUS', 'OFFICER')",
            name=op.f("ck_feed_item_source"),
        ),
        sa.CheckConstraint("octet_length(reference_hash) = 16", name=op.f("ck_feed_item_reference_hash")),
        sa.CheckConstraint("recorded_from < recorded_to", name=op.f("ck_feed_item_recorded_dates")),
        sa.CheckConstraint("value >= 0", name=op.f("ck_feed_item_value")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_feed_item_person_id")),
        sa.PrimaryKeyConstraint("person_id", "item_id", name=op.f("pk_feed_item")),
    )
    op.create_index(
        "uq_feed_item_standing",
        "feed_item",
        ["person_id", "source", "attribute", "reference_hash", sa.literal_column("coalesce(period, '-infinity'::date)")],
        unique=True,
        postgresql_where=sa.text("recorded_to is null"),
    )
    op.create_table(
        "population_figure",
        sa.Column("division", sa.String(length=16), nullable=False),
        sa.Column("milieu", sa.String(length=8), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.CheckConstraint("milieu in ('URBAN', 'RURAL')", name=op.f("ck_population_figure_milieu")),
        sa.CheckConstraint("persons >= 0 and households >= 0", name=op.f("ck_population_figure_figures")),
        sa.ForeignKeyConstraint(["division"], ["division.code"], name=op.f("fk_population_figure_division")),
        sa.PrimaryKeyConstraint("division", "milieu", "year", name=op.f("pk_population_figure")),
    )
    op.create_table(
        "household_case",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("attribute", sa.String(length=48), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("fact_id", sa.Uuid(), nullable=True),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("score_id", sa.Uuid(), nullable=True),
        sa.Column("formula_hash", sa.LargeBinary(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("division", sa.String(length=16), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("assisted_by", sa.Uuid(), nullable=True),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("effective_from", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(decided_at is not null) = (state in ('ACCEPTED', 'PARTIALLY_ACCEPTED', 'REJECTED', 'WITHDRAWN'))",
            name=op.f("ck_household_case_decided"),
        ),
        sa.CheckConstraint(
            "(kind = 'REVIEW') = (score_id is not null and formula_hash is not null)", name=op.f("ck_household_case_reviewed")
        ),
        sa.CheckConstraint(
            "kind <> 'DISPUTE' or (fact_id is null) <> (item_id is null)", name=op.f("ck_household_case_contested")
        ),
        sa.CheckConstraint(
            "kind in ('DISPUTE', 'REVIEW', 'COMPLAINT', 'VALIDITY', 'PROVISIONAL')", name=op.f("ck_household_case_kind")
        ),
        sa.CheckConstraint(
            "state in ('SUBMITTED', 'IN_REVIEW', 'WAITING', 'ACCEPTED', 'PARTIALLY_ACCEPTED', 'REJECTED', 'WITHDRAWN')",
            name=op.f("ck_household_case_state"),
        ),
        sa.CheckConstraint("decided_by <> assisted_by", name=op.f("ck_household_case_second_person")),
        sa.CheckConstraint("octet_length(formula_hash) = 32", name=op.f("ck_household_case_formula_hash")),
        sa.ForeignKeyConstraint(["household_id"], ["household.household_id"], name=op.f("fk_household_case_household_id")),
        sa.PrimaryKeyConstraint("household_id", "case_id", name=op.f("pk_household_case")),
    )
    op.create_index(op.f("ix_household_case_case_id"), "household_case", ["case_id"], unique=False)
    op.create_index(
        "ix_household_case_open",
        "household_case",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state in ('SUBMITTED', 'IN_REVIEW', 'WAITING')"),
    )
    op.create_index(
        "uq_household_case_fact",
        "household_case",
        ["household_id", "fact_id"],
        unique=True,
        postgresql_where=sa.text("fact_id is not null and state in ('SUBMITTED', 'IN_REVIEW', 'WAITING')"),
    )
    op.create_index(
        "uq_household_case_item",
        "household_case",
        ["household_id", "item_id"],
        unique=True,
        postgresql_where=sa.text("item_id is not null and state in ('SUBMITTED', 'IN_REVIEW', 'WAITING')"),
    )
    op.create_table(
        "household_residence",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("residence_id", sa.Uuid(), nullable=False),
        sa.Column("milieu", sa.String(length=8), nullable=False),
        sa.Column("region", sa.SmallInteger(), nullable=False),
        sa.Column("division", sa.String(length=16), nullable=False),
        sa.Column("valid_from", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", postgresql.TIMESTAMP(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("household_id"), "="),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_household_residence_one_at_a_time",
        ),
        sa.CheckConstraint("milieu in ('URBAN', 'RURAL')", name=op.f("ck_household_residence_milieu")),
        sa.CheckConstraint("region between 1 and 12", name=op.f("ck_household_residence_region")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_household_residence_dates")),
        sa.ForeignKeyConstraint(["division"], ["division.code"], name=op.f("fk_household_residence_division")),
        sa.ForeignKeyConstraint(["household_id"], ["household.household_id"], name=op.f("fk_household_residence_household_id")),
        sa.PrimaryKeyConstraint("household_id", "residence_id", name=op.f("pk_household_residence")),
    )
    op.create_table(
        "life_event",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind in ('BIRTH', 'DEATH', 'MARRIAGE', 'DIVORCE', 'MOVE', 'ARRIVAL', 'DEPARTURE')", name=op.f("ck_life_event_kind")
        ),
        sa.CheckConstraint("source in ('DECLARED', 'CIVIL_STATUS', 'REGISTRY')", name=op.f("ck_life_event_source")),
        sa.ForeignKeyConstraint(["household_id"], ["household.household_id"], name=op.f("fk_life_event_household_id")),
        sa.PrimaryKeyConstraint("household_id", "event_id", name=op.f("pk_life_event")),
    )
    op.create_index(op.f("ix_life_event_person_id"), "life_event", ["person_id"], unique=False)
    op.create_table(
        "mismatch",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("mismatch_id", sa.Uuid(), nullable=False),
        sa.Column("attribute", sa.String(length=48), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("declared", sa.BigInteger(), nullable=False),
        sa.Column("reported", sa.BigInteger(), nullable=False),
        sa.Column("found_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "source in ('DECLARED', 'WATER_POWER', 'TELECOM', 'LAND', 'VEHICLES', 'PAYROLL', 'HEALTH_COVER', 'SCHOOLS', 'CIVIL_STATUS', 'OFFICER')",
            name=op.f("ck_mismatch_source"),
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.household_id"], name=op.f("fk_mismatch_household_id")),
        sa.PrimaryKeyConstraint("household_id", "mismatch_id", name=op.f("pk_mismatch")),
    )
    op.create_index(
        "uq_mismatch_open",
        "mismatch",
        ["household_id", "attribute", "source", sa.literal_column("coalesce(person_id, household_id)")],
        unique=True,
        postgresql_where=sa.text("settled_at is null"),
    )
    op.add_column("score", sa.Column("effective_from", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.execute("update score set effective_from = calculated_at")
    op.alter_column("score", "effective_from", nullable=False)
    op.add_column("score", sa.Column("origin", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_score_ages_change_on",
        "score",
        ["ages_change_on"],
        unique=False,
        postgresql_where=sa.text("ages_change_on is not null"),
    )
    op.drop_constraint(op.f("ck_score_cause"), "score")
    op.create_check_constraint(
        op.f("ck_score_cause"),
        "score",
        "cause in ('REGISTRATION', 'UPDATE', 'EVENT', 'FEED', 'CORRECTION', 'AGE', 'FORMULA', 'PRICES')",
    )
    op.create_check_constraint(op.f("ck_score_effective_from"), "score", "effective_from <= calculated_at")
    op.execute(
        """insert into household_residence (household_id, residence_id, milieu, region, division, valid_from, valid_to)
           select household_id, gen_random_uuid(), milieu, region, division, registered_at, withdrawn_at from household"""
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_score_effective_from"), "score")
    op.execute("delete from score where cause in ('EVENT', 'FEED', 'PRICES')")
    op.drop_constraint(op.f("ck_score_cause"), "score")
    op.create_check_constraint(
        op.f("ck_score_cause"), "score", "cause in ('REGISTRATION', 'UPDATE', 'CORRECTION', 'AGE', 'FORMULA')"
    )
    op.drop_index("ix_score_ages_change_on", table_name="score")
    op.drop_column("score", "origin")
    op.drop_column("score", "effective_from")
    for table in (
        "mismatch",
        "life_event",
        "household_residence",
        "household_case",
        "population_figure",
        "feed_item",
        "household_request",
    ):
        op.drop_table(table)
