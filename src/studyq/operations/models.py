"""The table of incidents: what an operator is told about, at its beginning and at its end."""

from __future__ import annotations

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from studyq.database.base import Base, Id, Instant


class Incident(Base):
    """Something that is, or was, not as it should be."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index(
            "uq_incidents_open", "kind", "about", unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[Id] = mapped_column(primary_key=True)
    #: waiting, stalled, failure_rate, consumer or disk.
    kind: Mapped[str] = mapped_column(String(32))
    #: The queue or the job that it concerns; nothing when it is the whole instance.
    about: Mapped[str]
    message: Mapped[str]
    next_step: Mapped[str]
    opened_at: Mapped[Instant]
    #: When it was last found to be still so.
    seen_at: Mapped[Instant]
    resolved_at: Mapped[Instant | None]
