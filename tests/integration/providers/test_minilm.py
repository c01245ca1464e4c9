"""The built-in model: rightly built, in order, for any text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from studyq.providers import minilm as minilm_module
from studyq.providers.errors import ProviderError
from studyq.providers.minilm import LEAST_COSINE, MiniLM, SelfTestFailed, load_minilm, self_test
from studyq.providers.minilm_build import HEADS, LAYERS, MAX_TOKENS, Weights, build_model
from studyq.providers.minilm_files import MODEL_FILE, TOKENIZER_FILE, model_folder

Array = NDArray[np.float32]

SENTENCES = [
    "A cell is the smallest unit of life.",
    "Supply",
    "Monetary policy sets the price of money; fiscal policy decides what the state spends.",
    "The mitochondrion is where most of the cell's energy comes from, " * 6,
    "",
]


def plain_bert(weights: Weights, ids: list[int]) -> Array:
    """The published model in plain numpy, one text at a time: the yardstick of the tests."""

    def dense(name: str, x: Array) -> Array:
        mapped: Array = x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
        return mapped

    def normed(name: str, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        result: Array = scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]
        return result

    def erf(x: Array) -> Array:  # Abramowitz and Stegun 7.1.26, error below 1.5e-7
        t = 1 / (1 + 0.3275911 * np.abs(x))
        series = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
        polynomial = np.polyval((*series[::-1], 0.0), t)
        value: Array = np.sign(x) * (1 - polynomial * np.exp(-(x**2)))
        return value

    x = (
        weights["embeddings.word_embeddings.weight"][ids]
        + weights["embeddings.position_embeddings.weight"][: len(ids)]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    x = normed("embeddings.LayerNorm", x)
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        query, key, value = (
            dense(f"{name}.attention.self.{part}", x).reshape(len(ids), HEADS, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = np.exp(query @ key.swapaxes(1, 2) / np.sqrt(query.shape[-1]))
        context = (scores / scores.sum(-1, keepdims=True)) @ value
        context = context.swapaxes(0, 1).reshape(len(ids), -1)
        attended = dense(f"{name}.attention.output.dense", context)
        x = normed(f"{name}.attention.output.LayerNorm", x + attended)
        inner = dense(f"{name}.intermediate.dense", x)
        inner = 0.5 * inner * (1 + erf(inner / np.sqrt(2)))
        x = normed(f"{name}.output.LayerNorm", x + dense(f"{name}.output.dense", inner))
    pooled = x.mean(0)
    unit: Array = pooled / np.linalg.norm(pooled)
    return unit


@pytest.fixture(scope="module")
def fp32(weights: Weights, published: Path, tmp_path_factory: pytest.TempPathFactory) -> MiniLM:
    folder = tmp_path_factory.mktemp("fp32")
    (folder / TOKENIZER_FILE).write_bytes((published / TOKENIZER_FILE).read_bytes())
    (folder / MODEL_FILE).write_bytes(build_model(weights, "fp32"))
    return load_minilm(folder, threads=1)


def test_the_fp32_build_computes_what_the_published_model_does(
    fp32: MiniLM, weights: Weights
) -> None:
    expected = np.stack([plain_bert(weights, fp32.word_pieces(text)) for text in SENTENCES])

    assert np.allclose(fp32.embed(SENTENCES), expected, atol=2e-5)
    assert self_test(fp32) > 0.99999  # the stored vectors are those of fp32


def test_the_int8_build_stays_near(minilm: MiniLM, fp32: MiniLM) -> None:
    with_words = [sentence for sentence in SENTENCES if sentence]
    cosines = (minilm.embed(with_words) * fp32.embed(with_words)).sum(axis=1)

    assert cosines.min() > LEAST_COSINE


def test_the_slow_exact_arithmetic_stays_near_too(models_dir: Path) -> None:
    model = MiniLM(model_folder(models_dir), threads=1, exact_products=True)

    assert self_test(model) > LEAST_COSINE


def test_a_processor_whose_fast_products_overflow_gets_the_exact_ones(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        minilm_module, "self_test", lambda model: 0.99 if model.exact_products else 0.4
    )

    assert load_minilm(model_folder(models_dir), threads=1).exact_products


def test_near_in_meaning_is_near_in_space(minilm: MiniLM) -> None:
    question, answer, other = minilm.embed(
        [
            "How do plants make food?",
            "Leaves use sunlight to build sugar from water and carbon dioxide.",
            "The treaty was signed in 1648 and ended thirty years of war.",
        ]
    )

    assert question @ answer > question @ other + 0.3


def test_rows_are_in_the_order_of_the_texts(minilm: MiniLM) -> None:
    texts = [f"{'word ' * (number * 7 % 50)}{number}" for number in range(40)]

    together = minilm.embed(texts)

    alone = np.concatenate([minilm.embed([text]) for text in texts])
    # int8 scales are shared within a batch, so the rows are near and not equal.
    assert (together * alone).sum(axis=1).min() > 0.98
    assert np.array_equal((together @ alone.T).argmax(axis=1), np.arange(len(texts)))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(), min_size=1, max_size=5))
def test_any_text_gives_a_unit_vector(minilm: MiniLM, texts: list[str]) -> None:
    rows = minilm.embed(texts)

    assert rows.shape == (len(texts), 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    "text", ["\ud800", "\x00" * 50, " \n\t", "a" * 1_000_000, "word " * 200_000, "漢" * 5_000]
)
def test_odd_texts_give_a_unit_vector(minilm: MiniLM, text: str) -> None:
    assert len(minilm.word_pieces(text)) <= MAX_TOKENS
    assert np.isclose(np.linalg.norm(minilm.embed([text])), 1, atol=1e-5)


def test_no_texts_give_no_rows(minilm: MiniLM) -> None:
    assert minilm.embed([]).shape == (0, 384)


def test_threads_may_share_the_model(minilm: MiniLM) -> None:
    texts = [f"Lecture {number} is about enzymes." for number in range(40)]
    expected = [minilm.embed([text]) for text in texts]

    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda text: minilm.embed([text]), texts))

    assert np.array_equal(np.concatenate(rows), np.concatenate(expected))


def test_check_can_end_it_between_batches(minilm: MiniLM) -> None:
    looks = 0

    def check() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        minilm.embed(["some text"] * 100, check=check)


def test_a_model_that_computes_wrongly_is_refused(
    weights: Weights, published: Path, tmp_path: Path
) -> None:
    spoilt = dict(weights)
    name = "encoder.layer.3.output.dense.weight"
    spoilt[name] = np.roll(weights[name], 1, axis=0)
    (tmp_path / TOKENIZER_FILE).write_bytes((published / TOKENIZER_FILE).read_bytes())
    (tmp_path / MODEL_FILE).write_bytes(build_model(spoilt, "int8"))

    with pytest.raises(SelfTestFailed, match="studyq models install --force"):
        load_minilm(tmp_path, threads=1)


def test_a_folder_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="studyq models install --force") as caught:
        load_minilm(tmp_path, threads=1)
    assert caught.value.kind == "permanent"
