"""Rows about what would happen and about how well it went: plans, forecasts, promises. ``views`` re-exports them.

Times are microseconds since the epoch, durations in microseconds or seconds as their names say.
"""

import msgspec

from daemon.control.view import View


class CauseRow(View, frozen=True, kw_only=True, tag="cause"):
    """Dead and parked deliveries of one root cause. ``whose``: who can mend it: ``ours``, ``theirs`` or ``yours``.
    ``more``: there are at least so many. ``advice``: what can be done."""

    whose: str
    cause: str
    n: int
    more: bool = False
    lanes: dict[str, int]
    oldest_us: int
    newest_us: int
    advice: str


class UnroutedRow(View, frozen=True, kw_only=True, tag="unrouted"):
    """A statement that is kept because no enabled route took it, or not all that would have. ``deliveries``: those
    that it led to all the same."""

    statement_id: str
    tenant: str
    change: str
    about: str
    reason: str
    explanation: str
    accepted_us: int
    deliveries: int = 0


class PlannedRow(View, frozen=True, kw_only=True, tag="planned"):
    """What a replay would do with one delivery, or (``state`` is ``unrouted``) with one that a statement would lead
    to; ``id`` is the delivery's or the statement's. ``does``: ``send``, ``probe``, ``place``, ``has_effect``,
    ``obsolete``, ``orphan``, ``nowhere`` or ``nothing``; ``goes``: the replay would act on it."""

    id: str
    lane: str
    destination: str
    state: str
    attempts: int
    change: str = ""
    about: str = ""
    does: str
    goes: bool
    note: str = ""


class PlanRow(View, frozen=True, kw_only=True, tag="plan"):
    """A plan as a whole. ``counts``: rows by what is done with them; ``left``: how many more were asked for than one
    plan takes. ``seconds``: how long the posts take at the vendors' published limits, of which ``limited_by`` binds;
    ``calls``: requests. ``hash``: what ``dlq replay --plan`` takes, until ``until_us``."""

    hash: str
    until_us: int
    counts: dict[str, int]
    goes: int
    calls: int
    seconds: float
    limited_by: str = ""
    left: int = 0


class DrainRow(msgspec.Struct, frozen=True, kw_only=True):
    """One destination of a forecast, alone."""

    destination: str
    n: int
    seconds: float


class ForecastRow(View, frozen=True, kw_only=True, tag="forecast"):
    """How long a lane's backlog takes at the vendor's published limits, and how many requests. ``estimate``: not
    everything was counted. ``held``: what keeps the lane from sending meanwhile, in words; ``later``: deliveries that
    wait outside of their lines (quiet hours, digests), which are not in it. ``worst``: destinations that take longest
    by themselves."""

    lane: str
    n: int
    calls: int
    seconds: float
    limited_by: str
    estimate: bool
    destinations: int
    later: int = 0
    worst: tuple[DrainRow, ...] = ()
    held: tuple[str, ...] = ()


class CaughtUpRow(View, frozen=True, kw_only=True, tag="caught_up"):
    """What became of a destination's waiting deliveries: so many were replaced by newer ones, or folded."""

    lane: str
    destination: str
    superseded: int = 0
    folded: int = 0
    dry_run: bool = False


class SlaRow(View, frozen=True, kw_only=True, tag="sla"):
    """A route's promise. Durations run from acceptance (or from when it was held until) to the vendor's receipt; None:
    nothing was delivered. ``sla_us`` None: nothing is promised. ``kept`` and ``goal`` in percent; ``allowed``: how
    many may be late; ``red``: more were."""

    tenant: str
    route: str
    target: str
    n: int
    p50_us: int | None = None
    p95_us: int | None = None
    p99_us: int | None = None
    sla_us: int | None = None
    late: int = 0
    kept: float | None = None
    goal: float | None = None
    allowed: float | None = None
    red: bool = False


class LateRow(View, frozen=True, kw_only=True, tag="late"):
    """A delivery that broke its promise. ``stages``: microseconds by what they were spent on; ``stage``: the longest
    of them, ``explanation`` in words."""

    id: str
    tenant: str
    route: str
    done_us: int
    took_us: int
    sla_us: int
    stage: str
    explanation: str
    stages: dict[str, int]
