"""Reading a file of cards: JSON or CSV, checked card by card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from studyq.cards.duplicates import fingerprint
from studyq.cards.editing import CardText, checked, clean_tags, clean_text
from studyq.cards.interchange import read_json
from studyq.cards.models import CardState
from studyq.cards.records import CardRecord
from studyq.cards.spreadsheet import BadRow, read_csv
from studyq.library.errors import RefusedError

LARGEST_FILE = 32 * 1024 * 1024  #: bytes
MOST_CARDS = 20_000  #: of one file
MOST_TOLD = 100  #: bad rows that are listed
LONGEST_GUID = 64

Row = tuple[int, CardRecord | BadRow]


@dataclass(frozen=True)
class ReadCard:
    """A card of a file, checked: where it stands there, and what is to be stored.

    `mark` is its fingerprint.
    """

    line: int
    record: CardRecord
    text: CardText
    tags: list[str]
    mark: str


def read_file(content: bytes) -> list[ReadCard]:
    """The cards of a file, which is JSON or CSV.

    Raises:
        RefusedError: when it is not, or a row is no card; `errors` says which and why.
    """
    if len(content) > LARGEST_FILE:
        raise RefusedError(
            "file_too_large", f"The file is larger than {LARGEST_FILE:,} bytes. Split it."
        )
    text = _decoded(content)
    if not text.strip():
        raise RefusedError("file_empty", "The file is empty.")
    is_json = text.lstrip()[0] in "[{"
    try:
        rows = list(_at_most(read_json(text) if is_json else read_csv(text)))
    except BadRow as error:
        raise RefusedError("bad_file", str(error)) from error
    cards, errors = _checked(rows)
    if errors:
        place = "card" if is_json else "line"
        first = errors[0]
        raise RefusedError(
            "bad_rows",
            f"{len(errors):,} of {len(rows):,} cards cannot be imported, so none was. The first: "
            f"{place} {first['line']}: {first['reason']} Mend the file and import it again.",
            errors=tuple(errors[:MOST_TOLD]),
        )
    if not cards:
        raise RefusedError("file_empty", "There is no card in the file.")
    return cards


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        name = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "another encoding"
        raise RefusedError(
            "not_utf8",
            f"The file is not UTF-8 (byte {error.start:,} does not fit; it may be {name}). Save it "
            "as UTF-8: in Excel as “CSV UTF-8”, in LibreOffice with the character set UTF-8.",
        ) from error


def _at_most(
    rows: Iterator[Row],
) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number >= MOST_CARDS:
            raise BadRow(f"It holds more than {MOST_CARDS:,} cards. Split it.")
        yield row


def _checked(
    rows: Iterable[Row],
) -> tuple[list[ReadCard], list[dict[str, int | str]]]:
    cards: list[ReadCard] = []
    errors: list[dict[str, int | str]] = []
    seen: dict[str, int] = {}
    for line, row in rows:
        try:
            if isinstance(row, BadRow):
                raise row
            card = _read_card(line, row)
            if card.record.guid and seen.setdefault(card.record.guid, line) != line:
                raise BadRow(f"It has the guid of the one at {seen[card.record.guid]}.")
            cards.append(card)
        except (BadRow, RefusedError) as error:
            errors.append({"line": line, "reason": str(error)})
    return cards, errors


def _read_card(line: int, record: CardRecord) -> ReadCard:
    if record.state and record.state not in set(CardState):
        raise BadRow(f"Its state is “{record.state[:40]}”; there are {', '.join(CardState)}.")
    guid = clean_text(record.guid)
    if len(guid) > LONGEST_GUID:
        raise BadRow(f"Its guid is longer than {LONGEST_GUID} characters.")
    text = checked(CardText(record.kind, record.front, record.back, record.options))
    mark = fingerprint(text.kind, text.front, text.back)
    return ReadCard(line, replace(record, guid=guid), text, clean_tags(record.tags), mark)
