"""What asking a language model costs: prices, an estimate before the start, a cap while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from studyq.cards.prompting import SYSTEM
from studyq.cards.sampling import Plan
from studyq.cards.source import SourceChunk
from studyq.providers.language import BUILTIN
from studyq.text.scripts import estimate_tokens

#: Tokens of a card in JSON: question, answer, quote and names of fields, as models write them.
CARD_TOKENS = 130
#: Tokens of a prompt beside the rules and the passages: what is asked, marks, headings.
FRAME_TOKENS = 120
MARK_TOKENS = 40  #: around each passage


@dataclass(frozen=True)
class Prices:
    """What the model of the settings costs.

    Args:
        model: Which model they are of.
        input: Of a million input tokens; both 0: not known.
        output: Of a million output tokens.
    """

    model: str
    input: float
    output: float

    def cost(self, model: str, input_tokens: int, output_tokens: int) -> float | None:
        """The price of tokens; None where it is not known."""
        if model == BUILTIN:
            return 0.0
        if model != self.model or not (self.input or self.output):
            return None
        return round((input_tokens * self.input + output_tokens * self.output) / 1e6, 6)


@dataclass(frozen=True)
class Estimate:
    """What a request is going to take, if nothing has to be asked twice.

    Attributes:
        known: False while the document is being read; nothing else is said then.
        cards: How many will be asked for; fewer than wanted where there is too little text.
        windows: Runs of passages asked about.
        cost: None where prices are not known.
    """

    known: bool
    cards: int = 0
    windows: int = 0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None

    def told(self) -> dict[str, Any]:
        """As it is stored and answered."""
        return asdict(self)


def estimate(
    plan: Plan, chunks: Iterable[SourceChunk], prompt: str, model: str, prices: Prices
) -> Estimate:
    """Foresee the tokens of a plan."""
    cards, windows = plan.quota, len(plan.windows)
    if model == BUILTIN:
        return Estimate(True, cards, windows, cost=0.0)
    tokens = {chunk.id: chunk.tokens for chunk in chunks}
    fixed = estimate_tokens(SYSTEM) + FRAME_TOKENS + estimate_tokens(prompt)
    input_tokens = sum(
        fixed + sum(tokens[chunk_id] + MARK_TOKENS for chunk_id in window.chunk_ids)
        for window in plan.windows
    )
    output_tokens = cards * CARD_TOKENS
    cost = prices.cost(model, input_tokens, output_tokens)
    return Estimate(True, cards, windows, windows, input_tokens, output_tokens, cost)


class Budget:
    """The tokens that a job may spend; shared by the threads that ask.

    A call is let through only if the cap holds even when its answer is as long as it may be.

    Args:
        cap: Most tokens; 0: no limit.
        spent: What earlier attempts have spent.
    """

    def __init__(self, cap: int, spent: int) -> None:
        self.cap = cap
        self.spent = spent
        self._reserved = 0
        self._lock = threading.Lock()

    def reserve(self, tokens: int) -> bool:
        """Set tokens aside for a call; says whether there were enough."""
        with self._lock:
            if self.cap and self.spent + self._reserved + tokens > self.cap:
                return False
            self._reserved += tokens
            return True

    def settle(self, reserved: int, used: int) -> None:
        """Replace what was set aside by what the call has used."""
        with self._lock:
            self._reserved -= reserved
            self.spent += used
