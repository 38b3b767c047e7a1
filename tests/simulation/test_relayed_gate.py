"""Reading another LRS at the size that every change has to pass.

A seed that fails here is played again with ``make simulate SECONDS=0 SEED="relay …"``.
"""

import time

import pytest

from tests.simulation.archive import KINDS
from tests.simulation.campaign import campaign
from tests.simulation.relayed import POINTS
from tests.simulation.report import report

pytestmark = pytest.mark.campaign

STREAMS = 80


def test_streams_deaths_and_faults() -> None:
    """Streams drawn by chance; a death at every port call that reading them takes; every fault. Each really occurred,
    and what was played twice went the same way twice."""
    seeds = [
        *(f"relay {number}" for number in range(STREAMS)),
        *(f"relayed fault {kind}" for kind in KINDS),
        *(f"relayed death {point}" for point in POINTS),
    ]
    began_s = time.monotonic()
    totals = campaign(seeds)
    report(totals, time.monotonic() - began_s)
    assert not totals.failed, "\n".join(f"{each.seed}: {fault}" for each in totals.failed for fault in each.faults[:5])
    assert totals.seeds == len(seeds)
    assert totals.twice >= STREAMS // 20
    assert [kind for kind in KINDS if not totals.counts[f"fault source lrs {kind}"]] == []
    assert [point for point in POINTS if not totals.counts[f"death {point}"]] == []
