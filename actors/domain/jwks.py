"""Keys that others sign with, by their ``kid`` (RFC 7517), and what they signed (RFC 7515). Without the network.

An issuer may give one ``kid`` to keys of different kinds: the kind of the signature says which of them is meant.

A stranger can send whatever they like, so nothing that is sent may make us work: an algorithm must be one of a short
list (all of key pairs: whoever reads a public key must not be able to sign with it), and keys are fetched anew for an
unknown ``kid`` at most once in a while. A key is used for the kind of signature that it is of, and for no other.
"""

import re
from collections.abc import Collection, Mapping
from typing import Literal

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from actors.domain.flow import decode_object
from config.recall import counts, shelve

KEYS_MAX = 64
HEADER_CHARS_MAX = 8_192
FRESH_US = 24 * 3_600_000_000
"""After so long keys are fetched again; a key that was withdrawn counts no longer than this."""
KEPT_US = 7 * FRESH_US
"""Keys that cannot be fetched anew serve on for so long."""
COOL_DOWN_US = 300_000_000
"""Between two fetches, whoever asks, and whatever came of the last one."""
RSA_BITS_MIN = 2_048
_COMPACT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}

Key = RSAKey | ECKey
Flaw = Literal["form", "algorithm", "key", "signature"]
"""No signed JWT; not signed by an algorithm of the list; the key is not of that kind; the signature does not fit."""


class KeySet:
    """The keys of one issuer, and when to look for others."""

    bound = KEYS_MAX

    def __init__(self, cool_down_us: int = COOL_DOWN_US) -> None:
        self._cool_down_us = cool_down_us
        self._keys: Mapping[tuple[str, str], Key] = {}
        self._fetched_us: int | None = None
        self._tried_us: int | None = None
        self._counts = counts("keys")
        shelve("keys", self)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def empty(self) -> bool:
        return not self._keys

    def cooling(self, now_us: int) -> bool:
        """Whether somebody looked a short while ago."""
        return self._tried_us is not None and 0 <= now_us - self._tried_us < self._cool_down_us

    def wants(self, kid: str, algorithm: str, now_us: int) -> bool:
        """Whether to fetch, before this key is asked for."""
        unknown = bool(kid) and (kid, _kind(algorithm)) not in self._keys
        old = self._fetched_us is not None and now_us - self._fetched_us > FRESH_US
        wanted = self._fetched_us is None or old or unknown
        if wanted and self.cooling(now_us):
            return False
        if not wanted:
            self._counts.hits += 1
            return False
        self._counts.stale += old
        self._counts.misses += not old
        return True

    def tried(self, now_us: int) -> None:
        """Somebody is about to look."""
        self._tried_us = now_us

    def take(self, body: bytes, now_us: int) -> bool:
        """A JWKS. One without any key that we can use changes nothing."""
        found = keys_in(body)
        if found:
            self._keys, self._fetched_us = found, now_us
        return bool(found)

    def usable(self, now_us: int) -> bool:
        """Whether there are keys, and not too old ones."""
        return bool(self._keys) and self._fetched_us is not None and now_us - self._fetched_us <= KEPT_US

    def pick(self, kid: str, algorithm: str) -> Key | None:
        """The one for this kind of signature; else one of that ``kid``, which ``payload_of`` finds to be of another
        kind. Without ``kid`` the only one of the kind, or the only one."""
        kind = _kind(algorithm)
        if (kid, kind) in self._keys:
            return self._keys[kid, kind]
        if kid:
            return next((key for (own, _), key in self._keys.items() if own == kid), None)
        fitting = [key for (_, own), key in self._keys.items() if own == kind] or list(self._keys.values())
        return fitting[0] if len(fitting) == 1 else None


def keys_in(body: bytes) -> dict[tuple[str, str], Key]:
    """Those of a JWKS that sign, and that we can use: by ``kid`` and kind (RSA, or the curve's name)."""
    listed = (decode_object(body) or {}).get("keys")
    found: dict[tuple[str, str], Key] = {}
    for place, each in enumerate(listed[:KEYS_MAX] if isinstance(listed, list) else ()):
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        key = _import(each)
        if key is not None:
            kid = each.get("kid")
            found[kid if isinstance(kid, str) else f"#{place}", _kind_of(key)] = key
    return found


def _kind(algorithm: str) -> str:
    """Of which kind a key is that signs so."""
    return _CURVES.get(algorithm, "RSA")


def _kind_of(key: Key) -> str:
    return key.curve_name if isinstance(key, ECKey) else "RSA"


def header_of(compact: bytes, algorithms: Collection[str], bytes_max: int) -> Mapping[str, object] | Flaw:
    """What a signed JWT says of its signature, if that may be."""
    if len(compact) > bytes_max or _COMPACT.fullmatch(compact) is None:
        return "form"
    try:
        header = dict(jws.extract_compact(compact, registry=_registry(algorithms, bytes_max)).headers())
    except (JoseError, ValueError, TypeError, RecursionError, AttributeError):
        header = {}
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms or "crit" in header:
        return "algorithm"
    return header


def payload_of(compact: bytes, key: Key, algorithm: str, bytes_max: int) -> bytes | Flaw:
    """What was signed with this key, by this algorithm (``header_of`` found it acceptable)."""
    if _kind_of(key) != _kind(algorithm):
        return "key"
    try:
        signed = jws.deserialize_compact(
            compact, key, algorithms=[algorithm], registry=_registry([algorithm], bytes_max)
        )
    except (JoseError, ValueError, TypeError):
        return "signature"
    return bytes(signed.payload)


def _registry(algorithms: Collection[str], bytes_max: int) -> jws.JWSRegistry:
    registry = jws.JWSRegistry(algorithms=list(algorithms), strict_check_header=False)
    registry.max_header_length = HEADER_CHARS_MAX
    registry.max_payload_length = bytes_max
    registry.max_signature_length = HEADER_CHARS_MAX
    return registry


def _import(given: Mapping[str, object]) -> Key | None:
    public = {name: value for name, value in given.items() if isinstance(value, str) and name not in ("d", "p", "q")}
    try:
        if public.get("kty") == "RSA":
            if len(public.get("n", "")) * 6 < RSA_BITS_MIN:  # the library would warn of it
                return None
            key = RSAKey.import_key(public)  # type: ignore[arg-type]  # texts by name, as it wants them
            return key if key.raw_value.key_size >= RSA_BITS_MIN else None
        return ECKey.import_key(public) if public.get("kty") == "EC" else None  # type: ignore[arg-type]  # as above
    except (JoseError, ValueError, TypeError, KeyError):
        return None
