"""The day of a reader, which turns over at an hour of their own in their own time zone.

Somebody who reviews at one in the night is still at yesterday's cards. Days are named by dates;
where clocks are changed, a day lasts 23 or 25 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from studyq.database.base import Instant

SECOND = 1_000_000  #: an Instant's units
DAY = 86_400 * SECOND

_ONE = timedelta(days=1)


@dataclass(frozen=True)
class StudyDays:
    """Tells days apart.

    Args:
        zone: name of a time zone, as `Europe/Berlin`.
        turn_hour: hour of the local clock at which a day begins, from 0 to 23.
    """

    zone: str
    turn_hour: int

    def start(self, day: date) -> Instant:
        """The first moment of a day."""
        return _start(self.zone, self.turn_hour, day)

    def end(self, day: date) -> Instant:
        """The first moment of the next day."""
        return self.start(day + _ONE)

    def of(self, instant: Instant) -> date:
        """The day to which a moment belongs."""
        local = datetime.fromtimestamp(instant / SECOND, UTC).astimezone(_zone(self.zone))
        day = (local - timedelta(hours=self.turn_hour)).date()
        # Subtracting hours from a local clock is off by one where clocks are changed.
        if instant < self.start(day):
            return day - _ONE
        if instant >= self.end(day):
            return day + _ONE
        return day

    def between(self, earlier: Instant, later: Instant) -> int:
        """Days that turned over between two moments; none when the clock was set back."""
        return max(0, (self.of(later) - self.of(earlier)).days)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def _start(zone: str, turn_hour: int, day: date) -> Instant:
    local = datetime(day.year, day.month, day.day, turn_hour, tzinfo=_zone(zone))
    return int(local.timestamp()) * SECOND
