"""How vendors answer, what their limits leave, what they cost."""

from daemon.telemetry import catalogue as its
from daemon.telemetry import labels as of
from daemon.telemetry.observe import recordings
from daemon.telemetry.observe.boards import chosen, made, shown
from daemon.telemetry.observe.panels import Dashboard, Panel, Query, Row

VENDORS = Dashboard(
    "lmsyncd-vendors",
    "lmsyncd: vendors",
    "How Slack, Teams and others answer, what their limits leave, and what it costs.",
    [
        Row(
            "Answers",
            [
                made(recordings.CLIENT_P95, "{{server_address}} {{operation}}", "s", "Time to answer, 95 %"),
                made(recordings.ERROR_RATIO, "{{server_address}} {{operation}}", "percentunit", "Requests that fail"),
                shown(
                    its.CLIENT_DURATION,
                    chosen.rate(its.CLIENT_DURATION, (of.ERROR,), 'error_type!=""'),
                    "{{error_type}}",
                    "Failures a second, by what they are",
                ),
                shown(
                    its.CLIENT_DURATION,
                    chosen.rate(its.CLIENT_DURATION, (of.METHOD, of.STATUS)),
                    "{{http_request_method}} {{http_response_status_code}}",
                    "Requests a second",
                ),
                Panel(
                    "Answers to deliveries",
                    [
                        Query(
                            f"sum by (le) (rate({chosen.select(its.VENDOR_LATENCY, part='bucket')}[5m]))",
                            "{{le}}",
                            exemplars=True,
                        )
                    ],
                    its.VENDOR_LATENCY.text,
                    "s",
                    "heatmap",
                ),
                made(recordings.FAILURE_RATIO, "{{lane}}", "percentunit", "Attempts that do not deliver"),
                shown(
                    its.ATTEMPTS,
                    chosen.rate(its.ATTEMPTS, (of.VERDICT,)),
                    "{{verdict}}",
                    "Attempts a second, by verdict",
                ),
                shown(its.RETRIES, chosen.rate(its.RETRIES, (of.LANE,)), "{{lane}}", "Retries a second"),
            ],
        ),
        Row(
            "Limits and cost",
            [
                shown(
                    its.RATE_HEADROOM,
                    chosen.total(its.RATE_HEADROOM, (of.LANE, of.BUCKET), how="min"),
                    "{{lane}} {{bucket}}",
                    "What limits still allow",
                ),
                made(recordings.CALLS_PER_DELIVERY, "{{lane}}", "short", "Calls for each delivered event"),
                shown(
                    its.LOOKUPS,
                    chosen.rate(its.LOOKUPS, (of.LANE, of.WHAT)),
                    "{{lane}} {{what}}",
                    "Addresses remembered, and looked up, a second",
                ),
                shown(
                    its.LANE_HELD, chosen.total(its.LANE_HELD, (of.LANE, of.REASON)), "{{lane}} {{reason}}", "Held back"
                ),
            ],
        ),
        Row(
            "Credentials and listening",
            [
                shown(
                    its.TOKEN_EXPIRES,
                    chosen.total(its.TOKEN_EXPIRES, (of.CONNECTION, of.SPEAKER), how="min"),
                    "{{connection}} {{speaker}}",
                    "Tokens last",
                ),
                shown(
                    its.TOKEN_LOST,
                    chosen.total(its.TOKEN_LOST, (of.CONNECTION, of.SPEAKER)),
                    "{{connection}} {{speaker}}",
                    "Tokens beyond renewing",
                ),
                shown(
                    its.TARGET_WATCHED_FOR,
                    chosen.total(its.TARGET_WATCHED_FOR, (of.LANE,), how="min"),
                    "{{lane}}",
                    "Subscriptions last",
                ),
                shown(
                    its.TARGET_CALLS,
                    chosen.rate(its.TARGET_CALLS, (of.LANE, of.WHAT)),
                    "{{lane}} {{what}}",
                    "Vendors call",
                ),
                shown(
                    its.TARGET_TOLD,
                    chosen.rate(its.TARGET_TOLD, (of.LANE, of.TIDING)),
                    "{{lane}} {{tiding}}",
                    "Vendors tell",
                ),
                shown(
                    its.TARGET_SINCE_ASKED,
                    chosen.total(its.TARGET_SINCE_ASKED, (of.LANE,), how="max"),
                    "{{lane}}",
                    "Since they were asked",
                ),
            ],
        ),
    ],
)
