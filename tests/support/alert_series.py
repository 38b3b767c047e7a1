"""For every alert what the world looks like when it is to fire and when it is not, as promtool writes series.

``5x60`` is 5 at once and for 60 minutes more; ``0+10x60`` grows by 10 each minute. The alert is looked at after
``at``. Where no quiet series are given, nothing at all is quiet.
"""

from typing import NamedTuple

LANE = 'lane="acme/slack"'
DEPTH = f"lmsyncd_outbox_depth{{{LANE},state="


class Seen(NamedTuple):
    fires: dict[str, str]
    quiet: dict[str, str] | None = None
    at: str = "50m"


def _vendor(error: str, grows: str) -> tuple[str, str]:
    labels = f'server_address="slack.com",operation="chat.postMessage",error_type="{error}"'
    return f"http_client_request_duration_seconds_count{{{labels}}}", f"0+{grows}x60"


def _gateway(error: str, grows: str) -> tuple[str, str]:
    labels = f'http_route="/t/{{tenant}}/xapi/statements",error_type="{error}"'
    return f"http_server_request_duration_seconds_count{{{labels}}}", f"0+{grows}x60"


def _commits(fast: int, all_: int) -> dict[str, str]:
    name = "lmsyncd_store_commit_duration_seconds_bucket"
    buckets = {"0.5": fast, "1.0": fast, "5.0": all_, "+Inf": all_}
    return {f'{name}{{le="{le}"}}': f"0+{grows}x60" for le, grows in buckets.items()}


BUDGET = 'lmsyncd_sla_budget_left_ratio{route="acme/done"}'
EXPIRES = 'lmsyncd_token_expires_in_seconds{connection="acme/slack",speaker="bot"}'
LOST = 'lmsyncd_token_lost{connection="acme/slack",speaker="bot"}'
WATCHED = f"lmsyncd_target_watched_for_seconds{{{LANE}}}"
QUARANTINED = 'lmsyncd_quarantined{tenant="acme",source="moodle"}'
HEADROOM = f'lmsyncd_rate_headroom_ratio{{{LANE},bucket="channel"}}'
DROPPED = 'lmsyncd_telemetry_dropped_total{signal="traces"}'
FOLDED = 'lmsyncd_metric_samples_folded_total{metric="lmsyncd_dead_total"}'
RESTARTS = 'lmsyncd_actor_restarts_total{actor="root/acme"}'
FREE = "lmsyncd_store_disk_free_bytes"
OPEN, MAY = "lmsyncd_process_file_descriptors", "lmsyncd_process_file_descriptors_max"

ALERT_SERIES = {
    "LmsyncdDown": Seen({'up{job="lmsyncd"}': "0x60"}, {'up{job="lmsyncd"}': "1x60", 'up{job="node"}': "0x60"}),
    "LmsyncdPromiseBroken": Seen({BUDGET: "-0.5x60"}, {BUDGET: "0.1x60"}),
    "LmsyncdPromiseAtRisk": Seen({BUDGET: "0.1x60"}, {BUDGET: "-0.5x60"}),
    "LmsyncdBacklogOld": Seen(
        {f"lmsyncd_outbox_oldest_age_seconds{{{LANE}}}": "1900+60x60"},
        {f"lmsyncd_outbox_oldest_age_seconds{{{LANE}}}": "60x60"},
    ),
    "LmsyncdBacklogGrowing": Seen(
        {f'{DEPTH}"waiting"}}': "2000+10x120"}, {f'{DEPTH}"waiting"}}': "9000-10x120"}, at="100m"
    ),
    "LmsyncdDeadLetters": Seen(
        {f'{DEPTH}"delivered"}}': "100x60", f'{DEPTH}"dead"}}': "_x45 1x15"},
        {f'{DEPTH}"delivered"}}': "100x60", f'{DEPTH}"dead"}}': "7x60", f'{DEPTH}"parked"}}': "3-0.1x60"},
    ),
    "LmsyncdLaneSuspended": Seen(
        {f'lmsyncd_lane_held{{{LANE},reason="suspended"}}': "1x60"},
        {f'lmsyncd_lane_held{{{LANE},reason="paused"}}': "1x60"},
    ),
    "LmsyncdVendorOutage": Seen(
        {f'lmsyncd_lane_held{{{LANE},reason="outage"}}': "1x60"},
        {f'lmsyncd_lane_held{{{LANE},reason="outage"}}': "_x40 1x20"},
    ),
    "LmsyncdVendorErrors": Seen(
        dict([_vendor("503", "10"), _vendor("", "20")]), dict([_vendor("503", "10"), _vendor("", "90")])
    ),
    "LmsyncdVendorLimit": Seen({HEADROOM: "-1.5x60"}, {HEADROOM: "1 -3 1 -3 1 -3 1x60"}),
    "LmsyncdTokenLost": Seen({LOST: "1x60"}),
    "LmsyncdTokenExpiring": Seen({EXPIRES: "3000-60x60"}, {EXPIRES: "3600x60"}, at="58m"),
    "LmsyncdSubscriptionLapsing": Seen({WATCHED: "3000-60x60"}, {WATCHED: "3600x60"}, at="55m"),
    "LmsyncdSourceUnread": Seen(
        {'lmsyncd_source_state{source="acme/moodle",state="suspended"}': "1x60"},
        {'lmsyncd_source_state{source="acme/moodle",state="paused"}': "1x60"},
    ),
    "LmsyncdSourceSilent": Seen(
        {'lmsyncd_source_silence_seconds{source="acme/moodle"}': "86000+60x60"},
        {'lmsyncd_source_silence_seconds{source="acme/moodle"}': "3600+60x60"},
    ),
    "LmsyncdSourceBraked": Seen(
        {'lmsyncd_source_state{source="acme/moodle",state="braked"}': "1x60"},
        {'lmsyncd_source_state{source="acme/moodle",state="running"}': "1x60"},
    ),
    "LmsyncdQuarantineGrowing": Seen({QUARANTINED: "10x70 100x50"}, {QUARANTINED: "900x120"}, at="100m"),
    "LmsyncdConflictsWaiting": Seen(
        {'lmsyncd_conflicts_open{tenant="acme"}': "30x2000"},
        {'lmsyncd_conflicts_open{tenant="acme"}': "90x600 0x3 90x1400"},
        at="26h",
    ),
    "LmsyncdGatewayErrors": Seen(
        dict([_gateway("503", "10"), _gateway("", "20")]), dict([_gateway("503", "1"), _gateway("", "90")])
    ),
    "LmsyncdDiskLow": Seen({FREE: "900000000x60"}, {FREE: "90000000000-1000000x60"}),
    "LmsyncdDiskSlow": Seen(_commits(10, 100), _commits(100, 100)),
    "LmsyncdLoopHeld": Seen({"lmsyncd_loop_lag_seconds": "2x60"}, {"lmsyncd_loop_lag_seconds": "0.01x60"}),
    "LmsyncdActorRestarting": Seen({RESTARTS: "0+1x60"}, {RESTARTS: "90x60"}),
    "LmsyncdDescriptors": Seen({OPEN: "900x60", MAY: "1024x60"}, {OPEN: "90x60", MAY: "1024x60"}),
    "LmsyncdTelemetryLost": Seen({DROPPED: "0+5x60"}, {DROPPED: "5x60"}),
    "LmsyncdSeriesFolded": Seen({FOLDED: "0+5x180"}, {FOLDED: "5x180"}, at="150m"),
}
