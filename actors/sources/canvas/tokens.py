"""The access token: as an operator gave it, or fetched with a refresh token and kept in memory for its hour.

Canvas's reply to a refresh holds no new refresh token: the old one stays good, so nothing must be stored.
"""

from collections.abc import Generator
from urllib.parse import urlencode

from actors.domain.flow import Request, Response, VeiledBytes, decode_object
from actors.domain.harvest import Answer, Halted, Step, ask
from actors.ports import Reveal
from actors.sources.canvas.settings import CanvasSettings
from config.model import Secret
from config.secrets import SecretUnavailable

EARLY_US = 300_000_000
"""A token is not used in its last five minutes."""
LIFE_S = 3_600
"""Where the reply does not say how long it lives."""
LIFE_S_MAX = 24 * 3_600
REVOKED = frozenset(
    {"invalid_grant", "invalid_client", "unauthorized_client", "invalid_request", "access_denied", "invalid_token"}
)
"""Values of ``error`` that a person must mend."""


class Tokens:
    """One source's. ``token`` asks for a new one only where the last one has ended or was given up."""

    def __init__(self, settings: CanvasSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self._kept = ""
        self._ends_us = 0
        self.asked = 0
        """How often a new one was fetched."""

    def token(self, now_us: int) -> Generator[Step, Answer, str | Halted]:
        """One that is good at ``now_us``."""
        if self._settings.token is not None:
            return self._revealed(self._settings.token)
        if self._kept and now_us < self._ends_us - EARLY_US:
            return self._kept
        return (yield from self._refresh(now_us))

    def drop(self, token: str) -> bool:
        """Canvas does not take it. Whether asking for another may help."""
        given = self._settings.token
        if given is not None:
            return self._revealed(given) != token  # it was replaced where it is kept
        if token == self._kept:
            self._kept = ""
        return True

    def _refresh(self, now_us: int) -> Generator[Step, Answer, str | Halted]:
        form = {"grant_type": "refresh_token"}
        for name in ("client_id", "client_secret", "refresh_token"):
            given = getattr(self._settings, name)
            value = self._revealed(given) if isinstance(given, Secret) else given
            if isinstance(value, Halted):
                return value
            form[name] = value
        self.asked += 1
        outcome = yield from ask(
            Request(
                method="POST",
                url=f"{self._settings.home}/login/oauth2/token",
                operation="token",
                headers={"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
                body=VeiledBytes(urlencode(form).encode()),
                draws=("requests",),
            )
        )
        if not isinstance(outcome, Response):
            return Halted(why="unavailable", detail=f"Canvas: {outcome.detail}")
        return self._given(outcome, now_us)

    def _given(self, response: Response, now_us: int) -> str | Halted:
        fields = decode_object(response.body) or {}
        token, life_s = fields.get("access_token"), fields.get("expires_in")
        if response.status == 200 and isinstance(token, str) and token and token.isascii() and token.isprintable():
            lives = life_s if isinstance(life_s, int) and not isinstance(life_s, bool) and life_s > 0 else LIFE_S
            self._kept = token
            self._ends_us = now_us + max(min(lives, LIFE_S_MAX) * 1_000_000, 2 * EARLY_US)
            return token
        retry_after = response.headers.get("retry-after", "").strip()[:64] or None
        error = fields.get("error")
        detail = f"Canvas: HTTP {response.status} instead of a token"
        if response.status == 429:
            return Halted(why="throttled", detail=detail, retry_after=retry_after)
        if isinstance(error, str) and error in REVOKED:
            return Halted(
                why="revoked",
                detail=f"{detail}, {error}: the developer key or its refresh token is not accepted: authorise it again",
            )
        if error == "invalid_scope":
            return Halted(why="refused", detail=f"{detail}, invalid_scope: authorise the developer key again")
        if response.status in (400, 401, 403):
            return Halted(why="revoked", detail=f"{detail}: the developer key is not accepted")
        return Halted(why="unavailable", detail=detail, retry_after=retry_after)

    def _revealed(self, secret: Secret) -> str | Halted:
        try:
            return self._reveal(secret)
        except SecretUnavailable as error:
            return Halted(why="unavailable", detail=str(error))
