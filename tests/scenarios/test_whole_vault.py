"""The vault in a whole daemon: what is put in works at once and is found nowhere, a new tenant needs no restart, and
neither rotation nor a kill in the middle of it costs anything.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import httpx
import msgspec
import trio
from canaries import canary, found, of_process
from otlp_receiver import http_collector
from rehearsal import lmsyncctl, picked, post, rehearsal, replace, until_logged

from daemon.control import protocol as p
from daemon.control.client import Client
from daemon.demo.stage import Stage

MANY = 40
"""Secrets that a rotation has to seal anew."""
NEWCOMER_LRS = 'secret = { credential = "lrs" }'


async def put(stage: Stage, name: str, value: str) -> CompletedProcess[bytes]:
    """As an operator does: on standard input."""
    command = [sys.executable, "-m", "daemon.cli.lmsyncctl", "--socket", str(stage.scene.socket), "secret", "set", name]
    done = await trio.run_process(
        command, stdin=value.encode() + b"\n", capture_stdout=True, capture_stderr=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


async def asked(stage: Stage, *words: str, code: int = 0) -> bytes:
    done = await lmsyncctl(stage.scene, *words)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def kept(root: Path) -> Iterator[Path]:
    """All that the daemon has written, but for the key."""
    for path in root.rglob("*"):
        if path.is_file() and path.parent.name != "secrets" and path.suffix not in {".key", ".vault"}:
            yield path


def backup(store: Path, to: Path) -> bytes:
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
    return to.read_bytes()


def write_newcomer(root: Path) -> None:
    campus = (root / "tenants.d" / "campus.toml").read_text()
    (root / "tenants.d" / "newcomer.toml").write_text(campus)


def key_of(root: Path) -> Path:
    [path] = root.rglob("*.vault")
    return path


async def test_what_is_put_in_works_at_once_and_is_found_nowhere(tmp_path: Path, executed: None) -> None:
    canaries = {name: canary() for name in ("lrs", "slack", "slack again", "newcomer", "everybody's", "removed")}
    evidence: dict[str, bytes] = {}
    with http_collector() as collector:
        async with rehearsal(tmp_path, otlp_endpoint=collector.endpoint) as stage:
            root = stage.scene.root
            tenant = root / "tenants.d" / "campus.toml"
            for name, value in (("campus/lrs", "lrs"), ("campus/slack-bot", "slack"), ("unused", "everybody's")):
                done = await put(stage, name, canaries[value])
                evidence[f"set {name}"] = done.stdout + done.stderr
            replace(tenant, 'secret = { file = "../secrets/lrs" }', NEWCOMER_LRS)
            replace(tenant, 'token = { file = "../secrets/slack" }', 'token = { credential = "slack-bot" }')
            evidence["check"] = await checked(stage)
            evidence["reload"] = await asked(stage, "reload")

            answer = await post(stage.scene, picked("completed"), secret=canaries["lrs"])
            assert answer.status_code == 200
            evidence["answer"] = repr(answer.headers).encode() + answer.content
            await until_logged(stage, "lane.suspended")
            await put(stage, "campus/slack-bot", canaries["slack again"])
            await put(stage, "campus/slack-bot", "xoxb-sandbox")
            await until_logged(stage, "lane.unsuspended")
            await stage.until_effects(1)
            assert await stage.count() == 1

            await put(stage, "newcomer/lrs", canaries["newcomer"])
            await put(stage, "newcomer/slack-bot", "xoxb-sandbox")
            write_newcomer(root)
            evidence["reload again"] = await asked(stage, "reload")
            theirs = stage.scene.endpoint.replace("/campus/", "/newcomer/")
            for secret, status in ((canaries["lrs"], 401), (canaries["newcomer"], 200)):
                answer = await post(stage.scene, picked("completed"), secret=secret, endpoint=theirs)
                assert answer.status_code == status
            await stage.until_effects(2)

            await put(stage, "campus/other", canaries["removed"])
            for words in (
                "secret list", "--json secret list", "secret remove campus/other", "vault rotate",
                "vault rotate --data ALL", "vault status", "--json vault status", "status", "health deep",
                "config show campus", "audit list --json", "target list",
            ):  # fmt: skip
                evidence[words] = await asked(stage, *words.split())
            assert b"secret.set" in evidence["audit list --json"]
            assert b"vault: plain" in evidence["status"]
            answer = await post(stage.scene, picked("completed", "completed")[1:], secret=canaries["lrs"])
            assert answer.status_code == 200, "after the rotation too"
            [store] = root.rglob("lmsyncd.db")
            evidence["backup"] = backup(store, tmp_path / "backup.db")
            evidence |= of_process(stage.daemon.pid)
            evidence |= {str(path): path.read_bytes() for path in kept(root)}
            async with httpx.AsyncClient(trust_env=False) as client:
                evidence["metrics"] = (await client.get(f"http://127.0.0.1:{stage.scene.gateway_port}/metrics")).content
            evidence["journal"] = msgspec.json.encode(await stage.journal())
            canaries["key"] = key_of(root).read_text().strip()
            await stage.daemon.end()
        spans = collector.every_span()
    evidence |= {f"span {n} {span.name}": span.SerializeToString() for n, span in enumerate(spans)}
    evidence |= {str(path): path.read_bytes() for path in kept(tmp_path)}
    names = {Path(name).name for name in evidence}
    assert {"lmsyncd.db", "lmsyncd.db-wal", "lmsyncd.db.mark", "daemon.log", "cmdline", "environ"} <= names
    assert found(canaries, evidence) == []
    assert found(canaries, {"itself": canaries["slack"].encode()}) == ["slack in itself"]


async def checked(stage: Stage) -> bytes:
    """``lmsyncd check`` beside the running daemon: it knows what the vault has, and what it has not."""
    command = [sys.executable, "-m", "daemon.cli.lmsyncd", "check", "--config", str(stage.scene.root)]
    done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tenant = stage.scene.root / "tenants.d" / "campus.toml"
    replace(tenant, 'credential = "slack-bot"', 'credential = "slack-bat"')
    wrong = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    replace(tenant, 'credential = "slack-bat"', 'credential = "slack-bot"')
    assert wrong.returncode == 0, "it could still be put in"
    assert b"did you mean 'slack-bot'? Else what needs it waits" in wrong.stdout + wrong.stderr
    assert b"lmsyncctl secret set slack-bat" in wrong.stdout + wrong.stderr
    return done.stdout + done.stderr + wrong.stdout + wrong.stderr


async def test_a_kill_in_the_middle_of_a_rotation_costs_nothing(tmp_path: Path) -> None:
    values = {f"campus/n{n}": f"value {n} of {MANY}" for n in range(MANY)}
    async with rehearsal(tmp_path) as stage:
        root = stage.scene.root
        (root / "secrets" / "next").write_text("ab" * 32)
        await trio.to_thread.run_sync(fill, stage.scene.socket, values)
        await put(stage, "campus/slack-bot", "xoxb-sandbox")
        replace(root / "tenants.d" / "campus.toml", 'token = { file = "../secrets/slack" }', SLACK)
        await asked(stage, "reload")
        for number in (1, 2):
            seen = stage.daemon.log.read_text().count("control.requested")
            async with trio.open_nursery() as nursery:
                for words in ("vault rotate --data ALL", "vault rotate"):
                    nursery.start_soon(lmsyncctl, stage.scene, *words.split())
                await until_logged(stage, "control.requested", seen + 1 + number % 2)
                await stage.kill_and_restart()
            await stage.ready()
            rows = [msgspec.json.decode(line) for line in (await asked(stage, "--json", "secret", "list")).splitlines()]
            told = {f"{row['tenant']}/{row['name']}": row["trouble"] for row in rows if row["kind"] == "put_secret"}
            assert told == dict.fromkeys([*values, "campus/slack-bot"], "")
        replace(root / "lmsyncd.toml", "[network]", '[vault]\nkey = { file = "secrets/next" }\n[network]')
        await asked(stage, "reload")
        await asked(stage, "vault", "rotate")
        key_of(root).unlink()
        await stage.kill_and_restart()
        await stage.ready()
        assert b"vault: plain" in await asked(stage, "status")
        assert (await post(stage.scene, picked("completed"))).status_code == 200
        await stage.until_effects(1)
        assert await stage.count() == 1


SLACK = 'token = { credential = "slack-bot" }'


def fill(socket: Path, values: dict[str, str]) -> None:
    with Client(socket) as client:
        for name, value in values.items():
            list(client.ask(p.SecretSet(name=name, value=value)))
