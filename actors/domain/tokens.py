"""The tokens of one speaker at one vendor, and what to do about them next: a machine without hands.

A *speaker* is whose token it is (``bot``, ``app``, ``person``). Its tokens are renewed well ahead of their end, so that
whatever goes wrong leaves hours to mend it. A refresh token that is good for one use is the delicate part: before it is
spent, that is put on record (``asked``); while nobody knows whether it was spent, it is asked with again at once, since
a vendor that answers a repetition at all does so for a short while only; and the access token that still works is kept
until the new one is on disk. Only the vendor's own word (``Revoked``) ends it, never time and never an outage.
"""

from typing import Literal, assert_never

import msgspec

from actors.domain.verdicts import Doubtful, Faulted, Revoked, Throttled, Unavailable

AHEAD = 0.30
"""Of a token's life is left when it is renewed, more or less."""
JITTER = 0.10
"""Of its life: connections that were made together do not renew together."""
SLACK_S_MIN, SLACK_S_MAX = 5.0, 300.0
"""A token is not used in its last ``SLACK_S_MAX`` seconds, nor in the last tenth of a very short life."""
AGAIN_S_FIRST, AGAIN_S_MAX = 1.0, 300.0
"""Between two askings that came to nothing."""
DOUBT_S_MAX = 30.0
"""The same, while a refresh token may have been spent: a vendor's grace is short."""

Missing = Throttled | Unavailable | Revoked
"""Why there is no token to speak with: come again; nothing can be had now; only a person can mend it."""
Failure = Throttled | Unavailable | Faulted | Doubtful | Revoked
"""Why a vendor gave none. ``Doubtful``: perhaps it did, and the answer was lost."""


class Tokens(msgspec.Struct, frozen=True):
    """What is secret of a holding. ``seed``: a hash of what the configuration gave to begin with, empty where a person
    connected the account."""

    access: str = ""
    refresh: str = ""
    seed: str = ""

    def __repr__(self) -> str:
        return "Tokens(***)"


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor gave. ``refresh`` empty: the one that was used stays good. ``lives_s`` None: it does not end.
    ``scopes`` None: the vendor did not say. ``account`` names the account there, for people; ``subject`` is the
    vendor's id of the person, or of the app's user, that the token speaks for."""

    access: str
    refresh: str = ""
    lives_s: float | None = None
    scopes: tuple[str, ...] | None = None
    account: str = ""
    subject: str = ""
    note: str = ""
    """What an operator should know of it."""

    def __repr__(self) -> str:
        return f"Granted(***, lives_s={self.lives_s!r}, scopes={self.scopes!r}, account={self.account!r})"


State = Literal["none", "live", "lost", "revoked"]
"""``none``: nothing was ever had. ``lost``: it cannot be renewed, somebody must connect again (the access token may
still be good). ``revoked``: we gave it back."""


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One speaker's tokens as they are on disk. Times are microseconds since the epoch. ``version`` grows with every
    change, and only who has seen the last one may make the next."""

    version: int = 0
    state: State = "none"
    why: str = ""
    tokens: Tokens = Tokens()
    obtained_us: int = 0
    expires_us: int | None = None
    asked_us: int | None = None
    """A refresh token was used, or was about to be, and no answer is on record."""
    scopes: tuple[str, ...] | None = None
    account: str = ""
    subject: str = ""
    note: str = ""
    by: str = ""
    """Who connected it, as the audit names them; empty: it is configured."""
    by_email: str = ""
    by_roles: tuple[str, ...] = ()
    since_us: int = 0
    """When it was connected, or first had."""


class Trying(msgspec.Struct, frozen=True, kw_only=True):
    """What one life remembers of its askings. ``refused``: the vendor does not take the access token any more, though
    it has not ended; ``claims``: what it wants the next one to prove."""

    failures: int = 0
    not_before_us: int = 0
    why: str = ""
    refused: bool = False
    claims: str = ""


def usable(holding: Holding, trying: Trying, now_us: int) -> str:
    """The access token, where it may be spoken with; else empty."""
    if trying.refused or holding.state not in ("live", "lost") or not holding.tokens.access:
        return ""
    if holding.expires_us is None:
        return holding.tokens.access
    life_s = (holding.expires_us - holding.obtained_us) / 1e6
    slack_s = min(SLACK_S_MAX, max(min(SLACK_S_MIN, life_s / 2), life_s / 10))
    slack_s = 0.0 if holding.state == "lost" else slack_s
    return holding.tokens.access if now_us < holding.expires_us - round(slack_s * 1e6) else ""


def missing(holding: Holding, trying: Trying) -> Missing:
    """Why ``usable`` gives none."""
    if holding.state in ("lost", "revoked"):
        return Revoked(holding.why)
    if trying.why:
        return Unavailable(trying.why)
    return Throttled("1", whole_lane=True, detail="a token is being fetched")


def renews_us(holding: Holding, trying: Trying, dice: float) -> int | None:
    """When to ask for the next one: in the past for at once; None: nothing is to be asked for. ``dice`` in [0, 1),
    the same for one version."""
    if holding.state in ("lost", "revoked"):
        return None
    if holding.state == "none" or trying.refused or holding.asked_us is not None:
        return trying.not_before_us
    if holding.expires_us is None:
        return None
    life_us = holding.expires_us - holding.obtained_us
    ahead = AHEAD + JITTER * (dice - 0.5)
    return max(trying.not_before_us, holding.expires_us - round(life_us * ahead))


def asked(holding: Holding, now_us: int) -> Holding:
    """On record before a refresh token is used that is good for one use."""
    return msgspec.structs.replace(holding, version=holding.version + 1, asked_us=now_us)


def taken(holding: Holding, granted: Granted, now_us: int, seed: str = "") -> Holding:
    """The vendor gave this. A refresh token that it did not replace is kept."""
    lives_us = None if granted.lives_s is None else round(granted.lives_s * 1e6)
    fresh = holding.state in ("none", "revoked") or not holding.since_us
    return msgspec.structs.replace(
        holding,
        version=holding.version + 1,
        state="live",
        why="",
        tokens=Tokens(granted.access, granted.refresh or holding.tokens.refresh, seed or holding.tokens.seed),
        obtained_us=now_us,
        expires_us=None if lives_us is None else now_us + lives_us,
        asked_us=None,
        scopes=holding.scopes if granted.scopes is None else granted.scopes,
        account=granted.account or holding.account,
        subject=granted.subject or holding.subject,
        note=granted.note,
        since_us=now_us if fresh else holding.since_us,
    )


def unspent(holding: Holding) -> Holding:
    """What was on record as asked surely never reached the vendor."""
    return msgspec.structs.replace(holding, version=holding.version + 1, asked_us=None)


def lost(holding: Holding, why: str) -> Holding:
    """Only a person can mend it. The access token stays while it lives; a refresh token that the vendor refuses is
    kept no longer."""
    tokens = msgspec.structs.replace(holding.tokens, refresh="")
    return msgspec.structs.replace(
        holding, version=holding.version + 1, state="lost", why=why, tokens=tokens, asked_us=None
    )


def revoked(holding: Holding, why: str) -> Holding:
    """We gave it back, or were told that it is good no more: nothing of it is kept."""
    return msgspec.structs.replace(
        holding,
        version=holding.version + 1,
        state="revoked",
        why=why,
        tokens=Tokens(seed=holding.tokens.seed),
        expires_us=None,
        asked_us=None,
    )


def failed(trying: Trying, failure: Failure, *, doubted: bool, now_us: int, wait_s: float, dice: float) -> Trying:
    """The asking came to nothing. ``wait_s`` is what the vendor named (0: nothing)."""
    match failure:
        case Throttled() | Unavailable() | Faulted() | Doubtful() | Revoked():
            why = failure.detail
        case _:
            assert_never(failure)
    failures = trying.failures + 1
    most_s = DOUBT_S_MAX if doubted else AGAIN_S_MAX
    pause_s = min(most_s, AGAIN_S_FIRST * 2.0 ** min(failures - 1, 20)) * (0.75 + 0.5 * dice)
    return msgspec.structs.replace(
        trying, failures=failures, not_before_us=now_us + round(max(pause_s, wait_s) * 1e6), why=why
    )
