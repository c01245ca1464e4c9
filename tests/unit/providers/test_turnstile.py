"""The fair lock: one at a time, in order of arrival."""

from __future__ import annotations

import threading

import pytest

from studyq.providers.turnstile import Turnstile


class CancelError(Exception):
    pass


def test_threads_pass_in_the_order_in_which_they_came() -> None:
    turnstile, passed = Turnstile(), list[int]()
    arrived = [threading.Event() for _ in range(8)]

    def pass_through(number: int) -> None:
        # check() is first called when the thread stands in the queue.
        with turnstile.turn(arrived[number].set):
            passed.append(number)

    threads = [threading.Thread(target=pass_through, args=(number,)) for number in range(8)]
    with turnstile.turn():
        for number, thread in enumerate(threads):
            thread.start()
            assert arrived[number].wait(10)
    for thread in threads:
        thread.join(10)

    assert passed == list(range(8))


def test_a_cancelled_thread_gives_up_its_place() -> None:
    turnstile = Turnstile()

    def cancel() -> None:
        raise CancelError

    with turnstile.turn(), pytest.raises(CancelError), turnstile.turn(cancel):
        pytest.fail("passed while another thread was inside")

    with turnstile.turn(cancel):  # it is free, so there is nothing to wait for
        pass


def test_an_exception_inside_lets_the_next_one_pass() -> None:
    turnstile = Turnstile()

    with pytest.raises(CancelError), turnstile.turn():
        raise CancelError
    with turnstile.turn():
        pass
