"""The real model, and the published files that it is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

import installed_model
from studyq.providers.minilm import MiniLM, load_minilm
from studyq.providers.minilm_build import Weights, read_safetensors
from studyq.providers.minilm_files import WEIGHTS_FILE, model_folder
from studyq.providers.minilm_sources import from_folder


@pytest.fixture(scope="session")
def models_dir() -> Path:
    return installed_model.models_dir()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with model.safetensors and tokenizer.json as published."""
    return from_folder(installed_model.wheel_folder(), tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def weights(published: Path) -> Weights:
    return read_safetensors(published / WEIGHTS_FILE)


@pytest.fixture(scope="session")
def minilm(models_dir: Path) -> MiniLM:
    return load_minilm(model_folder(models_dir), threads=1)
