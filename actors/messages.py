"""Every message an actor may receive. Mailboxes carry hints and questions; the store carries truth."""

from collections.abc import Callable

import msgspec


class Arrived(msgspec.Struct, frozen=True, tag="arrived"):
    """To a router: statements may have been stored for its tenant."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """To a courier: its lane may have deliveries, or what held it back has changed."""


class Resumed(msgspec.Struct, frozen=True, tag="resumed"):
    """To a courier: an operator lets the lane go on; a time that the vendor named is forgotten."""


class Drain(msgspec.Struct, frozen=True, tag="drain"):
    """To a courier: claim nothing more; finish what is in flight (shutdown)."""


class LaneView(msgspec.Struct, frozen=True, kw_only=True):
    """How a courier sees its lane. ``throttled_until_us``: the vendor named a time; ``window``: how many
    deliveries it dares to have in flight (less than the most while the vendor looks ill)."""

    lane: str
    in_flight: int
    window: int
    window_max: int
    throttled_until_us: int | None = None
    suspended: str = ""
    paused_by: str = ""
    outage: str = ""


class HowGoesIt(msgspec.Struct, frozen=True, tag="how_goes_it"):
    """A question to a courier."""

    reply: Callable[[LaneView], None]


class JanitorView(msgspec.Struct, frozen=True, kw_only=True):
    """When a tenant's janitor last ended a run, and begins the next; microseconds since the epoch."""

    tenant: str
    running: bool = False
    last_us: int | None = None
    next_us: int | None = None


class HowTidy(msgspec.Struct, frozen=True, tag="how_tidy"):
    """A question to a janitor."""

    reply: Callable[[JanitorView], None]


RouterMessage = Arrived
JanitorMessage = HowTidy
CourierMessage = Ready | Resumed | Drain | HowGoesIt
