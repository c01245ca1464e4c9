"""Jobs in plain words: what queues, states, triggers and failures are called on pages."""

from __future__ import annotations

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
    State.DELAYED: "Waiting for its time",
    State.ACTIVE: "Running",
    State.COMPLETED: "Completed",
    State.FAILED: "Failed",
    State.CANCELLED: "Cancelled",
}

TRIGGER_NAMES = {
    "user": "You asked for it",
    "retry": "Tried again by hand",
    "reprocess": "Read again",
    "schedule": "By schedule",
}


def queue_name(queue: str) -> str:
    """What a queue does, in words."""
    return QUEUE_NAMES.get(queue, queue)
