"""A reading of a source, as telemetry sees it: the root of a trace, with a span for each request, and one line."""

from actors.domain.flow import Outcome
from actors.ports import Reading
from daemon.telemetry import exchanges
from daemon.telemetry.logs import Log
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.outgoing import current
from daemon.telemetry.spans import Attribute, Status
from daemon.telemetry.tracing import Tracer

DETAIL_CHARS_MAX = 500
GOOD = frozenset({"finished", "braked", "stopped"})


class Read:
    """``ports.ReadingView``, and the context manager around it."""

    def __init__(self, tracer: Tracer, metrics: Metrics, log: Log, source: str, mode: str) -> None:
        self._tracer = tracer
        self._metrics = metrics
        self._log = log
        self._source = source
        self._mode = mode
        self._context = tracer.context(None)
        self._recorded = tracer.on and self._context.sampled
        self.traceparent = self._context.traceparent
        self._start_us = tracer.now_us()
        self._reading: Reading | None = None

    def __enter__(self) -> "Read":
        self._former = current.set(self._context if self._recorded else None)
        return self

    def exchanged(self, operation: str, outcome: Outcome, elapsed_s: float) -> None:
        trace = self._context if self._recorded else None
        self._metrics.source_latency.observe(elapsed_s, self._source, operation, trace=trace)
        if self._recorded:
            exchanges.record(self._tracer, self._context, operation, outcome, elapsed_s)

    def ended(self, reading: Reading) -> None:
        self._reading = reading

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _where: object) -> None:
        current.reset(self._former)
        reading, now_us = self._reading, self._tracer.now_us()
        if reading is None:  # whether the credentials live was asked, or the process ended
            return
        self._count(reading)
        bad = reading.how not in GOOD
        if self._recorded:
            attributes: dict[str, Attribute] = {
                "lmsyncd.source": self._source,
                "lmsyncd.mode": self._mode,
                "lmsyncd.how": reading.how,
                "lmsyncd.records": reading.told,
                "lmsyncd.changed": reading.changed,
                "lmsyncd.statements": reading.statements,
            }
            self._tracer.record(
                "source.reading",
                self._context,
                None,
                self._start_us,
                now_us,
                attributes,
                status=Status.ERROR if bad else Status.OK,
                message=reading.detail[:DETAIL_CHARS_MAX] if bad else "",
            )
        if bad or reading.mode != "delta" or reading.changed or reading.gone or reading.statements:
            self._line(reading, now_us)

    def _count(self, reading: Reading) -> None:
        self._metrics.source_readings.add(self._source, reading.how)
        for what in ("told", "changed", "gone", "quarantined", "statements"):
            if count := getattr(reading, what):
                self._metrics.source_records.add(self._source, what, by=count)

    def _line(self, reading: Reading, now_us: int) -> None:
        """Of a reading that found nothing new there is none: they are many."""
        place = {"span_id": self._context.span_id} if self._recorded else {}
        self._log.logger.info(
            "source.read",
            source=self._source,
            trace_id=self._context.trace_id,
            mode=self._mode,
            how=reading.how,
            detail=reading.detail[:DETAIL_CHARS_MAX],
            requests=reading.requests,
            told=reading.told,
            changed=reading.changed,
            gone=reading.gone,
            quarantined=reading.quarantined,
            statements=reading.statements,
            elapsed_s=round((now_us - self._start_us) / 1e6, 6),
            **place,
        )
