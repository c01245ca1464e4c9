"""A job's events as its story: what happened, how long after it was made, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from studyq.jobs.models import ENDED, State
from studyq.web.job_words import STATE_TONES
from studyq.web.pages.charts import in_seconds
from studyq.web.pages.job_views import Moment

WORDS = {
    State.ACTIVE: "Started",
    State.COMPLETED: "Completed",
    State.FAILED: "Failed",
    State.CANCELLED: "Cancelled",
}


def story(job: dict[str, Any]) -> tuple[Moment, ...]:
    """The story of a job.

    Args:
        job: as `describe_closely` tells of it.
    """
    made = datetime.fromisoformat(job["created_at"])
    return tuple(_moment(event, made) for event in _telling(job["timeline"]))


def _telling(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Changes of state, and of a run of progress in one stage the last: per cents tell nothing."""
    kept = []
    for event, following in zip(events, [*events[1:], None], strict=True):
        same_stage = (
            following is not None
            and event["event"] == following["event"] == "progress"
            and event["detail"].get("stage") == following["detail"].get("stage")
        )
        if not same_stage:
            kept.append(event)
    return kept


def _moment(event: dict[str, Any], made: datetime) -> Moment:
    at = datetime.fromisoformat(event["at"])
    after = in_seconds(max(0.0, (at - made).total_seconds()))
    if event["event"] == "progress":
        return Moment(after, at, event["message"] or "Went on", f"{event['progress']} %")
    state = event["state"]
    error = event["detail"].get("error")
    details = [
        f"after waiting {in_seconds(event['waited'])}" if event["waited"] is not None else "",
        f"ran for {in_seconds(event['ran'])}" if event["ran"] is not None else "",
        error["message"] if error else "",
    ]
    return Moment(
        after, at, _state_words(event), " · ".join(part for part in details if part),
        STATE_TONES[state] if state in (*ENDED, State.ACTIVE) else "quiet",
    )  # fmt: skip


def _state_words(event: dict[str, Any]) -> str:
    state = State(event["state"])
    if state in WORDS:
        return WORDS[state]
    put_back = event["ran"] is not None or event["progress"] > 0
    if state == State.DELAYED:
        return "Put back, to be tried again" if put_back else "Put in line, for later"
    return "Put back in line" if put_back else "Put in line"
