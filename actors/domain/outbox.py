"""A delivery's life: the row, its states, and what may follow what.

    waiting ─claim─▶ claimed ─┬─▶ delivered
       ▲                      ├─▶ waiting   (retry, throttled, vendor down, lane suspended)
       │                      ├─▶ dead      (refused, or attempts spent)
       └──── unknown ◀────────┘             (doubtful answer; left claimed by a dead boot)
                │
                └─probe─▶ delivered | waiting | parked

The migrations pin the same states by CHECK constraints.
"""

from enum import Enum

import msgspec

from actors.domain.alarms import AlarmCard
from actors.domain.changes import AnyChange
from actors.domain.conflicts.cards import Button, ReviewCard
from actors.domain.rosters.order import RosterOrder
from actors.domain.verdicts import Cause
from actors.domain.xapi.accepted import Enclosed
from config.model import Audience


class State(Enum):
    WAITING = "waiting"
    CLAIMED = "claimed"
    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    PARKED = "parked"
    DEAD = "dead"
    HELD = "held"
    SUPERSEDED = "superseded"
    SHADOWED = "shadowed"
    CANCELLED = "cancelled"

    @property
    def open(self) -> bool:
        """Still in its destination's line: whoever stands behind it waits."""
        return self in OPEN_STATES


OPEN_STATES = frozenset({State.WAITING, State.CLAIMED, State.UNKNOWN})


class HeldFor(Enum):
    """What a held delivery waits for. Those that a person holds wait for a person."""

    PERSON = ""
    QUIET = "quiet"
    DIGEST = "digest"
    ROUTE = "route"
    """Its route is disabled; when it is enabled again, the delivery goes on."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One change that stands in a digest; ``id`` is the delivery id it would have had alone."""

    id: str
    change: AnyChange
    statement_id: str
    correlation_id: str
    traceparent: str
    accepted_us: int


Posted = AnyChange | ReviewCard | AlarmCard
"""What is posted: a change that somebody is told, what reviewers are to decide, or an alarm for operators."""
Carried = Posted | RosterOrder
"""What a delivery carries: something to be posted, or an order about who is in a place."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One effect to be had at one destination. Times are microseconds since the epoch, UTC.

    A digest has ``items``, oldest first, and ``more`` where there are more of them than it lists; its ``change`` is
    the first one's.
    """

    seq: int
    id: str
    tenant: str
    target: str
    route: str
    destination: str
    audience: Audience
    change: Carried
    statement_id: str
    correlation_id: str
    traceparent: str
    template: str | None
    doubtful: str
    attempts_max: int
    attempts: int
    state: State
    accepted_us: int
    due_us: int
    sent_us: int | None
    """When the first attempt that may have landed was claimed, by the vendor's clock as far as it was known then; None
    while none may have."""
    doubt_us: int | None
    """When the outcome last became unknown; the late-landing window counts from here."""
    doubted: bool = False
    """Whether an attempt before this one may have landed: what becomes of this one tells nothing of that."""
    items: tuple[Item, ...] = ()
    more: int = 0
    revises: dict[str, str] | None = None
    """The receipt of an earlier post of the same entity, where this one should rewrite it."""
    crashes: int = 0
    """How many couriers died with it in their hands."""
    routed_us: int = 0
    sla_us: int | None = None
    """How soon after ``from_us`` it should arrive; None: nobody said."""
    from_us: int = 0
    """When the promise began to run: acceptance, or the time it was held until."""

    @property
    def lane(self) -> str:
        return f"{self.tenant}/{self.target}"


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """What a connector needs to know to make (or look for) one effect."""

    delivery_id: str
    correlation_id: str
    destination: str
    address: str
    """Where the vendor wants it: the destination itself, or the vendor's user found for the learner."""
    to_learner: bool
    change: Posted
    template: str | None
    locale: str
    timezone: str
    attempt: int
    now_us: int
    sent_us: int | None
    doubt_us: int | None = None
    """When the outcome last became unknown: what has not landed by then, and the late-landing window after it, never
    will. None: not known."""
    items: tuple[AnyChange, ...] = ()
    """The changes that a digest lists, oldest first; ``change`` is the first of them. Empty: no digest."""
    more: int = 0
    """How many changes of the digest are not among ``items``."""
    revises: dict[str, str] | None = None
    """The receipt of the post that should be rewritten instead of making another one."""
    statement: bytes = b""
    """Where the connector wants it: the statement that told the change, as the LRS shows it (JSON, exact)."""
    attachments: tuple[Enclosed, ...] = ()
    """The contents that came with it."""
    tenant: str = ""
    traceparent: str = ""
    """The W3C trace context of the request that brought the statement; empty where there was none."""


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """What to say, platform-neutral, each part already escaped for the platform. ``url`` leads back to the LMS.
    ``lines`` are what a digest lists, and ``more`` says, in the reader's language, what it leaves out."""

    title: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    url: str = ""
    lines: tuple[str, ...] = ()
    more: str = ""
    left_out: int = 0
    """How many changes ``more`` stands for."""
    buttons: tuple[Button, ...] = ()
    """What may be pressed, where the platform has buttons that answer us. Their labels are plain text."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a delivery stands in line. ``destination`` is canonical: equal strings are one destination."""

    destination: str


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A token bucket's terms: ``per_s`` tokens a second, at most ``burst`` at once."""

    per_s: float
    burst: float = 1.0


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a delivery after an attempt or a probe; the store writes it as one transition."""

    state: State
    due_us: int = 0
    refund: bool = False
    """Give the attempt back: it was throttled, or surely not done because the vendor was down."""
    cause: Cause | None = None
    detail: str = ""
    receipt: dict[str, str] | None = None
    forget_sends: bool = False
    """The effect surely did not happen: earlier sends no longer count as possibly landed."""
    held_for: HeldFor = HeldFor.PERSON
    """With state HELD: until ``due_us`` it waits for this."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a delivery's history, for ``why``. ``kind`` is ``send`` or ``probe``."""

    number: int
    kind: str
    started_us: int
    ended_us: int
    verdict: str
    detail: str
    request_ids: dict[str, str] = {}
    boot: str = ""
    trace_id: str = ""
    calls: dict[str, int] = {}
    """Requests to the vendor, by operation."""
