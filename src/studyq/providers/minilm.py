"""Runs the installed all-MiniLM-L6-v2: text to word pieces, batches, unit vectors."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from studyq.providers.errors import ProviderError
from studyq.providers.minilm_build import DIMENSIONS, MAX_TOKENS
from studyq.providers.minilm_files import MODEL_FILE, TOKENIZER_FILE
from studyq.providers.vectors import Matrix, unit_rows

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]

#: Half the memory of 32 at the same speed (measured: 192 against 386 MB).
BATCH_SIZE = 8

#: 256 word pieces are about 1,200 characters of English. The tokenizer reads all it is given
#: before it cuts, so what is far beyond is cut here first.
MAX_CHARACTERS = 20_000

#: int8 loses about 0.007 of cosine to fp32. Below this it is not rounding but wrong arithmetic.
LEAST_COSINE = 0.98


class SelfTestFailed(ProviderError):
    """The model, on this machine, does not give the vectors that it should."""


class MiniLM:
    """The model in this process: a tokenizer and an onnxruntime session. Thread safe.

    Args:
        folder: Where ``install_model`` put the model.
        threads: Threads of one run.
        exact_products: Multiply int8 numbers the slow way (1.7 times the time), for CPUs whose
            fast instruction saturates: x86 with AVX2 or AVX-512 and without VNNI.
    """

    def __init__(self, folder: Path, *, threads: int, exact_products: bool = False) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._session = _open_session(folder / MODEL_FILE, threads, exact_products)
        self.exact_products = exact_products

    def embed(self, texts: Sequence[str], *, check: Callable[[], None] | None = None) -> Matrix:
        """Gives one unit row for each text, in the order of the texts.

        Args:
            texts: Any strings; each is cut after 256 word pieces.
            check: Called before each batch; what it raises goes up.

        Raises:
            BadVector: The model gave a row that is not finite.
        ProviderError: transient; onnxruntime failed, for want of memory perhaps.
        """
        pieces = [self.word_pieces(text) for text in texts]
        rows = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for positions in batches_by_length([len(ids) for ids in pieces], BATCH_SIZE):
            if check is not None:
                check()
            rows[positions] = self._run([pieces[position] for position in positions])
        return unit_rows(rows, count=len(texts), dimensions=DIMENSIONS)

    def word_pieces(self, text: str) -> list[int]:
        """The ids that the model reads, with its start and end marks."""
        # A lone surrogate is no character and has no UTF-8 form; it becomes a question mark.
        readable = text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self._tokenizer.encode(readable).ids
        return ids

    def _run(self, pieces: Sequence[Sequence[int]]) -> Matrix:
        longest = max(len(ids) for ids in pieces)
        input_ids = np.zeros((len(pieces), longest), dtype=np.int64)
        attention_mask = np.zeros_like(input_ids)
        for row, ids in enumerate(pieces):
            input_ids[row, : len(ids)] = ids
            attention_mask[row, : len(ids)] = 1
        feeds = {"input_ids": input_ids, "attention_mask": attention_mask}
        try:
            vectors: Matrix = self._session.run(["embedding"], feeds)[0]
        # onnxruntime's exceptions share no base; out of memory is the one to expect here.
        except Exception as error:
            raise ProviderError(f"The embedding model failed: {error}", "transient") from error
        return vectors


def load_minilm(folder: Path, *, threads: int) -> MiniLM:
    """Opens the installed model and makes sure that it computes rightly on this machine.

    The folder may have been built on another CPU (an image, a moved disk), so this is tested at
    each load; it takes about 10 ms.

    Raises:
        ProviderError: The files cannot be opened.
        SelfTestFailed: The vectors are wrong with the fast and with the exact arithmetic.
    """
    cosine = 0.0
    for exact_products in (False, True):
        try:
            model = MiniLM(folder, threads=threads, exact_products=exact_products)
            cosine = self_test(model)
        except ProviderError:
            raise
        # onnxruntime's and tokenizers' exceptions share no base but Exception.
        except Exception as error:
            raise ProviderError(
                f"The embedding model in {folder} cannot be opened: {error}. "
                "Run `studyq models install --force` to build it anew."
            ) from error
        if cosine >= LEAST_COSINE:
            return model
    raise SelfTestFailed(
        f"The embedding model in {folder} gives wrong vectors on this machine (cosine {cosine:.3f} "
        "to the published model). Run `studyq models install --force` on this machine."
    )


def self_test(model: MiniLM) -> float:
    """Gives the lowest cosine between the model's vectors and the published model's (fp32)."""
    texts, expected = _reference()
    return float((model.embed(texts) * expected).sum(axis=1).min())


def batches_by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Cuts positions into batches of like lengths, so that little padding is computed.

    The longest come first: the session then takes its memory once and not step by step.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    for start in range(0, len(order), size):
        yield order[start : start + size]


@cache
def _reference() -> tuple[list[str], Matrix]:
    file = resources.files("studyq.providers") / "minilm_reference.json"
    entries = json.loads(file.read_text(encoding="utf-8"))["vectors"]
    rows = [np.frombuffer(base64.b64decode(row), dtype="<f2") for row in entries.values()]
    matrix = np.stack(rows).astype(np.float32)
    return list(entries), unit_rows(matrix, count=len(rows), dimensions=DIMENSIONS)


def _open_session(path: Path, threads: int, exact_products: bool) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait for work would otherwise burn a core for as long as they wait.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    disabled = ["SkipLayerNormFusion"]  # see minilm_build: the fused form is slower
    if exact_products:
        options.add_session_config_entry("session.x64quantprecision", "1")
    else:
        # The graph is written fused already; more passes only take time at each load.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=disabled
    )
