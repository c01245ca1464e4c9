"""One attempt at a session: what it works on, its windows, and how it commits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.models import CardSession, CardWindow, SessionStatus, WindowStatus
from studyq.cards.requests import check_plan, scope_of
from studyq.cards.sampling import plan_windows
from studyq.cards.services import CardServices
from studyq.cards.source import Source, read_source, read_vectors
from studyq.cards.windows import Window
from studyq.database.base import now
from studyq.jobs.context import JobContext
from studyq.jobs.errors import JobCancelled, PermanentError, TransientError
from studyq.library.errors import RefusedError
from studyq.library.models import Document, Status
from studyq.providers.embedding import Embedder, Unavailable
from studyq.providers.errors import ProviderError
from studyq.search.vectors import Vector, find_model


@dataclass
class Work:
    """The state of an attempt; `point` is its checkpoint.

    `point` holds: tokens (spent by this job, over its attempts), seconds (of its attempts before
    this one).

    Attributes:
        session: As it was when the attempt began.
        begun: When that was, by the monotonic clock.
    """

    context: JobContext
    services: CardServices
    session: CardSession
    source: Source
    vectors: Mapping[int, Vector]
    point: dict[str, Any]
    begun: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long the job has worked."""
        return round(float(self.point["seconds"]) + time.monotonic() - self.begun, 3)

    def commit(
        self,
        effects: Callable[[Session, CardSession], None],
        percent: float,
        message: str,
        stage: str,
        **detail: Any,
    ) -> None:
        """Commit effects on the session with the progress and the checkpoint.

        Raises:
            JobCancelled: when the session is gone.
        """

        def guarded(session: Session) -> None:
            found = session.get(CardSession, self.session.id)
            if found is None:
                raise JobCancelled(self.session.id)
            effects(session, found)
            found.updated_at = now()

        self.context.commit(
            guarded,
            percent=percent,
            message=message,
            checkpoint={**self.point, "seconds": self.seconds},
            stage=stage,
            **detail,
        )


def take_up(context: JobContext, services: CardServices) -> Work:
    """Read what the cards are to be made of.

    Raises:
        JobCancelled: when the session is gone.
        PermanentError: when the document could not be read.
        TransientError: when it is being read after all.
    """
    with context.database.read() as session:
        found = session.get(CardSession, context.payload["session"])
        document = session.get(Document, context.subject)
        if found is None or document is None:
            raise JobCancelled(context.job_id)
        if document.status == Status.FAILED:
            raise PermanentError(
                "document_failed", f"{document.title} could not be read: {document.error_message}"
            )
        if document.status != Status.COMPLETED:
            raise TransientError("document_not_ready", f"{document.title} is being read.")
        session.expunge(found)
        return Work(
            context,
            services,
            session=found,
            source=read_source(session, document),
            vectors=_vectors(session, document, services.embedder),
            point={"tokens": 0, "seconds": 0.0, **context.checkpoint},
        )


def waiting_windows(work: Work, worth: Mapping[int, float] | None = None) -> list[Window]:
    """The windows to be asked about; the first attempt plans and commits them.

    Args:
        worth: How much there is to ask about each chunk, where that is known.

    Raises:
        PermanentError: when the part asked for has nothing to be asked about.
    """
    with work.context.database.read() as session:
        query = sa.select(CardWindow).where(CardWindow.session_id == work.session.id)
        rows = session.scalars(query.order_by(CardWindow.ordinal)).all()
    windows = [
        Window(row.ordinal, tuple(row.chunk_ids), row.quota)
        for row in rows
        if row.status == WindowStatus.WAITING
    ]
    planned = [] if rows else _plan(work, worth)

    def begin(session: Session, found: CardSession) -> None:
        found.status = SessionStatus.PROCESSING
        if planned:
            session.execute(sa.insert(CardWindow), [_row(found.id, each) for each in planned])

    number = len(windows or planned)
    message = f"{number} {'window' if number == 1 else 'windows'} to ask about"
    work.commit(begin, 10, message, "planned", windows=len(rows or planned))
    return windows or planned


def _plan(work: Work, worth: Mapping[int, float] | None) -> list[Window]:
    scope = scope_of(work.session.scope)
    plan = plan_windows(
        work.source.chunks, work.session.wanted, vectors=work.vectors, worth=worth, scope=scope
    )
    try:
        check_plan(work.source, plan, scope)
    except RefusedError as error:
        raise PermanentError(error.code, error.message) from error
    return [Window(place, each.chunk_ids, each.quota) for place, each in enumerate(plan.windows)]


def _row(session_id: str, window: Window) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "ordinal": window.ordinal,
        "chunk_ids": list(window.chunk_ids),
        "quota": window.quota,
        "status": WindowStatus.WAITING,
        "kept": 0,
        "rejected": {},
        "calls": 0,
        "input_tokens": 0,
        "output_tokens": 0,
    }


def _vectors(
    session: Session, document: Document, embedder: Embedder | Unavailable
) -> dict[int, Vector]:
    """The embeddings of the passages, by which they are spread; none is no reason to fail."""
    if isinstance(embedder, Unavailable):
        return {}
    try:
        model = find_model(session, embedder.model_id, embedder.dimensions)
    except ProviderError:
        return {}
    return read_vectors(session, document, model)
