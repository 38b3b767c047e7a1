"""How a vendor is heard: what a target that can be told something promises, and what is kept of what it tells."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal, Protocol

import msgspec

from actors.domain.flow import Flow
from actors.domain.harvest import Inbound
from actors.domain.tidings import (
    Asking,
    Failure,
    Hearkening,
    Line,
    Note,
    Ourselves,
    Place,
    Said,
    Subscribed,
    Subscribing,
    Surveying,
    Unwatched,
    Watch,
)
from config.model import Audience


class Listening(Protocol):
    """One account's ears, as conversations. No I/O, no clock. Requests draw from buckets of the target's ``rate``."""

    survey_s: float
    """How often it is asked what a lost call would have told."""
    watch_s: float
    """How long a subscription is asked for; it is renewed well ahead of its end."""
    has_door: bool
    """Whether what is posted to us would be taken."""
    has_socket: bool
    """Whether the vendor can be listened to over a connection that we open."""

    def hear(self, inbound: Inbound, now_us: int, ourselves: Ourselves) -> Hearkening:
        """What was posted to ``/t/TENANT/events/TARGET``: whether it is genuine, and what it tells. Raises
        SecretUnavailable."""

    def routed(self, audiences: tuple[Audience, ...]) -> tuple[str, ...]:
        """The channels that these audiences and the settings name, as destinations of deliveries."""

    def asked_about(self, places: Sequence[str]) -> tuple[str, ...]:
        """Those of these destinations whose state can be asked for."""

    def survey(self, asking: Asking) -> Surveying:
        """Find what lost calls would have told."""

    def resources(self, places: tuple[str, ...]) -> tuple[str, ...]:
        """What is to be subscribed to where the internet reaches us, for these channels; empty: nothing has to be."""

    def subscribe(self, wanted: Subscribing) -> Flow[Subscribed | Failure]: ...

    def renew(self, watch: Watch, ends_us: int) -> Flow[Subscribed | Unwatched | Failure]: ...

    def unsubscribe(self, watch: Watch) -> Flow[Unwatched | Failure]: ...

    def dial(self) -> Flow[Line | Failure]:
        """Where to connect to now."""

    def pressed(self, form: str, body: bytes) -> tuple[str, ...]:
        """What our buttons said that somebody pressed (``tidings.Clicked``): the values that we gave them."""

    def listen(self, message: str, ourselves: Ourselves) -> Said:
        """What one message of the socket says."""


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of notes. ``fresh``: those that were not told before, in their order; ``forgotten`` addresses;
    ``ended`` deliveries that have nowhere to go any more. ``suspended``: the lane is, because of these."""

    fresh: tuple[Note, ...] = ()
    forgotten: int = 0
    ended: int = 0
    suspended: bool = False


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A destination as the vendor told of it last."""

    place: Place
    since_us: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A lane's ear, as it was kept: ``names`` of our account, the survey's ``cursor``, when it was last asked, and
    whether an earlier life was told that it should be (``due``)."""

    names: Mapping[str, str] = {}
    cursor: str = ""
    surveyed_us: int = 0
    hailed_us: int = 0
    due: bool = False


class Tidebook(Protocol):
    """What vendors told, on disk. Raises StoreUnavailable."""

    async def take(self, lane: str, notes: Sequence[Note], now_us: int) -> Noted:
        """Keep which were told, and act on those that were not told before, as far as the store goes: all of it is on
        disk when this returns, in one transaction. Addresses are forgotten, the lane is suspended, a place is open or
        closed, what a person clicked is kept."""

    async def settle(self, lane: str, now_us: int, limit: int) -> tuple[int, int]:
        """Go on with the deliveries of places that closed or are back: at most ``limit`` of them end with the place's
        state as their reason, or wait again. How many of either; (0, 0): there is nothing left to do."""

    async def standing(self, lane: str) -> Standing: ...

    async def hailed(self, lane: str, names: Mapping[str, str], now_us: int) -> None:
        """Who we are there, as a hello told."""

    async def surveyed(self, lane: str, cursor: str, now_us: int) -> None: ...

    async def watches(self, lane: str) -> list[Watch]: ...

    async def watch(self, lane: str, watch: Watch, now_us: int) -> None:
        """Keep it, or what is new about it (by its key)."""

    async def unwatch(self, lane: str, key: str) -> None: ...

    async def places(self, lane: str) -> list[PlaceView]:
        """The channels that are posted to or were, as they are known; one that nobody told of yet is open."""


class Wire(Protocol):
    """An open socket of text messages."""

    async def receive(self) -> str | None:
        """The next message; None: the other side closed it, or it broke."""

    async def send(self, text: str) -> bool:
        """Whether it left."""


class Sockets(Protocol):
    """The way out for sockets: the configured proxy and authorities."""

    def open(self, url: str) -> AbstractAsyncContextManager[Wire | str]:
        """Where it cannot be opened: why, in words that tell nothing of the address."""


class _NoSockets:
    """Where none can be opened."""

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Wire | str]:
        yield "no sockets can be opened here"


NO_SOCKETS: Sockets = _NoSockets()
Seal = Callable[[str, str, str, bytes], Awaitable[bytes]]


async def unsealed(tenant: str, kind: str, name: str, value: bytes) -> bytes:
    """Where there is no vault."""
    return value


ListenerMode = Literal["starting", "calls", "socket", "asks"]


class ListenerView(msgspec.Struct, frozen=True, kw_only=True):
    """How a target is heard. ``calls``: it posts to us; ``socket``: it tells over a connection of ours; ``asks``: it is
    only asked from time to time. Counts are since the process began."""

    lane: str
    mode: ListenerMode = "starting"
    detail: str = ""
    heard_us: int | None = None
    surveyed_us: int | None = None
    watches: int = 0
    ends_us: int | None = None
    told: Mapping[str, int] = {}
    """By kind of tiding."""
    repeated: int = 0
    ignored: int = 0
    refused: int = 0
    failed: int = 0
