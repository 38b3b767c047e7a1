"""Sign-ons that are pending, without keeping any: everything about one is in what goes to the provider and comes back,
sealed (OpenID's ``state``, SAML's ``RelayState``).

Who begins a sign-on is a stranger, so nothing is written down for them, and nobody can push out anybody. The browser's
cookie goes into the seal: what is sealed opens in no other browser and at no other tenant. What the provider has to
say again (OpenID's ``nonce``, the id of SAML's request) and PKCE's verifier are derived from it with the same key: they
leave this process only as hashes, or for the provider alone.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
STATE_CHARS_MAX = 512
WAY_CHARS_MAX = 200
USED_MAX = 5_000
"""Of one tenant. Where more are used within their time, the first ones are forgotten: the provider takes no code twice
either."""
_STATE = re.compile(r"[A-Za-z0-9_-]{20,512}", re.ASCII)
BROWSER = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
"""What a browser keeps of ours, as we gave it out."""


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """``way``: where to go afterwards, without the ``/t/TENANT/`` before it. ``begun_us``: since the epoch."""

    begun_us: int
    life_s: int
    way: str


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-on that begins: what goes to the provider (``verifier`` only later, with the code), and what the browser
    keeps."""

    state: str
    nonce: str
    verifier: str
    browser: str

    def __repr__(self) -> str:
        return "Fresh(***)"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One of ours that came back to its browser. ``id`` is no other's; ``way`` is a whole path."""

    id: bytes
    begun_us: int
    until_us: int
    way: str
    nonce: str
    verifier: str

    def __repr__(self) -> str:
        return "Known(***)"


class SignOns:
    """Those that are sealed with one key, whatever is known of it elsewhere: two of these with the same ``key`` and
    ``use`` know each other's."""

    def __init__(
        self, use: Literal["oidc", "saml"], key: bytes | None = None, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._use = use
        self._random = random
        self._key = hmac.digest(random(KEY_BYTES) if key is None else key, f"sign-on {use}".encode(), "sha256")
        self._cipher = AESGCM(hmac.digest(self._key, b"seal", "sha256"))

    def begin(self, tenant: str, browser: str, way: str, now_us: int, life_s: int) -> Fresh:
        """``browser``: what its cookie holds already; anything that we never gave out is replaced. ``way`` is a path of
        this tenant's, with at most 200 characters."""
        if BROWSER.fullmatch(browser) is None:
            browser = _text(self._random(KEY_BYTES))
        nonce = self._random(NONCE_BYTES)
        pending = Pending(now_us, life_s, way.removeprefix(_home(tenant)))
        sealed = nonce + self._cipher.encrypt(nonce, msgspec.msgpack.encode(pending), self._place(tenant, browser))
        return Fresh(
            state=_text(sealed),
            nonce=self._derived(b"nonce", nonce),
            verifier=self._derived(b"verifier", nonce),
            browser=browser,
        )

    def open(self, tenant: str, browser: str, state: str, now_us: int) -> Known | None:
        """None: it is not this browser's, or its time is over."""
        if _STATE.fullmatch(state) is None or BROWSER.fullmatch(browser) is None:
            return None
        try:
            sealed = base64.urlsafe_b64decode(state + "=" * (-len(state) % 4))
            nonce = sealed[:NONCE_BYTES]
            plain = self._cipher.decrypt(nonce, sealed[NONCE_BYTES:], self._place(tenant, browser))
        except (InvalidTag, ValueError, binascii.Error):
            return None
        pending = msgspec.msgpack.decode(plain, type=Pending)
        until_us = pending.begun_us + pending.life_s * 1_000_000
        if not pending.begun_us <= now_us < until_us:
            return None
        return Known(
            id=nonce,
            begun_us=pending.begun_us,
            until_us=until_us,
            way=_home(tenant) + pending.way,
            nonce=self._derived(b"nonce", nonce),
            verifier=self._derived(b"verifier", nonce),
        )

    def _place(self, tenant: str, browser: str) -> bytes:
        return hashlib.sha256(f"{self._use}\0{tenant}\0{browser}".encode()).digest()

    def _derived(self, use: bytes, pending_id: bytes) -> str:
        return _text(hmac.digest(self._key, use + b"\0" + pending_id, "sha256"))


class Used:
    """Which ones were used, until their time is over: each tenant's for itself, so that none is forgotten for what
    happens at another."""

    def __init__(self) -> None:
        self._used: dict[str, OrderedDict[bytes, int]] = {}

    def __len__(self) -> int:
        return sum(len(used) for used in self._used.values())

    def first(self, tenant: str, known: Known, now_us: int) -> bool:
        """Whether this is the first time."""
        used = self._used.setdefault(tenant, OrderedDict())
        while used and next(iter(used.values())) <= now_us:
            used.popitem(last=False)
        if known.id in used:
            return False
        if len(used) >= USED_MAX:
            used.popitem(last=False)
        used[known.id] = known.until_us
        return True


def _home(tenant: str) -> str:
    return f"/t/{tenant}/"


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
