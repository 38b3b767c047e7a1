"""Student information systems of any size, and what importing them costs beside the bare limit of the same machine."""

import csv
import gc
import sqlite3
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import msgspec
import trio
from district import district
from trio_asyncio import open_loop

import actors.sources.oneroster
from actors.domain.harvest import Answer, Bundles, Finished, Order, Page, Put, Rows, Whole
from actors.domain.mapping import Frame, compile_tables
from actors.domain.publishing import Publisher
from actors.domain.stating import Stater
from actors.ports import Bearing, Provenance, SourceName
from actors.roles.intake import Counts, Intake
from actors.sources.oneroster import CONNECTOR
from actors.sources.oneroster.settings import OneRosterSettings
from config.model import Network
from config.polling import Removals
from daemon.clock import SystemClock
from daemon.depot import FileDepot
from daemon.http import Outbound
from daemon.serve import GC_THRESHOLDS
from daemon.store.database import Store, open_store
from tests.benchmarks.load import status_kib


def bare_s(folder: Path, path: Path) -> float:
    """Seconds for parsing all files and inserting their rows, by their ids, in one durable transaction each."""
    started = time.perf_counter()
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as text:
            rows = csv.reader(text)
            columns = next(rows)
            named = ", ".join(f'"{name}" TEXT' for name in columns)
            raw.execute(f'CREATE TABLE {file.stem} ({named}, PRIMARY KEY ("{columns[0]}"))')
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(f"INSERT INTO {file.stem} VALUES ({', '.join('?' * len(columns))})", rows)
            raw.execute("COMMIT")
    raw.close()
    return time.perf_counter() - started


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, and how long it took. ``written``: rows inserted, changed or removed, of any table."""

    counts: Counts
    seconds: float
    written: int
    note: str


async def imported(folder: Path, root: Path, times: int = 1) -> list[Imported]:
    """Import the bundle as a source does in the daemon: read, normalised by the shipped table, published, one
    transaction a page. More than once: the same bundle again."""
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    inbox = root / "inbox"
    table = Path(actors.sources.oneroster.__file__).parent / "mappings" / "v1.toml"
    mapped, _ = compile_tables({1: tomllib.loads(table.read_text(encoding="utf-8"))})
    found = []
    async with open_loop(), open_store(root / "lmsyncd.db", SystemClock()) as store:
        for _ in range(times):
            _drop(folder, inbox / "bundle")
            found.append(await _one(store, inbox, root, mapped[1]))
    return found


def _drop(folder: Path, into: Path) -> None:
    into.mkdir(parents=True)
    for file in folder.iterdir():
        (into / file.name).hardlink_to(file)


async def _one(store: Store, inbox: Path, root: Path, mapped) -> Imported:  # type: ignore[no-untyped-def]
    clock = SystemClock()
    settings = OneRosterSettings(inbox=inbox)
    bearing = Bearing(tenant="acme", source="sis", timezone="Europe/Berlin", locale="en-GB")
    assert CONNECTOR.build is not None
    source = CONNECTOR.build(settings, lambda _: "", bearing)
    state = await store.sources.state(SourceName(tenant="acme", name="sis", kind="oneroster"))
    frame = Frame(
        home_page=source.home_page, tenant="acme", source="sis", timezone="Europe/Berlin", locale="en-GB",
        now_us=clock.now_us(),
    )  # fmt: skip
    intake = Intake(
        source=state.no,
        cursor=state.cursor,
        records=store.records,
        meaning=mapped.within(frame),
        mapping=1,
        publisher=Publisher(Stater(tenant="acme", source="sis", home_page=source.home_page, language="en")),
        provenance=Provenance(
            tenant="acme",
            source="sis",
            correlation_id="c" * 32,
            traceparent="",
            version="1.0.3",
            defines=True,
            quiet=True,
        ),
        removals=Removals(),
        clock=clock,
    )
    http = Outbound(Network()).client
    depot = FileDepot(root / "spool", clock, http, wall_ns=lambda: 2**62)  # settled at once
    before = await store.writer.apart(_changes)
    began = time.perf_counter()
    harvest = source.harvest(Order(mode="full", cursor=state.cursor, now_us=clock.now_us()))
    answer: Answer = None
    while True:
        try:
            step = harvest.send(answer)
        except StopIteration as end:
            ended = end.value
            break
        answer = None
        match step:
            case Bundles(inbox=where):
                answer = await depot.bundles(where)
            case Rows(bundle=key, name=name, count=count):
                answer = await depot.rows(key, name, count)
            case Page():
                await intake.page(step)
            case Whole():
                await intake.whole(step)
            case Put(bundle=key, where=where, note=note):
                answer = await depot.put(key, where, note)
            case _:
                pass
    counts = await intake.finish()
    took_s = time.perf_counter() - began
    assert isinstance(ended, Finished), ended
    assert not counts.quarantined
    written = await store.writer.apart(_changes) - before
    return Imported(counts=counts, seconds=took_s, written=written, note=ended.note)


def _changes(raw: sqlite3.Connection) -> int:
    """Of the connection that writes, since it was opened."""
    return raw.total_changes


def growth_mib(folder: Path, root: Path) -> float:
    """How much the memory of a process grows at most while it imports the bundle, beyond what a small one took before
    it: measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.rosters", str(folder), str(root)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.strip().splitlines()[-1])


async def _grown(folder: Path, root: Path) -> None:
    """In that process."""
    few = district(root / "few", 500, 100, 5_000)
    await imported(few, root / "first")
    before = peak_kib()
    await imported(folder, root / "second")
    print((peak_kib() - before) / 1024)


def peak_kib() -> int:
    """Of this process alone: what ``getrusage`` tells begins at the peak of whoever started it."""
    return status_kib("self", "VmHWM")


if __name__ == "__main__":
    trio.run(_grown, Path(sys.argv[1]), Path(sys.argv[2]))
