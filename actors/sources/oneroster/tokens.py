"""Access tokens of a OneRoster service: client credentials, in HTTP Basic."""

import base64
from collections.abc import Generator

from actors.domain.flow import Request, Veiled
from actors.domain.harvest import Answer, Halted, Step, ask
from actors.ports import Reveal
from actors.sources import tokens
from actors.sources.answers import Remedies
from actors.sources.oneroster.settings import OneRosterSettings
from actors.sources.oneroster.wire import BUCKET

EARLY_US = 60_000_000
"""A token is not used in its last minute."""
REMEDIES = Remedies(
    unknown="client_id and client_secret are not known there: give those of a client that is",
    forbidden="it does not give what is asked for: write scopes that the client has there",
    missing="there are no tokens at token_url: write where they come from",
    address="token_url",
)


class Tokens:
    """One service's."""

    def __init__(self, settings: OneRosterSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self._kept = tokens.Kept(EARLY_US)

    def forget(self) -> None:
        self._kept.drop()

    def bearer(self, now_us: int) -> Generator[Step, Answer, str | Halted]:
        """The value of the Authorization header."""
        token = self._kept.at(now_us)
        if not token:
            grant = tokens.granted((yield from ask(self._request())), "token", REMEDIES)
            if isinstance(grant, Halted):
                return grant
            token = self._kept.keep(grant, now_us)
        return "Bearer " + token

    def _request(self) -> Request:
        settings = self._settings
        secret = self._reveal(settings.client_secret) if settings.client_secret is not None else ""
        pair = base64.b64encode(f"{settings.client_id}:{secret}".encode()).decode()
        form = {"grant_type": "client_credentials", "scope": " ".join(settings.asked_scopes)}
        return tokens.asking(settings.token_url or "", form, BUCKET, {"authorization": Veiled("Basic " + pair)})
