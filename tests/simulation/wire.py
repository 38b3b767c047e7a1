"""The network between the daemon and its vendors, and the vendors themselves: one fake of each kind for each tenant.

A request that has left travels in a task of its own, outside the process: if the process dies meanwhile it arrives all
the same. While a vendor is out (refused, timeout, 503, 500) nothing that is sent to it has any effect.
"""

from collections.abc import Callable
from email.utils import formatdate
from random import Random
from urllib.parse import unquote, urlsplit

import msgspec
import trio

from actors.domain.flow import Lost, NotSent, Outcome, Request, Response, decode_object
from actors.ports import Answer, Fake
from tests.simulation.fate import Fate
from tests.simulation.record import Record

TOTAL_S = 30.0
FLAVOURS = ("refused", "timeout", "503", "500")
JITTER_S = 0.03


class Served(msgspec.Struct, frozen=True):
    """A request that a vendor let through its limits, by its arrival, and the life that sent it."""

    tenant: str
    vendor: str
    operation: str
    destination: str
    at_s: float
    life: int


class Refusal(msgspec.Struct, frozen=True):
    """A vendor's own limiter said no."""

    tenant: str
    vendor: str
    limit: str
    at_s: float


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
    """All fakes, by host (the tenant's name) and by mount; what they served, what they refused, what struck them."""

    def __init__(
        self, fakes: dict[tuple[str, str], Fake], now_s: Callable[[], float], dice: Random, record: Record
    ) -> None:
        self.fakes = fakes
        self.served: list[Served] = []
        self.refusals: list[Refusal] = []
        self.strikes: list[Strike] = []
        self.out: dict[tuple[str, str], str] = {}
        """Vendors that are out, with the flavour."""
        self.latency_s = 0.02
        self.now_s = now_s
        self._dice = dice
        self._record = record
        self._asked = ("", "")
        self._struck: list[str] = []
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
        self._asked, self._struck = (tenant, vendor), []
        now_s, before = self.now_s(), len(fake.journal)
        headers = {"host": f"{tenant}.test", **request.headers}
        answer = fake.handle(msgspec.structs.replace(request, url=path, headers=headers), now_s)
        for operation, where in let_through(request, answer):
            self.served.append(Served(tenant, vendor, operation, where, now_s, life))
        effects, said = len(fake.journal) - before, "reset" if answer.reset else str(answer.response.status)
        self._record.note("served", tenant, request.operation, draws(request), said, f"+{effects}", *self._struck)
        return answer

    def struck(self, kind: str, value: str, operation: str, where: str) -> None:
        """A fault strikes the request being handled."""
        self._struck.append(kind)
        tenant, vendor = self._asked
        self.strikes.append(Strike(tenant, vendor, kind, value, operation, where, self.now_s()))
        self._record.counts[f"fault {vendor} {kind}"] += 1
        self._record.counts[f"fault {vendor} {kind} at {operation}"] += 1

    def refused(self, limit: str) -> None:
        """The limiter of the vendor being asked says no."""
        self.refusals.append(Refusal(*self._asked, limit, self.now_s()))
        self._record.note("refused by its limiter", *self._asked, limit, count="throttled by a vendor's own limiter")


def draws(request: Request) -> str:
    """Which bucket a post belongs to, as its connector names it; empty where there is none."""
    return next((draw for draw in request.draws if draw.startswith("channel:")), "").removeprefix("channel:")


def let_through(request: Request, answer: Answer) -> list[tuple[str, str]]:
    """(operation, destination) of what was asked and not throttled; a bundle counts for all that is in it."""
    if answer.response.status == 429:
        return []
    if request.operation != "$batch":
        return [(request.operation, draws(request))]
    asked = decode_object(request.body) or {}
    heard = decode_object(answer.response.body) or {}
    throttled = {each["id"] for each in heard.get("responses", ()) if each["status"] == 429}  # type: ignore[attr-defined]
    return [_inner(each["method"], each["url"]) for each in asked["requests"] if each["id"] not in throttled]  # type: ignore[attr-defined]


def _inner(method: str, url: str) -> tuple[str, str]:
    match [unquote(step) for step in urlsplit(url).path.strip("/").split("/")]:
        case ["teams", team, "channels", channel, "messages", *rest]:
            operation = "channelMessages.post" if method == "POST" else "channelMessages.delta"
            return operation, f"{team}/{channel}" if not rest or rest == ["delta"] else ""
        case ["users", _, "teamwork", "sendActivityNotification"]:
            return "sendActivityNotification", ""
        case _:
            return "users.get", ""


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

    async def save(self, request: Request, into: Callable[[bytes], object]) -> Outcome:
        """What comes with a 200 goes elsewhere, in two pieces."""
        outcome = await self.send(request)
        if not isinstance(outcome, Response) or outcome.status != 200:
            return outcome
        half = len(outcome.body) // 2
        for piece in (outcome.body[:half], outcome.body[half:]):
            if into(piece) is False:
                return Lost("the answer is larger than is wanted")
        return msgspec.structs.replace(outcome, body=b"")

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
        date = formatdate(vendors.now_s(), usegmt=True)  # as every HTTP server says it
        answer = vendors.handle(request, self._life)
        if not self._fate.dead:
            self._fate.strike(f"http.{request.operation}:committed")
        await trio.sleep(vendors.travel_s() + answer.delay_s + (0.0 if answer.reset else answer.body_s))
        if answer.reset:
            trip.end(Lost("connection reset by peer"))
            return
        lowered = {name.lower(): value for name, value in answer.response.headers.items()}
        trip.end(msgspec.structs.replace(answer.response, headers={"date": date, **lowered}))

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
