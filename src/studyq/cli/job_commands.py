"""`studyq jobs`: look at jobs, cancel and retry them, let them start earlier or later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studyq.cli.group import ExitCode, expected_sentence
from studyq.cli.job_desks import Asked, JobDesk, Told, open_desk
from studyq.cli.options import data_option, json_option, print_json, settings_in_force
from studyq.cli.queue_commands import (
    LIVE_STATES,
    QUEUES,
    concurrency,
    pause,
    queues,
    resume,
    retry_failed,
)

if TYPE_CHECKING:
    from studyq.settings import Settings

STATES = (*LIVE_STATES, "completed", "failed", "cancelled")
TRIGGERS = ("user", "retry", "reprocess", "schedule")

# Shown on lines of their own, or of no use in a terminal.
_APART = {"errors", "timeline", "before", "after"}


@click.group()
def jobs() -> None:
    """Look at background jobs, cancel and retry them; pause and widen their queues."""


for _command in (queues, pause, resume, concurrency, retry_failed):
    jobs.add_command(_command)


@jobs.command("list")
@click.option("--queue", type=click.Choice(QUEUES), help="Of one queue only.")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True,
              help="In one state only; may be given several times.")  # fmt: skip
@click.option("--search", "text", metavar="TEXT",
              help="That mention it: id, name, message, error, document.")  # fmt: skip
@click.option("--trigger", type=click.Choice(TRIGGERS), help="Started by this only.")
@click.option("--code", help="Whose last error has this code.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True,
              help="Most jobs to show.")  # fmt: skip
@data_option
@json_option
def list_(
    queue: str | None,
    states: tuple[str, ...],
    text: str | None,
    trigger: str | None,
    code: str | None,
    limit: int,
    data: Path | None,
    as_json: bool,
) -> None:
    """List jobs, newest first."""
    with open_desk(settings_in_force(data)) as desk:
        found = desk.find(Asked(queue, states, text, trigger, code, limit))
    if as_json:
        print_json(found)
    elif not found:
        click.echo("No jobs.")
    else:
        _print_table(found)


@jobs.command("show")
@click.argument("job_id", metavar="JOB_ID")
@click.option("--traceback", is_flag=True, help="Show where in the code errors came from.")
@data_option
@json_option
def show(job_id: str, traceback: bool, data: Path | None, as_json: bool) -> None:
    """Show all that is known of a job."""
    with open_desk(settings_in_force(data)) as desk:
        job = desk.show(job_id)
    if as_json:
        print_json(job)
        return
    for name, value in job.items():
        if name not in _APART and value not in (None, "", {}, []):
            click.echo(f"{name.replace('_', ' '):<17} {_shown(value)}")
    for relation in ("before", "after"):
        for other in job[relation]:
            click.echo(f"comes {relation:<11} {other['name']} {other['id']}, {other['state']}")
    for failure in job["errors"]:
        click.echo(f"attempt {failure['attempt']:<9} {failure['message']} ({failure['code']})")
        if traceback and failure.get("traceback"):
            click.echo(failure["traceback"].rstrip())
    for event in job["timeline"]:
        if event["event"] == "state":
            click.echo(f"{event['at']} {event['state']:<9} {event['message']}".rstrip())


@jobs.command("cancel")
@click.argument("job_ids", metavar="JOB_ID…", nargs=-1)
@click.option("--all-of", "queue", type=click.Choice(QUEUES), help="All live jobs of a queue.")
@click.option("--state", type=click.Choice(LIVE_STATES), help="With --all-of: in this state only.")
@click.option("--code", help="With --all-of: whose last error has this code.")
@data_option
@json_option
def cancel(
    job_ids: tuple[str, ...],
    queue: str | None,
    state: str | None,
    code: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Cancel jobs: those that wait at once, those that run within two seconds."""
    if bool(job_ids) == bool(queue) or (job_ids and (state or code)):
        raise click.UsageError("Name jobs, or a queue with --all-of (and perhaps what of it).")
    settings = settings_in_force(data)
    if queue is None:
        _each(settings, job_ids, lambda desk, job_id: desk.cancel(job_id), as_json=as_json)
        return
    with open_desk(settings) as desk:
        done = desk.cancel_all(queue, state or "live", code)
    if as_json:
        print_json(done)
        return
    told = f"; {done['told']} were told to end" if done["told"] else ""
    click.echo(f"{done['cancelled']} cancelled{told}.")


@jobs.command("retry")
@click.argument("job_ids", metavar="JOB_ID…", nargs=-1, required=True)
@data_option
@json_option
def retry(job_ids: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """Put failed or cancelled jobs back into their queue; they go on from their checkpoint."""
    settings = settings_in_force(data)
    _each(settings, job_ids, lambda desk, job_id: desk.retry(job_id), as_json=as_json)


# Negative numbers are no options.
@jobs.command("priority", context_settings={"ignore_unknown_options": True})
@click.argument("priority", metavar="PRIORITY", type=click.IntRange(-100, 100))
@click.argument("job_ids", metavar="JOB_ID…", nargs=-1, required=True)
@data_option
@json_option
def set_priority(priority: int, job_ids: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """Let jobs that wait start earlier (up to 100) or later (down to -100) than others."""
    _each(
        settings_in_force(data),
        job_ids,
        lambda desk, job_id: desk.set_priority(job_id, priority),
        as_json=as_json,
    )


def _each(
    settings: Settings,
    job_ids: tuple[str, ...],
    act: Callable[[JobDesk, str], Told],
    *,
    as_json: bool,
) -> None:
    """Do something to each job, whatever becomes of the others; tell of all in the end."""
    done, refused = [], 0
    with open_desk(settings) as desk:
        for job_id in job_ids:
            try:
                done.append(act(desk, job_id))
            except Exception as error:
                why = expected_sentence(error)
                if why is None:
                    raise
                refused += 1
                click.echo(f"{job_id}: {why}", err=True)
    if as_json:
        print_json(done)
    else:
        for job in done:
            click.echo(_state_of(job))
    if refused:
        click.get_current_context().exit(ExitCode.FAILED)


def _state_of(job: Told) -> str:
    told = job["state"] == "active" and job["cancel_requested"]
    state = "active; it has been told to end" if told else job["state"]
    more = f" ({job['waiting_for']})" if job["waiting_for"] else ""
    return f"{job['id']} is {state}{more}"


def _print_table(found: list[Told]) -> None:
    queue = max(len(job["queue"]) for job in found)
    for job in found:
        error = job["error"]["message"] if job["error"] else None
        what = " ".join((error or job["message"] or job["waiting_for"] or "").split())
        place = f"{job['id']}  {job['queue']:<{queue}}  {job['state']:<9}"
        click.echo(f"{place}  {job['progress']:>3} %  {what}".rstrip())


def _shown(value: Any) -> Any:
    return ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else value
