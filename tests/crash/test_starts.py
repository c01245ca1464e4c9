"""Starts that are special: several at once on nothing, and with a job that kills its process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import httpx

from crash.arena import Arena
from crash.ledger import query, read_runs
from crash.service import Service

Say = Callable[[str], None]


def test_services_start_at_once_on_an_empty_folder(tmp_path: Path, say: Say, rounds: int) -> None:
    count = max(1, rounds // 50)
    for number in range(count):
        data = tmp_path / str(number)
        data.mkdir()
        with ExitStack() as stack:
            services = [
                stack.enter_context(closing(Service(data, {"STUDYQ_EMBEDDING": "none"})))
                for _ in range(3)
            ]
            for service in services:
                service.spawn()
            for service in services:
                service.await_live()
                assert httpx.get(f"{service.url}/health/ready", timeout=30).is_success
            workers = query(data / "studyq.db", "SELECT count(*) FROM workers")[0][0]
            assert workers == len(services)
            assert [service.stop() for service in services] == [0, 0, 0]
            assert query(data / "studyq.db", "SELECT * FROM workers") == []
    say(f"{count} times three services at once on an empty folder")


def errors_of(arena: Arena, job: str) -> list[str]:
    """The codes of what went wrong with a job, attempt by attempt."""
    errors = "SELECT value ->> 'code' FROM jobs, json_each(errors) WHERE jobs.id = ?"
    return [code for (code,) in query(arena.path, errors, job)]


def test_job_that_kills_its_process_cannot_do_so_for_ever(arena: Arena, say: Say) -> None:
    poison = arena.add("poison")
    others = [arena.add("short") for _ in range(5)]
    starts = 0
    while query(arena.path, "SELECT state FROM jobs WHERE id = ?", poison) != [("failed",)]:
        starts += 1
        assert starts < 10, "a poison job still runs after ten starts"
        worker = arena.start(backoff=1.0)
        arena.wait_for(
            lambda worker=worker: not worker.alive or arena.state(poison) == "failed",  # type: ignore[misc]
            "the poison's effect",
        )
    assert arena.drain()
    runs = [run for run in read_runs(arena.folder / "runs.jsonl") if run.job_id == poison]
    assert (len(runs), errors_of(arena, poison)) == (3, ["worker_lost"] * 3)
    assert {arena.state(job) for job in others} == {"completed"}, "it took others along"
    for worker in arena.workers:
        if worker.alive:
            arena.stop(worker)
    # A process that killed itself ended right when its last run began.
    arena.killed.update({run.pid: run.at for run in runs})
    assert arena.check() == []
    say(f"{len(runs)} runs, {starts} starts; {arena.tally()}")
