"""Makes a span of each request, which goes on with the trace of whoever asked."""

from __future__ import annotations

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from studyq import tracing
from studyq.logs import request_id
from studyq.web.access_log import is_chatter
from studyq.web.http_metrics import NO_ROUTE, method_of, route_of

_TRACEPARENT = b"traceparent"


class TraceRequests:
    """Wraps a whole application.

    Names and attributes are those of https://opentelemetry.io/docs/specs/semconv/http/http-spans/,
    without addresses: what people look for and what it is called stays here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within its span, which ends with the answer."""
        if scope["type"] != ScopeType.HTTP or is_chatter(scope):
            await self._app(scope, receive, send)
            return
        method = method_of(scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                _describe(scope, method, message["status"])
            await send(message)

        attributes = {"http.request.method": method, "studyq.request_id": request_id() or ""}
        with tracing.span(method, "server", attributes=attributes, parent=_parent(scope)):
            await self._app(scope, receive, answer)


def _parent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name.lower() == _TRACEPARENT:
            return value.decode("latin-1")
    return None


def _describe(scope: Scope, method: str, status: int) -> None:
    route = route_of(scope)
    if route != NO_ROUTE:
        tracing.rename(f"{method} {route}")
        tracing.describe({"http.route": route})
    tracing.describe({"http.response.status_code": status})
    if status >= 500:
        tracing.note_failure(str(status))
