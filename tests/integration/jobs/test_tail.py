"""Streams of events: whole, in order, resumed where they broke off, closed when too slow."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from job_layer import USER, Jobs, open_database, wait_for
from studyq.database.engine import Database
from studyq.jobs import tail as tail_module
from studyq.jobs.context import JobContext
from studyq.jobs.errors import PermanentError
from studyq.jobs.events import Event, events_after
from studyq.jobs.registry import Outcome
from studyq.jobs.tail import EventTail

PATIENCE = 30  #: seconds for an event to arrive


@pytest.fixture
def tail(database: Database) -> Iterator[EventTail]:
    reader = EventTail(database)
    reader.start()
    yield reader
    reader.stop()


def report(steps: int) -> Callable[[JobContext], Outcome]:
    def work(context: JobContext) -> Outcome:
        for step in range(steps):
            context.progress(step, f"Step {step}")
        return Outcome()

    return work


def stored(database: Database, job: str | None = None) -> list[int]:
    with database.read() as session:
        return [event.id for event in events_after(session, 0, job_id=job, limit=-1)]


async def take(stream: AsyncIterator[Event], count: int) -> list[Event]:
    async with asyncio.timeout(PATIENCE):
        return [await anext(stream) for _ in range(count)]


async def take_all(stream: AsyncIterator[Event]) -> list[Event]:
    async with asyncio.timeout(PATIENCE):
        return [event async for event in stream]


def test_stream_of_a_job_begins_with_its_first_event_and_ends_with_its_last(
    jobs: Jobs, tail: EventTail
) -> None:
    jobs.handle(report(5))
    job = jobs.add()

    async def read() -> list[Event]:
        runner = asyncio.create_task(asyncio.to_thread(jobs.drain))
        seen = await take_all(tail.follow(user_id=USER, job_id=job))
        await runner
        return seen

    seen = asyncio.run(read())
    assert [event.id for event in seen] == stored(jobs.database, job)
    assert [event.terminal for event in seen].count(True) == 1
    assert seen[-1].state == "completed"
    assert tail.clients == 0


@pytest.mark.parametrize("place", [0, 1, 3, 6])
def test_broken_stream_goes_on_behind_the_last_event_seen(
    jobs: Jobs, tail: EventTail, place: int
) -> None:
    jobs.handle(report(5))
    job = jobs.add()
    jobs.drain()
    ids = stored(jobs.database, job)
    seen = asyncio.run(take_all(tail.follow(user_id=USER, job_id=job, after=ids[place])))
    assert [event.id for event in seen] == (ids[place + 1 :] or ids[-1:])


def test_reader_who_has_seen_the_end_gets_it_again_instead_of_silence(
    jobs: Jobs, tail: EventTail
) -> None:
    jobs.handle(report(1))
    job = jobs.add()
    jobs.drain()
    last = stored(jobs.database, job)[-1]
    for place in (last, last + 1000):
        seen = asyncio.run(take_all(tail.follow(user_id=USER, job_id=job, after=place)))
        assert [(event.id, event.state) for event in seen] == [(last, "completed")]


def test_job_that_was_retried_is_followed_into_its_second_life(jobs: Jobs, tail: EventTail) -> None:
    def work(context: JobContext) -> Outcome:
        if context.attempt == 1:
            raise PermanentError("no_hope", "This cannot go well.")
        return Outcome()

    jobs.handle(work)
    job = jobs.add()
    jobs.drain()
    jobs.retry(job)

    async def read() -> list[Event]:
        async with aclosing(tail.follow(user_id=USER, job_id=job)) as stream:
            before = await take(stream, 4)
            runner = asyncio.create_task(asyncio.to_thread(jobs.drain))
            after = await take_all(stream)
            await runner
            return before + after

    states = [event.state for event in asyncio.run(read())]
    assert states == ["waiting", "active", "failed", "waiting", "active", "completed"]


def test_everybody_sees_everything_of_their_own_while_it_is_written(
    jobs: Jobs, tail: EventTail
) -> None:
    jobs.handle(report(20))
    jobs.add()  # before anybody listens

    async def read() -> list[list[Event]]:
        streams = [tail.follow(user_id=USER, after=0) for _ in range(10)]
        stranger = tail.follow(user_id="somebody else")
        silence = asyncio.create_task(anext(stranger))
        readers = [asyncio.create_task(take(stream, 10 * 22)) for stream in streams]

        def write() -> None:
            for _ in range(9):
                jobs.add()
                jobs.drain()

        await asyncio.to_thread(write)
        seen = await asyncio.gather(*readers)
        assert not silence.done()
        silence.cancel()
        await asyncio.gather(silence, return_exceptions=True)
        for stream in [*streams, stranger]:
            await stream.aclose()
        return seen

    seen = asyncio.run(read())
    assert all([event.id for event in events] == stored(jobs.database) for events in seen)


def test_commits_of_other_processes_are_noticed(
    jobs: Jobs, tail: EventTail, tmp_path: Path
) -> None:
    async def read() -> list[Event]:
        async with aclosing(tail.follow(user_id=USER)) as stream:
            first = asyncio.create_task(anext(stream))
            await asyncio.to_thread(wait_for, lambda: tail.clients == 1, "the stream")
            with open_database(tmp_path) as other:  # which nobody here listens to
                writing = Jobs(other)
                seen = []
                for _ in range(3):
                    await asyncio.to_thread(writing.add)
                    seen.append(await asyncio.wait_for(first, PATIENCE))
                    first = asyncio.create_task(anext(stream))
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            return seen

    assert [event.id for event in asyncio.run(read())] == stored(jobs.database)


def test_slow_reader_is_let_go_and_misses_nothing_when_it_comes_back(
    jobs: Jobs, tail: EventTail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail_module, "BACKLOG", 10)

    def add(count: int) -> None:
        for _ in range(count):
            jobs.add()

    async def read_on(seen: list[int], *, doze: bool) -> None:
        place = seen[-1] if seen else 0
        async with aclosing(tail.follow(user_id=USER, after=place)) as stream:
            if doze:  # more is told meanwhile than is kept for it
                add(1)
                seen += [event.id for event in await take(stream, 1)]
                await asyncio.to_thread(add, 25)
                await asyncio.sleep(0.2)
            async with asyncio.timeout(PATIENCE):
                async for event in stream:
                    seen.append(event.id)
                    if event.id == stored(jobs.database)[-1]:
                        return

    async def read() -> list[int]:
        seen: list[int] = []
        for _ in range(3):
            await read_on(seen, doze=True)
        while seen[-1] != stored(jobs.database)[-1]:
            await read_on(seen, doze=False)
        return seen

    assert asyncio.run(read()) == stored(jobs.database)


def test_streams_end_when_the_service_stops(jobs: Jobs, tail: EventTail) -> None:
    job = jobs.add()

    async def read() -> list[Event]:
        stopper = threading.Timer(0.1, tail.stop)
        stopper.start()
        seen = await take_all(tail.follow(user_id=USER, job_id=job))
        stopper.join()
        return seen

    assert [event.state for event in asyncio.run(read())] == ["waiting"]
