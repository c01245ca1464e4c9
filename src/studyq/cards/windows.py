"""Working off one window: its drafts are made and checked, and nothing is written.

This part runs in threads of its own, several windows at once; what comes of it is committed by the
thread that holds the job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass, field, replace

from studyq.cards.admission import Admitted, Embed, KnownCards, Maker, admit
from studyq.cards.drafts import Draft
from studyq.cards.generators import BudgetSpent, Generator
from studyq.cards.prompting import UnusableAnswer
from studyq.cards.source import Source
from studyq.providers.embedding import Embedder, Unavailable
from studyq.providers.errors import ErrorKind, ProviderError, RequestRefused
from studyq.providers.language import Check, Usage


@dataclass(frozen=True)
class WindowError:
    """Why a window gave nothing.

    Attributes:
        kind: Whether trying again can help.
        for_all: Whether the other windows would meet the same.
    """

    code: str
    message: str
    kind: ErrorKind = "permanent"
    for_all: bool = False


SOURCE_CHANGED = WindowError(
    "source_changed", "The document has been read again since; ask for new cards."
)


@dataclass(frozen=True)
class Window:
    """A run of passages to be asked about."""

    ordinal: int
    chunk_ids: tuple[int, ...]
    quota: int


@dataclass(frozen=True)
class Worked:
    """What came of a window."""

    window: Window
    admitted: Admitted = field(default_factory=Admitted)
    usage: Usage = field(default_factory=Usage)
    error: WindowError | None = None


@dataclass(frozen=True)
class Workshop:
    """What all windows of a job share.

    Attributes:
        known: Cards to compare with, which those admitted join.
        cap: The token cap, for the message when it is reached.
    """

    source: Source
    generator: Generator
    known: KnownCards
    maker: Maker
    embedder: Embedder | Unavailable
    cap: int

    def work(self, window: Window, check: Check) -> Worked:
        """Make the cards of a window, or say why there are none."""
        if not all(self.source.chunk(chunk_id) for chunk_id in window.chunk_ids):
            return Worked(window, error=SOURCE_CHANGED)
        usage = Usage()
        try:
            return Worked(window, self._admit(window, usage, check), usage)
        except (ProviderError, UnusableAnswer, BudgetSpent) as error:
            return Worked(window, usage=usage, error=self._told(error))

    def _admit(self, window: Window, usage: Usage, check: Check) -> Admitted:
        given = self.generator.drafts(window.chunk_ids, window.quota, usage, check)
        admitted = admit(
            _watched(given, check),
            source=self.source,
            chunk_ids=window.chunk_ids,
            known=self.known,
            maker=self.maker,
            limit=window.quota,
            embed=_embedding(self.embedder, check),
            embedding_model=None
            if isinstance(self.embedder, Unavailable)
            else self.embedder.model_id,
        )
        if not isinstance(given, Sized):  # they were made as they were looked at
            return admitted
        surplus = len(given) - len(admitted.cards) - sum(admitted.rejected.values())
        if not surplus:
            return admitted
        return replace(admitted, rejected={**admitted.rejected, "surplus": surplus})

    def _told(self, error: Exception) -> WindowError:
        if isinstance(error, ProviderError):
            for_all = error.kind != "transient" and not isinstance(error, RequestRefused)
            return WindowError(f"model_{error.kind}", error.message, error.kind, for_all)
        if isinstance(error, BudgetSpent):
            return WindowError(
                "token_cap",
                f"The job has spent its tokens: one more call could go over {self.cap:,} "
                "(STUDYQ_MAX_TOKENS_PER_JOB). Retry to go on with another budget.",
                for_all=True,
            )
        return WindowError("unusable_answer", f"The model's answer could not be used: {error}.")


def _watched(drafts: Iterable[Draft], check: Check) -> Iterator[Draft]:
    for draft in drafts:
        check()
        yield draft


def _embedding(embedder: Embedder | Unavailable, check: Check) -> Embed | None:
    if isinstance(embedder, Unavailable):
        return None
    return lambda texts: embedder.embed(texts, kind="query", check=check)
