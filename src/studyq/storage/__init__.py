"""Originals by content hash, over fsspec."""
