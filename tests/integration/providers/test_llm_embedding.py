"""Embedding models of llm's plugins, with a plugin of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import llm
import numpy as np
import pytest
from llm.models import EmbeddingModel
from llm.plugins import pm

from studyq.providers.embedding import Embedder, Unavailable, open_embedder
from studyq.providers.errors import ErrorKind, ProviderError


class LetterCounts(EmbeddingModel):
    """Counts vowels; batches of 32 at most; remembers what it was given."""

    model_id = "letter-counts"
    batch_size = 32

    def __init__(self, needs_key: str | None = None) -> None:
        self.needs_key = needs_key
        self.model_id = "locked-counts" if needs_key else "letter-counts"
        self.keys: list[str | None] = []
        self.batches: list[int] = []
        self.failure: Exception | None = None

    def embed_batch(
        self, items: Iterable[str | bytes], *, key: str | None = None
    ) -> Iterator[list[float]]:
        texts = [str(item) for item in items]
        self.keys.append(key)
        self.batches.append(len(texts))
        if self.failure is not None:
            raise self.failure
        for text in texts:
            yield [1.0, *(float(text.count(vowel)) for vowel in "aeiou")]


class Plugin:
    """Registers one open and one locked model."""

    def __init__(self) -> None:
        self.open = LetterCounts()
        self.locked = LetterCounts(needs_key="locked")

    @llm.hookimpl
    def register_embedding_models(self, register: Callable[..., None]) -> None:
        register(self.open, aliases=("counts",))
        register(self.locked)


@pytest.fixture
def plugin() -> Iterator[Plugin]:
    registered = Plugin()
    pm.register(registered, name="letter-counts")
    yield registered
    pm.unregister(registered)


@pytest.fixture(autouse=True)
def own_llm_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "default"))
    return tmp_path / "llm"


def opened(model: str, folder: Path, key: str = "") -> Embedder:
    embedder = open_embedder(
        model=f"llm:{model}", models_dir=folder, llm_user_path=folder / "llm", key=key
    )
    assert not isinstance(embedder, Unavailable)
    return embedder


def test_a_plugins_model_embeds_in_order(plugin: Plugin, tmp_path: Path) -> None:
    embedder = opened("counts", tmp_path)
    texts = ["a" * number for number in range(100)]

    rows = embedder.embed(texts, kind="passage")

    assert embedder.model_id == "llm:letter-counts"
    assert embedder.dimensions == 6
    assert np.allclose(rows[:, 1] / rows[:, 0], [max(0, number) for number in range(100)])
    assert plugin.open.batches == [32, 32, 32, 4]


def test_the_key_given_reaches_the_model(plugin: Plugin, tmp_path: Path) -> None:
    opened("locked-counts", tmp_path, key="sk-ours").embed(["text"], kind="query")

    assert plugin.locked.keys == ["sk-ours"]


@pytest.mark.usefixtures("plugin")
def test_a_missing_key_is_told_and_none_is_looked_up(tmp_path: Path) -> None:
    (tmp_path / "llm").mkdir()
    (tmp_path / "llm" / "keys.json").write_text('{"locked": "sk-of-somebody-else"}')

    embedder = open_embedder(
        model="llm:locked-counts", models_dir=tmp_path, llm_user_path=tmp_path / "llm"
    )

    assert isinstance(embedder, Unavailable)
    assert "STUDYQ_EMBEDDING_KEY" in embedder.next_step


def test_an_unknown_model_is_told(tmp_path: Path) -> None:
    embedder = open_embedder(model="llm:no-such-model", models_dir=tmp_path)

    assert isinstance(embedder, Unavailable)
    assert "no-such-model" in embedder.reason


class HttpError(Exception):
    """As client libraries of hosted models raise them."""

    def __init__(self, status_code: int, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (HttpError(429, "slow down"), "transient"),
        (HttpError(429, "insufficient_quota"), "exhausted"),
        (HttpError(401, "wrong key sk-ours"), "permanent"),
        (ConnectionResetError("gone"), "transient"),
        (ValueError("too long"), "permanent"),
    ],
)
def test_a_plugins_exceptions_are_sorted(
    plugin: Plugin, tmp_path: Path, failure: Exception, kind: ErrorKind
) -> None:
    plugin.locked.failure = failure

    with pytest.raises(ProviderError) as caught:
        opened("locked-counts", tmp_path, key="sk-ours").embed(["text"], kind="passage")

    assert caught.value.kind == kind
    assert "sk-ours" not in caught.value.message
    assert caught.value.__cause__ is failure
