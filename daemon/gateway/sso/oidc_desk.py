"""Sign-on by OpenID Connect as its pages use it: where to send people, and who comes back.

What the provider tells of itself and its keys are kept per tenant. Whoever has to wait for one reading waits for it
together; a reading that failed is not repeated at once, so that strangers at our door cannot make us knock at theirs.
"""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
import trio

from actors.domain.flow import Flow, Request, Response, Veiled, decode_object
from actors.domain.jwks import Key, KeySet
from actors.domain.oauth import (
    Assertion,
    Client,
    Unprovable,
    authorization_url,
    challenge_of,
    token_request,
    token_text,
)
from actors.kernel import converse
from actors.ports import Clock, Dice, Http, Persons
from config.durations import seconds
from config.model import Tenant
from config.oidc import Oidc
from config.secrets import SecretUnavailable
from daemon.gateway.credentials import Reveal
from daemon.gateway.origin import Origin
from daemon.gateway.sso.claims import SignedIn, person_of
from daemon.gateway.sso.oidc_provider import PATIENCE_S, Provider, Unusable, discovered, fetched
from daemon.gateway.sso.oidc_state import Known, States
from daemon.gateway.sso.oidc_token import TOKEN_BYTES_MAX, Expected, Reason, Refused, claims_in, header_in, subject_of

T = TypeVar("T")
FRESH_US = 3_600_000_000
KEPT_US = 24 * FRESH_US
"""A provider that cannot be asked again is believed for so long."""
AGAIN_US = 10_000_000
KEYS_AGAIN_US = 30_000_000
"""Between two readings of keys for a key that is not known."""
AT_ONCE_MAX = 8
"""Sign-ons of one tenant that wait for its provider."""
ANSWER_BYTES_MAX = 1024 * 1024
CODE_CHARS_MAX = 4_096
HINT_CHARS_MAX = 4_096
"""A longer ID token fits into no address: signing out goes without it."""
ERRORS = frozenset(
    (
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "login_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    )
)
"""Of the standards: whatever else somebody sends as an error is not repeated anywhere."""
CALLBACK = "/t/{tenant}/sso/oidc/callback"
SIGNED_OUT = "/t/{tenant}/sso/signed-out"


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """Where a browser is sent, and what it has to keep until it comes back."""

    url: str
    browser: str
    life_s: int


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser brought back; empty where it did not."""

    state: str
    code: str
    iss: str
    error: str

    def __repr__(self) -> str:
        return "Returned(***)"


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Who came back. ``hint`` is what ``farewell`` needs."""

    person: SignedIn
    way: str
    hint: bytes


class OidcPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What sign-on by OpenID Connect needs of the process. ``reveal`` is a tenant's."""

    http: Callable[[], Http]
    persons: Persons
    reveal: Callable[[str], Reveal]
    clock: Clock
    dice: Dice


class _Known:
    """One tenant's provider, as far as it is known."""

    def __init__(self, words: Oidc) -> None:
        self.words = words
        self.provider: Provider | None = None
        self.read_us = 0
        self.tried_us: int | None = None
        self.trouble = ""
        self.keys = KeySet(KEYS_AGAIN_US)
        self.reading = trio.Lock()
        self.room = trio.CapacityLimiter(AT_ONCE_MAX)


class OidcDesk:
    """One for the whole gateway; a tenant is handed in with each call, and has ``[sso.oidc]``."""

    def __init__(self, ports: OidcPorts, origin: Origin, states: States | None = None) -> None:
        self._ports = ports
        self._origin = origin
        self._states = states or States()
        self._known: dict[str, _Known] = {}

    async def depart(self, tenant: Tenant, way: str, browser: str) -> Departure:
        """To the provider. ``browser``: what that browser keeps already, or nothing. Raises Unusable."""
        words = words_of(tenant)
        provider = await self._provider(tenant)
        life_s = int(seconds(words.login_timeout))
        fresh = self._states.begin(tenant.name, browser, way, self._ports.clock.now_us(), life_s * 1_000_000)
        url = authorization_url(
            provider.authorization_endpoint,
            words.client_id,
            self._redirect_uri(tenant),
            words.scopes,
            fresh.state,
            challenge=challenge_of(fresh.verifier),
            nonce=fresh.nonce,
        )
        return Departure(url=url, browser=fresh.browser, life_s=life_s)

    async def arrive(self, tenant: Tenant, returned: Returned, browser: str) -> Arrival:
        """From the provider; the state is used, whatever comes of it. Raises Refused, Unusable, StoreUnavailable."""
        known = self._pending(tenant, returned, browser)
        here = self._at(tenant)
        try:
            here.room.acquire_nowait()
        except trio.WouldBlock:
            raise Unusable("too many sign on at the same time") from None
        try:
            return await self._arrived(tenant, returned, known)
        finally:
            here.room.release()

    async def farewell(self, tenant: Tenant, hint: bytes) -> str:
        """Where to sign out at the provider, too; empty where that is not wanted, or it has no such page. Raises
        Unusable."""
        words = words_of(tenant)
        if not words.end_session:
            return ""
        endpoint = (await self._provider(tenant)).end_session_endpoint
        if not endpoint:
            return ""
        given = {
            "client_id": words.client_id,
            "post_logout_redirect_uri": self._origin.url(SIGNED_OUT.format(tenant=tenant.name)),
            **({"id_token_hint": hint.decode("ascii", "replace")} if hint else {}),
        }
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(given)}"

    # ── coming back ──────────────────────────────────────────────────────────────────────────────────

    def _pending(self, tenant: Tenant, returned: Returned, browser: str) -> Known:
        """Raises Refused."""
        now_us = self._ports.clock.now_us()
        known = self._states.open(tenant.name, browser, returned.state, now_us)
        if known is None:
            raise Refused(Reason.STATE)
        if not self._states.use(known, now_us):
            raise Refused(Reason.STATE_USED)
        return known

    async def _arrived(self, tenant: Tenant, returned: Returned, known: Known) -> Arrival:
        words = words_of(tenant)
        provider = await self._provider(tenant)
        if returned.iss != provider.issuer and (returned.iss or provider.says_issuer):
            raise Refused(Reason.ISS_PARAMETER)
        if returned.error or not returned.code:
            raise Refused(Reason.DECLINED if returned.error else Reason.MALFORMED, _safe(returned.error))
        id_token, access_token = await self._talk(self._exchange(tenant, provider, returned.code, known))
        header = header_in(id_token, words)
        key = await self._key(tenant, provider, header.kid)
        now_us = self._ports.clock.now_us()
        expected = Expected(
            nonce=known.nonce, begun_us=known.pending.begun_us, now_us=now_us, access_token=access_token
        )
        claims = claims_in(id_token, header, key, words, expected)
        subject = subject_of(claims)
        if words.userinfo:
            more = await self._talk(_userinfo(provider, access_token, subject))
            claims = {**more, **claims}
        found = await person_of(
            tenant, subject, provider.issuer, claims, form="oidc", persons=self._ports.persons, now_us=now_us
        )
        if not isinstance(found, SignedIn):
            raise Refused(Reason.MAPPING, ", ".join(sorted({each.path for each in found}))[:200])
        hint = id_token.encode() if len(id_token) <= HINT_CHARS_MAX else b""
        return Arrival(person=found, way=known.pending.way, hint=hint)

    def _exchange(self, tenant: Tenant, provider: Provider, code: str, known: Known) -> Flow[tuple[str, str]]:
        """ID token and access token. Raises Refused, Unusable."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri(tenant),
            "code_verifier": known.verifier,
        }
        try:
            request = token_request(provider.token_endpoint, self._client(tenant, provider), form)
        except (Unprovable, SecretUnavailable) as error:
            raise Unusable(f"token: {error}") from None
        outcome = yield msgspec.structs.replace(request, patience_s=PATIENCE_S, answer_bytes_max=ANSWER_BYTES_MAX)
        if not isinstance(outcome, Response):
            raise Unusable(f"token: {outcome.detail}")
        told = decode_object(outcome.body) or {}
        if outcome.status != 200:
            said = _safe(told.get("error"))
            if outcome.status >= 500 or said in ("invalid_client", "unauthorized_client") or outcome.status == 429:
                raise Unusable(f"token: HTTP {outcome.status} {said}".rstrip())
            raise Refused(Reason.EXCHANGE, said)
        id_token = told.get("id_token")
        if not isinstance(id_token, str) or not 0 < len(id_token) <= TOKEN_BYTES_MAX:
            raise Refused(Reason.NOT_TOLD)
        return id_token, token_text(told.get("access_token"))

    def _client(self, tenant: Tenant, provider: Provider) -> Client:
        """Raises SecretUnavailable."""
        words, reveal = words_of(tenant), self._ports.reveal(tenant.name)
        secret = "" if words.client_secret is None else reveal(words.client_secret)
        assertion = None
        if words.client_key is not None:
            assertion = Assertion(
                key=reveal(words.client_key),
                jti=self._ports.dice.token(),
                now_s=self._ports.clock.now_us() // 1_000_000,
                alg=words.client_key_algorithm,
                kid=words.client_key_id or "",
                audience=provider.issuer if words.client_key_audience == "issuer" else provider.token_endpoint,
            )
        return Client(id=words.client_id, method=words.method, secret=secret, assertion=assertion)

    def _redirect_uri(self, tenant: Tenant) -> str:
        return self._origin.url(CALLBACK.format(tenant=tenant.name))

    # ── the provider ─────────────────────────────────────────────────────────────────────────────────

    def _at(self, tenant: Tenant) -> _Known:
        words, known = words_of(tenant), self._known.get(tenant.name)
        if known is None or (known.words.issuer, known.words.client_id) != (words.issuer, words.client_id):
            known = self._known[tenant.name] = _Known(words)
        return known

    async def _provider(self, tenant: Tenant) -> Provider:
        """Raises Unusable."""
        here, words = self._at(tenant), words_of(tenant)
        async with here.reading:
            now_us = self._ports.clock.now_us()
            if here.provider is not None and 0 <= now_us - here.read_us < FRESH_US and here.words == words:
                return here.provider
            lately = here.tried_us is not None and 0 <= now_us - here.tried_us < AGAIN_US
            if not lately or here.words != words:
                here.tried_us, here.words = now_us, words
                try:
                    here.provider = await self._talk(discovered(words))
                except Unusable as error:
                    here.trouble = str(error)
                else:
                    here.read_us, here.trouble = now_us, ""
            if here.provider is None or not 0 <= now_us - here.read_us < KEPT_US:
                raise Unusable(here.trouble or "the provider could not be read a moment ago")
            return here.provider

    async def _key(self, tenant: Tenant, provider: Provider, kid: str) -> Key:
        """Raises Refused, Unusable."""
        here = self._at(tenant)
        async with here.reading:
            now_us = self._ports.clock.now_us()
            if here.keys.wants(kid, now_us):
                if not here.keys.empty:  # the first reading is no answer to a key that is not known
                    here.keys.tried(now_us)
                try:
                    answer = await self._talk(fetched(provider.jwks_uri, "keys"))
                except Unusable:
                    here.keys.tried(now_us)
                    if not here.keys.usable(now_us):
                        raise
                else:
                    here.keys.take(answer.body, now_us)
            if not here.keys.usable(now_us):
                raise Unusable("keys: none can be used")
            key = here.keys.pick(kid)
        if key is None:
            raise Refused(Reason.KEY_UNKNOWN)
        return key

    async def _talk(self, flow: Flow[T]) -> T:
        http = self._ports.http()
        try:
            return await converse(flow, http)
        finally:
            await http.aclose()


def _userinfo(provider: Provider, access_token: str, subject: str) -> Flow[dict[str, object]]:
    """What the provider tells besides. Raises Refused, Unusable."""
    outcome = yield Request(
        method="GET",
        url=provider.userinfo_endpoint,
        operation="userinfo",
        headers={"authorization": Veiled(f"Bearer {access_token}"), "accept": "application/json"},
        answer_bytes_max=ANSWER_BYTES_MAX,
        patience_s=PATIENCE_S,
    )
    if not isinstance(outcome, Response):
        raise Unusable(f"userinfo: {outcome.detail}")
    told = decode_object(outcome.body)
    if outcome.status != 200 or told is None or told.get("sub") != subject:
        raise Refused(Reason.USERINFO, f"HTTP {outcome.status}")
    return told


def words_of(tenant: Tenant) -> Oidc:
    assert tenant.sso is not None  # noqa: S101  # the pages let no others in
    assert tenant.sso.oidc is not None  # noqa: S101  # likewise
    return tenant.sso.oidc


def _safe(error: object) -> str:
    """An error code of the standard's; nothing for what is none."""
    return error if isinstance(error, str) and error in ERRORS else ""
