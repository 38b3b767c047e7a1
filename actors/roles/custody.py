"""Tokens in custody: what the custodians keep, and how everybody else in the process comes by it.

There is one wallet a connection, whoever asks and however often its custodian is started again. It holds what lies on
disk, sealed as it is there: a token is opened when somebody speaks with it, and nowhere kept in the clear. A
conversation that needs a token which is not there asks for it by a request, as it asks a vendor: ``CustodyHttp``
answers that one in the house, once the custodian has come to a result.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from urllib.parse import quote, unquote

import trio

from actors.domain.flow import Flow, Outcome, Request, Response
from actors.domain.tokens import AFRESH, Holding, Missing, Tokens, Trying, missing, refused, usable
from actors.domain.verdicts import Revoked, Unavailable
from actors.ports import Clock, Http, Reveal
from actors.ports.speaking import given, revealed
from actors.ports.tokens import Connections, Dialect, Kept, TokensUnusable
from config.model import Secret, Tenant
from config.recall import Counts
from config.secrets import SecretUnavailable

Dialects = Callable[[Tenant], Mapping[str, Dialect]]
SCHEME = "custodian:"
OF_SOURCE = "@source"
AWAITED_S_MAX = 20.0
"""Longer than an asking takes as a rule; whoever waits in vain comes again."""
EMPTY = Kept(Holding())


class Wallet:
    """What is known of one connection's tokens. Written by its custodian alone, except that whoever is refused a token
    says so (``stale``)."""

    def __init__(self, tenant: str, name: str, dialect: Dialect) -> None:
        self.tenant = tenant
        self.name = name
        self.dialect = dialect
        self.in_use: frozenset[str] | None = None
        """The speakers without whom the lane cannot go on; None: nobody has said."""
        self.loaded = False
        self.unread = False
        """What is in it does not open (any more): perhaps it lies on disk under another key by now."""
        self.kept: dict[str, Kept] = {}
        self.trying: dict[str, Trying] = {}
        self.askings: dict[str, int] = {}
        """How many have come to a result, whatever it was."""
        self.served = Counts()
        """How often there was a token to speak with, and how often one had to be waited for."""
        self.locks: defaultdict[str, trio.Lock] = defaultdict(trio.Lock)
        """Whoever asks a vendor for tokens of this speaker holds it: one at a time in this process."""
        self._changed = trio.Event()

    @property
    def on(self) -> str:
        return f"{self.tenant}/{self.name}"

    def of(self, speaker: str) -> Kept:
        return self.kept.get(speaker, EMPTY)

    def tried(self, speaker: str) -> Trying:
        return self.trying.get(speaker, AFRESH)

    def seeded(self, speaker: str) -> bool:
        """Whether the configuration gives something to begin with."""
        try:
            return bool(self.dialect.seed(speaker))
        except SecretUnavailable:
            return True

    def seed(self, speaker: str) -> str:
        """A hash of what the configuration gives to begin with, empty where it gives nothing. Raises
        SecretUnavailable."""
        seed = self.dialect.seed(speaker)
        return blake2b(seed.encode(), digest_size=16).hexdigest() if seed else ""

    def renewable(self, speaker: str) -> bool:
        return self.of(speaker).holding.has_refresh or self.seeded(speaker)

    def stir(self) -> None:
        """Something is not as it was."""
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    @property
    def changed(self) -> trio.Event:
        """Set at the next change."""
        return self._changed


class Custody:
    """All wallets of the process, by TENANT/NAME."""

    def __init__(self, connections: Connections, clock: Clock, dialects: Dialects, public_url: str = "") -> None:
        """``dialects``: how each account of a tenant is asked for tokens that asks for any, by name. ``public_url``:
        how the world calls our gateway."""
        self.connections = connections
        self.dialects = dialects
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._wallets: dict[str, Wallet] = {}

    def wallet(self, tenant: str, name: str, dialect: Dialect) -> Wallet:
        """The connection's; what is configured now is what counts from now on."""
        wallet = self._wallets.setdefault(f"{tenant}/{name}", Wallet(tenant, name, dialect))
        wallet.dialect = dialect
        return wallet

    def holdings(self) -> list[tuple[str, str, Holding]]:
        """(TENANT/NAME, speaker, what is known of its tokens) of every connection that has any."""
        return [
            (on, speaker, kept.holding)
            for on, wallet in self._wallets.items()
            for speaker, kept in wallet.kept.items()
            if kept.holding.state != "none"
        ]

    def served(self) -> list[tuple[str, Counts, int]]:
        """(TENANT/NAME, how often there was a token, tokens that live) of every connection that asked for any."""
        return [
            (on, wallet.served, sum(kept.holding.state == "live" for kept in wallet.kept.values()))
            for on, wallet in self._wallets.items()
            if wallet.served.asked
        ]

    def find(self, on: str) -> Wallet | None:
        return self._wallets.get(on)

    def forget(self, tenant: str, name: str) -> None:
        """It is configured no longer. What lies on disk stays there."""
        self._wallets.pop(f"{tenant}/{name}", None)

    def of(self, tenant: str) -> Iterator[Wallet]:
        return (wallet for wallet in list(self._wallets.values()) if wallet.tenant == tenant)

    def keys(self, tenant: Tenant, name: str, reveal: Reveal) -> Reveal:
        """For the connector's other conversations: it is handed tokens, where it needs any."""
        wallet = self._wallets.get(f"{tenant.name}/{name}")
        if wallet is None:
            dialect = self.dialects(tenant).get(name)
            if dialect is None:
                return reveal
            wallet = self.wallet(tenant.name, name, dialect)
        return CustodyKeys(self, wallet, reveal)

    def over(self, http: Http) -> Http:
        """The client of a conversation, made to ask custodians too."""
        return CustodyHttp(self, http)

    # ── what is kept, and what is configured ─────────────────────────────────────────────────────────

    def held(self, wallet: Wallet, speaker: str) -> tuple[Tokens, str]:
        """The speaker's tokens; none, and why, where they do not open."""
        try:
            return self.connections.open(wallet.tenant, wallet.name, speaker, wallet.of(speaker)), ""
        except TokensUnusable as error:
            return Tokens(), str(error)

    def reseeded(self, wallet: Wallet, speaker: str) -> bool:
        """Whether the configuration gives something else to begin with than it did."""
        holding = wallet.of(speaker).holding
        if holding.by or holding.state in ("none", "revoked"):
            return False
        held, closed = self.held(wallet, speaker)
        try:
            return not closed and wallet.seed(speaker) not in ("", held.seed)
        except SecretUnavailable:
            return False

    def beyond_opening(self, wallet: Wallet, speaker: str) -> bool:
        """Whether the speaker's tokens do not open and the configuration gives something to begin with. Where new ones
        can be sealed all the same, the key of the former ones is gone, and who waited for it would wait for ever."""
        return bool(self.held(wallet, speaker)[1]) and wallet.seeded(speaker)

    # ── speaking ─────────────────────────────────────────────────────────────────────────────────────

    def token(self, wallet: Wallet, speaker: str) -> str | Missing:
        """One to speak with now, or why there is none."""
        kept, trying = wallet.of(speaker), wallet.tried(speaker)
        if not wallet.loaded:
            return Unavailable("what is known of the connection has not been read yet")
        if not usable(kept.holding, trying, self._clock.now_us()):
            if kept.holding.state == "none" and not wallet.seeded(speaker):
                return Revoked(f"not connected yet: open {self._public_url}/t/{wallet.tenant}/connect and sign in")
            return missing(kept.holding, trying)
        try:
            return self.connections.open(wallet.tenant, wallet.name, speaker, kept).access
        except TokensUnusable as error:
            if not wallet.unread:
                wallet.unread = True
                wallet.stir()
            return Unavailable(f"our tokens cannot be read: {error}")

    def refuse(self, wallet: Wallet, speaker: str, token: str, claims: str) -> bool:
        """The vendor does not take this one. Whether another one may be had: there is a newer one, or its custodian
        asks for one."""
        current = self.token(wallet, speaker)
        if current != token:
            return True
        if not wallet.renewable(speaker):
            return False
        wallet.trying[speaker] = refused(wallet.tried(speaker), claims)
        wallet.stir()
        return True

    async def settled(self, on: str, speaker: str) -> None:
        """Returns once there is a token, or nothing is to be had soon, or an asking has come to a result."""
        wallet = self._wallets.get(on)
        if wallet is None:
            return
        before = wallet.askings.get(speaker, 0)
        with trio.move_on_after(AWAITED_S_MAX):
            while wallet.askings.get(speaker, 0) == before and not self._concluded(wallet, speaker):
                await wallet.changed.wait()

    def _concluded(self, wallet: Wallet, speaker: str) -> bool:
        if not wallet.loaded:
            return False
        answer = self.token(wallet, speaker)
        if isinstance(answer, str):
            return True
        trying = wallet.tried(speaker)
        if isinstance(answer, Revoked) and not (trying.stale and not trying.denied):
            return True
        return bool(trying.why) and trying.not_before_us > self._clock.now_us()


class CustodyKeys:
    """Implements ``ports.tokens.Keys`` for one connection."""

    def __init__(self, custody: Custody, wallet: Wallet, reveal: Reveal) -> None:
        self._custody = custody
        self._wallet = wallet
        self._reveal = reveal

    def __call__(self, secret: Secret) -> str:
        return self._reveal(secret)

    def ready(self, speaker: str, now_us: int) -> bool:
        if self._wallet.dialect.static(speaker) is not None:
            return True
        return isinstance(self._custody.token(self._wallet, speaker), str)

    def wanted(self, speaker: str) -> bool:
        in_use = self._wallet.in_use
        return in_use is None or speaker in in_use

    def token(self, speaker: str, now_us: int | None, claims: str = "") -> Flow[str | Missing]:
        """The time is the house's own; what is to be proved was said to ``refused``."""
        static = self._wallet.dialect.static(speaker)
        if static is not None:
            return given(self._reveal, static, claims)
        token = self._custody.token(self._wallet, speaker)
        if isinstance(token, str):
            self._wallet.served.hits += 1
            return token
        if self._wallet.of(speaker).holding.state == "live":
            self._wallet.served.stale += 1
        else:
            self._wallet.served.misses += 1
        yield asking(self._wallet.on, speaker)
        return self._custody.token(self._wallet, speaker)

    def refused(self, speaker: str, token: str, claims: str = "") -> bool:
        static = self._wallet.dialect.static(speaker)
        if static is not None:
            return revealed(self._reveal, static) != token  # it was replaced where it is kept
        return self._custody.refuse(self._wallet, speaker, token, claims)


def connection_of(tenant: Tenant, source: str) -> str:
    """What the connection of a source is called: like the source, unless a target is called so."""
    return f"{source}{OF_SOURCE}" if source in tenant.targets else source


def asking(on: str, speaker: str) -> Request:
    """The request for a token: it never leaves the house, and brings none back either."""
    return Request(method="GET", url=f"{SCHEME}{quote(on)}?{quote(speaker)}", operation="custodian")


class CustodyHttp:
    """An Http client that hands requests for tokens to the custodians, and all others on."""

    def __init__(self, custody: Custody, http: Http) -> None:
        self._custody = custody
        self._http = http

    async def send(self, request: Request) -> Outcome:
        if not request.url.startswith(SCHEME):
            return await self._http.send(request)
        on, _, speaker = request.url.removeprefix(SCHEME).partition("?")
        await self._custody.settled(unquote(on), unquote(speaker))
        await trio.lowlevel.checkpoint()
        return Response(status=204)

    async def aclose(self) -> None:
        await self._http.aclose()


def within(custody: Custody, make: Callable[[], Http]) -> Callable[[], Http]:
    """Makes clients that ask custodians too."""
    return lambda: custody.over(make())
