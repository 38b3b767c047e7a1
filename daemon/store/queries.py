"""What operators ask of the store: reading for ``lmsyncctl``, and by way of ``interventions`` what only people change.

Every question is answered from an index or within a stated bound, also with a million rows waiting; every list is
bounded by its caller. A read holds the reading connection for one short job. The SQL is in ``asking``.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from actors.domain.changes import AnyChange
from actors.domain.occurrence import Counted
from actors.domain.outbox import State
from actors.domain.sla import Promise
from actors.ports import LoggedStatement
from daemon.store import asking, backlog, interventions, planning, plans, promises, relations, rows, untaken
from daemon.store.asking import Arrival, Kept, LaneHold, Outcome, Untaken
from daemon.store.backlog import Pile, Replaced
from daemon.store.engine import Engine, Job
from daemon.store.entities import Entities
from daemon.store.interventions import Intervened
from daemon.store.judging import Judged, Replay
from daemon.store.learnt import Learnt, learnt
from daemon.store.plans import Plan
from daemon.store.promises import Durations, Goal, Late
from daemon.store.relations import Relations
from daemon.store.untaken import Retold
from daemon.store.writer import Writer

T = TypeVar("T")


class _TakenBack(Exception):
    """Ends a dry run inside the writer: its savepoint is undone, the result goes to the asker."""

    def __init__(self, result: Any) -> None:
        super().__init__("a dry run")
        self.result = result


class Queries:
    """Rows for people. Reads raise ``sqlite3.Error``, changes ``StoreUnavailable``."""

    def __init__(self, writer: Writer, reader: Engine) -> None:
        self._write = writer.submit
        self._read = reader.run

    # ── the whole ────────────────────────────────────────────────────────────────────────────────────

    async def depths(self) -> list[tuple[str, str, int]]:
        """(lane, state, deliveries), for every state that has any."""
        return await self._read(
            lambda raw: raw.execute("SELECT lane, state, n FROM depths WHERE n > 0 ORDER BY lane, state").fetchall()
        )

    async def oldest_open(self, lanes: Sequence[str]) -> dict[str, int]:
        """When the statement behind the oldest open delivery was accepted, by lane; lanes without any are left out."""
        return await self._read(lambda raw: asking.oldest_open(raw, lanes))

    async def holds(self) -> dict[str, LaneHold]:
        """Lanes that are held back, or were told to wait."""
        found = await self._read(lambda raw: raw.execute(asking.HOLDS).fetchall())
        return {row[0]: LaneHold(**dict(zip(LaneHold.__struct_fields__, row[1:], strict=True))) for row in found}

    async def unrouted(self, tenant: str) -> int:
        """Statements accepted and not yet seen by the router; counted up to ``UNROUTED_COUNT_MAX``."""
        return await self._read(lambda raw: int(raw.execute(asking.UNROUTED, (tenant, tenant)).fetchone()[0]))

    async def tenants(self) -> list[str]:
        """Every tenant that ever had a statement routed, configured still or not."""
        return await self._read(lambda raw: [row[0] for row in raw.execute("SELECT tenant FROM cursors")])

    # ── lists ────────────────────────────────────────────────────────────────────────────────────────

    async def listed(self, lane: str, state: State, limit: int, *, after_seq: int = 0) -> list[Kept]:
        """A lane's deliveries in one state, in order; delivered ones newest first, among the last ``DONE_LOOKBACK``
        rows of the store."""
        found = await self._read(lambda raw: asking.listed(raw, lane, state, limit, after_seq))
        return [asking.kept(row) for row in found]

    async def stuck(self, lane: str, limit: int, *, after_seq: int = 0, up_to_seq: int | None = None) -> list[Kept]:
        """A lane's dead and parked deliveries, oldest first, ``after_seq`` (not included) to ``up_to_seq``."""
        top = (1 << 62) if up_to_seq is None else up_to_seq
        found = await self._read(lambda raw: raw.execute(asking.STUCK, (lane, after_seq, top, limit)).fetchall())
        return [asking.kept(row) for row in found]

    async def stuck_causes(self, lane: str, limit: int, *, after_seq: int = 0) -> list[tuple[int, str, int]]:
        """(seq, cause, since when) of a lane's dead and parked deliveries, oldest first."""
        return await self._read(lambda raw: raw.execute(asking.COUNTED, (lane, after_seq, limit)).fetchall())

    async def untaken(self, seq: int, *, newest_first: bool = False) -> list[Untaken]:
        """Statements that are kept because no enabled route took them, after ``seq`` (or before it, newest first):
        ``UNTAKEN_LOOKED`` of all tenants at a time; empty at the end."""
        sql = asking.UNTAKEN_NEWEST if newest_first else asking.UNTAKEN_OLDEST
        found = await self._read(lambda raw: raw.execute(sql, (seq,)).fetchall())
        return [Untaken(**dict(zip(Untaken.__struct_fields__, row, strict=True))) for row in found]

    async def piles(self, lane: str, after: str) -> list[Pile]:
        """The next destinations with open deliveries, and how many; empty at the end."""
        return await self._read(lambda raw: backlog.piles(raw, lane, after))

    async def addresses(self, lane: str, emails: Sequence[str]) -> set[str]:
        """Those of these learners whose address at the vendor is known."""
        return await self._read(lambda raw: asking.addresses(raw, lane, emails))

    async def newest_seq(self) -> int:
        """The last delivery's place in the outbox; 0 while it is empty."""
        return await self._read(
            lambda raw: int(raw.execute("SELECT coalesce(max(seq), 0) FROM deliveries").fetchone()[0])
        )

    # ── one thing ────────────────────────────────────────────────────────────────────────────────────

    async def deliveries_like(self, prefix: str, limit: int = 3) -> list[Kept]:
        """Deliveries whose id starts with these hexadecimal digits."""
        low, high = asking.bounds(prefix)
        found = await self._read(lambda raw: raw.execute(asking.DELIVERIES_LIKE, (low, high, limit)).fetchall())
        return [asking.kept(row) for row in found]

    async def statements_like(
        self, prefix: str, tenants: Iterable[str], limit: int = 3
    ) -> list[tuple[str, LoggedStatement]]:
        """(tenant, statement) for statements of these tenants whose id, without dashes, starts with these digits."""
        low, high = asking.bounds(prefix)
        found = await self._read(lambda raw: asking.statements_like(raw, tenants, low, high, limit))
        return [(row[0], rows.statement(row[1:])) for row in found]

    async def statement(self, seq: int) -> tuple[str, LoggedStatement] | None:
        """(tenant, statement) by its place in the log."""
        row = await self._read(lambda raw: raw.execute(asking.STATEMENT, (seq,)).fetchone())
        return (row[0], rows.statement(row[1:])) if row else None

    async def statements_at(self, seqs: Sequence[int]) -> list[LoggedStatement]:
        """By their places in the log; those that retention took are left out."""
        found = await self._read(lambda raw: asking.statements_at(raw, seqs))
        return [rows.statement(row[1:]) for row in found]

    async def arrivals(self, correlation_id: str, limit: int) -> list[Arrival]:
        """Requests with this correlation id (a client that honours it may have used it for several)."""
        found = await self._read(lambda raw: raw.execute(asking.ARRIVALS, (correlation_id, limit)).fetchall())
        return [Arrival(**dict(zip(Arrival.__struct_fields__, row, strict=True))) for row in found]

    async def statements_of(self, arrival: Arrival, limit: int) -> list[tuple[str, LoggedStatement]]:
        """(tenant, statement) of one request, in order."""
        found = await self._read(lambda raw: asking.statements_of(raw, arrival.no, limit))
        return [(row[0], rows.statement(row[1:])) for row in found]

    async def learnt(self, seq: int) -> Learnt | None:
        """How a statement of a source was learnt; None of those that were sent to us."""
        return await self._read(lambda raw: learnt(raw, seq))

    async def outcome(self, seq: int) -> Outcome | None:
        """None while the router has not seen the statement."""
        row = await self._read(
            lambda raw: raw.execute(
                "SELECT kind, reason, occurrence, deliveries, unrouted, news FROM outcomes WHERE seq = ?", (seq,)
            ).fetchone()
        )
        if row is None:
            return None
        kind, reason, occurrence, deliveries, unrouted, news = row
        return Outcome(
            kind=kind,
            reason=reason,
            occurrence=occurrence,
            deliveries=deliveries,
            unrouted=bool(unrouted),
            news=news or "",
        )

    async def relations(self, tenant: str, seq: int, voids: str | None) -> Relations:
        """Who voids the statement there, what it voids (it says ``voids``), and who told its change again."""
        return await self._read(lambda raw: relations.relations(raw, tenant, seq, voids))

    async def voided_by(self, seq: int) -> str:
        """The id of the statement that voids the one there; empty if none does."""
        return await self._read(lambda raw: relations.voided_by(raw, seq))

    async def deliveries_of(self, statement_seq: int) -> list[Kept]:
        """The deliveries that a statement led to."""
        found = await self._read(lambda raw: raw.execute(asking.DELIVERIES_OF, (statement_seq,)).fetchall())
        return [asking.kept(row) for row in found]

    async def in_front(self, lane: str, destination: str) -> Kept | None:
        """The head of a destination's line."""
        row = await self._read(lambda raw: raw.execute(asking.IN_FRONT, (lane, destination)).fetchone())
        return asking.kept(row) if row else None

    async def counted(self, tenant: str, change: AnyChange, happened_us: int) -> Counted:
        """How this change would be counted, were it routed now; nothing is kept of it."""
        key = rows.key(tenant, change.entity)
        return await self._read(lambda raw: planning.occur(Entities(raw), key, change, happened_us))

    async def known_quietly(self, tenant: str, change: AnyChange, occurrence: int) -> bool:
        """Whether an import told this change first, and nobody was told of it."""
        return await self._read(lambda raw: planning.known_quietly(raw, tenant, change, occurrence))

    async def deliveries(self, ids: Sequence[str]) -> list[Kept]:
        """Those of them that there are."""
        found = await self._read(
            lambda raw: [raw.execute(asking.BY_ID, (bytes.fromhex(one),)).fetchone() for one in ids]
        )
        return [asking.kept(row) for row in found if row]

    async def items(self, digest_seq: int, limit: int) -> tuple[list[Kept], int]:
        """The deliveries that stand in a digest, oldest first, and how many there are."""
        found, n = await self._read(
            lambda raw: (
                raw.execute(asking.ITEMS, (digest_seq, limit)).fetchall(),
                raw.execute("SELECT count(*) FROM deliveries WHERE digest = ?", (digest_seq,)).fetchone()[0],
            )
        )
        return [asking.kept(row) for row in found], n

    async def delivery(self, seq: int) -> Kept | None:
        """By its place in the outbox."""
        row = await self._read(lambda raw: raw.execute(asking.BY_SEQ, (seq,)).fetchone())
        return asking.kept(row) if row else None

    async def by_effect(
        self, tenant: str, target: str, destination: str, kind: str, entity: str, occurrence: int
    ) -> tuple[bool, Kept | None]:
        """Whether the effect is in the ledger, and its delivery while that is kept."""
        key = rows.key(tenant, target, destination, kind, entity, occurrence)
        known, row = await self._read(
            lambda raw: (
                raw.execute("SELECT 1 FROM effects WHERE key = ?", (key,)).fetchone() is not None,
                raw.execute(asking.BY_ID, (key,)).fetchone(),
            )
        )
        return known, asking.kept(row) if row else None

    # ── promises ─────────────────────────────────────────────────────────────────────────────────────

    async def durations(self, tenant: str, route: str, since_us: int) -> Durations:
        """How long a route's deliveries took, since the beginning of that hour."""
        return await self._read(lambda raw: promises.durations(raw, tenant, route, since_us))

    async def red(self, goals: Sequence[Goal], since_us: int) -> list[tuple[Goal, Promise]]:
        """The routes whose error budget is spent."""
        return await self._read(lambda raw: promises.red(raw, goals, since_us))

    async def late(self, tenant: str, route: str, since_us: int, limit: int) -> list[Late]:
        """A route's late deliveries, newest first."""
        return await self._read(lambda raw: promises.late(raw, tenant, route, since_us, limit))

    async def late_one(self, seq: int) -> Late | None:
        """What made this delivery late, if it was."""
        return await self._read(lambda raw: promises.late_one(raw, seq))

    # ── plans ────────────────────────────────────────────────────────────────────────────────────────

    async def judged(self, wanted: Sequence[Replay], *, accept_double: bool) -> list[Judged]:
        """What a replay would do with each, now."""
        return await self._read(lambda raw: plans.judged(raw, wanted, accept_double=accept_double))

    async def rejudged(self, tenant: str, wanted: Sequence[Retold]) -> list[Judged]:
        """What a replay would do with statements that no route took, a row for each delivery."""
        return await self._read(lambda raw: untaken.judged(raw, tenant, wanted))

    async def keep_plan(self, plan: Plan, *, by: str, now_us: int) -> str:
        """Remember a plan for a week; its hash."""
        return await self._write(lambda raw: plans.keep(raw, plan, by=by, now_us=now_us))

    async def plan(self, digest: str, *, now_us: int) -> Plan | None:
        """The plan with this hash, while it is kept."""
        return await self._read(lambda raw: plans.kept(raw, digest, now_us))

    # ── what only people change ──────────────────────────────────────────────────────────────────────

    async def replay(
        self, wanted: Sequence[Replay], *, by: str, now_us: int, accept_double: bool = False, dry_run: bool = False
    ) -> list[Intervened]:
        """Let dead and parked deliveries try again; see ``interventions.replay``."""
        return await self._change(
            lambda raw: interventions.replay(raw, wanted, by=by, now_us=now_us, accept_double=accept_double), dry_run
        )

    async def replay_plan(
        self, plan: Plan, wanted: Sequence[Replay], *, by: str, now_us: int, dry_run: bool = False
    ) -> list[Intervened]:
        """Do exactly what a plan says. Raises plans.Moved, and then nothing was changed."""
        return await self._change(lambda raw: plans.replay(raw, plan, wanted, by=by, now_us=now_us), dry_run)

    async def reroute(
        self, tenant: str, wanted: Sequence[Retold], *, by: str, now_us: int, dry_run: bool = False
    ) -> list[Intervened]:
        """Route statements again that no enabled route took."""
        return await self._change(lambda raw: untaken.replay(raw, tenant, wanted, by=by, now_us=now_us), dry_run)

    async def reroute_plan(
        self, plan: Plan, wanted: Sequence[Retold], *, by: str, now_us: int, dry_run: bool = False
    ) -> list[Intervened]:
        """The same as a plan says it. Raises plans.Moved."""
        return await self._change(lambda raw: plans.replay_untaken(raw, plan, wanted, by=by, now_us=now_us), dry_run)

    async def annotate(self, delivery_id: str, text: str, *, by: str, now_us: int, dry_run: bool = False) -> Intervened:
        """A note in a delivery's history."""
        return await self._change(
            lambda raw: interventions.annotate(raw, delivery_id, text, by=by, now_us=now_us), dry_run
        )

    async def latest(
        self, lane: str, *, after_seq: int, up_to_seq: int, before_us: int, by: str, now_us: int, dry_run: bool = False
    ) -> tuple[list[Replaced], int | None]:
        """A chunk of ``backlog.latest``."""
        return await self._change(
            lambda raw: backlog.latest(
                raw, lane, after_seq=after_seq, up_to_seq=up_to_seq, before_us=before_us, by=by, now_us=now_us
            ),
            dry_run,
        )

    async def fold(
        self, lane: str, destination: str, *, before_us: int, due_us: int, by: str, dry_run: bool = False
    ) -> int:
        """Hold a destination's waiting deliveries for a digest; see ``backlog.fold``."""
        return await self._change(
            lambda raw: backlog.fold(raw, lane, destination, before_us=before_us, due_us=due_us, by=by), dry_run
        )

    async def discard(self, ids: Sequence[str], *, by: str, now_us: int, dry_run: bool = False) -> list[Intervened]:
        """Cancel dead and parked deliveries; they stay on record."""
        return await self._change(lambda raw: interventions.discard(raw, ids, by=by, now_us=now_us), dry_run)

    async def pause(self, lane: str, *, by: str, now_us: int, dry_run: bool = False) -> str:
        """Hold a lane back, durably. Returns who had paused it already."""
        return await self._change(lambda raw: interventions.pause(raw, lane, by, now_us), dry_run)

    async def resume(self, lane: str, *, now_us: int, dry_run: bool = False) -> str:
        """Let a paused lane go on. Returns who had paused it."""
        return await self._change(lambda raw: interventions.resume(raw, lane, now_us), dry_run)

    async def unthrottle(self, lane: str, *, now_us: int, dry_run: bool = False) -> bool:
        """Whether the vendor had named a time that had not come; it is forgotten."""
        return await self._change(lambda raw: interventions.unthrottle(raw, lane, now_us), dry_run)

    async def _change(self, job: Job[T], dry_run: bool) -> T:
        """A dry run is the change itself, taken back: it cannot tell anything else than the real one would."""
        if not dry_run:
            return await self._write(job)

        def rehearse(raw: sqlite3.Connection) -> T:
            raise _TakenBack(job(raw))

        try:
            return await self._write(rehearse)
        except _TakenBack as end:
            result: T = end.result
            return result
