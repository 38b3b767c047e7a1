"""Every command that the docs show is run: lmsyncctl's against a living daemon in memory, lmsyncd's as far as they can
be read. What a page shows and the program does not understand is found here, before a reader does."""

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Never

import click
import pytest
import trio
from checkout import TOP, written
from click.testing import CliRunner, Result
from control_office import Office
from tenants import source
from world import completed, open_campus, route, tenant

from config.alerts import Alert
from config.model import Control, Roster, RosterInto
from daemon.cli import topping
from daemon.cli.awaiting import Absence
from daemon.cli.lmsyncctl import cli as lmsyncctl
from daemon.cli.lmsyncd import cli as lmsyncd
from daemon.control.exits import Exit
from daemon.control.server import serve_control

PAGES = (TOP / "README.md", *sorted((TOP / "docs").glob("*.md")))
BLOCK = re.compile(r"^ *```(?:sh|bash)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(lmsync(?:ctl|d) [^`…]*)`")
COMMAND = re.compile(r"(?:^|[|;(&] ?|xargs |--quiet )(lmsync(?:ctl|d) [a-z-].*)")
END = frozenset({"|", ">", "<", "&&", "||", ";", "&", ")", "<<", ">>", "`"})
CHOICE = re.compile(r"\S*\w\|\w\S*")
"""``source list|pause|resume``: one of several, for a reader."""
INPUTS = {
    "statement.json": b'{"actor":{"mbox":"mailto:a@example.edu"},"verb":{"id":"http://x/v"},"object":{"id":"http://x/o"}}',
    "other-lrs.jsonl": b"",
    "acme.jsonl.zst": b"",
    "FILE": b"",
}
UNDERSTOOD = frozenset(Exit) - {Exit.USAGE, Exit.UNREACHABLE}


def shown() -> Iterator[tuple[str, str]]:
    """(page, command line) of all that stand in blocks; those in running text may lack arguments, so that their help is
    asked for: options that are not there are found all the same."""
    for page in PAGES:
        text = written(page)
        for block in BLOCK.findall(text):
            for line in re.sub(r"\\\n\s*", " ", block).splitlines():
                if not line.lstrip().startswith("#"):
                    yield from ((page.name, found) for found in COMMAND.findall(line))
        yield from ((page.name, f"{' '.join(found.split())} --help") for found in INLINE.findall(text))


def words_of(line: str) -> list[str]:
    """Its words, up to a comment, a pipe or a redirection. What the shell makes a file of is one."""
    line = re.sub(r"<\([^)]*\)", "FILE", line)
    lexer = shlex.shlex(
        line.replace("$(", " ; ").replace("$hash", "9c41e0d2a7b35f18"), posix=True, punctuation_chars=True
    )
    lexer.commenters = "#"
    lexer.whitespace_split = True
    found: list[str] = []
    for word in lexer:
        if word in END:
            break
        found.append(word)
    return found


def at_hand(folder: Path, words: tuple[str, ...]) -> tuple[str, ...]:
    """With files of that kind in the folder: absolute ones become one in it (and folders a folder), and
    those that are read are there."""
    for name, content in INPUTS.items():
        (folder / name).write_bytes(content)
    (folder / "elsewhere").mkdir(exist_ok=True)
    there = {True: str(folder / "FILE"), False: str(folder / "elsewhere")}
    return tuple(there[bool(Path(word).suffix)] if word.startswith("/") else word for word in words)


COMMANDS = sorted({(page, tuple(words_of(line))) for page, line in shown() if not CHOICE.search(line)})
OURS = [(page, words) for page, words in COMMANDS if words[0] == "lmsyncctl"]
ACME = tenant(
    route("completions", "completed", sla="30s"),
    sources={
        **source(name="campus"),
        **source("moodle", name="sis"),
        **source("canvas", name="canvas", base_url="http://sandbox.test/canvas", token={"env": "source-secret"}),
    },
    rosters=(Roster(name="classes", source="campus", to="slack", into=RosterInto(channel="c-{course.code}")),),
    alerts=(Alert(to="slack", channel="C0ALERTS01"),),
)


def test_there_are_commands() -> None:
    assert len(OURS) > 150


@pytest.mark.parametrize(("page", "words"), [each for each in COMMANDS if each[1][0] == "lmsyncd"])
def test_a_command_of_the_daemons_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = at_hand(tmp_path, words)
    context = click.Context(lmsyncd, info_name="lmsyncd")
    name, command, rest = lmsyncd.resolve_command(context, list(words[1:]))
    assert command is not None, f"{page}: {' '.join(words)}"
    with suppress(click.exceptions.Exit):  # of its help
        command.make_context(name, list(rest), parent=context)


async def test_each_command_is_understood_by_a_living_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: object
) -> None:
    """One after another, as somebody types who tries all that the docs show."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(topping, "select", SimpleNamespace(select=interrupted))
    monkeypatch.setattr(Absence, "met", interrupted)
    socket = tmp_path / "control.sock"
    wrong = []
    async with open_campus(tmp_path, ACME, limited=False) as campus, trio.open_nursery() as nursery:
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock, control=Control(socket=socket))
        await nursery.start(serve_control, office, Control(socket=socket))
        await campus.tell(completed("ada"))
        for page, words in OURS:
            ended = await trio.to_thread.run_sync(partial(run, socket, at_hand(tmp_path, words)))
            if ended.exit_code not in UNDERSTOOD or "a mistake of ours" in ended.output or ended.exception is not None:
                wrong.append(
                    f"{page}: {' '.join(words)}: {ended.exit_code} {ended.output.strip()[:300]} {ended.exception}"
                )
        nursery.cancel_scope.cancel()
    assert wrong == [], "\n".join(wrong)


def interrupted(*_: object) -> Never:
    """What lasts until somebody has seen enough (``top``, ``watch``) is ended as they would."""
    raise KeyboardInterrupt


def run(socket: Path, words: tuple[str, ...]) -> Result:
    return CliRunner().invoke(lmsyncctl, ["--socket", str(socket), *words[1:]], input="secret\n", standalone_mode=False)
