"""Sign-ons that are pending, without keeping any: everything about one is in its ``state``, sealed.

Who begins a sign-on is a stranger, so nothing is written down for them. The seal's key is this process's own and the
browser's cookie goes into it: a state opens in no other browser, at no other tenant, and not after a restart (people
then begin again). What is remembered is which ones were used, until their time is over. ``nonce`` and PKCE's verifier
are derived from the state with the same key: they leave this process only as hashes, or for the provider alone.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections import OrderedDict
from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
ID_BYTES = 16
NONCE_BYTES = 12
STATE_CHARS_MAX = 512
USED_MAX = 20_000
_STATE = re.compile(r"[A-Za-z0-9_-]{20,512}", re.ASCII)
_BROWSER = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """``way``: where to go afterwards. Times are microseconds since the epoch."""

    id: bytes
    begun_us: int
    until_us: int
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
    """A state of ours that came back to its browser."""

    pending: Pending
    nonce: str
    verifier: str

    def __repr__(self) -> str:
        return "Known(***)"


class States:
    """Of one process."""

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        self._random = random
        self._key = random(KEY_BYTES)
        self._cipher = AESGCM(random(KEY_BYTES))
        self._used: OrderedDict[bytes, int] = OrderedDict()

    def begin(self, tenant: str, browser: str, way: str, now_us: int, life_us: int) -> Fresh:
        """``browser``: what its cookie holds already; anything that we never gave out is replaced."""
        if _BROWSER.fullmatch(browser) is None:
            browser = _text(self._random(KEY_BYTES))
        pending = Pending(self._random(ID_BYTES), now_us, now_us + life_us, way)
        nonce = self._random(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, msgspec.msgpack.encode(pending), _place(tenant, browser))
        return Fresh(
            state=_text(sealed),
            nonce=self._derived(b"nonce", pending.id),
            verifier=self._derived(b"verifier", pending.id),
            browser=browser,
        )

    def open(self, tenant: str, browser: str, state: str, now_us: int) -> Known | None:
        """None: it is not this browser's, or its time is over."""
        if _STATE.fullmatch(state) is None or _BROWSER.fullmatch(browser) is None:
            return None
        try:
            sealed = base64.urlsafe_b64decode(state + "=" * (-len(state) % 4))
            plain = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _place(tenant, browser))
        except (InvalidTag, ValueError, binascii.Error):
            return None
        pending = msgspec.msgpack.decode(plain, type=Pending)
        if not pending.begun_us <= now_us < pending.until_us:
            return None
        return Known(
            pending=pending,
            nonce=self._derived(b"nonce", pending.id),
            verifier=self._derived(b"verifier", pending.id),
        )

    def use(self, known: Known, now_us: int) -> bool:
        """Whether this is the first time."""
        while self._used and (len(self._used) >= USED_MAX or next(iter(self._used.values())) <= now_us):
            self._used.popitem(last=False)
        if known.pending.id in self._used:
            return False
        self._used[known.pending.id] = known.pending.until_us
        return True

    def _derived(self, use: bytes, pending_id: bytes) -> str:
        return _text(hmac.digest(self._key, use + b"\0" + pending_id, "sha256"))


def _place(tenant: str, browser: str) -> bytes:
    return hashlib.sha256(f"oidc\0{tenant}\0{browser}".encode()).digest()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
