"""Every metric of events, vendors and sources; those of the house itself are in ``catalogue_house``.

Whoever adds one adds it here, as an attribute of ``metrics.Metrics``, and to docs/telemetry.md. Ours are called
``lmsyncd.<what it is of>.<what it says>``.
"""

from daemon.telemetry import labels as of
from daemon.telemetry.definitions import Definition

PROPAGATION_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 21600.0)
LATENCY_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
HISTOGRAMS_MAX = 2_000
"""Series of a histogram, each of which is as many lines as it has buckets."""

BUILD = Definition(
    name="lmsyncd.build_info", kind="gauge", unit="", text="The version that runs.", labels=(of.VERSION,), fold="max"
)

# ── what comes in, and where it goes ─────────────────────────────────────────────────────────────────

STATEMENTS_ACCEPTED = Definition(
    name="lmsyncd.statements.accepted",
    kind="counter",
    unit="{statement}",
    text="Statements new in the log.",
    labels=(of.TENANT,),
)
STATEMENTS_COLLAPSED = Definition(
    name="lmsyncd.statements.collapsed",
    kind="counter",
    unit="{statement}",
    text="Statements that were already in the log.",
    labels=(of.TENANT,),
)
STATEMENTS_REFUSED = Definition(
    name="lmsyncd.statements.refused",
    kind="counter",
    unit="{request}",
    text="Requests refused, by reason.",
    labels=(of.TENANT, of.REASON),
)
STATEMENTS_ROUTED = Definition(
    name="lmsyncd.statements.routed",
    kind="counter",
    unit="{statement}",
    text="Statements that became a change some route wants.",
    labels=(of.TENANT, of.CHANGE),
)
STATEMENTS_NOT_ROUTED = Definition(
    name="lmsyncd.statements.not_routed",
    kind="counter",
    unit="{statement}",
    text="Statements no delivery came from.",
    labels=(of.TENANT, of.REASON),
)
EFFECTS_REPEATED = Definition(
    name="lmsyncd.effects.repeated",
    kind="counter",
    unit="{delivery}",
    text="Planned deliveries whose effect already existed.",
    labels=(of.TENANT,),
)
SERVER_DURATION = Definition(
    name="http.server.request.duration",
    kind="histogram",
    unit="s",
    text="A request to the gateway, to the end of its answer.",
    labels=(of.METHOD, of.HTTP_ROUTE, of.STATUS, of.ERROR),
    bounds=LATENCY_S,
    series_max=HISTOGRAMS_MAX,
)

# ── deliveries ───────────────────────────────────────────────────────────────────────────────────────

DELIVERIES = Definition(
    name="lmsyncd.deliveries",
    kind="counter",
    unit="{attempt}",
    text="Attempts and probes, by the state they led to.",
    labels=(of.LANE, of.STATE),
)
ATTEMPTS = Definition(
    name="lmsyncd.attempts",
    kind="counter",
    unit="{attempt}",
    text="Attempts and probes, by verdict.",
    labels=(of.LANE, of.VERDICT),
)
RETRIES = Definition(
    name="lmsyncd.retries",
    kind="counter",
    unit="{attempt}",
    text="Sends that were not the first for their delivery.",
    labels=(of.LANE,),
)
DEAD = Definition(
    name="lmsyncd.dead",
    kind="counter",
    unit="{delivery}",
    text="Deliveries that ended as dead letters or parked.",
    labels=(of.LANE, of.CAUSE),
)
PROPAGATION = Definition(
    name="lmsyncd.propagation",
    kind="histogram",
    unit="s",
    text="From accepted to the vendor's receipt.",
    labels=(of.ROUTE,),
    bounds=PROPAGATION_S,
    series_max=HISTOGRAMS_MAX,
)
SLA_PROMISE = Definition(
    name="lmsyncd.sla.promise",
    kind="gauge",
    unit="s",
    text="How soon a route promises to deliver.",
    labels=(of.ROUTE,),
    fold="min",
)
SLA_BUDGET = Definition(
    name="lmsyncd.sla.budget_left",
    kind="gauge",
    unit="1",
    text="What is left of a route's error budget of the last 24 hours; below 0 it is overdrawn.",
    labels=(of.ROUTE,),
    fold="min",
)
OUTBOX_DEPTH = Definition(
    name="lmsyncd.outbox.depth",
    kind="up_down",
    unit="{delivery}",
    text="Deliveries in the outbox.",
    labels=(of.LANE, of.STATE),
)
OUTBOX_OLDEST_AGE = Definition(
    name="lmsyncd.outbox.oldest_age",
    kind="gauge",
    unit="s",
    text="Age of the oldest open delivery.",
    labels=(of.LANE,),
    fold="max",
)

# ── vendors ──────────────────────────────────────────────────────────────────────────────────────────

CLIENT_DURATION = Definition(
    name="http.client.request.duration",
    kind="histogram",
    unit="s",
    text="A request to a vendor, to its answer.",
    labels=(of.SERVER, of.OPERATION, of.METHOD, of.STATUS, of.ERROR),
    bounds=LATENCY_S,
    series_max=HISTOGRAMS_MAX,
)
VENDOR_LATENCY = Definition(
    name="lmsyncd.vendor.latency",
    kind="histogram",
    unit="s",
    text="A vendor's answer to a delivery's request.",
    labels=(of.LANE, of.OPERATION),
    bounds=LATENCY_S,
    series_max=HISTOGRAMS_MAX,
)
RATE_HEADROOM = Definition(
    name="lmsyncd.rate.headroom",
    kind="gauge",
    unit="1",
    text="What a vendor's limit still allows, as a share of its burst; below 0: how many bursts are waited for.",
    labels=(of.LANE, of.BUCKET),
    fold="min",
)
LOOKUPS = Definition(
    name="lmsyncd.lookups",
    kind="counter",
    unit="{lookup}",
    text="How often a learner's address at a vendor was remembered, and how often it had to be looked up.",
    labels=(of.LANE, of.WHAT),
)
CACHE_LOOKUPS = Definition(
    name="lmsyncd.cache.lookups",
    kind="counter",
    unit="{lookup}",
    text="What was asked of a cache: there (hit), not there (miss), or too old (stale).",
    labels=(of.CACHE, of.RESULT),
)
CACHE_ENTRIES = Definition(
    name="lmsyncd.cache.entries",
    kind="up_down",
    unit="{entry}",
    text="How much a cache holds.",
    labels=(of.CACHE,),
)
CACHE_EVICTIONS = Definition(
    name="lmsyncd.cache.evictions",
    kind="counter",
    unit="{entry}",
    text="What had to make room in a cache.",
    labels=(of.CACHE,),
)
TOKEN_EXPIRES = Definition(
    name="lmsyncd.token.expires_in",
    kind="gauge",
    unit="s",
    text="How long a connection's access token still lasts.",
    labels=(of.CONNECTION, of.SPEAKER),
    fold="min",
)
TOKEN_LOST = Definition(
    name="lmsyncd.token.lost",
    kind="up_down",
    unit="{token}",
    text="1 for a token that cannot be renewed: somebody must connect the account again.",
    labels=(of.CONNECTION, of.SPEAKER),
)
LANE_HELD = Definition(
    name="lmsyncd.lane.held",
    kind="up_down",
    unit="{lane}",
    text="1 for a lane that is held back, and by what: paused, suspended, outage.",
    labels=(of.LANE, of.REASON),
)
TARGET_CALLS = Definition(
    name="lmsyncd.target.calls",
    kind="counter",
    unit="{call}",
    text="What a target's vendor posted, by what became of it.",
    labels=(of.LANE, of.WHAT),
)
TARGET_TOLD = Definition(
    name="lmsyncd.target.told",
    kind="counter",
    unit="{tiding}",
    text="What a target's vendor told that was new.",
    labels=(of.LANE, of.TIDING),
)
TARGET_SINCE_ASKED = Definition(
    name="lmsyncd.target.since_asked",
    kind="gauge",
    unit="s",
    text="Since a target's vendor was last asked how things stand.",
    labels=(of.LANE,),
    fold="max",
)
TARGET_WATCHED_FOR = Definition(
    name="lmsyncd.target.watched_for",
    kind="gauge",
    unit="s",
    text="How long the first subscription to end still lasts.",
    labels=(of.LANE,),
    fold="min",
)

# ── sources ──────────────────────────────────────────────────────────────────────────────────────────

SOURCE_READINGS = Definition(
    name="lmsyncd.source.readings",
    kind="counter",
    unit="{reading}",
    text="Readings of sources, by how they ended.",
    labels=(of.SOURCE, of.HOW),
)
SOURCE_RECORDS = Definition(
    name="lmsyncd.source.records",
    kind="counter",
    unit="{record}",
    text="Records that readings told, and what became of them.",
    labels=(of.SOURCE, of.WHAT),
)
SOURCE_LATENCY = Definition(
    name="lmsyncd.source.latency",
    kind="histogram",
    unit="s",
    text="A source's answer.",
    labels=(of.SOURCE, of.OPERATION),
    bounds=LATENCY_S,
    series_max=HISTOGRAMS_MAX,
)
SOURCE_STATE = Definition(
    name="lmsyncd.source.state",
    kind="up_down",
    unit="{source}",
    text="1 for the state that a source is in.",
    labels=(of.SOURCE, of.SOURCE_STATE),
)
SOURCE_SINCE_READ = Definition(
    name="lmsyncd.source.since_read",
    kind="gauge",
    unit="s",
    text="Since a source was last read to the end.",
    labels=(of.SOURCE,),
    fold="max",
)
SOURCE_SILENCE = Definition(
    name="lmsyncd.source.silence",
    kind="gauge",
    unit="s",
    text="Since a source that calls was last heard.",
    labels=(of.SOURCE,),
    fold="max",
)
SOURCE_CALLS = Definition(
    name="lmsyncd.source.calls",
    kind="counter",
    unit="{call}",
    text="What was posted to a source's hook, by what became of it.",
    labels=(of.SOURCE, of.WHAT),
)
SOURCE_HEARD = Definition(
    name="lmsyncd.source.heard",
    kind="counter",
    unit="{record}",
    text="What calls told, and what became of it.",
    labels=(of.SOURCE, of.WHAT),
)
SCHEMA_FAILURES = Definition(
    name="lmsyncd.schema.failures",
    kind="counter",
    unit="{record}",
    text="Records that a reading sent to quarantine, by the rule they fail.",
    labels=(of.SOURCE, of.RULE),
)
QUARANTINED = Definition(
    name="lmsyncd.quarantined",
    kind="up_down",
    unit="{record}",
    text="Records of sources that failed validation.",
    labels=(of.TENANT, of.SOURCE_NAME),
)
CONFLICTS_OPEN = Definition(
    name="lmsyncd.conflicts.open",
    kind="up_down",
    unit="{conflict}",
    text="Questions between systems that wait for a person.",
    labels=(of.TENANT,),
)
