"""The suite notices when the job layer is broken: each scenario is clean, then it is not.

Each is arranged so that the mutation must show, whatever the machine's load.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crash.arena import Arena
from crash.ledger import query, read_runs

Say = Callable[[str], None]
PATIENCE = 8.0  #: seconds after which a job that cannot end counts as stuck; several leases


def is_started(arena: Arena, job: str, token: int) -> bool:
    """Whether a handler has begun an execution."""
    return _is_logged(arena, "start", job, token)


def is_ended(arena: Arena, job: str, token: int) -> bool:
    """Whether it has returned from it; its end may still have to be written."""
    return _is_logged(arena, "end", job, token)


def _is_logged(arena: Arena, what: str, job: str, token: int) -> bool:
    runs = read_runs(arena.folder / "runs.jsonl")
    return any((run.what, run.job_id, run.token) == (what, job, token) for run in runs)


def open_gate(arena: Arena, job: str, token: int) -> None:
    """Let one execution of a gated job come to its end."""
    (arena.folder / f"gate-{job}-{token}").touch()


def play_stale_worker(arena: Arena, *mutations: str) -> list[str]:
    """A worker is frozen within a job, another one takes the job, the first one thaws."""
    job = arena.add("gated")
    frozen = arena.start(lease=1.0, heartbeat=0.3, mutations=mutations)
    arena.wait_for(lambda: is_started(arena, job, 1), "the first execution")
    with arena.freeze(frozen, between_writes=True):
        arena.start(mutations=mutations)
        arena.wait_for(lambda: is_started(arena, job, 2), "the second execution")
        open_gate(arena, job, 1)
    arena.wait_for(
        lambda: arena.state(job) == "completed" or frozen.says("lease lost"),
        "the thawed one's last write, or its refusal",
    )
    open_gate(arena, job, 2)
    arena.drain(PATIENCE)
    return arena.check()


def play_killed_worker(arena: Arena, *mutations: str) -> list[str]:
    """A worker is killed within a job; another process starts."""
    job = arena.add("gated")
    worker = arena.start(mutations=mutations)
    arena.wait_for(lambda: is_started(arena, job, 1), "the first execution")
    arena.kill(worker)
    for token in (1, 2):
        open_gate(arena, job, token)
    arena.start(mutations=mutations)
    arena.drain(PATIENCE)
    return arena.check()


def play_unwritten_finish(arena: Arena, *mutations: str) -> list[str]:
    """A job's last write fails while its process goes on living."""
    arena.add("unfinishable")
    arena.start(lease=1.0, heartbeat=0.3, mutations=mutations)
    arena.drain(PATIENCE)
    return arena.check()


def play_killed_within_a_chain(arena: Arena, *mutations: str) -> list[str]:
    """A worker is killed within a job that others come after; another process starts."""
    last = first = arena.add("gated")
    for _ in range(2):
        last = arena.add("short", after=last)
    worker = arena.start(mutations=mutations)
    arena.wait_for(lambda: is_started(arena, first, 1), "the first execution")
    arena.kill(worker)
    for token in (1, 2):
        open_gate(arena, first, token)
    arena.start(mutations=mutations)
    arena.drain(PATIENCE)
    return arena.check()


def play_group_with_a_failure(arena: Arena, *mutations: str) -> list[str]:
    """Three jobs finish while the database is locked, so together; the effects of one fail."""
    names = ("short", "raising_effects", "short")
    jobs = [arena.add(name, payload={"seconds": 0.6}) for name in names]
    arena.start(mutations=mutations)
    arena.wait_for(lambda: all(is_started(arena, job, 1) for job in jobs), "all three")
    with arena.locked():
        arena.wait_for(lambda: all(is_ended(arena, job, 1) for job in jobs), "their ends")
    arena.drain(PATIENCE)
    return arena.check()


#: What is played, which invariants the mutation breaks, and how many jobs lose their worker.
SCENARIOS = {
    "without_fencing": (play_stale_worker, {"13"}, 1),
    "without_reaper": (play_killed_worker, {"2", "15"}, 1),
    "without_release": (play_killed_within_a_chain, {"2", "22"}, 1),
    "with_process_wide_heartbeat": (play_unwritten_finish, {"2"}, 1),
    "with_careless_groups": (play_group_with_a_failure, {"5"}, 0),
}


@pytest.mark.parametrize("mutation", SCENARIOS)
def test_mutation_is_caught(arena: Arena, say: Say, mutation: str) -> None:
    play, numbers, _ = SCENARIOS[mutation]
    violations = play(arena, mutation)
    caught = {violation.partition(":")[0] for violation in violations}
    assert numbers <= caught, violations
    say(f"caught by {', '.join(sorted(caught, key=int))}")


@pytest.mark.parametrize("mutation", SCENARIOS)
def test_same_scenario_is_clean_without_the_mutation(arena: Arena, say: Say, mutation: str) -> None:
    play, _, lost = SCENARIOS[mutation]
    assert play(arena) == []
    losses = query(arena.path, "SELECT sum(losses) FROM jobs")[0][0]
    assert losses == lost, "the scenario is meant to take so many jobs from their worker"
    say(f"all invariants hold; {arena.tally()}")
