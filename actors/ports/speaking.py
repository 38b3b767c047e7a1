"""Speaking with a token: how a connector's conversation gets one, and what it does when the vendor refuses it.

``Alone`` looks after tokens by itself, in memory, asking in the midst of a conversation: for whoever has no custodian
(a command that only looks, a test). In the daemon a custodian owns the tokens, and its ``Keys`` ask nobody else.
"""

from collections.abc import Callable
from typing import TypeVar, assert_never

import msgspec

from actors.domain.flow import Flow, Outcome, Request, Veiled
from actors.domain.tokens import Failure, Granted, Missing, Tokens
from actors.domain.verdicts import Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable
from actors.ports.tokens import Dialect, Keys
from actors.ports.vendors import Reveal
from config.model import Secret
from config.secrets import SecretUnavailable

T = TypeVar("T")
EARLY_US = 300_000_000
"""A token is not used in its last five minutes."""


class Stale(msgspec.Struct, frozen=True):
    """The token was not taken. ``claims``: what the vendor wants the next one to prove, as JSON."""

    detail: str
    claims: str = ""


def speaking(
    flow: Flow[T], keys: Keys, speaker: str, stale: Callable[[Outcome], Stale | None], now_us: int | None = None
) -> Flow[T | Missing]:
    """The conversation, each request with a token of the speaker; one whose token is refused is sent once more with the
    next. Where no token is to be had it ends there, with why."""
    try:
        try:
            request = next(flow)
        except StopIteration as end:
            silent: T = end.value
            return silent
        while True:
            outcome = yield from _said(request, keys, speaker, stale, now_us)
            if isinstance(outcome, Throttled | Unavailable | Revoked):
                return outcome
            try:
                request = flow.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
    finally:
        flow.close()


def _said(
    request: Request, keys: Keys, speaker: str, stale: Callable[[Outcome], Stale | None], now_us: int | None
) -> Flow[Outcome | Missing]:
    token = yield from keys.token(speaker, now_us)
    if not isinstance(token, str):
        return token
    outcome = yield authorized(request, token)
    refused = stale(outcome)
    if refused is None or not keys.refused(speaker, token, refused.claims):
        return outcome
    token = yield from keys.token(speaker, now_us, refused.claims)
    if not isinstance(token, str):
        return token
    outcome = yield authorized(request, token)
    if (again := stale(outcome)) is not None:
        keys.refused(speaker, token, again.claims)
    return outcome


def counted(flow: Flow[T]) -> Flow[tuple[T, int]]:
    """What it concludes, and how many tokens a vendor was asked for meanwhile."""
    asked, outcome = 0, None
    while True:
        try:
            request = next(flow) if outcome is None else flow.send(outcome)
        except StopIteration as end:
            return end.value, asked
        asked += request.operation == "token"
        outcome = yield request


def authorized(request: Request, token: str) -> Request:
    """The same with its token."""
    headers = {**request.headers, "authorization": Veiled(f"Bearer {token}")}
    return msgspec.structs.replace(request, headers=headers)


def revealed(reveal: Reveal, secret: Secret) -> str | Unavailable:
    """The value of a secret; where it cannot be had now, nothing is lost by waiting."""
    try:
        return reveal(secret)
    except SecretUnavailable as error:
        return Unavailable(str(error))


def keys_of(reveal: Reveal, dialect: Dialect) -> Keys:
    """What was handed, where it is ``Keys``; else somebody who looks after tokens alone."""
    return reveal if isinstance(reveal, Keys) else Alone(reveal, dialect)


class Alone:
    """Keys without a custodian. A newer refresh token is used from memory; where it dies, the next one begins again
    with the configured one."""

    def __init__(self, reveal: Reveal, dialect: Dialect) -> None:
        self._reveal = reveal
        self._dialect = dialect
        self._held: dict[str, Tokens] = {}
        self._ends_us: dict[str, int | None] = {}

    def __call__(self, secret: Secret) -> str:
        return self._reveal(secret)

    def ready(self, speaker: str, now_us: int) -> bool:
        return self._dialect.static(speaker) is not None or bool(self._good(speaker, now_us))

    def wanted(self, speaker: str) -> bool:
        return True

    def token(self, speaker: str, now_us: int | None, claims: str = "") -> Flow[str | Missing]:
        static = self._dialect.static(speaker)
        if static is not None:
            return given(self._reveal, static, claims)
        if not claims and (token := self._good(speaker, now_us)):
            return token
        granted = yield from self._dialect.renew(speaker, self._held.get(speaker, Tokens()), claims, now_us)
        if not isinstance(granted, Granted):
            if isinstance(granted, Revoked):
                self._held.pop(speaker, None)
            return missing_of(granted)
        former = self._held.get(speaker, Tokens())
        self._held[speaker] = Tokens(granted.access, granted.refresh or former.refresh)
        from_us = granted.at_us if now_us is None else now_us
        lives_us = None if granted.lives_s is None else max(round(granted.lives_s * 1e6), 2 * EARLY_US)
        self._ends_us[speaker] = None if lives_us is None or from_us is None else from_us + lives_us
        return granted.access

    def refused(self, speaker: str, token: str, claims: str = "") -> bool:
        static = self._dialect.static(speaker)
        if static is not None:
            return revealed(self._reveal, static) != token  # it was replaced where it is kept
        held = self._held.get(speaker)
        if held is not None and held.access == token:
            self._held[speaker] = Tokens("", held.refresh)
        return True

    def _good(self, speaker: str, now_us: int | None) -> str:
        held, ends_us = self._held.get(speaker), self._ends_us.get(speaker)
        if held is None or (now_us is not None and ends_us is not None and now_us >= ends_us - EARLY_US):
            return ""
        return held.access


def given(reveal: Reveal, static: Secret, claims: str) -> str | Missing:
    """A token that an operator looks after: nobody can have it prove more. Raises SecretUnavailable."""
    if claims:
        return Revoked("the vendor wants a newer sign-in than the configured token: connect the account again")
    return reveal(static)


def missing_of(failure: Failure) -> Missing:
    """What it means for whoever wanted to speak: asking for a token has no effect, so nothing is in doubt."""
    match failure:
        case Throttled() | Unavailable() | Revoked():
            return failure
        case Faulted(detail=detail) | Doubtful(detail=detail):
            return Unavailable(detail)
        case Refused(detail=detail):
            return Revoked(detail)
        case _:
            assert_never(failure)
