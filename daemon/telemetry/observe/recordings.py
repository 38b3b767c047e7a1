"""Recording rules: what dashboards and alerts ask again and again, made once. Named LEVEL:METRIC:OPERATION."""

from typing import NamedTuple

from daemon.telemetry import catalogue as its
from daemon.telemetry import catalogue_house as house
from daemon.telemetry import labels as of
from daemon.telemetry.observe.expressions import Scope, ratio

_OURS = Scope(by=("job", "instance"))
HOUR = "1h"
FAILED = "5..|429|not_sent|lost"
"""What is nobody's fault here. Other refusals are answers too: nobody of that address, no such channel."""


class Recording(NamedTuple):
    """``keys``: the labels that the result has."""

    name: str
    expression: str
    keys: tuple[str, ...]
    text: str


def _recorded(name: str, expression: str, *keys: str, text: str) -> Recording:
    return Recording(name, expression, ("job", "instance", *keys), text)


ERROR_RATIO = _recorded(
    "operation:http_client_requests:error_ratio_rate5m",
    ratio(
        _OURS.rate(its.CLIENT_DURATION, (of.SERVER, of.OPERATION), f'error_type=~"{FAILED}"'),
        _OURS.rate(its.CLIENT_DURATION, (of.SERVER, of.OPERATION)),
    ),
    "server_address",
    "operation",
    text="Share of a vendor method's requests that the vendor, or the way to it, failed or put off.",
)
CLIENT_P95 = _recorded(
    "operation:http_client_request_duration_seconds:p95_rate5m",
    _OURS.quantile(0.95, its.CLIENT_DURATION, (of.SERVER, of.OPERATION)),
    "server_address",
    "operation",
    text="Within which time 95 % of a vendor method's requests were answered.",
)
SERVER_ERROR_RATIO = _recorded(
    "route:http_server_requests:error_ratio_rate5m",
    ratio(
        _OURS.rate(its.SERVER_DURATION, (of.HTTP_ROUTE,), 'error_type!=""'),
        _OURS.rate(its.SERVER_DURATION, (of.HTTP_ROUTE,)),
    ),
    "http_route",
    text="Share of the gateway's answers that were errors of ours.",
)
SERVER_P95 = _recorded(
    "route:http_server_request_duration_seconds:p95_rate5m",
    _OURS.quantile(0.95, its.SERVER_DURATION, (of.HTTP_ROUTE,)),
    "http_route",
    text="Within which time 95 % of the gateway's requests were answered.",
)
PROPAGATION_P95 = _recorded(
    "route:lmsyncd_propagation_seconds:p95_rate5m",
    _OURS.quantile(0.95, its.PROPAGATION, (of.ROUTE,)),
    "route",
    text="Within which time 95 % of a route's deliveries arrived.",
)
CALLS_PER_DELIVERY = _recorded(
    "lane:lmsyncd_vendor_calls_per_delivery:ratio_rate1h",
    f"{_OURS.rate(its.VENDOR_LATENCY, (of.LANE,), window=HOUR)} / "
    + _OURS.rate(its.DELIVERIES, (of.LANE,), 'state="delivered"', window=HOUR),
    "lane",
    text="What a delivered event costs in calls to its vendor.",
)
FAILURE_RATIO = _recorded(
    "lane:lmsyncd_attempts:failure_ratio_rate5m",
    ratio(
        _OURS.rate(its.ATTEMPTS, (of.LANE,), 'verdict!="delivered"', 'verdict!="not_sent"'),
        _OURS.rate(its.ATTEMPTS, (of.LANE,), 'verdict!="not_sent"'),
    ),
    "lane",
    text="Share of a lane's attempts that did not deliver, of those that were made.",
)
SCHEMA_FAILURE_RATE = _recorded(
    "source_rule:lmsyncd_schema_failures:rate1h",
    _OURS.rate(its.SCHEMA_FAILURES, (of.SOURCE, of.RULE), window=HOUR),
    "source",
    "rule",
    text="Records a second that fail a rule.",
)
CPU_RATIO = _recorded(
    "instance:process_cpu:ratio_rate5m",
    _OURS.rate(house.PROCESS_CPU, ()),
    text="Share of one processor that the daemon takes.",
)
COMMIT_P99 = _recorded(
    "instance:lmsyncd_store_commit_duration_seconds:p99_rate5m",
    _OURS.quantile(0.99, house.COMMIT_DURATION, ()),
    text="Within which time 99 % of transactions were on disk.",
)
RECORDINGS = (
    ERROR_RATIO,
    CLIENT_P95,
    SERVER_ERROR_RATIO,
    SERVER_P95,
    PROPAGATION_P95,
    CALLS_PER_DELIVERY,
    FAILURE_RATIO,
    SCHEMA_FAILURE_RATE,
    CPU_RATIO,
    COMMIT_P99,
)
