"""A real Prometheus (Debian's): its own tools try our rules and dashboards, and it scrapes what the daemon shows."""

import json
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
import trio
from alert_series import ALERT_SERIES
from checkout import TOP
from prometheus_served import PATIENCE_S, asking, prometheus, queried, traces_of
from rehearsal import picked, post, rehearsal

from daemon.telemetry.metrics import Metrics
from daemon.telemetry.observe.alerts import ALERTS
from daemon.telemetry.observe.files import files
from daemon.telemetry.observe.recordings import RECORDINGS

NEEDED = ("prometheus", "promtool")
RULES = TOP / "systemd" / "observe" / "prometheus"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        any(shutil.which(name) is None for name in NEEDED) and os.environ.get("SKIP_NOTHING") != "true",
        reason=f"needs {' and '.join(NEEDED)} (Debian's package prometheus)",
    ),
]


def promtool(*words: str | Path, cwd: Path = TOP, read: str = "") -> str:
    done = subprocess.run(["promtool", *words], cwd=cwd, input=read, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_rules() -> None:
    told = promtool("check", "rules", "--lint-fatal", *sorted(RULES.glob("*.yml")))
    assert told.count("SUCCESS") == 2


def test_every_panel_of_every_dashboard_is_a_query(tmp_path: Path) -> None:
    """As rules, because these are what promtool checks."""
    queries = [
        target["expr"].replace("$job", ".*").replace("$instance", ".*")
        for name, text in files().items()
        if name.endswith(".json")
        for panel in json.loads(text)["panels"]
        for target in panel.get("targets", ())
    ]
    rules = [{"record": f"panel:number_{number}:shown", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"SUCCESS: {len(queries)} rules found" in promtool("check", "rules", tmp_path / "panels.yml")


def test_its_linter_finds_nothing_to_say_of_our_names() -> None:
    kind, text = Metrics().page("")
    assert kind.startswith("text/plain")
    assert promtool("check", "metrics", read=text) == ""


@pytest.mark.parametrize("fires", [True, False], ids=["fires", "keeps quiet"])
def test_each_alert_fires_when_it_should_and_only_then(tmp_path: Path, fires: bool) -> None:
    cases = []
    for alert in ALERTS:
        seen = ALERT_SERIES[alert.name]
        series = seen.fires if fires else seen.quiet or {}
        cases.append(
            {
                "name": alert.name,
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{alert.name}",alertstate="firing"}})',
                        "eval_time": seen.at,
                        "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
                    }
                ],
            }
        )
    rules = [str(path) for path in sorted(RULES.glob("*.yml"))]
    (tmp_path / "tests.yml").write_text(json.dumps({"rule_files": rules, "evaluation_interval": "1m", "tests": cases}))
    assert "SUCCESS" in promtool("test", "rules", tmp_path / "tests.yml")


async def test_prometheus_reads_the_daemon_and_tells_it_back(tmp_path: Path) -> None:
    (tmp_path / "prometheus").mkdir()
    (tmp_path / "scene").mkdir()
    async with rehearsal(tmp_path / "scene", otlp_endpoint="http://127.0.0.1:9") as stage:
        await post(stage.scene, picked("completed", "enrolled", "scored"))
        await stage.until_effects(3)
        target = f"127.0.0.1:{stage.scene.gateway_port}"
        scraped = {"job_name": "lmsyncd", "static_configs": [{"targets": [target]}]}
        with prometheus(tmp_path / "prometheus", rules=sorted(RULES.glob("*.yml")), scraped=[scraped]) as address:
            async with asking(address) as client:
                ask = partial(queried, client)
                with trio.fail_after(PATIENCE_S):
                    while not await ask('lmsyncd_deliveries_total{state="delivered"} > 0'):
                        await trio.sleep(0.5)
                [up] = await ask('up{job="lmsyncd"}')
                assert up["value"][1] == "1"

                told = (await client.get("/api/v1/targets/metadata", params={"match_target": "{}"})).json()["data"]
                kinds = {each["metric"]: (each["type"], each["help"], each["unit"]) for each in told}
                for family in Metrics().families():
                    one = family.definition
                    kind = "gauge" if one.kind == "up_down" else one.kind
                    assert kinds[one.family] == (kind, one.text, one.suffix), "as OpenMetrics, with units"

                traces = await traces_of(client, "lmsyncd_propagation_seconds_bucket")
                assert traces
                assert all(len(trace) == 32 for trace in traces)

                groups = (await client.get("/api/v1/rules")).json()["data"]["groups"]
                rules = [rule for group in groups for rule in group["rules"]]
                assert {rule["name"] for rule in rules} == {one.name for one in (*RECORDINGS, *ALERTS)}
                with trio.fail_after(PATIENCE_S):
                    while any(rule["health"] == "unknown" for rule in rules):
                        await trio.sleep(0.5)
                        groups = (await client.get("/api/v1/rules")).json()["data"]["groups"]
                        rules = [rule for group in groups for rule in group["rules"]]
                assert [rule for rule in rules if rule["health"] != "ok"] == []
