"""The duty `alerts`: look for what is not as it should be, every five seconds."""

from __future__ import annotations

from studyq.database.engine import Database
from studyq.jobs.duties import Duty
from studyq.jobs.registry import Registry
from studyq.operations.alerts import AlertWatch
from studyq.settings import Settings

EVERY = 5.0  #: seconds


def alerts(settings: Settings, database: Database, registry: Registry) -> Duty:
    """The duty."""
    watch = AlertWatch(database, settings, registry)
    return Duty("alerts", EVERY, watch.look, wanted=watch.has_news)
