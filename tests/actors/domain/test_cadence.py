"""When a source is read next."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.cadence import (
    BEGIN_US,
    FAILED_MAX_US,
    JITTER,
    MENDED_MAX_US,
    RESTS,
    SPREAD_US,
    Due,
    Pace,
    Standing,
    distance_us,
    due,
    failed_us,
    looked,
)

MINUTE_US = 60_000_000
DAY_US = 1_440 * MINUTE_US
NOW_US = round(datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp() * 1e6)
PACE = Pace(every_us=5 * MINUTE_US, every_max_us=30 * MINUTE_US, full="0 3 * * *", zone="Europe/Berlin")
dice = st.floats(0.0, 1.0, exclude_max=True)
paces = st.builds(
    lambda every, more, full, spread: Pace(
        every_us=every, every_max_us=every + more, full=full, zone="Europe/Berlin", spread=spread
    ),
    st.integers(1_000_000, DAY_US),
    st.integers(0, DAY_US),
    st.sampled_from([None, "0 3 * * *", "*/15 * * * *", "30 2 * * 0"]),
    dice,
)
standings = st.builds(
    Standing,
    since_us=st.integers(NOW_US - DAY_US, NOW_US),
    first=st.booleans(),
    resume=st.sampled_from([None, "full", "delta"]),
    ended_us=st.none() | st.integers(NOW_US - 30 * DAY_US, NOW_US),
    failures=st.integers(0, 5_000),
    mend=st.booleans(),
    whole_us=st.none() | st.integers(NOW_US - 30 * DAY_US, NOW_US),
    unchanged=st.integers(0, 5_000),
    throttled_us=st.integers(0, NOW_US + DAY_US),
)


@given(paces, standings, dice)
def test_never_in_the_past_nor_before_the_time_that_was_named(pace: Pace, standing: Standing, die: float) -> None:
    found = due(pace, standing, NOW_US, die)
    assert found.at_us >= NOW_US
    assert found.at_us >= standing.throttled_us


@given(paces, standings, dice)
def test_it_is_always_read_again_some_time(pace: Pace, standing: Standing, die: float) -> None:
    found = due(pace, standing, NOW_US, die)
    longest = max(pace.every_max_us * (1 + JITTER), MENDED_MAX_US, BEGIN_US)
    assert found.at_us <= max(NOW_US, standing.throttled_us) + longest + 1


@given(paces, standings, dice)
def test_until_everything_was_read_once_everything_is_read(pace: Pace, standing: Standing, die: float) -> None:
    never = msgspec.structs.replace(standing, first=True)
    assert due(pace, never, NOW_US, die).mode == "full"


@given(paces, standings, dice)
def test_an_empty_first_reading_is_not_repeated_at_once(pace: Pace, standing: Standing, die: float) -> None:
    empty = msgspec.structs.replace(standing, first=True, ended_us=NOW_US, whole_us=NOW_US, failures=0)
    assert due(pace, empty, NOW_US, die).at_us >= NOW_US + pace.every_us * (1 - JITTER) - 1


def test_what_was_broken_off_is_begun_again() -> None:
    broken = Standing(resume="full", whole_us=NOW_US)
    assert due(PACE, broken, NOW_US, 0.5).mode == "full"
    assert due(PACE, msgspec.structs.replace(broken, resume="delta"), NOW_US, 0.5).mode == "delta"


@given(paces, st.integers(0, 100), st.integers(0, 100), dice)
def test_the_longer_nothing_is_new_the_more_seldom(pace: Pace, fewer: int, more: int, die: float) -> None:
    low, high = sorted((fewer, more))
    assert distance_us(pace, low, die) <= distance_us(pace, high, die)
    assert pace.every_us * (1 - JITTER) - 1 <= distance_us(pace, low, die) <= pace.every_max_us * (1 + JITTER) + 1


@given(st.integers(1, 10_000), st.booleans(), dice)
def test_failures_space_out_up_to_a_bound(failures: int, mend: bool, die: float) -> None:
    wait_us = failed_us(failures, mend=mend, dice=die)
    assert 0 < wait_us <= (MENDED_MAX_US if mend else FAILED_MAX_US)
    assert failed_us(failures + 1, mend=mend, dice=die) >= wait_us


def test_an_inbox_is_looked_at_soon_however_many_of_its_files_were_spoilt() -> None:
    inbox = msgspec.structs.replace(PACE, every_us=10_000_000, every_max_us=30_000_000)
    spoilt = Standing(ended_us=NOW_US, whole_us=NOW_US, failures=9)
    assert due(inbox, spoilt, NOW_US, 0.9).at_us <= NOW_US + inbox.every_max_us
    refused = msgspec.structs.replace(spoilt, mend=True)
    assert due(inbox, refused, NOW_US, 0.9).at_us > NOW_US + inbox.every_max_us, "that waits for a person"


@given(paces, dice, dice)
def test_a_full_reading_that_ended_is_not_due_again_at_once(pace: Pace, die: float, spread: float) -> None:
    just = Standing(ended_us=NOW_US, whole_us=NOW_US)
    found = due(msgspec.structs.replace(pace, spread=spread), just, NOW_US, die)
    assert found.at_us > NOW_US


def test_a_full_reading_strikes_at_three_in_the_morning_where_the_tenant_is() -> None:
    found = due(PACE, Standing(ended_us=NOW_US, whole_us=NOW_US - DAY_US), NOW_US, 0.5)
    assert (found.mode, found.at_us) == ("full", NOW_US), "it was missed: that of this morning is made up for now"
    after = due(PACE, Standing(ended_us=NOW_US, whole_us=NOW_US), NOW_US, 0.5)
    assert (after.mode, after.at_us) == ("delta", NOW_US + PACE.every_us), "for once"
    berlin = datetime(2026, 11, 24, 2, 58, tzinfo=ZoneInfo("Europe/Berlin"))
    before_us = round(berlin.timestamp() * 1e6)
    strikes = due(PACE, Standing(ended_us=before_us, whole_us=NOW_US), before_us, 0.5)
    at = datetime.fromtimestamp(strikes.at_us / 1e6, ZoneInfo("Europe/Berlin"))
    assert (strikes.mode, at) == ("full", berlin + timedelta(minutes=2))
    spread = due(
        msgspec.structs.replace(PACE, spread=0.5), Standing(ended_us=before_us, whole_us=NOW_US), before_us, 0.5
    )
    assert spread.mode == "delta", "its own place is five minutes later"
    assert SPREAD_US == 10 * MINUTE_US


@pytest.mark.parametrize(("unchanged", "minutes"), [(0, 5), (1, 10), (2, 20), (3, 30), (50, 30)])
def test_the_distance_doubles(unchanged: int, minutes: int) -> None:
    assert distance_us(PACE, unchanged, 0.5) == minutes * MINUTE_US


def test_while_it_fails_a_full_reading_that_is_due_waits_its_turn() -> None:
    down = Standing(ended_us=NOW_US, failures=4, whole_us=NOW_US - 3 * DAY_US)
    found = due(PACE, down, NOW_US, 0.0)
    assert found.mode == "full"
    assert found.at_us == NOW_US + 120_000_000


def test_a_call_brings_the_next_reading_forward() -> None:
    planned = Due(mode="full", at_us=NOW_US + DAY_US)
    just = Standing(ended_us=NOW_US)
    assert looked(planned, just, None) == planned
    assert looked(planned, just, NOW_US + 2) == Due(mode="delta", at_us=NOW_US + 2)
    assert looked(planned, just, NOW_US + 2 * DAY_US) == planned
    assert looked(planned, msgspec.structs.replace(just, failures=1), NOW_US) == planned
    failed = msgspec.structs.replace(just, failures=9)
    assert looked(planned, failed, NOW_US + 2, mended=True) == Due(mode="delta", at_us=NOW_US + 2)
    first = msgspec.structs.replace(just, first=True)
    assert looked(planned, first, NOW_US + 2) == Due(mode="full", at_us=NOW_US + 2), "a delta of what?"
    named = msgspec.structs.replace(just, throttled_us=NOW_US + MINUTE_US)
    assert looked(planned, named, NOW_US) == Due(mode="delta", at_us=NOW_US + MINUTE_US)


def test_where_something_always_happens_it_is_not_read_all_the_time() -> None:
    planned = Due(mode="delta", at_us=NOW_US + DAY_US)
    long = Standing(ended_us=NOW_US, took_us=10 * MINUTE_US)
    assert looked(planned, long, NOW_US) == Due(mode="delta", at_us=NOW_US + RESTS * 10 * MINUTE_US)
    assert looked(planned, msgspec.structs.replace(long, took_us=DAY_US), NOW_US) == planned, "never later than else"


@pytest.mark.parametrize("failures", [0, 3])
def test_a_clock_that_was_set_back_holds_nothing_up(failures: int) -> None:
    """It was read, by a clock that went wrong, the day after tomorrow."""
    standing = Standing(ended_us=NOW_US + 2 * DAY_US, whole_us=NOW_US + DAY_US, failures=failures)
    assert due(PACE, standing, NOW_US, 0.5).at_us == NOW_US
