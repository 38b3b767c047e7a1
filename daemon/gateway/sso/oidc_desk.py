"""Sign-on by OpenID Connect as its pages use it: where to send people, and who comes back."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import msgspec

from actors.domain.flow import Flow, Request, Response, Veiled, decode_object
from actors.domain.oauth import (
    Assertion,
    Client,
    Unprovable,
    authorization_url,
    challenge_of,
    token_request,
    token_text,
)
from actors.ports import Clock, Dice, Http, Persons
from config.durations import seconds
from config.model import Tenant
from config.secrets import SecretUnavailable
from daemon.gateway.credentials import Reveal
from daemon.gateway.origin import Origin
from daemon.gateway.sso.claims import SignedIn, person_of
from daemon.gateway.sso.oidc_issuers import Issuers, words_of
from daemon.gateway.sso.oidc_provider import PATIENCE_S, Provider, Unusable
from daemon.gateway.sso.oidc_token import (
    TOKEN_BYTES_MAX,
    Expected,
    Reason,
    Refused,
    claims_in,
    header_in,
    subject_of,
)
from daemon.gateway.sso.pending import Known, SignOns, Used
from daemon.gateway.strangers import Crowded, Places

AT_ONCE_MAX = 8
"""Sign-ons of one tenant that are at its provider."""
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


class OidcDesk:
    """One for the whole gateway; a tenant is handed in with each call, and has ``[sso.oidc]``."""

    def __init__(self, ports: OidcPorts, origin: Origin) -> None:
        self._ports = ports
        self._origin = origin
        self._begun = SignOns("oidc")
        self._used = Used()
        self._issuers = Issuers(ports.http, ports.clock)
        self._places: dict[str, Places] = {}

    async def depart(self, tenant: Tenant, way: str, browser: str) -> Departure:
        """To the provider. ``browser``: what that browser keeps already, or nothing. Raises Unusable."""
        words = words_of(tenant)
        provider = await self._issuers.provider(tenant)
        life_s = int(seconds(words.login_timeout))
        fresh = self._begun.begin(tenant.name, browser, way, self._ports.clock.now_us(), life_s)
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

    async def arrive(self, tenant: Tenant, returned: Returned, browser: str, crowd: str) -> Arrival:
        """From the provider; the state is used, whatever comes of it. ``crowd`` is whose doing it counts for
        (``callers``). Raises Refused, Unusable, StoreUnavailable."""
        known = self._pending(tenant, returned, browser)
        if tenant.name not in self._places:
            self._places[tenant.name] = Places(lambda: AT_ONCE_MAX, one_tenant=True)
        try:
            async with self._places[tenant.name].place(tenant.name, crowd):
                return await self._arrived(tenant, returned, known)
        except Crowded as error:
            raise Unusable(str(error)) from None

    async def farewell(self, tenant: Tenant, hint: bytes) -> str:
        """Where to sign out at the provider, too; empty where that is not wanted, or it has no such page. Raises
        Unusable."""
        words = words_of(tenant)
        if not words.end_session:
            return ""
        endpoint = (await self._issuers.provider(tenant)).end_session_endpoint
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
        known = self._begun.open(tenant.name, browser, returned.state, now_us)
        if known is None:
            raise Refused(Reason.STATE)
        if not self._used.first(tenant.name, known, now_us):
            raise Refused(Reason.STATE_USED)
        return known

    async def _arrived(self, tenant: Tenant, returned: Returned, known: Known) -> Arrival:
        words = words_of(tenant)
        provider = await self._issuers.provider(tenant)
        if returned.iss != provider.issuer and (returned.iss or provider.says_issuer):
            raise Refused(Reason.ISS_PARAMETER)
        if returned.error or not returned.code:
            raise Refused(Reason.DECLINED if returned.error else Reason.MALFORMED, _safe(returned.error))
        id_token, access_token = await self._issuers.talk(self._exchange(tenant, provider, returned.code, known))
        header = header_in(id_token, words)
        key = await self._issuers.key(tenant, provider, header)
        now_us = self._ports.clock.now_us()
        expected = Expected(nonce=known.nonce, begun_us=known.begun_us, now_us=now_us, access_token=access_token)
        claims = claims_in(id_token, header, key, words, expected)
        subject = subject_of(claims)
        if words.userinfo:
            more = await self._issuers.talk(_userinfo(provider, access_token, subject))
            claims = {**more, **claims}
        found = await person_of(
            tenant, subject, provider.issuer, claims, form="oidc", persons=self._ports.persons, now_us=now_us
        )
        if not isinstance(found, SignedIn):
            raise Refused(Reason.MAPPING, ", ".join(sorted({each.path for each in found}))[:200])
        hint = id_token.encode() if len(id_token) <= HINT_CHARS_MAX else b""
        return Arrival(person=found, way=known.way, hint=hint)

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


def _safe(error: object) -> str:
    """An error code of the standard's; nothing for what is none."""
    return error if isinstance(error, str) and error in ERRORS else ""
