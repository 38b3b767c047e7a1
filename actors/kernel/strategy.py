"""Who may be started and who stopped, now. Pure: a supervisor's children in, the next moves out.

Children stand in the order of their specs. They start in that order and stop in the reverse. Under ``one_for_one`` a
crash concerns one child; under ``rest_for_one`` the children after it as well, which depend on it: they are stopped
first, last one first, and started after it again, in order. Nobody stops together with another then, nor while the
whole supervisor goes down.
"""

from collections.abc import Sequence
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

State = Literal["waiting", "starting", "running", "stopping", "backing_off", "stopped", "failed"]
"""``waiting``: to be started when its turn comes. ``backing_off``: crashed, to be started at its time. ``stopped``
and ``failed``: will not be started again unless asked for; it ended normally, or with an error."""
Strategy = Literal["one_for_one", "rest_for_one"]

ALIVE: frozenset[State] = frozenset({"starting", "running", "stopping"})
OVER: frozenset[State] = frozenset({"stopped", "failed"})
_TO_START: frozenset[State] = frozenset({"waiting", "backing_off"})
_QUIET: frozenset[State] = frozenset({"running", "stopped", "failed"})


class Slot(Protocol):
    """What planning needs to know of a child."""

    @property
    def state(self) -> State: ...

    @property
    def condemned(self) -> bool:
        """It is to be stopped, or is being stopped."""

    @property
    def tried(self) -> bool:
        """It has been started once, with whatever success."""

    @property
    def due_s(self) -> float:
        """Not to be started before."""


S = TypeVar("S", bound=Slot)


class Plan(msgspec.Struct, Generic[S], frozen=True):
    """``stop`` and ``start`` now; then look again when something changed, or at ``wake_s``. ``settled``: every child
    had its first turn (one_for_one), or all are up (rest_for_one). ``at_rest``: nothing is under way, so whoever
    waits for a first turn waits for a clock."""

    stop: list[S]
    start: list[S]
    wake_s: float
    settled: bool
    at_rest: bool


def plan(children: Sequence[S], strategy: Strategy, now_s: float, *, closing: bool = False) -> Plan[S]:
    """The next moves. ``closing``: all are going down."""
    moving = [child for child in children if child.condemned or child.state not in _QUIET]
    one_by_one = closing or strategy == "rest_for_one"
    ready = _ready_alone(moving) if strategy == "one_for_one" else _ready_in_line(children)
    start = [child for child in ready if child.due_s <= now_s]
    return Plan(
        stop=_doomed(moving, one_by_one),
        start=start,
        wake_s=min((child.due_s for child in ready if child.due_s > now_s), default=float("inf")),
        settled=all(child.tried for child in moving) if strategy == "one_for_one" else not moving,
        at_rest=not start and not any(child.state == "starting" or child.condemned for child in moving),
    )


def _doomed(moving: Sequence[S], one_by_one: bool) -> list[S]:
    """Whom to stop: the last of the condemned, or all at once where they do not depend on one another."""
    doomed = [child for child in moving if child.condemned and child.state != "stopping"]
    if not one_by_one:
        return doomed
    return [] if any(child.state == "stopping" for child in moving) else doomed[-1:]


def _ready_alone(moving: Sequence[S]) -> list[S]:
    """one_for_one: whoever had a first turn is independent; first turns are taken in order."""
    ready = []
    others_tried = True
    for child in moving:
        if child.state in _TO_START and (child.tried or others_tried):
            ready.append(child)
        others_tried = others_tried and child.tried
    return ready


def _ready_in_line(children: Sequence[S]) -> list[S]:
    """rest_for_one: the first that is down, once all before it are up and none after it is alive."""
    for place, child in enumerate(children):
        if child.state in _TO_START:
            return [] if any(later.state in ALIVE for later in children[place + 1 :]) else [child]
        if child.condemned or child.state in ("starting", "stopping"):
            return []
    return []
