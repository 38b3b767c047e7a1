"""The service manager's protocols, against real datagram sockets and real descriptors; the watchdog in virtual time."""

import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.ports import StoreUnavailable
from daemon.systemd import (
    EnvironmentFault,
    Notifier,
    Watchdog,
    credentials_directory,
    message,
    notify_address,
    passed_fds,
    watchdog_interval_s,
)

PYTHON = (sys.executable, "-c")


class Troubles:
    """Collects what was reported."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, BaseException | None, dict[str, object]]] = []

    def __call__(self, name: str, error: BaseException | None = None, **fields: object) -> None:
        self.seen.append((name, error, fields))


class Manager:
    """systemd's end: a bound datagram socket."""

    def __init__(self, address: str | bytes) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def told(self) -> list[dict[str, str]]:
        """Everything that has arrived, field by field."""
        heard = []
        while True:
            try:
                datagram = self.socket.recv(65536)
            except BlockingIOError:
                return heard
            heard.append(dict(line.split("=", 1) for line in datagram.decode().split("\n")))


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(str(tmp_path / "notify"))
    with listening.socket:
        yield listening


@pytest.fixture
def notifier(manager: Manager) -> Notifier:
    return Notifier(notify_address({"NOTIFY_SOCKET": str(manager.socket.getsockname())}), Troubles())


async def test_every_notification_arrives_as_the_protocol_spells_it(manager: Manager, notifier: Notifier) -> None:
    assert await notifier.extend(12.5)
    assert await notifier.ready("serving 3 tenants")
    assert await notifier.status("idle")
    assert await notifier.reloading("reading the configuration", monotonic_us=77)
    assert await notifier.stopping("draining")
    assert await notifier.ping()
    assert manager.told() == [
        {"EXTEND_TIMEOUT_USEC": "12500000"},
        {"READY": "1", "STATUS": "serving 3 tenants"},
        {"STATUS": "idle"},
        {"RELOADING": "1", "MONOTONIC_USEC": "77", "STATUS": "reading the configuration"},
        {"STOPPING": "1", "STATUS": "draining"},
        {"WATCHDOG": "1"},
    ]


async def test_a_reload_is_dated_by_the_kernels_monotonic_clock(manager: Manager, notifier: Notifier) -> None:
    before_us = time.monotonic_ns() // 1000
    await notifier.reloading("")
    after_us = time.monotonic_ns() // 1000
    [told] = manager.told()
    assert before_us <= int(told["MONOTONIC_USEC"]) <= after_us


async def test_an_abstract_address_is_understood() -> None:
    name = f"lmsyncd-test-{os.getpid()}"
    listening = Manager(b"\0" + name.encode())
    with listening.socket:
        assert await Notifier(notify_address({"NOTIFY_SOCKET": f"@{name}"}), Troubles()).ready("up")
        assert listening.told() == [{"READY": "1", "STATUS": "up"}]


async def test_without_a_manager_nothing_happens() -> None:
    troubles = Troubles()
    assert not await Notifier(notify_address({}), troubles).ready("up")
    assert troubles.seen == []


async def test_a_manager_that_went_away_is_reported_and_stops_nothing(tmp_path: Path) -> None:
    troubles = Troubles()
    assert not await Notifier(str(tmp_path / "nobody"), troubles).status("up")
    [(name, error, fields)] = troubles.seen
    assert (name, fields) == ("systemd.unreachable", {"fields": "STATUS"})
    assert isinstance(error, FileNotFoundError)


async def test_a_manager_that_does_not_read_is_waited_for_only_so_long(
    manager: Manager, notifier: Notifier, autojump_clock: MockClock
) -> None:
    troubles = Troubles()
    notifier._trouble = troubles
    while await notifier.status("x"):
        pass
    assert isinstance(troubles.seen[0][1], trio.TooSlowError)


@pytest.mark.parametrize("address", ["relative", "vsock:2:1234", "@", "/"])
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(EnvironmentFault, match="NOTIFY_SOCKET"):
        notify_address({"NOTIFY_SOCKET": address})


@given(st.text())
def test_no_status_line_can_forge_a_field(line: str) -> None:
    assert message(STATUS=line, WATCHDOG=1).decode().split("\n")[1:] == ["WATCHDOG=1"]


# ── the watchdog ─────────────────────────────────────────────────────────────────────────────────────


def test_the_interval_is_for_the_process_it_names() -> None:
    assert watchdog_interval_s({}, 7) is None
    assert watchdog_interval_s({"WATCHDOG_USEC": "30000000"}, 7) == 30.0
    assert watchdog_interval_s({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 7) == 30.0
    assert watchdog_interval_s({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, 7) is None
    assert watchdog_interval_s({"WATCHDOG_USEC": "0"}, 7) is None
    with pytest.raises(EnvironmentFault, match="WATCHDOG_USEC"):
        watchdog_interval_s({"WATCHDOG_USEC": "soon"}, 7)


class Ledger:
    """A Notifier that remembers when it was used, in virtual seconds."""

    def __init__(self) -> None:
        self.pings: list[float] = []
        self.lines: list[str] = []

    async def ping(self) -> bool:
        self.pings.append(trio.current_time())
        return True

    async def status(self, line: str) -> bool:
        self.lines.append(line)
        return True


async def healthy() -> None:
    await trio.lowlevel.checkpoint()


async def watch(checks: list, for_s: float, troubles: Troubles | None = None) -> Ledger:
    ledger = Ledger()
    with trio.move_on_after(for_s):
        await Watchdog(ledger, 30.0, troubles or Troubles()).run(checks)
    return ledger


async def test_it_pings_well_within_the_interval_while_all_answer(autojump_clock: MockClock) -> None:
    async def slow_but_alive() -> None:
        await trio.sleep(9.0)

    pings = (await watch([healthy, slow_but_alive], for_s=300.0)).pings
    assert len(pings) == 30
    assert max(later - earlier for earlier, later in pairwise(pings)) <= 20.0


@pytest.mark.parametrize("silent", ["hangs", "raises"])
async def test_one_that_does_not_answer_keeps_the_ping_back(autojump_clock: MockClock, silent: str) -> None:
    async def store_writer() -> None:
        if silent == "hangs":
            await trio.sleep_forever()
        raise RuntimeError("the actor died")

    troubles = Troubles()
    ledger = await watch([healthy, store_writer, healthy], for_s=100.0, troubles=troubles)
    assert ledger.pings == []
    assert set(ledger.lines) == {"watchdog: no answer from store_writer"}
    assert {type(error) for _, error, _ in troubles.seen} == {trio.TooSlowError if silent == "hangs" else RuntimeError}


async def test_it_pings_again_once_all_answer_again(autojump_clock: MockClock) -> None:
    async def scheduler() -> None:
        if 15.0 < trio.current_time() - began < 35.0:
            await trio.sleep_forever()

    began = trio.current_time()
    ledger = await watch([scheduler], for_s=65.0)
    assert [at - began for at in ledger.pings] == pytest.approx([0.0, 10.0, 40.0, 50.0, 60.0])
    assert ledger.lines[-1] == "watchdog: everything answers again"


async def test_a_full_disk_is_an_answer(autojump_clock: MockClock) -> None:
    async def store_writer() -> None:
        raise StoreUnavailable("database or disk is full")

    troubles = Troubles()
    assert len((await watch([store_writer], for_s=95.0, troubles=troubles)).pings) == 10
    assert troubles.seen == []


# ── what systemd hands over ──────────────────────────────────────────────────────────────────────────


def test_descriptors_are_named_in_order() -> None:
    mine = {"LISTEN_PID": "7", "LISTEN_FDS": "2"}
    assert passed_fds(mine | {"LISTEN_FDNAMES": "control:gateway"}, 7) == [(3, "control"), (4, "gateway")]
    assert passed_fds(mine, 7) == [(3, "unknown"), (4, "unknown")]
    assert passed_fds(mine, 8) == []
    assert passed_fds({}, 7) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"LISTEN_FDS": "x"},
        {"LISTEN_FDS": "-1"},
        {"LISTEN_FDS": "65"},
        {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "control"},
        {"LISTEN_PID": "me"},
    ],
)
def test_what_systemd_never_sets_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(EnvironmentFault, match="LISTEN_"):
        passed_fds({"LISTEN_PID": "7", "LISTEN_FDS": "1"} | wrong, 7)


def test_passed_sockets_listen_and_are_taken_once(tmp_path: Path) -> None:
    """In a process of its own, whose descriptor 3 is a listening socket as systemd would have left it."""
    program = textwrap.dedent(
        """
        import os, sys
        from daemon.systemd import take_sockets
        os.dup2(int(sys.argv[1]), 3)
        environ = dict(os.environ, LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="control")
        [control] = take_sockets(environ, os.getpid())["control"]
        assert take_sockets(environ, os.getpid()) == {}
        assert not control.get_inheritable()
        peer, _ = control.accept()
        peer.sendall(b"hello")
        """
    )
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as caller:
        listening.bind(str(tmp_path / "control.sock"))
        listening.listen()
        fd = listening.fileno()
        caller.connect(str(tmp_path / "control.sock"))
        subprocess.run([*PYTHON, program, str(fd)], pass_fds=[fd], check=True, timeout=60)
        assert caller.recv(5) == b"hello"


def test_a_descriptor_that_is_no_socket_is_refused() -> None:
    program = textwrap.dedent(
        """
        import os
        from daemon.systemd import EnvironmentFault, take_sockets
        os.dup2(os.open("/dev/null", os.O_RDONLY), 3)
        try:
            take_sockets({"LISTEN_PID": "7", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "control"}, 7)
        except EnvironmentFault as fault:
            print(fault)
        """
    )
    said = subprocess.run([*PYTHON, program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.startswith("descriptor 3 (control) is not a socket")


def test_credentials_lie_where_systemd_says() -> None:
    assert credentials_directory({}) is None
    assert credentials_directory({"CREDENTIALS_DIRECTORY": "/run/credentials/x"}) == Path("/run/credentials/x")
