"""`studyq db`, `models` and `doctor`: what keeps an instance in order."""

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


@click.group()
def models() -> None:
    """Look after the models that run on this machine."""


@models.command("install")
@click.option("--from", "source", type=click.Path(exists=True, file_okay=False, path_type=Path),
              metavar="FOLDER",
              help="Folder with the published files, instead of STUDYQ_MODELS_FROM.")  # fmt: skip
@click.option("--force", is_flag=True, help="Install anew even if it is there and whole.")
@data_option
def install(source: Path | None, force: bool, data: Path | None) -> None:
    """Fetch, check and install the embedding model, for search by meaning.

    Nothing is done when it is there and whole.
    """
    from studyq.providers.install import install_model

    settings = settings_in_force(data)
    if source is None and settings.models_from:
        source = Path(settings.models_from)
    installed = install_model(
        settings.models_dir,
        source_folder=source,
        force=force,
        report=lambda sentence: click.echo(sentence, err=True),
    )
    done = "is there" if installed.already else f"was installed in {installed.seconds:.0f} s"
    click.echo(f"The embedding model {installed.manifest.model_id} {done}: {installed.folder}")


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
