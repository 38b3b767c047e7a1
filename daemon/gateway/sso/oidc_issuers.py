"""Tenants' OpenID providers as far as they are known: what each tells of itself, and its keys.

Whoever has to wait for one reading waits for it together; a reading that failed is not repeated at once, so that
strangers at our door cannot make us knock at theirs. One tenant's provider is none of another's.
"""

from collections.abc import Callable
from typing import TypeVar

import trio

from actors.domain.flow import Flow
from actors.domain.jwks import Key, KeySet
from actors.kernel import converse
from actors.ports import Clock, Http
from config.model import Tenant
from config.oidc import Oidc
from config.recall import counts
from daemon.gateway.sso.oidc_provider import Provider, Unusable, discovered, fetched
from daemon.gateway.sso.oidc_token import Header, Reason, Refused

T = TypeVar("T")
FRESH_US = 3_600_000_000
KEPT_US = 24 * FRESH_US
"""A provider that cannot be asked again is believed for so long."""
AGAIN_US = 10_000_000
KEYS_AGAIN_US = 30_000_000
"""Between two readings of keys for a key that is not known."""


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


class Issuers:
    """One for the whole gateway; a tenant is handed in with each call, and has ``[sso.oidc]``."""

    def __init__(self, http: Callable[[], Http], clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._counts = counts("providers")

    async def provider(self, tenant: Tenant) -> Provider:
        """Raises Unusable."""
        here, words = self._at(tenant), words_of(tenant)
        async with here.reading:
            now_us = self._clock.now_us()
            if here.provider is not None and 0 <= now_us - here.read_us < FRESH_US and here.words == words:
                self._counts.hits += 1
                return here.provider
            self._counts.misses += here.provider is None
            self._counts.stale += here.provider is not None
            lately = here.tried_us is not None and 0 <= now_us - here.tried_us < AGAIN_US
            if not lately or here.words != words:
                here.tried_us, here.words = now_us, words
                try:
                    here.provider = await self.talk(discovered(words))
                except Unusable as error:
                    here.trouble = str(error)
                else:
                    here.read_us, here.trouble = now_us, ""
            if here.provider is None or not 0 <= now_us - here.read_us < KEPT_US:
                raise Unusable(here.trouble or "the provider could not be read a moment ago")
            return here.provider

    async def key(self, tenant: Tenant, provider: Provider, header: Header) -> Key:
        """The one that a token says it is signed with. Raises Refused, Unusable."""
        here, kid, algorithm = self._at(tenant), header.kid, header.algorithm
        async with here.reading:
            now_us = self._clock.now_us()
            if here.keys.wants(kid, algorithm, now_us):
                if not here.keys.empty:  # the first reading is no answer to a key that is not known
                    here.keys.tried(now_us)
                try:
                    answer = await self.talk(fetched(provider.jwks_uri, "keys"))
                except Unusable:
                    here.keys.tried(now_us)
                    if not here.keys.usable(now_us):
                        raise
                else:
                    here.keys.take(answer.body, now_us)
            if not here.keys.usable(now_us):
                raise Unusable("keys: none can be used")
            key = here.keys.pick(kid, algorithm)
        if key is None:
            raise Refused(Reason.KEY_UNKNOWN)
        return key

    async def talk(self, flow: Flow[T]) -> T:
        """Carry out a conversation with a provider."""
        http = self._http()
        try:
            return await converse(flow, http)
        finally:
            await http.aclose()

    def _at(self, tenant: Tenant) -> _Known:
        words, known = words_of(tenant), self._known.get(tenant.name)
        if known is None or (known.words.issuer, known.words.client_id) != (words.issuer, words.client_id):
            known = self._known[tenant.name] = _Known(words)
        return known


def words_of(tenant: Tenant) -> Oidc:
    """``[sso.oidc]`` of a tenant that has it."""
    assert tenant.sso is not None  # noqa: S101  # the pages let no others in
    assert tenant.sso.oidc is not None  # noqa: S101  # likewise
    return tenant.sso.oidc
