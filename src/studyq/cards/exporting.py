"""Cards out of the library, as files of the formats that people study with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from studyq.cards.anki import anki_package
from studyq.cards.interchange import write_json, write_markdown
from studyq.cards.models import CardState
from studyq.cards.records import CardRecord
from studyq.cards.spreadsheet import write_csv

Format = Literal["apkg", "csv", "json", "md"]
LEARNT = (CardState.APPROVED, CardState.SUSPENDED)
Records = list[CardRecord]


@dataclass(frozen=True)
class FileKind:
    """A format: its media type, and what writes it."""

    media_type: str
    write: Callable[[Records], bytes]


FORMATS: dict[Format, FileKind] = {
    "apkg": FileKind("application/vnd.anki", anki_package),
    "csv": FileKind("text/csv", lambda r: write_csv(r).encode()),
    "json": FileKind("application/json", lambda r: write_json(r).encode()),
    "md": FileKind("text/markdown", lambda r: write_markdown(r).encode()),
}


def export(records: Records, form: Format) -> bytes:
    """The records as a file, in the order of documents and pages."""
    ordered = sorted(records, key=lambda record: (record.title.casefold(), record.page or 0))
    return FORMATS[form].write(ordered)


def states_to_export(state: str | None) -> tuple[str, ...]:
    """The states that are meant by what somebody asks for: None for what is learnt, or `all`."""
    if state is None:
        return LEARNT
    return () if state == "all" else (state,)
