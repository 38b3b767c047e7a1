"""``ports.Witness``: what the actors do, as spans, numbers and one canonical line per attempt.

An attempt's spans hang below the traceparent stored on its delivery, so the trace runs from the HTTP request that
brought the event to the vendor's receipt, however many processes lie between.
"""

import traceback
from collections.abc import Iterable, Mapping, Sequence

from actors.domain.flow import Outcome
from actors.domain.outbox import Delivery
from actors.ports import Routed, RoutedCount
from daemon.telemetry import exchanges, trace_context
from daemon.telemetry.logs import Log
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.outgoing import current
from daemon.telemetry.reading import Read
from daemon.telemetry.rostered import Rostered
from daemon.telemetry.spans import Attribute, Status
from daemon.telemetry.trace_context import TraceContext
from daemon.telemetry.tracing import LINKS_MAX, Tracer

TRACEBACK_CHARS_MAX = 8000
DETAIL_CHARS_MAX = 500
BAD_ENDS = frozenset({"dead", "parked"})


class Attempted:
    """``ports.AttemptView``, and the context manager around it."""

    def __init__(self, tracer: Tracer, metrics: Metrics, log: Log, delivery: Delivery, kind: str) -> None:
        self._tracer = tracer
        self._metrics = metrics
        self._log = log
        self._delivery = delivery
        self._lane = delivery.lane
        self._kind = kind
        self._parent = trace_context.parse(delivery.traceparent)
        self._context = tracer.context(self._parent)
        self._recorded = tracer.on and self._context.sampled
        self.trace_id = self._context.trace_id
        self._start_us = tracer.now_us()
        self._requests = 0
        self._verdict = "interrupted"
        self._detail = ""
        self._state = delivery.state.value
        self._cause = ""
        self._request_ids: Mapping[str, str] = {}

    def __enter__(self) -> "Attempted":
        self._former = current.set(self._context if self._recorded else None)
        return self

    def concluded(self, verdict: str, detail: str, request_ids: Mapping[str, str], state: str, cause: str = "") -> None:
        self._verdict = verdict
        self._detail = detail[:DETAIL_CHARS_MAX]
        self._request_ids = request_ids
        self._state = state
        self._cause = cause

    def exchanged(self, operation: str, outcome: Outcome, elapsed_s: float) -> None:
        self._requests += 1
        trace = self._context if self._recorded else None
        self._metrics.vendor_latency.observe(elapsed_s, self._lane, operation, trace=trace)
        if self._recorded:
            exchanges.record(self._tracer, self._context, operation, outcome, elapsed_s)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _where: object) -> None:
        current.reset(self._former)
        now_us = self._tracer.now_us()
        if kind is not None and not self._detail:
            self._detail = kind.__name__
        self._count(now_us)
        if self._recorded:
            self._span(now_us)
        self._line(now_us)

    def _count(self, now_us: int) -> None:
        delivery, metrics = self._delivery, self._metrics
        metrics.deliveries.add(self._lane, self._state)
        metrics.attempts.add(self._lane, self._verdict)
        if self._kind == "send" and delivery.attempts > 1:
            metrics.retries.add(self._lane)
        if self._state in BAD_ENDS:
            metrics.dead.add(self._lane, self._cause or "unstated")
        if self._state == "delivered":
            metrics.propagation.observe(
                (now_us - delivery.accepted_us) / 1e6,
                f"{delivery.tenant}/{delivery.route}",
                trace=self._context if self._recorded else None,
            )

    def _span(self, now_us: int) -> None:
        delivery = self._delivery
        attributes: dict[str, Attribute] = {
            "lmsyncd.tenant": delivery.tenant,
            "lmsyncd.target": delivery.target,
            "lmsyncd.route": delivery.route,
            "lmsyncd.destination": delivery.destination,
            "lmsyncd.delivery_id": delivery.id,
            "lmsyncd.statement_id": delivery.statement_id,
            "lmsyncd.correlation_id": delivery.correlation_id,
            "lmsyncd.attempt": delivery.attempts,
            "lmsyncd.verdict": self._verdict,
            "lmsyncd.state": self._state,
        }
        for name, value in self._request_ids.items():
            attributes[f"lmsyncd.vendor.{name}"] = value
        bad = self._state in BAD_ENDS or self._verdict == "interrupted"
        status = Status.OK if self._state == "delivered" else Status.ERROR if bad else Status.UNSET
        self._tracer.record(
            f"delivery.{'probe' if self._kind == 'probe' else 'attempt'}",
            self._context,
            self._parent,
            self._start_us,
            now_us,
            attributes,
            status=status,
            message=self._detail if bad else "",
            # the first one's trace is its own
            links=_links(item.traceparent for item in delivery.items[1:]) if len(delivery.items) > 1 else (),
        )

    def _line(self, now_us: int) -> None:
        delivery = self._delivery
        fields: dict[str, object] = {
            "delivery_id": delivery.id,
            "statement_id": delivery.statement_id,
            "correlation_id": delivery.correlation_id,
            "trace_id": self.trace_id,
            "lane": self._lane,
            "route": delivery.route,
            "destination": delivery.destination,
            "change": delivery.change.kind,
            "kind": self._kind,
            "attempt": delivery.attempts,
            "verdict": self._verdict,
            "state": self._state,
            "detail": self._detail,
            "requests": self._requests,
            "request_ids": self._request_ids,
            "elapsed_s": round((now_us - self._start_us) / 1e6, 6),
        }
        if self._recorded:
            fields["span_id"] = self._context.span_id
        if self._cause:
            fields["cause"] = self._cause
        if self._state == "delivered":
            fields["propagation_s"] = round((now_us - delivery.accepted_us) / 1e6, 6)
        self._log.logger.info("delivery.attempted", **fields)


class Eyes:
    """Implements ``ports.Witness``. Never fails, never waits."""

    def __init__(self, tracer: Tracer, metrics: Metrics, log: Log) -> None:
        self._tracer = tracer
        self._metrics = metrics
        self._log = log

    def attempt(self, delivery: Delivery, kind: str) -> Attempted:
        return Attempted(self._tracer, self._metrics, self._log, delivery, kind)

    def reading(self, source: str, mode: str) -> Read:
        return Read(self._tracer, self._metrics, self._log, source, mode)

    def roster(self, lane: str, rule: str, began_us: int) -> Rostered:
        return Rostered(self._tracer, lane, rule, began_us)

    def routed(self, tenant: str, batch: Sequence[Routed], count: RoutedCount) -> None:
        metrics = self._metrics
        for one in batch:
            if one.change is not None and one.planned:
                metrics.statements_routed.add(tenant, one.change.kind)
            else:
                metrics.statements_not_routed.add(tenant, reason_class(one.reason))
            for planned in (*one.planned, *one.forwards):
                if planned.refused is not None:
                    lane = f"{tenant}/{planned.target}"
                    metrics.deliveries.add(lane, "dead")
                    metrics.dead.add(lane, planned.refused.cause.value)
        if count.repeated:
            metrics.effects_repeated.add(tenant, by=count.repeated)
        if self._tracer.on:
            self._routed_span(tenant, batch, count)

    def event(self, name: str, /, **fields: object) -> None:
        self._log.write("info", name, fields)

    def trouble(self, name: str, error: BaseException | None = None, /, **fields: object) -> None:
        if error is not None:
            fields["error"] = f"{type(error).__name__}: {error}"
            fields["traceback"] = "".join(traceback.format_exception(error))[-TRACEBACK_CHARS_MAX:]
        if name == "quarantine.grew":
            self._count_flaws(fields)
        self._log.write("warning", name, fields)

    def _count_flaws(self, fields: Mapping[str, object]) -> None:
        source, rules = str(fields.get("source", "")), fields.get("rules")
        if isinstance(rules, Mapping):
            for rule, records in rules.items():
                self._metrics.schema_failures.add(source, str(rule), by=float(records))

    def _routed_span(self, tenant: str, batch: Sequence[Routed], count: RoutedCount) -> None:
        """A trace of its own, linked to the traces of the requests that brought the statements."""
        links = _links(one.traceparent for one in batch)
        if not links:
            return
        root = trace_context.root(1.0)
        now_us = self._tracer.now_us()
        attributes: dict[str, Attribute] = {
            "lmsyncd.tenant": tenant,
            "lmsyncd.statements": len(batch),
            "lmsyncd.changes": sum(one.change is not None for one in batch),
            "lmsyncd.deliveries": sum(count.deliveries.values()),
            "lmsyncd.repeated": count.repeated,
        }
        self._tracer.record("statements.routed", root, None, now_us, now_us, attributes, links=links)


def _links(traceparents: Iterable[str]) -> list[TraceContext]:
    """The traces that others began, as far as they are kept."""
    parsed = map(trace_context.parse, dict.fromkeys(traceparents))
    return [link for link in parsed if link is not None and link.sampled][:LINKS_MAX]


def reason_class(reason: str) -> str:
    """``no_route: no route of acme asks for graded`` counts as ``no_route``."""
    return reason.partition(":")[0] or "unstated"
