"""START HERE: the composition root. Opens everything in order, runs the actors, and takes it apart in reverse.

Order of opening: configuration, telemetry, store, actors, control socket, gateway, then READY. Order of closing: the
gateway first (nothing new is accepted), then the actors (what is in flight is finished), control, store, telemetry.
"""

import gc
import os
import signal
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import click
import trio
import trio_asyncio

from actors.kernel import Kernel
from actors.roles.custody import Custody, within
from actors.roles.ruling import follow
from actors.roles.world import Switchboard, World
from config.model import Configuration
from config.numbers import number_of
from config.secrets import SecretReader, SecretUnavailable
from daemon import settings
from daemon.auditing import Auditor
from daemon.chronicler import Chronicler
from daemon.clock import SystemClock, SystemDice
from daemon.control.listener import ControlRefused
from daemon.control.office import Backstage
from daemon.control.server import serve_control
from daemon.depot import FileDepot
from daemon.dialects import dialects_of
from daemon.gateway.app import GatewayApp, build_app
from daemon.gateway.ports import GatewayPorts
from daemon.gateway.ports_sign_on import ReviewPorts, SignOnPorts
from daemon.gateway.server import serve as serve_gateway
from daemon.gauges import Gauges
from daemon.house import House, boot_name
from daemon.http import Outbound
from daemon.lookout import Lookout
from daemon.meanings import KindMeanings
from daemon.patience import Patience, patient
from daemon.private import keep_memory_private
from daemon.store.database import Store, open_store
from daemon.store.errors import StoreRefused
from daemon.systemd import Notifier, Watchdog, notify_address, take_sockets, watchdog_interval_s
from daemon.telemetry.metrics import watch_loop
from daemon.telemetry.opening import Telemetry, open_telemetry
from daemon.telemetry.outgoing import measured
from daemon.vault.connections import SealedConnections
from daemon.vault.kept import Kept
from daemon.vault.strongroom import Strongroom
from daemon.websocket import HttpSockets

EX_OK, EX_FAILURE, EX_CONFIG = 0, 1, 78
GC_THRESHOLDS = 10_000, 20, 50
"""Reading statements makes thousands of objects that stand in no circle: looking for some less often took 9 % off."""
FINISHING = "finishing what is in flight"


def main(root: Path) -> int:
    """Run until SIGTERM or SIGINT. 78 for a bad configuration, 1 where the store cannot be used."""
    environ = dict(os.environ)
    exposed = keep_memory_private()
    configuration, problems = settings.read(root, environ)
    settings.show(problems, as_json=False)
    if configuration is None:
        return EX_CONFIG
    reader = SecretReader(environ)
    try:
        telemetry = open_telemetry(
            configuration.daemon.telemetry,
            reveal=reader.reveal,
            redact=reader.known_values,
            network=configuration.daemon.network,
        )
    except (OSError, ValueError, SecretUnavailable) as error:
        click.echo(f"lmsyncd: telemetry cannot be used as configured: {error}", err=True)
        return EX_CONFIG
    telemetry.adopt_logging()
    if exposed:
        telemetry.witness.trouble("daemon.exposed", None, detail=exposed)
    gc.freeze()  # what has been imported stays
    gc.set_threshold(*GC_THRESHOLDS)
    refusals: list[Exception] = []
    try:
        return trio.run(_run, root, configuration, environ, reader, telemetry)
    except* (StoreRefused, ControlRefused, OSError) as group:
        refusals += leaves(group)
    finally:
        telemetry.close()
    for refusal in refusals:
        click.echo(f"lmsyncd: {refusal}", err=True)
    return EX_FAILURE


def leaves(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    """The exceptions in nested groups."""
    found: list[Exception] = []
    for each in group.exceptions:
        found += leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found


async def _run(
    root: Path, configuration: Configuration, environ: dict[str, str], reader: SecretReader, telemetry: Telemetry
) -> int:
    clock = SystemClock()
    trouble = telemetry.witness.trouble
    path = settings.store_path(configuration)
    with patient(notify_address(environ), telemetry.witness) as patience:
        async with trio_asyncio.open_loop(), open_store(path, clock, trouble=trouble, told=patience) as store:
            daemon = Daemon(root, configuration, environ, reader, telemetry, store, clock, patience)
            with closing(daemon.depot):
                return await daemon.live()


class Daemon:
    """One life of the process, with the store open."""

    def __init__(
        self,
        root: Path,
        configuration: Configuration,
        environ: Mapping[str, str],
        reader: SecretReader,
        telemetry: Telemetry,
        store: Store,
        clock: SystemClock,
        patience: Patience,
    ) -> None:
        self._configuration = configuration
        self._patience = patience
        self._telemetry = telemetry
        self._store = store
        self._reader = reader
        self._stopping = trio.Event()
        self._sockets = take_sockets(os.environ, os.getpid())
        self._environ = environ
        self._outbound = Outbound(configuration.daemon.network)
        dice = SystemDice()
        self._chronicler = witness = Chronicler(telemetry.witness, clock, telemetry.mask)
        store.audit.mask = store.outbox.mask = telemetry.mask
        self._kernel = Kernel(
            clock=clock, dice=dice, on_trouble=lambda path, error: witness.trouble("actor.crashed", error, actor=path)
        )
        self.depot = FileDepot(store.path.with_name(store.path.name + ".spool"), clock, self._outbound.client)
        self._strongroom = Strongroom(root, store, reader, environ, clock, witness)
        kept = Kept(self._strongroom, witness)
        custody = Custody(
            SealedConnections(store.connections, self._strongroom.vault, reader.remember),
            clock,
            lambda tenant: dialects_of(tenant, reader.of(tenant.name), dice.token),
            configuration.daemon.gateway.public_url,
        )
        self._world = World(
            boot=boot_name(),
            clock=clock,
            dice=dice,
            statements=store.statements,
            attachments=store.attachments,
            outbox=store.outbox,
            ledger=store.ledger,
            persons=store.persons,
            housekeeping=store.housekeeping,
            conserving=store.conserving,
            records=store.records,
            relays=store.relays,
            remappings=store.remappings,
            reminders=store.reminders,
            rosters=store.rosters,
            conflicts=store.conflicts,
            cards=store.cards,
            sources=store.sources,
            depot=self.depot,
            meanings=KindMeanings(clock),
            witness=witness,
            audit=store.audit,
            http=within(custody, measured(self._outbound.client, telemetry.metrics.client_duration)),
            custody=custody,
            switchboard=Switchboard(),
            born_us=store.born_us,
            mask=telemetry.mask,
            tidings=store.tidings,
            sockets=HttpSockets(self._outbound, dice.token),
            seal=kept.seal,
            unseal=kept.unseal,
            public_url=configuration.daemon.gateway.public_url,
        )
        self._house = House(
            root,
            configuration,
            environ=environ,
            store=store,
            world=self._world,
            kernel=self._kernel,
            reader=reader,
            strongroom=self._strongroom,
            outbound=self._outbound,
            loop_lag_s=telemetry.metrics.loop_lag.value,
            stop=self._stopping.set,
        )
        self._house.backstage = Backstage(lambda: list(telemetry.log.recent), lambda: telemetry.metrics.page("")[1])
        self._notifier = Notifier(notify_address(environ), witness.trouble)
        self._auditor = Auditor(store, witness, clock, configuration.daemon.audit)
        self._lookout = Lookout(self._house, self._chronicler)

    async def live(self) -> int:
        """Everything up, until told to stop; everything down again, in reverse."""
        words, supervisor = self._configuration.daemon, self._house.root.supervisor
        self._patience.step("bringing up the tenants")
        await self._house.keyring.refresh()
        await self._strongroom.begin(self._configuration.daemon.vault)
        logbook = self._house.logbook
        await logbook.told("daemon.started", version=self._house.version, boot=self._world.boot, pid=os.getpid())
        await logbook.configured()
        chronicle = self._store.chronicle
        await self._chronicler.begin(chronicle, self._house.version, self._world.boot)
        async with trio.open_nursery() as outer:
            outer.start_soon(self._house.keyring.run)
            outer.start_soon(self._store.sessions.run, self._world.clock)
            outer.start_soon(self._store.pilots.run, self._world.clock)
            outer.start_soon(self._strongroom.run)
            outer.start_soon(self._store.audit.run)
            outer.start_soon(self._auditor.run)
            outer.start_soon(self._chronicler.run, chronicle)
            await outer.start(serve_control, self._house, words.control, self._sockets.get("control"))
            outer.start_soon(self._signals)
            async with trio.open_nursery() as actors:
                await actors.start(self._kernel.run, supervisor)
                async with trio.open_nursery() as gateway:
                    await gateway.start(serve_gateway, self._app(), words.gateway, self._sockets.get("gateway"))
                    outer.start_soon(watch_loop, self._telemetry.metrics)
                    outer.start_soon(self._gauges().run)
                    outer.start_soon(self._lookout.run)
                    self._watch(outer)
                    self._patience.rest()
                    await self._ready()
                    await self._stopping.wait()
                    await self._notifier.stopping(FINISHING)
                    self._patience.stop(FINISHING)
                    self._world.witness.event("daemon.stopping")
                    gateway.cancel_scope.cancel()
                supervisor.stop()
            outer.cancel_scope.cancel()
        await logbook.told("daemon.stopped", boot=self._world.boot)
        await self._auditor.end()
        await self._chronicler.end(chronicle)
        return EX_OK

    def _gauges(self) -> Gauges:
        metrics, registry = self._telemetry.metrics, self._kernel.registry
        return Gauges(metrics, self._store, registry, self._world, self._house.configuration)

    def _app(self) -> GatewayApp:
        telemetry, world, house = self._telemetry, self._world, self._house

        async def alive() -> list[str]:
            return []

        return build_app(
            GatewayPorts(
                statements=self._store.statements,
                reads=self._store.finding,
                attachments=self._store.attachments,
                activities=self._store.activities,
                documents=self._store.documents,
                feed=self._store.feed,
                people=house.people,
                doors=house.doors,
                reveal=self._reader.reveal,
                reveal_of=self._reader.of,
                seal=house.keyring.seal,
                used=house.keyring.used,
                clock=world.clock,
                dice=world.dice,
                arrived=world.switchboard.arrived,
                healthy=alive,
                ready=house.unwell,
                metrics_page=telemetry.metrics.page,
                request_span=telemetry.request_span,
                counted=self._counted,
                trouble=world.witness.trouble,
                audit=world.audit,
                harvesters=lambda tenant, source: world.switchboard.harvesters.get(f"{tenant}/{source}"),
                listeners=lambda tenant, target: world.switchboard.listeners.get(f"{tenant}/{target}"),
                sign_on=self._sign_on(),
            ),
            self._configuration.daemon.gateway,
        )

    def _sign_on(self) -> SignOnPorts | None:
        house, world = self._house, self._world
        if house.desk is None:
            return None
        return SignOnPorts(
            configuration=house.configuration,
            http=world.http,
            sessions=self._store.sessions,
            saml=self._store.saml,
            persons=world.persons,
            desk=house.desk,
            event=world.witness.event,
            review=ReviewPorts(
                conflicts=self._store.conflicts,
                followed=partial(follow, witness=world.witness, switchboard=world.switchboard),
            ),
        )

    def _counted(self, name: str, tenant: str, n: int, reason: str = "") -> None:
        metrics = self._telemetry.metrics
        match name:
            case "statements_accepted":
                metrics.statements_accepted.add(tenant, by=n)
            case "statements_collapsed":
                metrics.statements_collapsed.add(tenant, by=n)
            case _:
                metrics.statements_refused.add(tenant, reason, by=n)

    async def _ready(self) -> None:
        listen = ", ".join(self._configuration.daemon.gateway.listen)
        tenants = len(self._house.configuration().tenants)
        await self._notifier.ready(f"{number_of(tenants, 'tenants')}, listening on {listen}")
        self._telemetry.witness.event("daemon.ready", boot=self._world.boot, listen=listen, tenants=tenants)

    async def _reloads(self) -> bool:
        outcome = await self._house.reload()
        return not any(problem.severity == "error" for problem in outcome.problems)

    async def _signals(self) -> None:
        """SIGTERM and SIGINT stop in good order; SIGHUP reloads."""
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
            async for number in received:
                if number == signal.SIGHUP:
                    await self._notifier.reloading("reading the configuration")
                    await self._house.logbook.undertaken("reload", "SIGHUP", self._reloads)
                    await self._ready()
                else:
                    await self._house.logbook.told("drain", signal=signal.Signals(number).name)
                    await self._house.drain()

    def _watch(self, nursery: trio.Nursery) -> None:
        interval_s = watchdog_interval_s(self._environ, os.getpid())
        if interval_s is not None:
            house = self._house
            watchdog = Watchdog(self._notifier, interval_s, self._telemetry.witness.trouble)
            nursery.start_soon(watchdog.run, [house.root_answers, house.store_answers, house.scheduler_answers])
