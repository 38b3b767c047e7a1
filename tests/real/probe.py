"""What somebody could do who had taken the daemon over: tried from within its unit. Prints what succeeded, as JSON.

Started as the unit's ExecStartPost=, so that everything that binds the daemon binds this.
"""

import ctypes
import json
import mmap
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

CLONE_NEWUSER, PTRACE_ATTACH = 0x10000000, 16
LIBC = ctypes.CDLL(None, use_errno=True)


def called(result: int) -> None:
    """What a call of the C library's meant. Raises OSError."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def written(path: str) -> Callable[[], object]:
    return lambda: Path(path).write_text("x", encoding="utf-8")


def seen_processes() -> None:
    """Of others."""
    others = [entry for entry in os.listdir("/proc") if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid == 0]
    if not others:
        raise PermissionError("none is seen")


def left_by_dump() -> None:
    import resource

    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        raise PermissionError("no core is written")


TRIED: dict[str, Callable[[], object]] = {
    "write to /etc": written("/etc/lmsyncd/x"),
    "write to /usr": written("/usr/x"),
    "write to the program": written("/opt/lmsyncd/venv/x"),
    "write to /var": written("/var/lib/x"),
    "look into root's home": lambda: os.listdir("/root"),
    "make a device": lambda: os.mknod("/tmp/x-null", 0o020666, os.makedev(1, 3)),
    "read the kernel's memory": lambda: os.close(os.open("/dev/mem", os.O_RDONLY)),
    "read the kernel's log": lambda: called(LIBC.klogctl(3, ctypes.create_string_buffer(64), 64)),
    "change a setting of the kernel": written("/proc/sys/kernel/panic"),
    "make a cgroup": lambda: os.mkdir("/sys/fs/cgroup/x"),
    "a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "a namespace": lambda: called(LIBC.unshare(CLONE_NEWUSER)),
    "become root": lambda: os.setuid(0),
    "set the host's name": lambda: socket.sethostname("x"),
    "memory to write and run": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
    "a setuid program": lambda: [Path("/tmp/x-set").touch(), os.chmod("/tmp/x-set", 0o4755)],
    "look into the first process": lambda: called(LIBC.ptrace(PTRACE_ATTACH, 1, 0, 0)),
    "see root's processes": seen_processes,
    "write a core dump": left_by_dump,
    "be in a hurry": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
}
MAY = {"keep state": written("/var/lib/lmsyncd/probe.tmp"), "use a private /tmp": written("/tmp/x")}


def succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def status() -> dict[str, str]:
    """What the kernel says of us."""
    lines = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    return {name: lines[name].strip() for name in ("CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")}


if __name__ == "__main__":
    told = {
        "succeeded": sorted(name for name, attempt in TRIED.items() if succeeds(attempt)),
        "prevented": sorted(name for name, attempt in MAY.items() if not succeeds(attempt)),
        "tried": len(TRIED),
        "status": status(),
    }
    Path(sys.argv[1]).write_text(json.dumps(told), encoding="utf-8")
