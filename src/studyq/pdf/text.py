"""Reads the text of a page with pdfium: runs in the child process.

pdfium's C functions are called directly, and a few times per line rather than per character:
text with the boxes of its lines takes 1.2 to 1.5 times as long as the bare text, where boxes of
characters would add more time than the text itself takes.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pypdfium2.raw as pdfium

from studyq.pdf.headings import FoundHeading, find_headings
from studyq.pdf.normalise import clean, decode_units, is_plain, split_lines

IMAGE_SHARE = 0.25  # of the page's area, from which pictures without text count as a scan
_FORM_DEPTH = 4  # how deep pictures are looked for inside form XObjects
_MAX_OBJECTS = 2_000  # looked at on one page without text

# Width of a character over the height of its font, below which a line is looked at closely; in
# running text it is 0.4 to 0.6.
_MIN_ADVANCE = 0.15
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe]")

Box = tuple[float, float, float, float]  # left, top, right, bottom as in model.Line
LineBox = tuple[int, int, float, float, float, float]  # as model.Line

_left, _top, _right, _bottom = (ctypes.c_double() for _ in range(4))
_corners = tuple(ctypes.byref(value) for value in (_left, _top, _right, _bottom))
_loose = pdfium.FS_RECTF()
_loose_reference = ctypes.byref(_loose)
_matrix = pdfium.FS_MATRIX()
_matrix_reference = ctypes.byref(_matrix)


class PageError(Exception):
    """pdfium cannot load a page."""


@dataclass
class TextPage:
    """A loaded page: pdfium's handles and the page's geometry in points."""

    page: object
    handle: object
    width: float
    height: float
    box: tuple[float, float, float, float]  # left, bottom, right, top in the page's own axes
    rotation: int  # quarters of a turn, clockwise

    def characters(self) -> int:
        """Length of pdfium's character list."""
        return max(0, int(pdfium.FPDFText_CountChars(self.handle)))

    def count_objects(self) -> int:
        """Number of text, path, image and form objects on the page."""
        return max(0, int(pdfium.FPDFPage_CountObjects(self.page)))


@dataclass(frozen=True)
class ReadText:
    """Text of a page with its lines and headings, and how many characters were cut off."""

    text: str
    lines: list[LineBox]
    headings: list[FoundHeading]
    cut: int


@contextmanager
def load_page(document: object, index: int) -> Iterator[TextPage]:
    """Load a page and its text, and free both afterwards.

    Args:
        document: pdfium's document handle.
        index: Page number from 0.

    Raises:
        PageError: When pdfium cannot load the page or its text.
    """
    page = pdfium.FPDF_LoadPage(document, index)
    if not page:
        raise PageError("the page cannot be loaded")
    try:
        handle = pdfium.FPDFText_LoadPage(page)
        if not handle:
            raise PageError("the page's text cannot be loaded")
        try:
            bounds = pdfium.FS_RECTF()
            pdfium.FPDF_GetPageBoundingBox(page, bounds)
            yield TextPage(
                page,
                handle,
                pdfium.FPDF_GetPageWidthF(page),
                pdfium.FPDF_GetPageHeightF(page),
                (bounds.left, bounds.bottom, bounds.right, bounds.top),
                pdfium.FPDFPage_GetRotation(page),
            )
        finally:
            pdfium.FPDFText_ClosePage(handle)
    finally:
        pdfium.FPDF_ClosePage(page)


def read_text(page: TextPage, max_characters: int, *, with_headings: bool) -> ReadText:
    """Read the text of a loaded page.

    Args:
        page: From ``load_page``.
        max_characters: Entries of pdfium's character list that are looked at.
        with_headings: Whether to look for headings, which takes the size of every line.
    """
    available = page.characters()
    units = _raw_text(page, min(available, max_characters))
    index_of = _index_translation(page, len(units) != min(available, max_characters))
    plain = is_plain(units)
    box_of = _box_by_rectangles if _RIGHT_TO_LEFT.search(units) else _box_by_ends
    parts: list[str] = []
    boxes: list[LineBox] = []
    ends: list[tuple[int, int]] = []
    offset = 0
    for line, start, joins in split_lines(units):
        if plain:
            text = line.strip(" ")
            first = start + len(line) - len(line.lstrip(" "))
            last = first + len(text) - 1
        else:
            text, origins = clean(line)
            if text:
                first, last = start + origins[0], start + origins[-1]
        if not text:
            continue
        first, last = index_of(first), index_of(last)
        end = offset + len(text)
        boxes.append((offset, end, *box_of(page, first, last)))
        ends.append((first, last))
        parts.append(text if joins else text + "\n")
        offset = end + (not joins)
    found = "".join(parts).rstrip("\n")
    headings = _headings(page, found, boxes, ends) if with_headings else []
    return ReadText(found, boxes, headings, max(0, available - max_characters))


def find_rectangles(page: TextPage, start: int, end: int, max_characters: int) -> list[LineBox]:
    """Find where a passage of a page's text is, line by line.

    Args:
        page: From ``load_page``.
        start: First offset in the text that ``read_text`` gives.
        end: Offset after the last.
        max_characters: As it was for ``read_text``.
    """
    available = page.characters()
    units = _raw_text(page, min(available, max_characters))
    index_of = _index_translation(page, len(units) != min(available, max_characters))
    boxes: list[LineBox] = []
    offset = 0
    for line, begin, joins in split_lines(units):
        text, origins = clean(line)
        if not text:
            continue
        low, high = max(start - offset, 0), min(end - offset, len(text))
        if low < high:
            first = index_of(begin + origins[low])
            last = index_of(begin + origins[high - 1])
            boxes.append((offset + low, offset + high, *_box_by_rectangles(page, first, last)))
        offset += len(text) + (not joins)
    return boxes


def image_share(page: TextPage) -> tuple[int, float]:
    """Number of objects on a page, and the share of its area that pictures cover (0 to 1)."""
    area = abs((page.box[2] - page.box[0]) * (page.box[3] - page.box[1])) or 1.0
    count = page.count_objects()
    covered = 0.0
    for number in range(min(count, _MAX_OBJECTS)):
        covered += _image_area(pdfium.FPDFPage_GetObject(page.page, number), _FORM_DEPTH)
    return count, min(1.0, covered / area)


def _headings(
    page: TextPage, text: str, boxes: list[LineBox], ends: list[tuple[int, int]]
) -> list[FoundHeading]:
    """Find headings by the font sizes at both ends of lines."""
    sized = [
        (box[0], text[box[0] : box[1]], _font_size(page, first))
        for box, (first, _) in zip(boxes, ends, strict=True)
    ]
    return find_headings(sized, lambda number: _font_size(page, ends[number][1]))


def _raw_text(page: TextPage, count: int) -> str:
    """Pdfium's text of a page, one character per UTF-16 unit."""
    if not count:
        return ""
    # Types of arrays are costly to make, and ctypes keeps each: so only few sizes.
    buffer = (ctypes.c_ushort * max(16_384, 1 << count.bit_length()))()
    written = pdfium.FPDFText_GetText(page.handle, 0, count, buffer)
    return decode_units(memoryview(buffer).cast("B")[: 2 * max(0, written - 1)])


def _index_translation(page: TextPage, differs: bool) -> Callable[[int], int]:
    """From indexes into the text to indexes into the character list, which may differ."""

    def translate(index: int) -> int:
        found = int(pdfium.FPDFText_GetCharIndexFromTextIndex(page.handle, index))
        return found if found >= 0 else index

    return translate if differs else int


def _box_by_rectangles(page: TextPage, first: int, last: int) -> Box:
    """The exact box around the characters from ``first`` to ``last``."""
    handle = page.handle
    rectangles = pdfium.FPDFText_CountRects(handle, first, last - first + 1)
    if rectangles <= 0:
        return 0.0, 0.0, 0.0, 0.0
    pdfium.FPDFText_GetRect(handle, 0, *_corners)
    left, top, right, bottom = _left.value, _top.value, _right.value, _bottom.value
    for number in range(1, rectangles):
        pdfium.FPDFText_GetRect(handle, number, *_corners)
        left, right = min(left, _left.value), max(right, _right.value)
        top, bottom = max(top, _top.value), min(bottom, _bottom.value)
    return _displayed(page, left, top, right, bottom)


def _box_by_ends(page: TextPage, first: int, last: int) -> Box:
    """The box that spans the first and the last character of a line from left to right.

    It is as high as the fonts are, and costs a quarter of the exact one, which is used instead
    where this one is too narrow for its characters: text that is turned, or drawn out of order.
    """
    handle = page.handle
    pdfium.FPDFText_GetLooseCharBox(handle, first, _loose_reference)
    left, top, right, bottom = _loose.left, _loose.top, _loose.right, _loose.bottom
    if last != first:
        pdfium.FPDFText_GetLooseCharBox(handle, last, _loose_reference)
        left, right = min(left, _loose.left), max(right, _loose.right)
        top, bottom = max(top, _loose.top), min(bottom, _loose.bottom)
    if right - left < _MIN_ADVANCE * (last - first + 1) * (top - bottom) or top <= bottom:
        return _box_by_rectangles(page, first, last)
    return _displayed(page, left, top, right, bottom)


def _displayed(page: TextPage, left: float, top: float, right: float, bottom: float) -> Box:
    """From the page's own axes (y upwards) to those of the displayed page (y downwards)."""
    box_left, box_bottom, box_right, box_top = page.box
    match page.rotation:
        case 1:
            corners = bottom - box_bottom, left - box_left, top - box_bottom, right - box_left
        case 2:
            corners = box_right - right, bottom - box_bottom, box_right - left, top - box_bottom
        case 3:
            corners = box_top - top, box_right - right, box_top - bottom, box_right - left
        case _:
            corners = left - box_left, box_top - top, right - box_left, box_top - bottom
    return round(corners[0], 2), round(corners[1], 2), round(corners[2], 2), round(corners[3], 2)


def _font_size(page: TextPage, index: int) -> float:
    """Font size of a character as it is displayed, in points."""
    size = float(pdfium.FPDFText_GetFontSize(page.handle, index))
    if pdfium.FPDFText_GetMatrix(page.handle, index, _matrix_reference):
        size *= (_matrix.c * _matrix.c + _matrix.d * _matrix.d) ** 0.5
    return size


def _image_area(item: object, depth: int) -> float:
    """Area of an image object in square points, also of those inside form XObjects."""
    kind = pdfium.FPDFPageObj_GetType(item)
    if kind == pdfium.FPDF_PAGEOBJ_FORM and depth > 0:
        count = min(max(0, pdfium.FPDFFormObj_CountObjects(item)), _MAX_OBJECTS // 10)
        inside = (pdfium.FPDFFormObj_GetObject(item, number) for number in range(count))
        return sum(_image_area(entry, depth - 1) for entry in inside)
    if kind != pdfium.FPDF_PAGEOBJ_IMAGE:
        return 0.0
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top):
        return 0.0
    return abs((right.value - left.value) * (top.value - bottom.value))
