"""How far something long is, as somebody before a terminal sees it, and as it stands in a file."""

import io
import sys

import msgspec
import pytest

from daemon.cli.progressing import CLEAR, EVERY_S, Display
from daemon.cli.render import DISPLAY, printer
from daemon.control.backed import ProgressRow
from daemon.control.protocol import Done


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


class Shown:
    """A display whose time the test owns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "60")
        self.stream, self.now_s = stream, 100.0
        self.display = Display(lambda: self.now_s)

    def far(self, done: int, after_s: float = 2.0, doing: str = "reading who is in") -> None:
        self.now_s += after_s
        self.display.show(ProgressRow(doing=doing, done=done, of=400, unit="places"))


def test_on_a_terminal_it_is_one_line_that_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch, Tty())
    shown.far(0)
    shown.far(100, after_s=100.0)
    shown.display.over()
    shown.display.over()
    assert shown.stream.getvalue().split(CLEAR) == [
        "",
        "lmsyncctl: reading who is in 0 %, 0 of 400 places",
        "lmsyncctl: reading who is in 25 %, 100 of 400 places, abou…",
        "",
    ]


def test_how_long_it_takes_is_told_at_the_pace_of_what_is_done_now(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch, Tty())
    monkeypatch.setenv("COLUMNS", "200")
    shown.far(0)
    shown.far(100, after_s=100.0)
    assert shown.stream.getvalue().endswith("100 of 400 places, about 5 min left")
    shown.far(100, doing="looking people up")
    assert shown.stream.getvalue().endswith("looking people up 25 %, 100 of 400 places")


def test_elsewhere_it_is_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch, io.StringIO())
    for n in range(1, 400):
        shown.far(n)
    shown.display.over()
    lines = shown.stream.getvalue().splitlines()
    assert len(lines) == 798 // EVERY_S
    assert lines[0].startswith("lmsyncctl: reading who is in 7 %, 31 of 400 places")
    assert CLEAR not in shown.stream.getvalue()


def test_programs_read_answers_without_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    row = msgspec.Raw(msgspec.json.encode(ProgressRow(doing="comparing", done=1, of=2)))
    out, times = printer(as_json=True, quiet=False), iter((0.0, EVERY_S))
    monkeypatch.setattr(DISPLAY, "_now_s", lambda: next(times))
    monkeypatch.setattr(DISPLAY, "_told_s", None)
    out.row(row)
    out.row(row)
    out.end(Done(note="the end"))
    said = capsys.readouterr()
    assert [msgspec.json.decode(line)["kind"] for line in said.out.splitlines()] == ["done"]
    assert msgspec.json.decode(said.err) == {
        "schema": 1, "kind": "progress", "doing": "comparing", "done": 1, "of": 2, "unit": "",
    }  # fmt: skip
    out = printer(as_json=False, quiet=True)
    out.row(row)
    assert capsys.readouterr().err == ""
