"""Whose signature counts: the keys of Live Events, by their ``kid``, and the check of a signed delivery.

A stranger can post whatever they like, so nothing that is posted may make us work: the algorithm must be one of a
short list (all of key pairs: whoever reads a public key must not be able to sign with it), and keys are fetched anew
for an unknown ``kid`` at most once in a while.
"""

import re
from collections.abc import Generator
from typing import Literal

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from actors.domain.flow import Outcome, Request, Response, decode_object
from actors.ports import Reveal
from actors.sources.canvas.settings import LiveEvents
from config.secrets import SecretUnavailable

BODY_BYTES_MAX = 4 * 1024 * 1024
KEYS_MAX = 64
FRESH_US = 24 * 3_600_000_000
"""After so long the keys are fetched again; a key that was withdrawn counts no longer than this."""
COOL_DOWN_US = 300_000_000
"""Between two fetches, whoever asks, and whatever came of the last one."""
EARLY_S = 300.0
"""How far clocks may be apart."""
_COMPACT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC"}

Key = RSAKey | ECKey


class Genuine(msgspec.Struct, frozen=True):
    """What was signed."""

    claims: object


class Doubted(msgspec.Struct, frozen=True):
    """Why it is not taken, and with which status: 401 where it is not genuine, 503 where nobody can know now."""

    status: Literal[400, 401, 413, 503]
    detail: str


class Keyring:
    """The keys of one subscription."""

    def __init__(self, settings: LiveEvents, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self._keys: dict[str, Key] = {}
        self._fetched_us: int | None = None
        """When the keys that are held were fetched."""
        self._tried_us: int | None = None
        self._flying = 0
        self._registry = jws.JWSRegistry(algorithms=list(settings.algorithms), strict_check_header=False)
        self._registry.max_header_length = 8_192
        self._registry.max_payload_length = BODY_BYTES_MAX
        self._registry.max_signature_length = 8_192

    def open(self, body: bytes, now_us: int) -> Generator[Request, Outcome, Genuine | Doubted]:
        """What a delivery says, if it is genuine."""
        if len(body) > BODY_BYTES_MAX:
            return Doubted(413, "a delivery has at most 4 MiB")
        compact = body.strip().strip(b'"')
        if _COMPACT.fullmatch(compact) is None:
            return Doubted(401, "this is no signed JWT: Live Events are to be sent by HTTPS, signed")
        header = _header(compact)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._settings.algorithms or "crit" in header:
            return Doubted(401, f"it is not signed by one of {', '.join(self._settings.algorithms)}")
        key = yield from self._key(kid if isinstance(kid, str) else "", now_us)
        if isinstance(key, Doubted):
            return key
        if key.key_type != _KEY_TYPES[algorithm[:2]]:
            return Doubted(401, "the key is not of the kind that the signature is")
        try:
            signed = jws.deserialize_compact(
                compact, key, algorithms=list(self._settings.algorithms), registry=self._registry
            )
        except (JoseError, ValueError, TypeError):
            return Doubted(401, "the signature does not fit")
        try:
            claims = msgspec.json.decode(signed.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Doubted(400, "it is genuine, and not JSON")
        return self._timely(claims, now_us)

    def _timely(self, claims: object, now_us: int) -> Genuine | Doubted:
        """What the usual claims say, where they are there."""
        given = claims if isinstance(claims, dict) else {}
        issuer = self._settings.issuer
        if issuer is not None and given.get("iss") != issuer:
            return Doubted(401, "it was issued by somebody else")
        for name, sign in (("exp", 1.0), ("nbf", -1.0)):
            time_s = given.get(name)
            if not isinstance(time_s, int | float) or isinstance(time_s, bool):
                continue
            if sign * (time_s - now_us / 1e6) < -EARLY_S:
                return Doubted(401, "its time is over" if name == "exp" else "its time has not come yet")
        return Genuine(claims)

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────────

    def _key(self, kid: str, now_us: int) -> Generator[Request, Outcome, Key | Doubted]:
        if self._settings.keys is not None:
            self._read(now_us)
        elif self._stale(kid, now_us):
            yield from self._fetch(now_us)
        if not self._keys or self._fetched_us is None or now_us - self._fetched_us > 7 * FRESH_US:
            return Doubted(503, "the keys of Live Events cannot be read just now")
        if not kid and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid) or Doubted(401, "it is signed with a key that is not known")

    def _stale(self, kid: str, now_us: int) -> bool:
        """Whether to fetch. Deliveries that come together at the very first do so each for itself: they cannot wait
        for one another, and no more than a few are heard at once."""
        if self._flying and not self._keys:
            return True
        if self._tried_us is not None and 0 <= now_us - self._tried_us < COOL_DOWN_US:
            return False
        return self._fetched_us is None or now_us - self._fetched_us > FRESH_US or bool(kid and kid not in self._keys)

    def _fetch(self, now_us: int) -> Generator[Request, Outcome, None]:
        """Keys that could not be fetched anew serve on for a while."""
        assert self._settings.jwks_url is not None  # noqa: S101 - the settings have either this or keys
        self._tried_us = now_us
        self._flying += 1
        try:
            outcome = yield Request(
                method="GET",
                url=self._settings.jwks_url,
                operation="jwks",
                headers={"accept": "application/json"},
                draws=("jwks",),
            )
        finally:
            self._flying -= 1
        if isinstance(outcome, Response) and outcome.status == 200:
            self._take(outcome.body, now_us)

    def _read(self, now_us: int) -> None:
        assert self._settings.keys is not None  # noqa: S101 - the caller has looked
        if self._tried_us is not None and 0 <= now_us - self._tried_us < COOL_DOWN_US:
            return
        self._tried_us = now_us
        try:
            self._take(self._reveal(self._settings.keys).encode(), now_us)
        except SecretUnavailable:
            return  # those that are held serve on

    def _take(self, body: bytes, now_us: int) -> None:
        """The keys of a JWKS that can sign as we accept it."""
        listed = (decode_object(body) or {}).get("keys")
        found: dict[str, Key] = {}
        for place, each in enumerate(listed[:KEYS_MAX] if isinstance(listed, list) else ()):
            if not isinstance(each, dict) or each.get("use", "sig") != "sig":
                continue
            key = _import(each)
            if key is not None:
                kid = each.get("kid")
                found[kid if isinstance(kid, str) else f"#{place}"] = key
        if found:
            self._keys, self._fetched_us = found, now_us


def _header(compact: bytes) -> dict[str, object]:
    try:
        return dict(jws.extract_compact(compact, registry=_LENIENT).headers())
    except (JoseError, ValueError, TypeError, RecursionError, AttributeError):
        return {}


_LENIENT = jws.JWSRegistry(strict_check_header=False)
_LENIENT.max_header_length = 8_192
_LENIENT.max_payload_length = BODY_BYTES_MAX
_LENIENT.max_signature_length = 8_192


def _import(given: dict[str, object]) -> Key | None:
    public = {name: value for name, value in given.items() if isinstance(value, str) and name not in ("d", "p", "q")}
    kind = public.get("kty")
    try:
        if kind == "RSA":
            return RSAKey.import_key(public)  # type: ignore[arg-type]  # texts by name, as it wants them
        return ECKey.import_key(public) if kind == "EC" else None  # type: ignore[arg-type]  # as above
    except (JoseError, ValueError, TypeError, KeyError):
        return None
