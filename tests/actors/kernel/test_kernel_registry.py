"""The tree as an operator sees it."""

from typing import Any

import msgspec
import pytest
import trio
from kernel_world import Clock, Crash, Dice, Log, Mark, Order, Ping, Probe, Work, running

from actors.kernel import Backoff, ChildSpec, Kernel, NoSuchActor, Supervisor, TreeEntry
from actors.kernel.registry import DETAIL_CHARS_MAX, describe


def tree(log: Log) -> tuple[Supervisor, ChildSpec[Order]]:
    courier: ChildSpec[Order] = ChildSpec(
        name="courier:slack", start=lambda: Probe("courier", log), mailbox_capacity=3, restart="permanent"
    )
    tenant = ChildSpec[Any](name="acme", start=lambda: Supervisor([courier], backoff=Backoff(first_s=9, jitter=0)))
    return Supervisor([tenant]), courier


async def test_a_path_leads_to_state_times_and_mailbox(autojump_clock: Any) -> None:
    root, courier = tree(Log())
    async with running(root) as world:
        registry = world.kernel.registry
        await trio.sleep(100)
        await courier.address.tell(Crash("no"))
        await trio.sleep(5)
        courier.address.note(Mark(1))
        entry = registry.entry("root/acme/courier:slack")
        assert (entry.name, entry.kind, entry.state, entry.since_us) == (
            "courier:slack",
            "actor",
            "backing_off",
            100_000_000,
        )
        assert entry.last_error is not None
        assert (entry.last_error.type, entry.last_error.detail, entry.last_error.at_us) == ("Boom", "no", 100_000_000)
        assert entry.mailbox is not None
        assert (entry.mailbox.depth, entry.mailbox.capacity, entry.mailbox.lost) == (1, 3, 1)
        await trio.sleep(5)
        later = registry.entry("root/acme/courier:slack")
        assert (later.state, later.since_us, later.restarts) == ("running", 109_000_000, 1)
        assert later.last_error == entry.last_error
        assert registry.tree().children[0].children == (later,)


async def test_the_tree_goes_over_the_wire(autojump_clock: Any) -> None:
    root, _ = tree(Log())
    async with running(root) as world:
        whole = world.kernel.registry.tree()
        assert msgspec.json.decode(msgspec.json.encode(whole), type=TreeEntry) == whole


async def test_an_address_by_path(autojump_clock: Any) -> None:
    root, courier = tree(Log())
    async with running(root) as world:
        registry = world.kernel.registry
        assert await registry.address("root/acme/courier:slack").ask(Ping) == "courier"
        assert registry.address("root/acme/courier:slack") is courier.address
        for wrong in ("root/acme", "root/acme/nobody", "other", "", "root/acme/courier:slack/x"):
            with pytest.raises(NoSuchActor):
                registry.address(wrong)


async def test_a_restart_by_path_reaches_every_level_but_the_root(autojump_clock: Any) -> None:
    log = Log()
    root, courier = tree(log)
    async with running(root) as world:
        registry = world.kernel.registry
        courier.address.note(Work(3))
        await world.settle()
        assert await registry.restart("root/acme") == "running"
        assert log.events[-4:] == [
            ("worked", "courier"),
            ("down", "courier"),
            ("starting", "courier"),
            ("up", "courier"),
        ]
        assert registry.entry("root/acme").restarts == 1
        with pytest.raises(NoSuchActor):
            await registry.restart("root")
        with pytest.raises(NoSuchActor):
            await registry.restart("root/nobody")


def test_before_the_start_there_is_nothing() -> None:
    kernel = Kernel(clock=Clock(), dice=Dice(), on_trouble=lambda path, error: None)
    with pytest.raises(NoSuchActor):
        kernel.registry.tree()
    with pytest.raises(NoSuchActor):
        kernel.registry.entry("root")


def test_errors_are_described_within_bounds() -> None:
    assert describe(ValueError("short")) == ("ValueError", "short")
    kind, detail = describe(ValueError("x" * 10_000))
    assert (kind, len(detail)) == ("ValueError", DETAIL_CHARS_MAX)
    group = ExceptionGroup("several", [ExceptionGroup("inner", [KeyError("k"), OSError()]), ValueError()])
    assert describe(group) == ("KeyError", "'k' (and 2 more)")
