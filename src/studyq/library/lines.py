"""Rectangles of a page's lines: packed small beside its text, and cut to a passage."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

_LINE = struct.Struct("<IIffff")


class LineLike(Protocol):
    """A line as the pdf room gives it."""

    @property
    def start(self) -> int: ...  # noqa: D102
    @property
    def end(self) -> int: ...  # noqa: D102
    @property
    def x0(self) -> float: ...  # noqa: D102
    @property
    def y0(self) -> float: ...  # noqa: D102
    @property
    def x1(self) -> float: ...  # noqa: D102
    @property
    def y1(self) -> float: ...  # noqa: D102


class PlacedLine(NamedTuple):
    """A line: its offsets in the page's text and its place in points from the top left."""

    start: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Rectangle:
    """A place on a page, in PDF points from the page's top left."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


def pack_lines(lines: Iterable[LineLike]) -> bytes:
    """Pack lines (offsets in the page's text, and rectangles) into a few bytes each."""
    packed = b"".join(_LINE.pack(n.start, n.end, n.x0, n.y0, n.x1, n.y1) for n in lines)
    return zlib.compress(packed, 1) if packed else b""


def unpack_lines(packed: bytes) -> list[PlacedLine]:
    """The lines that `pack_lines` packed."""
    if not packed:
        return []
    return [PlacedLine(*line) for line in _LINE.iter_unpack(zlib.decompress(packed))]


def passage_rectangles(page: int, packed: bytes, start: int, end: int) -> list[Rectangle]:
    """The rectangles of a passage, a line each.

    A line that the passage enters or leaves midway is cut in proportion to its characters.

    Args:
        page: the page's number, for the answer.
        packed: the page's lines, from `pack_lines`.
        start: first offset of the passage in the page's text.
        end: offset after its last character.
    """
    found: list[Rectangle] = []
    if end <= start:
        return found
    for first, last, x0, y0, x1, y1 in unpack_lines(packed):
        if first >= end or last <= start or last <= first:
            continue
        width = (x1 - x0) / (last - first)
        left = x0 + width * max(0, start - first)
        right = x1 - width * max(0, last - end)
        found.append(Rectangle(page, *(round(edge, 2) for edge in (left, y0, right, y1))))
    return found
