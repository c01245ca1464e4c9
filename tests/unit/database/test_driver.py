"""Which SQLite library is taken, and what is said when none will do."""

import sys
from types import ModuleType

import pytest

from studyq.database.driver import CANDIDATES, DriverUnusable, has_wal_reset_bug, load_driver


class Loads:
    def enable_load_extension(self, enabled: bool) -> None: ...


class LoadsNothing: ...


def install(
    monkeypatch: pytest.MonkeyPatch, name: str, version: str, connection: type = Loads
) -> None:
    module = ModuleType(name)
    vars(module).update(
        sqlite_version=version,
        sqlite_version_info=tuple(int(part) for part in version.split(".")),
        Connection=connection,
    )
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("version", "bug"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 9), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_versions_that_can_corrupt_a_database_are_known(
    version: tuple[int, ...], bug: bool
) -> None:
    assert has_wal_reset_bug(version) is bug


def test_the_first_usable_module_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "sqlite_old", "3.46.1")
    install(monkeypatch, "sqlite_bare", "3.53.4", LoadsNothing)
    install(monkeypatch, "sqlite_good", "3.53.4")
    install(monkeypatch, "sqlite_better", "3.54.0")
    names = ("sqlite_absent", "sqlite_old", "sqlite_bare", "sqlite_good", "sqlite_better")
    assert load_driver(names).__name__ == "sqlite_good"


def test_without_a_usable_one_each_reason_and_the_way_out_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, "sqlite_old", "3.51.2")
    install(monkeypatch, "sqlite_bare", "3.53.4", LoadsNothing)
    with pytest.raises(DriverUnusable) as refusal:
        load_driver(("sqlite_absent", "sqlite_old", "sqlite_bare"))
    said = str(refusal.value)
    assert "sqlite_absent is not installed" in said
    assert "sqlite_old: its SQLite 3.51.2 has the WAL-reset bug" in said
    assert "sqlite_bare: it was built without loadable extensions" in said
    assert "pip install 'pysqlite3>=0.6.1'" in said
    assert "pip install 'cysqlite>=0.4'" in said


def test_the_standard_module_comes_last() -> None:
    assert CANDIDATES[-1] == "sqlite3"
