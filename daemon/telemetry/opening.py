"""Puts telemetry together from the configuration, and takes it apart last."""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import uuid4

from actors.ports import Reveal, Witness
from config.model import Network
from config.model import Telemetry as TelemetryWords
from daemon.release import installed_version
from daemon.telemetry import process
from daemon.telemetry.logs import Bridge, Log, Outlet, open_outlet
from daemon.telemetry.metrics import Metrics
from daemon.telemetry.redaction import Redactor
from daemon.telemetry.registry import Labels
from daemon.telemetry.spans import SpanPipe
from daemon.telemetry.tracing import RequestSpan, Tracer
from daemon.telemetry.witness import Eyes

CLOSE_S = 3.0


class Telemetry:
    """``witness`` for the actors, ``metrics`` for ``/metrics``, ``log`` for the process, ``request_span`` for the
    gateway; ``mask`` takes secrets out of a text."""

    def __init__(
        self,
        tracer: Tracer,
        metrics: Metrics,
        log: Log,
        outlet: Outlet,
        pipe: SpanPipe | None,
        mask: Callable[[str], str],
    ) -> None:
        self.mask = mask
        self.metrics = metrics
        self.log = log
        self.tracer = tracer
        self.witness: Witness = Eyes(tracer, metrics, log)
        self._outlet = outlet
        self._pipe = pipe
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
        if self._pipe is not None:
            self._pipe.close(deadline_s * 0.8)
        if self._bridge is not None:
            logging.getLogger().removeHandler(self._bridge)
        self._outlet.close(max(0.05, ends_s - time.monotonic()))

    def _dropped(self) -> Iterable[tuple[Labels, float]]:
        return [(("traces",), float(self._pipe.dropped if self._pipe is not None else 0))]


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
    pipe = None
    if words.otlp_endpoint is not None:
        from daemon.telemetry.otlp import open_sender  # a fifth of the time that a start takes

        resource = {
            "service.name": words.service_name,
            "service.version": release,
            "service.instance.id": instance or uuid4().hex,
        }
        sender = open_sender(
            words.otlp_protocol, words.otlp_endpoint, headers, network or Network(), resource, redactor
        )
        pipe = SpanPipe(sender, lambda why, dropped: _complain(log, why, dropped))
    return Telemetry(Tracer(pipe, words.sample, now_us), Metrics(release), log, outlet, pipe, redactor.text)


def _complain(log: Log, why: str, dropped: int) -> None:
    log.write("warning", "telemetry.collector_away", {"reason": why, "spans_dropped": dropped})
