"""A Prometheus of its own on loopback, and what is asked of it."""

import json
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import trio

from daemon.demo.stage import free_port

PATIENCE_S = 60.0


@contextmanager
def prometheus(
    folder: Path,
    *,
    rules: Sequence[Path] = (),
    scraped: Sequence[object] = (),
) -> Iterator[str]:
    """It looks every second, at rules too; its address. Ended with the block."""
    port = free_port()
    for path in rules:
        (folder / path.name).write_text(path.read_text().replace("interval: 1m", "interval: 1s"))
    configured = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / path.name) for path in rules],
        "scrape_configs": list(scraped),
    }
    (folder / "prometheus.yml").write_text(json.dumps(configured))
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--enable-feature=exemplar-storage",
            ],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(30)


@asynccontextmanager
async def asking(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Once it is ready."""
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=20) as client:
        with trio.fail_after(PATIENCE_S):
            while True:
                try:
                    if (await client.get("/-/ready")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                await trio.sleep(0.2)
        yield client


async def queried(client: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    """What a query comes to now."""
    answer = (await client.get("/api/v1/query", params={"query": query})).json()
    assert answer["status"] == "success", answer
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


async def traces_of(client: httpx.AsyncClient, series: str) -> set[str]:
    """The traces that its exemplars name."""
    span = {"query": series, "start": "0", "end": "9999999999"}
    found = (await client.get("/api/v1/query_exemplars", params=span)).json()["data"]
    return {one["labels"]["trace_id"] for each in found for one in each["exemplars"]}
