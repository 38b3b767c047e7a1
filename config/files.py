"""Reading an operator's files: regular ones only (a FIFO would hang us), never more than a bound, as UTF-8."""

import os
import stat
from pathlib import Path

NOT_REGULAR = "this is not a regular file"
EXPOSED = "everybody on this machine may read it (chmod o-rwx)"


class Unreadable(Exception):
    """The file cannot be used; the text says why, and nothing of what is in it."""


def read_bytes(path: Path, bytes_max: int) -> tuple[bytes, os.stat_result]:
    """The content and what the file system says of it. Raises Unreadable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable(NOT_REGULAR)
            content = bytearray()
            while len(content) <= bytes_max and (chunk := os.read(descriptor, bytes_max + 1 - len(content))):
                content += chunk
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise Unreadable(reason(error)) from None
    if len(content) > bytes_max:
        raise Unreadable(f"the file is longer than {bytes_max:,} bytes")
    return bytes(content), status


def read_text(path: Path, bytes_max: int) -> str:
    """The content as text, without a byte order mark. Raises Unreadable."""
    content, _ = read_bytes(path, bytes_max)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"the file is not UTF-8 (line {line})") from None
    if "\0" in text:
        raise Unreadable("the file holds NUL characters")
    return text


def trouble(path: Path) -> str:
    """Why the file cannot be read, empty if it can. Does not read it."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return NOT_REGULAR
        if not os.access(path, os.R_OK):
            return "permission denied"
    except (OSError, ValueError) as error:
        return reason(error)
    return ""


def world_readable(path: Path) -> bool:
    """Whether everybody on this machine may read it. Only for a file that ``trouble`` has nothing against."""
    return bool(path.stat().st_mode & stat.S_IROTH)


def reason(error: Exception) -> str:
    """What an OSError says, without the path (messages name that themselves)."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    return "this is no usable path"
