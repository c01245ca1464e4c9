"""The parent's side of the template process: starting it, and asking it for children."""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

_COMMAND = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from studyq.processes.forkserver import main; main(int(sys.argv[1]), sys.argv[3:])"
)
_EXIT_SECONDS = 5.0


class _Template:
    """The one template process of this process, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._modules: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._owner = 0

    def preload(self, modules: tuple[str, ...]) -> None:
        """Remember the modules and start the template, which imports them in the background."""
        with self._lock:
            self._modules.extend(name for name in modules if name not in self._modules)
            self._running()

    def fork(self, conversation: int, report: int) -> None:
        """Hand two descriptors to the template, which forks a child that owns them."""
        with self._lock:
            try:
                socket.send_fds(self._running(), [b"f"], [conversation, report])
            except (BrokenPipeError, ConnectionError):  # the template died (killed by hand?)
                self._stop()
                socket.send_fds(self._running(), [b"f"], [conversation, report])

    def stop(self) -> None:
        """End the template, and with it every child."""
        with self._lock:
            self._stop()

    def _running(self) -> socket.socket:
        if self._requests is not None and self._owner == os.getpid():
            return self._requests
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        path = json.dumps([entry or str(Path.cwd()) for entry in sys.path])
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-c", _COMMAND, str(theirs.fileno()), path, *self._modules],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._requests, self._owner = ours, os.getpid()
        return ours

    def _stop(self) -> None:
        if self._requests is None or self._process is None:
            return
        self._requests.close()
        self._requests = None
        if self._owner == os.getpid():
            try:
                self._process.wait(_EXIT_SECONDS)
            except subprocess.TimeoutExpired:  # still importing, perhaps
                self._process.kill()
                self._process.wait()
        self._process = None


template = _Template()
atexit.register(template.stop)


def preload(*modules: str) -> None:
    """Start the template process and have it import modules that children will need.

    To be called once, when the application starts. Modules named after the template has started
    are imported by each child that needs them instead, which is slower and otherwise the same.

    Args:
        modules: Names of importable modules.
    """
    template.preload(modules)
