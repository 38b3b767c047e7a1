"""``/metrics`` as Prometheus' own parsers read it: the text, and OpenMetrics with exemplars."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_text

from daemon.telemetry import process
from daemon.telemetry.definitions import Definition, Label
from daemon.telemetry.exposition import OPEN_METRICS, TEXT, negotiated, page
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.registry import Counter, Gauge, Histogram
from daemon.telemetry.trace_context import root

ODD = 'a"b\\c\nd'


def filled() -> Metrics:
    """Every metric with at least one series, all labels with what they may say."""
    metrics = Metrics("1.2.3")
    process.follow(metrics)
    metrics.retries.overflow = 1
    for family in metrics.families():
        labels = tuple((*label.values, f"{label.name} {ODD}")[0] for label in family.definition.labels)
        match family:
            case Counter():
                family.add(*labels, by=2.5)
            case Histogram():
                for value in (0.0001, 0.25, 1e6):
                    family.observe(value, *labels, trace=root(1.0))
            case Gauge() if not family.points():
                family.set(1.5, *labels)
    return metrics


@pytest.mark.parametrize("open_metrics", [False, True], ids=["text", "open metrics"])
def test_every_metric_is_read_back_as_it_was_defined(open_metrics: bool) -> None:
    metrics = filled()
    text = page(metrics.families(), open_metrics=open_metrics)
    read = {each.name: each for each in (read_open if open_metrics else read_text)(text)}
    for family in metrics.families():
        definition = family.definition
        told = read[definition.family]
        assert told.documentation == definition.text
        assert told.type == ("gauge" if definition.kind == "up_down" else definition.kind)
        assert {sample.name for sample in told.samples} == set(definition.series)
        for sample in told.samples:
            assert sample.labels.keys() - {"le"} <= set(definition.keys)
            for key, label in zip(definition.keys, definition.labels, strict=True):
                assert not label.values or sample.labels.get(key, "") in label.values
        if open_metrics:
            assert told.unit == definition.suffix
    assert not open_metrics or text.endswith("\n# EOF\n")


def test_odd_labels_survive() -> None:
    counter = Counter(
        Definition(name="lmsyncd.x", kind="counter", unit="", text="X.", labels=(Label("what", values_max=9),))
    )
    counter.add(ODD)
    for open_metrics, read in ((False, read_text), (True, read_open)):
        [family] = read(page([counter], open_metrics=open_metrics))
        assert [(sample.labels, sample.value) for sample in family.samples] == [({"what": ODD}, 1.0)]


def test_an_exemplar_names_its_trace() -> None:
    metrics, trace = Metrics(), root(1.0)
    metrics.propagation.observe(0.03, "acme/done", trace=trace)
    metrics.propagation.observe(7.0, "acme/done")
    read = {each.name: each for each in read_open(metrics.page("application/openmetrics-text")[1])}
    samples = read["lmsyncd_propagation_seconds"].samples
    told = {sample.labels["le"]: sample.exemplar for sample in samples if sample.exemplar is not None}
    assert told.keys() == {"0.05"}
    assert told["0.05"].labels == {"trace_id": trace.trace_id, "span_id": trace.span_id}
    assert told["0.05"].value == 0.03
    assert float(told["0.05"].timestamp) > 1.7e9
    assert [sample.value for sample in samples if sample.labels.get("le") == "+Inf"] == [2.0]
    assert trace.trace_id not in metrics.text(), "the text has no exemplars"


PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (PROMETHEUS, True),
        ("application/openmetrics-text", True),
        ("text/plain", False),
        ("", False),
        ("*/*", False),
        ("application/openmetrics-text;q=0.3, text/plain;q=0.7", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=nonsense", False),
        ("x" * 5000 + ",application/openmetrics-text", False),
    ],
)
def test_who_asks_for_open_metrics_gets_it(accept: str, wanted: bool) -> None:
    assert negotiated(accept) is wanted
    kind, text = Metrics("1").page(accept)
    assert kind == (OPEN_METRICS if wanted else TEXT)
    assert text.endswith("# EOF\n") is wanted
