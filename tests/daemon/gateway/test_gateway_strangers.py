"""Places are given out in turn, whatever strangers do: nobody has them all, and whoever comes alone comes through."""

from collections.abc import Callable

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import examples

from actors.domain.outbox import Rate
from daemon.gateway.strangers import WAITING_MAX, Crowded, Places, Strangers, TooMany

RATE = Rate(per_s=1.0, burst=3.0)


async def test_a_crowd_comes_so_often_and_the_others_are_not_its_affair(autojump_clock: trio.testing.MockClock) -> None:
    strangers = Strangers(RATE)
    for _ in range(3):
        strangers.admit("acme", "a")
    with pytest.raises(TooMany) as caught:
        strangers.admit("acme", "a")
    assert caught.value.wait_s == pytest.approx(1.0)
    strangers.admit("acme", "b")
    strangers.admit("globex", "a")
    for _ in range(10):
        strangers.admit("acme", "")  # behind a proxy that is not known: everybody
    await trio.sleep(1)
    strangers.admit("acme", "a")


class Hall:
    """Those who hold a place, and those who were sent away, in the order of what happened."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.inside: list[str] = []
        self.served: list[str] = []
        self.refused: list[str] = []
        self._done: dict[str, trio.Event] = {}

    async def come(self, name: str, tenant: str, crowd: str) -> None:
        self._done[name] = trio.Event()
        try:
            async with self.places.place(tenant, crowd):
                self.inside.append(name)
                self.served.append(name)
                await self._done[name].wait()
                self.inside.remove(name)
        except Crowded:
            self.refused.append(name)

    async def go(self, name: str) -> None:
        self._done[name].set()
        await trio.testing.wait_all_tasks_blocked()


@pytest.fixture
def hall() -> Callable[..., Hall]:
    return lambda n, **more: Hall(Places(lambda: n, **more))


async def test_no_crowd_has_the_last_place_and_no_tenant_has(hall: Callable[..., Hall], nursery: trio.Nursery) -> None:
    here = hall(3)
    for number in range(4):
        nursery.start_soon(here.come, f"flood{number}", "acme", "a")
        await trio.testing.wait_all_tasks_blocked()
    assert here.inside == ["flood0", "flood1"]
    nursery.start_soon(here.come, "other", "globex", "a")
    await trio.testing.wait_all_tasks_blocked()
    assert here.inside == ["flood0", "flood1", "other"]
    nursery.cancel_scope.cancel()


async def test_one_tenants_own_places_are_all_its_own(hall: Callable[..., Hall], nursery: trio.Nursery) -> None:
    here = hall(2, one_tenant=True)
    for number in range(2):
        nursery.start_soon(here.come, f"flood{number}", "acme", "a")
        await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(here.come, "ada", "acme", "b")
    await trio.testing.wait_all_tasks_blocked()
    assert here.inside == ["flood0", "ada"]
    nursery.cancel_scope.cancel()


async def test_whoever_comes_alone_is_next_however_many_wait(hall: Callable[..., Hall], nursery: trio.Nursery) -> None:
    here = hall(2)
    for number in range(12):
        nursery.start_soon(here.come, f"{number % 2}-{number}", "acme" if number % 2 else "globex", f"a{number % 4}")
        await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(here.come, "ada", "acme", "alone")
    await trio.testing.wait_all_tasks_blocked()
    assert len(here.inside) == 2
    turns = 0
    while "ada" not in here.served:
        await here.go(here.inside[0])
        turns += 1
    assert turns <= 4  # as many as there are crowds
    nursery.cancel_scope.cancel()


async def test_of_too_many_those_go_of_whom_the_most_wait(hall: Callable[..., Hall], nursery: trio.Nursery) -> None:
    here = hall(1)
    for number in range(1 + WAITING_MAX):
        nursery.start_soon(here.come, f"flood{number}", "acme", f"few{number % 3}")
        await trio.testing.wait_all_tasks_blocked()
    assert here.refused == []
    nursery.start_soon(here.come, "ada", "acme", "alone")
    await trio.testing.wait_all_tasks_blocked()
    assert len(here.refused) == 1
    assert here.refused[0].startswith("flood")
    for _ in range(3):  # as many as there were crowds before
        await here.go(here.inside[0])
    assert here.inside == ["ada"]
    nursery.start_soon(here.come, "globex", "globex", "few0")
    await trio.testing.wait_all_tasks_blocked()
    assert len(here.refused) == 1
    nursery.cancel_scope.cancel()


async def test_nobody_waits_for_ever(hall: Callable[..., Hall], autojump_clock: trio.testing.MockClock) -> None:
    here = hall(1, patience_s=5.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(here.come, "first", "acme", "a")
        await trio.testing.wait_all_tasks_blocked()
        began_s = trio.current_time()
        with pytest.raises(Crowded):
            async with here.places.place("acme", "b"):
                raise AssertionError("there is no place")
        assert trio.current_time() - began_s == pytest.approx(5.0)
        nursery.cancel_scope.cancel()
    async with here.places.place("acme", "b"):
        pass


async def test_a_place_that_was_given_to_somebody_who_has_just_gone_goes_to_the_next(
    hall: Callable[..., Hall], nursery: trio.Nursery
) -> None:
    here = hall(1)
    nursery.start_soon(here.come, "first", "acme", "a")
    await trio.testing.wait_all_tasks_blocked()
    leaving = trio.CancelScope()

    async def leaver() -> None:
        with leaving:
            await here.come("second", "acme", "b")

    nursery.start_soon(leaver)
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(here.come, "third", "acme", "c")
    await trio.testing.wait_all_tasks_blocked()
    here._done["first"].set()
    leaving.cancel()  # in the same moment
    await trio.testing.wait_all_tasks_blocked()
    assert here.inside == ["third"]
    nursery.cancel_scope.cancel()


@settings(max_examples=examples(20), deadline=None)
@given(
    n=st.integers(1, 4),
    steps=st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["", "x", "y"]), st.booleans()), max_size=40),
)
def test_whatever_happens_the_count_is_right_and_nothing_is_kept_in_the_end(
    n: int, steps: list[tuple[str, str, bool]]
) -> None:
    async def play() -> None:
        places = Places(lambda: n)
        here = Hall(places)
        async with trio.open_nursery() as nursery:
            for number, (tenant, crowd, leaves) in enumerate(steps):
                nursery.start_soon(here.come, str(number), tenant, crowd)
                await trio.testing.wait_all_tasks_blocked()
                assert len(here.inside) <= n
                if leaves and here.inside:
                    await here.go(here.inside[0])
            nursery.cancel_scope.cancel()
        assert (places._taken, dict(places._held), places._turns, places._waiting) == (0, {}, {}, [])

    trio.run(play, clock=trio.testing.MockClock(autojump_threshold=1.0))
