"""When a source is read next, and how.

While nothing is new a source is asked more and more seldom, from ``every`` to ``every_max``, and at once more often
when something is. A full reading is due by a schedule in the tenant's zone; one that was missed, because the daemon was
down or the source was, is made up for once. After failures the distance grows, whatever was due, but not beyond
``every_max`` (half a minute at least): a spoilt file in an inbox holds up the good one behind it no longer than that.
Sources of many tenants do not beat together: each distance is a little shorter or longer, and each schedule a little
later, by dice. Times are microseconds since the epoch; ``dice`` lies in [0, 1).
"""

import msgspec

from actors.domain.harvest import Mode
from actors.domain.schedule import next_tick

JITTER = 0.1
"""A distance is up to so much shorter or longer."""
SPREAD_US = 600_000_000
"""A schedule strikes up to so much later."""
BEGIN_US = 5_000_000
"""Sources that were never read, or not for long, begin within so long after a start."""
SOON_US = 2_000_000
"""When a webhook says that one should look: so long is waited for more of them."""
RESTS = 3
"""It is left alone for so many times as long as it was read, whatever its webhooks say meanwhile: where something
always happens, it would else be read all the time."""
FAILED_US = 30_000_000
FAILED_MAX_US = 1_800_000_000
"""After the first failure in a row, and after many."""
MENDED_US = 300_000_000
MENDED_MAX_US = 21_600_000_000
"""What a person must mend is tried so seldom, at first and later."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator wrote. ``full``: cron, in ``zone``; ``spread`` in [0, 1) is the source's own place within
    ``SPREAD_US``."""

    every_us: int
    every_max_us: int
    full: str | None
    zone: str
    spread: float = 0.0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the source stands. ``first``: the first whole reading is still to come. ``ended_us``: its last reading ended
    (None: there was none, or it was broken off, and ``resume`` says what it was), the last ``failures`` of them in a
    row without having read all (``mend``: because of what only a person can mend). ``whole_us``: when the last full
    one ended; ``unchanged``: readings in a row without news; ``throttled_us``: the time it named; ``since_us``: since
    when whoever reads it is there; ``took_us``: how long the last reading took, if it was for what is new."""

    since_us: int = 0
    first: bool = False
    ended_us: int | None = None
    resume: Mode | None = None
    failures: int = 0
    mend: bool = False
    whole_us: int | None = None
    unchanged: int = 0
    throttled_us: int = 0
    took_us: int = 0


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """The next reading."""

    mode: Mode
    at_us: int


def due(pace: Pace, standing: Standing, now_us: int, dice: float) -> Due:
    """Never before the time that the source named. A reading that ended in the future is one before the clock was set
    back: its distance has passed."""
    earliest_us = max(now_us, standing.throttled_us)
    if standing.ended_us is None:
        at_us = max(earliest_us, standing.since_us + round(BEGIN_US * dice))
        mode = standing.resume or ("full" if _full_us(pace, standing) <= at_us else "delta")
        return Due(mode="full" if standing.first else mode, at_us=at_us)
    ended_us = standing.ended_us if standing.ended_us <= now_us else 0
    if standing.failures:
        wait_us = failed_us(standing.failures, mend=standing.mend, dice=dice)
        if not standing.mend:
            wait_us = min(wait_us, max(pace.every_max_us, FAILED_US))
        at_us = max(earliest_us, ended_us + wait_us)
        return Due(mode="full" if _full_us(pace, standing) <= at_us else "delta", at_us=at_us)
    at_us = max(earliest_us, ended_us + distance_us(pace, standing.unchanged, dice))
    if standing.first:
        return Due(mode="full", at_us=at_us)
    full_us = _full_us(pace, standing)
    if full_us <= at_us:
        return Due(mode="full", at_us=max(earliest_us, round(full_us)))
    return Due(mode="delta", at_us=at_us)


def looked(planned: Due, standing: Standing, look_us: int | None, *, mended: bool = False) -> Due:
    """Sooner, where a webhook said that there is something (at ``look_us``); not while it fails, unless what it fails
    for may be ``mended``. What was never read whole is read whole."""
    if look_us is None or (standing.failures and not mended):
        return planned
    at_us = max(look_us, standing.throttled_us, (standing.ended_us or 0) + RESTS * standing.took_us)
    return planned if planned.at_us <= at_us else Due(mode="full" if standing.first else "delta", at_us=at_us)


def distance_us(pace: Pace, unchanged: int, dice: float) -> int:
    """After a reading, with so many in a row that brought nothing."""
    longest_us = min(pace.every_max_us, pace.every_us << min(max(0, unchanged), 32))
    return round(longest_us * (1 - JITTER + 2 * JITTER * dice))


def failed_us(failures: int, *, mend: bool, dice: float) -> int:
    """After so many failures in a row: between half of the ceiling and all of it."""
    first_us, longest_us = (MENDED_US, MENDED_MAX_US) if mend else (FAILED_US, FAILED_MAX_US)
    ceiling_us = min(longest_us, first_us << min(max(1, failures) - 1, 32))
    return round(ceiling_us * (0.5 + 0.5 * dice))


def _full_us(pace: Pace, standing: Standing) -> float:
    """When everything is to be read; never, where there is no schedule for it."""
    if standing.first or standing.whole_us is None:
        return 0
    if pace.full is None:
        return float("inf")
    return next_tick(pace.full, pace.zone, standing.whole_us) + round(SPREAD_US * pace.spread)
