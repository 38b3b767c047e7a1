"""The network between the daemon and its vendors, and the vendors themselves: one fake of each kind for each tenant.

A request that has left travels in a task of its own, outside the process: if the process dies meanwhile it arrives all
the same. While a vendor is out (refused, timeout, 503, 500) nothing that is sent to it has any effect. Everything that
a vendor accepted is noted for the rate counter of ``limits``, with what its own limiter refused.
"""

from collections.abc import Callable
from random import Random
from urllib.parse import urlsplit

import msgspec
import trio

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response
from actors.ports import Answer, Fake
from actors.targets.faults import Faults
from tests.simulation.fate import Fate
from tests.simulation.record import Record

TOTAL_S = 30.0
FLAVOURS = ("refused", "timeout", "503", "500")
JITTER_S = 0.03


class Served(msgspec.Struct, frozen=True):
    """A request that reached a vendor: by its arrival, whether its limiter let it through, and in which life."""

    tenant: str
    vendor: str
    operation: str
    destination: str
    at_s: float
    throttled: bool
    life: int


class Strike(msgspec.Struct, frozen=True):
    """A fault that struck."""

    tenant: str
    vendor: str
    kind: str
    value: str
    operation: str
    destination: str
    at_s: float


class Vendors:
    """All fakes, by host (the tenant's name) and by mount; and what struck them."""

    def __init__(self, fakes: dict[tuple[str, str], Fake], now_s: Callable[[], float], dice: Random, record: Record) -> None:
        self.fakes = fakes
        self.served: list[Served] = []
        self.strikes: list[Strike] = []
        self.out: dict[tuple[str, str], str] = {}
        """Vendors that are out, with the flavour."""
        self.latency_s = 0.02
        self._now_s = now_s
        self._dice = dice
        self._record = record
        self._asked: tuple[str, str] = ("", "")
        self._struck = ""
        self._mounts = [
            (tenant, mount, vendor, fake) for (tenant, vendor), fake in fakes.items() for mount in fake.mounts
        ]

    def find(self, request: Request) -> tuple[str, str, str, Fake] | None:
        """(tenant, vendor, path, fake) that a URL names."""
        parts = urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        for tenant, mount, vendor, fake in self._mounts:
            if parts.netloc == f"{tenant}.test" and path.startswith(mount):
                return tenant, vendor, path, fake
        return None

    def travel_s(self) -> float:
        return self.latency_s + self._dice.random() * JITTER_S

    def handle(self, request: Request, life: int) -> Answer:
        """What the vendor does and says, now."""
        found = self.find(request)
        assert found is not None, request.url
        tenant, vendor, path, fake = found
        self._asked, self._struck = (tenant, vendor), ""
        now_s = self._now_s()
        before = len(fake.journal)
        answer = fake.handle(msgspec.structs.replace(request, url=path), now_s)
        status = answer.response.status
        throttled = status == 429 and self._struck != "rate_limited"
        where = destination(request)
        self.served.append(Served(tenant, vendor, request.operation, where, now_s, throttled, life))
        effects = len(fake.journal) - before
        said = "reset" if answer.reset else str(status)
        self._record.note("served", tenant, request.operation, where, said, f"effects={effects}", f"fault={self._struck}")
        if throttled:
            self._record.counts["throttled by the vendor itself"] += 1
        return answer

    def struck(self, fault_kind: str, value: str, operation: str, where: str) -> None:
        """``Faults`` tells of a fault that struck the request being handled."""
        self._struck = fault_kind
        tenant, vendor = self._asked
        self.strikes.append(Strike(tenant, vendor, fault_kind, value, operation, where, self._now_s()))
        self._record.counts[f"fault {vendor} {fault_kind}"] += 1


def destination(request: Request) -> str:
    """Which bucket a post belongs to, as its connector names it; empty where there is none."""
    return next((draw for draw in request.draws if draw.startswith("channel:")), "").removeprefix("channel:")


def listening(vendors: Vendors) -> Callable[..., object]:
    """``Faults.strike`` as it is, and ``vendors`` told."""
    original = Faults.strike

    def strike(self: Faults, operation: str, where: str = "", *args: object, **kwargs: object) -> object:
        fault = original(self, operation, where, *args, **kwargs)  # type: ignore[arg-type]
        if fault is not None:
            vendors.struck(fault.kind, fault.value, operation, where)
        return fault

    return strike


class Wire:
    """The Http port of one life."""

    def __init__(self, vendors: Vendors, fate: Fate, life: int, nursery: trio.Nursery, record: Record) -> None:
        self._vendors = vendors
        self._fate = fate
        self._life = life
        self._nursery = nursery
        self._record = record

    async def send(self, request: Request) -> Outcome:
        point = f"http.{request.operation}"
        await self._fate.passes(f"{point}:before")
        trip = _Trip(request)
        self._nursery.start_soon(self._travel, trip)
        with trio.move_on_after(TOTAL_S):
            await trip.over.wait()
        await self._fate.passes(f"{point}:answered")
        return trip.outcome

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _travel(self, trip: "_Trip") -> None:
        vendors, request = self._vendors, trip.request
        found = vendors.find(request)
        flavour = vendors.out.get(found[:2], "") if found else "refused"
        if flavour:
            await self._fail(trip, flavour, request)
            return
        await trio.sleep(vendors.travel_s())
        answer = vendors.handle(request, self._life)
        if not self._fate.dead:
            self._fate.strike(f"http.{request.operation}:committed")
        await trio.sleep(vendors.travel_s() + answer.delay_s)
        if answer.reset:
            trip.end(Lost("connection reset by peer"))
            return
        lowered = {name.lower(): value for name, value in answer.response.headers.items()}
        trip.end(msgspec.structs.replace(answer.response, headers=lowered))

    async def _fail(self, trip: "_Trip", flavour: str, request: Request) -> None:
        self._record.note("out", request.operation, flavour, count=f"network {flavour}")
        await trio.sleep(self._vendors.travel_s())
        match flavour:
            case "refused":
                trip.end(NotSent("connection refused"))
            case "timeout":
                await trio.sleep(TOTAL_S * 2)
            case status:
                page = b"<html><body>The service is unavailable.</body></html>"
                trip.end(Response(status=int(status), headers={"content-type": "text/html"}, body=page))


class _Trip:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.over = trio.Event()
        self.outcome: Outcome = Lost(f"no whole answer within {TOTAL_S:g} s")

    def end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.over.set()
