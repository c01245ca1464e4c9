"""What the periodic duties do, each by itself, and that two processes never do one at once."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from job_layer import NAME, Jobs, open_database, wait_for
from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.duties import Duty, DutyRunner
from studyq.jobs.models import Worker
from studyq.jobs.registry import Outcome, Registry
from studyq.jobs.rollups import totals
from studyq.operations.duties import make_duties
from studyq.operations.duties.orphans import ORIGINAL_AGE, WORKER_AGE
from studyq.settings import Settings
from studyq.storage.originals import Storage

HOUR = 3600.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, backup_keep=2, retention_completed=HOUR, min_free=0)


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return Storage(settings.resolved_storage_url, settings.data / "tmp")


@pytest.fixture
def duties(settings: Settings, database: Database, storage: Storage) -> dict[str, Duty]:
    made = make_duties(settings, database, storage, Registry())
    assert len({duty.name for duty in made}) == len(made)
    return {duty.name: duty for duty in made}


def age(path: Path, seconds: float) -> None:
    written = time.time() - seconds
    os.utime(path, (written, written))


def test_orphans_are_deleted_once_they_are_old(
    duties: dict[str, Duty], storage: Storage, database: Database, settings: Settings
) -> None:
    keys = []
    for content in (b"old", b"young"):
        with storage.receive() as incoming:
            incoming.write(content)
            keys.append(storage.keep(incoming))
    age(settings.data / "files" / keys[0], ORIGINAL_AGE + 60)
    cut_off = settings.data / "tmp" / "incoming-of-a-crash"
    cut_off.write_bytes(b"half a file")
    age(cut_off, 10 * 86_400)
    with database.write() as session:
        for name, seconds in (("gone", WORKER_AGE + 60), ("lives", 5.0)):
            seen = now() - round(seconds * 1e6)
            session.add(
                Worker(id=name, host="elsewhere", pid=1, pid_started="1", started_at=seen,
                       seen_at=seen, queues=[], transport_error="")
            )  # fmt: skip
    said = duties["orphans"].run()
    assert said == ("Deleted without an owner: 1 original(s), 1 temporary file(s), 1 worker(s).")
    assert [storage.exists(key) for key in keys] == [False, True]
    assert not cut_off.exists()
    with database.read() as session:
        assert session.scalars(sa.select(Worker.id)).all() == ["lives"]
    assert duties["orphans"].run() == "", "nothing to speak of"


def test_so_many_backups_are_kept(duties: dict[str, Duty], settings: Settings) -> None:
    settings.backups_dir.mkdir()
    earlier = [settings.backups_dir / f"studyq-2026010{day}T000000Z.db" for day in (1, 2, 3)]
    for path in earlier:
        path.write_bytes(b"a backup")
    mine = settings.backups_dir / "studyq-of-my-own.db"
    mine.write_bytes(b"no daily backup")
    assert duties["backups"].wanted()
    said = duties["backups"].run()
    kept = sorted(path.name for path in settings.backups_dir.iterdir() if path != mine)
    assert len(kept) == 2
    assert kept[0] == earlier[2].name
    assert kept[1] in said
    assert "2 older deleted" in said
    assert mine.exists(), "what it did not make it leaves alone"


def test_backups_can_be_switched_off(database: Database, storage: Storage, tmp_path: Path) -> None:
    made = make_duties(Settings(data=tmp_path, backup_keep=0), database, storage, Registry())
    assert not next(duty for duty in made if duty.name == "backups").wanted()


def test_retention_and_counting_go_together(
    duties: dict[str, Duty], jobs: Jobs, database: Database
) -> None:
    jobs.handle(lambda _: Outcome())
    old, new = jobs.add(NAME), jobs.add(NAME)
    jobs.drain()
    jobs.update(old, finished_at=now() - round((HOUR + 60) * 1e6))
    assert duties["rollups"].wanted()
    assert duties["retention"].run() == "1 job deleted."
    assert not duties["rollups"].wanted(), "it was counted before it was deleted"
    with database.read() as session:
        assert totals(session)["pdf-ingestion"].completed == 2
    assert jobs.row(new).state == "completed"
    with pytest.raises(sa.exc.NoResultFound):
        jobs.row(old)


def test_one_at_a_time_of_however_many_processes(tmp_path: Path) -> None:
    """Each runner has a connection of its own to the file, as processes do."""
    lock, overlaps, runs = threading.Lock(), [], []

    def runner(name: str, database: Database) -> DutyRunner:
        def run() -> str:
            if not lock.acquire(blocking=False):
                overlaps.append(name)
                return ""
            try:
                time.sleep(0.002)  # as long as a small duty takes
                runs.append(name)
            finally:
                lock.release()
            return ""

        return DutyRunner(database, [Duty("sweep", 0.01, run)], name)

    with (
        open_database(tmp_path) as first,
        open_database(tmp_path) as second,
        open_database(tmp_path) as third,
    ):
        runners = [runner(name, database) for name, database in
                   (("a", first), ("b", second), ("c", third))]  # fmt: skip
        for each in runners:
            each.start()
        wait_for(lambda: len(runs) >= 60, "sixty runs")
        for each in runners:
            each.stop()
    assert overlaps == []
