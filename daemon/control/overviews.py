"""Rows that tell how the daemon stands: as a whole, its lanes and tenants, checks, actors, targets."""

import msgspec

from daemon.control.view import View


class AskedView(msgspec.Struct, frozen=True, kw_only=True):
    """So many questions of a tenant wait for a decision, the oldest since then."""

    tenant: str
    n: int
    oldest_us: int


class Overall(View, frozen=True, kw_only=True, tag="overall"):
    """The daemon as a whole; ``degraded`` says in words what is wrong, empty if nothing is."""

    version: str
    now_us: int
    started_us: int
    tenants: int
    actors: int
    troubled: tuple[str, ...] = ()
    """Actors and supervisors that are not up, with their last error."""
    commits: int = 0
    store_error: str = ""
    delivered: int = 0
    """Since the daemon started."""
    unrouted: int = 0
    """Statements that the routers have yet to look at."""
    degraded: tuple[str, ...] = ()
    overtrusted: tuple[str, ...] = ()
    """Connections that were granted more than their routes need. Not degraded: they work."""
    asked: tuple[AskedView, ...] = ()
    """What waits for a person's decision (``conflict``), by tenant. Not degraded: everything else goes on."""
    red: tuple[str, ...] = ()
    """Routes (TENANT/ROUTE) whose error budget of the last 24 hours is spent."""
    vault: str = ""
    """What protects secrets at rest: tpm2, host key, host key and tpm2, pkcs11, systemd, kind unknown; or plain."""


class LaneRow(View, frozen=True, kw_only=True, tag="lane"):
    """A lane. ``depths``: deliveries by state. ``held``: what keeps it from sending, in words. ``delivered`` counts
    since the daemon started."""

    lane: str
    configured: bool
    depths: dict[str, int]
    oldest_us: int | None = None
    held: tuple[str, ...] = ()
    paused_by: str = ""
    paused_us: int | None = None
    suspended: str = ""
    suspended_us: int | None = None
    throttled_until_us: int | None = None
    outage: str = ""
    outage_us: int | None = None
    answering: bool = True
    in_flight: int = 0
    window: int = 0
    window_max: int = 0
    delivered: int = 0
    degraded: bool = False


class TenantRow(View, frozen=True, kw_only=True, tag="tenant"):
    name: str
    state: str
    timezone: str
    locale: str
    sources: dict[str, str]
    targets: dict[str, str]
    routes: int
    rosters: int
    people: int
    unrouted: int
    unrouted_more: bool = False
    """``unrouted`` is where counting stopped."""


class CheckRow(View, frozen=True, kw_only=True, tag="check"):
    name: str
    ok: bool
    detail: str = ""


class ActorRow(View, frozen=True, kw_only=True, tag="actor"):
    """A place in the tree; rows come parents first."""

    path: str
    actor: str
    state: str
    since_us: int
    restarts: int
    depth: int | None = None
    """Messages waiting in its mailbox; None for a supervisor."""
    capacity: int | None = None
    high_water: int = 0
    dropped: int = 0
    lost: int = 0
    expired: int = 0
    error: str = ""
    error_us: int | None = None


class TargetRow(View, frozen=True, kw_only=True, tag="target"):
    lane: str
    platform: str
    routes: tuple[str, ...]
    settle_s: float
    late_landing_s: float
    waiting: int
    held: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    """How its vendor is heard, and which channels are closed."""
    remembered: int = 0
    """How often a learner's address was known already, since the start; ``looked_up``: how often it was asked for."""
    looked_up: int = 0
