"""Dashboards and rules name what there is, and nothing else."""

import json
import re
from itertools import pairwise

import click
import pytest
from alert_series import ALERT_SERIES
from promql import named

from daemon.cli import lmsyncctl
from daemon.telemetry import catalogue as its
from daemon.telemetry import labels as of
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.observe.alerts import ALERTS, Alert
from daemon.telemetry.observe.boards import RESTARTED
from daemon.telemetry.observe.expressions import Scope
from daemon.telemetry.observe.files import DASHBOARDS, files
from daemon.telemetry.observe.panels import WIDE, Dashboard, render
from daemon.telemetry.observe.recordings import RECORDINGS, Recording

SCRAPED = {"job", "instance"}
KEYS: dict[str, set[str]] = {"up": set(SCRAPED)}
"""Every name that a query may use, and the labels that it has."""
for family in Metrics().families():
    for series in family.definition.series:
        KEYS[series] = {*family.definition.keys, *SCRAPED} | ({"le"} if series.endswith("_bucket") else set())
for one in RECORDINGS:
    KEYS[one.name] = set(one.keys)
QUERIES = {
    **{f"record {one.name}": one.expression for one in RECORDINGS},
    **{f"alert {one.name}": one.expression for one in ALERTS},
    "marker": RESTARTED,
    **{
        f"{board.uid} {row.title} {panel.title} {number}": query.expression
        for board in DASHBOARDS
        for row in board.rows
        for panel in row.panels
        for number, query in enumerate(panel.queries)
    },
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_every_metric_and_label_of_a_query_exists(query: str) -> None:
    found = named(query)
    assert found.selected
    assert found.selected.keys() - KEYS.keys() == set()
    for name, labels in found.selected.items():
        assert labels - KEYS[name] == set()
    assert found.grouped - set().union(*(KEYS[name] for name in found.selected)) == set()


def test_the_check_would_notice() -> None:
    found = named('sum by (lane, nobody) (rate(lmsyncd_nothing_total{lane="a",none=~"b"}[5m])) or up * 0 > 1e3')
    assert found.selected == {"lmsyncd_nothing_total": {"lane", "none"}, "up": set()}
    assert found.grouped == {"lane", "nobody"}
    with pytest.raises(ValueError, match="no function"):
        named("ratte(x[5m])")
    for mistake in (
        lambda: Scope().select(its.DEAD, 'nobody="x"'),
        lambda: Scope().rate(its.DEAD, (of.ROUTE,)),
        lambda: Scope().select(its.PROPAGATION),
        lambda: Scope().quantile(0.5, its.DEAD, ()),
    ):
        with pytest.raises(LookupError):
            mistake()


def test_every_metric_is_on_a_dashboard() -> None:
    asked = {name for query in QUERIES.values() for name in named(query).selected}
    unseen = [each.name for each in Metrics().families() if not asked & set(each.definition.series)]
    assert unseen == []


@pytest.mark.parametrize("one", RECORDINGS, ids=lambda one: one.name)
def test_a_recording_has_the_labels_that_it_says(one: Recording) -> None:
    assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", one.name)
    assert named(one.expression).grouped - {"le"} == set(one.keys)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_names_labels_that_its_series_have(alert: Alert) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", alert.text + alert.command))
    found = named(alert.expression)
    first = next(iter(found.selected))
    has = found.grouped if found.grouped and first not in {one.name for one in RECORDINGS} else KEYS[first]
    assert used <= has
    assert re.fullmatch(r"Lmsyncd[A-Za-z]+", alert.name)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_the_command_that_helps_is_one(alert: Alert) -> None:
    words = re.sub(r"\{\{ \$labels\.(?:lane|route|actor|tenant|source) \}\}", "acme", alert.command).split()
    assert "{{" not in words
    if words[0] != "lmsyncctl":
        assert words[0] in {"systemctl", "journalctl"}
        return
    command: click.Command = lmsyncctl.cli
    words = words[1:]
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_context("lmsyncctl", words)


def test_alerts_have_names_of_their_own_and_series_to_be_tried_with() -> None:
    names = [alert.name for alert in ALERTS]
    assert len(names) == len(set(names))
    assert set(names) == set(ALERT_SERIES)


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.uid)
def test_panels_lie_side_by_side(board: Dashboard) -> None:
    made = render(board, RESTARTED)
    ids = [panel["id"] for panel in made["panels"]]
    assert ids == list(range(1, len(ids) + 1))
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in made["panels"]):
        assert place["x"] + place["w"] <= WIDE
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        taken |= cells
    assert all(panel["description"] for panel in made["panels"] if panel["type"] != "row")
    rows = [panel["gridPos"]["y"] for panel in made["panels"] if panel["type"] == "row"]
    assert all(one < other for one, other in pairwise(rows))


def test_the_files_are_whole() -> None:
    made = files()
    assert len({board.uid for board in DASHBOARDS}) == len(DASHBOARDS)
    for name, text in made.items():
        if name.endswith(".json"):
            told = json.loads(text)
            assert f"grafana/{told['uid']}.json" == name
        else:
            rules = re.findall(r"^      - (?:alert|record): \"(.*)\"$", text, re.MULTILINE)
            assert rules == [one.name for one in (ALERTS if "alerts" in name else RECORDINGS)]
