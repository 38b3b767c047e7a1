"""The control socket's own file: made with the right mode from its first moment, and never taken from a daemon that
still answers on it.
"""

import errno
import os
import socket
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import trio

from daemon.control.roles import group_id

MODE = 0o660
PATH_BYTES_MAX = 107
BACKLOG = 32
ANSWER_S = 2.0


class ControlRefused(Exception):
    """The control socket cannot be opened. The text says what to do."""


@contextmanager
def listening(path: Path, groups: Iterable[str]) -> Iterator[socket.socket]:
    """A listening socket at ``path``, open to its owner and the first of ``groups`` that exists; removed at the end.
    Who may do what is decided for each connection by its credentials; this only keeps strangers off.

    Raises ControlRefused if somebody answers there already, or the path cannot be used.
    """
    if len(os.fsencode(path)) > PATH_BYTES_MAX:
        raise ControlRefused(f"{path}: a socket's path has at most {PATH_BYTES_MAX} bytes; set [control] socket")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            _clear(path)
            os.fchmod(listener.fileno(), 0o600)  # bind makes the file with this mode: it is never open to all
            listener.bind(os.fspath(path))
            mine = os.lstat(path).st_ino
            _open_to(path, groups)
            listener.listen(BACKLOG)
        except OSError as error:
            raise ControlRefused(f"the control socket {path} cannot be opened: {error.strerror or error}") from error
        listener.setblocking(False)
        try:
            yield listener
        finally:
            _remove(path, mine)
    finally:
        listener.close()


def adopted(sockets: list[socket.socket]) -> list[trio.SocketListener]:
    """Listeners over sockets that are bound and listening already (ours, or systemd's)."""
    return [trio.SocketListener(trio.socket.from_stdlib_socket(one)) for one in sockets]


def _clear(path: Path) -> None:
    """Remove a socket that a dead process left; refuse what is in use or no socket."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ControlRefused(f"{path} exists and is no socket; move it away or set [control] socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(ANSWER_S)
        try:
            probe.connect(os.fspath(path))
        except TimeoutError:
            pass  # somebody holds it, busy as it is
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                path.unlink(missing_ok=True)
                return
            if error.errno == errno.ENOENT:
                return
            raise
    raise ControlRefused(f"another process answers on {path}; stop it first, or set [control] socket")


def _open_to(path: Path, groups: Iterable[str]) -> None:
    gid = next((gid for name in groups if (gid := group_id(name)) is not None), None)
    if gid is not None:
        try:
            os.chown(path, -1, gid)
        except PermissionError:
            pass  # neither root nor a member of it: the socket keeps our own group
    path.chmod(MODE)


def _remove(path: Path, inode: int) -> None:
    try:
        if os.lstat(path).st_ino == inode:
            path.unlink()
    except FileNotFoundError:
        pass
