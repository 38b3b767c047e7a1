"""The campaign at the size that every change has to pass. ``make simulate`` searches on.

A seed that fails here is played again with ``make simulate SECONDS=0 SEED=…``.
"""

import time

import pytest

from tests.simulation.campaign import Totals, campaign
from tests.simulation.directed import OUTAGE_BEGINS_S, OUTAGE_S, POSTS, WAITING, scenario_of
from tests.simulation.fate import points
from tests.simulation.mishaps import LRS_KINDS, SLACK_KINDS, TEAMS_KINDS
from tests.simulation.play import Outcome, play
from tests.simulation.report import report
from tests.simulation.shaky import KINDS, WHERE

pytestmark = pytest.mark.campaign

SEEDS = 200
DRAIN_RATIO_MAX = 1.1
NOTICED_S_MAX = 46.0
"""That a vendor is back is noticed by an attempt in 15 s, at the end of one that may have been begun before (30 s)."""
CHANNEL_PER_S = 1.0


def told(totals: Totals) -> str:
    """What went wrong, for people."""
    return "\n".join(f"seed {outcome.seed}: {fault}" for outcome in totals.failed for fault in outcome.faults[:5])


def test_seeds_deaths_and_faults() -> None:
    """Random seeds, a death at every place that has a name, every fault of every vendor. Each really occurred, and what
    was played twice went the same way twice."""
    seeds = [
        *range(SEEDS),
        *(f"death {point}" for point in points()),
        *(f"fault slack {kind}" for kind in SLACK_KINDS),
        *(f"fault teams {kind}" for kind in TEAMS_KINDS),
        *(f"fault lrs {kind}" for kind in LRS_KINDS),
    ]
    began_s = time.monotonic()
    totals = campaign(seeds)
    report(totals, time.monotonic() - began_s)
    assert not totals.failed, told(totals)
    assert totals.seeds == len(seeds)
    assert totals.twice >= SEEDS // 20
    assert totals.never() == []


def test_a_database_error_at_every_job_commit_and_read() -> None:
    undisturbed = play(scenario_of("small"))
    assert undisturbed.faults == []
    seeds = [
        f"{where} {kind} {nth}"
        for where in WHERE
        for kind in sorted(KINDS)
        for nth in range(1, undisturbed.reached[where] + 1)
    ]
    totals = campaign(seeds, twice_every=0)
    assert not totals.failed, told(totals)
    for where in WHERE:
        for kind in KINDS:
            assert totals.counts[f"db {kind} at a {where}"] == undisturbed.reached[where]


def test_a_thousand_doubtful_outcomes() -> None:
    outcome = played("flood")
    assert outcome.counts["verdict doubtful"] >= 1000
    assert outcome.states == {"delivered": 3 * POSTS}
    assert outcome.effects == 3 * POSTS


def test_three_days_without_a_vendor() -> None:
    """Nothing is lost. That it is over is noticed, and then the backlog drains about as fast as the vendor's limits
    allow. (``outage 503`` and ``outage 500`` are the same for ``make simulate``.)"""
    seen: dict[str, Outcome] = {}
    totals = campaign([f"outage {flavour}" for flavour in ("refused", "timeout")], keep=seen, twice_every=0)
    assert not totals.failed, told(totals)
    least_s = (WAITING - 1) / CHANNEL_PER_S
    for name, outcome in seen.items():
        assert outcome.states == {"delivered": WAITING}, name
        noticed_s = outcome.first_effect_s - (OUTAGE_BEGINS_S + OUTAGE_S)
        drained_s = outcome.last_effect_s - outcome.first_effect_s
        print(f"{name}: noticed in {noticed_s:.0f} s, drained in {drained_s:.0f} s: {drained_s / least_s:.3f}")
        assert 0 <= noticed_s <= NOTICED_S_MAX, name
        assert drained_s / least_s <= DRAIN_RATIO_MAX, name
    assert len(seen) == 2


def test_dead_letters_replayed_three_times() -> None:
    outcome = played("letters")
    assert outcome.counts["incident Replay"] == 4
    assert outcome.counts["verdict doubtful"] >= 1
    assert outcome.states == {"delivered": 20}
    assert outcome.effects == 20


def played(name: str) -> Outcome:
    outcome = play(scenario_of(name))
    assert outcome.faults == []
    return outcome


@pytest.mark.parametrize("name", ["tour", "letters"])
def test_a_scenario_replays_to_the_letter(name: str) -> None:
    assert play(scenario_of(name)).digest == play(scenario_of(name)).digest
