"""Access tokens by OAuth 2: asked for where tokens come from, and kept while they live.

How one proves who one is (a refresh token, a secret, a signed assertion) is each vendor's own affair.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from actors.domain.answers import one_line, said
from actors.domain.flow import Outcome, Request, Response, VeiledBytes, decode_object
from actors.domain.harvest import Halted
from actors.sources.answers import Remedies, halted

LIFE_S = 3_600.0
"""Of a token that does not say how long it lives."""
LIFE_S_MAX = 86_400.0
REVOKED = frozenset({"invalid_client", "invalid_grant", "unauthorized_client", "invalid_token", "access_denied"})
"""Values of ``error`` that speak of our credentials."""


class Grant(msgspec.Struct, frozen=True):
    """A token, and for how long it is good."""

    token: str
    lives_s: float


class Kept:
    """The last token, while it is good. Times are by whichever clock its owner goes."""

    def __init__(self, early_us: int) -> None:
        self._early_us = early_us
        self.drop()

    def at(self, now_us: int) -> str:
        """A token that is good for ``early_us`` more, or for half of its life; empty where there is none."""
        return self._token if now_us < self._until_us else ""

    def keep(self, grant: Grant, now_us: int) -> str:
        lives_us = round(grant.lives_s * 1e6)
        self._token, self._until_us = grant.token, now_us + max(lives_us - self._early_us, lives_us // 2)
        return grant.token

    def drop(self) -> None:
        """It is not taken any more."""
        self._token, self._until_us = "", 0


def asking(url: str, form: Mapping[str, str], bucket: str, headers: Mapping[str, str] | None = None) -> Request:
    """The request for a token."""
    return Request(
        method="POST",
        url=url,
        operation="token",
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
            **(headers or {}),
        },
        body=VeiledBytes(urlencode(form).encode()),
        draws=(bucket,),
    )


def granted(outcome: Outcome, asked: str, remedies: Remedies, revoked: frozenset[str] = REVOKED) -> Grant | Halted:
    """The token, or why there is none. ``remedies.unknown`` speaks of our credentials, ``forbidden`` of what is asked
    for with them (scopes). ``revoked`` are errors that mean the former."""
    if not isinstance(outcome, Response):
        return halted(outcome, asked, remedies)
    fields = decode_object(outcome.body) or {}
    token, error = fields.get("access_token"), fields.get("error")
    if outcome.status in (200, 201):
        if isinstance(token, str) and token and token.isascii() and token.isprintable():
            return Grant(token, _life_s(fields.get("expires_in")))
        return Halted(why="faulted", detail=f"{asked}: HTTP {outcome.status} without an access_token")
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


def _life_s(value: object) -> float:
    """Seconds, as a number or in quotes."""
    try:
        life_s = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else LIFE_S
    except (ValueError, OverflowError):
        return LIFE_S
    return min(life_s, LIFE_S_MAX) if life_s > 0.0 else LIFE_S
