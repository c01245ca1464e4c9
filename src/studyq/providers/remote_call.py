"""Calls that wait on somebody else's server: bounded in time, and left behind on cancelling."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from studyq.providers.errors import ProviderError

Result = TypeVar("Result")

_CHECK_SECONDS = 0.1


class _Call(threading.Thread, Generic[Result]):
    """One call in a thread of its own, which does not keep the process from ending."""

    def __init__(self, function: Callable[[], Result]) -> None:
        super().__init__(name="remote-model-call", daemon=True)
        self._function = function
        self.results: list[Result] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.results.append(self._function())
        except BaseException as error:  # handed to the thread that waits
            self.error = error


def call_remote(
    function: Callable[[], Result],
    *,
    seconds: float,
    check: Callable[[], None] | None = None,
) -> Result:
    """Runs ``function`` in a thread and gives what it returns.

    Client libraries of hosted models block for as long as they like (OpenAI's: 600 s, three
    times) and cannot be interrupted. So the call is left behind when its time is up or when
    ``check`` raises; it ends by itself and its result is dropped.

    Raises:
        ProviderError: transient, when ``seconds`` have passed.
        BaseException: What ``function`` or ``check`` raised.
    """
    call = _Call(function)
    deadline = time.monotonic() + seconds
    call.start()
    while call.is_alive():
        call.join(max(0.0, min(_CHECK_SECONDS, deadline - time.monotonic())))
        if call.is_alive() and check is not None:
            check()
        if call.is_alive() and time.monotonic() >= deadline:
            raise ProviderError(
                f"The model did not answer within {seconds:.0f} seconds.", "transient"
            )
    if call.error is not None:
        raise call.error
    return call.results[0]
