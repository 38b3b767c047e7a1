"""Who may do what at the embedded LRS: Basic credentials per tenant and source, with xAPI's scopes.

They come from the tenant files and from the store (``keyring`` brings both together). A wrong guess costs us three
hashes of a short text, a right one the same. An unknown tenant, an unknown name, a wrong secret, a revoked and an
expired credential are answered alike and take the same way through this code.
"""

import base64
import binascii
import hmac
import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import assert_never, get_args

import msgspec

from actors.domain.outbox import Rate
from actors.sources.xapi.settings import Credential, Scope, XapiSettings
from config.model import Secret, Tenant
from daemon.gateway.seal import Seal
from daemon.store.credentials import StoredCredential

Reveal = Callable[[Secret], str]
SECRET_BYTES_MAX = 4096
SCOPES: tuple[Scope, ...] = get_args(Scope)


class FileLock(msgspec.Struct, frozen=True, kw_only=True):
    """Of a tenant file: the secrets are read when they are needed, so that a rotated file is seen."""

    secret: Secret
    former: Secret | None


class StoredLock(msgspec.Struct, frozen=True, kw_only=True):
    """Of the store: hashes, and the times from which on they open nothing any more."""

    hash: bytes
    until_us: int | None
    former_hash: bytes | None
    former_until_us: int


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One client of one source. ``authority`` is the xAPI authority of what it sends, as JSON: stable, whatever its
    secret and whatever address we are reached by. ``rate`` None: as many requests as it likes."""

    tenant: str
    source: str
    name: str
    scopes: frozenset[Scope]
    rate: Rate | None
    dedupe: bool
    authority: bytes
    lock: FileLock | StoredLock

    def may(self, *scopes: Scope) -> bool:
        return not self.scopes.isdisjoint(scopes)

    @property
    def may_read_all(self) -> bool:
        return self.may("all", "all/read", "statements/read")


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant as the gateway sees it; accounts by name, which is unique in a tenant."""

    fallback_version: str
    accounts: Mapping[str, Account]
    cors_origins: frozenset[str] = frozenset("*")


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """``by_former``: by the secret before the last rotation."""

    account: Account
    by_former: bool


def doors(tenants: Iterable[Tenant], stored: Iterable[StoredCredential] = ()) -> dict[str, Door]:
    """By tenant, of a configuration in force and of what is stored. A name in the tenant file hides a stored one."""
    by_tenant: dict[str, list[StoredCredential]] = {}
    for each in stored:
        by_tenant.setdefault(each.tenant, []).append(each)
    return {tenant.name: _door(tenant, by_tenant.get(tenant.name, ())) for tenant in tenants}


def _door(tenant: Tenant, stored: Iterable[StoredCredential]) -> Door:
    sources = {name: one.settings for name, one in tenant.sources.items() if isinstance(one.settings, XapiSettings)}
    accounts = {}
    for each in stored:
        if each.source in sources and each.hash is not None:
            accounts[each.name] = _of_store(each, each.hash, sources[each.source])
    for name, settings in sources.items():
        for credential in settings.credentials:
            accounts[credential.key] = _of_file(tenant.name, name, credential, settings)
    if not sources:
        return Door(fallback_version=tenant.xapi_fallback_version, accounts={})  # like a tenant that does not exist
    origins = frozenset(origin for settings in sources.values() for origin in settings.cors_origins)
    return Door(fallback_version=tenant.xapi_fallback_version, accounts=accounts, cors_origins=origins)


def _of_file(tenant: str, source: str, credential: Credential, settings: XapiSettings) -> Account:
    return Account(
        tenant=tenant,
        source=source,
        name=credential.key,
        scopes=frozenset(credential.scopes),
        rate=rate_of(credential.rate_per_s, credential.burst),
        dedupe=settings.dedupe,
        authority=_authority(tenant, source, credential.key),
        lock=FileLock(secret=credential.secret, former=credential.secret_former),
    )


def _of_store(stored: StoredCredential, hashed: bytes, settings: XapiSettings) -> Account:
    return Account(
        tenant=stored.tenant,
        source=stored.source,
        name=stored.name,
        scopes=frozenset(scope for scope in SCOPES if scope in stored.scopes),
        rate=rate_of(stored.rate_per_s, stored.burst),
        dedupe=settings.dedupe,
        authority=_authority(stored.tenant, stored.source, stored.name),
        lock=StoredLock(
            hash=hashed,
            until_us=stored.expires_us,
            former_hash=stored.former_hash,
            former_until_us=stored.former_until_us or 0,
        ),
    )


def rate_of(per_s: float | None, burst: int | None) -> Rate | None:
    """None: no limit. Without a burst, the requests of one second may come at once."""
    return None if per_s is None else Rate(per_s=per_s, burst=float(burst or max(1, math.ceil(per_s))))


def _authority(tenant: str, source: str, name: str) -> bytes:
    account = {"homePage": f"urn:lmsyncd:{tenant}:{source}", "name": name}
    return json.dumps({"objectType": "Agent", "account": account}, separators=(",", ":")).encode()


# ── at the door ──────────────────────────────────────────────────────────────────────────────────────


def admit(
    door: Door | None, tenant: str, authorization: str | None, *, reveal: Reveal, seal: Seal, now_us: int
) -> Admitted | None:
    """The client that this header proves to be, or None. Raises what ``reveal`` raises."""
    given = _basic(authorization)
    if given is None:
        return None
    name, secret = given
    account = door.accounts.get(name) if door is not None else None
    offered = seal.hash(tenant, name, secret)
    hashes = _hashes(account.lock if account else None, tenant, name, reveal, seal, now_us)
    current, former = [hmac.compare_digest(offered, expected) for expected in hashes]
    return Admitted(account=account, by_former=not current) if account is not None and current | former else None


_OPENS_NOTHING = bytes(32)


def _hashes(
    lock: FileLock | StoredLock | None, tenant: str, name: str, reveal: Reveal, seal: Seal, now_us: int
) -> tuple[bytes, bytes]:
    """What opens, or nothing does: always two, always for the price of two."""

    def hashed(secret: Secret | None) -> bytes:
        expected = reveal(secret).encode() if secret is not None else b""
        made = seal.hash(tenant, name, expected)
        return made if expected else _OPENS_NOTHING

    match lock:
        case FileLock():
            return hashed(lock.secret), hashed(lock.former)
        case StoredLock():
            hashed(None), hashed(None)
            alive = lock.until_us is None or now_us < lock.until_us
            overlapping = alive and lock.former_hash is not None and now_us < lock.former_until_us
            former = lock.former_hash if overlapping and lock.former_hash is not None else _OPENS_NOTHING
            return lock.hash if alive else _OPENS_NOTHING, former
        case None:
            return hashed(None), hashed(None)
        case _ as never:
            assert_never(never)


def claimed_name(authorization: str | None) -> str:
    """Who they say they are; nothing where they do not say it as they should."""
    given = _basic(authorization)
    return given[0] if given is not None else ""


def _basic(authorization: str | None) -> tuple[str, bytes] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic" or len(encoded) > SECRET_BYTES_MAX:
        return None
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (name.decode(), secret) if colon else None
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
