"""Stores with a backlog, and daemons under load."""

import os
import re
import sqlite3
import time
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path

import httpx
import msgspec
import trio

from actors.domain.changes import Activity, ActivityCompleted, Course
from actors.domain.people import Learner
from actors.ports import Planned, Routed
from config.model import Audience
from daemon.control.client import Client
from daemon.control.protocol import Ask
from daemon.demo.moodle import batches, sample
from daemon.demo.scene import KEY, SECRET, Scene
from daemon.demo.stage import Process
from daemon.store import migrate, outbox
from daemon.store.engine import tune

BATCH = 1000
SETTLED_S, IDLE_S = 15.0, 60.0
MARKS, PEOPLE = count(), count()
STAMP = re.compile(rb'"timestamp":"[^"]*"')


def routed(number: int) -> Routed:
    """One delivery: a completion for one of 2,000 channels."""
    channel = f"C0BENCH{number % 2000:04d}"
    change = ActivityCompleted(
        learner=Learner(key=f"account:https://lms.example.edu|{number}", name="Ada Okafor"),
        at="2026-11-23T10:00:00Z",
        course=Course(id="https://lms.example.edu/course/1", name="Course 1", code="CS101"),
        activity=Activity(id="https://lms.example.edu/mod/quiz/1", name="Quiz 1"),
    )
    planned = Planned(target="slack", route="completions", destination=channel, audience=Audience(channel=channel))
    return Routed(
        seq=number,
        statement_id=f"{number:032x}",
        correlation_id=f"{number:032x}",
        traceparent=f"00-{number + 1:032x}-{number + 1:016x}-01",
        accepted_us=time.time_ns() // 1000,
        change=change,
        planned=(planned,),
    )


def backlog(path: Path, rows: int) -> None:
    """A store with so many deliveries waiting in lane campus/slack."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = sqlite3.connect(path)
    tune(raw, read_only=False)
    migrate.migrate(raw, 0)
    raw.execute("PRAGMA synchronous = OFF")
    for first in range(1, rows + 1, BATCH):
        raw.execute("BEGIN")
        batch = [routed(number) for number in range(first, min(first + BATCH, rows + 1))]
        outbox.route(raw, "campus", batch, first)
        raw.execute("COMMIT")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()


def claim_ms(path: Path, rounds: int = 50) -> float:
    """The median time to claim 32 and give them back unclaimed (rolled back), in milliseconds."""
    raw = sqlite3.connect(path)
    tune(raw, read_only=False)
    took = []
    for _ in range(rounds):
        raw.execute("BEGIN IMMEDIATE")
        started = time.perf_counter()
        claimed = outbox.claim(raw, "campus/slack", "bench", 2**62, 32)
        took.append(time.perf_counter() - started)
        assert len(claimed.deliveries) == 32
        raw.execute("ROLLBACK")
    raw.close()
    return sorted(took)[rounds // 2] * 1e3


def some_ids(path: Path, n: int) -> list[str]:
    """Ids of deliveries from all over the outbox."""
    raw = sqlite3.connect(path)
    last = raw.execute("SELECT max(seq) FROM deliveries").fetchone()[0]
    seqs = range(1, last + 1, max(1, last // n))
    found = [raw.execute("SELECT lower(hex(id)) FROM deliveries WHERE seq = ?", (seq,)).fetchone() for seq in seqs]
    raw.close()
    return [row[0] for row in found if row]


def answers_ms(socket: Path, asks: Sequence[Ask]) -> float:
    """The median time of an answer, over one connection of an operator's."""
    took = []
    with Client(socket) as client:
        for request in asks:
            started = time.perf_counter()
            *_, _ = client.ask(request)
            took.append(time.perf_counter() - started)
    return sorted(took)[len(took) // 2] * 1e3


def pause(path: Path) -> None:
    raw = sqlite3.connect(path)
    raw.execute("INSERT INTO lanes (lane, paused_by) VALUES ('campus/slack', 'bench')")
    raw.commit()
    raw.close()


def cpu_s(pid: int | str) -> float:
    """Seconds of processor time that a process of ours took so far, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def idle_share(daemon: Process) -> float:
    """The share of a core that it takes over a minute, once it has settled."""
    await trio.sleep(SETTLED_S)
    before_s, began_s = cpu_s(daemon.pid), time.perf_counter()
    await trio.sleep(IDLE_S)
    return (cpu_s(daemon.pid) - before_s) / (time.perf_counter() - began_s)


def status_kib(pid: int | str, name: str) -> int:
    """What Linux says of the memory of a process of ours: ``VmRSS``, what it holds; ``VmHWM``, the most that it did."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise RuntimeError(f"no {name}")


async def accept(scene: Scene, seconds: float, connections: int = 4, size: int = 50) -> float:
    """Statements a second acknowledged, in batches without ids, each one new by its time."""
    lines = sample()
    headers = {
        "Authorization": "Basic " + b64encode(f"{KEY}:{SECRET}".encode()).decode(),
        "X-Experience-API-Version": "1.0.3",
        "Content-Type": "application/json",
    }
    accepted = 0
    until = time.perf_counter() + seconds

    async def client(number: int) -> None:
        nonlocal accepted
        stamped = [STAMP.sub(b'"timestamp":"2026-11-23T10:00:%02d.NNNNNNZ"' % number, line) for line in lines]
        templates = batches(stamped, size)
        turn = 0
        async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as http:
            while time.perf_counter() < until:
                turn += 1
                body = templates[turn % (len(templates) - 1)].replace(b"NNNNNN", b"%06d" % next(MARKS))
                answer = await http.post(f"{scene.endpoint}/statements", content=body)
                answer.raise_for_status()
                accepted += size

    started = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for number in range(connections):
            nursery.start_soon(client, number)
    return accepted / (time.perf_counter() - started)


async def paced(scene: Scene, seconds: float, per_s: int = 50) -> None:
    """Single statements at an even pace, each a completion of its own."""
    async with _sender() as http, trio.open_nursery() as nursery:
        started = trio.current_time()
        for number in range(int(seconds * per_s)):
            await trio.sleep_until(started + number / per_s)
            nursery.start_soon(_post, http, f"{scene.endpoint}/statements", _completions(1))


async def crowd(scene: Scene, n: int, size: int = 50) -> None:
    """So many completions, of as many people, in batches as fast as they are taken."""
    async with _sender() as http:
        for first in range(0, n, size):
            await _post(http, f"{scene.endpoint}/statements", _completions(min(size, n - first)))


def _sender() -> httpx.AsyncClient:
    headers = {
        "Authorization": "Basic " + b64encode(f"{KEY}:{SECRET}".encode()).decode(),
        "X-Experience-API-Version": "1.0.3",
        "Content-Type": "application/json",
    }
    return httpx.AsyncClient(headers=headers, trust_env=False, timeout=120)


@cache
def _completion_samples() -> list[dict[str, object]]:
    return [msgspec.json.decode(line) for line in sample() if b"course_module_completion_updated" in line]


def _completions(n: int) -> bytes:
    """Each of somebody who has not been seen before."""
    seen, found = _completion_samples(), []
    for number in (next(PEOPLE) for _ in range(n)):
        account = {"homePage": "https://lms.example.edu", "name": f"p{number}"}
        found.append({**seen[number % len(seen)], "actor": {"name": "Ada", "account": account}})
    return msgspec.json.encode(found)


async def _post(http: httpx.AsyncClient, url: str, body: bytes) -> None:
    (await http.post(url, content=body)).raise_for_status()


async def started_in_s(daemon: Process, url: str) -> float:
    """From the start of the process to its first good answer."""
    started = time.perf_counter()
    daemon.start()
    await daemon.until(url)
    return time.perf_counter() - started


def idle(words: str) -> str:
    """A tenant with two targets, its own credential and nobody in it."""
    return words.replace('[people]\nfile = "../people.csv"\n', "")


def without_routes(scene: Scene) -> str:
    words = (scene.root / "tenants.d" / "campus.toml").read_text(encoding="utf-8")
    return words.partition("[[routes]]")[0]
