"""What a user's jobs have spent at language models; it outlives documents and jobs."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from studyq.database.base import Base, Id, now


class ModelUsage(Base):
    """The calls of one user to one model on one day (UTC)."""

    __tablename__ = "model_usage"

    user_id: Mapped[Id] = mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    calls: Mapped[int]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    #: By the prices that were set on that day; 0 where none were.
    cost: Mapped[float]


def record_usage(
    session: Session,
    user_id: str,
    model: str,
    *,
    calls: int,
    input_tokens: int,
    output_tokens: int,
    cost: float,
) -> None:
    """Add to today's row, in the transaction of what the calls were for."""
    day = datetime.fromtimestamp(now() / 1e6, UTC).date().isoformat()
    row = session.get(ModelUsage, (user_id, model, day))
    if row is None:
        row = ModelUsage(
            user_id=user_id,
            model=model,
            day=day,
            calls=0,
            input_tokens=0,
            output_tokens=0,
            cost=0.0,
        )
        session.add(row)
    row.calls += calls
    row.input_tokens += input_tokens
    row.output_tokens += output_tokens
    row.cost += cost


def usage_by_model(
    session: Session, user_id: str, *, since: str = ""
) -> list[sa.Row[tuple[str, int, int, int, float]]]:
    """Sums by model, the dearest in tokens first.

    Args:
        since: first day, as 2026-05-01; empty for all.
    """
    tokens = sa.func.sum(ModelUsage.input_tokens + ModelUsage.output_tokens)
    query = (
        sa.select(
            ModelUsage.model,
            sa.func.sum(ModelUsage.calls).label("calls"),
            sa.func.sum(ModelUsage.input_tokens).label("input_tokens"),
            sa.func.sum(ModelUsage.output_tokens).label("output_tokens"),
            sa.func.sum(ModelUsage.cost).label("cost"),
        )
        .where(ModelUsage.user_id == user_id, ModelUsage.day >= since)
        .group_by(ModelUsage.model)
        .order_by(tokens.desc(), ModelUsage.model)
    )
    return list(session.execute(query))
