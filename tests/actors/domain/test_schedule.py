"""Digests and quiet hours by clocks that jump, against a watcher who looks at the wall clock every minute."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actors.domain.schedule import digest_due, next_tick, quiet_until
from config.model import Audience, Digest, Route

MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US
JUMPY = [
    ("Europe/Berlin", 2024), ("Europe/London", 1996), ("America/New_York", 2025), ("America/Sao_Paulo", 2017),
    ("Asia/Beirut", 2023), ("Australia/Lord_Howe", 2024), ("Pacific/Apia", 2011), ("Pacific/Kwajalein", 1993),
    ("Africa/Casablanca", 2025), ("Antarctica/Troll", 2026), ("Asia/Tehran", 2021), ("Asia/Pyongyang", 2015),
    ("America/Caracas", 2007), ("Pacific/Chatham", 2024), ("Africa/Cairo", 2010), ("Asia/Gaza", 2024),
]  # fmt: skip
"""Zones and years in which their clocks jump: by half an hour, at midnight, over a whole day, for Ramadan."""
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))


def us(*at: int, zone: str = "UTC", fold: int = 0) -> int:
    year, month, day, *rest = at
    moment = datetime(year, month, day, *rest, tzinfo=ZoneInfo(zone), fold=fold)
    return round(moment.timestamp()) * 1_000_000


def dial(zone: str, at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us // 1_000_000, ZoneInfo(zone)).replace(tzinfo=None)


def jumps(zone: str, year: int) -> list[int]:
    """The days of that year (their first minute, UTC) on which the clock jumps."""
    days = [us(year, 1, 1) + day * DAY_US for day in range(366)]
    offsets = [datetime.fromtimestamp(day // 1_000_000, ZoneInfo(zone)).utcoffset() for day in days]
    return [day for day, before, after in zip(days, offsets, offsets[1:], strict=False) if before != after]


JUMPS = [(zone, day_us) for zone, year in JUMPY for day_us in jumps(zone, year)]


class Crontab(NamedTuple):
    """A schedule we can read without a parser: on every day, or on some weekdays (Monday is 0)."""

    minutes: frozenset[int]
    hours: frozenset[int]
    weekdays: frozenset[int]

    @property
    def text(self) -> str:
        minutes, hours = (",".join(map(str, sorted(field))) for field in (self.minutes, self.hours))
        days = ",".join(str((day + 1) % 7) for day in sorted(self.weekdays))
        return f"{minutes} {hours} * * {'*' if len(self.weekdays) == 7 else days}"

    def names(self, shown: datetime) -> bool:
        return shown.minute in self.minutes and shown.hour in self.hours and shown.weekday() in self.weekdays


def watched(crontab: Crontab, zone: str, start_us: int, days: int) -> list[int]:
    """Every strike of a watcher who wakes each minute and strikes off what the dial has reached for the first time
    (or, if every hour is named, whatever the dial shows)."""
    strikes, latest = [], dial(zone, start_us - 2 * DAY_US)
    for at_us, shown in wall(zone, start_us - 2 * DAY_US, start_us + days * DAY_US):
        if len(crontab.hours) == 24:
            due = crontab.names(shown)
        else:
            passed = (latest + timedelta(minutes=n) for n in range(1, (shown - latest) // timedelta(minutes=1) + 1))
            due = any(crontab.names(minute) for minute in passed)
        if due and at_us >= start_us:
            strikes.append(at_us)
        latest = max(latest, shown)
    return strikes


@lru_cache(maxsize=128)
def wall(zone: str, start_us: int, end_us: int) -> list[tuple[int, datetime]]:
    """What the dial shows in each minute."""
    return [(at_us, dial(zone, at_us)) for at_us in range(start_us, end_us, MINUTE_US)]


def is_quiet(hours: str, shown: datetime) -> bool:
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in hours.split("-"))
    minute = shown.hour * 60 + shown.minute
    return start <= minute < end if start < end else not end <= minute < start


def route(cron: str, hours: str | None = None) -> Route:
    return Route(
        name="r", when=("graded",), to="t", audience=Audience(learner=True), mode=Digest(digest=cron), quiet_hours=hours
    )


dense = st.builds(
    Crontab,
    st.frozensets(st.integers(0, 59), min_size=1, max_size=4),
    st.one_of(st.frozensets(st.integers(0, 23), min_size=1, max_size=4), st.just(frozenset(range(24)))),
    st.just(frozenset(range(7))),
)
crontabs = st.builds(Crontab, *(st.frozensets(st.integers(0, end), min_size=1) for end in (59, 23, 6)))
quiet = (
    st.tuples(*(st.integers(0, 23), st.sampled_from(["00", "15", "30", "59"])) * 2)
    .filter(lambda parts: parts[:2] != parts[2:])
    .map(lambda parts: f"{parts[0]:02}:{parts[1]}-{parts[2]:02}:{parts[3]}")
)
offsets_us = st.integers(0, 2 * DAY_US)
times_us = st.integers(us(1980, 1, 1), us(2090, 1, 1))


# ── by the watcher ───────────────────────────────────────────────────────────────────────────────────


@given(st.sampled_from(JUMPS), dense)
def test_ticks_around_a_jump_are_what_the_watcher_saw(jump: tuple[str, int], crontab: Crontab) -> None:
    zone, day_us = jump
    seen = watched(crontab, zone, day_us - DAY_US, 3)
    found, at_us = [], day_us - DAY_US - 1
    while (at_us := next_tick(crontab.text, zone, at_us)) < day_us + 2 * DAY_US:
        found.append(at_us)
    assert found == seen


@given(st.sampled_from(JUMPS), dense, offsets_us)
def test_from_any_moment_around_a_jump(jump: tuple[str, int], crontab: Crontab, offset_us: int) -> None:
    """From a moment in the hour that comes twice the next tick is found, too."""
    zone, day_us = jump
    after_us = day_us + offset_us
    seen = watched(crontab, zone, day_us, 5)
    assert next_tick(crontab.text, zone, after_us) == min(at_us for at_us in seen if at_us > after_us)


@given(st.sampled_from(JUMPS), quiet, offsets_us)
def test_quiet_around_a_jump_ends_when_the_watcher_sees_it(jump: tuple[str, int], hours: str, offset_us: int) -> None:
    zone, at_us = jump[0], jump[1] + offset_us
    seen_us = None
    if is_quiet(hours, dial(zone, at_us)):
        minutes = range(at_us // MINUTE_US * MINUTE_US, at_us + 2 * DAY_US, MINUTE_US)
        seen_us = next(minute_us for minute_us in minutes if not is_quiet(hours, dial(zone, minute_us)))
        assert seen_us > at_us
    assert quiet_until(hours, zone, at_us) == seen_us


@given(st.sampled_from(JUMPS), dense, st.none() | quiet, offsets_us)
def test_windows_around_a_jump_end_when_the_watcher_says(
    jump: tuple[str, int], crontab: Crontab, hours: str | None, offset_us: int
) -> None:
    zone, day_us = jump
    now_us = day_us + offset_us
    strikes = set(watched(crontab, zone, day_us - 2 * DAY_US, 8))
    ahead, collected = [], False
    for at_us, shown in wall(zone, day_us - 2 * DAY_US, day_us + 6 * DAY_US):
        collected = collected or at_us in strikes
        if collected and not (hours and is_quiet(hours, shown)):
            collected = False
            ahead += [at_us] * (at_us > now_us)
    assert digest_due(route(crontab.text, hours), zone, now_us) == (ahead[0], ahead[1])


# ── everywhere and always ────────────────────────────────────────────────────────────────────────────


@given(st.sampled_from(ZONES), crontabs, times_us, st.floats(0, 1))
def test_a_tick_is_the_next_one_until_it_strikes(zone: str, crontab: Crontab, after_us: int, share: float) -> None:
    tick_us = next_tick(crontab.text, zone, after_us)
    assert tick_us > after_us
    between_us = after_us + int((tick_us - 1 - after_us) * share)
    assert next_tick(crontab.text, zone, between_us) == tick_us
    assert next_tick(crontab.text, zone, tick_us) > tick_us


@given(st.sampled_from(ZONES), crontabs, times_us)
def test_no_dial_strikes_twice_and_each_in_its_order(zone: str, crontab: Crontab, after_us: int) -> None:
    assume(len(crontab.hours) < 24)
    ticks = [after_us]
    for _ in range(5):
        ticks.append(next_tick(crontab.text, zone, ticks[-1]))
    shown = [dial(zone, at_us) for at_us in ticks[1:]]
    assert shown == sorted(set(shown))


@given(st.sampled_from(ZONES), crontabs, quiet, times_us)
def test_a_window_ends_in_time_to_come_and_not_in_the_quiet(
    zone: str, crontab: Crontab, hours: str, now_us: int
) -> None:
    end_us, after_us = digest_due(route(crontab.text, hours), zone, now_us)
    assert now_us < end_us < after_us
    assert quiet_until(hours, zone, end_us) is None
    assert quiet_until(hours, zone, after_us) is None
    assert digest_due(route(crontab.text, hours), zone, end_us - 1)[0] == end_us
    assert digest_due(route(crontab.text, hours), zone, end_us)[0] == after_us


@given(st.sampled_from(ZONES), quiet, times_us)
def test_quiet_ends_once_for_all_that_lie_in_it(zone: str, hours: str, at_us: int) -> None:
    end_us = quiet_until(hours, zone, at_us)
    assume(end_us is not None)
    assert end_us is not None
    assert at_us < end_us <= at_us + 2 * DAY_US
    assert quiet_until(hours, zone, end_us) is None
    assert quiet_until(hours, zone, end_us - 1) == end_us


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_time_that_is_skipped_happens_when_the_gap_ends() -> None:
    berlin = "Europe/Berlin"
    first = next_tick("30 2 * * *", berlin, us(2024, 3, 30, 12, zone=berlin))
    assert first == us(2024, 3, 31, 1, 0)  # 03:00 on the wall
    assert next_tick("30 2 * * *", berlin, first) == us(2024, 4, 1, 2, 30, zone=berlin)


def test_a_time_that_comes_twice_happens_the_first_time() -> None:
    berlin = "Europe/Berlin"
    first = next_tick("30 2 * * *", berlin, us(2024, 10, 26, 12, zone=berlin))
    assert first == us(2024, 10, 27, 2, 30, zone=berlin, fold=0)
    assert next_tick("30 2 * * *", berlin, first) == us(2024, 10, 28, 2, 30, zone=berlin)


def test_intervals_go_on_through_the_hour_that_comes_twice() -> None:
    at_us = us(2024, 10, 27, 0, 0)
    ticks = [at_us]
    while len(ticks) < 13:
        ticks.append(next_tick("*/15 * * * *", "Europe/Berlin", ticks[-1]))
    assert ticks == [at_us + quarter * 15 * MINUTE_US for quarter in range(13)]


def test_a_day_that_was_left_out_is_made_up_for() -> None:
    """Samoa went from the 29th of December 2011 to the 31st."""
    apia = "Pacific/Apia"
    ticks = [us(2011, 12, 29, 12, zone=apia)]
    for _ in range(3):
        ticks.append(next_tick("0 8 * * *", apia, ticks[-1]))
    assert [dial(apia, at_us) for at_us in ticks[1:]] == [
        datetime.combine(date(2011, 12, 31), datetime.min.time()),
        datetime(2011, 12, 31, 8),
        datetime(2012, 1, 1, 8),
    ]


def test_between_two_seconds() -> None:
    assert next_tick("0 8 * * *", "UTC", us(2024, 1, 1, 8) - 1) == us(2024, 1, 1, 8)
    assert next_tick("0 8 * * *", "UTC", us(2024, 1, 1, 8)) == us(2024, 1, 2, 8)
    assert next_tick("0 8 * * *", "UTC", us(2024, 1, 1, 8) + 1) == us(2024, 1, 2, 8)


def test_rare_days() -> None:
    assert next_tick("0 0 29 2 *", "UTC", us(2096, 3, 1)) == us(2104, 2, 29)
    assert next_tick("0 9 L * *", "Europe/Berlin", us(2024, 2, 1)) == us(2024, 2, 29, 9, zone="Europe/Berlin")


@pytest.mark.parametrize("cron", ["", "daily", "* * * *", "0 * * * * *", "61 * * * *", "0 0 30 2 *"])
def test_no_schedule(cron: str) -> None:
    with pytest.raises(ValueError, match=r"schedule"):
        next_tick(cron, "UTC", 0)


def test_quiet_nights() -> None:
    assert quiet_until(None, "UTC", 0) is None
    assert quiet_until("20:00-07:00", "UTC", us(2024, 1, 1, 19, 59)) is None
    assert quiet_until("20:00-07:00", "UTC", us(2024, 1, 1, 20)) == us(2024, 1, 2, 7)
    assert quiet_until("20:00-07:00", "UTC", us(2024, 1, 2, 6, 59)) == us(2024, 1, 2, 7)
    assert quiet_until("20:00-07:00", "UTC", us(2024, 1, 2, 7)) is None
    with pytest.raises(ValueError, match="different times"):
        quiet_until("20:00-20:00", "UTC", 0)


def test_ticks_of_one_night_make_one_digest() -> None:
    nightly = route("0 19,22,2,8 * * *", "20:00-07:00")
    evening, morning, eight = us(2024, 1, 1, 19), us(2024, 1, 2, 7), us(2024, 1, 2, 8)
    assert digest_due(nightly, "UTC", us(2024, 1, 1, 18)) == (evening, morning)
    for now_us in (evening, us(2024, 1, 1, 21), us(2024, 1, 1, 23), us(2024, 1, 2, 6)):
        assert digest_due(nightly, "UTC", now_us) == (morning, eight)
    assert digest_due(nightly, "UTC", morning)[0] == eight


def test_a_route_without_digest_has_no_window() -> None:
    plain = Route(name="plain", when=("graded",), to="t", audience=Audience(learner=True))
    with pytest.raises(ValueError, match="'plain' sends no digests"):
        digest_due(plain, "UTC", 0)


def test_the_watcher_is_given_jumps_of_every_kind() -> None:
    shifts = set()
    for zone, day_us in JUMPS:
        before, after = (
            datetime.fromtimestamp(at // 1_000_000, ZoneInfo(zone)).utcoffset() or timedelta()
            for at in (day_us, day_us + DAY_US)
        )
        shifts.add((after - before) // timedelta(minutes=1))
    assert {60, -60, 30, -30, 1440} <= shifts
    assert datetime.fromtimestamp(0, UTC).utcoffset() == timedelta()
