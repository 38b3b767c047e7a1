"""What the verbs need of the running daemon. The composition root builds it; tests build a small one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from actors.kernel import Registry
from actors.ports import Clock, Dice, Http, Source, Target, Witness
from actors.roles.router import Plan
from actors.roles.undertaking import Undertaking
from actors.roles.world import Meanings, Switchboard
from config.model import Configuration, Tenant
from config.problems import Problem
from daemon.connections import ConnectionDesk
from daemon.control.exits import Exit
from daemon.control.protocol import Done, Level, Refusal
from daemon.control.roles import Peer
from daemon.gateway.keyring import Keyring
from daemon.store.database import Store
from daemon.vault.strongroom import Strongroom


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. ``detail`` says what was found, good or bad."""

    name: str
    ok: bool
    detail: str = ""


class ReloadOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """``applied``: tenants whose actors were started anew, added or removed. ``taken``: settings of the daemon's own
    that came into force, ``restart_needed``: those that only its restart brings into force, both dotted. With an error
    among ``problems`` nothing was applied."""

    applied: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    restart_needed: tuple[str, ...] = ()
    problems: Sequence[Problem] = ()


class Backstage(msgspec.Struct, frozen=True):
    """What only the process itself can tell: the newest lines of its log (JSON, secrets masked), and its metrics."""

    lines: Callable[[], Sequence[bytes]] = list
    metrics: Callable[[], str] = str


class Office(Protocol):
    """The daemon, as the control socket sees it."""

    @property
    def backstage(self) -> Backstage: ...

    @property
    def version(self) -> str: ...

    @property
    def started_us(self) -> int: ...

    @property
    def store(self) -> Store: ...

    @property
    def registry(self) -> Registry: ...

    @property
    def switchboard(self) -> Switchboard: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def dice(self) -> Dice: ...

    @property
    def keyring(self) -> Keyring:
        """The clients of the embedded LRS."""

    @property
    def strongroom(self) -> Strongroom:
        """Secrets at rest, and the keys for them."""

    def try_suspended(self, tenant: str) -> None:
        """A secret is another one now, or can be opened again: lanes and sources of this tenant (empty: of all) that
        were refused try again at once."""

    @property
    def desk(self) -> ConnectionDesk:
        """Accounts at vendors, and their tokens."""

    @property
    def witness(self) -> Witness:
        """Where it is logged who asked for what."""

    @property
    def meanings(self) -> Meanings:
        """The mapping tables of sources."""

    def loop_lag_s(self) -> float | None:
        """How long something held the event loop lately; None: it is not measured."""

    def configuration(self) -> Configuration:
        """What is in force now."""

    def targets(self, tenant_name: str) -> Mapping[str, Target]:
        """The targets of a configured tenant, by name."""

    def sources(self, tenant_name: str) -> Mapping[str, Source]:
        """Those sources of a configured tenant that are read, or that call, by name."""

    def undertaking(self, tenant_name: str, source_name: str) -> Undertaking:
        """What takes in records of a configured source; the caller holds its lock (``Switchboard.alone``)."""

    def plan(self, tenant_name: str) -> Plan:
        """The rules of a configured tenant, as its router applies them."""

    def http(self) -> Http:
        """A client of its own; whoever asks closes it."""

    async def reload(self) -> ReloadOutcome:
        """Read the configuration again; keep the old one if it has errors."""

    async def config_check(self) -> Sequence[Problem]:
        """What ``reload`` would say, without doing anything."""

    async def drain(self) -> None:
        """Begin an orderly shutdown. Returns at once."""

    async def health(self, level: Level) -> Sequence[Check]:
        """``live``: the process answers. ``ready``: it can take and deliver. ``deep``: the disk and each vendor too."""


Emit = Callable[[msgspec.Struct], Awaitable[None]]


class Unsettled(Exception):
    """Nobody knows whether (all of) it was done. The text is for the asker."""


class Asking(msgspec.Struct, frozen=True):
    """One request in the hands of its verb. ``emit`` sends a row; ``delivered_before``: deliveries by lane that were
    done before the daemon started; ``correlation_id``: by which the audit knows it, where it changes something."""

    office: Office
    peer: Peer
    emit: Emit
    delivered_before: Mapping[str, int]
    correlation_id: str = ""

    @property
    def now_us(self) -> int:
        return self.office.clock.now_us()

    def lane(self, lane: str) -> tuple[str, str]:
        """(tenant, target) of a configured lane. Raises Refusal."""
        tenant_name, slash, target_name = lane.partition("/")
        if not slash or not tenant_name or not target_name:
            raise Refusal(Exit.USAGE, f"{lane!r} is not a lane", advice="a lane is written TENANT/TARGET")
        tenant = self.tenant(tenant_name)
        if target_name not in tenant.targets:
            known = ", ".join(sorted(tenant.targets)) or "none"
            raise Refusal(
                Exit.NOTHING, f"{tenant_name} has no target {target_name!r}", advice=f"its targets are: {known}"
            )
        return tenant_name, target_name

    def tenant(self, name: str) -> Tenant:
        """A configured tenant. Raises Refusal."""
        tenants = self.office.configuration().tenants
        if name not in tenants:
            raise Refusal(Exit.NOTHING, f"there is no tenant {name!r}", advice="lmsyncctl tenants lists them")
        return tenants[name]


def done(note: str = "", code: Exit = Exit.OK) -> Done:
    return Done(exit_code=code, note=note)
