"""The HTTP server: uvicorn with one worker, and endings that wait for nobody too long."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from sse_starlette.sse import AppStatus

CONNECTIONS_GRACE = 3  #: seconds that running requests may take to end once told to stop
BACKLOG = 2048  #: connections that may wait to be accepted


class StartFailed(RuntimeError):
    """The application did not start; the log says why."""


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address, before anything else is started.

    Raises:
        OSError: when that is not possible, for one because somebody else does.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # At once: two that have only bound would both believe that the port is theirs.
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


class Server(uvicorn.Server):
    """Serves an application on a socket until SIGTERM or SIGINT.

    Args:
        app: an ASGI application.
        on_started: called when requests are being answered.
        on_stopping: called when it is told to stop, within the signal's handler.
    """

    def __init__(
        self, app: Any, *, on_started: Callable[[], None], on_stopping: Callable[[], None]
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=CONNECTIONS_GRACE,
                backlog=BACKLOG,
            )
        )
        self._on_started = on_started
        self._on_stopping = on_stopping

    def serve_until_stopped(self, listener: socket.socket) -> None:
        """Serve; returns when everything has ended.

        Raises:
            StartFailed: when the application does not start.
        """
        # When it has ended, uvicorn raises the signals that it got once more, for whoever handled
        # them before. A stop that was asked for is no failure.
        before = {
            number: signal.signal(number, _end_well) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            self.run([listener])
        except SystemExit as error:
            if not error.code:
                return
            raise StartFailed("studyq did not start; the log above says why.") from error
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop: end the streams first, which would otherwise be waited for."""
        AppStatus.should_exit = True
        self._on_stopping()
        super().handle_exit(sig, frame)


def _end_well(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)
