"""The page Status of a real server, whole and broken."""

from __future__ import annotations

import httpx

from server_process import ServerProcess, Start


def test_every_part_is_shown_with_its_words(client: httpx.Client, server: ServerProcess) -> None:
    answer = client.get("/app/status")
    assert answer.status_code == 200
    assert "Everything works." in answer.text  # search by words alone was asked for
    for title in ("Database", "Queue", "Workers", "Storage", "Models", "Disk", "Backups"):
        assert f"<h2>{title}</h2>" in answer.text
    assert str(server.data / "studyq.db") in answer.text
    assert "Reading documents" in answer.text
    assert " style=" not in answer.text


def test_a_full_disk_says_what_to_do(start: Start) -> None:
    server = start(settings={"min_free": str(10**18)})
    html = httpx.get(f"{server.url}/app/status").text
    assert "Disk needs your attention." in html
    assert "lower STUDYQ_MIN_FREE" in html


def test_without_workers_and_tables(start: Start) -> None:
    server = start(settings={"worker": "false"})
    (server.data / "studyq.db").rename(server.data / "elsewhere.db")
    answer = httpx.get(f"{server.url}/app/status")
    assert answer.status_code == 200
    assert "Database needs your attention." in answer.text
