"""``python -m tests.simulation [--seconds S] [--seed N]``: play seeds until the time is over, and print what came of
it.

A seed that fails prints what is wrong, the end of its record, and the command that plays it again.
"""

import argparse
import itertools
import os
import sys
import time
from collections.abc import Iterable

import msgspec

from tests.simulation.campaign import campaign
from tests.simulation.outcome import outcome_of
from tests.simulation.play import Outcome
from tests.simulation.report import report

LINES_SHOWN = 60


def worker() -> None:
    """Play each seed that comes in, answer with what became of it."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed does not get between the answers
    for line in sys.stdin.buffer:
        outcome = outcome_of(msgspec.json.decode(line))
        answers.write(msgspec.json.encode(msgspec.structs.replace(outcome, lines=outcome.lines[-400:])) + b"\n")
        answers.flush()


def explain(outcome: Outcome) -> None:
    """One failure, and how to see it again."""
    print(f"\nseed {outcome.seed} failed:", file=sys.stderr)
    for fault in outcome.faults[:20]:
        print(f"  {fault}", file=sys.stderr)
    print(f"the end of its record (of {len(outcome.lines)} lines kept):", file=sys.stderr)
    for line in outcome.lines[-LINES_SHOWN:]:
        print(f"  {line[:200]}", file=sys.stderr)
    print(f"\nplay it again: make simulate SECONDS=0 SEED={outcome.seed}", file=sys.stderr)


def seeds_from(seed: int | str) -> Iterable[int | str]:
    """One of four is a term at a school whose systems are read, one is read from another LRS, one keeps rosters."""
    if not isinstance(seed, int):
        return [seed]
    kinds = ("term", "relay", "roster")
    return (each for number in itertools.count(seed) for each in (number, *(f"{kind} {number}" for kind in kinds)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long; 0 plays one seed")
    parser.add_argument("--seed", default="", help="the first seed (default: from the clock), or a directed one's name")
    parser.add_argument("--lines", action="store_true", help="print the record of the seed, and nothing else")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        worker()
        return 0
    first: int | str = int(given.seed) if given.seed.isdecimal() else given.seed or int(time.time())
    if given.lines:
        print("\n".join(outcome_of(first, keep_lines=True).lines))
        return 0
    print(f"from seed {first}", flush=True)
    began_s = time.monotonic()
    seeds = seeds_from(first) if given.seconds else [first]
    totals = campaign(seeds, seconds=given.seconds or None)
    report(totals, time.monotonic() - began_s)
    for outcome in totals.failed:
        explain(outcome)
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
