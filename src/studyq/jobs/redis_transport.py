"""Rings over Redis: published on one channel, kept nowhere.

Two threads do all the talking, so that nobody who enqueues or works ever waits for Redis. Publish
and subscribe rather than a list: a list hands each ring to one process only, and grows while
nobody takes from it (docs/decisions/0009).
"""

from __future__ import annotations

import hashlib
import hmac
import random
import secrets
import threading
import time
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import structlog
from huey.serializer import SignedSerializer
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    NoPermissionError,
    RedisError,
)
from redis.exceptions import TimeoutError as RedisTimeout
from redis.retry import Retry

from studyq.jobs.registry import QUEUES
from studyq.jobs.transport import Heard, TransportUnusable

log = structlog.get_logger("studyq.jobs")

CONNECT = 1.0  #: seconds for a connection to be made
ANSWER = 2.0  #: seconds for Redis to answer anything
LISTEN = 0.2  #: seconds that one look for rings lasts; a stop waits for it
SLOWEST = 2.0  #: seconds between two attempts to reach a Redis that is away, at the most
PAUSE = 0.002  #: seconds between two sendings: what is rung for meanwhile goes out together
MEANWHILE = "No job is lost; other processes are noticed by watching the database meanwhile."


class RedisTransport:
    """Carries rings over a Redis server.

    Args:
        url: redis://… or rediss://….
        secret: signs the messages and names the channel, so that instances may share a server.

    Raises:
        TransportUnusable: when the address has options that mean nothing.
    """

    name = "redis"

    def __init__(self, url: str, secret: bytes) -> None:
        parts = urlsplit(url)
        self._where = f"Redis at {parts.hostname}:{parts.port or 6379}"
        self._url = url
        self._signed = SignedSerializer(secret.hex(), salt="studyq rings")
        self._channel = f"studyq:rings:{hmac.digest(secret, b'channel', hashlib.sha256).hex()[:16]}"
        self._me = secrets.token_hex(8)
        self._heard: Heard = _nobody
        self._over = threading.Event()
        self._changed = threading.Condition()
        self._pending: set[str] = set()
        self._problems = {"listening": "", "sending": ""}
        self._listening = self._forged = False
        self._threads = [
            threading.Thread(target=self._listen, name="studyq-redis-listen", daemon=True),
            threading.Thread(target=self._send, name="studyq-redis-send", daemon=True),
        ]
        try:
            with closing(self._open()) as client:
                client.connection_pool.make_connection()  # made, not opened
        except (TypeError, ValueError) as error:
            raise TransportUnusable(
                f"STUDYQ_QUEUE_URL has something that cannot be used: {error}. The form is "
                "redis://USER:PASSWORD@HOST:PORT/DATABASE, or rediss:// for TLS."
            ) from error

    @property
    def carries(self) -> bool:
        """Whether rings of other processes arrive at the moment."""
        return self._listening and not self.problem()

    def start(self, heard: Heard) -> None:
        """Begin to connect, listen and send; returns at once."""
        self._heard = heard
        for thread in self._threads:
            thread.start()

    def ring(self, queue: str) -> None:
        """Have other processes told; what is not sent yet is not sent twice."""
        # Without the lock: whoever takes the set publishes after this commit in any case.
        if queue not in self._pending:
            with self._changed:
                self._pending.add(queue)
                self._changed.notify()

    def problem(self) -> str:
        """What is wrong, in words; nothing when all is well."""
        return self._problems["listening"] or self._problems["sending"]

    def stop(self) -> None:
        """Send what is to be sent, if that is possible, and close the connections."""
        with self._changed:
            self._over.set()
            self._changed.notify()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _open(self) -> Redis:
        return Redis.from_url(
            self._url,
            protocol=2,
            socket_connect_timeout=CONNECT,
            socket_timeout=ANSWER,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
        )

    # hearing

    def _listen(self) -> None:
        failures = 0
        while not self._over.is_set():
            try:
                with closing(self._open()) as client, closing(_subscriber(client)) as rings:
                    self._subscribe(rings)
                    failures = 0
                    self._hear(rings)
            except (RedisError, OSError) as error:
                self._note("listening", error)
            except Exception as error:
                # Whatever it is, the thread goes on: without it nothing would be heard again.
                if not self._problems["listening"]:
                    log.exception("listening to rings failed")
                self._note("listening", error)
            self._listening = False
            if not self._over.wait(_pause(failures)):
                failures += 1

    def _subscribe(self, rings: Any) -> None:
        rings.subscribe(self._channel)
        until = time.monotonic() + ANSWER
        while rings.get_message(timeout=LISTEN) is None:
            if time.monotonic() > until or self._over.is_set():
                raise RedisTimeout
        self._listening = True
        self._note("listening", None)
        for queue in QUEUES:  # what was rung for before nobody knows
            self._heard(queue)

    def _hear(self, rings: Any) -> None:
        spoke = asked = time.monotonic()
        while not self._over.is_set():
            message = rings.get_message(timeout=LISTEN)
            moment = time.monotonic()
            if message is not None:
                spoke = moment
                if message["type"] == "message":
                    self._take(message["data"])
            elif moment - spoke > 2 * ANSWER:
                raise RedisTimeout
            elif moment - max(spoke, asked) > ANSWER / 2:
                rings.ping()
                asked = moment

    def _take(self, data: bytes) -> None:
        try:
            # The signature is looked at before anything is read from the message.
            queue, sender = self._signed.deserialize(data)
        except ValueError:
            if not self._forged:
                log.warning("ring without a valid signature ignored", channel=self._channel)
            self._forged = True
            return
        if sender != self._me:
            self._heard(queue)

    # telling

    def _send(self) -> None:
        client, failures = self._open(), 0
        while queues := self._next():
            try:
                for queue in queues:
                    client.publish(self._channel, self._signed.serialize((queue, self._me)))
                self._note("sending", None)
                failures = 0
                self._over.wait(PAUSE)
            except (RedisError, OSError) as error:
                self._note("sending", error)
                self._again(queues)
                if self._over.wait(_pause(failures)):
                    break
                failures += 1
        client.close()

    def _next(self) -> set[str]:
        """The queues to be told of, as soon as there are any; none when all is over."""
        with self._changed:
            while not self._pending and not self._over.is_set():
                self._changed.wait()
            queues, self._pending = self._pending, set()
            return queues

    def _again(self, queues: set[str]) -> None:
        with self._changed:
            self._pending |= queues

    def _note(self, doing: str, error: Exception | None) -> None:
        """Remember how it goes; say so in the log when that has changed."""
        if error is not None and self._over.is_set():
            return  # what breaks off because it is over is no failure
        with self._changed:
            before = self.problem()
            self._problems[doing] = "" if error is None else self._words(error)
            after = self.problem()
        if after and after != before:
            log.warning("rings do not go over redis", reason=after)
        elif before and not after:
            log.info("rings go over redis again")

    def _words(self, error: Exception) -> str:
        if isinstance(error, AuthenticationError | AuthorizationError):
            return f"{self._where} refuses the name or password. {MEANWHILE}"
        if isinstance(error, NoPermissionError):
            return f"{self._where} does not let this user publish and subscribe. {MEANWHILE}"
        if isinstance(error, BusyLoadingError):
            return f"{self._where} is still loading its data. {MEANWHILE}"
        if isinstance(error, RedisTimeout | TimeoutError):
            return f"{self._where} does not answer. {MEANWHILE}"
        return f"{self._where} cannot be reached. {MEANWHILE}"


def _subscriber(client: Redis) -> Any:
    return client.pubsub()  # type: ignore[no-untyped-call]


def _pause(failures: int) -> float:
    """Seconds until the next attempt; not the same for all processes."""
    spread = random.uniform(0.8, 1.2)  # noqa: S311  # no secret
    return min(SLOWEST, 0.1 * 2.0 ** min(failures, 8)) * spread


def _nobody(_: str) -> None:
    pass
