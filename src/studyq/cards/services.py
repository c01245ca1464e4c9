"""What the generation job needs besides the database."""

from __future__ import annotations

from dataclasses import dataclass

from studyq.cards.spending import Prices
from studyq.providers.embedding import Embedder, Unavailable
from studyq.providers.language import LanguageModels


@dataclass(frozen=True)
class CardServices:
    """Handed to the job's handler when it is registered.

    Args:
        languages: Doors to language models.
        embedder: Tells cards that say the same in other words.
        prices: What the model of the settings costs.
        max_output: Most tokens of one answer.
        max_tokens: Most tokens that a job may spend; 0: no limit.
    """

    languages: LanguageModels
    embedder: Embedder | Unavailable
    prices: Prices
    max_output: int
    max_tokens: int
