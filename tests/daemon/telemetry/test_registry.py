import pytest

from daemon.telemetry.catalogue import PROPAGATION
from daemon.telemetry.definitions import OTHER, Definition, Fold, Kind, Label
from daemon.telemetry.exposition import page
from daemon.telemetry.labels import PLACES_MAX, TENANTS_MAX
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.registry import LABEL_CHARS_MAX, Counter, Gauge, Histogram
from daemon.telemetry.trace_context import root

LANE = Label("lane", values_max=100)


def defined(kind: Kind, *labels: Label, fold: Fold = "sum", series_max: int = 1000) -> Definition:
    return Definition(name="lmsyncd.x", kind=kind, unit="", text="X.", labels=labels, fold=fold, series_max=series_max)


def test_labels_are_bounded_in_number_and_length() -> None:
    counter = Counter(defined("counter", Label("reason", values_max=3)))
    for number in range(10):
        counter.add(f"reason {number}")
    assert counter.value(OTHER) == 7
    assert counter.overflow == 7
    counter.add("reason 1")
    assert counter.value("reason 1") == 2
    wordy = Counter(defined("counter", Label("reason", values_max=3)))
    wordy.add("x" * 500)
    wordy.add("x" * 400)
    assert wordy.value("x" * LABEL_CHARS_MAX) == 2
    assert wordy.overflow == 0


def test_one_label_that_overflows_leaves_the_others_as_they_are() -> None:
    counter = Counter(defined("counter", Label("lane", values_max=1), Label("state", values=("dead", "held"))))
    counter.add("acme/slack", "dead")
    counter.add("beta/slack", "dead")
    counter.add("gamma/slack", "held")
    counter.add("acme/slack", "nonsense")
    assert dict(counter.points()) == {
        ("acme/slack", "dead"): 1,
        (OTHER, "dead"): 1,
        (OTHER, "held"): 1,
        ("acme/slack", OTHER): 1,
    }


def test_a_metric_has_so_many_series_and_no_more() -> None:
    histogram = Histogram(defined("histogram", LANE, Label("operation", values_max=100), series_max=10))
    for number in range(100):
        histogram.observe(1.0, f"lane {number % 7}", f"operation {number}")
    assert len(histogram.points()) == 11
    assert histogram.count(OTHER, OTHER) == 90


@pytest.mark.parametrize(("fold", "value"), [("sum", 24.0), ("max", 9.0), ("min", 7.0)])
def test_what_is_replaced_folds_as_it_is_defined(fold: Fold, value: float) -> None:
    gauge = Gauge(defined("gauge", Label("lane", values_max=2), fold=fold))
    for _ in range(2):
        gauge.replace(((f"lane {number}",), float(5 + number)) for number in range(5))
    assert dict(gauge.points()) == {("lane 0",): 5.0, ("lane 1",): 6.0, (OTHER,): value}


def test_who_has_left_makes_room_in_what_is_replaced() -> None:
    gauge = Gauge(defined("gauge", Label("lane", values_max=1)))
    gauge.replace([(("a",), 1.0)])
    gauge.replace([(("b",), 3.0)])
    assert (gauge.value("a"), gauge.value("b")) == (None, 3.0)


def test_ten_thousand_tenants_and_routes_stay_within_bounds() -> None:
    metrics = Metrics("1.2.3")
    for number in range(10_000):
        tenant = f"tenant{number}"
        metrics.statements_accepted.add(tenant)
        metrics.deliveries.add(f"{tenant}/slack", "delivered")
        metrics.propagation.observe(0.5, f"{tenant}/completions")
        metrics.vendor_latency.observe(0.1, f"{tenant}/slack", "chat.postMessage")
        metrics.client_duration.observe(0.1, f"{tenant}.example.edu", f"operation {number}", "POST", "200", "")
    metrics.outbox_depth.replace(((f"tenant{number}/slack", "waiting"), 1.0) for number in range(10_000))
    assert len(metrics.statements_accepted.points()) == TENANTS_MAX + 1
    assert metrics.statements_accepted.value(OTHER) == 10_000 - TENANTS_MAX
    assert metrics.outbox_depth.value(OTHER, "waiting") == 10_000 - PLACES_MAX
    for family in metrics.families():
        assert len(family.points()) <= family.definition.series_max + 1
        for position, label in enumerate(family.definition.labels):
            values = {labels[position] for labels, _ in family.points()}
            assert len(values) <= (len(label.values) or label.values_max) + 1, (family.name, label.name)
    assert len(metrics.text()) < 12_000_000
    folded = dict(metrics.samples_folded.points())
    assert folded["lmsyncd_propagation_seconds",] == 10_000 - PROPAGATION.series_max


def test_a_wrong_number_of_labels_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="labels"):
        Counter(defined("counter", LANE, Label("state", values_max=3))).add("acme/slack")


def test_a_gauge_that_follows_asks_when_it_is_read() -> None:
    depth = {"root": 1.0}
    gauge = Gauge(defined("gauge", Label("actor", values_max=9)))
    gauge.follow(lambda: [((actor,), value) for actor, value in depth.items()])
    assert 'lmsyncd_x{actor="root"} 1' in page([gauge], open_metrics=False)
    depth["root"] = 5.0
    assert gauge.value("root") == 5.0


def test_the_last_trace_of_each_bucket_is_its_example() -> None:
    histogram = Histogram(PROPAGATION)
    first, second, slow = root(1.0), root(1.0), root(1.0)
    for value, trace in ((0.02, first), (0.021, second), (400.0, slow), (0.022, None)):
        histogram.observe(value, "acme/completions", trace=trace)
    [(_, buckets)] = histogram.points()
    kept = [each for each in buckets.exemplars if each is not None]
    assert [(each.value, each.trace_id) for each in kept] == [(0.021, second.trace_id), (400.0, slow.trace_id)]
    assert buckets.total == 4
