"""The tree of all supervisors and actors, as an operator sees it: who, in which state, since when, with what trouble.

Supervisors write it as things happen; ``tree`` copies it out. A path is the names from the root on, joined by
slashes: ``root/acme/courier:slack``.
"""

from collections.abc import Iterator
from typing import Any, Literal, Protocol

import msgspec

from actors.kernel.mailbox import Address, Mailbox, MailboxGauge
from actors.kernel.strategy import State
from actors.ports import Clock

DETAIL_CHARS_MAX = 300


class NoSuchActor(LookupError):
    """No supervisor or actor has this name or path."""


class LastError(msgspec.Struct, frozen=True, kw_only=True):
    """The last thing that went wrong: type and text, never a traceback. ``handling`` is the type of the message that
    was in hand and is lost, where there was one."""

    type: str
    detail: str
    at_us: int
    handling: str = ""


class TreeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor or an actor. ``since_us`` is when it came into its state; ``restarts`` counts its starts but the
    first, for whatever reason."""

    path: str
    name: str
    kind: Literal["actor", "supervisor"]
    state: State
    since_us: int
    restarts: int
    mailbox: MailboxGauge | None = None
    last_error: LastError | None = None
    children: tuple["TreeEntry", ...] = ()


class Restarter(Protocol):
    """A supervisor, as far as the registry uses it."""

    async def restart(self, name: str) -> State: ...


class Node:
    """A place in the tree, written by the supervisor that owns it."""

    __slots__ = ("_clock", "children", "kind", "last_error", "mailbox", "name", "owner", "path", "since_us", "starts",
                 "state")  # fmt: skip

    def __init__(self, name: str, path: str, clock: Clock, owner: Restarter | None = None) -> None:
        self.name = name
        self.path = path
        self.owner = owner
        self.kind: Literal["actor", "supervisor"] = "actor"
        self.state: State = "waiting"
        self.since_us = clock.now_us()
        self.starts = 0
        self.mailbox: Mailbox[Any] | None = None
        self.last_error: LastError | None = None
        self.children: dict[str, Node] = {}
        self._clock = clock

    def move(self, state: State) -> None:
        self.state = state
        self.since_us = self._clock.now_us()

    def trouble(self, error: BaseException, handling: str = "") -> None:
        kind, detail = describe(error)
        self.last_error = LastError(type=kind, detail=detail, at_us=self._clock.now_us(), handling=handling)

    @property
    def restarts(self) -> int:
        return max(0, self.starts - 1)

    def walk(self) -> Iterator["Node"]:
        """Itself and everybody below."""
        yield self
        for child in self.children.values():
            yield from child.walk()

    def entry(self) -> TreeEntry:
        return TreeEntry(
            path=self.path,
            name=self.name,
            kind=self.kind,
            state=self.state,
            since_us=self.since_us,
            restarts=self.restarts,
            mailbox=self.mailbox.gauge() if self.mailbox is not None and self.kind == "actor" else None,
            last_error=self.last_error,
            children=tuple(child.entry() for child in self.children.values()),
        )


class Registry:
    """Look-up by path. Empty until the root supervisor runs."""

    def __init__(self) -> None:
        self.root: Node | None = None

    def tree(self) -> TreeEntry:
        """Everything, children in the order of their specs. Raises NoSuchActor before there is a root."""
        if self.root is None:
            raise NoSuchActor("nothing has been started yet")
        return self.root.entry()

    def nodes(self) -> Iterator[Node]:
        """Every place in the tree, for whoever looks often and at little of each. Nothing before there is a root."""
        return iter(()) if self.root is None else self.root.walk()

    def entry(self, path: str) -> TreeEntry:
        """One place and all below it. Raises NoSuchActor."""
        return self._node(path).entry()

    def address(self, path: str) -> Address[Any]:
        """An actor's mailbox; look it up anew for each use where whole subtrees may be replaced. Raises NoSuchActor."""
        node = self._node(path)
        if node.mailbox is None or node.kind != "actor":
            raise NoSuchActor(f"{path} is a supervisor and has no mailbox")
        return node.mailbox.address

    async def restart(self, path: str) -> State:
        """Stop it and start it again, as ``Supervisor.restart``. Raises NoSuchActor, also for the root."""
        node = self._node(path)
        if node.owner is None:
            raise NoSuchActor(f"{path} is the root: nobody could start it again")
        return await node.owner.restart(node.name)

    def _node(self, path: str) -> Node:
        first, *rest = path.split("/")
        node = self.root
        if node is None or node.name != first:
            raise NoSuchActor(f"there is no {path}")
        for name in rest:
            child = node.children.get(name)
            if child is None:
                raise NoSuchActor(f"there is no {path}")
            node = child
        return node


def sole(error: Exception) -> Exception:
    """The error itself, where it is the only one in a group (trio's nurseries raise groups)."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def describe(error: BaseException) -> tuple[str, str]:
    """Type and text of an error, cut to a bound. Of a group, its first member's, and how many more there are."""
    more = 0
    while isinstance(error, BaseExceptionGroup):
        more += len(error.exceptions) - 1
        error = error.exceptions[0]
    detail = str(error)
    if len(detail) > DETAIL_CHARS_MAX:
        detail = detail[: DETAIL_CHARS_MAX - 1] + "…"
    return type(error).__name__, f"{detail} (and {more} more)" if more else detail
