"""Log lines as OTLP. A line comes as it was written, so what was masked there is masked here too."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from daemon.telemetry.otlp import Way
from daemon.telemetry.otlp_values import clean
from daemon.telemetry.pipe import Sent
from daemon.telemetry.wire import enveloped, fixed32, fixed64, put_pairs, sized, tags, varint

SEVERITIES = {"debug": 5, "info": 9, "warning": 13, "error": 17}
SUMMED_UP = ("tenant", "lane", "source", "destination", "verdict", "state", "detail", "reason", "error")
CONVENTIONAL = {"traceback": "exception.stacktrace", "error": "exception.message"}
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Line(NamedTuple):
    """A line as JSON, and when it was written."""

    at_us: int
    json: bytes


class LogSender:
    """Implements ``pipe.Sender``."""

    def __init__(self, way: Way, resource: Mapping[str, str]) -> None:
        self._way = way
        self._resource = resource

    def send(self, batch: Sequence[Line], timeout_s: float) -> Sent:
        return self._way.post(self.encode(batch), timeout_s)

    def close(self) -> None:
        self._way.close()

    def encode(self, batch: Sequence[Line]) -> bytes:
        return enveloped(self._resource, [_written(line) for line in batch])


def _written(line: Line) -> bytes:
    """A ``LogRecord`` of OpenTelemetry's, its fields in the order of their numbers."""
    fields = _decode(line.json)
    level, event = str(fields.pop("level", "info")), clean(str(fields.pop("event", "")))
    fields.pop("time", None)
    at = fixed64(line.at_us * 1000)
    summary = " ".join(f"{name}={fields[name]}" for name in SUMMED_UP if fields.get(name))
    body = clean(f"{event} {summary}".rstrip()).encode()
    parts = [_RECORD["time_unix_nano"], at, _severity(level), sized(_RECORD["body"], sized(_TEXT, body))]
    trace_id, span_id = _id(fields.pop("trace_id", None), 16), _id(fields.pop("span_id", None), 8)
    put_pairs(parts, _RECORD["attributes"], ((_attribute(name), value) for name, value in fields.items()))
    if trace_id:
        parts.append(sized(_RECORD["trace_id"], trace_id))
        if span_id:  # only a span that is recorded has its id in a line
            parts += (_SAMPLED, sized(_RECORD["span_id"], span_id))
    parts += (_RECORD["observed_time_unix_nano"], at, sized(_RECORD["event_name"], event.encode()))
    return b"".join(parts)


@lru_cache(maxsize=16)
def _severity(level: str) -> bytes:
    number = _RECORD["severity_number"] + varint(SEVERITIES.get(level, 9))
    return number + sized(_RECORD["severity_text"], level.upper().encode())


@lru_cache(maxsize=1024)
def _attribute(name: str) -> str:
    return CONVENTIONAL.get(name) or clean(f"lmsyncd.{name}")


def _id(text: object, size: int) -> bytes:
    """Nothing where it is none."""
    try:
        found = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        return b""
    return found if len(found) == size else b""


_RECORD, _TEXT = tags(LogRecord), tags(AnyValue)["string_value"]
_SAMPLED = _RECORD["flags"] + fixed32(1)
