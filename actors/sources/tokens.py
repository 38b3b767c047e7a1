"""Access tokens by OAuth 2, as readings ask for them: from whoever has them (``ports.speaking``), in steps; and what it
means where a token endpoint gave none.

How one proves who one is (a refresh token, a secret, a signed assertion) is each vendor's own affair; ``service`` is
what systems have in common that know no person.
"""

from collections.abc import Generator

import msgspec

from actors.domain.answers import one_line, said
from actors.domain.flow import Outcome, Response, decode_object
from actors.domain.harvest import Answer, Halted, Step, ask
from actors.domain.oauth import granted_of
from actors.domain.tokens import Failure, Granted, Missing
from actors.domain.verdicts import Cause, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.ports.tokens import Keys
from actors.sources.answers import Remedies, halted

LIFE_S = 3_600.0
"""Of a token that does not say how long it lives."""
LIFE_S_MAX = 86_400.0
REVOKED = frozenset({"invalid_client", "invalid_grant", "unauthorized_client", "invalid_token", "access_denied"})
"""Values of ``error`` that speak of our credentials."""


class Tokens:
    """One speaker's."""

    def __init__(self, keys: Keys, speaker: str) -> None:
        self._keys = keys
        self._speaker = speaker

    def token(self, now_us: int | None) -> Generator[Step, Answer, str | Halted]:
        """One that is good at ``now_us`` (None: nobody knows the time), or why there is none. Raises
        SecretUnavailable."""
        flow = self._keys.token(self._speaker, now_us)
        outcome: Outcome | None = None
        while True:
            try:
                request = flow.send(outcome) if outcome is not None else next(flow)
            except StopIteration as end:
                token: str | Missing = end.value
                return token if isinstance(token, str) else _halted(token)
            outcome = yield from ask(request)

    def drop(self, token: str) -> bool:
        """It is not taken any more. Whether asking for another may help. Raises SecretUnavailable."""
        return self._keys.refused(self._speaker, token)


def _halted(missing: Missing) -> Halted:
    match missing:
        case Throttled(retry_after=retry_after, detail=detail):
            return Halted(why="throttled", detail=detail, retry_after=retry_after)
        case Unavailable(retry_after=retry_after, detail=detail):
            return Halted(why="unavailable", detail=detail, retry_after=retry_after)
        case Revoked(detail=detail):
            return Halted(why="revoked", detail=detail)


def granted(outcome: Outcome, asked: str, remedies: Remedies, revoked: frozenset[str] = REVOKED) -> Granted | Halted:
    """The token, or why there is none. ``remedies.unknown`` speaks of our credentials, ``forbidden`` of what is asked
    for with them (scopes). ``revoked`` are errors that mean the former."""
    if not isinstance(outcome, Response):
        return halted(outcome, asked, remedies)
    fields = decode_object(outcome.body) or {}
    if outcome.status in (200, 201):
        given = granted_of(fields)
        if given is None:
            return Halted(why="faulted", detail=f"{asked}: HTTP {outcome.status} without an access_token")
        lives_s = LIFE_S if given.lives_s is None else min(given.lives_s, LIFE_S_MAX)
        return msgspec.structs.replace(given, lives_s=lives_s)
    error = fields.get("error")
    named = one_line(error, 100) if isinstance(error, str) else ""
    words = said(outcome) if named in said(outcome) else f"{named} {said(outcome)}".strip()
    detail = f"{asked}: HTTP {outcome.status} {words}".rstrip()
    match outcome.status:
        case 400 | 401 | 403 if named in revoked or (outcome.status == 400 and not named):
            return Halted(why="revoked", detail=f"{detail}: {remedies.unknown}")
        case 400 | 403 if named:
            return Halted(why="refused", detail=f"{detail}: {remedies.forbidden}")
        case _:
            return halted(outcome, asked, remedies, words)


def failure_of(ended: Halted) -> Failure:
    """The same for whoever keeps the tokens: who we are is not taken, or what we ask for, until a person mends it."""
    match ended.why:
        case "throttled":
            return Throttled(ended.retry_after, whole_lane=True, detail=ended.detail)
        case "unavailable":
            return Unavailable(ended.detail, ended.retry_after)
        case "revoked" | "refused" | "spoilt":
            return Refused(Cause.BAD_CONFIGURATION, ended.detail)
        case "faulted":
            return Faulted(ended.detail)
