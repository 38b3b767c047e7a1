"""Metrics and logs to real receivers, beside the traces."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from deliveries import a_delivery
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from otlp_receiver import Collector, attributes, grpc_collector, http_collector

from actors.domain.flow import Response
from config.model import Telemetry as Words
from daemon.telemetry import Telemetry, open_telemetry

SECRET = "xoxb-canary-0123456789"


@pytest.fixture(params=[("http", http_collector), ("grpc", grpc_collector)], ids=["http", "grpc"])
def words(request: pytest.FixtureRequest) -> Iterator[tuple[Words, Collector]]:
    protocol: str
    opened: Callable[[], AbstractContextManager[Collector]]
    protocol, opened = request.param
    with opened() as collector:
        yield Words(otlp_endpoint=collector.endpoint, otlp_protocol=protocol), collector  # type: ignore[arg-type]  # one


@pytest.fixture
def log_fd(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    yield fd
    os.close(fd)


def opened(words: Words, log_fd: int) -> Telemetry:
    known = frozenset({SECRET})
    return open_telemetry(words, reveal=lambda _: "", redact=lambda: known, instance="test", log_fd=log_fd)


def delivered(telemetry: Telemetry, **more: Any) -> str:
    """One delivery that arrived; its trace."""
    with telemetry.witness.attempt(a_delivery(traceparent="", **more), "send") as view:
        view.exchanged("chat.postMessage", Response(status=200), 0.03)
        view.concluded("delivered", "", {}, "delivered")
    return view.trace_id


def series(metric: Any) -> list[Any]:
    return list(getattr(metric, metric.WhichOneof("data")).data_points)


def test_metrics_arrive_cumulative_with_examples(words: tuple[Words, Collector], log_fd: int) -> None:
    configured, collector = words
    began_ns = time.time_ns()
    telemetry = opened(configured, log_fd)
    trace_ids = {delivered(telemetry) for _ in range(3)}
    telemetry.metrics.outbox_oldest_age.set(7.5, "acme/slack")
    telemetry.metrics.outbox_depth.set(4, "acme/slack", "waiting")
    telemetry.close(10.0)
    metrics = collector.metrics()

    latency = metrics["lmsyncd.vendor.latency"]
    assert (latency.unit, latency.description) == ("s", "A vendor's answer to a delivery's request.")
    assert latency.histogram.aggregation_temporality == 2
    [point] = series(latency)
    assert attributes(point) == {"lane": "acme/slack", "operation": "chat.postMessage"}
    assert (point.count, sum(point.bucket_counts)) == (3, 3)
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert point.sum == pytest.approx(0.09)
    assert began_ns <= point.start_time_unix_nano < point.time_unix_nano
    [example] = point.exemplars
    assert example.trace_id.hex() in trace_ids
    assert example.as_double == pytest.approx(0.03)
    spans = {span.span_id: span for span in collector.every_span()}
    assert spans[example.span_id].name == "delivery.attempt"

    deliveries = metrics["lmsyncd.deliveries"]
    assert deliveries.sum.is_monotonic
    assert [(attributes(each)["state"], each.as_double) for each in series(deliveries)] == [("delivered", 3.0)]
    depth = metrics["lmsyncd.outbox.depth"]
    assert (depth.sum.is_monotonic, depth.unit) == (False, "{delivery}")
    [age] = series(metrics["lmsyncd.outbox.oldest_age"])
    assert (age.as_double, age.start_time_unix_nano) == (7.5, 0)
    assert series(metrics["process.memory.usage"])[0].as_double > 10_000_000
    assert "lmsyncd.retries" not in metrics, "what was never counted is not told"


def test_logs_arrive_with_their_place_in_the_trace(words: tuple[Words, Collector], log_fd: int) -> None:
    configured, collector = words
    telemetry = opened(configured, log_fd)
    trace_id = delivered(telemetry)
    telemetry.witness.trouble("courier.fault", ValueError("odd"), lane="acme/slack", sizes={"a": [1, 2.5, None, True]})
    telemetry.close(10.0)
    line, trouble = collector.log_records()
    [attempt] = [span for span in collector.every_span() if span.name == "delivery.attempt"]
    assert (line.trace_id.hex(), line.span_id) == (trace_id, attempt.span_id)
    assert (line.event_name, line.severity_text, line.severity_number) == ("delivery.attempted", "INFO", 9)
    assert line.body.string_value.startswith("delivery.attempted lane=acme/slack")
    told = attributes(line)
    assert told["lmsyncd.verdict"] == "delivered"
    assert not {"lmsyncd.trace_id", "lmsyncd.span_id", "lmsyncd.time"} & told.keys()
    assert (trouble.severity_text, trouble.severity_number) == ("WARNING", 13)
    told = attributes(trouble)
    assert told["exception.message"] == "ValueError: odd"
    assert "ValueError" in str(told["exception.stacktrace"])
    [sizes] = [pair.value for pair in trouble.attributes if pair.key == "lmsyncd.sizes"]
    [inner] = [pair.value.array_value.values for pair in sizes.kvlist_value.values]
    assert [each.WhichOneof("value") for each in inner] == ["int_value", "double_value", None, "bool_value"]
    assert trouble.trace_id == b""


def test_lines_and_records_say_the_same(words: tuple[Words, Collector], log_fd: int, tmp_path: Path) -> None:
    configured, collector = words
    telemetry = opened(configured, log_fd)
    telemetry.witness.event("lane.outage", lane="acme/slack", detail="ümlaut")
    telemetry.close(10.0)
    [line] = [json.loads(each) for each in (tmp_path / "log").read_text().splitlines()]
    [record] = collector.log_records()
    assert record.event_name == line["event"]
    assert attributes(record) == {"lmsyncd.lane": line["lane"], "lmsyncd.detail": line["detail"]}


def test_no_canary_in_any_signal(words: tuple[Words, Collector], log_fd: int) -> None:
    configured, collector = words
    telemetry = opened(configured, log_fd)
    with telemetry.witness.attempt(a_delivery(destination=f"hook {SECRET}"), "send") as view:
        view.exchanged(f"post {SECRET}", Response(status=200), 0.1)
        view.concluded("refused", f"no {SECRET}", {"request-id": SECRET}, "dead", "payload_refused")
    telemetry.witness.event(f"x.{SECRET}", **{SECRET: {"deep": [f"<{SECRET}>", f"\ud800{SECRET}"]}})
    telemetry.metrics.dead.add("acme/slack", SECRET)
    telemetry.metrics.attempts.add("acme/slack", f"v {SECRET}")
    telemetry.close(10.0)
    collector.batch("traces"), collector.batch("metrics"), collector.batch("logs")
    assert SECRET.encode() not in collector.everything
    assert b"hook ***" in collector.everything


def test_only_what_is_wanted_is_sent(log_fd: int) -> None:
    with http_collector() as collector:
        telemetry = opened(Words(otlp_endpoint=collector.endpoint + "/v1/logs", otlp_signals=("logs",)), log_fd)
        assert not telemetry.tracer.on
        delivered(telemetry)
        telemetry.close(10.0)
        [record] = collector.log_records()
    assert record.span_id == b""
    assert dict(telemetry.metrics.telemetry_dropped.points()) == {("logs",): 0.0}


def test_a_collector_that_takes_traces_alone_costs_the_traces_nothing(log_fd: int, tmp_path: Path) -> None:
    with http_collector() as collector:
        collector.status, collector.refused = 404, frozenset({"/v1/metrics", "/v1/logs"})
        telemetry = opened(Words(otlp_endpoint=collector.endpoint), log_fd)
        delivered(telemetry)
        telemetry.close(10.0)
        assert {span.name for span in collector.every_span()} == {"delivery.attempt", "chat.postMessage"}
    dropped = dict(telemetry.metrics.telemetry_dropped.points())
    assert (dropped["traces",], dropped["metrics",]) == (0, 1)
    assert dropped["logs",] >= 1


def test_what_the_collector_rejects_of_a_batch_is_counted(words: tuple[Words, Collector], log_fd: int) -> None:
    configured, collector = words
    answer = ExportLogsServiceResponse()
    answer.partial_success.rejected_log_records = 2
    collector.answer = answer.SerializeToString()
    telemetry = opened(configured, log_fd)
    for number in range(5):
        telemetry.witness.event("lane.outage", number=number)
    telemetry.close(10.0)
    assert telemetry.metrics.telemetry_dropped.value("logs") == 2
