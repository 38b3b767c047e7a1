"""Whatever does not fit in a store is named with its row, by the step that it belongs to."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from audited_store import damage, deed
from backed_store import filled
from control_office import Desk, Office
from control_socket import ACME, run_ctl, served
from told import completed
from world import VirtualClock

from actors.domain.outbox import State
from daemon.control.exits import Exit
from daemon.store.audit_anchor import in_mark
from daemon.store.database import open_store
from daemon.store.errors import StoreRefused
from daemon.store.mark import mark_path
from daemon.store.verifying import STEPS, Step, Wrong, verify


def untold(step: str, done: int, of: int) -> None:
    """Nobody is told how far it is."""


async def lived(folder: Path) -> Path:
    """A store with statements, deliveries that were posted and that wait, an audit."""
    path = folder / "s.db"
    async with open_store(path, VirtualClock(), inline=True) as store:
        office = Office(store, {"acme": ACME})
        desk = await filled(office)
        await desk.tell(*(completed(f"l{n}", at="2026-11-23T10:00:00Z") for n in range(3)))
        await desk.route()
        await desk.carry(State.DELIVERED)
        no = await store.audit.intend("acme", deed())
        await store.audit.conclude("acme", no, "done", "so it went")
    return path


def steps(path: Path) -> dict[str, Step]:
    return {step.name: step for step in verify(path, in_mark(path), untold)}


def wrong(path: Path) -> list[tuple[str, Wrong]]:
    return [(name, each) for name, step in steps(path).items() for each in step.wrong]


async def test_a_good_store_is_whole(tmp_path: Path) -> None:
    found = steps(await lived(tmp_path))
    assert tuple(found) == STEPS
    assert [each for step in found.values() for each in step.wrong] == []
    assert (found["conservation"].looked_at, found["deliveries"].looked_at) == (6, 1)
    assert found["audit"].looked_at == 2
    assert "1 anchor compared" in found["audit"].detail


def _flip(raw: sqlite3.Connection) -> None:
    """A letter of a text that stands in no index."""
    raw.execute(
        "UPDATE statements SET body = CAST(replace(CAST(body AS TEXT), 'l1', 'm1') AS BLOB) "
        "WHERE CAST(body AS TEXT) LIKE '%\"l1\"%' OR CAST(body AS TEXT) LIKE '%l1@%'"
    )


def _twice(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE deliveries SET history = history || ',' || history WHERE state = 'delivered'")


DAMAGES: list[tuple[str | Callable[[sqlite3.Connection], object], str, str, str]] = [
    ("DELETE FROM statements WHERE seq = (SELECT min(seq) FROM statements)", "conservation", "arrivals", "2 are there"),
    ("DELETE FROM effects", "conservation", "deliveries", "not in the ledger of effects"),
    ("UPDATE depths SET n = n + 1", "conservation", "depths", "are counted"),
    ("UPDATE audit SET result = 'failed' WHERE kind = 'concluded'", "audit", "audit", "edited"),
    ("DELETE FROM audit WHERE seq = 2", "audit", "audit", "ahead"),
    ("UPDATE deliveries SET head = 0", "deliveries", "deliveries", "none will ever go"),
    (_twice, "deliveries", "deliveries", "was posted 2 times"),
    ("UPDATE deliveries SET history = 'x' WHERE state = 'delivered'", "deliveries", "deliveries", "unreadable"),
    ("UPDATE commits SET number = number - 1", "mark", "commits", "is missing"),
    ("UPDATE deliveries SET attempts = 99 WHERE state = 'delivered'", "database", "deliveries", "CHECK constraint"),
]


@pytest.mark.parametrize(
    ("change", "step", "table", "said"), DAMAGES, ids=[f"{each[1]}: {each[3]}" for each in DAMAGES]
)
async def test_what_does_not_fit_is_named(
    tmp_path: Path, change: str | Callable[[sqlite3.Connection], object], step: str, table: str, said: str
) -> None:
    path = await lived(tmp_path)
    damage(path, change)
    found = [each for name, each in wrong(path) if name == step]
    assert [each for each in found if each.table == table and said in each.detail], found
    assert any(each.row for each in found) or table == "depths" or step == "database"


async def test_a_text_that_was_changed_is_found_however_old(tmp_path: Path) -> None:
    """Behind the thousand that a start looks at."""
    path = tmp_path / "s.db"
    async with open_store(path, VirtualClock(), inline=True) as store:
        desk = Desk(Office(store, {"acme": ACME}))
        [oldest] = await desk.tell(completed("oldest", at="2026-11-23T10:00:00Z"))
        for _ in range(11):
            await desk.tell(*(completed(f"l{n}", at="2026-11-23T10:00:00Z") for n in range(100)))
    damage(path, "UPDATE statements SET digest = zeroblob(32) WHERE seq = (SELECT min(seq) FROM statements)")
    [(step, each)] = [(name, each) for name, each in wrong(path) if name == "database"]
    assert (step, each.table) == ("database", "statements")
    assert oldest in each.detail
    assert each.row > 0


async def test_damage_that_cannot_be_read_through_is_an_answer(tmp_path: Path) -> None:
    path = await lived(tmp_path)
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 40)
    found = wrong(path)
    assert found
    assert "database" in {step for step, _ in found}


async def test_without_a_mark_it_says_that_nothing_can_be_compared(tmp_path: Path) -> None:
    path = await lived(tmp_path)
    mark_path(path).unlink()
    found = steps(path)
    assert not found["mark"].wrong
    assert "nothing to compare with" in found["mark"].detail
    with pytest.raises(StoreRefused, match="no database"):
        steps(tmp_path / "no.db")


async def test_the_command_names_the_row_and_ends_with_one(tmp_path: Path) -> None:
    async with served(tmp_path) as office:
        await filled(office)
        well = await run_ctl(tmp_path, "verify")
        assert (well.returncode, "everything adds up" in well.stdout.decode()) == (Exit.OK, True)
        await office.store.writer.submit(lambda raw: raw.execute("DELETE FROM outcomes"))
        ended = await run_ctl(tmp_path, "verify")
        assert ended.returncode == Exit.FAILURE
        assert "was passed over" in ended.stdout.decode()
        assert "3 things do not fit" in ended.stdout.decode()
