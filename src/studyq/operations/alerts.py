"""Incidents: noticed once, told of once, and told of again when they are over.

An incident is a row, of which one per kind and matter may be open (a unique index says so). It is
written in one transaction with the job that tells of it, so there is one alert and one recovery,
whichever process looks and whatever becomes of it. What comes and goes is damped: an incident ends
after its condition was away for a while, and for twice as long with each one like it of the last
hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from studyq.database.base import new_id, now
from studyq.database.engine import Database
from studyq.jobs.clock import Clock
from studyq.jobs.registry import NOTIFICATIONS, Registry
from studyq.operations.conditions import Finding, Moment, find_all, paused_queues
from studyq.operations.models import Incident
from studyq.operations.webhooks import Turn, enqueue_webhook
from studyq.settings import Settings

log = structlog.get_logger("studyq.alerts")

CALM = 15.0  #: seconds without its condition after which an incident is over
CALM_AT_MOST = 900.0
REPEATED_WITHIN = 3600.0  #: seconds within which incidents alike count as one that flaps
KEPT = 30 * 86_400.0  #: seconds that incidents are kept after their end


@dataclass(frozen=True)
class Change:
    """An incident that began or ended."""

    turn: Turn
    kind: str
    about: str
    message: str
    next_step: str
    seconds: float  #: how long it lasted


def open_incidents(session: Session) -> list[Incident]:
    """What is not as it should be, the oldest first."""
    query = sa.select(Incident).where(Incident.resolved_at.is_(None)).order_by(Incident.opened_at)
    return list(session.scalars(query))


def recent_incidents(session: Session, limit: int = 50) -> list[Incident]:
    """Incidents, open or over, the newest first."""
    return list(session.scalars(sa.select(Incident).order_by(Incident.id.desc()).limit(limit)))


class AlertWatch:
    """Looks at all conditions, from this process's point of view.

    Args:
        wall: the wall clock as an Instant.
        monotonic: seconds that nobody can set.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        registry: Registry,
        *,
        wall: Callable[[], int] = now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._settings = settings
        self._registry = registry
        self._wall = wall
        self._monotonic = monotonic
        self._clock = Clock(wall, monotonic)
        self._up_since = wall()
        self._paused: dict[str, int] = {}
        self._first_seen: dict[tuple[str, str], float] = {}

    def has_news(self) -> bool:
        """Whether there is something to write; read only, for every process to ask at each look."""
        at, findings = self._find()
        if any(finding.opens for finding in findings):
            return True
        with self._database.read() as session:
            return bool(session.scalar(sa.select(_any_to_tend(at))))

    def look(self) -> str:
        """Look once; open and end incidents, and tell of it.

        Returns:
            What began and what ended, in words; nothing when nothing did.
        """
        at, findings = self._find()
        with self._database.write() as session:
            changes = record(session, findings, at, webhook=bool(self._settings.alert_webhook))
        for change in changes:
            _log(change)
        told = (f"{change.turn}: {change.kind} {change.about}" for change in changes)
        return ", ".join(line.rstrip() for line in told)

    def _find(self) -> tuple[int, list[Finding]]:
        at = self._wall()
        if self._clock.moved():
            self._up_since = at
        with self._database.read() as session:
            self._paused.update(dict.fromkeys(paused_queues(session), at))
            moment = Moment(at, self._up_since, self._paused)
            findings = find_all(session, self._settings, self._registry.queues(), moment)
        self._forget({(finding.kind, finding.about) for finding in findings})
        return at, [self._settled(finding) for finding in findings]

    def _settled(self, finding: Finding) -> Finding:
        """The finding, not yet opening an incident when it is too young for that."""
        first = self._first_seen.setdefault((finding.kind, finding.about), self._monotonic())
        if self._monotonic() - first >= finding.settles:
            return finding
        return replace(finding, opens=False)

    def _forget(self, present: set[tuple[str, str]]) -> None:
        self._first_seen = {key: first for key, first in self._first_seen.items() if key in present}


def record(session: Session, findings: list[Finding], at: int, *, webhook: bool) -> list[Change]:
    """Bring the incidents up to date, in a write transaction.

    Args:
        at: now.
        webhook: whether somebody elsewhere is to be told.

    Returns:
        What began and what ended.
    """
    present = {(finding.kind, finding.about): finding for finding in findings}
    changes = []
    for incident in open_incidents(session):
        finding = present.pop((incident.kind, incident.about), None)
        if finding is not None:
            incident.message, incident.next_step = finding.message, finding.next_step
            incident.seen_at = at
        elif incident.seen_at > at:  # the clock was put back
            incident.seen_at = at
        elif at - incident.seen_at >= _calm(session, incident, at):
            incident.resolved_at = at
            changes.append(_tell(session, incident, "resolved", at, webhook=webhook))
    for finding in present.values():
        if finding.opens:
            incident = Incident(
                id=new_id(), kind=finding.kind, about=finding.about, message=finding.message,
                next_step=finding.next_step, opened_at=at, seen_at=at,
            )  # fmt: skip
            session.add(incident)
            changes.append(_tell(session, incident, "opened", at, webhook=webhook))
    session.execute(sa.delete(Incident).where(Incident.resolved_at < at - round(KEPT * 1e6)))
    return changes


def _any_to_tend(at: int) -> Any:
    """Whether some incident is open, or old enough to be deleted."""
    return sa.exists().where(
        sa.or_(Incident.resolved_at.is_(None), Incident.resolved_at < at - round(KEPT * 1e6))
    )


def _calm(session: Session, incident: Incident, at: int) -> int:
    """Microseconds that the incident's condition must be away for."""
    alike = session.scalar(
        sa.select(sa.func.count()).where(
            Incident.kind == incident.kind,
            Incident.about == incident.about,
            Incident.resolved_at > at - round(REPEATED_WITHIN * 1e6),
        )
    )
    return round(min(CALM * 2.0 ** min(alike or 0, 10), CALM_AT_MOST) * 1e6)


def _tell(session: Session, incident: Incident, turn: Turn, at: int, *, webhook: bool) -> Change:
    # What is wrong with the messages to others cannot be told by one of them.
    if webhook and incident.about != NOTIFICATIONS:
        enqueue_webhook(session, incident, turn, at)
    return Change(
        turn,
        incident.kind,
        incident.about,
        incident.message,
        incident.next_step,
        (at - incident.opened_at) / 1e6,
    )


def _log(change: Change) -> None:
    known = {"kind": change.kind, "about": change.about, "reason": change.message}
    if change.turn == "opened":
        log.error("incident opened", **known, next_step=change.next_step)
    else:
        log.info("incident resolved", **known, seconds=round(change.seconds))
