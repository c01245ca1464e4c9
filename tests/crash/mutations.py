"""Ways to break the job layer, or its bells, on purpose; a worker process switches them on.

The suite must notice each but the last two, and nothing must come of those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from studyq.database.base import now
from studyq.database.grouped import GroupedWrites
from studyq.jobs import claims, context, host, worker
from studyq.jobs.doorbell import RingStorage
from studyq.jobs.host import JobHost
from studyq.jobs.models import Job, State


def without_fencing() -> None:
    """Writes present whatever token the job has now, as if they asked for none."""
    fenced = claims._fenced

    def loose(
        connection: sa.Connection,
        statement: Any,
        claim: claims.Claim,
        values: Mapping[str, Any],
        *,
        returns: bool = False,
    ) -> Any:
        held = claim.token
        claim.token = connection.scalar(sa.select(Job.token).where(Job.id == claim.id)) or held
        try:
            return fenced(connection, statement, claim, values, returns=returns)
        finally:
            claim.token = held

    def trusting(connection: sa.Connection, claim: claims.Claim) -> None:
        pass

    claims._fenced = loose
    claims.verify = trusting
    context.verify = trusting  # type: ignore[attr-defined]  # imported there by name


def without_reaper() -> None:
    """Nobody takes a job from a worker that is gone."""

    def blind(*_arguments: object, **_options: object) -> int:
        return 0

    host.reap = blind  # type: ignore[attr-defined]


def with_process_wide_heartbeat() -> None:
    """The beat renews whatever this process has claimed, whether anybody works on it or not."""
    beat = JobHost._beat

    def generous(self: JobHost) -> None:
        beat(self)
        with self._database.write() as session:
            session.execute(
                sa.update(Job)
                .where(Job.worker_id == self.worker_id, Job.state == State.ACTIVE)
                .values(lease_until=now() + round(self._shared.lease * 1e6))
            )

    JobHost._beat = generous  # type: ignore[method-assign]


def without_release() -> None:
    """A job that completes leaves what comes after it where it is."""

    def keep(*_arguments: object) -> list[Any]:
        return []

    worker.release = keep  # type: ignore[assignment,attr-defined]


def with_careless_groups() -> None:
    """Of writes that share a transaction one may fail; what it wrote is committed all the same."""

    def careless(self: Any, connection: sa.Connection, group: list[Any]) -> None:
        for turn in group:
            try:
                [turn.result] = self._write(connection, [turn.item])
            except Exception as error:
                turn.error = error

    GroupedWrites._write_all = careless  # type: ignore[method-assign]


def with_rings_lost() -> None:
    """No ring is ever heard."""

    def drop(self: RingStorage, data: bytes, priority: float | None = None) -> None:
        pass

    RingStorage.enqueue = drop  # type: ignore[method-assign]


def with_rings_doubled() -> None:
    """Every ring is heard twice, also when there is nobody left to hear it."""
    ring = RingStorage.enqueue

    def twice(self: RingStorage, data: bytes, priority: float | None = None) -> None:
        self.listeners = 10_000
        ring(self, data, priority)
        ring(self, data, priority)

    RingStorage.enqueue = twice  # type: ignore[method-assign]


MUTATIONS: dict[str, Callable[[], None]] = {
    "without_fencing": without_fencing,
    "without_reaper": without_reaper,
    "with_process_wide_heartbeat": with_process_wide_heartbeat,
    "without_release": without_release,
    "with_careless_groups": with_careless_groups,
    "with_rings_lost": with_rings_lost,
    "with_rings_doubled": with_rings_doubled,
}
