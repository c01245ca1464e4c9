"""Language models over real HTTP, through llm, well behaved and not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from model_server import Asked, ModelServer, Said, in_turn, refuse
from studyq.providers.embedding import Unavailable
from studyq.providers.errors import ErrorKind, ProviderError, RequestRefused
from studyq.providers.language import (
    LanguageModel,
    LanguageModels,
    LanguageOptions,
    Question,
    Usage,
)

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"word": {"type": "string"}}}
QUESTION = Question("You answer.", "Say a word.", SCHEMA, max_output=300)


def say(text: str, **more: Any) -> Any:
    return lambda _: Said(text, **more)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(say('{"word": "yes"}')) as running:
        yield running


@pytest.fixture
def opened(server: ModelServer) -> Iterator[Callable[..., LanguageModel]]:
    everything = []

    def open_model(**options: Any) -> LanguageModel:
        models = LanguageModels(
            LanguageOptions(**{"base_url": server.url, "key": "sk-ours", **options})
        )
        everything.append(models)
        found = models.open("openai:card-writer")
        assert isinstance(found, LanguageModel)
        return found

    yield open_model
    for models in everything:
        models.close()


def ask(model: LanguageModel, usage: Usage | None = None, check: Any = lambda: None) -> str:
    return model.ask(QUESTION, usage or Usage(), check)


def test_an_answer_with_its_schema_key_and_usage(
    server: ModelServer, opened: Callable[..., LanguageModel]
) -> None:
    usage = Usage()

    assert ask(opened(), usage) == '{"word": "yes"}'

    asked = server.asked[0]
    assert (asked.system, asked.text) == ("You answer.", "Say a word.")
    assert asked.body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert asked.body["max_tokens"] == 300
    assert asked.headers["authorization"] == "Bearer sk-ours"
    assert (usage.calls, usage.input_tokens, usage.output_tokens) == (1, 5, 3)


def test_no_key_of_the_machine_goes_to_another_server(
    server: ModelServer, opened: Callable[..., LanguageModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-openai")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-openai")

    ask(opened(key=""))

    assert "of-openai" not in str(server.asked[0].headers)


def test_a_plugins_model_at_another_address_gets_no_key_of_openai(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    (tmp_path / "extra-openai-models.yaml").write_text(
        "- model_id: mine\n  model_name: card-writer\n"
        f"  api_base: {server.url}\n  api_key_name: mine\n  supports_schema: true\n"
    )
    models = LanguageModels(LanguageOptions(user_path=tmp_path))

    without = models.open("llm:mine")
    (tmp_path / "keys.json").write_text('{"mine": "sk-mine"}')
    model = models.open("llm:mine")

    assert isinstance(without, Unavailable)
    assert "llm keys set mine" in without.next_step
    assert isinstance(model, LanguageModel)
    assert ask(model) == '{"word": "yes"}'
    assert server.asked[0].headers["authorization"] == "Bearer sk-mine"
    models.close()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("llm:no-such-model", "no-such-model"),
        ("openai:anything", "needs a server"),
        ("nonsense", "names no language model"),
    ],
)
def test_models_that_cannot_be_had_say_why(name: str, reason: str, tmp_path: Path) -> None:
    found = LanguageModels(LanguageOptions(user_path=tmp_path)).open(name)

    assert isinstance(found, Unavailable)
    assert reason in found.reason
    assert found.next_step


def test_a_busy_model_is_asked_again_when_it_says(
    server: ModelServer, opened: Callable[..., LanguageModel]
) -> None:
    busy = refuse(429, "rate_limit_exceeded", Retry_After="0.3")
    server.behaviour = in_turn(lambda _: busy, say("{}"))
    usage, begun = Usage(), time.monotonic()

    assert ask(opened(), usage) == "{}"

    assert time.monotonic() - begun >= 0.3
    assert usage.calls == len(server.asked) == 2


def test_a_failing_model_is_asked_three_times(
    server: ModelServer, opened: Callable[..., LanguageModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studyq.providers.language.FIRST_WAIT", 0.01)
    server.behaviour = lambda _: refuse(500, "server_error")

    with pytest.raises(ProviderError) as caught:
        ask(opened())

    assert caught.value.kind == "transient"
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (refuse(401, "invalid_api_key", "Wrong key sk-ours"), "permanent", "STUDYQ_LLM_KEY"),
        (refuse(402, "payment_required"), "exhausted", "credit"),
        (refuse(429, "insufficient_quota", "insufficient_quota"), "exhausted", "quota"),
        (refuse(429, "rate_limit_exceeded", Retry_After="3600"), "transient", "429"),
        (refuse(400, "context_length_exceeded", "Too long"), "permanent", "Too long"),
    ],
)
def test_refusals_are_sorted_and_never_show_the_key(
    server: ModelServer,
    opened: Callable[..., LanguageModel],
    said: Said,
    kind: ErrorKind,
    words: str,
) -> None:
    server.behaviour = lambda _: said

    with pytest.raises(ProviderError) as caught:
        ask(opened())

    assert caught.value.kind == kind
    assert words in caught.value.message
    assert "sk-ours" not in caught.value.message
    assert isinstance(caught.value, RequestRefused) == (said.status == 400)
    assert len(server.asked) == 1


def test_an_unknown_model_names_the_next_step(server: ModelServer) -> None:
    model = LanguageModels(LanguageOptions(base_url=server.url)).open("openai:no-such-model")
    assert isinstance(model, LanguageModel)

    with pytest.raises(ProviderError, match="studyq models list") as caught:
        ask(model)

    assert caught.value.kind == "permanent"
    model.close()


@pytest.mark.parametrize(
    "behaviour",
    [say("{}", wait=30), say("x" * 4000, pause=0.2), say('{"word": "broken off"}', breaks=True)],
    ids=["hangs", "too slow", "breaks off"],
)
def test_silence_slowness_and_broken_answers_are_transient(
    server: ModelServer,
    opened: Callable[..., LanguageModel],
    behaviour: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("studyq.providers.language.TRIES", 1)
    server.behaviour = behaviour
    begun = time.monotonic()

    with pytest.raises(ProviderError) as caught:
        ask(opened(seconds=0.5))

    assert caught.value.kind == "transient"
    assert time.monotonic() - begun < 2


def test_a_server_without_schemas_is_told_it_in_words(
    server: ModelServer, opened: Callable[..., LanguageModel]
) -> None:
    def old(asked: Asked) -> Said:
        if "response_format" in asked.body:
            return refuse(400, "unsupported", "response_format is not supported")
        return Said('{"word": "old"}')

    server.behaviour = old
    model = opened()

    assert [ask(model), ask(model)] == ['{"word": "old"}'] * 2
    assert len(server.asked) == 3
    assert '"word"' in server.asked[-1].system


def test_a_server_without_a_limit_of_tokens_is_asked_without(
    server: ModelServer, opened: Callable[..., LanguageModel]
) -> None:
    def new(asked: Asked) -> Said:
        if "max_tokens" in asked.body:
            return refuse(400, "unsupported_parameter", "Use max_completion_tokens, not max_tokens")
        return Said('{"word": "new"}')

    server.behaviour = new
    model = opened()

    assert [ask(model), ask(model)] == ['{"word": "new"}'] * 2
    assert len(server.asked) == 3


def test_an_answer_without_an_end_is_cut_off(
    server: ModelServer, opened: Callable[..., LanguageModel]
) -> None:
    server.behaviour = say("word " * 100_000)

    with pytest.raises(RequestRefused, match="did not stop"):
        ask(opened())


def test_a_server_that_counts_nothing_is_counted_for(
    server: ModelServer, opened: Callable[..., LanguageModel]
) -> None:
    server.behaviour = say('{"word": "yes"}', counts=False)
    usage = Usage()

    ask(opened(), usage)

    assert (usage.input_tokens, usage.output_tokens) == (5, 3)


def test_cancelling_closes_the_stream_at_once(
    server: ModelServer, opened: Callable[..., LanguageModel]
) -> None:
    server.behaviour = say("word " * 400, pause=0.05)
    begun = time.monotonic()

    class Cancelled(Exception):
        pass

    def check() -> None:
        if time.monotonic() - begun > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        ask(opened(), check=check)

    assert time.monotonic() - begun < 1
    deadline = time.monotonic() + 2
    while not server.hung_up and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.hung_up == 1


def test_no_more_calls_at_once_than_set(
    server: ModelServer, opened: Callable[..., LanguageModel]
) -> None:
    server.behaviour = say("{}", wait=0.1)
    model = opened(concurrency=3)

    with ThreadPoolExecutor(9) as pool:
        answers = list(pool.map(lambda _: ask(model), range(9)))

    assert answers == ["{}"] * 9
    assert server.most_at_once == 3


def test_one_busy_answer_slows_down_all_callers(
    server: ModelServer, opened: Callable[..., LanguageModel]
) -> None:
    told = threading.Event()

    def busy_once(_: Asked) -> Said:
        if not told.is_set():
            told.set()
            return refuse(429, "rate_limit_exceeded", Retry_After="0.5")
        return Said("{}")

    server.behaviour = busy_once
    model = opened()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, model)
        told.wait(5)
        time.sleep(0.1)
        begun = time.monotonic()
        assert ask(model) == "{}"
        assert time.monotonic() - begun > 0.25
        assert first.result() == "{}"
