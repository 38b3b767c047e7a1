"""An upgrade of the schema is whole: where one of several migrations fails, none of them has happened."""

import sqlite3
from pathlib import Path

import pytest

from daemon.store import migrate as migrating
from daemon.store.database import upgrade
from daemon.store.errors import StoreRefused
from daemon.store.migrate import Migration, applied, available, migrate


def further(*scripts: str) -> list[Migration]:
    """What a later version brings: ours, and these."""
    ours = available()
    return ours + [Migration(len(ours) + at, f"later{at}", sql, f"sum{at}") for at, sql in enumerate(scripts, 1)]


def state(path: Path) -> tuple[int, set[str], tuple[object, ...]]:
    raw = sqlite3.connect(path)
    try:
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master")}
        return max(applied(raw)), tables, raw.execute("PRAGMA application_id").fetchone()
    finally:
        raw.close()


def test_a_failed_one_takes_those_before_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.db"
    upgrade(path, 1)
    before = state(path)
    broken = further("CREATE TABLE newer (n);", "INSERT INTO newer VALUES (1);\nINSERT INTO nowhere VALUES (1);")
    with monkeypatch.context() as later:
        later.setattr(migrating, "available", lambda: broken)
        with pytest.raises(
            StoreRefused, match=r"migration 00\d\d_later2 failed: no such table: nowhere; nothing"
        ) as said:
            upgrade(path, 2)
        assert f"schema version {before[0]}" in str(said.value)
        assert state(path) == before
    assert upgrade(path, 3) == []  # the version it comes from goes on with it


def test_all_of_them_or_a_new_database_stays_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "available", lambda: [Migration(1, "first", "CREATE TABLE a (n);\nNONSENSE;", "x")])
    raw = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(StoreRefused, match=r"nothing was changed \(empty\)"):
        migrate(raw, 1)
    assert raw.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    raw.close()
