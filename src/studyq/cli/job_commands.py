"""`studyq jobs`: look at jobs, cancel and retry them, directly in the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studyq.cli.options import data_option, json_option, print_json, settings_in_force

STATES = ("waiting", "delayed", "active", "completed", "failed", "cancelled")
QUEUES = ("pdf-ingestion", "flashcard-generation", "test-analysis")


@click.group()
def jobs() -> None:
    """Look at background jobs, cancel and retry them."""


@jobs.command("list")
@click.option("--queue", type=click.Choice(QUEUES), help="Of one queue only.")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True,
              help="In one state only; may be given several times.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True,
              help="Most jobs to show.")  # fmt: skip
@data_option
@json_option
def list_(
    queue: str | None, states: tuple[str, ...], limit: int, data: Path | None, as_json: bool
) -> None:
    """List jobs, newest first."""
    from studyq.cli.opening import open_library
    from studyq.jobs.service import Wanted, describe_jobs, find_jobs

    with open_library(settings_in_force(data)) as services, services.database.read() as session:
        wanted = Wanted(queue=queue, states=states)
        found = describe_jobs(session, find_jobs(session, services.user_id, wanted, limit=limit))
    if as_json:
        print_json(found)
    elif not found:
        click.echo("No jobs.")
    else:
        _print_table(found)


@jobs.command("show")
@click.argument("job_id", metavar="JOB_ID")
@data_option
@json_option
def show(job_id: str, data: Path | None, as_json: bool) -> None:
    """Show all that is known of a job."""
    from studyq.cli.opening import open_library

    with open_library(settings_in_force(data)) as services:
        job = _describe(services, job_id)
    if as_json:
        print_json(job)
        return
    for name, value in job.items():
        if name != "errors" and value not in (None, "", {}, []):
            click.echo(f"{name.replace('_', ' '):<17} {_shown(value)}")
    for failure in job["errors"]:
        click.echo(f"attempt {failure['attempt']:<9} {failure['message']} ({failure['code']})")


@jobs.command("cancel")
@click.argument("job_ids", metavar="JOB_ID…", nargs=-1, required=True)
@data_option
@json_option
def cancel(job_ids: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """Cancel jobs: those that wait at once, those that run within two seconds."""
    from studyq.cli.opening import open_library
    from studyq.jobs.service import cancel as cancel_job

    with open_library(settings_in_force(data)) as services:
        for job_id in job_ids:
            with services.database.write() as session:
                cancel_job(session, services.registry, services.user_id, job_id)
        _report([_describe(services, job_id) for job_id in job_ids], as_json=as_json)


@jobs.command("retry")
@click.argument("job_ids", metavar="JOB_ID…", nargs=-1, required=True)
@data_option
@json_option
def retry(job_ids: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """Put failed or cancelled jobs back into their queue; they go on from their checkpoint."""
    from studyq.cli.opening import open_library
    from studyq.jobs.service import retry as retry_job

    with open_library(settings_in_force(data)) as services:
        for job_id in job_ids:
            with services.database.write() as session:
                retry_job(session, services.registry, services.user_id, job_id)
        _report([_describe(services, job_id) for job_id in job_ids], as_json=as_json)


def _describe(services: Any, job_id: str) -> dict[str, Any]:
    from studyq.jobs.service import describe_job, find_job

    with services.database.read() as session:
        return describe_job(session, find_job(session, services.user_id, job_id))


def _report(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for job in found:
        told = job["state"] == "active" and job["cancel_requested"]
        state = "active; it has been told to end" if told else job["state"]
        more = f" ({job['waiting_for']})" if job["waiting_for"] else ""
        click.echo(f"{job['id']} is {state}{more}")


def _print_table(found: list[dict[str, Any]]) -> None:
    queue = max(len(job["queue"]) for job in found)
    for job in found:
        error = job["error"]["message"] if job["error"] else None
        what = " ".join((error or job["message"] or job["waiting_for"] or "").split())
        place = f"{job['id']}  {job['queue']:<{queue}}  {job['state']:<9}"
        click.echo(f"{place}  {job['progress']:>3} %  {what}".rstrip())


def _shown(value: Any) -> str:
    return ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else value
