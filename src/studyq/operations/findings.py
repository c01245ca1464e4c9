"""What the checks of the doctor look at, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from studyq.accounts.secrets import Sealer
from studyq.database.engine import Database
from studyq.jobs.registry import Registry
from studyq.providers.embedding import Embedder, Unavailable
from studyq.storage.originals import Storage

EXAMPLES = 5  #: things named for each finding


@dataclass(frozen=True)
class Patient:
    """The parts of an instance that are looked at."""

    database: Database
    storage: Storage
    embedder: Embedder | Unavailable
    sealer: Sealer
    registry: Registry
    user_id: str


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Args:
        code: for programs.
        what: a sentence for people.
        next_step: what to do about it.
        count: how many things it concerns.
        examples: some of them, by id or name.
        mended: what has been done about it; None while it is still wrong.
    """

    code: str
    what: str
    next_step: str
    count: int
    examples: tuple[str, ...] = ()
    mended: str | None = None


@dataclass(frozen=True)
class Symptom:
    """A finding with the remedy that its check knows.

    Args:
        remedy: mends it and says so in a sentence; None when only people can.
    """

    finding: Finding
    remedy: Callable[[], str] | None = None


def symptom(
    code: str,
    what: str,
    next_step: str,
    things: Sequence[object],
    remedy: Callable[[], str] | None = None,
) -> Symptom:
    """A symptom that some things have.

    Args:
        things: all of them; a few are named.
    """
    examples = tuple(str(thing) for thing in things[:EXAMPLES])
    return Symptom(Finding(code, what, next_step, len(things), examples), remedy)


def count_of(things: Sequence[object], one: str, many: str) -> str:
    """A number with its noun."""
    return f"{len(things):,} {one if len(things) == 1 else many}"
