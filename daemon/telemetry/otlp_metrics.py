"""Metrics as OTLP: everything there is, cumulative since the process began, sent now and then by a thread of its own.

Nothing is queued: a push that does not get away is made up for by the next one, and only counted.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from daemon.telemetry.definitions import Definition
from daemon.telemetry.otlp import Way
from daemon.telemetry.otlp_values import describe, put, scope
from daemon.telemetry.pipe import COMPLAIN_EVERY_S, SEND_S_MAX, Sent
from daemon.telemetry.registry import Counter, Exemplar, Gauge, Histogram, Labels, Metric

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


class MetricPush:
    """Sends every ``every_s`` seconds, and once more at the end. ``dropped`` counts what did not get away."""

    def __init__(
        self,
        metrics: Iterable[Metric],
        way: Way,
        resource: Mapping[str, str],
        complain: Callable[[str, int], None],
        *,
        every_s: float,
    ) -> None:
        self._metrics = tuple(metrics)
        self._way = way
        self._resource = resource
        self._complain = complain
        self._every_s = every_s
        self._began_ns = time.time_ns()
        self._ending = threading.Event()
        self._closing_at: float | None = None
        self._complained_at = -COMPLAIN_EVERY_S
        self.exported = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="lmsyncd-metrics", daemon=True)
        self._thread.start()

    def end(self, deadline_s: float) -> None:
        """Send once more, then no more: ``close`` waits for it."""
        if self._closing_at is None:
            self._closing_at = time.monotonic() + deadline_s
            self._ending.set()

    def close(self, deadline_s: float) -> None:
        """Send once more, but return after ``deadline_s`` whatever the collector does."""
        self.end(deadline_s)
        self._thread.join(deadline_s)

    def _run(self) -> None:
        while not self._ending.wait(self._every_s):
            self._push(SEND_S_MAX)
        left_s = 0.0 if self._closing_at is None else (self._closing_at - time.monotonic()) * 0.8
        self._push(max(0.05, min(SEND_S_MAX, left_s)))
        self._way.close()

    def _push(self, timeout_s: float) -> None:
        sent = self._send(timeout_s)
        if not sent.why:
            self.exported += 1
            return
        self.dropped += 1
        if time.monotonic() - self._complained_at >= COMPLAIN_EVERY_S:
            self._complained_at = time.monotonic()
            self._complain(sent.why, self.dropped)

    def _send(self, timeout_s: float) -> Sent:
        try:
            return self._way.post(encode(self._metrics, self._resource, self._began_ns, time.time_ns()), timeout_s)
        except Exception as error:  # noqa: BLE001  # what cannot be told is counted: the thread must go on
            return Sent(f"{type(error).__name__}: {error}")


def encode(metrics: Iterable[Metric], resource: Mapping[str, str], began_ns: int, now_ns: int) -> bytes:
    """A request with all of them; those without any series are left out."""
    request = ExportMetricsServiceRequest()
    of_us = request.resource_metrics.add()
    describe(of_us.resource, resource)
    told = of_us.scope_metrics.add()
    scope(told.scope)
    for metric in metrics:
        if points := metric.points():
            made = told.metrics.add()
            made.name = metric.definition.name
            made.unit = metric.definition.unit
            made.description = metric.definition.text
            _fill(made, metric, points, began_ns, now_ns)
    return bytes(request.SerializeToString())


def _fill(made: Any, metric: Metric, points: list[Any], began_ns: int, now_ns: int) -> None:
    definition = metric.definition
    match metric:
        case Histogram():
            made.histogram.aggregation_temporality = CUMULATIVE
            for labels, buckets in points:
                point = _point(made.histogram.data_points.add(), definition, labels, now_ns)
                point.start_time_unix_nano = began_ns
                point.explicit_bounds.extend(definition.bounds)
                point.bucket_counts.extend(buckets.counts)
                point.count = buckets.total
                point.sum = buckets.sum
                for one in buckets.exemplars:
                    if one is not None:
                        _exemplify(point.exemplars.add(), one)
        case Counter() | Gauge():
            if definition.kind == "gauge":
                series = made.gauge.data_points
            else:
                made.sum.aggregation_temporality = CUMULATIVE
                made.sum.is_monotonic = definition.kind == "counter"
                series = made.sum.data_points
            for labels, value in points:
                point = _point(series.add(), definition, labels, now_ns)
                point.as_double = value
                if definition.kind != "gauge":
                    point.start_time_unix_nano = began_ns


def _point(point: Any, definition: Definition, labels: Labels, now_ns: int) -> Any:
    """What is empty is not there."""
    point.time_unix_nano = now_ns
    for label, value in zip(definition.labels, labels, strict=True):
        if value:
            put(point.attributes.add(), label.name, value)
    return point


def _exemplify(made: Any, one: Exemplar) -> None:
    made.as_double = one.value
    made.time_unix_nano = int(one.at_s * 1e9)
    made.trace_id = bytes.fromhex(one.trace_id)
    made.span_id = bytes.fromhex(one.span_id)
