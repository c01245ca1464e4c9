"""Kills, freezes, bells and locks at random moments; all invariants hold when it is over."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from crash.arena import Arena, WorkerProcess
from crash.ledger import query

Say = Callable[[str], None]

LEASE = 1.2  #: seconds; freezes must outlast it


def settle(arena: Arena, say: Say, what: str) -> None:
    """Drain with a healthy process, stop it gracefully, look at everything."""
    arena.start()
    assert arena.drain(), arena.check()
    for worker in arena.workers:
        if worker.alive:
            arena.stop(worker)
    assert arena.check() == []
    say(f"{what}: {arena.tally()}")


@pytest.mark.parametrize("rings", ["lost", "doubled"])
def test_kills_with_rings_lost_or_doubled(arena: Arena, say: Say, rounds: int, rings: str) -> None:
    count = max(2, rounds // 10)
    for _ in range(count):
        worker = arena.start(ready=False, mutations=(f"with_rings_{rings}",))
        if arena.random.random() < 0.8:
            worker.await_ready()
        for _ in range(4):
            arena.add_mixture(2)
            time.sleep(arena.random.uniform(0, 0.2))
            arena.cancel_some()
        arena.kill(worker)
    # To the end with such bells only: they change nothing.
    worker = arena.start(mutations=(f"with_rings_{rings}",))
    assert arena.drain(), arena.check()
    arena.stop(worker)
    settle(arena, say, f"{count} kills with every ring {rings}")


def test_freezes_beyond_the_lease(arena: Arena, say: Say, rounds: int) -> None:
    count = max(2, rounds // 5)
    pair = [arena.start(lease=LEASE, heartbeat=0.3) for _ in range(2)]
    for _ in range(count):
        arena.add_mixture(8)
        time.sleep(arena.random.uniform(0.02, 0.15))
        with arena.freeze(arena.random.choice(pair)):
            arena.try_to_add(4)
            time.sleep(LEASE + arena.random.uniform(0.3, 0.8))
        arena.cancel_some()
    settle(arena, say, f"{count} freezes beyond the lease")


def test_database_locked_for_longer_than_the_busy_timeout(
    arena: Arena, say: Say, rounds: int
) -> None:
    count = max(2, rounds // 10)

    def start() -> WorkerProcess:
        return arena.start(busy_timeout=0.2)

    worker = start()
    for number in range(count):
        arena.add_mixture(8)
        time.sleep(arena.random.uniform(0, 0.15))
        with arena.locked():
            time.sleep(arena.random.uniform(0.4, 2.8))
            if number % 3 == 2:
                arena.kill(worker)
        if not worker.alive:
            worker = start()
        arena.cancel_some()
    settle(arena, say, f"{count} locks longer than the busy timeout")


def test_graceful_stops(arena: Arena, say: Say, rounds: int) -> None:
    count = max(2, rounds // 10)
    for _ in range(count):
        worker = arena.start(grace=arena.random.choice([0.0, 0.3]))
        arena.add_mixture(10)
        time.sleep(arena.random.uniform(0, 0.3))
        arena.stop(worker)
    settle(arena, say, f"{count} graceful stops")
    lost = query(arena.path, "SELECT id FROM jobs WHERE losses > 0")
    assert lost == [], "a job handed back at a graceful stop loses no attempt"
