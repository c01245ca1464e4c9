"""Finding queues and jobs: one by its id, many by what they are and what is said of them.

Ids grow with time, so lists go from the newest on and a page's last id is where the next begins.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.jobs.models import ENDED, LIVE, Job, Queue, State

View = Literal["all", "needs_attention", "in_progress", "completed"]
VIEWS: dict[str, tuple[State, ...]] = dict(
    zip(get_args(View), ((), (State.FAILED,), LIVE, (State.COMPLETED,)), strict=True)
)
"""The states that a view shows; all of them where none is named."""

JOB = Job.__table__.columns
#: The code of a job's last error; null without one.
LAST_CODE = sa.func.json_extract(Job.errors, "$[#-1].code")
_LAST_MESSAGE = sa.func.json_extract(Job.errors, "$[#-1].message")


class UnknownQueueError(LookupError):
    """There is no queue of this name."""


class UnknownJobError(LookupError):
    """There is no job with this id, in this queue, of this user."""


@dataclass(frozen=True)
class Wanted:
    """Which jobs to list; what is not given does not matter.

    Args:
        ids: one of these.
        states: one of these.
        text: stands in the id, the name, the subject, the message or the last error's message.
        subjects: of things whose own names hold the text; their jobs are found by it as well.
        trigger: user, retry, reprocess or schedule.
        code: of the last error.
        subject: the id of what it works on.
    """

    queue: str | None = None
    ids: Collection[str] | None = None
    states: Sequence[str] = ()
    text: str = ""
    subjects: Collection[str] = ()
    trigger: str | None = None
    code: str | None = None
    subject: str | None = None


def require_queue(session: Session, name: str) -> Queue:
    """The queue's row.

    Raises:
        UnknownQueueError: when there is none.
    """
    queue = session.get(Queue, name)
    if queue is None:
        raise UnknownQueueError(name)
    return queue


def find_job(session: Session, user_id: str, job_id: str, queue: str | None = None) -> Any:
    """A job's row.

    Raises:
        UnknownJobError: when the user has none with this id (in this queue, if given).
    """
    query = sa.select(*JOB).where(Job.id == job_id, Job.user_id == user_id)
    if queue is not None:
        query = query.where(Job.queue == queue)
    row = session.execute(query).one_or_none()
    if row is None:
        raise UnknownJobError(job_id)
    return row


def find_jobs(
    session: Session,
    user_id: str,
    wanted: Wanted,
    *,
    before: str | None = None,
    limit: int = 50,
) -> list[Any]:
    """Jobs, newest first.

    Args:
        before: an id to go on behind.
    """
    ids = sa.select(Job.id).where(Job.user_id == user_id, *conditions(wanted))
    if before is not None:
        ids = ids.where(Job.id < before)
    ids = ids.order_by(_newest_first(wanted)).limit(limit)
    query = sa.select(*JOB).where(Job.id.in_(ids.scalar_subquery())).order_by(Job.id.desc())
    return list(session.execute(query))


def conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """What is wanted, in SQL."""
    found: list[sa.ColumnElement[bool]] = []
    if wanted.states:
        found.append(_in_states(wanted.states))
    if wanted.ids is not None:
        found.append(Job.id.in_(wanted.ids))
    for column, value in (
        (Job.queue, wanted.queue),
        (Job.trigger, wanted.trigger),
        (LAST_CODE, wanted.code),
        (Job.subject, wanted.subject),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.text:
        found.append(_mentions(wanted.text, wanted.subjects))
    return found


def _in_states(states: Sequence[str]) -> sa.ColumnElement[bool]:
    # Literals, not parameters: only so does SQLite use the partial indexes.
    words = ", ".join(f"'{State(state)}'" for state in states)
    parts: list[Any] = [sa.text(f"state IN ({words})")]
    if len(states) == 1:
        parts = [sa.text(f"state = {words}")]
    if all(state in LIVE for state in states):
        parts.append(sa.text("finished_at IS NULL"))
    elif all(state in ENDED for state in states) and list(states) != [State.FAILED]:
        # Failed jobs have an index of their own.
        parts.append(sa.text("finished_at IS NOT NULL"))
    return sa.and_(*parts)


def _mentions(text: str, subjects: Collection[str]) -> sa.ColumnElement[bool]:
    places = [Job.id, Job.name, Job.subject, Job.message]
    mentions = [place.icontains(text, autoescape=True) for place in places]
    failed = sa.and_(Job.errors != sa.text("'[]'"), _LAST_MESSAGE.icontains(text, autoescape=True))
    return sa.or_(*mentions, failed, Job.subject.in_(subjects))


def _newest_first(wanted: Wanted) -> sa.ColumnElement[Any]:
    """By id; so written, for states that few jobs are in, that SQLite begins with their index.

    By the ids' own index it would read all other jobs to find those few.
    """
    few = wanted.states and State.COMPLETED not in wanted.states
    return (sa.func.coalesce(Job.id, "") if few or wanted.subject else Job.id).desc()
