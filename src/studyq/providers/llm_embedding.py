"""Embedding over ``llm``: any embedding model that its installed plugins offer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from studyq.providers.errors import provider_error
from studyq.providers.remote_embedding import REQUEST_SECONDS, RemoteEmbedder

if TYPE_CHECKING:
    from llm.models import EmbeddingModel


class UnknownModel(Exception):
    """No installed plugin offers the model."""


class KeyMissing(Exception):
    """The model needs a key and none was given."""


def llm_embedder(
    *,
    model: str,
    key: str = "",
    dimensions: int = 0,
    user_path: Path | None = None,
    request_seconds: float = REQUEST_SECONDS,
) -> RemoteEmbedder:
    """An embedder for one model of ``llm``.

    Args:
        model: Id or alias of an embedding model (``llm embed-models`` lists them).
        key: Handed over with each call. ``llm`` would otherwise look into its key file and the
            environment and may pick a key that belongs to somebody else's server.
        dimensions: Length of the vectors; 0: ask the model.
        user_path: Folder of llm's own files; None: where llm keeps them for this user.
        request_seconds: Deadline of one batch, the client library's own retries included.

    Raises:
        UnknownModel: No plugin offers it.
        KeyMissing: It needs a key.
    """
    if user_path is not None:
        # llm has no other way to be told; it reads the variable each time.
        os.environ["LLM_USER_PATH"] = str(user_path)
    import llm

    try:
        # The object is kept: each look-up builds all models of all plugins anew.
        found: EmbeddingModel = llm.get_embedding_model(model)  # type: ignore[no-untyped-call]
    except llm.UnknownModelError as error:
        raise UnknownModel(model) from error
    if found.needs_key and not key:
        raise KeyMissing(found.needs_key)
    batch = _Batch(found, key)
    return RemoteEmbedder(
        f"llm:{found.model_id}",
        batch.embed_batch,
        dimensions=dimensions,
        request_seconds=request_seconds,
    )


class _Batch:
    """One model and its key."""

    def __init__(self, model: EmbeddingModel, key: str) -> None:
        self._model = model
        self._key = key or None

    def embed_batch(self, texts: Sequence[str]) -> list[list[float]]:
        """Embeds in the plugin's own batches, with errors sorted."""
        try:
            return [list(row) for row in self._model.embed_multi(texts, key=self._key)]
        # Each plugin raises what its client library raises; there is no common base.
        except Exception as error:
            reason = str(error) or type(error).__name__
            if self._key:
                reason = reason.replace(self._key, "•••")
            raise provider_error(
                error, f"The embedding model {self._model.model_id} failed: {reason}"
            ) from error
