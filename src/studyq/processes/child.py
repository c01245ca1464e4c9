"""The parent's handle on one child process: start, call, kill."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar, TypeVarTuple, cast

from studyq.processes.conversation import (
    CallFailed,
    decode_answer,
    encode_call,
    encode_limits,
)
from studyq.processes.forkserver import REPORT
from studyq.processes.limits import Limits
from studyq.processes.template import template

__all__ = ["CallFailed", "CallTimeout", "ChildDied", "ChildProcess"]

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

_CHECK_SECONDS = 0.05  # between two looks at check(); the promise to callers is 0.1
_KILL_SECONDS = 1.0  # measured: a busy child is gone 6 to 11 ms after SIGKILL
_START_SECONDS = 60.0  # the first child waits for the template's imports

_REASONS: dict[int, str] = {
    signal.SIGKILL: "was killed, perhaps because the machine ran out of memory",
    signal.SIGXCPU: "used up its CPU time",
    signal.SIGABRT: "gave up (SIGABRT), as libraries do when memory runs out",
    signal.SIGSEGV: "crashed (SIGSEGV)",
    signal.SIGBUS: "crashed (SIGBUS)",
}


class ChildDied(Exception):
    """The child ended during a call, or could not be started.

    Attributes:
        exit_code: As of ``subprocess``: negative for a signal; None when nobody knows.
        reason: What happened, in words.
    """

    def __init__(self, exit_code: int | None, reason: str) -> None:
        super().__init__(exit_code, reason)
        self.exit_code = exit_code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class CallTimeout(Exception):
    """The call took longer than it was given; the child has been killed."""


class ChildProcess:
    """One child that answers one call at a time and lives until ``close()``.

    A child belongs to one thread at a time; several threads may each own one. ``close()`` may
    come from any thread and ends a call in progress with ``ChildDied``. After ``close()``,
    ``ChildDied`` or ``CallTimeout`` the object can be started anew. It is a context manager.

    Args:
        limits: What each incarnation of the child may use.
        name: What the child is called in messages.
    """

    def __init__(self, limits: Limits, *, name: str) -> None:
        self._limits = limits
        self._name = name
        self._connection: Connection | None = None
        self._report = -1
        self._pid: int | None = None
        self._lock = threading.Lock()  # held while the connection is in use

    def __enter__(self) -> ChildProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the running child, or None."""
        return self._pid

    def start(self) -> None:
        """Start the child, unless it runs already.

        Raises:
            ChildDied: When it does not come up.
        """
        with self._lock:
            if self._connection is not None:
                return
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            self._report, report_end = os.pipe()
            self._connection = Connection(ours.detach())
            try:
                template.fork(theirs.fileno(), report_end)
            finally:
                theirs.close()
                os.close(report_end)
            self._pid = self._read_report(_START_SECONDS)
            if self._pid is None:
                self._forget()
                raise ChildDied(None, f"{self._name} could not be started")
            try:
                self._connection.send_bytes(encode_limits(self._limits))
            except ConnectionError:
                raise self._buried() from None

    def call(
        self,
        function: Callable[[*Arguments], Result],
        *arguments: *Arguments,
        timeout: float,
        check: Callable[[], None] | None = None,
    ) -> Result:
        """Run a function in the child and return what it returns.

        Args:
            function: A module-level function; it is sent by name, its arguments by value.
            arguments: Arguments of the function, which must pickle.
            timeout: Seconds of wall time after which the child is killed.
            check: Called at least ten times a second while waiting. What it raises goes up,
                after the child has been killed.

        Returns:
            The function's result, which must pickle.

        Raises:
            ChildDied: The child is not running, or ended during the call.
            CallTimeout: The time is up.
            Exception: Whatever the function raised in the child, or ``CallFailed``.
        """
        message = encode_call(function, arguments)
        with self._lock:
            connection = self._connection
            if connection is None:
                raise ChildDied(None, f"{self._name} is not running")
            try:
                connection.send_bytes(message)
                self._wait(connection, timeout, check)
                succeeded, outcome = decode_answer(connection.recv_bytes())
            except (EOFError, ConnectionError):
                raise self._buried() from None
            except BaseException:
                self._kill()
                self._read_report(_KILL_SECONDS)  # so that its memory is free again
                self._forget()
                raise
        if not succeeded:
            raise outcome
        return cast("Result", outcome)

    def close(self) -> None:
        """Kill the child, if there is one. Takes at most about a second; may be repeated."""
        self._kill()
        with self._lock:  # a call in progress has now ended
            if self._connection is not None:
                self._read_report(_KILL_SECONDS)
                self._forget()

    def _wait(
        self, connection: Connection, timeout: float, check: Callable[[], None] | None
    ) -> None:
        """Return when the child has something to say, or has gone."""
        deadline = time.monotonic() + timeout
        while True:
            if check is not None:
                check()
            left = deadline - time.monotonic()
            if left <= 0:
                raise CallTimeout(f"{self._name} took longer than {timeout:g} seconds")
            if connection.poll(left if check is None else min(left, _CHECK_SECONDS)):
                return

    def _kill(self) -> None:
        """Send SIGKILL to the child, if it is known to be ours still."""
        pid = self._pid
        if pid is None:
            return
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it has ended by itself, and has been collected by the template

    def _buried(self) -> ChildDied:
        """Clear up after a child that ended by itself, and say why it did."""
        exit_code = self._read_report(_KILL_SECONDS)
        if exit_code is None:
            self._kill()
        self._forget()
        return ChildDied(exit_code, f"{self._name} {_reason(exit_code)}")

    def _read_report(self, timeout: float) -> int | None:
        """Read the next number of the template: the process id first, then the exit code."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._report, selectors.EVENT_READ)
            if not selector.select(timeout):
                return None
        data = os.read(self._report, REPORT.size)
        return int(REPORT.unpack(data)[0]) if len(data) == REPORT.size else None

    def _forget(self) -> None:
        """Close what is left of a child that has gone."""
        if self._connection is not None:
            self._connection.close()
            os.close(self._report)
        self._connection, self._report, self._pid = None, -1, None


def _reason(exit_code: int | None) -> str:
    """Say in words how a process ended."""
    if exit_code is None:
        return "vanished"
    if exit_code >= 0:
        return f"ended by itself with status {exit_code}"
    return _REASONS.get(-exit_code, f"was ended by signal {-exit_code}")
