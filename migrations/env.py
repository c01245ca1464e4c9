"""Runs the migrations on the address that studyq.database.migrate hands over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from studyq.accounts import models as accounts
from studyq.accounts import usage
from studyq.assessment import models as assessment
from studyq.cards import models as cards
from studyq.database.base import Base
from studyq.database.driver import open_engine
from studyq.jobs import models as jobs
from studyq.library import models as library
from studyq.operations import models as operations
from studyq.reviews import models as reviews
from studyq.search import models as search

MODELS = (accounts, assessment, cards, jobs, library, operations, reviews, search, usage)
VIRTUAL = ("chunk_words",)


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the full-text table and its shadows to the code that owns them."""
    return not (kind == "table" and name is not None and name.startswith(VIRTUAL))


def run() -> None:
    """Apply the migrations in one transaction."""
    engine = open_engine(
        context.config.attributes["url"],
        poolclass=sa.NullPool,
        execution_options={"write": True},
    )
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            transactional_ddl=True,
            include_name=include_name,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
