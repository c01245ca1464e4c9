"""The template process: single-threaded, imports what is preloaded, forks children on request.

It is not ``multiprocessing``'s fork server, for two reasons that were measured there: its
children run the parent's main script again (the whole application, for a console script), and
they keep the server alive by an inherited descriptor, so that a busy child outlives a parent
that was killed with SIGKILL. Here the only thing that keeps the template alive is the socket
which the parent holds; when the template ends, the kernel kills its children.

A request is one byte with two descriptors: the child's end of the conversation, and a pipe to
which the template writes the child's process id and, later, its exit code.
"""

from __future__ import annotations

import gc
import importlib
import os
import selectors
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import NoReturn

from studyq.processes.conversation import answer_calls

REPORT = struct.Struct("=i")  # a process id or an exit code, as written to the report pipe


def main(descriptor: int, modules: Sequence[str]) -> None:
    """Serve fork requests until the parent closes its end of the socket.

    Args:
        descriptor: Inherited descriptor of the template's end of the socket.
        modules: Modules to import before the first fork. One that cannot be imported is
            reported on standard error and left out: a call that needs it will say so again.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:
            print(f"studyq: cannot preload {module}: {error!r}", file=sys.stderr)  # noqa: T201
    gc.collect()
    gc.freeze()  # what is imported now stays in pages shared with every child
    with socket.socket(fileno=descriptor) as requests:
        _serve(requests)


def _serve(requests: socket.socket) -> None:
    """Fork on request, report the children that ended; return when the parent has gone."""
    reports: dict[int, int] = {}
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # only to write to the pipe
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        selector.register(wake_read, selectors.EVENT_READ)

        def release() -> None:
            """Close in a child what is the template's business."""
            selector.close()
            for descriptor in (requests.fileno(), wake_read, wake_write, *reports.values()):
                os.close(descriptor)

        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if wake_read in ready:
                os.read(wake_read, 4096)
                _report_ended(reports)
            if requests in ready:
                message, descriptors, _, _ = socket.recv_fds(requests, 1, 2)
                if not message:
                    return
                conversation, report = descriptors
                _fork(conversation, report, reports, release)


def _fork(
    conversation: int, report: int, reports: dict[int, int], release: Callable[[], None]
) -> None:
    """Fork one child that answers calls on its end of the conversation."""
    template_pid = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(report)
        _become_child(conversation, template_pid, release)
    os.close(conversation)
    reports[pid] = report
    _write_report(report, pid)


def _become_child(conversation: int, template_pid: int, release: Callable[[], None]) -> NoReturn:
    """Answer calls until the parent hangs up; never return into the template's code."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        release()
        answer_calls(Connection(conversation), template_pid)
        status = 0
    finally:
        os._exit(status)


def _report_ended(reports: dict[int, int]) -> None:
    """Collect the children that have ended and pass their exit codes on."""
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        report = reports.pop(pid)
        _write_report(report, os.waitstatus_to_exitcode(status))
        os.close(report)


def _write_report(report: int, value: int) -> None:
    """Write a number for the parent, who may have stopped listening."""
    try:
        os.write(report, REPORT.pack(value))
    except BrokenPipeError:
        return  # the parent dropped this child and does not want to know
