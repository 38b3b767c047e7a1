import pytest

from daemon.telemetry import registry
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.registry import Counter, Gauge, Histogram, exposition


def test_the_text_is_what_prometheus_reads() -> None:
    counter = Counter("c_total", "Things.", ("lane",))
    counter.add("acme/slack")
    counter.add('a"b\\c\nd', by=2.5)
    gauge = Gauge("g", "Level.")
    gauge.set(3)
    histogram = Histogram("h_seconds", "Waits.", ("route",), (0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value, "r")
    assert exposition([counter, gauge, histogram]) == (
        "# HELP c_total Things.\n"
        "# TYPE c_total counter\n"
        'c_total{lane="acme/slack"} 1\n'
        'c_total{lane="a\\"b\\\\c\\nd"} 2.5\n'
        "# HELP g Level.\n"
        "# TYPE g gauge\n"
        "g 3\n"
        "# HELP h_seconds Waits.\n"
        "# TYPE h_seconds histogram\n"
        'h_seconds_bucket{route="r",le="0.1"} 2\n'
        'h_seconds_bucket{route="r",le="1"} 3\n'
        'h_seconds_bucket{route="r",le="+Inf"} 4\n'
        'h_seconds_sum{route="r"} 7.65\n'
        'h_seconds_count{route="r"} 4\n'
    )


def test_labels_are_bounded_in_number_and_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SERIES_MAX", 3)
    counter = Counter("c_total", "Things.", ("reason",))
    for number in range(10):
        counter.add(f"reason {number}")
    assert counter.value("other") == 7
    assert counter.overflow == 7
    counter.add("reason 1")
    assert counter.value("reason 1") == 2
    wordy = Counter("w_total", "Things.", ("reason",))
    wordy.add("x" * 500)
    wordy.add("x" * 400)
    assert wordy.value("x" * registry.LABEL_CHARS_MAX) == 2


def test_a_wrong_number_of_labels_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="labels"):
        Counter("c_total", "Things.", ("lane", "state")).add("acme/slack")


def test_a_gauge_that_is_replaced_forgets() -> None:
    gauge = Gauge("g", "Depth.", ("lane",))
    gauge.replace([(("a",), 1.0), (("b",), 2.0)])
    gauge.replace([(("b",), 3.0)])
    assert (gauge.value("a"), gauge.value("b")) == (None, 3.0)


def test_a_gauge_that_follows_asks_when_it_is_read() -> None:
    depth = {"root": 1.0}
    gauge = Gauge("g", "Depth.", ("actor",))
    gauge.follow(lambda: [((actor,), value) for actor, value in depth.items()])
    assert 'g{actor="root"} 1' in exposition([gauge])
    depth["root"] = 5.0
    assert gauge.value("root") == 5.0


def test_every_metric_has_its_own_name_and_folded_samples_show() -> None:
    metrics = Metrics("1.2.3")
    names = [family.name for family in metrics.families()]
    assert len(names) == len(set(names))
    assert all(name.startswith("lmsyncd_") for name in names)
    assert 'lmsyncd_build_info{version="1.2.3"} 1' in metrics.text()
    metrics.retries.overflow = 4
    assert 'lmsyncd_metric_samples_folded_total{metric="lmsyncd_retries_total"} 4' in metrics.text()
