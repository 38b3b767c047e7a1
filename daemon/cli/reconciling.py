"""``lmsyncctl reconcile``: rosters kept in step; what would change and why, and how everybody stands."""

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from daemon.cli.owning import settled
from daemon.cli.progressing import progress
from daemon.cli.render import Printer
from daemon.cli.rosterpage import page
from daemon.cli.trunk import ask, command, dry_run, subgroup
from daemon.control import protocol as p
from daemon.control.backed import ProgressRow
from daemon.control.client import Client
from daemon.control.exits import Exit
from daemon.control.reconciled import DriftRow, RosterRow, StandingRow

PATIENCE_S = 7_230.0
DRIFT_DAYS = 90
reconcile = subgroup("reconcile", "Rosters kept in step with who is enrolled.")
course_argument = click.argument("course", default="")
COLUMNS = ("roster", "label", "place", "name", "email", "person", "user", "account", "owner", "standing", "detail")


@command(reconcile, "plan", "lmsyncctl reconcile plan acme\nlmsyncctl reconcile plan acme MATH-101 --json")
@click.argument("tenant")
@course_argument
def plan(tenant: str, course: str) -> int:
    """Print what would change against what the vendor has now, and why; nothing is changed.

    COURSE is a code, a name or an id. The plan has a hash, by which "reconcile apply" does exactly that. How far it is
    is told meanwhile; interrupted, it ends.
    """
    return ask(p.ReconcilePlan(tenant=tenant, course=course), PATIENCE_S)


@command(reconcile, "show", "lmsyncctl reconcile show 5f1c2d3e4a5b6c7d")
@click.argument("hash_", metavar="HASH")
def show(hash_: str) -> int:
    """Print a plan as it was made: one that waits, or one that was carried out."""
    return ask(p.ReconcileShow(hash=hash_))


@command(
    reconcile,
    "apply",
    "lmsyncctl reconcile apply 5f1c2d3e4a5b6c7d\nlmsyncctl reconcile apply 5f1c2d3e --accept",
)
@click.argument("hash_", metavar="HASH")
@click.option("--accept", is_flag=True, help="However many it takes out (as an approver).")
@dry_run
def apply(hash_: str, accept: bool, dry_run: bool) -> int:
    """Do exactly what a plan says.

    It is made again first: where anything has changed since, nothing is done, and the exit code is 4. So it is where
    the plan takes out more people than the rule allows, unless an approver says --accept. Interrupted while it is made
    again, nothing is done; what is being ordered goes on to its end.
    """
    if accept:
        return ask(p.ReconcileAccept(hash=hash_, dry_run=dry_run), PATIENCE_S)
    return ask(p.ReconcileApply(hash=hash_, dry_run=dry_run), PATIENCE_S)


@command(reconcile, "run", "lmsyncctl reconcile run acme MATH-101\nlmsyncctl reconcile run acme --dry-run")
@click.argument("tenant")
@course_argument
@dry_run
def run(tenant: str, course: str, dry_run: bool) -> int:
    """Compare with what the vendor has now, and do what follows, within the brake.

    How far it is is told meanwhile. Interrupted, it goes on to its end.
    """
    return ask(p.ReconcileRun(tenant=tenant, course=course, dry_run=dry_run), PATIENCE_S)


@command(
    reconcile,
    "report",
    "lmsyncctl reconcile report acme --summary\nlmsyncctl reconcile report acme MATH-101\n"
    "lmsyncctl reconcile report acme --csv > people.csv\nlmsyncctl reconcile report acme --html rosters.html",
)
@click.argument("tenant")
@course_argument
@click.option("--summary", is_flag=True, help="Places only, without people.")
@click.option("--drift", "drift_days", type=click.IntRange(1, 800), help="Also how it stood in so many days before.")
@click.option("--csv", "as_csv", is_flag=True, help="People as CSV, with a heading.")
@click.option(
    "--html",
    "html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A page with a chart of drift over time (90 days, or as --drift says).",
)
def report(tenant: str, course: str, summary: bool, drift_days: int | None, as_csv: bool, html: Path | None) -> int:
    """Show how everybody stands who is enrolled, place by place, and that they add up.

    Each is in step, pending, unmatched, refused by the vendor, excluded by a rule, or waits for a person's decision;
    with the reason. Strangers were never enrolled, and come on top. Exit code 2 if somebody is not accounted for.
    """
    if html is not None:
        days = drift_days or DRIFT_DAYS
        return _html(p.ReconcileReport(tenant=tenant, course=course, summary=summary, drift_days=days), html)
    question = p.ReconcileReport(tenant=tenant, course=course, summary=summary, drift_days=drift_days)
    return _csv(question) if as_csv else ask(question, PATIENCE_S)


@command(reconcile, "status", "lmsyncctl reconcile status\nlmsyncctl reconcile status acme --json")
@click.argument("tenant", default="")
def status(tenant: str) -> int:
    """Show what each rule is doing, and which plans wait for a person.

    Exit code 2 if something is hindered, or waits.
    """
    return ask(p.ReconcileStatus(tenant=tenant))


def _csv(question: p.ReconcileReport) -> int:
    def work(client: Client, say: Callable[[str], None], printer: Printer) -> tuple[str, int]:
        table = csv.writer(sys.stdout)
        table.writerow(COLUMNS)
        for said in client.ask(question):
            if isinstance(said, p.Done):
                return said.note, said.exit_code
            row = _row(said)
            if isinstance(row, ProgressRow):
                progress(row)
            if isinstance(row, StandingRow):
                table.writerow([_safe(getattr(row, name)) for name in COLUMNS])
        return "", Exit.OK

    return settled(work, aside=True)


def _html(question: p.ReconcileReport, file: Path) -> int:
    def work(client: Client, say: Callable[[str], None], printer: Printer) -> tuple[str, int]:
        places: list[RosterRow] = []
        people: list[StandingRow] = []
        drift: list[DriftRow] = []
        note, code = "", int(Exit.OK)
        for said in client.ask(question):
            if isinstance(said, p.Done):
                note, code = said.note, said.exit_code
                continue
            match _row(said):
                case RosterRow() as row:
                    places.append(row)
                case StandingRow() as row:
                    people.append(row)
                case DriftRow() as row:
                    drift.append(row)
                case ProgressRow() as row:
                    progress(row)
        if places:
            file.write_text(page(question.tenant, places, people, drift, note), encoding="utf-8")
            note = f"{note}; {file} has them"
        return note, code

    return settled(work, aside=False)


def _row(said: msgspec.Raw) -> RosterRow | StandingRow | DriftRow | ProgressRow:
    return msgspec.json.decode(said, type=RosterRow | StandingRow | DriftRow | ProgressRow)


def _safe(value: object) -> object:
    """A spreadsheet takes what begins so for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) else value
