"""When a learner is reminded of work that is due: by the clock on their own wall.

A due date without a time is due when that day ends where the learner lives. A reminder that would fall into quiet hours
comes before they begin; one whose time has passed when the work becomes known comes as soon as it is not quiet, if that
is still before the work is due, and at once if it is not. Of several whose time has passed only the last comes.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from actors.domain.schedule import quiet_since, quiet_until
from actors.domain.xapi.moments import instant_us

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_US = 60_000_000


class Reminder(NamedTuple):
    """At ``at_us`` a learner is to hear of what is due at ``due_us``; ``before_s`` names which of several it is."""

    at_us: int
    due_us: int
    before_s: int


def due_us(due: str, zone: str) -> int | None:
    """The moment at which it is due, microseconds since the epoch. None for what is neither a moment nor a date."""
    if len(due) == 10:
        try:
            day = date.fromisoformat(due)
        except ValueError:
            return None
        end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
        return (end.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) - 1_000_000
    return instant_us(due)


def reminder(
    due: str, zone: str, leads_s: tuple[int, ...], quiet_hours: str | None, now_us: int, done: frozenset[int]
) -> Reminder | None:
    """The next reminder of it, at or before ``now_us`` where it is to come now. ``leads_s``: how long before, longest
    first; ``done``: those that came. None: there is none (any more)."""
    end_us = due_us(due, zone)
    if end_us is None or end_us <= now_us:
        return None
    passed: Reminder | None = None
    for lead_s in leads_s:
        at_us = _awake_before(end_us - lead_s * 1_000_000, zone, quiet_hours)
        here = Reminder(at_us, end_us, lead_s)
        if at_us > now_us:
            return passed or here
        passed = None if lead_s in done else Reminder(_awake_from(now_us, end_us, zone, quiet_hours), end_us, lead_s)
    return passed


def _awake_before(at_us: int, zone: str, quiet_hours: str | None) -> int:
    """The same, or the last minute before the quiet in which it lies."""
    if quiet_hours is None or quiet_until(quiet_hours, zone, at_us) is None:
        return at_us
    return quiet_since(quiet_hours, zone, at_us) - MINUTE_US


def _awake_from(now_us: int, end_us: int, zone: str, quiet_hours: str | None) -> int:
    """Now, or the end of the quiet in which it lies; now again where that would be too late."""
    awake_us = quiet_until(quiet_hours, zone, now_us) or now_us
    return awake_us if awake_us < end_us else now_us
