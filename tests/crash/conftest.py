"""What every scenario gets: an arena, and a voice."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crash.arena import Arena

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "100"))
BATCH = 20  #: rounds of kill -9 that one library goes through


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play all rounds of kill -9, a batch in each test, so that none takes many minutes."""
    if "batch" in metafunc.fixturenames:
        starts = range(0, ROUNDS, BATCH)
        sizes = [min(BATCH, ROUNDS - start) for start in starts]
        metafunc.parametrize("batch", sizes, ids=[f"from-{start + 1}" for start in starts])


@pytest.fixture(scope="session")
def rounds() -> int:
    """How many rounds of kill -9 are played; the other scenarios play a share of that."""
    return ROUNDS


@pytest.fixture
def seed() -> int:
    """CRASH_SEED repeats the choices of an earlier run; not its timing."""
    return int(os.environ.get("CRASH_SEED", "0")) or random.randrange(1, 10**6)


@pytest.fixture
def arena(tmp_path: Path, seed: int) -> Iterator[Arena]:
    stage = Arena(tmp_path, seed=seed)
    try:
        yield stage
    finally:
        stage.close()


@pytest.fixture
def say(
    capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest, seed: int
) -> Callable[[str], None]:
    """Print a scenario's one line."""
    begun = time.monotonic()

    def line(text: str) -> None:
        seconds = time.monotonic() - begun
        with capsys.disabled():
            print(f"\n  {request.node.name}: {text} ({seconds:.0f} s, seed {seed})")

    return line
