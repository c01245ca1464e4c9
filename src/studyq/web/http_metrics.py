"""Counts requests by route, never by what was asked for: that would be series without end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from studyq.operations.metrics import catalogue
from studyq.operations.metrics.readings import Reading, Timing

#: Upper bounds (seconds) of the buckets that durations are counted in.
DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
NO_ROUTE = "none"  #: the label of all requests that no route takes
OTHER_METHOD = "other"
NO_ANSWER = "none"  #: the status of a request whose client went before there was an answer

_METHODS = frozenset(HttpMethod) | {"HEAD", "OPTIONS", "TRACE"}
_STREAM = b"text/event-stream"


class HttpRequests:
    """What this process has answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_progress = 0
        self._answered: Counter[tuple[str, str, str]] = Counter()
        self._durations: dict[tuple[str, str], Timing] = {}

    def begin(self) -> None:
        """A request came in."""
        with self._lock:
            self._in_progress += 1

    def end(self, route: str, method: str, status: str, seconds: float | None) -> None:
        """It was answered.

        Args:
            seconds: how long that took; None when that is no measure of anything.
        """
        with self._lock:
            self._in_progress -= 1
            self._answered[route, method, status] += 1
            if seconds is not None:
                timing = self._durations.get((route, method))
                if timing is None:
                    timing = self._durations[route, method] = Timing(DURATION_BUCKETS)
                timing.add(seconds)

    def readings(self) -> Iterator[Reading]:
        """The metrics of HTTP."""
        with self._lock:
            answered = list(self._answered.items())
            durations = [(labels, timing.times()) for labels, timing in self._durations.items()]
            in_progress = self._in_progress
        yield Reading(catalogue.IN_PROGRESS, in_progress)
        for labels, number in answered:
            yield Reading(catalogue.REQUESTS, number, labels)
        for names, times in durations:
            yield Reading(catalogue.DURATIONS, times, names)


class CountRequests:
    """Wraps a whole application, so that requests which no route takes are counted too."""

    def __init__(self, app: ASGIApp, requests: HttpRequests) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it when it has ended."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        status, is_stream, begun = NO_ANSWER, False, time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = str(message["status"])
                is_stream = any(
                    name.lower() == b"content-type" and value.startswith(_STREAM)
                    for name, value in message["headers"]
                )
            await send(message)

        self._requests.begin()
        try:
            await self._app(scope, receive, answer)
        finally:
            seconds = None if is_stream else time.perf_counter() - begun
            self._requests.end(route_of(scope), method_of(scope), status, seconds)


def route_of(scope: Scope) -> str:
    """The template of the route that took a request, as far as the router came to look."""
    return scope.get("path_template") or NO_ROUTE


def method_of(scope: Scope) -> str:
    """The method, of those that there are."""
    method = str(scope.get("method", ""))
    return method if method in _METHODS else OTHER_METHOD
