"""A person leaves what rosters remember: how they stood, whose account is whose, plans that name them."""

import sqlite3
from typing import Any

import msgspec
import pytest
from housekeeping import opened

from actors.domain.conflicts.fixes import LetStay
from actors.domain.erasing import Eraser, Fate
from actors.domain.persons import identified
from actors.domain.rosters.order import RosterOrder, order
from daemon.store import ordering
from daemon.store.erasing import Room
from daemon.store.erasing_conflicts import BELIEVED, RULINGS
from daemon.store.erasing_deliveries import DELIVERIES
from daemon.store.erasing_persons import forget
from daemon.store.erasing_rosters import ACCOUNTS, ROSTERS

_, STANDINGS, _ = ROSTERS


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
    for room in (*ROSTERS, ACCOUNTS):
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


def test_who_is_retired_while_in_a_place_is_nobody_in_particular_and_no_stranger(raw: sqlite3.Connection) -> None:
    raw.execute("INSERT INTO roster_kept (place, id, person, inside, ours) VALUES (1, 'U7', 7, 1, 1)")
    forget(raw, "acme", 70, 7, [])
    assert raw.execute("SELECT id, person, ours, erased FROM roster_kept").fetchall() == [("U7", 0, 1, 0)]


def test_whom_the_ledger_does_not_have_leaves_by_what_the_source_calls_them(raw: sqlite3.Connection) -> None:
    raw.execute(
        "INSERT INTO sources (no, tenant, name, kind, home_page) VALUES (3, 'acme', 'sis', 'toy', 'https://sis/')"
    )
    raw.executemany(
        "INSERT INTO roster_standings VALUES (40, ?, 0, ?, '', '', '', 'unmatched', 0, '', 0)",
        [("user:s7", "s7"), ("user:s8", "s8")],
    )
    raw.executemany(
        "INSERT INTO believed VALUES (3, ?, ?, ?, 'student', 'moodle')",
        [("s7", "1", "role"), ("s7", "", "status"), ("s8", "1", "role")],
    )
    eraser = Eraser(identified("account:https://sis|s7"), "erased-1")
    for room in (STANDINGS, BELIEVED):
        going = [row for row in found_by(raw, room) if room.fate(eraser, row) is not Fate.STAYS]
        room.apply(raw, "acme", eraser, going, 0)
    assert raw.execute("SELECT user FROM roster_standings WHERE user <> ''").fetchall() == [("s8",)]
    assert raw.execute("SELECT user FROM believed").fetchall() == [("s8",)]
    assert raw.execute("SELECT due FROM roster_places WHERE no = 40").fetchone() == (1,)


def found_by(raw: sqlite3.Connection, room: Room) -> list[Any]:
    after, found = -1, list[Any]()
    while rows := room.find(raw, "acme", after):
        after = rows[-1][0]
        found += rows
    return found


def test_decisions_about_what_a_vendor_calls_them_leave_and_those_of_theirs_are_somebodys(
    raw: sqlite3.Connection,
) -> None:
    def stay(member: str) -> bytes:
        return msgspec.json.encode(LetStay(rule="r", unit="course:1", place="C1", member=member))

    raw.executemany(
        "INSERT INTO rulings (tenant, topic, scope, fix, by_who, at_us) VALUES ('acme', ?, '', ?, ?, 0)",
        [("a", stay("U0000007"), "grace"), ("b", stay("U0000008"), "ada@example.edu")],
    )
    eraser = Eraser(identified("mailto:ada@example.edu"), "erased-1")
    eraser.called("U0000007")
    going = [row for row in found_by(raw, RULINGS) if RULINGS.fate(eraser, row) is not Fate.STAYS]
    assert RULINGS.apply(raw, "acme", eraser, going, 0) == {"rulings": 1, "rulings_changed": 1}
    assert raw.execute("SELECT topic, by_who FROM rulings").fetchall() == [("b", "erased-1")]


def test_an_order_that_names_them_is_planned_anew_unless_it_is_under_way(raw: sqlite3.Connection) -> None:
    def an_order(n: int, unit: str) -> RosterOrder:
        who = ("U0000007", "U0000008")
        deed = {"plan": "p", "n": n, "roster": "r", "unit": unit, "at": "2027-01-01T00:00:00Z", "place": "C1"}
        return order(**deed, place_kind="channel", deed="add", members=who)  # type: ignore[arg-type]

    ordering.order(raw, "acme/slack", [an_order(1, "course:1"), an_order(2, "course:2")], "c", "", 0)
    raw.execute("UPDATE roster_places SET due = 0")
    raw.execute("UPDATE deliveries SET state = 'unknown', sent_us = 1, doubt_us = 1 WHERE seq = 2")
    eraser = Eraser(identified("mailto:ada@example.edu"), "erased-1")
    eraser.called("U0000007")
    going = [row for row in found_by(raw, DELIVERIES) if DELIVERIES.fate(eraser, row) is not Fate.STAYS]
    counts = DELIVERIES.apply(raw, "acme", eraser, going, 0)
    assert counts == {"deliveries_cancelled": 1, "deliveries_changed": 0}
    states = raw.execute("SELECT state, instr(change, 'U0000007') > 0 FROM deliveries ORDER BY seq").fetchall()
    assert states == [("cancelled", 0), ("unknown", 1)]
    assert raw.execute("SELECT no FROM roster_places WHERE due = 1").fetchall() == [(1,)]
