"""Who a worker process is, so that a dead one is told from one whose pid was reused."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from pathlib import Path


def host_name() -> str:
    """The name of this machine (in a container: of the container)."""
    return socket.gethostname()


def process_started(pid: int) -> str | None:
    """When a process of this machine started, in the kernel's terms; None when it is gone.

    A zombie counts as gone: it will never run again.
    """
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    listing = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip() or None


class WorkerIdentity:
    """This process as a worker."""

    def __init__(self) -> None:
        self.host = host_name()
        self.pid = os.getpid()
        self.pid_started = process_started(self.pid) or ""
        self.id = f"{self.host}:{self.pid}:{secrets.token_hex(4)}"
