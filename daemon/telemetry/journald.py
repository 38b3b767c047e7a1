"""The journal's native protocol: a datagram of fields, through a sealed memory file where it would be too large."""

import array
import errno
import fcntl
import os
import socket
from collections.abc import Mapping
from uuid import UUID, uuid5

JOURNAL_SOCKET = "/run/systemd/journal/socket"
FIELD_CHARS_MAX = 64
_EVENTS = UUID("6b6d3a62-6c1c-4b0e-9d53-0f1a6d1f2c0e")
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def message_id(event: str) -> str:
    """The journal's MESSAGE_ID of a kind of event (``lane.suspended``); the catalogue file names the same."""
    return uuid5(_EVENTS, event).hex


def is_journal(fd: int, journal_stream: str | None) -> bool:
    """Whether systemd connected this descriptor to the journal (``$JOURNAL_STREAM`` is its device:inode)."""
    try:
        device, _, inode = (journal_stream or "").partition(":")
        status = os.fstat(fd)
        return (status.st_dev, status.st_ino) == (int(device), int(inode))
    except (ValueError, OSError):
        return False


def encode(fields: Mapping[str, str]) -> bytes:
    """Values with line breaks go with their length, as the protocol wants."""
    parts: list[bytes] = []
    for name, value in fields.items():
        key = field_name(name)
        data = value.encode("utf-8", "replace")
        if b"\n" in data:
            parts.append(key + b"\n" + len(data).to_bytes(8, "little") + data + b"\n")
        else:
            parts.append(key + b"=" + data + b"\n")
    return b"".join(parts)


def field_name(name: str) -> bytes:
    """Upper case letters, digits and underscores, beginning with a letter."""
    plain = "".join(char if char.isascii() and char.isalnum() else "_" for char in name.upper()).lstrip("_0123456789")
    return (plain or "FIELD")[:FIELD_CHARS_MAX].encode()


class JournalSocket:
    """Blocking; used from the log's own thread. Raises OSError where the journal is away."""

    def __init__(self, path: str = JOURNAL_SOCKET) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def write(self, entry: bytes) -> None:
        try:
            self._socket.sendto(entry, self._path)
        except OSError as error:
            if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                raise
            self._write_large(entry)

    def close(self) -> None:
        self._socket.close()

    def _write_large(self, entry: bytes) -> None:
        memory = os.memfd_create("lmsyncd-journal", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            with os.fdopen(os.dup(memory), "wb") as file:
                file.write(entry)
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, _SEALS)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [memory]))
            self._socket.sendmsg([b""], [rights], 0, self._path)
        finally:
            os.close(memory)
