"""The manual pages say all that the commands take, in troff that no line of theirs can upset."""

import re

import click
import pytest

from daemon.cli import lmsyncd
from daemon.cli.lmsyncctl import cli
from daemon.cli.manpage import LMSYNCCTL, LMSYNCD, About, page

MACROS = r"\.(TH|SH|SS|TP|PP|B|nf|fi)\b"


@pytest.mark.parametrize(("program", "about"), [(cli, LMSYNCCTL), (lmsyncd.cli, LMSYNCD)], ids=["lmsyncctl", "lmsyncd"])
def test_only_known_macros_begin_a_line(program: click.Command, about: About) -> None:
    made = page(program, about)
    assert [line for line in made.splitlines() if line.startswith((".", "'")) and not re.match(MACROS, line)] == []
    assert re.findall(r"^\.SH (.*)$", made, re.MULTILINE)[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
    assert made.startswith(f".TH {about.name.upper()} {about.section} ")
    assert re.search(r"(?<!\\)-(?=-)", made.partition("\n")[2]) is None, "a bare hyphen is no minus"
    assert made == page(program, about)


def test_every_command_and_option_is_there() -> None:
    made = page(cli, LMSYNCCTL).replace("\\-", "-")
    for words in (
        "lmsyncctl dlq replay [OPTIONS] ID...|ALL",
        "lmsyncctl why [OPTIONS] ID",
        "--accept-double",
        "--socket",
    ):
        assert words in made
    assert "LMSYNCCTL_SOCKET" in made
    assert ".B 77\n" in made


def test_what_troff_would_take_for_its_own_is_escaped() -> None:
    @click.command(help='.so /etc/passwd\n\n\b\n\'ti 3\n\\f(CW back\\slash "quoted"')
    def odd() -> None:
        pass

    made = page(odd, About(name="odd", section=1, summary="odd"))
    assert "\n\\&.so /etc/passwd" in made
    assert "\n\\&'ti 3" in made
    assert "\\ef(CW back\\eslash \\(dqquoted\\(dq" in made
