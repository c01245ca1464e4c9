"""Fitting FSRS's parameters to how one reader remembers, with the optimiser of fsrs-rs.

It is optional: the package `fsrs-rs-python` (extra `fitting`). New parameters are taken only when
they predict the reader's own log better than those in force.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from fsrs.scheduler import LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS
from sqlalchemy.orm import Session

from studyq.reviews.log import live_ratings
from studyq.reviews.models import Entry, Review

LEAST_RATINGS = 400  #: that count, before parameters are fitted; fewer say too little

History = list[tuple[int, int]]
"""A card's ratings, oldest first: each with the days since the one before."""


@dataclass(frozen=True)
class Fit:
    """Parameters, with the log loss of those in force and their own; less is better."""

    parameters: tuple[float, ...]
    ratings: int
    loss_before: float
    loss_after: float

    @property
    def better(self) -> bool:
        """Whether they are worth taking."""
        return self.loss_after < self.loss_before


def optimiser_installed() -> bool:
    """Whether `fsrs-rs-python` is there."""
    return importlib.util.find_spec("fsrs_rs_python") is not None


def histories(session: Session, user_id: str) -> list[History]:
    """The log of a reader by card; of cards that were imported, nothing is known before."""
    rows = session.scalars(
        sa.select(Review)
        .where(Review.user_id == user_id)
        .order_by(Review.card_id, Review.id)
        .execution_options(yield_per=1000)
    )
    found = []
    for _, of_card in groupby(rows, key=lambda row: row.card_id):
        log = list(of_card)
        if any(row.entry == Entry.IMPORT for row in log):
            continue
        found.append([(row.rating or 0, row.elapsed_days or 0) for row in live_ratings(log)])
    return [history for history in found if history]


def fit(found: Sequence[History], in_force: Iterable[float]) -> Fit:
    """Fit parameters to histories.

    Args:
        in_force: the parameters that are used now.
    """
    import fsrs_rs_python as optimiser

    items = [item for history in found for item in _items(optimiser, history)]
    fitted = optimiser.FSRS([]).compute_parameters(items)
    bounds = zip(fitted, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS, strict=True)
    parameters = tuple(min(max(value, low), high) for value, low, high in bounds)
    return Fit(
        parameters,
        ratings=sum(len(history) for history in found),
        loss_before=optimiser.FSRS(list(in_force)).evaluate(items).log_loss,
        loss_after=optimiser.FSRS(list(parameters)).evaluate(items).log_loss,
    )


def _items(optimiser: Any, history: History) -> list[Any]:
    """A card's history up to each review on a later day than the one before: what is predicted."""
    reviews = [optimiser.FSRSReview(rating, days) for rating, days in history]
    return [
        optimiser.FSRSItem(reviews[: place + 1])
        for place, (_, days) in enumerate(history)
        if place and days
    ]
