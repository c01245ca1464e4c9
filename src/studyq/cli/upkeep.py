"""`studyq db` and `doctor`: what keeps an instance in order."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studyq.cli.group import ExitCode
from studyq.cli.options import data_option, json_option, print_json, settings_in_force

if TYPE_CHECKING:
    from studyq.operations.findings import Finding


@click.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
@data_option
def upgrade(data: Path | None) -> None:
    """Bring the database to this version's schema, after a backup copy.

    `studyq serve` does the same when it starts.
    """
    from studyq.database.migrate import upgrade as migrate

    settings = settings_in_force(data)
    before, after = migrate(settings.resolved_database_url)
    if before == after:
        click.echo(f"The database is at {after}; there is nothing to do.")
    elif before is None:
        click.echo(f"The database was made, at {after}.")
    else:
        click.echo(f"The database went from {before} to {after}.")


@click.command()
@click.option("--fix", is_flag=True, help="Mend what can be mended safely.")
@data_option
@json_option
@click.pass_context
def doctor(context: click.Context, fix: bool, data: Path | None, as_json: bool) -> None:
    """Look for damage in the library, and say what to do about it.

    It may run beside a server. The exit code is 1 when something is wrong (after --fix: when
    something is left that it could not mend).
    """
    from studyq.cli.opening import open_library
    from studyq.operations.doctor import diagnose
    from studyq.operations.findings import Patient

    with open_library(settings_in_force(data)) as services:
        patient = Patient(
            services.database,
            services.storage,
            services.embedder,
            services.sealer,
            services.registry,
            services.user_id,
        )
        findings = diagnose(patient, fix=fix)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _tell(findings)
    if any(finding.mended is None for finding in findings):
        context.exit(ExitCode.FAILED)


def _tell(findings: list[Finding]) -> None:
    if not findings:
        click.echo("All is well.")
    for finding in findings:
        click.echo(f"{click.style('✗', fg='red')} {finding.what}")
        for example in finding.examples:
            click.echo(f"    {example}")
        if finding.mended is None:
            click.echo(f"  → {finding.next_step}")
        else:
            click.echo(f"  {click.style('✓', fg='green')} {finding.mended}")
