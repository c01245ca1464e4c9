"""How a session ends: its receipt, or the reason why it gave no card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.admission import REJECTIONS
from studyq.cards.generation import Work
from studyq.cards.matter import eligible
from studyq.cards.models import CardSession, CardWindow, Flashcard, SessionStatus, WindowStatus
from studyq.cards.requests import scope_of
from studyq.cards.sampling import coverage
from studyq.cards.session_listing import totals
from studyq.cards.spending import Prices
from studyq.jobs.errors import ExhaustedError, JobError, PermanentError, TransientError
from studyq.jobs.registry import Outcome
from studyq.providers.language import BUILTIN

#: Of an attempt whose windows all failed for the moment; the next one asks about them again.
BUSY = "model_transient"
NOTHING = {
    False: "The model gave not one card: there may be nothing to ask about there.",
    True: "The built-in generator found nothing to ask about: it needs whole sentences, in one of "
    "the languages that it knows. A language model finds more (STUDYQ_LLM).",
}


def finish(work: Work) -> Outcome:
    """The job's last effects: the session is complete, with its receipt.

    Raises:
        JobError: when not one card was kept.
    """
    with work.context.database.read() as session:
        receipt = make_receipt(session, work.session, work.services.prices, work.seconds)
        carded = session.scalars(
            sa.select(Flashcard.chunk_id).where(Flashcard.session_id == work.session.id).distinct()
        ).all()
        if not receipt["cards"]:
            raise _why_nothing(session, work.session, receipt["rejected"])
    scope = scope_of(work.session.scope)
    usable = {chunk.id for chunk in eligible([c for c in work.source.chunks if scope.holds(c)])}
    receipt["coverage"] = round(coverage(usable, carded), 4)

    def complete(session: Session) -> None:
        found = session.get(CardSession, work.session.id)
        if found is not None:
            end_session(found, SessionStatus.COMPLETED, receipt)

    return Outcome(result=receipt, effects=complete, message=_summary(receipt))


def end_session(
    found: CardSession,
    status: SessionStatus,
    receipt: Mapping[str, Any],
    *,
    code: str | None = None,
    message: str | None = None,
) -> None:
    """Write how a session ended."""
    found.status, found.receipt = status, dict(receipt)
    found.error_code, found.error_message = code, message


def make_receipt(
    session: Session, found: CardSession, prices: Prices, seconds: float
) -> dict[str, Any]:
    """What a session has given and taken, over all its jobs.

    Args:
        seconds: how long its last job worked.
    """
    windows = session.scalars(sa.select(CardWindow).where(CardWindow.session_id == found.id)).all()
    sums = totals(windows)
    near = session.scalar(
        sa.select(sa.func.count()).where(
            Flashcard.session_id == found.id, Flashcard.duplicate_of.is_not(None)
        )
    )
    return {
        "model": found.model,
        "wanted": found.wanted,
        "cards": sums["kept"],
        "near_duplicates": near or 0,
        "rejected": sums["rejected"],
        "windows": sums["windows"]["total"],
        "windows_failed": sums["windows"]["failed"],
        "calls": sums["calls"],
        "input_tokens": sums["input_tokens"],
        "output_tokens": sums["output_tokens"],
        "cost": prices.cost(found.model, sums["input_tokens"], sums["output_tokens"]),
        "seconds": seconds,
    }


def _summary(receipt: Mapping[str, Any]) -> str:
    cards, failed = receipt["cards"], receipt["windows_failed"]
    told = "1 card" if cards == 1 else f"{cards} cards"
    if not failed:
        return told
    return f"{told}; {failed} of {receipt['windows']} windows failed and can be retried"


def _why_nothing(session: Session, asked: CardSession, rejected: Mapping[str, int]) -> JobError:
    """The error of a job that kept no card: that of its windows, or what was wrong with drafts."""
    failed = sa.select(CardWindow.error_code, CardWindow.error_message).where(
        CardWindow.session_id == asked.id, CardWindow.status == WindowStatus.FAILED
    )
    errors = {str(code): str(message) for code, message in session.execute(failed)}
    if errors:
        # What all windows would meet comes first; what may pass counts only where all met it.
        code = min(errors, key=lambda code: (code == BUSY, not code.startswith("model_")))
        kind = {BUSY: TransientError, "model_exhausted": ExhaustedError}.get(code, PermanentError)
        return kind(code, errors[code])
    if not rejected:
        return PermanentError("no_cards_given", NOTHING[asked.model == BUILTIN])
    reasons = "; ".join(f"{number} × {REJECTIONS[reason]}" for reason, number in rejected.items())
    return PermanentError("no_cards_kept", f"None of the cards could be kept. {reasons}")
