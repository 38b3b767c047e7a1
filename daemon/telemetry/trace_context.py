"""W3C trace context: who is whose parent, as the ``traceparent`` header and our rows carry it."""

import random
import re
import time
from collections.abc import Mapping

import msgspec

TRACEPARENT = re.compile(r"[ \t]*(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:(-.*)|[ \t]*)")
CHARS_MAX = 512
"""Of a later version's; OpenTelemetry's SDK reads no more either."""
_ids = random.Random()  # noqa: S311 - ids that must differ, not ids that must be secret


class TraceContext(msgspec.Struct, frozen=True):
    """A span's place: its trace, its own id (both hexadecimal), whether the trace is recorded, and whether it was read
    (from a header, or a row) rather than begun by the work at hand."""

    trace_id: str
    span_id: str
    sampled: bool
    remote: bool = False

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def child(self) -> "TraceContext":
        return TraceContext(self.trace_id, span_id(), self.sampled)


def parse(traceparent: str | None) -> TraceContext | None:
    """None for what is absent or no traceparent: then a new trace begins."""
    found = TRACEPARENT.fullmatch(traceparent or "")
    if found is None or len(found[0]) > CHARS_MAX:
        return None
    version, trace, span, flags, more = found.groups()
    if trace == "0" * 32 or span == "0" * 16 or (more and version == "00"):
        return None
    return TraceContext(trace, span, bool(int(flags, 16) & 1), remote=True)


def from_headers(headers: Mapping[str, str]) -> TraceContext | None:
    """``headers`` by lower-case names."""
    return parse(headers.get("traceparent"))


def root(ratio: float) -> TraceContext:
    """A new trace; ``ratio`` of them are recorded, decided by the id as every OpenTelemetry SDK does.

    It begins with the second it began in, so that new ones come to the end of an index; the rest is random, and the
    seven bytes at its end that W3C wants so are of it."""
    trace = (int(time.time()) & 0xFFFFFFFF) << 96 | _ids.getrandbits(96) or 1
    return TraceContext(f"{trace:032x}", span_id(), (trace & (2**64 - 1)) < round(ratio * 2**64))


def span_id() -> str:
    return f"{_ids.getrandbits(64) or 1:016x}"
