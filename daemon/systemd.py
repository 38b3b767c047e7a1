"""What systemd tells the daemon, and what the daemon tells systemd.

Everything is passed in: the environment, the process id, the clock. Without systemd the variables are absent and
nothing happens. Protocols: sd_notify(3), sd_listen_fds(3), and WATCHDOG_USEC of systemd.service(5).
"""

import socket
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Protocol

import trio

from actors.ports import StoreUnavailable

FIRST_PASSED_FD = 3
SEND_DEADLINE_S = 5.0
SOCKETS_MAX = 64
UNNAMED = "unknown"
"""What systemd calls a passed socket whose unit gives it no name."""


class Trouble(Protocol):
    """Where to report what went wrong; ``actors.ports.Witness.trouble`` is one."""

    def __call__(self, name: str, error: BaseException | None = None, /, **fields: object) -> None: ...


class EnvironmentFault(ValueError):
    """A variable that systemd sets has a value that systemd never sets."""


def message(**fields: str | int) -> bytes:
    """A notification: one ``NAME=value`` a line. A line break inside a value would start a field, so it is a space."""
    lines = (f"{name}={' '.join(str(value).splitlines())}" for name, value in fields.items())
    return "\n".join(lines).encode(errors="replace")


def notify_address(environ: Mapping[str, str]) -> str | None:
    """The address to notify, ready for ``connect``; None if nobody waits. ``@`` stands for an abstract socket."""
    given = environ.get("NOTIFY_SOCKET", "")
    if not given:
        return None
    if given[0] not in "/@" or len(given) < 2:
        raise EnvironmentFault(f"NOTIFY_SOCKET={given!r} is neither an absolute path nor an abstract name")
    return "\0" + given[1:] if given[0] == "@" else given


class Notifier:
    """Tells the service manager how we are. Never raises and never waits longer than ``SEND_DEADLINE_S``.

    Each method answers whether the manager has been told; without one (``address`` None) it does nothing.
    """

    def __init__(self, address: str | None, trouble: Trouble) -> None:
        self._address = address
        self._trouble = trouble

    async def ready(self, status: str) -> bool:
        """Started, or reloaded: call it when the store is open, recovered, and the control socket listens."""
        return await self._send(READY=1, STATUS=status)

    async def status(self, line: str) -> bool:
        """The line that ``systemctl status`` shows."""
        return await self._send(STATUS=line)

    async def reloading(self, status: str, monotonic_us: int | None = None) -> bool:
        """A reload begins; ``ready`` ends it, also one that was refused."""
        if monotonic_us is None:
            monotonic_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        return await self._send(RELOADING=1, MONOTONIC_USEC=monotonic_us, STATUS=status)

    async def stopping(self, status: str) -> bool:
        return await self._send(STOPPING=1, STATUS=status)

    async def ping(self) -> bool:
        """For the Watchdog below; nobody else may vouch for the daemon."""
        return await self._send(WATCHDOG=1)

    async def extend(self, timeout_s: float) -> bool:
        """Starting, reloading or stopping goes on: be patient for ``timeout_s`` from now."""
        return await self._send(EXTEND_TIMEOUT_USEC=int(timeout_s * 1_000_000))

    async def _send(self, **fields: str | int) -> bool:
        if self._address is None:
            return False
        try:
            with trio.fail_after(SEND_DEADLINE_S), trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
                # An unconnected datagram socket always polls writable: a full queue would be a busy loop.
                await datagrams.connect(self._address)
                await datagrams.send(message(**fields))
        except (OSError, trio.TooSlowError) as error:
            self._trouble("systemd.unreachable", error, fields=" ".join(fields))
            return False
        return True


def beg(address: str, status: str, timeout_s: float, trouble: Trouble) -> None:
    """Starting or stopping goes on with this: be patient for ``timeout_s`` from now. From any thread, waiting for
    nothing: what a manager's full queue does not take is said again soon."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as datagrams:
            datagrams.connect(address)
            datagrams.send(message(EXTEND_TIMEOUT_USEC=int(timeout_s * 1_000_000), STATUS=status))
    except OSError as error:
        trouble("systemd.unreachable", error, fields="EXTEND_TIMEOUT_USEC STATUS")


# ── the watchdog ─────────────────────────────────────────────────────────────────────────────────────


def watchdog_interval_s(environ: Mapping[str, str], pid: int) -> float | None:
    """How often the manager wants to hear of us at the latest; None if it does not watch this process."""
    interval, watched = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not interval or (watched and _number("WATCHDOG_PID", watched) != pid):
        return None
    interval_us = _number("WATCHDOG_USEC", interval)
    return interval_us / 1_000_000 if interval_us > 0 else None


Check = Callable[[], Awaitable[object]]


class Watchdog:
    """Pings the manager, but only after every check has answered: a loop that turns while nothing works is not life.

    A check answers by returning. ``StoreUnavailable`` is an answer too: the writer lives and the disk is full or busy,
    which a restart would not cure. Any other exception, or silence for longer than ``deadline_s``, is no answer: the
    ping is left out, the status line says whose fault it is, and the manager's patience (``interval_s``) decides.
    """

    def __init__(self, notifier: Notifier, interval_s: float, trouble: Trouble) -> None:
        self._notifier = notifier
        self._trouble = trouble
        self.period_s = interval_s / 3
        self.deadline_s = interval_s / 3
        """A round starts each ``period_s`` and ends within ``deadline_s``: two thirds of the interval at worst."""

    async def run(self, checks: Sequence[Check]) -> None:
        """Until cancelled. Runs as a task beside what it watches, never in a thread of its own."""
        silent_before = False
        while True:
            next_round_at = trio.current_time() + self.period_s
            silent = await self._silent(checks)
            if not silent:
                await self._notifier.ping()
            else:
                await self._notifier.status(f"watchdog: no answer from {', '.join(silent)}")
            if silent_before and not silent:
                await self._notifier.status("watchdog: everything answers again")
            silent_before = bool(silent)
            await trio.sleep_until(next_round_at)

    async def _silent(self, checks: Sequence[Check]) -> list[str]:
        """The names of those that did not answer, all asked at the same time."""
        silent: list[str] = []

        async def ask(check: Check) -> None:
            name = str(getattr(check, "__qualname__", check)).rpartition("<locals>.")[2]
            try:
                with trio.fail_after(self.deadline_s):
                    await check()
            except StoreUnavailable:
                return
            except Exception as error:  # noqa: BLE001  # whatever it is, it is not an answer, and it is reported
                self._trouble("watchdog.silent", error, check=name, deadline_s=self.deadline_s)
                silent.append(name)

        async with trio.open_nursery() as round_of_checks:
            for check in checks:
                round_of_checks.start_soon(ask, check)
        return sorted(silent)


# ── what systemd hands over ──────────────────────────────────────────────────────────────────────────


def passed_fds(environ: Mapping[str, str], pid: int) -> list[tuple[int, str]]:
    """The descriptors that are ours, each with its ``FileDescriptorName=``."""
    if not environ.get("LISTEN_PID") or _number("LISTEN_PID", environ["LISTEN_PID"]) != pid:
        return []
    count = _number("LISTEN_FDS", environ.get("LISTEN_FDS", "0"))
    if count > SOCKETS_MAX:
        raise EnvironmentFault(f"LISTEN_FDS={count} is more than {SOCKETS_MAX}")
    names = environ.get("LISTEN_FDNAMES", "").split(":") if environ.get("LISTEN_FDNAMES") else [UNNAMED] * count
    if len(names) != count:
        raise EnvironmentFault(f"LISTEN_FDNAMES names {len(names)} descriptors, LISTEN_FDS says {count}")
    return [(FIRST_PASSED_FD + offset, name) for offset, name in enumerate(names)]


def take_sockets(environ: MutableMapping[str, str], pid: int) -> dict[str, list[socket.socket]]:
    """Sockets that were opened before us, by name (``control``, ``gateway``), listening, none inherited further.

    They can be taken once: the variables are removed, for two objects on one descriptor would close each other's.
    """
    taken: dict[str, list[socket.socket]] = {}
    for fd, name in passed_fds(environ, pid):
        try:
            passed = socket.socket(fileno=fd)
        except OSError as error:
            raise EnvironmentFault(f"descriptor {fd} ({name}) is not a socket: {error.strerror}") from error
        passed.set_inheritable(False)
        taken.setdefault(name, []).append(passed)
    for variable in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"):
        environ.pop(variable, None)
    return taken


def credentials_directory(environ: Mapping[str, str]) -> Path | None:
    """Where ``LoadCredential=`` has put the secrets, readable by this service alone."""
    given = environ.get("CREDENTIALS_DIRECTORY", "")
    return Path(given) if given else None


def _number(variable: str, given: str) -> int:
    if not (given.isascii() and given.isdigit()):
        raise EnvironmentFault(f"{variable}={given!r} is not a number")
    return int(given)
