"""Why the library refuses something, with a code for programs and a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class LibraryError(Exception):
    """A request cannot be fulfilled as it is.

    Attributes:
        errors: what is wrong with its parts, where it has several.
    """

    def __init__(
        self, code: str, message: str, *, errors: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.errors = list(map(dict, errors))


class NotFoundError(LibraryError):
    """There is no such thing in this user's library."""


class ConflictError(LibraryError):
    """The thing is not, or no more, in the state that the request supposes."""


class ChangedError(ConflictError):
    """Somebody else has changed it since it was looked at."""


class RefusedError(LibraryError):
    """The content is not something that studyq can learn from."""
