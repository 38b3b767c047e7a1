"""Attachments in the store: kept once, with their statements or not at all, gone with the last who declares them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import trio
import trio_asyncio
from housekeeping import House, at, days, identity
from trio.testing import wait_all_tasks_blocked

from actors.domain.xapi.accepted import Enclosed
from actors.ports import Attached, NewStatement, Provenance, StatementConflict, StoreUnavailable
from daemon.store import attachments
from daemon.store.database import Store, open_store
from daemon.store.statements import append

SMALL = b"small"
LARGE = bytes(range(256)) * 5_000  # five pieces, the last not full


class Ticking:
    def __init__(self) -> None:
        self.at_us = 1_000_000

    def now_us(self) -> int:
        self.at_us += 1
        return self.at_us


def enclosed(content: bytes, content_type: str = "text/plain") -> Enclosed:
    return Enclosed(sha2=hashlib.sha256(content).hexdigest(), content_type=content_type, content=content)


def statement(number: int, *contents: bytes, digest: bytes = b"d") -> NewStatement:
    return NewStatement(
        id=identity(number),
        body=b"{}",
        digest=digest,
        timestamp="",
        given_id=True,
        enclosed=tuple(enclosed(content) for content in contents),
    )


def source(tenant: str = "acme") -> Provenance:
    return Provenance(tenant=tenant, source="lms", correlation_id="c", traceparent="", version="1.0.3")


async def whole(store: Store, tenant: str, attached: Attached) -> bytes:
    return b"".join([piece async for piece in store.attachments.content(tenant, attached)])


async def found(store: Store, tenant: str = "acme") -> list[Attached]:
    seqs = [row.seq for row in await store.statements.after(tenant, 0, 100)]
    return await store.attachments.attachments_of(tenant, seqs)


@pytest.mark.parametrize("inline", [True, False])
async def test_contents_come_back_as_they_were_and_are_kept_once(tmp_path: Path, inline: bool) -> None:
    async with trio_asyncio.open_loop(), open_store(tmp_path / "s.db", Ticking(), inline=inline) as store:
        await store.statements.append([statement(1, LARGE, b""), statement(2, SMALL, LARGE)], source())
        await store.statements.append([statement(3, SMALL)], source())
        links = await found(store)
        assert [one.bytes for one in links] == [len(LARGE), 0, len(LARGE), len(SMALL), len(SMALL)]
        assert len({one.content for one in links}) == 3
        for one in links:
            content = await whole(store, "acme", one)
            assert hashlib.sha256(content).hexdigest() == one.sha2
            assert len(content) == one.bytes
        sizes = [len(piece) async for piece in store.attachments.content("acme", links[0])]
        assert max(sizes) <= attachments.READ_PIECES * attachments.PIECE_BYTES
        assert len(sizes) == 2


async def test_nobody_sees_another_tenants(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([statement(1, SMALL)], source("acme"))
        await store.statements.append([statement(1, SMALL)], source("globex"))
        [ours], [theirs] = await found(store, "acme"), await found(store, "globex")
        assert ours.content != theirs.content
        assert await store.attachments.attachments_of("acme", [ours.seq, theirs.seq]) == [ours]
        with pytest.raises(StoreUnavailable):
            await whole(store, "acme", theirs)
        assert await whole(store, "globex", theirs) == SMALL


async def test_a_refused_batch_leaves_nothing_and_a_repeat_adds_nothing(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([statement(1)], source())
        with pytest.raises(StatementConflict):
            await store.statements.append([statement(2, SMALL), statement(1, LARGE, digest=b"other")], source())
        assert (await store.statements.append([statement(1, LARGE)], source())).collapsed == 1
        assert await found(store) == []
        assert [kept.n for kept in await store.housekeeping.kept("acme") if kept.what == "attachments"] == [0]


async def test_large_ones_enter_one_at_a_time_and_small_ones_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = b"b" * attachments.LARGE_BYTES
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        statements, submit = store.statements, store.writer.submit
        waiting: list[Any] = []
        gate = trio.Event()

        async def held_up(job: Any) -> Any:
            waiting.append(job)
            await gate.wait()
            return await submit(job)

        monkeypatch.setattr(store.writer, "submit", held_up)
        async with trio.open_nursery() as nursery:
            for number in (1, 2, 3):
                nursery.start_soon(statements.append, [statement(number, big + bytes([number]))], source())
            for number in (4, 5):
                nursery.start_soon(statements.append, [statement(number, SMALL)], source())
            await wait_all_tasks_blocked()
            assert len(waiting) == 3
            gate.set()
        assert len(await found(store)) == 5


async def rows(store: Store) -> tuple[int, int]:
    return await store.writer.submit(
        lambda raw: (
            raw.execute("SELECT count(*) FROM contents").fetchone()[0],
            raw.execute("SELECT count(*) FROM pieces").fetchone()[0],
        )
    )


async def test_what_was_written_ahead_of_a_refused_batch_goes(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([statement(1)], source())
        with pytest.raises(StatementConflict):
            await store.statements.append([statement(2, LARGE), statement(1, digest=b"other")], source())
        assert await rows(store) == (0, 0)
        await store.statements.append([statement(2, LARGE)], source())
        await store.statements.append([statement(3, LARGE, SMALL)], source())
        await store.statements.append([statement(3, LARGE, SMALL)], source())
        assert await rows(store) == (2, 6)


async def test_what_was_written_ahead_when_the_process_ended_goes_at_the_next_start(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await attachments.stage(store.writer, "acme", [statement(1, LARGE)])
        assert await rows(store) == (1, 5)
        assert await store.writer.submit(lambda raw: attachments.idle(raw, "acme", -1, 10)) == []
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        assert await rows(store) == (0, 0)


async def test_half_of_what_is_written_ahead_is_never_taken_for_the_whole(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await attachments.stage(store.writer, "acme", [statement(1, LARGE)])
        await store.writer.submit(lambda raw: raw.execute("DELETE FROM pieces WHERE piece = 4"))
        await store.writer.submit(lambda raw: append(raw, [statement(1, LARGE)], source(), 1))
        [attached] = await found(store)
        assert await whole(store, "acme", attached) == LARGE
        assert await rows(store) == (2, 4 + 5)


# ── leaving ──────────────────────────────────────────────────────────────────────────────────────────


def tell(house: House, day: float, number: int, *contents: bytes, tenant: str = "acme") -> None:
    append(house.raw, [statement(number, *contents)], source(tenant), at(day))


def kept(house: House) -> tuple[int, int, int]:
    return house.count("attachments"), house.count("contents"), house.count("pieces")


def test_contents_leave_with_the_last_statement_that_declares_them() -> None:
    house = House()
    tell(house, 0, 1, SMALL, LARGE)
    tell(house, 9, 2, SMALL)
    tell(house, 0, 3, SMALL, tenant="globex")
    house.route(9)
    assert kept(house) == (4, 3, 1 + 5 + 1)
    removed = house.sweep(10, days(statements=5))
    assert (removed["statements"], removed["attachments"]) == (1, 1)
    assert kept(house) == (2, 2, 2)
    removed = house.sweep(20, days(statements=5))
    assert (removed["statements"], removed["attachments"]) == (1, 1)
    assert kept(house) == (1, 1, 1), "another tenant's content left"


def test_what_is_declared_again_before_it_left_stays() -> None:
    house = House()
    tell(house, 0, 1, SMALL)
    [seq] = house.seqs().values()
    attachments.release(house.raw, [seq])
    [(number, size)] = attachments.idle(house.raw, "acme", -1, 10)
    assert size == len(SMALL)
    tell(house, 1, 2, SMALL)
    assert attachments.idle(house.raw, "acme", -1, 10) == []
    assert attachments.remove(house.raw, [number]) == 0
    assert kept(house) == (1, 1, 1)


def test_one_transaction_removes_no_more_than_its_bytes_but_always_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "IDLE_BYTES_MAX", 25)
    house = House()
    for number, size in enumerate((10, 10, 10, 100, 1)):
        tell(house, 0, number, bytes([number]) * size)
    attachments.release(house.raw, house.seqs().values())
    assert sizes(house, -1) == [10, 10]
    assert sizes(house, 2) == [10]
    assert sizes(house, 3) == [100]
    house.route(0)
    assert house.sweep(10, days(statements=5))["attachments"] == 5
    assert kept(house) == (0, 0, 0)


def sizes(house: House, after: int) -> Iterable[int]:
    return [size for _, size in attachments.idle(house.raw, "acme", after, 10)]


async def test_reading_what_has_left_meanwhile_ends_in_an_error(tmp_path: Path) -> None:
    async with open_store(tmp_path / "s.db", Ticking(), inline=True) as store:
        await store.statements.append([statement(1, LARGE)], source())
        [attached] = await found(store)
        reading = store.attachments.content("acme", attached)
        assert await anext(reading)
        await store.writer.submit(lambda raw: attachments.release(raw, [attached.seq]))
        assert await store.writer.submit(lambda raw: attachments.remove(raw, [attached.content])) == 1
        await store.statements.append([statement(2, b"z" * len(LARGE))], source())
        with pytest.raises(StoreUnavailable):
            await anext(reading)
