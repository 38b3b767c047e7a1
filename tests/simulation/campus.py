"""The daemon under simulation: ``world.Campus`` with a store of its own for each life, so that a death is a death.

A life that dies is cut off from everything at that instant: its store rolls back and closes, its ports never return,
its network goes on without it. After a while the next life opens the same file.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import trio
from notes import ReadingNotes, RosterNotes
from plain_vault import PlainVault
from world import EPOCH_US, Campus, Notes, SeededDice, revealed

from actors.domain.outbox import Delivery
from actors.kernel import Kernel
from actors.ports import Fake, NewStatement, Provenance, Reading, StatementConflict, StoreUnavailable
from actors.roles.custody import Custody
from actors.roles.root import Root
from actors.roles.world import Switchboard, World
from actors.targets import discover
from config.model import Tenant
from daemon.clock import SystemClock
from daemon.dialects import dialects_of
from daemon.store.database import Store, open_store
from daemon.vault.connections import SealedConnections
from tests.simulation.eavesdrop import listening
from tests.simulation.fate import ROSTER_PORTS, SOURCE_PORTS, Blow, Fate, Port
from tests.simulation.record import Record
from tests.simulation.shaky import Ground, shaking
from tests.simulation.shelf import Disk, ShakyDepot
from tests.simulation.wire import Vendors, Wire

STORED = (*(name for name in SOURCE_PORTS if name != "depot"), *ROSTER_PORTS)
DOWNTIMES_S = (0.05, 1.0, 5.0, 60.0, 900.0)


class Hands:
    """The machine's clocks: ``wall_us`` can be set wrong (``off_us`` is how wrong), the steady one cannot."""

    def __init__(self) -> None:
        self.off_us = 0

    def steady_us(self) -> int:
        return round(trio.current_time() * 1e6)

    def wall_us(self) -> int:
        return EPOCH_US + self.steady_us() + self.off_us


class RecordingNotes(Notes):
    """A witness of one life: deaf once it is dead."""

    def __init__(self, record: Record, fate: Fate, reported: list[tuple[str, str]]) -> None:
        super().__init__()
        self._record = record
        self._fate = fate
        self._reported = reported

    def concluded(self, verdict: str, detail: str, request_ids: Mapping[str, str], state: str, cause: str = "") -> None:
        if not self._fate.dead:
            self._record.note("verdict", verdict, state, cause, detail, count=f"verdict {verdict}")

    def exchanged(self, *args: object, **more: object) -> None:
        """The wire has noted it."""

    @contextmanager
    def reading(self, source: str, mode: str) -> Iterator[ReadingNotes]:
        yield RecordingReading(self, source, self._record, self._fate)

    @contextmanager
    def roster(self, lane: str, rule: str, began_us: int) -> Iterator[RosterNotes]:
        yield RosterNotes(self, rule)

    def event(self, name: str, /, **fields: object) -> None:
        if not self._fate.dead:
            self._record.note("event", name, sorted((key, str(value)) for key, value in fields.items()))

    def trouble(self, name: str, error: BaseException | None = None, /, **fields: object) -> None:
        if not self._fate.dead:
            self._reported.append((name, f"{type(error).__name__}: {error}"))
            self._record.note("trouble", name, f"{type(error).__name__}: {error}")


class RecordingReading(ReadingNotes):
    """A reading of one life."""

    def __init__(self, notes: Notes, source: str, record: Record, fate: Fate) -> None:
        super().__init__(notes, source)
        self._of = source
        self._record = record
        self._fate = fate

    def exchanged(self, *args: object, **more: object) -> None:
        """The wire has noted it."""

    def ended(self, reading: Reading) -> None:
        if not self._fate.dead:
            what = msgspec.json.encode(reading).decode()
            self._record.note("read", self._of, what, count=f"reading {reading.how or 'broken off'}")


class Life:
    """One life of the process: ``over`` when it has died, or its tree has ended."""

    def __init__(self, number: int, fate: Fate) -> None:
        self.number = number
        self.fate = fate
        self.stop = trio.CancelScope()
        self.over = trio.Event()
        self.ports: dict[str, Any] = {}
        self.depot: ShakyDepot

    async def hang_up(self, scope: trio.CancelScope) -> None:
        """For whoever talks to it from outside: it says nothing more when it is over."""
        await self.over.wait()
        scope.cancel()


class SimulatedCampus(Campus):
    """``open`` it, ``offer`` it statements, do it harm, look at ``rows`` and at the vendors."""

    life: Life | None = None
    """The present one; None while there is none."""

    undertaken: World
    """What the present life was handed."""

    def __init__(
        self,
        path: Path,
        tenants: Mapping[str, Tenant],
        *,
        window: int,
        seed: object,
        record: Record,
        fakes: Mapping[tuple[str, str], Fake] | None = None,
    ) -> None:
        """``fakes``: the vendors by tenant and name, where it is not all there are for each tenant."""
        self.path = path / "campus.db"
        self.mask = str  # no vendor repeats a secret here
        self.hands = Hands()
        self.dice = SeededDice(Random(f"dice of {seed}").getrandbits(64))
        self.tenants = dict(tenants)
        self.window = window
        self.record = record
        self.passed: Counter[str] = Counter()
        self.blows: list[Blow] = []
        self.ground = Ground(record)
        self.disk = Disk(record)
        self.ears: list[Callable[[str, Any, tuple[Any, ...]], None]] = []
        """Whoever else hears what ports were asked and what they answered."""
        self.deaths: list[tuple[float, str]] = []
        self.troubles: list[tuple[str, str]] = []
        self.switchboard = Switchboard()
        self.vault = PlainVault()
        self.public_url = ""
        self.vendors = Vendors(
            dict(fakes)
            if fakes is not None
            else {(name, kind): connector.fake() for name in tenants for kind, connector in sorted(discover().items())},
            self.true_s,
            Random(f"network of {seed}"),
            record,
        )
        self._chance = Random(f"downtimes of {seed}")
        self._lives = 0
        self._up = False
        self._ending = False
        self._eyes: sqlite3.Connection | None = None

    def true_s(self) -> float:
        """The time that is right, as vendors have it; seconds since the epoch."""
        return EPOCH_US / 1e6 + trio.current_time()

    def virtual_s(self) -> float:
        """How long it has lived."""
        return trio.current_time()

    # ── its lives ────────────────────────────────────────────────────────────────────────────────

    async def run(self, nursery: trio.Nursery, *, task_status: trio.TaskStatus[None]) -> None:
        """One life after another, until ``end``. ``nursery`` must outlive it: corpses and the network are in it."""
        self._nursery = nursery
        with listening(self.vendors):
            while not self._ending:
                self._lives += 1
                self.record.note("life", self._lives, count="lives")
                life = Life(self._lives, Fate(self.record, self.passed, self.blows, self._died))
                await self._live_one(life, task_status)
                if not self._ending:
                    await trio.sleep(self._chance.choice(DOWNTIMES_S))

    async def _live_one(self, life: Life, task_status: trio.TaskStatus[None]) -> None:
        async with AsyncExitStack() as stack:
            self.clock = SystemClock(self.hands.wall_us, self.hands.steady_us)  # type: ignore[assignment]  # the real one
            with shaking(self.ground, life.fate):
                store = await stack.enter_async_context(open_store(self.path, self.clock, inline=True))
            self._begin(life, store)
            self._nursery.start_soon(self._tree, life, self.root, self.kernel)
            if not self._up:
                self._up = True
                task_status.started()
            await life.over.wait()
            self.life = None
        life.depot.close()
        life.stop.cancel()  # a corpse is cleared away while the next life has begun

    def _begin(self, life: Life, store: Store) -> None:
        notes = RecordingNotes(self.record, life.fate, self.troubles)
        self.store, self.notes, self.switchboard = store, notes, Switchboard()
        life.ports = {
            name: Port(name, getattr(store, name), life.fate, self._heard)
            for name in ("statements", "outbox", "ledger", "housekeeping", "queries", "connections", "pilots", *STORED)
        }
        wire = Wire(self.vendors, life.fate, life.number, self._nursery, self.record)
        ports = life.ports
        sealed = SealedConnections(ports["connections"], self.vault)  # type: ignore[arg-type]  # a proxy
        self.custody = Custody(sealed, self.clock, lambda each: dialects_of(each, revealed, self.dice.token))
        world = self.world(f"boot{life.number}", ports["statements"], ports["outbox"], ports["ledger"], wire)
        life.depot = ShakyDepot(self.path.with_name("spool"), self.clock, lambda: wire, life.fate, self.disk)
        ports["depot"] = Port("depot", life.depot, life.fate, self._heard)
        more = {name: ports[name] for name in ("housekeeping", "depot", *STORED)}
        self.undertaken = world = msgspec.structs.replace(world, **more)
        self.kernel = Kernel(clock=self.clock, dice=self.dice, on_trouble=notes.trouble)
        self.root = Root(self.tenants, self.targets, world, self.connected)
        self.life = life

    async def _tree(self, life: Life, root: Root, kernel: Kernel) -> None:
        try:
            with life.stop:
                await kernel.run(root.supervisor)
        except Exception as error:  # noqa: BLE001  # the process ends, and systemd starts it again
            if not life.fate.dead:
                self.record.note("escalated", f"{type(error).__name__}: {error}", count="escalated")
        life.over.set()

    def _died(self, point: str) -> None:
        """Synchronously, in the middle of whatever it was: nothing of this life happens any more."""
        assert self.life is not None
        self.deaths.append((self.true_s(), point))
        self.life.over.set()
        self.life = None

    def kill(self) -> None:
        """SIGKILL, now."""
        if self.life is not None:
            self.life.fate.die("at any moment")

    def stop_gently(self) -> None:
        """SIGTERM: drain, end; the next life follows."""
        if self.life is not None:
            self.record.note("stop", self.life.number, count="restarts")
            self.life.stop.cancel()

    def end(self) -> None:
        self._ending = True
        self.stop_gently()

    def _heard(self, point: str, answer: Any, args: tuple[Any, ...]) -> None:
        """Store transitions, for the record."""
        for ear in self.ears:
            ear(point, answer, args)
        match point, args:
            case "outbox.claim", (lane, *_):
                for delivery in answer.deliveries:
                    self.record.note("claimed", lane, delivery.id[:12], delivery.state.value, delivery.attempts)
            case "outbox.record", (Delivery() as delivery, _, decision, *_):
                written = "written" if answer else "claim lost"
                self.record.note("recorded", delivery.id[:12], decision.state.value, written)
            case "outbox.route", (tenant, routed, *_):
                self.record.note("routed", tenant, len(routed), sorted(answer.deliveries.items()), answer.repeated)
            case _:
                self.record.counts[f"port {point}"] += 1

    # ── from outside ─────────────────────────────────────────────────────────────────────────────

    async def offer(self, batch: Sequence[NewStatement], provenance: Provenance) -> bool:
        """One request of a sender; False where it got no answer, or was told to come again."""
        life, accepted = self.life, False
        if life is None:
            return False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(life.hang_up, nursery.cancel_scope)
            try:
                await life.ports["statements"].append(batch, provenance)
                accepted = True
                self.switchboard.arrived(provenance.tenant)
            except (StoreUnavailable, StatementConflict) as error:
                self.record.note("refused", f"{type(error).__name__}: {error}", count=f"offer {type(error).__name__}")
            nursery.cancel_scope.cancel()
        return accepted

    def look(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says, seen by somebody else than the daemon."""
        if self._eyes is None:
            self._eyes = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        return self._eyes.execute(sql, values).fetchall()

    def close(self) -> None:
        if self._eyes is not None:
            self._eyes.close()

    def still(self) -> bool:
        """Whether nothing is open: every statement routed, no delivery on its way."""
        unrouted = self.look(
            "SELECT 1 FROM statements s LEFT JOIN outcomes o ON o.seq = s.seq WHERE o.seq IS NULL LIMIT 1"
        )
        open_rows = self.look(
            "SELECT 1 FROM deliveries WHERE state IN ('waiting', 'claimed', 'unknown') "
            "OR (state = 'held' AND held_for <> '' AND digest IS NULL) LIMIT 1"
        )
        return not (unrouted or open_rows)
