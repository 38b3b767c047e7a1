"""Access tokens of a platform: fetched with an assertion that our key signs, kept as long as they live."""

from collections.abc import Generator
from datetime import UTC
from email.utils import parsedate_to_datetime
from uuid import NAMESPACE_URL, uuid5

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from actors.domain.flow import Request, Response
from actors.domain.harvest import Answer, Halted, Step, ask
from actors.ports import Reveal
from actors.sources import tokens
from actors.sources.answers import Remedies
from actors.sources.lti.settings import LtiSettings
from actors.sources.lti.wire import AGS_SCOPES, BUCKET, NRPS_SCOPE

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_S = 300
EARLY_US = 60_000_000
"""A token is fetched anew so long before it ends."""
SKEW_S = 60.0
"""Clocks may differ so much."""
REMEDIES = Remedies(
    unknown="the platform does not know client_id with this key: register its public half there under key_id",
    forbidden="the tool's registration lacks a scope: allow it to read members (and line items and results)",
    missing="there are no tokens at token_url: write it as the platform tells it",
    address="token_url",
)


class Tokens:
    """One platform's. Time is what the caller says, and later what the platform's answers are dated."""

    def __init__(self, settings: LtiSettings, reveal: Reveal) -> None:
        self._settings = settings
        self._reveal = reveal
        self._kept = tokens.Kept(EARLY_US)
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
        self._kept.drop()

    def fetched(self) -> Generator[Step, Answer, str | Halted]:
        """A token that lives, or why there is none."""
        if token := self._kept.at(self._now_us):
            return token
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
        if isinstance(outcome, Response):
            self.dated(outcome)
        grant = tokens.granted(outcome, "token", REMEDIES)
        return grant if isinstance(grant, Halted) else self._kept.keep(grant, self._now_us)

    @property
    def _now_us(self) -> int:
        return round(self._now_s * 1e6)

    def _request(self) -> Request:
        settings = self._settings
        scopes = (NRPS_SCOPE, *AGS_SCOPES) if settings.reads_results else (NRPS_SCOPE,)
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": self._assertion(),
            "scope": " ".join(scopes),
        }
        return tokens.asking(settings.token_url, form, BUCKET)

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
