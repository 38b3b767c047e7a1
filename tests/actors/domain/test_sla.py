"""Buckets never lie by more than 5 %, and the stages of a delivery sum to the whole, whatever its history says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain import sla
from actors.domain.outbox import Attempt
from actors.domain.sla import Promise, Stage, bucket, bucket_us, culprit, quantile_us, stages

SECOND_US = 1_000_000


def line(kind: str, verdict: str, started_s: float, ended_s: float) -> Attempt:
    return Attempt(
        number=1,
        kind=kind,
        started_us=round(started_s * SECOND_US),
        ended_us=round(ended_s * SECOND_US),
        verdict=verdict,
        detail="",
    )


def told(*history: Attempt, done_s: float, holds: tuple[tuple[str, int, int], ...] = (), from_s: float = 0) -> dict:
    """Accepted at 0, routed at 1 s; stages in whole seconds."""
    found = stages(
        accepted_us=0,
        from_us=round(from_s * SECOND_US),
        routed_us=SECOND_US,
        history=history,
        done_us=round(done_s * SECOND_US),
        holds=[(why, low * SECOND_US, high * SECOND_US) for why, low, high in holds],
    )
    return {stage.value: us // SECOND_US for stage, us in found.items()}


def test_the_plain_way() -> None:
    assert told(line("send", "delivered", 3, 4), done_s=4) == {"routing": 1, "in_line": 2, "vendor": 1}


@pytest.mark.parametrize(
    ("verdict", "stage"),
    [
        ("throttled", "throttled"),
        ("unavailable", "outage"),
        ("revoked", "suspended"),
        ("faulted", "retrying"),
    ],
)
def test_after_an_answer_it_waits_for_what_the_answer_says(verdict: str, stage: str) -> None:
    history = (line("send", verdict, 1, 2), line("send", "delivered", 9, 10))
    assert told(*history, done_s=10) == {"routing": 1, "vendor": 2, stage: 7}


def test_doubt_lasts_until_the_probe_has_answered() -> None:
    found = told(line("send", "doubtful", 1, 11), line("probe", "delivered", 20, 22), done_s=22)
    assert found == {"routing": 1, "vendor": 10, "in_doubt": 11}


def test_a_dead_letter_waits_for_a_person_and_notes_change_nothing() -> None:
    history = (
        line("send", "refused", 1, 2),
        line("person", "annotated", 50, 50),
        line("router", "superseded", 60, 60),
        line("person", "replayed", 100, 100),
        line("send", "delivered", 101, 102),
    )
    assert told(*history, done_s=102) == {"routing": 1, "vendor": 2, "person": 98, "in_line": 1}


def test_a_held_lane_is_the_reason_and_an_operator_before_the_vendor() -> None:
    holds = (("outage", 2, 8), ("paused", 6, 20), ("suspended", 18, 30))
    found = told(line("send", "delivered", 40, 41), done_s=41, holds=holds)
    assert found == {"routing": 1, "outage": 4, "paused": 14, "suspended": 10, "in_line": 11, "vendor": 1}


def test_what_is_held_on_purpose_is_not_to_blame() -> None:
    found = told(line("send", "delivered", 103, 104), done_s=104, from_s=100)
    assert found == {"held": 100, "in_line": 3, "vendor": 1}
    assert culprit({Stage.HELD: 100, Stage.IN_LINE: 3, Stage.VENDOR: 1}) is Stage.IN_LINE
    assert culprit({Stage.HELD: 100}) is Stage.VENDOR
    assert culprit({}) is Stage.VENDOR


moments = st.integers(-50, 10_000)
lines = st.builds(
    Attempt,
    number=st.just(1),
    kind=st.sampled_from(["send", "probe", "person", "router"]),
    started_us=moments,
    ended_us=moments,
    verdict=st.sampled_from(
        ["delivered", "throttled", "unavailable", "revoked", "faulted", "doubtful", "refused", "annotated", "replayed"]
    ),
    detail=st.just(""),
)
holds = st.tuples(st.sampled_from(["paused", "suspended", "outage"]), moments, moments)


@given(moments, moments, moments, moments, st.lists(lines, max_size=8), st.lists(holds, max_size=6))
def test_stages_sum_to_the_whole_and_none_is_negative(
    accepted_us: int, from_us: int, routed_us: int, done_us: int, history: list[Attempt], held: list[sla.Hold]
) -> None:
    found = stages(
        accepted_us=accepted_us, from_us=from_us, routed_us=routed_us, history=history, done_us=done_us, holds=held
    )
    assert sum(found.values()) == max(0, done_us - accepted_us)
    assert all(us > 0 for us in found.values())
    assert culprit(found) in Stage
    assert found.get(Stage.HELD, 0) == max(0, min(from_us, done_us) - accepted_us)


@given(st.integers(0, sla.LONGEST_US))
def test_a_bucket_is_never_more_than_a_twentieth_wide(took_us: int) -> None:
    number = bucket(took_us)
    assert bucket(bucket_us(number)) == number
    assert took_us <= bucket_us(number) <= max(took_us + 1, took_us * 1.06)
    assert number == 0 or bucket_us(number - 1) < took_us


def test_the_ends_of_the_scale() -> None:
    assert bucket(-5) == bucket(0) == 0
    last = bucket(1 << 62)
    assert bucket_us(last) >= sla.LONGEST_US
    assert bucket(bucket_us(last)) == last < 700


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_quantiles_are_those_of_the_durations_themselves(took: list[int], share: float) -> None:
    counted: dict[int, int] = {}
    for one in took:
        counted[bucket(one)] = counted.get(bucket(one), 0) + 1
    found = quantile_us(counted, share)
    assert found is not None
    assert sum(one <= found for one in took) >= share * len(took)
    assert sum(one <= found / 1.06 - 1 for one in took) < share * len(took)


def test_a_quantile_of_nothing_is_none() -> None:
    assert quantile_us({}, 0.5) is None
    assert quantile_us({3: 0}, 0.5) is None


def test_the_error_budget() -> None:
    green = Promise(n=1000, late=10, goal=99.0)
    assert (green.kept, green.allowed, round(green.left, 9), green.red) == (99.0, 10.0, 0.0, False)
    red = Promise(n=1000, late=11, goal=99.0)
    assert (red.red, round(red.left, 9)) == (True, -0.1)
    assert Promise(n=0, late=0, goal=99.0).kept == 100.0
    assert not Promise(n=0, late=0, goal=99.0).red
