"""Errors say whether trying again helps, and cross process borders whole."""

from __future__ import annotations

import pickle

import pytest

from studyq.providers.errors import (
    ErrorKind,
    ProviderError,
    RequestRefused,
    kind_of_status,
    retry_after,
)
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
        (400, "Your credit balance is too low to access the API.", "exhausted"),
        (500, "", "transient"),
        (503, "", "transient"),
    ],
)
def test_statuses_are_sorted(status: int, body: str, kind: ErrorKind) -> None:
    assert kind_of_status(status, body) == kind


@pytest.mark.parametrize("error_type", [ProviderError, RequestRefused, BadVector])
def test_an_error_pickles_whole(error_type: type[ProviderError]) -> None:
    error = pickle.loads(pickle.dumps(error_type("it is busy", "transient", 2.5)))

    assert type(error) is error_type
    assert (error.message, error.kind, error.retry_after) == ("it is busy", "transient", 2.5)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2.0), ("0.5", 0.5), (None, None), ("", None), ("-1", None), ("nan", None),
     ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)  # fmt: skip
def test_retry_after_is_read_in_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds
