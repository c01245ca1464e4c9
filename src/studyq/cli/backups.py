"""`studyq backup` and `studyq restore`: everything into one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from studyq.cli.group import CommandFailed
from studyq.cli.options import data_option, settings_in_force

if TYPE_CHECKING:
    from studyq.settings import Settings
    from studyq.storage.originals import Storage

SHOWN = 5  #: file names of missing originals that are shown


@click.command()
@click.argument("dest", required=False, type=click.Path(path_type=Path))
@data_option
def backup(dest: Path | None, data: Path | None) -> None:
    """Write everything into one archive: database, originals and key.

    DEST is the archive's name, or a folder to put it into; without it, the folder of the daily
    backups (STUDYQ_BACKUPS). It may run beside a server. Keep the archive as you would a password:
    the key in it opens the passwords of PDFs.
    """
    from studyq.operations.backup import write_archive

    settings = settings_in_force(data)
    database = _database(settings)
    if not database.exists():
        raise CommandFailed(f"There is no database at {database}, so there is nothing to back up.")
    if dest is None:
        dest = settings.backups_dir
        dest.mkdir(parents=True, exist_ok=True, mode=0o700)
    archive = write_archive(
        database,
        _storage(settings),
        settings.data / "secret.key",
        dest,
        min_free=settings.min_free,
    )
    click.echo(
        f"{archive.path} written: {archive.size / 1e6:,.1f} MB, with "
        f"{archive.originals:,} {'original' if archive.originals == 1 else 'originals'}."
    )
    _tell_missing(archive.missing)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
def restore(file: Path, data: Path | None) -> None:
    """Put a backup in the place of what is in the data folder.

    FILE is an archive of `studyq backup`, or a daily copy of the database. Stop the server and
    workers first. The database that is there is kept aside; the command says where.
    """
    from studyq.operations.restore import restore as put_back

    settings = settings_in_force(data)
    done = put_back(file, _database(settings), _storage(settings), settings.data / "secret.key")
    count = f"{done.originals:,} {'original' if done.originals == 1 else 'originals'}"
    click.echo(f"{file} is in place{f', with {count}' if done.originals else ''}.")
    for path in done.aside:
        click.echo(f"What was there is now {path}")
    _tell_missing(done.missing)


def _tell_missing(names: tuple[str, ...]) -> None:
    if not names:
        return
    click.echo(
        f"Without originals, because the storage has none of them: {len(names):,}, among them "
        f"{', '.join(names[:SHOWN])}. Add those files again (`studyq add`) to put them back.",
        err=True,
    )


def _database(settings: Settings) -> Path:
    import sqlalchemy as sa

    path = sa.make_url(settings.resolved_database_url).database
    if not path:
        raise CommandFailed("STUDYQ_DATABASE_URL names no file; use its own means of backup.")
    return Path(path)


def _storage(settings: Settings) -> Storage:
    from studyq.storage.originals import Storage

    return Storage(settings.resolved_storage_url, settings.data / "tmp", min_free=settings.min_free)
