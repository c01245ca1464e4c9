"""`studyq search`: passages with the page that they stand on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studyq.cli.group import CommandFailed, ExitCode
from studyq.cli.options import data_option, json_option, print_json, settings_in_force

if TYPE_CHECKING:
    from studyq.search.service import Mode


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True,
              help="Most results to show.")  # fmt: skip
@click.option("--mode", type=click.Choice(["hybrid", "words", "meaning"]), default="hybrid",
              show_default=True, help="By words, by meaning, or both.")  # fmt: skip
@click.option("--document", "document_id", metavar="ID", help="Search in one document only.")
@data_option
@json_option
def search(
    query: tuple[str, ...],
    limit: int,
    mode: Mode,
    document_id: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Search the library; each result names the document and the page.

    Nothing in QUERY is syntax; several words need no quotation marks.
    """
    from studyq.cli.libraries import open_either

    text = " ".join(query)
    if not text.strip():
        raise CommandFailed("The query is empty; say what to look for.", ExitCode.USAGE)
    with open_either(settings_in_force(data)) as library:
        answer = library.search(text, mode=mode, document_id=document_id, limit=limit)
    if as_json:
        print_json(answer)
        return
    if answer["notice"]:
        click.echo(answer["notice"], err=True)
    if not answer["results"]:
        click.echo("Nothing found.")
    for number, hit in enumerate(answer["results"], 1):
        _print_hit(number, hit)


def _print_hit(number: int, hit: dict[str, Any]) -> None:
    place = f"page {hit['page_label']}"
    if hit["section"]:
        place += f", {hit['section']}"
    click.echo(f"{number}. {click.style(hit['title'], bold=True)}, {place}")
    click.echo(f"   {_marked(hit['snippet'], hit['marks'])}\n")


def _marked(text: str, marks: list[tuple[int, int]]) -> str:
    """The snippet on one line, with the words asked for in colour (where there is colour)."""
    parts, place = [], 0
    for start, end in marks:
        parts += [text[place:start], click.style(text[start:end], fg="yellow", bold=True)]
        place = end
    return "".join([*parts, text[place:]]).replace("\n", " ")
