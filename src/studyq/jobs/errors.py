"""How a handler says what became of its attempt."""

from __future__ import annotations


class JobError(Exception):
    """An attempt that failed, with a code for programs and a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class TransientError(JobError):
    """Might go well later: retried with backoff."""


class PermanentError(JobError):
    """Will not go well (encrypted, not a PDF, too large): the job fails at once."""


class ExhaustedError(JobError):
    """No credit or quota is left: the job fails once, to be retried by hand, in bulk."""


class Interrupted(Exception):  # not errors: ways to end an attempt
    """The attempt is over for a reason outside its handler."""


class JobCancelled(Interrupted):
    """Somebody cancelled the job."""


class LeaseLost(Interrupted):
    """The job was given to another worker; nothing that this attempt writes counts."""


class HandedBack(Interrupted):
    """The process is stopping; the job goes back to waiting and loses no attempt."""
