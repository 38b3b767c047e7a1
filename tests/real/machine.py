"""A Debian 12 of its own: made by debootstrap, booted by systemd-nspawn with systemd as its first process.

It has no network but its own loopback: what it installs is brought along. ``LMSYNCD_REAL_CACHE`` names a directory in
which the bare system is kept between runs.
"""

import base64
import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from checkout import TOP

SUITE = "bookworm"
PACKAGES = ("curl", "dbus", "make", "python3", "python3-venv", "systemd", "systemd-sysv", "xmlsec1")
CHECKOUT, BROUGHT = "/srv/lmsyncd", "/srv/brought"
NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
BOOT_S, COMMAND_S, POLL_S = 90.0, 300.0, 0.2


def need(*commands: str) -> None:
    """Skip without root; with root, a missing command is a failure, for ``.ci/run`` installs them all."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    missing = [name for name in commands if shutil.which(name) is None]
    assert not missing, f"not installed: {', '.join(missing)}; .ci/run knows the packages"


def mirror() -> str:
    """Where this machine itself gets its Debian packages from."""
    line = "$(CREATED_BY)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)"
    said = subprocess.run(["apt-get", "indextargets", "--format", line], capture_output=True, text=True, check=True)
    for target in said.stdout.splitlines():
        kind, codename, component, uri = target.split("|")
        if (kind, codename, component) == ("Packages", SUITE, "main"):
            return uri
    raise AssertionError(f"this machine's apt knows no {SUITE} main")


def bare_system(root: Path) -> None:
    """A copy of the bare system at ``root``, which must not exist yet. It is made once; without a cache, for as long as
    these tests run."""
    cache = os.environ.get("LMSYNCD_REAL_CACHE")
    kept = Path(cache) / "-".join((SUITE, *PACKAGES)) if cache else root.parents[1] / "bare-system"
    if not kept.exists():
        made = kept.with_name(f"{kept.name}.{os.getpid()}")
        made.parent.mkdir(parents=True, exist_ok=True)
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(made), mirror()]
        made_it = subprocess.run(command, capture_output=True, text=True, check=False)
        assert made_it.returncode == 0, made_it.stdout[-4000:] + made_it.stderr[-4000:]
        made.rename(kept)
    subprocess.run(["cp", "--archive", "--reflink=auto", str(kept), str(root)], check=True)


class Failed(AssertionError):
    """A command inside the machine ended otherwise than it should have."""


class Machine:
    """A booted one. ``run`` runs inside it, as root or as somebody."""

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def run(self, command: str, *, user: str = "root", code: int | None = 0) -> str:
        """What the shell command printed, both streams. Raises Failed unless it ended with ``code`` (None: any)."""
        enter = ["nsenter", "--target", str(self._leader), *NAMESPACES]
        clean = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]
        become = ["runuser", "-u", user, "--"] if user != "root" else []
        done = subprocess.run(
            [*enter, *clean, *become, "/bin/bash", "-euo", "pipefail", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_S,
            check=False,
        )
        said = done.stdout.decode(errors="replace")
        if code is not None and done.returncode != code:
            raise Failed(f"{user}: {command}\nended with {done.returncode}, not {code}:\n{said[-6000:]}")
        return said

    def write(self, path: str, content: bytes) -> None:
        """A file inside, readable by the group that the configuration is."""
        text = base64.b64encode(content).decode()
        self.run(f"echo {text} | base64 -d > {path}; chgrp lms-operators {path}; chmod 640 {path}")

    def beside(self, *command: str) -> str:
        """What a program of this machine's printed that ran in the other one's network."""
        enter = ["nsenter", "--target", str(self._leader), "--net"]
        done = subprocess.run(
            [*enter, *command], stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_S, check=False
        )
        if done.returncode:
            raise Failed(f"{command}: {done.stderr.decode(errors='replace')[-4000:]}")
        return done.stdout.decode()

    def show(self, prop: str, unit: str = "lmsyncd.service") -> str:
        """A property as ``systemctl show`` has it."""
        return self.run(f"systemctl show --property={prop} --value {unit}").strip()

    def until(self, what: str, holds: Callable[[], bool], patience_s: float = 60.0) -> None:
        """Wait for something that systemd does in its own time."""
        give_up_at = time.monotonic() + patience_s
        while not holds():
            if time.monotonic() > give_up_at:
                raise Failed(f"not within {patience_s:g} s: {what}\n{self.journal()}")
            time.sleep(POLL_S)

    def journal(self) -> str:
        """The last of what the daemon and systemd said about it."""
        return self.run(
            "journalctl --no-pager --lines=60 --unit=lmsyncd.service; systemctl status --no-pager lmsyncd", code=None
        )


@contextlib.contextmanager
def booted(root: Path, brought: Path) -> Iterator[Machine]:
    """Boot the system at ``root``, with the folder ``brought`` in it; power it off at the end."""
    log = root.with_name(f"{root.name}.log")
    command = [
        "systemd-nspawn",
        f"--directory={root}",
        f"--machine=lmsyncd-{os.getpid()}",
        "--boot",
        "--quiet",
    ]
    command += ["--register=no", "--keep-unit", "--private-network", "--console=pipe", "--link-journal=no"]
    command += [f"--bind-ro={TOP}:{CHECKOUT}", f"--bind-ro={brought}:{BROUGHT}"]
    with log.open("wb") as out:
        nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        machine = Machine(_leader(nspawn, log))
        machine.run("mountpoint -q /proc")
        machine.until(
            "booted", lambda: machine.run("systemctl is-system-running", code=None).strip() == "running", BOOT_S
        )
        yield machine
    finally:
        _power_off(nspawn)


def _leader(nspawn: subprocess.Popen[bytes], log: Path) -> int:
    """The machine's first process, seen from here."""
    give_up_at = time.monotonic() + BOOT_S
    while nspawn.poll() is None and time.monotonic() < give_up_at:
        for child in Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children").read_text(encoding="ascii").split():
            if re.match(r".*\(systemd\)", Path(f"/proc/{child}/stat").read_text(encoding="ascii")):
                return int(child)
        time.sleep(POLL_S)
    raise AssertionError(f"it did not boot:\n{log.read_text(errors='replace')[-4000:]}")


def _power_off(nspawn: subprocess.Popen[bytes]) -> None:
    children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children")
    for child in children.read_text(encoding="ascii").split() if nspawn.poll() is None else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGRTMIN + 4)  # systemd: power off
    try:
        nspawn.wait(60)
    except subprocess.TimeoutExpired:
        nspawn.kill()
        nspawn.wait()
