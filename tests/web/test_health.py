"""Health with each part really broken: the reason, the next step, and an answer in time."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from job_layer import open_database, wait_for
from pdf_files import make_pdf
from server_process import ServerProcess, Start, free_port, job_end, upload
from studyq.database.driver import load_driver, open_engine
from studyq.jobs.models import Queue
from studyq.operations.health import PATIENCE, examine
from studyq.providers.embedding import Unavailable
from studyq.settings import Settings
from studyq.storage.originals import Storage
from studyq_command import Studyq

ANSWER_SECONDS = 4.5  #: what `studyq health` and the container's check wait for
PARTS = {
    "database", "schema", "worker", "queue", "duties", "storage", "disk", "backups", "embedding",
    "language_model",
}  # fmt: skip


def health(server: ServerProcess) -> tuple[int, dict[str, Any]]:
    begun = time.monotonic()
    answer = httpx.get(f"{server.url}/health/ready", timeout=30)
    assert time.monotonic() - begun < ANSWER_SECONDS
    return answer.status_code, answer.json()["parts"]


def failing(server: ServerProcess) -> dict[str, str]:
    """The reasons of what fails; embedding is not needed, and these servers have none."""
    status, parts = health(server)
    broken = {name: part for name, part in parts.items() if not part["ok"] and name != "embedding"}
    assert status == (503 if broken else 200)
    assert all(part["reason"] and part["next_step"] for part in broken.values())
    return {name: part["reason"] for name, part in broken.items()}


def change(server: ServerProcess, statement: str) -> None:
    """Does to the database what only somebody else could."""
    driver = load_driver()
    with closing(driver.connect(str(server.data / "studyq.db"), timeout=10)) as connection:
        connection.execute(statement)
        connection.commit()


@contextmanager
def locked(server: ServerProcess) -> Iterator[None]:
    """Another program holds the database for as long as the block runs."""
    engine = open_engine(sa.make_url(f"sqlite:///{server.data / 'studyq.db'}"))
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.execute(sa.update(Queue).values(paused=False))
        yield
    engine.dispose()


def studyq_health(server: ServerProcess, *arguments: str) -> tuple[int, str]:
    command = Studyq(server.data)
    begun = time.monotonic()
    answer = command("health", *arguments)
    assert time.monotonic() - begun < 2 * ANSWER_SECONDS  # its own start included
    return answer.returncode, answer.stdout


def test_all_is_well(server: ServerProcess) -> None:
    status, parts = health(server)
    assert status == 200
    assert set(parts) == PARTS
    assert failing(server) == {}
    assert httpx.get(f"{server.url}/health/live").json() == {"status": "ok"}
    assert studyq_health(server)[0] == 0
    assert studyq_health(server, "--worker")[0] == 0


class TestBroken:
    def test_database_locked(self, start: Start) -> None:
        server = start(settings={"busy_timeout": "20"})
        stuck: list[threading.Thread] = []
        with locked(server):
            # More than the server has threads for: none of them may be what health waits for.
            for number in range(60):
                stuck.append(threading.Thread(target=add_text, args=(server, number)))
                stuck[-1].start()
            reasons = failing(server)
            assert set(reasons) == {"database"}
            assert "locked" in reasons["database"]
            assert httpx.get(f"{server.url}/health/live", timeout=5).is_success
            code, said = studyq_health(server)
            assert code == 1
            assert "✗ database" in said
        for thread in stuck:
            thread.join()
        assert failing(server) == {}

    def test_database_gone(self, start: Start) -> None:
        server = start()
        (server.data / "studyq.db").rename(server.data / "elsewhere.db")
        # The server's next new connection makes an empty one, which has no tables.
        assert {"database", "schema"} & set(failing(server))

    def test_schema_of_another_version(self, start: Start) -> None:
        server = start()
        change(server, "UPDATE alembic_version SET version_num = '0000'")
        assert set(failing(server)) == {"schema"}

    def test_nobody_runs_jobs(self, start: Start) -> None:
        server = start(settings={"worker": "false"})
        reasons = failing(server)
        assert set(reasons) == {"worker"}
        assert "pdf-ingestion" in reasons["worker"]
        assert studyq_health(server, "--worker")[0] == 1
        change(server, "UPDATE queues SET paused = 1")  # then it is on purpose
        assert failing(server) == {}

    def test_the_worker_has_fallen_silent(self, start: Start) -> None:
        server = start(settings={"worker": "false"})
        change(
            server,
            "INSERT INTO workers (id, host, pid, pid_started, started_at, seen_at, queues) VALUES "
            f"('x', 'elsewhere', 1, '1', 0, {(time.time() - 45) * 1e6:.0f}, '[\"pdf-ingestion\"]')",
        )
        assert "heard of for 4" in failing(server)["worker"]

    def test_nobody_carries_rings(self, start: Start) -> None:
        server = start(settings={"queue_url": f"redis://127.0.0.1:{free_port()}/0"})
        wait_for(lambda: "queue" in failing(server), "the transport has a problem")
        assert set(failing(server)) == {"queue"}

    def test_rings_do_not_reach_another_process(self, start: Start) -> None:
        server = start()
        change(
            server,
            "INSERT INTO workers (id, host, pid, pid_started, started_at, seen_at, queues, "
            f"transport_error) VALUES ('x', 'elsewhere', 1, '1', 0, {time.time() * 1e6:.0f}, '[]', "
            "'Redis is away.')",
        )
        assert "Redis is away." in failing(server)["queue"]

    def test_no_folder_for_originals(self, start: Start) -> None:
        server = start()
        shutil.rmtree(server.data / "files", ignore_errors=True)
        (server.data / "files").write_text("not a folder")
        assert set(failing(server)) == {"storage"}

    def test_originals_are_lost(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            added = upload(client, "a.pdf", make_pdf(["Some text to keep."])).json()
            job_end(client, added["job"]["id"])
            assert failing(server) == {}
            shutil.rmtree(server.data / "files")
            assert "newest original" in failing(server)["storage"]

    def test_no_room(self, start: Start) -> None:
        assert set(failing(start(settings={"min_free": str(10**18)}))) == {"disk"}

    def test_no_data_folder(self, start: Start) -> None:
        server = start()
        server.data.rename(server.folder / "elsewhere")
        assert {"database", "disk"} <= set(failing(server))


class TestInTime:
    @pytest.fixture
    def look(self, tmp_path: Path) -> Iterator[Callable[..., dict[str, Any]]]:
        with open_database(tmp_path) as database:
            nothing = Unavailable("None is wanted.", "")

            def run(storage: Storage) -> dict[str, Any]:
                return dict(examine(Settings(data=tmp_path), database, storage, nothing))

            yield run

    def test_a_storage_that_never_answers(
        self, look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        storage = Storage(f"file://{tmp_path}/files", tmp_path / "tmp")
        released, asked = threading.Event(), []

        def hang() -> None:
            asked.append(True)
            released.wait(60)

        monkeypatch.setattr(storage, "check", hang)
        for _ in range(2):  # the second time it is not even asked: one hanging thread is enough
            begun = time.monotonic()
            parts = look(storage)
            assert time.monotonic() - begun < PATIENCE + 1
            assert not parts["storage"].ok
            assert "has not answered" in parts["storage"].reason
            assert parts["database"].ok
        assert len(asked) == 1
        released.set()
        wait_for(lambda: look(storage)["storage"].ok, "the storage answers again")

    def test_a_storage_that_fails_in_its_own_way(
        self, look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        storage = Storage(f"file://{tmp_path}/files", tmp_path / "tmp")

        def fail() -> None:
            raise LookupError("no such bucket")

        monkeypatch.setattr(storage, "check", fail)
        assert "no such bucket" in look(storage)["storage"].reason


def test_the_container_asks_it() -> None:
    root = Path(__file__).parents[2]
    check = 'CMD ["studyq", "health"]'
    assert check in (root / "Dockerfile").read_text(encoding="utf-8")
    # Compose takes the image's check, unless it names one of its own.
    assert "healthcheck: {disable" not in (root / "compose.yaml").read_text(encoding="utf-8")


def add_text(server: ServerProcess, number: int) -> None:
    body = {"text": f"Text number {number} with some words.", "title": str(number)}
    httpx.post(f"{server.url}/documents", json=body, timeout=60)
