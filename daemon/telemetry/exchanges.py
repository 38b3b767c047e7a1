"""One request to a vendor and what came of it, as a span below whatever it was made for."""

from typing import assert_never

from actors.domain.flow import Lost, NotSent, Outcome, Response
from daemon.telemetry.outgoing import described
from daemon.telemetry.spans import Attribute, Kind, Status
from daemon.telemetry.trace_context import TraceContext
from daemon.telemetry.tracing import Tracer


def record(tracer: Tracer, below: TraceContext, operation: str, outcome: Outcome, elapsed_s: float) -> None:
    """It ended now."""
    attributes: dict[str, Attribute] = {"lmsyncd.operation": operation}
    status, message = Status.UNSET, ""
    match outcome:
        case Response(status=code):
            attributes["http.response.status_code"] = code
            status = Status.ERROR if code >= 400 else Status.UNSET
        case NotSent(detail=detail):
            status, message = Status.ERROR, f"not sent: {detail}"
        case Lost(detail=detail):
            status, message = Status.ERROR, f"lost: {detail}"
        case _ as never:
            assert_never(never)
    if status is Status.ERROR:
        attributes["error.type"] = described(outcome)[1]
    now_us = tracer.now_us()
    begun_us = now_us - round(elapsed_s * 1e6)
    tracer.record(
        operation, below.child(), below, begun_us, now_us, attributes, kind=Kind.CLIENT, status=status, message=message
    )
