"""What is told a thousand times a second, written straight as protobuf's wire format.

OpenTelemetry's own messages say which field has which number, and write what is rare or nested. To fill one costs 0.8
microseconds an attribute, under the interpreter's lock that the event loop needs; a quarter of that here.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from struct import Struct

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from daemon.telemetry.otlp_values import describe, put, scope

VARINT, FIXED64, SIZED, FIXED32 = 0, 1, 2, 5
"""Wire types, as protobuf's documentation names them."""
_WIRE_TYPES = {
    FieldDescriptor.TYPE_ENUM: VARINT,
    FieldDescriptor.TYPE_FIXED64: FIXED64,
    FieldDescriptor.TYPE_DOUBLE: FIXED64,
    FieldDescriptor.TYPE_STRING: SIZED,
    FieldDescriptor.TYPE_BYTES: SIZED,
    FieldDescriptor.TYPE_MESSAGE: SIZED,
    FieldDescriptor.TYPE_FIXED32: FIXED32,
}
KEPT = 8192
fixed64 = Struct("<Q").pack
double = Struct("<d").pack
fixed32 = Struct("<I").pack


@lru_cache(maxsize=KEPT)
def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)


def tags(message: type[Message]) -> Mapping[str, bytes]:
    """How each field of a message begins, by name; fields of types that are not needed here are left out."""
    return {
        field.name: varint(field.number << 3 | _WIRE_TYPES[field.type])
        for field in message.DESCRIPTOR.fields
        if field.type in _WIRE_TYPES
    }


def sized(tag: bytes, body: bytes) -> bytes:
    """A text, bytes or a message."""
    return tag + varint(len(body)) + body


def put_pairs(parts: list[bytes], tag: bytes, attributes: Iterable[tuple[str, object]]) -> None:
    """Adds each attribute to the parts of a message whose attributes begin with ``tag``."""
    for key, value in attributes:
        if type(value) is str and value.isascii():
            parts.append(_head(tag, key, len(value)))
            parts.append(value.encode())
        elif type(value) is float:
            parts.append(_double(tag, key))
            parts.append(double(value))
        elif type(value) is int:
            parts.append(_often(tag, key, value))
        else:
            parts.append(_pair(tag, key, value))


def enveloped(resource: Mapping[str, str], items: Iterable[bytes]) -> bytes:
    """A request to export spans or log records, whose requests are nested alike and under the same numbers."""
    of_us, told = ResourceSpans(), ScopeSpans()
    describe(of_us.resource, resource)
    scope(told.scope)
    scoped = told.SerializeToString() + b"".join([sized(_ITEM, item) for item in items])
    return sized(_OF_US, of_us.SerializeToString() + sized(_SCOPED, scoped))


@lru_cache(maxsize=KEPT)
def _head(tag: bytes, key: str, size: int) -> bytes:
    """All of a pair but its value, a text of so many bytes."""
    text = _ANY["string_value"] + varint(size)
    name = sized(_PAIR["key"], key.encode())
    inner = name + _PAIR["value"] + varint(len(text) + size) + text
    return tag + varint(len(inner) + size) + inner


@lru_cache(maxsize=KEPT)
def _double(tag: bytes, key: str) -> bytes:
    """All of a pair but its value, a number of eight bytes."""
    name, head = sized(_PAIR["key"], key.encode()), _ANY["double_value"]
    size = len(head) + 8
    return tag + varint(len(name) + len(_PAIR["value"]) + 1 + size) + name + _PAIR["value"] + varint(size) + head


@lru_cache(maxsize=KEPT)
def _often(tag: bytes, key: str, value: int) -> bytes:
    return _pair(tag, key, value)


def _pair(tag: bytes, key: str, value: object) -> bytes:
    made = KeyValue()
    put(made, key, value)
    return sized(tag, made.SerializeToString())


_PAIR, _ANY = tags(KeyValue), tags(AnyValue)
_OF_US, _SCOPED, _ITEM = (
    tags(ExportTraceServiceRequest)["resource_spans"],
    tags(ResourceSpans)["scope_spans"],
    tags(ScopeSpans)["spans"],
)
