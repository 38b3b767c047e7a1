"""A first start: the tenant refers to secrets that only the vault will have. The daemon starts all the same, says what
waits for which secret, and goes on by itself as each is put in.
"""

import sys
from pathlib import Path

import msgspec
import trio
from rehearsal import PATIENCE_S, lmsyncctl, picked, post, rehearsal, replace, until_logged

from daemon.demo.scene import SECRET
from daemon.demo.stage import POLL_S, Stage

OTHERS = """
[sources.moodle]
kind = "moodle"
base_url = "{sandbox}/moodle/"
token = {{ credential = "moodle" }}
hook_secret = {{ credential = "hook" }}
[sources.canvas]
kind = "canvas"
base_url = "{sandbox}/canvas/"
client_id = "sandbox"
client_secret = {{ credential = "canvas" }}
refresh_token = {{ credential = "canvas-refresh" }}
[sources.sis]
kind = "oneroster"
base_url = "{sandbox}/oneroster/ims/oneroster"
token_url = "{sandbox}/oneroster/token"
client_id = "sandbox"
client_secret = {{ credential = "sis" }}
[sources.tool]
kind = "lti"
issuer = "{sandbox}"
client_id = "sandbox"
token_url = "{sandbox}/lti/token"
key_id = "k"
contexts = [{{ course = "c", memberships_url = "{sandbox}/lti/memberships" }}]
private_key = {{ credential = "lti" }}
[sources.other]
kind = "lrs"
endpoint = "{sandbox}/lrs/xapi/"
key = "sandbox"
secret = {{ credential = "other-lrs" }}
[targets.hook]
kind = "webhook"
url = {{ credential = "hook-url" }}
secret = {{ credential = "hook-secret" }}
[targets.workflow]
kind = "teams_workflow"
url = {{ credential = "workflow" }}
[targets.archive]
kind = "lrs"
endpoint = "{sandbox}/lrs/xapi/"
key = "archive"
secret = {{ credential = "archive" }}
"""
NAMES = ("lrs", "slack-bot", "entra", "teams-user")
"""Of the scene itself."""


def unprovided(root: Path) -> None:
    """As somebody writes it who has never run the daemon: names of credentials, and nothing anywhere."""
    tenant = root / "tenants.d" / "campus.toml"
    for name, credential in zip(("lrs", "slack", "entra", "teams-user"), NAMES, strict=True):
        replace(tenant, f'{{ file = "../secrets/{name}" }}', f'{{ credential = "{credential}" }}')
        (root / "secrets" / name).unlink()
    sandbox = tenant.read_text().partition('api_url = "')[2].partition("/slack/api/")[0]
    tenant.write_text(tenant.read_text() + OTHERS.format(sandbox=sandbox))


async def put(stage: Stage, name: str, value: str) -> None:
    command = [sys.executable, "-m", "daemon.cli.lmsyncctl", "--socket", str(stage.scene.socket), "secret", "set", name]
    done = await trio.run_process(command, stdin=value.encode(), capture_stdout=True, capture_stderr=True, check=False)
    assert done.returncode == 0, done.stderr


async def waiting(stage: Stage) -> list[str]:
    """What ``status`` says of secrets."""
    done = await lmsyncctl(stage.scene, "--json", "status")
    [overall] = [row for row in map(msgspec.json.decode, done.stdout.splitlines()) if row["kind"] == "overall"]
    return [line for line in overall["degraded"] if "for a secret" in line]


async def test_a_first_start_waits_for_what_only_the_vault_will_have(tmp_path: Path) -> None:
    async with rehearsal(tmp_path, change=unprovided) as stage:
        lines = await waiting(stage)
        assert "campus/slack waits for a secret: lmsyncctl secret set slack-bot" in lines
        assert len(lines) == 4 + 11
        await until_logged(stage, "secret.awaited", 15)
        command = [sys.executable, "-m", "daemon.cli.lmsyncd", "check", "--config", str(stage.scene.root)]
        checked = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
        assert checked.returncode == 0
        assert b"lmsyncctl secret set slack-bot" in checked.stderr

        statements = picked("completed", "completed")
        assert (await post(stage.scene, statements[:1])).status_code == 503
        await put(stage, "campus/lrs", SECRET)
        assert (await post(stage.scene, statements[:1])).status_code == 200
        await until_logged(stage, "lane.suspended")
        assert (await lmsyncctl(stage.scene, "reload")).returncode == 0, "what waits keeps no reload from being made"

        await stage.kill_and_restart()
        await stage.ready()
        await put(stage, "slack-bot", "xoxb-sandbox")
        await until_logged(stage, "lane.unsuspended")
        await stage.until_effects(1)
        assert (await post(stage.scene, statements[1:])).status_code == 200
        await stage.until_effects(2)
        assert await stage.count() == 2
        await until_listed(stage, "campus/sis", '"state":"unavailable"')
        await put(stage, "campus/sis", "sandbox")
        await until_listed(stage, "campus/sis", '"how":"finished"')
        left = await waiting(stage)
        assert len(left) == len(lines) - 3
        assert [line for line in left if "slack" in line or "set lrs" in line] == []
        told = stage.daemon.log.read_text()
        assert [word for word in ("Traceback", "actor.crashed", ".fault") if word in told] == []


async def until_listed(stage: Stage, source: str, text: str) -> None:
    """``source list`` says so of it."""
    with trio.fail_after(PATIENCE_S):
        while True:
            lines = (await lmsyncctl(stage.scene, "--json", "source", "list")).stdout.decode().splitlines()
            if any(text in line for line in lines if f'"{source}"' in line):
                return
            await trio.sleep(POLL_S)
