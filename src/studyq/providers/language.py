"""The one door to language models: a question with a JSON schema in, text and its price out.

``LanguageModels`` opens a model by its name, or says in words why it cannot be had. All of a
process's calls to one model pass through one ``LanguageModel``, which bounds how many run at once.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from studyq.providers.embedding import Unavailable
from studyq.providers.errors import ProviderError
from studyq.providers.remote_call import call_remote

TRIES = 3  #: requests for one question, when the model is busy or fails for the moment
FIRST_WAIT = 1.0  #: seconds until the second of them; the third waits twice as long
#: A model that asks for a longer pause than this is given up for now.
LONGEST_WAIT = 60.0
_TICK = 0.1

BUILTIN = "builtin"  #: the generator that needs no language model

Check = Callable[[], None]


@dataclass
class Usage:
    """What calls have cost so far; those that fail count too.

    Attributes:
        calls: Requests that were sent.
        input_tokens: As the provider says, or an estimate where it says nothing.
        output_tokens: The same.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Question:
    """What a model is asked.

    Args:
        system: What it is to do.
        text: What it is to do it with.
        schema: JSON schema of the answer. The answer still has to be checked: not every model
            keeps to it.
        max_output: Most tokens of the answer.
    """

    system: str
    text: str
    schema: dict[str, Any]
    max_output: int


@dataclass(frozen=True)
class Answer:
    """What a model said."""

    text: str
    input_tokens: int
    output_tokens: int


class Connection(Protocol):
    """Reaches one model; several threads may ask at once."""

    def ask(self, question: Question, given_up: threading.Event) -> Answer:
        """Sends one request; ends soon, with any exception, once nobody waits for it any more.

        Raises:
            ProviderError: The model could not answer.
        """

    def close(self) -> None:
        """Ends what is kept open between requests."""


class LanguageModel:
    """One model, asked by several threads.

    Args:
        name: As in the settings: ``llm:MODEL`` or ``openai:MODEL``.
        connection: What reaches it.
        concurrency: Requests that may run at once.
        seconds: Deadline of one request.
    """

    def __init__(
        self, name: str, connection: Connection, *, concurrency: int, seconds: float
    ) -> None:
        self.name = name
        self.concurrency = concurrency
        self._connection = connection
        self._seconds = seconds
        self._slots = threading.BoundedSemaphore(concurrency)
        self._not_before = 0.0

    def ask(self, question: Question, usage: Usage, check: Check) -> str:
        """Gives the answer's text. A model that is busy is asked again, a few times.

        Args:
            usage: Is added to, whatever comes of it.
            check: Called ten times a second while waiting; what it raises goes up, and the
                request is dropped.

        Raises:
            ProviderError: The model could not answer.
        """
        for number in itertools.count(1):
            try:
                return self._ask(question, usage, check)
            except ProviderError as error:
                pause = _pause(error, number)
                if pause is None:
                    raise
                until = time.monotonic() + pause
                if error.retry_after is not None:  # it is busy, for the others as well
                    self._not_before = max(self._not_before, until)
                _wait(until, check)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Ends its connections."""
        self._connection.close()

    def _ask(self, question: Question, usage: Usage, check: Check) -> str:
        while not self._slots.acquire(timeout=_TICK):
            check()
        given_up = threading.Event()
        try:
            _wait(self._not_before, check)
            usage.calls += 1
            answer = call_remote(
                lambda: self._connection.ask(question, given_up), seconds=self._seconds, check=check
            )
        finally:
            given_up.set()
            self._slots.release()
        usage.input_tokens += answer.input_tokens
        usage.output_tokens += answer.output_tokens
        return answer.text


@dataclass(frozen=True)
class LanguageOptions:
    """How models are reached.

    Args:
        default: The model of whoever names none: ``builtin``, ``llm:MODEL`` or ``openai:MODEL``.
        base_url: Where the API of ``openai:`` models begins.
        key: Key of the default model, and of ``openai:`` models at that address.
        concurrency: Requests that may run at once, per model.
        seconds: Deadline of one request.
        user_path: Folder of llm's own files; None: llm's default.
    """

    default: str = BUILTIN
    base_url: str = ""
    key: str = ""
    concurrency: int = 4
    seconds: float = 120.0
    user_path: Path | None = None


class LanguageModels:
    """The models of this process, opened when they are first asked for."""

    def __init__(self, options: LanguageOptions) -> None:
        self.options = options
        self._opening = threading.Lock()
        self._open: dict[str, LanguageModel] = {}

    def open(self, name: str) -> LanguageModel | Unavailable:
        """Opens a model. Makes no request.

        Args:
            name: ``llm:MODEL`` or ``openai:MODEL``.
        """
        with self._opening:
            if name in self._open:
                return self._open[name]
            found = self._make(name)
            if isinstance(found, LanguageModel):
                self._open[name] = found
            return found

    def open_ahead(self) -> None:
        """Opens the default model in a thread, so that the first request need not wait for it."""
        if self.options.default != BUILTIN:
            threading.Thread(
                target=self.open, args=(self.options.default,), name="language-model", daemon=True
            ).start()

    def close(self) -> None:
        """Ends the connections of all models."""
        with self._opening:
            while self._open:
                self._open.popitem()[1].close()

    def _make(self, name: str) -> LanguageModel | Unavailable:
        # It takes half a second to import llm; who generates without a model never does.
        from studyq.providers.llm_language import open_plugin_model, open_server_model

        options = self.options
        kind, _, model = name.partition(":")
        if kind == "openai" and model:
            connection = open_server_model(model, options.base_url, options.key, options.seconds)
        elif kind == "llm" and model:
            key = options.key if name == options.default else ""
            connection = open_plugin_model(model, key, options.user_path, options.seconds)
        else:
            return Unavailable(
                f"{name!r} names no language model.",
                "Take builtin, llm:MODEL or openai:MODEL; `studyq models list` shows them.",
            )
        if isinstance(connection, Unavailable):
            return connection
        return LanguageModel(
            name, connection, concurrency=options.concurrency, seconds=options.seconds
        )


def _pause(error: ProviderError, number: int) -> float | None:
    """Seconds until a question may be sent again; None when that is of no use."""
    if error.kind != "transient" or number >= TRIES:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_WAIT else None
    return float(FIRST_WAIT * 2 ** (number - 1) * random.uniform(0.9, 1.1))  # noqa: S311


def _wait(until: float, check: Check) -> None:
    while (left := until - time.monotonic()) > 0:
        check()
        time.sleep(min(left, _TICK))
