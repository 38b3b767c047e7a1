"""What vendors tell of members and people: which places are looked at again for it, and what is forgotten."""

from housekeeping import House, at

from actors.domain.tidings import (
    MembersChanged,
    Note,
    PeopleMissed,
    PersonCame,
    PersonChanged,
    PersonGone,
    Tiding,
)
from actors.ports.rosters import COMPARE, READ
from daemon.store.heard import take
from daemon.store.roster_news import SOON_US

LANE = "acme/slack"
NOW_US = at(1)
SOON = NOW_US + SOON_US


def hall(*, due: int = 0, due_us: int = 0) -> House:
    """Two places: in the first are Ada and Ben; somebody is missing in the second."""
    house = House()
    for no, lane, place in ((1, LANE, "C1"), (2, LANE, "C2"), (3, "acme/other", "C1")):
        house.raw.execute(
            "INSERT INTO roster_places (no, tenant, lane, rule, unit, kind, place, due, due_us) "
            "VALUES (?, 'acme', ?, 'r', ?, 'channel', ?, ?, ?)",
            (no, lane, f"u{no}", place, due, due_us),
        )
    rows = [(1, "UA", 1), (1, "UB", 1), (1, "UC", 0), (3, "UA", 1)]
    house.raw.executemany("INSERT INTO roster_kept (place, id, inside) VALUES (?, ?, ?)", rows)
    accounts = [("ada@x", "UA"), ("ben@x", "UB"), ("new@x", ""), ("id:UA", "UA")]
    house.raw.executemany(
        "INSERT INTO roster_accounts VALUES (?, ?, ?, '', '', 1, 0, 0, 5)", [(LANE, *each) for each in accounts]
    )
    standings = [(1, "1", "UA", "Ada@X", "in_step"), (2, "2", "", "New@X", "unmatched"), (3, "1", "UA", "", "in_step")]
    house.raw.executemany(
        "INSERT INTO roster_standings VALUES (?, ?, 1, 'u', ?, '', ?, ?, 0, '', 0)",
        [(place, who, account, email, standing) for place, who, account, email, standing in standings],
    )
    return house


def told(house: House, tiding: Tiding) -> None:
    take(house.raw, LANE, [Note(id="", tiding=tiding)], NOW_US)


def due(house: House) -> dict[int, tuple[int, int]]:
    """Places that are due: how, and when."""
    return {row[0]: row[1:] for row in house.raw.execute("SELECT no, due, due_us FROM roster_places WHERE marks > 0")}


def named(house: House) -> set[str]:
    return {row[0] for row in house.raw.execute("SELECT named FROM roster_accounts")}


def test_who_came_and_went_by_somebody_elses_hand_is_read_soon() -> None:
    for tiding in (
        MembersChanged("C1", joined=("UC",)),
        MembersChanged("C1", joined=("UX",)),
        MembersChanged("C1", left=("UA",)),
        MembersChanged("C1", joined=("UA", "UX"), left=("UC",)),
        MembersChanged("C1"),
    ):
        house = hall()
        told(house, tiding)
        assert due(house) == {1: (READ, SOON)}, tiding


def test_what_we_did_ourselves_is_no_news() -> None:
    for tiding in (
        MembersChanged("C1", joined=("UA",)),
        MembersChanged("C1", left=("UC", "UX")),
        MembersChanged("C1", joined=("UA", "UB"), left=("UC",)),
        MembersChanged("C7", joined=("UX",)),
        MembersChanged("", joined=("UX",)),
    ):
        house = hall()
        told(house, tiding)
        assert due(house) == {}, tiding


def test_what_is_due_sooner_stays_so_and_many_tidings_are_one_reading() -> None:
    house = hall(due=COMPARE, due_us=NOW_US - 7)
    told(house, MembersChanged("C1", joined=("UX",)))
    assert due(house) == {1: (READ, NOW_US - 7)}
    house = hall(due=READ, due_us=SOON + 9)
    for name in ("UX", "UY"):
        told(house, MembersChanged("C1", joined=(name,)))
    assert due(house) == {1: (READ, SOON)}


def test_somebody_who_was_not_there_is_looked_for_again_once_they_are() -> None:
    house = hall()
    told(house, PersonCame("UN", "new@x"))
    assert named(house) == {"ada@x", "ben@x", "id:UA"}
    assert due(house) == {2: (COMPARE, SOON)}
    told(house, PersonCame("UZ", "nobody-waits@x"))
    told(house, PersonCame("UZ"))
    assert due(house) == {2: (COMPARE, SOON)}


def test_an_address_that_changed_hands_is_forgotten_with_both() -> None:
    house = hall()
    told(house, PersonChanged("UA", ("ben@x",)))
    assert named(house) == {"new@x"}
    assert due(house) == {1: (COMPARE, SOON)}
    house = hall()
    told(house, PersonChanged("UA", ("ada@x",)))  # a name, a picture
    assert named(house) == {"ada@x", "ben@x", "new@x"}
    house = hall()
    told(house, PersonChanged("UB", ()))
    assert named(house) == {"ada@x", "new@x", "id:UA"}


def test_somebody_who_is_gone_is_looked_up_anew() -> None:
    house = hall()
    told(house, PersonGone("UA"))
    assert named(house) == {"ben@x", "new@x"}
    assert due(house) == {1: (COMPARE, SOON)}


def test_where_nobody_knows_who_changed_nothing_remembered_counts() -> None:
    house = hall()
    told(house, PeopleMissed("410"))
    assert {row[0] for row in house.raw.execute("SELECT found_us FROM roster_accounts")} == {0}
    assert due(house) == {}


def test_whom_a_vendor_tells_of_is_found_without_reading_everybody() -> None:
    house = hall()
    asked: list[str] = []
    house.raw.set_trace_callback(asked.append)
    told(house, PersonChanged("UA", ("ben@x",)))
    house.raw.set_trace_callback(None)
    of_rosters = [sql for sql in asked if sql.startswith(("DELETE FROM roster_accounts", "UPDATE roster_places"))]
    assert len(of_rosters) == 3
    plans = [row[3] for sql in of_rosters for row in house.raw.execute(f"EXPLAIN QUERY PLAN {sql}")]
    steps = [each for each in plans if each.startswith(("SEARCH roster", "SCAN roster"))]
    assert [each.partition(" (")[2] for each in steps if "roster_accounts" in each] == [
        "lane=? AND named=?)",
        "lane=? AND id=?)",
    ]
    assert all(each.startswith("SEARCH") for each in steps), steps
