"""Fills the page Jobs from the queues, their jobs, and what those work on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from msgspec import structs
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.jobs.describing import describe_closely, describe_jobs
from studyq.jobs.finding import VIEWS, UnknownJobError, Wanted, find_job, find_jobs
from studyq.jobs.models import State
from studyq.jobs.overview import overview
from studyq.jobs.registry import QUEUES
from studyq.library.service import documents_named, titles_of
from studyq.operations.conditions import in_words
from studyq.web.job_story import story
from studyq.web.job_words import (
    STATE_NAMES,
    STATE_TONES,
    TRIGGER_NAMES,
    job_name,
    queue_name,
    waiting_words,
)
from studyq.web.pages.charts import in_seconds
from studyq.web.pages.job_views import (
    Choice,
    Failure,
    Failures,
    JobCounts,
    JobDetail,
    JobFilter,
    JobRow,
    JobsView,
    Relative,
    When,
)
from studyq.web.pages.views import ErrorView
from studyq.web.queue_cards import queue_cards
from studyq.web.services import Services

ROWS = 50  #: jobs on one page
MOST_SHOWN = 20_000  #: characters of an input or a receipt that are shown


@dataclass(frozen=True)
class JobPages:
    """`JobData` over the services; one reader's."""

    services: Services

    def jobs(self, wanted: JobFilter) -> JobsView:
        """The queues, and one page of jobs."""
        wanted = _sensible(wanted)
        user_id, settings = self.services.user_id, self.services.settings
        with self.services.database.read() as session:
            queues = overview(session, QUEUES)
            cards = queue_cards(session, queues, wanted.span, self.services.registry.queues())
            found = _find(session, user_id, wanted)
            rows = _rows(session, user_id, describe_jobs(session, found[:ROWS]))
        shown = [queue for queue in queues if wanted.queue in ("", queue["name"])]
        return JobsView(
            cards=cards,
            rows=tuple(rows),
            counts=_counts(shown),
            filter=wanted,
            queues=tuple(Choice(name, queue_name(name)) for name in QUEUES),
            states=tuple(Choice(state, STATE_NAMES[state]) for state in _states(wanted)),
            codes=tuple(Choice(one.code, one.code) for one in _failures(queues)),
            triggers=tuple(Choice(*trigger) for trigger in TRIGGER_NAMES.items()),
            failures=_failures(shown),
            next=found[ROWS - 1].id if len(found) > ROWS else "",
            kept=f"Completed jobs are kept for {in_words(settings.retention_completed)}, failed "
            f"and cancelled ones for {in_words(settings.retention_failed)}.",
        )

    def job(self, job_id: str) -> JobDetail | None:
        """One job closely."""
        user_id = self.services.user_id
        with self.services.database.read() as session:
            try:
                found = find_job(session, user_id, job_id)
            except UnknownJobError:
                return None
            told = describe_closely(session, found, tracebacks=self.services.is_administrator)
            (row,) = _rows(session, user_id, [told])
        return JobDetail(
            row=row,
            name=told["name"],
            timeline=story(told),
            failures=tuple(_failure(failure) for failure in reversed(told["errors"])),
            input=_as_json(told["input"]),
            receipt=_as_json(told["result"]),
            unique_key=told["unique_key"] or "",
            worker=told["worker"] or "",
            before=tuple(_relative(job) for job in told["before"]),
            after=tuple(_relative(job) for job in told["after"]),
        )


def _sensible(wanted: JobFilter) -> JobFilter:
    """The filter without what there is not."""
    return structs.replace(
        wanted,
        queue=wanted.queue if wanted.queue in QUEUES else "",
        state=wanted.state if wanted.state in _states(wanted) else "",
        trigger=wanted.trigger if wanted.trigger in TRIGGER_NAMES else "",
    )


def _states(wanted: JobFilter) -> Sequence[State]:
    """The states that a view can be narrowed to; none where it has but one."""
    states = VIEWS[wanted.view] or tuple(State)
    return states if len(states) > 1 else ()


def _find(session: Session, user_id: str, wanted: JobFilter) -> list[Any]:
    """One page of jobs and one more: on the first page those that run, then the newest."""
    named = documents_named(session, user_id, wanted.text) if wanted.text else ()
    conditions = Wanted(
        queue=wanted.queue or None,
        states=[wanted.state] if wanted.state else VIEWS[wanted.view],
        text=wanted.text,
        subjects=named,
        trigger=wanted.trigger or None,
        code=wanted.code or None,
    )
    if wanted.state or wanted.view not in ("all", "in_progress"):
        return find_jobs(session, user_id, conditions, before=wanted.cursor or None, limit=ROWS + 1)
    rest = [state for state in conditions.states or State if state != State.ACTIVE]
    running = []
    if not wanted.cursor:
        active = replace(conditions, states=[State.ACTIVE])
        running = find_jobs(session, user_id, active, limit=ROWS)
    return running + find_jobs(
        session, user_id, replace(conditions, states=rest),
        before=wanted.cursor or None, limit=ROWS + 1 - len(running),
    )  # fmt: skip


def _rows(session: Session, user_id: str, told: Sequence[dict[str, Any]]) -> list[JobRow]:
    subjects = {job["document_id"] for job in told if job["document_id"]}
    titles = titles_of(session, user_id, subjects)
    at = now()
    return [_row(job, titles, at) for job in told]


def _row(job: dict[str, Any], titles: dict[str, str], at: int) -> JobRow:
    subject = job["document_id"]
    title = titles.get(subject)
    state = job["state"]
    ended = _when(job["finished_at"], at)
    return JobRow(
        id=job["id"],
        queue=job["queue"],
        queue_title=queue_name(job["queue"]),
        title=title or job_name(job["queue"], job["name"]),
        href=f"/app/documents/{subject}" if title else "",
        state=state,
        state_words="Stopping" if state == State.ACTIVE and job["cancel_requested"]
        else STATE_NAMES[state],
        tone=STATE_TONES[state],
        progress=job["progress"],
        message=job["message"],
        waiting_for=waiting_words(job["waiting_for"]),
        trigger=TRIGGER_NAMES.get(job["trigger"], job["trigger"]),
        attempts=job["attempts_made"],
        max_attempts=job["max_attempts"],
        priority=job["priority"],
        cancel_requested=job["cancel_requested"],
        created=_when(job["created_at"], at) or When(datetime.now(UTC), ""),
        ended=ended,
        took=_took(job, at),
        error=ErrorView(**job["error"]) if job["error"] else None,
    )  # fmt: skip


def _took(job: dict[str, Any], at: int) -> str:
    """How long the last attempt ran, or has been running."""
    if job["started_at"] is None or job["state"] in (State.WAITING, State.DELAYED):
        return ""
    end = _instant(job["finished_at"]) if job["finished_at"] else at
    return in_seconds(max(0.0, (end - _instant(job["started_at"])) / 1e6))


def _when(text: str | None, at: int) -> When | None:
    if text is None:
        return None
    age = max(0.0, (at - _instant(text)) / 1e6)
    return When(datetime.fromisoformat(text), "just now" if age < 2 else f"{in_words(age)} ago")


def _instant(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def _counts(queues: Iterable[dict[str, Any]]) -> JobCounts:
    total = dict.fromkeys(State, 0)
    for queue in queues:
        for state, number in queue["counts"].items():
            total[State(state)] += number
    return JobCounts(
        sum(total.values()),
        *(sum(total[state] for state in VIEWS[view])
          for view in ("needs_attention", "in_progress", "completed")),
    )  # fmt: skip


def _failures(queues: Iterable[dict[str, Any]]) -> tuple[Failures, ...]:
    """Failed jobs by code over queues, the most frequent first."""
    found: dict[str, dict[str, int]] = {}
    for queue in queues:
        for failure in queue["failures"]:
            found.setdefault(failure["code"], {})[queue["name"]] = failure["count"]
    failures = [Failures(code, sum(by.values()), tuple(by)) for code, by in found.items()]
    return tuple(sorted(failures, key=lambda one: (-one.count, one.code)))


def _failure(failure: dict[str, Any]) -> Failure:
    return Failure(
        attempt=failure["attempt"],
        code=failure["code"],
        kind=failure["class"],
        message=failure["message"],
        at=datetime.fromisoformat(failure["at"]),
        traceback=failure.get("traceback") or "",
    )


def _relative(job: dict[str, Any]) -> Relative:
    return Relative(job["id"], job_name(job["queue"], job["name"]), STATE_NAMES[job["state"]])


def _as_json(value: Any) -> str:
    """A value as it can be read; nothing for nothing."""
    if not value:
        return ""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}\n…"
