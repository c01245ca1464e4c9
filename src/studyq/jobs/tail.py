"""One reader of new job events per process, for any number of streams."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog

from studyq.database.engine import Database
from studyq.jobs.commits import data_version
from studyq.jobs.events import EVENTS_TOPIC, Event, events_after, last_event_id, last_event_of

log = structlog.get_logger("studyq.jobs")

POLL = 0.03  #: seconds between two looks for commits of other processes
BACKLOG = 1000  #: events that a slow reader may be behind before its stream is closed


@dataclass(eq=False)
class Subscription:
    """A stream's place in the tail."""

    loop: asyncio.AbstractEventLoop
    job_id: str | None
    user_id: str
    events: asyncio.Queue[Event | None] = field(
        default_factory=lambda: asyncio.Queue(maxsize=BACKLOG)
    )

    def wants(self, event: Event) -> bool:
        """Whether an event belongs into this stream."""
        if self.job_id is not None:
            return event.job_id == self.job_id
        return event.user_id == self.user_id


class EventTail:
    """Reads new events when a local commit or another process's says so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._subscriptions: set[Subscription] = set()
        self._changed = threading.Condition()
        self._seen = 0
        self._kicked = False
        self._over = False
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="studyq-tail", daemon=True)

    @property
    def clients(self) -> int:
        """How many streams are open."""
        return len(self._subscriptions)

    def start(self) -> None:
        """Start reading."""
        self._database.listen(self._heard)
        self._thread.start()

    def stop(self) -> None:
        """End all streams and the reader."""
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join()

    async def follow(
        self, *, user_id: str, job_id: str | None = None, after: int | None = None
    ) -> AsyncGenerator[Event]:
        """Events from a place on, without gap or repetition, until the job has ended.

        Args:
            user_id: whose events.
            job_id: one job's events only, from its first one on; None for all of the user's.
            after: the id that the client has seen last.
        """
        subscription = Subscription(asyncio.get_running_loop(), job_id, user_id)
        try:
            # First subscribe, then read what was before: no gap.
            await asyncio.to_thread(self._subscribe, subscription)
            seen = await asyncio.to_thread(self._place, job_id, after)
            over = False
            async for event in self._backlog(subscription, seen):
                # A job that was retried goes on behind an end.
                seen, over = event.id, event.terminal
                yield event
            if job_id is not None and over:
                return
            while (live := await subscription.events.get()) is not None:
                if live.id > seen:
                    yield live
                    if job_id is not None and live.terminal:
                        return
        finally:
            with self._changed:
                self._subscriptions.discard(subscription)

    def _subscribe(self, subscription: Subscription) -> None:
        with self._changed:
            if not self._subscriptions:
                with self._database.read() as session:
                    self._seen = last_event_id(session)
            self._subscriptions.add(subscription)
            self._kicked = True
            self._changed.notify()
        if self._ending:  # too late for `end_streams` to have seen it
            subscription.loop.call_soon_threadsafe(_end, subscription)

    def _place(self, job_id: str | None, after: int | None) -> int:
        """The id to go on from; a place that the job never had counts as none."""
        with self._database.read() as session:
            newest = last_event_id(session)
            if job_id is None:
                return newest if after is None or not 0 <= after <= newest else after
            last = last_event_of(session, job_id)
        if after is None or after < 0:
            return 0
        # A client that has seen everything of an ended job, or names an id from nowhere, gets
        # the current snapshot instead of silence.
        if last is not None and (after > newest or (last.terminal and after >= last.id)):
            return last.id - 1
        return after

    async def _backlog(self, subscription: Subscription, seen: int) -> AsyncIterator[Event]:
        while True:
            batch = await asyncio.to_thread(self._read, subscription, seen)
            for event in batch:
                seen = event.id
                yield event
            if len(batch) < BACKLOG:
                return

    def _read(self, subscription: Subscription, seen: int) -> list[Event]:
        with self._database.read() as session:
            return events_after(
                session, seen, job_id=subscription.job_id, user_id=subscription.user_id,
                limit=BACKLOG,
            )  # fmt: skip

    def _heard(self, topics: frozenset[str]) -> None:
        if EVENTS_TOPIC in topics and self._subscriptions:
            with self._changed:
                self._kicked = True
                self._changed.notify()

    def _run(self) -> None:
        version = 0
        # Its own connection: data_version counts the commits of all others.
        watch = self._database.connect()
        try:
            while self._wait():
                try:
                    current = data_version(watch)
                    if current != version:
                        self._pass_on()
                        version = current
                except sa.exc.OperationalError:
                    log.exception("events not read")
        finally:
            watch.close()
            self.end_streams()

    def _wait(self) -> bool:
        with self._changed:
            if not self._kicked and not self._over:
                self._changed.wait(POLL if self._subscriptions else None)
            self._kicked = False
            return not self._over

    def _pass_on(self) -> None:
        with self._changed:
            with self._database.read() as session:
                events = events_after(session, self._seen, limit=-1)
            if not events:
                return
            self._seen = events[-1].id
            by_loop: dict[asyncio.AbstractEventLoop, list[Subscription]] = {}
            for subscription in self._subscriptions:
                by_loop.setdefault(subscription.loop, []).append(subscription)
        for loop, members in by_loop.items():
            with suppress(RuntimeError):  # the loop has closed, and its streams with it
                loop.call_soon_threadsafe(_deliver, members, events)

    def end_streams(self) -> None:
        """End all streams in good order; their clients come back. A signal handler may call it."""
        self._ending = True
        for subscription in list(self._subscriptions):
            with suppress(RuntimeError):
                subscription.loop.call_soon_threadsafe(_end, subscription)


def _deliver(subscriptions: list[Subscription], events: list[Event]) -> None:
    for subscription in subscriptions:
        for event in events:
            if subscription.wants(event):
                if subscription.events.full():
                    _end(subscription)
                    break
                subscription.events.put_nowait(event)


def _end(subscription: Subscription) -> None:
    """End a stream; its client comes back with the last id that it has seen.

    What it has not taken yet goes as a whole: an event left out in the middle would be a gap.
    """
    while not subscription.events.empty():
        subscription.events.get_nowait()
    subscription.events.put_nowait(None)
