"""Log lines as OTLP. A line comes as it was written, so what was masked there is masked here too."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from daemon.telemetry.otlp import Way
from daemon.telemetry.otlp_values import clean, describe, put, scope
from daemon.telemetry.pipe import Sent

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
        request = ExportLogsServiceRequest()
        of_us = request.resource_logs.add()
        describe(of_us.resource, self._resource)
        records = of_us.scope_logs.add()
        scope(records.scope)
        for line in batch:
            _fill(records.log_records.add(), line)
        return bytes(request.SerializeToString())


def _fill(record: Any, line: Line) -> None:
    fields = _decode(line.json)
    level, event = str(fields.pop("level", "info")), str(fields.pop("event", ""))
    fields.pop("time", None)
    record.time_unix_nano = record.observed_time_unix_nano = line.at_us * 1000
    record.severity_number = SEVERITIES.get(level, 9)
    record.severity_text = level.upper()
    record.event_name = clean(event)
    summary = " ".join(f"{name}={fields[name]}" for name in SUMMED_UP if fields.get(name))
    record.body.string_value = clean(f"{event} {summary}".rstrip())
    trace_id, span_id = _id(fields.pop("trace_id", None), 16), _id(fields.pop("span_id", None), 8)
    if trace_id:
        record.trace_id, record.span_id = trace_id, span_id
    add = record.attributes.add
    for name, value in fields.items():
        put(add(), _attribute(name), value)


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
