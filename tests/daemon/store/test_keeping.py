"""Figures about what is kept: exact where they are counted, and honest where they are not."""

import pytest
from housekeeping import House, at, days, grade

from actors.domain.outbox import State
from actors.domain.retention import DAY_US
from actors.domain.verdicts import Cause
from daemon.store import keeping
from daemon.store.keeping import Kept, of_all, of_tenant


def by_kind(found: list[Kept]) -> dict[str, Kept]:
    return {one.what: one for one in found}


def test_a_tenants_rows_by_kind() -> None:
    house = House()
    house.tell(0, *range(10))
    house.route(0, *(grade(f"l{number}", 1) for number in range(10)))
    house.carry(1)
    house.carry(2)
    house.carry(3, State.DEAD, cause=Cause.EXHAUSTED)
    row = "INSERT INTO addresses (lane, email, address, found_us) VALUES (?, 'a@x', 'U1', 1)"
    house.raw.executemany(row, [("acme/slack",), ("acme-2/slack",)])
    kept = by_kind(of_tenant(house.raw, "acme"))
    counted = {what: one.n for what, one in kept.items() if one.n}
    assert counted == {
        "statements": 10,
        "deliveries": 2,
        "dead_letters": 1,
        "open": 7,
        "propagation": 2,
        "figures": 7,
        "addresses": 1,
    }
    assert (kept["statements"].oldest_us, kept["deliveries"].oldest_us) == (at(0), at(1))
    assert kept["dead_letters"].oldest_us == at(3)
    assert kept["deliveries"].bytes == 2 * kept["dead_letters"].bytes > 0
    assert not by_kind(of_tenant(house.raw, "nobody"))["open"].n


def test_what_has_left_is_told_for_good() -> None:
    house = House()
    house.tell(0, 1, 2)
    house.route(0)
    house.sweep(20, days(statements=10))
    house.raw.execute("INSERT INTO retired VALUES ('acme', 'dust', 0, 7)")
    kept = by_kind(of_tenant(house.raw, "acme"))
    assert (kept["statements"].n, kept["statements"].removed, kept["statements"].removed_day) == (
        0,
        2,
        at(20) // DAY_US,
    )
    assert (kept["dust"].n, kept["dust"].removed) == (0, 7)


def test_counting_ends_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "COUNT_MAX", 5)
    house = House()
    house.tell(0, *range(9))
    log = by_kind(of_tenant(house.raw, "acme"))["statements"]
    assert (log.n, log.more) == (5, True)


def test_hashes_are_estimated_from_a_few() -> None:
    house = House()
    house.raw.executemany("INSERT INTO effects VALUES (randomblob(16), 1)", [()] * 20_000)
    house.raw.executemany("INSERT INTO forgotten VALUES (randomblob(16), 1)", [()] * 20)
    kept = by_kind(of_all(house.raw))
    assert kept["effects"].about
    assert 16_000 < kept["effects"].n < 24_000
    assert (kept["forgotten"].n, kept["forgotten"].about) == (20, False)
