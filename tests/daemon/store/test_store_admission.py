"""A store that has lost what it acknowledged is refused; how one goes on without, and what is in doubt from then on."""

import shutil
import sqlite3
from pathlib import Path

import pytest
import trio
import trio.testing
from crashed_store import FILES, Heard, append, crashed, opens, torn
from world import VirtualClock, completed, open_campus, route, tenant

from daemon.store import admission, mark
from daemon.store.database import Store, open_store, upgrade
from daemon.store.errors import StoreRefused


async def test_nothing_is_said_of_a_store_that_has_everything(tmp_path: Path) -> None:
    path = await crashed(tmp_path, unmarked=3)
    assert await opens(path) == []
    assert await opens(path) == []


async def test_opening_writes_nothing(tmp_path: Path) -> None:
    """So that a full disk keeps nobody from starting."""
    path = await crashed(tmp_path)
    await opens(path)
    async with open_store(path, VirtualClock(), inline=True) as store:
        log = path.with_name("s.db-wal")
        assert log.stat().st_size == 0
        await append(store, 999)
        assert log.stat().st_size > 0


async def test_a_torn_log_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = await crashed(tmp_path)
    torn(path, 4)
    before = {name: (path.parent / name).read_bytes() for name in FILES}
    for _ in range(2):
        with pytest.raises(StoreRefused, match=r"(1 commit is|2 commits are) missing.*--accept-loss") as refused:
            await opens(path)
        assert "\n" not in str(refused.value)
    assert {name: (path.parent / name).read_bytes() for name in FILES} == before


async def test_what_was_not_marked_yet_may_go_without_a_word(tmp_path: Path) -> None:
    """Less than a second old: no mark had seen it."""
    path = await crashed(tmp_path, unmarked=2)
    torn(path, 2)
    assert await opens(path) == []


async def test_one_good_copy_of_the_mark_is_enough(tmp_path: Path) -> None:
    path = await crashed(tmp_path)
    torn(path, 4)
    file = mark.mark_path(path)
    raw = file.read_bytes()
    for copy in range(mark.COPIES):
        damaged = bytearray(raw)
        damaged[copy * mark.BLOCK_BYTES + 40] ^= 1
        file.write_bytes(damaged)
        heard = Heard()
        with pytest.raises(StoreRefused, match=r"commits? (is|are) missing"):
            admission.admit(path, heard)
        assert heard.said == ["store.mark_damaged"]


@pytest.mark.parametrize("remains", [None, b"", b"\0" * 8192])
async def test_without_a_mark_it_goes_on_and_says_so(tmp_path: Path, remains: bytes | None) -> None:
    path = await crashed(tmp_path)
    file = mark.mark_path(path)
    file.unlink()
    if remains is not None:
        file.write_bytes(remains)
    expected = ["store.mark_missing"] if remains is None else ["store.mark_damaged", "store.mark_missing"]
    assert await opens(path) == expected
    assert await opens(path) == []


async def test_an_older_copy_in_its_place_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    path = home / "s.db"
    async with open_store(path, VirtualClock(), inline=True) as store:
        await append(store, 1, 2)
    backup = path.read_bytes()
    async with open_store(path, VirtualClock(), inline=True) as store:
        await append(store, 3, 4, 5)
    path.write_bytes(backup)
    with pytest.raises(StoreRefused, match=r"3 commits are missing.*older copy"):
        await opens(path)


async def test_a_copy_that_lived_elsewhere_is_refused(tmp_path: Path) -> None:
    path = await crashed(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(path, elsewhere / "s.db")
    shutil.copy(path.with_name("s.db-wal"), elsewhere / "s.db-wal")
    torn(elsewhere / "s.db", 8)
    async with open_store(elsewhere / "s.db", VirtualClock(), inline=True) as store:
        await append(store, *range(100, 150))
    shutil.copy(elsewhere / "s.db", path)
    path.with_name("s.db-wal").unlink()
    with pytest.raises(StoreRefused, match="another history"):
        await opens(path)


async def test_another_stores_database_and_none_at_all_are_refused(tmp_path: Path) -> None:
    path = await crashed(tmp_path)
    async with open_store(tmp_path / "other.db", VirtualClock(), inline=True):
        pass
    path.with_name("s.db-wal").unlink()
    shutil.copy(tmp_path / "other.db", path)
    with pytest.raises(StoreRefused, match="another store"):
        await opens(path)
    path.unlink()
    with pytest.raises(StoreRefused, match=r"not there.*not mounted"):
        await opens(path)
    assert upgrade(path, 5, accept_loss=True)[-1].startswith("accepted the loss")
    assert await opens(path) == ["store.loss_accepted"]


async def test_an_accepted_loss_stays_visible_and_is_accepted_once(tmp_path: Path) -> None:
    path = await crashed(tmp_path)
    torn(path, 4)
    with pytest.raises(StoreRefused, match=r"commits? (is|are) missing"):
        upgrade(path, 5)
    old = mark.mark_path(path).read_bytes()
    [done] = upgrade(path, 5, accept_loss=True)
    assert "accepted the loss of" in done
    assert await opens(path) == ["store.loss_accepted"]
    assert upgrade(path, 6, accept_loss=True) == []
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT kind, accepted_us FROM losses").fetchall() == [("behind", 5)]
    raw.close()
    mark.mark_path(path).write_bytes(old)  # as if the process had died before it wrote the new mark
    assert await opens(path) == ["store.loss_accepted"]


async def test_after_an_accepted_loss_whatever_may_have_been_posted_is_looked_for(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """The restored store knows nothing of a post; its statement is told again. It is found and not posted again."""
    acme = tenant(route("done", "completed"))
    told = completed("ada", at="2026-11-23T10:00:00Z")
    async with open_campus(tmp_path, acme) as campus:
        fake = campus.fakes["slack"]
        backup = caught_as(tmp_path / "campus.db", tmp_path / "backup")
        await campus.tell(told)
        await campus.quiet()
        posted = campus.journal("slack")
        assert len(posted) == 1
    path = tmp_path / "campus.db"
    shutil.copy(backup / path.name, path)
    with pytest.raises(StoreRefused, match=r"commits? (is|are) missing"):
        await opens(path)
    upgrade(path, VirtualClock().now_us(), accept_loss=True)
    async with open_campus(tmp_path, acme) as campus:
        campus.fakes["slack"].__dict__.update(fake.__dict__)  # the vendor has forgotten nothing
        await campus.tell(told)
        await campus.tell(completed("ben", at="2099-01-01T00:00:00Z"))
        await campus.quiet()
        journal = campus.journal("slack")
        assert len({each.delivery_id for each in journal}) == len(journal) == 2
        assert journal[0] == posted[0]
        assert await campus.rows("SELECT state, attempts FROM deliveries ORDER BY seq") == [
            ("delivered", 0),  # looked for, never sent
            ("delivered", 1),
        ]
        await counted(campus.store)


def caught_as(path: Path, into: Path) -> Path:
    """A backup of a database that is in use."""
    into.mkdir()
    source, copy = sqlite3.connect(path), sqlite3.connect(into / path.name)
    source.backup(copy)
    source.close()
    copy.close()
    return into


async def counted(store: Store) -> None:
    """The counts of the triggers are those of the rows."""
    kept, found = await store.writer.submit(
        lambda raw: (
            raw.execute("SELECT lane, state, n FROM depths WHERE n > 0 ORDER BY 1, 2").fetchall(),
            raw.execute("SELECT lane, state, count(*) FROM deliveries GROUP BY 1, 2 ORDER BY 1, 2").fetchall(),
        )
    )
    assert kept == found


async def test_what_waits_held_or_lies_dead_is_in_doubt_after_a_loss(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    acme = tenant(route("done", "completed"))
    path = tmp_path / "campus.db"
    async with open_campus(tmp_path, acme) as campus:
        await campus.store.queries.pause("acme/slack", by="ada", now_us=1)
        await campus.tell(*(completed(who, at="2026-11-23T10:00:00Z") for who in ("ada", "ben", "eve", "joe", "kim")))
        with trio.fail_after(60):
            while len(await campus.rows("SELECT 1 FROM deliveries")) < 5:
                await trio.sleep(0.05)
        await campus.rows("UPDATE deliveries SET state = 'held', head = 0 WHERE seq = 2")
        await campus.rows(
            "UPDATE deliveries SET state = 'dead', head = 0, cause = 'exhausted', done_us = 9 WHERE seq = 3"
        )
        await campus.rows("UPDATE deliveries SET state = 'unknown', head = 0, sent_us = 5, doubt_us = 6 WHERE seq = 4")
        await campus.rows(
            "UPDATE deliveries SET state = 'parked', head = 0, sent_us = 5, cause = 'unknown_outcome', done_us = 9 "
            "WHERE seq = 5"
        )
        backup = caught_as(path, tmp_path / "backup")
        await campus.rows("UPDATE lanes SET paused_by = 'ben'")
    shutil.copy(backup / path.name, path)
    assert "2 open deliveries" in upgrade(path, 77_000_000, accept_loss=True)[-1]
    async with open_store(path, VirtualClock(), inline=True) as store:

        async def states() -> list[tuple[object, ...]]:
            return await store.writer.submit(
                lambda raw: raw.execute("SELECT state, sent_us IS NOT NULL, doubt_us FROM deliveries").fetchall()
            )

        again = ("unknown", 1, 77_000_000)
        assert await states() == [again, ("held", 0, None), ("dead", 0, None), again, ("parked", 1, None)]
        await store.writer.submit(lambda raw: raw.execute("UPDATE deliveries SET state = 'waiting' WHERE seq = 2"))
        await store.writer.submit(
            lambda raw: raw.execute(
                "UPDATE deliveries SET state = 'waiting', cause = NULL, done_us = NULL WHERE seq = 3"
            )
        )
        await store.writer.submit(
            lambda raw: raw.execute(
                "UPDATE deliveries SET state = 'unknown', cause = NULL, done_us = NULL, doubt_us = 9 WHERE seq = 5"
            )
        )
        assert await states() == [again] * 5
        await counted(store)
        await store.writer.submit(lambda raw: raw.execute("UPDATE deliveries SET state = 'waiting'"))
        assert {state for state, *_ in await states()} == {"waiting"}, "looked for and absent: it waits"
        await counted(store)
