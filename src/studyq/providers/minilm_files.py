"""The folder of the installed built-in model, and what the published files must hash to."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec

from studyq.providers.minilm_build import Precision

MODEL_ID = "all-minilm-l6-v2"
FOLDER_NAME = "all-minilm-l6-v2-int8"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
MANIFEST_FILE = "manifest.json"

#: Grows when the graph is built differently, so that an upgraded studyq builds it anew.
BUILD_VERSION = 1

#: The revision of sentence-transformers/all-MiniLM-L6-v2 from which the files are taken.
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
WEIGHTS_FILE = "model.safetensors"


class PublishedFile(msgspec.Struct, frozen=True):
    """A file of the published model: its size in bytes and its sha256."""

    name: str
    size: int
    sha256: str


#: Both hashes are the ones that the model hub shows for the revision above.
PUBLISHED_FILES = (
    PublishedFile(
        WEIGHTS_FILE,
        90_868_376,
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    PublishedFile(
        TOKENIZER_FILE,
        466_247,
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
)


class InstalledFile(msgspec.Struct, frozen=True):
    """A file of the installed model: its size in bytes and its sha256."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What was installed, from where, and how it was built."""

    model_id: str
    build_version: int
    revision: str
    precision: Precision
    source: str
    built_with: dict[str, str]
    self_test_cosine: float
    files: dict[str, InstalledFile]


def model_folder(models_dir: Path) -> Path:
    """Where the built-in model lives inside the folder of all models."""
    return models_dir / FOLDER_NAME


def sha256_of(path: Path) -> str:
    """Hashes a file without reading it into memory at once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest | str:
    """Gives the manifest of an installed model, or the reason why the folder is of no use.

    Looks at names and sizes only, which is cheap enough for every start;
    ``damaged_files`` reads every byte.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        return "it is not installed"
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        return f"{MANIFEST_FILE} cannot be read ({error})"
    if manifest.build_version != BUILD_VERSION:
        return "it was built by another version of studyq"
    for name, expected in manifest.files.items():
        file = folder / name
        if not file.is_file() or file.stat().st_size != expected.size:
            return f"{name} is missing or incomplete"
    return manifest


def damaged_files(folder: Path, manifest: Manifest) -> list[str]:
    """Names the installed files whose content is not what the manifest says."""
    return [
        name
        for name, expected in manifest.files.items()
        if sha256_of(folder / name) != expected.sha256
    ]


def write_manifest(folder: Path, **facts: Any) -> Manifest:
    """Describes the two files of ``folder`` and the ``facts`` given, synced to disk."""
    names = (MODEL_FILE, TOKENIZER_FILE)
    files = {
        name: InstalledFile((folder / name).stat().st_size, sha256_of(folder / name))
        for name in names
    }
    manifest = Manifest(
        model_id=MODEL_ID,
        build_version=BUILD_VERSION,
        revision=REVISION,
        files=files,
        **facts,
    )
    write_synced(folder / MANIFEST_FILE, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def write_synced(path: Path, content: bytes) -> None:
    """Writes a file and waits until the disk has it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
