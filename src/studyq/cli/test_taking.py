"""`studyq tests create|list|take|export`: tests of the library, in the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studyq.cli.group import CommandFailed
from studyq.cli.options import data_option, json_option, print_json, settings_in_force

if TYPE_CHECKING:
    from studyq.web.services import Services

FORMATS = ("moodle", "qti", "json", "responses", "key", "results")
LOOK_EVERY = 0.1  #: seconds between two looks at a job
_COUNT = click.IntRange(0, 200)


@click.command("create")
@click.argument("document_ids", metavar="DOCUMENT_ID…", nargs=-1, required=True)
@click.option("--section", "sections", multiple=True, help="Only this section; may be repeated.")
@click.option("--choice", type=_COUNT, default=0, help="Multiple-choice items of each document.")
@click.option("--true-false", type=_COUNT, default=0, help="Statements that are true or false.")
@click.option("--short", type=_COUNT, default=0, help="Items answered in writing.")
@click.option("--cloze", type=_COUNT, default=0, help="Sentences with a gap.")
@click.option("--from", "source", type=click.Choice(("cards", "generated", "both")),
              default="both", show_default=True, help="Where items come from.")  # fmt: skip
@click.option("--title", default="", help="Its title; else that of the first document.")
@click.option("--minutes", type=click.IntRange(1, 720), help="How long a sitting may take.")
@data_option
@json_option
def create(
    document_ids: tuple[str, ...],
    sections: tuple[str, ...],
    choice: int,
    true_false: int,
    short: int,
    cloze: int,
    source: Any,
    title: str,
    minutes: int | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Make a test over documents, and mark it ready.

    Without any number, eight multiple-choice items and four gaps of each document are made.
    """
    from studyq.assessment.blueprint import Blueprint, Part
    from studyq.assessment.making import make_test
    from studyq.assessment.service import change_test, describe_test
    from studyq.assessment.sittings import find_test

    if not any((choice, true_false, short, cloze)):
        choice, cloze = 8, 4
    parts = [
        Part(document_id, list(sections), choice, true_false, short, cloze)
        for document_id in document_ids
    ]
    with _library(data) as services:
        with services.database.write() as session:
            test = make_test(
                session,
                services.user_id,
                title=title,
                time_limit=None if minutes is None else minutes * 60,
                blueprint=Blueprint(parts, source),
            )
            test_id, job_id = test.id, test.job_id
        if job_id is not None:
            _finish(services, job_id)
        with services.database.write() as session:
            test = find_test(session, services.user_id, test_id)
            if test.status == "failed":
                raise CommandFailed(test.error_message or "No item could be made.")
            change_test(session, services.user_id, test_id, status="ready")
            shown = describe_test(session, test)
    if as_json:
        print_json(shown)
    else:
        click.echo(f"{shown['id']}  {shown['title']}: {shown['item_count']} items")


@click.command("list")
@data_option
@json_option
def list_(data: Path | None, as_json: bool) -> None:
    """List tests, newest first."""
    from studyq.assessment.service import describe_tests, list_tests

    with _library(data) as services, services.database.read() as session:
        found = describe_tests(session, list_tests(session, services.user_id, limit=1000))
    if as_json:
        print_json(found)
    elif not found:
        click.echo("No tests. `studyq tests create DOCUMENT_ID` makes one.")
    for test in found if not as_json else ():
        counts = f"{test['item_count']:>3} items  {test['sitting_count']:>3} sittings"
        click.echo(f"{test['id']}  {test['status']:<7}  {counts}  {test['title']}")


@click.command("take")
@click.argument("test_id", metavar="TEST_ID")
@click.option("--taker", default="", help="Who takes it.")
@data_option
def take(test_id: str, taker: str, data: Path | None) -> None:
    """Take a test: a number chooses, Enter leaves out; interrupted, it goes on where it stopped."""
    from studyq.assessment.analysing import find_analysis
    from studyq.assessment.sittings import describe_sitting, find_sitting, start, submit

    with _library(data) as services:
        user_id = services.user_id
        with services.database.write() as session:
            sitting = start(session, user_id, test_id, taker=taker)
            shown = describe_sitting(session, sitting)
        for number, item in enumerate(shown["items"], start=1):
            if not item["answer"]:
                _ask(services, shown, item, number)
        with services.database.write(synced=True) as session:
            job_id = submit(session, user_id, shown["id"]).job_id
        _finish(services, str(job_id))
        with services.database.read() as session:
            sitting = find_sitting(session, user_id, shown["id"])
            analysis = find_analysis(session, test_id, shown["id"])
    if analysis is None:
        raise CommandFailed(sitting.error_message or "The test could not be analysed.")
    _print_result(analysis.result)


@click.command("export")
@click.argument("test_id", metavar="TEST_ID")
@click.option("--format", "wanted", type=click.Choice(FORMATS), default="json", show_default=True,
              help="responses, key and results are CSV.")  # fmt: skip
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path),
              help="File to write; else it goes to standard output.")  # fmt: skip
@data_option
def export(test_id: str, wanted: str, output: Path | None, data: Path | None) -> None:
    """Write a test for another program, or who answered what as CSV."""
    from studyq.assessment.files import TestFormat, export_test

    with _library(data) as services, services.database.read() as session:
        file = export_test(session, services.user_id, test_id, TestFormat(wanted))
    if output is None:
        sys.stdout.buffer.write(file.content)
    else:
        output.write_bytes(file.content)
        click.echo(f"{output}: {len(file.content):,} bytes", err=True)


@contextmanager
def _library(data: Path | None) -> Iterator[Services]:
    from studyq.cli.opening import open_library

    with open_library(settings_in_force(data)) as services:
        yield services


def _finish(services: Services, job_id: str) -> None:
    """Wait for a job; where no worker is running, this process does its work."""
    from studyq.app import make_host
    from studyq.cli.opening import worker_alive
    from studyq.jobs.registry import QUEUES

    if worker_alive(services.database):
        _wait(services, job_id)
        return
    host = make_host(services, QUEUES)
    host.start()
    try:
        _wait(services, job_id)
    finally:
        host.stop(services.settings.grace)


def _wait(services: Services, job_id: str) -> None:
    from studyq.jobs.models import ENDED
    from studyq.jobs.service import find_job

    while True:
        with services.database.read() as session:
            if find_job(session, services.user_id, job_id).state in ENDED:
                return
        time.sleep(LOOK_EVERY)


def _ask(services: Services, sitting: dict[str, Any], item: dict[str, Any], number: int) -> None:
    from studyq.assessment.sittings import save_response

    click.echo(f"\n{number}/{len(sitting['items'])}  {item['stem']}")
    for place, option in enumerate(item["options"], start=1):
        click.echo(f"  {place}  {option}")
    begun = time.monotonic()
    answer = _read_answer(item)
    with services.database.write() as session:
        save_response(
            session,
            services.user_id,
            sitting["id"],
            item["id"],
            answer=answer,
            milliseconds=round((time.monotonic() - begun) * 1000),
        )


def _read_answer(item: dict[str, Any]) -> str:
    options = item["options"]
    while True:
        unit = f" ({item['unit']})" if item["unit"] else ""
        try:
            text = click.prompt(f"Answer{unit}", default="", show_default=False).strip()
        except click.Abort as error:
            raise CommandFailed(
                "Stopped; what was answered is kept. The same command goes on from here."
            ) from error
        if not options or not text or text in options:
            return str(text)
        if text.isdecimal() and 1 <= int(text) <= len(options):
            return str(options[int(text) - 1])
        click.echo(f"A number from 1 to {len(options)}, or Enter to leave it out.")


def _print_result(result: dict[str, Any]) -> None:
    score = result["score"]
    if score is not None:
        click.echo(
            f"\n{score['points']:g} of {score['items']} "
            f"({score['estimate']:.0%}; 95 % interval {score['lower']:.0%} to {score['upper']:.0%})"
        )
    if result["undecided"]:
        click.echo(f"{result['undecided']} to be decided by you, on the page of results.")
    for section in result["sections"]:
        mastery = section["mastery"]
        unsure = "" if section["enough_evidence"] else "  (not enough evidence)"
        name = section["section"] or section["document"] or "–"
        click.echo(f"  {mastery['estimate']:>4.0%}  n={mastery['items']:<3} {name}{unsure}")
    for item in result["items"]:
        if item["grade"] != "right":
            page = item["source"]["page_label"] or item["source"]["page"]
            where = f"  p. {page}" if page else ""
            click.echo(f"  ✗ {item['stem']}\n    {item['yours'] or '–'} → {item['right']}{where}")
