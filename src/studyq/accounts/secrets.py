"""Sealing what must not be readable in the database: passwords of PDFs."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken


class Sealer:
    """Encrypts small secrets with the instance's key (``secret.key``, made on first use)."""

    def __init__(self, path: Path) -> None:
        self._key = _key(path)
        self._fernet = Fernet(self._key)

    def seal(self, secret: str) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str | None:
        """Decrypt; None when it was sealed with another key."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None

    def derive(self, purpose: str) -> bytes:
        """A key of its own for a purpose, the same in all processes of the instance (32 bytes)."""
        return hmac.digest(self._key, purpose.encode(), hashlib.sha256)


def _key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    key = Fernet.generate_key()
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    return key
