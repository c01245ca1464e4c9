"""A real server, a real browser, and a document to read in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser_reader import Reader, Watch
from live_server import LiveServer
from pdf_files import make_pdf

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server with an empty library."""
    running = LiveServer(tmp_path, {"embedding": "builtin"})
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "chromium is not installed; `make browser` installs it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture
def watch(server: LiveServer) -> Iterator[Watch]:
    """Fails the test when a page complained or asked another host for anything."""
    watching = Watch(server.url)
    yield watching
    assert watching.unexpected() == []


@pytest.fixture
def reader(browser: Browser, server: LiveServer, watch: Watch) -> Iterator[Reader]:
    opened = Reader(browser, server, watch)
    yield opened
    for context in opened.contexts:
        context.close()


@pytest.fixture
def biology() -> bytes:
    """Three full pages, each with a first sentence that stands nowhere else."""
    chapters = [
        ("# The cell", "Every living thing is made of cells.", "chromosome"),
        ("# Energy", "Mitochondria release the energy that is stored in sugar.", "enzyme"),
        ("# Membranes", "Osmosis moves water through a membrane.", "protein"),
    ]
    pages = [
        [heading, first, *(f"Sentence {n} tells more about one {word}, slowly." for n in range(30))]
        for heading, first, word in chapters
    ]
    return make_pdf(pages, title="Cell biology")
