"""How stored rows grow: level when as much leaves as comes, and the day on which the disk is full."""

import pytest

from actors.domain.storage import Growth, full_after_days


def growth(**more: float | None) -> Growth:
    """A hundred rows a day of a kilobyte each, for ten days so far, kept for a hundred."""
    words = {"rows": 1_000, "bytes": 1e6, "per_day": 100.0, "age_days": 10.0, "period_days": 100.0, **more}
    return Growth(**words)  # type: ignore[arg-type]  # a test's own words


def test_at_a_steady_rate_it_is_level_once_the_oldest_leaves() -> None:
    assert growth().level() == (90.0, pytest.approx(1e7))
    assert growth().bytes_per_day == pytest.approx(1e5)
    assert growth().pieces() == [(0.0, pytest.approx(1e5)), (90.0, pytest.approx(0.0)), (100.0, 0.0)]


def test_at_a_higher_rate_than_before_it_takes_a_whole_period() -> None:
    after, level = growth(per_day=200.0).level() or (0, 0)
    assert (after, level) == (100.0, pytest.approx(2e7))


def test_what_is_kept_for_ever_is_never_level() -> None:
    assert growth(period_days=None).level() is None
    assert growth(period_days=None, per_day=0.0).level() == (0.0, 1e6)
    assert growth(rows=0, bytes=0.0).row_bytes == 0


def test_what_is_older_than_its_period_leaves_already() -> None:
    old = growth(rows=10_000, bytes=1e7, age_days=120.0)
    assert old.pieces()[0] == (0.0, pytest.approx(1e5))
    assert old.slope_now == pytest.approx(1e5 - 1e7 / 120)


@pytest.mark.parametrize(
    ("free", "day"),
    [(1e5, 1.0), (5e6, 50.0), (8.9e6, 89.0), (9.1e6, None), (0.0, 0.0)],
)
def test_the_disk_is_full_before_retention_holds_it_or_never(free: float, day: float | None) -> None:
    found = full_after_days([growth()], free)
    assert found == (None if day is None else pytest.approx(day))


def test_several_kinds_fill_it_together() -> None:
    assert full_after_days([growth(), growth(period_days=None)], 4e5) == pytest.approx(2.0)
    assert full_after_days([growth(), growth(period_days=None)], 2e7) == pytest.approx(110.0)
    assert full_after_days([growth(per_day=0.0), growth(period_days=None)], 1e6) == pytest.approx(10.0, rel=0.01)
    assert full_after_days([], 1e6) is None
