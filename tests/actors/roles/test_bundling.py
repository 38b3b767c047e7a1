"""Bundles of requests: who travels with whom, and that each hears exactly its own outcome, whatever happens."""

import math
from collections import Counter
from collections.abc import Sequence

import pytest
import trio
from bundling_stage import FLIGHT_S, LINGERS_S, SIZE_MAX, Client, Lane, Post, Vendor, a_lane, answer, names, request
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.roles.bundling import LOST_MAX, SINGLY_S, BundleFault, Bundling

# ── who travels with whom ────────────────────────────────────────────────────────────────────────────


async def test_a_lone_request_goes_as_it_is_and_at_once(autojump_clock: object) -> None:
    async with a_lane() as lane:
        began_s = trio.current_time()
        alone = request("alone")
        assert await lane.bundling.over(Client(lane.vendor)).send(alone) == answer("alone")
        assert lane.vendor.calls == [alone]
        assert trio.current_time() - began_s == FLIGHT_S
        assert lane.vendor.clients == [], "by its own client"


async def test_what_is_ready_at_the_same_moment_goes_as_one(autojump_clock: object) -> None:
    async with a_lane() as lane:
        await lane.all("a", "b", "c")
        assert lane.vendor.seen == ["a,b,c"]
        assert lane.heard == {name: answer(name) for name in "abc"}


@pytest.mark.parametrize("count", [2, 4, 5, 9, 16])
async def test_a_bundle_has_a_size(count: int, autojump_clock: object) -> None:
    async with a_lane() as lane:
        await lane.all(*names(count))
        assert len(lane.vendor.calls) == math.ceil(count / SIZE_MAX)
        assert lane.heard == {name: answer(name) for name in names(count)}


async def test_what_nobody_waits_for_lingers_for_company_and_no_longer_than_for_a_post(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.say("a", operation="order")
        await trio.sleep(LINGERS_S * 0.9)
        lane.say("b", operation="order")
        await trio.sleep(LINGERS_S * 0.2)
        assert lane.vendor.seen == ["a,b"]
        lane.say("c", operation="order")
        await trio.sleep(LINGERS_S * 0.1)
        lane.say("d")
        await trio.sleep(LINGERS_S * 0.1)
        assert lane.vendor.seen == ["a,b", "c,d"], "somebody waits for the post"
        lane.say(*names(SIZE_MAX), operation="order")
        await trio.sleep(LINGERS_S * 0.1)
        assert len(lane.vendor.calls) == 3, "no more would find room"
        lane.say("e", operation="order")
        await trio.sleep(LINGERS_S * 1.1)
        assert lane.vendor.seen[-1] == "e"
        await trio.sleep(FLIGHT_S)
        assert lane.heard["e"] == answer("e")


async def test_each_speaker_has_bundles_of_its_own(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.say("a", "b")
        lane.say("c", "d", speaker="them")
        await trio.sleep(FLIGHT_S * 3)
        assert sorted(lane.vendor.seen) == ["a,b", "c,d"]
        for call in lane.vendor.calls:
            assert (call.headers["authorization"] == "us") == (b"a" in call.body)


async def test_what_does_not_fit_travels_alone(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.say("a", "b", operation="page")
        await lane.all("c", "d")
        assert sorted(lane.vendor.seen) == ["a", "b", "c,d"]


async def test_nobody_waits_for_company(autojump_clock: object) -> None:
    async with a_lane() as lane:
        for name in ("a", "b", "c"):
            lane.say(name)
            await wait_all_tasks_blocked()
        assert lane.vendor.seen == ["a", "b", "c"], "each left before the next one came"


async def test_without_a_bundler_nothing_changes(autojump_clock: object) -> None:
    vendor = Vendor()
    own = vendor.client()
    bundling = Bundling(None, vendor.client, lambda *_: None)
    assert bundling.over(own) is own
    assert not bundling.takes(request("a"))


async def test_clients_carry_one_bundle_at_a_time_and_are_used_again(autojump_clock: object) -> None:
    async with a_lane() as lane:
        await lane.all(*names(8))
        await lane.all(*names(4, 8))
        assert len(lane.vendor.calls) == 3
        assert len(lane.vendor.clients) == 2
        await lane.bundling.aclose()
        assert all(client.closed for client in lane.vendor.clients)


# ── who leaves ───────────────────────────────────────────────────────────────────────────────────────


async def test_who_is_cancelled_before_the_bundle_leaves_is_not_in_it(autojump_clock: object) -> None:
    """Many times over, as chance decides who comes first and gathers the others."""
    async with a_lane() as lane:
        for turn in range(30):
            gone, *others = (f"{name}{turn}" for name in "abc")
            lane.say(gone, *others)
            lane.scopes[gone].cancel()
            await trio.sleep(FLIGHT_S * 3)
            assert gone not in lane.heard
            assert [lane.heard[name] for name in others] == [answer(name) for name in others]
            assert lane.vendor.seen[turn:] == [",".join(others)]


async def test_who_is_left_alone_goes_alone(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.say("a", "b", "c")
        lane.scopes["a"].cancel()
        lane.scopes["c"].cancel()
        await trio.sleep(FLIGHT_S * 3)
        assert lane.heard == {"b": answer("b")}
        assert [call.operation for call in lane.vendor.calls] == ["post"]


@pytest.mark.parametrize("who", ["a", "b", "c"])
async def test_who_is_cancelled_on_the_way_takes_nobody_along(who: str, autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.say("a", "b", "c")
        await wait_all_tasks_blocked()
        lane.scopes[who].cancel()
        await trio.sleep(FLIGHT_S * 3)
        assert lane.vendor.seen == ["a,b,c"]
        assert lane.heard == {name: answer(name) for name in "abc" if name != who}


async def test_the_end_of_the_lane_is_the_end_of_its_bundles(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.say("a", "b")
        await wait_all_tasks_blocked()
        assert lane.vendor.clients[0].busy
        lane.nursery.cancel_scope.cancel()
    assert lane.heard == {}
    assert not lane.vendor.clients[0].busy


# ── what comes of it ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("outcome", [NotSent("no route"), Lost("reset"), Response(status=503)])
async def test_what_befalls_the_whole_befalls_each(outcome: Outcome, autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.vendor.says = lambda _: outcome
        await lane.all("a", "b", "c")
        assert lane.heard == dict.fromkeys("abc", outcome)
        assert len(lane.vendor.calls) == 1


async def test_a_vendor_without_bundles_gets_single_requests_for_a_while(autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.vendor.says = lambda request: (
            Response(status=404) if b"," in request.body else Response(status=200, body=request.body)
        )
        await lane.all("a", "b", "c")
        assert lane.heard == {name: answer(name) for name in "abc"}
        assert sorted(lane.vendor.seen) == ["a", "a,b,c", "b", "c"]
        await lane.all("d", "e")
        assert sorted(lane.vendor.seen[4:]) == ["d", "e"]
        await trio.sleep(SINGLY_S)
        await lane.all("f", "g")
        assert sorted(lane.vendor.seen[6:]) == ["f", "f,g", "g"]


@pytest.mark.parametrize("outcome", [Lost("reset"), Response(status=504)])
async def test_bundles_that_are_lost_again_and_again_are_given_up(outcome: Outcome, autojump_clock: object) -> None:
    async with a_lane() as lane:
        lane.vendor.says = lambda request: outcome if b"," in request.body else answer(request.body.decode())
        for turn in range(LOST_MAX):
            await lane.all(*names(2, turn * 2))
        assert len(lane.vendor.calls) == LOST_MAX
        await lane.all("y", "z")
        assert sorted(lane.vendor.seen[LOST_MAX:]) == ["y", "z"]
        assert lane.heard["y"] == answer("y")


async def test_one_that_arrives_breaks_the_row(autojump_clock: object) -> None:
    async with a_lane() as lane:
        for turn in range(LOST_MAX * 2):
            lost = turn % LOST_MAX
            lane.vendor.says = lambda request, lost=lost: Lost("x") if lost else Response(status=200, body=request.body)
            await lane.all(*names(2, turn * 2))
        assert len(lane.vendor.calls) == LOST_MAX * 2


class Broken(Post):
    """A bundler with a fault."""

    def __init__(self, where: str) -> None:
        self.where = where

    def pack(self, requests: Sequence[Request]) -> Request:
        if self.where == "pack":
            raise KeyError("pack")
        return super().pack(requests)

    def unpack(self, requests: Sequence[Request], outcome: Outcome) -> list[Outcome] | None:
        if self.where == "unpack":
            raise KeyError("unpack")
        outcomes = super().unpack(requests, outcome)
        return outcomes[1:] if self.where == "count" and outcomes else outcomes


@pytest.mark.parametrize(("where", "cause"), [("pack", KeyError), ("unpack", KeyError), ("count", ValueError)])
async def test_a_fault_of_ours_is_raised_by_everybody(where: str, cause: type, autojump_clock: object) -> None:
    bundler = Broken(where)
    async with a_lane(bundler) as lane:
        await lane.all("a", "b", "c")
        assert [type(heard) for heard in lane.heard.values()] == [BundleFault] * 3
        assert len({id(heard) for heard in lane.heard.values()}) == 3, "each has a traceback of its own"
        assert all(isinstance(getattr(heard, "__cause__", None), cause) for heard in lane.heard.values())
        bundler.where = ""
        await lane.all("d", "e")
        assert lane.heard["d"] == answer("d")


# ── anything at any time ─────────────────────────────────────────────────────────────────────────────

COMING = st.tuples(st.integers(0, 3), st.sampled_from(["us", "them"]), st.none() | st.integers(0, 4))
CALLS = st.sampled_from(["answer", "answer", "lost", "not sent", "no bundles"])


@settings(max_examples=examples(40))
@given(coming=st.lists(COMING, min_size=1, max_size=14), fates=st.lists(CALLS, max_size=8), seed=st.randoms())
def test_whoever_stays_hears_its_own_and_nothing_is_done_twice(
    coming: list[tuple[int, str, int | None]], fates: list[str], seed: object
) -> None:
    """Each comes after so many passes of the scheduler, and is cancelled after so many more, or stays."""
    done: Counter[str] = Counter()
    left = list(fates)

    def says(call: Request) -> Outcome:
        fate = left.pop(0) if left else "answer"
        bundled = b"," in call.body
        if fate == "not sent":
            return NotSent("no route")
        if fate == "no bundles" and bundled:
            return Response(status=404)
        done.update(call.body.decode().split(","))
        return Lost("reset") if fate == "lost" else Response(status=200, body=call.body)

    async def main() -> dict[str, Outcome | Exception]:
        async with a_lane() as lane:
            lane.vendor.says = says
            for number, (passes, speaker, leaves) in enumerate(coming):
                lane.nursery.start_soon(come, lane, f"n{number}", passes, speaker, leaves)
            await trio.sleep(FLIGHT_S * 5)
            return lane.heard

    async def come(lane: Lane, name: str, passes: int, speaker: str, leaves: int | None) -> None:
        for _ in range(passes):
            await trio.lowlevel.checkpoint()
        lane.say(name, speaker=speaker)
        if leaves is not None:
            for _ in range(leaves):
                await trio.lowlevel.checkpoint()
            lane.scopes[name].cancel()

    heard = trio.run(main, clock=MockClock(autojump_threshold=0))
    assert max(done.values(), default=0) <= 1
    stayed = {f"n{number}" for number, (_, _, leaves) in enumerate(coming) if leaves is None}
    assert stayed <= set(heard)
    for name, outcome in heard.items():
        match outcome:
            case Response():
                assert outcome == answer(name)
                assert done[name] == 1
            case NotSent():
                assert done[name] == 0
            case _:
                assert outcome == Lost("reset")
                assert done[name] == 1
