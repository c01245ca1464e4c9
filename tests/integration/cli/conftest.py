import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pdf_files import make_pdf, make_scanned_page
from studyq_command import SECONDS, Serving, Studyq


@pytest.fixture
def studyq(tmp_path: Path) -> Studyq:
    data = tmp_path / "data"
    data.mkdir()
    return Studyq(data)


@pytest.fixture
def serve(studyq: Studyq) -> Iterator[Callable[..., Serving]]:
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **variables: str) -> Serving:
        process = subprocess.Popen(
            [sys.executable, "-m", "studyq", "serve", "--port", "0", *arguments],
            env={**studyq.environment, "STUDYQ_LOG_FORMAT": "json", **variables},
            cwd=studyq.data,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        guard = threading.Timer(SECONDS, process.kill)  # so that no line comes, instead of none
        guard.start()
        assert process.stdout is not None
        line = process.stdout.readline()
        guard.cancel()
        found = re.search(r"http://\S+", line)
        assert found, f"no address in {line!r}"
        return Serving(process, found[0])

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """A folder with two books, a scan, and a text under a PDF's name; three levels deep."""
    folder = tmp_path / "books"
    deep = folder / "more" / "old"
    deep.mkdir(parents=True)
    (folder / "cells.pdf").write_bytes(
        make_pdf(
            ["# Cells\nA cell has a membrane.", "The mitochondrion makes energy for the cell."],
            title="On Cells",
            labels="0 << /S /r >> 1 << /S /D >>",
        )
    )
    (folder / "more" / "Rocks.PDF").write_bytes(make_pdf(["Granite is an igneous rock."]))
    (deep / "scan.pdf").write_bytes(make_pdf([make_scanned_page()]))
    (deep / "fake.pdf").write_bytes(b"just a text")
    (folder / "notes.txt").write_text("not meant")
    return folder
