"""when each card is due, the log of reviews, and how each reader wants to review."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# Not `OR IGNORE`: within a trigger, the outer statement's way with conflicts holds.
SCHEDULE = """
INSERT INTO schedules (
    card_id, user_id, document_id, active, phase, due_at, reps, lapses, leech, version
)
SELECT {card}.id, {card}.user_id, {card}.document_id, 1, 'new', {card}.created_at, 0, 0, 0, 1
{source} WHERE {card}.state = 'approved'
AND NOT EXISTS (SELECT 1 FROM schedules WHERE card_id = {card}.id)
"""
# A trigger, so that whoever approves, suspends or deletes cards need not know of schedules.
OF_NEW = SCHEDULE.format(card="NEW", source="")
MADE = f"""
CREATE TRIGGER schedules_of_made_cards AFTER INSERT ON flashcards
BEGIN {OF_NEW}; END
"""
CHANGED = f"""
CREATE TRIGGER schedules_of_changed_cards AFTER UPDATE OF state, document_id ON flashcards
BEGIN
    {OF_NEW};
    UPDATE schedules SET active = (NEW.state = 'approved'), document_id = NEW.document_id
    WHERE card_id = NEW.id;
END
"""  # noqa: S608  # nothing of it comes from outside


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("card_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("phase", sa.String(length=12), nullable=False),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("stability", sa.Float(), nullable=True),
        sa.Column("difficulty", sa.Float(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("last_review_at", sa.BigInteger(), nullable=True),
        sa.Column("reps", sa.Integer(), nullable=False),
        sa.Column("lapses", sa.Integer(), nullable=False),
        sa.Column("buried_until", sa.BigInteger(), nullable=True),
        sa.Column("leech", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["flashcards.id"], name=op.f("fk_schedules_card_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_schedules_user_id")),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_schedules")),
    )
    order = ["active", "phase", "due_at", "card_id"]
    op.create_index(
        "ix_schedules_queue", "schedules", ["user_id", *order, "document_id", "buried_until"]
    )
    op.create_index(
        "ix_schedules_document", "schedules", ["user_id", "document_id", *order, "buried_until"]
    )

    op.create_table(
        "schedulers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_schedulers_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedulers")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_schedulers_user_id", "schedulers", ["user_id"])

    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("card_id", sa.String(length=36), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=True),
        sa.Column("entry", sa.String(length=8), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("elapsed_days", sa.Integer(), nullable=True),
        sa.Column("scheduled_days", sa.Integer(), nullable=True),
        sa.Column("early", sa.Boolean(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("scheduler_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("phase_before", sa.String(length=12), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reviews_user_id")),
        sa.ForeignKeyConstraint(
            ["scheduler_id"], ["schedulers.id"], name=op.f("fk_reviews_scheduler_id")
        ),
        sa.ForeignKeyConstraint(["undoes"], ["reviews.id"], name=op.f("fk_reviews_undoes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_reviews_user_id_key")),
        sa.UniqueConstraint("undoes", name=op.f("uq_reviews_undoes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reviews_user_id_at", "reviews", ["user_id", "at"])
    op.create_index("ix_reviews_user_id_id", "reviews", ["user_id", "id"])
    op.create_index("ix_reviews_card_id_id", "reviews", ["card_id", "id"])

    op.create_table(
        "review_settings",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("scheduler_id", sa.Integer(), nullable=False),
        sa.Column("calendar_secret", sa.String(length=64), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scheduler_id"], ["schedulers.id"], name=op.f("fk_review_settings_scheduler_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_review_settings_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_review_settings")),
        sa.UniqueConstraint("calendar_secret", name=op.f("uq_review_settings_calendar_secret")),
    )

    op.create_table(
        "review_limits",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("new_per_day", sa.Integer(), nullable=True),
        sa.Column("reviews_per_day", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_review_limits_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_review_limits_user_id")),
        sa.PrimaryKeyConstraint("user_id", "document_id", name=op.f("pk_review_limits")),
    )

    op.execute(MADE)
    op.execute(CHANGED)
    op.execute(SCHEDULE.format(card="flashcards", source="FROM flashcards"))
