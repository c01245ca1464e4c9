"""`studyq serve` as a process: where it listens, what it logs, how it ends."""

import contextlib
import http.client
import signal
import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import sqlalchemy as sa

from studyq.database.engine import Database
from studyq_command import Serving, Studyq

START = Callable[..., Serving]


def test_prints_the_real_port_and_answers(serve: START) -> None:
    running = serve()
    assert running.port != 0
    assert httpx.get(f"{running.address}/health/live").json() == {"status": "ok"}
    assert running.stop()[0] == 0


def test_two_servers_may_share_a_folder(serve: START) -> None:
    addresses = [serve().address, serve("--no-worker").address]
    assert all(httpx.get(f"{address}/health/live").is_success for address in addresses)


def test_access_log_has_no_query_and_a_request_id(serve: START) -> None:
    running = serve()
    with httpx.Client(base_url=running.address) as client:
        mine = client.get("/documents/secret-name?q=secret", headers={"X-Request-Id": "mine-1"})
        theirs = client.get("/search", params={"q": "secret"})
        nowhere = client.get("/nowhere?q=secret", headers={"X-Request-Id": "bad id"})
        client.post("/documents", json={"text": "secret", "title": "secret"})
        assert client.get("/health/live").headers["X-Request-Id"]
    _, lines = running.stop()
    requests = {line["request_id"]: line for line in lines if line["event"] == "request"}
    assert mine.headers["X-Request-Id"] == "mine-1"
    logged = requests["mine-1"]
    assert (logged["method"], logged["path"]) == ("GET", "/documents/{document_id}")
    assert logged["status"] == 404
    assert logged["ms"] >= 0
    assert requests[theirs.headers["X-Request-Id"]]["status"] == 200
    assert requests[nowhere.headers["X-Request-Id"]]["path"] == "/nowhere"
    assert "secret" not in str(lines)
    assert not [line for line in lines if line.get("path") == "/health/live"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_in_time_with_streams_open(serve: START, studyq: Studyq, number: int) -> None:
    running = serve(STUDYQ_GRACE="1")
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(_stream(running.port)) for _ in range(3)]
        begun = time.monotonic()
        code, lines = running.stop(number)
        assert time.monotonic() - begun < 1 + 5
        assert [stream.read() for stream in streams] == [b""] * 3, "ended, not broken off"
    assert code == 0
    assert [line for line in lines if line["level"] in ("warning", "error")] == []
    assert not (studyq.data / "serving.json").exists()


@contextlib.contextmanager
def _stream(port: int) -> Iterator[http.client.HTTPResponse]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as line:
        line.request("GET", "/events")
        yield line.getresponse()


def test_port_in_use(studyq: Studyq) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = studyq.refusal(1, "serve", "--port", port)
    assert f"Port {port} of 127.0.0.1 is in use" in said
    assert "--port" in said


def test_refuses_strangers_unless_told(studyq: Studyq, serve: START) -> None:
    said = studyq.refusal(2, "serve", "--host", "0.0.0.0")
    assert "STUDYQ_HOST is 0.0.0.0" in said
    assert "STUDYQ_AUTH=none" in said
    running = serve("--host", "0.0.0.0", STUDYQ_AUTH="none")
    assert running.address == f"http://127.0.0.1:{running.port}"
    assert studyq("health").returncode == 0


def test_settings_that_do_not_fit(studyq: Studyq) -> None:
    said = studyq.refusal(2, "serve", STUDYQ_PROT="1")
    assert "STUDYQ_PROT (from the environment) is not a setting" in said
    assert "STUDYQ_LEASE" in studyq.refusal(2, "serve", STUDYQ_LEASE="soon")
    assert "0<=x<=65535" in studyq.refusal(2, "serve", "--port", "70000")


def test_newer_schema(studyq: Studyq) -> None:
    assert studyq("db", "upgrade").returncode == 0
    database = Database(f"sqlite:///{studyq.data / 'studyq.db'}")
    with database.write() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    for command in (["serve"], ["db", "upgrade"], ["doctor"], ["jobs", "list"]):
        assert "written by a newer one" in studyq.refusal(2, *command)


def test_data_folder_that_cannot_be_made(studyq: Studyq) -> None:
    (studyq.data / "file").write_text("in the way")
    said = studyq.refusal(1, "serve", "--port", "0", STUDYQ_DATA=str(studyq.data / "file" / "x"))
    assert "file/x" in said
