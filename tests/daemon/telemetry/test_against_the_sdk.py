"""OpenTelemetry's SDK and OTLP exporter are given what we are given, and what they write is what we write.

Where it is not, the difference is stated here (``as_it_should_be`` and the tests at the end), with its reason.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from deliveries import NOW_US, a_delivery
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status as ToldStatus
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import IdGenerator, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context
from otlp_receiver import http_collector

from actors.domain.flow import Lost, Response
from actors.ports import Routed, RoutedCount
from config.model import Telemetry as Words
from daemon.release import installed_version
from daemon.telemetry import open_telemetry
from daemon.telemetry.otlp_logs import Line, LogSender
from daemon.telemetry.otlp_spans import SpanSender
from daemon.telemetry.redaction import Redactor
from daemon.telemetry.spans import Kind, Span, Status
from daemon.telemetry.trace_context import TraceContext
from daemon.telemetry.tracing import LINKS_MAX

RESOURCE = {"service.name": "lmsyncd", "service.version": "1.2.3", "service.instance.id": "nämlich"}
"""A ``Resource.create`` of the SDK's adds who made it (``telemetry.sdk.*``): we are none."""
SCOPE = ("lmsyncd", installed_version())
AT_US_MAX = 2**63 // 1000 - 1
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
KINDS = {Kind.INTERNAL: SpanKind.INTERNAL, Kind.SERVER: SpanKind.SERVER, Kind.CLIENT: SpanKind.CLIENT}
CODES = {status: trace.StatusCode(status.value) for status in Status}
SEVERITIES = {
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warning": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
whole = st.integers(-(2**63), 2**63 - 1)
finite = st.floats(allow_nan=False, allow_infinity=False)
values = st.one_of(texts, st.booleans(), whole, finite)
trace_ids = st.integers(1, 2**128 - 1).map(lambda number: f"{number:032x}")
span_ids = st.integers(1, 2**64 - 1).map(lambda number: f"{number:016x}")
contexts = st.builds(TraceContext, trace_id=trace_ids, span_id=span_ids, sampled=st.just(True), remote=st.booleans())
instants = st.integers(1, AT_US_MAX)


class Nowhere:
    """A ``Way``: nothing is sent."""

    def post(self, body: bytes, timeout_s: float) -> Any:
        raise AssertionError("nothing is to be sent")

    def close(self) -> None:
        """Nothing is open."""


class Given(IdGenerator):
    """The ids of the span that is made next."""

    def __init__(self) -> None:
        self.next = TraceContext("", "", True)

    def generate_span_id(self) -> int:
        return int(self.next.span_id, 16)

    def generate_trace_id(self) -> int:
        return int(self.next.trace_id, 16)


class Judge:
    """The SDK with its exporter, as they come."""

    def __init__(self) -> None:
        self._ids = Given()
        self._made = InMemorySpanExporter()
        provider = TracerProvider(resource=Resource(RESOURCE), id_generator=self._ids, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._made))
        self._tracer = provider.get_tracer(*SCOPE)

    def spans(self, told: Iterable[Span]) -> ExportTraceServiceRequest:
        self._made.clear()
        for span in told:
            self._ids.next = span.context
            parent = None
            if span.parent_id:
                above = TraceContext(span.context.trace_id, span.parent_id, True, span.remote)
                parent = set_span_in_context(NonRecordingSpan(_context(above)))
            made = self._tracer.start_span(
                span.name,
                context=parent if parent is not None else trace.context_api.Context(),
                kind=KINDS[span.kind],
                attributes=span.attributes,
                links=[Link(_context(link)) for link in span.links],
                start_time=span.start_us * 1000,
            )
            if span.status:
                made.set_status(CODES[span.status], span.message or None)
            made.end(span.end_us * 1000)
        return as_it_should_be(encode_spans(self._made.get_finished_spans()))


def as_it_should_be(request: ExportTraceServiceRequest) -> ExportTraceServiceRequest:
    """The protocol wants the flags of W3C in the lowest byte of ``flags``: the exporter leaves them out. It writes a
    status that says nothing, too, which is one that is not there."""
    for of_us in request.resource_spans:
        for scope in of_us.scope_spans:
            for span in scope.spans:
                span.flags |= TraceFlags.SAMPLED
                if span.status == ToldStatus():
                    span.ClearField("status")
                for link in span.links:
                    link.flags |= TraceFlags.SAMPLED
    return request


def _context(context: TraceContext) -> SpanContext:
    return SpanContext(int(context.trace_id, 16), int(context.span_id, 16), context.remote, SAMPLED)


def ours(told: Sequence[Span]) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(SpanSender(Nowhere(), RESOURCE, Redactor(frozenset)).encode(told))


JUDGE = Judge()


@st.composite
def spans(draw: st.DrawFn) -> Span:
    status = draw(st.sampled_from(Status))
    parent = draw(st.just("") | span_ids)
    start_us = draw(instants)
    return Span(
        name=draw(names),
        context=draw(contexts),
        parent_id=parent,
        remote=bool(parent) and draw(st.booleans()),
        kind=draw(st.sampled_from(Kind)),
        start_us=start_us,
        end_us=draw(st.integers(start_us, AT_US_MAX)),
        attributes=draw(st.dictionaries(names, values, max_size=6)),
        status=status,
        message=draw(texts) if status is Status.ERROR else "",  # another's has no text, here and there
        links=draw(st.lists(contexts, max_size=3)),
    )


@given(st.lists(spans(), min_size=1, max_size=3))
def test_spans(told: list[Span]) -> None:
    assert ours(told) == JUDGE.spans(told)


def test_as_many_links_as_the_sdk_keeps() -> None:
    assert TracerProvider(shutdown_on_exit=False)._span_limits.max_links == LINKS_MAX


json_values = st.recursive(
    st.none() | values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
).filter(lambda value: _depth(value) <= 5)
fields = st.dictionaries(names.map(lambda name: f"x_{name}"), json_values, max_size=5)


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def judged(
    at_us: int, level: str, event: str, summary: str, attributes: Mapping[str, Any], place: TraceContext | None
) -> ExportLogsServiceRequest:
    within = None if place is None else set_span_in_context(NonRecordingSpan(_context(place)))
    record = LogRecord(
        timestamp=at_us * 1000,
        observed_timestamp=at_us * 1000,
        context=within if within is not None else trace.context_api.Context(),
        severity_number=SEVERITIES[level],
        severity_text=level.upper(),
        body=f"{event}{summary}",
        attributes=attributes,
        event_name=event,
    )
    return encode_logs([ReadableLogRecord(record, Resource(RESOURCE), InstrumentationScope(*SCOPE))])


@given(instants, st.sampled_from(list(SEVERITIES)), names.filter(str.strip), fields, st.none() | contexts)
def test_log_records(at_us: int, level: str, event: str, told: dict[str, Any], place: TraceContext | None) -> None:
    event = event.strip()
    ids = {} if place is None else {"trace_id": place.trace_id, "span_id": place.span_id}
    line = {"time": "2027-01-01T00:00:00.000Z", "level": level, "event": event, "lane": "a/b", **ids, **told}
    attributes = {"lmsyncd.lane": "a/b"} | {f"lmsyncd.{name}": value for name, value in told.items()}
    sent = LogSender(Nowhere(), RESOURCE).encode([Line(at_us, json.dumps(line).encode())])
    assert ExportLogsServiceRequest.FromString(sent) == judged(at_us, level, event, " lane=a/b", attributes, place)


def test_an_exception_goes_by_the_names_of_the_conventions() -> None:
    line = {"level": "warning", "event": "x", "error": "ValueError: odd", "traceback": "Traceback …"}
    sent = LogSender(Nowhere(), RESOURCE).encode([Line(NOW_US, json.dumps(line).encode())])
    attributes = {"exception.message": "ValueError: odd", "exception.stacktrace": "Traceback …"}
    expected = judged(NOW_US, "warning", "x", " error=ValueError: odd", attributes, None)
    assert ExportLogsServiceRequest.FromString(sent) == expected


def test_what_a_day_brings_is_what_the_sdk_would_have_sent() -> None:
    """A request, its delivery that fails and one that arrives, and the routing: read back, made anew by the SDK."""
    with http_collector() as collector:
        telemetry = open_telemetry(
            Words(otlp_endpoint=collector.endpoint, otlp_signals=("traces",), log_level="error"),
            reveal=lambda _: "",
            redact=frozenset,
        )
        incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        with telemetry.request_span("BREW", "/t/{tenant}/xapi/statements", {"traceparent": incoming}) as request:
            request.set(tenant="acme", statements=2, fresh=True)
        for status, state in ((503, "parked"), (200, "delivered")):
            with telemetry.witness.attempt(a_delivery(traceparent=request.traceparent), "send") as view:
                view.exchanged("users.lookupByEmail", Lost("reset"), 0.1)
                view.exchanged("chat.postMessage", Response(status=status), 0.25)
                view.concluded("x", "ümlaut", {"x-slack-req-id": "r1"}, state)
        accepted = {"correlation_id": "c", "accepted_us": NOW_US, "change": None, "reason": "no_route"}
        batch = [Routed(seq=1, statement_id="s", traceparent=request.traceparent, **accepted)]
        telemetry.witness.routed("acme", batch, RoutedCount())
        telemetry.close(10.0)
        [of_us] = collector.batch().resource_spans
    sent = of_us.scope_spans[0].spans
    assert len(sent) == 8
    remade = JUDGE.spans(_read(span) for span in sent).resource_spans[0].scope_spans[0].spans
    assert list(remade) == list(sent)
    by_name = {span.name: span for span in sent}
    assert by_name["HTTP /t/{tenant}/xapi/statements"].flags == 0x301, "below a parent from elsewhere"
    assert by_name["chat.postMessage"].flags == 0x101
    told = {pair.key: pair.value for pair in by_name["HTTP /t/{tenant}/xapi/statements"].attributes}
    assert told["http.request.method"].string_value == "_OTHER"
    assert told["http.request.method_original"].string_value == "BREW"
    assert "http.response.status_code" not in told, "there was no answer"


def _read(told: Any) -> Span:
    def context(of: Any) -> TraceContext:
        return TraceContext(of.trace_id.hex(), of.span_id.hex(), bool(of.flags & 1), bool(of.flags & 0x200))

    return Span(
        name=told.name,
        context=context(told),
        parent_id=told.parent_span_id.hex(),
        remote=bool(told.flags & 0x200),
        kind=Kind(told.kind),
        start_us=told.start_time_unix_nano // 1000,
        end_us=told.end_time_unix_nano // 1000,
        attributes={pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in told.attributes},
        status=Status(told.status.code),
        message=told.status.message,
        links=[context(link) for link in told.links],
    )


@pytest.mark.parametrize(
    ("value", "ours_says"),
    [(2**63, str(2**63)), ("half \ud800", "half ?")],
    ids=["a number that OTLP has no room for", "a text that is none"],
)
def test_what_the_sdk_leaves_out_is_told_as_text(value: object, ours_says: str) -> None:
    span = Span(
        name="x",
        context=TraceContext("1" * 32, "2" * 16, True),
        parent_id="",
        kind=Kind.INTERNAL,
        start_us=1,
        end_us=2,
        attributes={"a": value},  # type: ignore[dict-item]  # what nobody should
    )
    [mine], [theirs] = (made.resource_spans[0].scope_spans[0].spans for made in (ours([span]), JUDGE.spans([span])))
    assert (mine.attributes[0].value.string_value, list(theirs.attributes)) == (ours_says, [])


def test_what_lies_deep_is_told_as_text() -> None:
    """The SDK nests as deep as it is given; somebody else's JSON is not to fill a collector's stack."""
    deep: Any = "core"
    for _ in range(7):
        deep = [deep]
    line = json.dumps({"level": "info", "event": "x", "deep": deep}).encode()
    [record] = (
        ExportLogsServiceRequest.FromString(LogSender(Nowhere(), RESOURCE).encode([Line(NOW_US, line)]))
        .resource_logs[0]
        .scope_logs[0]
        .log_records
    )
    value = record.attributes[0].value
    for _ in range(5):
        [value] = value.array_value.values
    assert value.string_value == "[['core']]"
