"""Access tokens of a OneRoster service: client credentials, proved as the service wants it."""

from collections.abc import Generator
from uuid import NAMESPACE_URL, uuid5

import msgspec

from actors.domain import oauth
from actors.domain.flow import Request
from actors.domain.harvest import Answer, Halted, Step, ask
from actors.ports import Reveal
from actors.ports.presenting import identity_of
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
        self._count = 0

    def forget(self) -> None:
        self._kept.drop()

    def bearer(self, now_us: int) -> Generator[Step, Answer, str | Halted]:
        """The value of the Authorization header."""
        token = self._kept.at(now_us)
        if not token:
            try:
                request = self._request(now_us)
            except oauth.Unprovable as error:
                return Halted(why="refused", detail=f"client_key: {error}")
            grant = tokens.granted((yield from ask(request)), "token", REMEDIES)
            if isinstance(grant, Halted):
                return grant
            token = self._kept.keep(grant, now_us)
        return "Bearer " + token

    def _request(self, now_us: int) -> Request:
        """Raises Unprovable, SecretUnavailable."""
        settings = self._settings
        secret = self._reveal(settings.client_secret) if settings.client_secret is not None else ""
        client = oauth.Client(
            id=settings.client_id or "",
            method=settings.client_auth,
            secret=secret,
            assertion=self._assertion(now_us),
        )
        form = {"grant_type": "client_credentials", "scope": " ".join(settings.asked_scopes)}
        request = oauth.token_request(settings.token_url or "", client, form, draws=(BUCKET,))
        identity = identity_of(settings.client_certificate, self._reveal)
        return request if identity is None else msgspec.structs.replace(request, identity=identity)

    def _assertion(self, now_us: int) -> oauth.Assertion | None:
        settings = self._settings
        if settings.client_key is None:
            return None
        self._count += 1
        jti = str(uuid5(NAMESPACE_URL, f"{settings.client_id} {settings.token_url} {now_us} {self._count}"))
        return oauth.Assertion(
            key=self._reveal(settings.client_key), jti=jti, now_s=now_us // 1_000_000, kid=settings.client_key_id or ""
        )
