"""The store as a whole: group commit, errors as back-pressure, one process, no newer schema."""

import itertools
import os
import sqlite3
from pathlib import Path

import pytest
import trio
import trio_asyncio

from actors.domain.xapi.rules import VOIDED
from actors.ports import NewStatement, Provenance, StatementConflict, StoreUnavailable
from daemon.store.database import open_store, upgrade
from daemon.store.engine import InlineEngine
from daemon.store.errors import StoreRefused
from daemon.store.migrate import available, migrate, split
from daemon.store.writer import Writer


class Ticking:
    """A clock that never shows the same time twice, except when told to go back."""

    def __init__(self) -> None:
        self.at_us = 1_000_000

    def now_us(self) -> int:
        self.at_us += 1
        return self.at_us


def statement(number: int, content: str = "x", *, given: bool = True, voids: str | None = None) -> NewStatement:
    return NewStatement(
        id=f"00000000-0000-4000-8000-{number:012d}",
        body=b"{}"
        if voids is None
        else b'{"verb":{"id":"%b"},"object":{"objectType":"StatementRef","id":"%b"}}'
        % (VOIDED.encode(), voids.encode()),
        digest=content.encode(),
        timestamp="2026-11-23T10:00:00Z",
        given_id=given,
        voids=voids,
    )


FROM = Provenance(tenant="acme", source="campus", correlation_id="c1", traceparent="00-1", version="1.0.3")


@pytest.mark.parametrize("inline", [True, False])
async def test_a_statement_comes_back_as_it_was_stored(tmp_path: Path, inline: bool) -> None:
    async with trio_asyncio.open_loop(), open_store(tmp_path / "s.db", Ticking(), inline=inline) as store:
        appended = await store.statements.append([statement(1), statement(2)], FROM)
        assert (appended.fresh, appended.collapsed) == (2, 0)
        found = await store.statements.after("acme", 0, 10)
        assert [each.id for each in found] == list(appended.ids)
        assert found[0].seq < found[1].seq
        assert (found[0].source, found[0].correlation_id, found[0].traceparent) == ("campus", "c1", "00-1")
        assert await store.statements.after("other", 0, 10) == []


async def test_seq_grows_even_when_the_clock_goes_back(tmp_path: Path) -> None:
    clock = Ticking()
    async with open_store(tmp_path / "s.db", clock, inline=True) as store:
        await store.statements.append([statement(1)], FROM)
        promised = await store.statements.consistent_through_us("acme")
        clock.at_us = 5
        await store.statements.append([statement(2)], FROM)
        seqs = [each.seq for each in await store.statements.after("acme", 0, 10)]
        assert seqs == sorted(set(seqs))
        assert seqs[1] > promised, "something was stored behind a promised Consistent-Through"


async def test_a_conflict_refuses_the_whole_batch(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([statement(1, "x")], FROM)
        with pytest.raises(StatementConflict):
            await store.statements.append([statement(2), statement(1, "y")], FROM)
        assert len(await store.statements.after("acme", 0, 10)) == 1
        again = await store.statements.append([statement(1, "x"), statement(3, given=False)], FROM)
        assert (again.fresh, again.collapsed) == (1, 1)


async def test_voiding_works_in_either_order_and_not_on_voiders(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([statement(1)], FROM)
        await store.statements.append([statement(10, voids=statement(1).id)], FROM)
        await store.statements.append([statement(11, voids=statement(2).id)], FROM)
        await store.statements.append([statement(2)], FROM)
        await store.statements.append([statement(12, voids=statement(10).id)], FROM)
        found = {each.id[-2:]: each.voided for each in await store.statements.after("acme", 0, 10)}
        assert found == {"01": True, "10": False, "11": False, "02": True, "12": False}


@pytest.mark.parametrize("order", list(itertools.permutations((2, 10, 11, 12))))
@pytest.mark.parametrize("together", [True, False])
async def test_no_voider_is_ever_voided(tmp_path: Path, order: tuple[int, ...], together: bool) -> None:
    """10 and 11 void the same statement, 12 voids the second of them: one batch or four, whatever comes first."""
    voids = {10: statement(2).id, 11: statement(2).id, 12: statement(11).id}
    batch = [statement(number, voids=voids.get(number)) for number in order]
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        for some in [batch] if together else [[one] for one in batch]:
            await store.statements.append(some, FROM)
        found = {each.id[-2:]: each.voided for each in await store.statements.after("acme", 0, 10)}
        assert found == {"02": True, "10": False, "11": False, "12": False}


async def test_waiting_callers_share_one_commit(tmp_path: Path) -> None:
    engine = InlineEngine(tmp_path / "w.db")
    writer = Writer(engine)
    results: list[int] = []
    async with trio.open_nursery() as nursery:

        async def call(number: int) -> None:
            results.append(await writer.submit(lambda raw: number))

        for number in range(50):
            nursery.start_soon(call, number)
        await trio.testing.wait_all_tasks_blocked()
        assert writer.commits == 0
        await nursery.start(writer.run)
        await trio.testing.wait_all_tasks_blocked()
        writer.close()
    assert (sorted(results), writer.commits, writer.jobs) == (list(range(50)), 1, 50)
    await engine.close()


async def test_one_callers_error_costs_nobody_else_anything(tmp_path: Path) -> None:
    engine = InlineEngine(tmp_path / "w.db")
    writer = Writer(engine)
    await engine.run(lambda raw: raw.execute("CREATE TABLE t (n INTEGER)"))
    outcomes: dict[int, str] = {}

    def insert(raw: sqlite3.Connection, number: int) -> None:
        raw.execute("INSERT INTO t VALUES (?)", (number,))
        if number == 2:
            raise ValueError("my fault")

    async def call(number: int) -> None:
        try:
            await writer.submit(lambda raw: insert(raw, number))
            outcomes[number] = "ok"
        except ValueError as error:
            outcomes[number] = str(error)

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(call, number)
        await nursery.start(writer.run)
        await trio.testing.wait_all_tasks_blocked()
        writer.close()
    assert outcomes == {0: "ok", 1: "ok", 2: "my fault", 3: "ok"}
    assert await engine.run(lambda raw: raw.execute("SELECT n FROM t ORDER BY n").fetchall()) == [(0,), (1,), (3,)]
    await engine.close()


async def test_who_fails_alone_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = InlineEngine(tmp_path / "w.db")
    writer = Writer(engine)
    sealed: list[int] = []
    await engine.run(lambda raw: raw.execute("CREATE TABLE t (n INTEGER)"))
    writer.seal = lambda raw: sealed.append(raw.execute("SELECT count(*) FROM t").fetchone()[0])

    def fail(raw: sqlite3.Connection) -> None:
        raw.execute("INSERT INTO t VALUES (1)")
        raise ValueError("my fault")

    async with trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        with pytest.raises(ValueError, match="my fault"):
            await writer.submit(fail)
        await writer.submit(lambda raw: raw.execute("INSERT INTO t VALUES (2)"))
        writer.close()
    assert await engine.run(lambda raw: raw.execute("SELECT n FROM t").fetchall()) == [(2,)]
    assert (sealed, writer.last_error) == ([1], None)
    await engine.close()


class Failing:
    """An engine that fails as SQLite does, at chosen calls."""

    def __init__(self, inner: InlineEngine, code: int, times: int) -> None:
        self.inner, self.code, self.times = inner, code, itertools.count(1 - times)

    async def run(self, job):  # type: ignore[no-untyped-def]  # a fault has no types
        if next(self.times) <= 0:
            error = sqlite3.OperationalError("injected")
            error.sqlite_errorcode = self.code
            raise error
        return await self.inner.run(job)

    async def close(self) -> None:
        await self.inner.close()


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_BUSY])
async def test_a_sick_disk_is_back_pressure_and_passes(tmp_path: Path, code: int) -> None:
    engine = Failing(InlineEngine(tmp_path / "w.db"), code, times=1)
    writer = Writer(engine)
    async with trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        with pytest.raises(StoreUnavailable):
            await writer.submit(lambda raw: 1)
        assert writer.last_error is not None
        assert await writer.submit(lambda raw: 2) == 2
        assert writer.last_error is None
        writer.close()
    await engine.close()


async def test_a_full_database_loses_no_acknowledgement(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.writer.submit(lambda raw: None)
        pages = await store.writer._engine.run(lambda raw: raw.execute("PRAGMA page_count").fetchone()[0])
        await store.writer._engine.run(lambda raw: raw.execute(f"PRAGMA max_page_count = {pages + 4}"))
        acknowledged = []
        refused = 0
        for number in range(200):
            try:
                appended = await store.statements.append([statement(number)], FROM)
                acknowledged += appended.ids
            except StoreUnavailable:
                refused += 1
        assert refused
        assert acknowledged
        await store.writer._engine.run(lambda raw: raw.execute("PRAGMA max_page_count = 1073741823"))
        await store.statements.append([statement(999)], FROM)
        kept = [each.id for each in await store.statements.after("acme", 0, 1000)]
        assert kept == [*acknowledged, statement(999).id]


async def test_a_cancelled_caller_leaves_no_half_transaction(tmp_path: Path) -> None:
    async with trio_asyncio.open_loop(), open_store(tmp_path / "s.db", Ticking()) as store:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.statements.append, [statement(1)], FROM)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        await store.statements.append([statement(2)], FROM)
        found = [each.id[-1] for each in await store.statements.after("acme", 0, 10)]
        assert found in (["1", "2"], ["2"])


async def test_a_second_process_is_refused_with_advice(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True):
        with pytest.raises(StoreRefused, match="another lmsyncd"):
            async with open_store(tmp_path / "s.db", Ticking(), inline=True):
                pass
    async with open_store(tmp_path / "s.db", Ticking(), inline=True):
        pass


def _modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    """Also where the directory was there before and lets everybody in. A mode that was given later stays."""
    before = os.umask(0o022)
    try:
        async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
            await store.statements.append([statement(1)], FROM)
            assert set(_modes(tmp_path).values()) == {0o600}
        upgrade(tmp_path / "migrated.db", 1)
        assert _modes(tmp_path)["migrated.db"] == 0o600
        os.chmod(tmp_path / "s.db", 0o640)
        async with open_store(tmp_path / "s.db", Ticking(), inline=True):
            assert _modes(tmp_path)["s.db"] == 0o640
    finally:
        os.umask(before)


async def test_a_newer_database_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    async with open_store(path, Ticking(), inline=True):
        pass
    raw = sqlite3.connect(path)
    raw.execute("INSERT INTO migrations VALUES (99, 'later', 'x', 0)")
    raw.commit()
    raw.close()
    with pytest.raises(StoreRefused, match="newer version"):
        async with open_store(path, Ticking(), inline=True):
            pass


async def test_an_altered_migration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    async with open_store(path, Ticking(), inline=True):
        pass
    raw = sqlite3.connect(path)
    raw.execute("UPDATE migrations SET checksum = 'other'")
    raw.commit()
    raw.close()
    with pytest.raises(StoreRefused, match="differs"):
        async with open_store(path, Ticking(), inline=True):
            pass


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"not a database, but long enough to be looked at" * 100, "damaged|another"), (None, "another program")],
)
async def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "s.db"
    if content is not None:
        path.write_bytes(content)
    else:
        raw = sqlite3.connect(path)
        raw.execute("CREATE TABLE theirs (n)")
        raw.commit()
        raw.close()
    with pytest.raises(StoreRefused, match=words):
        async with open_store(path, Ticking(), inline=True):
            pass


def test_migrations_apply_once_and_are_whole_statements() -> None:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    assert migrate(raw, 0) == available()
    assert migrate(raw, 0) == []
    raw.close()
    with pytest.raises(StoreRefused, match="middle of a statement"):
        split("CREATE TABLE a (n);\nCREATE TABLE b (")


def test_states_are_pinned_by_the_schema() -> None:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    migrate(raw, 0)
    columns = (
        "(id, lane, route, destination, audience, change, kind, statement_seq, statement_id, correlation_id, "
        "traceparent, doubtful, attempts_max, accepted_us, due_us, state, claimed_by, receipt, cause, done_us)"
    )
    start = "(randomblob(16), 'a/b', 'r', 'd', x'', x'', 'k', 1, 's', 'c', 't', 'park', 3, 1, 1"
    for wrong in (
        "'claimed', NULL, NULL, NULL, NULL",
        "'waiting', 'boot', NULL, NULL, NULL",
        "'delivered', NULL, NULL, NULL, 1",
        "'dead', NULL, NULL, NULL, 1",
        "'delivered', NULL, x'7b7d', NULL, NULL",
        "'lost', NULL, NULL, NULL, NULL",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(f"INSERT INTO deliveries {columns} VALUES {start}, {wrong})")
    raw.execute(f"INSERT INTO deliveries {columns} VALUES {start}, 'delivered', NULL, x'7b7d', NULL, 1)")
    raw.close()
