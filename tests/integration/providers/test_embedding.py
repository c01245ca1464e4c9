"""The door itself: settings in, an embedder or a reason out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from studyq.providers.embedding import Unavailable, open_embedder


def test_the_builtin_model_answers_questions_from_passages(models_dir: Path) -> None:
    embedder = open_embedder(model="builtin", models_dir=models_dir, threads=1)
    assert not isinstance(embedder, Unavailable)
    try:
        passages = embedder.embed(
            ["Inflation is a rise in the general level of prices.", "Bees dance to show the way."],
            kind="passage",
        )
        query = embedder.embed(["Why does everything get more expensive?"], kind="query")
    finally:
        embedder.close()

    assert (embedder.model_id, embedder.dimensions) == ("all-minilm-l6-v2", 384)
    assert np.argmax(passages @ query[0]) == 0


def test_a_model_that_is_not_installed_says_how(tmp_path: Path) -> None:
    opened = open_embedder(model="builtin", models_dir=tmp_path)

    assert isinstance(opened, Unavailable)
    assert "not installed" in opened.reason
    assert "studyq models install" in opened.next_step


def test_switched_off_asks_for_nothing(tmp_path: Path) -> None:
    opened = open_embedder(model="none", models_dir=tmp_path)

    assert isinstance(opened, Unavailable)
    assert opened.next_step == ""


@pytest.mark.parametrize("model", ["", "bultin", "llm:", "openai:", "llm", "minilm:x"])
def test_a_name_that_means_nothing_is_told(tmp_path: Path, model: str) -> None:
    opened = open_embedder(model=model, models_dir=tmp_path)

    assert isinstance(opened, Unavailable)
    assert repr(model) in opened.reason


def test_opening_imports_no_model_library(models_dir: Path) -> None:
    """They take most of a second, which each start of the server would pay."""
    program = (
        "import sys; from pathlib import Path; from studyq.providers.embedding import *; "
        "open_embedder(model='builtin', models_dir=Path(sys.argv[1])); "
        "sys.exit(' '.join({'onnx', 'onnxruntime', 'llm', 'tokenizers'} & set(sys.modules)) or 0)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, str(models_dir)], capture_output=True, text=True
    )

    assert finished.returncode == 0, finished.stderr
