"""The one door to embedding: text in, unit vectors out, whichever model is set.

``open_embedder`` reads the setting and gives an ``Embedder``, or says in words why there is none,
in which case search works by words alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from studyq.providers.builtin_embedding import BuiltinEmbedder
from studyq.providers.llm_embedding import KeyMissing, UnknownModel, llm_embedder
from studyq.providers.minilm_files import model_folder, read_manifest
from studyq.providers.openai_embedding import openai_embedder
from studyq.providers.vectors import Matrix

#: Whether a text is something to be found or something to be asked.
TextKind = Literal["passage", "query"]


class Embedder(Protocol):
    """Turns texts into vectors whose dot product says how near they are in meaning."""

    @property
    def model_id(self) -> str:
        """What the vectors are filed under: vectors of two ids must not be compared."""

    @property
    def dimensions(self) -> int:
        """Length of each vector. A remote model may have to be asked, which can raise."""

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: TextKind,
        check: Callable[[], None] | None = None,
    ) -> Matrix:
        """Gives one float32 row of length one for each text, in the order of the texts.

        Safe to be called by several threads.

        Args:
            texts: Any strings, the empty one included.
            kind: Passages may wait their turn behind other jobs, queries are answered at once.
            check: Called at least ten times a second while waiting; what it raises goes up and
                the work is dropped. This is how a job is cancelled.

        Raises:
            ProviderError: With a sentence, and whether trying again can help.
            BadVector: A row was not finite or zero; names the text's position.
        """

    def close(self) -> None:
        """Ends what runs beside this process. The embedder is of no use afterwards."""


@dataclass(frozen=True)
class Unavailable:
    """There is no embedder; search works by words alone.

    Attributes:
        reason: Why, as a sentence.
        next_step: What to do about it, as a sentence; empty when this is what was asked for.
    """

    reason: str
    next_step: str


def open_embedder(
    *,
    model: str,
    models_dir: Path,
    threads: int = 0,
    nice: int = 10,
    base_url: str = "",
    key: str = "",
    dimensions: int = 0,
    llm_user_path: Path | None = None,
) -> Embedder | Unavailable:
    """Opens the embedder that ``model`` names. Starts no process and makes no request.

    Args:
        model: ``builtin``, ``none``, ``llm:MODEL`` or ``openai:MODEL``.
        models_dir: Folder of installed models.
        threads: Threads of the built-in model's process; 0: one a core.
        nice: Niceness of that process.
        base_url: Where an ``openai:`` model's API begins.
        key: Key of an ``llm:`` or ``openai:`` model.
        dimensions: Length of a remote model's vectors; 0: ask the model.
        llm_user_path: Folder of llm's own files; None: llm's default.
    """
    name, _, remote = model.partition(":")
    if model == "none":
        return Unavailable("Search by meaning is switched off (STUDYQ_EMBEDDING=none).", "")
    if model == "builtin":
        return _open_builtin(models_dir, threads or _cores(), nice)
    if name == "openai" and remote:
        return _open_openai(base_url, remote, key, dimensions)
    if name == "llm" and remote:
        return _open_llm(remote, key, dimensions, llm_user_path)
    return Unavailable(
        f"STUDYQ_EMBEDDING={model!r} names no embedding model.",
        "Set it to builtin, none, llm:MODEL or openai:MODEL.",
    )


def _open_builtin(models_dir: Path, threads: int, nice: int) -> Embedder | Unavailable:
    folder = model_folder(models_dir)
    manifest = read_manifest(folder)
    if isinstance(manifest, str):
        return Unavailable(
            f"The built-in embedding model cannot be used: {manifest}.",
            "Run `studyq models install`, then start studyq again.",
        )
    return BuiltinEmbedder(folder, threads=threads, nice=nice)


def _open_openai(base_url: str, model: str, key: str, dimensions: int) -> Embedder | Unavailable:
    try:
        return openai_embedder(base_url=base_url, model=model, key=key, dimensions=dimensions)
    except ValueError as error:
        return Unavailable(
            f"The embedding model openai:{model} needs a server: {error}.",
            "Set STUDYQ_EMBEDDING_URL to where its API begins, such as http://localhost:11434/v1.",
        )


def _open_llm(
    model: str, key: str, dimensions: int, user_path: Path | None
) -> Embedder | Unavailable:
    try:
        return llm_embedder(model=model, key=key, dimensions=dimensions, user_path=user_path)
    except UnknownModel:
        return Unavailable(
            f"No installed plugin of llm offers the embedding model {model}.",
            "List them with `llm embed-models`, or install the plugin that has it.",
        )
    except KeyMissing as error:
        return Unavailable(
            f"The embedding model {model} needs a key ({error}).",
            "Set STUDYQ_EMBEDDING_KEY.",
        )


def _cores() -> int:
    """Cores that this process may use, where the system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
