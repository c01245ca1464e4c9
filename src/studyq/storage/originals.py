"""Originals, kept by their content's hash, on any file system that fsspec knows.

The interface is the same for a folder (default), ``gs://`` and ``s3://``: keys are made here from
hashes, never from anything that a request says.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

STALE = 24 * 3600.0  #: seconds after which a temporary file belongs to nobody any more


class StorageFull(OSError):
    """There is no room for another file."""


class OriginalMissing(FileNotFoundError):
    """An original that should be stored is not there."""


class Incoming:
    """A file that is being received: hashed and counted while it is written.

    Use as a context manager; whatever was not kept is deleted at its end.
    """

    def __init__(self, folder: Path, *, min_free: int) -> None:
        self.path = folder / f"incoming-{secrets.token_hex(8)}"
        self.size = 0
        self._folder = folder
        self._min_free = min_free
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = None

    def __enter__(self) -> Incoming:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("xb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        self.path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """The hash of what has been received."""
        return self._hash.hexdigest()

    @property
    def head(self) -> bytes:
        """The first kilobyte of a finished file."""
        with self.path.open("rb") as file:
            return file.read(1024)

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            StorageFull: when the disk has no room for them.
        """
        assert self._file is not None, "not open"  # noqa: S101  # a mistake of ours
        if shutil.disk_usage(self._folder).free < self._min_free + len(data):
            raise StorageFull(errno.ENOSPC, "less disk space is free than STUDYQ_MIN_FREE asks for")
        try:
            self._file.write(data)
        except OSError as error:
            raise _as_full(error) from error
        self._hash.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Have everything on disk.

        Raises:
            StorageFull: when the disk has no room.
        """
        assert self._file is not None, "not open"  # noqa: S101  # a mistake of ours
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _as_full(error) from error


class Storage:
    """Where originals are.

    Args:
        url: a folder as ``file://``, or an address that fsspec knows; from the settings only.
        scratch: folder for temporary files, on the same disk as the originals where it can be.
        min_free: bytes that must stay free there.
    """

    def __init__(self, url: str, scratch: Path, *, min_free: int = 0) -> None:
        self.url = url
        self.scratch = scratch
        self._min_free = min_free
        # gcsfs otherwise asks each bucket for its type over gRPC, which stalls on emulators.
        os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        self._files: Any
        self._files, self._root = fsspec.core.url_to_fs(url)

    @property
    def is_local(self) -> bool:
        """Whether originals are files of this machine."""
        return isinstance(self._files, LocalFileSystem)

    def receive(self) -> Incoming:
        """Begin to receive a file."""
        return Incoming(self.scratch, min_free=self._min_free)

    def keep(self, incoming: Incoming) -> str:
        """Take a finished file in; the same content is stored once.

        Returns:
            Its key.
        """
        key = f"{incoming.sha256[:2]}/{incoming.sha256}"
        if self.is_local:
            target = Path(self._path(key))
            target.parent.mkdir(parents=True, exist_ok=True)
            incoming.path.replace(target)
            _sync_folder(target.parent)
        elif not self._files.exists(self._path(key)):
            self._files.put_file(str(incoming.path), self._path(key))
        return key

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """A path of this machine to read an original from, for as long as the block runs.

        Raises:
            OriginalMissing: when there is no such original.
        """
        if self.is_local:
            path = Path(self._path(key))
            if not path.is_file():
                raise self._missing(key)
            yield path
            return
        self.scratch.mkdir(parents=True, exist_ok=True)
        copy = self.scratch / f"copy-{secrets.token_hex(8)}"
        try:
            self._fetch(key, copy)
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    def read(self, key: str, start: int, length: int) -> bytes:
        """Some bytes of an original.

        Raises:
            OriginalMissing: when there is no such original.
        """
        try:
            data: bytes = self._files.cat_file(self._path(key), start=start, end=start + length)
        except FileNotFoundError as error:
            raise self._missing(key) from error
        return data

    def delete(self, key: str) -> None:
        """Delete an original; one that is gone already is no mistake."""
        try:
            self._files.rm_file(self._path(key))
        except FileNotFoundError:
            return

    def exists(self, key: str) -> bool:
        """Whether there is such an original."""
        return bool(self._files.exists(self._path(key)))

    def check(self) -> None:
        """See that originals can be stored, without storing any.

        Raises:
            OSError: when they cannot; other storages than folders raise what is their own.
        """
        if not self.is_local:
            self._files.exists(self._path("check"))
            return
        folder = Path(self._root)
        while not folder.exists() and folder != folder.parent:  # made when there is something
            folder = folder.parent
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{folder} is not a folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, f"{folder} cannot be written")

    def keys(self) -> Iterator[str]:
        """All keys."""
        root = self._root.rstrip("/") + "/"
        try:
            for path in self._files.find(self._root):
                yield path.removeprefix(root)
        except FileNotFoundError:
            return

    def modified(self, key: str) -> float:
        """When an original was written, in seconds since the epoch.

        Raises:
            FileNotFoundError: when there is none.
        """
        moment: datetime = self._files.modified(self._path(key))
        return moment.timestamp()

    def stale(self, now: float) -> list[Path]:
        """Temporary files that a crash left.

        Args:
            now: seconds since the epoch.
        """
        found = []
        for path in self.scratch.glob("*-*"):
            with suppress(FileNotFoundError):  # its owner was quicker
                if path.is_file() and now - path.stat().st_mtime > STALE:
                    found.append(path)
        return found

    def sweep(self, now: float) -> int:
        """Delete temporary files that a crash left; returns how many.

        Args:
            now: seconds since the epoch.
        """
        left = self.stale(now)
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _fetch(self, key: str, target: Path) -> None:
        try:
            self._files.get_file(self._path(key), str(target))
        except FileNotFoundError as error:
            raise self._missing(key) from error

    def _missing(self, key: str) -> OriginalMissing:
        return OriginalMissing(f"the original {key} is missing from {self.url}")

    def _path(self, key: str) -> str:
        return f"{self._root.rstrip('/')}/{key}"


def _as_full(error: OSError) -> OSError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull(error.errno, "the disk is full")
    return error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
