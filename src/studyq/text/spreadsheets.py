"""Cells of tables that are opened in spreadsheets.

Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula, and a formula from a
stranger can send away what is in the sheet (OWASP, "CSV injection"). Such a cell is written with
an apostrophe before it, which can be taken off again.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
