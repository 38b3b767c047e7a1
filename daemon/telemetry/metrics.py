"""What lmsyncd counts. One attribute a metric; whoever knows the number sets it."""

from collections import deque
from collections.abc import Callable, Iterator

import trio

from daemon.telemetry import catalogue as its
from daemon.telemetry import catalogue_house as house
from daemon.telemetry.exposition import OPEN_METRICS, TEXT, negotiated, page
from daemon.telemetry.registry import Counter, Gauge, Histogram, Metric

LAG_EVERY_S = 0.5
LAG_SAMPLES = 60


class Metrics:
    """``lane`` is ``tenant/target``, ``source`` ``tenant/source``, ``route`` ``tenant/route``."""

    def __init__(self, version: str = "", mask: Callable[[str], str] | None = None) -> None:
        """``mask`` takes secrets out of what labels say."""
        self.build = Gauge(its.BUILD)
        self.build.set(1.0, version)
        self.statements_accepted = Counter(its.STATEMENTS_ACCEPTED)
        self.statements_collapsed = Counter(its.STATEMENTS_COLLAPSED)
        self.statements_refused = Counter(its.STATEMENTS_REFUSED)
        self.statements_routed = Counter(its.STATEMENTS_ROUTED)
        self.statements_not_routed = Counter(its.STATEMENTS_NOT_ROUTED)
        self.effects_repeated = Counter(its.EFFECTS_REPEATED)
        self.server_duration = Histogram(its.SERVER_DURATION)

        self.deliveries = Counter(its.DELIVERIES)
        self.attempts = Counter(its.ATTEMPTS)
        self.retries = Counter(its.RETRIES)
        self.dead = Counter(its.DEAD)
        self.propagation = Histogram(its.PROPAGATION)
        self.sla_promise = Gauge(its.SLA_PROMISE)
        self.sla_budget = Gauge(its.SLA_BUDGET)
        self.outbox_depth = Gauge(its.OUTBOX_DEPTH)
        self.outbox_oldest_age = Gauge(its.OUTBOX_OLDEST_AGE)

        self.client_duration = Histogram(its.CLIENT_DURATION)
        self.vendor_latency = Histogram(its.VENDOR_LATENCY)
        self.rate_headroom = Gauge(its.RATE_HEADROOM)
        self.lookups = Gauge(its.LOOKUPS)
        self.cache_lookups = Gauge(its.CACHE_LOOKUPS)
        self.cache_entries = Gauge(its.CACHE_ENTRIES)
        self.cache_evictions = Gauge(its.CACHE_EVICTIONS)
        self.token_expires = Gauge(its.TOKEN_EXPIRES)
        self.token_lost = Gauge(its.TOKEN_LOST)
        self.lane_held = Gauge(its.LANE_HELD)
        self.target_calls = Gauge(its.TARGET_CALLS)
        self.target_told = Gauge(its.TARGET_TOLD)
        self.target_since_asked = Gauge(its.TARGET_SINCE_ASKED)
        self.target_watched_for = Gauge(its.TARGET_WATCHED_FOR)

        self.source_readings = Counter(its.SOURCE_READINGS)
        self.source_records = Counter(its.SOURCE_RECORDS)
        self.source_latency = Histogram(its.SOURCE_LATENCY)
        self.source_state = Gauge(its.SOURCE_STATE)
        self.source_age = Gauge(its.SOURCE_SINCE_READ)
        self.source_silence = Gauge(its.SOURCE_SILENCE)
        self.source_calls = Gauge(its.SOURCE_CALLS)
        self.source_heard = Gauge(its.SOURCE_HEARD)
        self.schema_failures = Counter(its.SCHEMA_FAILURES)
        self.quarantined = Gauge(its.QUARANTINED)
        self.conflicts_open = Gauge(its.CONFLICTS_OPEN)

        self.process_cpu = Gauge(house.PROCESS_CPU)
        self.process_memory = Gauge(house.PROCESS_MEMORY)
        self.process_descriptors = Gauge(house.PROCESS_DESCRIPTORS)
        self.process_descriptors_max = Gauge(house.PROCESS_DESCRIPTORS_MAX)
        self.process_threads = Gauge(house.PROCESS_THREADS)
        self.process_uptime = Gauge(house.PROCESS_UPTIME)
        self.loop_lag = Gauge(house.LOOP_LAG)
        self.loop_tasks = Gauge(house.LOOP_TASKS)
        self.mailbox_depth = Gauge(house.MAILBOX_DEPTH)
        self.actor_restarts = Gauge(house.ACTOR_RESTARTS)
        self.store_size = Gauge(house.STORE_SIZE)
        self.store_disk_free = Gauge(house.STORE_DISK_FREE)
        self.tenant_size = Gauge(house.TENANT_SIZE)
        self.commit_jobs = Histogram(house.COMMIT_JOBS)
        self.commit_duration = Histogram(house.COMMIT_DURATION)
        self.retired = Gauge(house.RETIRED)
        self.telemetry_dropped = Gauge(house.TELEMETRY_DROPPED)
        self.log_lines_dropped = Gauge(house.LOG_LINES_DROPPED)
        self.samples_folded = Gauge(house.SAMPLES_FOLDED)
        self.samples_folded.follow(self._folded)
        self._all: tuple[Metric, ...] = tuple(
            each for each in vars(self).values() if isinstance(each, Counter | Gauge | Histogram)
        )
        if mask is not None:
            for each in self._all:
                each.mask = mask

    def families(self) -> Iterator[Metric]:
        return iter(self._all)

    def text(self) -> str:
        """As Prometheus reads it."""
        return page(self._all, open_metrics=False)

    def page(self, accept: str) -> tuple[str, str]:
        """(content type, body), as an ``Accept`` header wants it."""
        wanted = negotiated(accept)
        return OPEN_METRICS if wanted else TEXT, page(self._all, open_metrics=wanted)

    def _folded(self) -> Iterator[tuple[tuple[str, ...], float]]:
        return (((each.name,), float(each.overflow)) for each in self._all if each.overflow)


async def watch_loop(metrics: Metrics) -> None:
    """Runs for ever: how late a timer fires is how long something held the event loop."""
    samples: deque[float] = deque(maxlen=LAG_SAMPLES)
    while True:
        due_s = trio.current_time() + LAG_EVERY_S
        await trio.sleep_until(due_s)
        samples.append(max(0.0, trio.current_time() - due_s))
        metrics.loop_lag.set(max(samples))
