"""How secrets are compared and kept: as HMAC-SHA256 with a key that is not in the database.

Secrets that we make have 256 bits, so a slow password hash would slow down only us. The key lies beside the database,
in ``lmsyncd.db.key`` (mode 0600), and is made when the first secret has to be kept. Who has a copy of the database
alone can neither use what is in it nor try out guesses of it. Tenant and name are in the hash: a row that is copied to
another name or tenant opens nothing there.
"""

import hmac
import os
import secrets
from pathlib import Path

KEY_BYTES = 32
PREFIX = "lmsyncd_"
"""What a secret of ours begins with, so that people and scanners of code recognise one that got lost."""


class Seal:
    """A key, and what it makes of secrets. ``id`` tells keys apart without telling anything of them."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.id = hmac.digest(key, b"which key is this", "sha256")[:8]

    def __repr__(self) -> str:
        return "Seal(***)"

    def hash(self, tenant: str, name: str, secret: bytes) -> bytes:
        """32 bytes. Neither a tenant nor a user name has NUL in it, so no two ask for the same."""
        return hmac.digest(self._key, b"%b\0%b\0%b" % (tenant.encode(), name.encode(), secret), "sha256")


class SealUnusable(Exception):
    """The key's file is there, and cannot be read or is not one. It is never written over."""


class SealFile:
    """The key's file. As long as there is none, or none that is usable, a key of this process alone is used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key = secrets.token_bytes(KEY_BYTES)
        self.seal = Seal(self._key)

    def __repr__(self) -> str:
        return f"SealFile({self.path})"

    def load(self) -> bool:
        """Take the key from its file; whether there is one. Raises SealUnusable."""
        try:
            key = bytes.fromhex(self.path.read_text("ascii").strip())
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SealUnusable(f"{self.path}: {error.strerror or error}") from error
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise SealUnusable(f"{self.path}: this is no key of ours")
        if key != self._key:
            self._key, self.seal = key, Seal(key)
        return True

    def keep(self) -> None:
        """See to it that the key in use is the file's, and on disk. Raises SealUnusable."""
        if self.load():
            return
        try:
            self._write()
        except OSError as error:
            raise SealUnusable(f"{self.path}: {error.strerror or error}") from error

    def _write(self) -> None:
        part = self.path.with_name(self.path.name + ".new")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, self._key.hex().encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        part.rename(self.path)
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def seal_path(store: Path) -> Path:
    """Where the key of this database lies."""
    return store.with_name(store.name + ".key")


def fresh_secret() -> str:
    """256 bits, fit for URLs and command lines."""
    return PREFIX + secrets.token_urlsafe(KEY_BYTES)
