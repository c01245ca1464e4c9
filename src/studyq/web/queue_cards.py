"""Makes the card of each queue: its numbers in words, its charts, and why nothing runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.jobs.operating import CONCURRENCY_RANGE
from studyq.jobs.rollups import Tally, quantile, series
from studyq.operations.conditions import in_words
from studyq.web.job_words import queue_name
from studyq.web.pages.charts import Step, in_seconds, latency_chart, throughput_chart
from studyq.web.pages.job_views import QueueCard, Span, Tone

SPANS: dict[Span, tuple[float, int, str]] = {
    "hour": (3600.0, 1, "minute"),
    "day": (86_400.0, 30, "half hour"),
}  #: seconds that a chart shows, minutes of a step, and what a step is called


def queue_cards(
    session: Session, queues: Sequence[dict[str, Any]], span: Span, served: Collection[str]
) -> tuple[QueueCard, ...]:
    """A card for each queue.

    Args:
        queues: as `overview` tells of them.
        served: the queues that this version has work for; others are shown once they have jobs.
    """
    seconds, minutes, each = SPANS[span]
    at = now()
    told = series(session, since=at - round(seconds * 1e6), step_minutes=minutes)
    # A clock that was set back leaves steps that are still to come.
    past = [(begin, tallies) for begin, tallies in told if begin <= at]
    cards = []
    for queue in queues:
        steps = [_step(begin, tallies.get(queue["name"], Tally())) for begin, tallies in past]
        if queue["name"] in served or any(queue["counts"].values()):
            cards.append(_card(queue, steps, each, queue["name"] in served))
    return tuple(cards)


def _card(queue: dict[str, Any], steps: Sequence[Step], each: str, served: bool) -> QueueCard:
    counts, hour = queue["counts"], queue["last_hour"]
    state, tone = _state(queue)
    busy = [step for step in steps if not step.idle]
    return QueueCard(
        name=queue["name"],
        title=queue_name(queue["name"]),
        state=state,
        tone=tone,
        paused=queue["paused"],
        concurrency=queue["concurrency"],
        most=CONCURRENCY_RANGE[1],
        waiting=counts["waiting"],
        delayed=counts["delayed"],
        active=counts["active"],
        failed=counts["failed"],
        workers=queue["workers"],
        oldest=_words(queue["oldest_waiting"], in_words),
        wait=_words(hour["average_wait"], in_seconds),
        run=_words(hour["average_run"], in_seconds),
        notice=_notice(queue, served),
        throughput=throughput_chart(steps, each) if busy else None,
        latency=latency_chart(steps) if busy else None,
        steps=tuple(reversed(busy)),
    )


def _state(queue: dict[str, Any]) -> tuple[str, Tone]:
    waiting = queue["counts"]["waiting"]
    if queue["paused"]:
        return "Paused", "quiet"
    if not queue["workers"]:
        return "No worker", "bad"
    if queue["counts"]["active"]:
        return "Working", "live"
    return ("Starting", "live") if waiting else ("Nothing to do", "ok")


def _notice(queue: dict[str, Any], served: bool) -> str:
    """Why its jobs do not run; nothing while they do, or while there are none."""
    live = queue["counts"]["waiting"] + queue["counts"]["delayed"]
    jobs = "1 job waits" if live == 1 else f"{live:,} jobs wait"
    if queue["paused"]:
        return f"{jobs} until you resume the queue." if live else ""
    if not served and live:
        return (
            f"{jobs}, but this version of studyq has no work of this kind. They were made by a "
            "newer version: start that one, or cancel them."
        )
    if not queue["workers"]:
        begun = f"{jobs}: no" if live else "No"
        return (
            f"{begun} worker serves this queue. Start `studyq worker`, or `studyq serve` without "
            "`--no-worker`."
        )
    return ""


def _step(begin: int, tally: Tally) -> Step:
    waits, runs = sum(tally.waited_buckets), sum(tally.ran_buckets)
    return Step(
        at=datetime.fromtimestamp(begin / 1e6, UTC),
        enqueued=tally.enqueued,
        completed=tally.completed,
        failed=tally.failed,
        wait=tally.waited / waits / 1e6 if waits else None,
        wait_p95=quantile(tally.waited_buckets, 0.95),
        run=tally.ran / runs / 1e6 if runs else None,
        run_p95=quantile(tally.ran_buckets, 0.95),
    )


def _words(seconds: float | None, say: Any) -> str:
    return "" if seconds is None else str(say(seconds))
