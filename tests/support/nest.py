"""``hatch``: a process of ours, like ``subprocess.Popen`` starts them, in a fifth of the time (``hen``)."""

import atexit
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import IO

import trio
from hen import MODULES

from daemon.demo.stage import Child, begin

PR_SET_CHILD_SUBREAPER = 36
READY_S_MAX = 60.0
HEN = Path(__file__).with_name("hen.py")


class Hatched:
    """As much of ``Popen`` as the tests need."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._handle = os.pidfd_open(pid)
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        with self._lock:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def wait(self) -> int:
        """Blocks."""
        select.select([self._handle], [], [])
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, how: int) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, how)

    def __del__(self) -> None:
        os.close(self._handle)


class Nest:
    """This process's: a hen that broods until we end."""

    def __init__(self) -> None:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.settimeout(READY_S_MAX)
        with theirs:
            self._hen = subprocess.Popen(
                [sys.executable, str(HEN), str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        assert self._ours.recv(64) == b"ready"
        atexit.register(self.close)

    def hatch(self, module: str, arguments: Sequence[str], fds: Sequence[int], environ: Mapping[str, str]) -> Hatched:
        """``fds``: its standard input, output and error."""
        ask = {"module": module, "arguments": list(arguments), "environ": dict(environ), "folder": os.getcwd()}
        socket.send_fds(self._ours, [json.dumps(ask).encode()], list(fds))
        return Hatched(int(self._ours.recv(64)))

    def close(self) -> None:
        self._ours.close()
        self._hen.wait()


@cache
def nest() -> Nest:
    return Nest()


def hatch(command: Sequence[str], sink: IO[bytes], environ: Mapping[str, str]) -> Child:
    """In the place of ``stage.begin``: both outputs go to ``sink``."""
    if not can_hatch(command):
        return begin(command, sink, environ)
    with open(os.devnull, "rb") as nothing:
        return nest().hatch(command[2], command[3:], [nothing.fileno(), sink.fileno(), sink.fileno()], environ)


def can_hatch(command: Sequence[str]) -> bool:
    """Whether this is ``python -m`` one of those that a hen has."""
    return list(command[:2]) == [sys.executable, "-m"] and command[2] in MODULES


async def run(command: Sequence[str], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """As ``trio.run_process`` does it, with both outputs captured and whatever exit code."""
    assert can_hatch(command)
    with ExitStack() as stack:
        given, out, err = (stack.enter_context(os.fdopen(os.memfd_create("standard"), "w+b")) for _ in range(3))
        given.write(stdin)
        given.seek(0)
        fds = [each.fileno() for each in (given, out, err)]
        child = nest().hatch(command[2], command[3:], fds, os.environ)
        code = await trio.to_thread.run_sync(child.wait, abandon_on_cancel=True)
        said = [each.read() for each in (out, err) if each.seek(0) == 0]
    return subprocess.CompletedProcess(list(command), code, *said)
