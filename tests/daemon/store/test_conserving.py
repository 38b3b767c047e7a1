"""What was accepted is what became of it, day by day; and whoever changes a row is found by the row."""

from importlib.resources import files

import pytest
from housekeeping import START_US, House, at, days, drive, grade

from actors.domain.conserving import DAY_US, Balance, Closed, date_of
from actors.domain.outbox import State
from actors.domain.verdicts import Cause
from daemon.store.conserving import SqlConserving
from daemon.store.conserving_proof import Misfit, prove

FIRST_DAY = START_US // DAY_US


class Books(House):
    """A store with its books."""

    def __init__(self) -> None:
        super().__init__()
        self.books = SqlConserving(self.direct, self.direct)  # type: ignore[arg-type]  # one stands in for both

    def due(self, day: float) -> list[int]:
        return [each - FIRST_DAY for each in drive(self.books.due("acme", at(day)))]

    def balance(self, day: int) -> dict[str, int]:
        """What became of the one source's statements."""
        found: tuple[Balance, ...] = drive(self.books.count("acme", FIRST_DAY + day))
        assert len(found) <= 1
        assert all(each.fits for each in found)
        return {**found[0].counts} if found else {}

    def close(self, day: int, now: float) -> Closed:
        balances = drive(self.books.count("acme", FIRST_DAY + day))
        closed: Closed = drive(self.books.close("acme", FIRST_DAY + day, balances, at(now)))
        return closed

    def misfits(self) -> list[Misfit]:
        return prove(self.raw).misfits


@pytest.fixture
def books() -> Books:
    return Books()


def a_day(books: Books) -> None:
    """Six statements: delivered, dead, parked, waiting, told to nobody, not routed yet."""
    books.tell(0.1, 1, 2, 3, 4, 5)
    books.route(0.1, *(grade(f"p{n}", 50 + n) for n in range(4)), None)
    books.carry(0.2)
    books.carry(0.2, State.DEAD, cause=Cause.DESTINATION_GONE)
    books.carry(0.2, State.PARKED, cause=Cause.UNKNOWN_OUTCOME)
    books.tell(0.3, 6)


SUM = {"delivered": 1, "dead": 1, "parked": 1, "waiting": 2, "not_routed": 1}


def test_every_statement_of_a_day_is_in_one_state(books: Books) -> None:
    a_day(books)
    assert books.balance(0) == SUM
    assert books.balance(1) == {}


def test_a_day_is_due_once_it_is_over_and_again_while_something_may_move(books: Books) -> None:
    a_day(books)
    assert books.due(0.9) == []
    assert books.due(1.1) == [0]
    assert books.close(0, 1.1).links == 1
    assert books.due(1.2) == []
    assert books.due(2.1) == [0, 1]
    assert books.close(0, 2.1).links == 0
    assert books.due(2.2) == [1]
    assert books.close(1, 2.2).links == 0
    assert books.due(2.3) == []
    books.route(2.3, None)
    books.carry(2.3)
    assert books.close(0, 3.1).links == 1
    assert books.balance(0) == {"delivered": 2, "dead": 1, "parked": 1, "not_routed": 2}
    assert books.misfits() == []


def test_what_leaves_by_retention_stays_counted(books: Books) -> None:
    a_day(books)
    books.tell(0.4, 7)
    books.tell(50, 8)
    books.route(50, None, None, None)
    books.close(0, 1.1)
    books.sweep(200, days(statements=100, deliveries=30))
    found = books.balance(0)
    assert found["departed"] > 0
    assert sum(found.values()) == 7
    assert books.misfits() == []
    books.sweep(1000, days(statements=100, deliveries=30, dead=60))
    assert books.balance(0) == {"waiting": 1, "departed": 6}
    assert books.count("arrivals") < 4
    assert books.misfits() == []


def test_a_delivery_that_left_by_retention_is_told_apart_from_one_that_is_missing(books: Books) -> None:
    books.tell(0.1, 1)
    books.route(0.1, grade("ada", 80))
    books.carry(0.2)
    books.tell(0.3, 2)
    books.route(0.3, grade("ben", 70))
    books.carry(0.4)
    books.sweep(40, days(deliveries=30))
    assert books.balance(0) == {"retired": 1, "delivered": 1}
    assert books.misfits() == []
    books.raw.execute("DELETE FROM deliveries")
    [misfit, *_] = books.misfits()
    assert misfit.what == "delivery"
    assert "1 delivery less" in misfit.detail


TAMPERINGS = {
    "a statement taken away": ("DELETE FROM statements WHERE seq = (SELECT min(seq) FROM statements)", "request"),
    "a request taken away": ("DELETE FROM arrivals WHERE no = (SELECT min(no) FROM arrivals)", "accepted"),
    "a request that claims less": ("UPDATE arrivals SET fresh = 4 WHERE no = 1", "accepted"),
    "an outcome taken away": ("DELETE FROM outcomes WHERE seq = (SELECT min(seq) FROM outcomes)", "statement"),
    "a delivery taken away": ("DELETE FROM deliveries WHERE state = 'delivered'", "delivery"),
    "a delivery nobody planned": (
        "UPDATE deliveries SET id = zeroblob(16) WHERE seq = (SELECT min(seq) FROM deliveries)",
        "effect",
    ),
    "a count that was turned": ("UPDATE depths SET n = n + 1 WHERE state = 'delivered'", "count"),
    "a link changed": ("UPDATE conserved SET counts = '{\"delivered\":6}' WHERE no = 1", "chain"),
    "a link taken away": ("DELETE FROM conserved WHERE no = 1", "chain"),
    "a link with another hash": ("UPDATE conserved SET hash = zeroblob(32) WHERE no = 1", "chain"),
    "a link that cannot be read": ("UPDATE conserved SET counts = 'x' WHERE no = 1", "unreadable"),
}


@pytest.mark.parametrize(("sql", "what"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_whoever_changes_something_is_found_by_the_row(books: Books, sql: str, what: str) -> None:
    a_day(books)
    books.tell(1.1, 11)
    books.route(1.1, None, None)
    books.close(0, 2.1)
    books.close(1, 2.1)
    assert books.misfits() == []
    books.raw.execute(sql)
    found = books.misfits()
    assert what in {each.what for each in found}
    assert all(each.detail for each in found)


def test_what_is_lost_shows_when_a_day_is_counted(books: Books) -> None:
    a_day(books)
    books.raw.execute("DELETE FROM statements WHERE seq = (SELECT min(seq) FROM statements)")
    [found] = drive(books.books.count("acme", FIRST_DAY))
    assert not found.fits
    assert found.counts["lost"] == 1


def test_a_store_of_before_has_its_requests_counted(books: Books) -> None:
    a_day(books)
    script = files("daemon.store.migrations").joinpath("0027_conservation.sql").read_text(encoding="utf-8")
    books.raw.executescript(
        "DROP INDEX arrivals_first; ALTER TABLE arrivals DROP COLUMN first_seq; "
        "ALTER TABLE arrivals DROP COLUMN departed; DROP TABLE departures; DROP TABLE conserved; "
        "DROP TABLE conserved_at;" + script
    )
    assert books.balance(0) == SUM
    assert books.misfits() == []


def test_days_have_dates() -> None:
    assert date_of(0) == "1970-01-01"
    assert date_of(20_000) == "2024-10-04"
