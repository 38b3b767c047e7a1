"""Records leave when they have been gone for long, with all that belongs to them; what a source has stays."""

import sqlite3

import msgspec
import pytest
from housekeeping import House, at, days

from actors.domain.retention import DAY_US, UNDO_KEPT_US
from daemon.store import leaving

UNDO_DAYS = UNDO_KEPT_US / DAY_US


@pytest.fixture
def house() -> House:
    house = House()
    house.raw.executemany(
        "INSERT INTO sources (no, tenant, name, kind, mapping) VALUES (?, ?, ?, 'toy', 2)",
        [(1, "acme", "canvas"), (2, "umbrella", "moodle"), (3, "acme", "sis")],
    )
    return house


def kept(days_: float):  # as the rules of a tenant
    return msgspec.structs.replace(days(), records_us=round(days_ * DAY_US))


def put(raw: sqlite3.Connection, no: int, day: float, state: str = "gone", source: int = 1) -> None:
    raw.execute(
        "INSERT INTO records (no, source, entity, id, form, scope, state, digest, mapping, rev, user, course, "
        "first_us, changed_us, canonical, raw) "
        "VALUES (?, ?, 'user', ?, 'rest', '', ?, ?, 1, 1, '', '', 0, ?, x'', x'')",
        (no, source, f"u{no}", state, bytes(16), at(day)),
    )
    raw.execute("INSERT INTO flaws VALUES (?, 0, ?, 'required', 'email', 'null', '')", (no, source))
    raw.execute("INSERT INTO corrections VALUES (?, 'email', '1', '', 'kim', 0)", (no,))
    raw.execute("INSERT INTO dismissals VALUES (?, ?, 'kim', 0)", (no, bytes(16)))


def undo(raw: sqlite3.Connection, no: int, activation: int) -> None:
    raw.execute(
        "INSERT INTO undos VALUES (?, ?, ?, 'rest', 'active', 1, 1, '', '', NULL, '[]')", (no, activation, bytes(16))
    )


def activated(raw: sqlite3.Connection, no: int, source: int, ended_day: float | None) -> None:
    raw.execute(
        "INSERT INTO activations (no, source, kind, state, version_before, version, begun_by, begun_us, ended_us) "
        "VALUES (?, ?, 'activate', ?, 1, 2, 'kim', 0, ?)",
        (no, source, "running" if ended_day is None else "done", None if ended_day is None else at(ended_day)),
    )


def places(house: House, table: str) -> list[int]:
    column = "no" if table == "records" else "record"
    return [row[0] for row in house.raw.execute(f"SELECT {column} FROM {table} ORDER BY 1")]


def test_what_has_been_gone_for_long_leaves_with_all_that_belongs_to_it(house: House) -> None:
    put(house.raw, 1, day=0)
    put(house.raw, 2, day=0, state="active")
    put(house.raw, 3, day=0, state="quarantined")
    put(house.raw, 4, day=3)
    put(house.raw, 5, day=0, source=2)
    put(house.raw, 6, day=0, source=3)
    put(house.raw, 7, day=0)  # the newest of all
    assert house.sweep(11, kept(10), dry_run=True)["records"] == 2
    assert house.sweep(11, kept(10))["records"] == 2
    for table in ("records", "flaws", "corrections", "dismissals"):
        assert places(house, table) == [2, 3, 4, 5, 7]
    assert house.sweep(11, kept(10))["records"] == 0


def test_many_leave_a_few_at_a_time(house: House) -> None:
    for no in range(1, 252):
        put(house.raw, no, day=no / 1000, source=1 if no % 2 else 3)
    house.direct.rows.clear()
    assert house.sweep(20, kept(10))["records"] == 250
    assert max(house.direct.rows) <= 5 * 100 + 10


def test_how_to_take_a_mapping_back_is_kept_for_some_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "UNDOS_MAX", 2)
    activated(house.raw, 1, source=1, ended_day=0)
    activated(house.raw, 2, source=3, ended_day=5)
    activated(house.raw, 3, source=2, ended_day=0)
    for no in range(1, 6):
        put(house.raw, no, day=0, state="active")
        undo(house.raw, no, 1)
    for no, activation in ((6, 2), (7, 3)):
        undo(house.raw, no, activation)
    assert house.sweep(UNDO_DAYS - 1, kept(400))["undos"] == 0
    assert house.sweep(UNDO_DAYS + 1, kept(400), dry_run=True)["undos"] == 5
    assert house.sweep(UNDO_DAYS + 1, kept(400))["undos"] == 5
    assert places(house, "undos") == [6, 7]
    assert [row[0] for row in house.raw.execute("SELECT kept FROM activations ORDER BY no")] == [0, 1, 1]
