"""Damage is met before a database is used, or ends the process that meets it."""

import sqlite3
from pathlib import Path

import pytest
import trio
import trio_asyncio
from crashed_store import crashed, opens

from actors.ports import StoreUnavailable
from daemon.clock import SystemClock
from daemon.store import admission, mark
from daemon.store.database import Store, open_store
from daemon.store.errors import StoreRefused
from daemon.store.migrate import migrate


async def test_after_an_orderly_end_nothing_is_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[bool] = []

    def counted_look(raw: sqlite3.Connection, *, whole: bool) -> str:
        looks.append(whole)
        return ""

    monkeypatch.setattr(admission, "unsound", counted_look)
    path = await crashed(tmp_path)
    await opens(path)
    assert looks == [False]
    await opens(path)
    assert looks == [False]
    path.touch()
    await opens(path)
    assert looks == [False, False]


async def test_a_damaged_page_is_refused_after_a_crash(tmp_path: Path) -> None:
    path = await crashed(tmp_path, numbers=200)
    await opens(path)  # the log is in the database now
    raw = bytearray(path.read_bytes())
    for page in range(4, len(raw) // 4096, 3):
        raw[page * 4096 : page * 4096 + 200] = bytes(200)
    path.write_bytes(raw)
    with pytest.raises(StoreRefused, match=r"damaged.*docs/recovery.md"):
        await opens(path)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("CREATE TABLE lives", "began_us"), ("CREATE TABLE facts", "value"), ("CREATE TABLE commits", "number")],
)
async def test_a_damaged_name_in_the_schema_is_refused_with_the_way_on(tmp_path: Path, was: str, becomes: str) -> None:
    """SQLite reads it and finds nothing wrong: our own statements do not find their column."""
    path = await crashed(tmp_path)
    await opens(path)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        changed = raw.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE sql LIKE ? || '%'",
            (becomes, f"{becomes[:-1]}\x7f", was),
        )
        assert changed.rowcount == 1
    raw.close()
    with pytest.raises(StoreRefused, match=r"docs/recovery.md") as refused:
        await opens(path)
    assert str(path) in str(refused.value)


async def test_an_account_that_cannot_be_read_names_the_file(tmp_path: Path) -> None:
    path = await crashed(tmp_path)
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE lives SET token = x'00'")
    raw.close()
    with pytest.raises(StoreRefused, match=r"its account of commits cannot be read.*docs/recovery.md") as refused:
        await opens(path)
    assert str(path) in str(refused.value)


async def test_damage_met_while_running_ends_the_store_and_the_next_start_looks_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    answers: list[str] = []

    def malformed(raw: sqlite3.Connection) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    async def ask(store: Store) -> None:
        for job in (malformed, lambda raw: None):
            try:
                await store.writer.submit(job)
            except StoreUnavailable as error:
                answers.append(str(error))
        await trio.sleep_forever()

    with pytest.RaisesGroup(pytest.RaisesExc(StoreRefused, match="s.db.*damaged"), flatten_subgroups=True):
        async with trio_asyncio.open_loop(), open_store(path, SystemClock()) as store:
            await ask(store)
    assert len(answers) == 2, "both were told to come again"
    assert mark.read(mark.mark_path(path)).mark.state == "damaged"  # type: ignore[union-attr]
    looks: list[bool] = []
    monkeypatch.setattr(admission, "unsound", lambda raw, *, whole: looks.append(whole) or "")
    assert await opens(path) == ["store.damage_not_found"]
    assert looks == [True]


def test_no_table_is_laid_out_so_that_a_good_one_looks_damaged() -> None:
    """SQLite 3.40 takes a NOT NULL column for NULL where a table without rowids has its key's columns elsewhere."""
    raw = sqlite3.connect(":memory:", isolation_level=None)
    migrate(raw, 0)
    tables = raw.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%WITHOUT ROWID%'"
    ).fetchall()
    assert len(tables) > 5
    for (table,) in tables:
        keys = [pk for *_, pk in raw.execute(f"PRAGMA table_info({table})")]
        assert keys == [*range(1, max(keys) + 1), *[0] * keys.count(0)], table
    raw.close()
