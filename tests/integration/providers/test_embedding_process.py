"""The shared embedding process: order, turns, cancelling, and dying."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from studyq.providers.embedding_process import SLICE_SIZE, EmbeddingProcess
from studyq.providers.errors import ProviderError
from studyq.providers.minilm import MiniLM
from studyq.providers.minilm_files import model_folder

PASSAGES = [f"{'Enzymes lower the barrier. ' * (number % 9)}{number}" for number in range(150)]


class CancelError(Exception):
    pass


@pytest.fixture
def process(models_dir: Path) -> Iterator[EmbeddingProcess]:
    embedding = EmbeddingProcess(model_folder(models_dir), threads=1)
    yield embedding
    embedding.close()


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_rows_are_those_of_the_model_in_the_order_of_the_texts(
    process: EmbeddingProcess, minilm: MiniLM
) -> None:
    rows = process.embed(PASSAGES)

    assert len(PASSAGES) > SLICE_SIZE
    assert (rows * minilm.embed(PASSAGES)).sum(axis=1).min() > 0.98
    assert process.embed([]).shape == (0, 384)


def test_the_child_is_niced_and_reused(process: EmbeddingProcess) -> None:
    process.embed(["one"])
    pid = process.pid
    process.embed(["two"])

    assert pid is not None
    assert process.pid == pid
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10


def test_threads_share_one_child(process: EmbeddingProcess) -> None:
    parts = [PASSAGES[start::3] for start in range(3)]

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(process.embed, parts))

    for part, rows in zip(parts, answers, strict=True):
        expected = process.embed(part)
        assert (rows * expected).sum(axis=1).min() > 0.98


def test_a_short_job_need_not_wait_for_a_long_one(process: EmbeddingProcess) -> None:
    finished: list[str] = []
    begun = threading.Event()

    def embed(name: str, texts: list[str]) -> None:
        process.embed(texts, check=begun.set)
        finished.append(name)

    long = threading.Thread(target=embed, args=("long", PASSAGES * 4))
    long.start()
    assert begun.wait(20)
    embed("short", ["a leaflet"])
    long.join()

    assert finished == ["short", "long"]


def test_a_killed_child_is_a_transient_error_and_is_started_anew(
    process: EmbeddingProcess,
) -> None:
    killed: list[int] = []

    def kill() -> None:
        if process.pid is not None and not killed:
            os.kill(process.pid, signal.SIGKILL)
            killed.append(process.pid)

    with pytest.raises(ProviderError, match="the embedding process was killed") as caught:
        process.embed(PASSAGES * 4, check=kill)

    assert caught.value.kind == "transient"
    assert process.embed(["again"]).shape == (1, 384)
    assert process.pid not in killed


def test_cancelling_ends_the_call_at_once(process: EmbeddingProcess) -> None:
    process.embed(["warm"])
    started = time.monotonic()

    def cancel() -> None:
        if time.monotonic() - started > 0.2:
            raise CancelError

    with pytest.raises(CancelError):
        process.embed(PASSAGES * 20, check=cancel)

    assert time.monotonic() - started < 2
    assert process.embed(["another job goes on"]).shape == (1, 384)


def test_one_that_waits_its_turn_can_be_cancelled(process: EmbeddingProcess) -> None:
    begun = threading.Event()
    holder = threading.Thread(target=process.embed, args=(PASSAGES,), kwargs={"check": begun.set})
    holder.start()
    assert begun.wait(20)

    def cancel() -> None:
        raise CancelError

    with pytest.raises(CancelError):
        process.embed(["never"], check=cancel)
    holder.join()


def test_the_child_ends_when_idle_and_comes_back(models_dir: Path) -> None:
    process = EmbeddingProcess(model_folder(models_dir), threads=1, idle_seconds=0.2)
    try:
        for _ in range(2):
            process.embed(["some work"])
            wait_for(lambda: process.pid is None)
    finally:
        process.close()


def test_closing_ends_a_call_in_progress(process: EmbeddingProcess) -> None:
    begun = threading.Event()
    errors: list[ProviderError] = []

    def embed() -> None:
        with pytest.raises(ProviderError) as caught:
            process.embed(PASSAGES * 20, check=begun.set)
        errors.append(caught.value)

    thread = threading.Thread(target=embed)
    thread.start()
    assert begun.wait(20)
    process.close()
    thread.join(10)

    assert [error.kind for error in errors] == ["transient"]
    assert process.pid is None
    process.close()
    with pytest.raises(ProviderError, match="shutting down"):
        process.embed(["too late"])


def test_a_missing_model_is_a_permanent_error_that_says_what_to_do(tmp_path: Path) -> None:
    process = EmbeddingProcess(tmp_path, threads=1)
    try:
        with pytest.raises(ProviderError, match="studyq models install") as caught:
            process.embed(["text"])
    finally:
        process.close()
    assert caught.value.kind == "permanent"


def test_odd_texts_cross_the_process_border(process: EmbeddingProcess) -> None:
    rows = process.embed(["\ud800", "", "\x00", "中文", "🙂" * 1000])

    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
