"""Asking for cards of a document: what is refused, what it will cost, the session and its job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.models import CardSession, CardWindow, SessionStatus, WindowStatus
from studyq.cards.sampling import Plan, Scope, plan_windows
from studyq.cards.session_listing import find_session
from studyq.cards.source import Source, read_source
from studyq.cards.spending import Estimate, Prices, estimate
from studyq.database.base import new_id, now
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.models import ENDED, Job, State
from studyq.jobs.registry import FLASHCARD_GENERATION, Registry
from studyq.jobs.service import retry
from studyq.library.errors import RefusedError
from studyq.library.models import Document, Status
from studyq.library.service import find_document
from studyq.library.uploads import live_job
from studyq.providers.embedding import Unavailable
from studyq.providers.language import BUILTIN, LanguageModels

GENERATE_JOB = "generate_cards"
MOST_CARDS = 500
LONGEST_PROMPT = 2000
MOST_SECTIONS = 200


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Attributes:
        prompt: In words, for a language model; may be empty.
        wanted: How many cards.
        kinds: Values of `models.Kind`.
        scope: The part of the document.
        model: `builtin`, `llm:MODEL` or `openai:MODEL`.
    """

    prompt: str
    wanted: int
    kinds: tuple[str, ...]
    scope: Scope
    model: str


def check_model(languages: LanguageModels, model: str) -> None:
    """Refuse a model that cannot be had. Makes no request, but may import llm.

    Raises:
        RefusedError: with the reason and the next step.
    """
    found = None if model == BUILTIN else languages.open(model)
    if isinstance(found, Unavailable):
        raise RefusedError("unknown_model", f"{found.reason} {found.next_step}")


def estimate_cards(
    session: Session, user_id: str, document_id: str, wish: Wish, prices: Prices
) -> Estimate:
    """Foresee what a request takes; not known while the document is being read.

    Raises:
        NotFoundError: when there is no such document.
        RefusedError: when no cards can be made of it, or of the part asked for.
    """
    document = find_document(session, user_id, document_id)
    _check_document(document, wish.scope)
    if document.status != Status.COMPLETED:
        return Estimate(known=False)
    source = read_source(session, document)
    plan = plan_windows(source.chunks, wish.wanted, scope=wish.scope)
    check_plan(source, plan, wish.scope)
    return estimate(plan, source.chunks, wish.prompt, wish.model, prices)


def request_cards(
    session: Session, user_id: str, document_id: str, wish: Wish, foreseen: Estimate
) -> CardSession:
    """Make a session and its job, which waits until the document has been read.

    Raises:
        NotFoundError: when there is no such document.
        RefusedError: when no cards can be made of it.
    """
    document = find_document(session, user_id, document_id)
    _check_document(document, wish.scope)
    at = now()
    made = CardSession(
        id=new_id(),
        user_id=user_id,
        document_id=document.id,
        prompt=wish.prompt,
        wanted=wish.wanted,
        kinds=list(wish.kinds),
        scope=stored_scope(wish.scope),
        model=wish.model,
        status=SessionStatus.PENDING,
        estimate=foreseen.told(),
        created_at=at,
        updated_at=at,
    )
    session.add(made)
    made.job_id = _enqueue(session, made, document, trigger="user")
    session.flush()
    return made


def retry_session(
    session: Session, registry: Registry, user_id: str, session_id: str
) -> CardSession:
    """Try a session's failed windows again, or the whole of one that gave nothing.

    Raises:
        NotFoundError: when there is no such session.
        RefusedError: when nothing is left to be tried, or it is at work.
    """
    found = find_session(session, user_id, session_id)
    job = session.get(Job, found.job_id) if found.job_id else None
    if job is not None and job.state not in ENDED:
        raise RefusedError("session_at_work", "This session is at work; wait until it has ended.")
    if not _something_left(session, found):
        raise RefusedError(
            "nothing_to_retry", "Every window of this session was answered; ask for new cards."
        )
    if job is not None and job.state in (State.FAILED, State.CANCELLED):
        retry(session, registry, user_id, job.id)  # its room is told, as for any retry
        return found
    reopen(session, found)
    document = find_document(session, user_id, found.document_id)
    found.job_id = _enqueue(session, found, document, trigger="retry")
    session.flush()
    return found


def reopen(session: Session, found: CardSession) -> None:
    """Let the windows that failed be asked about again; all of them where each was answered.

    The latter is for a session that failed although nothing went wrong: no card was kept.
    """
    windows = sa.update(CardWindow).where(CardWindow.session_id == found.id)
    again = {"status": WindowStatus.WAITING, "error_code": None, "error_message": None}
    failed = session.execute(windows.where(CardWindow.status == WindowStatus.FAILED).values(again))
    waiting = sa.select(CardWindow.ordinal).where(
        CardWindow.session_id == found.id, CardWindow.status == WindowStatus.WAITING
    )
    if not failed.rowcount and session.scalar(waiting.limit(1)) is None:  # type: ignore[attr-defined]
        session.execute(windows.values(again))
    found.status, found.error_code, found.error_message = SessionStatus.PENDING, None, None
    found.updated_at = now()


def check_plan(source: Source, plan: Plan, scope: Scope) -> None:
    """Refuse a part of a document from which no card can be made.

    Raises:
        RefusedError: naming the section that does not exist, or saying what the part holds.
    """
    for section in scope.sections:
        if not any(Scope(sections=(section,)).holds(chunk) for chunk in source.chunks):
            raise RefusedError("section_not_found", f"{source.title} has no section {section!r}.")
    if not plan.windows:
        why = "holds front or back matter only" if plan.left_out else "has no text"
        raise RefusedError(
            "nothing_to_ask", f"The part of {source.title} that was asked for {why}."
        )


def stored_scope(scope: Scope) -> dict[str, Any]:
    """A scope as a session keeps it."""
    pages = {"pages": list(scope.pages)} if scope.pages else {}
    return {**({"sections": list(scope.sections)} if scope.sections else {}), **pages}


def scope_of(stored: dict[str, Any]) -> Scope:
    """The scope that a session keeps."""
    pages = stored.get("pages")
    return Scope(tuple(stored.get("sections", ())), (pages[0], pages[1]) if pages else None)


def _check_document(document: Document, scope: Scope) -> None:
    if document.status == Status.FAILED:
        raise RefusedError(
            "document_failed",
            f"No cards can be made of {document.title}, which could not be read: "
            f"{document.error_message}",
        )
    if scope.pages is None:
        return
    first, last = scope.pages
    if first > last:
        raise RefusedError("bad_pages", f"Pages {first} to {last} are none: the first comes first.")
    if document.page_count is not None and last > document.page_count:
        raise RefusedError(
            "page_not_found",
            f"{document.title} has {document.page_count} pages, so pages {first} to {last} are not "
            "all there.",
        )


def _enqueue(session: Session, made: CardSession, document: Document, *, trigger: str) -> str:
    reading = None if document.status == Status.COMPLETED else live_job(session, document.id)
    return enqueue(
        session,
        NewJob(
            FLASHCARD_GENERATION,
            GENERATE_JOB,
            made.user_id,
            payload={"session": made.id},
            subject=document.id,
            unique_key=f"cards:{made.id}",
            trigger=trigger,
            after=reading,
        ),
    )


def _something_left(session: Session, found: CardSession) -> bool:
    if found.status in (SessionStatus.FAILED, SessionStatus.CANCELLED):
        return True
    left = sa.select(CardWindow.ordinal).where(
        CardWindow.session_id == found.id, CardWindow.status == WindowStatus.FAILED
    )
    return session.scalar(left.limit(1)) is not None
