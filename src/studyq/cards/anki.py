"""Cards as an Anki package (.apkg): the same notes in each export, so that an import updates them.

A note keeps its GUID and says when it was last edited; Anki (2.1.55 and newer, "if newer") then
takes over what was edited here, leaves alone what was edited there since, and keeps the history
of reviews. The ids of note types and decks are fixed for the same reason.
"""

from __future__ import annotations

import hashlib
import html
import io
import itertools
import json
import time
import zipfile
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from studyq.cards.models import Kind
from studyq.cards.records import CardRecord
from studyq.database.scratch import database_file
from studyq.text.markup import render

if TYPE_CHECKING:
    import genanki

DECK = "studyq"  #: above the decks of the documents
#: Note types of other content need other ids: Anki takes the same id for the same fields.
MODEL_IDS = {Kind.BASIC: 1_793_550_001, Kind.CLOZE: 1_793_550_002, Kind.CHOICE: 1_793_550_003}
MODELS_MADE = 1_793_550_000  #: seconds since 1970; grows when a note type is changed
SOURCE_FIELDS = ("Quote", "Source", "Link")
CSS = """.card { font: 20px/1.5 Georgia, serif; max-width: 34em; margin: 1em auto; padding: 0 1em; }
.options { text-align: left; padding-left: 1.6em; list-style: upper-alpha; }
.source { margin-top: 2em; font: 14px/1.4 sans-serif; opacity: 0.75; }
.source blockquote { margin: 0 0 0.5em; padding-left: 0.8em; border-left: 3px solid #e8c840; }
.cloze { font-weight: bold; color: #4338ca; }
.nightMode .cloze { color: #a5b4fc; }
"""
_SOURCE = (
    '<div class="source">{{#Quote}}<blockquote>{{Quote}}</blockquote>{{/Quote}}'
    '{{#Link}}<a href="{{Link}}">{{Source}}</a>{{/Link}}{{^Link}}{{Source}}{{/Link}}</div>'
)


def anki_package(records: Iterable[CardRecord]) -> bytes:
    """The package: a deck a document below the deck `studyq`, tags, quote, page and link."""
    import genanki

    decks: dict[str, Any] = {}
    for record in records:
        name = f"{DECK}::{record.title.replace('::', ':')}" if record.title else DECK
        if name not in decks:
            decks[name] = genanki.Deck(_deck_id(record.document_id or name), name)
        decks[name].add_note(_note(record))
    if not decks:
        decks[DECK] = genanki.Deck(_deck_id(DECK), DECK)
    moment = time.time()
    package = genanki.Package(list(decks.values()))
    ids = itertools.count(int(moment * 1000))
    content = database_file(lambda cursor: package.write_to_db(cursor, moment, ids))
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("collection.anki2", content)
        archive.writestr("media", json.dumps({}))
    return output.getvalue()


def _note(record: CardRecord) -> Any:
    return _dated_note()(
        model=_models()[Kind(record.kind)],
        fields=[*_sides(record), *_source(record)],
        tags=list(record.tags),
        guid=record.guid,
        modified=record.modified,
    )


def _sides(record: CardRecord) -> tuple[str, ...]:
    if record.kind == Kind.CLOZE:
        return (render(record.front, clozes="anki", maths="mathjax"),)
    front, back = render(record.front, maths="mathjax"), render(record.back, maths="mathjax")
    if record.kind == Kind.CHOICE:
        items = "".join(f"<li>{render(item, maths='mathjax')}</li>" for item in record.options)
        return front, f'<ol class="options">{items}</ol>', back
    return front, back


def _source(record: CardRecord) -> tuple[str, ...]:
    return tuple(map(html.escape, (record.quote, record.source_line, record.link)))


@cache
def _models() -> dict[Kind, genanki.Model]:
    import genanki

    def model(kind: Kind, name: str, sides: tuple[str, ...], front: str, back: str) -> Any:
        return _dated_model()(
            MODEL_IDS[kind],
            name,
            fields=[{"name": field} for field in (*sides, *SOURCE_FIELDS)],
            templates=[{"name": "Card", "qfmt": front, "afmt": back + _SOURCE}],
            css=CSS,
            model_type=genanki.Model.CLOZE if kind == Kind.CLOZE else genanki.Model.FRONT_BACK,
        )

    return {
        Kind.BASIC: model(
            Kind.BASIC, "studyq", ("Front", "Back"),
            "{{Front}}", "{{FrontSide}}<hr id=answer>{{Back}}",
        ),
        Kind.CLOZE: model(
            Kind.CLOZE, "studyq cloze", ("Text",), "{{cloze:Text}}", "{{cloze:Text}}",
        ),
        Kind.CHOICE: model(
            Kind.CHOICE, "studyq choice", ("Question", "Options", "Answer"),
            "{{Question}}{{Options}}", "{{FrontSide}}<hr id=answer>{{Answer}}",
        ),
    }  # fmt: skip


@cache
def _dated_model() -> type[genanki.Model]:
    """A note type that does not claim to be new in each export."""
    import genanki

    class DatedModel(genanki.Model):  # type: ignore[misc]  # carries no types
        def to_json(self, timestamp: float, deck_id: int) -> Any:
            return super().to_json(MODELS_MADE, deck_id)

    return DatedModel


@cache
def _dated_note() -> type[genanki.Note]:
    """A note that was last edited when its card was, not when it was exported."""
    import genanki

    class DatedNote(genanki.Note):  # type: ignore[misc]  # carries no types
        def __init__(self, *, modified: int, **more: Any) -> None:
            super().__init__(**more)
            self._modified = modified

        def write_to_db(self, cursor: Any, timestamp: float, deck_id: int, id_gen: Any) -> None:
            super().write_to_db(cursor, self._modified, deck_id, id_gen)

    return DatedNote


def _deck_id(name: str) -> int:
    """A number for a deck that is the same in each export: 52 bits, none of Anki's own."""
    digest = hashlib.sha256(f"studyq deck {name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) % 2**52 + 2**40
