import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.outbox import Rate
from actors.domain.throttle import RETRY_AFTER_S_MAX, Limiter, retry_after_s

SLACK_S = 1e-6
BORN_S = 1000.0

rates = st.builds(
    Rate,
    per_s=st.floats(0.01, 50.0),
    burst=st.one_of(st.just(1.0), st.floats(0.1, 20.0)),
)
# what the courier does next: which buckets, how long it dawdles first, how long the answer takes
steps = st.lists(
    st.tuples(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), st.floats(0.0, 5.0), st.floats(0.0, 10.0)),
    max_size=40,
)


def limits(given_rates: dict[str, Rate]) -> Callable[[str], Rate]:
    return given_rates.__getitem__


def patient(limiter: Limiter, draws: list[str], now_s: float) -> float:
    """The moment at which a courier that sleeps as told may send."""
    while (wait_s := limiter.wait_s(draws, now_s)) > 0:
        now_s += wait_s
    return now_s


def strict(rate: Rate, arrivals: list[float]) -> bool:
    """The vendor's view: in no window of any length more than the burst and what refilled meanwhile."""
    burst = max(1.0, rate.burst)
    return all(
        last - first + 1 <= burst + (arrivals[last] - arrivals[first]) * rate.per_s + SLACK_S
        for first in range(len(arrivals))
        for last in range(first, len(arrivals))
    )


@given(st.fixed_dictionaries(dict.fromkeys("abc", rates)), steps)
def test_no_window_ever_exceeds_the_limit(
    given_rates: dict[str, Rate], script: list[tuple[list[str], float, float]]
) -> None:
    """Requests one after the other, each with its own latency; the vendor counts them as they are sent."""
    limiter, now_s = Limiter(limits(given_rates), BORN_S), BORN_S
    sent: dict[str, list[float]] = {name: [] for name in "abc"}
    for draws, dawdle_s, latency_s in script:
        now_s = patient(limiter, draws, now_s + dawdle_s)
        limiter.take(draws, now_s)
        for name in set(draws):
            sent[name].append(now_s)
        now_s += latency_s
        limiter.settle(draws, now_s)
    assert all(strict(given_rates[name], sent[name]) for name in "abc")


@given(st.floats(0.05, 50.0), st.lists(st.tuples(st.floats(0.0, 30.0), st.floats(0.0, 1.0)), max_size=40))
def test_without_a_burst_the_vendor_never_sees_two_closer_than_the_interval(
    per_s: float, latencies: list[tuple[float, float]]
) -> None:
    """Whatever the latency and wherever in it the request arrives."""
    limiter, now_s = Limiter(lambda _: Rate(per_s=per_s), BORN_S), BORN_S
    arrivals = []
    for latency_s, share in latencies:
        now_s = patient(limiter, ["x"], now_s)
        limiter.take(["x"], now_s)
        arrivals.append(now_s + latency_s * share)
        now_s += latency_s
        limiter.settle(["x"], now_s)
    gaps = [after - before for before, after in pairwise(arrivals)]
    assert all(gap >= 1 / per_s - SLACK_S for gap in gaps)


@given(rates, st.lists(st.floats(0.0, 100.0), min_size=1, max_size=60))
def test_forgetting_full_buckets_changes_nothing(rate: Rate, dawdles: list[float]) -> None:
    """Two limiters, one of which also sees a crowd of other names so that it has something to sweep."""
    plain, crowded = Limiter(lambda _: rate, BORN_S), Limiter(lambda _: rate, BORN_S)
    now_s = BORN_S
    for number, dawdle_s in enumerate(dawdles):
        now_s = patient(plain, ["x"], now_s + dawdle_s)
        assert crowded.wait_s(["x"], now_s) == 0
        for limiter in (plain, crowded):
            limiter.take(["x"], now_s)
            limiter.settle(["x"], now_s)
        other = [f"other {number}"]
        if crowded.wait_s(other, now_s) == 0:
            crowded.take(other, now_s)
            crowded.settle(other, now_s)


def test_a_restart_does_not_burst() -> None:
    limiter = Limiter(lambda _: Rate(per_s=1.0, burst=10.0), BORN_S)
    assert limiter.wait_s(["x"], BORN_S) == pytest.approx(1.0)
    assert limiter.wait_s(["x"], BORN_S + 60) == 0
    for _ in range(10):
        limiter.take(["x"], BORN_S + 60)
    assert limiter.wait_s(["x"], BORN_S + 60) == pytest.approx(1.0)


def test_a_single_bucket_waits_for_its_answer() -> None:
    limiter = Limiter(lambda _: Rate(per_s=0.5), BORN_S)
    now_s = BORN_S + 100
    limiter.take(["x"], now_s)
    assert limiter.ready_at(["x"], now_s + 50) == now_s + 52
    limiter.settle(["x"], now_s + 51)
    assert limiter.ready_at(["x"], now_s + 51) == now_s + 53


def test_all_buckets_must_have_a_token() -> None:
    limiter = Limiter(limits({"fast": Rate(per_s=10.0, burst=5.0), "slow": Rate(per_s=0.1)}), BORN_S)
    assert limiter.wait_s(["fast", "slow"], BORN_S) == pytest.approx(10.0)
    assert limiter.wait_s([], BORN_S) == 0
    with pytest.raises(ValueError, match="before it was there"):
        limiter.take(["fast", "slow"], BORN_S)


def test_memory_follows_the_recent_names_only() -> None:
    limiter = Limiter(lambda _: Rate(per_s=1.0), BORN_S)
    now_s = BORN_S + 10
    for number in range(5000):
        now_s += 0.1
        limiter.take([f"channel {number}"], now_s)
        limiter.settle([f"channel {number}"], now_s)
    assert len(limiter) <= 40


def test_a_bucket_in_flight_is_not_forgotten() -> None:
    limiter = Limiter(lambda name: Rate(per_s=1.0), BORN_S)
    limiter.take(["slow"], BORN_S + 10)
    for number in range(100):
        limiter.take([f"{number}"], BORN_S + 1000)
        limiter.settle([f"{number}"], BORN_S + 1000)
    assert limiter.wait_s(["slow"], BORN_S + 2000) > 0


@pytest.mark.parametrize("per_s", [0.0, -1.0, math.nan])
def test_a_rate_that_is_none_is_refused(per_s: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        Limiter(lambda _: Rate(per_s=per_s), BORN_S).wait_s(["x"], BORN_S)


NOW_US = 784_111_777 * 1_000_000  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("30", 30.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("86400", RETRY_AFTER_S_MAX),
        ("Sun, 06 Nov 1994 08:50:07 GMT", 30.0),
        ("Sunday, 06-Nov-94 08:50:07 GMT", 30.0),
        ("Sun, 06 Nov 1994 09:50:07 +0100", 30.0),
        ("Sun, 06 Nov 1994 08:50:07", 30.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_S_MAX),
        (None, None),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("1e999", None),
        ("soon", None),
        ("Sun, 99 Nov 1994 08:50:07 GMT", None),
        ("1" * 400, None),
    ],
)
def test_retry_after(header: str | None, wait_s: float | None) -> None:
    assert retry_after_s(header, NOW_US) == wait_s


@given(st.text(max_size=80), st.integers(0, 2**52))
def test_retry_after_survives_anything(header: str, now_us: int) -> None:
    wait_s = retry_after_s(header, now_us)
    assert wait_s is None or 0 <= wait_s <= RETRY_AFTER_S_MAX


def test_who_must_wait_anyway_waits_for_a_handful() -> None:
    limiter = Limiter(lambda name: Rate(per_s=8.0, burst=5.0) if name == "many" else Rate(per_s=8.0), BORN_S)
    now_s = BORN_S + 10
    assert limiter.handful_at(["many", "one"], now_s) == now_s
    for _ in range(5):
        limiter.take(["many"], now_s)
    assert limiter.ready_at(["many"], now_s) == pytest.approx(now_s + 0.125)
    assert limiter.handful_at(["many"], now_s) == pytest.approx(now_s + 0.625)
    limiter.take(["one"], now_s)
    assert limiter.handful_at(["one"], now_s) == pytest.approx(now_s + 0.125)


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=40), st.floats(0, 20))
def test_nothing_goes_before_the_time_the_vendor_named(story: list[tuple[float, bool]], wait_s: float) -> None:
    limiter = Limiter(lambda _: Rate(per_s=3.0, burst=4.0), BORN_S)
    now_s = BORN_S + 10
    until_s = now_s + wait_s
    limiter.hold(["here"], until_s)
    for pass_s, other in story:
        now_s += pass_s
        name = "there" if other else "here"
        ready_s = limiter.ready_at([name], now_s)
        assert ready_s >= now_s
        if not other:
            assert ready_s >= until_s - 1e-6
        if ready_s == now_s:
            limiter.take([name], now_s)
            limiter.settle([name], now_s)


def test_headroom_is_a_share_of_what_a_bucket_holds_and_the_tightest_of_its_kind() -> None:
    limiter = Limiter(lambda name: Rate(per_s=1.0, burst=4.0 if name == "workspace" else 1.0), 0.0)
    assert limiter.headrooms(100.0) == {}
    limiter.take(("workspace", "channel:C1"), 100.0)
    limiter.settle(("workspace", "channel:C1"), 100.0)
    limiter.take(("workspace", "channel:C2"), 100.5)
    assert limiter.headrooms(100.5) == {"workspace": 0.625, "channel": 0.0}
    limiter.hold(("channel:C1",), 110.5)
    assert limiter.headrooms(100.5)["channel"] == -9.0
