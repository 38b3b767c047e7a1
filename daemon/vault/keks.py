"""Key-encryption keys: what data keys are wrapped with. None of them is ever in the database.

A key-encryption key is asked for two things only: for fresh 32 bytes together with a hint (``fresh``), and for the same
bytes again by the hint (``recall``). Data keys are wrapped with what it gives, and the hint is kept beside them. A key
that lies in a file or a credential computes the bytes from the hint; a key in an HSM does it there, and never leaves.
"""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import trio

from config.referred import Secret
from config.secrets import SecretUnavailable
from daemon.vault.envelope import KEY_BYTES, KEY_ID_BYTES, Random, VaultUnusable

HINT_BYTES = 32
FILE_KEYS_MAX = 8
ANSWER_S_MAX = 15.0

T = TypeVar("T")

_HEX = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)


class Kek(Protocol):
    """``slow``: asking leaves this process, so a thread asks, and only so long. All methods raise VaultUnusable."""

    where: str
    slow: bool

    def identify(self) -> bytes:
        """What tells keys apart without telling anything of them."""

    def fresh(self) -> tuple[bytes, bytes]:
        """(hint, 32 secret bytes)"""

    def recall(self, hints: Sequence[bytes]) -> list[bytes | None]:
        """The 32 secret bytes of each hint; None for one that cannot be a hint of this key."""


def kek_id_of(key: bytes) -> bytes:
    """The id of a key that this process holds."""
    return hmac.digest(key, b"which key is this", "sha256")[:KEY_ID_BYTES]


class LocalKek:
    """A key that this process holds."""

    slow = False

    def __init__(self, key: bytes, where: str, random: Random = os.urandom) -> None:
        self.where = where
        self._key = key
        self._random = random

    def __repr__(self) -> str:
        return f"LocalKek({self.where})"

    def identify(self) -> bytes:
        return kek_id_of(self._key)

    def fresh(self) -> tuple[bytes, bytes]:
        hint = self._random(HINT_BYTES)
        return hint, self._secret(hint)

    def recall(self, hints: Sequence[bytes]) -> list[bytes | None]:
        return [self._secret(hint) for hint in hints]

    def _secret(self, hint: bytes) -> bytes:
        return hmac.digest(self._key, b"data key\0" + hint, "sha256")


async def ask(kek: Kek, what: Callable[[], T]) -> T:
    """Its answer, from a thread where it may take long. Raises VaultUnusable, also for one that does not answer."""
    if not kek.slow:
        return what()
    with trio.move_on_after(ANSWER_S_MAX):
        return await trio.to_thread.run_sync(what, abandon_on_cancel=True)
    raise VaultUnusable(f"{kek.where}: no answer within {ANSWER_S_MAX:g} s", passing=True)


def read_key(text: str) -> bytes:
    """32 bytes, written as hexadecimal or base64. Raises VaultUnusable, without a word of what stands there."""
    text = text.strip()
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        key = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultUnusable("a key is 32 bytes in hexadecimal or base64; openssl rand -hex 32 makes one")
    return key


def key_trouble(secret: Secret, outside: Callable[[Secret], str]) -> str:
    """Why this is no key; empty: it is one."""
    try:
        read_key(outside(secret))
    except (SecretUnavailable, VaultUnusable) as error:
        return f"{secret.where}: {error}" if isinstance(error, VaultUnusable) else str(error)
    return ""


class KeyFile:
    """The key of last resort, beside the database. The first line is the key in use, the others are former ones:
    data keys may still be wrapped with them. It is made when the first data key has to be wrapped."""

    def __init__(self, path: Path, random: Random = os.urandom) -> None:
        self.path = path
        self._random = random

    def load(self) -> list[bytes]:
        """The keys, the one in use first; none where there is no file. Raises VaultUnusable."""
        try:
            lines = self.path.read_text("ascii").split()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise VaultUnusable(f"{self.path}: {error.strerror or error}") from error
        except ValueError:
            lines = ["-"]
        if not 0 < len(lines) <= FILE_KEYS_MAX or not all(map(_HEX.fullmatch, lines)):
            raise VaultUnusable(f"{self.path}: this is no key file of ours")
        return [bytes.fromhex(line) for line in lines]

    def keep(self) -> list[bytes]:
        """The keys, made now if there are none, and on disk. Raises VaultUnusable."""
        return self.load() or self.write([self._random(KEY_BYTES)])

    def renew(self) -> list[bytes]:
        """Put a new key in front of those that are there. Raises VaultUnusable."""
        former = self.load()
        if len(former) >= FILE_KEYS_MAX:
            raise VaultUnusable(f"{self.path}: there are {len(former)} keys in it already")
        return self.write([self._random(KEY_BYTES), *former])

    def write(self, keys: list[bytes]) -> list[bytes]:
        """These, instead of what is there: at once or not at all. Raises VaultUnusable."""
        part = self.path.with_name(self.path.name + ".new")
        try:
            part.unlink(missing_ok=True)
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, b"".join(key.hex().encode() + b"\n" for key in keys))
                os.fsync(handle)
            finally:
                os.close(handle)
            part.rename(self.path)
            directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise VaultUnusable(f"{self.path}: {error.strerror or error}") from error
        return keys


def key_path(store: Path) -> Path:
    """Where the key of last resort of this database lies."""
    return store.with_name(store.name + ".vault")
