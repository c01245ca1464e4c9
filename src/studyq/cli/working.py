"""`studyq worker`: jobs in a process of its own, beside servers on the same data folder."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from studyq.cli.options import data_option

if TYPE_CHECKING:
    from studyq.settings import Settings


@click.command()
@click.option(
    "--queue",
    "queues",
    multiple=True,
    metavar="NAME",
    help="A queue to serve; may be given several times. Without it: all of them.",
)
@data_option
def worker(queues: tuple[str, ...], data: Path | None) -> None:
    """Run jobs, and serve no pages, until it is told to stop.

    Any number of workers and servers may share a data folder on one machine. On SIGTERM or Ctrl-C
    a worker lets its jobs reach a checkpoint (for STUDYQ_GRACE seconds at the most), hands back
    what is left, and ends with exit code 0. A second signal ends it at once.
    """
    from studyq.jobs.registry import QUEUES
    from studyq.logs import configure_logging
    from studyq.settings import load_settings
    from studyq.tracing import tracing

    unknown = sorted(set(queues) - set(QUEUES))
    if unknown:
        raise click.BadParameter(
            f"{unknown[0]} is no queue; there are {', '.join(QUEUES)}.", param_hint="--queue"
        )
    settings, _ = load_settings(data=data)
    configure_logging(settings)
    with tracing(settings):
        _run(settings, queues or QUEUES)


def _run(settings: Settings, queues: tuple[str, ...]) -> None:
    from studyq.app import make_worker

    told = threading.Event()

    def stop(number: int, _: FrameType | None) -> None:
        told.set()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        background = make_worker(settings, queues)
        background.start()
        try:
            click.echo(
                f"studyq works on {', '.join(sorted(queues))} "
                f"(data in {settings.data.absolute()}; Ctrl-C ends it)"
            )
            sys.stdout.flush()
            told.wait()
        finally:
            background.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
