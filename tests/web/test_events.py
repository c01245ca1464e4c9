"""Event streams: each event once and in order, to any number of readers, over restarts too."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from event_streams import ENDED, Told, follow, read_events
from held_model import Model, model_settings
from pdf_files import make_pdf
from server_process import QUEUE, ServerProcess, add_pdf, refusal, upload


def ids(told: list[Told]) -> list[int]:
    return [event.id for event in told]


def check_whole(told: list[Told]) -> None:
    """Asserts what holds of the whole stream of a job that went well."""
    assert ids(told) == sorted(set(ids(told)))
    progress = [event.data["progress"] for event in told]
    assert progress == sorted(progress)
    assert all(0 <= value <= 100 and isinstance(value, int) for value in progress)
    states = [event.data["state"] for event in told]
    assert [state for state in states if state in ENDED] == states[-1:]
    assert (states[0], states[-1], progress[-1]) == ("waiting", "completed", 100)
    assert {event.event for event in told} == {"state", "progress"}
    fields = {"job_id", "queue", "state", "progress", "message", "detail", "at"}
    assert all(fields <= set(event.data) for event in told)


@pytest.fixture(scope="module")
def restarting(
    tmp_path_factory: pytest.TempPathFactory, shared_model: Model
) -> Iterator[ServerProcess]:
    """A server that tests kill and stop; each starts it again."""
    settings = {**model_settings(shared_model), "grace": "1"}
    running = ServerProcess(tmp_path_factory.mktemp("restarting"), settings)
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="module", autouse=True)
def first_comment(server: ServerProcess) -> Iterator[Future[float]]:
    """The seconds until a stream sends a comment; it listens while the other tests run."""
    begun = time.monotonic()

    def listen() -> float:
        with server.client() as client, client.stream("GET", "/events", timeout=25) as answer:
            next(line for line in answer.iter_lines() if line.startswith(":"))
        return time.monotonic() - begun

    with ThreadPoolExecutor(1) as threads:
        yield threads.submit(listen)


@pytest.fixture
def done(client: httpx.Client, pdf: bytes) -> str:
    """The path of the stream of a job that has ended."""
    return f"{QUEUE}/{add_pdf(client, 'cells.pdf', pdf)['job']['id']}/events"


def test_a_stream_tells_everything_and_ends(client: httpx.Client, pdf: bytes) -> None:
    job = upload(client, "cells.pdf", pdf).json()["job"]
    told = follow(client, f"{QUEUE}/{job['id']}/events")
    check_whole(told)
    assert {event.data["job_id"] for event in told} == {job["id"]}


def test_milestones_are_told(client: httpx.Client, done: str) -> None:
    progress = {event.data["progress"] for event in follow(client, done)}
    assert {10, 30, 50, 60, 100} <= progress


def test_headers_keep_proxies_from_holding_events_back(client: httpx.Client, done: str) -> None:
    answer = client.get(done)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    assert "no-" in answer.headers["cache-control"]


def test_a_late_client_gets_the_same(client: httpx.Client, done: str) -> None:
    assert follow(client, done) == follow(client, done)


def test_a_cut_stream_goes_on_without_gap_or_repetition(client: httpx.Client, done: str) -> None:
    whole = follow(client, done)
    for cut in range(1, len(whole)):
        first = follow(client, done, count=cut)
        assert first + follow(client, done, after=first[-1].id) == whole


@pytest.mark.parametrize(
    "after",
    ["999999999", "9" * 18, "9" * 30, "-1", "abc", "", "0x10", "1; DROP TABLE jobs", "1.5"],
)
def test_a_place_that_makes_no_sense_gets_the_end(
    client: httpx.Client, done: str, after: str
) -> None:
    told = follow(client, done, after=after)
    assert told[-1].data["state"] == "completed"


def test_who_has_seen_the_end_gets_it_again(client: httpx.Client, done: str) -> None:
    last = follow(client, done)[-1]
    assert follow(client, done, after=last.id) == [last]


def test_a_failed_job_says_why(client: httpx.Client, pdf: bytes) -> None:
    job = upload(client, "broken.pdf", pdf[: len(pdf) // 3]).json()["job"]
    last = follow(client, f"{QUEUE}/{job['id']}/events")[-1]
    assert last.data["state"] == "failed"
    assert last.data["progress"] < 100
    assert last.data["detail"]["error"]["code"] == "damaged"


def test_events_come_one_by_one_as_they_happen(
    held: ServerProcess, model: Model, pdf: bytes
) -> None:
    model.hold()
    with held.client() as client:
        job = upload(client, "cells.pdf", pdf).json()["job"]
        path = f"{QUEUE}/{job['id']}/events"
        with client.stream("GET", path) as answer:
            events = read_events(answer.iter_lines())
            before = []
            for event in events:
                before.append(event)
                if event.data["progress"] >= 70:
                    break
            assert model.asked.wait(30)
            model.release()
            whole = before + list(events)
        check_whole(whole)
        assert follow(client, path) == whole


def test_all_jobs_are_told_on_one_stream(held: ServerProcess, model: Model, word: str) -> None:
    with held.client() as client, held.client() as sender:
        model.hold()
        with client.stream("GET", "/events") as answer:
            added = [
                upload(sender, f"{n}.pdf", make_pdf([f"Number {n} of {word}."])).json()["job"]
                for n in range(3)
            ]
            assert model.asked.wait(30)
            model.release()
            waiting = {job["id"] for job in added}
            told = []
            for event in read_events(answer.iter_lines()):
                told.append(event)
                if event.data["state"] in ENDED:
                    waiting.discard(event.data["job_id"])
                if not waiting:
                    break
        assert ids(told) == sorted(set(ids(told)))
        for job in added:
            mine = [event for event in told if event.data["job_id"] == job["id"]]
            assert mine == follow(sender, f"{QUEUE}/{job['id']}/events")
        # From a place in the past, the stream goes on behind it.
        resumed = follow(client, "/events", after=told[2].id, count=len(told) - 3)
        assert resumed == told[3:]


def test_a_hundred_readers_all_hear_everything(
    held: ServerProcess, model: Model, word: str
) -> None:
    content = make_pdf([f"Page {n} tells of {word}. " + "Words. " * 60 for n in range(12)])
    model.hold()
    with held.client() as client:
        job = upload(client, "book.pdf", content).json()["job"]
        assert model.asked.wait(30)
        path = f"{QUEUE}/{job['id']}/events"

        async def read(reader: httpx.AsyncClient, opened: asyncio.Semaphore) -> list[Told]:
            lines = []
            async with reader.stream("GET", path) as answer:
                assert answer.status_code == 200
                opened.release()
                async for line in answer.aiter_lines():
                    lines.append(line)
            return list(read_events(iter(lines)))

        async def read_all() -> list[list[Told]]:
            opened = asyncio.Semaphore(0)
            limits = httpx.Limits(max_connections=200)
            async with httpx.AsyncClient(base_url=held.url, timeout=60, limits=limits) as reader:
                readers = [asyncio.create_task(read(reader, opened)) for _ in range(100)]
                for _ in readers:
                    await opened.acquire()
                model.release()
                return await asyncio.gather(*readers)

        heard = asyncio.run(read_all())
        whole = follow(client, path)
        check_whole(whole)
        assert all(told == whole for told in heard)


def test_a_stream_goes_on_over_a_crash(restarting: ServerProcess, model: Model, pdf: bytes) -> None:
    crashing = restarting
    model.hold()
    with crashing.client() as client:
        job = upload(client, "cells.pdf", pdf).json()["job"]
        path = f"{QUEUE}/{job['id']}/events"
        assert model.asked.wait(30)
        seen = follow(client, path, count=4)
    crashing.kill()
    model.release()
    crashing.start()
    with crashing.client() as client:
        rest = follow(client, path, after=seen[-1].id)
        assert rest[-1].data["state"] == "completed"
        assert follow(client, path) == seen + rest
        assert ids(seen + rest) == sorted(set(ids(seen + rest)))
        assert [event.data["state"] for event in seen + rest].count("waiting") == 2
        # The attempt that was lost had got further, so it does not count.
        assert client.get(f"{QUEUE}/{job['id']}").json()["attempts_made"] == 1


def test_a_server_stops_though_streams_are_open(
    restarting: ServerProcess, model: Model, pdf: bytes
) -> None:
    stopping = restarting
    model.hold()
    ended: list[str] = []
    opened = threading.Barrier(7)

    def listen(path: str) -> None:
        with stopping.client() as client, client.stream("GET", path, timeout=60) as answer:
            opened.wait(30)
            ended.append("".join(answer.iter_text()))

    with stopping.client() as client:
        job = upload(client, "cells.pdf", pdf).json()["job"]
        assert model.asked.wait(30)
        paths = ["/events"] * 3 + [f"{QUEUE}/{job['id']}/events"] * 3
        threads = [threading.Thread(target=listen, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        opened.wait(30)
    assert stopping.stop() < 8
    for thread in threads:
        thread.join(10)
    assert len(ended) == 6, "every stream ended in good order"
    model.release()
    stopping.start()
    with stopping.client() as client:
        told = follow(client, f"{QUEUE}/{job['id']}/events")
        assert told[-1].data["state"] == "completed"
        # Handed back at the stop, the job has lost no attempt.
        assert client.get(f"{QUEUE}/{job['id']}").json()["attempts_made"] == 1


def test_an_unknown_job_has_no_stream(client: httpx.Client) -> None:
    refusal(client.get(f"{QUEUE}/no-such-job-0/events"), 404, "job_not_found")


def test_a_stream_is_kept_alive_by_comments(first_comment: Future[float]) -> None:
    assert first_comment.result(timeout=25) < 20
