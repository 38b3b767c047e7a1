"""What is known of activities: from whom, for whom, and that no definition is lost or written for nothing."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio_asyncio
from housekeeping import House, at, days

from actors.ports import NewStatement, Provenance, StatementConflict, StoreUnavailable
from daemon.store import activities
from daemon.store.activities import Known, Lesson, Told
from daemon.store.database import Store, open_store
from daemon.store.engine import InlineEngine
from daemon.store.statements import append

QUIZ = "https://lms.example.edu/quiz/1"
BY = Provenance(
    tenant="acme", source="campus", correlation_id="c", traceparent="t", version="1.0.3", authority=b"{}", defines=True
)
ANYBODY = msgspec.structs.replace(BY, defines=False)


class Ticking:
    def __init__(self) -> None:
        self.at_us = 1_000_000

    def now_us(self) -> int:
        self.at_us += 1
        return self.at_us


def told(number: int, definition: Any = None, activity: str = QUIZ, **more: Any) -> NewStatement:
    """A statement on the activity."""
    defined = {} if definition is None else {"definition": definition}
    body = {"verb": {"id": "a:b"}, "actor": {"mbox": "mailto:a@b"}, "object": {"id": activity, **defined}, **more}
    return NewStatement(
        id=f"00000000-0000-4000-8000-{number:012d}",
        body=msgspec.json.encode(body),
        digest=repr(more).encode(),
        timestamp="2026-11-23T10:00:00Z",
        given_id=True,
    )


def named(**names: str) -> Any:
    return {"name": names}


async def known(store: Store, activity: str = QUIZ, tenant: str = "acme") -> Any:
    found = await store.activities.definitions(tenant, [activity, "a:never"])
    assert found.keys() <= {activity}
    return msgspec.json.decode(found[activity]) if found else None


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The activities that were written, one entry a time."""
    calls: list[str] = []
    write = activities._write

    def noted(raw: sqlite3.Connection, tenant: str, activity: str, definition: bytes) -> None:
        calls.append(activity)
        write(raw, tenant, activity, definition)

    monkeypatch.setattr(activities, "_write", noted)
    return calls


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The activities that were looked up, one entry a time."""
    calls: list[str] = []
    stored = activities._stored

    def noted(raw: sqlite3.Connection, tenant: str, activity: str) -> bytes | None:
        calls.append(activity)
        return stored(raw, tenant, activity)

    monkeypatch.setattr(activities, "_stored", noted)
    return calls


@pytest.mark.parametrize("inline", [True, False])
async def test_definitions_come_together_and_outlive_the_process(tmp_path: Path, inline: bool) -> None:
    async with trio_asyncio.open_loop():
        async with open_store(tmp_path / "s.db", Ticking(), inline=inline) as store:
            await store.statements.append([told(1, named(en="Quiz")), told(2), told(3, named(de="Frage"))], BY)
            await store.statements.append([told(4, named(en="Test"))], BY)
            assert await known(store) == named(en="Test", de="Frage")
        async with open_store(tmp_path / "s.db", Ticking(), inline=inline) as store:
            await store.statements.append([told(5, {"type": "a:t"})], BY)
            assert await known(store) == {**named(en="Test", de="Frage"), "type": "a:t"}


async def test_activities_around_a_statement_are_defined_too(tmp_path: Path) -> None:
    around = {"contextActivities": {"parent": [{"id": "a:parent", "definition": named(en="Course")}]}}
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([told(1, named(en="Quiz"), context=around)], BY)
        assert await known(store, "a:parent") == named(en="Course")


async def test_who_may_not_define_and_other_tenants_change_nothing(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([told(1, named(en="Quiz"))], BY)
        await store.statements.append([told(2, named(en="prank"))], ANYBODY)
        await store.statements.append([told(1, named(en="theirs"))], msgspec.structs.replace(BY, tenant="globex"))
        assert await known(store) == named(en="Quiz")
        assert await known(store, tenant="globex") == named(en="theirs")
        assert await known(store, tenant="initech") is None


async def test_what_is_known_already_is_neither_read_nor_written(
    tmp_path: Path, written: list[str], looked: list[str]
) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        for number in range(1, 40, 3):
            batch = [told(number, named(en="Quiz")), told(number + 1, named(de="Frage")), told(number + 2)]
            await store.statements.append(batch, BY)
    assert written == [QUIZ, QUIZ]
    assert len(looked) == 2  # once to write it, and once to see that the first is still part of it
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([told(100, named(en="Quiz"))], BY)
        await store.statements.append([told(101, named(en="Quiz"))], BY)
    assert len(written) == 2
    assert len(looked) == 3


async def test_the_last_word_wins_however_often_it_changes(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        for number, name in enumerate("abaabbabab", 1):
            await store.statements.append([told(number, named(en=name)), told(number + 50, named(en=name))], BY)
            assert await known(store) == named(en=name)
        await store.statements.append([told(200 + n, named(en=name)) for n, name in enumerate("aba")], BY)
        assert await known(store) == named(en="a")


async def test_a_statement_that_is_there_already_says_nothing_new(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([told(1, named(en="Quiz"))], BY)
        appended = await store.statements.append([told(1, named(en="other"))], BY)
        assert (appended.fresh, await known(store)) == (0, named(en="Quiz"))


async def test_a_refused_batch_teaches_nothing(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([told(1)], BY)
        with pytest.raises(StatementConflict):
            await store.statements.append([told(2, named(en="Quiz")), told(1, result={"completion": True})], BY)
        assert await known(store) is None
        await store.statements.append([told(3, named(en="Quiz"))], BY)
        assert await known(store) == named(en="Quiz")


class Failing:
    """Runs jobs, and undoes each transaction while told to."""

    def __init__(self, inner: InlineEngine) -> None:
        self._inner = inner
        self.failing = False

    async def run(self, job: Callable[[sqlite3.Connection], Any]) -> Any:
        failing = self.failing

        def undone(raw: sqlite3.Connection) -> Any:
            if not failing:
                return job(raw)
            return job(_Undoing(raw))  # type: ignore[arg-type]  # as much of a connection as a transaction needs

        return await self._inner.run(undone)


class _Undoing:
    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def execute(self, sql: str, *more: Any) -> Any:
        if sql == "COMMIT":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return self._raw.execute(sql, *more)


async def test_what_a_failed_commit_took_along_is_learned_the_next_time(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        store.writer._engine = failing = Failing(store.writer._engine)  # type: ignore[arg-type,assignment]
        failing.failing = True
        with pytest.raises(StoreUnavailable):
            await store.statements.append([told(1, named(en="Quiz"))], BY)
        failing.failing = False
        assert await known(store) is None
        await store.statements.append([told(1, named(en="Quiz"))], BY)
        assert await known(store) == named(en="Quiz")


async def test_callers_that_share_a_commit_are_heard_in_their_order(tmp_path: Path) -> None:
    async def tell(store: Store, batch: Sequence[NewStatement]) -> None:
        await store.statements.append(batch, BY)

    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([told(1, named(en="0"))], BY)
        for round_no in range(1, 30):
            async with trio.open_nursery() as nursery:
                for number in range(4):
                    name = str((round_no + number) % 3)
                    nursery.start_soon(tell, store, [told(round_no * 10 + number, named(en=name))])
            log = await store.statements.after("acme", 0, 1000)
            newest = msgspec.json.decode(log[-1].body)["object"]["definition"]
            assert await known(store) == newest


async def test_many_at_once_and_long_ids(tmp_path: Path) -> None:
    long = "a:" + "x" * activities.ID_CHARS_MAX
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        batch = [told(number, named(en=str(number)), f"a:{number}") for number in range(1200)]
        await store.statements.append([*batch, told(1200, named(en="long"), long)], BY)
        found = await store.activities.definitions("acme", [*(f"a:{number}" for number in range(1300)), long, long])
    assert len(found) == 1201
    assert msgspec.json.decode(found["a:1199"]) == named(en="1199")


def has(memory: Known, word: Told, tenant: str = "acme") -> bool:
    return not memory.news(tenant, [word])


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities, "ACTIVITIES_MAX", 3)
    memory = Known()
    words = [Told(f"a:{number}", 7, b"{}") for number in range(5)]
    for word in words:
        memory.confirm("acme", word, memory.seen("acme", word.activity, changed=True))
    assert [has(memory, word) for word in words] == [False, False, True, True, True]
    assert not has(memory, words[4], "globex")
    spellings = [Told("a:4", mark, b"{}") for mark in range(activities.SPELLINGS_MAX + 3)]
    number = memory.seen("acme", "a:4", changed=False)
    for word in spellings:
        memory.confirm("acme", word, number)
    assert 0 < sum(has(memory, word) for word in spellings) <= activities.SPELLINGS_MAX
    assert has(memory, spellings[-1])


def test_a_late_confirmation_of_what_has_changed_since_is_no_knowledge() -> None:
    memory = Known()
    first, second = Told(QUIZ, 1, b"{}"), Told(QUIZ, 2, b"{}")
    early = memory.seen("acme", QUIZ, changed=True)
    late = memory.seen("acme", QUIZ, changed=True)
    memory.confirm("acme", first, early)
    assert not has(memory, first)
    memory.confirm("acme", second, late)
    assert has(memory, second)


def test_retention_leaves_what_is_known() -> None:
    house = House()
    lesson = Lesson(Known(), "acme", [word := told(1, named(en="Quiz"))])
    append(house.raw, [word], BY, at(0), lesson)
    house.tell(0, 2)
    house.route(0)
    assert house.sweep(500, days(statements=400))["statements"] == 2
    assert (house.count("statements"), house.count("activities")) == (0, 1)
