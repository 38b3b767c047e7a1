"""Operators before a webhook and a workflow of the sandbox: is it reachable, what would go there, what came of it."""

import json
from pathlib import Path
from typing import Any

from rehearsal import lmsyncctl, picked, post, rehearsal

from daemon.demo.stage import Stage

HOOK = "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gt"


def subscribed(root: Path) -> None:
    """The tenant's only targets: both at the sandbox, which the file knows by Slack's address."""
    file = root / "tenants.d" / "campus.toml"
    text = file.read_text()
    base = text.partition('api_url = "')[2].partition("/slack/api/")[0]
    for name, value in {"hook": HOOK, "flow": f"{base}/workflow/staff?sig=sandbox"}.items():
        path = root / "secrets" / name
        path.touch(mode=0o600)
        path.write_text(value + "\n")
    file.write_text(
        text.partition("[targets.slack]")[0]
        + f"""\
[targets.warehouse]
kind = "webhook"
url = "{base}/webhook/school"
secret = {{ file = "../secrets/hook" }}
format = "cloudevents"

[targets.staff]
kind = "teams_workflow"
url = {{ file = "../secrets/flow" }}

[[routes]]
name = "all"
when = ["statement", "completed"]
to = "warehouse"

[[routes]]
name = "staff"
when = ["completed"]
to = "staff"
"""
    )


async def said(stage: Stage, *words: str) -> tuple[int, list[dict[str, Any]]]:
    told = await lmsyncctl(stage.scene, "--json", *words)
    return told.returncode, [json.loads(line) for line in told.stdout.splitlines()]


async def test_operators_see_what_goes_where(tmp_path: Path) -> None:
    async with rehearsal(tmp_path, change=subscribed) as stage:
        for lane in ("campus/warehouse", "campus/staff"):
            code, rows = await said(stage, "target", "test", lane)
            assert (code, [row["verdict"] for row in rows if row["kind"] == "test"]) == (0, ["delivered"])
        assert await stage.journal() == [], "hello leaves no trace"

        (line,) = picked("completed")
        statement = tmp_path / "statement.json"
        statement.write_bytes(line)
        code, rows = await said(stage, "route", "test", "campus", str(statement))
        previews = {
            (row["lane"], row["payload"].get("type")): row["payload"] for row in rows if row["kind"] == "preview"
        }
        assert code == 0
        assert previews.keys() == {
            ("campus/warehouse", "lmsyncd.activity_completed"),
            ("campus/warehouse", "lmsyncd.statement"),
            ("campus/staff", "message"),
        }
        change = previews["campus/warehouse", "lmsyncd.activity_completed"]
        assert (change["specversion"], change["source"]) == ("1.0", "urn:lmsyncd:campus")
        for kind in ("lmsyncd.activity_completed", "lmsyncd.statement"):
            told = previews["campus/warehouse", kind]["data"]["statement"]
            assert told["verb"] == json.loads(line)["verb"]

        assert (await post(stage.scene, [line])).status_code == 200
        await stage.until_effects(3)
        journal = await stage.journal()
        assert sorted(effect.operation for effect in journal) == [
            "lmsyncd.activity_completed",
            "lmsyncd.statement",
            "post",
        ]
        (posted,) = [effect for effect in journal if effect.vendor == "teams_workflow"]
        why = await lmsyncctl(stage.scene, "why", posted.delivery_id)
        assert b"not known: Power Automate queued it" in why.stdout
        assert posted.id.encode() in why.stdout, "the run by which it is found"

        await stage.faults([{"kind": "revoked", "vendor": "webhook", "times": 0}])
        code, rows = await said(stage, "target", "test", "campus/warehouse")
        assert (code, [row["verdict"] for row in rows if row["kind"] == "test"]) == (1, ["revoked"])
        code, rows = await said(stage, "queue", "forecast", "campus/staff")
        assert code in (0, 3)
        assert await stage.daemon.end() == 0
        assert "sig=sandbox" not in stage.daemon.log.read_text()
