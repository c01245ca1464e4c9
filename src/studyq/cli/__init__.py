"""The command `studyq`.

Modules of this room import what they need inside their functions: `studyq --help` must not wait
for a web framework and a database.
"""

from __future__ import annotations

import click

from studyq import __version__
from studyq.cli.adding import add
from studyq.cli.backups import backup, restore
from studyq.cli.card_commands import cards
from studyq.cli.group import StudyqGroup
from studyq.cli.job_commands import jobs
from studyq.cli.model_commands import models
from studyq.cli.reprocessing import reprocess
from studyq.cli.reviewing import review, stats
from studyq.cli.searching import search
from studyq.cli.serving import serve
from studyq.cli.showing import config, health, version
from studyq.cli.test_commands import tests
from studyq.cli.upkeep import db, doctor
from studyq.cli.working import worker


@click.group(cls=StudyqGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="studyq", message="%(prog)s %(version)s")
def main() -> None:
    """Turn PDFs into things one can learn from.

    Settings come from STUDYQ_ variables or a .env file; `studyq config` lists them.

    \b
    Exit codes: 0  it worked
                1  something failed
                2  wrong usage or settings
                3  no server can be reached
    """  # noqa: D301  # click wants the character itself


for _command in (
    serve,
    worker,
    add,
    search,
    cards,
    review,
    stats,
    jobs,
    tests,
    reprocess,
    db,
    models,
    doctor,
    backup,
    restore,
    config,
    health,
    version,
):
    main.add_command(_command)
