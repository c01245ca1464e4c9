"""What holds for every file of the repository."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Made by tools or holding data; ignored by git too.
SKIPPED = {"data", "dist", "build", "node_modules", "__pycache__"}

REGISTRIES = re.compile(
    r"\b(?:[\w-]+\.)*(?:pypi|pythonhosted|npmjs|yarnpkg|anaconda)\.(?:org|com|net)\b"
)
MACHINE_PATHS = re.compile(r"(?<![\w.}/-])/(?:work|root|Users|home/[a-z]\w*)/[\w.]")


def text_files() -> Iterator[tuple[Path, str]]:
    """Every text file that belongs to the repository, without asking git (it may be absent)."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in SKIPPED
            and not name.endswith(".egg-info")
            and (not name.startswith(".") or name in {".ci", ".github"})
        ]
        for name in names:
            path = Path(folder) / name
            content = path.read_bytes()
            if name not in (".env", ".git") and b"\0" not in content:
                yield path, content.decode("utf-8", errors="replace")


@pytest.mark.parametrize("forbidden", [REGISTRIES, MACHINE_PATHS], ids=["registry", "path"])
def test_no_file_mentions(forbidden: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path, text in text_files()
        for match in forbidden.finditer(text)
    ]
    assert not found


def test_changelog_has_a_place_for_what_is_next() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[0] == "## [Unreleased]"
    assert all(re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", h) for h in headings[1:])


def test_links_between_pages_lead_somewhere() -> None:
    dead = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            outside = re.match(r"[a-z]+:|#", target)
            if not outside and not (page.parent / target.partition("#")[0]).exists():
                dead.append(f"{page.relative_to(ROOT)}: {target}")
    assert not dead


def test_every_page_can_be_found_from_the_index() -> None:
    docs = ROOT / "docs"
    index = (docs / "index.md").read_text(encoding="utf-8")
    unlisted = [
        str(page.relative_to(docs))
        for page in docs.rglob("*.md")
        if page.name != "index.md" and f"({page.relative_to(docs)})" not in index
    ]
    assert not unlisted
