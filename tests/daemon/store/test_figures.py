"""What is counted by hour: nothing twice, nothing lost, found by an index; and following the outbox by number."""

import sqlite3

import pytest
from housekeeping import House, at, days, grade

from actors.domain.outbox import State
from actors.domain.verdicts import Cause
from daemon.store import figures, moves, retiring_figures
from daemon.store.figures import HOUR_US

LANE = "acme/slack"


@pytest.fixture
def house() -> House:
    return House()


def carried(house: House) -> None:
    """Three delivered, one dead, on the first day."""
    house.tell(0, 1, 2, 3, 4)
    house.route(0, *(grade(f"l{number}", 1) for number in range(4)))
    for _ in range(3):
        house.carry(1)
    house.carry(1, State.DEAD, cause=Cause.EXHAUSTED)


def whole(house: House, by: figures.By = "") -> list[figures.Figure]:
    return figures.figures(house.raw, "acme", (0, at(50) // HOUR_US), by)


def test_states_and_sends_are_counted_as_they_happen(house: House) -> None:
    carried(house)
    [one] = whole(house)
    assert one.states == {"made": 4, "delivered": 3, "dead": 1}
    assert sum(one.sends.values()) == 4
    assert sum(one.lasted.values()) == 3
    assert sum(one.took.values()) == 4
    [by_target] = whole(house, "target")
    assert (by_target.key, by_target.states["delivered"], by_target.lasted) == ("slack", 3, {})
    [by_route] = whole(house, "route")
    assert by_route.key
    assert sum(by_route.lasted.values()) == 3
    assert figures.figures(house.raw, "acme", (0, at(0) // HOUR_US - 48), "") == []
    assert figures.figures(house.raw, "beta", (0, 1 << 40), "") == []


def test_what_dies_and_is_delivered_after_all_is_counted_as_both(house: House) -> None:
    carried(house)
    [seq] = house.raw.execute("SELECT seq FROM deliveries WHERE state = 'dead'").fetchone()
    house.raw.execute("UPDATE deliveries SET state = 'waiting', cause = NULL, done_us = NULL WHERE seq = ?", (seq,))
    house.raw.execute(
        "UPDATE deliveries SET state = 'delivered', receipt = '{}', done_us = ?, head = 0 WHERE seq = ?", (at(2), seq)
    )
    [one] = whole(house)
    assert one.states == {"made": 4, "delivered": 4, "dead": 1}


def test_questions_are_answered_from_an_index(house: House) -> None:
    for sql, values in (
        *((sql, ("acme", 1, 2)) for sql in figures.SUMS.values()),
        (figures.LASTING, ("acme", "r", 1, 2)),
        (figures.ROUTE_AFTER, ("acme", "")),
        (moves.PAGE, (0, 10)),
        (retiring_figures.FIND, ("acme", -1, "", "", "", "", -1, 5, 10)),
    ):
        plan = [row[3] for row in house.raw.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert any(step.startswith("SEARCH") for step in plan), (sql, plan)
        parts = ("SCAN figures_all", "SCAN figures_new", "SCAN (subquery")  # of what was found by searches
        assert not [step for step in plan if step.startswith("SCAN") and not step.startswith(parts)], (sql, plan)


def test_moves_are_told_in_the_order_of_their_commits_without_gaps(house: House) -> None:
    carried(house)
    page = moves.following(house.raw, 0, "", "", (), ())
    assert [move.no for move in page.moves] == list(range(1, 9))
    assert [move.state for move in page.moves].count("waiting") == 4
    assert [move.state for move in page.moves if move.state != "waiting"] == ["delivered"] * 3 + ["dead"]
    assert (page.after, page.missed, page.more) == (8, 0, False)
    assert all(move.at_us is not None and move.kept is not None for move in page.moves)
    assert moves.following(house.raw, 8, "", "", (), ()).moves == []


@pytest.mark.parametrize(
    ("narrow", "n"),
    [
        (("acme/", "", (), ()), 8),
        (("acm", "", (), ()), 0),
        ((LANE, "", ("dead",), ()), 1),
        (("", "nowhere", (), ()), 0),
        (("", "", (), (1,)), 2),
    ],
)
def test_moves_are_narrowed(house: House, narrow: tuple, n: int) -> None:
    carried(house)
    page = moves.following(house.raw, 0, *narrow)
    assert (len(page.moves), page.after) == (n, 8)


def test_who_reads_too_late_knows_how_much_was_missed(house: House) -> None:
    carried(house)
    house.raw.execute("DELETE FROM moves WHERE no <= 5")
    page = moves.following(house.raw, 2, "", "", (), ())
    assert (page.missed, [move.no for move in page.moves]) == (3, [6, 7, 8])
    assert moves.following(house.raw, 99, "", "", (), ()).after == 8, "a number of another store"


def test_the_tail_is_bounded(house: House) -> None:
    row = "INSERT INTO moves (no, seq, lane, route, state) VALUES (?, 1, 'a/b', 'r', 'dead')"
    house.raw.executemany(row, [(no,) for no in range(1, 70 * 1024 + 1)])
    first, last = house.raw.execute("SELECT min(no), max(no) FROM moves").fetchone()
    assert (first, last) == (70 * 1024 - 65_536 + 1, 70 * 1024)


def test_rates_are_those_of_the_last_minute(house: House) -> None:
    carried(house)
    [done_us] = house.raw.execute("SELECT max(done_us) FROM deliveries").fetchone()
    assert moves.rates(house.raw, done_us) == {LANE: 3 / 60}
    assert moves.rates(house.raw, done_us + 61_000_000) == {}


def test_figures_leave_with_their_time(house: House) -> None:
    carried(house)
    n = house.count("(SELECT DISTINCT tenant, hour, route, target, what, which, bucket FROM figures_all)")
    assert n == 4
    assert not house.sweep(30, days(deliveries=60))["figures"]
    assert house.sweep(62, days(deliveries=60))["figures"] == n
    assert house.count("figures_all") == 0


def test_an_upgrade_knows_what_had_arrived(house: House) -> None:
    raw: sqlite3.Connection = house.raw
    raw.execute("INSERT INTO figures VALUES ('acme', 5, 'old', '', 'state', 'delivered', 0, 7)")
    [one] = figures.figures(raw, "acme", (0, 10), "target")
    assert (one.key, one.states) == ("", {"delivered": 7})
