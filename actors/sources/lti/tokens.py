"""Access tokens of a platform: fetched with an assertion that our key signs, kept as long as they live."""

from collections.abc import Generator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import assert_never
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from actors.domain.flow import Lost, NotSent, Request, Response, decode_object
from actors.domain.harvest import Answer, Halted, Step, ask
from actors.ports import Reveal
from actors.sources.lti.settings import LtiSettings
from actors.sources.lti.wire import AGS_SCOPES, BUCKET, DETAIL_CHARS_MAX, NRPS_SCOPE, refusal

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_S = 300
EARLY_S = 60.0
"""A token is fetched anew so long before it ends."""
SKEW_S = 60.0
"""Clocks may differ so much."""
LIFE_S = 3600.0
"""Of a token that does not say how long it lives."""


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = LIFE_S


class Tokens:
    """One platform's. Time is what the caller says, and later what the platform's answers are dated."""

    def __init__(self, settings: LtiSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self._token = ""
        self._ends_s = 0.0
        self._now_s = 0.0
        self._count = 0

    def tell(self, now_s: float) -> None:
        """What time it is by our own clock."""
        self._now_s = now_s

    def dated(self, response: Response) -> None:
        """An answer came, and says what time it is there: assertions are judged by that clock, and a reading may last
        longer than a token."""
        try:
            moment = parsedate_to_datetime(response.headers.get("date", ""))
        except (ValueError, TypeError):
            return
        self._now_s = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()

    def forget(self) -> None:
        """The platform does not take it any more."""
        self._token = ""

    def fetched(self) -> Generator[Step, Answer, str | Halted]:
        """A token that lives, or why there is none."""
        if self._token and self._now_s < self._ends_s - EARLY_S:
            return self._token
        believed_s = self._now_s
        answer = yield from self._fetch()
        if isinstance(answer, Halted) and abs(self._now_s - believed_s) > SKEW_S:
            answer = yield from self._fetch()  # the assertion was of another time than the platform's
        return answer

    def _fetch(self) -> Generator[Step, Answer, str | Halted]:
        try:
            request = self._request()
        except (JoseError, ValueError) as error:
            return Halted(why="refused", detail=f"private_key is no RSA key in PEM: {type(error).__name__}")
        outcome = yield from ask(request)
        match outcome:
            case NotSent(detail=detail) | Lost(detail=detail):
                return Halted(why="unavailable", detail=detail)
            case Response(status=200 | 201):
                self.dated(outcome)
                try:
                    granted = msgspec.json.decode(outcome.body, type=_Granted, strict=False)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    return Halted(why="faulted", detail="the answer of token_url is no token")
                self._token, self._ends_s = granted.access_token, self._now_s + granted.expires_in
                return self._token
            case Response():
                self.dated(outcome)
                return _no_token(outcome)
            case _:
                assert_never(outcome)

    def _request(self) -> Request:
        settings = self._settings
        scopes = (NRPS_SCOPE, *AGS_SCOPES) if settings.reads_results else (NRPS_SCOPE,)
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": self._assertion(),
            "scope": " ".join(scopes),
        }
        return Request(
            method="POST",
            url=settings.token_url,
            operation="token",
            headers={"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
            body=urlencode(form).encode(),
            draws=(BUCKET,),
        )

    def _assertion(self) -> str:
        """Raises JoseError, ValueError for what is no RSA key."""
        settings, now = self._settings, int(self._now_s)
        self._count += 1
        claims = {
            "iss": settings.client_id,
            "sub": settings.client_id,
            "aud": settings.audience or settings.token_url,
            "iat": now - 5,
            "exp": now + ASSERTION_S,
            "jti": str(uuid5(NAMESPACE_URL, f"{settings.client_id} {settings.token_url} {now} {self._count}")),
        }
        key = RSAKey.import_key(self._reveal(settings.private_key))
        return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": settings.key_id}, claims, key, algorithms=["RS256"])


def _no_token(answer: Response) -> Halted:
    said = decode_object(answer.body) or {}
    error = str(said.get("error", ""))
    detail = f"token_url: HTTP {answer.status} {error} {said.get('error_description', '')}".strip()[:DETAIL_CHARS_MAX]
    if error == "invalid_scope":
        return Halted(why="refused", detail=f"{detail}: the tool's registration lacks a scope")
    if error in ("invalid_client", "unauthorized_client", "invalid_grant") or answer.status == 401:
        return Halted(why="revoked", detail=f"{detail}: the platform does not know client_id with this key")
    return msgspec.structs.replace(refusal(answer), detail=detail)
