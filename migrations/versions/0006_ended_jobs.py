"""ended jobs are counted by queue and state in the order of their index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ENDED = sa.text("finished_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_jobs_finished", "jobs")
    op.create_index(
        "ix_jobs_ended", "jobs", ["queue", "state", "finished_at"],
        sqlite_where=ENDED, postgresql_where=ENDED,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_jobs_ended", "jobs")
    op.create_index(
        "ix_jobs_finished", "jobs", ["finished_at", "queue", "state"],
        sqlite_where=ENDED, postgresql_where=ENDED,
    )  # fmt: skip
