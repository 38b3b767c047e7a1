"""Secrets: the configuration refers to them, this reads them, at the moment they are needed.

A value is kept only as long as its file stays the same file, so a rotated one is picked up by the next request that
needs it. ``{ credential = NAME }`` is first what was put into the vault under that name for the tenant, then for all
(``stored``); then the file of that name in ``$CREDENTIALS_DIRECTORY``. Nothing here ever puts a value into a message.
"""

import os
import re
from collections.abc import Callable, Mapping, Set
from functools import partial
from pathlib import Path
from typing import NamedTuple

from config.files import EXPOSED, Unreadable, read_bytes, trouble, world_readable
from config.model import Secret
from config.recall import counts, shelve

SECRET_BYTES_MAX = 64 * 1024
KNOWN_VALUES_MAX = 65_536
SCRUBBED_CHARS_MIN = 8
READS_MAX = 3

_NAME = re.compile(r"(?!\.{1,2}\Z)[\x21-\x2e\x30-\x7e]{1,255}", re.ASCII)


class SecretUnavailable(Exception):
    """A secret cannot be had. ``where`` says which one and where it was looked for; never what was found there."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


Stored = Callable[[str, str], str | None]
"""(tenant, name) -> the value that was put into the vault for it, or for all; None where there is none. Raises
SecretUnavailable where there is one that cannot be opened."""


class _Identity(NamedTuple):
    """Two reads with the same identity are of the same content."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "_Identity":
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class _Files(dict[Path, tuple[_Identity, str]]):
    """What was read, by file; counted among all that is remembered."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # by who it is: two that hold the same are two
    bound = KNOWN_VALUES_MAX

    def __init__(self) -> None:
        super().__init__()
        self.counts = counts("secrets")
        shelve("secrets", self)


class SecretReader:
    """Reads secrets of one environment. Safe to share: it is only a cache and holds no open files."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._cached = _Files()
        self._known: dict[str, None] = {}
        self.stored: Stored = _nothing

    def __repr__(self) -> str:
        return "SecretReader(***)"

    def of(self, tenant: str) -> Callable[[Secret], str]:
        """``reveal`` as this tenant's configuration is to be read."""
        return partial(self.reveal, tenant=tenant)

    def reveal(self, secret: Secret, tenant: str = "") -> str:
        """The value, without one newline at its end. Raises SecretUnavailable."""
        if secret.credential is not None and is_name(secret.credential):
            value = self.stored(tenant, secret.credential)
            if value is not None:
                self._remember(value)
                return value
        try:
            return self.outside(secret)
        except SecretUnavailable as error:
            if is_awaited(secret, self._environ):
                put = f"put it in: lmsyncctl secret set {secret.credential} ({error.why})"
                raise SecretUnavailable(error.where, put) from None
            raise

    def outside(self, secret: Secret) -> str:
        """As ``reveal``, but never from the vault: for what opens it. Raises SecretUnavailable."""
        if secret.env is not None:
            value = self._environ.get(secret.env)
            if not value:
                raise SecretUnavailable(secret.where, "not set, or empty")
        else:
            value = self._from_file(locate_secret(secret, self._environ), secret.where)
        self._remember(value)
        return value

    def known_values(self) -> frozenset[str]:
        """Every value revealed so far, rotated ones included, for the scrubbing of logs. Very short ones are left
        out: scrubbing them would tear ordinary words apart."""
        return frozenset(self._known)

    def remember(self, value: str) -> None:
        """Scrub this from logs too: a secret that came from elsewhere."""
        self._remember(value)

    def _from_file(self, path: Path, where: str) -> str:
        try:
            identity = _Identity.of(path.stat())
        except (OSError, ValueError):
            identity = None
        cached = self._cached.get(path)
        if cached is not None and cached[0] == identity:
            self._cached.counts.hits += 1
            return cached[1]
        if cached is None:
            self._cached.counts.misses += 1
        else:
            self._cached.counts.stale += 1
        try:
            identity, content = _read_settled(path)
            value = _text(content)
        except Unreadable as error:
            self._cached.pop(path, None)
            raise SecretUnavailable(where, f"{path}: {error}") from None
        if len(self._cached) >= KNOWN_VALUES_MAX:
            self._cached.counts.evicted += len(self._cached)
            self._cached.clear()
        self._cached[path] = (identity, value)
        return value

    def _remember(self, value: str) -> None:
        if len(value) >= SCRUBBED_CHARS_MIN and value not in self._known:
            self._known[value] = None
            if len(self._known) > KNOWN_VALUES_MAX:
                del self._known[next(iter(self._known))]


def is_name(name: str) -> bool:
    """Whether a credential can be called this."""
    return _NAME.fullmatch(name) is not None


def locate_secret(secret: Secret, environ: Mapping[str, str]) -> Path:
    """The file of a secret that is in one. Raises SecretUnavailable where a credential has no directory."""
    if secret.file is not None:
        return secret.file
    name = secret.credential or ""
    if not is_name(name):
        raise SecretUnavailable("credential", "this is no name of a credential")
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        raise SecretUnavailable(
            secret.where, "$CREDENTIALS_DIRECTORY is not set; systemd sets it for a service with LoadCredential="
        )
    return Path(directory) / name


def is_awaited(secret: Secret, environ: Mapping[str, str]) -> bool:
    """Whether this can be put in by ``lmsyncctl secret set``, and lies nowhere else."""
    if secret.credential is None or not is_name(secret.credential):
        return False
    directory = environ.get("CREDENTIALS_DIRECTORY")
    return not directory or not os.path.lexists(Path(directory) / secret.credential)


def secret_trouble(secret: Secret, environ: Mapping[str, str], stored: Set[str] = frozenset()) -> tuple[str, str]:
    """What stands against a secret, without reading it: an error (it cannot be had) and a warning, each empty if
    there is none. ``stored``: names that the vault has."""
    if secret.credential in stored:
        return "", ""
    if secret.env is not None:
        return ("" if environ.get(secret.env) else "the variable is not set, or empty"), ""
    try:
        path = locate_secret(secret, environ)
    except SecretUnavailable as error:
        return error.why, ""
    if why := trouble(path):
        return f"{path}: {why}", ""
    size_bytes = path.stat().st_size
    if not 0 < size_bytes <= SECRET_BYTES_MAX:
        return f"{path}: the file is {'empty' if not size_bytes else f'longer than {SECRET_BYTES_MAX:,} bytes'}", ""
    if secret.file is not None and world_readable(path):
        return "", f"{path}: {EXPOSED}"
    return "", ""


def _nothing(tenant: str, name: str) -> None:
    """There is no vault, or none yet."""


def _read_settled(path: Path) -> tuple[_Identity, bytes]:
    """The content of a file nobody was writing to meanwhile."""
    for _ in range(READS_MAX):
        content, status = read_bytes(path, SECRET_BYTES_MAX)
        identity = _Identity.of(status)
        try:
            if _Identity.of(path.stat()) == identity and status.st_size == len(content):
                return identity, content
        except OSError:
            continue  # replaced at this moment: look again
    raise Unreadable("the file keeps changing")


def _text(content: bytes) -> str:
    try:
        value = content.decode()
    except UnicodeDecodeError:
        raise Unreadable("the value is not UTF-8") from None
    value = value.removesuffix("\r\n") if value.endswith("\r\n") else value.removesuffix("\n")
    if not value:
        raise Unreadable("the file is empty")
    return value
