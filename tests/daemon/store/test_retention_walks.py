"""What is kept by hash alone is walked through once a day; free pages go back; the log stays bounded."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from housekeeping import START_US, Direct, House, at, days, drive, grade, opened

from actors.domain.outbox import State
from actors.domain.retention import DAY_US, Mark, longest_horizon_us
from actors.domain.verdicts import Cause
from daemon.store import retention
from daemon.store.engine import tune
from daemon.store.migrate import migrate
from daemon.store.retention import SqlHousekeeping, Walk, log_bytes, make_returnable, shrink, space


@pytest.fixture
def house() -> House:
    return House()


def effects(house: House, n: int, day: float) -> None:
    house.raw.executemany("INSERT INTO effects VALUES (randomblob(16), ?)", [(at(day) // DAY_US,)] * n)


def walk(house: House) -> Walk:
    [[kept]] = house.raw.execute("SELECT at FROM walks")
    return msgspec.json.decode(kept, type=Walk)


# ── the walk ─────────────────────────────────────────────────────────────────────────────────────────


def test_effects_are_forgotten_after_the_horizon_and_some_slack(house: House) -> None:
    effects(house, 5_000, 0)
    effects(house, 5_000, 20)
    assert house.sweep(29, days(horizon=30))["effects"] == 0
    assert house.sweep(31.5, days(horizon=30))["effects"] == 0, "a walk a day"
    assert house.sweep(33.5, days(horizon=30))["effects"] == 5_000
    assert house.count("effects") == 5_000
    assert house.raw.execute("SELECT tenant, n FROM retired WHERE what = 'effects'").fetchall() == [("", 5_000)]


def test_a_walk_is_made_once_a_day_by_one_tenant(house: House) -> None:
    house.sweep(100, days(horizon=30))
    effects(house, 10, 0)
    assert house.sweep(100.5, days("other", horizon=30))["effects"] == 0
    assert house.sweep(101.1, days("other", horizon=30))["effects"] == 10
    assert walk(house).table is None


def test_a_walk_goes_on_where_it_was_left(house: House) -> None:
    effects(house, 1_000, 0)
    kept, horizons = days(horizon=30), {"acme": 30 * DAY_US}
    mark: Mark | None = Mark(chore="shared")
    for _ in range(3):
        assert mark is not None
        mark = drive(house.keeping.step(kept, horizons, mark, at(100))).next
    left = house.count("effects")
    assert 0 < left < 1_000
    assert walk(house).after != b""
    another = SqlHousekeeping(house.direct, house.direct)  # type: ignore[arg-type]  # the process has started anew
    house.keeping = another
    assert house.sweep(100, kept)["effects"] == left


def test_one_tenant_walks_at_a_time_and_another_takes_over_from_the_silent(house: House) -> None:
    effects(house, 1_000, 0)
    kept, horizons = days(horizon=30), {"acme": 30 * DAY_US}
    mark = drive(house.keeping.step(kept, horizons, Mark(chore="shared"), at(100))).next
    left = house.count("effects")
    house.sweep(100, days("other", horizon=30))
    assert house.count("effects") == left
    assert mark is not None
    house.sweep(100.1, days("other", horizon=30))
    assert house.count("effects") == 0


def test_the_longest_horizon_of_all_counts(house: House) -> None:
    effects(house, 10, 0)
    long = {"acme": 30 * DAY_US, "broken": 400 * DAY_US}
    assert house.sweep(200, days(horizon=30), horizons=long)["effects"] == 0
    house.tell(200, 1, tenant="gone")
    house.route(200, tenant="gone")
    assert house.sweep(202, days(horizon=30))["effects"] == 0, "a tenant that may come back counts by default"
    assert house.sweep(500, days(horizon=30))["effects"] == 10
    assert longest_horizon_us({}, ()) == 400 * DAY_US


def test_a_delivery_that_is_still_there_keeps_its_effect(house: House) -> None:
    house.tell(0, 1, 2)
    house.route(0, grade("ada", 80), grade("ben", 80))
    house.carry(1, State.DEAD, cause=Cause.EXHAUSTED)
    house.sweep(1_000, days(dead=5_000, horizon=30))
    assert house.count("effects") == 2


def test_an_entitys_count_outlives_the_effects_that_were_counted_by_it(house: House) -> None:
    """80, 85 on day 0 and 1; forgotten effects and a fresh count would make 90 on day 70 the first change again."""
    kept = days(statements=5, deliveries=5, horizon=30)
    for day, points in ((0, 80), (1, 85)):
        house.tell(day, points)
        house.route(day, grade("ada", points, day))
        house.carry(day)
    house.sweep(40, kept)
    assert (house.count("effects"), house.count("entities")) == (1, 1), "the newest delivery is there, and its effect"
    house.tell(50, 90)
    [made] = house.route(50, grade("ada", 90, 50))
    house.carry(50)
    assert house.raw.execute("SELECT occurrence FROM entities").fetchone() == (3,)
    house.tell(60, 70)
    house.route(60, grade("ben", 70, 60))
    house.sweep(115, kept)
    assert made not in house.ids()
    assert house.count("entities") == 2
    house.sweep(117, kept)
    assert house.count("entities") == 1


def test_what_waits_for_years_keeps_the_count_of_its_entity(house: House) -> None:
    kept = days(horizon=30)
    house.tell(0, 80)
    [waiting] = house.route(0, grade("ada", 80))
    for day in range(40, 400, 40):
        house.sweep(day, kept)
    assert (house.count("effects"), house.count("entities")) == (1, 1)
    house.tell(400, 85)
    [made] = house.route(400, grade("ada", 85, 400))
    assert house.ids() == {waiting, made}


def test_a_store_made_before_times_were_kept_forgets_no_count_early() -> None:
    raw = opened(now_us=START_US)
    raw.execute("INSERT INTO entities (key, value, occurrence, at_us, top) VALUES (randomblob(16), 'x', 3, 0, 3)")
    house = House(raw)
    assert house.sweep(60, days(horizon=30))["entities"] == 0
    assert house.sweep(70, days(horizon=30))["entities"] == 1


# ── space ────────────────────────────────────────────────────────────────────────────────────────────


def fill(raw: sqlite3.Connection, mib: int) -> None:
    raw.execute("CREATE TABLE IF NOT EXISTS ballast (n INTEGER PRIMARY KEY, x BLOB)")
    raw.execute("BEGIN")
    raw.executemany("INSERT INTO ballast (x) VALUES (randomblob(1000))", [()] * 1_000 * mib)
    raw.execute("COMMIT")


def test_free_pages_go_back_a_few_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    house = House(opened(str(path)))
    fill(house.raw, 8)
    house.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    full = path.stat().st_size
    house.raw.execute("DELETE FROM ballast WHERE n % 8")
    removed = house.sweep(1, days())
    assert removed["pages"] > 0
    house.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    house.raw.execute("DELETE FROM ballast")
    house.sweep(1, days())
    house.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size < full / 4
    left = space(house.raw)
    assert left.free == retention.PAGES_KEPT
    assert left.spare == 0
    assert house.keeping.removed["", "pages"] > 1_000
    house.raw.close()


def test_a_job_gives_back_no_more_than_it_was_told() -> None:
    raw = opened()
    fill(raw, 2)
    raw.execute("DELETE FROM ballast")
    before = space(raw).free
    assert shrink(raw, 10) == 10
    assert space(raw).free == before - 10
    assert shrink(raw, 100_000) == before - 10
    raw.close()


def test_a_new_database_returns_space_from_the_first_page(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "new.db")
    tune(raw, read_only=False)
    migrate(raw, 0)
    assert space(raw).returns
    raw.close()


def old_database(path: Path) -> None:
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    migrate(raw, 0)
    raw.execute("INSERT INTO facts VALUES ('made', 'long ago')")
    assert not space(raw).returns
    raw.close()


def test_a_database_of_an_earlier_version_is_written_anew_once(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old_database(path)
    raw = sqlite3.connect(path)
    tune(raw, read_only=False)
    assert make_returnable(raw)
    assert space(raw).returns
    assert raw.execute("SELECT value FROM facts WHERE name = 'made'").fetchone() == ("long ago",)
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert raw.execute("PRAGMA temp_store").fetchone() == (2,), "as it was tuned"
    before = raw.total_changes
    assert make_returnable(raw)
    assert raw.total_changes == before
    raw.close()


def test_where_there_is_no_room_for_that_it_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old_database(path)
    raw = sqlite3.connect(path)
    tune(raw, read_only=False)
    fill(raw, 1)
    assert not make_returnable(_Full(raw))  # type: ignore[arg-type]  # the connection, but for one statement
    assert not space(raw).returns
    assert raw.execute("SELECT count(*) FROM ballast").fetchone() == (1_000,)
    assert raw.execute("PRAGMA temp_store").fetchone() == (2,)
    raw.close()


class _Full:
    """A connection on whose disk nothing more fits."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def execute(self, sql: str) -> sqlite3.Cursor:
        if sql == "VACUUM":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return self._raw.execute(sql)


def test_the_log_stays_bounded_while_somebody_reads(tmp_path: Path) -> None:
    """The reading connection is open all the time and reads between the writes, as in the daemon."""
    path = tmp_path / "s.db"
    raw = opened(str(path))
    reader = sqlite3.connect(path)
    tune(reader, read_only=True)
    house = House(raw)
    house.keeping = SqlHousekeeping(Direct(raw), Direct(reader))  # type: ignore[arg-type]  # two real connections
    largest = 0
    for turn in range(40):
        house.tell(turn, *range(turn * 500, turn * 500 + 500))
        house.route(turn)
        house.sweep(turn, days(statements=2))
        largest = max(largest, log_bytes(path))
        assert reader.execute("SELECT max(seq) FROM statements").fetchone()[0]
    assert house.count("statements") < 2_000
    assert largest < 20_000_000
    reader.close()
    raw.close()
