"""No secret leaves by a side door: canaries in every place that takes any value, trouble with all of them, then a
search through everything the daemon has written, said or shown.
"""

from pathlib import Path

import httpx
import msgspec
import pytest
import trio
from canaries import MADE, canary, found, of_process
from otlp_receiver import http_collector
from rehearsal import lmsyncctl, picked, post, rehearsal, replace, until_logged

from daemon.demo.stage import Stage

REFUSED = """
[targets.refused]
kind = "slack"
api_url = "{sandbox}/slack/api/"
token = {{ file = "../secrets/refused" }}

[[routes]]
name = "to-refused"
when = ["completed"]
to = "refused"
audience = {{ channel = "C0REFUSED1" }}
"""
COMMANDS = (
    "status",
    "config show",
    "--json config show campus",
    "config check",
    "why req-1",
    "--json trace req-1",
    "queue list",
    "--json queue list",
    "dlq list",
    "--json target list",
    "target test campus/refused --channel C0REFUSED1",
    "target test campus/teams --learner ada@example.edu",
    "health deep",
    "actor tree",
    "reload",
)
WITHOUT_SECRET = ("reload", "target test campus/refused --channel C0REFUSED1")


@pytest.fixture
def canaries() -> dict[str, str]:
    return {name: canary() for name in ("lrs", "entra", "refused", "otlp", "mistyped", "rotated")}


def files(root: Path) -> list[Path]:
    """Everything below, but for the secrets themselves, the keys (and sockets)."""
    there = [path for path in root.rglob("*") if path.is_file() and path.parent.name != "secrets"]
    return [path for path in there if path.suffix not in {".key", ".vault"}]


async def test_no_canary_is_found_anywhere(tmp_path: Path, canaries: dict[str, str], executed: None) -> None:
    def plant(root: Path) -> None:
        for name in ("lrs", "entra", "refused", "otlp"):
            (root / "secrets" / name).touch(mode=0o600)
            (root / "secrets" / name).write_text(canaries[name] + "\n")
        headers = 'otlp_headers = { x-canary = { file = "secrets/otlp" } }'
        replace(root / "lmsyncd.toml", "[telemetry]", f"[telemetry]\n{headers}")
        tenant = root / "tenants.d" / "campus.toml"
        sandbox = tenant.read_text().partition('api_url = "')[2].partition("/slack/api/")[0]
        tenant.write_text(tenant.read_text() + REFUSED.format(sandbox=sandbox))

    with http_collector() as collector:
        async with rehearsal(tmp_path, otlp_endpoint=collector.endpoint, change=plant) as stage:
            evidence = await trouble(stage, canaries)
            evidence |= await handed_out(stage, canaries)
            evidence |= await shown(stage)
            await stage.daemon.end()
        spans = collector.every_span()
        assert collector.headers["x-canary"] == canaries["otlp"], "the canary was in use"
    evidence |= {f"span {n} {span.name}": span.SerializeToString() for n, span in enumerate(spans)}
    state = files(tmp_path)
    assert {"daemon.log", "sandbox.log"} <= {path.name for path in state}
    assert any(path.suffix == ".db" for path in state)
    evidence |= {str(path): path.read_bytes() for path in state}
    assert len(canaries) == 9
    assert found(canaries, evidence) == []
    assert found(canaries, {"itself": canaries["lrs"].encode()}) == ["lrs in itself"]


async def trouble(stage: Stage, canaries: dict[str, str]) -> dict[str, bytes]:
    """Traffic, with everything refused that can be: what the clients were answered."""
    scene = stage.scene
    lines = picked("completed", "scored", "enrolled", "completed")
    fine = await post(scene, lines[:3], secret=canaries["lrs"], headers={"X-Correlation-ID": "req-1"})
    assert fine.status_code == 200
    denied = await post(scene, lines[3:], secret=canaries["mistyped"])
    assert denied.status_code == 401
    await until_logged(stage, "lane.suspended", 2)
    await stage.until_effects(2)
    (scene.root / "secrets" / "lrs").write_text(canaries["rotated"] + "\n")
    stale = await post(scene, lines[3:], secret=canaries["lrs"])
    assert stale.status_code == 401
    rotated = await post(scene, lines[3:], secret=canaries["rotated"])
    assert rotated.status_code == 200
    await stage.until_effects(3)
    return {f"answer {n}": repr(each.headers).encode() + each.content for n, each in enumerate((fine, denied, stale))}


async def handed_out(stage: Stage, canaries: dict[str, str]) -> dict[str, bytes]:
    """A credential is made, used, rotated, used by both secrets, guessed at and revoked. The secrets, and the key of
    their hashes, become canaries."""
    said: dict[str, bytes] = {}

    async def made(*words: str) -> str:
        done = await lmsyncctl(stage.scene, "--json", "credential", *words)
        assert done.returncode == 0, done.stderr
        [secret] = [row["secret"] for row in map(msgspec.json.decode, done.stdout.splitlines()) if "secret" in row]
        said[f"credential {words[0]}"] = done.stdout.replace(str(secret).encode(), b"")
        return str(secret)

    async def status(secret: str, lines: list[bytes]) -> int:
        answer = await post(stage.scene, lines, key=MADE, secret=secret)
        said[f"answer to {MADE} {len(said)}"] = repr(answer.headers).encode() + answer.content
        return answer.status_code

    lines = picked("enrolled")
    first = canaries["first"] = await made("create", "campus/campus", "--name", MADE)
    second = canaries["second"] = await made("rotate", f"campus/{MADE}")
    assert [await status(each, lines) for each in (first, second, second + "x")] == [200, 200, 401]
    for words in (f"revoke campus/{MADE}", "list", "list --json"):
        done = await lmsyncctl(stage.scene, "credential", *words.split())
        said[f"credential {words}"] = done.stdout + done.stderr
        assert done.returncode == 0
    assert [await status(each, lines) for each in (first, second)] == [401, 401]
    [key] = [path for path in stage.scene.root.rglob("*.key") if path.is_file()]
    canaries["key"] = key.read_text().strip()
    assert len(bytes.fromhex(canaries["key"])) == 32
    return said


async def shown(stage: Stage) -> dict[str, bytes]:
    """What operators, other processes and the vendors' own journal get to see, the database's WAL included."""
    said: dict[str, bytes] = {}

    async def ask(words: str) -> None:
        done = await lmsyncctl(stage.scene, *words.split())
        assert done.stdout + done.stderr, words
        said[f"lmsyncctl {words}, then {len(said)}"] = done.stdout + done.stderr

    async with trio.open_nursery() as nursery:
        for words in COMMANDS:
            nursery.start_soon(ask, words)
    (stage.scene.root / "secrets" / "refused").unlink()
    for words in WITHOUT_SECRET:
        await ask(words)
    async with httpx.AsyncClient(trust_env=False) as client:
        for page in ("metrics", "readyz"):
            answer = await client.get(f"http://127.0.0.1:{stage.scene.gateway_port}/{page}")
            said[page] = answer.content
    said |= of_process(stage.daemon.pid)
    said |= {str(path): path.read_bytes() for path in files(stage.scene.root)}
    assert any(name.endswith("-wal") for name in said)
    said["journal"] = msgspec.json.encode(await stage.journal())
    everything = b"".join(content for name, content in said.items() if name.startswith("lmsyncctl"))
    assert b"invalid_auth" in everything
    assert b"suspended" in everything
    return said
