"""What pages say in plain words is said of everything that there is."""

from __future__ import annotations

import pkgutil

import pytest

from studyq.jobs.models import State
from studyq.jobs.registry import QUEUES
from studyq.operations import duties
from studyq.web.job_story import story
from studyq.web.job_words import QUEUE_NAMES, STATE_NAMES, STATE_TONES
from studyq.web.pages.job_views import PATH, JobFilter
from studyq.web.status_data import DUTIES


def test_queues_states_and_duties_have_their_words() -> None:
    assert set(QUEUE_NAMES) == set(QUEUES)
    assert set(STATE_NAMES) == set(STATE_TONES) == set(State)
    made = {module.name for module in pkgutil.iter_modules(duties.__path__)}
    assert set(DUTIES) == made, "studyq.web.status_data says what each duty is for"


@pytest.mark.parametrize(
    ("wanted", "changes", "address"),
    [
        (JobFilter(), {}, PATH),
        (JobFilter(cursor="7"), {}, PATH),
        (JobFilter(text="a&b=c d"), {}, f"{PATH}?q=a%26b%3Dc+d"),
        (JobFilter(view="completed", queue="q"), {"cursor": "7"},
         f"{PATH}?view=completed&queue=q&cursor=7"),
        (JobFilter(span="day", state="failed"), {"state": ""}, f"{PATH}?span=day"),
    ],
)  # fmt: skip
def test_addresses_keep_what_was_asked_for(
    wanted: JobFilter, changes: dict[str, str], address: str
) -> None:
    assert wanted.address(**changes) == address


def event(kind: str, state: State, second: int, **more: object) -> dict[str, object]:
    return {
        "event": kind, "state": state, "progress": 0, "message": "", "detail": {},
        "at": f"2026-11-25T10:00:{second:02}Z", "waited": None, "ran": None, **more,
    }  # fmt: skip


def test_a_story_leaves_out_single_per_cents() -> None:
    reading = {"stage": "reading"}
    told = story({
        "created_at": "2026-11-25T10:00:00Z",
        "timeline": [
            event("state", State.WAITING, 0),
            event("state", State.ACTIVE, 3, waited=3.0),
            event("progress", State.ACTIVE, 4, progress=11, message="Page 1", detail=reading),
            event("progress", State.ACTIVE, 5, progress=12, message="Page 2", detail=reading),
            event("state", State.DELAYED, 6, progress=12, ran=3.0,
                  detail={"error": {"code": "busy", "message": "It is busy."}}),
            event("state", State.ACTIVE, 9, waited=0.0),
            event("progress", State.ACTIVE, 10, progress=50, message="Found",
                  detail={"stage": "found"}),
            event("state", State.COMPLETED, 12, progress=100, ran=3.0),
        ],
    })  # fmt: skip
    assert [(moment.after, moment.words, moment.detail) for moment in told] == [
        ("0 ms", "Put in line", ""),
        ("3 s", "Started", "after waiting 3 s"),
        ("5 s", "Page 2", "12 %"),
        ("6 s", "Put back, to be tried again", "ran for 3 s · It is busy."),
        ("9 s", "Started", "after waiting 0 ms"),
        ("10 s", "Found", "50 %"),
        ("12 s", "Completed", "ran for 3 s"),
    ]
