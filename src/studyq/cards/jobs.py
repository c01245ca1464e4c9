"""The job of `flashcard-generation`, and the session that follows it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from studyq.cards.admission import Maker, known_cards
from studyq.cards.generation import Work, take_up, waiting_windows
from studyq.cards.generators import Generator, open_generator
from studyq.cards.models import CardSession, SessionStatus
from studyq.cards.receipts import BUSY, end_session, finish, make_receipt
from studyq.cards.requests import GENERATE_JOB, reopen
from studyq.cards.running import work_off
from studyq.cards.services import CardServices
from studyq.cards.spending import Budget
from studyq.cards.windows import Workshop
from studyq.database.base import now
from studyq.jobs.context import JobContext
from studyq.jobs.models import Job, State
from studyq.jobs.registry import FLASHCARD_GENERATION, Change, Outcome, Registry

_ENDS = {State.FAILED: SessionStatus.FAILED, State.CANCELLED: SessionStatus.CANCELLED}


def register_generation(registry: Registry, services: CardServices) -> None:
    """Make a process able to run generation jobs."""

    def follows(session: Session, change: Change) -> None:
        session_follows(session, change, services)

    @registry.handler(FLASHCARD_GENERATION, GENERATE_JOB, on_change=follows)
    def generate(context: JobContext) -> Outcome:
        work = take_up(context, services)
        generator = open_generator(
            services,
            work.source,
            model=work.session.model,
            kinds=work.session.kinds,
            wish=work.session.prompt,
            budget=Budget(services.max_tokens, work.point["tokens"]),
            check=context.check,
        )
        windows = waiting_windows(work, generator.worth)
        work_off(work, _workshop(work, generator), windows)
        return finish(work)


def session_follows(session: Session, change: Change, services: CardServices) -> None:
    """Let a session's status follow its job's, in the job's own transaction."""
    found = session.get(CardSession, change.payload["session"])
    if found is None:
        return
    if change.state in _ENDS:
        job = session.get(Job, change.job_id)
        seconds = (now() - job.started_at) / 1e6 if job and job.started_at else 0.0
        end_session(
            found,
            _ENDS[State(change.state)],
            make_receipt(session, found, services.prices, round(seconds, 3)),
            code=change.error_code,
            message=change.error_message,
        )
    elif found.status in _ENDS.values() or change.error_code == BUSY:
        reopen(session, found)
    else:
        found.status = SessionStatus.PENDING


def _workshop(work: Work, generator: Generator) -> Workshop:
    with work.context.database.read() as session:
        known = known_cards(session, work.context.user_id, work.source.document_id)
    return Workshop(
        source=work.source,
        generator=generator,
        known=known,
        maker=Maker(
            user_id=work.context.user_id,
            origin=generator.origin,
            session_id=work.session.id,
            model=generator.model,
            kinds=frozenset(work.session.kinds),
        ),
        embedder=work.services.embedder,
        cap=work.services.max_tokens,
    )
