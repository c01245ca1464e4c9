"""`studyq reprocess`: read documents again, or embed them again."""

from __future__ import annotations

from pathlib import Path

import click

from studyq.cli.group import CommandFailed, ExitCode
from studyq.cli.options import data_option, json_option, print_json, settings_in_force


@click.command()
@click.argument("document_ids", metavar="[DOCUMENT_ID…]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every document of the library.")
@click.option("--embeddings", is_flag=True, help="Only make the vectors that are missing.")
@data_option
@json_option
def reprocess(
    document_ids: tuple[str, ...],
    everything: bool,
    embeddings: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """Have documents read again; what is there serves until the new reading is complete."""
    if bool(document_ids) == everything:
        raise CommandFailed("Name documents, or give --all.", ExitCode.USAGE)
    from studyq.cli.opening import open_library, worker_alive
    from studyq.library import service

    with open_library(settings_in_force(data)) as services:
        with services.database.write() as session:
            if everything:
                jobs = service.reprocess_all(
                    session, services.sealer, services.user_id, embeddings_only=embeddings
                )
            else:
                jobs = [
                    service.reprocess(
                        session, services.sealer, services.user_id, item, embeddings_only=embeddings
                    )
                    for item in document_ids
                ]
        running = worker_alive(services.database)
    if as_json:
        print_json(jobs)
        return
    click.echo(f"{len(jobs)} {'job' if len(jobs) == 1 else 'jobs'} enqueued.")
    if jobs and not running:
        click.echo("No worker is running; `studyq serve` will do the work.", err=True)
