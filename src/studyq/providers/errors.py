"""What goes wrong with a model, sorted by whether trying again can help."""

from __future__ import annotations

from typing import Literal

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


def kind_of_status(status: int, body: str) -> ErrorKind:
    """Sorts an HTTP status of a model provider.

    429 means "too fast" at most providers, and "no credit left" when the body says so (OpenAI's
    ``insufficient_quota``). 402 always means the latter.
    """
    if status == 402 or (status == 429 and "insufficient_quota" in body):
        return "exhausted"
    if status in (408, 409, 425, 429) or status >= 500:
        return "transient"
    return "permanent"
