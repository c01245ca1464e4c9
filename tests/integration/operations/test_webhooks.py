"""Webhooks over real connections: signed, retried as jobs, and sent to nobody on the inside."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from job_layer import USER, Jobs, wait_for
from studyq.database.base import new_id, now
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.errors import JobCancelled
from studyq.jobs.models import State
from studyq.jobs.registry import NOTIFICATIONS
from studyq.jobs.worker import QueueWorker, WorkerSettings
from studyq.operations.models import Incident
from studyq.operations.webhook_delivery import Undelivered, is_public, post, sign
from studyq.operations.webhooks import ATTEMPTS, WEBHOOK_JOB, enqueue_webhook, register_webhooks
from studyq.settings import Settings, SettingsError
from webhook_receiver import Receiver, make_certificate

SECRET = "correct horse battery staple"  # of this test
ON_THE_INSIDE = (
    "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[::127.0.0.1]",
    "[2002:7f00:1::]", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[fe80::1]",
    "[fd00::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]",
)  # fmt: skip


def send(address: str, **wishes: Any) -> int:
    return post(address, b"{}", {"Content-Type": "application/json"}, **{"private": True, **wishes})


def refusal(address: str, **wishes: Any) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        send(address, **wishes)
    return caught.value


class TestDelivery:
    def test_arrives(self, receiver: Receiver) -> None:
        assert send(f"{receiver.url}/ä?a=b c&d=%20") == 204
        (request,) = receiver.received
        assert request.path == "/hook/%C3%A4?a=b%20c&d=%20"
        assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert request.body == b"{}"

    def test_arrives_over_ipv6(self, receiver: Receiver) -> None:
        host = f"[::ffff:7f00:1]:{receiver.port}"
        assert send(f"http://{host}/") == 204
        assert receiver.received[0].headers["host"] == host

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_follows_no_redirect(self, receiver: Receiver, status: int) -> None:
        receiver.answers = [status]
        refused = refusal(receiver.url)
        assert (refused.code, refused.lasting) == ("webhook_redirect", True)
        assert len(receiver.received) == 1

    @pytest.mark.parametrize(
        ("status", "lasting"),
        [(400, True), (404, True), (410, True), (408, False), (429, False), (500, False),
         (503, False)],
    )  # fmt: skip
    def test_tells_what_is_worth_trying_again(
        self, receiver: Receiver, status: int, lasting: bool
    ) -> None:
        receiver.answers = [status]
        refused = refusal(receiver.url)
        assert (refused.code, refused.lasting) == ("webhook_refused", lasting)
        assert str(status) in refused.message

    def test_nobody_listens(self, receiver: Receiver) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            refused = refusal(f"http://127.0.0.1:{taken.getsockname()[1]}/secret-path")
        assert (refused.code, refused.lasting) == ("webhook_unreachable", False)
        assert "secret-path" not in refused.message

    def test_names_that_lead_nowhere(self) -> None:
        assert not refusal("http://no-such-host.invalid/").lasting
        assert refusal("http://a..b/").code == "webhook_address"

    def test_gives_up_on_what_never_answers(self, receiver: Receiver) -> None:
        receiver.answers = [lambda _: receiver.released.wait(30)]
        begun = time.monotonic()
        refused = refusal(receiver.url, seconds=0.3)
        assert time.monotonic() - begun < 5
        assert (refused.code, refused.lasting) == ("webhook_timeout", False)

    def test_gives_up_on_what_answers_bit_by_bit(self, receiver: Receiver) -> None:
        ended: list[bool] = []

        def drip(handler: BaseHTTPRequestHandler) -> None:
            try:
                while not receiver.released.wait(0.02):
                    handler.wfile.write(b"H")
            except OSError:
                ended.append(True)

        receiver.answers = [drip]
        assert refusal(receiver.url, seconds=0.3).code == "webhook_timeout"
        wait_for(lambda: bool(ended), "the connection ends with the delivery")

    def test_gives_up_when_told_to(self, receiver: Receiver) -> None:
        receiver.answers = [lambda _: receiver.released.wait(30)]

        def check() -> None:
            if receiver.received:
                raise JobCancelled("told to")

        with pytest.raises(JobCancelled):
            send(receiver.url, check=check)

    def test_is_no_http(self, receiver: Receiver) -> None:
        receiver.answers = [lambda handler: handler.wfile.write(b"220 smtp\r\n")]
        assert refusal(receiver.url).code == "webhook_unreachable"


class TestInside:
    @pytest.mark.parametrize("host", ON_THE_INSIDE)
    def test_is_not_connected_to(self, receiver: Receiver, host: str) -> None:
        refused = refusal(f"http://{host}:{receiver.port}/hook", private=False)
        assert (refused.code, refused.lasting) == ("webhook_private", True)
        assert "STUDYQ_ALERT_WEBHOOK_PRIVATE" in refused.message
        assert receiver.connections == 0

    @pytest.mark.parametrize(
        "address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"]
    )
    def test_the_internet_is_outside(self, address: str) -> None:
        assert is_public(ip_address(address))

    @given(st.ip_addresses(v=4).filter(lambda address: not address.is_global))
    def test_no_form_hides_it(self, inner: IPv4Address) -> None:
        number = int(inner)
        assert not is_public(inner)
        for form in (
            IPv6Address(0xFFFF << 32 | number),
            IPv6Address(number),
            IPv6Address(0x64FF9B << 96 | number),
            IPv6Address(0x2002 << 112 | number << 80),
            IPv6Address(0x20010000 << 96 | (number ^ 0xFFFFFFFF)),
        ):
            assert not is_public(form)

    def test_a_name_is_resolved_once(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A second answer, to which a connection could be lured, is never asked for."""
        asked: list[str] = []

        def resolve(host: str, port: int, **_: object) -> list[Any]:
            asked.append(host)
            where = ("127.0.0.1", port) if len(asked) == 1 else ("192.0.2.1", port)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", where)]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        assert send(f"http://receiver.example:{receiver.port}/") == 204
        assert asked == ["receiver.example"]
        assert receiver.received[0].headers["host"] == f"receiver.example:{receiver.port}"

    def test_of_several_addresses_only_public_ones_are_tried(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tried: list[Any] = []
        places = ["127.0.0.1", "8.8.8.8"]

        def resolve(_: str, port: int, **__: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in places]

        def connect(_: socket.socket, where: Any) -> None:
            tried.append(where[0])
            raise ConnectionRefusedError("refused")

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        monkeypatch.setattr(socket.socket, "connect", connect)
        assert refusal("http://mixed.example/", private=False).code == "webhook_unreachable"
        assert tried == ["8.8.8.8"]


class TestTls:
    @pytest.fixture
    def secure(self, tmp_path: Path) -> Callable[[str], tuple[Receiver, ssl.SSLContext]]:
        def make(name: str) -> tuple[Receiver, ssl.SSLContext]:
            certificate = make_certificate(tmp_path, name)
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.load_cert_chain(certificate)
            return Receiver(server), ssl.create_default_context(cafile=str(certificate))

        return make

    def test_a_certificate_that_is_trusted(self, secure: Any) -> None:
        receiver, trusting = secure("localhost")
        with receiver:
            assert send(f"https://localhost:{receiver.port}/", context=trusting) == 204

    def test_a_certificate_of_nobody(self, secure: Any) -> None:
        receiver, _ = secure("localhost")
        with receiver:
            refused = refusal(f"https://localhost:{receiver.port}/")
            assert (refused.code, refused.lasting) == ("webhook_certificate", True)
            assert receiver.received == []

    def test_a_certificate_of_somebody_else(self, secure: Any) -> None:
        receiver, trusting = secure("other.example")
        with receiver:
            refused = refusal(f"https://localhost:{receiver.port}/", context=trusting)
            assert refused.code == "webhook_certificate"
            assert receiver.received == []


def test_signature_of_a_published_example() -> None:
    """The example of https://github.com/standard-webhooks/standard-webhooks (spec, signatures)."""
    settings = Settings(alert_webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert settings.webhook_key is not None
    signature = sign(
        settings.webhook_key,
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "address",
    ["ftp://example.com/", "example.com", "http://", "http:///path", "http://user:pass@example.com/",
     "http://example.com:99999/", "http://example.com:0/", "http://[::1/", "http://example.com/a b",
     "http://example.com/\r\nHost: other"],
)  # fmt: skip
def test_addresses_that_cannot_be_posted_to_are_refused_at_start(address: str) -> None:
    with pytest.raises(SettingsError, match="STUDYQ_ALERT_WEBHOOK takes"):
        Settings(alert_webhook=address)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_%%", "whsec_abc"])
def test_keys_that_are_damaged_are_refused_at_start(secret: str) -> None:
    with pytest.raises(SettingsError, match="STUDYQ_ALERT_WEBHOOK_SECRET takes"):
        Settings(alert_webhook_secret=secret)


class TestJob:
    @pytest.fixture
    def settings(self, receiver: Receiver) -> Settings:
        return Settings(
            alert_webhook=f"{receiver.url}/s3cret-path",
            alert_webhook_secret=SECRET,
            alert_webhook_private=True,
            url="https://studyq.example",
        )

    def enqueue(self, jobs: Jobs, settings: Settings, turn: Any = "opened") -> str:
        if jobs.registry.find(NOTIFICATIONS, WEBHOOK_JOB) is None:
            register_webhooks(jobs.registry, settings)
        incident = Incident(
            id=new_id(), kind="waiting", about="pdf-ingestion", message="1 job waited.",
            next_step="Look.", opened_at=now(), seen_at=now(),
        )  # fmt: skip
        with jobs.database.write() as session:
            session.add(incident)
            return enqueue_webhook(session, incident, turn, now())

    def drain(self, jobs: Jobs) -> None:
        shared = WorkerSettings("worker", 30.0, jobs.registry, jobs.stop, jobs.executing)
        QueueWorker(jobs.database, NOTIFICATIONS, shared).drain()

    def test_tells_what_happened(self, jobs: Jobs, settings: Settings, receiver: Receiver) -> None:
        job_id = self.enqueue(jobs, settings)
        self.drain(jobs)
        row = jobs.row(job_id)
        assert (row.state, row.result) == (State.COMPLETED, {"sent": True, "status": 204})
        (request,) = receiver.received
        assert request.message == {**row.payload, "url": "https://studyq.example"}
        assert set(request.message) == {
            "id", "kind", "about", "state", "message", "next_step", "at", "url"
        }  # fmt: skip
        assert request.is_signed_with(SECRET.encode())
        assert not request.is_signed_with(b"another")
        assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60

    def test_is_genuine_as_the_documentation_checks_it(
        self, jobs: Jobs, settings: Settings, receiver: Receiver
    ) -> None:
        page = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
        names: dict[str, Any] = {}
        exec(page.partition("```python\n")[2].partition("```")[0], names)
        is_genuine = names["is_genuine"]
        self.enqueue(jobs, settings)
        self.drain(jobs)
        (request,) = receiver.received
        assert is_genuine(request.headers, request.body, SECRET)
        assert not is_genuine(request.headers, request.body, "another")
        assert not is_genuine(request.headers, request.body + b" ", SECRET)
        old = {**request.headers, "webhook-timestamp": "1614265330"}
        assert not is_genuine(old, request.body, SECRET)

    def test_is_sent_again_after_a_failure(
        self, jobs: Jobs, settings: Settings, receiver: Receiver
    ) -> None:
        receiver.answers = [500, 200]
        job_id = self.enqueue(jobs, settings)
        self.drain(jobs)
        assert jobs.row(job_id).state == State.DELAYED
        jobs.make_due(job_id)
        self.drain(jobs)
        assert jobs.row(job_id).state == State.COMPLETED
        first, second = receiver.received
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        assert second.is_signed_with(SECRET.encode())

    def test_is_given_up_where_that_is_no_use(
        self, jobs: Jobs, settings: Settings, receiver: Receiver
    ) -> None:
        receiver.answers = [404]
        job_id = self.enqueue(jobs, settings)
        self.drain(jobs)
        row = jobs.row(job_id)
        assert (row.state, row.errors[0]["code"]) == (State.FAILED, "webhook_refused")
        assert row.max_attempts == ATTEMPTS

    def test_goes_to_nobody_on_the_inside(self, jobs: Jobs, receiver: Receiver) -> None:
        job_id = self.enqueue(jobs, Settings(alert_webhook=receiver.url))
        self.drain(jobs)
        assert jobs.row(job_id).errors[0]["code"] == "webhook_private"
        assert receiver.connections == 0

    def test_without_a_secret_there_is_no_signature(self, jobs: Jobs, receiver: Receiver) -> None:
        self.enqueue(jobs, Settings(alert_webhook=receiver.url, alert_webhook_private=True))
        self.drain(jobs)
        assert "webhook-signature" not in receiver.received[0].headers

    def test_is_not_sent_once_there_is_no_webhook(self, jobs: Jobs) -> None:
        job_id = self.enqueue(jobs, Settings())
        self.drain(jobs)
        assert jobs.row(job_id).result == {"sent": False}

    def test_is_made_once(self, jobs: Jobs, settings: Settings) -> None:
        job_id = self.enqueue(jobs, settings)
        row = jobs.row(job_id)
        with jobs.database.write() as session:
            again = enqueue(
                session,
                NewJob(NOTIFICATIONS, WEBHOOK_JOB, USER, unique_key=row.unique_key),
            )
        assert again == job_id

    def test_keeps_its_secrets(
        self, jobs: Jobs, settings: Settings, receiver: Receiver, tmp_path: Path
    ) -> None:
        receiver.answers = [500, 302]
        with structlog.testing.capture_logs() as lines:
            job_id = self.enqueue(jobs, settings)
            self.drain(jobs)
            jobs.make_due(job_id)
            self.drain(jobs)
        assert jobs.row(job_id).state == State.FAILED
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("studyq.db*"))
        for secret in (SECRET, "s3cret-path"):
            assert secret not in repr(lines)
            assert secret.encode() not in stored
            assert secret not in repr(receiver.received[0].headers)
