"""What is written by hand reads as OpenTelemetry's own messages, filled field by field, would."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from daemon.telemetry import otlp_values
from daemon.telemetry.otlp_logs import Line, LogSender
from daemon.telemetry.otlp_spans import SpanSender
from daemon.telemetry.redaction import Redactor
from daemon.telemetry.spans import Kind, Span, Status
from daemon.telemetry.trace_context import TraceContext
from daemon.telemetry.wire import varint

US_MAX = 2**64 // 1000 - 1

ids = st.builds(
    TraceContext,
    trace_id=st.binary(min_size=16, max_size=16).map(bytes.hex),
    span_id=st.binary(min_size=8, max_size=8).map(bytes.hex),
    sampled=st.booleans(),
    remote=st.booleans(),
)
texts = st.text(max_size=300)
values = st.one_of(texts, st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
spans = st.builds(
    Span,
    name=texts,
    context=ids,
    remote=st.booleans(),
    parent_id=st.one_of(st.just(""), st.binary(min_size=8, max_size=8).map(bytes.hex)),
    kind=st.sampled_from(Kind),
    start_us=st.integers(0, US_MAX),
    end_us=st.integers(0, US_MAX),
    attributes=st.dictionaries(texts.filter(str.isprintable), values, max_size=8),
    status=st.sampled_from(Status),
    message=texts,
    links=st.lists(ids, max_size=3),
)


class Nowhere:
    """A ``Way`` that is not gone."""

    def post(self, body: bytes, timeout_s: float) -> Any:
        raise AssertionError("nothing is to be sent")

    def close(self) -> None:
        """Nothing is open."""


@given(st.lists(spans, max_size=4))
def test_spans(told: list[Span]) -> None:
    sender = SpanSender(Nowhere(), {"service.name": "lmsyncd"}, Redactor(frozenset))
    [of_us] = ExportTraceServiceRequest.FromString(sender.encode(told)).resource_spans
    assert [(pair.key, pair.value.string_value) for pair in of_us.resource.attributes] == [("service.name", "lmsyncd")]
    [scoped] = of_us.scope_spans
    assert scoped.scope.name == "lmsyncd"
    assert len(scoped.spans) == len(told)
    for made, span in zip(scoped.spans, told, strict=True):
        assert (made.trace_id.hex(), made.span_id.hex()) == (span.context.trace_id, span.context.span_id)
        assert (made.parent_span_id.hex(), made.flags) == (span.parent_id, flags(span.context.sampled, span.remote))
        assert (made.name, made.kind) == (span.name, span.kind)
        assert (made.start_time_unix_nano, made.end_time_unix_nano) == (span.start_us * 1000, span.end_us * 1000)
        assert list(made.attributes) == pairs(span.attributes)
        assert [(link.trace_id.hex(), link.span_id.hex(), link.flags) for link in made.links] == [
            (link.trace_id, link.span_id, flags(link.sampled, link.remote)) for link in span.links
        ]
        assert made.status.code == span.status
        assert made.status.message == (span.message if span.status else "")


def flags(sampled: bool, remote: bool) -> int:
    """As the specification counts them: W3C's bit, "it is known whether it is remote", and whether it is."""
    return sampled | 0x100 | remote * 0x200


nested = st.recursive(
    st.one_of(st.none(), values), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
fields = st.dictionaries(
    st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=30).map(lambda name: f"x{name}"),
    nested,
    max_size=6,
)


@given(st.integers(0, US_MAX), st.sampled_from(["debug", "info", "warning", "error"]), texts, fields, ids)
def test_log_records(at_us: int, level: str, event: str, said: dict[str, Any], context: TraceContext) -> None:
    placed = {"trace_id": context.trace_id, "span_id": context.span_id}
    line = json.dumps({"time": "now", "level": level, "event": event, **placed, **said}).encode()
    sent = LogSender(Nowhere(), {"service.name": "lmsyncd"}).encode([Line(at_us, line)])
    [record] = ExportLogsServiceRequest.FromString(sent).resource_logs[0].scope_logs[0].log_records
    assert record.time_unix_nano == record.observed_time_unix_nano == at_us * 1000
    assert record.severity_text == level.upper()
    assert (record.event_name, record.body.string_value) == (event, event.rstrip())
    assert (record.trace_id.hex(), record.span_id.hex()) == (context.trace_id, context.span_id)
    assert list(record.attributes) == pairs({f"lmsyncd.{name}": value for name, value in json.loads(line).items()}, 5)


def pairs(attributes: dict[str, Any] | Any, skipped: int = 0) -> list[KeyValue]:
    """OpenTelemetry's own, filled one by one."""
    made = []
    for key, value in list(attributes.items())[skipped:]:
        pair = KeyValue(key=key)
        pair.value.SetInParent()
        otlp_values.fill(pair.value, value)
        made.append(pair)
    return made


@given(st.integers(0, 2**64 - 1))
def test_numbers_of_any_size(number: int) -> None:
    at, value = 0, 0
    for at, byte in enumerate(varint(number)):
        value |= (byte & 127) << 7 * at
    assert value == number
    assert varint(number)[at] < 128
