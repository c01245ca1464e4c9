"""From whatever somebody calls a file to a name and a title that can be shown."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
LONGEST_TITLE = 500
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINER = "\u200d"  # holds emoji of several parts together


def clean_filename(name: str | None) -> str:
    """Make a file name that is safe to show: the last part, without control characters.

    It is for showing only; no path is ever made from it.
    """
    parts = [part for part in re.split(r"[/\\]", name or "") if part.strip(" .")]
    cleaned = clean_line(parts[-1] if parts else "")
    if len(cleaned) > LONGEST:
        stem, dot, suffix = cleaned.rpartition(".")
        ending = dot + suffix if stem and len(suffix) <= 8 else ""
        cleaned = cleaned[: LONGEST - len(ending)] + ending
    return cleaned if cleaned.strip(" .") else "document"


def clean_line(text: str) -> str:
    """Normalise a text to one line that can be shown and stored anywhere."""
    kept = (
        character if unicodedata.category(character) not in _HIDDEN or character == _JOINER else " "
        for character in unicodedata.normalize("NFC", text)
    )
    return " ".join("".join(kept).split())


def believable_title(text: str | None) -> str | None:
    """A title from a file's metadata, unless it is what some program left there.

    Word writes its own name before the file's, scanners and typesetters the file's name alone.
    """
    title = re.sub(r"^Microsoft \w+ - ", "", clean_line(text or ""))[:LONGEST_TITLE]
    is_filename = re.search(r"\.\w{2,5}$", title) is not None and " " not in title
    if len(title) < 3 or is_filename or title.lower() in {"untitled", "title", "unknown"}:
        return None
    return title


def title_of(filename: str) -> str:
    """A title for a file that has none of its own."""
    stem = re.sub(r"\.(pdf|txt|md)$", "", filename, flags=re.IGNORECASE)
    return " ".join(stem.replace("_", " ").split()) or filename
