"""Looking at jobs and operating their queues; through a server and directly."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from pdf_files import make_pdf
from server_process import upload
from studyq.cli import main
from studyq.cli.group import CommandFailed
from studyq.cli.job_desks import Asked, JobDesk
from studyq.cli.local_jobs import LocalJobs
from studyq.cli.opening import open_library
from studyq.cli.queue_commands import QUEUES
from studyq.cli.remote_jobs import RemoteJobs
from studyq.jobs.registry import QUEUES as ALL_QUEUES
from studyq.jobs.service import UnknownJobError, WrongStateError
from studyq.settings import Settings
from studyq_command import Studyq

QUEUE = "pdf-ingestion"
REFUSALS = (CommandFailed, UnknownJobError, WrongStateError)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Studyq, str]]:
    """A library with its server, whose queue is paused; and the server's address."""
    studyq = Studyq(tmp_path_factory.mktemp("served"))
    process = subprocess.Popen(
        [sys.executable, "-m", "studyq", "serve", "--port", "0"],
        env=studyq.environment,
        cwd=studyq.data,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found
    RemoteJobs(found[0]).pause(QUEUE)
    yield studyq, found[0]
    process.kill()
    process.communicate()


@pytest.fixture(params=["through a server", "directly"])
def desk(request: pytest.FixtureRequest, served: tuple[Studyq, str]) -> Iterator[JobDesk]:
    studyq, address = served
    if request.param == "through a server":
        yield RemoteJobs(address)
        return
    with open_library(Settings(data=studyq.data, embedding="none")) as services:
        yield LocalJobs(services)


@pytest.fixture
def waiting(served: tuple[Studyq, str], tmp_path: Path) -> list[str]:
    """Three jobs that wait, newest first; their documents' names hold the test's folder's."""
    _, address = served
    RemoteJobs(address).cancel_all(QUEUE, "live", None)
    names = [f"{word} {tmp_path.name}.pdf" for word in ("cells", "rocks", "stars")]
    with httpx.Client(base_url=address, timeout=30) as client:
        added = [upload(client, name, make_pdf([f"All about {name}."])).json() for name in names]
    return [item["job"]["id"] for item in reversed(added)]


def test_jobs_are_found_alike(desk: JobDesk, waiting: list[str], tmp_path: Path) -> None:
    def found(**asked: object) -> list[str]:
        return [job["id"] for job in desk.find(Asked(**asked))]  # type: ignore[arg-type]

    assert found(queue=QUEUE, states=["waiting"]) == waiting
    assert found(states=["waiting", "delayed"], limit=2) == waiting[:2]
    assert found(text=f"rocks {tmp_path.name}") == [waiting[1]]
    assert found(text=waiting[2]) == [waiting[2]]
    assert found(queue="test-analysis") == []
    assert found(states=["waiting"], trigger="reprocess") == []
    assert found(states=["failed"], code="no_such_code") == []
    shown = desk.show(waiting[0])
    assert (shown["input"], shown["waiting_for"]) == ({"generation": 1}, "the queue is paused")
    assert [event["state"] for event in shown["timeline"]] == ["waiting"]


def test_jobs_are_dealt_with_alike(desk: JobDesk, waiting: list[str]) -> None:
    assert desk.set_priority(waiting[0], -5)["priority"] == -5
    assert desk.cancel(waiting[1])["state"] == "cancelled"
    refused: list[tuple[Callable[..., object], tuple[object, ...]]] = [
        (desk.cancel, (waiting[1],)),
        (desk.set_priority, (waiting[1], 1)),
        (desk.retry, (waiting[0],)),
        (desk.show, ("nix",)),
        (desk.cancel, ("nix/../../..",)),
    ]
    for act, arguments in refused:
        with pytest.raises(REFUSALS):
            act(*arguments)
    again = desk.retry(waiting[1])
    assert (again["state"], again["trigger"]) == ("waiting", "retry")


def test_queues_are_operated_alike(desk: JobDesk, waiting: list[str]) -> None:
    (queue,) = (queue for queue in desk.queues() if queue["name"] == QUEUE)
    assert (queue["paused"], queue["counts"]["waiting"], queue["workers"]) == (True, 3, 1)
    assert desk.set_concurrency(QUEUE, 3)["concurrency"] == 3
    assert desk.resume("test-analysis")["paused"] is False
    assert desk.pause("test-analysis")["paused"] is True
    assert desk.retry_failed("test-analysis", None) == {"retried": 0, "skipped": 0}
    assert desk.cancel_all(QUEUE, "delayed", None)["cancelled"] == 0
    assert desk.cancel_all(QUEUE, "live", None) == {
        "cancelled": 3, "told": 0, "already_ended": 0, "unknown": 0,
    }  # fmt: skip


def test_commands_say_what_they_did(served: tuple[Studyq, str], waiting: list[str]) -> None:
    studyq, _ = served
    table = studyq("jobs", "list", "--state", "waiting").stdout.splitlines()
    assert [line.split()[:3] for line in table] == [[job, QUEUE, "waiting"] for job in waiting]
    assert studyq("jobs", "list", "--trigger", "schedule").stdout == "No jobs.\n"
    text = studyq("jobs", "show", waiting[0]).stdout
    assert "waiting for       the queue is paused" in text
    assert "unique key        ingest:" in text
    (first,) = studyq.json("jobs", "priority", "-5", waiting[0])
    assert first["priority"] == -5
    answer = studyq("jobs", "cancel", waiting[1], "nix", waiting[1])
    assert answer.returncode == 1
    assert answer.stdout == f"{waiting[1]} is cancelled\n"
    assert "nix: There is no job nix" in answer.stderr
    assert "only a live job can be cancelled" in answer.stderr
    line = studyq("jobs", "queues").stdout.splitlines()[0]
    assert "1 worker, paused: 2 waiting" in line
    assert studyq("jobs", "retry-failed", "--code", "x").stdout == "0 put back.\n"
    assert studyq("jobs", "cancel", "--all-of", QUEUE).stdout == "2 cancelled.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("pause", "nope"),
        ("concurrency", QUEUE, "0"),
        ("concurrency", QUEUE, "65"),
        ("priority", "-101", "x"),
        ("priority", "101", "x"),
        ("priority", "1"),
        ("cancel",),
        ("cancel", "x", "--all-of", QUEUE),
        ("cancel", "x", "--state", "waiting"),
        ("list", "--state", "odd"),
    ],
)
def test_wrong_usage_has_an_exit_code_of_its_own(arguments: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(main, ["jobs", *arguments])
    assert answer.exit_code == 2, answer.output


def test_every_queue_can_be_named() -> None:
    assert QUEUES == ALL_QUEUES  # written twice: `--help` must not wait for a database
