"""`studyq config`, `health` and `version`."""

from __future__ import annotations

import contextlib
import http.client
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studyq.cli.group import CommandFailed, ExitCode
from studyq.cli.options import data_option, json_option, print_json, settings_in_force

if TYPE_CHECKING:
    from studyq.settings import Settings

HEALTH_SECONDS = 4.0  #: a little less than containers usually wait


@click.command()
@data_option
@json_option
def config(data: Path | None, as_json: bool) -> None:
    """Show every setting: what is in force, and where it comes from. Secrets are masked."""
    from studyq.settings import load_settings

    _, origins = load_settings(data=data)
    if as_json:
        print_json([asdict(origin) for origin in origins])
        return
    width = max(len(origin.variable) for origin in origins)
    for origin in origins:
        value = origin.value if origin.value != "" else click.style("empty", dim=True)
        source = "" if origin.source == "default" else f"  (from the {origin.source})"
        click.echo(f"{origin.variable:<{width}}  {value}{source}")
        click.echo(f"{'':<{width}}  {click.style(origin.about, dim=True)}")


@click.command()
@click.option("--worker", is_flag=True,
              help="Look for a worker of this machine instead; it needs no server.")  # fmt: skip
@data_option
@json_option
@click.pass_context
def health(context: click.Context, worker: bool, data: Path | None, as_json: bool) -> None:
    """Ask the running server whether each of its parts works.

    It answers within five seconds, so that containers can use it. The exit code is 0 when all that
    is needed works, 1 when not, 2 when the settings are wrong, 3 when no server answers.
    """
    from studyq.cli.running import address_of, announced_address

    settings = settings_in_force(data)
    if worker:
        body, title = _of_worker(settings), "The worker"
    else:
        address = announced_address(settings.data) or address_of(settings.host, settings.port)
        body, title = _ask(address), f"studyq at {address}"
    if as_json:
        print_json(body)
    else:
        click.echo(f"{title} is {body['status']}.")
        for name, part in body["parts"].items():
            sign = click.style("✓", fg="green") if part["ok"] else click.style("✗", fg="red")
            click.echo(f"  {sign} {name}: {part['reason']} {part['next_step']}".rstrip())
    if body["status"] != "ok":
        context.exit(ExitCode.FAILED)


@click.command()
def version() -> None:
    """Show the version."""
    from studyq import __version__

    click.echo(f"studyq {__version__}")


def _ask(address: str) -> Any:
    import msgspec

    from studyq.cli.running import connect

    try:
        with contextlib.closing(connect(address, timeout=HEALTH_SECONDS)) as connection:
            connection.request("GET", "/health/ready")
            return msgspec.json.decode(connection.getresponse().read())
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise CommandFailed(
            f"No studyq answers at {address} ({error}). Start it with `studyq serve`.",
            ExitCode.UNREACHABLE,
        ) from error


def _of_worker(settings: Settings) -> Any:
    from studyq.operations.worker_health import examine_worker

    part = examine_worker(settings.resolved_database_url)
    told = {"ok": part.ok, "reason": part.reason, "next_step": part.next_step}
    return {"status": "ok" if part.ok else "failing", "parts": {"worker": told}}
