"""The commands of `studyq jobs` that deal with whole queues."""

from __future__ import annotations

from pathlib import Path

import click

from studyq.cli.job_desks import Told, open_desk
from studyq.cli.options import data_option, json_option, print_json, settings_in_force

QUEUES = ("pdf-ingestion", "flashcard-generation", "test-analysis", "notifications")
LIVE_STATES = ("waiting", "delayed", "active")

_queue = click.argument("queue", metavar="QUEUE", type=click.Choice(QUEUES))


@click.command("queues")
@data_option
@json_option
def queues(data: Path | None, as_json: bool) -> None:
    """Show how each queue is doing."""
    with open_desk(settings_in_force(data)) as desk:
        found = desk.queues()
    if as_json:
        print_json(found)
        return
    for queue in found:
        click.echo(_line(queue))


@click.command("pause")
@_queue
@data_option
@json_option
def pause(queue: str, data: Path | None, as_json: bool) -> None:
    """Let no more jobs of a queue start; those that run go on."""
    with open_desk(settings_in_force(data)) as desk:
        _tell(desk.pause(queue), as_json=as_json)


@click.command("resume")
@_queue
@data_option
@json_option
def resume(queue: str, data: Path | None, as_json: bool) -> None:
    """Let the jobs of a paused queue start again."""
    with open_desk(settings_in_force(data)) as desk:
        _tell(desk.resume(queue), as_json=as_json)


@click.command("concurrency")
@_queue
@click.argument("number", metavar="NUMBER", type=click.IntRange(1, 64))
@data_option
@json_option
def concurrency(queue: str, number: int, data: Path | None, as_json: bool) -> None:
    """Let so many jobs of a queue run at once, over all processes.

    It stays in force until the queue's setting is changed.
    """
    with open_desk(settings_in_force(data)) as desk:
        _tell(desk.set_concurrency(queue, number), as_json=as_json)


@click.command("retry-failed")
@click.argument("queue", metavar="[QUEUE]", type=click.Choice(QUEUES), required=False)
@click.option("--code", help="Only those whose last error has this code.")
@data_option
@json_option
def retry_failed(queue: str | None, code: str | None, data: Path | None, as_json: bool) -> None:
    """Put all failed jobs back, of one queue or of all."""
    with open_desk(settings_in_force(data)) as desk:
        answers = [desk.retry_failed(name, code) for name in ([queue] if queue else QUEUES)]
    done = {name: sum(answer[name] for answer in answers) for name in ("retried", "skipped")}
    if as_json:
        print_json(done)
        return
    skipped = f"; {done['skipped']} skipped: their work is another job's by now"
    click.echo(f"{done['retried']} put back{skipped if done['skipped'] else ''}.")


def _tell(queue: Told, *, as_json: bool) -> None:
    if as_json:
        print_json(queue)
    else:
        click.echo(_line(queue))


def _line(queue: Told) -> str:
    counts = ", ".join(f"{number} {state}" for state, number in queue["counts"].items() if number)
    paused = ", paused" if queue["paused"] else ""
    workers = queue["workers"]
    served = f"{workers} {'worker' if workers == 1 else 'workers'}" if workers else "no worker"
    oldest = queue["oldest_waiting"]
    waits = "" if oldest is None else f"; the oldest waits for {oldest:,.0f} s"
    return (
        f"{queue['name']:<21} {queue['concurrency']} at once, {served}{paused}: "
        f"{counts or 'no jobs'}{waits}"
    )
