"""Keeping rosters at the size that every change has to pass.

A seed that fails here is played again with ``make simulate SECONDS=0 SEED="roster …"``.
"""

import time

import pytest

from tests.simulation.campaign import campaign
from tests.simulation.report import report
from tests.simulation.timetable import DEADLY, FAULTS, KINDS, PARTS, kind_of

pytestmark = pytest.mark.campaign

ROLLS = 10
FOUND = ("roster 500", "roster 505", "roster 608")
"""In which somebody was taken out whom the vendor lets in nowhere any more, and whom an earlier decision kept out; and
in which Slack's signatures were of another time by a clock of ours that was wrong."""


def test_rolls_deaths_and_faults() -> None:
    """Schools drawn by chance; a death at every port call and request that keeping rosters takes; every fault of both
    vendors. Each really occurred, and what was played twice went the same way twice."""
    seeds = [
        *(f"roster {number}" for number in range(ROLLS)),
        *FOUND,
        *(f"roll {kind} lively" for kind in KINDS),
        *(f"roll channel {part}" for part in PARTS),
        *(f"roll channel fault {fault}" for fault in FAULTS["slack"]),
        *(f"roll team fault {fault}" for fault in FAULTS["teams"]),
        *(f"roll {kind_of(point)} death {point}" for point in DEADLY),
    ]
    began_s = time.monotonic()
    totals = campaign(seeds)
    report(totals, time.monotonic() - began_s)
    assert not totals.failed, "\n".join(f"{each.seed}: {fault}" for each in totals.failed for fault in each.faults[:5])
    assert totals.seeds == len(seeds)
    assert totals.twice >= ROLLS // 20
    struck = [f"fault {vendor} {fault}" for vendor, faults in FAULTS.items() for fault in faults]
    assert [name for name in struck if not totals.counts[name]] == []
    assert [point for point in DEADLY if not totals.counts[f"death {point}"]] == []
