"""What the documents promise is there: commands, targets, links, manual pages, the changelog's entry."""

import re
import tomllib
from pathlib import Path

import click
import pytest
from checkout import TOP, files, told, written

from daemon.cli import lmsyncctl, lmsyncd
from daemon.cli.completion import script

PROSE = [path for path in files(suffix=".md") if not told(path).startswith(("actors/", "tests/"))]
PROGRAMS = {"lmsyncd": lmsyncd.cli, "lmsyncctl": lmsyncctl.cli}


def fenced(path: Path) -> list[str]:
    """The lines of a document's code blocks."""
    return "\n".join(re.findall(r"^```\w*\n(.*?)^```", written(path), re.MULTILINE | re.DOTALL)).splitlines()


def project() -> dict[str, str]:
    with (TOP / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]


def test_the_prose_is_found() -> None:
    assert {"README.md", "CHANGELOG.md", "docs/install.md"} <= {told(path) for path in PROSE}


@pytest.mark.parametrize("path", PROSE, ids=told)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", written(TOP / "Makefile"), re.MULTILINE))
    named = {name for line in fenced(path) for name in re.findall(r"(?:^|&& |[A-Z]=\S+ )make ([a-z-]+)", line)}
    named |= set(re.findall(r"`(?:sudo )?make ([a-z-]+)", written(path)))
    assert named - targets == set()


def test_every_target_is_explained_and_phony() -> None:
    makefile = written(TOP / "Makefile")
    explained = set(re.findall(r"^([a-z-]+):[^\n#]*## ", makefile, re.MULTILINE))
    [phony] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert explained == set(phony.split())


@pytest.mark.parametrize("path", PROSE, ids=told)
def test_every_command_that_is_named_exists(path: Path) -> None:
    """``lmsyncctl dlq replay ID`` in a code block: each word in lower case leads to a command."""
    unknown = []
    for line in fenced(path):
        for program, rest in re.findall(r"(?:^|[\s/])(lmsyncd|lmsyncctl) ([^#|;&>]*)", line):
            command: click.Command = PROGRAMS[program]
            for word in re.sub(r"--\w[\w-]*(?:=\S+)?", "", rest).split():
                if not isinstance(command, click.Group) or not re.fullmatch(r"[a-z-]+", word):
                    break
                if word not in command.commands:
                    unknown.append(line.strip())
                    break
                command = command.commands[word]
    assert unknown == []


@pytest.mark.parametrize("path", PROSE, ids=told)
def test_every_link_and_every_file_that_is_named_exists(path: Path) -> None:
    text = written(path)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (path.parent / link).exists()] == []
    rooms = r"(?:docs|systemd|tests|config|daemon|actors)/[\w./@-]*\w"
    named = re.findall(rf"`({rooms})`", text)
    assert [name for name in named if not (TOP / name).exists()] == []


def test_the_changelog_tells_of_this_version() -> None:
    assert f"## {project()['version']}" in written(TOP / "CHANGELOG.md")


def test_the_licence_is_the_one_that_is_named() -> None:
    assert project()["license"] == "Apache-2.0"
    assert "Apache License" in written(TOP / "LICENSE")


@pytest.mark.parametrize("program", PROGRAMS)
def test_manual_pages_are_made_from_the_commands(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    PROGRAMS[program].main(["manpage"], prog_name=program, standalone_mode=False)
    page = capsys.readouterr().out
    assert f".TH {program.upper()}" in page
    group = PROGRAMS[program]
    assert isinstance(group, click.Group)
    shown = [name for name, command in group.commands.items() if not command.hidden]
    assert shown
    assert [name for name in shown if name not in page] == []


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(program: str, shell: str) -> None:
    made = script(PROGRAMS[program], program, shell)
    assert program in made
    assert f"_{program.upper()}_COMPLETE" in made
