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


def address(stage: Stage, tenant: str = "campus") -> str:
    return f"http://127.0.0.1:{stage.scene.gateway_port}/t/{tenant}/events/slack"


async def taken(stage: Stage, tenant: str = "campus", secret: str = SIGNING) -> None:
    """Until it is known which workspace is ours, Slack is told to come again."""
    with trio.fail_after(PATIENCE_S):
        while True:
            async with httpx.AsyncClient(trust_env=False) as client:
                known = signed(event("message"), int(time.time()), secret)
                answer = await client.post(address(stage, tenant), content=known.body, headers=dict(known.headers))
                if answer.status_code == 200:
                    return
            await trio.sleep(POLL_S)


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
        await taken(stage)
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


async def test_two_tenants_at_one_sandbox_are_each_told_whatever_cannot_be_looked_up(tmp_path: Path) -> None:
    def both(root: Path) -> None:
        configured(root, SIGNED)
        tenants = root / "tenants.d"
        (root / "secrets" / "second-signing").write_text("the second one's")
        second = (tenants / "campus.toml").read_text().replace("secrets/slack-signing", "secrets/second-signing")
        (tenants / "second.toml").write_text(second)

    async with rehearsal(tmp_path, change=both) as stage:
        await stage.faults(
            [
                {"kind": "error", "vendor": "slack", "operation": operation, "value": "fatal_error", "times": 0}
                for operation in ("users.info", "users.lookupByEmail", "conversations.info")
            ]
        )
        for tenant, secret in (("campus", SIGNING), ("second", "the second one's")):
            await taken(stage, tenant, secret)
        await sandbox(
            stage,
            events_url=address(stage),
            apps=[{"events_url": address(stage, "second"), "signing_secret": "the second one's"}],
        )
        await sandbox(
            stage,
            {"do": "change_person", "person": "ada@example.edu", "email": "lovelace@example.edu"},
            {"do": "archive_channel", "channel": "C0GENERAL1"},
        )
        for tenant in ("campus", "second"):
            await until_logged(stage, f'"lane":"{tenant}/slack"')
        for kind in ("person_changed", "channel_archived"):
            await until_logged(stage, f'"{kind}"', times=2)
        log = stage.daemon.log.read_text()
        assert "listener.refused" not in log
        assert "listener.fault" not in log
        assert "lane.suspended" not in log
