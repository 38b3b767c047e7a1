"""How a system that knows no person is asked for tokens: client credentials (RFC 6749, 4.4), one speaker, the *app*.

Each connector says where tokens come from, what they are to be good for, and how it proves who we are; the rest is the
same for all of them. What is dated (a signed assertion) is dated by our own clock; where that is refused, and the
answer shows that it is another time there, it is asked once more with theirs.
"""

from collections.abc import Collection, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from uuid import NAMESPACE_URL, uuid5

import msgspec

from actors.domain import oauth
from actors.domain.flow import Flow, Identity, Outcome, Request, Response
from actors.domain.harvest import Halted
from actors.domain.scopes import Feature, Need, Wanting
from actors.domain.tokens import Failure, Granted, Tokens
from actors.domain.verdicts import Cause, Refused
from actors.ports import Reveal
from actors.ports.presenting import identity_of
from actors.sources.answers import Remedies
from actors.sources.tokens import failure_of, granted
from config.model import Route, Secret
from config.transport import OAuthClient

APP = "app"
ASSERTION_S = 300
EARLY_S = 5
"""An assertion is dated so much earlier: whoever reads it may be a little behind."""
SKEW_S = 60
"""Clocks may differ so much."""
OPERATION = "token"
_FEATURES: frozenset[Feature] = frozenset()


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What one system's tokens are asked for by. ``setting`` names in the settings what is to prove who we are, ``why``
    completes "needed for …"; ``more`` is what its form has beside what all have."""

    client: OAuthClient
    scopes: tuple[str, ...]
    remedies: Remedies
    bucket: str
    setting: str
    why: str
    more: dict[str, str] = {}
    alg: str = "PS256"
    audience: str = ""


class ServiceDialect:
    """One client at one system. Without ``terms`` nothing is asked for: ``kept`` is used as it is, or there is nothing
    to speak with."""

    single_use = False
    connects = ""

    def __init__(self, terms: Terms | None, reveal: Reveal, fresh: str, kept: Secret | None = None) -> None:
        """``fresh``: new for each life of the process, so that no ``jti`` comes twice."""
        self._terms = terms
        self._reveal = reveal
        self._fresh = fresh
        self._kept = kept
        self._count = 0
        self.speakers: tuple[str, ...] = () if terms is None and kept is None else (APP,)

    def static(self, speaker: str) -> Secret | None:
        return self._kept

    def seed(self, speaker: str) -> str:
        terms = self._terms
        return "" if terms is None else f"{terms.client.token_url}|{terms.client.client_id}|{' '.join(terms.scopes)}"

    def features(
        self, routes: Sequence[Route], target: str, *, hears: bool, rosters: Sequence[Wanting] = ()
    ) -> frozenset[Feature]:
        return _FEATURES

    def needed(self, speaker: str, features: Collection[Feature]) -> tuple[Need, ...]:
        """What is read says what is needed."""
        terms = self._terms
        scopes = () if terms is None else terms.scopes
        why = "" if terms is None else terms.why
        return tuple(Need(scope=each, speaker=APP, why=why, features=_FEATURES) for each in scopes)

    def always(self, speaker: str, features: Collection[Feature]) -> frozenset[str]:
        return frozenset()

    # ── nobody signs in ──────────────────────────────────────────────────────────────────────────────

    def authorize(self, redirect_uri: str, state: str, challenge: str, scopes: Sequence[str]) -> str:
        """Nobody connects (``connects``), so nobody is sent anywhere."""
        return ""

    def exchange(self, code: str, redirect_uri: str, verifier: str, scopes: Sequence[str]) -> Flow[Granted | Failure]:
        return Refused(Cause.BAD_CONFIGURATION, "nobody signs in here: who we are stands in the settings")
        yield  # a conversation without a word

    def revoke(self, speaker: str, held: Tokens) -> Flow[Failure | None]:
        """Such tokens are short-lived, and few systems take one back: ours are only forgotten."""
        return None
        yield  # as above

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────

    def renew(self, speaker: str, held: Tokens, claims: str = "", now_us: int | None = None) -> Flow[Granted | Failure]:
        terms = self._terms
        if terms is None:
            return Refused(Cause.BAD_CONFIGURATION, "there is nothing to ask for tokens with")
        believed_s = (now_us or 0) // 1_000_000
        try:
            outcome = yield self._request(terms, believed_s)
            ended = granted(outcome, OPERATION, terms.remedies)
            their_s = dated_s(outcome)
            refused = terms.client.dated and isinstance(ended, Halted) and ended.why in ("revoked", "refused")
            if refused and their_s is not None and abs(their_s - believed_s) > SKEW_S:
                outcome = yield self._request(terms, their_s)
                ended = granted(outcome, OPERATION, terms.remedies)
        except oauth.Unprovable as error:
            return Refused(Cause.BAD_CONFIGURATION, f"{terms.setting}: {error}")
        if isinstance(ended, Halted):
            return failure_of(ended)
        at_s = dated_s(outcome)
        return msgspec.structs.replace(
            ended,
            refresh="",  # who has credentials needs none (RFC 6749, 4.4.3)
            scopes=terms.scopes if ended.scopes is None else ended.scopes,
            account=terms.client.client_id,
            at_us=None if at_s is None else at_s * 1_000_000,
        )

    def _request(self, terms: Terms, now_s: int) -> Request:
        """Raises Unprovable, SecretUnavailable."""
        given = terms.client
        secret = self._reveal(given.client_secret) if given.client_secret is not None else ""
        client = oauth.Client(
            id=given.client_id, method=given.client_auth, secret=secret, assertion=self._assertion(terms, now_s)
        )
        form = {"grant_type": "client_credentials", **terms.more}
        if terms.scopes:
            form["scope"] = " ".join(terms.scopes)
        request = oauth.token_request(given.token_url, client, form, operation=OPERATION, draws=(terms.bucket,))
        identity: Identity | None = identity_of(given.client_certificate, self._reveal)
        return request if identity is None else msgspec.structs.replace(request, identity=identity)

    def _assertion(self, terms: Terms, now_s: int) -> oauth.Assertion | None:
        given = terms.client
        if given.client_key is None:
            return None
        self._count += 1
        jti = str(uuid5(NAMESPACE_URL, f"{given.client_id} {given.token_url} {self._fresh} {now_s} {self._count}"))
        return oauth.Assertion(
            key=self._reveal(given.client_key),
            jti=jti,
            now_s=now_s - EARLY_S,
            lives_s=EARLY_S + ASSERTION_S,
            alg=terms.alg,
            kid=given.client_key_id or "",
            audience=terms.audience,
        )


def dated_s(outcome: Outcome) -> int | None:
    """What time it is where the answer comes from; None: it does not say."""
    if not isinstance(outcome, Response):
        return None
    try:
        moment = parsedate_to_datetime(outcome.headers.get("date", "")[:64])
    except (ValueError, TypeError, OverflowError):
        return None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
