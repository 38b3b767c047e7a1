"""A process that has imported everything already, and forks whenever one of ours is wanted: run as a program.

Half of what a daemon needs to come up is spent on imports, and the tests start some two hundred processes. A fork of
this one is a process like any other: its own descriptors, environment, arguments and signals, and nothing is opened
before it. ``nest`` speaks to it.
"""

import gc
import json
import os
import random
import signal
import socket
import sys
from importlib import import_module

MESSAGE_BYTES_MAX = 1 << 20
MODULES = ("daemon.cli.lmsyncd", "daemon.cli.lmsyncctl")
AHEAD = ("daemon.serve", "daemon.sandbox.serve", "daemon.settings", "daemon.cli.people", "config.starter")


def brood(wanted: socket.socket) -> tuple[str, list[str]] | None:
    """Fork whenever somebody asks, until nobody can any more. In a fork it returns what that is to be."""
    while True:
        message, fds, *_ = socket.recv_fds(wanted, MESSAGE_BYTES_MAX, 3)
        if not message:
            return None
        ask = json.loads(message)
        told, tell = os.pipe()
        between = os.fork()
        if between == 0:
            child = os.fork()
            if child == 0:
                os.close(told)
                os.close(tell)
                wanted.close()
                _become(ask, fds)
                return ask["module"], ask["arguments"]
            os.write(tell, str(child).encode())
            os._exit(0)  # whose the child is now, the asker's: it has said that it takes orphans
        os.close(tell)
        os.waitpid(between, 0)
        wanted.send(os.read(told, 32))
        for fd in (told, *fds):
            os.close(fd)


def _become(ask: dict[str, object], fds: list[int]) -> None:
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    os.environ.clear()
    os.environ.update(ask["environ"])  # type: ignore[call-overload]
    os.chdir(str(ask["folder"]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    random.seed()


def main() -> None:
    sys.path[0] = os.getcwd()  # as with ``python -m``
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the asker's end is ours
    wanted = socket.socket(fileno=int(sys.argv[1]))
    gc.disable()
    for name in (*MODULES, *AHEAD):
        import_module(name)
    gc.freeze()
    wanted.send(b"ready")
    made = brood(wanted)
    if made is not None:
        module, arguments = made
        sys.argv = [module, *arguments]
        gc.enable()
        import_module(module).main()


if __name__ == "__main__":
    main()
