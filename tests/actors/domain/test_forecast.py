"""The forecast against a lane that really drains: same limits, same buckets, answers that take no time."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.forecast import Forecast, forecast
from actors.domain.outbox import Rate
from actors.domain.throttle import Limiter

BORN_S = 0.0
START_S = 1_000_000.0
"""By then every bucket is full."""
SLACK_S = 1e-6

Loads = dict[tuple[str, ...], int]

rates = st.builds(Rate, per_s=st.floats(0.05, 20.0), burst=st.one_of(st.just(1.0), st.integers(2, 12).map(float)))
loads = st.dictionaries(
    st.sampled_from([("a", "app"), ("b", "app"), ("c", "app"), ("app",), ("method",), ("method", "app"), ("a", "b")]),
    st.integers(0, 25),
)
any_terms = st.fixed_dictionaries(dict.fromkeys(["app", "a", "b", "c", "method"], rates))


@st.composite
def vendors(draw: st.DrawFn) -> tuple[Loads, dict[str, Rate]]:
    """As vendors have them: channels that are all alike and allow no burst, within the app's limit, which is wider and
    allows one; and a method apart from both."""
    channel_per_s = draw(st.floats(0.05, 5.0))
    app = Rate(per_s=channel_per_s * draw(st.floats(1.0, 10.0)), burst=draw(st.floats(3.0, 20.0)))
    terms = dict.fromkeys("abc", Rate(per_s=channel_per_s)) | {"app": app, "method": draw(rates)}
    numbers = st.integers(0, 60)
    channels: Loads = {(channel, "app"): draw(numbers) for channel in "abc"}
    return {**channels, ("method",): draw(numbers)}, terms


def drained_s(loads: Loads, given_rates: dict[str, Rate]) -> float:
    """When the last request is sent, by somebody who looks ahead: the longest line goes first, and no other takes a
    token that a longer one needs when its own turn comes."""
    limiter, left, now_s, last_s = Limiter(given_rates.__getitem__, BORN_S), dict(loads), START_S, START_S

    def line_s(draws: tuple[str, ...]) -> float:
        return left[draws] / min(given_rates[bucket].per_s for bucket in draws)

    while lines := sorted((draws for draws, number in left.items() if number), key=line_s, reverse=True):
        ready_s = [limiter.ready_at(draws, now_s) for draws in lines]
        for place, draws in enumerate(lines):
            if ready_s[place] > now_s:
                continue
            trial = deepcopy(limiter)
            trial.take(draws, now_s)
            trial.settle(draws, now_s)
            if all(trial.ready_at(lines[longer], now_s) <= ready_s[longer] for longer in range(place)):
                limiter, last_s = trial, now_s
                left[draws] -= 1
                break
        else:
            now_s = min(at_s for at_s in ready_s if at_s > now_s)
    return last_s - START_S


@given(loads, any_terms)
def test_no_lane_drains_faster(loads: Loads, given_rates: dict[str, Rate]) -> None:
    told = forecast(loads, given_rates.__getitem__)
    assert told.requests == sum(loads.values())
    assert told.least_s <= drained_s(loads, given_rates) + SLACK_S


@given(vendors())
def test_within_a_vendors_limits_a_lane_need_not_take_longer(vendor: tuple[Loads, dict[str, Rate]]) -> None:
    """Five percent, and one interval of the slowest bucket that is drawn from."""
    loads, given_rates = vendor
    told = forecast(loads, given_rates.__getitem__)
    drawn = {bucket for draws, number in loads.items() if number for bucket in draws}
    interval_s = max((1 / given_rates[bucket].per_s for bucket in drawn), default=0.0)
    assert drained_s(loads, given_rates) <= told.least_s * 1.05 + interval_s + SLACK_S


@given(loads, any_terms)
def test_the_bucket_that_binds_would_take_as_long_alone(loads: Loads, given_rates: dict[str, Rate]) -> None:
    told = forecast(loads, given_rates.__getitem__)
    if not told.bound_by:
        assert told.least_s == 0
        return
    alone = {(told.bound_by,): sum(number for draws, number in loads.items() if told.bound_by in draws)}
    assert forecast(alone, given_rates.__getitem__).least_s == told.least_s
    twice = {draws: 2 * number for draws, number in loads.items()}
    assert forecast(twice, given_rates.__getitem__).least_s > told.least_s


def test_by_hand() -> None:
    terms = {"channel:C1": Rate(per_s=1.0), "workspace": Rate(per_s=50.0, burst=100.0)}
    posts: Loads = {("channel:C1", "workspace"): 201}
    assert forecast(posts, terms.__getitem__) == Forecast(requests=201, least_s=200.0, bound_by="channel:C1")
    everywhere = posts | {("workspace",): 20_000}
    assert forecast(everywhere, terms.__getitem__) == Forecast(requests=20_201, least_s=402.02, bound_by="workspace")


def test_what_fits_at_once_waits_for_nothing() -> None:
    assert forecast({}, lambda _: Rate(per_s=1.0)) == Forecast(requests=0, least_s=0.0)
    assert forecast({(): 1000}, lambda _: Rate(per_s=1.0)) == Forecast(requests=1000, least_s=0.0)
    assert forecast({("a",): 5}, lambda _: Rate(per_s=1.0, burst=5.0)) == Forecast(requests=5, least_s=0.0)
    assert forecast({("a", "a"): 2}, lambda _: Rate(per_s=1.0, burst=0.5)).least_s == 1.0


def test_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="-1 requests"):
        forecast({("a",): -1}, lambda _: Rate(per_s=1.0))
    with pytest.raises(ValueError, match="positive rate"):
        forecast({("a",): 1}, lambda _: Rate(per_s=0.0))
