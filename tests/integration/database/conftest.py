"""Each test of this folder runs on each SQLite library that is installed here and usable."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from studyq.database import driver, migrate
from studyq.database.engine import Database


def usable(name: str) -> bool:
    try:
        driver.load_driver([name])
    except driver.DriverUnusable:
        return False
    return True


@pytest.fixture(params=[name for name in driver.CANDIDATES if usable(name)])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name: str = request.param
    monkeypatch.setattr(driver, "CANDIDATES", (name,))
    return name


@pytest.fixture
def url(library: str, tmp_path: Path) -> sa.URL:
    return sa.make_url(f"sqlite:///{tmp_path}/studyq.db")


@pytest.fixture
def database(url: sa.URL) -> Iterator[Database]:
    migrate.upgrade(url)
    opened = Database(str(url))
    yield opened
    opened.close()
