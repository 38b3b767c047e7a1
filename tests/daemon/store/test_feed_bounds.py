"""A page of the feed looks at a bounded part of the log, of one moment, and begins where nothing is missing."""

import sqlite3
from pathlib import Path

import pytest
from fed import poll, routed
from housekeeping import House, days, grade, identity, opened

from actors.domain.outbox import State
from actors.domain.verdicts import Cause
from daemon.gateway.ports_feed import FeedGone
from daemon.store import feed, outbox, planning


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> House:
    """A house whose pages look at 4 × 3 statements."""
    monkeypatch.setattr(feed, "STEPS_MAX", 4)
    monkeypatch.setattr(feed, "JOBS_MAX", 3)
    return House()


def test_a_page_looks_at_so_many_statements_and_says_that_there_is_more(small: House) -> None:
    small.tell(0, *range(1, 41))
    small.route(0, *[None] * 39, grade("ada", 80))
    pages = []
    page = poll(small, None)
    while page.more:
        pages.append(len(page.entries))
        page = poll(small, page.end)
    assert pages == [0, 0, 0]
    assert [entry.kind for entry in page.entries] == ["graded"]
    assert not poll(small, page.end).entries


def test_latecomers_are_looked_at_a_few_at_a_time_too(small: House) -> None:
    small.tell(0, *range(1, 31))
    seqs = small.seqs()
    for number in seqs:
        fault = routed(seqs[number], 0, None, reason="fault: KeyError: x", unrouted=True)
        outbox.route(small.raw, "acme", [fault], seqs[number])
    for number in seqs:
        planning.reroute(small.raw, "acme", routed(seqs[number], 0, grade(f"l{number}", 80)))
    seen: list[str] = []
    page = poll(small, None, limit=7)
    while True:
        seen += [entry.statement_id for entry in page.entries]
        if not page.more:
            break
        page = poll(small, page.end, limit=7)
    assert seen == [identity(number) for number in seqs]


def test_a_page_ends_where_it_grows_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "BYTES_MAX", 500)
    house = House()
    house.tell(0, 1, 2, 3, 4)
    house.route(0, *(grade(f"{number}" * 300, 80) for number in range(4)))
    sizes = []
    page = poll(house, None)
    while page.entries:
        sizes.append(len(page.entries))
        page = poll(house, page.end)
    assert sizes == [1, 1, 1, 1]


def test_what_is_kept_for_a_deliverys_sake_makes_no_gap(small: House) -> None:
    """An old statement stays for its dead letter; whoever begins then is not told that something is missing."""
    small.tell(0, 1, 2, 3)
    small.route(0, grade("ada", 80), grade("ben", 80), grade("cyd", 80))
    small.carry(0.01, State.DEAD, cause=Cause.EXHAUSTED)
    small.carry(0.01)
    small.carry(0.01)
    small.tell(6, 4)
    small.route(6, grade("dan", 80))
    small.sweep(6.5, days(statements=5, deliveries=1, dead=30, horizon=40))
    assert sorted(small.seqs()) == [1, 4]
    page = poll(small, None, limit=1)
    while page.more:
        page = poll(small, page.end, limit=1)
    assert page.end == (small.seqs()[4], 0)
    with pytest.raises(FeedGone):
        poll(small, (small.seqs()[1], 0))


def test_the_log_is_walked_by_its_index() -> None:
    house = House()
    house.tell(0, 1)
    for sql, n in ((feed._IN_TIME, 3), (feed._LATE, 4)):
        plan = [row[3] for row in house.raw.execute(f"EXPLAIN QUERY PLAN {sql}", ("acme", *range(1, n)))]
        assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], plan


def test_a_reader_sees_what_was_committed_together(tmp_path: Path) -> None:
    """The router's transaction is seen whole or not at all, also in the middle of a page."""
    path = str(tmp_path / "s.db")
    house = House(opened(path))
    house.raw.execute("PRAGMA journal_mode = WAL")
    house.tell(0, 1, 2)
    reading = sqlite3.connect(path, isolation_level=None)
    first = feed.look_on(reading, "acme", None, frozenset(), 10)
    assert (first.entries, first.end, first.more) == ([], feed.START, False)
    house.direct.raw.execute("BEGIN IMMEDIATE")
    house.route(0, grade("ada", 80), grade("ben", 80))
    assert feed.look_on(reading, "acme", None, frozenset(), 10).entries == []
    house.direct.raw.execute("COMMIT")
    assert len(feed.look_on(reading, "acme", first.end, frozenset(), 10).entries) == 2
    assert not reading.in_transaction
    reading.close()
    house.raw.close()
