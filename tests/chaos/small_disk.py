"""A disk of a few megabytes that can be filled and freed: a tmpfs where one may be mounted (root), else a limit on the
size of the daemon's files, which SQLite meets as an I/O error instead of a full disk.
"""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_MIB = 32
MOUNT, UMOUNT = "/usr/bin/mount", "/usr/bin/umount"


class SmallDisk:
    """``home`` is where the store goes. ``real`` if it is a file system of its own: then it is full for everybody, else
    for one process."""

    def __init__(self, home: Path, *, real: bool) -> None:
        self.home = home
        self.real = real

    def __str__(self) -> str:
        return f"a tmpfs of {SIZE_MIB} MiB" if self.real else "files that may not grow (RLIMIT_FSIZE)"

    def fill(self, pid: int) -> None:
        """No room any more, for the process ``pid``."""
        if not self.real:
            _limit(pid, 0)
            return
        with (self.home / "ballast").open("ab", buffering=0) as file:
            for piece in (1 << 16, 1 << 12, 1 << 9, 1):
                try:
                    while file.write(bytes(piece)):
                        pass
                except OSError:
                    continue

    def free(self, pid: int) -> None:
        """Room again."""
        if self.real:
            (self.home / "ballast").unlink(missing_ok=True)
        else:
            _limit(pid, resource.RLIM_INFINITY)


def _limit(pid: int, size: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def small_disk(home: Path) -> Iterator[SmallDisk]:
    """Made and mounted at ``home``, unmounted at the end."""
    home.mkdir(parents=True)
    mount = [MOUNT, "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=0700", "none", str(home)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield SmallDisk(home, real=mounted)
    finally:
        if mounted:
            subprocess.run([UMOUNT, "--lazy", str(home)], check=True)
