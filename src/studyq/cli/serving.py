"""`studyq serve`: the web service and, unless told otherwise, the workers."""

from __future__ import annotations

import errno
import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studyq.cli.group import CommandFailed
from studyq.cli.options import data_option

if TYPE_CHECKING:
    from studyq.settings import Settings

#: Seconds that a worker thread may compute before a request gets its turn; Python's default of
#: 5 ms is felt in each answer while a document is ingested.
SWITCH_INTERVAL = 0.001


@click.command()
@click.option("--host", help="Address to listen on, instead of STUDYQ_HOST.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, instead of STUDYQ_PORT; 0: any.")
@data_option
@click.option("--no-worker", is_flag=True, help="Run no jobs in this process.")
@click.option("--open/--no-open", "open_browser", default=None, help="Open the library, or do not.")
def serve(
    host: str | None,
    port: int | None,
    data: Path | None,
    no_worker: bool,
    open_browser: bool | None,
) -> None:
    """Run the web service until it is told to stop.

    On SIGTERM or Ctrl-C it takes no new requests, lets jobs reach a checkpoint (for STUDYQ_GRACE
    seconds at the most) and ends with exit code 0.
    """
    from studyq.logs import configure_logging
    from studyq.settings import load_settings
    from studyq.tracing import tracing

    settings, _ = load_settings(
        host=host,
        port=port,
        data=data,
        worker=False if no_worker else None,
        open_browser=None if open_browser is None else ("yes" if open_browser else "no"),
    )
    configure_logging(settings)
    with tracing(settings):
        _run(settings)


def _run(settings: Settings) -> None:
    from studyq.app import check_bind, create_app, observed
    from studyq.cli.running import address_of, announced
    from studyq.cli.server import Server, StartFailed, listen

    check_bind(settings)
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        raise CommandFailed(_why_not_listening(settings, error)) from error
    with listener:
        address = address_of(settings.host, listener.getsockname()[1])
        app = create_app(settings)
        server = Server(
            observed(app),
            on_started=lambda: _tell(settings, address),
            on_stopping=app.state.end_streams,
        )
        try:
            with announced(settings.data, address):
                server.serve_until_stopped(listener)
        except StartFailed as error:
            raise CommandFailed(str(error)) from error


def _tell(settings: Settings, address: str) -> None:
    click.echo(f"studyq is at {address}  (data in {settings.data.absolute()}; Ctrl-C ends it)")
    sys.stdout.flush()
    if settings.auth == "none" and not settings.on_loopback:
        click.echo("Without login: whoever reaches this port may read and change everything.")
    if _wants_browser(settings):
        threading.Thread(target=_open_browser, args=(address,), daemon=True).start()


def _wants_browser(settings: Settings) -> bool:
    if settings.open_browser == "auto":
        return settings.on_loopback and sys.stdin.isatty() and sys.stdout.isatty()
    return settings.open_browser == "yes"


def _open_browser(address: str) -> None:
    try:
        browser = webbrowser.get()
    except webbrowser.Error:  # there is none; the address is on the screen
        return
    # Browsers of this very class run inside the terminal, where they would cover the server.
    if type(browser) is not webbrowser.GenericBrowser:
        browser.open(address)


def _why_not_listening(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {settings.port} of {settings.host} is in use, perhaps by studyq itself "
            "(`studyq health` asks it). Stop that program, or choose another port with --port; "
            "--port 0 takes a free one."
        )
    return (
        f"Listening on {settings.host}, port {settings.port}, is not possible: {error.strerror}. "
        "Choose another with --host and --port."
    )
