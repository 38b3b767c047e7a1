"""The JWTs that come with notifications which carry data (``validationTokens``). We ask for none of these, and so need
none; where they are sent all the same, each must be Entra's, for our app, and made for Graph's change tracking.
"""

from collections.abc import Generator

from actors.domain.flow import Outcome, Request, Response, decode_object
from actors.domain.jwks import Key, KeySet, header_of, payload_of
from actors.domain.tidings import Untold
from actors.targets.teams.settings import TEAM_ID, TeamsSettings

TOKENS_MAX = 10
TOKEN_BYTES_MAX = 16 * 1024
EARLY_S = 300
PUBLISHER = "0bf30f3b-4a52-48df-9a82-234910c4a086"
"""The app id of Microsoft Graph Change Tracking."""
ALGORITHMS = ("RS256",)


class Validator:
    """One directory's."""

    def __init__(self, settings: TeamsSettings) -> None:
        self._settings = settings
        self._keys = KeySet()

    def check(self, tokens: object, now_us: int) -> Generator[Request, Outcome, Untold | None]:
        """None: all of them are good (or there are none)."""
        if not isinstance(tokens, list) or len(tokens) > TOKENS_MAX:
            return Untold(status=400, reason="malformed", detail="validationTokens is no list of tokens")
        for token in tokens:
            compact = token.encode(errors="replace") if isinstance(token, str) else b""
            header = header_of(compact, ALGORITHMS, TOKEN_BYTES_MAX)
            if isinstance(header, str):
                return _forged(f"a validation token: {header}")
            kid = header.get("kid")
            key = yield from self._key(kid if isinstance(kid, str) else "", str(header["alg"]), now_us)
            if isinstance(key, Untold):
                return key
            payload = payload_of(compact, key, str(header["alg"]), TOKEN_BYTES_MAX)
            why = payload if isinstance(payload, str) else self._wrong(decode_object(payload) or {}, now_us)
            if why:
                return _forged(f"a validation token: {why}")
        return None

    def _wrong(self, claims: dict[str, object], now_us: int) -> str:
        """What is wrong with what it says; empty: nothing."""
        settings, now_s = self._settings, now_us // 1_000_000
        ends, begins = claims.get("exp"), claims.get("nbf", 0)
        if claims.get("aud") != settings.client_id:
            return "it is for another app"
        if PUBLISHER not in (claims.get("azp"), claims.get("appid")):
            return "it was not made for Graph's change tracking"
        if not isinstance(ends, int) or not isinstance(begins, int) or not begins - EARLY_S <= now_s <= ends + EARLY_S:
            return "its time is over, or has not come yet"
        known = settings.directory.lower() if TEAM_ID.fullmatch(settings.directory) else ""
        if known and str(claims.get("tid", "")).lower() != known:
            return "it is of another directory"
        return ""

    def _key(self, kid: str, algorithm: str, now_us: int) -> Generator[Request, Outcome, Key | Untold]:
        if self._keys.wants(kid, algorithm, now_us):
            self._keys.tried(now_us)
            outcome = yield Request(
                method="GET",
                url=f"{self._settings.authority}/discovery/v2.0/keys",
                operation="jwks",
                headers={"accept": "application/json"},
                draws=("token",),
            )
            if isinstance(outcome, Response) and outcome.status == 200:
                self._keys.take(outcome.body, now_us)
        if not self._keys.usable(now_us):
            return Untold(status=503, reason="unexpected", detail="Entra's keys cannot be read just now")
        return self._keys.pick(kid, algorithm) or _forged("a validation token: its key is not known")


def _forged(detail: str) -> Untold:
    return Untold(status=403, reason="forged", detail=detail)
