"""The one niced child process that embeds passages for all workers of a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from studyq.processes import CallTimeout, ChildDied, ChildProcess, Limits
from studyq.providers.errors import ProviderError
from studyq.providers.minilm import MiniLM, load_minilm
from studyq.providers.minilm_build import DIMENSIONS
from studyq.providers.turnstile import Turnstile
from studyq.providers.vectors import Matrix, unit_rows

#: Texts of one call, about a second of CPU: jobs take turns after each.
SLICE_SIZE = 64

#: Seconds after which a call is given up. Some 60 times what it takes on a quiet machine.
CALL_SECONDS = 120.0

#: Seconds without work after which the child is closed to give its memory back.
IDLE_SECONDS = 60.0


class EmbeddingProcess:
    """Embeds in a child process that all threads of the server share.

    The child starts with the first call, is started anew when it has died, and ends after some
    idle time. Calls of several threads take turns slice by slice, so that a book does not hold
    up a leaflet.

    Args:
        folder: Where the built-in model is installed.
        threads: Threads of the child.
        nice: Its niceness, so that it does not slow the web server down.
        idle_seconds: When to close it.
    """

    def __init__(
        self, folder: Path, *, threads: int, nice: int = 10, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._folder = folder
        self._threads = threads
        self._idle_seconds = idle_seconds
        self._child = ChildProcess(Limits(nice=nice), name="the embedding process")
        self._turnstile = Turnstile()
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None
        self._last_used = 0.0

    @property
    def pid(self) -> int | None:
        """Process id of the child while it runs."""
        return self._child.pid

    def embed(self, texts: Sequence[str], *, check: Callable[[], None] | None = None) -> Matrix:
        """Gives one unit row for each text, in the order of the texts.

        Args:
            texts: Any strings.
            check: Called at least ten times a second; when it raises, the child is killed and
                the exception goes up.

        Raises:
            ProviderError: transient when the child died or took too long, permanent when the
                model itself is at fault.
        """
        # Slices of like lengths: the child sorts within a slice, by the exact length.
        order = sorted(range(len(texts)), key=lambda position: len(texts[position]), reverse=True)
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for start in range(0, len(order), SLICE_SIZE):
            positions = order[start : start + SLICE_SIZE]
            with self._turnstile.turn(check):
                packed = self._call([texts[position] for position in positions], check)
            slice_rows = np.frombuffer(packed, dtype=np.float32)
            rows[positions] = slice_rows.reshape(len(positions), DIMENSIONS)
        return unit_rows(rows, count=len(texts), dimensions=DIMENSIONS)

    def close(self) -> None:
        """Ends the child for good; a call in progress fails as transient. Idempotent."""
        self._closed.set()
        self._child.close()

    def _call(self, texts: list[str], check: Callable[[], None] | None) -> bytes:
        """Has the child embed one slice. To be called in one's turn."""
        if self._closed.is_set():
            raise ProviderError("The embedding process is shutting down.", "transient")
        try:
            self._child.start()
            if self._closed.is_set():  # close() came while the child started
                self._child.close()
            self._watch_idleness()
            return self._child.call(
                embed_in_child,
                str(self._folder),
                self._threads,
                texts,
                timeout=CALL_SECONDS,
                check=check,
            )
        except (ChildDied, CallTimeout) as error:
            raise ProviderError(
                f"Embedding was interrupted: {error}. It will be started again.", "transient"
            ) from error
        finally:
            self._last_used = time.monotonic()

    def _watch_idleness(self) -> None:
        """Makes sure that a thread watches the child that has just been started."""
        if self._watcher is None:
            self._last_used = time.monotonic()
            self._watcher = threading.Thread(
                target=self._close_when_idle, name="embedding-idle", daemon=True
            )
            self._watcher.start()

    def _close_when_idle(self) -> None:
        while not self._closed.wait(self._last_used + self._idle_seconds - time.monotonic()):
            with self._turnstile.turn():
                if time.monotonic() - self._last_used >= self._idle_seconds:
                    self._child.close()
                    self._watcher = None
                    return


def embed_in_child(folder: str, threads: int, texts: list[str]) -> bytes:
    """Runs in the child: embeds and gives the rows as float32 bytes.

    Raises:
        ProviderError: The model cannot be opened or gives wrong vectors.
    """
    return _model(folder, threads).embed(texts).tobytes()


@cache
def _model(folder: str, threads: int) -> MiniLM:
    return load_minilm(Path(folder), threads=threads)
