"""What an operator looks at first."""

from daemon.telemetry import catalogue as its
from daemon.telemetry import labels as of
from daemon.telemetry.observe import recordings
from daemon.telemetry.observe.boards import chosen, figure, made, shown
from daemon.telemetry.observe.panels import Dashboard, Panel, Query, Row

OVERVIEW = Dashboard(
    "lmsyncd-overview",
    "lmsyncd: at a glance",
    "Whether what teachers and learners were promised arrives, and what waits for a person.",
    [
        Row(
            "Now",
            [
                figure(its.OUTBOX_DEPTH, chosen.total(its.OUTBOX_DEPTH, (), 'state="waiting"'), "Waiting"),
                figure(its.OUTBOX_OLDEST_AGE, chosen.total(its.OUTBOX_OLDEST_AGE, (), how="max"), "Oldest", 1800.0),
                figure(
                    its.OUTBOX_DEPTH, chosen.total(its.OUTBOX_DEPTH, (), 'state=~"dead|parked"'), "Dead or parked", 1.0
                ),
                figure(its.LANE_HELD, chosen.total(its.LANE_HELD, ()), "Lanes held back", 1.0),
                figure(its.TOKEN_LOST, chosen.total(its.TOKEN_LOST, ()), "Tokens lost", 1.0),
                figure(its.CONFLICTS_OPEN, chosen.total(its.CONFLICTS_OPEN, ()), "Questions for people"),
            ],
        ),
        Row(
            "Promises",
            [
                Panel(
                    "Error budget left",
                    [Query(chosen.total(its.SLA_BUDGET, (of.ROUTE,), how="min"), "{{route}}")],
                    its.SLA_BUDGET.text,
                    "percentunit",
                    "bargauge",
                    low=0.25,
                ),
                Panel(
                    "Propagation",
                    [
                        Query(chosen.quantile(share, its.PROPAGATION, ()), f"{share:.0%}", exemplars=True)
                        for share in (0.5, 0.95, 0.99)
                    ],
                    its.PROPAGATION.text,
                    "s",
                ),
                shown(its.SLA_PROMISE, chosen.total(its.SLA_PROMISE, (of.ROUTE,), how="min"), "{{route}}", "Promised"),
                made(recordings.PROPAGATION_P95, "{{route}}", "s", "Propagation by route, 95 %"),
            ],
        ),
        Row(
            "Flow",
            [
                Panel(
                    "Statements a second",
                    [
                        Query(chosen.rate(its.STATEMENTS_ACCEPTED, ()), "accepted"),
                        Query(chosen.rate(its.STATEMENTS_COLLAPSED, ()), "there already"),
                        Query(chosen.rate(its.STATEMENTS_ROUTED, ()), "routed"),
                        Query(chosen.rate(its.STATEMENTS_NOT_ROUTED, ()), "not routed"),
                        Query(chosen.rate(its.EFFECTS_REPEATED, ()), "effects repeated"),
                    ],
                    "What comes in, and what becomes of it.",
                    "ops",
                ),
                shown(
                    its.STATEMENTS_REFUSED,
                    chosen.rate(its.STATEMENTS_REFUSED, (of.REASON,)),
                    "{{reason}}",
                    "Requests refused a second",
                ),
                shown(
                    its.DELIVERIES, chosen.rate(its.DELIVERIES, (of.STATE,)), "{{state}}", "Attempts a second, by end"
                ),
                shown(
                    its.OUTBOX_DEPTH,
                    chosen.total(its.OUTBOX_DEPTH, (of.LANE,), 'state=~"waiting|claimed|unknown|held"'),
                    "{{lane}}",
                    "Open deliveries",
                ),
                shown(
                    its.OUTBOX_OLDEST_AGE,
                    chosen.total(its.OUTBOX_OLDEST_AGE, (of.LANE,), how="max"),
                    "{{lane}}",
                    "Age of the oldest",
                ),
                shown(
                    its.DEAD, chosen.rate(its.DEAD, (of.LANE, of.CAUSE)), "{{lane}} {{cause}}", "Dead letters a second"
                ),
            ],
        ),
    ],
)
