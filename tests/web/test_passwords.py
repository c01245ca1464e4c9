"""PDFs behind a password: it opens them, and is never seen again."""

from __future__ import annotations

import httpx
import pytest

from pdf_files import encrypt_pdf, make_pdf
from server_process import ServerProcess, add_pdf, job_end, refusal, search

SECRET = "ein-Gehëimnis-4711"


@pytest.fixture
def locked(word: str) -> bytes:
    return encrypt_pdf(make_pdf([f"Behind the password stands {word}."]), user=SECRET)


def test_the_right_password_opens(client: httpx.Client, locked: bytes, word: str) -> None:
    document = add_pdf(client, "locked.pdf", locked, password=SECRET)
    assert document["status"] == "COMPLETED"
    assert client.get(f"/pdfs/{document['pdf_id']}").json()["encrypted"] is True
    assert len(search(client, word)) == 1
    image = client.get(f"/documents/{document['id']}/pages/1/image")
    assert image.content[8:12] == b"WEBP"


def test_the_right_password_opens_a_raw_body(client: httpx.Client, locked: bytes) -> None:
    # A header carries only Latin letters; passwords beyond them go in the form.
    content = encrypt_pdf(make_pdf(["Another one."]), user="plain")
    headers = {"X-Pdf-Password": "plain"}
    answer = client.put("/pdfs/locked.pdf", content=content, headers=headers)
    assert job_end(client, answer.json()["job"]["id"])["state"] == "completed"


@pytest.mark.parametrize(
    ("password", "code"), [("", "password_required"), ("not this", "wrong_password")]
)
def test_without_the_right_one_it_fails_and_says_what_to_do(
    client: httpx.Client, locked: bytes, password: str, code: str
) -> None:
    document = add_pdf(client, "locked.pdf", locked, password=password)
    assert document["status"] == "FAILED"
    assert document["error"]["code"] == code
    assert "password" in document["error"]["message"]
    assert document["job"]["attempts_made"] == 1
    image = client.get(f"/documents/{document['id']}/pages/1/image")
    refusal(image, 404, "page_not_found")


def test_the_password_can_follow_with_reprocess(
    client: httpx.Client, locked: bytes, word: str
) -> None:
    document = add_pdf(client, "locked.pdf", locked)
    assert document["status"] == "FAILED"
    path = f"/documents/{document['id']}/reprocess"
    answer = client.post(path, json={"password": SECRET})
    assert answer.status_code == 202
    assert job_end(client, answer.json()["job"]["id"])["state"] == "completed"
    assert client.get(f"/documents/{document['id']}").json()["error"] is None
    assert len(search(client, word)) == 1


def test_the_password_can_follow_with_the_same_upload(
    client: httpx.Client, locked: bytes, word: str
) -> None:
    first = add_pdf(client, "locked.pdf", locked, password="wrong")
    again = add_pdf(client, "locked.pdf", locked, password=SECRET)
    assert again["id"] == first["id"]
    assert again["status"] == "COMPLETED"
    assert len(search(client, word)) == 1


def test_an_owner_password_alone_is_no_obstacle(client: httpx.Client, word: str) -> None:
    content = encrypt_pdf(make_pdf([f"Anybody may read {word}."]), user="")
    assert add_pdf(client, "owned.pdf", content)["status"] == "COMPLETED"


def test_a_password_is_in_no_answer_log_or_row(
    client: httpx.Client, server: ServerProcess, locked: bytes
) -> None:
    wrong = "wrong-Passwort-0815"
    document = add_pdf(client, "locked.pdf", locked, password=wrong)
    path = f"/documents/{document['id']}"
    job = client.post(f"{path}/reprocess", json={"password": SECRET}).json()["job"]
    job_end(client, job["id"])
    bad_field = client.post(f"{path}/reprocess", json={"password": {"a": SECRET}})
    assert bad_field.status_code == 400
    told = [
        client.get(address).text
        for address in (path, "/documents", "/pdfs", "/queue/pdf-ingestion/jobs")
    ]
    told += [bad_field.text, server.log]
    stored = b"".join(
        path.read_bytes() for path in server.data.iterdir() if path.name.startswith("studyq.db")
    )
    for secret in (wrong, SECRET):
        assert not [text for text in told if secret in text]
        assert secret.encode() not in stored


def test_the_key_that_seals_passwords_is_the_owners_alone(server: ServerProcess) -> None:
    assert (server.data / "secret.key").stat().st_mode & 0o777 == 0o600
