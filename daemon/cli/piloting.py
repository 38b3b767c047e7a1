"""``lmsyncctl pilot`` and ``lmsyncctl forecast``: try it on some people first, and know what a volume will need."""

import re

import click

from daemon.cli.trunk import LONG_PATIENCE_S, ask, cli, command, dry_run, subgroup
from daemon.control import protocol as p

pilot = subgroup("pilot", "Try routes on some people first, with a verdict.")
_PER_DAY = {"d": 1.0, "day": 1.0, "h": 24.0, "hour": 24.0, "min": 1_440.0, "s": 86_400.0}


Volume = tuple[float, str]


class Events(click.ParamType[Volume]):
    """``10000/day``, as number and unit; a bare number has none."""

    name = "N/day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Volume:
        if isinstance(value, tuple):
            return value
        matched = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/(day|d|hour|h|min|s))?", str(value).replace(",", ""))
        if matched is None or not float(matched[1]):
            self.fail(f"{value!r} is no number of events: 10000/day, 500/h", param, ctx)
        return float(matched[1]), matched[2] or ""


@command(
    pilot,
    "create",
    "lmsyncctl pilot create acme news --percent 5\n"
    "lmsyncctl pilot create acme news --percent 5 --org-unit chemistry --person mailto:ada@example.edu\n"
    "lmsyncctl pilot create acme news --percent 20",
)
@click.argument("tenant")
@click.argument("name")
@click.option("--percent", type=click.FloatRange(0, 100), default=0.0, help="So many of all people, evenly chosen.")
@click.option("--org-unit", "org_units", multiple=True, help="Everybody of this unit; may be given several times.")
@click.option("--course", "courses", multiple=True, help="What is about this course (IRI, code or the SIS's id).")
@click.option("--person", "persons", multiple=True, help="Somebody by name: mailto:ADDRESS, account:HOMEPAGE|NAME.")
@dry_run
def create(
    tenant: str,
    name: str,
    percent: float,
    org_units: tuple[str, ...],
    courses: tuple[str, ...],
    persons: tuple[str, ...],
    dry_run: bool,
) -> int:
    """Begin a pilot, or let one grow.

    Routes with pilot = "NAME" tell its cohort, and only rehearse for everybody else: what they would say is rendered
    and recorded (state shadowed), and never sent. Whoever is in stays in, also when the percentage grows.
    """
    request = p.PilotCreate(
        tenant=tenant,
        name=name,
        percent=percent,
        org_units=org_units,
        courses=courses,
        persons=persons,
        dry_run=dry_run,
    )
    return ask(request)


@command(pilot, "status", "lmsyncctl pilot status\nlmsyncctl pilot status acme news --json | jq .verdict")
@click.argument("tenant", default="")
@click.argument("name", default="")
def status(tenant: str, name: str) -> int:
    """Show what a pilot showed, with a verdict, and what it would be for everybody.

    Green, amber or red, by [pilot] of the tenant, each with its reasons and what is lacking. Exit code 2 on red.
    """
    return ask(p.PilotStatus(tenant=tenant, name=name), LONG_PATIENCE_S)


@command(
    pilot,
    "promote",
    "lmsyncctl pilot promote acme news --dry-run\nlmsyncctl pilot promote acme news\n"
    'lmsyncctl pilot promote acme news --accept-red "the two dead letters were test accounts"',
)
@click.argument("tenant")
@click.argument("name")
@click.option("--accept-red", default="", metavar="REASON", help="Although the verdict is red; the reason is audited.")
@dry_run
def promote(tenant: str, name: str, accept_red: str, dry_run: bool) -> int:
    """Tell everybody from now on.

    Refused while the verdict is red (exit code 4). What was rehearsed until now is not sent afterwards.
    """
    return ask(p.PilotPromote(tenant=tenant, name=name, accept_red=accept_red, dry_run=dry_run), LONG_PATIENCE_S)


@command(
    pilot,
    "stop",
    'lmsyncctl pilot stop acme news --nobody --why "wrong channel"\nlmsyncctl pilot stop acme news --everyone',
)
@click.argument("tenant")
@click.argument("name")
@click.option("--everyone", "to", flag_value="everyone", help="Its routes tell everybody, unjudged.")
@click.option("--nobody", "to", flag_value="nobody", help="Its routes tell nobody; what waits is called off.")
@click.option("--why", default="", help="For whoever asks later.")
@dry_run
def stop(tenant: str, name: str, to: str | None, why: str, dry_run: bool) -> int:
    """End a pilot, towards everybody or nobody: which, has to be said."""
    match to:
        case None:
            raise click.UsageError("say where to: --nobody (what waits is called off) or --everyone (unjudged)")
        case "everyone":
            request = p.PilotStop(tenant=tenant, name=name, to="everyone", why=why, dry_run=dry_run)
        case _:
            request = p.PilotStop(tenant=tenant, name=name, to="nobody", why=why, dry_run=dry_run)
    return ask(request, LONG_PATIENCE_S)


@command(
    cli,
    "forecast",
    "lmsyncctl forecast acme --events 20000/day\nlmsyncctl forecast acme --events 500 --per hour --people 12000 --json",
)
@click.argument("tenant", default="")
@click.option("--events", type=Events(), required=True, help="How many events come (a bare number: as --per says).")
@click.option("--per", type=click.Choice(["day", "hour"]), default="day", help="What a bare number of events is of.")
@click.option("--people", type=click.IntRange(1), default=None, help="How many people are told; else as lately.")
def forecast(tenant: str, events: Volume, per: str, people: int | None) -> int:
    """Show what so many events need of the vendors' limits.

    Calls and time by the vendors' tiers, which of the published limits breaks first, and what helps: by how many posts
    an event led to lately, where they went, and how the routes collect them. So many a day come as days do, with a
    busiest hour; so many an hour, minute or second come evenly. Of routes that posted nothing yet it says what is
    assumed. Exit code 2 if a limit breaks.
    """
    number, unit = events
    unit = unit or per
    asked = p.Forecast(
        tenant=tenant,
        events_per_day=number * _PER_DAY[unit],
        people=people or 0,
        evenly=unit not in ("d", "day"),
    )
    return ask(asked, LONG_PATIENCE_S)
