"""Calls to remote models end in time, whatever the other side does."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from studyq.providers.errors import ProviderError
from studyq.providers.remote_call import call_remote


class CancelError(Exception):
    pass


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """A call that waits for ever, until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_the_result_comes_back() -> None:
    assert call_remote(lambda: 42, seconds=10) == 42


def test_an_exception_comes_back() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        call_remote(fail, seconds=10)


def test_a_stuck_call_is_left_behind_when_its_time_is_up(stuck: threading.Event) -> None:
    with pytest.raises(ProviderError, match="did not answer within") as caught:
        call_remote(stuck.wait, seconds=0.2)
    assert caught.value.kind == "transient"


def test_a_stuck_call_is_left_behind_when_cancelled(stuck: threading.Event) -> None:
    looks = 0

    def check() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise CancelError

    with pytest.raises(CancelError):
        call_remote(stuck.wait, seconds=600, check=check)
