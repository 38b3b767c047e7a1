"""A restore that is killed, at each call by which it takes the store's place: the next start, or the next restore, does
the rest, and all that stood there lies aside under one name. And two restores at once.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio
from backed_store import lived, statements
from world import VirtualClock

from daemon.control.exits import Exit
from daemon.recovery import Wanted, restore
from daemon.store import reinstating
from daemon.store.database import open_store
from daemon.store.errors import StoreRefused

NAME = "lmsyncd.db"
CALLS = ("rename", "unlink", "fsync")
STATES_MAX = 40
HALF_WAY = 7
"""The call that would put the log aside."""


class Killed(BaseException):
    """There is no process any more: nothing that it would have cleared away is."""


@contextmanager
def killed(at: int, *, alone: bool = True) -> Iterator[list[str]]:
    """From its call number ``at`` on, counted from when the place is taken, nothing reaches the disk."""
    made: list[str] = []
    counting = False

    def dying(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            if counting:
                made.append(name)
                if len(made) >= at:
                    raise Killed
            return call(*given, **named)

        return called

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*given: Any) -> Any:
            nonlocal counting
            counting = True
            return step(*given)

        return stepping

    with pytest.MonkeyPatch.context() as patched:
        for name in CALLS:
            patched.setattr(os, name, dying(name, getattr(os, name)))
        for step in ("begin", "finish") if alone else ("begin",):
            patched.setattr(reinstating, step, counted(getattr(reinstating, step)))
        yield made


async def in_use(folder: Path) -> Path:
    """As a crash leaves a store: its newest commit is in the log alone. The configuration."""
    root = await lived(folder)
    store = root / "state" / NAME
    with closing(sqlite3.connect(store)) as raw:
        raw.execute("INSERT INTO facts VALUES ('in the log', 'yes')")
        raw.commit()
        kept = {path.name: path.read_bytes() for path in store.parent.iterdir() if path.name in (NAME, f"{NAME}-wal")}
    for name, content in kept.items():
        (store.parent / name).write_bytes(content)
    assert set(kept) == {NAME, f"{NAME}-wal"}
    return root


async def told_by(store: Path) -> list[str]:
    """What a start says, other than of the mark and of losses."""
    told: list[str] = []

    def hear(name: str, _error: BaseException | None = None, /, **_fields: object) -> None:
        told.append(name)

    async with open_store(store, VirtualClock(), inline=True, trouble=hear):
        pass
    return [name for name in told if name == "store.restore_finished"]


def restored(root: Path, file: Path) -> int:
    return restore(root, {}, Wanted(file=file, accept_loss=True), as_json=True)


def test_killed_at_any_call_it_is_the_store_that_was_or_what_the_next_one_turns_into_the_restored_one(
    tmp_path: Path,
) -> None:
    was = {NAME: b"was", f"{NAME}-wal": b"its log", f"{NAME}-shm": b"", f"{NAME}.mark": b"its mark"}
    new = {f"{NAME}.restoring": b"new", f"{NAME}.restoring.mark": b"its new mark"}
    whole = {
        NAME: b"new",
        f"{NAME}.mark": b"its new mark",
        "aside": b"was",
        "aside-wal": b"its log",
        "aside-shm": b"",
    }
    came_to = []
    for at in range(1, STATES_MAX):
        store = tmp_path / f"{at}" / NAME
        store.parent.mkdir()
        for name, content in (was | new).items():
            (store.parent / name).write_bytes(content)
        with killed(at), suppress(Killed):
            reinstating.begin(store, "aside", "digest")
            reinstating.finish(store)
            break
        with killed(at), suppress(Killed):  # and the one that comes next is killed as well
            reinstating.finish(store)
        decided = reinstating.finish(store) is not None or (store.parent / "aside").exists()
        reinstating.swept(store)
        assert contents(store.parent) == (whole if decided else was), at
        came_to.append(decided)
    assert contents(store.parent) == whole
    assert came_to == sorted(came_to)
    assert set(came_to) == {False, True}
    assert len(came_to) > 12


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("by", ["a start", "the same command"])
async def test_what_was_left_half_way_is_finished(tmp_path: Path, by: str) -> None:
    """Killed when the database has gone aside and its log has not: without both it would lack its newest commit."""
    root = await in_use(tmp_path)
    state, file = root / "state", tmp_path / "b.backup"
    with killed(HALF_WAY, alone=False) as made, suppress(Killed):
        await trio.to_thread.run_sync(restored, root, file)
    assert made[-2:] == ["rename", "rename"]
    assert not (state / NAME).exists()
    assert (state / f"{NAME}-wal").exists()
    if by == "a start":
        assert await told_by(state / NAME) == ["store.restore_finished"]
    else:
        assert await trio.to_thread.run_sync(restored, root, file) == Exit.OK
    assert statements(state / NAME) == 3
    assert [path.name for path in state.iterdir() if ".restoring" in path.name or ".placing" in path.name] == []
    with closing(sqlite3.connect(state / NAME)) as raw:
        assert raw.execute("SELECT count(*) FROM losses").fetchone() == (1,)
    [former] = [path for path in state.iterdir() if ".before-" in path.name and path.name.endswith("Z")]
    with closing(sqlite3.connect(former)) as raw:
        assert raw.execute("SELECT value FROM facts WHERE name = 'in the log'").fetchone() == ("yes",)


async def test_two_restores_at_once_do_not_write_the_same_copy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = await lived(tmp_path)
    store, file = root / "state" / NAME, tmp_path / "b.backup"
    check = Wanted(file=file, check=True)
    with reinstating.folder_held(store):
        for how in (check, Wanted(file=file, accept_loss=True)):
            assert await trio.to_thread.run_sync(lambda how=how: restore(root, {}, how, as_json=True)) == Exit.FAILURE
            assert "another restore is at work" in capsys.readouterr().err
        reinstating.restoring_path(store).write_bytes(b"the other one's")
        assert await told_by(store) == []
        assert reinstating.restoring_path(store).read_bytes() == b"the other one's", "a start leaves it alone"
    assert await trio.to_thread.run_sync(lambda: restore(root, {}, check, as_json=True)) == Exit.OK
    assert not reinstating.restoring_path(store).exists()


async def test_a_store_is_held_from_before_the_work_so_that_no_daemon_starts_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = await lived(tmp_path)
    store, met = root / "state" / NAME, []
    proven = restore.__globals__["_proven"]

    def looking(*given: Any) -> str:
        with pytest.raises(StoreRefused, match="another lmsyncd"):
            trio.run(told_by, store)
        met.append(store)
        return str(proven(*given))

    monkeypatch.setitem(restore.__globals__, "_proven", looking)
    assert await trio.to_thread.run_sync(restored, root, tmp_path / "b.backup") == Exit.OK
    assert met == [store]


def test_an_order_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.placing").write_bytes(b"{")
    with pytest.raises(StoreRefused, match="a restore was not finished"):
        reinstating.finish(tmp_path / NAME)
