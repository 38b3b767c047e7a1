"""Whether sources are read and heard, and what is wrong with what they tell."""

from daemon.telemetry import catalogue as its
from daemon.telemetry import labels as of
from daemon.telemetry.observe import recordings
from daemon.telemetry.observe.boards import chosen, made, shown
from daemon.telemetry.observe.panels import Dashboard, Row

SOURCES = Dashboard(
    "lmsyncd-sources",
    "lmsyncd: sources",
    "Whether LMSs are read and heard, and what is wrong with what they tell.",
    [
        Row(
            "Reading",
            [
                shown(
                    its.SOURCE_SINCE_READ,
                    chosen.total(its.SOURCE_SINCE_READ, (of.SOURCE,), how="max"),
                    "{{source}}",
                    "Since read",
                ),
                shown(
                    its.SOURCE_READINGS,
                    chosen.rate(its.SOURCE_READINGS, (of.SOURCE, of.HOW)),
                    "{{source}} {{how}}",
                    "Readings a second",
                ),
                shown(
                    its.SOURCE_RECORDS,
                    chosen.rate(its.SOURCE_RECORDS, (of.SOURCE, of.WHAT)),
                    "{{source}} {{what}}",
                    "Records a second",
                ),
                shown(
                    its.SOURCE_LATENCY,
                    chosen.quantile(0.95, its.SOURCE_LATENCY, (of.SOURCE,)),
                    "{{source}}",
                    "Time to answer, 95 %",
                ),
                shown(
                    its.SOURCE_STATE,
                    chosen.total(its.SOURCE_STATE, (of.SOURCE, of.SOURCE_STATE)),
                    "{{source}} {{state}}",
                    "States",
                ),
            ],
        ),
        Row(
            "Hearing",
            [
                shown(
                    its.SOURCE_SILENCE,
                    chosen.total(its.SOURCE_SILENCE, (of.SOURCE,), how="max"),
                    "{{source}}",
                    "Silent for",
                ),
                shown(
                    its.SOURCE_CALLS,
                    chosen.rate(its.SOURCE_CALLS, (of.SOURCE, of.WHAT)),
                    "{{source}} {{what}}",
                    "Calls a second",
                ),
                shown(
                    its.SOURCE_HEARD,
                    chosen.rate(its.SOURCE_HEARD, (of.SOURCE, of.WHAT)),
                    "{{source}} {{what}}",
                    "Heard a second",
                ),
            ],
        ),
        Row(
            "What is wrong with it",
            [
                made(
                    recordings.SCHEMA_FAILURE_RATE, "{{source}} {{rule}}", "ops", "Records that fail a rule, a second"
                ),
                shown(
                    its.QUARANTINED,
                    chosen.total(its.QUARANTINED, (of.TENANT, of.SOURCE_NAME)),
                    "{{tenant}}/{{source}}",
                    "In quarantine",
                ),
                shown(
                    its.CONFLICTS_OPEN,
                    chosen.total(its.CONFLICTS_OPEN, (of.TENANT,)),
                    "{{tenant}}",
                    "Questions for people",
                ),
            ],
        ),
    ],
)
