"""Sources: what a connector is, and what reading one needs of the world and of the store."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from actors.domain.flow import Outcome, Request
from actors.domain.harvest import BundleInfo, Harvest, Hearing, Inbound, Order, RowsRead
from actors.domain.outbox import Rate
from actors.domain.school import School
from actors.ports.tokens import Dialect
from actors.ports.vendors import Fake, Reveal


class Source(Protocol):
    """One tenant's account at one system that tells, as conversations. No I/O, no clock. It may remember what it can
    do without (tokens, keys); it lives until its settings change."""

    kind: str
    home_page: str
    """The home page of its people's accounts in statements: an IRL."""
    polls: bool
    """Whether ``harvest`` does anything: what is only pushed is never polled."""

    def rate(self, bucket: str) -> Rate:
        """The terms of a bucket that a request draws from."""

    def harvest(self, order: Order) -> Harvest: ...

    def hear(self, inbound: Inbound, now_us: int) -> Hearing:
        """What came by webhook. Whoever has none answers 404."""

    def hello(self) -> Harvest:
        """Prove the credentials, changing nothing: ends with Finished, whose note says who we are there."""


class Bearing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a source stands: what its connector may need to know of its tenant."""

    tenant: str
    source: str
    timezone: str
    locale: str


class SourceKind(msgspec.Struct, frozen=True, kw_only=True):
    """What a source folder exports as ``CONNECTOR``; the folder's name is its kind. Without ``build`` it is the
    gateway's alone (xapi). Its mapping tables are ``mappings/vN.toml`` in the folder."""

    settings: type[msgspec.Struct]
    build: Callable[[Any, Reveal, Bearing], Source] | None = None
    """Of ``settings``: an instance of that very type."""
    fake: Callable[[School], Fake] | None = None
    """Tells what happens at a school (``sources.school``), the way this system would."""
    dialect: Callable[[Any, Reveal, str], Dialect] | None = None
    """How it is asked for tokens, where a custodian does that: of ``settings``, ``reveal`` and something that is new
    each time."""


class Depot(Protocol):
    """Files that sources read: inboxes and the spool. Never raises for what files are: troubles are in the answers."""

    async def bundles(self, inbox: str) -> tuple[BundleInfo, ...]:
        """Oldest first. What was being read of them is read from its beginning again."""

    async def download(self, request: Request, bytes_max: int) -> BundleInfo | Outcome: ...

    async def rows(self, bundle: str, name: str, count: int) -> RowsRead: ...

    async def put(self, bundle: str, where: str, note: str) -> str:
        """Why it could not be moved, empty where it was."""
