"""``lmsyncctl map``: what it asks for, and what it refuses to ask."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from daemon.cli import mapping
from daemon.cli.lmsyncctl import cli
from daemon.control import protocol as p
from daemon.control.mapping_asks import BODY_CHARS_MAX


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[p.Ask]:
    """What would be asked of the daemon."""
    requests: list[p.Ask] = []

    def ask(request: p.Ask) -> int:
        requests.append(request)
        return 0

    monkeypatch.setattr(mapping, "ask", ask)
    return requests


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["map", *words])


def test_what_is_asked(asked: list[p.Ask], tmp_path: Path) -> None:
    file = tmp_path / "seat.json"
    file.write_text('\ufeff{"id": 7}', encoding="utf-8")
    for words in (
        ["list"],
        ["list", "acme/lms"],
        ["show", "acme/lms"],
        ["show", "acme/lms", "v3"],
        ["test", "acme/lms", "--version", "2", "--record", "user/7"],
        ["test", "acme/lms", "--file", str(file), "--entity", "user", "--form", "rest", "--id", "7"],
    ):
        result = run(*words)
        assert result.exit_code == 0, result.output
    assert asked == [
        p.MapList(),
        p.MapList(source="acme/lms"),
        p.MapShow(source="acme/lms"),
        p.MapShow(source="acme/lms", version=3),
        p.MapTest(source="acme/lms", version=2, record="user/7"),
        p.MapTest(source="acme/lms", body='{"id": 7}', entity="user", form="rest", name="7"),
    ]


def test_what_comes_by_standard_input(asked: list[p.Ask]) -> None:
    result = CliRunner().invoke(cli, ["map", "test", "acme/lms", "-", "--entity", "user"], input='{"id": "é"}')
    assert result.exit_code == 0, result.output
    assert asked == [p.MapTest(source="acme/lms", body='{"id": "é"}', entity="user")]


@pytest.mark.parametrize(
    "words",
    [
        ["test", "acme/lms"],
        ["test", "acme/lms", "-", "--record", "user/7"],
        ["test", "acme/lms", "--record", "user/7", "--form", "rest"],
        ["test", "acme/lms", "--file", "/nowhere"],
        ["show", "acme/lms", "newest"],
        ["show", "acme/lms", "v0"],
    ],
)
def test_what_is_not_asked(words: list[str], asked: list[p.Ask]) -> None:
    assert run(*words).exit_code == 64
    assert asked == []


@pytest.mark.parametrize("content", [b"\xff\xfe", b" " * (BODY_CHARS_MAX + 1)])
def test_files_that_are_no_record(content: bytes, asked: list[p.Ask], tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(content)
    assert run("test", "acme/lms", "--file", str(file)).exit_code == 64
    assert asked == []
