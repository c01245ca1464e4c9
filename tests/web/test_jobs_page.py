"""The page Jobs of a real server with many jobs: its filters, its pages, and odd queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from itertools import product

import httpx
import pytest
import sqlalchemy as sa

from pdf_files import make_pdf
from server_process import ServerProcess, Start, add_pdf, job_end, upload
from studyq.accounts.models import LOCAL_USER
from studyq.database.engine import Database
from studyq.jobs.enqueue import NewJob, enqueue_many
from studyq.jobs.models import Job, Queue

JOBS = 120
OTHER = "test-analysis"  # paused, so that its jobs wait


@contextmanager
def opened(server: ServerProcess) -> Iterator[Database]:
    database = Database(f"sqlite:///{server.data / 'studyq.db'}")
    try:
        yield database
    finally:
        database.close()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a document that was read, one that failed, and many jobs that wait."""
    running = ServerProcess(tmp_path_factory.mktemp("busy"))
    running.start()
    with running.client() as client:
        add_pdf(client, "tides.pdf", make_pdf([["# Tides", "The moon."]], title="Tides & <moons>"))
        torn = upload(client, "torn.pdf", b"%PDF-1.4\nnothing of it")
        job_end(client, torn.json()["job"]["id"])
    with opened(running) as database, database.write() as session:
        session.execute(sa.update(Queue).where(Queue.name == OTHER).values(paused=True))
        job = NewJob(OTHER, "analyse", LOCAL_USER, trigger="schedule")
        enqueue_many(session.connection(), [job] * JOBS)
    yield running
    running.kill()
    assert "request failed" not in running.log, "some request met something unexpected"


@pytest.fixture
def page(busy: ServerProcess) -> Iterator[httpx.Client]:
    with busy.client() as client:
        yield client


def rows(answer: httpx.Response) -> list[str]:
    """The ids of the jobs that are shown."""
    assert answer.status_code == 200
    return re.findall(r'<li class="row job" id="job-([^"]+)"', answer.text)


def links(answer: httpx.Response) -> list[str]:
    """The addresses that lead on from a page to the same page."""
    return [unescape(link) for link in re.findall(r'href="(/app/jobs\?[^"]*)"', answer.text)]


def test_queues_have_their_cards(page: httpx.Client) -> None:
    html = page.get("/app/jobs").text
    assert "Reading documents" in html
    assert "Analysing tests" in html
    assert f"{JOBS} jobs wait until you resume the queue." in html
    assert "Tides &amp; &lt;moons&gt;" in page.get("/app/jobs?view=completed").text
    assert " style=" not in html
    assert 'aria-label="Ended, last hour: 1 completed, 1 failed, at most' in html
    assert "Ended, last day" in page.get("/app/jobs?span=day").text


def test_pages_hold_each_job_once(page: httpx.Client) -> None:
    seen: list[str] = []
    address = "/app/jobs?view=in_progress"
    while True:
        answer = page.get(address)
        seen += rows(answer)
        older = [link for link in links(answer) if "cursor=" in link]
        if not older:
            break
        address = older[0]
    assert len(seen) == len(set(seen)) == JOBS
    assert seen == sorted(seen, reverse=True)
    assert "Newest jobs" in answer.text


def test_views_and_filters(page: httpx.Client) -> None:
    assert len(rows(page.get("/app/jobs?view=completed"))) == 1
    (torn,) = rows(page.get("/app/jobs?view=needs_attention"))
    for query in ("code=damaged", "state=failed", "q=torn", "q=DAMAGED+or+truncated", f"q={torn}"):
        assert rows(page.get(f"/app/jobs?{query}")) == [torn], query
    assert len(rows(page.get("/app/jobs?queue=pdf-ingestion"))) == 2
    assert len(rows(page.get("/app/jobs?q=tides+%26+%3Cmoons%3E"))) == 1
    assert len(rows(page.get("/app/jobs?trigger=schedule&queue=test-analysis"))) == 50
    nothing = page.get("/app/jobs?q=%25&queue=pdf-ingestion")  # a sign, no pattern
    assert rows(nothing) == []
    assert "No job fits" in nothing.text
    assert "Nothing needs your attention" not in nothing.text


def test_filters_survive_a_turn_of_the_page(page: httpx.Client) -> None:
    answer = page.get("/app/jobs?view=in_progress&queue=test-analysis&trigger=schedule&span=day")
    (older,) = [link for link in links(answer) if "cursor=" in link]
    for kept in ("view=in_progress", "queue=test-analysis", "trigger=schedule", "span=day"):
        assert kept in older


def test_one_job_closely(page: httpx.Client) -> None:
    (torn,) = rows(page.get("/app/jobs?view=needs_attention"))
    html = page.get(f"/app/jobs/{torn}").text
    for words in ("Attempt 1", "Traceback", "Put in line", "Started", "damaged", "Input", "torn"):
        assert words in html
    (done,) = rows(page.get("/app/jobs?view=completed"))
    html = page.get(f"/app/jobs/{done}").text
    assert "&#34;pages_read&#34;: 1" in html
    assert "Searchable by words" in html
    assert 'href="/app/documents/' in html
    waiting = rows(page.get("/app/jobs?view=in_progress"))[0]
    assert 'name="priority"' in page.get(f"/app/jobs/{waiting}").text
    missing = page.get("/app/jobs/none")
    assert missing.status_code == 404
    assert "jobs are deleted some time after" in missing.text


ODD = ["", "x" * 5000, "%00", "%FF%FE", "%ED%A0%80", "-1", "1e309", "'; DROP TABLE jobs; --", "[]"]
NAMES = ["view", "queue", "state", "code", "trigger", "q", "span", "cursor"]


@pytest.mark.parametrize(("name", "value"), list(product(NAMES, ODD)))
def test_odd_queries_are_no_errors(page: httpx.Client, name: str, value: str) -> None:
    answer = page.get(f"/app/jobs?{name}={value}")
    assert answer.status_code == 200
    assert page.get(f"/app/jobs?{name}=a&{name}=b").status_code in (200, 400)


@pytest.mark.parametrize("value", ["%00", "%FF%FE", "x" * 2000, "..%2f..", "' OR 1=1"])
def test_odd_ids_are_not_found(page: httpx.Client, value: str) -> None:
    assert page.get(f"/app/jobs/{value}").status_code == 404


def test_a_queue_without_a_worker_says_so(start: Start) -> None:
    server = start(settings={"worker": "false"})
    with server.client() as client:
        upload(client, "tides.pdf", make_pdf([["# Tides", "The moon."]]))
        html = client.get("/app/jobs").text
    assert "No worker</span>" in html
    assert "1 job waits: no worker serves this queue. Start <code>studyq worker</code>" in html
    assert "No worker is running" in html  # at the job itself


def test_jobs_of_others_are_not_there(busy: ServerProcess, page: httpx.Client) -> None:
    stranger = NewJob(OTHER, "analyse", "00000000-0000-7000-8000-00000000beef")
    with opened(busy) as database, database.write() as session:
        (job_id,) = enqueue_many(session.connection(), [stranger])
    assert job_id not in page.get("/app/jobs").text
    assert page.get(f"/app/jobs/{job_id}").status_code == 404
    with opened(busy) as database, database.write() as session:
        session.execute(sa.delete(Job).where(Job.id == job_id))
