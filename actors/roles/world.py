"""What every role is handed: the ports, and the switchboard on which hints find their actor."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec
import trio

from actors.domain.mapping import Mapped
from actors.kernel import Address
from actors.messages import (
    Arrived,
    ConnectionLost,
    CourierMessage,
    CustodianMessage,
    HarvesterMessage,
    JanitorMessage,
    ListenerMessage,
    Look,
    Ready,
    Reconcile,
    ReconcilerMessage,
    Reconnected,
    ReminderMessage,
    Renewed,
    Reported,
    Resumed,
    ReviewerMessage,
    RouterMessage,
    SecretsChanged,
    SourceView,
    Survey,
    Switched,
    Weigh,
)
from actors.ports import (
    Attachments,
    Audit,
    Clock,
    Depot,
    Dice,
    Housekeeping,
    Http,
    Ledger,
    Outbox,
    Persons,
    Sources,
    Statements,
    Witness,
)
from actors.ports.cards import Cards
from actors.ports.conflicts import Conflicts
from actors.ports.conserving import Conserving
from actors.ports.listening import NO_SOCKETS, ListenerView, Seal, Sockets, Tidebook, unsealed
from actors.ports.records import Records, Relays
from actors.ports.remapping import Remappings
from actors.ports.reminders import Reminders
from actors.ports.rosters import Rosters
from actors.roles.custody import Custody
from actors.roles.pacing import Pacer
from actors.roles.taking import Meaning
from config.model import Tenant


class Switchboard:
    """Addresses by tenant and by lane. A hint to nobody is dropped: the store carries the truth, and whoever starts
    looks there first."""

    def __init__(self) -> None:
        self.routers: dict[str, Address[RouterMessage]] = {}
        self.couriers: dict[str, Address[CourierMessage]] = {}
        self.janitors: dict[str, Address[JanitorMessage]] = {}
        self.reminders: dict[str, Address[ReminderMessage]] = {}
        self.reconcilers: dict[str, Address[ReconcilerMessage]] = {}
        self.harvesters: dict[str, Address[HarvesterMessage]] = {}
        self.listeners: dict[str, Address[ListenerMessage]] = {}
        self.reviewers: dict[str, Address[ReviewerMessage]] = {}
        self.custodians: dict[str, Address[CustodianMessage]] = {}
        """By connection: ``tenant/target`` or ``tenant/source``."""
        self.pacers: dict[str, Pacer] = {}
        """By lane, of its courier that lives: whoever else asks the same vendor keeps to the same limits."""
        self.source_views: dict[str, SourceView] = {}
        """How each source stands, as its harvester said last."""
        self.listener_views: dict[str, ListenerView] = {}
        """How each target is heard, as its listener said last."""
        self.people_told_us: dict[str, int] = {}
        """When a lane's vendor last told of somebody: what was asked before may not be remembered any more."""
        self.lookups: Counter[tuple[str, str]] = Counter()
        """By lane, since the start: how often a learner's address was ``remembered``, how often ``looked_up``; those
        of the latter apart that were known, but ``outdated``."""
        self.leaving: set[str] = set()
        """Lanes that are not configured any more, while their actors are stopped."""
        self._source_locks: defaultdict[str, trio.Lock] = defaultdict(trio.Lock)
        self._turns: Counter[str] = Counter()
        self.horizons_us: dict[str, int] = {}
        """How long the effects of each configured tenant are remembered, whether its actors stand or not."""

    def arrived(self, tenant: str) -> None:
        """Statements were stored for this tenant."""
        if router := self.routers.get(tenant):
            router.hint(Arrived())

    def reported(self, tenant: str) -> None:
        """The tenant's sources told something new."""
        if reminder := self.reminders.get(tenant):
            reminder.hint(Reported())
        if reviewer := self.reviewers.get(tenant):
            reviewer.hint(Reported())
        self.reconcile(tenant)

    def reconcile(self, tenant: str) -> None:
        """Something that its rosters go by has changed: at a source, at a vendor, or by a person's word."""
        if reconciler := self.reconcilers.get(tenant):
            reconciler.hint(Reconcile())

    def ready(self, lane: str) -> None:
        """The lane has deliveries, or what held it back has changed."""
        if courier := self.couriers.get(lane):
            courier.hint(Ready())

    def resumed(self, lane: str) -> None:
        """An operator lets the lane go on."""
        if courier := self.couriers.get(lane):
            courier.hint(Resumed())

    def switched(self, source: str) -> None:
        """An operator paused or resumed it."""
        if harvester := self.harvesters.get(source):
            harvester.hint(Switched())

    def look(self, source: str, *, mended: bool = False) -> None:
        """It has something new, or what it failed for may be put right."""
        if harvester := self.harvesters.get(source):
            harvester.hint(Look(mended))

    def renewed(self, source: str) -> None:
        """What its records mean was changed beside its harvester."""
        if harvester := self.harvesters.get(source):
            harvester.hint(Renewed())

    def decided(self, tenant: str) -> None:
        """A person decided about a conflict of this tenant."""
        self.reconcile(tenant)
        self.weigh(tenant)

    def weigh(self, tenant: str) -> None:
        """There are conflicts that nobody was told of, or something was done with a card of one."""
        if reviewer := self.reviewers.get(tenant):
            reviewer.hint(Weigh())

    def survey(self, lane: str, place: str = "") -> None:
        """A post was refused there, or something else shows that its vendor should be asked how things stand."""
        if listener := self.listeners.get(lane):
            listener.hint(Survey(place))

    def reconnected(self, lane: str) -> None:
        """Its account's credentials are new, or live again."""
        if listener := self.listeners.get(lane):
            listener.hint(Reconnected())

    def lost(self, lane: str, why: str) -> None:
        """The vendor says that the account's credentials are good no more."""
        if custodian := self.custodians.get(lane):
            custodian.hint(ConnectionLost(why))

    def secrets_changed(self, connection: str) -> None:
        """What its configuration refers to may be another secret now."""
        if custodian := self.custodians.get(connection):
            custodian.hint(SecretsChanged())
        if listener := self.listeners.get(connection):
            listener.hint(SecretsChanged())

    @asynccontextmanager
    async def alone(self, source: str) -> AsyncIterator[int]:
        """Whoever writes records of this source holds this; a reading gives way between two pages. Not to be nested.
        Turns are numbered: whoever has two that follow one another knows that nobody wrote between them."""
        async with self._source_locks[source]:
            self._turns[source] += 1
            yield self._turns[source]


class Meanings(Protocol):
    """The mapping tables there are, those of the product and the operator's own."""

    def versions(self, tenant: Tenant, source: str) -> Mapping[int, Mapped]:
        """All there are for this source. Raises LookupError where there is no such source."""

    def newest(self, tenant: Tenant, source: str) -> int:
        """The newest version for this source. Raises LookupError where there is none."""

    def meaning(self, tenant: Tenant, source: str, home_page: str, version: int) -> Meaning:
        """What a version makes of records. Raises LookupError, with advice, where there is no such version."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """``boot`` names this life of the process; ``http`` makes one client for one courier slot."""

    boot: str
    clock: Clock
    dice: Dice
    statements: Statements
    attachments: Attachments
    outbox: Outbox
    ledger: Ledger
    persons: Persons
    housekeeping: Housekeeping
    conserving: Conserving
    records: Records
    relays: Relays
    remappings: Remappings
    reminders: Reminders
    rosters: Rosters
    conflicts: Conflicts
    cards: Cards
    sources: Sources
    depot: Depot
    meanings: Meanings
    witness: Witness
    audit: Audit
    http: Callable[[], Http]
    switchboard: Switchboard
    born_us: int
    """When the store was made."""
    window: int = 32
    """Deliveries in flight per lane, at most."""
    mask: Callable[[str], str] = str
    """The same text without our secrets."""
    tidings: Tidebook
    sockets: Sockets = NO_SOCKETS
    public_url: str = ""
    """How the world calls our gateway; empty: it cannot."""
    custody: Custody | None = None
    """Who has the tokens; None: connectors look after them alone."""
    unseal: Seal = unsealed
    """The way back; empty for what can be opened no more."""
    seal: Seal = unsealed
    """(tenant, kind, name, value) -> the value as it may lie in the store."""
