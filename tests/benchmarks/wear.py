"""What comes and goes while a daemon runs: connections, operators, reloads, tokens, an outage of its vendors.

Each kind comes and goes in rounds that are alike. The first round may leave something (a thread that stays, a page that
is remembered), the later ones nothing: whatever is more after the last than after the first was leaked.
"""

import re
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import httpx
import trio

from daemon.control import protocol as p
from daemon.control.client import Client
from daemon.demo.stage import Stage
from tests.benchmarks.load import crowd, status_kib

ROUNDS = 5
CONNECTIONS, OPERATORS, RELOADS, RENEWALS, STATEMENTS = 200, 1_000, 50, 20, 500
SETTLE_S = 6.0
"""Connections that wait for another use are closed after five."""
MEMORY_MIB_MAX = 2.0
OTHER_MAX = 2.0
_figure = re.compile(r"^lmsyncd_(loop_tasks|process_file_descriptors)(?:\{\S*)? (\S+)$", re.MULTILINE)


class Held(NamedTuple):
    """What a daemon holds."""

    memory_mib: float
    descriptors: float
    threads: float
    tasks: float


async def held(stage: Stage, http: httpx.AsyncClient) -> Held:
    pid = stage.daemon.pid
    page = (await http.get(f"http://127.0.0.1:{stage.scene.gateway_port}/metrics")).text
    found = {name: float(value) for name, value in _figure.findall(page)}
    return Held(
        memory_mib=status_kib(pid, "VmRSS") / 1024,
        descriptors=found["process_file_descriptors"],
        threads=status_kib(pid, "Threads"),
        tasks=found["loop_tasks"],
    )


async def worn(stage: Stage, http: httpx.AsyncClient) -> list[str]:
    """What has grown, in words."""
    said = []
    kinds: tuple[tuple[str, Callable[[Stage], Awaitable[None]]], ...] = (
        (f"{CONNECTIONS} connections at the gateway", connections),
        (f"{OPERATORS:,} connections at the control socket", operators),
        (f"{RELOADS} reloads", reloads),
        (f"tokens renewed {RENEWALS} times", renewals),
        ("retention", retention),
        (f"an outage of both vendors, {STATEMENTS} statements meanwhile", outage),
    )
    for name, happens in kinds:
        found = []
        for _ in range(ROUNDS):
            await happens(stage)
            await trio.sleep(SETTLE_S)
            found.append(await held(stage, http))
        first, last = found[0], found[-1]
        print(f"{name}, {ROUNDS} times:", *(f"{a:.1f} → {b:.1f}" for a, b in zip(first, last, strict=True)), flush=True)
        for what, before, after in zip(Held._fields, first, last, strict=True):
            if after - before > (MEMORY_MIB_MAX if what == "memory_mib" else OTHER_MAX):
                said.append(f"{what}: {before:.1f} → {after:.1f} by {name}")
    return said


async def connections(stage: Stage) -> None:
    """All open at the same time: some ask and go, some go in the middle of a request, some in the middle of a head."""
    port = stage.scene.gateway_port
    words = (
        b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n",
        b"POST /t/campus/xapi/statements HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n[",
        b"GET /healthz HTTP/1.1\r\nHo",
    )
    async with trio.open_nursery() as nursery:
        streams = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(CONNECTIONS)]
        for number, stream in enumerate(streams):
            nursery.start_soon(_come_and_go, stream, words[number % len(words)])


async def _come_and_go(stream: trio.SocketStream, words: bytes) -> None:
    async with stream:
        await stream.send_all(words)
        if words.endswith(b"\r\n\r\n"):
            await stream.receive_some(65_536)
        else:
            await trio.sleep(0.1)


async def operators(stage: Stage) -> None:
    """One after the other: half ask, a quarter says nothing, a quarter goes without waiting for the answer."""

    def come() -> None:
        for number in range(OPERATORS):
            if number % 4 == 3:
                with socket.socket(socket.AF_UNIX) as silent:
                    silent.connect(str(stage.scene.socket))
                continue
            with Client(stage.scene.socket) as client:
                answer = client.ask(p.AskStatus())
                if number % 4 == 2:
                    client._send(p.encode(p.AskStatus(id="1")))
                else:
                    list(answer)

    await trio.to_thread.run_sync(come)


async def reloads(stage: Stage) -> None:
    """Each by a signal, and of a tenant that is another one each time."""
    path = stage.scene.root / "tenants.d" / "campus.toml"
    log = stage.daemon.log
    for number in range(RELOADS):
        before = log.read_bytes().count(b"config.reloaded")
        words = re.sub(r'sla = "\d+s"', f'sla = "{30 + number % 2}s"', path.read_text(encoding="utf-8"))
        path.write_text(words, encoding="utf-8")
        stage.daemon.send(signal.SIGHUP)
        with trio.fail_after(30):
            while log.read_bytes().count(b"config.reloaded") == before:
                await trio.sleep(0.02)


async def renewals(stage: Stage) -> None:
    def renew() -> None:
        with Client(stage.scene.socket) as client:
            for _ in range(RENEWALS):
                list(client.ask(p.TokenRotate(names=("campus/teams:app",))))

    await trio.to_thread.run_sync(renew)


async def retention(stage: Stage) -> None:
    def run() -> None:
        with Client(stage.scene.socket) as client:
            list(client.ask(p.RetentionRun(tenant="campus")))

    await trio.to_thread.run_sync(run)


async def outage(stage: Stage) -> None:
    """They are killed, statements come, and they are there again: with empty heads, so that all tokens are renewed."""
    await stage.sandbox.end(signal.SIGKILL)
    await crowd(stage.scene, STATEMENTS)
    await trio.sleep(2.0)
    stage.sandbox.start()
    await stage.sandbox.until(f"{stage.scene.sandbox}/sandbox/health")
    await stage.until_effects(STATEMENTS, limit_s=120)
    found = await stage.count()
    if found < STATEMENTS:
        raise RuntimeError(f"only {found:,} of {STATEMENTS:,} effects after the outage")
