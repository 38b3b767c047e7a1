"""The processes of a rehearsal: a sandbox and a daemon that can be killed at any moment and started again."""

import atexit
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

import httpx
import msgspec
import trio

from actors.ports import Effect
from daemon.demo.scene import Scene

READY_S_MAX = 60.0
POLL_S = 0.05
QUIET_S = 3.0


class StageFailed(Exception):
    """A process did not come up; the text says which, and where its log is."""


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made once: reading the certificates takes longer than a request


def asking(timeout_s: float, base_url: str = "") -> httpx.AsyncClient:
    """A client for loopback addresses, cheap to make."""
    return httpx.AsyncClient(timeout=timeout_s, trust_env=False, verify=_NO_TLS, base_url=base_url)


_PORTS = range(10_000, 32_768)
"""Below those that Linux gives to whoever asks for any (net.ipv4.ip_local_port_range): a port that is only found free
here and opened seconds later would be given away meanwhile, and another's answer would pass for the daemon's."""
_claims: list[socket.socket] = []


def free_port() -> int:
    """A loopback port that nobody uses at this moment, and that no process which asks here is given as long as this one
    lives."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        if _is_free(port) and _claimed(port):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _claimed(port: int) -> bool:
    """By a name of Linux's own (an abstract socket), which ends with the process that has it."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0lmsyncd-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


@atexit.register
def _give_back() -> None:
    while _claims:
        _claims.pop().close()


class Child(Protocol):
    """A process that we started; what ``Popen`` knows of it."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...

    def send_signal(self, how: int, /) -> None: ...


def begin(command: Sequence[str], sink: IO[bytes], environ: Mapping[str, str]) -> Child:
    """Start it, with both outputs to ``sink``."""
    return subprocess.Popen(  # noqa: S603  # our own interpreter and module
        command, stdout=sink, stderr=sink, stdin=subprocess.DEVNULL, env=environ
    )


class Process:
    """One of ours, with its log beside the scene. Only processes started here are ever signalled."""

    def __init__(self, name: str, arguments: list[str], log: Path, environ: dict[str, str] | None = None) -> None:
        self.name = name
        self._arguments = arguments
        self.log = log
        self._environ = {**os.environ, **(environ or {})}
        self._child: Child | None = None

    def start(self) -> None:
        with self.log.open("ab") as sink:
            self._child = begin([sys.executable, *self._arguments], sink, self._environ)

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def send(self, how: int) -> None:
        """Send it a signal, if it lives."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(how)

    async def end(self, how: int = signal.SIGTERM) -> int:
        """Signal it and wait for its end; its exit code."""
        child = self._child
        if child is None:
            return 0
        if child.poll() is None:
            child.send_signal(how)
        return await trio.to_thread.run_sync(child.wait)

    async def until(self, url: str) -> None:
        """Wait until it answers there. Raises StageFailed if it ends or takes too long."""
        with trio.move_on_after(READY_S_MAX):
            async with asking(2) as client:
                while self.alive:
                    try:
                        if (await client.get(url)).is_success:
                            return
                    except httpx.TransportError:
                        pass  # not listening yet
                    await trio.sleep(POLL_S)
        tail = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise StageFailed(f"{self.name} did not come up at {url}; its log {self.log} ends:\n{tail}")


class Stage:
    """Sandbox and daemon of one scene."""

    def __init__(self, scene: Scene, *, limits: bool) -> None:
        self.scene = scene
        lmsyncd = ["-m", "daemon.cli.lmsyncd"]
        listen = ["--listen", f"127.0.0.1:{scene.sandbox_port}", "--limits", "on" if limits else "off"]
        self.sandbox = Process("sandbox", [*lmsyncd, "sandbox", *listen], scene.root / "sandbox.log")
        self.daemon = Process("daemon", [*lmsyncd, "run", "--config", str(scene.root)], scene.root / "daemon.log")

    async def open(self) -> None:
        self.sandbox.start()
        await self.sandbox.until(f"{self.scene.sandbox}/sandbox/health")
        self.daemon.start()
        await self.ready()

    async def ready(self) -> None:
        await self.daemon.until(f"http://127.0.0.1:{self.scene.gateway_port}/readyz")

    async def kill_and_restart(self) -> None:
        """SIGKILL, as the kernel's OOM killer would, and a new life."""
        await self.daemon.end(signal.SIGKILL)
        self.daemon.start()

    async def close(self) -> None:
        await self.daemon.end()
        await self.sandbox.end()

    async def journal(self) -> list[Effect]:
        """Every effect the sandbox has accepted."""
        async with asking(20) as client:
            answer = await client.get(f"{self.scene.sandbox}/sandbox/journal")
        return [msgspec.json.decode(line, type=Effect) for line in answer.content.splitlines() if line]

    async def until(self, fulfilled: Callable[[list[Effect]], bool], limit_s: float) -> None:
        """Wait for the journal to be so; returns anyway when it takes too long (the caller judges the journal)."""
        with trio.move_on_after(limit_s):
            while not fulfilled(await self.journal()):
                await trio.sleep(POLL_S)

    async def until_effects(self, number: int, limit_s: float = 60.0) -> None:
        """Wait for at least so many effects, cheaply."""
        with trio.move_on_after(limit_s):
            async with asking(20) as client:
                while await self._effects(client) < number:
                    await trio.sleep(POLL_S / 2)

    async def count(self) -> int:
        """Effects so far."""
        async with asking(20) as client:
            return await self._effects(client)

    async def _effects(self, client: httpx.AsyncClient) -> int:
        vendors = (await client.get(f"{self.scene.sandbox}/sandbox/health")).json()["vendors"]
        return sum(int(vendor["effects"]) for vendor in vendors.values())

    async def quiet(self) -> None:
        """Long enough after the last effect for anything that might still be on its way (doubles too) to show."""
        effects = -1
        while effects != (effects := len(await self.journal())):
            await trio.sleep(QUIET_S)

    async def faults(self, faults: list[dict[str, object]]) -> None:
        async with asking(20) as client:
            (await client.put(f"{self.scene.sandbox}/sandbox/faults", json=faults)).raise_for_status()
