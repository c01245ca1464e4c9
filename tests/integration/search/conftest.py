from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from studyq.database.engine import Database
from studyq.database.migrate import upgrade


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A library in the middle of a write; nothing in it but its owner."""
    url = f"sqlite:///{tmp_path}/studyq.db"
    upgrade(url)
    database = Database(url)
    with database.write() as opened:
        yield opened
    database.close()
