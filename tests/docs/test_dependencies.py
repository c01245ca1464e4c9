"""Dependencies are explained, locked with hashes, and free to use."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
EXTRAS = [
    Requirement(line)
    for lines in PROJECT["project"]["optional-dependencies"].values()
    for line in lines
]
GROUPS = [Requirement(line) for lines in PROJECT["dependency-groups"].values() for line in lines]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")


def pins(lock: str) -> dict[str, set[str]]:
    """Versions by name; a package may be locked twice, for different Pythons."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", line):
            found.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return found


def test_every_dependency_has_a_reason_and_a_licence() -> None:
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    assert all(reason.strip() and licence.strip() for _, reason, licence in rows)
    described = {canonicalize_name(name) for name, _, _ in rows}
    declared = {canonicalize_name(item.name) for item in [*RUNTIME, *EXTRAS, *GROUPS]}
    assert described == declared


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [(LOCKS[0], RUNTIME), (LOCKS[1], [*RUNTIME, *GROUPS])],
)
def test_lock_is_in_step_with_the_project(lock: str, wanted: list[Requirement]) -> None:
    locked = pins(lock)
    for item in wanted:
        versions = locked.get(canonicalize_name(item.name), set())
        assert versions, f"{item.name} is not in {lock}: run `make lock`"
        assert all(item.specifier.contains(version) for version in versions), item


def test_locks_agree_and_carry_hashes() -> None:
    everything = pins(LOCKS[1])
    for lock in LOCKS:
        for name, versions in pins(lock).items():
            assert versions <= everything[name], f"{name} in {lock}"
        text = (ROOT / lock).read_text(encoding="utf-8")
        entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
        assert all("--hash=sha256:" in entry for entry in entries if entry.strip()), lock


def test_nothing_at_run_time_is_copyleft() -> None:
    for name in pins(LOCKS[0]):
        try:
            metadata = distribution(name).metadata
        except PackageNotFoundError:
            continue  # locked for another platform
        fields = ("License-Expression", "License", "Classifier")
        stated = [value for field in fields for value in metadata.get_all(field) or []]
        # The field License may hold the whole text, which can mention other licences.
        licence = " ".join(value.partition("\n")[0] for value in stated)
        assert not re.search(r"\bA?GPL|General Public License", licence), f"{name}: {licence}"
