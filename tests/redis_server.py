"""A real redis-server on a free port, which can be stopped, frozen, emptied and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import redis

from server_process import free_port

SCRIPT = Path(__file__).parents[1] / "scripts" / "find_redis.sh"
START_SECONDS = 30
PASSWORD = "an open secret: with/odd@signs"


def find_redis() -> str:
    """The program; installed when the machine has none."""
    found = shutil.which(os.environ.get("REDIS_SERVER", "redis-server"))
    if found is None:
        script = subprocess.run(["sh", str(SCRIPT)], stdout=subprocess.PIPE, check=True, text=True)
        found = script.stdout.strip().splitlines()[-1]
    return found


class RedisServer:
    """A server that keeps nothing on disk, with a password."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.password = PASSWORD
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.url_with(PASSWORD)

    def url_with(self, password: str) -> str:
        """Its address for somebody who believes this to be the password."""
        return f"redis://:{quote(password, safe='')}@127.0.0.1:{self.port}/0"

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [find_redis(), "--port", str(self.port), "--bind", "127.0.0.1",
                 "--requirepass", self.password, "--save", "", "--appendonly", "no",
                 "--dir", str(self._folder)],
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, (self._folder / "redis.log").read_text()
            try:
                with self.client() as client:
                    client.ping()
                    return
            except redis.ConnectionError:
                time.sleep(0.02)  # there is nothing to wait on before the port is open
        raise AssertionError(f"redis-server did not answer within {START_SECONDS} s")

    def client(self) -> closing[redis.Redis]:
        """A client with the right password."""
        return closing(redis.Redis(port=self.port, password=self.password, socket_timeout=5))

    def kill(self) -> None:
        """kill -9; the next start finds nothing of what was."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Connections stay, answers do not come."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Answer again."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def flush(self) -> None:
        """Forget everything."""
        with self.client() as client:
            client.flushall()
