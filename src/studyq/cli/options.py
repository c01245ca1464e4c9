"""Options that several commands take, and the settings that come of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from studyq.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def data_option(command: Command) -> Command:
    """Let a command work on another data folder."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        help="Data folder, instead of STUDYQ_DATA.",
    )(command)


def json_option(command: Command) -> Command:
    """Let a command answer programs."""
    return click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")(command)


def settings_in_force(data: Path | None = None) -> Settings:
    """Read the settings and log as they say, quietly.

    Raises:
        SettingsError: when a variable is unknown or does not fit.
    """
    from studyq.logs import configure_logging
    from studyq.settings import load_settings

    settings, _ = load_settings(data=data)
    configure_logging(settings, quiet=True)
    return settings


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
