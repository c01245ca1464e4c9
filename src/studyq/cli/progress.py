"""One bar a file that is on its way, one line a file that is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

_SIGNS = {"added": "[green]✓[/]", "accepted": "[green]✓[/]", "present": "=", "failed": "[red]✗[/]"}


class Bar:
    """The bar of one file: first bytes, then the steps of its job."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._size = 0
        self._sent = 0

    def begin_sending(self, size: int) -> None:
        """Say how many bytes there are."""
        self._size = size
        self._progress.update(self._task, stage=f"Sending {size / 1e6:.1f} MB")

    def sent(self, count: int) -> None:
        """Count bytes that went; they make the first tenth of the bar."""
        self._sent += count
        self._progress.update(self._task, completed=10 * self._sent / max(self._size, 1))

    def step(self, percent: int, stage: str) -> None:
        """Show how far its job is."""
        self._progress.update(self._task, completed=max(10, percent), stage=stage or "Waiting")


class Display:
    """What `add` shows on standard error while it works.

    Args:
        where: the library, as people know it.
        count: how many files there are.
        quiet: show nothing.
    """

    def __init__(self, where: str, count: int, *, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._progress = Progress(
            TextColumn("{task.fields[name]}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[stage]}", markup=False),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._where = where
        self._count = count

    def __enter__(self) -> Display:
        files = "1 file" if self._count == 1 else f"{self._count} files"
        self._console.print(
            f"Adding {files} to the library at {escape(self._where)}", soft_wrap=True
        )
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._progress.stop()

    @contextmanager
    def bar(self, file: str) -> Iterator[Bar]:
        """A bar for as long as a file is on its way."""
        task = self._progress.add_task("", total=100, name=_short(file), stage="")
        try:
            yield Bar(self._progress, task)
        finally:
            self._progress.remove_task(task)

    def file_done(self, file: str, status: str, message: str) -> None:
        """Say what became of a file."""
        self._console.print(
            f"{_SIGNS[status]} {escape(file)}  [dim]{escape(message)}[/]", soft_wrap=True
        )


def _short(file: str, width: int = 32) -> str:
    name = Path(file).name
    return name if len(name) <= width else f"{name[: width - 9]}…{name[-8:]}"
