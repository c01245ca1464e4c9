"""Addresses of imports: taken apart by rules, never handed on as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.settings import Settings
from studyq.storage.imports import Importer, ImportRefused

IMPORTER = Importer(frozenset({"gs://allowed-bucket", "s3://archive"}), max_bytes=1000)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("gs://allowed-bucket/a.pdf", "allowed-bucket/a.pdf"),
        ("s3://archive/deep/er/a b.pdf", "archive/deep/er/a b.pdf"),
        ("gs://allowed-bucket/..hidden.pdf", "allowed-bucket/..hidden.pdf"),
    ],
)
def test_good_addresses(uri: str, path: str) -> None:
    assert IMPORTER.parse(uri).path == path


@given(st.text())
def test_no_text_is_taken_that_names_no_allowed_bucket(text: str) -> None:
    for uri in (text, f"gs://{text}", f"gs://{text}/a.pdf", f"{text}://allowed-bucket/a.pdf"):
        try:
            address = IMPORTER.parse(uri)
        except ImportRefused as refused:
            assert refused.code in ("bad_uri", "bucket_not_allowed")
            assert not refused.transient
        else:
            assert f"{address.scheme}://{address.bucket}" in IMPORTER.allowed
            assert ".." not in address.path.split("/")


def test_nothing_is_allowed_by_default() -> None:
    with pytest.raises(ImportRefused, match="STUDYQ_IMPORT_BUCKETS"):
        Importer(Settings().allowed_buckets, 1000).parse("gs://any-bucket/a.pdf")
