"""What past readings say of how a source stands."""

import msgspec
import pytest

from actors.domain.cadence import FAILED_US, Standing
from actors.domain.harvest import Mode
from actors.ports import Reading
from actors.ports.records import Past, SourceState
from actors.roles.agenda import order_of, past_us, standing_of


@pytest.mark.parametrize(("mode", "took_us"), [("delta", 40), ("full", 0), ("backfill", 0)])
def test_only_a_reading_of_what_is_new_says_how_long_the_next_may_take(mode: Mode, took_us: int) -> None:
    older = Reading(no=1, mode="delta", began_us=1, ended_us=50, how="finished")
    newest = Reading(no=2, mode=mode, began_us=100, ended_us=140, how="finished")
    standing = standing_of(SourceState(no=1, first_us=1), [newest, older], 0, 0)
    assert (standing.took_us, standing.ended_us) == (took_us, 140)
    assert standing_of(SourceState(no=1), [], 0, 0).took_us == 0


def test_the_past_is_read_when_nothing_more_urgent_is() -> None:
    state = SourceState(no=1, first_us=1, past=Past(since="2026-09-01T00:00:00Z", asked_us=100))
    calm = Standing(ended_us=90)
    assert past_us(SourceState(no=1), calm, [], 0.0) is None
    assert past_us(state, calm, [], 0.0) == 100
    assert past_us(state, msgspec.structs.replace(calm, throttled_us=500), [], 0.0) == 500
    assert past_us(state, msgspec.structs.replace(calm, failures=1), [], 0.0) is None
    assert past_us(state, msgspec.structs.replace(calm, resume="full"), [], 0.0) is None


def test_a_past_that_fails_is_read_ever_more_seldom() -> None:
    state = SourceState(no=1, first_us=1, past=Past(since="2026-09-01T00:00:00Z", asked_us=100))

    def failed(no: int) -> Reading:
        return Reading(no=no, mode="backfill", began_us=100 * no, ended_us=100 * no + 1, how="unavailable")

    readings = [Reading(no=4, mode="delta", began_us=400, ended_us=401, how="finished"), failed(3), failed(2)]
    assert past_us(state, Standing(), readings, 0.0) == 301 + FAILED_US
    asked_later = msgspec.structs.replace(state, past=Past(since="2026-09-01T00:00:00Z", asked_us=350))
    assert past_us(asked_later, Standing(), readings, 0.0) == 350
    broken = msgspec.structs.replace(failed(2), how="stopped")
    assert past_us(state, Standing(), [broken], 0.0) == 100


@pytest.mark.parametrize(
    ("until", "announce", "asked_until"),
    [
        ("", False, "2026-11-28T10:00:00.000000Z"),
        ("2026-12-24T00:00:00Z", False, "2026-11-28T10:00:00.000000Z"),
        ("2026-10-01T00:00:00Z", False, "2026-10-01T00:00:00Z"),
        ("", True, ""),
        ("2026-12-24T00:00:00Z", True, "2026-12-24T00:00:00Z"),
    ],
)
def test_a_past_that_nobody_is_told_of_ends_when_it_was_asked_for(until: str, announce: bool, asked_until: str) -> None:
    """What happens while it is read is news, and found by the reading that comes next."""
    asked_us = 1_795_860_000_000_000
    past = Past(since="2026-09-01T00:00:00Z", until=until, announce=announce, asked_us=asked_us)
    order = order_of(SourceState(no=1, first_us=1, past=past), "backfill", past, asked_us + 9_000_000, frozenset())
    assert (order.since, order.until) == ("2026-09-01T00:00:00Z", asked_until)
