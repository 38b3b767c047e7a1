"""What lmsyncd counts. One attribute a metric; whoever knows the number sets it."""

from collections import deque
from collections.abc import Iterator

import trio

from daemon.telemetry.registry import Counter, Gauge, Histogram, Metric, exposition

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PROPAGATION_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 21600.0)
LATENCY_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LAG_EVERY_S = 0.5
LAG_SAMPLES = 60


class Metrics:
    """``lane`` is ``tenant/target``, ``source`` ``tenant/source``; ``state`` one of the delivery states."""

    def __init__(self, version: str = "") -> None:
        self.build = Gauge("lmsyncd_build_info", "The version that runs.", ("version",))
        self.build.set(1.0, version)
        self.statements_accepted = Counter(
            "lmsyncd_statements_accepted_total", "Statements new in the log.", ("tenant",)
        )
        self.statements_collapsed = Counter(
            "lmsyncd_statements_collapsed_total", "Statements that were already in the log.", ("tenant",)
        )
        self.statements_refused = Counter(
            "lmsyncd_statements_refused_total", "Requests refused, by reason.", ("tenant", "reason")
        )
        self.statements_routed = Counter(
            "lmsyncd_statements_routed_total", "Statements that became a change some route wants.", ("tenant", "kind")
        )
        self.statements_not_routed = Counter(
            "lmsyncd_statements_not_routed_total", "Statements no delivery came from.", ("tenant", "reason")
        )
        self.effects_repeated = Counter(
            "lmsyncd_effects_repeated_total", "Planned deliveries whose effect already existed.", ("tenant",)
        )
        self.deliveries = Counter(
            "lmsyncd_deliveries_total", "Attempts and probes, by the state they led to.", ("lane", "state")
        )
        self.attempts = Counter("lmsyncd_attempts_total", "Attempts and probes, by verdict.", ("lane", "verdict"))
        self.retries = Counter("lmsyncd_retries_total", "Sends that were not the first for their delivery.", ("lane",))
        self.dead = Counter("lmsyncd_dead_total", "Deliveries that ended as dead letters or parked.", ("lane", "cause"))
        self.propagation = Histogram(
            "lmsyncd_propagation_seconds", "From accepted to the vendor's receipt.", ("route",), PROPAGATION_S
        )
        self.vendor_latency = Histogram(
            "lmsyncd_vendor_latency_seconds", "A vendor's answer.", ("lane", "operation"), LATENCY_S
        )
        self.outbox_depth = Gauge("lmsyncd_outbox_depth", "Deliveries in the outbox.", ("lane", "state"))
        self.outbox_oldest_age = Gauge(
            "lmsyncd_outbox_oldest_age_seconds", "Age of the oldest open delivery.", ("lane",)
        )
        self.mailbox_depth = Gauge("lmsyncd_mailbox_depth", "Messages waiting.", ("actor",))
        self.retired = Gauge(
            "lmsyncd_retired_total", "Rows that left by retention.", ("tenant", "what"), kind="counter"
        )
        self.source_readings = Counter(
            "lmsyncd_source_readings_total", "Readings of sources, by how they ended.", ("source", "how")
        )
        self.source_records = Counter(
            "lmsyncd_source_records_total", "Records that readings told, and what became of them.", ("source", "what")
        )
        self.source_latency = Histogram(
            "lmsyncd_source_latency_seconds", "A source's answer.", ("source", "operation"), LATENCY_S
        )
        self.source_state = Gauge("lmsyncd_source_state", "1 for the state that a source is in.", ("source", "state"))
        self.source_age = Gauge(
            "lmsyncd_source_since_read_seconds", "Since a source was last read to the end.", ("source",)
        )
        self.source_silence = Gauge(
            "lmsyncd_source_silence_seconds", "Since a source that calls was last heard.", ("source",)
        )
        self.source_calls = Gauge(
            "lmsyncd_source_calls_total",
            "What was posted to a source's hook, by what became of it.",
            ("source", "what"),
            kind="counter",
        )
        self.source_heard = Gauge(
            "lmsyncd_source_heard_total", "What calls told, and what became of it.", ("source", "what"), kind="counter"
        )
        self.target_calls = Gauge(
            "lmsyncd_target_calls_total",
            "What a target's vendor posted, by what became of it.",
            ("lane", "what"),
            kind="counter",
        )
        self.target_told = Gauge(
            "lmsyncd_target_told_total", "What a target's vendor told that was new.", ("lane", "tiding"), kind="counter"
        )
        self.target_since_asked = Gauge(
            "lmsyncd_target_since_asked_seconds", "Since a target's vendor was last asked how things stand.", ("lane",)
        )
        self.target_watched_for = Gauge(
            "lmsyncd_target_watched_for_seconds", "How long the first subscription to end still lasts.", ("lane",)
        )
        self.quarantined = Gauge(
            "lmsyncd_quarantined", "Records of sources that failed validation.", ("tenant", "source")
        )
        self.store_bytes = Gauge("lmsyncd_store_bytes", "The database, and its write-ahead log.", ("part",))
        self.loop_lag = Gauge("lmsyncd_loop_lag_seconds", "Worst delay of the event loop in the last half minute.")
        self.spans_dropped = Gauge("lmsyncd_spans_dropped_total", "Spans that did not get away.", kind="counter")
        self.log_lines_dropped = Gauge(
            "lmsyncd_log_lines_dropped_total", "Lines the log could not take.", kind="counter"
        )
        self.series_folded = Gauge(
            "lmsyncd_metric_samples_folded_total", "Samples counted as other.", ("metric",), kind="counter"
        )
        self.series_folded.follow(self._folded)

    def families(self) -> Iterator[Metric]:
        return (each for each in vars(self).values() if isinstance(each, Counter | Gauge | Histogram))

    def text(self) -> str:
        return exposition(self.families())

    def _folded(self) -> Iterator[tuple[tuple[str, ...], float]]:
        for each in vars(self).values():
            if isinstance(each, Counter | Gauge | Histogram) and each.overflow:
                yield (each.name,), float(each.overflow)


async def watch_loop(metrics: Metrics) -> None:
    """Runs for ever: how late a timer fires is how long something held the event loop."""
    samples: deque[float] = deque(maxlen=LAG_SAMPLES)
    while True:
        due_s = trio.current_time() + LAG_EVERY_S
        await trio.sleep_until(due_s)
        samples.append(max(0.0, trio.current_time() - due_s))
        metrics.loop_lag.set(max(samples))
