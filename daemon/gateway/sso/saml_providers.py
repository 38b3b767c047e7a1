"""Tenants' identity providers, kept fresh: metadata from a file or an address, read again now and then.

What was read last from an address is kept in the database and holds while nobody answers there, until its own
``validUntil``. A signature by a key that is not known lets it be read again ahead of time, but not often: anybody can
send such a signature.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
import trio

from actors.domain.flow import Lost, NotSent, Request, Response
from actors.ports import Clock, Http
from config.durations import seconds
from config.files import Unreadable, read_bytes
from config.saml import Saml
from daemon.gateway.ports import Trouble
from daemon.gateway.sso.saml_crypto import checked_metadata
from daemon.gateway.sso.saml_provider import METADATA_BYTES_MAX, Provider, Unusable, provider_of
from daemon.store.saml import Kept, SqlSaml

FILE_S = 60.0
"""How often a file is looked at again."""
AGAIN_S = 60.0
"""After a failure nothing is tried for so long."""
EARLY_S = 300.0
"""So often, at most, an unknown key makes the metadata be read again."""
FETCH_S_MAX = 20.0
TENANTS_MAX = 10_000


class _Held(msgspec.Struct, kw_only=True):
    """What is known of a tenant's provider. Times are trio's."""

    words: Saml
    provider: Provider | None = None
    why: str = "they have not been read yet"
    due_s: float = 0.0
    early_s: float = 0.0
    loaded: bool = False


class Providers:
    """``get`` is asked at each sign-on. One tenant's provider is read by one task at a time."""

    def __init__(
        self, store: SqlSaml, http: Callable[[], Http], clock: Clock, trouble: Trouble, program: Callable[[], Path]
    ) -> None:
        self._store = store
        self._http = http
        self._clock = clock
        self._trouble = trouble
        self._program = program
        self._held: dict[str, _Held] = {}
        self._locks: dict[str, trio.Lock] = {}

    async def get(self, tenant: str, words: Saml) -> Provider:
        """Raises Unusable where there is none, NoProgram where a signature of metadata cannot be checked,
        StoreUnavailable."""
        async with self._locks.setdefault(tenant, trio.Lock()):
            held = self._held.get(tenant)
            if held is None or held.words != words:
                if len(self._held) >= TENANTS_MAX:
                    self._held.clear()
                held = self._held[tenant] = _Held(words=words)
            if trio.current_time() >= held.due_s:
                await self._read(tenant, held)
            provider = held.provider
            if provider is not None and provider.until_us is not None and provider.until_us <= self._clock.now_us():
                held.provider, held.why = None, "they are valid no more (validUntil is in the past)"
            if held.provider is None:
                raise Unusable(held.why)
            return held.provider

    def doubt(self, tenant: str) -> bool:
        """Somebody signed with a key that is not known: whether it is worth asking ``get`` again."""
        held = self._held.get(tenant)
        now_s = trio.current_time()
        if held is None or now_s < held.early_s:
            return False
        held.early_s, held.due_s = now_s + EARLY_S, now_s
        return True

    async def _read(self, tenant: str, held: _Held) -> None:
        words = held.words
        try:
            if words.metadata_file is not None:
                body = await trio.to_thread.run_sync(_of_file, words.metadata_file)
                held.provider = await self._provider(words, body)
                held.due_s = trio.current_time() + FILE_S
            else:
                await self._of_address(tenant, held, words.metadata_url or "")
            held.why = ""
        except Unusable as error:
            held.due_s = trio.current_time() + AGAIN_S
            held.why = str(error)
            self._trouble("sso.metadata_unusable", None, tenant=tenant, detail=str(error))
            if held.provider is None and words.metadata_url is not None:
                held.provider = await self._of_store(tenant, words)

    async def _of_address(self, tenant: str, held: _Held, url: str) -> None:
        """At first what is kept, if it is fresh enough; else from the address."""
        words, every_s = held.words, seconds(held.words.metadata_every)
        if not held.loaded:
            held.loaded = True
            kept = await self._store.kept(tenant)
            age_s = (self._clock.now_us() - kept.read_us) / 1e6 if kept is not None else every_s
            if kept is not None and kept.url == url and 0 <= age_s < every_s:
                try:
                    held.provider = await self._provider(words, kept.body)
                except Unusable:
                    held.provider = None  # whatever was wrong with it, it is asked for anew
                else:
                    held.due_s = trio.current_time() + every_s - age_s
                    return
        body = await self._fetched(url)
        held.provider = await self._provider(words, body)
        held.due_s = trio.current_time() + every_s
        await self._store.keep(tenant, Kept(url=url, body=body, read_us=self._clock.now_us()))

    async def _of_store(self, tenant: str, words: Saml) -> Provider | None:
        kept = await self._store.kept(tenant)
        if kept is None or kept.url != words.metadata_url:
            return None
        try:
            return await self._provider(words, kept.body)
        except Unusable:
            return None

    async def _provider(self, words: Saml, body: bytes) -> Provider:
        """Raises Unusable, NoProgram."""
        program, now_us = self._program(), self._clock.now_us()

        def understood() -> Provider:
            if words.metadata_certificate is not None:
                checked_metadata(body, _of_file(words.metadata_certificate), program)
            return provider_of(body, words.idp, now_us)

        return await trio.to_thread.run_sync(understood)

    async def _fetched(self, url: str) -> bytes:
        request = Request(
            method="GET",
            url=url,
            operation="saml.metadata",
            headers={"Accept": "application/samlmetadata+xml, application/xml;q=0.9"},
            answer_bytes_max=METADATA_BYTES_MAX,
            patience_s=FETCH_S_MAX,
        )
        http = self._http()
        try:
            outcome = await http.send(request)
        finally:
            await http.aclose()
        match outcome:
            case Response(status=200, body=body):
                return body
            case Response(status=status):
                raise Unusable(f"{status} was answered where they should be")
            case NotSent(detail) | Lost(detail):
                raise Unusable(f"they cannot be read: {detail}")


def _of_file(path: Path) -> bytes:
    """Raises Unusable."""
    try:
        content, _ = read_bytes(path, METADATA_BYTES_MAX)
    except Unreadable as error:
        raise Unusable(f"{path}: {error}") from None
    return content
