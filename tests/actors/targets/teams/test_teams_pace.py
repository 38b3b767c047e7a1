"""How fast Graph is asked: below what is published, however requests bunch, and bundles that are full."""

import pytest
from teams_stage import TEAM, build

from actors.domain.throttle import Limiter
from actors.targets.teams import pace
from actors.targets.teams.fake.limits import PER_S

SECOND_S = 1.0


def most_in_a_second(bucket: str, requests: int = 400) -> int:
    """Of requests that are sent as soon as they may, how many fall into one second at most; after a long rest."""
    limiter = Limiter(build().rate, 0.0)
    now_s, at_s = 1_000.0, list[float]()
    for _ in range(requests):
        now_s = limiter.ready_at((bucket,), now_s)
        limiter.take((bucket,), now_s)
        limiter.settle((bucket,), now_s)
        at_s.append(now_s)
    return max(sum(start <= each < start + SECOND_S for each in at_s) for start in at_s)


@pytest.mark.parametrize(
    ("bucket", "limit", "each"),
    [
        (pace.MEMBERS, PER_S["other"], 1),
        (pace.LISTS, PER_S["members"], 20),
        (pace.CREATIONS, PER_S["create"], 1),
        (f"team:{TEAM}", PER_S["team"], 1),
        (f"roster:{TEAM}", PER_S["team"], pace.OF_TEAM_AT_ONCE),
    ],
)
def test_no_second_sees_more_than_is_published(bucket: str, limit: int, each: int) -> None:
    assert most_in_a_second(bucket) * each <= limit


def test_a_bundle_of_members_is_full_and_one_of_teams_nearly() -> None:
    target = build()
    assert int(target.rate(pace.MEMBERS).burst) == 20
    assert int(target.rate(pace.CREATIONS).burst) == 8


def test_an_operators_limit_counts() -> None:
    target = build(limits={"member_write_per_s": 3.0, "create_per_s": 1.0, "member_read_per_s": 20.0})
    assert target.rate(pace.MEMBERS).per_s + target.rate(pace.MEMBERS).burst - 1.05 <= 3.0
    assert target.rate(pace.CREATIONS).per_s == 1.0
    assert target.rate(pace.LISTS).per_s == 1.0
