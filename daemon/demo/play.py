"""``lmsyncd demo``: real Moodle statements through a real daemon that is killed half-way, counted at the vendor's end.

Two oracles that know nothing of each other must agree: the raw statements say what is expected, the sandbox's journal
says what happened.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec
import trio
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from config.numbers import number_of
from daemon.demo.moodle import Moodle, batches, sample
from daemon.demo.oracle import Balance, Expected, compare, expect
from daemon.demo.scene import HALL, KEY, SECRET, SLACK_CHANNELS, TEAMS_CHANNELS, Scene, write
from daemon.demo.stage import Stage, StageFailed, free_port

BATCH = 10
SETTLE_S_MAX = 120.0
EVERY_NTH_TWICE = 5


def main(*, keep: bool, seconds: int) -> int:
    """Exit code 0 only if every effect happened exactly once."""
    console = Console()
    root = Path(tempfile.mkdtemp(prefix="lmsyncd-demo-"))
    scene = Scene(root=root, gateway_port=free_port(), sandbox_port=free_port())
    write(scene)
    console.print(f"lmsyncd demo: state, configuration and logs in [bold]{root}[/bold]")
    try:
        return trio.run(play, scene, console, keep, seconds)
    except StageFailed as error:
        console.print(str(error), style="red", markup=False)
        return 1


async def play(scene: Scene, console: Console, keep: bool, seconds: int) -> int:
    """The whole piece, from opening the stage to the tables."""
    stage = Stage(scene, limits=True)
    try:
        await stage.open()
        moodle = Moodle(scene.endpoint, KEY, SECRET)
        lines = sample()
        expected = _expected(lines)
        with _progress(console) as progress:
            task = progress.add_task("feeding", total=expected.total(), note="")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_watch, stage, progress, task, nursery.cancel_scope)
                await _feed(stage, moodle, lines, seconds, progress, task)
                await _settle(stage, expected, progress, task)
                nursery.cancel_scope.cancel()
        balance = compare(expected, await stage.journal())
        _report(console, scene, moodle, len(lines), balance)
    except BaseException:
        await _close(stage)
        raise
    if keep:
        console.print(f"\nLeft running: daemon pid {stage.daemon.pid}, sandbox pid {stage.sandbox.pid}.")
        console.print(f"Stop them with: kill {stage.daemon.pid} {stage.sandbox.pid}", highlight=False)
    else:
        await _close(stage)
    return 0 if balance.agrees else 1


async def _close(stage: Stage) -> None:
    with trio.CancelScope(shield=True):
        await stage.close()


def _expected(lines: list[bytes]) -> Expected:
    total: Expected = Counter()
    for line in lines:
        total += expect(msgspec.json.decode(line), SLACK_CHANNELS, TEAMS_CHANNELS, HALL)
    return total


async def _feed(
    stage: Stage, moodle: Moodle, lines: list[bytes], seconds: int, progress: Progress, task: TaskID
) -> None:
    """At an even pace, as a campus would; some batches twice; SIGKILL half-way."""
    everything = batches(lines, BATCH)
    pause_s = seconds / len(everything)
    for number, batch in enumerate(everything, 1):
        if number == len(everything) // 2:
            progress.update(task, description="killing", note="SIGKILL, and started again")
            await stage.kill_and_restart()
        await moodle.send(batch, times=2 if number % EVERY_NTH_TWICE == 0 else 1)
        progress.update(
            task, description="feeding", note=f"{number_of(len(moodle.acknowledged), 'statements')} accepted"
        )
        await trio.sleep(pause_s)


async def _watch(stage: Stage, progress: Progress, task: TaskID, scope: trio.CancelScope) -> None:
    """Live: effects as the sandbox sees them."""
    while not scope.cancel_called:
        progress.update(task, completed=len(await stage.journal()))
        await trio.sleep(0.5)


async def _settle(stage: Stage, expected: Expected, progress: Progress, task: TaskID) -> None:
    """Until nothing is lost any more, or it has taken too long; then a moment for anything doubled to show."""
    progress.update(task, description="settling", note="waiting for the last deliveries")
    await stage.until(lambda journal: not compare(expected, journal).lost, SETTLE_S_MAX)
    await stage.quiet()


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:9}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} effects  {task.fields[note]}"),
        TimeElapsedColumn(),
        console=console,
    )


# ── the report ───────────────────────────────────────────────────────────────────────────────────────


def _ctl(scene: Scene, *words: str) -> str:
    """What ``lmsyncctl`` prints, run as an operator would."""
    done = subprocess.run(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", "daemon.cli.lmsyncctl", "--socket", str(scene.socket), *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "COLUMNS": "110"},
    )
    return done.stdout or done.stderr


def _report(console: Console, scene: Scene, moodle: Moodle, sent: int, balance: Balance) -> None:
    console.print()
    console.print(_summary(moodle, sent))
    story = _deliveries(scene)
    console.print(_lanes(story))
    console.print(_propagation(story))
    console.print(_verdict(balance))
    if story:
        chosen = next((row for row in story if row["route"] == "grades"), story[0])
        console.print(f"\n[bold]lmsyncctl why {chosen['id']}[/bold]")
        console.print(_ctl(scene, "why", str(chosen["id"])), markup=False, highlight=False)
    console.print("Where to look next:", style="bold")
    for line in (
        f"  lmsyncctl --socket {scene.socket} status   (after make demo KEEP=1)",
        f"  {scene.root}/tenants.d/campus.toml   the routes that did this",
        f"  {scene.root}/daemon.log   one line per attempt",
        "  README.md   from here to a configured systemd service",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _summary(moodle: Moodle, sent: int) -> Table:
    table = Table(title="Statements")
    for heading in ("sent", "acknowledged", "distinct", "requests", "refused while down"):
        table.add_column(heading, justify="right")
    distinct = len(set(moodle.acknowledged))
    numbers = (sent, len(moodle.acknowledged), distinct, moodle.requests, moodle.refused)
    table.add_row(*(str(number) for number in numbers))
    return table


def _deliveries(scene: Scene) -> list[dict[str, object]]:
    """Every delivery's row, from the store itself (opened for reading, beside the running daemon)."""
    raw = sqlite3.connect(f"file:{scene.root}/state/lmsyncd.db?mode=ro", uri=True)
    raw.row_factory = sqlite3.Row
    try:
        found = raw.execute(
            "SELECT lower(hex(id)) AS id, lane, kind, route, state, (done_us - accepted_us) / 1000.0 AS ms "
            "FROM deliveries ORDER BY seq"
        )
        return [dict(row) for row in found]
    finally:
        raw.close()


def _lanes(story: list[dict[str, object]]) -> Table:
    table = Table(title="Changes and deliveries")
    for heading in ("lane", "change", "state"):
        table.add_column(heading)
    table.add_column("deliveries", justify="right")
    counted = Counter((str(row["lane"]), str(row["kind"]), str(row["state"])) for row in story)
    for (lane, kind, state), number in sorted(counted.items()):
        table.add_row(lane, kind, state, str(number))
    return table


def _propagation(story: list[dict[str, object]]) -> Table:
    table = Table(title="Propagation, accepted to vendor receipt")
    table.add_column("route")
    for heading in ("deliveries", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(heading, justify="right")
    for route in sorted({str(row["route"]) for row in story}):
        times = sorted(float(str(row["ms"])) for row in story if row["route"] == route and row["state"] == "delivered")
        if times:
            at = [times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.95, 0.99)]
            table.add_row(route, str(len(times)), *(f"{value:,.1f}" for value in at))
    return table


def _verdict(balance: Balance) -> Table:
    table = Table(title="Effects, by the sandbox's journal")
    for heading in ("expected", "seen", "lost", "doubled", "surplus"):
        table.add_column(heading, justify="right")
    counts = (balance.expected, balance.seen, len(balance.lost), len(balance.doubled), len(balance.surplus))
    table.add_row(*(str(count) for count in counts), style="green" if balance.agrees else "red")
    return table
