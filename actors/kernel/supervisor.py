"""A supervisor is only a list of children, a strategy and a budget.

One task looks at all children, makes the moves ``strategy.plan`` finds, and sleeps until something changes. Each life
of a child is a task that never lets a crash out: it ends by telling the supervisor. What happens next is decided in
``_ended``, in one place and without waiting, so a child never has two lives at once.

A child begins in an empty context: under a span it would keep that span for ever. Children are shielded from
cancellation: who cancels a supervisor sees them stopped one by one, last one first, each with its grace; only then does
the cancellation go on.
"""

from collections.abc import Callable, Iterable
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, assert_never

import trio

from actors.kernel.actor import Life
from actors.kernel.budget import Backoff, Budget, Spending
from actors.kernel.child import Child, ChildSpec, Then
from actors.kernel.registry import Node, NoSuchActor, sole
from actors.kernel.strategy import ALIVE, OVER, State, Strategy, plan

if TYPE_CHECKING:
    from actors.kernel.root import Kernel


class Escalated(Exception):
    """A child crashed more often than its supervisor's budget allows. The last crash is the ``__cause__``."""

    def __init__(self, path: str, budget: Budget) -> None:
        super().__init__(f"{path} used up its restarts ({budget.restarts_max} in {budget.period_s:g} s)")
        self.path = path


class DuplicateChild(ValueError):
    """A supervisor already has a child of this name."""


class NotSupervising(RuntimeError):
    """The supervisor has not been started, or is stopping or over."""


class Supervisor:
    """Keeps its children alive. A supervisor object lives once: a spec's ``start`` makes a new one each time.

    Children that are over (temporary ones, transient ones that ended well) stay on the list until removed.
    """

    def __init__(
        self,
        children: Iterable[ChildSpec[Any]] = (),
        *,
        strategy: Strategy = "one_for_one",
        budget: Budget | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._specs = tuple(children)
        self._strategy: Strategy = strategy
        self._budget = budget or Budget()
        self._backoff = backoff or Backoff()
        self._spending = Spending(self._budget)
        self._children: list[Child] = []
        self._changed = trio.Event()
        self._open = False
        self._stop_asked = False
        self._escalated: Escalated | None = None
        self._kernel: Kernel
        self._node: Node
        self._nursery: trio.Nursery

    # ── at run time ──────────────────────────────────────────────────────────────────────────────────

    async def add(self, spec: ChildSpec[Any]) -> State:
        """One more child, after the others. Returns its state once it had its turn: ``running``, or ``backing_off``
        where that failed (``starting``: a supervisor, and a child of its own failed). Raises DuplicateChild,
        MailboxInUse, NotSupervising (also if the supervisor ends meanwhile)."""
        self._check_open()
        return await self._turn(self._enrol(spec))

    async def remove(self, name: str) -> None:
        """Stop a child for good and forget it. Its siblings are left alone, under rest_for_one too."""
        child = self._find(name)
        self._condemn(child, "gone")
        await self._until(lambda: not child.condemned)

    async def replace(self, spec: ChildSpec[Any]) -> State:
        """Stop the child of this name and start ``spec`` in its place; rest_for_one starts those after it anew too.
        Returns as ``add`` does."""
        child = self._find(spec.name)
        if spec.mailbox is not child.spec.mailbox:
            spec.mailbox.adopt()
        self._condemn_dependents(child)
        self._condemn(child, "anew", spec)
        return await self._turn(child)

    async def restart(self, name: str) -> State:
        """Stop a child and start it again at once, also one that backs off or is over; not counted against the
        budget. rest_for_one starts those after it anew too. Returns as ``add`` does."""
        child = self._find(name)
        child.streak = 0
        child.due_s = trio.current_time()
        self._condemn_dependents(child)
        self._condemn(child, "again")
        return await self._turn(child)

    def stop(self) -> None:
        """Stop all children, last one first, and return from ``live``. Does not wait."""
        self._stop_asked = True
        self._open = False
        for child in self._children:
            self._condemn(child, "over")
        self._poke()

    # ── its life ─────────────────────────────────────────────────────────────────────────────────────

    async def live(self, kernel: "Kernel", node: Node, *, up: Callable[[], None], tried: Callable[[], None]) -> None:
        """Run until stopped, cancelled, or out of budget (Escalated). ``up`` once the children had their first turn
        (rest_for_one: are all running); ``tried`` when they have it, or it waits for a clock."""
        self._kernel, self._node = kernel, node
        node.kind = "supervisor"
        node.children = {}
        async with trio.open_nursery() as self._nursery:
            try:
                for spec in self._specs:
                    self._enrol(spec)
                if self._stop_asked:
                    self.stop()
                self._open = not self._stop_asked
                await self._tend(up, tried)
            finally:
                self.stop()
                with trio.CancelScope(shield=True):
                    await self._tend()
        if self._escalated is not None:
            raise self._escalated

    async def _tend(self, up: Callable[[], None] | None = None, tried: Callable[[], None] | None = None) -> None:
        """Make the moves there are, until stopped and all children are down."""
        while True:
            changed = self._changed
            moves = plan(self._children, self._strategy, trio.current_time(), closing=self._stop_asked)
            for child in moves.stop:
                child.move("stopping")
                if child.life is not None:  # else it has not begun: _live will see
                    child.life.stop()
            for child in moves.start:
                self._start_child(child)
            if tried is not None and moves.at_rest:
                tried()
                tried = None
            if up is not None and moves.settled:
                up()
                up = None
            if self._stop_asked and not any(child.state in ALIVE for child in self._children):
                return
            with trio.move_on_at(moves.wake_s):
                await changed.wait()

    def _start_child(self, child: Child) -> None:
        child.node.starts += 1
        child.up_at_s = None
        child.turned = False
        child.move("starting")
        Context().run(partial(self._nursery.start_soon, self._keep, child, name=child.node.path))

    async def _keep(self, child: Child) -> None:
        """One life of a child, from making it to its end. Lets out only what means to end the process."""
        crash: Exception | None = None
        try:
            with trio.CancelScope(shield=True):
                await self._live(child)
        except Exception as error:  # noqa: BLE001  # every crash of a child ends here: reported and decided in _ended
            crash = sole(error)
        except BaseException:
            self._condemn(child, "over")
            self._ended(child, None)
            raise
        self._ended(child, crash)

    async def _live(self, child: Child) -> None:
        spec, node = child.spec, child.node
        made = spec.start()
        if isinstance(made, Supervisor):
            child.life = made
            spec.mailbox.close()
            running = partial(
                made.live, self._kernel, node, up=partial(self._up, child), tried=partial(self._tried, child)
            )
        else:
            node.kind = "actor"
            report = partial(self._trouble, child)
            life = Life(made, spec.mailbox, path=node.path, start_s=spec.start_s, grace_s=spec.grace_s, report=report)
            child.life = life
            running = partial(life.live, partial(self._up, child))
        if child.condemned:
            child.life.stop()
        await running()

    # ── what is heard of children ────────────────────────────────────────────────────────────────────

    def _tried(self, child: Child) -> None:
        child.tried = child.turned = True
        self._poke()

    def _up(self, child: Child) -> None:
        child.up_at_s = trio.current_time()
        if child.state == "starting":
            child.move("running")
        self._tried(child)

    def _trouble(self, child: Child, error: Exception) -> None:
        child.node.trouble(error, child.life.in_hand if isinstance(child.life, Life) else "")
        self._kernel.on_trouble(child.node.path, error)

    def _ended(self, child: Child, crash: Exception | None) -> None:
        """A life is over: decide what becomes of the child, and of those that depend on it."""
        if crash is not None:
            self._trouble(child, crash)
        child.life = None
        if child.condemned:  # a crash on the way down is reported but not counted: nothing hangs on it any more
            self._put_down(child)
        elif child.spec.restart == "temporary" or (child.spec.restart == "transient" and crash is None):
            self._bury(child, "stopped" if crash is None else "failed")
        else:
            self._try_again(child, crash)
        self._tried(child)

    def _try_again(self, child: Child, crash: Exception | None) -> None:
        now_s = trio.current_time()
        if not self._spending.spend(now_s):
            self._escalated = Escalated(self._node.path, self._budget)
            self._escalated.__cause__ = crash
            self._bury(child, "failed")
            self.stop()
            return
        ran_s = 0.0 if child.up_at_s is None else now_s - child.up_at_s
        child.streak = self._backoff.streak_after(child.streak, ran_s)
        child.due_s = now_s + self._backoff.delay_s(child.streak, self._kernel.dice.random())
        child.streak += 1
        child.move("backing_off")
        self._condemn_dependents(child)

    # ── going down ───────────────────────────────────────────────────────────────────────────────────

    def _condemn(self, child: Child, then: Then, successor: ChildSpec[Any] | None = None) -> None:
        """It is to go down, if it is not down already; of two such wishes the later one counts."""
        if child.successor is not None and child.successor.mailbox is not child.spec.mailbox:
            child.successor.mailbox.close()
        child.then, child.successor = then, successor
        if child.state in ALIVE:
            child.condemned = True
        else:
            self._put_down(child)
        self._poke()

    def _condemn_dependents(self, child: Child) -> None:
        """Under rest_for_one, those after it go down and are started again; wishes made before stay."""
        if self._strategy == "rest_for_one":
            for later in self._children[self._children.index(child) + 1 :]:
                if later.state in ALIVE and not later.condemned:
                    self._condemn(later, "over" if later.spec.restart == "temporary" else "again")

    def _put_down(self, child: Child) -> None:
        """It is down, as was wished. Now for what was to follow."""
        child.condemned = False
        match child.then:
            case "again":
                if child.state in OVER:
                    child.spec.mailbox.adopt()
                child.move("waiting")
            case "over":
                if child.state not in OVER:
                    self._bury(child, "stopped")
            case "gone":
                self._children.remove(child)
                del self._node.children[child.name]
                self._bury(child, "stopped")
            case "anew":
                self._succeed(child)
            case _ as never:
                assert_never(never)

    def _bury(self, child: Child, state: Literal["stopped", "failed"]) -> None:
        child.move(state)
        child.spec.mailbox.close()

    # ── coming up ────────────────────────────────────────────────────────────────────────────────────

    def _enrol(self, spec: ChildSpec[Any]) -> Child:
        if spec.name in self._node.children:
            raise DuplicateChild(f"{self._node.path} already has a child {spec.name}")
        spec.mailbox.adopt()
        child = Child(spec, self._place(spec))
        self._children.append(child)
        self._poke()
        return child

    def _succeed(self, child: Child) -> None:
        """The successor takes the child's place, and its mailbox where the spec was made so."""
        old, new = child.spec.mailbox, child.successor or child.spec
        if new.mailbox is not old:
            old.close()
        elif child.state in OVER:
            old.adopt()
        child.spec, child.successor = new, None
        child.node, child.state = self._place(new), "waiting"
        child.due_s, child.streak = trio.current_time(), 0

    def _place(self, spec: ChildSpec[Any]) -> Node:
        node = Node(spec.name, f"{self._node.path}/{spec.name}", self._kernel.clock, owner=self)
        node.mailbox = spec.mailbox
        spec.mailbox.name = node.path
        self._node.children[spec.name] = node
        return node

    # ── waiting ──────────────────────────────────────────────────────────────────────────────────────

    def _poke(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def _turn(self, child: Child) -> State:
        """Wait until its turn has come to a result."""
        await self._until(lambda: child.turned and not child.condemned and child.state not in ("waiting", "stopping"))
        return child.state

    async def _until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._check_open()
            await self._changed.wait()

    def _check_open(self) -> None:
        if not self._open:
            raise NotSupervising("the supervisor is not running")

    def _find(self, name: str) -> Child:
        self._check_open()
        for child in self._children:
            if child.name == name:
                return child
        raise NoSuchActor(f"{self._node.path} has no child {name}")
