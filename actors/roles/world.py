"""What every role is handed: the ports, and the switchboard on which hints find their actor."""

from collections.abc import Callable

import msgspec

from actors.kernel import Address
from actors.messages import Arrived, CourierMessage, JanitorMessage, Ready, Resumed, RouterMessage
from actors.ports import Attachments, Clock, Dice, Housekeeping, Http, Ledger, Outbox, Statements, Witness


class Switchboard:
    """Addresses by tenant and by lane. A hint to nobody is dropped: the store carries the truth, and whoever starts
    looks there first."""

    def __init__(self) -> None:
        self.routers: dict[str, Address[RouterMessage]] = {}
        self.couriers: dict[str, Address[CourierMessage]] = {}
        self.janitors: dict[str, Address[JanitorMessage]] = {}
        self.horizons_us: dict[str, int] = {}
        """How long the effects of each configured tenant are remembered, whether its actors stand or not."""

    def arrived(self, tenant: str) -> None:
        """Statements were stored for this tenant."""
        if router := self.routers.get(tenant):
            router.hint(Arrived())

    def ready(self, lane: str) -> None:
        """The lane has deliveries, or what held it back has changed."""
        if courier := self.couriers.get(lane):
            courier.hint(Ready())

    def resumed(self, lane: str) -> None:
        """An operator lets the lane go on."""
        if courier := self.couriers.get(lane):
            courier.hint(Resumed())


class World(msgspec.Struct, frozen=True, kw_only=True):
    """``boot`` names this life of the process; ``http`` makes one client for one courier slot."""

    boot: str
    clock: Clock
    dice: Dice
    statements: Statements
    attachments: Attachments
    outbox: Outbox
    ledger: Ledger
    housekeeping: Housekeeping
    witness: Witness
    http: Callable[[], Http]
    switchboard: Switchboard
    born_us: int
    """When the store was made."""
    window: int = 32
    """Deliveries in flight per lane, at most."""
