"""A person leaves what rosters remember: how they stood, whose account is whose, plans that name them."""

import sqlite3

import msgspec
import pytest
from housekeeping import opened

from actors.domain.erasing import Eraser, Fate
from actors.domain.persons import identified
from daemon.store.erasing_persons import forget
from daemon.store.erasing_rosters import ROSTERS


@pytest.fixture
def raw() -> sqlite3.Connection:
    raw = opened()
    for no in (1, 2, 40):
        raw.execute(
            "INSERT INTO roster_places (no, tenant, lane, rule, unit, kind) VALUES (?, 'acme', 'acme/slack', 'r', ?, "
            "'channel')",
            (no, f"course:{no}"),
        )
    for place, who, name, email in (
        (1, "7", "Ada Lovelace", "Ada@example.edu"),
        (1, "8", "Grace Hopper", "grace@example.edu"),
        (40, "7", "Ada Lovelace", "ada@example.edu"),
    ):
        raw.execute(
            "INSERT INTO roster_standings VALUES (?, ?, ?, '', '', ?, ?, 'in_step', 0, '', 0)",
            (place, who, int(who), name, email),
        )
    for named, id_, email in (("ada@example.edu", "U7", "ada@example.edu"), ("id:U8", "U8", "grace@example.edu")):
        raw.execute("INSERT INTO roster_accounts VALUES ('acme/slack', ?, ?, '', ?, 1, 0, 0, 0)", (named, id_, email))
    for hash_, name in (("aa", "Ada Lovelace <ada@example.edu>"), ("bb", "Grace Hopper")):
        raw.execute(
            "INSERT INTO roster_plans (tenant, hash, scope, cause, state, by_who, made_us, adds, removes, why, body) "
            "VALUES ('acme', ?, '', 'asked', 'shown', '', 0, 1, 0, '', ?)",
            (hash_, msgspec.json.encode([{"name": name}])),
        )
    return raw


def test_what_names_them_goes_and_nobody_elses(raw: sqlite3.Connection) -> None:
    eraser, done = Eraser(identified("mailto:ada@example.edu"), "erased-1"), dict[str, int]()
    for room in ROSTERS:
        after = -1
        while rows := room.find(raw, "acme", after):
            after = rows[-1][0]
            going = [row for row in rows if room.fate(eraser, row) is not Fate.STAYS]
            if going:
                assert room.tally(raw, "acme", [(row, Fate.GOES) for row in going]) == {room.name: len(going)}
                for name, n in room.apply(raw, "acme", eraser, going, 0).items():
                    done[name] = done.get(name, 0) + n
    assert done == {"roster_plans": 1, "roster_standings": 2, "roster_accounts": 1}
    assert raw.execute("SELECT name FROM roster_standings").fetchall() == [("Grace Hopper",)]
    assert raw.execute("SELECT named FROM roster_accounts").fetchall() == [("id:U8",)]
    assert raw.execute("SELECT hash FROM roster_plans").fetchall() == [("bb",)]


def test_who_is_in_a_place_leaves_with_the_person(raw: sqlite3.Connection) -> None:
    raw.executemany("INSERT INTO roster_kept (place, id, person) VALUES (1, ?, ?)", [("U7", 7), ("U8", 8)])
    forget(raw, "acme", 70, 7, [])
    assert raw.execute("SELECT id FROM roster_kept").fetchall() == [("U8",)]


def test_how_somebody_without_an_address_stood_and_what_was_decided_about_them_leave_with_the_person(
    raw: sqlite3.Connection,
) -> None:
    raw.execute("UPDATE roster_standings SET email = ''")
    raw.executemany(
        "INSERT INTO rulings (tenant, topic, scope, person, fix, by_who, at_us) VALUES ('acme', ?, '', ?, '{}', '', 0)",
        [("t7", 7), ("t8", 8), ("t0", 0)],
    )
    forget(raw, "acme", 70, 7, [])
    assert raw.execute("SELECT who FROM roster_standings").fetchall() == [("8",)]
    assert raw.execute("SELECT person FROM rulings ORDER BY person").fetchall() == [(0,), (8,)]
