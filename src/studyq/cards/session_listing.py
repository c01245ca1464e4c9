"""Sessions as the API tells them: state, windows, cards, cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.models import CardSession, CardState, CardWindow, Flashcard, WindowStatus
from studyq.database.base import isoformat
from studyq.jobs.models import Job
from studyq.jobs.service import describe_job
from studyq.library.errors import NotFoundError
from studyq.library.models import Chunk, Document


def find_session(session: Session, user_id: str, session_id: str) -> CardSession:
    """A session of the user's.

    Raises:
        NotFoundError: when there is none.
    """
    found = session.get(CardSession, session_id)
    if found is None or found.user_id != user_id:
        raise NotFoundError("session_not_found", f"There is no session {session_id}.")
    return found


def list_sessions(
    session: Session, user_id: str, document_id: str, *, before: str | None = None, limit: int
) -> list[CardSession]:
    """A document's sessions, newest first.

    Args:
        before: an id to go on behind.
    """
    query = sa.select(CardSession).where(
        CardSession.user_id == user_id, CardSession.document_id == document_id
    )
    if before is not None:
        query = query.where(CardSession.id < before)
    return list(session.scalars(query.order_by(CardSession.id.desc()).limit(limit)))


def describe_sessions(session: Session, found: Sequence[CardSession]) -> list[dict[str, Any]]:
    """Sessions as the API tells them."""
    ids = [item.id for item in found]
    windows: dict[str, list[CardWindow]] = {item: [] for item in ids}
    query = sa.select(CardWindow).where(CardWindow.session_id.in_(ids))
    for window in session.scalars(query.order_by(CardWindow.ordinal)):
        windows[window.session_id].append(window)
    cards = _cards_by_state(session, ids)
    documents = dict(
        session.execute(
            sa.select(Document.id, Document.title).where(
                Document.id.in_([item.document_id for item in found])
            )
        ).all()
    )
    jobs = session.execute(
        sa.select(*Job.__table__.columns).where(Job.id.in_([item.job_id for item in found]))
    )
    described = {row.id: describe_job(session, row) for row in jobs}
    pages = _pages(session, [window for item in ids for window in windows[item]])
    return [
        _describe(
            item,
            title=documents[item.document_id],
            windows=windows[item.id],
            cards=cards[item.id],
            job=described.get(item.job_id or ""),
            pages=pages,
        )
        for item in found
    ]


def describe_session(session: Session, found: CardSession) -> dict[str, Any]:
    """One session as the API tells it."""
    return describe_sessions(session, [found])[0]


def totals(windows: Sequence[CardWindow]) -> dict[str, Any]:
    """What windows have given and taken so far."""
    rejected: Counter[str] = Counter()
    for window in windows:
        rejected.update(window.rejected)
    status = Counter(window.status for window in windows)
    return {
        "windows": {"total": len(windows), **{str(name): status[name] for name in WindowStatus}},
        "kept": sum(window.kept for window in windows),
        "rejected": dict(rejected.most_common()),
        "calls": sum(window.calls for window in windows),
        "input_tokens": sum(window.input_tokens for window in windows),
        "output_tokens": sum(window.output_tokens for window in windows),
    }


def _cards_by_state(session: Session, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    counts = {item: dict.fromkeys(map(str, CardState), 0) for item in ids}
    query = (
        sa.select(Flashcard.session_id, Flashcard.state, sa.func.count())
        .where(Flashcard.session_id.in_(ids))
        .group_by(Flashcard.session_id, Flashcard.state)
    )
    for session_id, state, number in session.execute(query):
        if session_id is not None:
            counts[session_id][state] = number
    return counts


def _pages(session: Session, windows: Sequence[CardWindow]) -> dict[int, tuple[int, int]]:
    """First and last page of the chunks of failed windows."""
    ids = {chunk for item in windows if item.error_code for chunk in item.chunk_ids}
    query = sa.select(Chunk.id, Chunk.page_from, Chunk.page_to).where(Chunk.id.in_(ids))
    return {row.id: (row.page_from, row.page_to) for row in session.execute(query)}


def _describe(
    item: CardSession,
    *,
    title: str,
    windows: Sequence[CardWindow],
    cards: dict[str, int],
    job: dict[str, Any] | None,
    pages: dict[int, tuple[int, int]],
) -> dict[str, Any]:
    sums = totals(windows)
    error = item.error_code and {"code": item.error_code, "message": item.error_message}
    return {
        "id": item.id,
        "document_id": item.document_id,
        "title": title,
        "status": str(item.status),
        "error": error or None,
        "prompt": item.prompt,
        "wanted": item.wanted,
        "kinds": item.kinds,
        "sections": item.scope.get("sections", []),
        "pages": item.scope.get("pages"),
        "model": item.model,
        "windows": sums["windows"],
        "failed_windows": [
            _failed(window, pages) for window in windows if window.status == WindowStatus.FAILED
        ],
        "cards": cards,
        "rejected": sums["rejected"],
        "usage": {name: sums[name] for name in ("calls", "input_tokens", "output_tokens")},
        "estimate": item.estimate,
        "receipt": item.receipt,
        "job": job,
        "created_at": isoformat(item.created_at),
        "updated_at": isoformat(item.updated_at),
    }


def _failed(window: CardWindow, pages: dict[int, tuple[int, int]]) -> dict[str, Any]:
    known = [pages[chunk] for chunk in window.chunk_ids if chunk in pages]
    return {
        "ordinal": window.ordinal,
        "pages": [min(first for first, _ in known), max(last for _, last in known)]
        if known
        else None,
        "quota": window.quota,
        "error": {"code": window.error_code, "message": window.error_message},
    }
