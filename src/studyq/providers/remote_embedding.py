"""The embedder over models that run elsewhere: batches, deadlines, checked vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from studyq.providers.remote_call import call_remote
from studyq.providers.vectors import Matrix, unit_rows

#: Texts of one request: OpenAI takes 2,048, small servers choke on more than some dozens.
REQUEST_SIZE = 64

#: Seconds for one request, retries of a client library included.
REQUEST_SECONDS = 60.0

#: Sends texts to a model and gives one row of numbers for each, or raises ``ProviderError``.
EmbedBatch = Callable[[Sequence[str]], Sequence[Sequence[float]]]


class RemoteEmbedder:
    """An ``Embedder`` around a function that embeds one batch. Thread safe if that function is.

    Args:
        model_id: What the vectors are filed under; the same model must give the same id.
        embed_batch: Embeds one batch.
        dimensions: Length of the vectors; 0: ask the model when it is first needed.
        request_seconds: Deadline of one batch.
    """

    def __init__(
        self,
        model_id: str,
        embed_batch: EmbedBatch,
        *,
        dimensions: int = 0,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self.model_id = model_id
        self._embed_batch = embed_batch
        self._dimensions = dimensions
        self._request_seconds = request_seconds

    @property
    def dimensions(self) -> int:
        """Length of the vectors. When it was not given, the first use costs one request.

        Raises:
            ProviderError: The model could not be asked.
        """
        if not self._dimensions:
            self._request(["length"], None)
        return self._dimensions

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Literal["passage", "query"],
        check: Callable[[], None] | None = None,
    ) -> Matrix:
        """See ``Embedder.embed``; ``kind`` makes no difference to these models."""
        parts: list[Matrix] = [np.empty((0, self._dimensions), dtype=np.float32)]
        for start in range(0, len(texts), REQUEST_SIZE):
            if check is not None:
                check()
            parts.append(self._request(texts[start : start + REQUEST_SIZE], check, start))
        return np.concatenate(parts[1:] or parts)

    def close(self) -> None:
        """Nothing to end: a request left behind ends by itself."""

    def _request(
        self, texts: Sequence[str], check: Callable[[], None] | None, first: int = 0
    ) -> Matrix:
        # Hosted models refuse an empty text, and JSON has no form for a lone surrogate.
        readable = [text.encode("utf-8", "replace").decode("utf-8") or " " for text in texts]
        rows = call_remote(
            lambda: self._embed_batch(readable), seconds=self._request_seconds, check=check
        )
        unit = unit_rows(rows, count=len(texts), dimensions=self._dimensions, first=first)
        self._dimensions = unit.shape[1]  # from now on every answer must have this length
        return unit
