"""OpenTelemetry's SDK counts what we count, and its exporter writes of it what we write."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.metrics import Observation
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from daemon.release import installed_version
from daemon.telemetry.definitions import Definition, Label
from daemon.telemetry.otlp_metrics import encode
from daemon.telemetry.registry import Counter, Gauge, Histogram, Metric
from daemon.telemetry.trace_context import TraceContext

RESOURCE = {"service.name": "lmsyncd"}
BEGAN_NS, NOW_NS = 1_800_000_000_000_000_000, 1_800_000_060_000_000_000
LABELS = (Label("lane", values_max=50), Label("error.type", values_max=50))
COUNT = Definition(name="a.count", kind="counter", unit="{thing}", text="Things.", labels=LABELS)
THERE = Definition(name="a.there", kind="up_down", unit="By", text="What is there.", labels=LABELS)
AGE = Definition(name="an.age", kind="gauge", unit="s", text="How old.", labels=LABELS, fold="max")
TOOK = Definition(
    name="a.duration", kind="histogram", unit="s", text="How long.", labels=LABELS, bounds=(0.01, 0.25, 1.0, 30.0)
)

labels = st.tuples(st.sampled_from(["acme/slack", "ümlaut/teams"]), st.sampled_from(["", "503", "lost"]))
amounts = st.integers(0, 10**9).map(lambda number: number / 8)  # sums that do not depend on the order
places = st.builds(
    TraceContext,
    trace_id=st.integers(1, 2**128 - 1).map(lambda number: f"{number:032x}"),
    span_id=st.integers(1, 2**64 - 1).map(lambda number: f"{number:016x}"),
    sampled=st.just(True),
)
durations = st.sampled_from([0.0, 0.01, 0.011, 0.25, 0.5, 1.0, 29.0, 30.0, 31.0])


def attributes(told: tuple[str, str]) -> dict[str, str]:
    """A label that is empty is not there: so the conventions want it of an error's type."""
    return {label.name: value for label, value in zip(LABELS, told, strict=True) if value}


@given(
    st.lists(st.tuples(labels, amounts)),
    st.dictionaries(labels, amounts, max_size=4),
    st.dictionaries(labels, amounts, max_size=4),
    st.lists(st.tuples(labels, durations, st.none() | places)),
)
def test_metrics(counted: list[Any], there: dict[Any, float], ages: dict[Any, float], took: list[Any]) -> None:
    ours: list[Metric] = [Counter(COUNT), Gauge(THERE), Gauge(AGE), Histogram(TOOK)]
    ours[1].replace(there.items())  # type: ignore[union-attr]  # a gauge
    ours[2].replace(ages.items())  # type: ignore[union-attr]  # as well
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], Resource(RESOURCE), shutdown_on_exit=False)
    meter = provider.get_meter("lmsyncd", installed_version())
    count = meter.create_counter(COUNT.name, COUNT.unit, COUNT.text)
    meter.create_observable_up_down_counter(
        THERE.name, [lambda _: [Observation(value, attributes(to)) for to, value in there.items()]], "By", THERE.text
    )
    age = meter.create_gauge(AGE.name, AGE.unit, AGE.text)
    for to, value in counted:
        ours[0].add(*to, by=value)  # type: ignore[union-attr]  # a counter
        count.add(value, attributes(to), Context())
    for to, value in ages.items():
        age.set(value, attributes(to), Context())
    duration = meter.create_histogram(
        TOOK.name, TOOK.unit, TOOK.text, explicit_bucket_boundaries_advisory=list(TOOK.bounds)
    )
    for to, value, place in took:
        ours[3].observe(value, *to, trace=place)  # type: ignore[union-attr]  # a histogram
        duration.record(value, attributes(to), _within(place))
    read = reader.get_metrics_data()
    theirs = encode_metrics(read) if read is not None else None
    provider.shutdown()
    mine = ExportMetricsServiceRequest.FromString(encode(ours, RESOURCE, BEGAN_NS, NOW_NS))
    if theirs is None or not theirs.resource_metrics:
        assert not mine.resource_metrics[0].scope_metrics[0].metrics
        return
    assert _alike(mine, ours=True) == _alike(theirs, ours=False)


def _within(place: TraceContext | None) -> Context:
    if place is None:
        return Context()
    where = SpanContext(int(place.trace_id, 16), int(place.span_id, 16), False, TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(where), Context())


def _alike(request: ExportMetricsServiceRequest, *, ours: bool) -> ExportMetricsServiceRequest:
    """In one order, without what no two clocks agree on. Looked at, and then gone: the least and the greatest value of
    a histogram, which OTLP leaves open and we leave out. Since the process began they say little, Prometheus has no
    place for them, and they would cost two comparisons an observation."""
    [of_us] = request.resource_metrics
    [scope] = of_us.scope_metrics
    scope.metrics.sort(key=lambda metric: str(metric.name))
    for metric in scope.metrics:
        kind = metric.WhichOneof("data")
        points = getattr(metric, kind).data_points
        for point in points:
            assert bool(point.start_time_unix_nano) == (kind != "gauge"), "a gauge has no beginning"
            assert point.time_unix_nano > point.start_time_unix_nano
            point.start_time_unix_nano = point.time_unix_nano = 1
            point.attributes.sort(key=lambda pair: str(pair.key))
            if kind == "histogram":
                assert point.HasField("min") == point.HasField("max") == (not ours)
                point.ClearField("min")
                point.ClearField("max")
            for exemplar in point.exemplars:
                assert exemplar.time_unix_nano > 0
                exemplar.time_unix_nano = 1
                # The reservoir of the SDK keeps, beside those that were in a trace, whoever is not dropped by its
                # filter: with the usual one (``trace_based``) there are no others.
                assert len(exemplar.trace_id) == 16
        points.sort(key=lambda point: str(point.attributes))
    return request


def test_the_sdk_takes_no_example_from_outside_a_trace_either() -> None:
    """Ours stay until another falls into their bucket, the SDK's until they are told once: a push that is lost does not
    lose them."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], Resource(RESOURCE), shutdown_on_exit=False)
    histogram = provider.get_meter("lmsyncd").create_histogram("x")
    assert not trace.get_current_span().get_span_context().is_valid
    histogram.record(0.5)
    read = reader.get_metrics_data()
    provider.shutdown()
    assert read is not None
    [point] = encode_metrics(read).resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points
    assert (point.count, len(point.exemplars)) == (1, 0)
