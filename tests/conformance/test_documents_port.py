"""What ``Documents`` promises, asked of the store's adapter and of the memory that stands in for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio_asyncio
from memory_documents import MemoryDocuments

from actors.domain.xapi.documents import (
    Content,
    Document,
    Precondition,
    Rejected,
    Shelf,
    content,
    deleting,
    posting,
    putting,
)
from daemon.gateway.ports_documents import Documents
from daemon.store.database import open_store

ANA, BEN = "mbox mailto:ana@example.edu", "mbox mailto:ben@example.edu"
COURSE = "https://campus.example.edu/course/1"
REGISTRATION = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
ANYHOW = Precondition()


class Ticking:
    """Each look at the clock is a microsecond later."""

    def __init__(self) -> None:
        self.at_us = 1_000_000

    def now_us(self) -> int:
        self.at_us += 1
        return self.at_us


@asynccontextmanager
async def opened(kind: str, path: Path) -> AsyncIterator[Documents]:
    clock = Ticking()
    if kind == "memory":
        yield MemoryDocuments(clock.now_us)
        return
    async with trio_asyncio.open_loop(), open_store(path / "lmsyncd.db", clock) as store:
        yield store.documents


@pytest.fixture(params=["sql", "memory"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def state(agent: str = ANA, registration: str = "", activity: str = COURSE) -> Shelf:
    return Shelf(kind="state", activity=activity, agent=agent, agent_json=b"{}", registration=registration)


SHELVES = (
    state(),
    state(BEN),
    state(registration=REGISTRATION),
    state(activity=COURSE + "/2"),
    Shelf(kind="agent_profile", agent=ANA, agent_json=b"{}"),
    Shelf(kind="activity_profile", activity=COURSE),
)


def text(words: str) -> Content:
    return content(words.encode(), "text/plain")


async def put(documents: Documents, shelf: Shelf, document_id: str, new: Content, tenant: str = "acme") -> Document:
    written = await documents.change(tenant, shelf, document_id, lambda _there: new)
    assert written is not None
    return written


async def test_nothing_is_there_before(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as documents:
        assert await documents.get("acme", state(), "bookmark") is None
        assert await documents.ids("acme", state()) == []
        assert await documents.clear("acme", state()) == 0


@pytest.mark.parametrize("body", [b"", b"\x00\xff\n", "Grüße".encode(), bytes(range(256)) * 1_000])
async def test_what_was_put_is_got_byte_for_byte(kind: str, tmp_path: Path, body: bytes) -> None:
    async with opened(kind, tmp_path) as documents:
        written = await put(documents, state(), "bookmark", content(body, 'text/x; odd="ü"'))
        got = await documents.get("acme", state(), "bookmark")
        assert got == written
        assert (got.body, got.content_type) == (body, 'text/x; odd="ü"')


async def test_a_new_content_is_a_later_document(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as documents:
        first = await put(documents, state(), "bookmark", text("one"))
        second = await put(documents, state(), "bookmark", text("two"))
        assert second.updated_us > first.updated_us
        assert second.etag != first.etag
        assert await documents.ids("acme", state()) == ["bookmark"]


async def test_every_shelf_and_every_tenant_is_apart(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as documents:
        for tenant in ("acme", "globex"):
            for number, shelf in enumerate(SHELVES):
                await put(documents, shelf, "same", text(f"{tenant} {number}"), tenant)
        for tenant in ("acme", "globex"):
            for number, shelf in enumerate(SHELVES):
                got = await documents.get(tenant, shelf, "same")
                assert got is not None
                assert got.body == f"{tenant} {number}".encode()
        await documents.change("acme", SHELVES[0], "same", deleting(ANYHOW))
        left = [shelf for shelf in SHELVES if await documents.get("acme", shelf, "same") is not None]
        assert left == list(SHELVES[1:])
        assert await documents.get("globex", SHELVES[0], "same") is not None


async def test_what_is_decided_against_changes_nothing(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as documents:
        before = await put(documents, state(), "bookmark", text("one"))
        wrong = Precondition(match=frozenset({"0" * 40}))
        for decide in (
            putting(text("two"), kind="state", version="1.0.3", precondition=wrong),
            posting(text("two"), precondition=ANYHOW, bytes_max=100),
            deleting(wrong),
        ):
            with pytest.raises(Rejected):
                await documents.change("acme", state(), "bookmark", decide)
        assert await documents.get("acme", state(), "bookmark") == before


async def test_of_many_who_know_the_same_document_one_wins(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as documents:
        known = await put(documents, state(), "bookmark", text("before"))
        condition = Precondition(match=frozenset({known.etag}))
        won: list[str] = []
        lost: list[Rejected] = []

        async def attempt(words: str) -> None:
            decide = putting(text(words), kind="state", version="2.0.0", precondition=condition)
            try:
                await documents.change("acme", state(), "bookmark", decide)
            except Rejected as error:
                lost.append(error)
            else:
                won.append(words)

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(attempt, f"after {number}")
        assert len(won) == 1
        assert {error.complaint for error in lost} == {"mismatch"}
        assert len(lost) == 19
        got = await documents.get("acme", state(), "bookmark")
        assert got is not None
        assert got.body == won[0].encode()


async def test_no_merge_is_lost_however_many_come_at_once(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as documents:

        async def merge(number: int) -> None:
            new = content(f'{{"n{number}":{number}}}'.encode(), "application/json")
            await documents.change("acme", state(), "all", posting(new, precondition=ANYHOW, bytes_max=10_000))

        async with trio.open_nursery() as nursery:
            for number in range(30):
                nursery.start_soon(merge, number)
        got = await documents.get("acme", state(), "all")
        assert got is not None
        assert got.body.count(b":") == 30


async def test_ids_are_told_once_in_order_and_since(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as documents:
        await put(documents, state(), "b", text("x"))
        middle = await put(documents, state(registration=REGISTRATION), "a", text("x"))
        await put(documents, state(registration=OTHER), "a", text("x"))
        await put(documents, state(registration=REGISTRATION), "ü", text("x"))
        await put(documents, state(BEN), "not Ana's", text("x"))
        assert await documents.ids("acme", state()) == ["a", "b", "ü"]
        assert await documents.ids("acme", state(registration=REGISTRATION)) == ["a", "ü"]
        assert await documents.ids("acme", state(), middle.updated_us - 1) == ["a", "ü"]
        assert await documents.ids("acme", state(registration=REGISTRATION), middle.updated_us) == ["ü"]
        await put(documents, state(), "b", text("y"))
        assert await documents.ids("acme", state(), middle.updated_us) == ["a", "b", "ü"]


async def test_a_shelf_is_cleared_and_no_other(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as documents:
        for shelf in SHELVES:
            await put(documents, shelf, "one", text("x"))
            await put(documents, shelf, "two", text("x"))
        await put(documents, state(), "one", text("x"), "globex")
        assert await documents.clear("acme", state(registration=REGISTRATION)) == 2
        assert await documents.ids("acme", state()) == ["one", "two"]
        assert await documents.clear("acme", state()) == 2
        assert await documents.ids("acme", state()) == []
        others = (SHELVES[1], *SHELVES[3:])
        assert [await documents.ids("acme", shelf) for shelf in others] == [["one", "two"]] * len(others)
        assert await documents.ids("globex", state()) == ["one"]


async def test_a_full_shelf_is_told_whole_and_cleared_whole(kind: str, tmp_path: Path) -> None:
    """More than one job looks through, and more than one removes."""
    async with opened(kind, tmp_path) as documents:
        names = [f"{number:04}" for number in range(1_203)]

        async def write(name: str) -> None:
            await put(documents, state(registration=REGISTRATION if name[-1] == "3" else ""), name, text(name))

        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(write, name)
        assert await documents.ids("acme", state()) == names
        assert await documents.ids("acme", state(registration=REGISTRATION)) == [n for n in names if n[-1] == "3"]
        assert await documents.clear("acme", state()) == 1_203
        assert await documents.ids("acme", state()) == []
