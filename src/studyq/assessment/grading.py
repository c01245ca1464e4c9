"""Whether an answer is right: choices exactly, written ones by their normal form or their number.

Pure: what neither decides is left open, for a model or for the taker.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from studyq.assessment.models import Grade, ItemKind

POINTS = {Grade.RIGHT: 1.0, Grade.PARTIAL: 0.5, Grade.WRONG: 0.0, Grade.OPEN: 0.0}

MAX_POWER = 400  #: of ten, in an answer; beyond it there are no floats
ROUNDING = 1e-9  #: of a number, for what floating point loses

_ARTICLES = frozenset(
    {"a", "an", "the", "der", "die", "das", "ein", "eine", "einer", "le", "la", "les", "un", "une",
     "el", "los", "las", "una", "il", "lo", "gli", "i", "uno", "o", "os"}
)  # fmt: skip
#: An optional sign, digits with separators, an exponent; then what may be a unit.
_NUMBER = re.compile(
    r"^\s*(?P<number>[+\-−]?(?:\d[\d  ',.]*|[.,]\d+)(?:\s*[×x*]\s*10\^?\s*(?P<power>[+\-−]?\d+)"
    r"|[eE](?P<exponent>[+\-−]?\d+))?)\s*(?P<unit>[^\d\s].*)?$"
)


@dataclass(frozen=True)
class Numeric:
    """A number that an answer must come near to.

    Args:
        tolerance: absolute, in the same unit; 0 wants exactly that number.
        unit: as it is to be written; empty when any or none will do.
    """

    value: float
    tolerance: float = 0.0
    unit: str = ""


@dataclass(frozen=True)
class Graded:
    """A grade and why."""

    grade: Grade
    reason: str


def grade_answer(
    kind: str,
    answer: str,
    *,
    key: str,
    accepted: Sequence[str] = (),
    numeric: Numeric | None = None,
) -> Graded:
    """Grade one answer as far as comparing can.

    Args:
        kind: one of `ItemKind`.
        answer: as given; empty counts as omitted.
        key: the right answer.
        accepted: others that are right as well.
        numeric: for items whose answer is a number.

    Returns:
        `Grade.OPEN` for a written answer that is neither the key nor plainly another number.
    """
    if not answer.strip():
        return Graded(Grade.WRONG, "No answer was given.")
    if kind in (ItemKind.CHOICE, ItemKind.TRUE_FALSE):
        right = answer.strip() == key.strip()
        return Graded(Grade.RIGHT if right else Grade.WRONG, "Compared with the key.")
    if numeric is not None:
        return _grade_number(answer, numeric)
    if normal_form(answer) in {normal_form(text) for text in (key, *accepted)}:
        return Graded(Grade.RIGHT, "The same words as the key.")
    return Graded(Grade.OPEN, "Other words than the key: compare them yourself.")


def normal_form(text: str) -> str:
    """An answer without what makes no difference: case, accents, punctuation, articles, spacing.

    Letters and digits of all scripts stay.
    """
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    words = re.findall(r"\w+", plain.replace("_", " "))
    kept = [word for word in words if word not in _ARTICLES]
    return " ".join(kept or words)


def read_number(text: str) -> tuple[list[float], str] | None:
    """The number that a text begins with, and the unit behind it.

    Both `1,234.5` and `1.234,5` are read. A lone separator before three digits (`1,234`) may be
    one of thousands or the decimal one: then both readings are returned.
    """
    match = _NUMBER.match(text)
    if match is None:
        return None
    digits = re.split(r"[×x*eE]", match["number"])[0]
    power = int((match["power"] or match["exponent"] or "0").replace("−", "-"))
    if abs(power) > MAX_POWER:
        return None
    values = [float(f"{reading}e{power}") for reading in _readings(digits)]
    return values, (match["unit"] or "").strip()


def _readings(digits: str) -> list[str]:
    compact = re.sub(r"[\s']", "", digits).replace("−", "-").rstrip(".,")
    separators = re.findall(r"[.,]", compact)
    if not separators:
        return [compact]
    decimal = separators[-1]
    if len(set(separators)) == 2:
        thousands = "," if decimal == "." else "."
        return [compact.replace(thousands, "").replace(decimal, ".")]
    whole = compact.replace(decimal, "")
    if len(separators) > 1:
        return [whole]
    either = re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", compact)
    return [compact.replace(decimal, "."), *([whole] if either else [])]


def _grade_number(answer: str, wanted: Numeric) -> Graded:
    found = read_number(answer)
    if found is None:
        return Graded(Grade.WRONG, "A number is asked for.")
    values, unit = found
    slack = max(wanted.tolerance, abs(wanted.value) * ROUNDING)
    if all(abs(value - wanted.value) > slack for value in values):
        return Graded(Grade.WRONG, "Another number than the key.")
    if wanted.unit and normal_unit(unit) != normal_unit(wanted.unit):
        told = "without its unit" if not unit else "with another unit"
        return Graded(Grade.PARTIAL, f"The right number {told} ({wanted.unit}).")
    return Graded(Grade.RIGHT, "The number of the key.")


def normal_unit(unit: str) -> str:
    """A unit without white space and final stop; case counts (mW is not MW)."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", unit)).rstrip(".")
