"""The group of all commands: what they refuse or cannot do is one sentence, not a traceback."""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import Any

import click


class ExitCode(IntEnum):
    """What a command ends with."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3


class CommandFailed(Exception):
    """A command cannot go on; the message is the sentence to show."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code


class StudyqGroup(click.Group):
    """Shows known failures as a sentence, and ends with the exit code that is documented."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # of a pipe whose reader has gone (`… | head`), click ends without a word
        except Exception as error:
            code = _exit_code(error)
            if code is None:
                raise
            click.echo(f"Error: {sentence(error)}", err=True)
            ctx.exit(code)


def expected_sentence(error: Exception) -> str | None:
    """What to tell of one thing among many that could not be done; None where all must stop."""
    return sentence(error) if _exit_code(error) == ExitCode.FAILED else None


#: Failures that people can do something about, by where they are defined.
_EXPECTED = {
    ("studyq.settings", "SettingsError"): ExitCode.USAGE,
    ("studyq.app", "BindRefused"): ExitCode.USAGE,
    ("studyq.database.migrate", "SchemaNewer"): ExitCode.USAGE,
    ("studyq.database.driver", "DriverUnusable"): ExitCode.USAGE,
    ("studyq.jobs.transport", "TransportUnusable"): ExitCode.USAGE,
    ("studyq.operations.restore", "RestoreRefused"): ExitCode.FAILED,
    ("studyq.database.copying", "CopyDamaged"): ExitCode.FAILED,
    ("studyq.providers.install", "InstallFailed"): ExitCode.FAILED,
    ("studyq.library.errors", "LibraryError"): ExitCode.FAILED,
    ("studyq.jobs.service", "WrongStateError"): ExitCode.FAILED,
    ("studyq.jobs.service", "UnknownJobError"): ExitCode.FAILED,
    ("studyq.storage.imports", "ImportRefused"): ExitCode.FAILED,
    ("sqlalchemy.exc", "OperationalError"): ExitCode.FAILED,
}


def _exit_code(error: Exception) -> ExitCode | None:
    """The exit code of an expected failure; None for a defect, whose traceback is wanted."""
    if isinstance(error, CommandFailed):
        return error.code
    for (module, name), code in _EXPECTED.items():
        # What was not imported was not raised; importing it all here would take a second.
        if module in sys.modules and isinstance(error, getattr(sys.modules[module], name)):
            return code
    return ExitCode.FAILED if isinstance(error, OSError) else None


def sentence(error: Exception) -> str:
    """A failure as people are told it."""
    name = type(error).__name__
    if name == "OperationalError":
        return f"The database cannot be used: {getattr(error, 'orig', error)}."
    if name == "UnknownJobError":
        return f"There is no job {error}. Jobs are deleted some time after their end."
    return str(error)
