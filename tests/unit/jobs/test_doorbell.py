"""Rings say that there may be work; losing or doubling them changes nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from job_layer import wait_for
from studyq.jobs import doorbell
from studyq.jobs.doorbell import Doorbell, RingStorage


class Answers:
    """Counts answers; the first ones may raise, and all may be held up."""

    def __init__(self, *, failures: int = 0) -> None:
        self.count = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self._failures = failures

    def __call__(self) -> None:
        self.count += 1
        self.go_on.wait()
        if self.count <= self._failures:
            raise ZeroDivisionError


@contextmanager
def started(bell: Doorbell) -> Iterator[Doorbell]:
    bell.start()
    try:
        yield bell
    finally:
        bell.hush()
        bell.stop()


def test_keeps_no_more_rings_than_there_are_listeners() -> None:
    storage = RingStorage("bell", listeners=2)
    for ring in (b"1", b"2", b"3"):
        storage.enqueue(ring)
    assert storage.queue_size() == 2
    assert storage.enqueued_items() == [b"1", b"2"]
    assert storage.enqueued_items(limit=1) == [b"1"]
    assert (storage.dequeue(), storage.dequeue()) == (b"1", b"2")
    storage.enqueue(b"4")
    storage.flush_queue()
    assert storage.queue_size() == 0


def test_listener_waits_for_a_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "WAIT", 30.0)
    storage = RingStorage("bell")
    heard: list[bytes | None] = []
    listener = threading.Thread(target=lambda: heard.append(storage.dequeue()))
    listener.start()
    storage.enqueue(b"ring")
    listener.join(20)
    assert heard == [b"ring"]


def test_silence_is_no_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "WAIT", 0.01)
    assert RingStorage("bell").dequeue() is None


def test_schedules_and_results_are_not_kept() -> None:
    storage = RingStorage("bell")
    storage.put_data("key", b"value")
    assert storage.peek_data("key") is storage.pop_data("key")
    assert storage.read_schedule(None) == []


def test_ring_is_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "WAIT", 30.0)
    answers = Answers()
    with started(Doorbell("pdf-ingestion", 2, answers)) as bell:
        bell.ring()
        wait_for(lambda: answers.count == 1, "an answer", seconds=20)
        bell.ring()
        wait_for(lambda: answers.count == 2, "another answer", seconds=20)


def test_silence_is_answered_too_and_errors_end_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doorbell, "WAIT", 0.01)
    answers = Answers(failures=3)
    with started(Doorbell("pdf-ingestion", 1, answers)) as bell:
        wait_for(lambda: answers.count > 5, "answers to silence")
        before = answers.count
        bell.ring()
        wait_for(lambda: answers.count > before + 2, "an answer after a ring")


def test_stopping_waits_for_the_answer_in_progress() -> None:
    answers = Answers()
    answers.go_on.clear()
    bell = Doorbell("pdf-ingestion", 1, answers)
    bell.start()
    bell.ring()
    wait_for(lambda: answers.count == 1, "an answer")
    bell.hush()
    stopper = threading.Thread(target=bell.stop)
    stopper.start()
    stopper.join(0.2)
    assert stopper.is_alive()
    answers.go_on.set()
    stopper.join(20)
    assert not stopper.is_alive()
    begun = time.monotonic()
    bell.stop()  # once more does nothing
    assert time.monotonic() - begun < 5
