"""The statements behind deliveries: read for all who ask in one turn, attachments within bounds."""

from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import trio

from actors.domain.changes import StatementStored
from actors.domain.outbox import Parcel
from actors.domain.people import Learner
from actors.domain.verdicts import Cause, Refused
from actors.ports import Attached, LoggedStatement, StoreUnavailable
from actors.roles.fetching import LARGE_BYTES, READ_MAX, Fetching

DECLARED = b'"attachments":[]'


class Log:
    """Implements ``ports.Statements`` and ``ports.Attachments``, as far as they are asked; reading takes a second."""

    def __init__(self) -> None:
        self.reads: list[list[str]] = []
        self.gone: set[str] = set()
        self.error: Exception | None = None
        self.bytes: dict[str, int] = {}
        self.open = self.most_open = 0

    async def these(self, tenant: str, ids: Sequence[str]) -> list[LoggedStatement]:
        assert tenant == "acme"
        self.reads.append(list(ids))
        await trio.sleep(1.0)
        if self.error is not None:
            raise self.error
        return [logged(one) for one in reversed(ids) if one not in self.gone]

    async def attachments_of(self, tenant: str, seqs: Sequence[int]) -> list[Attached]:
        return [
            Attached(seq=seq, content=seq, sha2=f"{seq:064x}", content_type="text/plain", bytes=self.bytes["large"])
            for seq in seqs
        ]

    async def content(self, tenant: str, attached: Attached) -> AsyncIterator[bytes]:
        yield b"x" * (attached.bytes // 2)
        yield b"y" * (attached.bytes - attached.bytes // 2)


def logged(statement_id: str) -> LoggedStatement:
    return LoggedStatement(
        seq=int(statement_id[1:]) + 1_800_000_000_000_000,
        id=statement_id,
        body=b'{"id":"%b",%b}' % (statement_id.encode(), DECLARED),
        stored_us=1_800_000_000_000_000,
        timestamp="2026-11-23T10:00:00Z",
        source="campus",
        correlation_id="c",
        traceparent="",
        version="1.0.3",
        authority=b"",
        voided=False,
    )


def fetching(log: Log, bytes_max: int = 0, wants: bool = True) -> Fetching:
    target: Any = SimpleNamespace(wants_statement=wants, attachment_bytes_max=bytes_max)
    world: Any = SimpleNamespace(statements=log, attachments=log)
    return Fetching("acme", target, world)


def asked(statement_id: str) -> tuple[Parcel, Any]:
    change = StatementStored(learner=Learner(key="k"), at="", statement_id=statement_id, verb="v")
    parcel = Parcel(
        delivery_id="d",
        correlation_id="c",
        destination="x",
        address="x",
        to_learner=False,
        change=change,
        template=None,
        locale="en",
        timezone="UTC",
        attempt=1,
        now_us=0,
        sent_us=None,
    )
    return parcel, SimpleNamespace(statement_id=statement_id, change=change)


async def all_of(made: Fetching, *ids: str) -> dict[str, object]:
    """Asked in one turn: what each heard."""
    heard: dict[str, object] = {}

    async def one(statement_id: str) -> None:
        try:
            async with made.whole(*asked(statement_id)) as whole:
                heard[statement_id] = whole
        except (StoreUnavailable, RuntimeError) as error:
            heard[statement_id] = error

    async with trio.open_nursery() as nursery:
        for statement_id in ids:
            nursery.start_soon(one, statement_id)
    return heard


async def test_who_asks_together_is_read_together(autojump_clock: object) -> None:
    log = Log()
    heard = await all_of(fetching(log), "s1", "s2", "s3", "s1")
    assert [sorted(read) for read in log.reads] == [["s1", "s2", "s3"]]
    for statement_id in ("s1", "s2", "s3"):
        whole = heard[statement_id]
        assert isinstance(whole, Parcel)
        shown = msgspec.json.decode(whole.statement)
        assert shown["id"] == statement_id
        assert shown["stored"].startswith("2027-01-15")
        assert shown["version"] == "1.0.0"


async def test_no_more_than_so_many_are_read_at_once(autojump_clock: object) -> None:
    log = Log()
    heard = await all_of(fetching(log), *(f"s{number}" for number in range(READ_MAX * 2 + 5)))
    assert len(heard) == READ_MAX * 2 + 5
    assert max(map(len, log.reads)) == READ_MAX
    assert len(log.reads) == 3


async def test_what_is_gone_is_refused_and_the_others_go(autojump_clock: object) -> None:
    log = Log()
    log.gone = {"s2"}
    heard = await all_of(fetching(log), "s1", "s2")
    assert isinstance(heard["s1"], Parcel)
    assert heard["s2"] == Refused(Cause.STATEMENT_GONE, "statement s2 is not in the log any more")


async def test_a_store_that_cannot_be_read_is_told_to_all(autojump_clock: object) -> None:
    log = Log()
    log.error = StoreUnavailable("disk")
    made = fetching(log)
    heard = await all_of(made, "s1", "s2")
    assert [str(error) for error in heard.values()] == ["disk", "disk"]
    log.error = None
    assert isinstance((await all_of(made, "s1"))["s1"], Parcel), "and not for ever"


async def test_who_is_cancelled_while_reading_for_all_leaves_nobody_waiting(autojump_clock: object) -> None:
    log = Log()
    made = fetching(log)
    heard: dict[str, object] = {}

    async def first() -> None:
        with trio.move_on_after(0.5):
            async with made.whole(*asked("s1")):
                raise AssertionError("it was cancelled before")

    async def second() -> None:
        heard.update(await all_of(made, "s2"))

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(first)
            nursery.start_soon(second)
    assert isinstance(heard["s2"], RuntimeError | Parcel)


async def test_who_does_not_want_it_does_not_get_it() -> None:
    log = Log()
    parcel, delivery = asked("s1")
    async with fetching(log, wants=False).whole(parcel, delivery) as whole:
        assert whole is parcel
    assert log.reads == []


@pytest.mark.parametrize(("size", "most"), [(100, 4), (LARGE_BYTES + 1, 1)])
async def test_large_attachments_are_held_one_at_a_time(size: int, most: int, autojump_clock: object) -> None:
    log = Log()
    log.bytes["large"] = size
    made = fetching(log, bytes_max=1_000_000)

    async def one(statement_id: str) -> None:
        async with made.whole(*asked(statement_id)) as whole:
            assert isinstance(whole, Parcel)
            assert [len(each.content) for each in whole.attachments] == [size]
            log.open += 1
            log.most_open = max(log.most_open, log.open)
            await trio.sleep(1.0)
            log.open -= 1

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(one, f"s{number}")
    assert log.most_open == most


async def test_more_than_the_target_takes_is_refused(autojump_clock: object) -> None:
    log = Log()
    log.bytes["large"] = 2_000
    heard = await all_of(fetching(log, bytes_max=1_999), "s1")
    assert isinstance(refused := heard["s1"], Refused)
    assert refused.cause is Cause.PAYLOAD_REFUSED
    assert "2,000 bytes" in refused.detail
    whole = (await all_of(fetching(log), "s1"))["s1"]
    assert isinstance(whole, Parcel)
    assert whole.attachments == (), "a target that wants none gets none"
