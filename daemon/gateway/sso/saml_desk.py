"""Sign-on by SAML as the gateway's pages use it: where to send people, and who comes back."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import trio
from cryptography.hazmat.primitives.asymmetric import rsa

from actors.ports import Clock, Dice, Http
from actors.ports.persons import Persons
from config.durations import seconds
from config.files import Unreadable, read_bytes
from config.model import Configuration, Tenant
from config.saml import Saml, SamlKey
from config.secrets import SecretUnavailable
from daemon.gateway.callers import NOBODY
from daemon.gateway.credentials import Reveal
from daemon.gateway.origin import Origin, origin_of
from daemon.gateway.ports import Trouble
from daemon.gateway.sso.claims import SignedIn, person_of
from daemon.gateway.sso.pending import SignOns
from daemon.gateway.sso.saml_assertion import Expected, Said
from daemon.gateway.sso.saml_crypto import Means, NoProgram, examined, is_there
from daemon.gateway.sso.saml_logout import leaving
from daemon.gateway.sso.saml_messages import (
    Addresses,
    Unfitting,
    addresses,
    authn_request,
    carried,
    logout_request,
    logout_response,
    metadata,
    private_key,
    redirect,
)
from daemon.gateway.sso.saml_provider import Provider, Unusable
from daemon.gateway.sso.saml_providers import Providers
from daemon.gateway.sso.saml_refusals import Reason, Refused
from daemon.gateway.sso.saml_threads import NotNow as NotNow
from daemon.gateway.sso.saml_threads import Threads
from daemon.store.saml import SqlSaml, assertion_key, request_key

CERTIFICATE_BYTES_MAX = 64 * 1024
STANDING_IN = ("pairwise", "eppn", "upn", "object", "username")
"""Identifiers that stand in for a name that is only for once, the most stable first."""


class SamlPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What sign-on by SAML needs of the process. ``reveal`` reads the secrets of a tenant."""

    configuration: Callable[[], Configuration]
    store: SqlSaml
    persons: Persons
    http: Callable[[], Http]
    reveal: Callable[[str], Reveal]
    clock: Clock
    dice: Dice
    trouble: Trouble


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """Where a browser is sent, and what it has to keep until it comes back."""

    url: str
    browser: str
    life_s: int


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Who came back, and the path here that they wanted to (empty: they did not begin here). ``hint`` is what
    ``farewell`` needs."""

    person: SignedIn
    way: str
    hint: bytes


class Goodbye(msgspec.Struct, frozen=True, kw_only=True):
    """Whose sessions end, and where the browser is sent with our answer."""

    subject: str
    issuer: str
    url: str

    def means(self, hint: bytes) -> bool:
        """Whether it is about the session with this ``Arrival.hint``."""
        return _hinted(hint)[:2] == (self.issuer, self.subject)


class SamlDesk:
    """One for the whole gateway; a tenant is handed in with each call, and has ``[sso.saml]``."""

    def __init__(self, ports: SamlPorts) -> None:
        self._ports = ports
        self._providers = Providers(ports.store, ports.http, ports.clock, ports.trouble, self._program)
        self._threads = Threads(lambda: ports.configuration().daemon.sso.saml_at_once)

    # ── what the pages ask ───────────────────────────────────────────────────────────────────────────

    def tenant(self, name: str) -> Tenant | None:
        """A tenant whose people sign on by SAML, None for any other."""
        tenant = self._ports.configuration().tenants.get(name)
        return tenant if tenant is not None and tenant.sso is not None and tenant.sso.saml is not None else None

    def entrance(self, tenant: Tenant) -> str:
        """Where people begin again; a path where nobody says how the world calls us."""
        path = f"/t/{tenant.name}/sso"
        found = origin_of(self._ports.configuration().daemon.gateway.public_url)
        return path if isinstance(found, str) else found.url(path)

    async def unusable(self, tenant: Tenant) -> str:
        """Why nobody can sign on by SAML here and now; empty: they can. For the choice between methods."""
        try:
            await self._ready(tenant)
        except NotNow as error:
            return str(error)
        return ""

    async def issuer(self, tenant: Tenant) -> str:
        """Whose word counts there now; empty where that cannot be known. Raises StoreUnavailable."""
        try:
            return (await self._providers.get(tenant.name, _words(tenant))).entity_id
        except (Unusable, NoProgram):
            return ""

    async def metadata(self, tenant: Tenant, crowd: str) -> bytes:
        """Ours, for the identity provider. ``crowd``, here and below: whose doing it counts for (``callers``). Raises
        NotNow."""
        certificates = await self._threads.run(
            tenant, crowd, lambda: [_certificate(each) for each in _words(tenant).keys]
        )
        try:
            return metadata(self._addresses(tenant), certificates)
        except Unfitting as error:
            raise NotNow(str(error)) from None

    async def depart(self, tenant: Tenant, way: str, browser: str, crowd: str) -> Departure:
        """To the identity provider and, afterwards, to a path here. ``browser``: what that browser keeps already, or
        nothing. Raises NotNow, StoreUnavailable."""
        provider = await self._ready(tenant)
        words, ours, now_us = _words(tenant), self._addresses(tenant), self._ports.clock.now_us()
        life_s = int(seconds(words.login_timeout))
        text, key = await self._key(tenant, words.keys[0], crowd)
        fresh = SignOns("saml", text.encode()).begin(tenant.name, browser, way, now_us, life_s)
        message = authn_request(ours, provider.login_url, f"_{fresh.nonce}", now_us)
        url = await self._threads.run(
            tenant, crowd, lambda: redirect(provider.login_url, "SAMLRequest", message, fresh.state, key)
        )
        return Departure(url=url, browser=fresh.browser, life_s=life_s)

    async def arrive(self, tenant: Tenant, message: bytes, relay: str, browser: str, crowd: str) -> Arrival:
        """From the identity provider. Once this returns, the assertion is used. Raises Refused, NotNow,
        StoreUnavailable."""
        provider = await self._ready(tenant)
        words, now_us, keys = _words(tenant), self._ports.clock.now_us(), self._keys(tenant)
        opened = (SignOns("saml", each.encode()).open(tenant.name, browser, relay, now_us) for each in keys)
        begun = next((each for each in opened if each is not None), None)
        if browser and begun is None and not words.allow_unsolicited:
            raise Refused(Reason.RELAY)
        expected = Expected(
            idp=provider.entity_id,
            entity_id=self._addresses(tenant).entity_id,
            acs_url=self._addresses(tenant).acs_url,
            request_id=None if begun is None else f"_{begun.nonce}",
            allow_unsolicited=words.allow_unsolicited,
            must_be_encrypted=words.encrypted,
            now_us=now_us,
            skew_us=int(seconds(words.skew) * 1e6),
        )
        heard = await self._examined(tenant, message, expected, provider, keys, crowd)
        person = await self._person(tenant, heard, now_us)
        used = {assertion_key(heard.issuer, heard.id): heard.remember_until_us}
        if begun is not None:
            used[request_key(begun.nonce)] = begun.until_us
        if not await self._ports.store.use(tenant.name, used, now_us):
            raise Refused(Reason.REPLAYED)
        hint = msgspec.json.encode((heard.issuer, heard.subject, heard.session))
        return Arrival(person=person, way="" if begun is None else begun.way, hint=hint)

    async def farewell(self, tenant: Tenant, hint: bytes) -> str:
        """Where a browser is sent to end its session at the identity provider too, after the one here has ended; empty
        where that knows of no such thing, or it is another by now. Raises NotNow, StoreUnavailable."""
        provider = await self._ready(tenant)
        issuer, subject, session = _hinted(hint)
        if not provider.logout_url or issuer != provider.entity_id:
            return ""
        ours, now_us = self._addresses(tenant), self._ports.clock.now_us()
        message_id = f"_{self._ports.dice.token()}"
        message = logout_request(ours, provider.logout_url, message_id, subject, session, now_us)
        _, key = await self._key(tenant, _words(tenant).keys[0], NOBODY)
        return redirect(provider.logout_url, "SAMLRequest", message, "", key)

    async def goodbye(self, tenant: Tenant, query: str, crowd: str) -> Goodbye:
        """The identity provider says that somebody's session is over. Raises Refused, NotNow, StoreUnavailable."""
        provider = await self._ready(tenant)
        ours, now_us = self._addresses(tenant), self._ports.clock.now_us()
        brought = await self._threads.run(tenant, crowd, lambda: carried(query, "SAMLRequest", provider.certificates))
        skew_us = int(seconds(_words(tenant).skew) * 1e6)
        gone = leaving(
            brought.message, idp=provider.entity_id, logout_url=ours.logout_url, now_us=now_us, skew_us=skew_us
        )
        answer_url = provider.logout_answer_url
        url = ""
        if answer_url:
            answer = logout_response(ours, answer_url, f"_{self._ports.dice.token()}", gone.id, now_us)
            _, key = await self._key(tenant, _words(tenant).keys[0], crowd)
            url = redirect(answer_url, "SAMLResponse", answer, brought.relay, key)
        return Goodbye(subject=gone.subject, issuer=provider.entity_id, url=url)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────

    def _program(self) -> Path:
        return self._ports.configuration().daemon.sso.xmlsec1

    def origin(self) -> Origin:
        """How the world calls us. Raises NotNow."""
        found = origin_of(self._ports.configuration().daemon.gateway.public_url)
        if isinstance(found, str):
            raise NotNow(found)
        return found

    def _addresses(self, tenant: Tenant) -> Addresses:
        """Raises NotNow."""
        return addresses(self.origin().base, tenant.name)

    async def _ready(self, tenant: Tenant) -> Provider:
        """The provider, where everything else is there as well. Raises NotNow, StoreUnavailable."""
        self.origin()
        program = self._program()
        if not await trio.to_thread.run_sync(is_there, program):
            raise NotNow(f"{program} cannot be run (Debian: install the package xmlsec1)")
        try:
            return await self._providers.get(tenant.name, _words(tenant))
        except Unusable as error:
            raise NotNow(f"the identity provider's metadata cannot be used: {error}") from None
        except NoProgram as error:
            raise NotNow(str(error)) from None

    async def _key(self, tenant: Tenant, key: SamlKey, crowd: str) -> tuple[str, rsa.RSAPrivateKey]:
        """As it was written (PEM), and fit for use. Raises NotNow."""
        try:
            revealed = self._ports.reveal(tenant.name)(key.key)
            return revealed, await self._threads.run(tenant, crowd, lambda: private_key(revealed, _certificate(key)))
        except (SecretUnavailable, Unfitting) as error:
            raise NotNow(f"{key.certificate}: {error}") from None

    def _keys(self, tenant: Tenant) -> tuple[str, ...]:
        """Those that can be had: one that is gone opens nothing, the others do."""
        found: list[str] = []
        for each in _words(tenant).keys:
            try:
                found.append(self._ports.reveal(tenant.name)(each.key))
            except SecretUnavailable as error:
                self._ports.trouble("sso.key_unavailable", None, tenant=tenant.name, detail=str(error))
        return tuple(found)

    async def _examined(
        self,
        tenant: Tenant,
        message: bytes,
        expected: Expected,
        provider: Provider,
        keys: tuple[str, ...],
        crowd: str,
    ) -> Said:
        """Once more with the metadata read anew where the key is not known."""

        async def once(by: Provider) -> Said:
            means = Means(xmlsec1=self._program(), provider=by, keys=keys)
            try:
                return await self._threads.run(tenant, crowd, lambda: examined(message, expected, means))
            except NoProgram as error:
                raise NotNow(str(error)) from None

        try:
            return await once(provider)
        except Refused as refused:
            if refused.reason is not Reason.SIGNATURE or not self._providers.doubt(tenant.name):
                raise
            fresh = await self._ready(tenant)
            if fresh.certificates == provider.certificates:
                raise
            return await once(fresh)

    async def _person(self, tenant: Tenant, heard: Said, now_us: int) -> SignedIn:
        """Raises Refused, StoreUnavailable."""
        found = await person_of(
            tenant,
            heard.subject,
            heard.issuer,
            heard.attributes,
            form="saml",
            persons=self._ports.persons,
            now_us=now_us,
        )
        if not isinstance(found, SignedIn):
            raise Refused(Reason.CLAIMS, ", ".join(sorted({each.path for each in found}))[:200])
        subject = found.subject
        if heard.transient:
            stand_in = next((name for name in STANDING_IN if found.identifiers.get(name)), "")
            if not stand_in:
                raise Refused(Reason.TRANSIENT)
            subject = f"{stand_in}:{found.identifiers[stand_in]}"
        return msgspec.structs.replace(found, subject=subject, session=heard.session)


def _hinted(hint: bytes) -> tuple[str, str, str]:
    """Issuer, name and session as the assertion had them; empty where this is no hint of ours."""
    try:
        return msgspec.json.decode(hint, type=tuple[str, str, str])
    except msgspec.DecodeError:
        return "", "", ""


def _words(tenant: Tenant) -> Saml:
    assert tenant.sso is not None  # noqa: S101  # ``SamlDesk.tenant`` gives no others
    assert tenant.sso.saml is not None  # noqa: S101  # likewise
    return tenant.sso.saml


def _certificate(key: SamlKey) -> bytes:
    """Raises Unfitting."""
    try:
        return read_bytes(key.certificate, CERTIFICATE_BYTES_MAX)[0]
    except Unreadable as error:
        raise Unfitting(f"{key.certificate}: {error}") from None
