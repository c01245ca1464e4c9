"""Choosing which passages of a document are asked about, so that cards cover it evenly.

Each section gets a share of the cards in proportion to the square root of its length, so that long
sections do not crowd out short ones. Within a section the passages farthest from those already
taken come next (farthest-first traversal: Gonzalez, Theoretical Computer Science 38, 1985), by the
stored embeddings or, without them, by their place in the text.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from studyq.cards.matter import eligible
from studyq.cards.source import SourceChunk
from studyq.search.vectors import Vector
from studyq.text.sections import SEPARATOR, lies_in

MOST_PER_CHUNK = 4  #: cards of one passage; beyond, they repeat each other
WINDOW_CHUNKS = 6  #: passages that are asked about together
BREADTH = 2.0  #: passages offered for each card, so that weak ones can be left
BREADTH_BY_WORTH = 3.0  #: the same where their worth is known: looking at more costs nothing then

Key = TypeVar("Key")


@dataclass(frozen=True)
class Scope:
    """The part of a document that cards are wanted of; everything when empty.

    Attributes:
        sections: Paths of headings, as chunks name them; what lies below one belongs to it.
        pages: First and last page, from 1.
    """

    sections: tuple[str, ...] = ()
    pages: tuple[int, int] | None = None

    def holds(self, chunk: SourceChunk) -> bool:
        """Whether a chunk lies in it, in part at least."""
        if self.pages and not (chunk.page_from <= self.pages[1] and chunk.page_to >= self.pages[0]):
            return False
        return not self.sections or any(
            lies_in(chunk.section, section) for section in self.sections
        )


@dataclass(frozen=True)
class PlannedWindow:
    """Passages to be asked about together, in reading order, and how many cards they give."""

    chunk_ids: tuple[int, ...]
    quota: int


@dataclass(frozen=True)
class Plan:
    """What is asked.

    Attributes:
        windows: In reading order.
        eligible: Ids of all chunks that cards may come from, asked about or not.
        left_out: Chunks in scope that are front or back matter.
    """

    windows: tuple[PlannedWindow, ...]
    eligible: frozenset[int]
    left_out: int

    @property
    def quota(self) -> int:
        """Cards that are asked for; fewer than wanted where there is too little text."""
        return sum(window.quota for window in self.windows)


@dataclass
class _Group:
    """Chunks of one section, or of neighbouring small ones."""

    chunks: list[SourceChunk] = field(default_factory=list)

    @property
    def weight(self) -> float:
        return math.sqrt(sum(max(1, chunk.tokens) for chunk in self.chunks))


def plan_windows(
    chunks: Iterable[SourceChunk],
    wanted: int,
    *,
    vectors: Mapping[int, Vector] | None = None,
    worth: Mapping[int, float] | None = None,
    scope: Scope = Scope(),
    window_chunks: int = WINDOW_CHUNKS,
) -> Plan:
    """Plan the windows of a request.

    Args:
        chunks: All chunks of the document, in reading order.
        wanted: Number of cards.
        vectors: Embeddings by chunk; without them passages are spread by position.
        worth: From 0 to 1, how much there is to ask about a chunk, by chunk. Where it is given,
            chunks without any are not asked about, unless there is nothing else.
        scope: The part of the document.
        window_chunks: Passages in a window, at most.
    """
    inside = [chunk for chunk in chunks if scope.holds(chunk)]
    usable = eligible(inside)
    rich = [chunk for chunk in usable if worth and worth.get(chunk.id)]
    groups = _groups(rich or usable, wanted)
    quotas = share(
        wanted,
        {key: group.weight for key, group in groups.items()},
        {key: MOST_PER_CHUNK * len(group.chunks) for key, group in groups.items()},
    )
    breadth = BREADTH_BY_WORTH if worth else BREADTH
    windows: list[tuple[int, PlannedWindow]] = []
    for key, quota in quotas.items():
        if quota:
            asked = min(len(groups[key].chunks), math.ceil(quota * breadth))
            order = spread(groups[key].chunks, asked, vectors or {}, worth or {})
            windows += _windows(order, quota, window_chunks)
    return Plan(
        windows=tuple(window for _, window in sorted(windows, key=lambda found: found[0])),
        eligible=frozenset(chunk.id for chunk in usable),
        left_out=len(inside) - len(usable),
    )


def coverage(eligible: Collection[int], carded: Iterable[int | None]) -> float:
    """The share of eligible chunks with at least one kept card, from 0 to 1."""
    return len(set(eligible).intersection(carded)) / len(eligible) if eligible else 0.0


def share(wanted: int, weights: Mapping[Key, float], most: Mapping[Key, int]) -> dict[Key, int]:
    """Divide a number in proportion to weights (largest remainders), none above its most.

    The parts add up to `wanted`, or to the sum of `most` where that is less.
    """
    parts = dict.fromkeys(weights, 0)
    left = min(max(0, wanted), sum(most[key] for key in weights))
    free = list(weights)
    while left:
        total = sum(weights[key] for key in free)
        exact = {key: left * weights[key] / total for key in free}
        full = [key for key in free if exact[key] >= most[key]]
        if not full:
            parts |= {key: int(exact[key]) for key in free}
            left -= sum(parts[key] for key in free)
            for key in sorted(free, key=lambda key: exact[key] % 1, reverse=True)[:left]:
                parts[key] += 1
            break
        parts |= {key: most[key] for key in full}
        left -= sum(most[key] for key in full)
        free = [key for key in free if key not in set(full)]
    return parts


def spread(
    chunks: Sequence[SourceChunk],
    number: int,
    vectors: Mapping[int, Vector],
    worth: Mapping[int, float],
) -> list[SourceChunk]:
    """Choose chunks far from one another, those worth more first among equals.

    Returns:
        `number` chunks in the order in which they were chosen.
    """
    places = _places(chunks, vectors)
    value = np.array([0.1 + worth.get(chunk.id, 0.0) for chunk in chunks])
    chosen: list[int] = []
    nearest = np.full(len(chunks), np.inf)
    while len(chosen) < min(number, len(chunks)):
        if chosen:
            gain = nearest * value
            gain[chosen] = -1.0
            following = int(np.argmax(gain))
        else:
            following = int(np.argmax(value))
        chosen.append(following)
        distance = np.linalg.norm(places - places[following], axis=1)
        nearest = np.minimum(nearest, distance)
    return [chunks[place] for place in chosen]


def _places(chunks: Sequence[SourceChunk], vectors: Mapping[int, Vector]) -> NDArray[np.floating]:
    """Where chunks are: by meaning if all have an embedding, else by position."""
    if all(chunk.id in vectors for chunk in chunks):
        return np.stack([vectors[chunk.id] for chunk in chunks])
    return np.array([[float(chunk.ordinal)] for chunk in chunks])


def _groups(chunks: Sequence[SourceChunk], wanted: int) -> dict[int, _Group]:
    """Chunks by section, at the deepest level of headings with no more sections than cards.

    Sections of one name ("Introduction") in different places are different ones.
    """
    depth = max((chunk.section.count(SEPARATOR) for chunk in chunks), default=0) + 1
    while True:
        groups: list[_Group] = []
        last = None
        for chunk in chunks:
            path = chunk.section.split(SEPARATOR)[:depth]
            if path != last:
                groups.append(_Group())
                last = path
            groups[-1].chunks.append(chunk)
        if len(groups) <= wanted or depth <= 1:
            return dict(enumerate(groups))
        depth -= 1


def _windows(
    order: Sequence[SourceChunk], quota: int, window_chunks: int
) -> list[tuple[int, PlannedWindow]]:
    """Cut the chosen chunks of a section into windows; each with the ordinal that it begins at."""
    chunks = sorted(order, key=lambda chunk: chunk.ordinal)
    number = min(-(-len(chunks) // window_chunks), quota)
    cuts = [len(chunks) * cut // number for cut in range(number + 1)]
    pieces = [chunks[low:high] for low, high in pairwise(cuts)]
    quotas = share(
        quota,
        {place: float(len(piece)) for place, piece in enumerate(pieces)},
        dict.fromkeys(range(number), quota),
    )
    return [
        (piece[0].ordinal, PlannedWindow(tuple(chunk.id for chunk in piece), quotas[place]))
        for place, piece in enumerate(pieces)
        if quotas[place]
    ]
