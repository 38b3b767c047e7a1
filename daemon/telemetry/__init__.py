"""Being seen: traces to an OTLP collector, numbers for Prometheus, lines for people and the journal.

Read ``witness`` first (what is told, and when), ``reading`` and ``exchanges``, then ``tracing`` and ``spans`` (how a
span gets away), ``logs``, ``redaction``; of numbers ``definitions``, ``catalogue``, ``metrics``, ``exposition``;
``opening`` puts it all together. Nothing here may fail or hold up a delivery: queues are bounded, threads do the
waiting, and what could not be told is counted.
"""

from daemon.telemetry.metrics import Metrics, watch_loop
from daemon.telemetry.opening import Telemetry, open_telemetry
from daemon.telemetry.tracing import RequestSpan

__all__ = ["Metrics", "RequestSpan", "Telemetry", "open_telemetry", "watch_loop"]
