"""Many rows in few statements are the same rows."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from daemon.store import many


@given(st.integers(0, 700), st.integers(1, 12))
def test_every_row_once_in_order(n: int, width: int) -> None:
    raw = sqlite3.connect(":memory:")
    columns = ", ".join(f"c{number}" for number in range(width))
    raw.execute(f"CREATE TABLE t ({columns})")
    rows = [tuple(row * width + cell for cell in range(width)) for row in range(n)]
    many.insert(raw, f"INSERT INTO t ({columns})", rows)
    assert raw.execute("SELECT * FROM t ORDER BY rowid").fetchall() == rows
    raw.close()


def test_what_follows_a_conflict() -> None:
    raw = sqlite3.connect(":memory:")
    raw.execute("CREATE TABLE t (key INTEGER PRIMARY KEY, bits)")
    rows = [(number % 100, 1 << number // 100) for number in range(300)]
    many.insert(raw, "INSERT INTO t", rows, "ON CONFLICT (key) DO UPDATE SET bits = bits | excluded.bits")
    assert set(raw.execute("SELECT bits FROM t")) == {(7,)}
    raw.close()


@given(st.lists(st.integers(), max_size=1200))
def test_looked_up_in_parts(keys: list[int]) -> None:
    parts = list(many.some(keys))
    assert [key for part in parts for key in part] == keys
    assert all(0 < len(part) <= 500 for part in parts)
