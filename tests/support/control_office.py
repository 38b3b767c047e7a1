"""An office around a real store: what the control socket's verbs ask, with actors (a Campus) or without."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from plain_vault import PlainVault
from world import SECRETS, Campus, Notes, SeededDice, VirtualClock, open_campus

from actors.domain.outbox import Attempt, Decision, State
from actors.domain.verdicts import Cause
from actors.domain.wording import Catalogue, default_templates
from actors.domain.xapi.keys import keys
from actors.kernel import Registry
from actors.ports import Clock, Http, NewStatement, Provenance, Source, Target
from actors.roles.custody import Custody
from actors.roles.router import Plan
from actors.roles.undertaking import Undertaking
from actors.roles.world import Meanings, Switchboard, World
from actors.targets import discover
from config.model import Configuration, Control, Daemon, Tenant
from config.polling import Polling
from config.problems import Problem
from config.secrets import SecretReader
from daemon.connections import ConnectionDesk
from daemon.control import verbs
from daemon.control.office import Asking, Backstage, Check, ReloadOutcome
from daemon.control.protocol import AnyAsk, Done, Level
from daemon.control.roles import Peer
from daemon.gateway.keyring import Keyring
from daemon.gateway.seal import SealFile, seal_path
from daemon.store.database import Store
from daemon.vault.connections import SealedConnections
from daemon.vault.strongroom import Strongroom

PEER = Peer(pid=7, uid=1000, gids=frozenset({1000}), login="ada")


class Office:
    """Implements ``daemon.control.office.Office``. What the daemon would do itself is set by the test."""

    version = "1.2.3"
    backstage = Backstage()

    def __init__(
        self,
        store: Store,
        tenants: Mapping[str, Tenant],
        *,
        campus: Campus | None = None,
        clock: Clock | None = None,
        control: Control | None = None,
    ) -> None:
        self.store = store
        self.tenants = dict(tenants)
        self.clock: Clock = clock or VirtualClock()
        self.started_us = self.clock.now_us()
        self.dice = SeededDice(5)
        self.witness = campus.notes if campus else Notes()
        file = SealFile(seal_path(store.path))
        self.keyring = Keyring(store.credentials, file, self.clock, self.witness.trouble)
        self.keyring.configure(self.tenants.values())
        self.reader = SecretReader({})
        self.strongroom = Strongroom(store.path.parent, store, self.reader, {}, self.clock, self.witness)
        connections = SealedConnections(store.connections, PlainVault())
        custody = campus.custody if campus else Custody(connections, self.clock, lambda tenant: {})
        self.desk = ConnectionDesk(custody, campus.switchboard if campus else Switchboard(), self.clock)
        self.desk.configure(self.configuration_of(self.tenants, Daemon()))
        self.tried: list[str] = []
        self.switchboard = campus.switchboard if campus else Switchboard()
        self.checks: list[Check] = [Check(name="store", ok=True, detail="it commits")]
        self.problems: list[Problem] = []
        self.outcome = ReloadOutcome(applied=("acme",))
        self.drained = 0
        self.reloads = 0
        self.level = ""
        self._daemon = Daemon(control=control or Control())
        self._campus = campus
        self._registry = Registry()

    @property
    def registry(self) -> Registry:
        return self._campus.kernel.registry if self._campus else self._registry

    def loop_lag_s(self) -> float | None:
        return 0.001

    def configuration(self) -> Configuration:
        return self.configuration_of(self.tenants, self._daemon)

    @staticmethod
    def configuration_of(tenants: dict[str, Tenant], daemon: Daemon) -> Configuration:
        root = Path("/etc/lmsyncd")
        return Configuration(root=root, daemon=daemon, tenants=tenants, state=root / "state")

    def targets(self, tenant_name: str) -> Mapping[str, Target]:
        tenant = self.tenants[tenant_name]
        wording = Catalogue(tenant.templates, default_templates())
        return {
            name: discover()[each.kind].build(each.settings, lambda secret: SECRETS[str(secret.env)], wording)
            for name, each in tenant.targets.items()
        }

    @property
    def meanings(self) -> Meanings:
        return self._world().meanings

    def sources(self, tenant_name: str) -> Mapping[str, Source]:
        return self._campus.connected(self.tenants[tenant_name]) if self._campus else {}

    def undertaking(self, tenant_name: str, source_name: str) -> Undertaking:
        tenant = self.tenants[tenant_name]
        settings = tenant.sources[source_name].settings
        polling = settings if isinstance(settings, Polling) else None
        return Undertaking(tenant, source_name, self.sources(tenant_name)[source_name], polling, self._world())

    def _world(self) -> World:
        assert self._campus is not None, "this office has no actors"
        store = self.store
        return self._campus.world("office", store.statements, store.outbox, store.ledger, self._campus.http)

    def plan(self, tenant_name: str) -> Plan:
        return Plan(self.tenants[tenant_name], self.targets(tenant_name), self.store.born_us)

    def http(self) -> Http:
        assert self._campus is not None, "this office has no vendors"
        return self._campus.http

    async def reload(self) -> ReloadOutcome:
        self.reloads += 1
        return self.outcome

    async def config_check(self) -> Sequence[Problem]:
        return self.problems

    async def drain(self) -> None:
        self.drained += 1

    def try_suspended(self, tenant: str) -> None:
        self.tried.append(tenant)

    async def health(self, level: Level) -> Sequence[Check]:
        self.level = level
        return self.checks


async def ask(office: Office, request: AnyAsk, peer: Peer = PEER) -> tuple[list[Any], Done]:
    """The rows and the end of an answer, without a socket. Raises Refusal."""
    rows: list[Any] = []

    async def emit(row: msgspec.Struct) -> None:
        rows.append(row)

    done = await verbs.answer(request, Asking(office, peer, emit, {}))
    return rows, done


class Desk:
    """Puts statements and deliveries into a store as routers and couriers would, without running any."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.store = office.store
        self._told = 0

    async def tell(self, *statements: Mapping[str, object], tenant: str = "acme", correlation: str = "") -> list[str]:
        """Accept statements in one request; their ids."""
        batch = []
        for statement in statements:
            self._told += 1
            made = f"{self._told:08x}-0000-4000-8000-{self._told:012x}"
            body = msgspec.json.encode({"id": made, **statement})
            stamp = str(statement.get("timestamp", ""))
            found = keys(dict(statement), tenant)
            batch.append(NewStatement(id=made, body=body, digest=b"", timestamp=stamp, given_id=True, keys=found))
        source = Provenance(
            tenant=tenant,
            source="campus",
            correlation_id=correlation or f"request-{self._told}",
            traceparent=f"00-{self._told:032x}-{self._told:016x}-01",
            version="1.0.3",
            authority=b'{"objectType":"Agent","account":{"homePage":"https://x.test","name":"moodle"}}',
        )
        return list((await self.store.statements.append(batch, source)).ids)

    async def route(self, tenant: str = "acme") -> None:
        """What the tenant's router would do with everything it has not seen."""
        cursor = await self.store.outbox.cursor(tenant)
        batch = await self.store.statements.after(tenant, cursor, 1000)
        plan = self.office.plan(tenant)
        routed = [plan.make(told, told.stored_us) for told in batch]
        if batch:
            await self.store.outbox.route(tenant, routed, batch[-1].seq)

    async def carry(self, state: State, lane: str = "acme/slack", **more: Any) -> str:
        """Claim the lane's next delivery and record this outcome of it; its id."""
        now_us = self.office.clock.now_us() + 1_000_000  # after whatever was accepted at this very instant
        claimed = await self.store.outbox.claim(lane, "boot1", now_us, 1)
        [delivery] = claimed.deliveries
        if state is State.CLAIMED:
            return delivery.id
        stuck = state in {State.DEAD, State.PARKED}
        decision = Decision(
            state=state,
            due_us=more.pop("due_us", now_us),
            cause=more.pop("cause", Cause.EXHAUSTED if state is State.DEAD else Cause.UNKNOWN_OUTCOME)
            if stuck
            else None,
            detail=more.pop("detail", f"told to be {state.value}"),
            receipt={"channel": "C0GENERAL1", "ts": "1.2"} if state is State.DELIVERED else None,
        )
        line = Attempt(
            number=delivery.attempts,
            kind="send",
            started_us=now_us,
            ended_us=now_us + 12_000,
            verdict="delivered" if state is State.DELIVERED else "faulted",
            detail=decision.detail,
            request_ids={"x-slack-req-id": "req-1"},
            boot="boot1",
            trace_id="a" * 32,
        )
        assert await self.store.outbox.record(delivery, "boot1", decision, line, now_us)
        return delivery.id

    async def states(self) -> dict[str, int]:
        counted: dict[str, int] = {}
        for _, state, n in await self.store.queries.depths():
            counted[state] = counted.get(state, 0) + n
        return counted

    async def line(self, destination: str, lane: str = "acme/slack") -> list[tuple[str, bool]]:
        """The open line of a destination: (id, head) in order."""
        found = await self.store.writer.submit(
            lambda raw: raw.execute(
                "SELECT id, head FROM deliveries WHERE lane = ? AND destination = ? "
                "AND state IN ('waiting', 'claimed', 'unknown') ORDER BY seq",
                (lane, destination),
            ).fetchall()
        )
        return [(row[0].hex(), bool(row[1])) for row in found]


@asynccontextmanager
async def opened(path: Path, *tenants: Tenant) -> AsyncIterator[tuple[Office, Campus]]:
    """A running daemon in virtual time and its office."""
    async with open_campus(path, *tenants, limited=False) as campus:
        office = Office(campus.store, campus.tenants, campus=campus, clock=campus.clock)
        yield office, campus
