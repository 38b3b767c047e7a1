"""The table that a campaign ends with: how much of everything there was, and what never happened."""

from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from tests.simulation.campaign import Totals, wanted


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


Rows = Callable[[Totals], list[tuple[str, int]]]


def sections() -> list[tuple[str, Rows]]:
    """What is counted, each with its lines."""

    def among(prefix: str) -> Rows:
        return lambda totals: [
            (name.removeprefix(prefix), totals.counts[name]) for name in wanted() if name.startswith(prefix)
        ]

    def counted(prefix: str) -> Rows:
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
