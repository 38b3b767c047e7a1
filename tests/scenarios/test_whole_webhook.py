"""Real Moodle statements in, webhooks out, over real HTTP and across a SIGKILL: the receiver verifies each message with
the library of Standard Webhooks, and has each effect exactly once by its ``webhook-id``."""

import base64
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import trio
from rehearsal import PATIENCE_S, lmsyncctl, picked, post, rehearsal, replace
from standardwebhooks import Webhook, WebhookVerificationError

from actors.domain.flow import Request, Response
from actors.ports import Answer
from daemon.control import protocol as p
from daemon.control.client import Client
from daemon.demo.moodle import sample
from daemon.demo.scene import Scene
from daemon.demo.stage import POLL_S
from daemon.sandbox.wire import Server

SECRET, FORMER = ("whsec_" + base64.b64encode(os.urandom(32)).decode() for _ in range(2))
ANYWHERE_HERE = 'private_targets = ["127.0.0.0/8"]'
PATH = "/hooks/a-path-that-is-a-secret"
TRACED = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "X-Correlation-ID": "req-hooked"}


class Receiver:
    """Somebody else's endpoint, which knows both secrets. ``slow_s``: how long it takes to answer what it has taken."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.refused: list[str] = []
        self.slow_s = 0.0
        self.base = ""

    def answer(self, request: Request) -> Answer:
        if request.method != "POST":
            return Answer(response=Response(status=405))
        try:
            told = Webhook(SECRET).verify(request.body, dict(request.headers))
            Webhook(FORMER).verify(request.body, dict(request.headers))
        except WebhookVerificationError as error:
            self.refused.append(str(error))
            return Answer(response=Response(status=401))
        assert request.url == PATH
        self.taken.append((request.headers["webhook-id"], told, dict(request.headers)))
        return Answer(response=Response(status=200, body=b"thanks"), delay_s=self.slow_s)

    async def until(self, number: int) -> None:
        with trio.fail_after(PATIENCE_S):
            while len({message_id for message_id, _, _ in self.taken}) < number:
                await trio.sleep(POLL_S)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    receiver.base = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(trio.serve_listeners, Server(receiver.answer).serve, listeners))
        yield receiver
        nursery.cancel_scope.cancel()


def subscribed(root: Path, *, base: str) -> None:
    """The tenant's only routes: all changes that Moodle tells, and the statements of those who enrolled."""
    for name, value in {"hook": SECRET, "former": FORMER, "url": base + PATH}.items():
        path = root / "secrets" / name
        path.touch(mode=0o600)
        path.write_text(value + "\n")
    file = root / "tenants.d" / "campus.toml"
    kept = file.read_text().partition("[targets.slack]")[0]
    file.write_text(
        kept
        + """\
[targets.warehouse]
kind = "webhook"
url = { file = "../secrets/url" }
secret = { file = "../secrets/hook" }
secret_former = { file = "../secrets/former" }
settle = "100ms"

[[routes]]
name = "changes"
when = ["completed", "graded", "enrolled", "submitted"]
to = "warehouse"

[[routes]]
name = "statements"
when = ["statement"]
to = "warehouse"
filter = { verbs = ["https://w3id.org/xapi/*"] }
"""
    )


async def test_each_effect_once_across_a_kill(tmp_path: Path) -> None:
    lines = sample()
    async with (
        receiving() as receiver,
        rehearsal(tmp_path, change=partial(subscribed, base=receiver.base)) as stage,
    ):
        receiver.slow_s = 0.05
        answer = await post(stage.scene, lines, headers=TRACED)
        assert answer.status_code == 200
        await receiver.until(10)
        await stage.kill_and_restart()
        await stage.ready()
        receiver.slow_s = 0.0
        expected = await delivered(stage.scene)
        told = await lmsyncctl(stage.scene, "why", receiver.taken[0][0])
        assert await stage.daemon.end() == 0
        log = stage.daemon.log.read_text()
    assert receiver.refused == []
    by_id = Counter(message_id for message_id, _, _ in receiver.taken)
    assert len(by_id) == expected > 100
    bodies: dict[str, dict[str, Any]] = {}
    for message_id, message, headers in receiver.taken:
        assert bodies.setdefault(message_id, message) == message, "a repeat says the same"
        assert message["data"]["delivery_id"] == message_id
        assert message["data"]["tenant"] == "campus"
        assert headers["x-correlation-id"] == "req-hooked"
        assert headers["traceparent"].split("-")[1] == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert len(headers["webhook-signature"].split(" ")) == 2
    effects = Counter((message["type"], message["data"]["statement"]["id"]) for message in bodies.values())
    assert set(effects.values()) == {1}, "no effect has two ids"
    assert {kind for kind, _ in effects} >= {"lmsyncd.statement", "lmsyncd.graded", "lmsyncd.enrolled"}
    assert b"delivered" in told.stdout
    for secret in (SECRET, FORMER, PATH):
        assert secret not in log
        assert secret.encode() not in told.stdout


def depths_of(scene: Scene) -> dict[str, int]:
    """Of the first lane, as ``lmsyncctl status`` tells it."""
    with Client(scene.socket) as client:
        rows = [msgspec.json.decode(row) for row in client.ask(p.AskStatus()) if isinstance(row, msgspec.Raw)]
    return next((row["depths"] for row in rows if row["kind"] == "lane"), {})


async def delivered(scene: Scene) -> int:
    """How many deliveries there are, once all are delivered."""
    before: dict[str, int] = {}
    with trio.fail_after(PATIENCE_S):
        while True:
            depths = await trio.to_thread.run_sync(depths_of, scene)
            if depths.keys() == {"delivered"} and depths == before:
                return depths["delivered"]
            before = depths
            await trio.sleep(POLL_S)


async def test_what_the_host_allows_counts_with_the_next_reload_and_so_does_what_it_takes_back(tmp_path: Path) -> None:
    def narrow(root: Path, base: str) -> None:
        subscribed(root, base=base)
        replace(root / "lmsyncd.toml", ANYWHERE_HERE, "private_targets = []")

    async with receiving() as receiver, rehearsal(tmp_path, change=partial(narrow, base=receiver.base)) as stage:
        file = stage.scene.root / "lmsyncd.toml"
        assert (await post(stage.scene, picked("completed"))).status_code == 200
        advice = f'has "{receiver.base.removeprefix("http://")}"'
        await until_shown(stage.scene, advice)
        replace(file, "private_targets = []", f"private_targets = [{advice.removeprefix('has ')}]")
        assert b"restart" not in (await lmsyncctl(stage.scene, "reload")).stdout
        await receiver.until(1)

        replace(file, f"private_targets = [{advice.removeprefix('has ')}]", "private_targets = []")
        assert (await lmsyncctl(stage.scene, "reload")).returncode == 0
        assert (await post(stage.scene, picked("completed", "completed")[1:])).status_code == 200
        await until_shown(stage.scene, advice)
        assert len(receiver.taken) == 1


async def until_shown(scene: Scene, text: str) -> None:
    """Until ``status`` says so of the lane."""
    with trio.fail_after(PATIENCE_S):
        while text.encode() not in (await lmsyncctl(scene, "--json", "status")).stdout.replace(b'\\"', b'"'):
            await trio.sleep(POLL_S)
