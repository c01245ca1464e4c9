"""`studyq cards`: make, list, approve, export and import cards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from studyq.cli.group import CommandFailed, ExitCode
from studyq.cli.options import data_option, json_option, print_json, settings_in_force

if TYPE_CHECKING:
    from studyq.cli.card_desks import CardDesk, CardsMeant, CardsWish, Told

STATES = ("draft", "approved", "suspended", "rejected")
FORMATS = ("apkg", "csv", "json", "md")
WIDTH = 70  #: characters of a question in a list
MOST_ROWS = 20  #: refused rows of a file that are shown


@click.group()
def cards() -> None:
    """Make, approve, export and import cards."""


def _pages(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    first, _dash, last = value.partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        raise click.BadParameter("Give pages as 12-40, counted from 1.")
    return int(first), int(last or first)


@cards.command("generate")
@click.argument("document_id", metavar="DOCUMENT")
@click.option("--count", type=click.IntRange(1, 500), default=20, show_default=True,
              help="How many cards.")  # fmt: skip
@click.option("--kind", "kinds", multiple=True, type=click.Choice(["basic", "cloze", "choice"]),
              help="A kind of cards; may be given several times. Without it: all.")  # fmt: skip
@click.option("--section", "sections", multiple=True, metavar="HEADING",
              help="Only from below this heading; may be given several times.")  # fmt: skip
@click.option("--pages", callback=_pages, metavar="FIRST-LAST",
              help="Only from these pages, counted from 1.")  # fmt: skip
@click.option("--prompt", default="", metavar="WORDS", help="A wish, for a language model.")
@click.option("--model", metavar="NAME", help="builtin, llm:MODEL or openai:MODEL, instead of "
              "STUDYQ_LLM.")  # fmt: skip
@click.option("--estimate", is_flag=True, help="Only say what it would take.")
@click.option("--no-wait", is_flag=True, help="Do not wait until they have been made.")
@data_option
@json_option
@click.pass_context
def generate(
    context: click.Context,
    document_id: str,
    count: int,
    kinds: tuple[str, ...],
    sections: tuple[str, ...],
    pages: tuple[int, int] | None,
    prompt: str,
    model: str | None,
    estimate: bool,
    no_wait: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """Make cards from a document, and show how far it is.

    They become drafts. When a server works on the library it makes them; without one they are
    made here.
    """
    from studyq.cli.card_desks import CardsWish, open_card_desk

    every = ("basic", "cloze", "choice")
    wish = CardsWish(count, list(kinds or every), list(sections), pages, prompt, model)
    runs = not (estimate or no_wait)
    with open_card_desk(settings_in_force(data), run_jobs=runs) as desk:
        if estimate:
            _tell_estimate(desk.estimate(document_id, wish), as_json)
            return
        session = _made(desk, document_id, wish, wait=not no_wait, quiet=as_json)
    if as_json:
        print_json(session)
    else:
        _tell_session(session)
    if session["status"] in ("FAILED", "CANCELLED"):
        context.exit(ExitCode.FAILED)


@cards.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only cards in this state.")
@click.option("--document", "document_id", metavar="ID", help="Only of this document.")
@click.option("--session", "session_id", metavar="ID", help="Only of this request.")
@click.option("--tag", help="Only with this tag.")
@click.option("--words", "q", help="Only with these words in question, answer or quote.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True,
              help="Most cards to show.")  # fmt: skip
@data_option
@json_option
def list_(limit: int, data: Path | None, as_json: bool, **meant: str | None) -> None:
    """List cards, newest first."""
    from studyq.cli.card_desks import CardsMeant, open_card_desk

    with open_card_desk(settings_in_force(data)) as desk:
        found = desk.find(CardsMeant(**meant), limit)
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("No card.")
    for card in found:
        click.echo(_line(card))


@cards.command("approve")
@click.argument("ids", metavar="CARD…", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All drafts that fit the filters.")
@click.option("--document", "document_id", metavar="ID", help="Only of this document.")
@click.option("--session", "session_id", metavar="ID", help="Only of this request.")
@click.option("--tag", help="Only with this tag.")
@data_option
@json_option
def approve(
    ids: tuple[str, ...],
    everything: bool,
    data: Path | None,
    as_json: bool,
    **meant: str | None,
) -> None:
    """Approve cards by their ids, or all drafts that fit."""
    from studyq.cli.card_desks import CardsMeant, open_card_desk

    if bool(ids) == everything:
        raise CommandFailed("Name cards, or give --all.", ExitCode.USAGE)
    with open_card_desk(settings_in_force(data)) as desk:
        decided = desk.approve(ids, CardsMeant(**meant) if everything else None)
    if as_json:
        print_json(decided)
        return
    click.echo(f"{_cards(len(decided['changed']))} approved.")
    for card_id in decided["missing"]:
        click.echo(f"There is no card {card_id}.", err=True)


@cards.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS),
              help="Instead of what the name of the file says.")  # fmt: skip
@click.option("--state", type=click.Choice([*STATES, "all"]),
              help="Instead of approved and suspended cards.")  # fmt: skip
@click.option("--document", "document_id", metavar="ID", help="Only of this document.")
@click.option("--session", "session_id", metavar="ID", help="Only of this request.")
@click.option("--tag", help="Only with this tag.")
@data_option
def export(file: Path, form: str | None, data: Path | None, **meant: str | None) -> None:
    """Write cards into a file: .apkg for Anki, .csv, .json or .md.

    FILE may be - for standard output. Each card keeps its identity: importing a later export into
    Anki updates its notes.
    """
    from studyq.cards.exporting import Format
    from studyq.cli.card_desks import CardsMeant, open_card_desk

    wanted = form or file.suffix.lstrip(".").lower()
    format_ = next((known for known in get_args(Format) if known == wanted), None)
    if format_ is None:
        raise CommandFailed(
            f"“{file}” does not say which format it is to be; give --format.", ExitCode.USAGE
        )
    with open_card_desk(settings_in_force(data)) as desk:
        content = desk.export(format_, CardsMeant(**meant))
        holds_none = not _any_to_export(desk, CardsMeant(**meant))
    if holds_none:
        hint = "" if meant["state"] else " Drafts are left out: approve them, or give --state all."
        click.echo(f"No card fits, so there is none in the file.{hint}", err=True)
    if str(file) == "-":
        sys.stdout.buffer.write(content)
        return
    file.write_bytes(content)
    click.echo(f"{file} written: {len(content) / 1000:,.1f} kB.")


def _any_to_export(desk: CardDesk, meant: CardsMeant) -> bool:
    from studyq.cards.exporting import states_to_export

    states = states_to_export(meant.state) or STATES
    return any(desk.find(replace(meant, state=state), 1) for state in states)


@cards.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--state", type=click.Choice(["draft", "approved"]), default="draft",
              show_default=True, help="Of cards of which the file does not say it.")  # fmt: skip
@click.option("--document", "document_id", metavar="ID", help="Document that they belong to.")
@click.option("--tag", default="", help="Tags for all new cards, separated by spaces.")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@data_option
@json_option
def import_(
    file: Any,
    state: str,
    document_id: str | None,
    tag: str,
    dry_run: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """Import cards from CSV or JSON: all of a file, or nothing.

    A CSV has the columns front, back and, perhaps, tags; or it is one that was exported here.
    """
    from studyq.cli.card_desks import ImportRejected, open_card_desk

    content = file.read()
    with open_card_desk(settings_in_force(data)) as desk:
        try:
            done = desk.take_in(
                content, state=state, document_id=document_id, tag=tag, dry_run=dry_run
            )
        except ImportRejected as error:
            for row in error.rows[:MOST_ROWS]:
                click.echo(f"  {row['line']}: {row['reason']}", err=True)
            raise CommandFailed(str(error)) from error
    if as_json:
        print_json(done)
        return
    words = ("added", "updated", "unchanged", "already_there")
    told = ", ".join(f"{done[key]:,} {key.replace('_', ' ')}" for key in words if done[key])
    click.echo(f"{told}.{' Nothing was changed.' if dry_run else ''}")


def _made(desk: CardDesk, document_id: str, wish: CardsWish, *, wait: bool, quiet: bool) -> Told:
    session = desk.generate(document_id, wish)
    job = session["job"]
    if not wait or job is None:
        return session
    with _bar(quiet) as show:
        for step in desk.follow((job["id"], job["queue"])):
            show(step.progress, step.message)
    return desk.session(session["id"])


@contextmanager
def _bar(quiet: bool) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True, quiet=quiet, highlight=False)
    with Progress(
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %  {task.description}", markup=False),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    ) as progress:
        task = progress.add_task("Waiting", total=100)
        yield lambda percent, words: progress.update(
            task, completed=percent, description=words or "Waiting"
        )


def _tell_estimate(answer: Told, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    foreseen = answer["estimate"]
    if not foreseen["known"]:
        click.echo("What it takes is known once the document has been read.")
        return
    words = f"Up to {_cards(foreseen['cards'])} from {answer['model']}"
    if foreseen["calls"]:
        tokens = foreseen["input_tokens"] + foreseen["output_tokens"]
        words += f": {foreseen['calls']:,} calls, about {tokens:,} tokens"
    if foreseen["cost"] is not None and foreseen["calls"]:
        words += f", about {foreseen['cost']:.2f} in cost"
    click.echo(f"{words}.")


def _tell_session(session: Told) -> None:
    made = sum(session["cards"].values())
    if session["status"] in ("PENDING", "PROCESSING"):
        click.echo(f"Asked for {_cards(session['wanted'])}; session {session['id']}.")
    elif session["error"]:
        click.echo(f"Error: {session['error']['message']}", err=True)
    else:
        click.echo(f"{_cards(made)} made, as drafts; session {session['id']}.")
    rejected = sum(session["rejected"].values())
    if rejected:
        reasons = ", ".join(f"{count} {reason}" for reason, count in session["rejected"].items())
        click.echo(f"{_cards(rejected)} not kept: {reasons}.")
    for window in session["failed_windows"]:
        place = f"pages {window['pages'][0]}-{window['pages'][1]}" if window["pages"] else "a part"
        click.echo(f"  {place} failed: {window['error']['message']}", err=True)


def _line(card: Told) -> str:
    from studyq.text.cloze import covered

    question = " ".join(covered(card["front"]).split())
    question = question if len(question) <= WIDTH else f"{question[: WIDTH - 1]}…"
    source = card["source"]
    place = f"{source['title']}, page {source['page_label']}" if source["page"] else source["title"]
    return f"{card['id']}  {card['state']:<9}  {question}{f'  ({place})' if place else ''}"


def _cards(count: int) -> str:
    return f"{count:,} {'card' if count == 1 else 'cards'}"
