"""Supervisors: the OTP rules one by one. ``test_supervisor_scripts`` has them under random scripts."""

from typing import Any

import pytest
import trio
from kernel_world import (
    EVEN,
    Boom,
    Clock,
    Crash,
    Dice,
    Finish,
    Log,
    Mark,
    Order,
    Ping,
    Probe,
    failing,
    probe,
    probes,
    running,
)

from actors.kernel import (
    Backoff,
    Budget,
    ChildSpec,
    Escalated,
    Kernel,
    Restart,
    Supervisor,
)


async def test_start_in_order_stop_in_reverse(autojump_clock: Any) -> None:
    log = Log()
    async with running(Supervisor(probes(log, "abc"))) as world:
        tree = world.kernel.registry.tree()
        assert [(child.name, child.state) for child in tree.children] == [(name, "running") for name in "abc"]
        assert (tree.kind, tree.state) == ("supervisor", "running")
    assert log.events == [
        *((event, name) for name in "abc" for event in ("starting", "up")),
        *(("down", name) for name in "cba"),
    ]
    assert world.state("root") == "stopped"


async def test_the_next_child_waits_until_the_one_before_is_up(autojump_clock: Any) -> None:
    log = Log()
    gate = trio.Event()
    slow, second = probe(log, "a", starting=gate.wait), probe(log, "b")
    async with trio.open_nursery() as nursery:

        async def run() -> None:
            async with running(Supervisor([slow, second])):
                pass

        nursery.start_soon(run)
        await trio.testing.wait_all_tasks_blocked()
        assert log.events == [("starting", "a")]
        gate.set()
    assert log.of("up") == [("up", "a"), ("up", "b")]


async def test_one_for_one_restarts_only_the_one_that_crashed(autojump_clock: Any) -> None:
    log = Log()
    specs = probes(log, "abc")
    async with running(Supervisor(specs, backoff=EVEN)):
        log.clear()
        await specs[1].address.tell(Crash())
        assert await specs[1].address.ask(Ping) == "b"
        assert log.events == [("down", "b"), ("starting", "b"), ("up", "b")]


async def test_rest_for_one_restarts_those_after_it_too(autojump_clock: Any) -> None:
    log = Log()
    specs = probes(log, "abcd")
    async with running(Supervisor(specs, strategy="rest_for_one", backoff=EVEN)):
        log.clear()
        await specs[1].address.tell(Crash())
        await trio.sleep(2)
        assert await specs[3].address.ask(Ping) == "d"
        assert log.events == [
            *(("down", name) for name in "bdc"),
            *((event, name) for name in "bcd" for event in ("starting", "up")),
        ]


async def test_rest_for_one_does_not_bring_temporary_children_back(autojump_clock: Any) -> None:
    log = Log()
    specs = [probe(log, "a"), probe(log, "b", "temporary"), probe(log, "c", "transient")]
    async with running(Supervisor(specs, strategy="rest_for_one", backoff=EVEN)) as world:
        log.clear()
        await specs[0].address.tell(Crash())
        await trio.sleep(2)
        assert await specs[2].address.ask(Ping) == "c"
        assert log.of("up") == [("up", "a"), ("up", "c")]
        assert world.state("root/b") == "stopped"


@pytest.mark.parametrize(
    ("restart", "message", "state"),
    [
        ("permanent", Crash(), "running"),
        ("permanent", Finish(), "running"),
        ("transient", Crash(), "running"),
        ("transient", Finish(), "stopped"),
        ("temporary", Crash(), "failed"),
        ("temporary", Finish(), "stopped"),
    ],
)
async def test_who_is_started_again(autojump_clock: Any, restart: Restart, message: Order, state: str) -> None:
    log = Log()
    spec = probe(log, "a", restart)
    async with running(Supervisor([spec], backoff=EVEN)) as world:
        await spec.address.tell(message)
        await trio.sleep(5)
        entry = world.kernel.registry.entry("root/a")
        assert entry.state == state
        assert entry.restarts == (1 if state == "running" else 0)
        assert (entry.last_error is not None) == isinstance(message, Crash)


async def test_the_delay_grows_and_is_forgotten_after_a_healthy_period(autojump_clock: Any) -> None:
    log = Log()
    spec = probe(log, "a")
    backoff = Backoff(first_s=1, factor=2, max_s=100, jitter=0, healthy_s=50)
    delays = []
    async with running(Supervisor([spec], backoff=backoff, budget=Budget(100))):
        for ran_s in (0, 0, 0, 49, 50, 0):
            await trio.sleep(ran_s)
            crashed_s = trio.current_time()
            await spec.address.tell(Crash())
            await spec.address.ask(Ping, deadline_s=1000)
            delays.append(round(trio.current_time() - crashed_s, 6))
    assert delays == [1, 2, 4, 8, 1, 2]


async def test_a_failed_start_counts_as_a_crash_and_holds_up_nobody_under_one_for_one(autojump_clock: Any) -> None:
    log = Log()
    specs = [probe(log, "a", starting=failing(2)), probe(log, "b")]
    async with running(Supervisor(specs, backoff=EVEN)) as world:
        assert (world.state("root/a"), world.state("root/b")) == ("backing_off", "running")
        assert await specs[0].address.ask(Ping) == "a"
        assert world.kernel.registry.entry("root/a").restarts == 2


async def test_a_failed_start_holds_up_those_that_depend_on_it(autojump_clock: Any) -> None:
    log = Log()
    specs = [probe(log, "a", starting=failing(2)), probe(log, "b")]
    async with running(Supervisor(specs, strategy="rest_for_one", backoff=EVEN)) as world:
        assert (world.state("root"), world.state("root/a"), world.state("root/b")) == (
            "starting",
            "backing_off",
            "waiting",
        )
        assert await specs[1].address.ask(Ping) == "b"
        assert world.state("root") == "running"
        assert trio.current_time() == pytest.approx(2)


async def test_a_start_function_that_fails_is_a_crash(autojump_clock: Any) -> None:
    def start() -> Probe:
        raise Boom("no settings")

    spec: ChildSpec[Order] = ChildSpec(name="a", start=start)
    async with running(Supervisor([spec], backoff=EVEN)) as world:
        assert world.state("root/a") == "backing_off"
        assert [str(error) for _, error in world.troubles] == ["no settings"]


async def test_escalation_stops_the_others_and_names_the_cause(autojump_clock: Any) -> None:
    log = Log()
    specs = probes(log, "abc")
    kernel = Kernel(clock=Clock(), dice=Dice(), on_trouble=lambda path, error: None)
    root = Supervisor(specs, budget=Budget(2, 60), backoff=EVEN)
    for number in range(3):
        specs[1].address.note(Crash(f"number {number}"))
    with pytest.raises(Escalated) as escalated:
        await kernel.run(root)
    assert str(escalated.value.__cause__) == "number 2"
    assert log.events[-3:] == [("down", "b"), ("down", "c"), ("down", "a")]
    tree = kernel.registry.tree()
    assert (tree.state, [child.state for child in tree.children]) == ("failed", ["stopped", "failed", "stopped"])
    assert tree.last_error is not None
    assert tree.last_error.type == "Escalated"


async def test_a_nested_escalation_is_one_crash_of_the_parents_child(autojump_clock: Any) -> None:
    log = Log()
    inner = probe(log, "inner", starting=failing(3))
    neighbour = probe(log, "neighbour")

    def tenant() -> Supervisor:
        return Supervisor([inner, probe(log, "calm")], budget=Budget(1, 60), backoff=EVEN)

    specs = [ChildSpec[Any](name="tenant", start=tenant), neighbour]
    async with running(Supervisor(specs, budget=Budget(1, 60), backoff=EVEN)) as world:
        inner.address.note(Mark(7))
        assert world.state("root/neighbour") == "running"
        await trio.sleep(1.5)
        entry = world.kernel.registry.entry("root/tenant")
        assert (entry.state, entry.kind, entry.mailbox) == ("backing_off", "supervisor", None)
        assert entry.last_error is not None
        assert entry.last_error.type == "Escalated"
        assert [child.state for child in entry.children] == ["failed", "stopped"]
        assert world.state("root") == "running"
        await trio.sleep(5)
        assert world.state("root/tenant/inner") == "running"
        assert world.kernel.registry.entry("root/tenant").restarts == 1
    assert log.marks == [7], "a mailbox made outside its supervisor outlives it"
    assert log.events[-1 - 2] == ("down", "neighbour")
    assert len([event for event in log.events if event == ("up", "neighbour")]) == 1


async def test_escalation_goes_up_to_the_root(autojump_clock: Any) -> None:
    log = Log()

    def tenant() -> Supervisor:
        return Supervisor([probe(log, "a", starting=failing(100))], budget=Budget(1, 60), backoff=EVEN)

    kernel = Kernel(clock=Clock(), dice=Dice(), on_trouble=lambda path, error: None)
    with pytest.raises(Escalated, match="root used up"):
        await kernel.run(Supervisor([ChildSpec(name="tenant", start=tenant)], budget=Budget(1, 60), backoff=EVEN))
    assert len(log.of("starting")) == 4


async def test_what_means_to_end_the_process_passes_through_after_an_orderly_stop(autojump_clock: Any) -> None:
    log = Log()

    async def interrupt() -> None:
        raise KeyboardInterrupt

    kernel = Kernel(clock=Clock(), dice=Dice(), on_trouble=lambda path, error: None)
    specs = [*probes(log, "ab"), probe(log, "c", starting=interrupt)]
    with pytest.raises(BaseExceptionGroup) as raised:
        await kernel.run(Supervisor(specs))
    assert raised.value.subgroup(KeyboardInterrupt) is not None
    assert log.of("down") == [("down", "b"), ("down", "a")]


async def test_stop_ends_the_tree_without_an_error(autojump_clock: Any) -> None:
    log = Log()
    kernel = Kernel(clock=Clock(), dice=Dice(), on_trouble=lambda path, error: None)
    root = Supervisor([ChildSpec(name="t", start=lambda: Supervisor(probes(log, "ab"))), probe(log, "c")])
    async with trio.open_nursery() as nursery:
        await nursery.start(kernel.run, root)
        root.stop()
    assert log.of("down") == [("down", "c"), ("down", "b"), ("down", "a")]


@pytest.mark.parametrize("nested", [True, False])
async def test_a_child_that_is_stopped_before_it_has_begun_never_comes_up(autojump_clock: Any, nested: bool) -> None:
    for _ in range(16):  # which of two tasks goes first is chance
        log = Log()
        kernel = Kernel(clock=Clock(), dice=Dice(), on_trouble=lambda path, error: None)
        first: ChildSpec[Any] = ChildSpec(name="a", start=lambda log=log: Supervisor(probes(log, "ab")))
        root = Supervisor([first if nested else probe(log, "a"), probe(log, "c")])
        with trio.CancelScope() as scope:
            scope.cancel()
            await kernel.run(root)
        assert log.of("up") == []
        assert kernel.registry.tree().state == "stopped"


@pytest.mark.parametrize("nested", [True, False])
async def test_a_child_that_is_stopped_while_it_is_made_never_comes_up(autojump_clock: Any, nested: bool) -> None:
    log = Log()

    def start() -> Supervisor | Probe:
        root.stop()
        return Supervisor(probes(log, "ab")) if nested else Probe("a", log)

    root = Supervisor([ChildSpec[Any](name="made", start=start), probe(log, "c")])
    kernel = Kernel(clock=Clock(), dice=Dice(), on_trouble=lambda path, error: None)
    await kernel.run(root)
    assert log.of("up") == []
    assert [child.state for child in kernel.registry.tree().children] == ["stopped", "stopped"]


async def test_dependents_are_down_one_by_one_before_the_crashed_one_comes_back(autojump_clock: Any) -> None:
    log = Log()

    async def linger() -> None:
        await trio.sleep(3)
        log.events.append(("gone", ""))

    specs = [probe(log, "a"), probe(log, "b", stopping=linger), probe(log, "c", stopping=linger)]
    root = Supervisor(specs, strategy="rest_for_one", backoff=EVEN)
    async with running(root) as world:
        log.clear()
        await specs[0].address.tell(Crash())
        await trio.sleep(2)
        world.nursery.start_soon(root.add, probe(log, "d"))  # gives it an occasion to look again
        await trio.sleep(10)
        assert [name for _, name in log.of("down", "gone", "up")] == ["a", "c", "", "b", "", "a", "b", "c", "d"]


def test_names_are_checked() -> None:
    log = Log()
    for name in ("", "a/b"):
        with pytest.raises(ValueError, match="name"):
            probe(log, name)
