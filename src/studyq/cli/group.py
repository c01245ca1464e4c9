"""The group of all commands: what they refuse or cannot do is one sentence, not a traceback."""

from __future__ import annotations

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
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            code = _exit_code(error)
            if code is None:
                raise
            click.echo(f"Error: {_sentence(error)}", err=True)
            ctx.exit(code)


def _exit_code(error: Exception) -> ExitCode | None:
    """The exit code of an expected failure; None for a defect, whose traceback is wanted."""
    if isinstance(error, CommandFailed):
        return error.code
    # Only now, so that nobody waits for imports when all goes well.
    from sqlalchemy.exc import OperationalError

    from studyq.app import BindRefused
    from studyq.database.driver import DriverUnusable
    from studyq.database.migrate import SchemaNewer
    from studyq.jobs.service import UnknownJobError, WrongStateError
    from studyq.library.errors import LibraryError
    from studyq.settings import SettingsError

    if isinstance(error, SettingsError | BindRefused | SchemaNewer | DriverUnusable):
        return ExitCode.USAGE
    expected = (LibraryError, UnknownJobError, WrongStateError, OperationalError, OSError)
    return ExitCode.FAILED if isinstance(error, expected) else None


def _sentence(error: Exception) -> str:
    from sqlalchemy.exc import OperationalError

    from studyq.jobs.service import UnknownJobError

    if isinstance(error, OperationalError):
        return f"The database cannot be used: {error.orig}."
    if isinstance(error, UnknownJobError):
        return f"There is no job {error}. Jobs are deleted some time after their end."
    return str(error)
