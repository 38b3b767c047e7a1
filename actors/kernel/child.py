"""What a supervisor is told about a child, and what it remembers of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal

from actors.kernel.actor import Actor, Life
from actors.kernel.mailbox import Address, M, Mailbox
from actors.kernel.registry import Node
from actors.kernel.strategy import State

if TYPE_CHECKING:
    from actors.kernel.supervisor import Supervisor

Restart = Literal["permanent", "transient", "temporary"]
"""Start it again: always; only after a crash; never."""
Then = Literal["again", "over", "gone", "anew"]
"""What becomes of a child once it is down: started again, kept on the list as it is, taken off the list, or started
from its successor's spec."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChildSpec(Generic[M]):
    """A child to be: ``start`` makes a fresh actor or supervisor for each life, and does no more than that.

    The mailbox is made with the spec, so ``address`` is good before the child is, and through all its restarts.
    ``dataclasses.replace`` hands the same mailbox on; a supervisor's mailbox is never used. ``start_s`` bounds
    ``started``; ``grace_s`` bounds, one after the other, the message in hand at a stop and ``stopping``.
    """

    name: str
    start: "Callable[[], Actor[M] | Supervisor]"
    restart: Restart = "permanent"
    mailbox_capacity: int = 64
    start_s: float = 30.0
    grace_s: float = 10.0
    mailbox: Mailbox[M] = field(default=None, repr=False)  # type: ignore[arg-type]  # made in __post_init__

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name:
            raise ValueError(f"a child's name is not empty and has no slash: {self.name!r}")
        if not (self.start_s > 0 and self.grace_s >= 0):
            raise ValueError(f"{self.name}: start_s must be above 0, grace_s at least 0")
        if self.mailbox is None:
            object.__setattr__(self, "mailbox", Mailbox(self.mailbox_capacity, self.name))

    @property
    def address(self) -> Address[M]:
        """The sending end of its mailbox."""
        return self.mailbox.address


@dataclass(eq=False, slots=True)
class Child:
    """A supervisor's own note on one child."""

    spec: ChildSpec[Any]
    node: Node
    due_s: float = float("-inf")
    """Not to be started before."""
    tried: bool = False
    """It had its first turn, with whatever success."""
    turned: bool = False
    """Its latest turn has come to a result."""
    condemned: bool = False
    """It is to go down, or is going; ``then`` says what follows."""
    then: Then = "again"
    successor: ChildSpec[Any] | None = None
    streak: int = 0
    """Crashes in a row, for the backoff."""
    up_at_s: float | None = None
    life: "Life[Any] | Supervisor | None" = None

    state: State = "waiting"

    def move(self, state: State) -> None:
        self.state = state
        self.node.move(state)

    @property
    def name(self) -> str:
        return self.spec.name
