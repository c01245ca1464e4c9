"""Fills the page Status from the parts of the instance, its workers, duties and incidents."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.jobs.duties import DutyState, duty_states
from studyq.jobs.models import Worker
from studyq.jobs.service import WORKER_SILENT
from studyq.library.service import count_documents
from studyq.operations.alerts import recent_incidents
from studyq.operations.conditions import in_words
from studyq.operations.models import Incident
from studyq.operations.parts import Part
from studyq.web.examining import examine_instance
from studyq.web.incident_notices import TITLES
from studyq.web.job_words import queue_name
from studyq.web.pages.shell import format_size
from studyq.web.pages.status_views import (
    DutyRow,
    Fact,
    IncidentRow,
    PartCard,
    StatusView,
    WorkerRow,
)
from studyq.web.services import Services

T = TypeVar("T")

log = structlog.get_logger("studyq.web")

INCIDENTS = 20  #: how many of the latest are shown

CARDS = (
    ("database", "Database", "It can be read and written.", {"database": "", "schema": "Schema"}),
    ("queue", "Queue", "Workers are told at once of new work.", {"queue": "Told"}),
    ("workers", "Workers", "Every queue that is not paused is served.", {"worker": "Sign of life"}),
    ("storage", "Storage", "Originals can be stored and read.", {"storage": "Place"}),
    ("models", "Models", "Search finds words, and passages that mean the same; cards can be made.",
     {"embedding": "Embedding", "language_model": "Cards"}),
    ("disk", "Disk", "There is room for more.", {"disk": ""}),
    ("duties", "Upkeep", "", {"duties": ""}),
    ("backups", "Backups", "", {"backups": ""}),
)  # fmt: skip
"""Each card's key, title and good news, and the parts of the instance that it tells of, with what a
part's own words are a fact of."""

DUTIES = {
    "alerts": "looks for what is not as it should be",
    "backups": "copies the database",
    "orphans": "deletes files that belong to no document",
    "reminders": "says how many cards are due",
    "retention": "deletes jobs whose time is over",
    "rollups": "counts what happens, for the charts",
    "sittings": "hands in tests whose time is over",
}  #: what each duty is for


@dataclass(frozen=True)
class StatusPages:
    """`StatusData` over the services."""

    services: Services

    def status(self) -> StatusView:
        """Every part, and what the tables tell as far as they can be read."""
        parts = examine_instance(self.services)
        return StatusView(
            cards=tuple(self._cards(parts)),
            workers=self._told(_workers),
            duties=self._told(_duties),
            incidents=self._told(_incidents),
        )

    def _cards(self, parts: dict[str, Part]) -> list[PartCard]:
        facts: dict[str, Callable[[], list[Fact]]] = {
            "database": self._database_facts,
            "storage": self._storage_facts,
            "disk": self._disk_facts,
            "backups": self._backup_facts,
        }
        known = {name for _, _, _, names in CARDS for name in names}
        rest = [(name, name.capitalize(), "", {name: ""}) for name in parts if name not in known]
        cards = []
        for key, title, good_news, names in (*CARDS, *rest):
            told = {name: parts[name] for name in names if name in parts}
            own = [Fact(word, told[name].reason) for name, word in names.items()
                   if word and name in told and told[name].ok]  # fmt: skip
            more = facts[key]() if key in facts else []
            if told:
                cards.append(_card(key, title, good_news, list(told.values()), [*own, *more]))
        return cards

    def _told(self, read: Callable[[Session], tuple[T, ...]]) -> tuple[T, ...]:
        """What a table tells; nothing when it cannot be read, which is a part of its own."""
        try:
            with self.services.database.read() as session:
                return read(session)
        except sa.exc.DatabaseError:
            log.exception("status not read")
            return ()

    def _database_facts(self) -> list[Fact]:
        path = self.services.database.path
        if path is None:
            return [Fact("Address", self.services.database.url.render_as_string())]
        facts = [Fact("File", str(path))]
        size = _size(path)
        if size is not None:
            facts.append(Fact("Size", format_size(size)))
        log_size = _size(path.with_name(f"{path.name}-wal"))
        if log_size:
            facts.append(Fact("Not yet merged into it", format_size(log_size)))
        return facts

    def _storage_facts(self) -> list[Fact]:
        def documents(session: Session) -> tuple[int, ...]:
            return (count_documents(session, self.services.user_id)["all"],)

        return [Fact("Documents", f"{number:,}") for number in self._told(documents)]

    def _disk_facts(self) -> list[Fact]:
        data = self.services.settings.data
        facts = [Fact("Data folder", str(data.absolute()))]
        try:
            usage = shutil.disk_usage(data)
        except OSError:  # which is what the part says
            return facts
        share = usage.free / usage.total if usage.total else 0.0
        return [
            *facts,
            Fact("Free", f"{format_size(usage.free)} of {format_size(usage.total)} ({share:.0%})"),
        ]

    def _backup_facts(self) -> list[Fact]:
        settings = self.services.settings
        if settings.backup_keep == 0:
            return []
        return [
            Fact("Folder", str(settings.backups_dir.absolute())),
            Fact("Kept", f"the last {settings.backup_keep}"),
        ]


def _card(key: str, title: str, good_news: str, told: list[Part], facts: list[Fact]) -> PartCard:
    # A part that was switched off on purpose names nothing that could be done about it.
    amiss = [part for part in told if not part.ok and part.next_step]
    if good_news and all(part.ok for part in told):
        sentences = [good_news]
    else:
        sentences = [_sentence(part.reason) for part in (amiss or told)]
    return PartCard(
        key=key,
        title=title,
        ok=not amiss,
        sentences=tuple(sentences),
        next_steps=tuple(part.next_step for part in amiss),
        facts=tuple(facts),
    )


def _sentence(words: str) -> str:
    first = words.partition(" ")[0]
    whole = words if ":" in first else words[:1].upper() + words[1:]
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _workers(session: Session) -> tuple[WorkerRow, ...]:
    at = now()
    rows = session.scalars(sa.select(Worker).order_by(Worker.started_at))
    return tuple(
        WorkerRow(
            name=f"{row.host}, process {row.pid}",
            queues=tuple(queue_name(name) for name in row.queues),
            running_for=in_words(max(0.0, (at - row.started_at) / 1e6)),
            heard=f"{in_words(max(0.0, (at - row.seen_at) / 1e6))} ago",
            alive=at - row.seen_at <= WORKER_SILENT * 1e6,
            problem=row.transport_error,
        )
        for row in rows
    )


def _duties(session: Session) -> tuple[DutyRow, ...]:
    at = now()
    return tuple(_duty(state, at) for state in duty_states(session))


def _duty(state: DutyState, at: int) -> DutyRow:
    if state.finished_at is None:
        last = "not yet"
    else:
        last = f"{in_words(max(0.0, (at - state.finished_at) / 1e6))} ago"
    if state.running:
        following = "at it now"
    elif state.due_at <= at:
        following = "when there is something to do"
    else:
        following = f"in {in_words((state.due_at - at) / 1e6)}"
    about = DUTIES.get(state.name, "")
    return DutyRow(state.name, about, last, following, state.outcome, state.failed)


def _incidents(session: Session) -> tuple[IncidentRow, ...]:
    at = now()
    found = sorted(
        recent_incidents(session, INCIDENTS), key=lambda one: one.resolved_at is not None
    )
    return tuple(_incident(incident, at) for incident in found)


def _incident(incident: Incident, at: int) -> IncidentRow:
    end = at if incident.resolved_at is None else incident.resolved_at
    return IncidentRow(
        title=TITLES.get(incident.kind, "Something is not as it should be."),
        message=incident.message,
        next_step=incident.next_step,
        began_at=datetime.fromtimestamp(incident.opened_at / 1e6, UTC),
        began=f"{in_words(max(0.0, (at - incident.opened_at) / 1e6))} ago",
        lasted=in_words(max(0.0, (end - incident.opened_at) / 1e6)),
        over=incident.resolved_at is not None,
    )
