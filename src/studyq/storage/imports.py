"""Fetching objects from buckets: only from those that the settings allow.

An address from a request never reaches fsspec as it is: it would open local files, other hosts and
chained protocols (`simplecache::file://…`). It is taken apart here, and only the bucket and the
object's name go on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import fsspec

from studyq.storage.originals import Incoming

PIECE = 1024 * 1024  #: bytes read at a time
_URI = re.compile(r"(gs|s3)://([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])/([^\x00-\x1f]+)")
LONGEST_NAME = 1024  #: bytes of an object's name, the limit of GCS and S3 both
_EXTRAS = {"gs": "gcs", "s3": "s3"}


class ImportRefused(Exception):  # an answer, not a defect
    """An object may not, or cannot, be imported.

    Args:
        code: for programs.
        transient: whether trying again may help.
    """

    def __init__(self, code: str, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.transient = transient


@dataclass(frozen=True)
class ObjectAddress:
    """An object of a bucket."""

    scheme: str
    bucket: str
    name: str

    @property
    def path(self) -> str:
        """As file systems of buckets want it."""
        return f"{self.bucket}/{self.name}"


@dataclass(frozen=True)
class Importer:
    """Knows which buckets are allowed, and fetches from them.

    Args:
        allowed: buckets as ``scheme://bucket``.
        max_bytes: size of the largest object that is fetched.
    """

    allowed: frozenset[str]
    max_bytes: int

    def parse(self, uri: str) -> ObjectAddress:
        """Take an address apart.

        Raises:
            ImportRefused: when it is none, or its bucket is not allowed.
        """
        match = _URI.fullmatch(uri)
        odd = "::" in uri or ".." in uri.split("/")
        if match is None or odd or len(match[3].encode()) > LONGEST_NAME:
            raise ImportRefused(
                "bad_uri", "An import needs an address like gs://bucket/folder/file.pdf."
            )
        address = ObjectAddress(*match.groups())
        if f"{address.scheme}://{address.bucket}" not in self.allowed:
            raise ImportRefused(
                "bucket_not_allowed",
                f"Imports from {address.scheme}://{address.bucket} are not allowed. "
                "Add the bucket to STUDYQ_IMPORT_BUCKETS to allow them.",
            )
        return address

    def fetch(self, uri: str, incoming: Incoming, *, progress: Callable[[int, int], None]) -> None:
        """Copy an object into a receiving file.

        Args:
            progress: called with the bytes fetched and the bytes there are; what it raises
                goes up.

        Raises:
            ImportRefused: when it is not allowed, not there, too large, or out of reach.
        """
        address = self.parse(uri)
        files = _file_system(address.scheme)
        try:
            size = int(files.info(address.path)["size"])
            if size > self.max_bytes:
                raise ImportRefused(
                    "too_large",
                    f"{uri} has {size:,} bytes; STUDYQ_MAX_UPLOAD allows {self.max_bytes:,}.",
                )
            with files.open(address.path, "rb", block_size=PIECE) as source:
                while piece := source.read(PIECE):
                    incoming.write(piece)
                    progress(incoming.size, size)
            incoming.finish()
        except FileNotFoundError as error:
            raise ImportRefused("object_not_found", f"There is no object {uri}.") from error
        except PermissionError as error:
            raise ImportRefused(
                "access_denied", f"The bucket's owner does not let studyq read {uri}."
            ) from error


def _file_system(scheme: str) -> Any:
    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    try:
        return fsspec.filesystem(scheme)
    except ImportError as error:
        raise ImportRefused(
            "extra_missing",
            f"{scheme}:// needs an extra: pip install 'studyq[{_EXTRAS[scheme]}]'.",
        ) from error
