"""Reads response matrices and keys from CSV files, as teachers' programs write them.

The first row names the columns: the takers' first, then one an item. A key is a file of two
columns, item and key. Separators may be commas, semicolons or tabs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain

from studyq.assessment.response_matrix import ResponseMatrix, choice_item

MAX_ANSWERS = 5_000_000  #: takers × items
MAX_ITEMS = 2_000
MAX_TEXT = 1_000  #: characters of one cell
SEPARATORS = ",;\t"
SHOWN = 5  #: lines named in a warning


class FileUnreadable(ValueError):
    """The file is not what it should be; the message names the line and what to do."""


def read_responses(content: bytes, key: bytes | None = None) -> ResponseMatrix:
    """Read who answered what.

    A taker who stands there twice counts once, with the first row; answers that a row lacks at its
    end are omitted; both are told in the matrix's warnings.

    Args:
        content: the file of responses.
        key: the file of right answers. Without one, answers must be 1 (right) and 0 (wrong).

    Raises:
        FileUnreadable: with the line, the reason and what to do.
    """
    rows = _rows(content, "responses")
    names = _item_names(next(rows, (1, []))[1])
    keys = None if key is None else read_key(key, names)
    takers, answers, warnings = _read_takers(rows, len(names))
    columns: list[tuple[str, ...]] = list(zip(*answers, strict=True)) or [()] * len(names)
    if keys is None:
        _require_scored(names, columns)
        keys = dict.fromkeys(names, "1")
    missing = [name for name in names if name not in keys]
    if missing:
        warnings.append(f"The key has no answer for {_listed(missing)}: not scored.")
    items = [
        choice_item(name, keys.get(name), column)
        for name, column in zip(names, columns, strict=True)
    ]
    return ResponseMatrix(tuple(takers), tuple(items), tuple(warnings))


def read_key(content: bytes, items: list[str]) -> dict[str, str]:
    """Read the right answers by item; an item with an empty one is left out.

    Raises:
        FileUnreadable: with the line, the reason and what to do.
    """
    keys: dict[str, str] = {}
    known = set(items)
    for line, row in _rows(content, "key"):
        if len(row) < 2:
            raise FileUnreadable(f"Line {line} of the key: it needs two columns, item and key.")
        item, right = row[0].strip(), row[1].strip()
        if line == 1 and item not in known:
            continue  # the header
        if item not in known:
            raise FileUnreadable(
                f"Line {line} of the key: no column of the responses is named “{item}”."
            )
        if item in keys:
            raise FileUnreadable(f"Line {line} of the key: “{item}” has two keys; leave one.")
        if right:
            keys[item] = right
    if not keys:
        raise FileUnreadable("The key is empty. It needs a row an item: item, key.")
    return keys


def _rows(content: bytes, what: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, with their lines' numbers."""
    text = _decode(content, what)
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                too_long = next((cell for cell in row if len(cell) > MAX_TEXT), None)
                if too_long is not None:
                    raise FileUnreadable(
                        f"Line {reader.line_num} of the {what}: a cell has more than {MAX_TEXT:,} "
                        "characters. Is a quotation mark left open?"
                    )
                yield reader.line_num, row
    except csv.Error as error:
        raise FileUnreadable(f"Line {reader.line_num} of the {what}: {error}.") from error


def _decode(content: bytes, what: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileUnreadable(
            f"Line {line} of the {what}: this is not UTF-8. Save the table as “CSV UTF-8” and "
            "send that."
        ) from error
    if "\0" in text:
        raise FileUnreadable(
            f"The {what} are no text (they hold NUL). Save the table as “CSV UTF-8” and send that."
        )
    return text


def _item_names(header: list[str]) -> list[str]:
    names = [name.strip() for name in header[1:]]
    if not names:
        raise FileUnreadable(
            "Line 1 of the responses: it needs a column for the takers and one for each item."
        )
    if len(names) > MAX_ITEMS:
        raise FileUnreadable(f"There are {len(names):,} items; at most {MAX_ITEMS:,} can be read.")
    for place, name in enumerate(names, start=2):
        if not name or names.index(name) != place - 2:
            raise FileUnreadable(
                f"Line 1 of the responses: column {place} has "
                f"{'the name of another' if name else 'no name'}."
            )
    return names


def _read_takers(
    rows: Iterator[tuple[int, list[str]]], items: int
) -> tuple[list[str], list[list[str]], list[str]]:
    seen: dict[str, int] = {}
    answers: list[list[str]] = []
    again: list[int] = []
    short: list[int] = []
    for line, row in rows:
        taker = row[0].strip()
        given = row[1:]
        if not taker:
            raise FileUnreadable(f"Line {line} of the responses: its taker has no name.")
        if len(given) > items:
            raise FileUnreadable(
                f"Line {line} of the responses: {len(given)} answers to {items} items."
            )
        if taker in seen:
            again.append(line)
            continue
        if len(given) < items:
            short.append(line)
            given += [""] * (items - len(given))
        seen[taker] = line
        answers.append(given)
        if len(answers) * items > MAX_ANSWERS:
            raise FileUnreadable(
                f"There are more than {MAX_ANSWERS:,} answers (takers × items). Send fewer takers, "
                "a sample of them say."
            )
    warnings = []
    if again:
        warnings.append(f"Takers that came again were passed over: {_lines(again)}.")
    if short:
        warnings.append(f"Answers missing at the end of a row count as omitted: {_lines(short)}.")
    return list(seen), answers, warnings


def _require_scored(names: list[str], columns: list[tuple[str, ...]]) -> None:
    for name, column in zip(names, columns, strict=True):
        others = {answer.strip() for answer in set(column)} - {"0", "1", ""}
        if others:
            raise FileUnreadable(
                f"Item “{name}” has answers that are neither 0 nor 1 (“{min(others)[:20]}”), so a "
                "key is needed: a file of two columns, item and key."
            )


def _lines(lines: list[int]) -> str:
    named = ", ".join(str(line) for line in lines[:SHOWN])
    more = f" and {len(lines) - SHOWN:,} more" if len(lines) > SHOWN else ""
    return f"{'line' if len(lines) == 1 else 'lines'} {named}{more}"


def _listed(names: list[str]) -> str:
    shown = [f"“{name}”" for name in names[:SHOWN]]
    more = [f"{len(names) - SHOWN:,} more"] if len(names) > SHOWN else []
    return ", ".join(chain(shown, more))
