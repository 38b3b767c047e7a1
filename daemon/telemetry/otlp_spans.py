"""Spans as OTLP, without secrets."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from daemon.telemetry.otlp import Way
from daemon.telemetry.otlp_values import clean, describe, put, scope
from daemon.telemetry.pipe import Sent
from daemon.telemetry.redaction import Redactor
from daemon.telemetry.spans import Span
from daemon.telemetry.trace_context import TraceContext

SAMPLED = 1


class SpanSender:
    """Implements ``pipe.Sender``."""

    def __init__(self, way: Way, resource: Mapping[str, str], redactor: Redactor) -> None:
        self._way = way
        self._resource = resource
        self._redactor = redactor

    def send(self, batch: Sequence[Span], timeout_s: float) -> Sent:
        body = self.encode(batch)
        if self._redactor.suspects(body):
            body = self.encode([self._redacted(span) for span in batch])
        return self._way.post(body, timeout_s)

    def close(self) -> None:
        self._way.close()

    def encode(self, batch: Sequence[Span]) -> bytes:
        request = ExportTraceServiceRequest()
        of_us = request.resource_spans.add()
        describe(of_us.resource, self._resource)
        told = of_us.scope_spans.add()
        scope(told.scope)
        for span in batch:
            _fill(told.spans.add(), span)
        return bytes(request.SerializeToString())

    def _redacted(self, span: Span) -> Span:
        clean = self._redactor.text
        attributes = {key: clean(value) if isinstance(value, str) else value for key, value in span.attributes.items()}
        return msgspec.structs.replace(span, name=clean(span.name), message=clean(span.message), attributes=attributes)


def _fill(made: Any, span: Span) -> None:
    _place(made, span.context)
    if span.parent_id:
        made.parent_span_id = bytes.fromhex(span.parent_id)
    made.name = clean(span.name)
    made.kind = int(span.kind)
    made.start_time_unix_nano = span.start_us * 1000
    made.end_time_unix_nano = span.end_us * 1000
    if span.status:
        made.status.code = int(span.status)
        made.status.message = clean(span.message)
    add = made.attributes.add
    for key, value in span.attributes.items():
        put(add(), key, value)
    for link in span.links:
        _place(made.links.add(), link)


def _place(made: Any, context: TraceContext) -> None:
    made.trace_id = bytes.fromhex(context.trace_id)
    made.span_id = bytes.fromhex(context.span_id)
    made.flags = SAMPLED if context.sampled else 0
