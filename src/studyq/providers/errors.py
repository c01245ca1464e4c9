"""What goes wrong with a model, sorted by whether trying again can help."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal

#: transient: try again later. permanent: will fail again until somebody changes something.
#: exhausted: the account has no credit or quota left.
ErrorKind = Literal["transient", "permanent", "exhausted"]


class ProviderError(Exception):
    """A model could not do what it was asked.

    Attributes:
        message: A sentence or two for people: what happened, why, and what to do next.
        kind: Whether trying again can help.
        retry_after: Seconds that the provider asked us to wait, or None.
    """

    def __init__(
        self, message: str, kind: ErrorKind = "permanent", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind: ErrorKind = kind
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[ProviderError], tuple[str, ErrorKind, float | None]]:
        """Pickles whole, so that it crosses from a child process with all it says."""
        return type(self), (self.message, self.kind, self.retry_after)


class RequestRefused(ProviderError):
    """The model refuses this request and may take another one: it is too long, say."""


#: What OpenAI and Anthropic say of an account without credit, the latter with status 400.
_NO_CREDIT = ("insufficient_quota", "credit balance is too low")
_REFUSALS = (400, 413, 422)  #: statuses that are about one request, not about the key or the model


def kind_of_status(status: int, body: str) -> ErrorKind:
    """Sorts an HTTP status of a model provider.

    429 means "too fast" at most providers, and "no credit left" when the body says so. 402 always
    means the latter.
    """
    if status == 402 or (400 <= status < 500 and any(words in body for words in _NO_CREDIT)):
        return "exhausted"
    if status in (408, 409, 425, 429) or status >= 500:
        return "transient"
    return "permanent"


def provider_error(error: Exception, message: str) -> ProviderError:
    """Sorts what a client library raised; each has exceptions of its own, with no common base.

    Args:
        message: What to tell people, without the key.
    """
    status = _status(error)
    if status is not None:
        kind = kind_of_status(status, str(error))
        if kind == "permanent" and status in _REFUSALS:
            return RequestRefused(message)
        return ProviderError(message, kind, retry_after(_headers(error).get("retry-after")))
    if any(words in str(error) for words in _NO_CREDIT):
        return ProviderError(message, "exhausted")
    # An answer cut off in the middle is no JSON. A plugin's other errors of this kind are its own
    # programming errors and refusals of input, which do not go away by themselves.
    own = isinstance(error, TypeError | ValueError | LookupError)
    if own and not isinstance(error, json.JSONDecodeError):
        return ProviderError(message, "permanent")
    return ProviderError(message, "transient")


def retry_after(header: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is not used by model servers."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None)
    if status is None:
        status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _headers(error: Exception) -> Mapping[str, Any]:
    return getattr(getattr(error, "response", None), "headers", None) or {}
