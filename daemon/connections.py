"""The desk at which accounts are connected, looked at and given back: what pages and operators ask custodians.

What is granted is judged against what the tenant's routes need (the connector's table): lacking permissions stop a
feature, excess is more trust than is made use of.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from actors.domain import tokens as machine
from actors.domain.oauth import challenge_of
from actors.domain.scopes import Need, judge, kept
from actors.domain.tokens import Holding, Trying
from actors.kernel import ActorDied, DeadlineExceeded
from actors.messages import CustodianMessage, GiveBack, Granting, PersonSeen, Renew
from actors.ports import Clock
from actors.ports.tokens import Begun, Connectable, Connected, Dialect, NotConnected, Who
from actors.roles.custody import OF_SOURCE, Custody, Wallet
from actors.roles.world import Switchboard
from config.model import Configuration, Tenant
from config.problems import Problem
from config.sso import SsoRoles
from daemon.control.ask import Role
from daemon.control.roles import granted

VERIFIER_BYTES = 48
ASK_S_MAX = 60.0
"""As long as a vendor may take, and the store after it."""
Question = Callable[[Callable[[str], None]], CustodianMessage]
BUSY = "it is not known whether it was done: look again in a minute"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one speaker of one account stands. ``static``: an operator looks after its token. ``usable``: there is one to
    speak with now. ``trouble``: why nothing came of asking lately, empty where something did."""

    tenant: str
    name: str
    kind: str
    speaker: str
    static: bool
    usable: bool
    holding: Holding
    needed: tuple[Need, ...] = ()
    lacking: tuple[str, ...] = ()
    excess: tuple[str, ...] = ()
    trouble: str = ""
    renews_us: int | None = None
    can_connect: bool = False
    seeded: bool = False

    @property
    def on(self) -> str:
        return f"{self.tenant}/{self.name}"

    @property
    def state(self) -> str:
        """See ``Connectable``."""
        if self.static:
            return "configured"
        match self.holding.state:
            case "none":
                return "waiting" if self.seeded else "unconnected"
            case "live":
                return "connected" if self.holding.by else "live"
            case state:
                return state

    @property
    def why(self) -> str:
        return self.holding.why or self.trouble

    @property
    def dying(self) -> str:
        """What somebody has to do soon, empty where nothing is to be done: it speaks on, but not for long; or less than
        the routes need was granted."""
        if self.state == "lost" and self.usable:
            return f"{self.on} ({self.speaker}) must be connected again before its token ends: {self.holding.why}"
        if self.lacking and self.holding.state == "live":
            return f"{self.on} ({self.speaker}) lacks {', '.join(self.lacking)}: lmsyncctl token scopes {self.on}"
        return ""

    @property
    def overtrusted(self) -> str:
        """What is granted and of no use, empty where nothing is."""
        if not self.excess:
            return ""
        return f"{self.on} ({self.speaker}) was granted more than its routes need: {', '.join(self.excess)}"


class ConnectionDesk:
    """Implements ``ports.tokens.Desk``; ``standings`` is for operators."""

    def __init__(self, custody: Custody, switchboard: Switchboard, clock: Clock) -> None:
        self._custody = self.custody = custody
        self._switchboard = switchboard
        self._clock = clock
        self._tenants: Mapping[str, Tenant] = {}

    def configure(self, configuration: Configuration) -> None:
        self._tenants = configuration.tenants

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────

    def standings(self, tenant_name: str) -> list[Standing]:
        """All of a tenant, targets first. Empty for one that is not configured."""
        tenant = self._tenants.get(tenant_name)
        if tenant is None:
            return []
        found = []
        for name, dialect in self._custody.dialects(tenant).items():
            found += [self._standing(tenant, name, dialect, speaker) for speaker in dialect.speakers]
        return found

    def _standing(self, tenant: Tenant, name: str, dialect: Dialect, speaker: str) -> Standing:
        wallet = self._custody.find(f"{tenant.name}/{name}") or Wallet(tenant.name, name, dialect)
        holding, trying = wallet.of(speaker).holding, wallet.tried(speaker)
        features = dialect.features(tenant.routes, name, hears=True, rosters=kept(tenant))
        needed = dialect.needed(speaker, features)
        judged = (
            judge(needed, holding.scopes, dialect.always(speaker, features)) if holding.scopes is not None else None
        )
        static = dialect.static(speaker) is not None
        seeded = wallet.seeded(speaker)
        return Standing(
            tenant=tenant.name,
            name=name,
            kind=_kind(tenant, name),
            speaker=speaker,
            static=static,
            usable=static or isinstance(self._custody.token(wallet, speaker), str),
            holding=holding,
            needed=needed,
            lacking=judged.lacking if judged is not None else (),
            excess=judged.excess if judged is not None else (),
            trouble=_trouble(trying),
            renews_us=None if static else machine.renews_us(holding, trying, 0.5, seeded=seeded),
            can_connect=dialect.connects == speaker,
            seeded=seeded,
        )

    def everywhere(self) -> list[Standing]:
        """Those of all tenants."""
        return [each for tenant in sorted(self._tenants) for each in self.standings(tenant)]

    def problems(self, root: Path) -> list[Problem]:
        """Warnings for whoever checks the configuration: permissions that are lacking, or too much."""
        told = [said for each in self.everywhere() for said in (each.dying, each.overtrusted) if said]
        return [Problem(file=root, message=said, severity="warning", topic="secret") for said in told]

    def connectable(self, tenant: str) -> Sequence[Connectable]:
        return [
            Connectable(
                name=each.name,
                kind=each.kind,
                speaker=each.speaker,
                state="connected" if each.state == "live" else "unconnected" if each.state == "waiting" else each.state,
                why=each.why,
                needed=each.needed,
                granted=each.holding.scopes,
                lacking=each.lacking,
                excess=each.excess,
                account=each.holding.account,
                by=each.holding.by,
                since_us=each.holding.since_us or None,
                can_connect=each.can_connect,
            )
            for each in self.standings(tenant)
        ]

    # ── connecting ───────────────────────────────────────────────────────────────────────────────────

    def begin(self, tenant: str, name: str, redirect_uri: str, state: str) -> Begun | NotConnected:
        found = self._dialect(tenant, name)
        if isinstance(found, NotConnected):
            return found
        verifier = secrets.token_urlsafe(VERIFIER_BYTES)
        url = found.authorize(redirect_uri, state, challenge_of(verifier), self._scopes(tenant, name, found))
        return Begun(url=url, verifier=verifier)

    async def finish(
        self, tenant: str, name: str, code: str, verifier: str, redirect_uri: str, by: Who, correlation_id: str
    ) -> Connected | NotConnected:
        found = self._dialect(tenant, name)
        if isinstance(found, NotConnected):
            return found
        scopes = self._scopes(tenant, name, found)
        why = await self._ask(
            f"{tenant}/{name}",
            lambda reply: Granting(code, verifier, redirect_uri, scopes, by, correlation_id, reply),
        )
        if why:
            return NotConnected(why=why, known=why != BUSY)
        standing = next(each for each in self.standings(tenant) if each.name == name and each.can_connect)
        return Connected(
            name=name,
            account=standing.holding.account,
            granted=standing.holding.scopes,
            lacking=standing.lacking,
            excess=standing.excess,
        )

    async def disconnect(self, tenant: str, name: str, by: Who, correlation_id: str) -> NotConnected | None:
        found = self._dialect(tenant, name)
        if isinstance(found, NotConnected):
            return found
        why = await self.revoke(f"{tenant}/{name}", found.connects, "somebody disconnected it", by.who, correlation_id)
        return NotConnected(why=why, known=why != BUSY) if why else None

    async def signed_in(self, tenant: str, by: Who) -> None:
        configured = self._tenants.get(tenant)
        if configured is None:
            return
        words = configured.sso.roles if configured.sso is not None else SsoRoles()
        may_connect = granted(words, lambda name: name in by.roles).role >= Role[words.connect.upper()]
        for wallet in self._custody.of(tenant):
            custodian = self._switchboard.custodians.get(wallet.on)
            if custodian is not None:
                custodian.hint(PersonSeen(by, may_connect))

    # ── operators ────────────────────────────────────────────────────────────────────────────────────

    async def renew(self, on: str, speaker: str) -> str:
        """Why there are no new tokens, empty: there are."""
        return await self._ask(on, lambda reply: Renew(speaker, reply))

    async def revoke(self, on: str, speaker: str, why: str, who: str, correlation_id: str) -> str:
        """What went wrong, empty: nothing. ``why`` is shown from then on."""
        return await self._ask(on, lambda reply: GiveBack(speaker, why, who, correlation_id, reply))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────

    def _dialect(self, tenant: str, name: str) -> Dialect | NotConnected:
        configured = self._tenants.get(tenant)
        found = self._custody.dialects(configured).get(name) if configured is not None else None
        if found is None or not found.connects:
            return NotConnected(why="there is no account of this name that could be connected")
        return found

    def _scopes(self, tenant: str, name: str, dialect: Dialect) -> tuple[str, ...]:
        words = self._tenants[tenant]
        features = dialect.features(words.routes, name, hears=True, rosters=kept(words))
        return tuple(need.scope for need in dialect.needed(dialect.connects, features))

    async def _ask(self, on: str, question: Question) -> str:
        custodian = self._switchboard.custodians.get(on)
        if custodian is None:
            return "its custodian is not there: the tenant is just being started or stopped"
        try:
            return await custodian.ask(question, deadline_s=ASK_S_MAX)
        except (ActorDied, DeadlineExceeded):
            return BUSY


def _kind(tenant: Tenant, name: str) -> str:
    target = tenant.targets.get(name)
    return target.kind if target is not None else tenant.sources[name.removesuffix(OF_SOURCE)].kind


def _trouble(trying: Trying) -> str:
    return trying.why or ("the vendor does not take the token: another one is asked for" if trying.stale else "")
