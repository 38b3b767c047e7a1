"""The tokens of one speaker at one vendor, and what to do about them next: a machine without hands.

A *speaker* is whose token it is (``bot``, ``app``, ``person``). Its tokens are renewed well ahead of their end, so that
whatever goes wrong leaves hours to mend it. A refresh token that is good for one use is the delicate part: before it is
spent, that is put on record (``asked``); while nobody knows whether it was spent, it is asked with again at once, since
a vendor that answers a repetition at all does so for a short while only; and the access token that still works is kept
until the new one is on disk. Only the vendor's own word (``Revoked``) ends it, never time and never an outage.
"""

from typing import Literal, assert_never

import msgspec

from actors.domain.verdicts import Doubtful, Faulted, Refused, Revoked, Throttled, Unavailable

AHEAD = 0.30
"""Of a token's life is left when it is renewed, more or less."""
JITTER = 0.10
"""Of its life: connections that were made together do not renew together."""
SLACK_S_MIN, SLACK_S_MAX = 5.0, 300.0
"""A token is not used in its last ``SLACK_S_MAX`` seconds, or less of a short life: never more than a third of it."""
AGAIN_S_FIRST, AGAIN_S_MAX = 1.0, 300.0
"""Between two askings that came to nothing."""
DOUBT_S_MAX = 15.0
"""The same, while a refresh token may have been spent: a vendor's grace is short."""
RENEWED_S_MIN = 10.0
"""At least so long between two renewals that are merely due, however short-lived a token is."""
REFUSALS_FREE = 3
"""So many times in a row a refused token is replaced at once."""
MEND_S = 30.0
"""At least so long between two askings with credentials that the vendor refuses: it takes a person to mend them."""

Missing = Throttled | Unavailable | Revoked
"""Why there is no token to speak with: come again; nothing can be had now; only a person can mend it."""
Failure = Throttled | Unavailable | Faulted | Doubtful | Refused | Revoked
"""Why a vendor gave none. ``Doubtful``: perhaps it did, and the answer was lost. ``Refused``: it does not take the
client itself (a wrong secret, say), and what was to be renewed is as good as before. ``Revoked``: what was to be
renewed is good no more."""


class Tokens(msgspec.Struct, frozen=True):
    """What is secret. ``seed``: a hash of what the configuration gave to begin with, empty where a person connected
    the account."""

    access: str = ""
    refresh: str = ""
    seed: str = ""

    def __repr__(self) -> str:
        return "Tokens(***)"


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor gave. ``refresh`` empty: the one that was used stays good. ``lives_s`` None: it does not end.
    ``scopes`` None: the vendor did not say. ``account`` names the account there, for people; ``subject`` is the
    vendor's id of whom the token speaks for. ``note``: what an operator should know of it. ``at_us``: when it was
    given, by the vendor's clock, where it said so."""

    access: str
    refresh: str = ""
    lives_s: float | None = None
    scopes: tuple[str, ...] | None = None
    account: str = ""
    subject: str = ""
    note: str = ""
    at_us: int | None = None

    def __repr__(self) -> str:
        return f"Granted(***, lives_s={self.lives_s!r}, scopes={self.scopes!r}, account={self.account!r})"


State = Literal["none", "live", "lost", "revoked"]
"""``none``: nothing was ever had. ``lost``: it cannot be renewed, somebody must mend that (the access token may still
be good). ``revoked``: we gave it back, or know that it is good no more."""


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one speaker's tokens, as it is on disk; the tokens themselves lie sealed beside it. Times are
    microseconds since the epoch. ``version`` grows with every change, and only who has seen the last one may make the
    next."""

    version: int = 0
    state: State = "none"
    why: str = ""
    has_access: bool = False
    has_refresh: bool = False
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
    """What one life remembers of its askings. ``stale``: the vendor does not take the access token any more, though it
    has not ended; ``claims``: what it wants the next one to prove. ``denied``: it refuses our credentials."""

    failures: int = 0
    not_before_us: int = 0
    why: str = ""
    denied: bool = False
    stale: bool = False
    claims: str = ""
    refusals: int = 0
    """How many new ones in a row were had because the one before was refused."""


AFRESH = Trying()


# ── speaking ─────────────────────────────────────────────────────────────────────────────────────────


def usable(holding: Holding, trying: Trying, now_us: int) -> bool:
    """Whether the access token may be spoken with."""
    if trying.stale or holding.state not in ("live", "lost") or not holding.has_access:
        return False
    return holding.expires_us is None or now_us < holding.expires_us - slack_us(holding)


def slack_us(holding: Holding) -> int:
    """So long before its end a token is not used any more. One that has no successor is used to its end."""
    if holding.expires_us is None or holding.state == "lost":
        return 0
    life_s = (holding.expires_us - holding.obtained_us) / 1e6
    return round(min(SLACK_S_MAX, max(SLACK_S_MIN, life_s / 12), life_s / 3) * 1e6)


def missing(holding: Holding, trying: Trying) -> Missing:
    """Why nothing is ``usable``."""
    if holding.state in ("lost", "revoked"):
        return Revoked(holding.why)
    if trying.denied:
        return Revoked(trying.why)
    if trying.why:
        return Unavailable(trying.why)
    return Throttled("1", whole_lane=True, detail="a token is being fetched")


# ── renewing ─────────────────────────────────────────────────────────────────────────────────────────


def renews_us(holding: Holding, trying: Trying, dice: float, *, seeded: bool) -> int | None:
    """When to ask for the next token: in the past for at once; None: nothing is to be asked for. ``dice`` in [0, 1),
    the same for one version. ``seeded``: it can begin again with what is configured."""
    match holding.state:
        case "revoked":
            return None
        case "lost":
            return trying.not_before_us if seeded else None
        case "none":
            return trying.not_before_us if seeded else None
        case "live":
            if trying.stale or holding.asked_us is not None:
                return trying.not_before_us
            if holding.expires_us is None or not (holding.has_refresh or seeded):
                return None
            life_us = holding.expires_us - holding.obtained_us
            ahead_us = round(life_us * (AHEAD + JITTER * (dice - 0.5)))
            soonest_us = holding.obtained_us + round(RENEWED_S_MIN * 1e6)
            return max(trying.not_before_us, soonest_us, holding.expires_us - ahead_us)
        case _:
            assert_never(holding.state)


def asked(holding: Holding, now_us: int) -> Holding:
    """On record before a refresh token is used that is good for one use."""
    return _next(holding, asked_us=now_us)


def unspent(holding: Holding) -> Holding:
    """What is on record as asked surely never reached the vendor."""
    return _next(holding, asked_us=None)


def taken(holding: Holding, granted: Granted, tokens: Tokens, now_us: int) -> Holding:
    """The vendor gave this; ``tokens`` are what is kept of it (``kept``)."""
    return _next(
        holding,
        state="live",
        why="",
        has_access=True,
        has_refresh=bool(tokens.refresh),
        obtained_us=now_us,
        expires_us=None if granted.lives_s is None else now_us + round(granted.lives_s * 1e6),
        asked_us=None,
        scopes=holding.scopes if granted.scopes is None else granted.scopes,
        account=granted.account or holding.account,
        subject=granted.subject or holding.subject,
        note=granted.note,
        since_us=holding.since_us if holding.state in ("live", "lost") and holding.since_us else now_us,
    )


def connected(holding: Holding, by: str, email: str, roles: tuple[str, ...], now_us: int) -> Holding:
    """A person brought it: part of the same change as ``taken``."""
    return msgspec.structs.replace(holding, by=by, by_email=email, by_roles=roles, since_us=now_us)


def kept(former: Tokens, granted: Granted, seed: str | None = None) -> Tokens:
    """A refresh token that was not replaced stays. ``seed`` None: as it was."""
    return Tokens(granted.access, granted.refresh or former.refresh, former.seed if seed is None else seed)


def lost(holding: Holding, why: str) -> Holding:
    """Only a person can mend it. The access token stays while it lives."""
    return _next(holding, state="lost", why=why, has_refresh=False, asked_us=None)


def revoked(holding: Holding, why: str) -> Holding:
    """We gave it back, or were told that it is good no more: nothing is kept, not even whose it was."""
    return _next(
        holding,
        state="revoked",
        why=why,
        has_access=False,
        has_refresh=False,
        expires_us=None,
        asked_us=None,
        scopes=None,
        note="",
    )


def restored(holding: Holding) -> Holding:
    """An operator lets it begin again with what is configured."""
    return Holding(version=holding.version + 1)


def _next(holding: Holding, **changes: object) -> Holding:
    return msgspec.structs.replace(holding, version=holding.version + 1, **changes)


# ── trying ───────────────────────────────────────────────────────────────────────────────────────────


def failed(trying: Trying, failure: Failure, *, doubted: bool, now_us: int, wait_s: float, dice: float) -> Trying:
    """The asking came to nothing. ``doubted``: a refresh token may have been spent. ``wait_s`` is what the vendor
    named (0: nothing)."""
    match failure:
        case Throttled() | Unavailable() | Faulted() | Doubtful():
            denied, least_s = False, 0.0
        case Refused() | Revoked():
            denied, least_s = True, 0.0 if doubted else MEND_S
        case _:
            assert_never(failure)
    failures = trying.failures + 1
    most_s = DOUBT_S_MAX if doubted else AGAIN_S_MAX
    pause_s = min(most_s, AGAIN_S_FIRST * 2.0 ** min(failures - 1, 20)) * (0.75 + 0.5 * dice)
    not_before_us = now_us + round(max(pause_s, wait_s, least_s) * 1e6)
    return msgspec.structs.replace(
        trying, failures=failures, not_before_us=not_before_us, why=failure.detail, denied=denied
    )


def refused(trying: Trying, claims: str) -> Trying:
    """The vendor does not take the token in use, or wants it to prove more. ``not_before_us`` stays: where each new one
    is refused again, ever less is asked for, since vendors call more a loop."""
    return msgspec.structs.replace(trying, stale=True, claims=claims or trying.claims, why="", denied=False)


def renewed(trying: Trying, now_us: int, dice: float) -> Trying:
    """There is a new token. Had the one before been refused, the next such asking waits a little longer each time; a
    renewal that was merely due makes good for it."""
    if not trying.stale:
        return AFRESH
    count = trying.refusals + 1
    pause_s = 0.0 if count <= REFUSALS_FREE else min(AGAIN_S_MAX, 2.0 ** min(count, 20)) * (0.75 + 0.5 * dice)
    return Trying(refusals=count, not_before_us=now_us + round(pause_s * 1e6))
