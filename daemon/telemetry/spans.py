"""A finished span, as light as it can be made on the event loop; its thread turns it into OTLP (``otlp_spans``)."""

from collections.abc import Mapping, Sequence
from enum import IntEnum

import msgspec

from daemon.telemetry.trace_context import TraceContext

Attribute = str | bool | int | float


class Kind(IntEnum):
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3


class Status(IntEnum):
    UNSET = 0
    OK = 1
    ERROR = 2


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A finished span. Times are microseconds since the epoch; ``remote``: its parent was read from a header or a row;
    ``links`` are other spans this one stems from."""

    name: str
    context: TraceContext
    parent_id: str
    remote: bool = False
    kind: Kind
    start_us: int
    end_us: int
    attributes: Mapping[str, Attribute]
    status: Status = Status.UNSET
    message: str = ""
    links: Sequence[TraceContext] = ()
