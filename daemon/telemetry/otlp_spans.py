"""Spans as OTLP, without secrets."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Told
from opentelemetry.proto.trace.v1.trace_pb2 import SpanFlags
from opentelemetry.proto.trace.v1.trace_pb2 import Status as ToldStatus

from daemon.telemetry.otlp import Way
from daemon.telemetry.otlp_values import clean
from daemon.telemetry.pipe import Sent
from daemon.telemetry.redaction import Redactor
from daemon.telemetry.spans import Kind, Span, Status
from daemon.telemetry.trace_context import TraceContext
from daemon.telemetry.wire import enveloped, fixed32, fixed64, put_pairs, sized, tags, varint

SAMPLED = 1
KNOWN, REMOTE = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK, SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK
"""That it is said where a parent, or a link, was read; and that it was not begun here."""


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
        return enveloped(self._resource, [_written(span) for span in batch])

    def _redacted(self, span: Span) -> Span:
        clean = self._redactor.text
        attributes = {key: clean(value) if isinstance(value, str) else value for key, value in span.attributes.items()}
        return msgspec.structs.replace(span, name=clean(span.name), message=clean(span.message), attributes=attributes)


def _written(span: Span) -> bytes:
    """A ``Span`` of OpenTelemetry's, its fields in the order of their numbers."""
    parts = [
        _SPAN["trace_id"], _ID, bytes.fromhex(span.context.trace_id),
        _SPAN["span_id"], _HALF_ID, bytes.fromhex(span.context.span_id),
    ]  # fmt: skip
    if span.parent_id:
        parts += (_SPAN["parent_span_id"], _HALF_ID, bytes.fromhex(span.parent_id))
    parts += (
        _named(span.name, span.kind),
        _SPAN["start_time_unix_nano"], fixed64(span.start_us * 1000),
        _SPAN["end_time_unix_nano"], fixed64(span.end_us * 1000),
    )  # fmt: skip
    put_pairs(parts, _SPAN["attributes"], span.attributes.items())
    for link in span.links:
        parts.append(sized(_SPAN["links"], _link(link)))
    if span.status:
        parts.append(_ended(span.status, span.message))
    parts.append(_FLAGS[span.context.sampled, span.remote])
    return b"".join(parts)


def _link(context: TraceContext) -> bytes:
    flags = _flags(context.sampled, context.remote)
    link = Told.Link(trace_id=bytes.fromhex(context.trace_id), span_id=bytes.fromhex(context.span_id), flags=flags)
    return bytes(link.SerializeToString())


def _flags(sampled: bool, remote: bool) -> int:
    """W3C's in the lowest byte, OpenTelemetry's above."""
    return (SAMPLED if sampled else 0) | KNOWN | (REMOTE if remote else 0)


@lru_cache(maxsize=256)
def _ended(status: Status, message: str) -> bytes:
    told = ToldStatus(code=int(status), message=clean(message))  # type: ignore[arg-type]  # the same numbers
    return sized(_SPAN["status"], told.SerializeToString())


@lru_cache(maxsize=1024)
def _named(name: str, kind: Kind) -> bytes:
    return sized(_SPAN["name"], clean(name).encode()) + _SPAN["kind"] + varint(kind)


_SPAN = tags(Told)
_EITHER = (False, True)
_FLAGS = {(sampled, far): _SPAN["flags"] + fixed32(_flags(sampled, far)) for sampled in _EITHER for far in _EITHER}
_ID, _HALF_ID = varint(16), varint(8)
