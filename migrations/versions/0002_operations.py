"""what an operator sees: chains, rollups, duties, incidents, and where a job came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("queues", sa.Column("configured", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("after_id", sa.String(length=36), nullable=True))
    op.add_column("jobs", sa.Column("request_id", sa.String(), nullable=True))
    op.add_column("jobs", sa.Column("traceparent", sa.String(), nullable=True))
    with op.batch_alter_table(
        "job_events", recreate="always", table_kwargs={"sqlite_autoincrement": False}
    ) as batch_op:
        batch_op.add_column(sa.Column("waited", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("ran", sa.BigInteger(), nullable=True))
    op.add_column("workers", sa.Column("queues", sa.JSON(), server_default="[]", nullable=False))
    op.add_column(
        "workers", sa.Column("transport_error", sa.String(), server_default="", nullable=False)
    )
    _indexes()
    op.create_table(
        "job_rollups",
        sa.Column("minute", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in (
                "enqueued", "started", "completed", "failed", "cancelled", "retried", "reaped",
            )
        ),
        sa.Column("waited", sa.BigInteger(), nullable=False),
        sa.Column("waited_buckets", sa.JSON(), nullable=False),
        sa.Column("ran", sa.BigInteger(), nullable=False),
        sa.Column("ran_buckets", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "queue", name=op.f("pk_job_rollups")),
    )  # fmt: skip
    op.create_table(
        "duties",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duties")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("next_step", sa.String(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["kind", "about"],
        unique=True,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def _indexes() -> None:
    for name in ("finished_at", "subject", "claim", "active"):
        op.drop_index(f"ix_jobs_{name}", "jobs")
    for name, columns, where in (
        (
            "ix_jobs_live",
            ["queue", "state", sa.text("priority DESC"), "run_at", "id"],
            "finished_at IS NULL",
        ),
        ("ix_jobs_finished", ["finished_at", "queue", "state"], "finished_at IS NOT NULL"),
        ("ix_jobs_subject", ["subject"], "subject IS NOT NULL"),
        ("ix_jobs_after", ["after_id"], "after_id IS NOT NULL"),
    ):
        op.create_index(
            name, "jobs", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
