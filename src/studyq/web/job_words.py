"""Jobs in plain words: what queues, states, triggers and failures are called on pages."""

from __future__ import annotations

from typing import Literal

from studyq.jobs.models import State
from studyq.jobs.registry import (
    FLASHCARD_GENERATION,
    NOTIFICATIONS,
    PDF_INGESTION,
    TEST_ANALYSIS,
)

QUEUE_NAMES = {
    PDF_INGESTION: "Reading documents",
    FLASHCARD_GENERATION: "Making flashcards",
    TEST_ANALYSIS: "Analysing tests",
    NOTIFICATIONS: "Sending alerts",
}

STATE_NAMES = {
    State.WAITING: "Waiting",
    State.DELAYED: "Delayed",
    State.ACTIVE: "Running",
    State.COMPLETED: "Completed",
    State.FAILED: "Failed",
    State.CANCELLED: "Cancelled",
}

STATE_TONES: dict[str, Literal["ok", "live", "bad", "quiet"]] = {
    State.WAITING: "quiet",
    State.DELAYED: "quiet",
    State.ACTIVE: "live",
    State.COMPLETED: "ok",
    State.FAILED: "bad",
    State.CANCELLED: "quiet",
}

TRIGGER_NAMES = {
    "user": "asked for",
    "retry": "tried again",
    "reprocess": "done again",
    "schedule": "by schedule",
}


def queue_name(queue: str) -> str:
    """What a queue does, in words."""
    return QUEUE_NAMES.get(queue, queue)


def job_name(queue: str, name: str) -> str:
    """What a job does that works on nothing with a title."""
    return f"{queue_name(queue)} ({name.replace('_', ' ')})"


def waiting_words(words: str | None) -> str:
    """What a job waits for, as the beginning of a line."""
    return words[:1].upper() + words[1:] if words else ""
