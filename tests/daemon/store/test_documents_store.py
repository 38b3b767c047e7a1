"""Documents in the database itself: kept for good, found by the agent, never a job too long."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import trio
import trio_asyncio

from actors.domain.xapi.documents import Content, Document, Rejected, Shelf, content
from actors.ports import StoreUnavailable
from daemon.store import documents
from daemon.store.database import Store, open_store
from daemon.store.documents import change

ANA = "mbox mailto:ana@example.edu"
STATE = Shelf(kind="state", activity="https://x.example/1", agent=ANA, agent_json=b'{"mbox":"mailto:ana@example.edu"}')
PROFILE = Shelf(kind="agent_profile", agent=ANA, agent_json=STATE.agent_json)
ACTIVITY = Shelf(kind="activity_profile", activity="https://x.example/1")


class Clock:
    def __init__(self) -> None:
        self.at_us = 1_000_000

    def now_us(self) -> int:
        return self.at_us


def text(words: str) -> Content:
    return content(words.encode(), "text/plain")


async def put(store: Store, shelf: Shelf, document_id: str, words: str = "x") -> Document | None:
    return await store.documents.change("acme", shelf, document_id, lambda _there: text(words))


async def test_documents_outlive_the_process(tmp_path: Path) -> None:
    path, clock = tmp_path / "lmsyncd.db", Clock()
    async with trio_asyncio.open_loop():
        async with open_store(path, clock) as store:
            kept = await put(store, STATE, "bookmark", "page 7")
        async with open_store(path, clock) as store:
            assert await store.documents.get("acme", STATE, "bookmark") == kept


async def test_an_agents_documents_are_found_by_its_key_and_say_who_it_was(tmp_path: Path) -> None:
    async with trio_asyncio.open_loop(), open_store(tmp_path / "lmsyncd.db", Clock()) as store:
        for shelf in (STATE, PROFILE, ACTIVITY):
            await put(store, shelf, "one")
        raw = sqlite3.connect(tmp_path / "lmsyncd.db")
        question = "FROM documents WHERE tenant = ? AND agent = ?"
        found = raw.execute(f"SELECT kind, agent_json, updated_us {question}", ("acme", ANA)).fetchall()
        assert sorted(found) == [("agent_profile", STATE.agent_json, 1_000_000), ("state", STATE.agent_json, 1_000_000)]
        plan = raw.execute(f"EXPLAIN QUERY PLAN SELECT no {question}", ("acme", ANA)).fetchall()
        assert "documents_agent" in plan[0][3]
        raw.close()


async def test_a_decision_against_it_undoes_nobody_elses_commit(tmp_path: Path) -> None:
    def against(_there: Document | None) -> Content:
        raise Rejected("mismatch", "no")

    refused: list[Rejected] = []

    async def refuse(store: Store) -> None:
        try:
            await store.documents.change("acme", STATE, "b", against)
        except Rejected as error:
            refused.append(error)

    async with trio_asyncio.open_loop(), open_store(tmp_path / "lmsyncd.db", Clock()) as store:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(put, store, STATE, "a")
            nursery.start_soon(refuse, store)
            nursery.start_soon(put, store, STATE, "c")
        assert await store.documents.ids("acme", STATE) == ["a", "c"]
        assert len(refused) == 1


async def test_clearing_spares_what_comes_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the newest of all is removed first: its number is never another's."""
    monkeypatch.setattr(documents, "CLEARED_MAX", 1)
    async with trio_asyncio.open_loop(), open_store(tmp_path / "lmsyncd.db", Clock()) as store:
        for name in ("c", "b", "a"):
            await put(store, STATE, name)
        write = store.documents._write
        later: list[str] = []

        async def write_and_be_followed(job: Any) -> Any:
            done = await write(job)
            if not later:
                later.append("a")
                await put(store, STATE, "a")
            return done

        monkeypatch.setattr(store.documents, "_write", write_and_be_followed)
        assert await store.documents.clear("acme", STATE) == 3
        assert await store.documents.ids("acme", STATE) == later == ["a"]


@pytest.mark.parametrize(
    "shelf",
    [
        Shelf(kind="state", activity="https://x.example/1"),
        Shelf(kind="state", agent=ANA),
        Shelf(kind="agent_profile", agent=ANA, activity="https://x.example/1"),
        Shelf(kind="activity_profile", activity="https://x.example/1", agent=ANA),
        Shelf(kind="agent_profile", agent=ANA, registration="r"),
    ],
)
async def test_the_database_itself_refuses_shelves_that_cannot_be(tmp_path: Path, shelf: Shelf) -> None:
    async with trio_asyncio.open_loop(), open_store(tmp_path / "lmsyncd.db", Clock()) as store:
        with pytest.raises(sqlite3.IntegrityError):
            await put(store, shelf, "one")
        assert await store.documents.ids("acme", shelf) == []


async def test_a_closing_store_takes_no_documents(tmp_path: Path) -> None:
    async with trio_asyncio.open_loop(), open_store(tmp_path / "lmsyncd.db", Clock()) as store:
        store.writer.close()
        with pytest.raises(StoreUnavailable):
            await put(store, STATE, "one")


def test_a_change_sees_what_the_same_transaction_has_written() -> None:
    raw = sqlite3.connect(":memory:")
    script = Path(documents.__file__).with_name("migrations") / "0008_documents.sql"
    raw.executescript(script.read_text(encoding="utf-8"))
    seen: list[Document | None] = []

    def decide(there: Document | None) -> Content:
        seen.append(there)
        return text("x")

    first = change(raw, "acme", STATE, "a", decide, 1)
    second = change(raw, "acme", STATE, "a", decide, 2)
    assert seen == [None, first]
    assert second is not None
    assert second.updated_us == 2
    raw.close()


async def test_no_transaction_has_more_than_a_few_changes(tmp_path: Path) -> None:
    async with trio_asyncio.open_loop(), open_store(tmp_path / "lmsyncd.db", Clock()) as store:
        commits, jobs = store.writer.commits, store.writer.jobs
        async with trio.open_nursery() as nursery:
            for number in range(documents.CHANGES_MAX * 5):
                nursery.start_soon(put, store, STATE, f"{number:02}")
        assert store.writer.jobs - jobs == documents.CHANGES_MAX * 5
        assert store.writer.commits - commits >= 5
