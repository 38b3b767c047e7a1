"""Who may do what at the embedded LRS: Basic credentials per tenant and source, with xAPI's scopes.

A wrong guess costs us two hashes of a short text, a right one the same. An unknown tenant, an unknown key and a
wrong secret are answered alike and take the same way through this code.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping

import msgspec

from actors.sources.xapi.settings import Credential, Scope, XapiSettings
from config.model import Secret, Tenant

Reveal = Callable[[Secret], str]
SECRET_BYTES_MAX = 4096


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One client of one source. The secret is read when it is needed, so that a rotated file is seen."""

    tenant: str
    source: str
    credential: Credential
    dedupe: bool

    @property
    def authority(self) -> bytes:
        """The xAPI authority of what this client sends, as JSON: stable, whatever address we are reached by."""
        return json.dumps(
            {
                "objectType": "Agent",
                "account": {"homePage": f"urn:lmsyncd:{self.tenant}:{self.source}", "name": self.credential.key},
            },
            separators=(",", ":"),
        ).encode()

    def may(self, *scopes: Scope) -> bool:
        return not set(scopes).isdisjoint(self.credential.scopes)

    @property
    def may_write(self) -> bool:
        return self.may("all", "statements/write")

    @property
    def may_read_all(self) -> bool:
        return self.may("all", "all/read", "statements/read")

    @property
    def may_read_own(self) -> bool:
        return self.may_read_all or self.may("statements/read/mine")


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant as the gateway sees it. Two sources may have clients of the same name."""

    fallback_version: str
    accounts: Mapping[str, tuple[Account, ...]]


def doors(tenants: Iterable[Tenant]) -> dict[str, Door]:
    """By tenant, of a configuration in force."""
    return {tenant.name: _door(tenant) for tenant in tenants}


def _door(tenant: Tenant) -> Door:
    accounts: dict[str, tuple[Account, ...]] = {}
    for name, connection in tenant.sources.items():
        settings = connection.settings
        if isinstance(settings, XapiSettings):
            for credential in settings.credentials:
                account = Account(tenant=tenant.name, source=name, credential=credential, dedupe=settings.dedupe)
                accounts[credential.key] = (*accounts.get(credential.key, ()), account)
    return Door(fallback_version=tenant.xapi_fallback_version, accounts=accounts)


def admit(door: Door | None, authorization: str | None, reveal: Reveal) -> Account | None:
    """The client that this header proves to be, or None. Raises what ``reveal`` raises."""
    given = _basic(authorization)
    if given is None:
        return None
    key, secret = given
    candidates = door.accounts.get(key, ()) if door is not None else ()
    found = None
    for account in candidates:
        if _equal(secret, reveal(account.credential.secret).encode()):
            found = account
    if not candidates:
        _equal(secret, _NOBODYS)
    return found


_NOBODYS = b"\0nobody has this secret"


def _equal(given: bytes, expected: bytes) -> bool:
    """Hashed first, so that not even the length shows. An empty secret opens nothing."""
    same = hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(expected).digest())
    return same and bool(expected)


def _basic(authorization: str | None) -> tuple[str, bytes] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic" or len(encoded) > SECRET_BYTES_MAX:
        return None
    try:
        key, colon, secret = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (key.decode(), secret) if colon else None
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
