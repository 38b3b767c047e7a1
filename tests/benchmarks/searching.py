"""GET of 100 statements by agent and by activity: from a large store and from a small one, through the daemon.

Every learner and every activity has ``EACH`` statements, spread over the whole log, so that nothing that is asked for
stands together on the disk. ``python -m tests.benchmarks.searching`` runs these rows alone.
"""

import sqlite3
import statistics
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import httpx
import msgspec
import trio

from actors.domain.xapi.accepted import NewStatement
from actors.domain.xapi.keys import keys
from actors.ports import Provenance
from daemon.demo.moodle import sample
from daemon.demo.scene import KEY, SECRET, Scene
from daemon.demo.stage import Stage
from daemon.store import statements
from daemon.store.engine import tune
from daemon.store.migrate import migrate

TENANT = "campus"
MANY, FEW = 1_000_000, 10_000
EACH, ASKED, ROUNDS = 200, 100, 60
BATCH = 50  # statements a request
_STRIDE = 0x9E3779B97F4A7C15F39CC0605CEDC835  # ids as far apart as random ones
_HOME = "https://lms.example.edu"
_FROM = Provenance(
    tenant=TENANT,
    source="campus",
    correlation_id="c" * 32,
    traceparent=f"00-{1:032x}-{1:016x}-01",
    version="1.0.3",
    authority=b'{"objectType":"Agent","account":{"homePage":"urn:lmsyncd:campus:campus","name":"moodle"}}',
)


class Filled(NamedTuple):
    """A store's size beside the JSON in it."""

    statements: int
    disk_bytes: int
    json_bytes: int


def learner(number: int) -> dict[str, object]:
    return {"account": {"homePage": _HOME, "name": f"learner-{number}"}}


def activity(number: int) -> str:
    return f"{_HOME}/mod/quiz/view.php?id={number}"


def arriving(n: int) -> Iterator[list[NewStatement]]:
    """Real statements, with ever another learner and activity. Their JSON is made from templates: to encode a million
    of them would take longer than to store them."""
    templates = [_template(line) for line in sample()]
    people = n // EACH
    batch: list[NewStatement] = []
    for number in range(n):
        head, tail, found_by = templates[number % len(templates)]
        who, what = number % people, number * 7919 % people
        digits = f"{number * _STRIDE % 2**128:032x}"
        name = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
        body = b'{"id":"%b",%b%d%b%d"}}' % (name.encode(), head, who, tail, what)
        own = keys({"actor": learner(who), "verb": {"id": "urn:x"}, "object": {"id": activity(what)}}, TENANT)
        batch.append(
            NewStatement(
                id=name,
                body=body,
                digest=number.to_bytes(16),
                timestamp="2026-11-23T10:00:00Z",
                given_id=True,
                keys=tuple({*found_by, *own}),
            )
        )
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _template(line: bytes) -> tuple[bytes, bytes, tuple[int, ...]]:
    """A statement's JSON up to the learner's name, and from there to the activity's number; and its other keys."""
    statement = msgspec.json.decode(line)
    rest = {name: value for name, value in statement.items() if name not in ("id", "actor", "object")}
    thing = {**statement["object"], "id": ""}
    head = (
        msgspec.json.encode(rest)[1:-1] + b',"actor":{"account":{"homePage":"' + _HOME.encode() + b'","name":"learner-'
    )
    tail = b'"}},"object":{' + msgspec.json.encode({k: v for k, v in thing.items() if k != "id"})[1:-1]
    named = tail + b',"id":"' + activity(0).encode()[:-1]
    other = keys({**rest, "actor": {}, "object": {"objectType": "StatementRef", "id": ""}}, TENANT)
    return head, named, other


def fill(path: Path, n: int) -> Filled:
    """A store with so many statements, routed already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = sqlite3.connect(path)
    tune(raw, read_only=False)
    migrate(raw, 0)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"):
        raw.execute(f"PRAGMA {pragma}")  # each page is written once
    now_us = time.time_ns() // 1000 - n * 100
    for number, batch in enumerate(arriving(n)):
        if not raw.in_transaction:
            raw.execute("BEGIN")
        now_us += BATCH * 100
        statements.append(raw, batch, _FROM, now_us)
        if number % 1000 == 999:
            raw.execute("COMMIT")
    if raw.in_transaction:
        raw.execute("COMMIT")
    raw.execute("INSERT INTO cursors (tenant, seq) SELECT ?, max(seq) FROM statements", (TENANT,))
    json_bytes = raw.execute("SELECT sum(length(body)) FROM statements").fetchone()[0]
    raw.execute("PRAGMA journal_mode = WAL")
    raw.close()
    return Filled(n, path.stat().st_size, json_bytes)


def readable(scene: Scene) -> None:
    """The demo's tenant without routes, and its client may read."""
    path = scene.root / "tenants.d" / f"{TENANT}.toml"
    words = path.read_text(encoding="utf-8").partition("[[routes]]")[0]
    path.write_text(words.replace('["statements/write"]', '["statements/write", "all/read"]'), encoding="utf-8")


async def page_ms(scene: Scene, n: int) -> dict[str, float]:
    """The median time of a page by agent and by activity, in milliseconds; each round asks for another one."""
    stage = Stage(scene, limits=False)
    headers = {
        "Authorization": "Basic " + b64encode(f"{KEY}:{SECRET}".encode()).decode(),
        "X-Experience-API-Version": "1.0.3",
    }
    took: dict[str, list[float]] = {"agent": [], "activity": []}
    try:
        await stage.open()
        async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as http:
            for round_ in range(ROUNDS):
                number = round_ * 9973 % (n // EACH)
                for name, value in (
                    ("agent", msgspec.json.encode(learner(number)).decode()),
                    ("activity", activity(number)),
                ):
                    query = urlencode({name: value, "limit": ASKED})
                    started = time.perf_counter()
                    answer = await http.get(f"{scene.endpoint}/statements?{query}")
                    took[name].append(time.perf_counter() - started)
                    found = len(answer.json()["statements"])
                    if found != ASKED:
                        raise RuntimeError(f"{found} statements by {name}, not {ASKED}")
    finally:
        with trio.CancelScope(shield=True):
            await stage.close()
    return {name: statistics.median(times) * 1e3 for name, times in took.items()}


async def measured(scene: Scene, n: int) -> tuple[Filled, dict[str, float]]:
    """A store of so many statements, and what a page of it takes."""
    readable(scene)
    filled = fill(scene.root / "state" / "lmsyncd.db", n)
    return filled, await page_ms(scene, n)


async def main() -> None:
    from tests.benchmarks.__main__ import Results, finding

    await finding(Results())


if __name__ == "__main__":
    trio.run(main)
