"""``watch`` over a daemon that goes away in the middle of an answer: nothing is lost, nothing comes twice."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from daemon.cli import following
from daemon.cli.commands import Options
from daemon.control import protocol as p
from daemon.control import views as v
from daemon.control.exits import Exit


class Ledger:
    """A daemon's moves and time line; it ends after so many rows of an answer (0: before it is reached)."""

    def __init__(self, ends_after: list[int], *, met: bool = False) -> None:
        self.met = met
        self.moves = [
            v.MoveRow(no=n, lane="acme/slack", route="r", state="delivered", id=f"{n:032x}") for n in range(9)
        ]
        self.told = [v.EventRow(no=n, at_us=n, what="start", tenant="", subject="", words=f"w{n}") for n in range(1, 4)]
        self.ends_after = ends_after

    def __call__(self, *_: object) -> "Ledger":
        if self.met and self.ends_after and self.ends_after[0] == 0:
            self.ends_after.pop(0)
            raise p.Refusal(Exit.UNREACHABLE, "the daemon cannot be reached")
        self.met = True
        return self

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def ask(self, request: p.Watch) -> Iterator[Any]:
        if request.after is None or request.events_after is None:
            yield msgspec.Raw(msgspec.json.encode(v.WatchedRow(after=0, events_after=0)))
            yield p.Done(id="1")
            return
        after, events_after = request.after, request.events_after
        left = self.ends_after.pop(0) if self.ends_after else 99
        for row in [*self.moves, *self.told]:
            if row.no <= (after if isinstance(row, v.MoveRow) else events_after):
                continue
            if not left:
                raise p.Refusal(Exit.UNREACHABLE, "the daemon closed the connection before the end of its answer")
            left -= 1
            yield msgspec.Raw(msgspec.json.encode(row))
        yield msgspec.Raw(msgspec.json.encode(v.WatchedRow(after=8, events_after=3)))
        yield p.Done(id="1")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.cli.awaiting._pause", lambda: None)


@pytest.mark.parametrize("ends_after", [[0], [3, 0, 0], [1] * 12, [9, 0, 1], [10, 0], []])
def test_each_line_comes_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ends_after: list[int]
) -> None:
    monkeypatch.setattr(following, "Client", Ledger([*ends_after]))
    assert following.follow(Options(as_json=True), p.Watch(), 11) == 0
    out, err = capsys.readouterr()
    rows = [msgspec.json.decode(line) for line in out.splitlines()]
    assert [row["no"] for row in rows if row["kind"] == "move"] == list(range(1, 9))
    assert [row["no"] for row in rows if row["kind"] == "event"] == [1, 2, 3]
    breaks = err.count("waiting for the daemon to come back")
    assert (breaks > 0) == bool(ends_after)
    assert err.count("the daemon answers again") == breaks


def test_one_that_never_answered_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "Client", Ledger([0], met=True))
    with pytest.raises(p.Refusal, match="cannot be reached"):
        following.follow(Options(), p.Watch(), 1)
