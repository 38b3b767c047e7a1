"""Whole daemons for tests: the demo's scene and stage with free ports, a client of the gateway, and lmsyncctl."""

import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import CompletedProcess

import httpx
import msgspec
import trio
from nest import run

from daemon.demo.moodle import batches, sample
from daemon.demo.scene import KEY, SECRET, Scene, write
from daemon.demo.stage import POLL_S, Stage, asking, free_port

PATIENCE_S = 60.0


def unchanged(_root: Path) -> None:
    """The scene as it is written."""


@asynccontextmanager
async def rehearsal(
    tmp_path: Path, *, otlp_endpoint: str = "", change: Callable[[Path], None] = unchanged
) -> AsyncIterator[Stage]:
    """Sandbox and daemon, up and ready. ``change`` may edit the configuration before anything starts."""
    scene = Scene(
        root=tmp_path / "scene",
        gateway_port=free_port(),
        sandbox_port=free_port(),
        fast=True,
        otlp_endpoint=otlp_endpoint,
    )
    scene.root.mkdir()
    write(scene)
    change(scene.root)
    stage = Stage(scene, limits=False)
    try:
        await stage.open()
        yield stage
    finally:
        with trio.CancelScope(shield=True):
            await stage.close()


def replace(path: Path, old: str, new: str) -> None:
    """Edit a file of the configuration; what is to be replaced must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def picked(*verbs: str) -> list[bytes]:
    """For each verb the next sample statement with it, in order."""
    left = sample()
    found = []
    for verb in verbs:
        at = next(n for n, line in enumerate(left) if _verb(line) == verb)
        found.append(left.pop(at))
    return found


def _verb(line: bytes) -> str:
    return str(msgspec.json.decode(line)["verb"]["id"]).rsplit("/", 1)[-1]


async def post(
    scene: Scene,
    lines: Sequence[bytes],
    *,
    key: str = KEY,
    secret: str = SECRET,
    headers: dict[str, str] | None = None,
    endpoint: str = "",
) -> httpx.Response:
    """One request with all the lines. ``endpoint``: another tenant's LRS."""
    (body,) = batches(lines, len(lines))
    async with asking(20) as client:
        return await client.post(
            f"{endpoint or scene.endpoint}/statements",
            content=body,
            headers={
                "Authorization": "Basic " + b64encode(f"{key}:{secret}".encode()).decode(),
                "X-Experience-API-Version": "1.0.3",
                "Content-Type": "application/json",
                **(headers or {}),
            },
        )


async def lmsyncctl(scene: Scene, *words: str) -> CompletedProcess[bytes]:
    """Run it, as an operator would, and wait for its end."""
    command = [sys.executable, "-m", "daemon.cli.lmsyncctl", "--socket", str(scene.socket), *words]
    return await run(command)


async def until_logged(stage: Stage, text: str, times: int = 1) -> None:
    """Wait until the daemon's log has the text so often. Fails the test if it never does."""
    with trio.fail_after(PATIENCE_S):
        while stage.daemon.log.read_text(errors="replace").count(text) < times:
            await trio.sleep(POLL_S)
