"""A lane's bundles before the fake Graph: fewer calls, and still every delivery exactly once, whatever goes wrong."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from hypothesis import example, given, settings
from hypothesis import strategies as st
from memory_http import InMemoryHttp
from sizes import examples
from teams_stage import USER, build, parcel
from trio.testing import MockClock

from actors.domain.flow import Outcome, Request
from actors.domain.outbox import Parcel
from actors.domain.verdicts import Absent, Delivered, Doubtful, Repeatable, Throttled, Unavailable, Verdict
from actors.kernel import converse
from actors.ports import Fault
from actors.roles.bundling import Bundling
from actors.targets.teams.fake import FakeTeams

EPOCH_S = 1_790_000_000.0
LANDED_S = 60.0  # a bundle may land late, and a post in it later still
"""By then nothing lands any more."""
TRIES_MAX = 30


class Counting:
    """Implements ``ports.Http``; counts what goes out, by operation."""

    def __init__(self, http: InMemoryHttp, calls: Counter[str]) -> None:
        self._http = http
        self._calls = calls

    async def send(self, request: Request) -> Outcome:
        self._calls[request.operation] += 1
        return await self._http.send(request)

    async def aclose(self) -> None:
        await self._http.aclose()


class Lane:
    """Deliveries at the same moment, each carried as a courier would: send, and after a doubt look before sending."""

    def __init__(self, nursery: trio.Nursery, **settings: object) -> None:
        self.fake = FakeTeams()
        self.target = build(**settings)
        self.calls: Counter[str] = Counter()
        self.verdicts: dict[str, list[Verdict]] = {}
        self._http = InMemoryHttp([self.fake], now_s=lambda: EPOCH_S + trio.current_time())
        self.bundling = Bundling(self.target.bundler, self.client, nursery.start_soon)

    def client(self) -> Counting:
        return Counting(self._http, self.calls)

    async def carry(self, *parcels: Parcel) -> None:
        async with trio.open_nursery() as nursery:
            for each in parcels:
                nursery.start_soon(self._carry, each)

    async def _carry(self, parcel: Parcel) -> None:
        http = self.bundling.over(self.client())
        verdicts = self.verdicts[parcel.delivery_id] = []
        for _ in range(TRIES_MAX):
            verdict = await converse(self.target.deliver(parcel), http)
            verdicts.append(verdict)
            match verdict:
                case Delivered():
                    return
                case Throttled() | Unavailable():
                    await trio.sleep(3.0)
                case Doubtful():
                    await trio.sleep(LANDED_S)
                    if await self._landed(parcel):
                        return
                case _:
                    return
        raise AssertionError(f"{parcel.delivery_id}: no end")

    async def _landed(self, parcel: Parcel) -> bool:
        for _ in range(TRIES_MAX):
            found = await converse(self.target.confirm(parcel), self.client())
            match found:
                case Absent() | Repeatable():
                    return False
                case Delivered():
                    return True
                case _:
                    await trio.sleep(3.0)
        raise AssertionError(f"{parcel.delivery_id}: cannot be looked up")

    @property
    def done(self) -> Counter[str]:
        """How often each delivery had its effect."""
        return Counter(effect.delivery_id for effect in self.fake.journal)


@asynccontextmanager
async def a_lane(**settings: object) -> AsyncIterator[Lane]:
    async with trio.open_nursery() as nursery:
        yield Lane(nursery, **settings)
        nursery.cancel_scope.cancel()


def posts(count: int) -> list[Parcel]:
    """Each to a team of its own."""
    sent_us = int(EPOCH_S * 1e6)
    return [
        parcel(
            f"5f0e1c5a-0000-4000-8000-{number:012x}/19:c@thread.tacv2",
            f"{number:032x}",
            now_us=sent_us,
            sent_us=sent_us,
        )
        for number in range(count)
    ]


def notifications(count: int) -> list[Parcel]:
    return [parcel(f"{number:08x}{USER[8:]}", f"{number + 100:032x}") for number in range(count)]


# ── what it saves ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("batch", "calls"), [(True, {"$batch": 2}), (False, {"channelMessages.post": 40})])
async def test_forty_posts_are_two_calls(batch: bool, calls: dict[str, int], autojump_clock: object) -> None:
    async with a_lane(batch=batch) as lane:
        await lane.carry(*posts(40))
        assert lane.calls == calls
        assert lane.done == {each.delivery_id: 1 for each in posts(40)}


async def test_notifications_and_lookups_travel_together_and_posts_by_themselves(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.fake.limited = False
        await converse(lane.target.find("ada@example.edu"), lane.client())  # brings the app's token
        lane.calls.clear()
        found: list[object] = []

        async def find(name: str) -> None:
            found.append(await converse(lane.target.find(f"{name}@example.edu"), lane.bundling.over(lane.client())))

        async with trio.open_nursery() as nursery:
            for name in ("ada", "ben", "cyd"):
                nursery.start_soon(find, name)
            nursery.start_soon(lane.carry, *posts(5), *notifications(5))
        assert lane.calls == {"$batch": 2}, "one for the app, one for the person"
        assert len({str(each) for each in found}) == 3
        assert sum(lane.done.values()) == 10


async def test_a_lone_post_is_a_lone_post(autojump_clock: object) -> None:
    async with a_lane() as lane:
        await lane.carry(*posts(1))
        assert lane.calls == {"channelMessages.post": 1}


# ── when something goes wrong ────────────────────────────────────────────────────────────────────────


async def test_without_batch_at_graph_each_is_sent_once_by_itself(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.fake.fault(Fault(kind="batch_unsupported", times=0))
        await lane.carry(*posts(5))
        await lane.carry(*notifications(2))
        assert lane.calls["$batch"] == 1
        assert set(lane.done.values()) == {1}


@pytest.mark.parametrize("kind", ["token_expired", "claims_challenge"])
@pytest.mark.parametrize("operation", ["$batch", "channelMessages.post"])
async def test_a_token_that_ends_is_replaced_and_nothing_is_lost(
    kind: str, operation: str, autojump_clock: object
) -> None:
    async with a_lane(delegated_token=None, delegated_refresh_token={"env": "REFRESH"}) as lane:
        await lane.carry(*posts(2))
        lane.fake.fault(Fault(kind=kind, operation=operation))
        await lane.carry(*posts(6)[2:])
        assert lane.done == {each.delivery_id: 1 for each in posts(6)}
        assert [len(verdicts) for verdicts in lane.verdicts.values()] == [1] * 6
        assert lane.calls["token"] > 1


async def test_only_who_was_throttled_waits(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.fake.fault(Fault(kind="batch_outer_failed"))
        lane.fake.fault(Fault(kind="batch_inner_throttled", value="7", times=2))
        await lane.carry(*posts(6))
        first = [verdicts[0] for verdicts in lane.verdicts.values()]
        throttled = [verdict for verdict in first if isinstance(verdict, Throttled)]
        assert [(verdict.retry_after, verdict.whole_lane) for verdict in throttled] == [("7", False)] * 2
        assert sum(isinstance(verdict, Delivered) for verdict in first) == 4
        assert set(lane.done.values()) == {1}


async def test_who_was_not_tried_is_tried_again(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.fake.fault(Fault(kind="batch_failed_dependency", times=3))
        await lane.carry(*posts(4))
        first = [type(verdicts[0]) for verdicts in lane.verdicts.values()]
        assert Counter(first) == {Unavailable: 3, Delivered: 1}
        assert set(lane.done.values()) == {1}


async def test_a_bundle_that_landed_unheard_is_found_and_not_repeated(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.fake.fault(Fault(kind="reset_after_commit", operation="$batch"))
        await lane.carry(*posts(5))
        assert lane.done == {each.delivery_id: 1 for each in posts(5)}
        assert all(isinstance(verdicts[0], Doubtful) for verdicts in lane.verdicts.values())
        assert lane.calls == {"$batch": 1, "channelMessages.delta": 5}


OPERATIONS = st.sampled_from(["$batch", "channelMessages.post", "sendActivityNotification", ""])
KINDS = {
    "status": "503",
    "html": "",
    "rate_limited": "2",
    "rate_limited_date": "2",
    "rate_limited_rearm": "2",
    "keepalive_closed": "1",
    "reset_before_commit": "",
    "reset_after_commit": "",
    "truncated_after_commit": "",
    "status_after_commit": "504",
    "error_after_commit": "BadGateway",
    "late_commit": "12",
    "slow": "45",
    "batch_unsupported": "",
    "batch_outer_failed": "",
    "batch_inner_throttled": "2",
    "batch_lost_inner": "",
    "batch_failed_dependency": "",
}
FAULTS = st.builds(
    lambda kind, operation, skip, times: Fault(
        kind=kind, value=KINDS[kind], operation=operation, skip=skip, times=times
    ),
    st.sampled_from(sorted(KINDS)),
    OPERATIONS,
    st.integers(0, 6),
    st.integers(1, 3),
)


@settings(max_examples=examples(40))
@given(to_channels=st.integers(0, 12), to_learners=st.integers(0, 8), faults=st.lists(FAULTS, max_size=5))
@example(to_channels=12, to_learners=8, faults=[])
def test_every_delivery_has_its_effect_exactly_once(to_channels: int, to_learners: int, faults: list[Fault]) -> None:
    """No fault of these refuses anything for good, so each ends delivered: once in the journal, whatever happened."""
    parcels = [*posts(to_channels), *notifications(to_learners)]

    async def main() -> None:
        async with a_lane() as lane:
            for fault in faults:
                lane.fake.fault(fault)
            await lane.carry(*parcels)
            await trio.sleep(60.0)
            lane.fake.settle(EPOCH_S + trio.current_time())
            assert lane.done == {each.delivery_id: 1 for each in parcels}

    trio.run(main, clock=MockClock(autojump_threshold=0))
