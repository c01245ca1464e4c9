"""Language models over ``llm``: those of its plugins, and any server with OpenAI's protocol.

``llm`` does not check answers against the schema, lets OpenAI's client wait for ten minutes and
repeat by itself, makes a connection for each prompt, and looks keys up in places of its own. All of
that is settled here, so that the rest of studyq need not know.
"""

from __future__ import annotations

import json
import os
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from studyq.providers.embedding import Unavailable
from studyq.providers.errors import ProviderError, RequestRefused, provider_error
from studyq.providers.language import Answer, Connection, Question

if TYPE_CHECKING:
    from llm import KeyModel, Model

_DETAIL_CHARACTERS = 300
#: What plugins call the option for the most tokens of an answer.
_OUTPUT_OPTIONS = ("max_tokens", "max_output_tokens", "num_predict")
_MOST_CHARACTERS = 20  #: of a token that was allowed; more is an answer without an end
_NO_KEY = "none"  #: OpenAI's client wants one for servers, too, that ask for none
_AS_JSON = "Answer with one JSON value that fits this JSON schema, and nothing else:"


class GivenUp(Exception):
    """Nobody waits for the answer any more."""


def open_server_model(
    model: str, base_url: str, key: str, seconds: float
) -> Connection | Unavailable:
    """A model of a server that speaks OpenAI's protocol: Ollama, llama.cpp, vLLM, hosted ones.

    Args:
        model: The server's name for it.
        base_url: Where the API begins, as ``http://host/v1``.
        key: Sent as a bearer token. No other key that this machine may know is ever sent.
        seconds: Longest silence of the server.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return Unavailable(
            f"The model openai:{model} needs a server: {base_url!r} is not an http or https "
            "address.",
            "Set STUDYQ_LLM_URL to where its API begins, such as http://localhost:11434/v1.",
        )
    import openai
    from llm.default_plugins.openai_models import Chat

    # OpenAI's client would add what the environment says of an account at OpenAI.
    nothing = {name: openai.Omit() for name in ("OpenAI-Organization", "OpenAI-Project")}
    chat: Any = Chat(  # type: ignore[no-untyped-call]
        f"openai:{model}",
        model_name=model,
        api_base=base_url.rstrip("/"),
        headers=nothing,
        supports_schema=True,
    )
    chat.needs_key = "studyq"
    chat.key = key or _NO_KEY
    return _Connection(chat, chat.key, seconds)


def open_plugin_model(
    model: str, key: str, user_path: Path | None, seconds: float
) -> Connection | Unavailable:
    """A model that some installed plugin of llm offers.

    Args:
        model: Id or alias (``llm models`` lists them).
        key: Its key; empty: the one that ``llm keys`` or the provider's variable holds.
        user_path: Folder of llm's own files; None: where llm keeps them for this user.
        seconds: Longest silence of OpenAI's servers.
    """
    use_llm_folder(user_path)
    import llm

    try:
        # The object is kept: each look-up builds all models of all plugins anew.
        found = llm.get_model(model)
    except llm.UnknownModelError:
        return Unavailable(
            f"No installed plugin of llm offers the model {model}.",
            "`studyq models list` shows those that can be had, or install the plugin that has it.",
        )
    wanted = key or (key_of(found) if found.needs_key else None)
    if found.needs_key and not wanted:
        return Unavailable(
            f"The model {model} needs a key ({found.needs_key}).",
            f"Set STUDYQ_LLM_KEY, or run `llm keys set {found.needs_key}`.",
        )
    return _Connection(found, wanted, seconds)


def use_llm_folder(path: Path | None) -> None:
    """Says where llm's own files are; None: where llm keeps them for this user."""
    if path is not None:
        # llm has no other way to be told; it reads the variable each time.
        os.environ["LLM_USER_PATH"] = str(path)


def key_of(model: Model | KeyModel) -> str | None:
    """The key that llm holds for a model, and never one that belongs to another server.

    llm gives a model at an address of its own, whose key was not stored, the key of OpenAI from
    the environment.
    """
    import llm

    elsewhere = getattr(model, "api_base", None) is not None
    found: str | None = llm.get_key(
        alias=model.needs_key, env=None if elsewhere else model.key_env_var
    )
    return found


class _Connection:
    """One model with its key: a `Connection`."""

    def __init__(self, model: Any, key: str | None, seconds: float) -> None:
        self._model = model
        self._key = key
        self._schemas = bool(model.supports_schema)
        known = model.Options.model_fields
        self._limit = next((name for name in _OUTPUT_OPTIONS if name in known), None)
        self._calling = threading.local()
        self._clients: list[Any] = []
        if hasattr(model, "get_client"):
            self._take_over_client(seconds)

    def close(self) -> None:
        """Ends its connections."""
        for client in self._clients:
            client.close()

    def ask(self, question: Question, given_up: threading.Event) -> Answer:
        """See `Connection.ask`; what a server does not know is left out from then on."""
        while True:
            try:
                return self._ask(question, given_up)
            except RequestRefused as error:
                if self._schemas and "response_format" in error.message:
                    self._schemas = False  # it becomes part of what is asked
                elif self._limit and self._limit in error.message:
                    self._limit = None
                else:
                    raise

    def _ask(self, question: Question, given_up: threading.Event) -> Answer:
        try:
            response = self._model.prompt(
                question.text,
                system=self._system(question),
                schema=question.schema if self._schemas else None,
                stream=self._model.can_stream,
                options={self._limit: question.max_output} if self._limit else {},
                **({"key": self._key} if self._key else {}),
            )
            text = ""
            for piece in response:
                if given_up.is_set():
                    raise GivenUp
                text += piece
                if len(text) > question.max_output * _MOST_CHARACTERS:
                    raise RequestRefused(
                        f"The model {self._model.model_id} said more than {question.max_output} "
                        "tokens, and did not stop."
                    )
            usage = response.usage()
        except (GivenUp, RequestRefused):
            raise
        # Each plugin raises what its client library raises; there is no common base.
        except Exception as error:
            raise self._sorted(error) from error
        finally:
            self._hang_up()
        return Answer(
            text,
            input_tokens=_or_estimate(usage.input, question.system + question.text),
            output_tokens=_or_estimate(usage.output, text),
        )

    def _take_over_client(self, seconds: float) -> None:
        """Makes OpenAI's client, behind this model, wait and repeat no longer than we say.

        One is kept for all calls, with its connections, and the response of each thread with it:
        to leave a stream is not to close it.
        """
        import openai

        make = self._model.get_client

        def keep(response: Any) -> None:
            self._calling.response = response

        @cache
        def get_client(key: str | None, *, async_: bool = False) -> Any:
            http = openai.DefaultHttpxClient(event_hooks={"response": [keep]})
            self._clients.append(http)
            return make(key, async_=async_).with_options(
                timeout=seconds, max_retries=0, http_client=http
            )

        self._model.get_client = get_client

    def _hang_up(self) -> None:
        response = getattr(self._calling, "response", None)
        if response is not None:
            response.close()

    def _system(self, question: Question) -> str:
        if self._schemas:
            return question.system
        return f"{question.system}\n\n{_AS_JSON}\n{json.dumps(question.schema)}"

    def _sorted(self, error: Exception) -> ProviderError:
        reason = " ".join((str(error) or type(error).__name__).split())
        if self._key and self._key != _NO_KEY:
            reason = reason.replace(self._key, "•••")
        reason = reason[:_DETAIL_CHARACTERS].rstrip(".")
        advice = {
            401: " Check STUDYQ_LLM_KEY.",
            402: " Add credit to the account, then retry.",
            403: " Check STUDYQ_LLM_KEY.",
            404: " Check STUDYQ_LLM and STUDYQ_LLM_URL; `studyq models list` shows what there is.",
        }.get(getattr(error, "status_code", 0), "")
        message = f"The model {self._model.model_id} failed: {reason}.{advice}"
        return provider_error(error, message)


def _or_estimate(tokens: int | None, text: str) -> int:
    """What the provider says; else about four bytes a token, whatever the script."""
    return len(text.encode()) // 4 if tokens is None else tokens
