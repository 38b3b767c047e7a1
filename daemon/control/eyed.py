"""Rows for whoever watches: frames of ``top``, moves of ``watch``, figures of ``stats``, the report. ``views``
re-exports them. Times are microseconds since the epoch, durations in microseconds or seconds as their names say.
"""

import msgspec

from daemon.control.reconciled import DriftRow
from daemon.control.view import View


class FrameRow(View, frozen=True, kw_only=True, tag="frame"):
    """The daemon at a moment; lanes, sources, promises and alarms follow as rows of their own. ``cpu_s``: processor
    time so far, so that two frames tell the load. ``loop_lag_s``: how long something held the event loop lately, None:
    it is not measured. ``per_s``: deliveries a second in the last minute; ``brief``: see ``Top``."""

    now_us: int
    version: str
    started_us: int
    brief: bool
    tenants: int
    cpu_s: float
    memory_bytes: int
    tasks: int
    commits: int
    per_s: float
    unrouted: int
    loop_lag_s: float | None = None
    store_error: str = ""


class PulseRow(View, frozen=True, kw_only=True, tag="pulse"):
    """A lane. ``state``: running, paused, suspended, outage, throttled or gone (not configured any more); ``why`` in
    words. ``waiting``: open deliveries, ``stuck``: dead and parked ones. ``fault``: the verdict that was no success
    last, with ``fault_words`` and when. How the vendor has answered in this hour and the one before (in frames that are
    not brief): ``attempts``, ``failed`` of them, and how long they took. ``headroom``: the share that is left of the
    vendor's scarcest limit, which is ``headroom_of``."""

    lane: str
    state: str
    why: str = ""
    waiting: int = 0
    stuck: int = 0
    oldest_us: int | None = None
    per_s: float = 0.0
    fault: str = ""
    fault_us: int | None = None
    fault_words: str = ""
    attempts: int = 0
    failed: int = 0
    p50_us: int | None = None
    p95_us: int | None = None
    headroom: float | None = None
    headroom_of: str = ""
    token: str = ""
    """What is wrong with its account; empty: nothing."""
    token_expires_us: int | None = None


class SourcePulseRow(View, frozen=True, kw_only=True, tag="source_pulse"):
    """A source that is read, or that calls. ``good_us``: when a reading last ended well; ``heard_us``: when it called
    last; ``doing``: what is being read, and how far."""

    source: str
    state: str
    detail: str = ""
    doing: str = ""
    good_us: int | None = None
    heard_us: int | None = None
    next_us: int | None = None
    silent_since_us: int | None = None


class MoveRow(View, frozen=True, kw_only=True, tag="move"):
    """A delivery came to a state. ``no``: its number in the order of all; 0: how it stood when watching began.
    ``at_us`` None: not known; ``took_us``: from acceptance to receipt, of what arrived."""

    no: int
    lane: str
    route: str
    state: str
    id: str = ""
    at_us: int | None = None
    destination: str = ""
    about: str = ""
    attempts: int = 0
    verdict: str = ""
    detail: str = ""
    took_us: int | None = None


class WatchedRow(View, frozen=True, kw_only=True, tag="watched"):
    """Where to go on. ``missed``: so many moves had left the ledger's tail before they were asked for."""

    after: int
    events_after: int
    missed: int = 0


class FigureRow(View, frozen=True, kw_only=True, tag="figure"):
    """Figures of a group; ``total``: of all of them. ``made``: deliveries that came to be; ``delivered``: changes that
    arrived (those in a digest each), in ``posts``; ``ended``: by other states. ``attempts``: sends, of which
    ``errors`` by what went wrong; ``probes``; ``calls``: requests by the vendor's operation. ``p50_us`` … from
    acceptance to receipt, ``send_p50_us`` … of one attempt. ``late`` broke a promise; ``kept``: percent that did not,
    None: nothing is promised, ``goal``: what is."""

    tenant: str
    group: str
    by: str
    total: bool = False
    from_us: int = 0
    until_us: int = 0
    made: int = 0
    delivered: int = 0
    posts: int = 0
    ended: dict[str, int] = msgspec.field(default_factory=dict)
    attempts: int = 0
    errors: dict[str, int] = msgspec.field(default_factory=dict)
    probes: int = 0
    calls: dict[str, int] = msgspec.field(default_factory=dict)
    p50_us: int | None = None
    p95_us: int | None = None
    p99_us: int | None = None
    send_p50_us: int | None = None
    send_p95_us: int | None = None
    late: int = 0
    kept: float | None = None
    goal: float | None = None

    @property
    def calls_each(self) -> float | None:
        """Requests for each change that arrived."""
        return sum(self.calls.values()) / self.delivered if self.calls and self.delivered else None


class WaitingCauseView(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters of one root cause, and what helps."""

    cause: str
    whose: str
    n: int
    oldest_us: int
    advice: str


class DisagreementView(msgspec.Struct, frozen=True, kw_only=True):
    """Open conflicts of one kind."""

    what: str
    n: int
    oldest_us: int


class PromiseView(msgspec.Struct, frozen=True, kw_only=True):
    route: str
    sla_us: int
    goal: float
    n: int
    late: int
    kept: float
    red: bool


class ReportRow(View, frozen=True, kw_only=True, tag="report"):
    """A tenant's report: figures by day, route, target and vendor's operation, promises, rosters, what waits for a
    person."""

    tenant: str
    timezone: str
    locale: str
    version: str
    now_us: int
    since_us: int
    whole: FigureRow
    days: tuple[FigureRow, ...] = ()
    routes: tuple[FigureRow, ...] = ()
    targets: tuple[FigureRow, ...] = ()
    promises: tuple[PromiseView, ...] = ()
    drift: tuple[DriftRow, ...] = ()
    conflicts: tuple[DisagreementView, ...] = ()
    letters: tuple[WaitingCauseView, ...] = ()
    letters_more: bool = False
    """There are at least so many."""
    waiting: int = 0
    oldest_us: int | None = None
