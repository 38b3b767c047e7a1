"""When reminders come: by the learner's own clock, before quiet hours, and never when it is too late."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.reminding import due_us, reminder
from actors.domain.schedule import quiet_until

DAY_S = 86_400
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns")


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def local(at_us: int, zone: str) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("due", "zone", "when"),
    [
        ("2026-12-01T22:59:00Z", "Europe/Berlin", "2026-12-01T22:59:00+00:00"),
        ("2026-12-01", "UTC", "2026-12-01T23:59:59+00:00"),
        ("2026-12-01", "America/New_York", "2026-12-01T23:59:59-05:00"),
        ("2026-10-25", "Europe/Berlin", "2026-10-25T23:59:59+01:00"),
        ("2026-03-29", "Europe/Berlin", "2026-03-29T23:59:59+02:00"),
    ],
)
def test_when_it_is_due(due: str, zone: str, when: str) -> None:
    assert due_us(due, zone) == us(when)


@pytest.mark.parametrize("due", ["", "2026-13-01", "soon", "2026-12-01T99:00:00Z"])
def test_what_is_no_date_is_never_due(due: str) -> None:
    assert due_us(due, "UTC") is None
    assert reminder(due, "UTC", (60,), None, 0, frozenset()) is None


def test_one_date_is_another_moment_for_everybody() -> None:
    now = us("2026-11-20T00:00:00+00:00")
    at = {zone: reminder("2026-12-01", zone, (DAY_S,), None, now, frozenset()) for zone in ZONES}
    assert {zone: local(found.at_us, zone) for zone, found in at.items() if found} == dict.fromkeys(
        ZONES, "11-30 23:59"
    )
    assert len({found.at_us for found in at.values() if found}) == len(ZONES)


def test_it_comes_before_the_night() -> None:
    now = us("2026-11-20T00:00:00+00:00")
    found = reminder("2026-12-02T05:00:00Z", "Europe/Berlin", (DAY_S,), "21:00-07:00", now, frozenset())
    assert found is not None
    assert local(found.at_us, "Europe/Berlin") == "11-30 20:59"
    assert found.due_us == us("2026-12-02T05:00:00+00:00")


def test_what_is_late_comes_at_once_or_in_the_morning() -> None:
    due = "2026-12-02T12:00:00Z"
    day, night = us("2026-12-02T09:00:00+01:00"), us("2026-12-02T02:00:00+01:00")
    found = reminder(due, "Europe/Berlin", (DAY_S,), "21:00-07:00", day, frozenset())
    assert found is not None
    assert found.at_us == day
    found = reminder(due, "Europe/Berlin", (DAY_S,), "21:00-07:00", night, frozenset())
    assert found is not None
    assert local(found.at_us, "Europe/Berlin") == "12-02 07:00"
    found = reminder("2026-12-02T05:00:00Z", "Europe/Berlin", (DAY_S,), "21:00-07:00", night, frozenset())
    assert found is not None
    assert found.at_us == night, "in the morning it would be too late"


def test_of_several_that_are_late_only_the_last_comes() -> None:
    now = us("2026-12-01T20:00:00+00:00")
    leads = (3 * DAY_S, DAY_S, 3600)
    found = reminder("2026-12-02T12:00:00Z", "UTC", leads, None, now, frozenset())
    assert found is not None
    assert found.before_s == DAY_S
    found = reminder("2026-12-02T12:00:00Z", "UTC", leads, None, now, frozenset({DAY_S}))
    assert found is not None
    assert (found.before_s, found.at_us) == (3600, us("2026-12-02T11:00:00+00:00"))


def test_nothing_comes_when_it_is_over() -> None:
    assert reminder("2026-12-02T12:00:00Z", "UTC", (DAY_S,), None, us("2026-12-02T12:00:00+00:00"), frozenset()) is None


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.integers(-5 * DAY_S, 5 * DAY_S),
    st.sampled_from(ZONES),
    st.lists(st.integers(60, 4 * DAY_S), min_size=1, max_size=4, unique=True),
    st.sampled_from([None, "21:00-07:00", "00:00-06:30", "12:00-13:00"]),
)
def test_a_reminder_is_in_time_and_not_in_the_night_unless_it_must_be(
    due: datetime, ago_s: int, zone: str, leads: list[int], quiet: str | None
) -> None:
    end_us = round(due.timestamp() * 1e6)
    now_us = end_us - ago_s * 1_000_000
    found = reminder(due.isoformat(), zone, tuple(sorted(leads, reverse=True)), quiet, now_us, frozenset())
    assert (found is None) == (end_us <= now_us)
    if found is None:
        return
    assert now_us <= found.at_us < end_us
    assert found.before_s in leads
    if quiet is not None and quiet_until(quiet, zone, found.at_us) is not None:
        assert found.at_us == now_us, "only what is late comes in the night, and only where the morning is too late"
        assert (quiet_until(quiet, zone, now_us) or 0) >= end_us
