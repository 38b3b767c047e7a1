"""``lmsyncctl`` as operators and scripts run it: against a daemon's socket, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import click
import msgspec
import pytest
import trio
from checkout import TOP
from click.testing import CliRunner
from control_office import Desk
from control_socket import run_ctl, served
from world import completed, graded

from actors.domain.outbox import State
from daemon.cli.lmsyncctl import cli
from daemon.control.protocol import VERBS


def lines(output: bytes) -> list[dict[str, object]]:
    decoded = [msgspec.json.decode(line) for line in output.splitlines()]
    assert all(line["schema"] == 1 and line["kind"] for line in decoded)
    return decoded


def run(*words: str, **environment: str) -> tuple[int, str]:
    """In this process, with nobody to talk to."""
    result = CliRunner().invoke(cli, words, prog_name="lmsyncctl", env=environment)
    return result.exit_code, result.output


# ── with a daemon ────────────────────────────────────────────────────────────────────────────────────


async def test_json_lines_are_for_programs(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        desk = Desk(office)
        await desk.tell(completed("ada"), completed("ben"))
        await desk.route()
        dead = await desk.carry(State.DEAD)
        ended = await run_ctl(tmp_path, "--json", "dlq", "list")
        row, done = lines(ended.stdout)
        assert (ended.returncode, ended.stderr) == (0, b"")
        assert (row["kind"], row["id"], row["cause"]) == ("delivery", dead, "exhausted")
        assert (done["kind"], done["exit_code"]) == ("done", 0)
        ended = await run_ctl(tmp_path, "why", "ffffffff", "--json")
        [error] = lines(ended.stderr)
        assert (ended.returncode, ended.stdout) == (3, b"")
        assert (error["kind"], error["exit_code"]) == ("error", 3)
        assert error["advice"]


async def test_tables_are_for_people(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        desk = Desk(office)
        [statement] = await desk.tell(completed("ada"))
        await desk.route()
        await desk.carry(State.DELIVERED)
        ended = await run_ctl(tmp_path, "why", statement)
        said = ended.stdout.decode()
        assert ended.returncode == 0
        assert "\x1b" not in said, "no colours into a pipe"
        for word in (statement, "ada", "completed", "delivered", "req-1", "ts=1.2", "It is done"):
            assert word in said
        assert (await run_ctl(tmp_path, "why", statement, "--quiet")).stdout == b""


async def test_a_statement_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        told = completed("ada")
        told["actor"] = {"name": "\x1b[31mEve\x07[bold]", "mbox": "mailto:eve@example.edu"}
        [statement] = await Desk(office).tell(told)
        said = (await run_ctl(tmp_path, "why", statement)).stdout
        assert b"\x1b" not in said
        assert b"\x07" not in said
        assert b"[bold]" in said


async def test_exit_codes_are_the_daemons(tmp_path: Path) -> None:
    async with served(tmp_path) as office:

        async def code(*words: str, stdin: bytes = b"") -> int:
            return (await run_ctl(tmp_path, *words, stdin=stdin)).returncode

        assert await code("status") == 2, "its couriers do not run"
        assert await code("health", "live") == 0
        assert await code("dlq", "list") == 3
        assert await code("pause", "acme/slack") == 0
        assert await code("resume", "acme/slack") == 0
        assert await code("resume", "acme/slack") == 3
        assert await code("queue", "show", "zz") == 64
        statement = msgspec.json.encode(completed("ada"))
        assert await code("route", "test", "acme", "-", stdin=statement) == 0
        assert await code("route", "test", "acme", "-", stdin=b"\xff") == 64
        assert await code("drain", "--dry-run") == 0
        assert office.drained == 0


@pytest.mark.parametrize("words", [["dlq", "replay", "ALL"], ["dlq", "discard", "ALL", "--lane", "acme/slack"]])
async def test_all_must_be_said_aloud(tmp_path: Path, words: list[str]) -> None:
    async with served(tmp_path) as office:
        desk = Desk(office)
        await desk.tell(completed("ada"), completed("ben"))
        await desk.route()
        await desk.carry(State.DEAD)
        assert (await run_ctl(tmp_path, *[word.lower() if word == "ALL" else word for word in words])).returncode == 64
        assert (await run_ctl(tmp_path, *words, "--dry-run")).returncode == 0
        assert (await desk.states())["dead"] == 1
        assert (await run_ctl(tmp_path, *words)).returncode == 0
        assert "dead" not in {state for _, state, _ in await desk.store.queries.depths()}


async def test_a_plan_is_done_exactly_or_not_at_all(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        desk = Desk(office)
        await desk.tell(completed("ada"), completed("ben"))
        await desk.route()
        dead = [await desk.carry(State.DEAD) for _ in range(2)]
        ended = await run_ctl(tmp_path, "--json", "dlq", "plan")
        *rows, plan, done = lines(ended.stdout)
        assert [(row["kind"], row["id"], row["does"]) for row in rows] == [("planned", one, "send") for one in dead]
        assert (plan["kind"], plan["counts"], done["exit_code"]) == ("plan", {"send": 2}, 0)
        digest = str(plan["hash"])
        said = (await run_ctl(tmp_path, "dlq", "plan", dead[0][:8])).stdout.decode()
        assert "send it" in said
        assert "dlq replay --plan" in said
        assert (await run_ctl(tmp_path, "dlq", "discard", dead[1])).returncode == 0
        ended = await run_ctl(tmp_path, "dlq", "replay", "--plan", digest)
        assert (ended.returncode, ended.stdout) == (4, b"")
        assert b"nothing was changed" in ended.stderr
        assert await desk.states() == {"dead": 1, "cancelled": 1}


async def test_looking_ahead_and_back_from_the_command_line(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        desk = Desk(office)

        async def code(*words: str) -> int:
            return (await run_ctl(tmp_path, *words)).returncode

        assert await code("queue", "forecast") == 3
        assert await code("sla", "acme/done", "--since", "7d") == 0
        assert await code("sla", "--late") == 3
        assert await code("dlq", "list", "--unrouted") == 3
        await desk.tell(completed("ada"), graded("ada", 80))
        await desk.route()
        assert await code("queue", "forecast", "acme/slack") == 0
        assert await code("queue", "catchup", "acme/slack", "latest", "--older-than", "1h") == 3
        assert await code("dlq", "list", "--unrouted", "acme") == 0
        assert await code("dlq", "plan", "--unrouted", "acme") == 3
        dead = await desk.carry(State.DEAD)
        assert await code("dlq", "annotate", dead, "seen") == 0
        assert await code("dlq", "list", "--summary", "--whose", "theirs") == 0
        assert await code("dlq", "list", "--since", "1h", "--whose", "ours") == 3


async def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        desk = Desk(office)
        await desk.tell(*(completed(f"learner{number}") for number in range(500)))
        await desk.route()
        command = f"{sys.executable} -m daemon.cli.lmsyncctl --socket {tmp_path}/control.sock"
        script = f"set -o pipefail; {command} --json queue list --limit 500 | head -n 1"
        ended = await trio.run_process(
            ["bash", "-c", script], cwd=TOP, capture_stdout=True, capture_stderr=True, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, b"")
        assert len(lines(ended.stdout)) == 1


# ── without one ──────────────────────────────────────────────────────────────────────────────────────


def test_nobody_there(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.sock")
    code, said = run("--socket", missing, "status")
    assert code == 69
    assert missing in said
    assert run("status", "--socket", missing)[0] == 69
    code, said = run("status", LMSYNCCTL_SOCKET=missing)
    assert (code, missing in said) == (69, True)


@pytest.mark.parametrize(
    "words",
    [
        ["reboot"],
        [],
        ["dlq"],
        ["why"],
        ["queue", "list", "--limit", "0"],
        ["queue", "list", "--state", "lost"],
        ["--timeout", "soon", "status"],
        ["dlq", "replay"],
        ["dlq", "replay", "ALL", "abcdef01"],
        ["dlq", "replay", "abcdef01", "--plan", "0123456789abcdef"],
        ["dlq", "list", "--since", "soon"],
        ["dlq", "list", "--whose", "hers"],
        ["queue", "catchup", "acme/slack", "some"],
        ["route", "test", "acme", "/no/such/file"],
        ["completion", "tcsh"],
    ],
    ids=" ".join,
)
def test_usage_errors_end_with_64(words: list[str]) -> None:
    assert run(*words)[0] == 64
    code, said = run(*words, "--json")
    [line] = lines(said.encode())
    assert (code, line["kind"], line["exit_code"]) == (64, "error", 64)


def test_nobody_is_led_to_end_a_pilot_towards_everybody() -> None:
    code, said = run("pilot", "stop", "acme", "news")
    assert code == 64
    assert "--nobody" in said


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        here = (*path, name)
        found += leaves(command, here) if isinstance(command, click.Group) else [here]
    return found


IN_PAGES = {"export", "import", "erase"}
"""One command each, which asks by several verbs."""
APART = {"reconcile.accept": {"reconcile.apply"}, "manifest": {"manifest.slack", "manifest.teams"}}
"""One verb each, which several commands ask."""


def test_every_verb_has_its_command() -> None:
    asked = {verb.partition(".")[0] if verb.partition(".")[0] in IN_PAGES else verb for verb in VERBS}
    for verb, commands in APART.items():
        asked = asked - {verb} | commands
    assert {".".join(path) for path in leaves(cli)} == {*asked, "completion", "manpage", "restore"}


@pytest.mark.parametrize("path", leaves(cli), ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    code, said = run(*path, "--help")
    assert code == 0
    assert f"lmsyncctl {' '.join(path)}" in said
    assert "Examples:" in said


def test_every_first_line_fits_the_list() -> None:
    _, said = run("--help")
    assert "Exit codes:" in said
    listed = said.partition("Commands:")[2]
    assert len(listed.splitlines()) > len(cli.commands)
    assert "..." not in listed


def test_the_version_needs_no_daemon() -> None:
    code, said = run("--version")
    assert (code, said.split()[0]) == (0, "lmsyncctl")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    code, said = run("completion", shell)
    assert code == 0
    assert "_LMSYNCCTL_COMPLETE" in said


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("lmsyncctl d", ["plain,dlq", "plain,drain"]),
        ("lmsyncctl dlq list --cause bad", ["plain,bad_template", "plain,bad_configuration"]),
        ("lmsyncctl dlq plan --whose o", ["plain,ours"]),
    ],
)
def test_completion_completes(typed: str, found: list[str]) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    environment = {**os.environ, "_LMSYNCCTL_COMPLETE": "bash_complete", **words}
    ended = subprocess.run(
        [sys.executable, "-c", "from daemon.cli.lmsyncctl import cli; cli(prog_name='lmsyncctl')"],
        env=environment,
        cwd=TOP,
        capture_output=True,
        check=True,
    )
    assert ended.stdout.decode().split() == found


def test_starting_loads_nothing_heavy() -> None:
    script = "import sys, daemon.cli.lmsyncctl; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", script], cwd=TOP, capture_output=True, check=True)
    loaded = set(ended.stdout.decode().split())
    assert loaded & {"trio", "rich", "httpx", "asyncio", "jinja2", "sqlite3", "opentelemetry", "actors.ports"} == set()
    assert "daemon.control.protocol" in loaded
