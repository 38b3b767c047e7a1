"""A janitor's run without actors: every step of it, at once, on one raw connection."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any

from actors.domain.changes import Activity, AnyChange, GradePosted, Score
from actors.domain.outbox import Attempt, Decision, Delivery, State
from actors.domain.people import Learner
from actors.domain.retention import DAY_US, Mark, Rules
from actors.ports import NewStatement, Planned, Provenance, Routed
from config.model import Audience
from daemon.store import outbox
from daemon.store.database import _upgrade
from daemon.store.engine import tune
from daemon.store.opening import UNHEARD
from daemon.store.retention import SqlHousekeeping
from daemon.store.statements import append

LANE = "acme/slack"
START_US = 20_000 * DAY_US
BOOT = "boot.1"


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What it returns; it must not wait for anything."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")


class Direct:
    """Writer and reader in one; ``rows`` tells how many rows each transaction changed."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self.rows: list[int] = []

    async def submit(self, job: Callable[[sqlite3.Connection], Any]) -> Any:
        before = self.raw.total_changes
        self.raw.execute("BEGIN IMMEDIATE")
        value = job(self.raw)
        self.raw.execute("COMMIT")
        self.rows.append(self.raw.total_changes - before)
        return value

    async def run(self, job: Callable[[sqlite3.Connection], Any]) -> Any:
        before = self.raw.total_changes
        value = job(self.raw)
        assert self.raw.total_changes == before, "a reader wrote"
        return value


def opened(path: str = ":memory:", now_us: int = START_US) -> sqlite3.Connection:
    """A new store, made at that time."""
    raw = sqlite3.connect(path)
    tune(raw, read_only=False)
    raw.execute("PRAGMA synchronous = OFF")  # nobody pulls the plug here
    _upgrade(raw, now_us, UNHEARD)
    return raw


class House:
    """A store with its janitor. Days count from when it was made."""

    def __init__(self, raw: sqlite3.Connection | None = None) -> None:
        self.raw = raw or opened()
        self.direct = Direct(self.raw)
        self.keeping = SqlHousekeeping(self.direct, self.direct)  # type: ignore[arg-type]  # one stands in for both

    # ── what a daemon would do ───────────────────────────────────────────────────────────────────────

    def tell(self, day: float, *numbers: int, tenant: str = "acme", voids: int | None = None) -> int:
        """Accept these statements in one request; how many were new."""
        batch = [
            NewStatement(
                id=identity(number),
                body=b'{"told": "something"}',
                digest=number.to_bytes(16, "big"),
                timestamp="2026-11-23T10:00:00Z",
                given_id=True,
                voids=None if voids is None else identity(voids),
            )
            for number in numbers
        ]
        provenance = Provenance(tenant=tenant, source="lms", correlation_id="c", traceparent="", version="1.0.3")
        return append(self.raw, batch, provenance, at(day)).fresh

    def seqs(self, tenant: str = "acme") -> dict[int, int]:
        """The log: number to place."""
        found = self.raw.execute("SELECT id, seq FROM statements WHERE tenant = ? ORDER BY seq", (tenant,))
        return {int.from_bytes(row[0][-6:], "big"): row[1] for row in found}

    def route(self, day: float, *changes: AnyChange | None, tenant: str = "acme", to: str = "C1") -> list[str]:
        """Each of the statements that wait to be routed tells a change of this list, or nothing. The new deliveries."""
        cursor = self.raw.execute("SELECT seq FROM cursors WHERE tenant = ?", (tenant,)).fetchone()
        waiting = self.raw.execute(
            "SELECT seq FROM statements WHERE tenant = ? AND seq > ? ORDER BY seq", (tenant, cursor[0] if cursor else 0)
        ).fetchall()
        known = {row[0] for row in self.raw.execute("SELECT id FROM deliveries")}
        told = iter(changes)
        items = []
        for (seq,) in waiting:
            change = next(told, None)
            planned = Planned(target="slack", route="all", destination=to, audience=Audience(channel=to))
            items.append(
                Routed(
                    seq=seq,
                    statement_id=f"{seq:032x}",
                    correlation_id="c",
                    traceparent="",
                    accepted_us=seq,
                    routed_us=at(day),
                    change=change,
                    reason="" if change else "unknown_verb: x",
                    planned=(planned,) if change else (),
                )
            )
        if items:
            outbox.route(self.raw, tenant, items, items[-1].seq)
        return [row[0].hex() for row in self.raw.execute("SELECT id FROM deliveries") if row[0] not in known]

    def claim(self, day: float, tenant: str = "acme") -> Delivery:
        [delivery] = outbox.claim(self.raw, f"{tenant}/slack", BOOT, at(day), 1).deliveries
        return delivery

    def carry(self, day: float, state: State = State.DELIVERED, tenant: str = "acme", **more: Any) -> str:
        """The next delivery of the lane ends so; its id."""
        delivery = self.claim(day, tenant)
        decision = Decision(state=state, receipt={"ts": "1"} if state is State.DELIVERED else None, **more)
        line = Attempt(number=1, kind="send", started_us=at(day), ended_us=at(day), verdict="x", detail="")
        assert outbox.record(self.raw, delivery, BOOT, decision, line, at(day))
        return delivery.id

    # ── what its janitor does ────────────────────────────────────────────────────────────────────────

    def sweep(
        self, day: float, kept: Rules, *, horizons: Mapping[str, int] | None = None, dry_run: bool = False
    ) -> Counter[str]:
        """One run, to its end."""
        removed: Counter[str] = Counter()
        mark: Mark | None = Mark()
        counted = {kept.tenant: kept.horizon_us} if horizons is None else horizons
        steps = 0
        while mark is not None:
            step = drive(self.keeping.step(kept, counted, mark, at(day), dry_run=dry_run))
            removed.update(step.removed)
            mark = step.next
            steps += 1
            assert steps < 10_000, "it goes round in circles"
        return removed

    def count(self, table: str) -> int:
        return int(self.raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def ids(self) -> set[str]:
        return {row[0].hex() for row in self.raw.execute("SELECT id FROM deliveries")}


def at(day: float) -> int:
    return START_US + round(day * DAY_US)


def identity(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def grade(learner: str, points: float, day: float = 0.0) -> GradePosted:
    """A change; its time is the day's."""
    return GradePosted(
        learner=Learner(key=learner, name=learner.title()),
        at=datetime.fromtimestamp(at(day) / 1e6, UTC).isoformat(),
        activity=Activity(id="https://lms.example.org/assign/1", name="Essay"),
        score=Score(raw=points, min=0, max=100),
    )


def days(
    tenant: str = "acme",
    *,
    statements: float = 400,
    deliveries: float = 90,
    dead: float = 400,
    horizon: float = 400,
    documents: float | None = None,
) -> Rules:
    return Rules(
        tenant=tenant,
        statements_us=round(statements * DAY_US),
        deliveries_us=round(deliveries * DAY_US),
        dead_letters_us=round(dead * DAY_US),
        horizon_us=round(horizon * DAY_US),
        documents_us=None if documents is None else round(documents * DAY_US),
    )
