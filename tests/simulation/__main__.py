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
from rich.console import Console
from rich.table import Table

from tests.simulation.campaign import Totals, campaign, wanted
from tests.simulation.directed import scenario_of
from tests.simulation.play import Outcome, play

LINES_SHOWN = 60


def worker() -> None:
    """Play each seed that comes in, answer with what became of it."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed does not get between the answers
    for line in sys.stdin.buffer:
        outcome = play(scenario_of(msgspec.json.decode(line)))
        answers.write(msgspec.json.encode(msgspec.structs.replace(outcome, lines=outcome.lines[-400:])) + b"\n")
        answers.flush()


def report(totals: Totals, took_s: float) -> None:
    """The table."""
    table = Table(title="simulation", show_header=False)
    table.add_column("what")
    table.add_column("n", justify="right")
    for what, number in (
        ("seeds", f"{totals.seeds:,}"),
        ("of them played twice, the same to the letter", f"{totals.twice:,}"),
        ("statements accepted", f"{totals.statements:,}"),
        ("effects at the vendors", f"{totals.effects:,}"),
        ("virtual days", f"{totals.virtual_s / 86_400:,.1f}"),
        ("lives of the process", f"{totals.counts['lives']:,}"),
        ("doubtful outcomes", f"{totals.counts['verdict doubtful']:,}"),
        ("lost", str(totals.wrong("lost"))),
        ("doubled", str(totals.wrong("doubled"))),
        ("invariants broken", str(sum(len(outcome.faults) for outcome in totals.failed))),
        ("seconds (of CPU a seed)", f"{took_s:.0f} ({totals.cpu_s / max(1, totals.seeds + totals.twice):.2f})"),
    ):
        table.add_row(what, number)
    for title, names in sections():
        table.add_section()
        table.add_row(f"[bold]{title}[/bold]", "")
        for name, count in names(totals):
            table.add_row(f"  {name}", f"{count:,}" if count else "[dim]never[/dim]")
    Console(width=100).print(table)


def sections() -> list[tuple[str, object]]:
    def among(prefix: str) -> object:
        return lambda totals: [
            (name.removeprefix(prefix), totals.counts[name]) for name in wanted() if name.startswith(prefix)
        ]

    def counted(prefix: str) -> object:
        return lambda totals: [
            (name.removeprefix(prefix), count)
            for name, count in sorted(totals.counts.items())
            if name.startswith(prefix)
        ]

    return [
        ("faults at the vendors", among("fault ")),
        ("database errors", among("db ")),
        ("requests while a vendor was out", among("network ")),
        ("process deaths", among("death ")),
        ("actor crashes", counted("crash ")),
        ("what else happened", counted("incident ")),
    ]


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
    return itertools.count(seed) if isinstance(seed, int) else [seed]


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
        print("\n".join(play(scenario_of(first), keep_lines=True).lines))
        return 0
    print(f"from seed {first}", flush=True)
    began_s = time.monotonic()
    totals = campaign(seeds_from(first), seconds=given.seconds)
    report(totals, time.monotonic() - began_s)
    for outcome in totals.failed:
        explain(outcome)
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
