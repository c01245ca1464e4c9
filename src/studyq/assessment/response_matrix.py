"""Who answered what: takers × items, as chosen and as scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studyq.assessment.statistics import Floats

OMITTED = -1

Choices = NDArray[np.int16]


@dataclass(frozen=True)
class ItemResponses:
    """What all takers answered to one item.

    Args:
        name: the item's, unique in its test.
        key: the right answer; None when there is none, and nobody is right or wrong.
        options: the answers that were given or could have been; empty where answers are free.
        chosen: each taker's place in `options`, or `OMITTED`; where answers are free, 0 for one.
        scores: each taker's score, from 0 to 1; of an omitted item 0.
    """

    name: str
    key: str | None
    options: tuple[str, ...]
    chosen: Choices
    scores: Floats

    @property
    def omitted(self) -> int:
        """How many takers left it out."""
        return int((self.chosen == OMITTED).sum())


@dataclass(frozen=True)
class ResponseMatrix:
    """A test as it was taken: once by each taker.

    Args:
        takers: their names, unique.
        items: with one answer a taker, in the takers' order.
        warnings: what was passed over while it was read, in sentences.
    """

    takers: tuple[str, ...]
    items: tuple[ItemResponses, ...]
    warnings: tuple[str, ...] = ()

    @property
    def scored(self) -> tuple[ItemResponses, ...]:
        """The items that have a key."""
        return tuple(item for item in self.items if item.key is not None)

    def scores(self) -> Floats:
        """Takers × scored items."""
        columns = [item.scores for item in self.scored]
        return np.column_stack(columns) if columns else np.zeros((len(self.takers), 0))


def choice_item(name: str, key: str | None, answers: Sequence[str]) -> ItemResponses:
    """An item whose answers are compared with a key as a whole.

    Outer spaces and case do not count; an answer is shown as it was first written.

    Args:
        answers: one a taker; an empty one is omitted.
    """
    places: dict[str, int] = {}
    shown: list[str] = []
    seen: dict[str, int] = {}
    for written in dict.fromkeys(answers):
        text = written.strip()
        if not text:
            seen[written] = OMITTED
            continue
        place = places.setdefault(text.casefold(), len(shown))
        if place == len(shown):
            shown.append(text)
        seen[written] = place
    order = sorted(range(len(shown)), key=lambda place: shown[place].casefold())
    moved = {OMITTED: OMITTED, **{old: new for new, old in enumerate(order)}}
    chosen = np.array([moved[seen[answer]] for answer in answers], dtype=np.int16)
    options = tuple(shown[place] for place in order)
    right = -2  # what nobody chose
    if key is not None:
        folded = key.strip().casefold()
        matching = [place for place, option in enumerate(options) if option.casefold() == folded]
        right = matching[0] if matching else right
    return ItemResponses(name, key, options, chosen, (chosen == right).astype(np.float64))
