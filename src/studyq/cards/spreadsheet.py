"""Cards as CSV (RFC 4180, UTF-8), and from CSV.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it, which
is taken off again when the file is read back.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

from studyq.cards.records import CardRecord
from studyq.text.spreadsheets import guarded, unguarded

COLUMNS = (
    "guid", "kind", "front", "back", "options", "tags", "state", "title", "page", "page_label",
    "section", "quote", "link",
)  # fmt: skip
#: What others call the two columns that a file must have.
_NAMES = {
    "question": "front", "term": "front", "q": "front",
    "answer": "back", "definition": "back", "a": "back",
    "tag": "tags",
}  # fmt: skip
_SEPARATORS = ",;\t"


class BadRow(ValueError):
    """A row that is no card; the message says why."""


def write_csv(records: Iterable[CardRecord]) -> str:
    """The records with a header, one a row; options stand on lines of their own in their cell."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for record in records:
        row = {
            **{name: getattr(record, name) for name in COLUMNS},
            "options": "\n".join(record.options),
            "tags": " ".join(record.tags),
            "page": "" if record.page is None else str(record.page),
        }
        writer.writerow(guarded(row[name]) for name in COLUMNS)
    return output.getvalue()


def read_csv(text: str) -> Iterator[tuple[int, CardRecord | BadRow]]:
    """The rows of a file, each with its first line, as records or as what is wrong with them.

    With a header that names `front` and `back`, columns may be in any order, and unknown ones are
    left out; without one they are front, back and, perhaps, tags. Commas, semicolons and tabs
    separate.
    """
    rows = _rows(text)
    first = next(rows, None)
    if first is None:
        return
    header = _header(first[1])
    if header is None:
        rows = _again(first, rows)
        header = ["front", "back", "tags"]
    ours = "guid" in header
    for line, cells in rows:
        if isinstance(cells, BadRow):
            yield line, cells
        elif any(cell.strip() for cell in cells):
            yield line, _record(header, cells, ours=ours)


def _rows(text: str) -> Iterator[tuple[int, list[str] | BadRow]]:
    head = re.sub(r'"[^"]*"', "", text[:10_000]).split("\n", 1)[0]
    separator = max(_SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The rest cannot be told apart any more: where does the next row begin?
            yield line, BadRow(f"The quotation marks do not fit ({error}).")
            return
        yield line, cells


def _again(
    first: tuple[int, list[str] | BadRow], rows: Iterator[tuple[int, list[str] | BadRow]]
) -> Iterator[tuple[int, list[str] | BadRow]]:
    yield first
    yield from rows


def _header(cells: list[str] | BadRow) -> list[str] | None:
    if isinstance(cells, BadRow):
        return None
    names = [cell.strip().casefold().replace(" ", "_") for cell in cells]
    names = [_NAMES.get(name, name) for name in names]
    return names if {"front", "back"} <= set(names) else None


def _record(header: list[str], cells: list[str], *, ours: bool) -> CardRecord | BadRow:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        return BadRow(
            f"It has {len(cells)} cells instead of {len(header)}. Put cells that hold the "
            "separator between quotation marks."
        )
    if len(cells) < 2:
        return BadRow("It has only one cell; a card needs a front and a back.")
    given = dict(zip(header, cells, strict=False))
    if ours:
        given = {name: unguarded(cell) for name, cell in given.items()}
    page = given.get("page", "").strip()
    if page and not (page.isascii() and page.isdigit() and 0 < len(page) < 8 and int(page)):
        return BadRow(f"Its page is “{page[:40]}”, which is no number from 1.")
    return CardRecord(
        kind=given.get("kind", "").strip().casefold() or _kind(given["front"], given),
        front=given["front"],
        back=given.get("back", ""),
        options=tuple(line for line in given.get("options", "").splitlines() if line.strip()),
        tags=tuple(re.split(r"[\s,;]+", given.get("tags", "").strip())),
        guid=given.get("guid", "").strip(),
        state=given.get("state", "").strip().casefold(),
        title=given.get("title", ""),
        page=int(page) if page else None,
        page_label=given.get("page_label", ""),
        section=given.get("section", ""),
        quote=given.get("quote", ""),
    )


def _kind(front: str, given: dict[str, str]) -> str:
    """The kind of a card in a file that does not say it."""
    if given.get("options", "").strip():
        return "choice"
    return (
        "cloze"
        if re.search(r"\{\{c\d+::", front) and not given.get("back", "").strip()
        else "basic"
    )
