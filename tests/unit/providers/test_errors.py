"""Errors say whether trying again helps, and cross process borders whole."""

from __future__ import annotations

import pickle

import pytest

from studyq.providers.errors import ErrorKind, ProviderError, kind_of_status
from studyq.providers.vectors import BadVector


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, "", "permanent"),
        (401, "", "permanent"),
        (402, "", "exhausted"),
        (404, "", "permanent"),
        (408, "", "transient"),
        (429, '{"error": {"code": "rate_limit_exceeded"}}', "transient"),
        (429, '{"error": {"code": "insufficient_quota"}}', "exhausted"),
        (500, "", "transient"),
        (503, "", "transient"),
    ],
)
def test_statuses_are_sorted(status: int, body: str, kind: ErrorKind) -> None:
    assert kind_of_status(status, body) == kind


@pytest.mark.parametrize("error_type", [ProviderError, BadVector])
def test_an_error_pickles_whole(error_type: type[ProviderError]) -> None:
    error = pickle.loads(pickle.dumps(error_type("it is busy", "transient", 2.5)))

    assert type(error) is error_type
    assert (error.message, error.kind, error.retry_after) == ("it is busy", "transient", 2.5)
