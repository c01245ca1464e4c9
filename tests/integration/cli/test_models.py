"""`studyq models`: what there is, and whether it works, against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from model_server import ModelServer, refuse
from studyq_command import Studyq


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def configured(studyq: Studyq, server: ModelServer) -> Studyq:
    studyq.variables.update(
        STUDYQ_LLM="openai:card-writer",
        STUDYQ_LLM_URL=server.url,
        STUDYQ_LLM_KEY="sk-ours",
        LLM_USER_PATH=str(studyq.data / "llm"),
    )
    return studyq


def test_the_models_that_can_be_had_are_listed(configured: Studyq) -> None:
    answer = configured("models", "list")

    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0].split()[0] == "builtin"
    assert lines[1].startswith("* openai:card-writer ")
    assert lines[2].split()[0] == "openai:card-writer-large"
    assert "--all" in lines[-1]
    assert "llm:gpt-4o" not in answer.stdout

    everything = {model["name"]: model for model in configured.json("models", "list")}
    assert everything["openai:card-writer"]["default"]
    assert everything["llm:gpt-4o"]["needs"] == "a key: llm keys set openai"


def test_a_server_that_is_away_is_told(configured: Studyq) -> None:
    answer = configured("models", "list", STUDYQ_LLM_URL="http://127.0.0.1:9/v1")

    assert answer.returncode == 0, answer.stderr
    assert "needs a server" in answer.stdout


def test_a_model_is_tried_with_one_card(configured: Studyq, server: ModelServer) -> None:
    answer = configured("models", "test")

    assert answer.returncode == 0, answer.stderr
    assert "openai:card-writer answered in" in answer.stdout
    assert "tokens in" in answer.stdout
    assert len(server.asked) == 1
    told = configured.json("models", "test", "openai:card-writer-large")
    assert json.loads(told["answer"])["cards"]
    assert told["input_tokens"] > 100


def test_a_model_that_fails_says_why(configured: Studyq, server: ModelServer) -> None:
    server.behaviour = lambda _: refuse(401, "invalid_api_key", "Incorrect API key: sk-ours")

    wrong_key = configured("models", "test")
    unknown = configured("models", "test", "llm:no-such-model")

    assert (wrong_key.returncode, unknown.returncode) == (1, 1)
    assert "STUDYQ_LLM_KEY" in wrong_key.stderr
    assert "sk-ours" not in wrong_key.stderr
    assert "No installed plugin" in unknown.stderr
    assert "Traceback" not in wrong_key.stderr + unknown.stderr


def test_a_setting_that_names_no_model_is_refused(studyq: Studyq) -> None:
    answer = studyq("config", STUDYQ_LLM="gpt-4o")

    assert answer.returncode == 2
    assert "STUDYQ_LLM takes builtin, llm:MODEL or openai:MODEL" in answer.stderr
