"""What is done for an instance again and again, one duty a file."""

from __future__ import annotations

from studyq.database.engine import Database
from studyq.jobs.duties import Duty
from studyq.jobs.registry import Registry
from studyq.operations.duties.alerts import alerts
from studyq.operations.duties.backups import backups
from studyq.operations.duties.orphans import orphans
from studyq.operations.duties.reminders import reminders
from studyq.operations.duties.retention import retention
from studyq.operations.duties.rollups import rollups
from studyq.operations.duties.sittings import sittings
from studyq.settings import Settings
from studyq.storage.originals import Storage


def make_duties(
    settings: Settings, database: Database, storage: Storage, registry: Registry
) -> list[Duty]:
    """All duties; each process offers to carry out every one."""
    return [
        rollups(database),
        retention(settings, database, registry),
        orphans(database, storage),
        backups(settings, database),
        alerts(settings, database, registry),
        sittings(database),
        reminders(settings, database),
    ]
