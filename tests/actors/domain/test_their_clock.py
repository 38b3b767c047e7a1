"""The vendor's clock beside ours."""

from email.utils import formatdate

import msgspec
import pytest

from actors.domain.flow import Response
from actors.domain.their_clock import ALIKE_US, TheirClock

NOW_US = 1_800_000_000_000_000
STEADY_US = 77_000_000
HOUR_US = 3_600_000_000


def answer(their_us: int) -> Response:
    return Response(status=200, headers={"date": formatdate(their_us / 1e6, usegmt=True)})


def heard(ahead_us: int) -> TheirClock:
    """Ours was so much ahead when it was heard."""
    clock = TheirClock()
    clock.hear(answer(NOW_US - ahead_us), NOW_US, STEADY_US)
    return clock


@pytest.mark.parametrize("ahead_us", [HOUR_US, -HOUR_US, 2 * 24 * HOUR_US, ALIKE_US + 1_000_000])
def test_our_time_is_told_in_theirs(ahead_us: int) -> None:
    clock = heard(ahead_us)
    assert clock.now_us(STEADY_US) == NOW_US - ahead_us
    assert clock.of(NOW_US - 7, NOW_US, STEADY_US) == NOW_US - ahead_us - 7
    assert clock.of(None, NOW_US, STEADY_US) is None


def test_clocks_that_differ_by_seconds_are_alike() -> None:
    assert heard(3_000_000).now_us(STEADY_US) == NOW_US


def test_it_goes_on_between_answers_whatever_becomes_of_ours() -> None:
    clock = heard(HOUR_US)
    later_us = STEADY_US + 60_000_000
    assert clock.now_us(later_us) == NOW_US - HOUR_US + 60_000_000
    set_us = NOW_US + 5 * HOUR_US
    assert clock.of(set_us - 7, set_us, later_us) == NOW_US - HOUR_US + 60_000_000 - 7


@pytest.mark.parametrize("header", ["", "soon", "Fri, 99 Foo 2026", "Mon, 01 Jan 99999 00:00:00 GMT"])
def test_an_answer_without_a_time_leaves_what_is_known(header: str) -> None:
    clock = TheirClock()
    silent = Response(status=200, headers={"date": header})
    assert not clock.known()
    assert clock.now_us(STEADY_US) is None
    assert clock.of(NOW_US - 7, NOW_US, STEADY_US) == NOW_US - 7
    clock.hear(silent, NOW_US, STEADY_US)
    assert clock.now_us(STEADY_US) == NOW_US
    clock.hear(answer(NOW_US - HOUR_US), NOW_US, STEADY_US)
    clock.hear(silent, NOW_US, STEADY_US)
    assert clock.now_us(STEADY_US) == NOW_US - HOUR_US


def test_an_error_page_without_a_time_tells_nothing() -> None:
    clock = TheirClock()
    clock.hear(Response(status=503), NOW_US, STEADY_US)
    assert not clock.known()
    clock.hear(msgspec.structs.replace(answer(NOW_US - HOUR_US), status=503), NOW_US, STEADY_US)
    assert clock.now_us(STEADY_US) == NOW_US - HOUR_US


def test_a_clock_that_was_mended_is_believed_at_once() -> None:
    clock = heard(HOUR_US)
    clock.hear(answer(NOW_US), NOW_US, STEADY_US)
    assert clock.now_us(STEADY_US) == NOW_US
