"""kill -9 of the real service while people upload: nothing acknowledged is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from crash.invariants import JOB_RULES, broken_rules, damage
from crash.ledger import create_ledger, query
from crash.library_rules import LIBRARY_RULES, VECTOR_RULE, broken_stream, broken_uploads
from crash.service import PATIENCE, Service, Visitors, Watcher, details, retry_by_hand
from installed_model import models_dir
from studyq.database.migrate import upgrade

Say = Callable[[str], None]
UPLOADS = 3  #: handed out in each round
LOST = "SELECT count(*) FROM jobs, json_each(errors) WHERE value ->> 'code' = 'worker_lost'"
LIVE = "SELECT count(*) FROM jobs WHERE state IN ('waiting', 'delayed', 'active')"


def wait_until_ended(database: Path) -> None:
    """Wait until no job is live."""
    deadline = time.monotonic() + 3 * PATIENCE
    while (left := query(database, LIVE)[0][0]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == 0, f"2: {left} jobs have not ended"


def retry_lost_ones(service: Service, database: Path) -> int:
    """Put back jobs that were killed as often as a job may be; nothing else may have failed."""
    failed = [row[0] for row in query(database, "SELECT id FROM jobs WHERE state = 'failed'")]
    for job_id in failed:
        errors = details(service.url, job_id)["errors"]
        assert [error["code"] for error in errors] == ["worker_lost"] * 3, errors
        retry_by_hand(service.url, job_id)
    wait_until_ended(database)
    return len(failed)


def play(
    service: Service,
    visitors: Visitors,
    choice: random.Random,
    rounds: int,
    *,
    longest: float,
) -> None:
    """Upload and kill, round after round; some rounds end while the service is starting.

    Args:
        longest: seconds that a round may last once the service answers.
    """
    for number in range(rounds):
        service.spawn()
        visitors.give(UPLOADS)
        # The first one shows that a start survives an interruption on an empty library, too.
        if number > 0 and choice.random() < 0.85:
            service.await_live()
            time.sleep(choice.uniform(0, longest))
        else:
            time.sleep(choice.uniform(0.2, 2.5))
        service.kill()
    service.spawn()
    service.await_live()
    visitors.finish()


def wait_until_seen(watcher: Watcher, database: Path) -> None:
    """Wait until the watcher has been told of the newest event."""
    newest = query(database, "SELECT max(id) FROM job_events")[0][0]
    deadline = time.monotonic() + PATIENCE
    while watcher.seen[-1:] != [newest] and time.monotonic() < deadline:
        time.sleep(0.05)


def test_uploads_survive_kills(tmp_path: Path, say: Say, batch: int, seed: int) -> None:
    survive(tmp_path, say, batch, seed, embedding="none", longest=0.8)


def test_uploads_with_embeddings_survive_kills(
    tmp_path: Path, say: Say, rounds: int, seed: int
) -> None:
    (tmp_path / "models").symlink_to(models_dir())
    survive(tmp_path, say, max(2, rounds // 20), seed, embedding="builtin", longest=3.0)


def survive(
    tmp_path: Path, say: Say, count: int, seed: int, *, embedding: str, longest: float
) -> None:
    """Play the rounds, let the service come to rest, look at everything."""
    database = tmp_path / "studyq.db"
    upgrade(f"sqlite:///{database}")
    create_ledger(database)
    choice = random.Random(seed)
    with (
        closing(Service(tmp_path, {"STUDYQ_EMBEDDING": embedding})) as service,
        closing(Visitors(service.url, choice)) as visitors,
        closing(Watcher(service.url)) as watcher,
    ):
        play(service, visitors, choice, count, longest=longest)
        assert visitors.complaints == []
        wait_until_ended(database)
        violations = broken_rules(database, JOB_RULES)
        retried = retry_lost_ones(service, database)
        wait_until_seen(watcher, database)
        assert service.stop() == 0, "17: the service did not end gracefully"
    rules = [*LIBRARY_RULES, VECTOR_RULE] if embedding != "none" else LIBRARY_RULES
    violations += broken_rules(database, rules)
    violations += broken_uploads(database, tmp_path / "files", visitors.acknowledged)
    violations += broken_stream(database, watcher.seen)
    violations += damage(database)
    assert violations == []
    deleted = sum(upload.deleted for upload in visitors.acknowledged)
    lost = query(database, LOST)[0][0]
    say(
        f"{count} kills, {len(visitors.acknowledged)} uploads acknowledged after "
        f"{sum(upload.tries for upload in visitors.acknowledged)} requests, {deleted} deleted, "
        f"{lost} attempts lost, {retried} jobs retried by hand, {len(watcher.seen)} events over "
        f"{watcher.connections} connections"
    )
