"""The store of originals: the same for a folder and for a bucket."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from bucket_server import BUCKET, BucketServer
from studyq.storage.originals import STALE, Incoming, OriginalMissing, Storage, StorageFull

CONTENT = b"%PDF-1.7 some content " * 1000
KEY = f"{hashlib.sha256(CONTENT).hexdigest()[:2]}/{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture(scope="module")
def buckets() -> Iterator[BucketServer]:
    with BucketServer() as running:
        yield running


@pytest.fixture(params=["folder", "bucket"])
def storage(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    buckets: BucketServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Storage:
    if request.param == "folder":
        url = f"file://{tmp_path}/files"
    else:
        for name, value in buckets.environment.items():
            monkeypatch.setenv(name, value)
        fsspec.get_filesystem_class("gs").clear_instance_cache()
        url = f"gs://{BUCKET}/{tmp_path.name}"
    return Storage(url, tmp_path / "scratch")


def keep(storage: Storage, content: bytes = CONTENT) -> str:
    with storage.receive() as incoming:
        for start in range(0, len(content), 1000):
            incoming.write(content[start : start + 1000])
        incoming.finish()
        return storage.keep(incoming)


def scratch(storage: Storage) -> list[Path]:
    return list(storage.scratch.glob("*"))


def test_what_is_kept_is_found_by_its_hash(storage: Storage) -> None:
    assert not storage.exists(KEY)
    assert list(storage.keys()) == []
    assert keep(storage) == KEY
    assert storage.exists(KEY)
    assert list(storage.keys()) == [KEY]
    assert scratch(storage) == []


def test_it_can_be_read_whole_and_in_pieces(storage: Storage) -> None:
    keep(storage)
    with storage.local(KEY) as path:
        assert path.read_bytes() == CONTENT
    assert storage.read(KEY, 0, 5) == CONTENT[:5]
    assert storage.read(KEY, 1000, 17) == CONTENT[1000:1017]
    assert storage.read(KEY, len(CONTENT) - 3, 100) == CONTENT[-3:]
    assert scratch(storage) == []


def test_the_same_content_is_kept_once(storage: Storage) -> None:
    assert keep(storage) == keep(storage) == KEY
    assert list(storage.keys()) == [KEY]
    assert storage.read(KEY, 0, len(CONTENT)) == CONTENT


def test_deleting_is_done_once_and_bears_repetition(storage: Storage) -> None:
    keep(storage)
    other = keep(storage, b"%PDF other")
    storage.delete(KEY)
    storage.delete(KEY)
    assert not storage.exists(KEY)
    assert list(storage.keys()) == [other]


def test_what_is_missing_is_said_to_be(storage: Storage) -> None:
    with pytest.raises(OriginalMissing, match=KEY), storage.local(KEY):
        pass
    with pytest.raises(OriginalMissing, match=KEY):
        storage.read(KEY, 0, 10)
    assert scratch(storage) == []


def test_what_is_not_kept_leaves_nothing(storage: Storage) -> None:
    with storage.receive() as incoming:
        incoming.write(CONTENT)
        assert len(scratch(storage)) == 1
    with pytest.raises(RuntimeError), storage.receive() as incoming:
        incoming.write(CONTENT)
        raise RuntimeError
    assert scratch(storage) == []
    assert list(storage.keys()) == []


def test_many_keep_the_same_content_at_once(storage: Storage) -> None:
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(keep(storage))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys == [KEY] * 6
    assert storage.read(KEY, 0, len(CONTENT)) == CONTENT


def test_an_empty_file_has_a_hash_too(storage: Storage) -> None:
    with storage.receive() as incoming:
        incoming.finish()
        assert (incoming.size, incoming.head) == (0, b"")
        assert incoming.sha256 == hashlib.sha256(b"").hexdigest()


def test_sweeping_takes_only_what_is_old(tmp_path: Path) -> None:
    storage = Storage(f"file://{tmp_path}/files", tmp_path / "scratch")
    assert storage.sweep(0.0) == 0
    storage.scratch.mkdir()
    old, new = storage.scratch / "incoming-old", storage.scratch / "copy-new"
    for path, age in ((old, STALE + 10), (new, 10)):
        path.write_bytes(b"x")
        os.utime(path, (1e9 - age, 1e9 - age))
    assert storage.sweep(1e9) == 1
    assert scratch(storage) == [new]


class TestFullDisk:
    def test_below_the_reserve(self, tmp_path: Path) -> None:
        with Incoming(tmp_path, min_free=10**18) as incoming, pytest.raises(StorageFull):
            incoming.write(b"x")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
    def test_met_while_writing(
        self, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", full)
        with Incoming(tmp_path, min_free=0) as incoming:
            incoming.write(b"x")
            with pytest.raises(StorageFull):
                incoming.finish()
        assert list(tmp_path.iterdir()) == []

    def test_other_trouble_is_not_called_full(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_: int) -> None:
            raise OSError(errno.EIO, "input/output error")

        monkeypatch.setattr(os, "fsync", broken)
        with Incoming(tmp_path, min_free=0) as incoming:
            incoming.write(b"x")
            with pytest.raises(OSError, match="input/output") as caught:
                incoming.finish()
        assert not isinstance(caught.value, StorageFull)
