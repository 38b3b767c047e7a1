"""Timestamps as points in time. A pattern says whether the text is well formed; here, whether that day exists."""

import re
from datetime import datetime, timedelta

from config.recall import remembered

_PARTS = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[Tt ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"(?:[Zz]|([+\-])([0-9]{2}):?([0-9]{2})?)?"
)


def instant(text: str) -> str | None:
    """The point in time in one spelling: UTC, no trailing zeros in the fraction, no Z. None if there is no such
    day, time or zone. Precision is kept, however fine."""
    return _remembered(text) if len(text) < _SHORT else _instant(text)


_SHORT = 40


def _instant(text: str) -> str | None:
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = parts.groups()
    leap = second == "60"
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), 59 if leap else int(second or 0))
        if leap:
            moment += timedelta(seconds=1)
        if sign:
            offset = timedelta(hours=int(zone_hour), minutes=int(zone_minute or 0))
            if offset >= _DAY or int(zone_minute or 0) > 59:
                return None
            moment += offset if sign == "-" else -offset
    except (ValueError, OverflowError):
        return None
    digits = (fraction or "").rstrip("0")
    return f"{moment.isoformat()}.{digits}" if digits else moment.isoformat()


_DAY = timedelta(days=1)
_remembered = remembered("xapi_words", 4096)(_instant)


def instant_us(text: str) -> int | None:
    """Microseconds since the epoch, finer digits dropped; None as for ``instant``."""
    spelt = instant(text)
    if spelt is None:
        return None
    whole, _, fraction = spelt.partition(".")
    since = datetime.fromisoformat(whole) - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))


_EPOCH = datetime(1970, 1, 1)  # both sides of the subtraction are UTC


def spelt(moment_us: int) -> str:
    """RFC 3339 in UTC with microseconds, as the LRS writes ``stored``."""
    moment = _EPOCH + timedelta(microseconds=moment_us)
    return moment.isoformat(timespec="microseconds") + "Z"
