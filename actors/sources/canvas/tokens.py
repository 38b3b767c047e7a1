"""The access token: as an operator gave it, or fetched with a refresh token and kept in memory for its hour.

Canvas's reply to a refresh holds no new refresh token: the old one stays good, so nothing must be stored.
"""

from collections.abc import Generator

from actors.domain.flow import Request
from actors.domain.harvest import Answer, Halted, Step, ask
from actors.ports import Reveal
from actors.sources import tokens
from actors.sources.answers import Remedies
from actors.sources.canvas.settings import CanvasSettings
from actors.sources.canvas.wire import BUCKET
from config.model import Secret

EARLY_US = 300_000_000
"""A token is not used in its last five minutes."""
REVOKED = tokens.REVOKED | {"invalid_request"}
"""So Canvas calls a refresh token that it does not know."""
REMEDIES = Remedies(
    unknown="the developer key or its refresh token is not accepted: authorise it again",
    forbidden="the developer key may not give this: look at its scopes, then authorise it again",
    missing="there is no Canvas at base_url",
    address="base_url",
)


class Tokens:
    """One source's. ``token`` asks for a new one only where the last one has ended or was given up."""

    def __init__(self, settings: CanvasSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self._kept = tokens.Kept(EARLY_US)

    def token(self, now_us: int) -> Generator[Step, Answer, str | Halted]:
        """One that is good at ``now_us``. Raises SecretUnavailable."""
        if self._settings.token is not None:
            return self._reveal(self._settings.token)
        if token := self._kept.at(now_us):
            return token
        grant = tokens.granted((yield from ask(self._request())), "Canvas: token", REMEDIES, REVOKED)
        return grant if isinstance(grant, Halted) else self._kept.keep(grant, now_us)

    def drop(self, token: str) -> bool:
        """Canvas does not take it. Whether asking for another may help. Raises SecretUnavailable."""
        given = self._settings.token
        if given is not None:
            return self._reveal(given) != token  # it was replaced where it is kept
        self._kept.drop()
        return True

    def _request(self) -> Request:
        settings = self._settings
        form = {
            "grant_type": "refresh_token",
            "client_id": settings.client_id or "",
            "client_secret": self._revealed(settings.client_secret),
            "refresh_token": self._revealed(settings.refresh_token),
        }
        return tokens.asking(f"{settings.home}/login/oauth2/token", form, BUCKET)

    def _revealed(self, secret: Secret | None) -> str:
        return self._reveal(secret) if secret is not None else ""
