"""A whole daemon in virtual time: real store (inline), real actors, the connectors' own fakes as vendors, and one
school that the fakes of sources tell of.

Nothing waits in real time: a test tells statements, lets virtual time pass, and looks at the journals and the store.
"""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import trio
from accounts import SECRETS as SECRETS
from accounts import SETTINGS as SETTINGS
from accounts import SOURCES as SOURCES
from memory_http import InMemoryHttp
from notes import Notes as Notes
from plain_vault import PlainVault
from tenants import kinds as kinds
from tenants import route as route
from tenants import source as source
from tenants import tenant as tenant
from told import completed as completed
from told import graded as graded
from told import voiding as voiding
from toy_mapping import toy_tables

from actors.domain.school import sample
from actors.domain.undoing import voids
from actors.domain.wording import shipped_with
from actors.kernel import Kernel
from actors.messages import SourceView, Sync
from actors.ports import (
    Bearing,
    Effect,
    Fake,
    Fault,
    NewStatement,
    Provenance,
    Reading,
    Source,
    Target,
)
from actors.roles.custody import Custody, connection_of, within
from actors.roles.root import Root
from actors.roles.world import Switchboard, World
from actors.targets import discover
from config.model import Secret, Tenant
from daemon.depot import FileDepot
from daemon.dialects import dialects_of
from daemon.meanings import KindMeanings
from daemon.store.database import Store, open_store
from daemon.telemetry.redaction import Redactor
from daemon.vault.connections import SealedConnections

EPOCH_US = 1_800_000_000_000_000


def revealed(secret: Secret) -> str:
    """Everybody's secrets are known by their names."""
    return SECRETS[str(secret.env)]


class VirtualClock:
    """Wall time that follows trio's."""

    def now_us(self) -> int:
        return EPOCH_US + round(trio.current_time() * 1e6)


class SeededDice:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def random(self) -> float:
        return self._random.random()

    def token(self) -> str:
        return f"{self._random.getrandbits(128):032x}"


class Severed:
    """A port of a process that died: whoever still calls it waits for ever, and nothing happens."""

    def __init__(self, port: object) -> None:
        self._port = port
        self.dead = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def call(*args: object, **kwargs: object) -> object:
            if self.dead:
                await trio.sleep_forever()
            answer = await method(*args, **kwargs)
            if self.dead:
                await trio.sleep_forever()
            return answer

        return call


class Campus:
    """The daemon under test and the world around it. ``fakes`` are the vendors by kind."""

    def __init__(self, store: Store, tenants: Mapping[str, Tenant], *, window: int, seed: int) -> None:
        self.store = store
        self.mask = store.outbox.mask = Redactor(lambda: SECRETS.values()).text
        self.clock = VirtualClock()
        self.dice = SeededDice(seed)
        self.tenants = dict(tenants)
        self.fakes: dict[str, Fake] = {kind: connector.fake() for kind, connector in discover().items()}
        self.school = sample(EPOCH_US / 1e6 - 86_400)
        self.sources: dict[str, Fake] = {
            kind: each.fake(self.school) for kind, each in kinds().items() if each.fake is not None
        }
        self.http = InMemoryHttp(
            [*self.fakes.values(), *self.sources.values()], now_s=lambda: EPOCH_US / 1e6 + trio.current_time()
        )
        self.notes = Notes()
        self.vault = PlainVault()
        self.custody: Custody
        self.switchboard = Switchboard()
        self.window = window
        self.public_url = ""
        self._lives = 0
        self._told = 0
        self._stop = trio.CancelScope()
        self._severed: list[Severed] = []
        self._ended = trio.Event()
        self._nursery: trio.Nursery
        self.root: Root
        self.kernel: Kernel

    # ── its lives ────────────────────────────────────────────────────────────────────────────────────

    async def start(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._lives += 1
        rows = Severed(self.store.connections)
        self._severed = [*map(Severed, (self.store.outbox, self.store.ledger, self.http)), rows]
        self.custody = Custody(
            SealedConnections(rows, self.vault),  # type: ignore[arg-type]  # a proxy
            self.clock,
            lambda each: dialects_of(each, revealed, self.dice.token),
        )
        world = self.world(f"boot{self._lives}", self.store.statements, *self._severed[:3])
        ports = ("records", "relays", "sources", "remappings", "rosters")
        world = msgspec.structs.replace(world, **(told := {name: Severed(getattr(self.store, name)) for name in ports}))
        self._severed += told.values()
        self.kernel = Kernel(clock=self.clock, dice=self.dice, on_trouble=self.notes.trouble)
        self.root = Root(self.tenants, self.targets, world, self.connected)
        self._ended = trio.Event()
        await nursery.start(self._live)

    def world(self, boot: str, statements: Any, outbox: Any, ledger: Any, http: Any) -> World:
        """What one life of the daemon is handed; the ports may be proxies of the real ones."""
        return World(
            boot=boot,
            clock=self.clock,
            dice=self.dice,
            statements=statements,
            attachments=self.store.attachments,
            outbox=outbox,
            ledger=ledger,
            persons=self.store.persons,
            housekeeping=self.store.housekeeping,
            conserving=self.store.conserving,
            records=self.store.records,
            relays=self.store.relays,
            remappings=self.store.remappings,
            reminders=self.store.reminders,
            rosters=self.store.rosters,
            conflicts=self.store.conflicts,
            cards=self.store.cards,
            sources=self.store.sources,
            depot=FileDepot(self.store.path.with_name("spool"), self.clock, lambda: http, inline=True),
            meanings=KindMeanings(self.clock, {"toy": toy_tables()}),
            witness=self.notes,
            audit=self.store.audit,
            http=within(self.custody, lambda: http),
            custody=self.custody,
            switchboard=self.switchboard,
            born_us=self.store.born_us,
            window=self.window,
            mask=self.mask,
            tidings=self.store.tidings,
            public_url=self.public_url,
        )

    async def _live(self, *, task_status: trio.TaskStatus[None]) -> None:
        with trio.CancelScope() as self._stop:
            await self.kernel.run(self.root.supervisor, task_status=task_status)
        self._ended.set()

    async def stop(self) -> None:
        """SIGTERM: drain, then end."""
        self._stop.cancel()
        await self._ended.wait()

    async def die(self) -> None:
        """SIGKILL: from this instant nothing it was about to do happens. (Its corpse is cleared away in virtual
        time: the grace its actors are given.)"""
        self.sever()
        await self.stop()

    def sever(self) -> None:
        """Nothing happens any more."""
        for port in self._severed:
            port.dead = True

    async def again(self) -> None:
        await self.start(self._nursery)

    def targets(self, tenant: Tenant) -> dict[str, Target]:
        wording = shipped_with(tenant.templates)

        return {
            name: discover()[each.kind].build(each.settings, self.custody.keys(tenant, name, revealed), wording)
            for name, each in tenant.targets.items()
        }

    def connected(self, tenant: Tenant) -> dict[str, Source]:
        """Its sources that are read, or that call."""
        made = {}
        for name, each in tenant.sources.items():
            build = kinds()[each.kind].build
            if build is not None:
                bearing = Bearing(tenant=tenant.name, source=name, timezone=tenant.timezone, locale=tenant.locale)
                keys = self.custody.keys(tenant, connection_of(tenant, name), revealed)
                made[name] = build(each.settings, keys, bearing)
        return made

    # ── what a test does ─────────────────────────────────────────────────────────────────────────────

    async def tell(self, *statements: Mapping[str, object], tenant: str = "acme") -> list[str]:
        """Store statements as the gateway would, and hint the router. Their ids."""
        batch = []
        for statement in statements:
            self._told += 1
            made = f"00000000-0000-4000-8000-{self._told:012d}"
            body = msgspec.json.encode({"id": made, **statement})
            stamp = str(statement.get("timestamp", ""))
            new = NewStatement(id=made, body=body, digest=b"", timestamp=stamp, given_id=True, voids=voids(body))
            batch.append(new)
        source = Provenance(
            tenant=tenant, source="campus", correlation_id=f"corr{self._told}", traceparent="", version="1.0.3"
        )
        appended = await self.store.statements.append(batch, source)
        self.switchboard.arrived(tenant)
        return list(appended.ids)

    def fault(self, vendor: str, kind: str, **more: Any) -> None:
        self.fakes[vendor].fault(Fault(kind=kind, vendor=vendor, **more))

    def journal(self, vendor: str) -> list[Effect]:
        return list(self.fakes[vendor].journal)

    async def quiet(self, limit_s: float = 600.0) -> None:
        """Let virtual time pass until no delivery is open and every statement is routed. It looks ever more rarely."""
        look_s = 0.05
        with trio.fail_after(limit_s):
            while await self._busy():
                await trio.sleep(look_s := min(2.0, look_s * 1.05))

    async def _busy(self) -> bool:
        unrouted = await self.rows(
            "SELECT 1 FROM statements s LEFT JOIN outcomes o ON o.seq = s.seq WHERE o.seq IS NULL LIMIT 1"
        )  # first: what is routed meanwhile shows as open
        open_rows = await self.rows("SELECT 1 FROM deliveries WHERE state IN ('waiting', 'claimed', 'unknown') LIMIT 1")
        return bool(open_rows or unrouted)

    def view(self, source: str = "acme/campus") -> SourceView:
        """How its harvester says it stands."""
        return self.switchboard.source_views[source]

    async def until_read(self, count: int = 1, source: str = "acme/campus", limit_s: float = 900_000.0) -> Reading:
        """Let virtual time pass until so many readings of the source have ended; the last of them."""
        with trio.fail_after(limit_s):
            while len(self.readings(source)) < count:
                await self.notes.read.wait()
        return self.readings(source)[count - 1]

    def readings(self, source: str = "acme/campus") -> list[Reading]:
        """Those that ended, oldest first."""
        fields = Reading.__struct_fields__
        return [
            Reading(**{name: told[name] for name in fields})  # type: ignore[arg-type]
            for told in self.notes.named("source.read")
            if told["source"] == source
        ]

    async def sync(self, mode: str = "delta", source: str = "acme/campus", *, accept_removals: bool = False) -> Reading:
        """Have it read now; the reading."""
        before = len(self.readings(source))
        harvester = self.switchboard.harvesters[source]
        why = await harvester.ask(lambda reply: Sync(mode, reply, accept_removals))  # type: ignore[arg-type]
        assert not why, why
        return await self.until_read(before + 1, source)

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return await self.store.writer.submit(lambda raw: raw.execute(sql, values).fetchall())

    async def states(self) -> dict[str, int]:
        return dict(await self.rows("SELECT state, count(*) FROM deliveries GROUP BY state"))


@asynccontextmanager
async def open_campus(
    path: Path,
    *tenants: Tenant,
    window: int = 8,
    seed: int = 1,
    limited: bool = True,
    before: Callable[[Campus], None] = lambda campus: None,
) -> AsyncIterator[Campus]:
    """A running daemon; stopped and closed at the end. ``before``: what happens in the world before it starts."""
    async with open_store(path / "campus.db", VirtualClock(), inline=True) as store, trio.open_nursery() as nursery:
        campus = Campus(store, {each.name: each for each in tenants}, window=window, seed=seed)
        for fake in campus.fakes.values():
            fake.limited = limited
        before(campus)
        await campus.start(nursery)
        yield campus
        await campus.stop()
        nursery.cancel_scope.cancel()
