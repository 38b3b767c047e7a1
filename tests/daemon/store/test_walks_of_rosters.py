"""What is asked about one person reads the rows of that person, however many there are of others."""

import sqlite3

import pytest
from housekeeping import opened

from daemon.store.disagreeing import clashes
from daemon.store.erasing_persons import forget

OF_MANY = ("roster_kept", "roster_standings", "rulings", "s")


@pytest.fixture
def raw() -> sqlite3.Connection:
    return opened()


def walked(raw: sqlite3.Connection, asked: list[str]) -> list[str]:
    """Tables with a row for each of very many that these statements read from one end to the other."""
    steps = [row[3].split() for sql in asked for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}")]
    return [step[1] for step in steps if step[0] == "SCAN" and step[1] in OF_MANY]


def test_somebody_leaves_without_a_walk_through_everybody(raw: sqlite3.Connection) -> None:
    asked: list[str] = []
    raw.set_trace_callback(asked.append)
    forget(raw, "acme", 70, 7, [])
    raw.set_trace_callback(None)
    theirs = [sql for sql in asked if "rulings" in sql or "roster_" in sql]
    assert len(theirs) == 4
    assert walked(raw, theirs) == []


def test_whether_somebody_was_found_since_is_looked_up(raw: sqlite3.Connection) -> None:
    asked: list[str] = []
    raw.set_trace_callback(asked.append)
    clashes(raw, "acme", 1)
    raw.set_trace_callback(None)
    lost = [sql for sql in asked if "roster_standings" in sql]
    assert len(lost) == 1
    assert walked(raw, lost) == []
