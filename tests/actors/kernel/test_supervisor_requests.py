"""What is asked of a running supervisor: add, remove, replace, restart, and how such wishes meet."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import trio
from kernel_world import (
    EVEN,
    Boom,
    Crash,
    Log,
    Mark,
    Order,
    Ping,
    Probe,
    Work,
    failing,
    probe,
    probes,
    running,
)

from actors.kernel import (
    ActorDied,
    Backoff,
    Budget,
    ChildSpec,
    DuplicateChild,
    MailboxInUse,
    NoSuchActor,
    NotSupervising,
    Strategy,
    Supervisor,
)


async def test_add_and_remove(autojump_clock: Any) -> None:
    log = Log()
    root = Supervisor(probes(log, "a"))
    late = probe(log, "b")
    async with running(root) as world:
        assert await root.add(late) == "running"
        with pytest.raises(DuplicateChild):
            await root.add(probe(log, "b"))
        assert await root.add(probe(log, "c", starting=failing(1))) == "backing_off"
        await root.remove("b")
        assert log.events[-1] == ("down", "b")
        assert [child.name for child in world.kernel.registry.tree().children] == ["a", "c"]
        with pytest.raises(ActorDied):
            await late.address.ask(Ping)
        with pytest.raises(NoSuchActor):
            await root.remove("b")
        assert await root.add(late) == "running", "a removed child's spec can be used again"


@pytest.mark.parametrize("strategy", ["one_for_one", "rest_for_one"])
async def test_replace_takes_the_place(autojump_clock: Any, strategy: Strategy) -> None:
    log = Log()
    specs = probes(log, "abc")
    root = Supervisor(specs, strategy=strategy)
    async with running(root) as world:
        log.clear()
        new: ChildSpec[Order] = ChildSpec(name="b", start=lambda: Probe("new b", log))
        assert await root.replace(new) == "running"
        assert await new.address.ask(Ping) == "new b"
        with pytest.raises(ActorDied):
            await specs[1].address.tell(Mark(1))
        await world.settle()
        assert [child.name for child in world.kernel.registry.tree().children] == ["a", "b", "c"]
        assert log.of("down") == [("down", n) for n in ("b" if strategy == "one_for_one" else "cb")]
        assert log.of("up") == [("up", n) for n in (["new b"] if strategy == "one_for_one" else ["new b", "c"])]
        log.clear()
    assert log.events == [("down", "c"), ("down", "new b"), ("down", "a")]


async def test_a_replacement_may_keep_the_mailbox(autojump_clock: Any) -> None:
    log = Log()
    old = probe(log, "a")
    root = Supervisor([old], backoff=EVEN)
    async with running(root):
        old.address.note(Crash())
        old.address.note(Mark(1))
        await trio.testing.wait_all_tasks_blocked()
        assert await root.replace(replace(old, start=lambda: Probe("new", log))) == "running"
        assert await old.address.ask(Ping) == "new"
    assert log.marks == [1]


async def test_a_replacement_for_a_dead_child_finds_its_mail(autojump_clock: Any) -> None:
    log = Log()
    old = probe(log, "a", "temporary")
    root = Supervisor([old])
    async with running(root) as world:
        old.address.note(Crash())
        old.address.note(Mark(1))
        await world.settle()
        assert world.state("root/a") == "failed"
        assert await root.replace(replace(old, restart="permanent")) == "running"
        assert await old.address.ask(Ping) == "a"
    assert log.marks == [1]


async def test_a_supervisor_has_no_mailbox(autojump_clock: Any) -> None:
    spec: ChildSpec[Order] = ChildSpec(name="t", start=Supervisor)
    async with running(Supervisor([spec])) as world:
        with pytest.raises(ActorDied):
            await spec.address.tell(Mark(1))
        assert world.kernel.registry.entry("root/t").mailbox is None


async def test_a_mailbox_is_not_shared_between_children(autojump_clock: Any) -> None:
    log = Log()
    specs = probes(log, "ab")
    root = Supervisor(specs)
    async with running(root) as world:
        with pytest.raises(MailboxInUse):
            await root.add(replace(specs[0], name="c"))
        with pytest.raises(MailboxInUse):
            await root.replace(replace(specs[0], name="b"))
        assert world.state("root/b") == "running"


async def test_a_restart_on_request_is_not_counted_and_does_not_wait(autojump_clock: Any) -> None:
    log = Log()
    root = Supervisor(probes(log, "ab"), budget=Budget(0, 60))
    async with running(root) as world:
        log.clear()
        for _ in range(5):
            assert await world.kernel.registry.restart("root/a") == "running"
        assert trio.current_time() == 0
        assert world.kernel.registry.entry("root/a").restarts == 5
        assert {name for _, name in log.events} == {"a"}


async def test_a_restart_on_request_ends_a_backoff_and_revives_the_dead(autojump_clock: Any) -> None:
    log = Log()
    backing_off = probe(log, "a", starting=failing(1))
    dead = probe(log, "b", "temporary", starting=failing(1))
    root = Supervisor([backing_off, dead], backoff=Backoff(first_s=500, max_s=500, jitter=0))
    async with running(root) as world:
        assert (world.state("root/a"), world.state("root/b")) == ("backing_off", "failed")
        assert await root.restart("a") == "running"
        assert await root.restart("b") == "running"
        assert await dead.address.ask(Ping) == "b"
        assert trio.current_time() == 0


async def test_a_request_is_refused_when_the_supervisor_ends_meanwhile(autojump_clock: Any) -> None:
    log = Log()
    root = Supervisor(probes(log, "a"))
    with pytest.raises(NotSupervising):
        await root.add(probe(log, "early"))
    refused: list[str] = []

    async def add(name: str) -> None:
        try:
            await root.add(probe(log, name, starting=trio.sleep_forever))
        except NotSupervising:
            refused.append(name)

    async with trio.open_nursery() as nursery:
        async with running(root) as world:
            nursery.start_soon(add, "b")
            await world.settle()
        await add("c")
    assert refused == ["b", "c"] or refused == ["c", "b"]


async def test_a_removal_wins_over_a_restart_under_way(autojump_clock: Any) -> None:
    log = Log()
    busy = probe(log, "a")
    root = Supervisor([busy])
    async with running(root) as world:
        busy.address.note(Work(3))
        await world.settle()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(root.restart, "a")
            await world.settle()
            assert world.state("root/a") == "stopping"
            nursery.start_soon(root.remove, "a")
        assert world.kernel.registry.tree().children == ()
    assert log.of("up") == [("up", "a")]


async def test_a_crash_on_the_way_down_is_not_counted(autojump_clock: Any) -> None:
    log = Log()

    async def fail() -> None:
        raise Boom("in stopping")

    root = Supervisor([probe(log, "a", stopping=fail)], budget=Budget(0, 60))
    async with running(root) as world:
        assert await root.restart("a") == "running"
        entry = world.kernel.registry.entry("root/a")
        assert entry.last_error is not None
        assert entry.last_error.detail == "in stopping"


async def test_a_dependent_that_is_to_go_goes_though_the_one_before_it_crashes(autojump_clock: Any) -> None:
    log = Log()
    specs = [probe(log, "a"), probe(log, "b")]
    root = Supervisor(specs, strategy="rest_for_one", backoff=EVEN)
    async with running(root) as world:
        specs[1].address.note(Work(5))
        await world.settle()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(root.remove, "b")
            await world.settle()
            await specs[0].address.tell(Crash())
        await trio.sleep(5)
        assert [(child.name, child.state) for child in world.kernel.registry.tree().children] == [("a", "running")]
    assert log.of("up") == [("up", "a"), ("up", "b"), ("up", "a")]


async def test_a_slow_stop_of_one_child_keeps_no_other_from_its_restart(autojump_clock: Any) -> None:
    log = Log()
    specs = probes(log, "ab")
    root = Supervisor(specs, backoff=EVEN)
    async with running(root) as world:
        specs[0].address.note(Work(100))
        await world.settle()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(root.restart, "a")
            await specs[1].address.tell(Crash())
            assert await specs[1].address.ask(Ping) == "b"
            assert trio.current_time() == pytest.approx(1)
            assert world.state("root/a") == "stopping"
        assert trio.current_time() == pytest.approx(10), "the grace is counted from the request on"


async def test_requests_to_stop_siblings_do_not_wait_for_one_another(autojump_clock: Any) -> None:
    log = Log()
    root = Supervisor(probe(log, name, stopping=partial(trio.sleep, 5)) for name in "abc")
    async with running(root):
        async with trio.open_nursery() as nursery:
            for name in "abc":
                nursery.start_soon(root.remove, name)
        assert trio.current_time() == pytest.approx(5)


async def test_a_successor_that_is_no_longer_wanted_is_closed(autojump_clock: Any) -> None:
    log = Log()
    old, new = probe(log, "a"), probe(log, "a")
    root = Supervisor([old])
    async with running(root) as world:
        old.address.note(Work(5))
        await world.settle()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(root.replace, new)
            await world.settle()
            nursery.start_soon(root.remove, "a")
        with pytest.raises(ActorDied):
            await new.address.tell(Mark(1))
    assert log.of("up") == [("up", "a")]
