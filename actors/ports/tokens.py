"""Tokens: how a connector asks for them (``Dialect``), how it is handed them (``Keys``), where they are kept
(``Connections``), and what whoever connects an account is told.

A connector that speaks OAuth exports a dialect: conversations with the vendor about tokens, without I/O and without
memory. Who drives them is the custodian of the connection, one for the whole process; the connector's other
conversations take tokens from ``Keys`` and say when one was refused.
"""

from collections.abc import Collection, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from actors.domain.flow import Flow
from actors.domain.scopes import Feature, Need, Wanting
from actors.domain.tokens import Failure, Granted, Holding, Missing, Tokens
from config.model import Route, Secret


@runtime_checkable
class Keys(Protocol):
    """What a connector is handed in place of ``Reveal``: called, it reveals a secret of the configuration."""

    def __call__(self, secret: Secret) -> str:
        """Raises SecretUnavailable."""

    def ready(self, speaker: str, now_us: int) -> bool:
        """Whether ``token`` would have one at once."""

    def wanted(self, speaker: str) -> bool:
        """Whether anything that is routed here needs this speaker: else nobody minds that they cannot speak."""

    def token(self, speaker: str, now_us: int | None, claims: str = "") -> Flow[str | Missing]:
        """A token to speak with, good at ``now_us`` (None: nobody knows the time). Raises SecretUnavailable."""

    def refused(self, speaker: str, token: str, claims: str = "") -> bool:
        """The vendor does not take this one; ``claims`` is what it wants the next one to prove, as JSON. Whether
        another one may be had."""


class Dialect(Protocol):
    """How one vendor is asked for tokens, for one account. ``Secret``s are revealed when they are needed: conversations
    raise SecretUnavailable."""

    speakers: tuple[str, ...]
    """Whose tokens there are, by what is configured."""
    connects: str
    """The speaker that a person connects by signing in at the vendor; empty: nobody can."""
    single_use: bool
    """Whether a refresh token is good for one use."""

    def static(self, speaker: str) -> Secret | None:
        """A token that an operator looks after: it is used as it is, and nobody renews it."""

    def seed(self, speaker: str) -> str:
        """What the configuration gives to begin with (its value is only compared), empty where there is nothing."""

    def authorize(self, redirect_uri: str, state: str, challenge: str, scopes: Sequence[str]) -> str:
        """Where to send the browser. ``challenge``: S256 of the verifier."""

    def exchange(self, code: str, redirect_uri: str, verifier: str, scopes: Sequence[str]) -> Flow[Granted | Failure]:
        """The first tokens of the speaker that ``connects``; ``redirect_uri`` and ``scopes`` as they were asked for."""

    def renew(self, speaker: str, held: Tokens, claims: str = "", now_us: int | None = None) -> Flow[Granted | Failure]:
        """The next ones; with nothing held, the first by what is configured. ``now_us``: what our clock says, None:
        nobody knows. ``Revoked``: only a person can mend it."""

    def revoke(self, speaker: str, held: Tokens) -> Flow[Failure | None]:
        """Give them back. None: done, or there is nothing to give back there."""

    def features(
        self, routes: Sequence[Route], target: str, *, hears: bool, rosters: Sequence[Wanting] = ()
    ) -> frozenset[Feature]:
        """What these routes to this target use of it."""

    def needed(self, speaker: str, features: Collection[Feature]) -> tuple[Need, ...]:
        """The least that these features need."""

    def always(self, speaker: str, features: Collection[Feature]) -> frozenset[str]:
        """What may be granted beyond that without being too much."""


class TokensUnusable(Exception):
    """What is sealed does not open (now). The text says why, for an operator."""


class Kept(msgspec.Struct, frozen=True):
    """A holding as it lies on disk, its tokens sealed. Nothing of it is secret while it is not opened."""

    holding: Holding
    sealed: bytes | None = None

    def __repr__(self) -> str:
        return f"Kept({self.holding.state}, version={self.holding.version})"


class Connections(Protocol):
    """Holdings on disk."""

    async def of(self, tenant: str, name: str) -> dict[str, Kept]:
        """By speaker. Raises StoreUnavailable."""

    def open(self, tenant: str, name: str, speaker: str, kept: Kept) -> Tokens:
        """What is sealed in it. Computes only. Raises TokensUnusable."""

    async def ready(self, tenant: str) -> None:
        """Whether tokens could be sealed now: looked at before any are asked for. Raises TokensUnusable."""

    async def departed(self, tenant: str, email: str) -> bool:
        """Whether whoever has this address was known to the tenant's sources, and is gone from all of them. Raises
        StoreUnavailable."""

    async def put(self, tenant: str, name: str, speaker: str, holding: Holding, tokens: Tokens) -> Kept | None:
        """On disk when it returns; None, and nothing is written, where ``holding.version`` is not the next one. Raises
        StoreUnavailable and TokensUnusable."""


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """A person who signed in, as connecting needs them. ``who``: as the audit names them (``oidc:SUBJECT (ISSUER)``);
    ``roles``: what the identity provider says of them, as far as ``[sso.roles]`` makes roles of it."""

    who: str
    where: str = ""
    email: str = ""
    name: str = ""
    roles: tuple[str, ...] = ()


class Connectable(msgspec.Struct, frozen=True, kw_only=True):
    """An account, as the page on connecting shows it. ``state``: ``unconnected``, ``connected``, ``lost`` (somebody
    must connect again), ``revoked``, ``configured`` (an operator looks after its token). ``can_connect``: a person
    may, by signing in at the vendor."""

    name: str
    kind: str
    speaker: str
    state: str
    why: str = ""
    needed: tuple[Need, ...] = ()
    granted: tuple[str, ...] | None = None
    lacking: tuple[str, ...] = ()
    excess: tuple[str, ...] = ()
    account: str = ""
    by: str = ""
    since_us: int | None = None
    can_connect: bool = False


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """Where to send the browser. ``verifier`` is a secret: it is kept with the session, and handed to ``finish``."""

    url: str
    verifier: str

    def __repr__(self) -> str:
        return "Begun(***)"


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """The account is connected, and its lane goes on."""

    name: str
    account: str = ""
    granted: tuple[str, ...] | None = None
    lacking: tuple[str, ...] = ()
    excess: tuple[str, ...] = ()


class NotConnected(msgspec.Struct, frozen=True, kw_only=True):
    """It did not come to a good end, and ``why`` says what is known of it. It is for operators: no secret is in it.
    ``known`` False: it may have been done all the same."""

    why: str
    known: bool = True


class Desk(Protocol):
    """Connecting accounts (``daemon.connections``). Names are those of a tenant's targets and sources."""

    def connectable(self, tenant: str) -> Sequence[Connectable]:
        """One row for each speaker of each account that speaks OAuth. Empty for a tenant that is not configured."""

    def begin(self, tenant: str, name: str, redirect_uri: str, state: str) -> Begun | NotConnected: ...

    async def finish(
        self, tenant: str, name: str, code: str, verifier: str, redirect_uri: str, by: Who, correlation_id: str
    ) -> Connected | NotConnected: ...

    async def disconnect(self, tenant: str, name: str, by: Who, correlation_id: str) -> NotConnected | None:
        """Give the tokens back and suspend the lane. None: done."""

    async def signed_in(self, tenant: str, by: Who) -> None:
        """Somebody signed in with these roles: what they connected and may not any more is given back."""
