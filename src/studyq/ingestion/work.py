"""One attempt at a document: what it works on, how far it is, what it has learnt on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy.orm import Session

from studyq.ingestion.services import IngestionServices
from studyq.jobs.context import JobContext
from studyq.jobs.errors import JobCancelled
from studyq.library.models import Document
from studyq.tracing import span

Stage = Literal["fetching", "stored", "opened", "reading", "chunking", "settled", "embedding"]
STAGES: tuple[Stage, ...] = get_args(Stage)
WORDS_ONLY = "Searchable by words only."  #: how a warning about missing vectors begins


@dataclass
class Work:
    """The state of an attempt; `point` is its checkpoint.

    `point` holds: next_page and offset (reading), chunker (its state, once begun), chunked
    (whether chunking is over), timings (seconds a stage), warnings.
    """

    context: JobContext
    services: IngestionServices
    document_id: str
    generation: int
    source: str
    source_uri: str | None
    title: str
    point: dict[str, Any]
    #: The key of the model that this attempt embedded the whole document with.
    model: int | None = None

    def commit(
        self,
        effects: Callable[[Session], None],
        percent: float,
        message: str,
        stage: Stage,
        **detail: Any,
    ) -> None:
        """Commit a window with its progress and checkpoint.

        Raises:
            JobCancelled: when the document is gone.
        """

        def guarded(session: Session) -> None:
            if session.get(Document, self.document_id) is None:
                raise JobCancelled(self.document_id)
            effects(session)

        self.context.commit(
            guarded, percent=percent, message=message, checkpoint=self.point, stage=stage, **detail
        )

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """Add the time that a block takes to a stage's seconds."""
        begun = time.monotonic()
        try:
            with span(stage):
                yield
        finally:
            timings = self.point.setdefault("timings", {})
            timings[stage] = round(timings.get(stage, 0.0) + time.monotonic() - begun, 3)

    def warn(self, warning: str) -> None:
        """Keep a warning for the receipt, once."""
        warnings = self.point.setdefault("warnings", [])
        if warning not in warnings and len(warnings) < 100:
            warnings.append(warning)


def rate(done: int, begun: float) -> float:
    """Things per second since a moment of the monotonic clock."""
    return round(done / max(time.monotonic() - begun, 1e-3), 1)
