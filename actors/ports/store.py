"""The store: statements in, deliveries out, and what is remembered. Nothing here assumes SQLite, or that this process
is alone.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from actors.domain.changes import AnyChange, StatementStored
from actors.domain.outbox import Attempt, Decision, Delivery, HeldFor
from actors.domain.piloting import Piloted
from actors.domain.retention import Mark, Rules, Step
from actors.domain.speech import moment_of
from actors.domain.verdicts import Refused
from actors.domain.xapi.accepted import NewStatement
from config.model import Audience


class StoreUnavailable(Exception):
    """The store cannot take this now (disk full, I/O error, busy). Nothing was written; try again later."""

    def __init__(self, detail: str, retry_after_s: int = 5) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a source's statements were learnt: kept beside them, for whoever asks why. ``by``: a reading (``mode``,
    ``began_us``), a call of the source, an operator's hand (``who``), or a reminder that fell due. ``mapping``: the
    version by which the records were read, 0 for what is read as it is. ``quiet``: why nobody is told; empty where
    they are."""

    by: Literal["reading", "call", "hand", "reminder"]
    mode: str = ""
    began_us: int = 0
    mapping: int = 0
    who: str = ""
    quiet: Literal["", "first", "backfill", "part"] = ""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a batch came from: stored on each of its rows, so that the trace goes on after a restart."""

    tenant: str
    source: str
    correlation_id: str
    traceparent: str
    version: str
    authority: bytes = b""
    """The xAPI authority as JSON, set from the credential."""
    defines: bool = False
    """Whether what these statements say of activities becomes part of what is known of them."""
    quiet: bool = False
    """History, brought in by an import: it counts as known, and is announced to nobody."""
    origin: Origin | None = None
    """Of what a source tells."""


class StatementConflict(Exception):
    """A statement with this id and other content is already stored. The whole batch was refused."""

    def __init__(self, statement_id: str) -> None:
        super().__init__(f"statement {statement_id} is already stored with different content")
        self.statement_id = statement_id


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """``ids`` in the order sent; ``fresh`` of them are new, ``collapsed`` were already there. ``last_seq`` is that of
    the last new one, 0 if none is."""

    ids: tuple[str, ...]
    fresh: int
    collapsed: int
    last_seq: int = 0


class LoggedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the statement log."""

    seq: int
    id: str
    body: bytes
    stored_us: int
    timestamp: str
    source: str
    correlation_id: str
    traceparent: str
    version: str
    authority: bytes
    voided: bool
    quiet: bool = False


class Statements(Protocol):
    """The statement log, one sequence per store, in arrival order."""

    async def append(self, batch: Sequence[NewStatement], provenance: Provenance) -> Appended:
        """All or none, on disk (fsync) when it returns. Raises StatementConflict, StoreUnavailable."""

    async def after(self, tenant: str, seq: int, limit: int) -> list[LoggedStatement]: ...

    async def these(self, tenant: str, ids: Sequence[str]) -> list[LoggedStatement]:
        """Those that the log still has, in no order, voided ones too. ``ids`` are UUIDs, at most 100."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery the router wants. ``refused`` is set where no destination could be named: it is born dead."""

    target: str
    route: str
    destination: str
    audience: Audience
    template: str | None = None
    doubtful: str = "park"
    attempts_max: int = 8
    refused: Refused | None = None
    held_for: HeldFor = HeldFor.PERSON
    """With ``held_until_us``: it is born held, for quiet hours or for a digest."""
    held_until_us: int = 0
    held_next_us: int = 0
    """The digest after that one, where that one has left already."""
    sla_us: int | None = None
    revise: bool = False
    """Rewrite the earlier post of the same entity at this destination, where there is one."""
    piloted: Piloted | None = None
    """Its route names a pilot: whether it is sent or only rehearsed, the store decides."""


class Routed(msgspec.Struct, frozen=True, kw_only=True):
    """What the router made of one statement: a change with its deliveries, or a reason why not."""

    seq: int
    statement_id: str
    correlation_id: str
    traceparent: str
    accepted_us: int
    routed_us: int = 0
    change: AnyChange | None = None
    reason: str = ""
    unrouted: bool = False
    """Kept for a replay: no enabled route took it, or we failed on it."""
    quiet: bool = False
    """Nobody is told, neither now nor when the same change is told again."""
    planned: tuple[Planned, ...] = ()
    """The change's deliveries."""
    statement: StatementStored | None = None
    """The statement itself, where anybody takes it as such, whatever it tells."""
    forwards: tuple[Planned, ...] = ()
    """The statement's own deliveries."""
    undoes: int | None = None
    """The place in the log of the statement that this one voids, where that had told a change. Then ``change`` is the
    correction, told only where anybody may have heard of what it corrects."""

    @property
    def happened_us(self) -> int:
        """The event's own time, never later than its acceptance (clocks of others run fast)."""
        moment = moment_of(self.change.at) if self.change else None
        return self.accepted_us if moment is None else min(self.accepted_us, int(moment.timestamp() * 1e6))


class Caused(msgspec.Struct, frozen=True, kw_only=True):
    """What a voided statement had told when it was routed. ``before``: the entity's value without it, empty for none;
    ``stands``: somebody else told the same, or it is not in force any more, so nothing is taken back."""

    seq: int
    change: AnyChange
    before: str = ""
    stands: bool = False


class RoutedCount(msgspec.Struct, frozen=True, kw_only=True):
    """Counted after the commit: ``deliveries`` new rows per target; ``repeated`` effects that already existed;
    ``superseded`` older deliveries that a newer value replaced before they were sent."""

    deliveries: dict[str, int] = {}
    repeated: int = 0
    superseded: int = 0


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim brought, and when to come again: ``next_due_us`` is None while no head waits. What holds the
    lane back, if anything: *paused* by an operator, *suspended* because there is nothing to speak with."""

    deliveries: tuple[Delivery, ...] = ()
    next_due_us: int | None = None
    paused_by: str = ""
    suspended: str = ""
    throttled_until_us: int = 0


class Outbox(Protocol):
    """The durable outbox. Deliveries of one destination form a line; only its head is ever handed out."""

    async def cursor(self, tenant: str) -> int: ...

    async def caused(self, tenant: str, statement_id: str, by_seq: int) -> Caused | None:
        """What the statement of this id (in lower case) had told, if the one at ``by_seq`` is what voids it."""

    async def route(self, tenant: str, routed: Sequence[Routed], cursor: int) -> RoutedCount:
        """Outcomes, new deliveries and the cursor, in one transaction. Safe to repeat."""

    async def claim(self, lane: str, boot: str, now_us: int, limit: int, *, theirs_us: int | None = None) -> Claimed:
        """Heads of line that are due: waiting ones become claimed (the attempt is spent), unknown ones are
        handed out as unknown, to be probed. Nothing while the lane is paused or suspended. ``theirs_us`` is the
        vendor's time, if known: when the attempt may have been sent, for whoever looks for it there."""

    async def record(
        self, delivery: Delivery, boot: str, decision: Decision, attempt: Attempt, next_due_us: int
    ) -> bool:
        """Write the transition; the line moves on if the delivery left it, its new head due at
        ``next_due_us``. False if this boot no longer holds the claim (nothing is written)."""

    async def recover(self, lane: str, boot: str, now_us: int, settle_us: int) -> int:
        """This lane's rows claimed by anybody else become unknown, due after the settling delay. How many. What was
        in doubt already may land as late as if the doubt arose now: the clock may have been set in between.
        ``boot`` names one life of one courier, so that a courier that crashed is recovered like a dead process."""

    async def readmit(self, lane: str, routes: Sequence[str], now_us: int) -> int:
        """What was held because one of these routes was disabled goes on. How many."""

    async def clock_stepped(self, lane: str, step_us: int) -> None:
        """The wall clock was set, forwards or (negative) backwards: what is open is looked for in the wider of the two
        times, and nobody waits longer for it."""

    async def suspend(self, lane: str, reason: str, now_us: int) -> None: ...

    async def unsuspend(self, lane: str, now_us: int) -> None: ...

    async def blame(self, lane: str, since_us: int) -> str:
        """What held the lane back longest since then: ``paused``, ``suspended``, ``outage``, or nothing."""

    async def ail(self, lane: str, outage: str, now_us: int) -> None:
        """The lane's vendor is out, and how; an empty text: it is back."""

    async def throttle(self, lane: str, until_us: int) -> None:
        """The vendor named a time: nothing is handed out before it, by a later life of the courier either."""


class Ledger(Protocol):
    """Canonical id to vendor id: what a vendor calls a learner, remembered."""

    async def address(self, lane: str, email: str, since_us: int = 0) -> str | None:
        """What was found before ``since_us`` does not count any more."""

    async def remember(self, lane: str, email: str, address: str, now_us: int, person: str = "") -> None:
        """``person``: the vendor's own id of whose address it is, by which it tells us that something changed."""

    async def forget(self, lane: str, email: str) -> None: ...


class Housekeeping(Protocol):
    """What has had its time leaves, a little at a time and counted."""

    async def step(
        self, rules: Rules, horizons: Mapping[str, int], mark: Mark, now_us: int, *, dry_run: bool = False
    ) -> Step:
        """Look at a bounded number of rows of the tenant, and take away those that may go; with ``dry_run`` count
        them. ``horizons``: how long each configured tenant's effects are remembered, in microseconds. Raises
        StoreUnavailable."""
