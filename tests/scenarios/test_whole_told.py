"""A real daemon and the sandbox's Slack: what Slack tells by signed calls or over a socket, over real HTTP."""

import time
from pathlib import Path
from typing import Any

import httpx
import trio
from rehearsal import PATIENCE_S, lmsyncctl, picked, post, rehearsal, replace, until_logged
from slack_events import event, signed

from daemon.demo.stage import POLL_S, Stage

SIGNING = "sandbox-signing-secret"


def configured(root: Path, *lines: str) -> None:
    (root / "secrets").mkdir(exist_ok=True)
    (root / "secrets" / "slack-signing").write_text(SIGNING)
    (root / "secrets" / "slack-app").write_text("xapp-sandbox")
    replace(root / "tenants.d" / "campus.toml", "[targets.slack]\n", "[targets.slack]\n" + "".join(lines))


SIGNED = 'signing_secret = { file = "../secrets/slack-signing" }\n'
SOCKET = 'app_token = { file = "../secrets/slack-app" }\n'


async def sandbox(stage: Stage, *what: dict[str, object], **terms: object) -> Any:
    async with httpx.AsyncClient(base_url=stage.scene.sandbox, trust_env=False) as operator:
        if terms:
            answer = await operator.put("/sandbox/slack", json=terms)
            assert answer.status_code in (200, 204), answer.text
        answer = await operator.post("/sandbox/slack", json=list(what))
        assert answer.status_code == 200, answer.text
        return answer.json()


def address(stage: Stage) -> str:
    return f"http://127.0.0.1:{stage.scene.gateway_port}/t/campus/events/slack"


async def listed(stage: Stage, *texts: str) -> None:
    """``target list`` shows all of it."""
    with trio.fail_after(PATIENCE_S):
        while True:
            said = (await lmsyncctl(stage.scene, "--json", "target", "list")).stdout.decode()
            if all(text in said for text in texts):
                return
            await trio.sleep(POLL_S)


async def test_signed_calls_end_to_end(tmp_path: Path) -> None:
    async with rehearsal(tmp_path, change=lambda root: configured(root, SIGNED)) as stage:
        await listed(stage, "it tells by calls")
        with trio.fail_after(PATIENCE_S):
            while True:  # until it is known which workspace is ours, Slack is told to come again
                async with httpx.AsyncClient(trust_env=False) as client:
                    known = signed(event("message"), int(time.time()), SIGNING)
                    answer = await client.post(address(stage), content=known.body, headers=dict(known.headers))
                    if answer.status_code == 200:
                        break
                await trio.sleep(POLL_S)
        await sandbox(stage, events_url=address(stage), interactivity_url=address(stage))
        await until_logged(stage, "listener.challenged")
        await sandbox(
            stage,
            {"do": "archive_channel", "channel": "C0GENERAL1"},
            {"do": "click", "person": "ada@example.edu", "channel": "C0GENERAL1"},
        )
        await listed(stage, "C0GENERAL1", "is archived since")
        await until_logged(stage, '"clicked"')
        await sandbox(stage, {"do": "uninstall"})
        await until_logged(stage, "lane.suspended")
        await post(stage.scene, picked("completed"))
        await sandbox(stage, {"do": "restore"})
        await until_logged(stage, "lane.unsuspended")


async def test_forgeries_are_refused_and_say_nothing(tmp_path: Path) -> None:
    async with rehearsal(tmp_path, change=lambda root: configured(root, SIGNED)) as stage:
        at_s = int(time.time())
        forged = signed(event("app_uninstalled"), at_s, "another secret")
        stale = signed(event("app_uninstalled"), at_s - 400, SIGNING)
        async with httpx.AsyncClient(trust_env=False) as client:
            for inbound in (forged, stale):
                answer = await client.post(address(stage), content=inbound.body, headers=dict(inbound.headers))
                assert answer.status_code == 401
                assert "secret" not in answer.text
                assert "signed" not in answer.text
            huge = await client.post(address(stage), content=b"x" * (1024 * 1024 + 1))
            assert huge.status_code == 413
            nobody = await client.post(address(stage).replace("/slack", "/nobody"), content=b"{}")
            assert nobody.status_code == 404
        await until_logged(stage, "listener.refused")
        assert "lane.suspended" not in stage.daemon.log.read_text()


async def test_over_a_socket_without_an_address(tmp_path: Path) -> None:
    async with rehearsal(tmp_path, change=lambda root: configured(root, SOCKET)) as stage:
        await sandbox(stage, socket_mode=True)
        await until_logged(stage, "listener.socket_opened")
        await listed(stage, "it tells over a socket")
        await sandbox(stage, {"do": "rename_channel", "channel": "C0GENERAL1", "name": "renamed"})
        await until_logged(stage, '"channel_renamed"')
        await sandbox(stage, {"do": "disconnect", "reason": "refresh_requested"})
        await until_logged(stage, "listener.socket_opened", times=2)
        await sandbox(stage, {"do": "archive_channel", "channel": "C0GENERAL1"})
        await until_logged(stage, '"channel_archived"')
        await sandbox(stage, {"do": "disconnect", "reason": "dropped"})
        await until_logged(stage, "listener.socket_opened", times=3)
        sent = stage.daemon.log.read_text()
        assert "ticket=" not in sent
        assert "xapp-" not in sent
