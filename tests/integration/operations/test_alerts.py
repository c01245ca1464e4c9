"""Incidents: each condition, told of once, over restarts, several processes and odd clocks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from job_layer import QUEUE, Jobs
from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.context import JobContext
from studyq.jobs.errors import PermanentError
from studyq.jobs.models import Duty, Job, Queue, State, Worker
from studyq.jobs.registry import NOTIFICATIONS, Outcome
from studyq.operations.alerts import AlertWatch, open_incidents, recent_incidents, record
from studyq.operations.conditions import Finding, in_words
from studyq.operations.models import Incident
from studyq.operations.webhooks import WEBHOOK_JOB
from studyq.settings import Settings

WORKING = QUEUE  #: the only queue of these tests that has a handler


@dataclass
class Time:
    """Clocks that a test moves; they start at the real time."""

    passed: float = 0.0
    jumped: float = 0.0

    def wall(self) -> int:
        return now() + round((self.passed + self.jumped) * 1e6)

    def monotonic(self) -> float:
        return time.monotonic() + self.passed


@dataclass
class Service:
    """Processes that look at one database, and what came of it."""

    jobs: Jobs
    data: Path
    time: Time = field(default_factory=Time)
    settings: dict[str, Any] = field(default_factory=dict)

    def watch(self, **changed: Any) -> AlertWatch:
        """What a process that has just started looks with."""
        wishes = {"min_free": 0, "alert_webhook": "https://hook.example/", **self.settings}
        return AlertWatch(
            self.jobs.database,
            Settings(data=self.data, **{**wishes, **changed}),
            self.jobs.registry,
            wall=self.time.wall,
            monotonic=self.time.monotonic,
        )

    def pass_by(self, watch: AlertWatch, seconds: float, *, every: float = 5.0) -> None:
        """Let time pass, while somebody looks and messages go out."""
        sent = (
            sa.update(Job)
            .where(Job.queue == NOTIFICATIONS, Job.finished_at.is_(None))
            .values(state=State.COMPLETED, finished_at=self.time.wall())
        )
        for _ in range(round(seconds / every)):
            self.time.passed += every
            watch.look()
            with self.jobs.database.write() as session:
                session.execute(sent)

    def serve(self, queues: tuple[str, ...] = (WORKING, NOTIFICATIONS), **values: Any) -> None:
        """Let a worker show that it is alive."""
        at = self.time.wall()
        row = {"id": "w", "host": "elsewhere", "pid": 1, "pid_started": "1", "started_at": at}
        with self.jobs.database.write() as session:
            session.merge(Worker(**row, **{"seen_at": at, "queues": list(queues), **values}))

    @property
    def open(self) -> list[tuple[str, str]]:
        with self.jobs.database.read() as session:
            return [(incident.kind, incident.about) for incident in open_incidents(session)]

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """What the webhook was told, in its order."""
        with self.jobs.database.read() as session:
            payloads = session.scalars(
                sa.select(Job.payload).where(Job.name == WEBHOOK_JOB).order_by(Job.id)
            ).all()
        return [(told["kind"], told["about"], told["state"]) for told in payloads]


@pytest.fixture
def service(jobs: Jobs, tmp_path: Path) -> Service:
    """A service with one worker that seems to live for ever."""
    made = Service(jobs, tmp_path)
    made.serve(seen_at=now() + 10**15)
    jobs.handle(lambda _: Outcome())
    return made


def test_all_is_well(service: Service) -> None:
    watch = service.watch()
    service.pass_by(watch, 60)
    assert watch.look() == ""
    assert not watch.has_news()
    assert (service.open, service.told) == ([], [])


def test_says_what_it_did(service: Service) -> None:
    bad = service.watch(min_free=10**18)
    assert bad.has_news()
    assert bad.look() == "opened: disk"
    assert bad.look() == ""
    service.time.passed += 60
    good = service.watch()
    assert good.has_news()
    assert good.look() == "resolved: disk"
    assert not good.has_news()


class TestWaiting:
    def test_is_told_once_and_so_is_its_end(self, service: Service) -> None:
        watch = service.watch()
        job_id = service.jobs.add()
        service.pass_by(watch, 295)
        assert service.open == []
        service.pass_by(watch, 60)
        service.pass_by(service.watch(), 60)
        assert service.open == [("waiting", QUEUE)]
        service.jobs.drain()
        service.pass_by(watch, 10)
        assert service.open == [("waiting", QUEUE)]
        service.pass_by(watch, 60)
        assert service.open == []
        assert service.told == [("waiting", QUEUE, "opened"), ("waiting", QUEUE, "resolved")]
        assert service.jobs.row(job_id).state == State.COMPLETED

    def test_says_what_and_what_next(self, service: Service) -> None:
        watch = service.watch()
        service.jobs.add()
        service.jobs.add()
        with structlog.testing.capture_logs() as lines:
            service.pass_by(watch, 600)
            service.jobs.drain()
            service.pass_by(watch, 60)
        with service.jobs.database.read() as session:
            (incident,) = recent_incidents(session)
        assert incident.message.startswith(f"2 jobs in {QUEUE} waited")
        assert "10 min" in incident.message
        assert incident.next_step
        assert incident.resolved_at is not None
        opened, resolved = lines
        assert (opened["event"], opened["log_level"]) == ("incident opened", "error")
        assert (resolved["event"], resolved["log_level"]) == ("incident resolved", "info")

    def test_many_jobs_are_one_incident(self, service: Service) -> None:
        watch = service.watch()
        for _ in range(50):
            service.jobs.add()
        service.pass_by(watch, 400)
        assert service.told == [("waiting", QUEUE, "opened")]

    def test_what_is_delayed_does_not_wait(self, service: Service) -> None:
        watch = service.watch()
        service.jobs.add(delay=3600)
        service.pass_by(watch, 1000, every=50)
        assert service.open == []

    def test_a_paused_queue_is_no_incident(self, service: Service) -> None:
        watch = service.watch()
        service.jobs.add()
        pause(service, True)
        service.pass_by(watch, 1000, every=20)
        assert service.open == []
        pause(service, False)
        service.pass_by(watch, 280)
        assert service.open == []  # it has waited for workers for less than five minutes
        service.pass_by(watch, 60)
        assert service.open == [("waiting", QUEUE)]

    def test_the_time_that_nothing_ran_does_not_count(self, service: Service) -> None:
        service.jobs.add()
        service.time.passed += 8 * 3600
        watch = service.watch()
        service.pass_by(watch, 280)
        assert service.open == []

    def test_a_restart_neither_ends_nor_repeats_it(self, service: Service) -> None:
        service.jobs.add()
        service.pass_by(service.watch(), 400)
        for _ in range(5):
            service.time.passed += 100
            service.pass_by(service.watch(), 60)
        assert service.told == [("waiting", QUEUE, "opened")]

    def test_a_lost_attempt_was_not_waiting(self, service: Service) -> None:
        """Its job keeps its place in the queue by the time since when it was due."""
        watch = service.watch()
        at = service.time.wall
        job_id = service.jobs.add()
        service.time.passed += 1000
        service.jobs.update(job_id, progressed_at=at())
        watch.look()
        assert service.open == []

    def test_can_be_switched_off(self, service: Service) -> None:
        watch = service.watch(alert_waiting=0.0)
        service.jobs.add()
        service.pass_by(watch, 1000, every=50)
        assert service.open == []


class TestStalled:
    def test_is_told(self, service: Service) -> None:
        watch = service.watch()
        seen = []

        def work(context: JobContext) -> Outcome:
            service.pass_by(watch, 550, every=50)
            seen.append(service.open)
            service.pass_by(watch, 100, every=50)
            seen.append(service.open)
            service.jobs.update(context.job_id, progressed_at=service.time.wall())
            service.pass_by(watch, 30)
            seen.append(service.open)
            return Outcome()

        service.jobs.handle(work)
        service.jobs.add()
        service.jobs.drain()
        assert seen == [[], [("stalled", QUEUE)], []]
        assert service.told == [("stalled", QUEUE, "opened"), ("stalled", QUEUE, "resolved")]


class TestFailureRate:
    @pytest.fixture
    def end(self, service: Service) -> Callable[[int, int], None]:
        def fail(_: JobContext) -> Outcome:
            raise PermanentError("broken", "It is broken.")

        service.jobs.handle(fail, "failing")

        def end_jobs(completed: int, failed: int) -> None:
            for name, number in (("work", completed), ("failing", failed)):
                for _ in range(number):
                    service.jobs.add(name)
            service.jobs.drain()

        return end_jobs

    @pytest.mark.parametrize(
        ("completed", "failed", "tells"), [(0, 4, False), (0, 5, True), (5, 5, True), (6, 5, False)]
    )
    def test_is_told(
        self, service: Service, end: Any, completed: int, failed: int, tells: bool
    ) -> None:
        end(completed, failed)
        service.watch().look()
        assert service.open == ([("failure_rate", QUEUE)] if tells else [])

    def test_ends_when_enough_go_well(self, service: Service, end: Any) -> None:
        watch = service.watch()
        end(5, 5)
        watch.look()
        end(1, 0)  # just under the line: not yet the end of it
        service.pass_by(watch, 60)
        assert service.open == [("failure_rate", QUEUE)]
        end(10, 0)
        service.pass_by(watch, 60)
        assert service.open == []

    def test_ends_when_they_are_long_ago(self, service: Service, end: Any) -> None:
        watch = service.watch()
        end(0, 5)
        watch.look()
        service.pass_by(watch, 960, every=20)
        assert service.open == []

    def test_counts_no_further_back_than_completed_jobs_are_kept(
        self, service: Service, end: Any
    ) -> None:
        watch = service.watch(retention_completed=60.0)
        end(0, 5)
        service.time.passed += 120
        watch.look()
        assert service.open == []


class TestConsumer:
    def test_is_told_when_the_last_worker_falls_silent(self, service: Service) -> None:
        watch = service.watch()
        service.serve()
        service.pass_by(watch, 25)
        assert service.open == []
        service.pass_by(watch, 60)
        assert service.open == [("consumer", QUEUE)]
        service.serve(seen_at=service.time.wall() + 10**15)
        service.pass_by(watch, 30)
        assert service.told == [("consumer", QUEUE, "opened"), ("consumer", QUEUE, "resolved")]

    def test_a_worker_that_is_replaced_is_no_incident(self, service: Service) -> None:
        watch = service.watch()
        service.pass_by(watch, 300)
        for gone, opened in ((20, []), (40, [("consumer", QUEUE)])):
            with service.jobs.database.write() as session:
                session.execute(sa.delete(Worker))
            service.pass_by(watch, gone)
            assert service.open == opened
            service.serve(seen_at=service.time.wall() + 10**15)
            service.pass_by(watch, 30)
            assert service.open == []

    def test_a_worker_for_other_queues_is_none(self, service: Service) -> None:
        watch = service.watch()
        service.serve((NOTIFICATIONS,), seen_at=service.time.wall() + 10**15)
        service.pass_by(watch, 60)
        assert service.open == [("consumer", QUEUE)]

    def test_queues_without_work_need_none(self, service: Service) -> None:
        """Of the queues, this version has a handler for one; in the others nobody waits."""
        watch = service.watch()
        service.pass_by(watch, 60)
        assert service.open == []
        job_id = service.jobs.add()
        service.jobs.update(job_id, queue="test-analysis")
        service.pass_by(watch, 60)
        assert service.open == [("consumer", "test-analysis")]

    def test_a_paused_queue_needs_none(self, service: Service) -> None:
        watch = service.watch()
        pause(service, True)
        service.serve()
        service.pass_by(watch, 600, every=20)
        assert service.open == []

    def test_a_machine_that_wakes_up_is_no_incident(self, service: Service) -> None:
        watch = service.watch()
        service.serve()
        service.pass_by(watch, 20)
        service.time.jumped += 8 * 3600
        service.pass_by(watch, 10)
        service.serve(seen_at=service.time.wall() + 10**15)
        service.pass_by(watch, 60)
        assert service.told == []


class TestOthers:
    def test_disk(self, service: Service) -> None:
        service.pass_by(service.watch(min_free=10**18), 30)
        assert service.open == [("disk", "")]
        service.pass_by(service.watch(), 30)
        assert service.told == [("disk", "", "opened"), ("disk", "", "resolved")]

    def test_a_duty_that_keeps_failing(self, service: Service) -> None:
        watch = service.watch()
        duty = Duty(name="backups", due_at=0, outcome="No space is left.", failed=True, cursor=0)
        with service.jobs.database.write() as session:
            session.add(duty)
        service.pass_by(watch, 55)
        assert service.open == []
        service.pass_by(watch, 20)
        assert service.open == [("duty", "backups")]

    def test_a_transport_that_does_not_ring(self, service: Service) -> None:
        watch = service.watch()
        service.serve(seen_at=service.time.wall() + 10**15, transport_error="Redis is away.")
        service.pass_by(watch, 25)
        assert service.open == []
        service.pass_by(watch, 20)
        assert service.open == [("transport", "")]

    def test_of_the_webhook_s_own_queue_no_webhook_tells(self, service: Service) -> None:
        service.jobs.registry.handler(NOTIFICATIONS, "any")(lambda _: Outcome())
        watch = service.watch()
        service.serve((QUEUE,), seen_at=service.time.wall() + 10**15)
        service.pass_by(watch, 60)
        assert service.open == [("consumer", NOTIFICATIONS)]
        assert service.told == []


class TestOnce:
    def test_with_several_processes(self, service: Service) -> None:
        service.jobs.add()
        watches = [service.watch() for _ in range(6)]
        service.time.passed += 400
        start = threading.Barrier(len(watches))

        def look(watch: AlertWatch) -> None:
            start.wait()
            watch.look()

        threads = [threading.Thread(target=look, args=(watch,)) for watch in watches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert service.told == [("waiting", QUEUE, "opened")]

    def test_without_a_webhook_there_is_no_job(self, service: Service) -> None:
        service.watch(alert_webhook="", min_free=10**18).look()
        assert (service.open, service.told) == ([("disk", "")], [])

    def test_the_incident_is_written_with_its_message_or_not_at_all(self, service: Service) -> None:
        with service.jobs.database.write() as session:
            session.execute(sa.delete(Queue).where(Queue.name == NOTIFICATIONS))
        with pytest.raises(sa.exc.IntegrityError):
            service.watch(min_free=10**18).look()
        assert service.open == []

    def test_what_comes_and_goes_is_damped(self, service: Service) -> None:
        """A disk at the very line, for an hour: away for 20 s, and there again for 20 s."""
        good, bad = service.watch(), service.watch(min_free=10**18)
        for _ in range(90):
            service.pass_by(bad, 20)
            service.pass_by(good, 20)
        opened = [told for told in service.told if told[2] == "opened"]
        assert 1 <= len(opened) <= 8

    def test_a_clock_put_back_does_not_hold_an_incident_open(self, service: Service) -> None:
        service.pass_by(service.watch(min_free=10**18), 10)
        watch = service.watch()
        service.time.jumped -= 7200
        service.pass_by(watch, 60)
        assert service.open == []

    def test_old_incidents_are_deleted(self, service: Service) -> None:
        service.watch(min_free=10**18).look()
        service.time.passed += 60
        service.watch().look()
        for days, left in ((29, 1), (2, 0)):
            service.time.passed += days * 86_400
            service.serve(seen_at=service.time.wall() + 10**15)
            service.watch().look()
            with service.jobs.database.read() as session:
                assert len(recent_incidents(session)) == left


def test_at_most_one_is_open_for_a_kind_and_a_matter(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.write() as session:
        for number in "12":
            session.add(
                Incident(id=number, kind="disk", about="", message="", next_step="", opened_at=1,
                         seen_at=1)
            )  # fmt: skip


def test_what_is_told_says_what_it_was_at_the_time(database: Database) -> None:
    finding = Finding("disk", "", "5 MB are free.", "Free some.", opens=True)
    with database.write() as session:
        (opened,) = record(session, [finding], 10**6, webhook=True)
        (resolved,) = record(session, [], 61 * 10**6, webhook=True)
        told = session.scalars(sa.select(Job.payload).order_by(Job.id)).all()
    assert (opened.turn, opened.seconds) == ("opened", 0)
    assert (resolved.turn, resolved.seconds) == ("resolved", 60)
    assert [(each["state"], each["at"]) for each in told] == [
        ("opened", "1970-01-01T00:00:01.000000Z"),
        ("resolved", "1970-01-01T00:01:01.000000Z"),
    ]
    assert told[0]["id"] == told[1]["id"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (300, "5 min"), (7200, "2 h"), (200_000, "2 days")],
)
def test_lengths_of_time(seconds: float, said: str) -> None:
    assert in_words(seconds) == said


def pause(service: Service, paused: bool) -> None:
    with service.jobs.database.write() as session:
        session.execute(sa.update(Queue).where(Queue.name == QUEUE).values(paused=paused))
