"""Rows about pilots, and about what a volume of events needs of the vendors' limits. ``views`` re-exports them."""

import msgspec

from daemon.control.view import View


class NeedView(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of one lane: calls a day, in the busiest hour, and what the limit gives in an hour; ``of``: so many
    buckets of that kind there are, of which this is the busiest, and ``all_day`` the calls to all of them. ``tier``: as
    the vendor publishes it; ``methods``: those that it holds for; ``takes_s``: the least time in which a day's calls
    pass, sent at once."""

    lane: str
    bucket: str
    per_day: float
    busiest_hour: float
    gives_hour: float
    percent: float
    wait_s: float
    never: bool
    of: int = 1
    all_day: float = 0.0
    takes_s: float = 0.0
    tier: str = ""
    methods: tuple[str, ...] = ()


class ExampleView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that counts against a pilot: ``lmsyncctl why ID`` tells of it."""

    id: str
    what: str


class PilotRow(View, frozen=True, kw_only=True, tag="pilot"):
    """A pilot: ``state`` is running, everyone or nobody; ``verdict`` green, amber or red (empty: it has ended);
    ``against``: those of the ``reasons`` that make it red. What is counted is of the newest deliveries; ``compared``,
    ``astray``: what a vendor showed with what was planned; ``also_told``: rehearsals that ``others``, routes beside it,
    tell as well; ``restated`` of ``restated_of``: what would come out in another way today. ``kept``: percent within
    the routes' SLA, None: none is promised. What starts with ``full_`` is for everybody together."""

    tenant: str
    name: str
    state: str
    cohort: str
    created_us: int
    changed_us: int
    changed_by: str
    reason: str = ""
    routes: tuple[str, ...] = ()
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    people: int = 0
    outsiders: int = 0
    sent: int = 0
    waiting: int = 0
    wrong: int = 0
    mismatched: int = 0
    doubles: int = 0
    rehearsed: int = 0
    unsayable: int = 0
    compared: int = 0
    astray: int = 0
    also_told: int = 0
    others: tuple[str, ...] = ()
    restated_of: int = 0
    restated: int = 0
    examples: tuple[ExampleView, ...] = ()
    p50_us: int | None = None
    p95_us: int | None = None
    p99_us: int | None = None
    kept: float | None = None
    calls_each: float = 0.0
    bytes_each: int = 0
    full_events_per_day: float = 0.0
    full_calls_per_day: float = 0.0
    full_bytes_per_month: int = 0
    needs: tuple[NeedView, ...] = ()


class NeedRow(View, frozen=True, kw_only=True, tag="need"):
    """A limit in a forecast."""

    need: NeedView


class OutlookRow(View, frozen=True, kw_only=True, tag="outlook"):
    """What that many events a day come to. ``calls``: to what, by lane and the methods that share a limit; ``takes_s``:
    by lane, the least time in which all of it passes, sent at once. ``first``: the limit that breaks first, at
    ``first_at`` events a day; ``helps`` and ``assumed`` in words."""

    tenant: str
    events_per_day: float
    posts_per_day: float
    calls_per_day: float
    busiest_share: float
    bytes_per_day: int
    calls: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)
    takes_s: dict[str, float] = msgspec.field(default_factory=dict)
    first: str = ""
    first_at: float = 0.0
    helps: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
