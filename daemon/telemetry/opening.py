"""Puts telemetry together from the configuration, and takes it apart last."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache, partial
from typing import Protocol
from uuid import uuid4

from actors.ports import Reveal, Witness
from config.durations import seconds
from config.model import Network
from config.model import Telemetry as TelemetryWords
from daemon.release import installed_version
from daemon.telemetry import process
from daemon.telemetry.logs import Bridge, Log, Outlet, open_outlet
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.pipe import Pipe
from daemon.telemetry.redaction import Redactor
from daemon.telemetry.registry import Labels
from daemon.telemetry.spans import Span
from daemon.telemetry.tracing import RequestSpan, Tracer
from daemon.telemetry.witness import Eyes

CLOSE_S = 3.0
LABELS_KEPT = 20_000
"""Of so many values of labels it is remembered how they are told: looking for secrets takes longer."""


class Export(Protocol):
    """What sends one signal to the collector, in a thread of its own."""

    dropped: int

    def end(self, deadline_s: float) -> None: ...

    def close(self, deadline_s: float) -> None: ...


class Telemetry:
    """``witness`` for the actors, ``metrics`` for ``/metrics``, ``log`` for the process, ``request_span`` for the
    gateway; ``mask`` takes secrets out of a text. ``exports`` by signal: ``traces``, ``metrics``, ``logs``."""

    def __init__(
        self,
        tracer: Tracer,
        metrics: Metrics,
        log: Log,
        outlet: Outlet,
        exports: Mapping[str, Export],
        mask: Callable[[str], str],
    ) -> None:
        self.mask = mask
        self.metrics = metrics
        self.log = log
        self.tracer = tracer
        self.witness: Witness = Eyes(tracer, metrics, log)
        self._outlet = outlet
        self._exports = exports
        self._bridge: Bridge | None = None
        process.follow(metrics)
        metrics.telemetry_dropped.follow(self._dropped)
        metrics.log_lines_dropped.follow(lambda: [((), float(outlet.dropped))])

    def request_span(self, method: str, template: str, headers: Mapping[str, str]) -> RequestSpan:
        """A context manager; ``headers`` by lower-case names. An incoming ``traceparent`` is honoured."""
        return RequestSpan(self.tracer, method, template, headers, self.metrics.server_duration)

    def adopt_logging(self) -> None:
        """Let the warnings of other libraries come out as our lines, until ``close``."""
        self._bridge = Bridge(self.log)
        logging.getLogger().addHandler(self._bridge)
        logging.getLogger().setLevel(logging.WARNING)

    def close(self, deadline_s: float = CLOSE_S) -> None:
        """Send and write what is left, in threads, and return within the deadline whatever the collector does.
        Blocking: call it last, when the event loop has nothing more to do."""
        ends_s = time.monotonic() + deadline_s
        for export in self._exports.values():
            export.end(deadline_s * 0.8)
        sent_s = ends_s - deadline_s * 0.2
        for export in self._exports.values():
            export.close(max(0.0, sent_s - time.monotonic()))
        if self._bridge is not None:
            logging.getLogger().removeHandler(self._bridge)
        self._outlet.close(max(0.05, ends_s - time.monotonic()))

    def _dropped(self) -> Iterator[tuple[Labels, float]]:
        return (((signal,), float(export.dropped)) for signal, export in self._exports.items())


def open_telemetry(
    words: TelemetryWords,
    *,
    reveal: Reveal,
    redact: Callable[[], Collection[str]],
    network: Network | None = None,
    instance: str = "",
    now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    log_fd: int = 2,
) -> Telemetry:
    """``redact`` gives every secret known so far (the same set object while nothing changes); ``instance`` names
    this process to the collector. Raises OSError or ValueError where the endpoint cannot be used as configured."""
    headers = {name: reveal(secret) for name, secret in words.otlp_headers.items()}
    redactor = Redactor(redact)
    outlet, journal = open_outlet(log_fd)
    log = Log(outlet, redactor, now_us, journal=journal)
    log.set_level(words.log_level)
    release = installed_version()
    metrics = Metrics(release, lru_cache(LABELS_KEPT)(redactor.label))
    traces: Pipe[Span] | None = None
    exports: dict[str, Export] = {}
    if words.otlp_endpoint is not None:
        resource = {
            "service.name": words.service_name,
            "service.version": release,
            "service.instance.id": instance or uuid4().hex,
        }
        traces = _export(words, headers, network or Network(), resource, redactor, metrics, log, exports)
    return Telemetry(Tracer(traces, words.sample, now_us), metrics, log, outlet, exports, redactor.text)


def _export(
    words: TelemetryWords,
    headers: Mapping[str, str],
    network: Network,
    resource: Mapping[str, str],
    redactor: Redactor,
    metrics: Metrics,
    log: Log,
    exports: dict[str, Export],
) -> Pipe[Span] | None:
    """What sends each signal goes into ``exports``; what takes spans is given back."""
    # Imported here: a tenth of the time that a start takes, and of no use without a collector.
    from daemon.telemetry.otlp import open_way
    from daemon.telemetry.otlp_logs import Line, LogSender
    from daemon.telemetry.otlp_metrics import MetricPush
    from daemon.telemetry.otlp_spans import SpanSender

    way = open_way(words.otlp_protocol, words.otlp_endpoint or "", headers, network)
    traces: Pipe[Span] | None = None
    if "traces" in words.otlp_signals:
        sender = SpanSender(way("traces"), resource, redactor)
        exports["traces"] = traces = Pipe(sender, partial(_complain, log, "traces"), name="traces")
    if "metrics" in words.otlp_signals:
        every_s = seconds(words.otlp_metrics_every)
        complain = partial(_complain, log, "metrics")
        exports["metrics"] = MetricPush(metrics.families(), way("metrics"), resource, complain, every_s=every_s)
    if "logs" in words.otlp_signals:
        lines: Pipe[Line] = Pipe(LogSender(way("logs"), resource), partial(_complain, log, "logs"), name="logs")
        log.also = lambda at_us, line: lines.put(Line(at_us, line))
        exports["logs"] = lines
    return traces


def _complain(log: Log, signal: str, why: str, dropped: int) -> None:
    log.write("warning", "telemetry.collector_away", {"signal": signal, "reason": why, "dropped": dropped})
