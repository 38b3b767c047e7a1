"""Places that are at hand, found without reading the others; and counts that triggers keep."""

import sqlite3
from random import Random

import pytest
from housekeeping import opened

from actors.domain.rosters.model import Kept, Place, Unit
from actors.domain.rosters.order import order
from actors.ports.rosters import Reckoned
from daemon.store import enrolled, ordering, placed, reckoning, rostered

TENANT, LANE, RULE = "acme", "acme/slack", "classes"
NOW_US = 1_000


@pytest.fixture
def raw() -> sqlite3.Connection:
    return opened()


def put(raw: sqlite3.Connection, no: int, **more: object) -> None:
    row = {"tenant": TENANT, "lane": LANE, "rule": RULE, "unit": f"course:{no}", "course": str(no), "kind": "channel"}
    row |= {"no": no, "due": 0, **more}
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    raw.execute(f"INSERT INTO roster_places ({names}) VALUES ({marks})", tuple(row.values()))


def send(raw: sqlite3.Connection, unit: str) -> None:
    """An order to it is on its way."""
    at = "2026-11-29T10:00:00Z"
    told = order(
        plan="p", n=0, roster=RULE, unit=unit, at=at, place_kind="channel", deed="add", place="C1", members=("U1",)
    )
    ordering.order(raw, LANE, [told], "roster-1", "", NOW_US)
    raw.execute("UPDATE deliveries SET sent_us = ? WHERE destination = ?", (NOW_US, told.destination))


def at_hand(raw: sqlite3.Connection, *courses: str) -> list[int]:
    found = placed.at_hand(raw, TENANT, RULE, LANE, "channel", courses, NOW_US)
    return [each.place.no for each in found.values()]


def test_what_is_due_or_waits_for_a_person_or_changed_is_at_hand(raw: sqlite3.Connection) -> None:
    put(raw, 1, due=1, due_us=NOW_US)
    put(raw, 2, due=1, due_us=NOW_US + 1)
    put(raw, 3, due=2, stuck="a dead letter")
    put(raw, 4, parked="5f1c2d3e")
    put(raw, 5)
    put(raw, 6, unit="cohort:a", course="")
    put(raw, 7, due=1, rule="others")
    put(raw, 8, due=1, lane="acme/other")
    put(raw, 9, due=1, tenant="other")
    assert at_hand(raw) == [1, 4]
    assert at_hand(raw, "5", "") == [1, 4, 5, 6]
    assert at_hand(raw, "3", "nowhere") == [1, 3, 4]


def test_orders_that_are_under_way_are_told_of_each(raw: sqlite3.Connection) -> None:
    for no in range(1, placed.FEW + 2):
        put(raw, no, due=1)
    send(raw, "course:2")
    keys = [f"course:{no}" for no in range(1, placed.FEW + 2)]
    for units in (keys[:3], keys, None):  # looked up one by one, chosen of all, all
        found = placed.places(raw, TENANT, RULE, LANE, "channel", units)
        assert list(found) == (keys if units is None else units)
        assert [key for key, each in found.items() if each.flying] == ["course:2"]
    due = placed.at_hand(raw, TENANT, RULE, LANE, "channel", [], NOW_US)
    assert [key for key, each in due.items() if each.flying] == ["course:2"]


def test_the_next_that_can_be_gone_on_with(raw: sqlite3.Connection) -> None:
    def next_due_us() -> int | None:
        return placed.next_due_us(raw, TENANT, RULE, LANE, "channel")

    assert next_due_us() is None
    put(raw, 1, due=2, due_us=1, stuck="a dead letter")
    put(raw, 2, due=1, due_us=2)
    send(raw, "course:2")
    assert next_due_us() is None
    put(raw, 3, due=1, due_us=30)
    put(raw, 4, due=1, due_us=4, rule="others")
    assert next_due_us() == 30


def test_what_triggers_count_is_what_there_is(raw: sqlite3.Connection) -> None:
    dice = Random(3)
    standings = ("in_step", "pending", "unmatched", "stranger")
    for no in (1, 2, 3):
        put(raw, no)
    for _ in range(400):
        no, who = dice.choice((1, 2, 3)), f"U{dice.randrange(6)}"
        match dice.randrange(6):
            case 0 | 1:
                one = Kept(id=who, inside=dice.random() < 0.6)
                unit = Unit(rule=RULE, key=f"course:{no}")
                place = Place(no=no, unit=unit, lane=LANE, kind="channel", id="C1")
                marks = raw.execute("SELECT marks FROM roster_places WHERE no = ?", (no,)).fetchone()[0]
                told = Reckoned(place=place, marks=marks, kept=(one,), forgotten=(f"U{dice.randrange(6)}",))
                assert not reckoning.commit(raw, TENANT, LANE, [told], None, "", "", NOW_US).busy
            case 2:
                raw.execute("UPDATE roster_kept SET inside = 1 - inside WHERE place = ? AND id = ?", (no, who))
            case 3:
                raw.execute(
                    "INSERT INTO roster_standings VALUES (?, ?, 0, '', ?, '', '', ?, 0, '', 0) "
                    "ON CONFLICT (place, who) DO UPDATE SET standing = excluded.standing",
                    (no, who, who, dice.choice(standings)),
                )
            case 4:
                raw.execute("DELETE FROM roster_standings WHERE place = ? AND who = ?", (no, who))
            case _:
                raw.execute("DELETE FROM roster_kept WHERE place = ? AND id = ?", (no, who))
        inside = raw.execute("SELECT place, count(*) FROM roster_kept WHERE inside = 1 GROUP BY place")
        assert placed.inside(raw, TENANT, RULE) == dict(inside.fetchall())
        stood = raw.execute("SELECT place, standing, count(*) FROM roster_standings GROUP BY place, standing")
        told_ = {(place, what): n for place, each in rostered.counts(raw, TENANT).items() for what, n in each.items()}
        assert told_ == {(place, what): n for place, what, n in stood}
    raw.execute("DELETE FROM roster_places WHERE no = 1")
    assert raw.execute("SELECT count(*) FROM roster_tallies WHERE place = 1").fetchone() == (0,)


def test_a_look_reads_no_table_from_its_beginning(raw: sqlite3.Connection) -> None:
    asked: list[str] = []
    raw.set_trace_callback(asked.append)
    put(raw, 1, due=1)
    raw.execute("INSERT INTO sources (no, tenant, name, kind) VALUES (1, ?, 'sis', 'toy')", (TENANT,))
    asked.clear()
    placed.at_hand(raw, TENANT, RULE, LANE, "channel", ["1", ""], NOW_US)
    placed.places(raw, TENANT, RULE, LANE, "channel", ["course:1"])
    placed.next_due_us(raw, TENANT, RULE, LANE, "channel")
    rostered.accepted(raw, TENANT)
    enrolled.withheld_addresses(raw, TENANT, ["a@example.edu"])
    enrolled.contacts(raw, [1], "slack")
    enrolled.some(raw, TENANT, "sis", ["1"], ("", "", 0), 10)
    enrolled.courses(raw, TENANT, "sis")
    raw.set_trace_callback(None)
    assert len(asked) >= 8
    for sql in asked:
        plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert not [each for each in plan if each.startswith("SCAN") and "json_each" not in each], (sql, plan)
        assert not [each for each in plan if "(course,user)>" in each], "the other courses are walked over"
