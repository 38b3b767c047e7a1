"""Alerts: each says what is the matter, how bad it is, and which command helps.

Where the outbox knows it, the alert asks the outbox and not a counter: a counter begins anew with each start,
and what is dead stays dead.
"""

from typing import Literal, NamedTuple

from daemon.telemetry import catalogue as its
from daemon.telemetry import catalogue_house as house
from daemon.telemetry import labels as of
from daemon.telemetry.observe.expressions import Scope
from daemon.telemetry.observe.recordings import COMMIT_P99, ERROR_RATIO, SERVER_ERROR_RATIO

Severity = Literal["critical", "warning", "info"]
GIB = 1024**3
_HERE = Scope(by=("job", "instance"))
_select = _HERE.select


class Alert(NamedTuple):
    """``wait``: how long it must be so. ``text`` may name labels as ``{{ $labels.lane }}`` and ``{{ $value }}``;
    ``command`` is what to type on the host."""

    name: str
    expression: str
    wait: str
    severity: Severity
    text: str
    command: str


_dead = _HERE.total(its.OUTBOX_DEPTH, (of.LANE,), 'state=~"dead|parked"')
_dead_then = _HERE.total(its.OUTBOX_DEPTH, (of.LANE,), 'state=~"dead|parked"', before="15m")
_anything = _HERE.total(its.OUTBOX_DEPTH, (of.LANE,))
_waiting = _HERE.total(its.OUTBOX_DEPTH, (of.LANE,), 'state=~"waiting|claimed|unknown"')
_vendor_rate = _HERE.rate(its.CLIENT_DURATION, (of.SERVER, of.OPERATION))
_route_rate = _HERE.rate(its.SERVER_DURATION, (of.HTTP_ROUTE,))
_free = _select(house.STORE_DISK_FREE)

ALERTS = (
    Alert(
        "LmsyncdDown",
        'up{job=~"lmsyncd.*"} == 0',
        "2m",
        "critical",
        "The daemon does not answer Prometheus. What was accepted waits on disk.",
        "systemctl status lmsyncd && journalctl -u lmsyncd -n 50",
    ),
    Alert(
        "LmsyncdPromiseBroken",
        f"{_select(its.SLA_BUDGET)} < 0",
        "5m",
        "critical",
        "Route {{ $labels.route }} has broken its promise: of the last 24 hours more deliveries were late than it may.",
        "lmsyncctl sla {{ $labels.route }}",
    ),
    Alert(
        "LmsyncdPromiseAtRisk",
        f"{_select(its.SLA_BUDGET)} >= 0 and {_select(its.SLA_BUDGET)} < 0.25",
        "15m",
        "warning",
        "Route {{ $labels.route }} has less than a quarter of its error budget left.",
        "lmsyncctl sla {{ $labels.route }}",
    ),
    Alert(
        "LmsyncdBacklogOld",
        f"{_select(its.OUTBOX_OLDEST_AGE)} > 1800",
        "10m",
        "warning",
        "The oldest open delivery of {{ $labels.lane }} is {{ $value | humanizeDuration }} old.",
        "lmsyncctl queue list --lane {{ $labels.lane }}",
    ),
    Alert(
        "LmsyncdBacklogGrowing",
        f"{_waiting} > 1000 and deriv(({_waiting})[30m:1m]) > 0",
        "30m",
        "warning",
        "{{ $labels.lane }} takes in more than its vendor allows: {{ $value }} wait, and there are more of them.",
        "lmsyncctl queue forecast {{ $labels.lane }}",
    ),
    Alert(
        "LmsyncdDeadLetters",
        f"{_dead} - ({_dead_then} or {_anything} * 0) > 0",
        "0m",
        "warning",
        "{{ $value }} deliveries of {{ $labels.lane }} died, or wait for a person, since 15 minutes ago.",
        "lmsyncctl dlq list --lane {{ $labels.lane }}",
    ),
    Alert(
        "LmsyncdLaneSuspended",
        _select(its.LANE_HELD, 'reason="suspended"') + " == 1",
        "2m",
        "critical",
        "The vendor of {{ $labels.lane }} takes our credentials no longer: nothing is delivered there.",
        "lmsyncctl target test {{ $labels.lane }}",
    ),
    Alert(
        "LmsyncdVendorOutage",
        _select(its.LANE_HELD, 'reason="outage"') + " == 1",
        "15m",
        "warning",
        "The vendor of {{ $labels.lane }} has been out for a while; deliveries wait and go on by themselves.",
        "lmsyncctl status",
    ),
    Alert(
        "LmsyncdVendorErrors",
        f"{ERROR_RATIO.name} > 0.25 and {_vendor_rate} > 0.05",
        "10m",
        "warning",
        "{{ $value | humanizePercentage }} of {{ $labels.operation }} at {{ $labels.server_address }} fail.",
        "lmsyncctl status",
    ),
    Alert(
        "LmsyncdVendorLimit",
        f"min_over_time({_select(its.RATE_HEADROOM)}[15m]) < -1",
        "15m",
        "info",
        "{{ $labels.lane }} waits for its vendor's limit ({{ $labels.bucket }}) all the time.",
        "lmsyncctl queue forecast {{ $labels.lane }}",
    ),
    Alert(
        "LmsyncdTokenLost",
        f"{_select(its.TOKEN_LOST)} == 1",
        "1m",
        "critical",
        "The token of {{ $labels.connection }} ({{ $labels.speaker }}) cannot be renewed: connect the account again.",
        "lmsyncctl token list",
    ),
    Alert(
        "LmsyncdTokenExpiring",
        f"{_select(its.TOKEN_EXPIRES)} < 120",
        "5m",
        "warning",
        "The token of {{ $labels.connection }} ({{ $labels.speaker }}) ends, and was not renewed ahead of that.",
        "lmsyncctl token list",
    ),
    Alert(
        "LmsyncdSubscriptionLapsing",
        f"{_select(its.TARGET_WATCHED_FOR)} < 600",
        "10m",
        "warning",
        "A subscription of {{ $labels.lane }} at its vendor ends and was not renewed.",
        "lmsyncctl target list",
    ),
    Alert(
        "LmsyncdSourceUnread",
        _select(its.SOURCE_STATE, 'state=~"suspended|unavailable"') + " == 1",
        "30m",
        "warning",
        "Source {{ $labels.source }} cannot be read: it is {{ $labels.state }}.",
        "lmsyncctl source list",
    ),
    Alert(
        "LmsyncdSourceSilent",
        f"{_select(its.SOURCE_SILENCE)} > 86400",
        "10m",
        "warning",
        "Source {{ $labels.source }} has not called for a day.",
        "lmsyncctl source list",
    ),
    Alert(
        "LmsyncdSourceBraked",
        _select(its.SOURCE_STATE, 'state="braked"') + " == 1",
        "1m",
        "warning",
        "So much of source {{ $labels.source }} would be gone that nothing was removed: somebody must say if it is so.",
        "lmsyncctl source list",
    ),
    Alert(
        "LmsyncdQuarantineGrowing",
        f"{_select(its.QUARANTINED)} - ({_select(its.QUARANTINED)} offset 1h or {_select(its.QUARANTINED)} * 0) > 50",
        "0m",
        "warning",
        "{{ $value }} records of {{ $labels.tenant }}/{{ $labels.source }} failed validation in the last hour.",
        "lmsyncctl quarantine list --source {{ $labels.tenant }}/{{ $labels.source }}",
    ),
    Alert(
        "LmsyncdConflictsWaiting",
        f"min_over_time({_select(its.CONFLICTS_OPEN)}[1d]) > 25",
        "1h",
        "info",
        "{{ $value }} questions of {{ $labels.tenant }} have waited for a person all day.",
        "lmsyncctl conflict list --tenant {{ $labels.tenant }}",
    ),
    Alert(
        "LmsyncdGatewayErrors",
        f"{SERVER_ERROR_RATIO.name} > 0.05 and {_route_rate} > 0.05",
        "5m",
        "critical",
        "{{ $value | humanizePercentage }} of what is asked of {{ $labels.http_route }} ends in an error of ours.",
        "lmsyncctl health deep",
    ),
    Alert(
        "LmsyncdDiskLow",
        f"{_free} < {GIB} or predict_linear({_free}[6h], 86400) < 0",
        "15m",
        "critical",
        "The disk is full, or will be in a day ({{ $value | humanize1024 }}B): then nothing is taken in.",
        "lmsyncctl retention show",
    ),
    Alert(
        "LmsyncdDiskSlow",
        f"{COMMIT_P99.name} > 1",
        "10m",
        "warning",
        "A transaction takes {{ $value | humanizeDuration }}: the disk is slow, or somebody else keeps it busy.",
        "lmsyncctl health deep",
    ),
    Alert(
        "LmsyncdLoopHeld",
        f"{_select(house.LOOP_LAG)} > 1",
        "5m",
        "warning",
        "Something holds up the event loop for {{ $value | humanizeDuration }} at a time.",
        "lmsyncctl actor tree",
    ),
    Alert(
        "LmsyncdActorRestarting",
        f"increase({_select(house.ACTOR_RESTARTS)}[15m]) > 3",
        "0m",
        "warning",
        "{{ $labels.actor }} was started again {{ $value }} times in 15 minutes.",
        "lmsyncctl actor tree {{ $labels.actor }}",
    ),
    Alert(
        "LmsyncdDescriptors",
        f"{_select(house.PROCESS_DESCRIPTORS)} / {_select(house.PROCESS_DESCRIPTORS_MAX)} > 0.8",
        "10m",
        "warning",
        "The daemon has {{ $value | humanizePercentage }} of the file descriptors open that it may.",
        "systemctl show lmsyncd --property=LimitNOFILE",
    ),
    Alert(
        "LmsyncdTelemetryLost",
        f"increase({_select(house.TELEMETRY_DROPPED)}[15m]) > 0",
        "15m",
        "info",
        "{{ $labels.signal }} do not reach the collector; deliveries are not affected.",
        "journalctl -u lmsyncd LMSYNCD_EVENT=telemetry.collector_away",
    ),
    Alert(
        "LmsyncdSeriesFolded",
        f"increase({_select(house.SAMPLES_FOLDED)}[1h]) > 0",
        "1h",
        "info",
        "{{ $labels.metric }} has more series than it may: what is beyond counts as other.",
        "lmsyncctl tenants",
    ),
)
