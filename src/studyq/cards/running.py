"""Working off the windows of a session side by side, and committing each on its own.

A window that is committed is never asked about again, whatever becomes of the job: another attempt
goes on with those that still wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.accounts.usage import record_usage
from studyq.cards.generation import Work
from studyq.cards.models import CardSession, CardWindow, WindowStatus
from studyq.cards.windows import Window, Worked, Workshop
from studyq.database.base import now
from studyq.jobs.errors import HandedBack
from studyq.jobs.side_by_side import SideBySide, side_by_side


def work_off(work: Work, workshop: Workshop, windows: Sequence[Window]) -> None:
    """Work off windows, as many at once as the generator takes.

    When the process stops, windows in work may come to their end within the grace time; no new
    one is begun. When the job is cancelled, all ends at once.
    """
    at_once = workshop.generator.concurrency
    with side_by_side(workshop.work, windows, at_once=at_once, name="studyq-cards") as running:
        _Committing(work, workshop, running, len(windows)).run()


@dataclass
class _Committing:
    """Takes the windows as they end.

    Attributes:
        total: How many windows there are.
        leaving: Raised by the job layer when the process stops.
    """

    work: Work
    workshop: Workshop
    running: SideBySide[Window, Worked]
    total: int
    done: int = 0
    failed: int = 0
    kept: int = 0
    leaving: HandedBack | None = None

    def run(self) -> None:
        """Commit until every window has ended."""
        for worked in self.running.results(self._look):
            skipped = self.running.take_back() if worked.error and worked.error.for_all else []
            self._commit(worked, skipped)
        if self.leaving is not None:
            raise self.leaving

    def _look(self) -> None:
        """See whether the job is to end; a process that stops leaves time to what is in work."""
        try:
            self.work.context.check(at_checkpoint=self.leaving is None)
        except HandedBack as stopping:
            if self.leaving is not None:
                raise
            self._leave(stopping)

    def _leave(self, stopping: HandedBack) -> None:
        self.leaving = stopping
        self.running.take_back()

    def _commit(self, worked: Worked, skipped: Sequence[Window]) -> None:
        self.done += 1 + len(skipped)
        self.failed += 1 + len(skipped) if worked.error else 0
        self.kept += len(worked.admitted.cards)
        self.work.point["tokens"] += worked.usage.tokens

        def store(session: Session, found: CardSession) -> None:
            session.add_all(worked.admitted.cards)
            _end_window(session, found.id, worked)
            if worked.error is not None:
                for window in skipped:
                    _end_window(session, found.id, Worked(window, error=worked.error))
            self._record(session, worked)

        cards = "1 card" if self.kept == 1 else f"{self.kept} cards"
        message = f"Window {self.done} of {self.total} · {cards}"
        percent = 10 + 80 * self.done / self.total
        try:
            self.work.commit(
                store, percent, message, "asking",
                window=self.done, of=self.total, cards=self.kept, failed=self.failed,
            )  # fmt: skip
        except HandedBack as stopping:  # what was written is committed
            self._leave(stopping)

    def _record(self, session: Session, worked: Worked) -> None:
        model, usage = self.workshop.generator.model, worked.usage
        if model is None or not usage.calls:
            return
        prices = self.work.services.prices
        record_usage(
            session,
            self.work.context.user_id,
            model,
            calls=usage.calls,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost=prices.cost(model, usage.input_tokens, usage.output_tokens) or 0.0,
        )


def _end_window(session: Session, session_id: str, worked: Worked) -> None:
    """Write what came of a window; what earlier tries of it have cost stays counted."""
    error, usage = worked.error, worked.usage
    session.execute(
        sa.update(CardWindow)
        .where(CardWindow.session_id == session_id, CardWindow.ordinal == worked.window.ordinal)
        .values(
            status=WindowStatus.FAILED if error else WindowStatus.DONE,
            kept=len(worked.admitted.cards),
            rejected=worked.admitted.rejected,
            calls=CardWindow.calls + usage.calls,
            input_tokens=CardWindow.input_tokens + usage.input_tokens,
            output_tokens=CardWindow.output_tokens + usage.output_tokens,
            error_code=error and error.code,
            error_message=error and error.message,
            finished_at=now(),
        )
    )
