"""What the gateway needs of the rest of the process. The composition root fills ``GatewayPorts``."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from actors.domain.xapi.matching import Wanted
from actors.kernel import Address
from actors.messages import HarvesterMessage, ListenerMessage
from actors.ports import Attachments, Audit, Clock, Dice, LoggedStatement, Statements
from config.model import PersonRow
from daemon.gateway.credentials import Account, Door, Reveal
from daemon.gateway.ports_documents import Documents
from daemon.gateway.ports_feed import Feed
from daemon.gateway.ports_sign_on import SignOnPorts
from daemon.gateway.seal import Seal


class StatementQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a tenant's log. ``since_us`` is exclusive and ``until_us`` inclusive, both on the time stored;
    ``after_seq`` and ``before_seq`` are exclusive and continue an earlier page. ``wanted`` is met by the statement or
    by one that it refers to; ``authority``, compared as stored, by all of them; None: any."""

    limit: int
    ascending: bool = False
    since_us: int | None = None
    until_us: int | None = None
    after_seq: int | None = None
    before_seq: int | None = None
    wanted: Wanted = Wanted()
    authority: bytes | None = None


class StatementPage(msgspec.Struct, frozen=True, kw_only=True):
    """``more_from`` is where the next page begins, as its ``after_seq`` or ``before_seq``; None at the end. A page may
    be shorter than asked for, even empty, and have another after it."""

    rows: list[LoggedStatement]
    more_from: int | None = None


class StatementReads(Protocol):
    """Reading the statement log from outside."""

    async def get(self, tenant: str, statement_id: str) -> LoggedStatement | None:
        """Voided ones too. The id is a UUID in lower case. Raises StoreUnavailable, like all of these."""

    async def page(self, tenant: str, query: StatementQuery) -> StatementPage:
        """At most ``limit`` by the order of ``seq``, newest first unless ``ascending``; voided ones left out."""

    async def consistent_through_us(self, tenant: str) -> int:
        """Whatever was stored at or before this time is seen by reads that begin from now on, for ever."""


class ActivityReads(Protocol):
    """What is known of activities."""

    async def definitions(self, tenant: str, ids: Iterable[str]) -> Mapping[str, bytes]:
        """The definition (JSON) of each of these activities that has one. Raises StoreUnavailable."""


class RequestSpan(Protocol):
    """One incoming request, as tracing sees it. ``status`` is set before the end."""

    status: int

    @property
    def traceparent(self) -> str: ...

    def set(self, **attributes: str | int | float | bool) -> None: ...


class SpanFactory(Protocol):
    """``template`` is the path with its variable parts by name, so that there are few of them."""

    def __call__(
        self, method: str, template: str, headers: Mapping[str, str], /
    ) -> AbstractContextManager[RequestSpan]: ...


class Counted(Protocol):
    """``statements_accepted``, ``statements_collapsed``, ``statements_refused`` (requests, with their reason)."""

    def __call__(self, name: str, tenant: str, n: int, reason: str = "", /) -> None: ...


class Trouble(Protocol):
    """A warning for the log."""

    def __call__(self, name: str, error: BaseException | None = None, /, **fields: object) -> None: ...


Check = Callable[[], Awaitable[Sequence[str]]]
"""What is not well, in words; nothing if all is."""


def nobody_harvests(tenant: str, source: str) -> Address[HarvesterMessage] | None:
    """Where no source hears anything."""
    return None


def nobody_listens(tenant: str, target: str) -> Address[ListenerMessage] | None:
    """Where no target hears anything."""
    return None


class GatewayPorts(msgspec.Struct, frozen=True, kw_only=True):
    """``people`` are those of a tenant's directory. ``doors`` is asked at each request, so that a reload takes effect.
    ``seal`` is the key of hashed secrets; ``used`` is told who was let in, and whether by a former secret. ``arrived``
    is told the tenant after each append that brought something new: a hint, never waited for."""

    statements: Statements
    reads: StatementReads
    attachments: Attachments
    activities: ActivityReads
    documents: Documents
    feed: Feed
    people: Callable[[str], Sequence[PersonRow]]
    doors: Callable[[], Mapping[str, Door]]
    reveal: Reveal
    seal: Callable[[], Seal]
    used: Callable[[Account, bool], None]
    clock: Clock
    dice: Dice
    arrived: Callable[[str], None]
    healthy: Check
    ready: Check
    metrics_page: Callable[[str], tuple[str, str]]
    """(content type, text), as an ``Accept`` header wants it."""
    request_span: SpanFactory
    counted: Counted
    trouble: Trouble
    audit: Audit
    harvesters: Callable[[str, str], Address[HarvesterMessage] | None] = nobody_harvests
    """Who takes what is posted to a source's hook, by tenant and source."""
    listeners: Callable[[str, str], Address[ListenerMessage] | None] = nobody_listens
    """Who takes what a target's vendor posts, by tenant and target."""
    reveal_of: Callable[[str], Reveal] | None = None
    """``reveal`` as a tenant's configuration is to be read; absent: the same for all."""
    sign_on: SignOnPorts | None = None
    """What pages for people need; None: there are none."""
