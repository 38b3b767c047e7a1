"""What the machine and the bare libraries can do, without lmsyncd."""

import sqlite3
import time
from pathlib import Path
from uuid import uuid4

import httpx
import trio


def group_commit(path: Path, rows: list[bytes], seconds: float, per_commit: int = 200) -> float:
    """Rows a second into one table like ours, durable, with its indexes and nothing else."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE s (seq INTEGER PRIMARY KEY, tenant TEXT, id BLOB, body BLOB)")
    raw.execute("CREATE UNIQUE INDEX s_id ON s (tenant, id)")
    raw.execute("CREATE INDEX s_tenant ON s (tenant, seq)")
    written, number = 0, 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        batch = []
        for _ in range(per_commit):
            number += 1
            batch.append((number, "acme", uuid4().bytes, rows[number % len(rows)]))
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany("INSERT INTO s VALUES (?, ?, ?, ?)", batch)
        raw.execute("COMMIT")
        written += per_commit
    rate = written / (time.perf_counter() - started)
    raw.close()
    return rate


def lone_commit_ms(path: Path, times: int = 200) -> float:
    """The median of a single durable insert, in milliseconds."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE t (n INTEGER)")
    took = []
    for number in range(times):
        started = time.perf_counter()
        raw.execute("INSERT INTO t VALUES (?)", (number,))
        took.append(time.perf_counter() - started)
    raw.close()
    return sorted(took)[times // 2] * 1e3


async def posts(base: str, seconds: float, workers: int = 32) -> float:
    """Posts a second by the best bare httpx-on-trio loop we know: one client per worker, one TLS context."""
    body = {
        "channel": "",
        "text": "Ada completed Quiz 1 in Course 1",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "Ada completed *Quiz 1* in Course 1. " * 12}}
        ],
        "metadata": {"event_type": "bench", "event_payload": {"delivery_id": "", "correlation_id": "c" * 32}},
    }
    done = 0
    until = time.perf_counter() + seconds

    async def work(number: int) -> None:
        nonlocal done
        headers = {"Authorization": "Bearer xoxb-sandbox"}
        async with httpx.AsyncClient(headers=headers, trust_env=False, verify=False) as client:
            while time.perf_counter() < until:
                metadata = {"event_type": "bench", "event_payload": {"delivery_id": uuid4().hex, "correlation_id": "c"}}
                post = {**body, "channel": f"C0BARE{number:05d}", "metadata": metadata}
                (await client.post(f"{base}/slack/api/chat.postMessage", json=post)).raise_for_status()
                done += 1

    started = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for number in range(workers):
            nursery.start_soon(work, number)
    return done / (time.perf_counter() - started)
