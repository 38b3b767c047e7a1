"""Who is signed in: what a browser holds, and what we keep of it.

A browser holds 256 random bits in a cookie; the store has their hash. Signing in always begins a new session and ends
the one that the browser had. A session ends by itself (idle, or after its life), when an operator or its owner says so,
and when the roles of its person would give them something else than when it began. The token against forged requests is
derived from the cookie, as are the keys of what is sealed for this browser alone: neither is stored anywhere.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from actors.ports import Audit, Clock, Deed
from actors.ports.tokens import Desk, Who
from config.durations import seconds
from config.model import Tenant
from config.sso import Sso
from daemon.control.ask import Role
from daemon.control.roles import Standing, granted
from daemon.gateway.limits import facts
from daemon.gateway.origin import Origin
from daemon.gateway.ports_sign_on import SessionStore, Told
from daemon.gateway.sso.claims import SignedIn
from daemon.gateway.undertaking import undertaking
from daemon.store.sessions import StoredSession, Via

TOKEN_BYTES = 32
NONCE_BYTES = 12
SEEN_US = 60_000_000
"""How often it is written down that somebody is still there."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_WAY = re.compile(r"[a-z0-9_/-]{0,200}", re.ASCII)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in, at this request."""

    stored: StoredSession
    token: bytes
    standing: Standing
    connects: Role
    """The least role that may connect accounts here."""

    def __repr__(self) -> str:
        return f"Session({self.stored.tenant}/{self.stored.handle})"

    @property
    def may_connect(self) -> bool:
        return self.standing.role >= self.connects

    @property
    def csrf(self) -> str:
        """What a form of this session's pages carries."""
        return _text(_derived(self.token, b"form"))

    def who(self, where: str) -> Who:
        stored = self.stored
        return Who(who=stored.who, where=where, email=stored.email, name=stored.name, roles=stored.roles)

    def seal(self, place: bytes, value: bytes) -> bytes:
        """So that only this browser can have it opened again, and only for this place."""
        return sealed(self.token, place, value)

    def open(self, place: bytes, value: bytes) -> bytes | None:
        return opened(self.token, place, value)

    @property
    def hint(self) -> bytes:
        """What the sign-on left for signing out."""
        return opened(self.token, b"hint", self.stored.sealed) or b""


class Sessions:
    """Of all tenants. A cookie is one tenant's, by its name and by what is stored."""

    def __init__(
        self,
        store: SessionStore,
        origin: Origin,
        clock: Clock,
        audit: Audit,
        event: Told,
        desk: Desk,
        issuer_by_saml: Callable[[Tenant], Awaitable[str]],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """``issuer_by_saml``: whose word counts at a tenant now; empty: that cannot be known."""
        self._store = store
        self._origin = origin
        self._clock = clock
        self._audit = audit
        self.event = event
        self._desk = desk
        self._issuer_by_saml = issuer_by_saml
        self._random = random

    async def sign_in(
        self, request: Request, tenant: Tenant, person: SignedIn, via: Via, *, hint: bytes = b"", way: str = ""
    ) -> Response:
        """Somebody proved who they are: a fresh session, and on to where accounts are connected, or to ``way``, a path
        of this tenant's. ``hint`` is kept for signing out, sealed. Raises StoreUnavailable: then nobody is signed in.
        """
        now_us = self._clock.now_us()
        token = self._random(TOKEN_BYTES)
        words = tenant.sso or Sso()
        role = granted(words.roles, lambda name: name in person.roles).role
        stored = StoredSession(
            id=_id(token),
            tenant=tenant.name,
            via=via,
            issuer=person.issuer,
            subject=person.subject,
            email=person.email,
            name=person.name,
            person=person.person,
            roles=tuple(sorted(person.roles)),
            role=role,
            place=where_from(request),
            began_us=now_us,
            seen_us=now_us,
            until_us=now_us + round(seconds(words.sessions.life) * 1e6),
            sealed=sealed(token, b"hint", hint, self._random),
        )
        told: dict[str, object] = {
            "role": role.name.lower(),
            "session": stored.handle,
            "issuer": person.issuer,
            **({"person": person.person} if person.person else {"unmatched": person.unmatched}),
        }
        former = self._held(request, tenant.name)
        async with undertaking(self._audit, tenant.name, self._deed(request, stored, "session.begin", told)):
            replaced = await self._store.begin(stored, None if former is None else _id(former))
        for ended in replaced:
            why = "signed in anew" if ended.roles == stored.roles else "its roles have changed"
            await self._ended(request, ended, why)
        if person.roles_told:  # of whom nothing is told, nobody knows that they may not connect any more
            await self._desk.signed_in(tenant.name, _session(stored, token, words).who(stored.place))
        self.event("session.began", tenant=tenant.name, who=stored.who, role=role.name.lower(), session=stored.handle)
        response = RedirectResponse(self._origin.url(safe_way(tenant.name, way)), 303, headers=PRIVATE)
        self._origin.put(response, _name(tenant.name), _text(token))
        return response

    async def of(self, request: Request, tenant: Tenant) -> Session | None:
        """Who is signed in, if anybody is. What is over is ended here. Raises StoreUnavailable."""
        token = self._held(request, tenant.name)
        if token is None or tenant.sso is None:
            return None
        stored = await self._store.get(_id(token))
        if stored is None or stored.tenant != tenant.name:
            return None
        session = _session(stored, token, tenant.sso)
        if why := self._over(session, tenant.sso):
            await self.end(request, [stored], why)
            return None
        if not await self._same_issuer(request, tenant, tenant.sso, stored):
            return None
        now_us = self._clock.now_us()
        if now_us - stored.seen_us > SEEN_US:
            await self._store.seen(stored.id, now_us)
        return session

    async def end(self, request: Request, which: Sequence[StoredSession], why: str) -> None:
        """Raises StoreUnavailable."""
        for ended in await self._store.end([each.id for each in which]):
            await self._ended(request, ended, why)

    def leave(self, response: Response, tenant: str) -> None:
        """The browser forgets its cookie."""
        self._origin.drop(response, _name(tenant))

    def _over(self, session: Session, words: Sso) -> str:
        stored, now_us = session.stored, self._clock.now_us()
        if now_us >= min(stored.until_us, stored.began_us + round(seconds(words.sessions.life) * 1e6)):
            return "its time was over"
        if now_us - stored.seen_us >= round(seconds(words.sessions.idle) * 1e6):
            return "nothing was done for too long"
        if session.standing.role != stored.role:
            return "its roles give something else now"
        if stored.via not in words.configured():
            return "its sign-on is not configured any more"
        return ""

    async def _same_issuer(self, request: Request, tenant: Tenant, words: Sso, stored: StoredSession) -> bool:
        """What a provider said of somebody counts as long as the tenant believes that very one. While nobody knows
        whom it believes (metadata that cannot be read), nobody is signed in, and no session ends for it."""
        if stored.via == "oidc":
            issuer = "" if words.oidc is None else words.oidc.issuer
        else:
            issuer = await self._issuer_by_saml(tenant)
        if issuer and issuer != stored.issuer:
            await self.end(request, [stored], "its tenant believes another identity provider now")
        return issuer == stored.issuer

    async def _ended(self, request: Request, ended: StoredSession, why: str) -> None:
        deed = self._deed(request, ended, "session.end", {"session": ended.handle, "why": why})
        await self._audit.note(ended.tenant, deed)
        self.event("session.ended", tenant=ended.tenant, who=ended.who, session=ended.handle, why=why)

    def _deed(self, request: Request, stored: StoredSession, what: str, told: dict[str, object]) -> Deed:
        return Deed(
            who=stored.who,
            where=where_from(request),
            what=what,
            on=f"{stored.tenant}/{stored.via}",
            arguments=told,
            correlation_id=facts(request.scope).correlation_id,
        )

    def _held(self, request: Request, tenant: str) -> bytes | None:
        return token_of(self._origin.read(request, _name(tenant)))


PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""What every answer says that belongs to one browser."""


def where_from(request: Request) -> str:
    """The address that a request came from, as the audit and the session have it."""
    return request.client.host if request.client is not None else ""


def safe_way(tenant: str, way: str) -> str:
    """A path of this tenant's; where accounts are connected, for whatever is none."""
    inside = way.startswith(f"/t/{tenant}/") and _WAY.fullmatch(way) is not None and "//" not in way
    return way if inside else f"/t/{tenant}/connect"


def token_of(text: str) -> bytes | None:
    """What a cookie of ours holds; None for what we never gave out."""
    if _TOKEN.fullmatch(text) is None:
        return None
    try:
        return base64.urlsafe_b64decode(text + "=")
    except (ValueError, binascii.Error):
        return None


def sealed(key: bytes, place: bytes, value: bytes, random: Callable[[int], bytes] = os.urandom) -> bytes:
    """With what only a browser has."""
    nonce = random(NONCE_BYTES)
    return nonce + AESGCM(_derived(key, b"seal")).encrypt(nonce, value, place)


def opened(key: bytes, place: bytes, value: bytes) -> bytes | None:
    """None: it was sealed for another browser or place, or changed."""
    try:
        return AESGCM(_derived(key, b"seal")).decrypt(value[:NONCE_BYTES], value[NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        return None


def _session(stored: StoredSession, token: bytes, words: Sso) -> Session:
    standing = granted(words.roles, lambda name: name in stored.roles)
    return Session(stored=stored, token=token, standing=standing, connects=Role[words.roles.connect.upper()])


def _name(tenant: str) -> str:
    return f"lmsyncd-{tenant}"


def _id(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _derived(token: bytes, use: bytes) -> bytes:
    return hmac.digest(token, b"lmsyncd " + use, "sha256")


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
