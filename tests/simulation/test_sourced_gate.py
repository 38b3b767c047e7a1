"""Reading sources at the size that every change has to pass.

A seed that fails here is played again with ``make simulate SECONDS=0 SEED="term …"``.
"""

import time

import pytest

from tests.simulation.campaign import campaign
from tests.simulation.fate import source_points
from tests.simulation.office import MOVED, WAYS
from tests.simulation.report import report
from tests.simulation.shelf import DISK
from tests.simulation.systems import SYSTEMS

pytestmark = pytest.mark.campaign

TERMS = 50
RELAYED = frozenset(point for point in source_points() if point.startswith("relays."))
"""Another LRS is read in ``test_relayed_gate``."""


def asked(point: str) -> str:
    """The system with which it is passed."""
    if point.startswith("depot."):
        return "zip" if point.startswith("depot.download") else "inbox"
    return "moodle" if point.startswith("records.seats") else "toy"  # there whoever left is not told of any more


def test_terms_deaths_and_faults() -> None:
    """Terms drawn by chance; a death at every port call of what reads; every fault of every system at every operation.
    Each really occurred, and what was played twice went the same way twice."""
    faults = [f"lesson {name} fault {kind}" for name, system in SYSTEMS.items() for kind in system.faults]
    deaths = [point for point in source_points() if point not in RELAYED]
    dying = [f"lesson {asked(point)} death {point}" for point in deaths]
    seeds = [*(f"term {number}" for number in range(TERMS)), *faults, *dying]
    began_s = time.monotonic()
    totals = campaign(seeds)
    report(totals, time.monotonic() - began_s)
    assert not totals.failed, "\n".join(f"{each.seed}: {fault}" for each in totals.failed for fault in each.faults[:5])
    assert totals.seeds == len(seeds)
    assert totals.twice >= TERMS // 20
    struck = [
        f"fault source {system.kind} {kind} at {operation}"
        for system in SYSTEMS.values()
        for kind in system.faults
        for operation in system.operations
    ]
    struck += [f"bundle {way}" for way in WAYS] + [f"bundle {way} while it was read" for way in MOVED]
    struck += [f"disk full {where}" for where in DISK]
    assert [name for name in struck if not totals.counts[name]] == []
    assert [each for each in deaths if not totals.counts[f"death {each}"]] == []
    for what in ("operator pause", "operator retry", "operator activate", "operator rollback", "call answered 202"):
        assert totals.counts[what], what
