"""One point in time has one spelling, and what is no point in time has none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.xapi.moments import instant, instant_us, spelt


@pytest.mark.parametrize(
    ("text", "one_spelling"),
    [
        ("2026-11-23T15:29:17.000Z", "2026-11-23T15:29:17"),
        ("2026-11-23T15:29:17Z", "2026-11-23T15:29:17"),
        ("2026-11-23 15:29:17", "2026-11-23T15:29:17"),
        ("2026-11-23T15:29", "2026-11-23T15:29:00"),
        ("20261123T152917Z", "2026-11-23T15:29:17"),
        ("2026-11-23T16:29:17,5+01:00", "2026-11-23T15:29:17.5"),
        ("2026-11-23T16:29:17.123456789000+01", "2026-11-23T15:29:17.123456789"),
        ("2026-01-01T00:30:00+0100", "2025-12-31T23:30:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
    ],
)
def test_spellings(text: str, one_spelling: str) -> None:
    assert instant(text) == one_spelling


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:61Z",
     "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60", "0001-01-01T00:00:00+01:00",
     "9999-12-31T23:59:59-01:00", "2026-01-01", "x" * 100, "2026-01-01T00:00:00Z\n"],
)  # fmt: skip
def test_no_such_moment(text: str) -> None:
    assert instant(text) is None
    assert instant_us(text) is None


@given(st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1)), st.integers(-23 * 60, 23 * 60))
def test_the_zone_does_not_matter(moment: datetime, zone_minutes: int) -> None:
    at_home = moment.replace(tzinfo=UTC)
    elsewhere = f"{moment + timedelta(minutes=zone_minutes):%Y-%m-%dT%H:%M:%S.%f}"
    sign = "-" if zone_minutes < 0 else "+"
    elsewhere += f"{sign}{abs(zone_minutes) // 60:02}:{abs(zone_minutes) % 60:02}"
    assert instant(elsewhere) == instant(moment.isoformat())
    assert instant_us(elsewhere) == (at_home - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert instant_us(spelt(instant_us(elsewhere) or 0)) == instant_us(elsewhere)
