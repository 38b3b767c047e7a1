"""A dashboard as Grafana stores it. Panels are laid out in rows of a grid 24 wide, in the order they are given."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from daemon.telemetry.definitions import Definition

Look = Literal["timeseries", "stat", "bargauge", "table", "heatmap"]
UNITS = {"s": "s", "By": "bytes", "1": "percentunit"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA = 38
WIDE = 24


class Query(NamedTuple):
    """``legend`` may name labels as ``{{lane}}``."""

    expression: str
    legend: str = ""
    exemplars: bool = False


class Panel(NamedTuple):
    """``unit`` as Grafana calls it (``unit_of`` for a metric's own); ``red``: from which value on it is red, ``low``:
    below which."""

    title: str
    queries: Sequence[Query]
    text: str
    unit: str = "short"
    look: Look = "timeseries"
    width: int = 8
    height: int = 8
    red: float | None = None
    low: float | None = None


class Row(NamedTuple):
    title: str
    panels: Sequence[Panel]


class Dashboard(NamedTuple):
    """``uid`` is its address in Grafana, for ever."""

    uid: str
    title: str
    text: str
    rows: Sequence[Row]


def unit_of(definition: Definition) -> str:
    return UNITS.get(definition.unit, "short")


def render(dashboard: Dashboard, restarted: str) -> dict[str, Any]:
    """``restarted``: what is marked on every panel."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.text,
        "tags": ["lmsyncd"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "links": [
            {"type": "dashboards", "title": "lmsyncd", "tags": ["lmsyncd"], "asDropdown": True, "includeVars": True}
        ],
        "annotations": {"list": [_marker(restarted)]},
        "templating": {"list": [_datasource(), _variable("job"), _variable("instance")]},
        "panels": list(_panels(dashboard)),
    }


def _panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    number = 0
    down = 0
    for row in dashboard.rows:
        number += 1
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [],
               "gridPos": {"h": 1, "w": WIDE, "x": 0, "y": down}}  # fmt: skip
        down += 1
        across = tallest = 0
        for panel in row.panels:
            if across + panel.width > WIDE:
                across, down, tallest = 0, down + tallest, 0
            number += 1
            place = {"h": panel.height, "w": panel.width, "x": across, "y": down}
            yield {**_panel(panel), "id": number, "gridPos": place}
            across, tallest = across + panel.width, max(tallest, panel.height)
        down += tallest


def _panel(panel: Panel) -> dict[str, Any]:
    instant = panel.look in ("stat", "bargauge", "table")
    return {
        "type": panel.look,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, **_thresholds(panel)}, "overrides": []},
        "options": _options(panel),
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend or "__auto",
                "exemplar": query.exemplars,
                "instant": instant,
                "range": not instant,
                "format": "heatmap" if panel.look == "heatmap" else "table" if panel.look == "table" else "time_series",
            }
            for number, query in enumerate(panel.queries)
        ],
    }


def _thresholds(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red is not None:
        steps.append({"color": "red", "value": panel.red})
    if panel.low is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.low}]
    return {"thresholds": {"mode": "absolute", "steps": steps}}


def _options(panel: Panel) -> dict[str, Any]:
    match panel.look:
        case "timeseries":
            return {
                "legend": {"displayMode": "list", "placement": "bottom"},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        case "stat" | "bargauge":
            return {
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "orientation": "horizontal",
            }
        case "table":
            return {"showHeader": True}
        case "heatmap":
            return {"calculate": False, "yAxis": {"unit": panel.unit}, "exemplars": {"color": "rgba(255,0,255,0.7)"}}


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _variable(label: str) -> dict[str, Any]:
    query = f"label_values(lmsyncd_build_info, {label})"
    return {
        "name": label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": label},
        "definition": query,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
        "refresh": 2,
        "sort": 1,
    }


def _marker(expression: str) -> dict[str, Any]:
    return {
        "name": "started",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "blue",
        "expr": expression,
        "titleFormat": "lmsyncd was started",
        "textFormat": "{{instance}}",
        "step": "60s",
    }
