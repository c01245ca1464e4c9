"""How well the calls of a generation job overlap: 40 windows, 8 at once, 2 seconds a call."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks._running import server, verdict

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from model_server import Asked, ModelServer, Said, write_cards
from textbooks import textbook

WINDOWS = 40
AT_ONCE = 8
CALL_SECONDS = 2.0
MOST = 1.15  #: wall time over what the calls alone would take


def measure() -> float:
    """Seconds from the request to the end of its job, over those of the calls alone."""

    def slow(asked: Asked) -> Said:
        said = write_cards(asked)
        return Said(said.text, wait=CALL_SECONDS)

    with (
        ModelServer(slow) as model,
        server(
            embedding="none",
            llm="openai:card-writer",
            llm_url=model.url,
            llm_concurrency=str(AT_ONCE),
        ) as running,
    ):
        book = running.upload_bytes("book.pdf", textbook(WINDOWS))
        running.wait([book])
        pdf = running.client.get("/pdfs").json()["items"][0]["id"]
        begun = time.monotonic()
        answer = running.client.post(
            f"/pdfs/{pdf}/flashcards", json={"count": WINDOWS, "kinds": ["cloze"]}
        )
        answer.raise_for_status()
        job = answer.json()["job"]
        over = running.wait([f"/queue/{job['queue']}/jobs/{job['id']}"])
        made = running.client.get(f"/sessions/{answer.json()['session']['id']}").json()
        assert made["windows"]["done"] == len(model.asked) == WINDOWS, made
        assert model.most_at_once == AT_ONCE
    return (over - begun) / (WINDOWS * CALL_SECONDS / AT_ONCE)


def report() -> None:
    """Print the figure beside its target."""
    ratio = measure()
    verdict(
        f"{WINDOWS} windows at {CALL_SECONDS:g} s a call, {AT_ONCE} at once: wall time over the "
        "calls alone",
        ratio,
        MOST,
    )
