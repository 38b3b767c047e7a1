"""One actor's life: the order of its hooks, its context, its grace, and its own tasks."""

from contextvars import ContextVar
from typing import Any

import anyio
import pytest
import trio
from kernel_world import Boom, Crash, CrashInTask, Finish, Keep, Log, Mark, Order, Ping, Probe, Work, running
from trio.testing import wait_all_tasks_blocked

from actors.kernel import (
    Actor,
    ActorDied,
    Backoff,
    ChildSpec,
    Envelope,
    GraceExceeded,
    Mailbox,
    StartTooSlow,
    Supervisor,
    current_envelope,
)

span: ContextVar[str] = ContextVar("span", default="none")
SLOW = Backoff(first_s=100, max_s=1000, jitter=0)


def probe(log: Log, name: str = "a", *, grace_s: float = 10, start_s: float = 30, **hooks: Any) -> ChildSpec[Order]:
    return ChildSpec(name=name, start=lambda: Probe(name, log, **hooks), grace_s=grace_s, start_s=start_s)


class Listener(Actor[str]):
    """Notes in which context it and its tasks run."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[str, str]] = {}
        self.told = trio.Event()

    def look(self, where: str) -> None:
        envelope = current_envelope()
        self.seen[where] = (span.get(), "" if envelope is None else envelope.correlation_id)

    async def task(self) -> None:
        self.look("task")
        self.told.set()
        await trio.sleep_forever()

    async def started(self) -> None:
        self.look("started")

    async def receive(self, message: str) -> None:
        self.look("receive")
        with anyio.CancelScope():  # the runtime is found without a context
            await anyio.lowlevel.checkpoint()
        token = span.set("of the message")
        self.spawn(self.task)
        span.reset(token)

    async def stopping(self) -> None:
        self.look("stopping")


async def test_actors_and_their_tasks_begin_in_an_empty_context(autojump_clock: Any) -> None:
    listener = Listener()
    spec: ChildSpec[str] = ChildSpec(name="listener", start=lambda: listener)
    span.set("of the test")
    async with running(Supervisor([spec])):
        await spec.address.tell("hello", correlation_id="c1")
        await listener.told.wait()
    assert listener.seen == {
        "started": ("none", ""),
        "receive": ("none", "c1"),
        "task": ("none", ""),
        "stopping": ("none", ""),
    }


async def test_a_message_sent_while_handling_another_carries_its_trace_on(autojump_clock: Any) -> None:
    box: Mailbox[str] = Mailbox(4)

    class Relay(Actor[str]):
        async def receive(self, message: str) -> None:
            await box.address.tell(message)
            box.address.note(message, correlation_id="other", traceparent="")

    spec: ChildSpec[str] = ChildSpec(name="relay", start=Relay)
    async with running(Supervisor([spec])):
        await spec.address.tell("x", correlation_id="c1", traceparent="00-1-2-01")
        first, second = await box.take(), await box.take()
    assert (first.correlation_id, first.traceparent) == ("c1", "00-1-2-01")
    assert (second.correlation_id, second.traceparent) == ("other", "")


async def test_messages_are_handled_one_at_a_time_in_order(autojump_clock: Any) -> None:
    log = Log()
    spec = probe(log)
    async with running(Supervisor([spec])):
        for value in range(200):
            await spec.address.tell(Mark(value))
        assert await spec.address.ask(Ping) == "a"
    assert log.marks == list(range(200))
    assert log.events == [("starting", "a"), ("up", "a"), ("down", "a")]


async def test_a_crash_in_an_own_task_is_a_crash_of_the_actor(autojump_clock: Any) -> None:
    log = Log()
    spec = probe(log)
    async with running(Supervisor([spec], backoff=SLOW)) as world:
        await spec.address.tell(CrashInTask())
        await world.settle()
        assert log.events == [("starting", "a"), ("up", "a"), ("down", "a")]
        entry = world.kernel.registry.entry("root/a")
        assert entry.state == "backing_off"
        assert entry.last_error is not None
        assert (entry.last_error.type, entry.last_error.detail, entry.last_error.handling) == (
            "Boom",
            "in a task",
            "",
        )
        assert [(path, type(error)) for path, error in world.troubles] == [("root/a", Boom)]


async def test_the_message_that_crashed_it_is_lost_and_counted_and_the_rest_survives(autojump_clock: Any) -> None:
    log = Log()
    spec = probe(log)
    async with running(Supervisor([spec])) as world:
        for message in (Mark(1), Crash("poison"), Mark(2), Mark(3)):
            spec.address.note(message)
        assert await spec.address.ask(Ping) == "a"
        entry = world.kernel.registry.entry("root/a")
    assert log.marks == [1, 2, 3]
    assert entry.mailbox is not None
    assert (entry.restarts, entry.mailbox.lost) == (1, 1)
    assert entry.last_error is not None
    assert (entry.last_error.handling, entry.last_error.detail) == ("Crash", "poison")


async def test_who_asked_an_actor_that_dies_is_told(autojump_clock: Any) -> None:
    class Brittle(Actor[Ping]):
        async def receive(self, message: Ping) -> None:
            raise Boom

    spec: ChildSpec[Ping] = ChildSpec(name="brittle", start=Brittle)
    async with running(Supervisor([spec], backoff=SLOW)):
        with pytest.raises(ActorDied):
            await spec.address.ask(Ping, deadline_s=50)
        assert trio.current_time() == 0


async def test_a_question_put_aside_fails_when_the_actor_dies_later(autojump_clock: Any) -> None:
    log = Log()
    spec = probe(log)
    async with running(Supervisor([spec], backoff=SLOW)):

        async def crash_later() -> None:
            await wait_all_tasks_blocked()
            await spec.address.tell(Crash())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(crash_later)
            with pytest.raises(ActorDied):
                await spec.address.ask(Keep, deadline_s=50)


async def test_a_question_in_the_queue_is_answered_by_the_next_life(autojump_clock: Any) -> None:
    log = Log()
    spec = probe(log)
    async with running(Supervisor([spec], backoff=Backoff(first_s=3, jitter=0))):
        spec.address.note(Crash())
        assert await spec.address.ask(Ping) == "a"
        assert trio.current_time() == pytest.approx(3)


async def test_answering_twice_crashes_the_actor(autojump_clock: Any) -> None:
    class Eager(Actor[Ping]):
        async def receive(self, message: Ping) -> None:
            message.reply("one")
            message.reply("two")

    spec: ChildSpec[Ping] = ChildSpec(name="eager", start=Eager)
    async with running(Supervisor([spec], backoff=SLOW)) as world:
        assert await spec.address.ask(Ping) == "one"
        await world.settle()
        assert [type(error).__name__ for _, error in world.troubles] == ["AnsweredTwice"]


async def test_stop_lets_the_message_in_hand_finish(autojump_clock: Any) -> None:
    log = Log()
    spec = probe(log, grace_s=5)
    async with running(Supervisor([spec])) as world:
        spec.address.note(Work(4))
        spec.address.note(Mark(1))
        await world.settle()
    assert log.events[-2:] == [("worked", "a"), ("down", "a")]
    assert log.marks == []
    assert spec.mailbox.depth == 1
    assert trio.current_time() == pytest.approx(4)


async def test_stop_cuts_a_message_that_outlasts_the_grace(autojump_clock: Any) -> None:
    log = Log()
    spec = probe(log, grace_s=5)
    async with running(Supervisor([spec])) as world:
        spec.address.note(Work(50))
        await world.settle()
    assert log.events[-1] == ("down", "a")
    assert spec.mailbox.lost == 1
    assert [type(error) for _, error in world.troubles] == [GraceExceeded]
    assert trio.current_time() == pytest.approx(5)


async def test_stopping_is_cut_after_the_grace(autojump_clock: Any) -> None:
    log = Log()
    spec = probe(log, grace_s=5, stopping=trio.sleep_forever)
    async with running(Supervisor([spec])) as world:
        pass
    assert [type(error) for _, error in world.troubles] == [GraceExceeded]
    assert trio.current_time() == pytest.approx(5)


async def test_own_tasks_are_alive_while_stopping_and_gone_afterwards(autojump_clock: Any) -> None:
    order: list[str] = []

    class Pumping(Actor[str]):
        async def pump(self) -> None:
            try:
                await self.asked.wait()
                order.append("pumped")
                self.drained.set()
                await trio.sleep_forever()
            finally:
                order.append("pump gone")

        async def started(self) -> None:
            self.asked, self.drained = trio.Event(), trio.Event()
            self.spawn(self.pump)

        async def receive(self, message: str) -> None:
            order.append(message)

        async def stopping(self) -> None:
            self.asked.set()
            await self.drained.wait()
            order.append("stopping")

    async with running(Supervisor([ChildSpec(name="pumping", start=Pumping)])) as world:
        await world.settle()
    assert order == ["pumped", "stopping", "pump gone"]


async def test_a_crash_in_stopping_is_reported_and_hides_nothing(autojump_clock: Any) -> None:
    log = Log()

    async def fail() -> None:
        raise LookupError("while stopping")

    spec = probe(log, stopping=fail)
    async with running(Supervisor([spec], backoff=SLOW)) as world:
        await spec.address.tell(Crash("first"))
        await world.settle()
        assert world.state("root/a") == "backing_off"
    assert [str(error) for _, error in world.troubles] == ["while stopping", "first"]


async def test_a_slow_start_is_a_crash(autojump_clock: Any) -> None:
    log = Log()
    spec = probe(log, start_s=7, starting=trio.sleep_forever)
    async with running(Supervisor([spec], backoff=SLOW)) as world:
        assert trio.current_time() == pytest.approx(7)
        assert [type(error) for _, error in world.troubles] == [StartTooSlow]
    assert log.of("down") == [], "stopping is for those that were up"


async def test_cancellation_during_started_ends_it_at_once(autojump_clock: Any) -> None:
    log = Log()
    troubles: list[object] = []
    spec = probe(log, starting=trio.sleep_forever)

    async def run() -> None:
        async with running(Supervisor([spec])) as world:
            troubles.append(world)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await wait_all_tasks_blocked()
        assert log.events == [("starting", "a")]
        nursery.cancel_scope.cancel()
    assert trio.current_time() == 0
    assert log.events == [("starting", "a")]
    assert log.alive == {"a": 0}
    assert troubles == []


async def test_finish_ends_a_transient_child_for_good(autojump_clock: Any) -> None:
    log = Log()
    spec: ChildSpec[Order] = ChildSpec(name="a", start=lambda: Probe("a", log), restart="transient")
    async with running(Supervisor([spec])) as world:
        await spec.address.tell(Finish())
        await world.settle()
        assert world.state("root/a") == "stopped"
        with pytest.raises(ActorDied):
            await spec.address.tell(Mark(1))
    assert log.events == [("starting", "a"), ("up", "a"), ("down", "a")]


def test_an_envelope_has_no_trace_unless_given() -> None:
    envelope = Envelope("x")
    assert (envelope.traceparent, envelope.correlation_id, envelope.reply) == ("", "", None)
