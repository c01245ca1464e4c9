"""`studyq add`: files, folders, patterns and objects of buckets into the library."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studyq.cli.group import CommandFailed, ExitCode
from studyq.cli.options import data_option, json_option, print_json, settings_in_force

if TYPE_CHECKING:
    from studyq.cli.libraries import Library
    from studyq.cli.progress import Bar, Display

AT_ONCE = 8  #: files that are sent or followed at the same time
BUCKETS = ("gs://", "s3://")


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Args:
        status: added (searchable now), accepted (its job goes on), present, or failed.
        message: what was read, or why it failed.
    """

    file: str
    status: str
    message: str
    document_id: str | None = None


@click.command()
@click.argument("sources", metavar="FILE|FOLDER|PATTERN|gs://…", nargs=-1, required=True)
@click.option("--no-wait", is_flag=True, help="Do not wait until they have been read.")
@click.option("--ask-password", is_flag=True, help="Ask for the password that opens them.")
@data_option
@json_option
@click.pass_context
def add(
    context: click.Context,
    sources: tuple[str, ...],
    no_wait: bool,
    ask_password: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """Add PDFs to the library, and show how they are read.

    Folders are searched for *.pdf, with all their subfolders. When a server works on the library
    it gets the files; without one they are read here. The same content is never added twice.
    Failures are listed at the end, and make the exit code 1.
    """
    from studyq.cli.libraries import open_either
    from studyq.cli.progress import Display

    settings = settings_in_force(data)
    password = _ask_password() if ask_password else None
    files, outcomes = gather(sources)
    with ExitStack() as stack:
        if files:
            library = stack.enter_context(open_either(settings, run_jobs=not no_wait))
            display = stack.enter_context(Display(library.where, len(files), quiet=as_json))
            outcomes += add_all(files, library, display, password, wait=not no_wait)
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        _summarise(outcomes, failed)
    if failed:
        context.exit(ExitCode.FAILED)


def _ask_password() -> str:
    """Ask at the terminal; in a script, take the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    answer: str = click.prompt("Password of the PDFs", hide_input=True)
    return answer


def gather(sources: Sequence[str]) -> tuple[list[str], list[Outcome]]:
    """The files that the arguments mean, each once, and what is wrong with other arguments."""
    found: dict[str, None] = {}
    wrong: list[Outcome] = []
    for source in sources:
        files = [source] if source.startswith(BUCKETS) else list(_files_of(source))
        if not files:
            wrong.append(Outcome(source, "failed", _why_nothing(source)))
        found.update(dict.fromkeys(files))
    return list(found), wrong


def add_all(
    files: Sequence[str], library: Library, display: Display, password: str | None, *, wait: bool
) -> list[Outcome]:
    """Add files, several at a time; one that fails does not keep the others."""
    outcomes: dict[str, Outcome] = {}
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="studyq-add")
    try:
        waiting = [
            pool.submit(_add_one, file, library, display, password, wait=wait) for file in files
        ]
        for done in as_completed(waiting):
            outcome = done.result()
            outcomes[outcome.file] = outcome
            display.file_done(outcome.file, outcome.status, outcome.message)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return [outcomes[file] for file in files]


def _add_one(
    file: str, library: Library, display: Display, password: str | None, *, wait: bool
) -> Outcome:
    from studyq.cli.libraries import NotAdded

    with display.bar(file) as bar:
        try:
            if file.startswith(BUCKETS):
                added = library.add_import(file)
            else:
                path = Path(file)
                bar.begin_sending(path.stat().st_size)
                added = library.add_file(path, bar.sent, password)
        except NotAdded as error:
            return Outcome(file, "failed", str(error))
        except OSError as error:
            return Outcome(file, "failed", f"It cannot be read: {error.strerror or error}.")
        if added.job is None:
            return Outcome(file, "present", "already there", added.document_id)
        if not wait:
            status, message = ("accepted", "") if added.created else ("present", "already there")
            return Outcome(file, status, message, added.document_id)
        return _follow(file, library, bar, added.document_id, added.job)


def _follow(
    file: str, library: Library, bar: Bar, document_id: str, job: tuple[str, str]
) -> Outcome:
    for step in library.follow(job):
        bar.step(step.progress, step.message)
        if step.state == "completed":
            return Outcome(file, "added", step.message, document_id)
        if step.state in ("failed", "cancelled"):
            message = step.error or step.message or step.state
            return Outcome(file, "failed", message, document_id)
    raise CommandFailed(f"The job of {file} ended without a word.")


def _files_of(source: str) -> Iterator[str]:
    path = Path(source)
    if path.is_dir():
        yield from sorted(
            str(item)
            for item in path.rglob("*")
            if item.suffix.lower() == ".pdf" and item.is_file()
        )
    elif path.exists():
        yield source
    else:
        yield from sorted(
            item
            for item in glob.glob(source, recursive=True)  # noqa: PTH207  # may be absolute
            if Path(item).is_file()
        )


def _why_nothing(source: str) -> str:
    if Path(source).is_dir():
        return "There is no PDF in this folder."
    if glob.has_magic(source):
        return "Nothing matches this pattern."
    return "There is no such file."


def _summarise(outcomes: list[Outcome], failed: list[Outcome]) -> None:
    counts = {
        words: sum(outcome.status == status for outcome in outcomes)
        for status, words in (
            ("added", "added"),
            ("accepted", "accepted, to be read in the background"),
            ("present", "already there"),
            ("failed", "failed"),
        )
    }
    click.echo(", ".join(f"{count} {words}" for words, count in counts.items() if count) + ".")
    for outcome in failed:
        click.echo(f"  {outcome.file}: {outcome.message}", err=True)
