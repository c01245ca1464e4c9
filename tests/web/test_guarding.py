"""Who may speak to an instance: host names, origins, headers, and the address it listens on."""

from __future__ import annotations

import socket
import subprocess
import sys

import httpx
import pytest

from server_process import ServerProcess, Start, refusal


class TestHostNames:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.0.0.1:80", "[::1]:8642",
                 "localhost:65535"]
    )  # fmt: skip
    def test_of_this_machine_are_served(self, client: httpx.Client, host: str) -> None:
        assert client.get("/documents", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", "localhost.evil.example",
         "127.0.0.1@evil.example", "[::2]", "[::1", "0.0.0.0", "",
         "10.0.0.1", "a" * 5000, "user:pass@evil.example:80", "127.0.0.1:x@evil"],
    )  # fmt: skip
    def test_of_elsewhere_are_refused(self, client: httpx.Client, host: str) -> None:
        for path in ("/documents", "/health/live", "/app", "/schema/openapi.json", "/events"):
            refusal(client.get(path, headers={"Host": host}), 400, "host_not_allowed")

    def test_must_be_there(self, server: ServerProcess) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            line.sendall(b"GET /documents HTTP/1.0\r\n\r\n")
            assert b" 400 " in line.recv(1000)


class TestOrigins:
    def test_own_pages_may_write(self, client: httpx.Client, server: ServerProcess) -> None:
        for name in ("127.0.0.1", "localhost", "[::1]"):
            host = f"{name}:{server.port}"
            headers = {"Host": host, "Origin": f"http://{host}"}
            answer = client.post("/documents", json={"text": ""}, headers=headers)
            refusal(answer, 422, "empty_text")

    @pytest.mark.parametrize(
        "origin",
        ["http://evil.example", "https://evil.example:8642", "null", "http://127.0.0.1:1", "file://",
         "http://localhost", "http://[::1", "http://127.0.0.1.evil.example", "", "odd", "//",
         "http://[", "http://[x]:1"],
    )  # fmt: skip
    def test_others_may_not(self, client: httpx.Client, origin: str) -> None:
        headers = {"Origin": origin}
        for method, path in (
            ("POST", "/documents"),
            ("POST", "/pdfs"),
            ("PUT", "/pdfs/a.pdf"),
            ("POST", "/documents/import"),
            ("PATCH", "/documents/x"),
            ("DELETE", "/documents/x"),
            ("POST", "/documents/reprocess"),
            ("DELETE", "/queue/pdf-ingestion/jobs/x"),
        ):
            refusal(client.request(method, path, headers=headers), 403, "foreign_origin")

    def test_reading_is_left_to_the_browsers_own_rules(self, client: httpx.Client) -> None:
        answer = client.get("/documents", headers={"Origin": "http://evil.example"})
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers

    def test_a_cross_site_request_is_refused_without_an_origin(self, client: httpx.Client) -> None:
        headers = {"Sec-Fetch-Site": "cross-site"}
        refusal(
            client.post("/documents", json={"text": "a"}, headers=headers), 403, "foreign_origin"
        )

    def test_tools_without_an_origin_may_write(self, client: httpx.Client) -> None:
        refusal(client.post("/documents", json={"text": ""}), 422, "empty_text")

    def test_a_preflight_gets_no_permission(self, client: httpx.Client) -> None:
        headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "DELETE"}
        answer = client.options("/documents", headers=headers)
        assert "access-control-allow-origin" not in answer.headers


class TestHeaders:
    @pytest.mark.parametrize(
        "path", ["/documents", "/search?q=a", "/documents/nope", "/app", "/schema/openapi.json"]
    )
    def test_content_is_never_guessed(self, client: httpx.Client, path: str) -> None:
        answer = client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_pages_run_nothing_of_others(self, client: httpx.Client) -> None:
        policy = client.get("/app", follow_redirects=True).headers["content-security-policy"]
        assert "default-src 'self'" in policy or "default-src 'none'" in policy
        assert "unsafe-inline" not in policy.split("style-src")[0]
        assert "frame-ancestors 'none'" in policy

    def test_nothing_says_which_server_it_is(self, client: httpx.Client) -> None:
        assert "litestar" not in str(client.get("/documents").headers).lower()


def test_a_public_address_is_accepted_as_a_name(start: Start) -> None:
    named = start(settings={"url": "https://studyq.example.org:8443/"})
    with named.client() as client:
        for host in ("studyq.example.org", "studyq.example.org:8443", "localhost"):
            assert client.get("/documents", headers={"Host": host}).status_code == 200
        answer = client.get("/documents", headers={"Host": "other.example.org"})
        refusal(answer, 400, "host_not_allowed")
        proxied = {"Host": "studyq.example.org", "Origin": "https://studyq.example.org"}
        empty = client.post("/documents", json={"text": ""}, headers=proxied)
        refusal(empty, 422, "empty_text")


def test_an_address_that_strangers_reach_is_refused_with_a_reason(
    server: ServerProcess,
) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "studyq", "serve", "--port", "0"],
        env={**server.environment_of(), "STUDYQ_HOST": "0.0.0.0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode != 0
    assert "STUDYQ_AUTH=none" in process.stderr
    assert "Traceback" not in process.stderr
