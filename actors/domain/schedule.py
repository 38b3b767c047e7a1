"""When something is due by the clock on the wall: digests (cron in the tenant's zone) and quiet hours.

Wall clocks jump. A time that is skipped happens at the end of the gap, one that comes twice happens the first time; a
schedule that names every hour (``*/15 * * * *``) is about intervals and simply goes on. Quiet hours are what the wall
clock says they are: also in an hour that comes twice. Times are microseconds since the epoch, UTC.
"""

from collections.abc import Callable, Iterator
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from config.model import Digest, Route
from config.recall import remembered
from config.texts import quiet_hours as quiet_minutes

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)
_MINUTE_US: Final = 60_000_000
_DAY_US: Final = 1_440 * _MINUTE_US
_EVERY_HOUR: Final = frozenset(range(24))


def next_tick(cron: str, zone: str, after_us: int) -> int:
    """The first time after ``after_us`` at which the schedule strikes. Raises ValueError for a schedule that is none,
    or that never does."""
    schedule = _parsed(cron)
    place = ZoneInfo(zone)
    after = _local(after_us, place)
    strikes = _each_time if frozenset(schedule.hours) >= _EVERY_HOUR else _first_time
    # In an hour that will come again, what strikes next may stand before `after` on the dial.
    turned_back = _turned_back(after)
    struck: list[int] = []
    for dial in _dials(schedule, after.replace(tzinfo=None) - turned_back):
        if struck and _first_time(dial, place)[0] >= min(struck):
            break
        struck += [at_us for at_us in strikes(dial, place) if at_us > after_us]
        if struck and not turned_back:
            break
    if not struck:
        raise ValueError(f"the schedule {cron!r} names no time to come")
    return min(struck)


def quiet_until(quiet_hours: str | None, zone: str, at_us: int) -> int | None:
    """When the quiet ends in which ``at_us`` lies; None where it is not quiet. Raises ValueError for hours that are
    none."""
    if quiet_hours is None:
        return None
    quiet, place = quiet_minutes(quiet_hours), ZoneInfo(zone)
    return _quiet_end(quiet, place, at_us) if _is_quiet(quiet, place, at_us) else None


def digest_due(route: Route, zone: str, now_us: int) -> tuple[int, int]:
    """The end of the window that is open at ``now_us``, and of the one after: what is collected until the first is
    sent then. A tick in quiet hours ends its window when they end, so that ticks of one night make one digest.
    Raises ValueError if the route sends no digests."""
    match route.mode:
        case Digest(digest=cron):
            pass
        case "realtime":
            raise ValueError(f"the route {route.name!r} sends no digests")

    def due(after_us: int) -> int:
        tick_us = next_tick(cron, zone, after_us)
        return quiet_until(route.quiet_hours, zone, tick_us) or tick_us

    # In the quiet, a tick may have struck already whose window is open until the quiet ends.
    end_us = due(quiet_since(route.quiet_hours, zone, now_us) - 1 if route.quiet_hours else now_us)
    return end_us, due(end_us)


# ── schedules ────────────────────────────────────────────────────────────────────────────────────────


@remembered("schedules", 1024)
def _parsed(cron: str) -> CronSim:
    if len(cron.split()) != 5:
        raise ValueError(f"{cron!r} is no schedule of five fields")
    try:
        return CronSim(cron, datetime(2000, 1, 1))  # without a zone: we turn the dial ourselves
    except CronSimError as error:
        raise ValueError(f"{cron!r} is no schedule: {error}") from None


def _dials(schedule: CronSim, after: datetime) -> Iterator[datetime]:
    """What the dial shows whenever the schedule strikes, on a clock that never jumps."""
    turning = copy(schedule)
    turning.dt = after.replace(microsecond=0)
    return turning


def _first_time(dial: datetime, place: ZoneInfo) -> list[int]:
    """The one time that counts: the first, or where there is none the end of the gap."""
    first, last = _readings(dial, place)
    if first <= last:
        return [first]
    return [_jump(place, last, first)]


def _each_time(dial: datetime, place: ZoneInfo) -> list[int]:
    """Every time at which the dial shows this: none, one or two."""
    first, last = _readings(dial, place)
    return sorted({first, last}) if first <= last else []


def _readings(dial: datetime, place: ZoneInfo) -> tuple[int, int]:
    """The dial read by the offset before a jump, and by that after it. In a gap, the first is the later one."""
    first, last = (_us(dial.replace(tzinfo=place, fold=fold)) for fold in (0, 1))
    return first, last


# ── quiet hours ──────────────────────────────────────────────────────────────────────────────────────

Quiet = tuple[int, int]
"""First minute of the day that is quiet, and the first that is not any more."""


def _is_quiet(quiet: Quiet, place: ZoneInfo, at_us: int) -> bool:
    start_us, end_us = (minute * _MINUTE_US for minute in quiet)
    return (_of_day_us(_local(at_us, place)) - start_us) % _DAY_US < (end_us - start_us) % _DAY_US


def _quiet_end(quiet: Quiet, place: ZoneInfo, at_us: int) -> int:
    """Along the dial to the last quiet minute, from jump to jump; a jump may lead out of the quiet or back."""
    while True:
        left_us = (quiet[1] * _MINUTE_US - _of_day_us(_local(at_us, place))) % _DAY_US
        end_us = at_us + left_us
        if _offset(end_us, place) == _offset(at_us, place):
            return end_us
        at_us = _jump(place, at_us, end_us)
        if not _is_quiet(quiet, place, at_us):
            return at_us


def quiet_since(quiet_hours: str, zone: str, at_us: int) -> int:
    """When the quiet began in which ``at_us`` lies; just after ``at_us`` where it is not quiet."""
    quiet, place = quiet_minutes(quiet_hours), ZoneInfo(zone)
    since_us = at_us + 1
    while _is_quiet(quiet, place, since_us - 1):
        last_us = since_us - 1
        start_us = last_us - (_of_day_us(_local(last_us, place)) - quiet[0] * _MINUTE_US) % _DAY_US
        since_us = start_us if _offset(start_us, place) == _offset(last_us, place) else _jump(place, start_us, last_us)
    return since_us


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────


def _local(at_us: int, place: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(place)


def _us(at: datetime) -> int:
    return (at.astimezone(UTC) - _EPOCH) // _MICRO


def _of_day_us(local: datetime) -> int:
    """What the dial shows, as microseconds since it showed midnight."""
    return ((local.hour * 60 + local.minute) * 60 + local.second) * 1_000_000 + local.microsecond


def _offset(at_us: int, place: ZoneInfo) -> timedelta | None:
    return _local(at_us, place).utcoffset()


def _turned_back(local: datetime) -> timedelta:
    """By how much the clock will be turned back while it shows this for the first time; else nothing."""
    before, after = (local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return max(before - after, timedelta()) if local.fold == 0 else timedelta()


def _jump(place: ZoneInfo, before_us: int, after_us: int) -> int:
    """The first microsecond of the offset that holds at ``after_us``, where another one holds at ``before_us``."""
    return _bisect(lambda at_us: _offset(at_us, place) != _offset(before_us, place), before_us, after_us)


def _bisect(holds: Callable[[int], bool], no: int, yes: int) -> int:
    while yes - no > 1:
        middle = (no + yes) // 2
        no, yes = (no, middle) if holds(middle) else (middle, yes)
    return yes
