"""One log line a request: what was asked, how it was answered, how long it took.

Never bodies, queries or headers: they hold what people search for, and secrets.
"""

from __future__ import annotations

import re
import secrets
import time

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from studyq.logs import about

log = structlog.get_logger("studyq.access")

REQUEST_ID = b"x-request-id"
_PLAUSIBLE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
#: Asked all the time by machines and by pages; told at debug level when they go well.
_CHATTER = ("/health/", "/static/", "/metrics")


class AccessLog:
    """Wraps a whole application, so that requests which no route takes are logged too.

    Every answer carries `X-Request-Id`, the request's own if it brought a plausible one, and
    every line that is logged meanwhile carries it as `request_id`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and log it when it has ended; a stream, when it closes."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        status, begun = 0, time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (REQUEST_ID, request_id)]
            await send(message)

        with about(request_id=request_id.decode()):
            try:
                await self._app(scope, receive, answer)
            finally:
                _write(scope, status, time.perf_counter() - begun)


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name.lower() == REQUEST_ID and _PLAUSIBLE_ID.fullmatch(value):
            return value
    return secrets.token_hex(8).encode()


def is_chatter(scope: Scope) -> bool:
    """Whether a request is one of those that nobody asks about."""
    return any(part in scope["path"] for part in _CHATTER)


def _write(scope: Scope, status: int, seconds: float) -> None:
    (log.debug if status < 400 and is_chatter(scope) else log.info)(
        "request",
        method=scope.get("method"),
        path=scope.get("path_template") or scope["path"],
        status=status or None,  # none: the client went before there was an answer
        ms=round(seconds * 1000, 1),
    )
