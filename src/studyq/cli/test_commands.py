"""`studyq tests`: the group, and the analysis of tests that were held elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from studyq.cli.group import CommandFailed
from studyq.cli.options import json_option, print_json
from studyq.cli.test_taking import create, export, list_, take

if TYPE_CHECKING:
    from studyq.assessment.item_analysis import ItemAnalysis, ItemFigures

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def tests() -> None:
    """Make tests, take them, analyse them."""


for _command in (create, list_, take, export):
    tests.add_command(_command)


@tests.command("analyse")
@click.argument("responses", metavar="RESPONSES.csv", type=_FILE)
@click.option("--key", type=_FILE, metavar="KEY.csv",
              help="Right answers: two columns, item and key. Without it, 1 is right.")  # fmt: skip
@json_option
def analyse(responses: Path, key: Path | None, as_json: bool) -> None:
    """Analyse the responses to a test: a row a taker, a column an item.

    Nothing is stored, and no server is asked. Outer spaces and case do not count when an answer
    is compared with its key; an empty one is omitted, and wrong.
    """
    from studyq.assessment.item_analysis import analyse as analyse_matrix
    from studyq.assessment.response_files import FileUnreadable, read_responses

    try:
        matrix = read_responses(responses.read_bytes(), None if key is None else key.read_bytes())
    except FileUnreadable as error:
        raise CommandFailed(str(error)) from error
    figures = analyse_matrix(matrix)
    if as_json:
        print_json(figures)
    else:
        _print(figures)


def _print(figures: ItemAnalysis) -> None:
    from rich.console import Console
    from rich.table import Table

    click.echo(f"{figures.n_students} takers, {figures.n_items} items")
    if figures.mean is not None:
        click.echo(f"mean {_number(figures.mean, 2)} (s {_number(figures.sd_sample, 2)})")
    click.echo(
        f"reliability (alpha) {_number(figures.cronbach_alpha)}, "
        f"standard error {_number(figures.sem, 2)} points"
    )
    for warning in [*figures.warnings, *_told_of_evidence(figures)]:
        click.echo(f"! {warning}")
    table = Table("item", "key", "p", "r (rest)", "upper − lower", "omitted", "look at", box=None)
    for item in figures.items:
        table.add_row(
            item.item,
            item.key or "–",
            _number(item.difficulty, 2),
            _number(item.point_biserial_corrected, 2),
            _number(item.disc_27.expected, 2),
            str(item.omitted),
            _flags(item),
        )
    Console().print(table)


def _told_of_evidence(figures: ItemAnalysis) -> list[str]:
    return {
        "too_few": ["Fewer than 10 takers: figures of items are mostly chance."],
        "provisional": ["Fewer than 30 takers: figures are provisional, and no item is flagged."],
    }.get(figures.evidence, [])


def _flags(item: ItemFigures) -> str:
    if not item.flags:
        return ""
    flags = ", ".join(flag.replace("_", " ") for flag in item.flags)
    return f"{flags}: {', '.join(item.flagged_options)}"


def _number(value: float | None, places: int = 3) -> str:
    return "–" if value is None else f"{value:.{places}f}"
