"""Which spans are made at all, and where they go."""

from collections.abc import Callable, Mapping, Sequence

from daemon.telemetry import outgoing, trace_context
from daemon.telemetry.pipe import Pipe
from daemon.telemetry.registry import Histogram
from daemon.telemetry.spans import Attribute, Kind, Span, Status
from daemon.telemetry.trace_context import TraceContext

LINKS_MAX = 128


class Tracer:
    """Makes spans after the fact, from what the caller measured. Without a pipe nothing is recorded, but trace ids
    are still given out, so that log lines and vendors can be matched."""

    def __init__(self, pipe: Pipe[Span] | None, ratio: float, now_us: Callable[[], int]) -> None:
        self._pipe = pipe
        self._ratio = ratio if pipe is not None else 0.0
        self.now_us = now_us

    @property
    def on(self) -> bool:
        return self._pipe is not None

    def context(self, parent: TraceContext | None) -> TraceContext:
        """The place of a new span below ``parent``, or of a new trace. While nothing is recorded the parent stands
        for its children: whoever comes next must not point to a span that does not exist."""
        if parent is None:
            return trace_context.root(self._ratio)
        return parent.child() if self._pipe is not None else parent

    def record(
        self,
        name: str,
        context: TraceContext,
        parent: TraceContext | None,
        start_us: int,
        end_us: int,
        attributes: Mapping[str, Attribute],
        *,
        kind: Kind = Kind.INTERNAL,
        status: Status = Status.UNSET,
        message: str = "",
        links: Sequence[TraceContext] = (),
    ) -> None:
        """Off it goes, if its trace is sampled. Times in microseconds since the epoch."""
        if self._pipe is None or not context.sampled:
            return
        self._pipe.put(
            Span(
                name=name,
                context=context,
                parent_id=parent.span_id if parent is not None else "",
                remote=parent is not None and parent.remote,
                kind=kind,
                start_us=start_us,
                end_us=end_us,
                attributes=attributes,
                status=status,
                message=message,
                links=links[:LINKS_MAX],
            )
        )


class RequestSpan:
    """The gateway's span of one incoming request. ``traceparent`` is what to store with the statements.

    ``with telemetry.request_span("POST", "/t/{tenant}/xapi/statements", headers) as span: … span.status = 200``
    """

    def __init__(
        self, tracer: Tracer, method: str, template: str, headers: Mapping[str, str], duration: Histogram
    ) -> None:
        self._tracer = tracer
        self._duration = duration
        self._method = method
        self._template = template
        self._parent = trace_context.from_headers(headers)
        self._context = tracer.context(self._parent)
        self._start_us = tracer.now_us()
        self._attributes: dict[str, Attribute] = {}
        self.status = 0

    @property
    def traceparent(self) -> str:
        return self._context.traceparent

    @property
    def trace_id(self) -> str:
        return self._context.trace_id

    def set(self, **attributes: Attribute) -> None:
        """More about it (``tenant="acme"``, ``statements=50``); names get the prefix ``lmsyncd.``."""
        self._attributes.update({f"lmsyncd.{name}": value for name, value in attributes.items()})

    def __enter__(self) -> "RequestSpan":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _where: object) -> None:
        now_us = self._tracer.now_us()
        status = str(self.status) if self.status else ""
        self._duration.observe(
            max(0, now_us - self._start_us) / 1e6,
            outgoing.method(self._method),
            self._template,
            status,
            "lost" if not status else status if self.status >= 500 else "",
            trace=self._context if self._tracer.on and self._context.sampled else None,
        )
        failed = kind is not None or self.status >= 500
        method = outgoing.method(self._method)
        attributes: dict[str, Attribute] = {"http.request.method": method, "http.route": self._template}
        if method != self._method:
            attributes["http.request.method_original"] = self._method
        if self.status:
            attributes["http.response.status_code"] = self.status
        if failed:
            attributes["error.type"] = kind.__name__ if kind is not None else status
        self._tracer.record(
            f"{method if method == self._method else 'HTTP'} {self._template}",
            self._context,
            self._parent,
            self._start_us,
            now_us,
            attributes | self._attributes,
            kind=Kind.SERVER,
            status=Status.ERROR if failed else Status.UNSET,
            message=kind.__name__ if kind is not None else "",
        )
