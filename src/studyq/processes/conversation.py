"""What parent and child say to each other: one call, one answer, pickled, in turn."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, cast

from studyq.processes.limits import Limits, confine_this_process

_PROTOCOL = pickle.HIGHEST_PROTOCOL


class CallFailed(Exception):
    """The child raised an exception that cannot be carried over; the text describes it."""


def encode_call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    """Pack a call of a module-level function, which is pickled by reference."""
    return pickle.dumps((function, arguments), _PROTOCOL)


def encode_limits(limits: Limits) -> bytes:
    """Pack the limits, the first message of every conversation."""
    return pickle.dumps(limits, _PROTOCOL)


def decode_answer(message: bytes) -> tuple[bool, Any]:
    """Unpack an answer of the child: whether the call succeeded, and its result or exception."""
    return cast("tuple[bool, Any]", pickle.loads(message))  # noqa: S301 - from our own child


def answer_calls(connection: Connection, parent_pid: int) -> None:
    """Run in the child: put on the limits, then answer one call after the other.

    Args:
        connection: The child's end of the conversation; the first message is its ``Limits``.
        parent_pid: Process whose end is this child's end.
    """
    try:
        limits = pickle.loads(connection.recv_bytes())  # noqa: S301 - from our own parent
        confine_this_process(limits, parent_pid)
        while True:
            request = connection.recv_bytes()
            connection.send_bytes(_answer(request))
            del request
    except (EOFError, ConnectionError):
        return  # the parent hung up


def _answer(request: bytes) -> bytes:
    """Make one call and pack what comes of it."""
    try:
        function, arguments = pickle.loads(request)  # noqa: S301 - from our own parent
        return pickle.dumps((True, function(*arguments)), _PROTOCOL)
    except Exception as error:
        return _encode_exception(error)


def _encode_exception(error: Exception) -> bytes:
    """Pack an exception with its traceback as a note, or a description when it resists."""
    where = "".join(traceback.format_exception(error))
    error.add_note(f"Raised in a child process:\n{where}")
    try:
        packed = pickle.dumps((False, error), _PROTOCOL)
        pickle.loads(packed)  # noqa: S301 - some pickle well and cannot be loaded again
    except Exception:
        packed = pickle.dumps((False, CallFailed(where)), _PROTOCOL)
    return packed
