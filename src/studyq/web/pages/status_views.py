"""What the page Status may see."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Fact(Struct, frozen=True):
    """Something known of a part: a name and a value, both in words."""

    name: str
    value: str


class PartCard(Struct, frozen=True):
    """One part of the instance.

    Attributes:
        ok: Whether it works.
        sentences: What is the case; when it does not work, why.
        next_steps: What to do about it.
    """

    key: str
    title: str
    ok: bool
    sentences: tuple[str, ...]
    next_steps: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()


class WorkerRow(Struct, frozen=True):
    """A process that runs jobs; times in words."""

    name: str
    queues: tuple[str, ...]
    running_for: str
    heard: str
    alive: bool
    problem: str = ""


class DutyRow(Struct, frozen=True):
    """A periodic duty; times in words."""

    name: str
    about: str
    last: str
    next: str
    outcome: str
    failed: bool


class IncidentRow(Struct, frozen=True):
    """Something that is, or was, not as it should be."""

    title: str
    message: str
    next_step: str
    began_at: datetime
    began: str
    lasted: str
    over: bool


class StatusView(Struct, frozen=True):
    """The whole page; what could not be read is empty."""

    cards: tuple[PartCard, ...]
    workers: tuple[WorkerRow, ...] = ()
    duties: tuple[DutyRow, ...] = ()
    incidents: tuple[IncidentRow, ...] = ()

    @property
    def summary(self) -> str:
        """The state of everything in one sentence."""
        wrong = [card.title for card in self.cards if not card.ok]
        if not wrong:
            return "Everything works."
        *first, last = wrong
        named = f"{', '.join(first)} and {last}" if first else last
        return f"{named} {'need' if first else 'needs'} your attention."
