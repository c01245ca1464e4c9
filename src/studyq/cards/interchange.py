"""Cards as JSON and as Markdown, and from JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from studyq.cards.models import Kind
from studyq.cards.records import CardRecord
from studyq.cards.spreadsheet import BadRow
from studyq.text.cloze import clozes

FORMAT = "studyq-cards"
VERSION = 1


class Source(msgspec.Struct, omit_defaults=True):
    """Where a card comes from. `sha256` is that of the document's original."""

    title: str = ""
    document_id: str = ""
    sha256: str = ""
    page: int | None = None
    page_label: str = ""
    section: str = ""
    quote: str = ""
    rectangles: list[dict[str, float]] = []
    link: str = ""


class Card(msgspec.Struct, omit_defaults=True):
    """A card of the file; `front` alone must be there, and `back` unless it is a cloze."""

    front: str
    back: str = ""
    kind: str = ""
    options: list[str] = []
    tags: list[str] = []
    guid: str = ""
    state: str = ""
    reject_reason: str = ""
    source: Source = msgspec.field(default_factory=Source)


def write_json(records: Iterable[CardRecord]) -> str:
    """The records as one object with the name of its format."""
    cards = [
        Card(
            record.front,
            record.back,
            record.kind,
            list(record.options),
            list(record.tags),
            record.guid,
            record.state,
            record.reject_reason,
            Source(**{name: getattr(record, name) for name in Source.__struct_fields__}),
        )
        for record in records
    ]
    content = {"format": FORMAT, "version": VERSION, "cards": cards}
    return msgspec.json.format(msgspec.json.encode(content), indent=1).decode()


def read_json(text: str) -> Iterator[tuple[int, CardRecord | BadRow]]:
    """The cards of a file, each with its number from 1, as records or as what is wrong with them.

    Besides the format of `write_json`, a bare list of cards will do.

    Raises:
        BadRow: when it is no such file.
    """
    try:
        content = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRow(f"It is no JSON: {error}.") from error
    if isinstance(content, dict):
        version = content.get("version", VERSION)
        if content.get("format", FORMAT) != FORMAT or version != VERSION:
            raise BadRow(
                f"It says to be of the format {str(content.get('format'))[:40]!r}, version "
                f"{str(version)[:40]}; this studyq reads {FORMAT!r}, version {VERSION}."
            )
        content = content.get("cards")
    if not isinstance(content, list):
        raise BadRow('It is neither a list of cards nor an object with "cards".')
    for number, item in enumerate(content, 1):
        yield number, _record(item)


def _record(item: Any) -> CardRecord | BadRow:
    try:
        card = msgspec.convert(item, Card)
    except msgspec.ValidationError as error:
        return BadRow(f"{error}.")
    source = card.source
    if source.page is not None and not 1 <= source.page < 10**7:
        return BadRow("Its page is no number from 1.")
    return CardRecord(
        kind=card.kind.strip().casefold() or _kind(card),
        front=card.front,
        back=card.back,
        options=tuple(card.options),
        tags=tuple(card.tags),
        guid=card.guid,
        state=card.state.strip().casefold(),
        reject_reason=card.reject_reason,
        title=source.title,
        sha256=source.sha256,
        page=source.page,
        page_label=source.page_label,
        section=source.section,
        quote=source.quote,
    )


def _kind(card: Card) -> str:
    if card.options:
        return Kind.CHOICE
    is_cloze = not card.back.strip() and next(clozes(card.front), None) is not None
    return Kind.CLOZE if is_cloze else Kind.BASIC


def write_markdown(records: Sequence[CardRecord]) -> str:
    """The records to read or print, below their documents, each with its quote and page."""
    parts: list[str] = []
    title: str | None = None
    for record in records:
        if record.title != title:
            title = record.title
            parts.append(f"# {_one_line(title) or 'Cards without a document'}")
        parts.append(_markdown(record))
    return "\n\n".join(parts) + "\n" if parts else ""


def _markdown(record: CardRecord) -> str:
    lines = [f"**Q:** {record.front}"]
    if record.kind == Kind.CHOICE:
        lines += ["\n".join(f"- {option}" for option in record.options)]
    lines += [f"**A:** {record.back}"]
    if record.quote:
        lines += ["\n".join(f"> {line}" for line in record.quote.splitlines())]
    source = _one_line(record.source_line)
    if source:
        lines += [
            f"[{_escaped(source)}]({record.link})" if record.link else f"_{_escaped(source)}_"
        ]
    if record.tags:
        lines += ["Tags: " + " ".join(f"`{tag}`" for tag in record.tags)]
    return "\n\n".join([*lines, "---"])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in "\\[]_*`" else character for character in text)
