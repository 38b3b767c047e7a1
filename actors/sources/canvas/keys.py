"""Whose signature counts: the keys of Live Events, by their ``kid``, and the check of a signed delivery.

A stranger can post whatever they like: ``actors.domain.jwks`` says which algorithms may be, and how rarely keys are
fetched for somebody unknown.
"""

from collections.abc import Generator
from typing import Literal

import msgspec

from actors.domain.flow import Outcome, Request, Response
from actors.domain.jwks import COOL_DOWN_US as COOL_DOWN_US
from actors.domain.jwks import FRESH_US as FRESH_US
from actors.domain.jwks import Flaw, Key, KeySet, header_of, payload_of
from actors.ports import Reveal
from actors.sources.canvas.settings import LiveEvents
from config.secrets import SecretUnavailable

BODY_BYTES_MAX = 4 * 1024 * 1024
EARLY_S = 300.0
"""How far clocks may be apart."""


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
        self._keys = KeySet()
        self._flying = 0

    def open(self, body: bytes, now_us: int) -> Generator[Request, Outcome, Genuine | Doubted]:
        """What a delivery says, if it is genuine."""
        if len(body) > BODY_BYTES_MAX:
            return Doubted(413, "a delivery has at most 4 MiB")
        compact = body.strip().strip(b'"')
        header = header_of(compact, self._settings.algorithms, BODY_BYTES_MAX)
        if isinstance(header, str):
            return self._doubted(header)
        kid = header.get("kid")
        key = yield from self._key(kid if isinstance(kid, str) else "", str(header["alg"]), now_us)
        if isinstance(key, Doubted):
            return key
        payload = payload_of(compact, key, str(header["alg"]), BODY_BYTES_MAX)
        if isinstance(payload, str):
            return self._doubted(payload)
        try:
            claims = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Doubted(400, "it is genuine, and not JSON")
        return self._timely(claims, now_us)

    def _doubted(self, flaw: Flaw) -> Doubted:
        match flaw:
            case "form":
                return Doubted(401, "this is no signed JWT: Live Events are to be sent by HTTPS, signed")
            case "algorithm":
                return Doubted(401, f"it is not signed by one of {', '.join(self._settings.algorithms)}")
            case "key":
                return Doubted(401, "the key is not of the kind that the signature is")
            case "signature":
                return Doubted(401, "the signature does not fit")

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

    def _key(self, kid: str, algorithm: str, now_us: int) -> Generator[Request, Outcome, Key | Doubted]:
        """Deliveries that come together at the very first fetch each for itself: they cannot wait for one another, and
        no more than a few are heard at once."""
        if self._settings.keys is not None:
            self._read(now_us)
        elif (self._flying and self._keys.empty) or self._keys.wants(kid, algorithm, now_us):
            yield from self._fetch(now_us)
        if not self._keys.usable(now_us):
            return Doubted(503, "the keys of Live Events cannot be read just now")
        return self._keys.pick(kid, algorithm) or Doubted(401, "it is signed with a key that is not known")

    def _fetch(self, now_us: int) -> Generator[Request, Outcome, None]:
        """Keys that could not be fetched anew serve on for a while."""
        assert self._settings.jwks_url is not None  # noqa: S101 - the settings have either this or keys
        self._keys.tried(now_us)
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
            self._keys.take(outcome.body, now_us)

    def _read(self, now_us: int) -> None:
        assert self._settings.keys is not None  # noqa: S101 - the caller has looked
        if self._keys.cooling(now_us):
            return
        self._keys.tried(now_us)
        try:
            self._keys.take(self._reveal(self._settings.keys).encode(), now_us)
        except SecretUnavailable:
            return  # those that are held serve on
