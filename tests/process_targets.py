"""Functions for child processes to run; children import this module by its name."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from pathlib import Path


class UnloadableError(Exception):
    """Pickles, and cannot be loaded again."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def add(left: int, right: int) -> int:
    return left + right


def echo(data: bytes) -> bytes:
    return data


def refuse(message: str) -> None:
    raise ValueError(message)


def refuse_badly() -> None:
    raise UnloadableError("cannot ", "travel")


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def spin() -> None:
    while True:
        pass


def allocate(size: int) -> int:
    return len(bytearray(size))


def crash(number: int) -> None:
    os.kill(os.getpid(), number)
    signal.pause()


def leave(status: int) -> None:
    os._exit(status)


def describe() -> tuple[int, int, int]:
    """Niceness, core size limit and number of open descriptors above the standard ones."""
    descriptors = [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
    core = resource.getrlimit(resource.RLIMIT_CORE)[0]
    return os.nice(0), core, sum(1 for number in descriptors if number > 2)


def shout() -> None:
    print("on stdout")
    print("on stderr", file=sys.stderr)
