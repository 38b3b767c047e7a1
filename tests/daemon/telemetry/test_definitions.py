import re

import pytest

from daemon.telemetry import catalogue, catalogue_house
from daemon.telemetry.definitions import Definition, Label
from daemon.telemetry.metrics import Metrics

CONVENTIONS = ("http.", "process.")
"""Names of OpenTelemetry's semantic conventions; all others are ours."""
DEFINITIONS = [
    each for module in (catalogue, catalogue_house) for each in vars(module).values() if isinstance(each, Definition)
]


@pytest.mark.parametrize(
    ("name", "kind", "unit", "exposed"),
    [
        ("http.client.request.duration", "histogram", "s", "http_client_request_duration_seconds"),
        ("process.cpu.time", "counter", "s", "process_cpu_time_seconds_total"),
        ("process.memory.usage", "up_down", "By", "process_memory_usage_bytes"),
        ("lmsyncd.dead", "counter", "{delivery}", "lmsyncd_dead_total"),
        ("lmsyncd.sla.budget_left", "gauge", "1", "lmsyncd_sla_budget_left_ratio"),
        ("lmsyncd.build_info", "gauge", "", "lmsyncd_build_info"),
    ],
)
def test_prometheus_names_follow_from_ours(name: str, kind: str, unit: str, exposed: str) -> None:
    assert Definition(name=name, kind=kind, unit=unit, text="").exposed == exposed  # type: ignore[arg-type]  # a kind


def test_a_label_is_called_alike_everywhere() -> None:
    assert (Label("lane").key, Label("http.route").key) == ("lane", "http_route")


def test_every_definition_is_a_metric_and_none_is_two() -> None:
    families = [each.definition for each in Metrics().families()]
    assert sorted(each.name for each in families) == sorted(each.name for each in DEFINITIONS)
    for names in ([each.name for each in families], [one for each in families for one in each.series]):
        assert len(names) == len(set(names))


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.name)
def test_a_definition_is_whole(definition: Definition) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+|lmsyncd\.[a-z_]+", definition.name)
    assert definition.name.startswith(("lmsyncd.", *CONVENTIONS))
    assert definition.text.endswith(".")
    assert not definition.exposed.endswith(("_count", "_sum", "_bucket")), "Prometheus takes it for a histogram's"
    assert not set(definition.text) & set('\\"\n')
    assert re.fullmatch(r"|s|By|1|\{[a-z_]+\}", definition.unit)
    assert (definition.kind == "histogram") == bool(definition.bounds)
    assert list(definition.bounds) == sorted(set(definition.bounds))
    assert definition.kind != "gauge" or not definition.labels or definition.fold != "sum"
    keys = definition.keys
    assert len(keys) == len(set(keys))
    for label in definition.labels:
        assert bool(label.values) != bool(label.values_max), f"{label.name} is closed or bounded, and only one of them"
        assert label.text
        assert re.fullmatch(r"[a-z_]+", label.key)
        assert label.key not in {"le", "job", "instance"}
