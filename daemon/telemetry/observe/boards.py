"""What the dashboards are made of: a panel of one metric, of one recording, a figure of its own."""

from daemon.telemetry import catalogue_house as house
from daemon.telemetry.definitions import Definition
from daemon.telemetry.observe.expressions import Scope
from daemon.telemetry.observe.panels import Panel, Query, unit_of
from daemon.telemetry.observe.recordings import Recording

CHOSEN = 'job=~"$job",instance=~"$instance"'
chosen = Scope(CHOSEN)
each = Scope(CHOSEN, ("instance",))
"""One line a daemon."""
RESTARTED = f"{chosen.select(house.PROCESS_UPTIME)} < 60"


def shown(definition: Definition, query: str, legend: str, title: str, unit: str = "") -> Panel:
    """A panel of one metric, described as it is."""
    return Panel(title, [Query(query, legend)], definition.text, unit or unit_of(definition))


def made(one: Recording, legend: str, unit: str, title: str) -> Panel:
    """A panel of what is recorded."""
    return Panel(title, [Query(f"{one.name}{{{CHOSEN}}}", legend)], one.text, unit)


def figure(definition: Definition, query: str, title: str, red: float | None = None) -> Panel:
    """The last value, large."""
    return Panel(title, [Query(query)], definition.text, unit_of(definition), "stat", 4, 4, red)
