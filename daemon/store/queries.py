"""What operators ask of the store: reading for ``lmsyncctl``, and by way of ``interventions`` what only people change.

Every question is answered from an index or within a stated bound, also with a million rows waiting; every list is
bounded by its caller. A read holds the reading connection for one short job. The SQL is in ``asking``.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from actors.domain.outbox import State
from actors.ports import LoggedStatement
from daemon.store import asking, interventions, rows
from daemon.store.asking import Arrival, Kept, LaneHold, Outcome
from daemon.store.engine import Engine, Job
from daemon.store.interventions import Intervened, Replay
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
        """Lanes that are paused or suspended."""
        found = await self._read(lambda raw: raw.execute(asking.HOLDS).fetchall())
        return {
            row[0]: LaneHold(paused_by=row[1], paused_us=row[2], suspended=row[3], suspended_us=row[4]) for row in found
        }

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

    async def arrivals(self, correlation_id: str, limit: int) -> list[Arrival]:
        """Requests with this correlation id (a client that honours it may have used it for several)."""
        found = await self._read(lambda raw: raw.execute(asking.ARRIVALS, (correlation_id, limit)).fetchall())
        return [Arrival(**dict(zip(Arrival.__struct_fields__, row, strict=True))) for row in found]

    async def statements_of(self, arrival: Arrival, limit: int) -> list[tuple[str, LoggedStatement]]:
        """(tenant, statement) of one request, in order."""
        found = await self._read(lambda raw: asking.statements_of(raw, arrival.no, limit))
        return [(row[0], rows.statement(row[1:])) for row in found]

    async def outcome(self, seq: int) -> Outcome | None:
        """None while the router has not seen the statement."""
        row = await self._read(
            lambda raw: raw.execute(
                "SELECT kind, reason, occurrence, deliveries FROM outcomes WHERE seq = ?", (seq,)
            ).fetchone()
        )
        return Outcome(kind=row[0], reason=row[1], occurrence=row[2], deliveries=row[3]) if row else None

    async def deliveries_of(self, statement_seq: int) -> list[Kept]:
        """The deliveries that a statement led to."""
        found = await self._read(lambda raw: raw.execute(asking.DELIVERIES_OF, (statement_seq,)).fetchall())
        return [asking.kept(row) for row in found]

    async def in_front(self, lane: str, destination: str) -> Kept | None:
        """The head of a destination's line."""
        row = await self._read(lambda raw: raw.execute(asking.IN_FRONT, (lane, destination)).fetchone())
        return asking.kept(row) if row else None

    async def occurrence(self, tenant: str, entity: str, value: str) -> int:
        """The number that this change of its entity would have, were it routed now."""
        known = await self._read(
            lambda raw: raw.execute(
                "SELECT value, occurrence FROM entities WHERE key = ?", (rows.key(tenant, entity),)
            ).fetchone()
        )
        if known is None:
            return 1
        return int(known[1]) if known[0] == value else int(known[1]) + 1

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

    # ── what only people change ──────────────────────────────────────────────────────────────────────

    async def replay(
        self, wanted: Sequence[Replay], *, by: str, now_us: int, accept_double: bool = False, dry_run: bool = False
    ) -> list[Intervened]:
        """Let dead and parked deliveries try again; see ``interventions.replay``."""
        return await self._change(
            lambda raw: interventions.replay(raw, wanted, by=by, now_us=now_us, accept_double=accept_double), dry_run
        )

    async def discard(self, ids: Sequence[str], *, by: str, now_us: int, dry_run: bool = False) -> list[Intervened]:
        """Cancel dead and parked deliveries; they stay on record."""
        return await self._change(lambda raw: interventions.discard(raw, ids, by=by, now_us=now_us), dry_run)

    async def pause(self, lane: str, *, by: str, now_us: int, dry_run: bool = False) -> str:
        """Hold a lane back, durably. Returns who had paused it already."""
        return await self._change(lambda raw: interventions.pause(raw, lane, by, now_us), dry_run)

    async def resume(self, lane: str, *, dry_run: bool = False) -> str:
        """Let a paused lane go on. Returns who had paused it."""
        return await self._change(lambda raw: interventions.resume(raw, lane), dry_run)

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
