"""The daemon's store is killed while deeds are written: what was acknowledged is there, in one whole chain, every time;
and whoever looks through a database in use sees a whole one too.
"""

import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import trio
import trio_asyncio
from audited_store import Wall, deed, newest, proven
from checkout import TOP

from daemon.store.audit_anchor import in_mark
from daemon.store.audit_proof import prove_file
from daemon.store.database import open_store

KILLS = 6
WRITING = """
    import sys, trio, trio_asyncio
    sys.path[:0] = ["tests/support", "."]
    from pathlib import Path
    from audited_store import Wall, deed
    from daemon.store.database import open_store

    async def write(store, who):
        for n in range(1_000_000):
            tenant = ("acme", "globex", "")[n % 3]
            no = await store.audit.intend(tenant, deed(who=f"{who}", arguments={"n": n}))
            if n % 5:
                await store.audit.conclude(tenant, no, "done")
            print(f'["{tenant}",{no}]', flush=True)

    async def main():
        async with trio_asyncio.open_loop(), open_store(Path(sys.argv[1]), Wall()) as store:
            async with trio.open_nursery() as nursery:
                for who in range(4):
                    nursery.start_soon(write, store, who)

    trio.run(main)
"""


async def killed_after(path: Path, deeds: int) -> list[tuple[str, int]]:
    """(tenant, number) of what was acknowledged before the kill."""
    command = [sys.executable, "-c", textwrap.dedent(WRITING), str(path)]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=TOP)
    assert process.stdout is not None
    said = b""
    async with process.stdout:
        while said.count(b"\n") < deeds:
            said += await process.stdout.receive_some(65_536)
        process.send_signal(signal.SIGKILL)
        while more := await process.stdout.receive_some(65_536):
            said += more
    assert await process.wait() == -signal.SIGKILL
    return [
        msgspec.json.decode(line, type=tuple[str, int])
        for line in said.splitlines(keepends=True)
        if line.endswith(b"\n")
    ]


@pytest.mark.parametrize("seed", range(2))
async def test_what_was_acknowledged_is_there_in_one_chain(tmp_path: Path, seed: int) -> None:
    path, dice = tmp_path / "a.db", random.Random(seed)
    for _ in range(KILLS):
        before = newest(path).seq if path.exists() else 0
        acknowledged = await killed_after(path, dice.randint(1, 200))
        proof = prove_file(path, in_mark(path))
        assert (proof.misfits, proof.anchors <= 1) == ([], True)
        assert proof.head.seq == proof.rows > before
        kept = numbers(path)
        assert [each for each in acknowledged if each not in kept] == []


def numbers(path: Path) -> set[tuple[str, int]]:
    with closing(sqlite3.connect(path)) as raw:
        return set(raw.execute("SELECT tenant, no FROM audit WHERE kind = 'intended'"))


async def test_a_database_in_use_is_whole_for_whoever_looks_through_it(tmp_path: Path) -> None:
    path, done = tmp_path / "a.db", trio.Event()
    async with trio_asyncio.open_loop(), open_store(path, Wall()) as store, trio.open_nursery() as nursery:

        async def write() -> None:
            n = 0
            while not done.is_set():
                n += 1
                no = await store.audit.intend(("acme", "")[n % 2], deed())
                await store.audit.conclude(("acme", "")[n % 2], no, "done")

        nursery.start_soon(write)
        nursery.start_soon(write)
        rows = []
        for _ in range(10):
            proof = await trio.to_thread.run_sync(lambda: prove_file(path, in_mark(path)))
            assert proof.misfits == []
            rows.append(proof.rows)
        done.set()
    assert rows == sorted(rows)
    assert proven(path).rows >= rows[-1] > 0
