"""Which files there are, by name, and what stands in them."""

import json

from daemon.telemetry.observe import rules
from daemon.telemetry.observe.board_house import HOUSE
from daemon.telemetry.observe.board_overview import OVERVIEW
from daemon.telemetry.observe.board_sources import SOURCES
from daemon.telemetry.observe.board_vendors import VENDORS
from daemon.telemetry.observe.boards import RESTARTED
from daemon.telemetry.observe.panels import render

DASHBOARDS = (OVERVIEW, VENDORS, SOURCES, HOUSE)


def files() -> dict[str, str]:
    """Paths below ``systemd/observe``."""
    made = {"prometheus/lmsyncd-recordings.yml": rules.recordings(), "prometheus/lmsyncd-alerts.yml": rules.alerts()}
    for one in DASHBOARDS:
        made[f"grafana/{one.uid}.json"] = json.dumps(render(one, RESTARTED), indent=2, ensure_ascii=False) + "\n"
    return made
