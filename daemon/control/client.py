"""The operators' end of the control socket. Plain blocking sockets, so that a command starts at once."""

import grp
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from daemon.control.exits import Exit
from daemon.control.lines import LINE_BYTES_MAX, Lines, LineTooLong
from daemon.control.protocol import Ask, Done, Error, Refusal, RowReply, decode_reply, encode

SOCKET = Path("/run/lmsyncd/control.sock")
READ_BYTES = 65_536
WAITING_EVERY_S = 4.0


class Client:
    """One connection. ``timeout_s`` bounds each silence of the daemon, not the whole answer; ``waiting`` hears
    meanwhile every few seconds how long one lasts."""

    def __init__(
        self, path: Path = SOCKET, timeout_s: float = 30.0, waiting: Callable[[float], None] | None = None
    ) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._waiting = waiting
        self._socket: socket.socket | None = None
        self._lines = Lines(LINE_BYTES_MAX * 64)  # the daemon is trusted with long rows, but not endless ones
        self._asked = 0

    def __enter__(self) -> "Client":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout_s)
        try:
            connection.connect(os.fspath(self._path))
        except OSError as error:
            connection.close()
            raise _unreachable(self._path, error) from None
        self._socket = connection
        return self

    def __exit__(self, *exception: object) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, request: Ask) -> Iterator[msgspec.Raw | Done]:
        """The rows as they come, then the ``Done``. Raises Refusal, with the exit code, for whatever went wrong."""
        self._asked += 1
        request_id = str(self._asked)
        self._send(encode(msgspec.structs.replace(request, id=request_id)))
        while True:
            match self._reply():
                case RowReply(id=named, row=row) if named == request_id:
                    yield row
                case Done(id=named) as end if named == request_id:
                    yield end
                    return
                case Error() as error:
                    raise Refusal(_exit(error.exit_code), error.what, where=error.where, advice=error.advice)
                case other:
                    raise Refusal(Exit.FAILURE, f"an answer to another request ({other.id!r}) came", where="the socket")

    def _send(self, line: bytes) -> None:
        if len(line) > LINE_BYTES_MAX:
            raise Refusal(Exit.USAGE, f"the request has {len(line):,} bytes, at most {LINE_BYTES_MAX:,} are taken")
        try:
            self._connected.sendall(line)
        except TimeoutError:
            raise self._silent() from None
        except OSError as error:
            raise _broken(self._path, error.strerror or str(error)) from None

    def _reply(self) -> RowReply | Done | Error:
        try:
            while (line := self._lines.next()) is None:
                data = self._received()
                if not data:
                    raise _broken(self._path, "the daemon closed the connection before the end of its answer")
                self._lines.feed(data)
            return decode_reply(line)
        except TimeoutError:
            raise self._silent() from None
        except OSError as error:
            raise _broken(self._path, error.strerror or str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, LineTooLong) as error:
            raise Refusal(
                Exit.FAILURE,
                f"the answer is not understood: {error}",
                where=str(self._path),
                advice="use the lmsyncctl that was installed with the daemon",
            ) from None

    def _received(self) -> bytes:
        """Raises TimeoutError, OSError."""
        if self._waiting is None:
            return self._connected.recv(READ_BYTES)
        silent_s = 0.0
        try:
            while True:
                slice_s = min(WAITING_EVERY_S, self._timeout_s - silent_s)
                self._connected.settimeout(slice_s)
                try:
                    return self._connected.recv(READ_BYTES)
                except TimeoutError:
                    silent_s += slice_s
                    if silent_s >= self._timeout_s:
                        raise
                    self._waiting(silent_s)
        finally:
            self._connected.settimeout(self._timeout_s)

    @property
    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise RuntimeError("a client is used within its `with` block")
        return self._socket

    def _silent(self) -> Refusal:
        return Refusal(
            Exit.AGAIN,
            f"no answer for {self._timeout_s:g} s",
            where=str(self._path),
            advice="give more time with --timeout; what was asked for may happen all the same",
        )


def _unreachable(path: Path, error: OSError) -> Refusal:
    if isinstance(error, PermissionError):
        return Refusal(
            Exit.FORBIDDEN,
            "you may not connect to the daemon",
            where=str(path),
            advice=_way_in(path),
        )
    if isinstance(error, TimeoutError | BlockingIOError):
        return Refusal(Exit.AGAIN, "the daemon is too busy to answer", where=str(path), advice="try again")
    if isinstance(error, FileNotFoundError):
        advice = "is lmsyncd running? systemctl status lmsyncd; another socket is named with --socket"
    else:
        advice = "is lmsyncd running? systemctl status lmsyncd"
    return Refusal(
        Exit.UNREACHABLE, f"the daemon cannot be reached: {error.strerror or error}", where=str(path), advice=advice
    )


def _way_in(path: Path) -> str:
    """The group that the door is open to, if there is one."""
    try:
        door = path.stat()
        group = grp.getgrgid(door.st_gid).gr_name if door.st_gid and door.st_mode & stat.S_IWGRP else ""
    except (OSError, KeyError):
        group = ""
    if group:
        return f"become a member of the group {group} (and log in again), or use sudo"
    return "use sudo; no group can be seen here that the socket is open to ([control] in lmsyncd.toml names the groups)"


def _broken(path: Path, why: str) -> Refusal:
    return Refusal(Exit.UNREACHABLE, why, where=str(path), advice="systemctl status lmsyncd tells whether it stopped")


def _exit(code: int) -> Exit:
    try:
        return Exit(code)
    except ValueError:
        return Exit.FAILURE
