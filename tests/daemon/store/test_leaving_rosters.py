"""What had its time of rosters: addresses that were looked up long ago, and plans that wait for nobody."""

import sqlite3

import pytest
from housekeeping import opened

from actors.domain.retention import Cutoffs
from daemon.store.leaving_rosters import ROSTER_CHORES


@pytest.fixture
def raw() -> sqlite3.Connection:
    raw = opened()
    for lane, named, found_us in (("acme/slack", "a@x", 1), ("acme/slack", "b@x", 900), ("other/slack", "c@x", 1)):
        raw.execute("INSERT INTO roster_accounts VALUES (?, ?, 'U1', '', '', 1, 0, 0, ?)", (lane, named, found_us))
    for hash_, state, made_us in (("aa", "applied", 1), ("bb", "parked", 1), ("cc", "shown", 900)):
        raw.execute(
            "INSERT INTO roster_plans (tenant, hash, scope, cause, state, by_who, made_us, adds, removes, why, body) "
            "VALUES ('acme', ?, '', 'asked', ?, '', ?, 0, 0, '', '[]')",
            (hash_, state, made_us),
        )
    return raw


def cut() -> Cutoffs:
    fields = {name: 500 for name in Cutoffs.__struct_fields__ if name.endswith("_us")}
    return Cutoffs(tenant="acme", **fields)


def test_what_is_old_leaves_and_what_waits_stays(raw: sqlite3.Connection) -> None:
    gone: dict[str, int] = {}
    for chore in ROSTER_CHORES.values():
        page = chore.find(raw, cut(), ())
        assert page.after is None
        gone |= chore.take(raw, cut(), page.keys)
    assert gone == {"roster_accounts": 1, "roster_plans": 1}
    assert raw.execute("SELECT named FROM roster_accounts ORDER BY named").fetchall() == [("b@x",), ("c@x",)]
    assert raw.execute("SELECT hash FROM roster_plans ORDER BY hash").fetchall() == [("bb",), ("cc",)]
