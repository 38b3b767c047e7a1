"""The running daemon as others see it: what is in force, how a reload changes it, and whether all is well.

The control socket's verbs, the gateway's health pages and the watchdog ask the same object.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import trio

from actors import sources
from actors.domain.harvest import Finished
from actors.domain.throttle import Limiter
from actors.domain.verdicts import Delivered
from actors.domain.wording import shipped_with
from actors.kernel import Kernel, Registry, converse
from actors.ports import Bearing, Clock, Dice, Http, Reveal, Source, StoreUnavailable, Target, Witness
from actors.roles.custody import connection_of
from actors.roles.greeting import greet
from actors.roles.root import Root
from actors.roles.router import Plan
from actors.roles.undertaking import Undertaking
from actors.roles.world import Meanings, Switchboard, World
from actors.targets import discover
from config.diff import changes, reloaded, taken
from config.model import Configuration, PersonRow, Tenant
from config.numbers import number_of
from config.polling import Polling
from config.problems import Problem, in_a_line, in_order
from config.secrets import SecretReader, SecretUnavailable
from daemon import settings
from daemon.auditing import Logbook
from daemon.connections import ConnectionDesk
from daemon.control.office import Backstage, Check, ReloadOutcome
from daemon.control.protocol import Level
from daemon.control.times import moment
from daemon.control.wellness import quarantine_checks
from daemon.gateway.credentials import Door
from daemon.gateway.keyring import Keyring
from daemon.gateway.seal import SealFile, seal_path
from daemon.http import Outbound
from daemon.meanings import rewritten_in_force
from daemon.release import installed_version
from daemon.store.database import Store
from daemon.vault.strongroom import Strongroom

HELLO_S_MAX = 10.0
PROBE_S_MAX = 5.0


class House:
    """Implements ``control.office.Office``. ``stop`` begins the shutdown."""

    def __init__(
        self,
        root_dir: Path,
        configuration: Configuration,
        *,
        environ: Mapping[str, str],
        store: Store,
        world: World,
        kernel: Kernel,
        reader: SecretReader,
        stop: Callable[[], None],
        strongroom: Strongroom,
        outbound: Outbound,
        loop_lag_s: Callable[[], float | None],
    ) -> None:
        self.version = installed_version()
        self.backstage = Backstage()
        self.started_us = world.clock.now_us()
        self.store = store
        self.draining = False
        self._root_dir = root_dir
        self._configuration = configuration
        self._environ = environ
        self._world = world
        self._kernel = kernel
        self._reader = reader
        self._stop = stop
        self._outbound = outbound
        self.loop_lag_s = loop_lag_s
        self.strongroom = strongroom
        self.strongroom.awaited.configure(configuration)
        self._reloading = trio.Lock()
        self.root = Root(configuration.tenants, self._make_targets, world, self._make_sources)
        self.keyring = Keyring(store.credentials, SealFile(seal_path(store.path)), world.clock, world.witness.trouble)
        self.keyring.configure(configuration.tenants.values())
        assert world.custody is not None  # noqa: S101 - only tests of single actors go without
        self.desk = ConnectionDesk(world.custody, world.switchboard, world.clock)
        self.desk.configure(configuration)
        self.logbook = Logbook(store, world.witness, root_dir)

    # ── what is there ────────────────────────────────────────────────────────────────────────────────

    @property
    def registry(self) -> Registry:
        return self._kernel.registry

    @property
    def switchboard(self) -> Switchboard:
        return self._world.switchboard

    @property
    def clock(self) -> Clock:
        return self._world.clock

    @property
    def dice(self) -> Dice:
        return self._world.dice

    @property
    def witness(self) -> Witness:
        return self._world.witness

    def configuration(self) -> Configuration:
        return self._configuration

    def doors(self) -> Mapping[str, Door]:
        """Who may come in at the gateway, by tenant."""
        return self.keyring.doors()

    def people(self, tenant_name: str) -> Sequence[PersonRow]:
        """The people directory of a tenant, nobody where there is no such tenant any more."""
        tenant = self._configuration.tenants.get(tenant_name)
        return tenant.people if tenant is not None else ()

    def targets(self, tenant_name: str) -> Mapping[str, Target]:
        return self._make_targets(self._configuration.tenants[tenant_name])

    def plan(self, tenant_name: str) -> Plan:
        tenant = self._configuration.tenants[tenant_name]
        return Plan(tenant, self._make_targets(tenant), self._world.born_us)

    def http(self) -> Http:
        return self._world.http()

    def sources(self, tenant_name: str) -> Mapping[str, Source]:
        """Those of a configured tenant that are read, or that call."""
        return self._make_sources(self._configuration.tenants[tenant_name])

    @property
    def meanings(self) -> Meanings:
        return self._world.meanings

    def undertaking(self, tenant_name: str, source_name: str) -> Undertaking:
        tenant = self._configuration.tenants[tenant_name]
        source = self._make_sources(tenant)[source_name]
        settings = tenant.sources[source_name].settings
        polling = settings if isinstance(settings, Polling) else None
        return Undertaking(tenant, source_name, source, polling, self._world)

    def _make_targets(self, tenant: Tenant) -> dict[str, Target]:
        wording = shipped_with(tenant.templates)
        return {
            name: discover()[each.kind].build(each.settings, self._keys(tenant, name), wording)
            for name, each in tenant.targets.items()
        }

    def _make_sources(self, tenant: Tenant) -> dict[str, Source]:
        """Those that are read, or that call; statements that are pushed are the gateway's."""
        made = {}
        for name, each in tenant.sources.items():
            build = sources.discover()[each.kind].build
            if build is not None:
                bearing = Bearing(tenant=tenant.name, source=name, timezone=tenant.timezone, locale=tenant.locale)
                made[name] = build(each.settings, self._keys(tenant, connection_of(tenant, name)), bearing)
        return made

    def _keys(self, tenant: Tenant, name: str) -> Reveal:
        """How a connector comes by secrets, and by tokens."""
        custody = self._world.custody
        reveal = self._reader.of(tenant.name)
        return reveal if custody is None else custody.keys(tenant, name, reveal)

    # ── what operators do ────────────────────────────────────────────────────────────────────────────

    async def config_check(self) -> Sequence[Problem]:
        _, problems = await trio.to_thread.run_sync(settings.read, self._root_dir, self._environ)
        return in_order([*problems, *self.desk.problems(self._root_dir)])

    async def reload(self) -> ReloadOutcome:
        """All or nothing: with an error anywhere the old configuration stays in force."""
        async with self._reloading:
            fresh, problems = await trio.to_thread.run_sync(settings.read, self._root_dir, self._environ)
            if fresh is None:
                errors = in_order(problem for problem in problems if problem.severity == "error")
                self.witness.trouble("config.refused", problems=len(errors), first=in_a_line(errors[0]))
                return ReloadOutcome(problems=problems)
            needed = changes(self._configuration, fresh).daemon_changed
            now_taken = taken(self._configuration.daemon, fresh.daemon)
            problems = in_order([*problems, *await self._rewritten(fresh)])
            # What only a restart brings into force is shown as it is in force, and reported as differing again.
            daemon = reloaded(self._configuration.daemon, fresh.daemon)
            self._outbound.allow(daemon.network.private_targets)
            self._configuration = msgspec.structs.replace(fresh, daemon=daemon, state=self._configuration.state)
            self.strongroom.awaited.configure(fresh)
            await self.strongroom.configure(daemon.vault)
            self.keyring.configure(fresh.tenants.values())
            self.desk.configure(fresh)
            applied = await self.root.apply(fresh.tenants)
            self.try_suspended()
            await self.logbook.configured()
            self.witness.event("config.reloaded", applied=list(applied), restart_needed=list(needed))
            return ReloadOutcome(applied=applied, taken=now_taken, restart_needed=needed, problems=problems)

    def try_suspended(self, tenant: str = "") -> None:
        """Of a lane, a source, an account or a listener that was refused, what stands in its secret's place may be
        another one now; without a tenant, of any."""
        for name, view in self.switchboard.source_views.items():
            if view.state in ("suspended", "unavailable") and tenant in ("", name.partition("/")[0]):
                self.switchboard.switched(name)
                self.switchboard.look(name, mended=True)
        for lane in self.switchboard.couriers:
            if tenant in ("", lane.partition("/")[0]):
                self.switchboard.ready(lane)  # one that is not suspended only looks
        for connection in self.switchboard.custodians.keys() | self.switchboard.listeners.keys():
            if tenant in ("", connection.partition("/")[0]):
                self.switchboard.secrets_changed(connection)

    async def _rewritten(self, fresh: Configuration) -> list[Problem]:
        """Mapping tables that are in force and were changed."""
        try:
            found = await rewritten_in_force(self._configuration, fresh, self.store.sources)
        except StoreUnavailable as error:
            return [
                Problem(
                    file=fresh.root, message=f"which mappings are in force is not known: {error}", severity="warning"
                )
            ]
        for each in found:
            self.witness.trouble("mapping.rewritten", file=str(each.file), problem=each.message)
        return found

    async def drain(self) -> None:
        self.draining = True
        self._stop()

    # ── how it is ────────────────────────────────────────────────────────────────────────────────────

    async def root_answers(self) -> None:
        """For the watchdog: the tree of actors stands."""
        state = self.registry.tree().state
        if state not in {"running", "starting", "stopping"}:
            raise RuntimeError(f"the root supervisor is {state}")

    async def store_answers(self) -> None:
        """For the watchdog: the writer commits, or says why it cannot for now (StoreUnavailable)."""
        await self.store.probe()

    async def scheduler_answers(self) -> None:
        """For the watchdog: tasks get their turn."""
        await trio.lowlevel.checkpoint()

    async def unwell(self) -> list[str]:
        """For ``/readyz``: what keeps us from taking and delivering; nothing if all is well."""
        return [f"{check.name}: {check.detail}" for check in await self.health("ready") if not check.ok]

    async def health(self, level: Level) -> Sequence[Check]:
        checks = [Check(name="process", ok=True, detail=f"up, version {self.version}")]
        if level == "live":
            return checks
        checks += [await self._store_check(), self._tree_check()]
        if self.draining:
            checks.append(Check(name="draining", ok=False, detail="shutting down"))
        if level == "deep":
            checks += [self._vault_check(), self._audit_check()]
            checks += await quarantine_checks(self._configuration.tenants.values(), self.store)
            async with trio.open_nursery() as nursery:
                for tenant in self._configuration.tenants.values():
                    for name in tenant.targets:
                        nursery.start_soon(self._hello_check, tenant.name, name, checks)
                    for name, source in self._make_sources(tenant).items():
                        nursery.start_soon(self._source_check, f"{tenant.name}/{name}", source, checks)
        return checks

    async def _store_check(self) -> Check:
        with trio.move_on_after(PROBE_S_MAX):
            try:
                await self.store.probe()
            except StoreUnavailable as error:
                return Check(name="store", ok=False, detail=str(error))
            return Check(name="store", ok=True, detail=f"commits to {self.store.path}")
        return Check(name="store", ok=False, detail=f"no commit within {PROBE_S_MAX:g} s")

    def _vault_check(self) -> Check:
        trouble, sealing = self.strongroom.trouble(), self.strongroom.keks.source.sealing
        return Check(name="vault", ok=not trouble, detail=trouble or f"its key: {sealing.kind} ({sealing.where})")

    def _audit_check(self) -> Check:
        audit = self.store.audit
        if audit.floor:
            detail = f"rows up to {audit.floor} are missing since the last end: lmsyncctl audit verify"
            return Check(name="audit", ok=False, detail=detail)
        return Check(
            name="audit", ok=True, detail="nothing was missing at the start; lmsyncctl audit verify looks at all"
        )

    def _tree_check(self) -> Check:
        tree = self.registry.tree()
        down = [child.name for child in tree.children if child.state not in {"running", "starting"}]
        if tree.state not in {"running", "starting"} or down:
            return Check(name="actors", ok=False, detail=f"root is {tree.state}; down: {', '.join(down) or 'none'}")
        return Check(name="actors", ok=True, detail=f"{number_of(len(tree.children), 'tenants')} up")

    async def _hello_check(self, tenant: str, name: str, checks: list[Check]) -> None:
        lane = f"{tenant}/{name}"
        http = self.http()
        detail = f"no answer within {HELLO_S_MAX:g} s"
        ok = False
        try:
            with trio.move_on_after(HELLO_S_MAX):
                verdict = await converse(self.targets(tenant)[name].hello(), http)
                ok = isinstance(verdict, Delivered)
                detail = "the credentials live" if ok else str(getattr(verdict, "detail", verdict))
        except SecretUnavailable as error:
            detail = str(error)
        finally:
            await http.aclose()
        checks.append(Check(name=f"vendor {lane}", ok=ok, detail=detail))

    async def _source_check(self, name: str, source: Source, checks: list[Check]) -> None:
        """Whether its credentials live, and whether it calls as often as it should."""
        detail, ok = f"no answer within {HELLO_S_MAX:g} s", False
        with trio.move_on_after(HELLO_S_MAX), self.witness.reading(name, "hello") as view:
            ended = await greet(name, source, self._world, Limiter(source.rate, trio.current_time()), view)
            ok = isinstance(ended, Finished)
            detail = "the credentials live" if isinstance(ended, Finished) else ended.detail
        seen = self.switchboard.source_views.get(name)
        if seen is not None and seen.silent_since_us is not None:
            ok, detail = False, f"{detail}; it has not called since {moment(seen.silent_since_us)}"
        checks.append(Check(name=f"source {name}", ok=ok, detail=detail))


def boot_name() -> str:
    """This life of the process: claims carry it."""
    return secrets.token_hex(6)
