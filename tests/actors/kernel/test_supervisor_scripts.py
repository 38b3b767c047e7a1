"""Supervisors under random scripts of crashes, ends, requests and time, against a naive model of the rules.

The model knows for each child only whether it is over and from when on it may run; what should be running, what must
have gone down and come up, and in which order, follows from that.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_world import Clock, Crash, CrashInTask, Dice, Finish, Log, Mark, Order, Probe
from sizes import examples
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.kernel import Backoff, Budget, ChildSpec, Escalated, Kernel, NotSupervising, Restart, Strategy, Supervisor

DELAY_S = 1.0
PERIOD_S = 4.0

restarts = st.sampled_from(["permanent", "permanent", "transient", "temporary"])
steps = st.one_of(
    st.tuples(st.sampled_from(["crash", "crash", "crash in task", "finish", "mark", "restart"]), st.integers(0, 5)),
    st.tuples(st.just("sleep"), st.integers(1, 8)),
    st.tuples(st.just("remove"), st.integers(0, 5)),
    st.tuples(st.just("add"), restarts),
)


@dataclass
class Modelled:
    name: str
    restart: Restart
    spec: ChildSpec[Order]
    due_s: float = 0.0
    over: bool = False
    accepted: int = 0


@dataclass
class Model:
    strategy: Strategy
    restarts_max: int
    children: list[Modelled]
    spent: list[float] = field(default_factory=list)
    escalated: bool = False

    def running(self, now_s: float) -> list[Modelled]:
        """Who should be up, in order."""
        up, held_up = [], False
        for child in self.children:
            if child.over or (held_up and self.strategy == "rest_for_one"):
                continue
            if child.due_s <= now_s:
                up.append(child)
            else:
                held_up = True
        return up

    def dependents(self, child: Modelled, now_s: float) -> list[Modelled]:
        """Who must go down with it, in the order of going down."""
        if self.strategy == "one_for_one":
            return []
        after = self.children[self.children.index(child) + 1 :]
        return [other for other in reversed(self.running(now_s)) if other in after]

    def end(self, child: Modelled, now_s: float, crashed: bool) -> list[str]:
        """A running child ended of its own accord. The names that go down, in order."""
        running = self.running(now_s)
        dependents = self.dependents(child, now_s)
        if child.restart == "temporary" or (child.restart == "transient" and not crashed):
            child.over = True
            return [child.name]
        if len([at for at in self.spent if now_s - at < PERIOD_S]) >= self.restarts_max:
            self.escalated = True
            return [child.name, *(other.name for other in reversed(running) if other is not child)]
        self.spent.append(now_s)
        child.due_s = now_s + DELAY_S
        return [child.name, *self.take_along(dependents)]

    def restarted(self, child: Modelled, now_s: float) -> list[str]:
        dependents = self.dependents(child, now_s)
        own = [child.name] if child in self.running(now_s) else []
        child.over, child.due_s = False, now_s
        return [*self.take_along(dependents), *own]

    def take_along(self, dependents: list[Modelled]) -> list[str]:
        for other in dependents:
            other.over = other.restart == "temporary"
        return [other.name for other in dependents]


class Stage:
    """The real supervisor beside the model."""

    def __init__(self, strategy: Strategy, restarts_max: int, kinds: list[Restart]) -> None:
        self.log = Log()
        self.made: list[Modelled] = []
        self.model = Model(strategy, restarts_max, [])
        self.model.children = [self.make(kind) for kind in kinds]
        self.sent = 0
        self.supervisor = Supervisor(
            [child.spec for child in self.model.children],
            strategy=strategy,
            budget=Budget(restarts_max, PERIOD_S),
            backoff=Backoff(first_s=DELAY_S, factor=1, jitter=0),
        )
        self.kernel = Kernel(clock=Clock(), dice=Dice(), on_trouble=lambda path, error: None)
        self.raised: list[Escalated] = []

    def make(self, kind: Restart) -> Modelled:
        name = f"c{len(self.made)}"
        spec: ChildSpec[Order] = ChildSpec(name=name, start=lambda: Probe(name, self.log), restart=kind)
        self.made.append(Modelled(name, kind, spec))
        return self.made[-1]

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        try:
            await self.kernel.run(self.supervisor, task_status=task_status)
        except Escalated as error:
            self.raised.append(error)

    async def request(self, function: Callable[..., Awaitable[object]], argument: object) -> None:
        """A request may outlast the supervisor, but then only because that gave up."""
        try:
            await function(argument)
        except NotSupervising:
            assert self.model.escalated

    def act(self, nursery: trio.Nursery, act: str, argument: object) -> list[str]:
        """Do it to the real one and to the model. The names that must go down, in order."""
        now_s, model = trio.current_time(), self.model
        if act == "add":
            child = self.make(argument)  # type: ignore[arg-type]  # add comes with a restart
            child.due_s = now_s
            model.children.append(child)
            nursery.start_soon(self.request, self.supervisor.add, child.spec)
            return []
        if not model.children:
            return []
        child = model.children[int(str(argument)) % len(model.children)]
        up = child in model.running(now_s)
        match act:
            case "mark":
                self.sent += 1
                if child.spec.address.note(Mark(self.sent)):
                    child.accepted += 1
            case "restart":
                nursery.start_soon(self.request, self.supervisor.restart, child.name)
                return model.restarted(child, now_s)
            case "remove":
                nursery.start_soon(self.request, self.supervisor.remove, child.name)
                model.children.remove(child)
                return [child.name] if up else []
            case "crash" | "crash in task" | "finish" if up:
                orders: dict[str, Order] = {"crash": Crash(), "crash in task": CrashInTask(), "finish": Finish()}
                assert child.spec.address.note(orders[act])
                return model.end(child, now_s, crashed=act != "finish")
        return []

    def check(self, downs: list[str]) -> None:
        now_s = trio.current_time()
        assert [name for _, name in self.log.of("down")] == downs
        assert bool(self.raised) == self.model.escalated
        assert self.log.most_alive <= 1
        if self.model.escalated:
            assert not any(self.log.alive.values())
            return
        expected = [child.name for child in self.model.running(now_s)]
        entries = self.kernel.registry.tree().children
        assert [entry.name for entry in entries] == [child.name for child in self.model.children]
        assert [entry.name for entry in entries if entry.state == "running"] == expected
        assert [name for name, lives in self.log.alive.items() if lives] == [
            name for name in self.log.alive if name in expected
        ]
        ups = [name for _, name in self.log.of("up")]
        if self.model.strategy == "rest_for_one":
            assert ups == [child.name for child in self.model.children if child.name in ups], "in the order of specs"

    def check_mail(self) -> None:
        """What is up has handled all that was accepted for it; the others still hold it. Nothing is lost."""
        for child in self.model.running(trio.current_time()):
            assert child.spec.mailbox.depth == 0
        waiting = sum(child.spec.mailbox.depth for child in self.made)
        assert len(self.log.marks) + waiting == sum(child.accepted for child in self.made)
        assert len(set(self.log.marks)) == len(self.log.marks)


@given(
    strategy=st.sampled_from(["one_for_one", "rest_for_one"]),
    restarts_max=st.integers(0, 4),
    kinds=st.lists(restarts, min_size=1, max_size=4),
    script=st.lists(steps, max_size=25),
)
@settings(max_examples=examples(60), deadline=None)
def test_any_script_of_crashes(
    strategy: Strategy, restarts_max: int, kinds: list[Restart], script: list[tuple[str, object]]
) -> None:
    async def play() -> None:
        stage = Stage(strategy, restarts_max, kinds)
        tasks = trio.lowlevel.current_statistics().tasks_living
        async with trio.open_nursery() as nursery:
            await nursery.start(stage.run)
            assert stage.log.of("up") == [("up", child.name) for child in stage.model.children]
            for act, argument in script:
                stage.log.clear()
                if act == "sleep":
                    await trio.sleep(int(str(argument)) / 4)
                    downs: list[str] = []
                else:
                    downs = stage.act(nursery, act, argument)
                await wait_all_tasks_blocked()
                stage.check(downs)
                if stage.model.escalated:
                    break
            else:
                stage.check_mail()
            stage.log.clear()
            nursery.cancel_scope.cancel()
        up = [] if stage.model.escalated else stage.model.running(trio.current_time())
        assert stage.log.of("down") == [("down", child.name) for child in reversed(up)]
        assert not any(stage.log.alive.values())
        assert trio.lowlevel.current_statistics().tasks_living == tasks

    trio.run(play, clock=MockClock(autojump_threshold=0))
