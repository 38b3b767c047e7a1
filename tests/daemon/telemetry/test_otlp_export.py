"""Against real receivers."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from deliveries import NOW_US, a_delivery
from otlp_receiver import Collector, attributes, grpc_collector, http_collector

from actors.domain.changes import CourseCompleted
from actors.domain.flow import Lost, Response
from actors.ports import Routed, RoutedCount
from config.model import Secret
from config.model import Telemetry as Words
from daemon.telemetry import Telemetry, open_telemetry
from daemon.telemetry.spans import Kind
from daemon.telemetry.trace_context import parse

SECRET = "xoxb-canary-0123456789"
INCOMING = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(params=[("http", http_collector), ("grpc", grpc_collector)], ids=["http", "grpc"])
def words(request: pytest.FixtureRequest) -> Iterator[tuple[Words, Collector]]:
    protocol: str
    opened: Callable[[], AbstractContextManager[Collector]]
    protocol, opened = request.param
    with opened() as collector:
        yield (
            Words(
                otlp_endpoint=collector.endpoint,
                otlp_protocol=protocol,  # type: ignore[arg-type]  # one of the two
                otlp_headers={"X-Api-Key": Secret(env="KEY")},
                log_level="error",
            ),
            collector,
        )


def opened(words: Words) -> Telemetry:
    known = frozenset({SECRET})
    return open_telemetry(words, reveal=lambda _: "revealed", redact=lambda: known, instance="test")


def test_one_trace_from_the_request_to_the_receipt_across_two_processes(words: tuple[Words, Collector]) -> None:
    configured, collector = words
    first = opened(configured)
    with first.request_span("POST", "/t/{tenant}/xapi/statements", {"traceparent": INCOMING}) as request:
        request.set(tenant="acme", statements=50)
        request.status = 200
    first.close(10.0)
    server = collector.spans()["POST /t/{tenant}/xapi/statements"]
    assert server.kind == Kind.SERVER
    assert server.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert server.parent_span_id.hex() == "b7ad6b7169203331"
    assert attributes(server)["lmsyncd.statements"] == 50
    assert collector.headers["x-api-key"] == "revealed"

    second = opened(configured)
    with second.witness.attempt(a_delivery(traceparent=request.traceparent), "send") as view:
        view.exchanged("chat.postMessage", Response(status=200), 0.25)
        view.concluded("delivered", "", {"x-slack-req-id": "r1"}, "delivered")
    second.close(10.0)
    spans = collector.spans()
    attempt, call = spans["delivery.attempt"], spans["chat.postMessage"]
    assert {attempt.trace_id, call.trace_id} == {server.trace_id}
    assert view.trace_id == server.trace_id.hex()
    assert attempt.parent_span_id == server.span_id
    assert call.parent_span_id == attempt.span_id
    assert call.kind == Kind.CLIENT
    assert call.end_time_unix_nano - call.start_time_unix_nano == 250_000_000
    told = attributes(attempt)
    assert told["lmsyncd.delivery_id"] == "d" * 32
    assert told["lmsyncd.correlation_id"] == "correlation-7"
    assert told["lmsyncd.vendor.x-slack-req-id"] == "r1"
    assert told["lmsyncd.verdict"] == "delivered"


def test_a_routed_batch_links_to_the_requests_that_brought_it(words: tuple[Words, Collector]) -> None:
    configured, collector = words
    telemetry = opened(configured)
    change = a_delivery().change
    assert isinstance(change, CourseCompleted)
    batch = [
        Routed(
            seq=number,
            statement_id=f"s{number}",
            correlation_id="c",
            traceparent=traceparent,
            accepted_us=NOW_US,
            change=change,
            reason="no_route: nobody asks",
        )
        for number, traceparent in enumerate([INCOMING, INCOMING, INCOMING.replace("b7ad", "aaaa"), "garbled"])
    ]
    telemetry.witness.routed("acme", batch, RoutedCount(deliveries={"slack": 2}, repeated=1))
    telemetry.close(10.0)
    span = collector.spans()["statements.routed"]
    assert [link.span_id.hex() for link in span.links] == ["b7ad6b7169203331", "aaaa6b7169203331"]
    assert span.trace_id.hex() != parse(INCOMING).trace_id  # type: ignore[union-attr]  # it is one
    assert attributes(span)["lmsyncd.deliveries"] == 2


def test_a_canary_never_reaches_the_collector(words: tuple[Words, Collector]) -> None:
    configured, collector = words
    telemetry = opened(configured)
    with telemetry.witness.attempt(a_delivery(destination=f"hook {SECRET}"), "send") as view:
        view.exchanged(f"post {SECRET}", Lost(f"reset {SECRET}"), 0.1)
        view.concluded("refused", f"no {SECRET}", {"request-id": SECRET}, "dead", "payload_refused")
    telemetry.close(10.0)
    batch = collector.batch()
    assert SECRET.encode() not in batch.SerializeToString()
    spans = {span.name: span for span in batch.resource_spans[0].scope_spans[0].spans}
    assert attributes(spans["delivery.attempt"])["lmsyncd.destination"] == "hook ***"
    assert spans["post ***"].status.message == "lost: reset ***"


def test_the_resource_says_who_we_are(words: tuple[Words, Collector]) -> None:
    configured, collector = words
    telemetry = opened(configured)
    with telemetry.request_span("GET", "/healthz", {}) as request:
        request.status = 200
    telemetry.close(10.0)
    resource = {pair.key: pair.value.string_value for pair in collector.batch().resource_spans[0].resource.attributes}
    assert resource["service.name"] == "lmsyncd"
    assert resource["service.instance.id"] == "test"
    assert resource["service.version"]


def test_what_the_caller_does_not_sample_is_not_sent(words: tuple[Words, Collector]) -> None:
    configured, collector = words
    telemetry = opened(configured)
    unsampled = INCOMING[:-2] + "00"
    with telemetry.request_span("POST", "/unsampled", {"traceparent": unsampled}) as request:
        request.status = 200
    with telemetry.request_span("POST", "/sampled", {}):
        pass
    telemetry.close(10.0)
    assert set(collector.spans()) == {"POST /sampled"}
    assert request.traceparent.endswith("-00")
    assert request.trace_id == parse(INCOMING).trace_id  # type: ignore[union-attr]  # it is one


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("listening", [True, False], ids=["silent", "closed"])
def test_a_dead_collector_costs_only_spans(protocol: str, listening: bool) -> None:
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        if listening:
            dead.listen(1)  # takes the connection and never says a word
        endpoint = f"http://127.0.0.1:{dead.getsockname()[1]}"
        telemetry = opened(Words(otlp_endpoint=endpoint, otlp_protocol=protocol, log_level="error"))  # type: ignore[arg-type]
        for _ in range(100):
            with telemetry.request_span("POST", "/x", {}) as request:
                request.status = 200
        telemetry.close(0.5)
        assert telemetry.metrics.telemetry_dropped.value("traces") == 100


def test_a_collector_that_refuses_is_told_of_once() -> None:
    with http_collector() as collector:
        collector.status = 400
        telemetry = opened(Words(otlp_endpoint=collector.endpoint, log_level="error"))
        with telemetry.request_span("POST", "/x", {}):
            pass
        telemetry.close(10.0)
    assert telemetry.metrics.telemetry_dropped.value("traces") == 1


def test_without_an_endpoint_the_callers_trace_goes_on() -> None:
    telemetry = opened(Words(log_level="error"))
    with telemetry.request_span("POST", "/x", {"traceparent": INCOMING}) as request:
        request.status = 200
    assert request.traceparent == INCOMING
    with telemetry.request_span("POST", "/x", {}) as fresh:
        fresh.status = 200
    assert fresh.traceparent.endswith("-00")
    telemetry.close(10.0)
